//! A profile as a front door: its walk, and its secrets when they are needed.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use doorward::profile::SecretPlace;
use doorward::store::FileStore;
use doorward::{
    Credentials, Error, FrontDoor, Grant, Network, Portal, Profile, SecretSource, TokenSource, Url,
    Walk,
};
use doorward_providers::{all, by_name};

use crate::environment::{Environment, variable};
use crate::report::Report;
use crate::settings::{self, CONNECT_TIMEOUT, TIMEOUT};

/// What logs in for a profile
///
/// The password is read when a login needs it, and once: a command may ask a vault, and standard input ends.
#[derive(Debug)]
pub(crate) struct Door {
    profile: Profile,
    when: When,
    environment: Environment,
    /// How a login goes, but for the credentials
    walk: Walk,
    network: Network,
    credentials: OnceLock<Result<Credentials, Error>>,
}

/// Whether somebody logs in right now, or a plug-in may have to
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum When {
    Now,
    Later,
}

impl Door {
    /// Reads the settings; makes no request, and reads no secret
    pub(crate) fn new(
        profile: &Profile,
        when: When,
        environment: &Environment,
        report: &Report,
    ) -> Result<Self, Error> {
        let network = network(profile)?;
        Ok(Self {
            walk: walk(profile, &network, report)?,
            profile: profile.clone(),
            when,
            environment: environment.clone(),
            network,
            credentials: OnceLock::new(),
        })
    }

    /// The ladder to this door, with the tokens where the profile's are kept
    pub(crate) fn into_source(
        self,
        tokens: Option<FileStore>,
        force: bool,
        report: &Report,
    ) -> TokenSource {
        let key = self.profile.cache_key();
        // Whoever renews may need a refresh and a login.
        let login = self.profile.timeout.map_or(TIMEOUT, Duration::from_secs);
        let listener = report.clone();
        let mut source = TokenSource::new(self)
            .wait_at_most(login + Duration::from_secs(60))
            .on_event(move |event| listener.event(event));
        if let Some(tokens) = tokens {
            source = source.store(tokens, &key);
        }
        match force {
            true => source.force(),
            false => source,
        }
    }

    /// Ends every session of the account at the portal, after a login there
    pub(crate) async fn end_all_sessions(&self) -> Result<(), Error> {
        self.portal()?.end_all_sessions().await
    }

    fn portal(&self) -> Result<Portal, Error> {
        let url = self.url()?;
        let credentials = self.credentials_once()?;
        Ok(
            Portal::new(url, self.walk.clone().credentials(credentials))?
                .allow(settings::allow(&self.profile)),
        )
    }

    fn url(&self) -> Result<&str, Error> {
        let url = self.profile.portal.as_deref();
        url.ok_or_else(|| {
            Error::config("the profile has no portal to log in at")
                .hint("doorward login --profile NAME --portal URL … gives it one")
        })
    }

    fn credentials_once(&self) -> Result<Credentials, Error> {
        self.credentials
            .get_or_init(|| self.read_credentials())
            .clone()
    }

    fn read_credentials(&self) -> Result<Credentials, Error> {
        self.url()?;
        let username = self.profile.username.as_deref().ok_or_else(|| {
            Error::config("there is no user name").hint(
                "give --username or DOORWARD_USERNAME; a profile gets it by doorward profile add",
            )
        })?;
        // A profile that was written by hand, or imported, may be silent about it.
        let variable = variable("password");
        let usual = self.environment.value(&variable);
        let usual = usual.map(|_| SecretPlace::Variable(variable.clone()));
        let place = self.profile.password.as_ref().or(usual.as_ref());
        let place = place.ok_or_else(|| {
            Error::config("there is no password").hint(
                "give DOORWARD_PASSWORD, --password-file or --password-command; \
                 CI systems give empty secrets to pull requests from forks",
            )
        })?;
        let source = match (place, self.when) {
            (SecretPlace::Stdin, When::Now) => SecretSource::stdin(),
            _ => place.source("password", |name| self.environment.owned(name))?,
        };
        Credentials::new(username, source.read("password")?)
    }
}

#[async_trait]
impl FrontDoor for Door {
    async fn open(&self) -> Result<Grant, Error> {
        self.portal()?.open().await
    }

    fn credentials(&self) -> Result<Option<Credentials>, Error> {
        self.credentials_once().map(Some)
    }

    fn network(&self) -> Network {
        self.network.clone()
    }

    fn permits(&self, endpoint: &Url) -> bool {
        let portal = self
            .url()
            .and_then(|url| Portal::new(url, self.walk.clone()));
        portal.is_ok_and(|portal| portal.permits(endpoint))
    }
}

fn walk(profile: &Profile, network: &Network, report: &Report) -> Result<Walk, Error> {
    let listener = report.clone();
    let mut walk = Walk::new()
        .network(network.clone())
        .timeout(profile.timeout.map_or(TIMEOUT, Duration::from_secs))
        .on_event(move |event| listener.event(event));
    for url in &profile.idp_url {
        walk = walk.idp_url(url)?;
    }
    for url in &profile.via {
        walk = walk.via(url)?;
    }
    let mut adapters = Vec::new();
    for name in &profile.idp {
        adapters.push(by_name(name).ok_or_else(|| {
            Error::config("there is no such adapter")
                .at("idp", name)
                .hint("doorward adapters lists them")
        })?);
    }
    if adapters.is_empty() {
        adapters = all();
    }
    walk = adapters.into_iter().fold(walk, Walk::shared_adapter);
    let options = profile.login_option.iter();
    walk = options.fold(walk, |walk, label| walk.login_option(label));
    if profile.accept_terms {
        walk = walk.accept_terms();
    }
    if profile.accept_consent {
        walk = walk.accept_consent();
    }
    Ok(walk)
}

fn network(profile: &Profile) -> Result<Network, Error> {
    let connect_timeout = profile.connect_timeout;
    let mut network = Network::new()
        .connect_timeout(connect_timeout.map_or(CONNECT_TIMEOUT, Duration::from_secs));
    for path in &profile.ca_file {
        network = network
            .ca_pem(&pem(path)?)
            .map_err(|error| error.at("file", path.to_string_lossy()))?;
    }
    if let Some(pem) = profile.ca_pem()? {
        network = network.ca_pem(&pem)?;
    }
    if profile.ca_only {
        if profile.ca_file.is_empty() && profile.ca_data.is_none() {
            return Err(Error::config("--ca-only without a --ca-file trusts nobody"));
        }
        network = network.ca_only();
    }
    for entry in &profile.resolve {
        network = network.resolve(entry)?;
    }
    Ok(match &profile.user_agent {
        Some(user_agent) => network.user_agent(user_agent),
        None => network,
    })
}

fn pem(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|error| {
        Error::config("the CA file cannot be read")
            .at("file", path.to_string_lossy())
            .because(error)
    })
}
