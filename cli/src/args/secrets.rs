//! Where secrets come from: a file, a command, or a variable. None is ever on the command line itself.

use std::path::PathBuf;

use doorward::profile::SecretPlace;

use crate::environment::{Environment, variable};
use crate::input::is_stdin;

/// Finds the places of secrets, by the same rules for each
#[derive(Debug)]
pub(super) struct SecretFinder<'a> {
    environment: &'a Environment,
    /// Whether files that others can read or write are taken, too
    shared_files: bool,
    /// What comes by standard input already
    by_stdin: Option<&'static str>,
}

impl<'a> SecretFinder<'a> {
    pub(super) fn new(environment: &'a Environment, shared_files: bool) -> Self {
        Self {
            environment,
            shared_files,
            by_stdin: None,
        }
    }

    /// Finds where the secret called `name` comes from: one of its two options, or one of its three variables
    ///
    /// The error is a usage error's text; it names variables, and shows no value.
    pub(super) fn find(
        &mut self,
        name: &'static str,
        file: Option<PathBuf>,
        command: Option<String>,
    ) -> Result<Option<SecretPlace>, String> {
        let place = match (file, command) {
            (Some(path), _) => Some(self.file(path)),
            (None, Some(line)) => Some(SecretPlace::Command(line)),
            (None, None) => self.of_variables(name)?,
        };
        if place == Some(SecretPlace::Stdin)
            && let Some(other) = self.by_stdin.replace(name)
        {
            return Err(format!(
                "--{other}-file and --{name}-file both read standard input, which holds one secret only"
            ));
        }
        Ok(place)
    }

    /// The one of three variables that says where the secret comes from
    fn of_variables(&self, name: &str) -> Result<Option<SecretPlace>, String> {
        let text = |name: &str| match self.environment.value(name).map(|value| value.to_str()) {
            Some(None) => Err(format!("{name} is no UTF-8 text")),
            found => Ok(found.flatten().map(str::to_owned)),
        };
        let itself = variable(name);
        let (of_file, of_command) = (format!("{itself}_FILE"), format!("{itself}_COMMAND"));
        let value = text(&itself)?.map(|_| SecretPlace::Variable(itself.clone()));
        let path = self.environment.value(&of_file);
        let path = path.map(|path| self.file(path.into()));
        let command = text(&of_command)?.map(SecretPlace::Command);
        let found = [(itself, value), (of_file, path), (of_command, command)];
        let mut found = found
            .into_iter()
            .filter_map(|(variable, place)| Some((variable, place?)));
        match (found.next(), found.next()) {
            (Some((first, _)), Some((second, _))) => Err(format!(
                "{first} and {second} both give the {}: set one of them only",
                told(name)
            )),
            (first, _) => Ok(first.map(|(_, place)| place)),
        }
    }

    fn file(&self, path: PathBuf) -> SecretPlace {
        match (is_stdin(&path), self.shared_files) {
            (true, _) => SecretPlace::Stdin,
            (false, true) => SecretPlace::SharedFile(path),
            (false, false) => SecretPlace::File(path),
        }
    }
}

/// How people call the secret `name`
pub(crate) fn told(name: &str) -> String {
    name.replace("totp", "TOTP").replace('-', " ")
}

/// The secrets of a login, by the names of their variables
pub(crate) const SECRETS: [&str; 8] = [
    PASSWORD,
    TOTP_SEED,
    SECURITY_ANSWER,
    PASSKEY,
    DEVICE,
    CLIENT_SECRET,
    SUBJECT_TOKEN,
    JWT_KEY_PASSPHRASE,
];

pub(crate) const PASSWORD: &str = "password";
pub(crate) const TOTP_SEED: &str = "totp-seed";
pub(crate) const SECURITY_ANSWER: &str = "security-answer";
pub(crate) const PASSKEY: &str = "passkey";
pub(crate) const DEVICE: &str = "device";
pub(crate) const CLIENT_SECRET: &str = "client-secret";
pub(crate) const SUBJECT_TOKEN: &str = "subject-token";
pub(crate) const JWT_KEY_PASSPHRASE: &str = "jwt-key-passphrase";

/// The options that are of one level with the variables of the secrets themselves
pub(super) const SECRET_SOURCES: &[&str] = &[
    "password-file",
    "password-command",
    "totp-seed-file",
    "totp-seed-command",
    "security-answer-file",
    "security-answer-command",
    "passkey-file",
    "passkey-command",
    "device-file",
    "device-command",
    "client-secret-file",
    "client-secret-command",
    "subject-token-file",
    "subject-token-command",
    "jwt-key-passphrase-file",
    "jwt-key-passphrase-command",
];

#[cfg(test)]
mod tests {
    use doorward::profile::SecretPlace;

    use super::{SECRET_SOURCES, SECRETS, SecretFinder};
    use crate::environment::{Environment, variable};

    #[test]
    fn each_secret_has_two_options() {
        let options: Vec<String> = SECRETS
            .iter()
            .flat_map(|name| [format!("{name}-file"), format!("{name}-command")])
            .collect();

        assert_eq!(options, SECRET_SOURCES);
    }

    #[test]
    fn every_secret_follows_the_same_rules() {
        for name in SECRETS {
            let itself = variable(name);
            let find = |variables: &[(&str, &str)], file: Option<&str>| {
                let environment = Environment::of(variables);
                let mut finder = SecretFinder::new(&environment, false);
                finder.find(name, file.map(Into::into), None)
            };
            let of_file = format!("{itself}_FILE");

            let by_value = find(&[(&itself, "canary"), (&of_file, "")], None);
            assert_eq!(by_value, Ok(Some(SecretPlace::Variable(itself.clone()))));
            let by_flag = find(&[(&itself, "canary")], Some("f"));
            assert_eq!(by_flag, Ok(Some(SecretPlace::File("f".into()))));
            let by_stdin = find(&[(&of_file, "-")], None);
            assert_eq!(by_stdin, Ok(Some(SecretPlace::Stdin)));
            assert_eq!(find(&[(&itself, "")], None), Ok(None));
            let both = find(&[(&itself, "canary"), (&of_file, "canary")], None).unwrap_err();
            assert!(both.contains(&itself) && both.contains(&of_file), "{both}");
            assert!(!both.contains("canary"), "{both}");
        }
    }

    #[test]
    fn standard_input_holds_one_secret() {
        let environment = Environment::default();
        let mut finder = SecretFinder::new(&environment, true);

        finder.find("password", Some("-".into()), None).unwrap();
        let second = finder.find("passkey", Some("-".into()), None);

        let second = second.unwrap_err();
        assert!(
            second.contains("--password-file and --passkey-file"),
            "{second}"
        );
    }
}
