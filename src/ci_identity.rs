//! The identity that a CI platform, a cloud or a cluster gives to a job: a way in without any password.

mod advice;

mod answer;
use answer::Identity;

mod ask;
use ask::Asked;

mod platform;
pub use platform::CiPlatform;

use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::event::{Event, Listener};
use crate::front_door::{FrontDoor, Grant};
use crate::kubeconfig::Target;
use crate::secret_source::of_variable;
use crate::session::Network;
use crate::{Error, Secret, SecretSource, one_line};

use advice::advice;
use platform::FEDERATED_TOKEN_FILE;

/// The job's own identity as a front door: a token that its platform signs, for an API server that trusts the platform
///
/// The token is asked for, or read, each time: files rotate. It must be for every audience that was named, and is not
/// verified besides, which is the API server's work. Whoever sees a token can use it where its audience is believed until it
/// ends: so an audience is required, and best is one that only the cluster has.
///
/// ```no_run
/// use doorward::{CiIdentity, CiPlatform, FrontDoor};
///
/// # async fn log_in() -> Result<(), doorward::Error> {
/// let variables = |name: &str| std::env::var_os(name);
/// let job = CiIdentity::new(CiPlatform::detect(variables)?, variables).audience("kubernetes-prod");
/// let grant = job.open().await?;
/// println!("{} until {:?}", grant.subject(), grant.expires());
/// # Ok(())
/// # }
/// ```
///
/// Source: <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#openid-connect-tokens>
#[derive(Clone)]
pub struct CiIdentity {
    platform: CiPlatform,
    variable: Variable,
    audiences: Vec<String>,
    network: Network,
    listener: Listener,
    target: Option<Target>,
}

/// Gives the value of an environment variable
#[derive(Clone)]
struct Variable(Arc<dyn LookUp>);

trait LookUp: Fn(&str) -> Option<OsString> + Send + Sync {}

impl<F: Fn(&str) -> Option<OsString> + Send + Sync> LookUp for F {}

impl CiIdentity {
    /// The identity that `platform` gives; `variable` gives the value of an environment variable, such as
    /// [`std::env::var_os`]
    pub fn new(
        platform: CiPlatform,
        variable: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static,
    ) -> Self {
        Self {
            platform,
            variable: Variable(Arc::new(variable)),
            audiences: Vec::new(),
            network: Network::new(),
            listener: Listener::default(),
            target: None,
        }
    }

    /// For whom the token must be; can be called several times where the platform does not have to be asked
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// The cluster that the token is for; without one, the kubeconfig of the grant is empty
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    /// How the platform's endpoint is reached
    #[must_use]
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// Calls `callback` for each exchange with the platform
    #[must_use]
    pub fn on_event(mut self, callback: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.listener = Listener::new(callback);
        self
    }

    /// Who gives the identity
    pub fn platform(&self) -> &CiPlatform {
        &self.platform
    }

    /// The job's token, for whoever takes it besides an API server, such as an issuer that exchanges it
    ///
    /// Not kept: each call asks anew.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): no audience was named where one is needed; the job has no such identity, whose next step
    /// has the lines to add to the pipeline's file; or the token is for another audience or has ended. `Transport` and `Unavailable`
    /// for the platform's endpoint.
    pub async fn token(&self) -> Result<Secret, Error> {
        Ok(self.identity().await?.0.token)
    }

    async fn identity(&self) -> Result<(Identity, Asked), Error> {
        self.check()?;
        let asked = self.ask().await?;
        let now = Timestamp::now();
        let there = now.saturating_add(asked.skew).unwrap_or(now);
        let identity = Identity::read(&self.platform, &asked.token, &self.audiences, there);
        let identity = identity.map_err(|error| error.with_trail(&asked.trail))?;
        Ok((identity, asked))
    }

    fn check(&self) -> Result<(), Error> {
        let at_platform = |error: Error| error.at("platform", self.platform.to_string());
        if self.audiences.iter().any(String::is_empty) {
            return Err(at_platform(Error::config("an audience is empty")));
        }
        match self.audiences.len() {
            0 if !self.platform.fixes_audience() => Err(at_platform(
                Error::config("nobody said for whom the job's token is to be").hint(
                    "--audience names whom the API server expects, such as its client ID; a token for a default \
                     audience could be used elsewhere",
                ),
            )),
            0 | 1 => Ok(()),
            _ if self.platform.is_asked() => Err(at_platform(Error::config(
                "the platform is asked for one audience at a time",
            ))),
            _ => Ok(()),
        }
    }

    async fn ask(&self) -> Result<Asked, Error> {
        let audience = self.audiences.first().map(String::as_str);
        let audience = audience.unwrap_or_default();
        let (network, listener) = (&self.network, &self.listener);
        match &self.platform {
            CiPlatform::GitHub => {
                let url = self.needed("ACTIONS_ID_TOKEN_REQUEST_URL", audience)?;
                let bearer = self.needed("ACTIONS_ID_TOKEN_REQUEST_TOKEN", audience)?;
                ask::github(network, listener, url.expose_secret(), &bearer, audience).await
            }
            CiPlatform::AzureDevOps(connection) => {
                let url = self.needed("SYSTEM_OIDCREQUESTURI", audience)?;
                let bearer = self.needed("SYSTEM_ACCESSTOKEN", audience)?;
                // Set by the platform's own tasks that have a service connection.
                let usual = self.variable.text(SERVICE_CONNECTION);
                let connection = connection.as_deref().or(usual.as_deref());
                let url = url.expose_secret();
                ask::azure_devops(network, listener, url, &bearer, connection).await
            }
            CiPlatform::Gcp => ask::gcp(network, audience).await,
            CiPlatform::CircleCi => {
                let claims = answer::circleci_claims(audience);
                self.run(&["circleci", "run", "oidc", "get", "--claims", &claims])
                    .await
            }
            CiPlatform::Buildkite => {
                let words = ["buildkite-agent", "oidc", "request-token", "--audience"];
                self.run(&[&words[..], &[audience]].concat()).await
            }
            _ => self.read(audience).map(Asked::at_hand),
        }
    }

    /// A token that is at hand, in a variable or a file
    fn read(&self, audience: &str) -> Result<Secret, Error> {
        match &self.platform {
            CiPlatform::GitLab => self.needed(&answer::gitlab_variable(audience), audience),
            CiPlatform::Bitbucket => self.needed("BITBUCKET_STEP_OIDC_TOKEN", audience),
            CiPlatform::Variable(name) => self.needed(name, audience),
            CiPlatform::Azure => {
                let path = self.needed(FEDERATED_TOKEN_FILE, audience)?;
                self.file(Path::new(path.expose_secret()), audience)
            }
            CiPlatform::SpiffeFile(Some(path)) | CiPlatform::File(path) => {
                self.file(path, audience)
            }
            CiPlatform::SpiffeFile(None) => {
                let path = self.variable.text(SPIFFE_FILE).ok_or_else(|| {
                    Error::config("nobody said where the JWT-SVID is")
                        .hint("spiffe-file:PATH, or DOORWARD_SPIFFE_FILE, names the helper's file")
                })?;
                self.file(Path::new(&path), audience)
            }
            _ => self.file(Path::new(POD_TOKEN), audience),
        }
    }

    /// A variable that the platform sets for jobs that have an identity
    fn needed(&self, name: &str, audience: &str) -> Result<Secret, Error> {
        let found = of_variable(name, "job's identity", (self.variable.0)(name));
        found.map_err(|error| self.with_advice(error, audience))
    }

    /// What a platform mounts is open to all users of the container
    fn file(&self, path: &Path, audience: &str) -> Result<Secret, Error> {
        let read = SecretSource::file(path)
            .allow_shared_files()
            .read("job's token");
        read.map_err(|error| self.with_advice(error, audience))
    }

    /// What a program of the platform prints
    async fn run(&self, words: &[&str]) -> Result<Asked, Error> {
        let line = shlex::try_join(words.iter().copied())
            .map_err(|_| Error::config("the audience cannot be handed to a program"))?;
        let source = SecretSource::command(line);
        let read = tokio::task::spawn_blocking(move || source.read("job's identity")).await;
        let read = read
            .map_err(|error| Error::transport("the program's run was broken off").because(error))?;
        match read {
            Ok(token) => Ok(Asked::at_hand(token)),
            Err(error) => Err(self.with_advice(error, "")),
        }
    }

    fn with_advice(&self, error: Error, audience: &str) -> Error {
        let error = error.at("platform", self.platform.to_string());
        advice(&self.platform, audience)
            .into_iter()
            .fold(error, Error::hint)
    }
}

#[async_trait]
impl FrontDoor for CiIdentity {
    async fn open(&self) -> Result<Grant, Error> {
        let (Identity { token, claims }, asked) = self.identity().await?;
        let subject = one_line(claims.subject.as_deref().unwrap_or("unknown"));
        let target = self.target.as_ref();
        let kubeconfig = target.map(|target| target.kubeconfig(&subject));
        Ok(Grant {
            id_token: token,
            expires: claims.expires,
            refresh: None,
            subject,
            idp: None,
            kubeconfig: kubeconfig.unwrap_or_default(),
            trail: asked.trail,
            skew: asked.skew,
        })
    }

    fn network(&self) -> Network {
        self.network.clone()
    }
}

impl fmt::Debug for CiIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CiIdentity")
            .field("platform", &self.platform)
            .field("audiences", &self.audiences)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl Variable {
    /// The value, if there is one
    fn text(&self, name: &str) -> Option<String> {
        let value = (self.0)(name)?.into_string().ok()?;
        (!value.is_empty()).then_some(value)
    }
}

/// Source: <https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/>
const POD_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

const SERVICE_CONNECTION: &str = "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID";

const SPIFFE_FILE: &str = "DOORWARD_SPIFFE_FILE";
