//! The subcommand `logout`: a profile's tokens and its device are forgotten here, and the tokens revoked where the issuer can.

use doorward::profile::ProfileName;
use doorward::store::FileStore;
use doorward::{Error, ErrorKind, Profile};

use crate::args::Logout;
use crate::door::{Door, When};
use crate::environment::Environment;
use crate::report::Report;
use crate::{device, runtime, shut};

/// Forgets the tokens and the device of the profile, and with `--everywhere` ends all sessions of its account at the portal
pub(crate) fn run(
    logout: &Logout,
    environment: &Environment,
    report: &Report,
) -> Result<(), Error> {
    let Some(name) = logout.store.name() else {
        return Err(Error::config("there is no profile to log out"));
    };
    let profile = logout.store.folders.profiles(environment)?.expect(&name)?;
    // Also those that this call would not have used.
    let tokens = logout.store.folders.tokens(environment, report)?;
    // The login for the end of all sessions is the last one of this device.
    let device = match logout.everywhere {
        true => device::known(&profile, tokens.clone()),
        false => None,
    };
    forget(&name, &profile, tokens, environment, report)?;
    if logout.everywhere {
        let door = Door::new(&profile, When::Later, environment, report)?
            .ledger(logout.store.ledger(environment));
        if let Some(device) = &device {
            door.recall(device);
        }
        runtime::run(door.end_all_sessions())?;
        report.note("the portal ended every session of the account");
    }
    Ok(())
}

/// Forgets the tokens and the device of a profile, and tells the issuer where it takes that
pub(crate) fn forget(
    name: &ProfileName,
    profile: &Profile,
    tokens: FileStore,
    environment: &Environment,
    report: &Report,
) -> Result<(), Error> {
    match forgotten(profile, tokens, environment, report) {
        Ok(true) => report.note(&format!("the tokens of {name} are forgotten")),
        Ok(false) => report.note(&format!("no token of {name} was kept")),
        Err(error) if error.kind() == ErrorKind::Storage => return Err(error),
        Err(error) => report.warn(&format!(
            "the tokens of {name} are forgotten here, but the issuer could not be told: {error}"
        )),
    }
    Ok(())
}

/// Forgets the tokens and the device; whether there was anything
///
/// An error of another kind than `Storage` says that only the issuer does not know.
pub(crate) fn forgotten(
    profile: &Profile,
    tokens: FileStore,
    environment: &Environment,
    report: &Report,
) -> Result<bool, Error> {
    let (source, shut) = match Door::new(profile, When::Later, environment, report) {
        Ok(door) => (door.into_source(Some(tokens), false, report), None),
        Err(error) => (shut::source(profile, tokens, error.clone()), Some(error)),
    };
    runtime::run(source.forget()).map_err(|error| match shut {
        Some(shut) if error.kind() != ErrorKind::Storage => shut,
        _ => error,
    })
}
