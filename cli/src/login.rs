//! The subcommand `login`: every setting and target is tried first, then the portal is asked.

use doorward::kubeconfig::{KubeconfigFiles, UserAuth, Written};
use doorward::profile::{ProfileName, Profiles};
use doorward::recording::Bundle;
use doorward::store::FileStore;
use doorward::{Error, ErrorKind, ExecApiVersion, FrontDoor, Grant, Kubeconfig, Profile, Trail};

use crate::args::{Ends, Login, Product, UserAuthName};
use crate::bundle::Heard;
use crate::door::{Door, Way, When, place};
use crate::environment::Environment;
use crate::report::{Report, Success};
use crate::{credential, device, diagnostics, logout, product, profile, runtime, settings};

/// Logs in, writes the kubeconfig, and prints the product; with a bundle of how it went, if the caller wants one
pub(crate) fn run(login: &Login, environment: &Environment, report: &Report) -> Result<(), Error> {
    if report.is_debugging() {
        diagnostics::start(report);
    }
    let Some(folder) = &login.report else {
        return by_options(login, None, environment, report).map(drop);
    };
    Bundle::prepare(folder)?;
    let heard = Heard::new(environment);
    let outcome = by_options(login, Some(&heard), environment, report);
    heard.write(folder, outcome, report)
}

/// Logs in as the options say; gives the way that led to the token
fn by_options(
    login: &Login,
    heard: Option<&Heard>,
    environment: &Environment,
    report: &Report,
) -> Result<Trail, Error> {
    let mut profile =
        settings::profile_of_call(&login.settings, &login.store, environment, report)?;
    let named = login.kubeconfig.named_files();
    settings::put_target(&mut profile, &login.target, named.as_ref(), environment)?;
    log_in(profile, &login.ends(), heard, environment, report)
}

/// The same by a profile that is there
pub(crate) fn log_in(
    profile: Profile,
    login: &Ends<'_>,
    heard: Option<&Heard>,
    environment: &Environment,
    report: &Report,
) -> Result<Trail, Error> {
    if let Some(heard) = heard {
        heard.settings(&profile, environment);
    }
    let way = Way::of(&profile);
    let mut door = Door::new(&profile, When::Now, environment, report)?
        .ledger(login.store.ledger(environment));
    if let Some(heard) = heard {
        door = door.record(heard.recorder());
    }
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
    let has_entry = files.is_some() || login.output.output == Product::Kubeconfig;
    if has_entry && !way.names_the_cluster(&profile) && profile.target.is_none() {
        return Err(settings::no_target());
    }
    let kept = kept(login, has_entry, &profile, environment, report)?;
    // Last, since a command may ask a vault, and stdin can be read once.
    door.credentials()?;

    let place = place(&profile);
    report.begin(way.under_way(&profile));
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
        portal: place,
        expires: grant
            .expires()
            .map(|time| (time.to_string(), time.as_second())),
        context: kubeconfig.current_context().map(str::to_owned),
    });
    Ok(grant.trail().clone())
}

/// What the user entry will hold; for an exec entry the profile that it names is kept
fn user_auth(
    login: &Ends<'_>,
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
    settings::put_servers(&mut profile, grant);
    let old = kept.profiles.read(&name)?;
    kept.profiles.write(&name, &profile)?;
    if let Some(old) = old.filter(|old| old.cache_key() != profile.cache_key()) {
        kept.forget(&name, &old, environment, report)?;
    }
    let entry = login.user.entry.exec_user(&name, login.store)?;
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
    login: &Ends<'_>,
    has_entry: bool,
    profile: &Profile,
    environment: &Environment,
    report: &Report,
) -> Result<Option<Kept>, Error> {
    let makes_its_own = Way::of(profile) == Way::OwnKey;
    match login.user.user_auth {
        UserAuthName::Exec if has_entry => {}
        UserAuthName::AuthProvider if !Way::of(profile).has_an_issuer() => {
            return Err(Error::config(
                "an auth-provider is for a login at an issuer, which this is not",
            )
            .hint("--user-auth exec, which is usual, or token"));
        }
        UserAuthName::AuthProvider if has_entry => {
            report.warn(product::AUTH_PROVIDER);
            return Ok(None);
        }
        UserAuthName::Token if has_entry && makes_its_own => {
            let life = profile.duration.unwrap_or(60);
            report.warn(&format!(
                "the kubeconfig gets a token that ends in {life} s, and nothing to make another with; --user-auth exec makes one \
                 whenever it is needed"
            ));
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
        // What costs less than keeping it, or must not be another job's.
        tokens: match Way::of(profile).keeps_tokens() {
            true => login.store.tokens(environment, report).map_err(apart)?,
            false => None,
        },
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

/// The files to write: the named one, or for the path as product the ones that kubectl reads
fn files(login: &Ends<'_>, environment: &Environment) -> Result<Option<KubeconfigFiles>, Error> {
    match (login.kubeconfig.named_files(), login.output.output) {
        (Some(files), _) => Ok(Some(files)),
        (None, Product::Path) => {
            KubeconfigFiles::from_environment(|name| environment.owned(name)).map(Some)
        }
        (None, _) => Ok(None),
    }
}
