use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::credentials::Credentials;
use crate::devices::Devices;
use crate::diagnosis::Diagnosis;
use crate::kubeconfig::{OidcUser, Section, UserAuth};
use crate::session::Network;
use crate::signing::Signer;
use crate::{Error, Kubeconfig, Secret, Trail};

/// A way in: what every front door has in common
///
/// [`open`](Self::open) is all that a program calls. What wraps another one hands the rest on, such as this, by which no more
/// logins are under way at a portal than it can bear:
///
/// ```
/// use async_trait::async_trait;
/// use doorward::{Credentials, Devices, Error, FrontDoor, Grant, Network, Portal, Url};
/// use tokio::sync::Semaphore;
///
/// #[derive(Debug)]
/// struct FewAtOnce {
///     portal: Portal,
///     places: Semaphore,
/// }
///
/// #[async_trait]
/// impl FrontDoor for FewAtOnce {
///     async fn open(&self) -> Result<Grant, Error> {
///         let _place = self.places.acquire().await;
///         self.portal.open().await
///     }
///
///     fn credentials(&self) -> Result<Option<Credentials>, Error> {
///         self.portal.credentials()
///     }
///
///     fn devices(&self) -> Devices {
///         self.portal.devices()
///     }
///
///     fn network(&self) -> Network {
///         self.portal.network()
///     }
///
///     fn permits(&self, endpoint: &Url) -> bool {
///         self.portal.permits(endpoint)
///     }
/// }
/// # let portal = Portal::new("k8sou.example.com", doorward::Walk::new())?;
/// # let door = FewAtOnce { portal, places: Semaphore::new(4) };
/// # let source = doorward::TokenSource::new(door);
/// # let _ = source;
/// # Ok::<(), Error>(())
/// ```
///
/// Source: <https://kubernetes.io/docs/reference/access-authn-authz/authentication/>
#[async_trait]
pub trait FrontDoor: fmt::Debug + Send + Sync {
    /// Logs in, and gives what the login yields
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`](crate::ErrorKind): each says what the caller can do.
    async fn open(&self) -> Result<Grant, Error>;

    /// Who would sign in; asked before a login, so that a password that was refused lately is not tried again
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) where they are not at hand: then no login is begun.
    fn credentials(&self) -> Result<Option<Credentials>, Error> {
        Ok(None)
    }

    /// What providers recognize a device by: filled before a login with what is kept, and kept after it
    fn devices(&self) -> Devices {
        Devices::new()
    }

    /// Walks as far as the first login page, with no credentials, and says what it saw; nothing where this way in has no pages
    ///
    /// No user name and no secret of an account is sent, so that no attempt is counted anywhere.
    async fn probe(&self) -> Option<Diagnosis> {
        None
    }

    /// How the issuer is reached when a token is refreshed
    fn network(&self) -> Network {
        Network::new()
    }

    /// The key by which the client shows a token endpoint that it is itself, where it has one
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) where it is not at hand: then nothing is refreshed.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc7523#section-2.2>
    fn client_key(&self) -> Result<Option<Arc<dyn Signer>>, Error> {
        Ok(None)
    }

    /// Whether an endpoint of the issuer that is not at the issuer's own origin may have the refresh token
    fn permits(&self, endpoint: &Url) -> bool {
        let _ = endpoint;
        false
    }
}

/// What a login yields: a token, how long it is good, and the clusters that it is for
///
/// ```
/// use doorward::kubeconfig::UserAuth;
/// # use doorward::{FrontDoor, Portal};
/// # use doorward_providers::Okta;
/// # use doorward_testkit::{Testbed, USER};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let bed = Testbed::start()?;
/// # let portal = Portal::new(&bed.portal_url(), bed.walk()?.adapter(Okta::default()))?;
/// let grant = portal.open().await?;
/// let (server, bearer) = (&grant.servers()[0], grant.id_token());
/// # assert_eq!(*server, bed.api_url());
/// assert!(!format!("{grant:?}").contains(bearer.expose_secret())); // as for every value here
///
/// let kubeconfig = grant.kubeconfig(&UserAuth::Token)?;
/// let yaml = kubeconfig.to_yaml(); // a `Secret`, since the token is in it
/// assert!(yaml.expose_secret().contains(server));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Grant {
    pub(crate) id_token: Secret,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) refresh: Option<Refresh>,
    pub(crate) subject: String,
    pub(crate) idp: Option<String>,
    pub(crate) kubeconfig: Kubeconfig,
    pub(crate) trail: Trail,
    /// What must be added to our clock to have the portal's
    pub(crate) skew: SignedDuration,
}

impl Grant {
    /// The id_token, which the API server takes as a bearer token
    pub fn id_token(&self) -> &Secret {
        &self.id_token
    }

    /// When the id_token ends, by its own `exp` claim
    pub fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// How to get the next token without a login, where the portal said so
    pub fn refresh(&self) -> Option<&Refresh> {
        self.refresh.as_ref()
    }

    /// Who was logged in, in the portal's words
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The origin of the provider that signed us in; `None` if no adapter was needed
    pub fn idp(&self) -> Option<&str> {
        self.idp.as_deref()
    }

    /// The clusters that the token is for, by URL
    pub fn servers(&self) -> Vec<String> {
        let clusters = self.kubeconfig.names(Section::Clusters);
        let entries = clusters.filter_map(|name| self.kubeconfig.entry(Section::Clusters, name));
        let servers = entries.filter_map(|entry| entry.get("server")?.as_str());
        servers.map(str::to_owned).collect()
    }

    /// The way of the login
    pub fn trail(&self) -> &Trail {
        &self.trail
    }

    /// Clusters, contexts, and the user with its credentials in the form of `auth`
    ///
    /// # Errors
    ///
    /// [`Portal`](crate::ErrorKind::Portal) if the portal's answer lacks what the form needs.
    pub fn kubeconfig(&self, auth: &UserAuth) -> Result<Kubeconfig, Error> {
        self.kubeconfig
            .with_user_auth(auth, &self.id_token)
            .map_err(|error| {
                Error::portal("the portal's kubeconfig has no user to give a token to")
                    .because(error)
            })
    }
}

/// How to get the next token without a login
///
/// A [`TokenSource`](crate::TokenSource) does that by itself. This is for programs that hand the tokens to something else; from
/// then on that one has the refresh token, which is often good once.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Refresh {
    /// The OpenID Connect issuer
    pub issuer: String,
    /// The client that the token was given to
    pub client_id: String,
    /// The client's secret; public clients have none
    pub client_secret: Option<Secret>,
    /// The refresh token, often good for one use
    pub token: Secret,
}

impl Refresh {
    /// What an OIDC user of a kubeconfig says; nothing if it has no refresh token
    pub(crate) fn of(user: OidcUser) -> Option<Self> {
        Some(Self {
            issuer: user.issuer,
            client_id: user.client_id,
            client_secret: user.client_secret,
            token: user.refresh_token?,
        })
    }
}
