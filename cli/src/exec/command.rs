//! The command: its words, its environment, and how it ended.

use std::collections::BTreeSet;
use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, is_separator};
use std::process::ExitStatus;

use doorward::profile::{CredentialsFile, SecretPlace};
use doorward::{Error, Profile};
use tokio::process::{self, Child};

use crate::environment::Environment;
use crate::exit_code::{NOT_FOUND, NOT_STARTED};

/// A command of the caller's
pub(super) struct Command {
    program: OsString,
    arguments: Vec<OsString>,
    /// The variables that hold secrets of the login, besides those of doorward's own
    hidden: BTreeSet<String>,
}

/// Why there is no such process
pub(super) struct NotStarted {
    pub(super) error: Error,
    pub(super) exit_code: u8,
}

impl Command {
    /// What the words say, without the variables that the profile reads secrets from
    pub(super) fn new(words: &[OsString], profile: &Profile) -> Result<Self, Error> {
        let Some((program, arguments)) = words.split_first() else {
            return Err(Error::config("there is no command"));
        };
        Ok(Self {
            program: program.clone(),
            arguments: arguments.to_vec(),
            hidden: variables_of(profile)?,
        })
    }

    /// Whether there is such a program, before a login is spent on it
    pub(super) fn look(&self, environment: &Environment) -> Result<(), NotStarted> {
        // Windows finds programs in more places, and under more names.
        if cfg!(windows) {
            return Ok(());
        }
        let program = Path::new(&self.program);
        let found = match self.program.to_string_lossy().contains(is_separator) {
            true => may_run(program),
            false => {
                let path = environment.owned("PATH").unwrap_or_default();
                let candidates = env::split_paths(&path).map(|folder| folder.join(program));
                let mut found = Err(io::ErrorKind::NotFound.into());
                for candidate in candidates.filter(|candidate| candidate.is_file()) {
                    match may_run(&candidate) {
                        Ok(()) => return Ok(()),
                        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                            found = Err(error);
                        }
                        Err(_) => {}
                    }
                }
                // Without a PATH the system has one of its own.
                if path.is_empty() { Ok(()) } else { found }
            }
        };
        found.map_err(|error| self.not_started(error))
    }

    /// Starts it with its own kubeconfig, and the input and output that we have
    pub(super) fn start(&self, kubeconfig: &str) -> Result<Child, NotStarted> {
        let mut command = process::Command::new(&self.program);
        command.args(&self.arguments);
        for (name, _) in env::vars_os() {
            if is_ours(&name) || name.to_str().is_some_and(|name| self.hidden.contains(name)) {
                command.env_remove(name);
            }
        }
        // What kubectl told a plug-in is not meant for others.
        command.env_remove("KUBERNETES_EXEC_INFO");
        command.env("KUBECONFIG", kubeconfig);
        command.spawn().map_err(|error| self.not_started(error))
    }

    fn not_started(&self, error: io::Error) -> NotStarted {
        let (message, exit_code) = match error.kind() {
            io::ErrorKind::NotFound => ("there is no such command", NOT_FOUND),
            _ => ("the command cannot be started", NOT_STARTED),
        };
        let error = Error::config(message)
            .at("command", self.program.to_string_lossy())
            .because(error);
        NotStarted { error, exit_code }
    }
}

/// The exit code of a command that has ended: its own, or 128 and the number of the signal, as shells tell it
pub(super) fn exit_code(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return crate::exit_code::SIGNAL + signal;
    }
    status.code().unwrap_or(1)
}

/// Whether the variable is one of doorward's own; most of them hold a secret, or would change what the kubeconfig calls
fn is_ours(name: &OsStr) -> bool {
    // Names of variables are not case-sensitive on Windows.
    let name = name.to_string_lossy().to_ascii_uppercase();
    name.starts_with("DOORWARD_")
}

/// The variables that the profile and its credentials file read secrets from
fn variables_of(profile: &Profile) -> Result<BTreeSet<String>, Error> {
    let named = profile.secret_places().filter_map(|place| match place {
        SecretPlace::Variable(name) => Some(name.clone()),
        _ => None,
    });
    let mut variables: BTreeSet<String> = named.collect();
    if let Some(path) = &profile.credentials_file {
        for entry in CredentialsFile::read(path)?.entries() {
            let sources = [Some(&entry.password), entry.totp_seed.as_ref()];
            let named = sources
                .into_iter()
                .flatten()
                .filter_map(|source| source.named_variable());
            variables.extend(named.map(str::to_owned));
        }
    }
    Ok(variables)
}

#[cfg(unix)]
fn may_run(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    let metadata = path.metadata()?;
    match metadata.is_file() && metadata.permissions().mode() & 0o111 != 0 {
        true => Ok(()),
        false => Err(io::ErrorKind::PermissionDenied.into()),
    }
}

#[cfg(not(unix))]
fn may_run(path: &Path) -> io::Result<()> {
    path.metadata().map(drop)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use doorward::Profile;
    use doorward::profile::SecretPlace;

    use super::{is_ours, variables_of};

    #[test]
    fn variables_of_doorward_are_known_in_any_case() {
        for name in ["DOORWARD_PASSWORD", "DOORWARD_X", "doorward_password"] {
            assert!(is_ours(OsStr::new(name)), "{name}");
        }
        for name in ["PATH", "DOORWARD", "MY_DOORWARD_X"] {
            assert!(!is_ours(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn the_variables_that_a_profile_reads_are_known() {
        let mut profile = Profile::default();
        profile.password = Some(SecretPlace::Variable("VAULT_PW".into()));
        profile.totp_seed = Some(SecretPlace::File("/seed".into()));
        profile.passkey = Some(SecretPlace::Variable("MY_KEY".into()));

        let variables = variables_of(&profile).unwrap();

        assert_eq!(
            variables.into_iter().collect::<Vec<_>>(),
            ["MY_KEY", "VAULT_PW"]
        );
    }
}
