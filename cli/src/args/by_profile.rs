//! Calls for which a kept profile says all of the login: options of a login have no place there, and their variables
//! are meant for other calls of the same job.

use std::ffi::OsString;
use std::mem;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, Command};

use crate::args::secrets::SECRETS;
use crate::args::{LoginOptions, doors, own};
use crate::environment::{Environment, variable};

/// Whether a profile that is kept says all of the login, and not the options
pub(super) fn is_meant(words: &[OsString], environment: &Environment) -> bool {
    let texts = || own(words).iter().skip(1).filter_map(|word| word.to_str());
    let is_variable = |long: &str| environment.value(&variable(long)).is_some();
    // The one global option that takes a value.
    let mut before = "";
    let subcommand = texts().find(|word| {
        let is_value = mem::replace(&mut before, word) == "--log-format";
        !word.starts_with('-') && !is_value
    });
    let is_profile = doors::is_flag(words, "profile");
    let is_named = is_profile || is_variable("profile");
    let has_door = doors::is_named(words);
    match subcommand {
        Some("credential") => is_profile || (is_named && !has_door),
        Some("login" | "exec" | "doctor") => {
            is_named && !has_door && !doors::DOORS.iter().any(|long| is_variable(long))
        }
        _ => false,
    }
}

/// The variables that stand for what a profile says
pub(super) fn variables() -> Vec<String> {
    let settings = LoginOptions::augment_args(Command::new(""));
    let options = settings.get_arguments().filter_map(Arg::get_long);
    options.chain(SECRETS).map(variable).collect()
}

/// No option of a login has a place beside a profile that says all of it
pub(super) fn check(matches: &ArgMatches) -> Result<(), (ErrorKind, String)> {
    let Some((_, matches)) = matches.subcommand() else {
        return Ok(());
    };
    let settings = LoginOptions::augment_args(Command::new(""));
    let mut options = settings
        .get_arguments()
        .map(|option| option.get_id().as_str());
    let given = options.find(|id| matches.value_source(id) == Some(ValueSource::CommandLine));
    match given {
        Some(id) => Err((
            ErrorKind::ArgumentConflict,
            format!(
                "--{} has no place beside --profile: the profile says it, and doorward profile add changes it",
                id.replace('_', "-")
            ),
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_meant, variables};
    use crate::environment::Environment;

    fn meant(words: &str, variables: &[(&str, &str)]) -> bool {
        let words: Vec<_> = words.split(' ').map(Into::into).collect();
        is_meant(&words, &Environment::of(variables))
    }

    #[test]
    fn an_option_goes_before_a_variable() {
        let profile = [("DOORWARD_PROFILE", "p")];
        let portal = [("DOORWARD_PORTAL", "x")];

        for words in [
            "credential --profile p",
            "-v credential --profile=p",
            "--log-format json credential --profile p",
        ] {
            assert!(meant(&format!("doorward {words}"), &portal), "{words}");
        }
        assert!(meant("doorward credential", &profile));
        assert!(!meant("doorward credential --portal x", &profile));
        assert!(!meant("doorward credential", &portal));
        assert!(!meant("doorward credential", &[("DOORWARD_PROFILE", "")]));
    }

    #[test]
    fn a_login_is_by_profile_unless_any_portal_is_named() {
        assert!(meant("doorward login --profile p", &[]));
        assert!(meant("doorward login", &[("DOORWARD_PROFILE", "p")]));
        assert!(!meant("doorward login --profile p --portal=x", &[]));
        assert!(!meant(
            "doorward login --profile p",
            &[("DOORWARD_PORTAL", "x")]
        ));
        assert!(!meant("doorward login", &[]));
    }

    #[test]
    fn the_words_of_a_command_are_its_own() {
        let portal = [("DOORWARD_PORTAL", "x")];

        assert!(!meant(
            "doorward exec --portal x -- kubectl --profile=p",
            &[]
        ));
        assert!(!meant("doorward exec -- login --profile p", &portal));
        assert!(meant(
            "doorward exec --profile p -- kubectl --portal y",
            &[]
        ));
    }

    #[test]
    fn the_subcommand_is_told_from_values() {
        assert!(!meant(
            "doorward --log-format credential logout --profile p",
            &[]
        ));
        assert!(!meant("doorward logout --profile credential", &[]));
        assert!(!meant("doorward profile show --profile-dir=x", &[]));
        assert!(!meant("doorward", &[]));
    }

    #[test]
    fn the_variables_of_secrets_are_among_them() {
        let variables = variables();

        for name in [
            "PASSWORD",
            "PASSWORD_FILE",
            "PASSWORD_COMMAND",
            "TOTP_SEED",
            "TOTP_SEED_FILE",
            "CODE_COMMAND",
            "SECURITY_ANSWER",
            "PASSKEY",
            "FACTOR",
            "USERNAME",
            "TIMEOUT",
            "ALLOW_HTTP",
        ] {
            assert!(variables.contains(&format!("DOORWARD_{name}")), "{name}");
        }
        for name in [
            "PROFILE",
            "NO_CACHE",
            "KUBECONFIG",
            "OUTPUT",
            "MASK",
            "SERVER",
        ] {
            assert!(!variables.contains(&format!("DOORWARD_{name}")), "{name}");
        }
    }
}
