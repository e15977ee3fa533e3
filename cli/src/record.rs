//! The subcommand `record`: one login, and what went over the wire, redacted.

use doorward::recording::{Case, Recorder};
use doorward::{Error, ErrorKind, FrontDoor};

use crate::args::{Record, StoreOptions};
use crate::door::{Door, When};
use crate::environment::Environment;
use crate::report::Report;
use crate::{diagnostics, runtime, settings};

/// Logs in once, keeps no token, and writes the recording: of a login that fails, too
pub(crate) fn run(
    options: &Record,
    environment: &Environment,
    report: &Report,
) -> Result<(), Error> {
    if report.is_debugging() {
        diagnostics::start(report);
    }
    let profile = settings::profile(&options.settings, report)?;
    if profile.device.is_some() {
        return Err(
            Error::config("a recording begins as a device that nobody knows")
                .hint("leave out DOORWARD_DEVICE and the options of that name"),
        );
    }
    let recorder = Recorder::new();
    let door = Door::new(&profile, When::Now, environment, report)?
        .ledger(StoreOptions::default().ledger(environment))
        .record(&recorder);
    Case::prepare(&options.into)?;
    // Last, since a command may ask a vault, and stdin can be read once.
    door.credentials()?;
    report.begin("recording a login".to_owned());
    let outcome = runtime::run(door.open());
    report.done();
    let ended_with = match outcome {
        Ok(_) => None,
        // They say nothing of the provider.
        Err(error) if is_ours(error.kind()) => return Err(error),
        Err(error) => Some(error.kind()),
    };
    let case = recorder.case(&options.docs, &options.seen_with, ended_with)?;
    case.write(&options.into)?;
    report.note(&format!(
        "{} exchanges are in {}; the login ended with {}. Read them before you give them to anybody",
        case.exchanges.len(),
        options.into.display(),
        ended_with.map_or("a token", ErrorKind::as_str),
    ));
    Ok(())
}

/// Whether a failure comes from the settings, the machine or the network
fn is_ours(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Config | ErrorKind::Storage | ErrorKind::Transport | ErrorKind::Unavailable
    )
}
