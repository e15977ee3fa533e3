//! A profile as a front door: its walk, and its secrets when they are needed.

mod ci_identity;

mod issuer;

pub(crate) mod own_key;

pub(crate) mod portal;

mod service_account;

mod way;
pub(crate) use way::{Way, place};

use std::io::{self, IsTerminal};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use doorward::code::Ledger;
use doorward::profile::{CredentialsFile, SecretPlace};
use doorward::recording::Recorder;
use doorward::signing::Signer;
use doorward::store::FileStore;
use doorward::{
    CodeSource, Credentials, Devices, Diagnosis, Error, Factor, FrontDoor, Grant, Network, Passkey,
    Profile, Secret, SecretSource, TokenSource, Url, Walk,
};
use doorward_providers::{all, by_name};

use crate::args::{DEVICE, PASSKEY, PASSWORD, SECURITY_ANSWER, TOTP_SEED, told};
use crate::environment::{Environment, variable};
use crate::network;
use crate::report::Report;
use crate::settings::TIMEOUT;

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
    accounts: OnceLock<Result<Accounts, Error>>,
}

/// Who signs in, and where
#[derive(Clone, Debug)]
struct Accounts {
    /// Those of the profile itself; none where the credentials file has all
    own: Option<Credentials>,
    /// Those of the credentials file, by URL prefix
    at: Vec<(String, Credentials)>,
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
        let network = network::of(profile, environment, report)?;
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
            accounts: OnceLock::new(),
        })
    }

    /// Notes used one-time codes in `ledger`, where other logins of the machine see it
    pub(crate) fn ledger(mut self, ledger: Ledger) -> Self {
        self.ledger = ledger;
        self
    }

    /// Lets `recorder` hear the logins
    pub(crate) fn record(mut self, recorder: &Recorder) -> Self {
        self.walk = self.walk.record(recorder);
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
        let _ = self.accounts_once();
        // One that cannot be read is one that nobody knows.
        let _ = self.devices.read(kept);
    }

    /// Ends every session of the account at the portal, after a login there
    pub(crate) async fn end_all_sessions(&self) -> Result<(), Error> {
        portal::of(self)?.end_all_sessions().await
    }

    /// The front door that the profile means
    fn front(&self) -> Result<Box<dyn FrontDoor>, Error> {
        match Way::of(&self.profile) {
            Way::CiIdentity => ci_identity::front(self),
            Way::Issuer => issuer::front(self),
            Way::OwnKey => own_key::front(self),
            Way::Portal => portal::front(self),
            Way::ServiceAccount => service_account::front(self),
        }
    }

    /// Walks as far as the first login page, and reads no secret; nothing where this way in has no pages
    pub(crate) async fn probe(&self) -> Result<Option<Diagnosis>, Error> {
        match Way::of(&self.profile) {
            Way::Issuer => Ok(issuer::to_probe(self)?.probe().await),
            Way::Portal => Ok(portal::to_probe(self)?.probe().await),
            Way::CiIdentity | Way::OwnKey | Way::ServiceAccount => Ok(None),
        }
    }

    /// How a login goes, where the passwords of the credentials file are told of, and none is read
    fn walk_to_probe(&self) -> Result<Walk, Error> {
        let mut at = self.read_file()?.into_iter();
        at.try_fold(self.walk.clone(), |walk, (url, credentials)| {
            walk.credentials_at(&url, credentials)
        })
    }

    /// How it reaches servers
    pub(crate) fn own_network(&self) -> &Network {
        &self.network
    }

    /// How a login goes, with all who may sign in
    fn walk(&self) -> Result<Walk, Error> {
        let accounts = self.accounts_once()?;
        let mut walk = self.walk.clone();
        if let Some(own) = accounts.own {
            walk = walk.credentials(own);
        }
        for (url, credentials) in accounts.at {
            walk = walk.credentials_at(&url, credentials)?;
        }
        Ok(walk)
    }

    /// How a login goes without anybody who signs in, for a question that reads no secret: the origins of the credentials file are named
    fn walk_without_secrets(&self) -> Result<Walk, Error> {
        let mut users = self.profile.credentials_users.keys();
        users.try_fold(self.walk.clone(), |walk, url| walk.via(url))
    }

    fn accounts_once(&self) -> Result<Accounts, Error> {
        self.accounts.get_or_init(|| self.read_accounts()).clone()
    }

    fn read_accounts(&self) -> Result<Accounts, Error> {
        if Way::of(&self.profile) == Way::Portal {
            portal::url(self)?;
        }
        let profile = &self.profile;
        let at = self.read_file()?;
        let password = self.source(PASSWORD, profile.password.as_ref())?;
        let device = self.source(DEVICE, profile.device.as_ref())?;
        let own = match (profile.username.as_deref(), password) {
            (Some(username), Some(password)) => Some(self.own(username, &password)?),
            _ if !at.is_empty() => None,
            (None, _) => return Err(Error::config("there is no user name").hint(
                "give --username or DOORWARD_USERNAME, or a --credentials-file; a profile gets it by doorward profile add",
            )),
            (_, None) => return Err(Error::config("there is no password").hint(
                "give DOORWARD_PASSWORD, --password-file, --password-command or a --credentials-file; \
                 CI systems give empty secrets to pull requests from forks",
            )),
        };
        if let Some(device) = device {
            self.devices.read(&device.read(DEVICE)?)?;
        }
        Ok(Accounts { own, at })
    }

    /// The credentials that the profile itself leads to
    fn own(&self, username: &str, password: &SecretSource) -> Result<Credentials, Error> {
        let profile = &self.profile;
        let passkey = self.source(PASSKEY, profile.passkey.as_ref())?;
        let seed = self.source(TOTP_SEED, profile.totp_seed.as_ref())?;
        let answer = self.source(SECURITY_ANSWER, profile.security_answer.as_ref())?;

        let password = password.read(PASSWORD)?;
        let mut credentials = Credentials::new(username, password)?;
        if let Some(passkey) = passkey {
            let passkey = Passkey::parse(&passkey.read(PASSKEY)?)?;
            credentials = credentials.passkey(passkey);
        }
        if let Some(answer) = answer {
            credentials = credentials.answer(answer);
        }
        Ok(self.with_codes(credentials, seed, profile.code_command.as_deref()))
    }

    /// Adds where one-time codes come from, and where used ones are noted
    fn with_codes(
        &self,
        credentials: Credentials,
        seed: Option<SecretSource>,
        command: Option<&str>,
    ) -> Credentials {
        let seed = seed.map(CodeSource::totp);
        let command = command.map(CodeSource::command);
        let sources = seed.into_iter().chain(command).chain(self.prompt());
        sources.fold(credentials.ledger(self.ledger.clone()), Credentials::code)
    }

    /// The credentials of the file, whose secrets are read when a provider asks for them
    fn read_file(&self) -> Result<Vec<(String, Credentials)>, Error> {
        let profile = &self.profile;
        let Some(path) = &profile.credentials_file else {
            return Ok(Vec::new());
        };
        let mut file = CredentialsFile::read(path)?;
        // The kept tokens are those of the users that the profile knows.
        if file.users() != profile.credentials_users {
            return Err(Error::config("the users of the credentials file are not those of the profile")
                .at("file", path.to_string_lossy())
                .hint(
                    "a profile is for one login: remove it by doorward profile remove, and make it anew by login or profile add",
                ));
        }
        if profile.allow_shared_files {
            file = file.allow_shared_files();
        }
        let mut at = Vec::new();
        for entry in file.entries() {
            let credentials = Credentials::with_source(&entry.username, entry.password.clone())?;
            let credentials = self.with_codes(credentials, entry.totp_seed.clone(), None);
            at.push((entry.url.clone(), credentials));
        }
        Ok(at)
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
        self.front()?.open().await
    }

    fn credentials(&self) -> Result<Option<Credentials>, Error> {
        match Way::of(&self.profile).has_a_password(&self.profile) {
            true => self.accounts_once().map(|accounts| accounts.own),
            false if Way::of(&self.profile) == Way::Issuer => issuer::credentials(self),
            false => Ok(None),
        }
    }

    fn client_key(&self) -> Result<Option<Arc<dyn Signer>>, Error> {
        issuer::key(self)
    }

    fn devices(&self) -> Devices {
        self.devices.clone()
    }

    fn network(&self) -> Network {
        self.network.clone()
    }

    fn permits(&self, endpoint: &Url) -> bool {
        match Way::of(&self.profile) {
            Way::Issuer => issuer::permits(self, endpoint),
            Way::Portal => portal::permits(self, endpoint),
            Way::CiIdentity | Way::OwnKey | Way::ServiceAccount => false,
        }
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
