//! The environment variables, by doorward's own rules.
//!
//! clap's feature `env` would take an empty variable for a value, and show values in its help; CI systems give empty
//! secrets to pull requests from forks. So each option gets its variable as a default here, before clap parses.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;

use clap::{Arg, ArgAction, Command};

/// The variables that doorward looks at
#[derive(Clone, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<String, OsString>,
}

impl Environment {
    /// What this process was started with
    pub(crate) fn of_process() -> Self {
        let named =
            env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        named.collect()
    }

    /// These variables and no other
    #[cfg(test)]
    pub(crate) fn of(variables: &[(&str, &str)]) -> Self {
        let owned = variables
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        owned.collect()
    }

    /// All variables but those with these names
    pub(crate) fn without(&self, names: &[String]) -> Self {
        let mut variables = self.variables.clone();
        variables.retain(|name, _| !names.contains(name));
        Self { variables }
    }

    /// The value of `name`; an empty variable counts as unset
    pub(crate) fn value(&self, name: &str) -> Option<&OsStr> {
        let value = self.variables.get(name)?;
        Some(value.as_os_str()).filter(|value| !value.is_empty())
    }

    /// The value of `name`, as the core asks for it
    pub(crate) fn owned(&self, name: &str) -> Option<OsString> {
        self.value(name).map(ToOwned::to_owned)
    }

    /// The variables that are set and empty, by name
    pub(crate) fn empty(&self) -> impl Iterator<Item = &str> {
        let empty = self.variables.iter().filter(|(_, value)| value.is_empty());
        empty.map(|(name, _)| name.as_str())
    }

    /// Whether `name` is set to anything but a word for no
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| !is_no(value))
    }

    /// Whether a CI system runs us
    pub(crate) fn is_ci(&self) -> bool {
        self.is_on("CI")
    }

    /// Gives every option of `command` its variable: in the help, and as its value unless the command line has one
    ///
    /// The options called `except` are only told of in the help.
    pub(crate) fn apply(&self, command: Command, except: &[&str]) -> Command {
        command
            .mut_args(|arg| self.apply_to(arg, except))
            .mut_subcommands(|subcommand| self.apply(subcommand, except))
    }

    fn apply_to(&self, arg: Arg, except: &[&str]) -> Arg {
        let Some(name) = arg.get_long().map(variable) else {
            return arg;
        };
        let is_left_out = arg.get_long().is_some_and(|long| except.contains(&long));
        let help = arg.get_help().map(|help| format!("{help} [env:{name}]"));
        let arg = arg.help(help.unwrap_or_default());
        let Some(value) = self.value(&name).filter(|_| !is_left_out) else {
            return arg;
        };
        match arg.get_action() {
            ArgAction::SetTrue if is_no(value) => arg,
            ArgAction::SetTrue => arg.default_value("true"),
            ArgAction::Count => arg.default_value(count(value)),
            ArgAction::Append => arg
                .default_values(lines(value))
                .required(false)
                .hide_default_value(true),
            _ => arg
                .default_value(value.to_owned())
                .required(false)
                .hide_default_value(true),
        }
    }
}

impl FromIterator<(String, OsString)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, OsString)>>(variables: I) -> Self {
        Self {
            variables: variables.into_iter().collect(),
        }
    }
}

/// Values are left out: any of them may be a secret
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

/// The variable of an option: `DOORWARD_IDP_URL` for `--idp-url`
pub(crate) fn variable(long: &str) -> String {
    format!("DOORWARD_{}", long.to_ascii_uppercase().replace('-', "_"))
}

fn is_no(value: &OsStr) -> bool {
    let value = value.to_string_lossy();
    ["false", "0", "no", "off", ""].contains(&value.trim().to_ascii_lowercase().as_str())
}

/// How often a switch that counts was given: a number, or once for any other word but one for no
fn count(value: &OsStr) -> String {
    match value.to_string_lossy().trim() {
        number if number.parse::<u8>().is_ok() => number.to_owned(),
        _ if is_no(value) => "0".to_owned(),
        _ => "1".to_owned(),
    }
}

/// One value per line; empty lines do not count
fn lines(value: &OsStr) -> Vec<OsString> {
    match value.to_str() {
        Some(text) => {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            lines.map(OsString::from).collect()
        }
        None => vec![value.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use clap::{Arg, ArgAction, ArgMatches, Command};

    use super::Environment;

    fn parse(variables: &[(&str, &str)], words: &[&str]) -> ArgMatches {
        let command = Command::new("x")
            .arg(
                Arg::new("name")
                    .long("the-name")
                    .required(true)
                    .help("A name"),
            )
            .arg(Arg::new("many").long("many").action(ArgAction::Append))
            .arg(Arg::new("on").long("on").action(ArgAction::SetTrue))
            .arg(
                Arg::new("more")
                    .short('m')
                    .long("more")
                    .action(ArgAction::Count),
            );
        let command = Environment::of(variables).apply(command, &[]);
        command
            .try_get_matches_from([&["x"], words].concat())
            .unwrap()
    }

    #[test]
    fn a_flag_goes_before_a_variable() {
        let variables = [("DOORWARD_THE_NAME", "variable"), ("DOORWARD_MANY", "a\nb")];

        let matches = parse(&variables, &[]);
        assert_eq!(matches.get_one::<String>("name").unwrap(), "variable");

        let matches = parse(&variables, &["--the-name", "flag", "--many", "c"]);
        assert_eq!(matches.get_one::<String>("name").unwrap(), "flag");
        assert_eq!(
            matches
                .get_many::<String>("many")
                .unwrap()
                .collect::<Vec<_>>(),
            ["c"]
        );
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let variables = [
            ("DOORWARD_THE_NAME", ""),
            ("DOORWARD_MANY", ""),
            ("DOORWARD_ON", ""),
        ];

        let matches = parse(&variables, &["--the-name", "x"]);

        assert!(matches.get_many::<String>("many").is_none());
        assert!(!matches.get_flag("on"));
    }

    #[test]
    fn a_variable_has_one_value_per_line() {
        let variables = [
            ("DOORWARD_THE_NAME", "x"),
            ("DOORWARD_MANY", "a, b\r\n\n  c\n"),
        ];

        let matches = parse(&variables, &[]);

        assert_eq!(
            matches
                .get_many::<String>("many")
                .unwrap()
                .collect::<Vec<_>>(),
            ["a, b", "c"]
        );
    }

    #[test]
    fn words_for_no_leave_a_switch_off() {
        let is_on =
            |word| parse(&[("DOORWARD_THE_NAME", "x"), ("DOORWARD_ON", word)], &[]).get_flag("on");

        for word in ["false", "0", "no", "off", "FALSE", " Off ", ""] {
            assert!(!is_on(word), "{word}");
        }
        for word in ["true", "1", "yes", "on", "anything"] {
            assert!(is_on(word), "{word}");
        }
    }

    #[test]
    fn a_counting_switch_takes_a_number_or_a_word() {
        let count = |word| {
            parse(&[("DOORWARD_THE_NAME", "x"), ("DOORWARD_MORE", word)], &[]).get_count("more")
        };

        assert_eq!(["2", "true", "off", "0"].map(count), [2, 1, 0, 0]);
        let both = parse(
            &[("DOORWARD_THE_NAME", "x"), ("DOORWARD_MORE", "3")],
            &["-m"],
        );
        assert_eq!(both.get_count("more"), 1);
    }

    #[test]
    fn the_help_names_the_variable_and_not_its_value() {
        let command = Command::new("x").arg(Arg::new("name").long("the-name").help("A name"));
        let mut command = Environment::of(&[("DOORWARD_THE_NAME", "canary")]).apply(command, &[]);

        let help = command.render_long_help().to_string();

        assert!(help.contains("A name [env:DOORWARD_THE_NAME]"), "{help}");
        assert!(!help.contains("canary"));
    }

    #[test]
    fn debug_shows_no_value() {
        let shown = format!("{:?}", Environment::of(&[("DOORWARD_PASSWORD", "canary")]));

        assert_eq!(shown, r#"{"DOORWARD_PASSWORD"}"#);
    }
}
