//! What providers recognize a profile's device by: taken elsewhere as a secret, and used by logins that keep nothing else.

use doorward::profile::ProfileName;
use doorward::store::FileStore;
use doorward::{Devices, Error, FrontDoor, Grant, Profile, Secret, TokenSource};

use crate::args::{DEVICE, DeviceAction, ExportDevice, ImportDevice, OwnProfile};
use crate::door::Door;
use crate::environment::Environment;
use crate::report::Report;
use crate::{input, product, runtime, shut};

/// Does what the action says
pub(crate) fn run(
    action: &DeviceAction,
    environment: &Environment,
    report: &Report,
) -> Result<(), Error> {
    match action {
        DeviceAction::Export(options) => export(options, environment, report),
        DeviceAction::Import(options) => import(options, environment, report),
    }
}

fn export(options: &ExportDevice, environment: &Environment, report: &Report) -> Result<(), Error> {
    let (name, kept) = find(&options.profile, environment, report)?;
    let device = runtime::run(kept.devices())?.ok_or_else(|| {
        Error::config("no provider knows the device of this profile")
            .at("profile", name.as_str())
            .hint("a login brings one, where the provider recognizes devices")
    })?;
    let devices = Devices::new();
    devices.read(&device)?;
    let mut secrets = devices.values();
    secrets.push(device.clone());
    product::print_secret(&device, &secrets, options.mask, environment, report)
}

fn import(options: &ImportDevice, environment: &Environment, report: &Report) -> Result<(), Error> {
    let (name, kept) = find(&options.profile, environment, report)?;
    let source = input::secret(&options.file, options.allow_shared_files);
    let device = source.read(DEVICE)?;
    let devices = Devices::new();
    devices.read(&device)?;
    if devices.is_empty() {
        return Err(Error::config("there is no device in it"));
    }
    runtime::run(kept.adopt_devices(&device))?;
    report.note(&format!(
        "the device of {name} is the one that {} knows",
        devices.hosts().join(", ")
    ));
    Ok(())
}

/// The profile's name, and what is kept for it
fn find(
    options: &OwnProfile,
    environment: &Environment,
    report: &Report,
) -> Result<(ProfileName, TokenSource), Error> {
    let name = options.profile.as_deref().map(ProfileName::of);
    let name = name.ok_or_else(|| Error::config("there is no profile whose device is meant"))?;
    let profile = options.folders.profiles(environment)?.expect(&name)?;
    let tokens = options.folders.tokens(environment, report)?;
    Ok((name, kept(&profile, tokens)))
}

/// What is kept for a profile, for those who do not log in
fn kept(profile: &Profile, tokens: FileStore) -> TokenSource {
    let error = Error::config("only what is kept is asked for here");
    shut::source(profile, tokens, error)
}

/// The device that is kept for a profile; nothing where that cannot be known
pub(crate) fn known(profile: &Profile, tokens: FileStore) -> Option<Secret> {
    runtime::run(kept(profile, tokens).devices()).ok().flatten()
}

/// Logs in from the device that is kept in `tokens`, and keeps what the provider gives, but no token
///
/// That the device cannot be kept is no reason against the login.
pub(crate) fn log_in(
    door: &Door,
    profile: &Profile,
    tokens: FileStore,
    report: &Report,
) -> Result<Grant, Error> {
    let before = known(profile, tokens.clone());
    if let Some(before) = &before {
        door.recall(before);
    }
    let outcome = runtime::run(door.open());
    let devices = door.devices();
    let after = devices.to_secret();
    let is_known = before.is_some_and(|before| before.expose_secret() == after.expose_secret());
    if !devices.is_empty() && !is_known {
        let added = runtime::run(kept(profile, tokens).adopt_devices(&after));
        if let Err(error) = added {
            report.warn(&format!("the device is not kept: {error}"));
        }
    }
    outcome
}
