//! The subcommand `login`: every setting and target is tried first, then the portal is asked.

use doorward::kubeconfig::{KubeconfigFiles, UserAuth, Written};
use doorward::profile::{ProfileName, Profiles};
use doorward::store::FileStore;
use doorward::{Error, ErrorKind, ExecApiVersion, FrontDoor, Grant, Kubeconfig, Portal, Profile};

use crate::args::{Login, Product, UserAuthName};
use crate::door::{Door, When};
use crate::environment::Environment;
use crate::report::{Report, Success};
use crate::{
    credential, device, diagnostics, failure, logout, product, profile, runtime, settings,
};

/// Logs in, writes the kubeconfig, and prints the product
pub(crate) fn run(login: &Login, environment: &Environment, report: &Report) -> Result<(), Error> {
    if report.is_debugging() {
        diagnostics::start(report);
    }
    let profile = settings::profile_of_call(&login.settings, &login.store, environment, report)?;
    let door = Door::new(&profile, When::Now, environment, report)?
        .ledger(login.store.ledger(environment));
    let version = credential::exec_info(environment)?
        .map_or_else(ExecApiVersion::default, |info| info.api_version);
    let files = files(login, environment)?;
    if let Some(files) = &files {
        files.prepare()?;
        if files.is_home() && environment.is_ci() {
            report.warn(
                "the kubeconfig goes into the home folder, where other jobs of this machine may read and change it; \
                 --kubeconfig PATH keeps it apart",
            );
        }
    }
    let kept = kept(login, &files, &profile, environment, report)?;
    // Last, since a command may ask a vault, and stdin can be read once.
    door.credentials()?;

    let portal = profile.portal.clone().unwrap_or_default();
    report.begin(format!("{}: asking for a token", host(&portal)));
    let grant = match &kept {
        Some(kept) => {
            let source = door.into_source(kept.tokens.clone(), login.store.force, report);
            runtime::run(source.log_in())
        }
        None => match login.store.known_devices(environment, report) {
            Some(tokens) => device::log_in(&door, &profile, tokens, report),
            None => runtime::run(door.open()),
        },
    };
    report.done();
    let grant = grant?;

    let mut kubeconfig = grant.kubeconfig(&UserAuth::AuthProvider)?;
    login.kubeconfig.names.name(&mut kubeconfig)?;
    let auth = user_auth(
        login,
        kept.as_ref(),
        profile,
        &grant,
        &kubeconfig,
        environment,
        report,
    )?;
    let kubeconfig = kubeconfig
        .with_user_auth(&auth, grant.id_token())
        .map_err(product::no_user)?;
    let written = files
        .map(|files| files.write(&kubeconfig, login.kubeconfig.how()))
        .transpose()?;
    let file = written.as_ref().map(Written::path);
    if let Some((text, secrets)) =
        product::of_grant(login.output.output, &grant, &kubeconfig, file, version)
    {
        product::print_secret(&text, &secrets, login.mask, environment, report)?;
    }
    report.success(&Success {
        what: "logged in as",
        user: grant.subject().to_owned(),
        portal: failure::origin(&portal),
        expires: grant
            .expires()
            .map(|time| (time.to_string(), time.as_second())),
        context: kubeconfig.current_context().map(str::to_owned),
    });
    Ok(())
}

/// What the user entry will hold; for an exec entry the profile that it names is kept
fn user_auth(
    login: &Login,
    kept: Option<&Kept>,
    mut profile: Profile,
    grant: &Grant,
    kubeconfig: &Kubeconfig,
    environment: &Environment,
    report: &Report,
) -> Result<UserAuth, Error> {
    let kept = match (login.user.user_auth, kept) {
        (UserAuthName::AuthProvider, _) | (UserAuthName::Exec, None) => {
            return Ok(UserAuth::AuthProvider);
        }
        (UserAuthName::Token, _) => return Ok(UserAuth::Token),
        (UserAuthName::Exec, Some(kept)) => kept,
    };
    let name = kept.name(kubeconfig);
    // What a profile names besides, such as a load balancer, is the caller's own word.
    for server in grant.servers() {
        if profile.is_for(&server) != Some(true) {
            profile.server.push(server);
        }
    }
    let old = kept.profiles.read(&name)?;
    kept.profiles.write(&name, &profile)?;
    if let Some(old) = old.filter(|old| old.cache_key() != profile.cache_key()) {
        kept.forget(&name, &old, environment, report)?;
    }
    let entry = login.user.entry.exec_user(&name, &login.store)?;
    Ok(UserAuth::Exec(entry))
}

/// What an exec entry needs beside the kubeconfig: a profile, and a place for tokens
struct Kept {
    named: Option<ProfileName>,
    profiles: Profiles,
    tokens: Option<FileStore>,
}

impl Kept {
    /// The profile's name: the one that was given, or the context's
    fn name(&self, kubeconfig: &Kubeconfig) -> ProfileName {
        let context = || ProfileName::of(kubeconfig.current_context().unwrap_or_default());
        self.named.clone().unwrap_or_else(context)
    }

    /// Forgets the tokens of before, which the profile does not lead to any more
    fn forget(
        &self,
        name: &ProfileName,
        old: &Profile,
        environment: &Environment,
        report: &Report,
    ) -> Result<(), Error> {
        let Some(tokens) = &self.tokens else {
            return Ok(());
        };
        if profile::is_shared(&self.profiles, name, old)? {
            return Ok(());
        }
        match logout::forgotten(old, tokens.clone(), environment, report) {
            Err(error) if error.kind() == ErrorKind::Storage => Err(error),
            // They are gone here, and nobody asked for a logout.
            _ => Ok(()),
        }
    }
}

/// Tries where profile and tokens will be kept; nothing if the login leaves no entry that needs them
fn kept(
    login: &Login,
    files: &Option<KubeconfigFiles>,
    profile: &Profile,
    environment: &Environment,
    report: &Report,
) -> Result<Option<Kept>, Error> {
    let has_entry = files.is_some() || login.output.output == Product::Kubeconfig;
    match login.user.user_auth {
        UserAuthName::Exec if has_entry => {}
        UserAuthName::AuthProvider if has_entry => {
            report.warn(product::AUTH_PROVIDER);
            return Ok(None);
        }
        _ => return Ok(None),
    }
    let apart = |error: Error| {
        let hint = error.next_step().unwrap_or_default().to_owned();
        error.hint(format!("{hint}; --user-auth token needs no such place"))
    };
    let kept = Kept {
        named: login.store.name().or_else(|| {
            let context = login.kubeconfig.names.context_name.as_deref();
            context.map(ProfileName::of)
        }),
        profiles: login.store.folders.profiles(environment).map_err(apart)?,
        tokens: login.store.tokens(environment, report).map_err(apart)?,
    };
    if let Some(tokens) = &kept.tokens {
        tokens.prepare()?;
    }
    // Where the portal says the name, it is known after the login only.
    match &kept.named {
        Some(name) => kept.profiles.prepare(name, profile)?,
        None => kept.profiles.try_write()?,
    }
    Ok(Some(kept))
}

fn host(portal: &str) -> String {
    let portal = Portal::new(portal, doorward::Walk::new());
    let host = portal
        .ok()
        .and_then(|portal| portal.url().host_str().map(str::to_owned));
    host.unwrap_or_default()
}

/// The files to write: the named one, or for the path as product the ones that kubectl reads
fn files(login: &Login, environment: &Environment) -> Result<Option<KubeconfigFiles>, Error> {
    match (login.kubeconfig.named_files(), login.output.output) {
        (Some(files), _) => Ok(Some(files)),
        (None, Product::Path) => {
            KubeconfigFiles::from_environment(|name| environment.owned(name)).map(Some)
        }
        (None, _) => Ok(None),
    }
}
