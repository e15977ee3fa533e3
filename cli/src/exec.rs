//! The subcommand `exec`: a login, and a command that has a kubeconfig of its own for as long as it runs.
//!
//! All that the login leaves is in one private folder, which goes with the command. What a token costs besides, such as a password,
//! stays in this process: the command's clients find the token that is renewed here.

mod command;
use command::Command;

mod folder;
use folder::Folder;

mod race;

mod renewal;

mod signals;
use signals::Signals;

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use doorward::code::Ledger;
use doorward::kubeconfig::{ExecUser, KubeconfigFiles, MergeHow, UserAuth};
use doorward::profile::{ProfileName, Profiles, SecretPlace};
use doorward::store::FileStore;
use doorward::{Error, FrontDoor, Grant, Profile};
use tokio::process::Child;
use tokio::task::spawn_blocking;

use crate::args::{Exec, text};
use crate::door::{Door, Way, When, place};
use crate::environment::Environment;
use crate::exec::race::{First, race};
use crate::failure::Failure;
use crate::report::{Report, Success};
use crate::{diagnostics, exit_code, product, runtime, settings};

/// Logs in, runs the command, and gives its exit code
pub(crate) fn run(exec: &Exec, environment: &Environment, report: &Report) -> Result<i32, Error> {
    // Before any secret is read: the command is of our own user, who could read our variables and memory otherwise.
    close_memory();
    if report.is_debugging() {
        diagnostics::start(report);
    }
    let mut profile =
        settings::profile_of_call(&exec.settings, &exec.store(), environment, report)?;
    settings::put_target(&mut profile, &exec.target, None, environment)?;
    if !Way::of(&profile).names_the_cluster(&profile) && profile.target.is_none() {
        return Err(settings::no_target());
    }
    refuse_stdin(&profile)?;
    let command = Command::new(&exec.command, &profile)?;
    if let Err(failed) = command.look(environment) {
        return Ok(not_started(&failed, report));
    }
    let places = folder::places(exec.runtime_dir.as_deref(), environment)?;
    let runtime = runtime::start()?;
    let inside = runtime.enter();
    // From here on a signal ends nothing at once, so that it leaves no folder behind.
    let signals = Signals::new()?;
    // Before anybody is asked for a secret.
    let folder = Folder::make(&places)?;
    drop(inside);
    let attendance = Attendance {
        exec,
        profile,
        command,
        folder: &folder,
        environment,
        report,
    };
    let outcome = runtime.block_on(attendance.begin(signals));
    // What is being written yet must not come back after the folder is gone.
    runtime.shutdown_timeout(LAST_WORDS);
    folder.remove(report);
    outcome
}

/// Where the private folder of a run would be; nothing is left there
pub(crate) fn try_place(named: Option<&Path>, environment: &Environment) -> Result<PathBuf, Error> {
    Folder::try_make(&folder::places(named, environment)?)
}

/// All that one run needs
struct Attendance<'a> {
    exec: &'a Exec,
    profile: Profile,
    command: Command,
    folder: &'a Folder,
    environment: &'a Environment,
    report: &'a Report,
}

impl Attendance<'_> {
    /// From the login to the end of the command
    async fn begin(self, mut signals: Signals) -> Result<i32, Error> {
        let tokens = FileStore::at(self.folder.tokens());
        tokens.prepare()?;
        let door = Door::new(&self.profile, When::Later, self.environment, self.report)?.ledger(
            match self.folder.codes() {
                Some(folder) => Ledger::at(folder),
                None => Ledger::in_process(),
            },
        );
        let door = match race(with_credentials(door), signals.next()).await {
            First::Left(door) => door?,
            First::Right(signal) => return Ok(exit_code::SIGNAL + signal),
        };
        let source = door
            .into_source(Some(tokens), false, self.report)
            .renew_early();
        let way = Way::of(&self.profile);
        self.report.begin(way.under_way(&self.profile));
        let outcome = race(source.log_in(), signals.next()).await;
        self.report.done();
        let grant = match outcome {
            First::Left(grant) => grant?,
            First::Right(signal) => return Ok(exit_code::SIGNAL + signal),
        };
        let (kubeconfig, context) = self.write(&grant)?;
        self.report.success(&Success {
            what: "logged in as",
            user: grant.subject().to_owned(),
            portal: place(&self.profile),
            expires: grant
                .expires()
                .map(|time| (time.to_string(), time.as_second())),
            context,
        });
        let child = match self.command.start(&kubeconfig) {
            Ok(child) => child,
            Err(failed) => return Ok(not_started(&failed, self.report)),
        };
        let renewal = tokio::spawn(renewal::keep_fresh(source, self.report.clone()));
        let ended = wait(child, &mut signals).await;
        renewal.abort();
        ended
    }

    /// Writes the kubeconfig and the profile that it names; gives its path and its context
    fn write(&self, grant: &Grant) -> Result<(String, Option<String>), Error> {
        let mut kubeconfig = grant.kubeconfig(&UserAuth::AuthProvider)?;
        self.exec.names.name(&mut kubeconfig)?;
        let name = ProfileName::of(PROFILE);
        let profiles = self.folder.profiles();
        Profiles::at(&profiles).write(&name, &without_secrets(&self.profile, grant))?;

        let entry = ExecUser::credential(&this_program()?, name.as_str())
            .arg(format!("--profile-dir={}", text(&profiles)?))
            .arg(format!("--cache-dir={}", text(&self.folder.tokens())?));
        let kubeconfig = kubeconfig
            .with_user_auth(&UserAuth::Exec(entry), grant.id_token())
            .map_err(product::no_user)?;
        let path = self.folder.kubeconfig();
        KubeconfigFiles::at(&path).write(&kubeconfig, MergeHow::default())?;
        let context = kubeconfig.current_context().map(str::to_owned);
        Ok((text(&path)?, context))
    }
}

/// The door, whose secrets are at hand: a command that gives one may take its time
async fn with_credentials(door: Door) -> Result<Door, Error> {
    let read = spawn_blocking(move || door.credentials().map(|_| door));
    read.await
        .map_err(|error| Error::config("the credentials cannot be read").because(error))?
}

/// Waits for the command, which gets every signal that comes meanwhile
async fn wait(mut child: Child, signals: &mut Signals) -> Result<i32, Error> {
    loop {
        match race(child.wait(), signals.next()).await {
            First::Left(Ok(status)) => return Ok(command::exit_code(status)),
            First::Left(Err(error)) => {
                return Err(Error::storage("the command cannot be waited for").because(error));
            }
            First::Right(signal) => signals::pass_on(signal, child.id()),
        }
    }
}

/// The profile for the command's own clients: how to refresh, and nothing that leads to a password
fn without_secrets(profile: &Profile, grant: &Grant) -> Profile {
    let mut profile = profile.clone().without_secrets();
    settings::put_servers(&mut profile, grant);
    profile
}

/// Standard input is the command's
fn refuse_stdin(profile: &Profile) -> Result<(), Error> {
    match profile
        .secret_places()
        .any(|place| *place == SecretPlace::Stdin)
    {
        true => Err(Error::config(
            "standard input is the command's, and no secret can come that way",
        )
        .hint("give the secret by a variable, a file or a command")),
        false => Ok(()),
    }
}

/// What the kubeconfig calls: this very program, wherever it is
fn this_program() -> Result<String, Error> {
    match env::current_exe() {
        Ok(path) => text(&path),
        // Where there is no /proc, it must be found by its name.
        Err(_) => Ok("doorward".to_owned()),
    }
}

fn not_started(failed: &command::NotStarted, report: &Report) -> i32 {
    report.failure(&Failure::new(&failed.error, None).exit_code(failed.exit_code));
    failed.exit_code.into()
}

/// Hides variables and memory of this process from others of the same user; whatever it starts is as usual
#[cfg(target_os = "linux")]
fn close_memory() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};

    // Kernels that do not let us are as they were.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Elsewhere the system has no such switch
#[cfg(not(target_os = "linux"))]
fn close_memory() {}

/// The profile in the private folder
const PROFILE: &str = "exec";

/// For a token that is being written when the command ends
const LAST_WORDS: Duration = Duration::from_secs(2);
