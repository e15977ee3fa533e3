//! A profile as a front door: its walk, and its secrets when they are needed.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use doorward::code::Ledger;
use doorward::profile::SecretPlace;
use doorward::store::FileStore;
use doorward::{
    CodeSource, Credentials, Devices, Error, Factor, FrontDoor, Grant, Network, Passkey, Portal,
    Profile, Secret, SecretSource, TokenSource, Url, Walk,
};
use doorward_providers::{all, by_name};

use crate::args::{DEVICE, PASSKEY, PASSWORD, SECURITY_ANSWER, TOTP_SEED, told};
use crate::environment::{Environment, variable};
use crate::report::Report;
use crate::settings::{self, CONNECT_TIMEOUT, TIMEOUT};

/// What logs in for a profile
///
/// The secrets are read when a login needs them, and once: a command may ask a vault, and standard input ends.
#[derive(Debug)]
pub(crate) struct Door {
    profile: Profile,
    when: When,
    environment: Environment,
    /// How a login goes, but for the credentials
    walk: Walk,
    network: Network,
    /// Where used one-time codes are noted
    ledger: Ledger,
    /// What providers recognize this device by
    devices: Devices,
    report: Report,
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
        let devices = Devices::new();
        Ok(Self {
            walk: walk(profile, &network, report)?.devices(devices.clone()),
            profile: profile.clone(),
            when,
            environment: environment.clone(),
            network,
            ledger: Ledger::in_process(),
            devices,
            report: report.clone(),
            credentials: OnceLock::new(),
        })
    }

    /// Notes used one-time codes in `ledger`, where other logins of the machine see it
    pub(crate) fn ledger(mut self, ledger: Ledger) -> Self {
        self.ledger = ledger;
        self
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

    /// Comes from the device that was kept, which goes before the one of the settings
    pub(crate) fn recall(&self, kept: &Secret) {
        // Whoever logs in is told what is wrong with them.
        let _ = self.credentials_once();
        // One that cannot be read is one that nobody knows.
        let _ = self.devices.read(kept);
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
        let profile = &self.profile;
        let password = self.source(PASSWORD, profile.password.as_ref())?;
        let password = password.ok_or_else(|| {
            Error::config("there is no password").hint(
                "give DOORWARD_PASSWORD, --password-file or --password-command; \
                 CI systems give empty secrets to pull requests from forks",
            )
        })?;
        let passkey = self.source(PASSKEY, profile.passkey.as_ref())?;
        let seed = self.source(TOTP_SEED, profile.totp_seed.as_ref())?;
        let answer = self.source(SECURITY_ANSWER, profile.security_answer.as_ref())?;
        let device = self.source(DEVICE, profile.device.as_ref())?;

        let password = password.read(PASSWORD)?;
        let mut credentials = Credentials::new(username, password)?.ledger(self.ledger.clone());
        if let Some(passkey) = passkey {
            let passkey = Passkey::parse(&passkey.read(PASSKEY)?)?;
            credentials = credentials.passkey(passkey);
        }
        if let Some(device) = device {
            self.devices.read(&device.read(DEVICE)?)?;
        }
        if let Some(answer) = answer {
            credentials = credentials.answer(answer);
        }
        let seed = seed.map(CodeSource::totp);
        let command = profile.code_command.as_deref().map(CodeSource::command);
        let sources = seed.into_iter().chain(command).chain(self.prompt());
        Ok(sources.fold(credentials, Credentials::code))
    }

    /// Where the secret called `name` is read from, if the profile or the secret's own variable says so
    fn source(
        &self,
        name: &str,
        place: Option<&SecretPlace>,
    ) -> Result<Option<SecretSource>, Error> {
        // A profile that was written by hand, or imported, may be silent about it.
        let variable = variable(name);
        let usual = self.environment.value(&variable);
        let usual = usual.map(|_| SecretPlace::Variable(variable.clone()));
        let source = match (place.or(usual.as_ref()), self.when) {
            (None, _) => return Ok(None),
            (Some(SecretPlace::Stdin), When::Now) => SecretSource::stdin(),
            (Some(place), _) => place.source(&told(name), |name| self.environment.owned(name))?,
        };
        Ok(Some(source))
    }

    /// The person at the terminal, if there is one and somebody logs in right now
    fn prompt(&self) -> Option<CodeSource> {
        let is_watched = io::stdin().is_terminal() && io::stderr().is_terminal();
        let may_ask = self.when == When::Now && is_watched && !self.environment.is_ci();
        let report = self.report.clone();
        may_ask.then(|| CodeSource::prompt_after(move || report.done()))
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

    fn devices(&self) -> Devices {
        self.devices.clone()
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
    for factor in &profile.factor {
        walk = walk.factor(Factor::parse(factor)?);
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
