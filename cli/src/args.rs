//! The command line: subcommands and their options, each option also as a variable `DOORWARD_…`.

mod by_profile;

mod check;
pub(crate) use check::{Check, FindingsFormat};

mod credential;
pub(crate) use credential::{Credential, KubeconfigAction, Logout, UseExec};

mod device;
pub(crate) use device::{DeviceAction, ExportDevice, ImportDevice, OwnProfile};

mod doctor;
pub(crate) use doctor::{Doctor, DoctorFormat};

mod doors;

mod exec;
pub(crate) use exec::Exec;

mod jwt;
pub(crate) use jwt::{Issue, JwtAction, KeyOptions, Keygen, PassphraseOptions, Publish, Rotate};

mod login;
pub(crate) use login::{Ends, Login, LoginOptions, NetworkOptions};

mod kubeconfig;
pub(crate) use kubeconfig::{
    Allowances, EntryOptions, KubeconfigOptions, NameOptions, UserAuthName, UserOptions, text,
};

mod output;
pub(crate) use output::{LogFormat, Mask, MaskWhen, Output, Product};

#[cfg(test)]
mod pages;

mod passkey;
pub(crate) use passkey::{EnrollPasskey, PasskeyAction, ShowPasskey};

mod profile;
pub(crate) use profile::{
    AddProfile, FormatName, ImportProfile, ListProfiles, NamedProfile, ProfileAction, ShowProfile,
};

mod record;
pub(crate) use record::Record;

mod secrets;
pub(crate) use secrets::{
    CLIENT_SECRET, DEVICE, JWT_KEY_PASSPHRASE, PASSKEY, PASSWORD, SECRETS, SECURITY_ANSWER,
    SUBJECT_TOKEN, TOTP_SEED, told,
};

mod service_account;
pub(crate) use service_account::ServiceAccountOptions;

mod store;
pub(crate) use store::{Folders, StoreOptions, absolute};

mod target;
pub(crate) use target::TargetOptions;

mod ways;
pub(crate) use ways::{DETECTED, IdentityOptions, IssuerOptions};

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{
    ArgAction, ArgMatches, Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand,
};
use clap_complete::Shell;

use crate::args::secrets::SECRET_SOURCES;
use crate::environment::{Environment, variable};
use crate::exit_code;

/// Logs in through a token portal and its identity provider, with nobody at the keyboard
///
/// A Kubernetes token portal such as OpenUnison sends people to a login page, and then shows them a command that
/// makes their kubeconfig. doorward goes the same way for a pipeline: it signs in at the login page, comes back to the
/// portal, and writes the kubeconfig itself. The portal's command is read, and never run.
#[derive(Debug, Parser)]
#[command(name = "doorward", version, max_term_width = 100, after_long_help = after_help())]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) action: Action,

    /// Show each request as it is made; twice: what doorward itself thinks, too
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    #[arg(help_heading = "Messages")]
    verbose: u8,

    /// Show errors only
    #[arg(short, long, global = true, help_heading = "Messages")]
    quiet: bool,

    /// How messages on stderr look: text, or json for one JSON object per line; masks, a CI system's annotations, and what a command of yours prints there, stay as they are
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        default_value = "text",
        help_heading = "Messages"
    )]
    #[arg(hide_possible_values = true)]
    pub(crate) log_format: LogFormat,

    #[arg(skip)]
    pub(crate) level: Level,
}

/// What to do
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Log in at a portal, or by another way in, and write the kubeconfig
    ///
    /// The ways in: --portal leads to a provider's login page, and back; --issuer does so without a portal; --jwt-key makes the tokens
    /// itself; --ci-identity takes the one that the platform gives to its jobs. Where no portal names the cluster, --server or --context does.
    ///
    /// The file is $KUBECONFIG or ~/.kube/config, unless --kubeconfig names another; what is in it stays. A wrong password is
    /// tried once. Credentials go to the origins named by --idp-url and nowhere else; without one, only the
    /// portal's own login form gets them.
    #[command(after_help = LOGIN_EXAMPLE)]
    Login(Box<Login>),
    /// Give kubectl a token: the plug-in that a kubeconfig written by login calls
    ///
    /// Prints an ExecCredential on stdout. The token is the one that is kept, if it has enough life left; else one refresh token
    /// is spent for the next; else doorward logs in anew, with the settings of the profile. However many clients call it at once,
    /// one of them renews, and all get the same token. A token is not handed out in the last sixth of its life (1 to 60 seconds).
    Credential(Box<Credential>),
    /// Log in, and run a command that has a kubeconfig of its own
    ///
    /// The kubeconfig is in a private folder, in memory where the platform has such a place, and its token stays fresh for as long as
    /// the command runs. The folder goes with the command, also after a signal, which the command gets, too. Nothing else of this
    /// machine is written, and a kubeconfig that is there is not read. The command has its own standard input, none of the variables
    /// DOORWARD_…, and its exit code is the result.
    #[command(after_help = EXEC_EXAMPLE)]
    Exec(Box<Exec>),
    /// Find out why a login fails, or whether one could work, without any credentials
    ///
    /// Walks from the portal to the first login page, and says what it saw: names and addresses, the proxy, connections, certificates,
    /// clocks, each request, the origins that have to be named, the adapter; then whether folders can be written, and which clients
    /// would run the plug-in. No user name, password or code is sent, so that no attempt is counted anywhere; only a client
    /// certificate and headers for the portal are, where options give them. At the end stands the complete login command to try. The exit code is 0
    /// if a login could work, or else that of the first thing that it would fail with.
    #[command(after_help = DOCTOR_EXAMPLE)]
    Doctor(Box<Doctor>),
    /// Forget the tokens of a profile, and revoke them where the issuer can
    ///
    /// What the provider recognizes the device by is forgotten, too: for it, the next login is that of a new device. doorward device export
    /// keeps that elsewhere.
    Logout(Logout),
    /// Take what a provider recognizes the device by to another machine
    #[command(subcommand)]
    Device(DeviceAction),
    /// Keep, list and show profiles: the settings of logins, without any password
    #[command(subcommand)]
    Profile(ProfileAction),
    /// Make a passkey for a job, and show whose one is
    #[command(subcommand)]
    Passkey(PasskeyAction),
    /// Make keys and tokens of one's own, and be their issuer
    #[command(subcommand)]
    Jwt(JwtAction),
    /// Check and change kubeconfig files
    #[command(subcommand)]
    Kubeconfig(KubeconfigAction),
    /// Turn the saved JSON of a portal into a kubeconfig, without any network
    ///
    /// The JSON is what the portal answers at /k8stoken/token/user. Without --kubeconfig the kubeconfig goes to stdout, and is
    /// merged with nothing.
    Convert(Convert),
    /// Record a login, redacted, for the tests of an adapter
    ///
    /// Logs in as login does, once, with a right or a wrong password, and writes what went over the wire into a folder: a case.toml, and a
    /// file for each exchange. Secrets, cookies, tokens, hosts and user names are replaced by made-up ones; where one would be left
    /// in any encoding, nothing is written. No token is kept. ADAPTERS.md says what becomes of a recording.
    #[command(after_help = RECORD_EXAMPLE)]
    Record(Box<Record>),
    /// Write a kubeconfig with short-lived tokens of a service account
    ///
    /// The tokens are asked for by the credentials of a context that is there, or in a pod by its own, which need the right to create
    /// serviceaccounts/token. The new entry asks for the next one before the token ends. Nothing is made in the cluster.
    #[command(after_help = SERVICE_ACCOUNT_EXAMPLE)]
    #[command(mut_arg("namespace", |arg| arg.short('n').required(true).help_heading("Service account").help("Its namespace, which is that of the new context, too")))]
    ServiceAccount(Box<ServiceAccountOptions>),
    /// List the identity providers that doorward can sign in at
    Adapters,
    /// Print the completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write the man pages into a folder
    #[cfg(feature = "man")]
    #[command(hide = true)]
    Man {
        /// The folder
        folder: PathBuf,
    },
    /// List the exit codes, and what to do about each
    #[command(override_help = exit_code::table())]
    ExitCodes,
}

impl Action {
    /// The portal or issuer as the caller named it
    pub(crate) fn place(&self) -> Option<&str> {
        let settings = match self {
            Self::Login(login) => &login.settings,
            Self::Credential(credential) => &credential.settings,
            Self::Exec(exec) => &exec.settings,
            Self::Doctor(doctor) => &doctor.settings,
            Self::Record(record) => &record.settings,
            _ => return None,
        };
        let issuer = || settings.issuer.issuer.as_deref();
        settings.portal.portal.as_deref().or_else(issuer)
    }

    /// The settings of a login, where the action has such
    fn settings(&mut self) -> Option<&mut LoginOptions> {
        match self {
            Self::Login(login) => Some(&mut login.settings),
            Self::Credential(credential) => Some(&mut credential.settings),
            Self::Exec(exec) => Some(&mut exec.settings),
            Self::Doctor(doctor) => Some(&mut doctor.settings),
            Self::Record(record) => Some(&mut record.settings),
            Self::Profile(ProfileAction::Add(add)) => Some(&mut add.settings),
            Self::Kubeconfig(KubeconfigAction::UseExec(use_exec)) => Some(&mut use_exec.settings),
            _ => None,
        }
    }
}

/// The options of `convert`
#[derive(Args, Debug)]
pub(crate) struct Convert {
    /// The portal's JSON; - or nothing for stdin
    #[arg(default_value = "-", hide_default_value = true)]
    pub(crate) file: PathBuf,

    #[command(flatten)]
    pub(crate) allowances: Allowances,

    #[command(flatten)]
    pub(crate) kubeconfig: KubeconfigOptions,

    /// What the user entry holds: auth-provider as the portal says it, with a refresh token, or the bare token; kubeconfig use-exec makes exec of it
    #[arg(
        long,
        value_name = "KIND",
        default_value = "auth-provider",
        help_heading = "Kubeconfig"
    )]
    pub(crate) user_auth: UserAuthName,

    #[command(flatten)]
    pub(crate) mask: Mask,
}

/// How much is said on stderr
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Level {
    Quiet,
    #[default]
    Normal,
    Verbose,
    Debug,
}

/// Reads the command line and the variables
pub(crate) fn parse(
    words: &[OsString],
    environment: &Environment,
) -> Result<Arguments, clap::Error> {
    let by_profile = by_profile::is_meant(words, environment);
    // A variable may be meant for another call of the same job; an option is meant for this one.
    let environment = &match by_profile {
        true => environment.without(&by_profile::variables()),
        false => environment.without(&doors::variables_of_others(words)),
    };
    let mut command = environment.apply(Arguments::command(), SECRET_SOURCES);
    let matches = match command.try_get_matches_from_mut(words) {
        Ok(matches) => matches,
        Err(error) => return Err(explain(error, &mut command, words, environment)),
    };
    let mut arguments =
        Arguments::from_arg_matches(&matches).map_err(|error| error.format(&mut command))?;
    arguments.level = level(&matches);
    if let Some(settings) = arguments.action.settings() {
        let found = settings.find_secrets(environment);
        let found = found.and_then(|()| doors::check(settings));
        found.map_err(|message| command.error(ErrorKind::ArgumentConflict, message))?;
    }
    if let Action::Jwt(action) = &mut arguments.action {
        let found = action.find_secrets(environment);
        found.map_err(|message| command.error(ErrorKind::ArgumentConflict, message))?;
    }
    let found = match by_profile {
        true => by_profile::check(&matches),
        false => check_door(&arguments.action),
    };
    found.map_err(|(kind, message)| command.error(kind, message))?;
    Ok(arguments)
}

/// A login needs a way in, unless a profile has one
fn check_door(action: &Action) -> Result<(), (ErrorKind, String)> {
    let missing = match action {
        Action::Login(login) if !login.settings.name_a_door() => {
            "--portal <URL>, --issuer <URL>, --jwt-key <KEY>, --ci-identity, or --profile <NAME> of a profile that has one,"
        }
        Action::Credential(credential) if !credential.settings.name_a_door() => {
            "--profile <NAME>, or --portal <URL>,"
        }
        Action::Doctor(doctor) if !doctor.settings.name_a_door() => {
            "--portal <URL>, or --profile <NAME> of a profile that has one,"
        }
        Action::Exec(exec) if !exec.settings.name_a_door() => {
            "--portal <URL>, or --profile <NAME> of a profile that has one,"
        }
        Action::Record(record) if record.settings.portal.portal.is_none() => "--portal <URL>",
        Action::Profile(ProfileAction::Add(add)) if !add.settings.name_a_door() => "--portal <URL>",
        Action::Logout(logout) if logout.store.profile.is_none() => "--profile <NAME>",
        Action::Device(action) if action.profile().is_none() => "--profile <NAME>",
        _ => return Ok(()),
    };
    Err((
        ErrorKind::MissingRequiredArgument,
        format!("{missing} is missing"),
    ))
}

/// The whole command with no variable set, for completions
pub(crate) fn command() -> Command {
    Environment::default().apply(Arguments::command(), SECRET_SOURCES)
}

/// Whether messages are to be JSON, asked when the command line cannot be read
pub(crate) fn wants_json(words: &[OsString], environment: &Environment) -> bool {
    let is_json = |value: &OsStr| value.eq_ignore_ascii_case("json");
    let mut flag = None;
    for (at, word) in own(words).iter().enumerate() {
        if word == "--log-format" {
            flag = words.get(at + 1).map(OsString::as_os_str);
        } else if let Some(value) = word
            .to_str()
            .and_then(|word| word.strip_prefix("--log-format="))
        {
            flag = Some(OsStr::new(value));
        }
    }
    flag.or_else(|| environment.value(&variable("log-format")))
        .is_some_and(is_json)
}

/// The words that are meant for us, and not for a command of the caller's
fn own(words: &[OsString]) -> &[OsString] {
    let end = words.iter().position(|word| word == "--");
    words.get(..end.unwrap_or(words.len())).unwrap_or(words)
}

/// `-v` and `-q`: a flag goes before both variables
fn level(matches: &ArgMatches) -> Level {
    let (verbose, quiet) = (matches.get_count("verbose"), matches.get_flag("quiet"));
    let is_flag = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
    match verbose {
        _ if is_flag("quiet") => Level::Quiet,
        0 if quiet => Level::Quiet,
        0 => Level::Normal,
        1 => Level::Verbose,
        _ => Level::Debug,
    }
}

/// A usage error that shows no word too many, and tells where a wrong value comes from
fn explain(
    mut error: clap::Error,
    command: &mut Command,
    words: &[OsString],
    environment: &Environment,
) -> clap::Error {
    let Some(ContextValue::String(arg)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let long = arg
        .trim_start_matches("--")
        .split([' ', '.'])
        .next()
        .unwrap_or_default();
    let name = variable(long);
    let is_flag = |word: &OsString| {
        word.to_str()
            .is_some_and(|word| word.starts_with(&format!("--{long}")))
    };
    match error.kind() {
        // It may be a password that was not quoted, or has no option in front.
        ErrorKind::UnknownArgument if !arg.starts_with('-') => command.error(
            ErrorKind::UnknownArgument,
            "there is a word too many, which is not shown here",
        ),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation
            if environment.value(&name).is_some() && !own(words).iter().any(is_flag) =>
        {
            let tip = StyledStr::from(format!("the value is that of the variable {name}"));
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
            error
        }
        _ => error,
    }
}

/// What the help of the whole program says at its end
fn after_help() -> String {
    format!("{VARIABLES}\n\nExit codes:\n{}", exit_code::table())
}

const LOGIN_EXAMPLE: &str = "\
Example:
  export DOORWARD_PASSWORD    # from the CI system's secrets
  doorward login --portal k8sou.example.com --idp-url https://acme.okta.com --username ci-bot
  kubectl get pods";

const SERVICE_ACCOUNT_EXAMPLE: &str = "\
Example:
  doorward service-account deployer -n ci --duration 15m --kubeconfig deployer.kubeconfig
  KUBECONFIG=deployer.kubeconfig kubectl get pods";

const EXEC_EXAMPLE: &str = "\
Example:
  export DOORWARD_PASSWORD
  doorward exec --portal k8sou.example.com --idp-url https://acme.okta.com --username ci-bot -- kubectl get pods

Exit codes: that of the command; 128 and the number of the signal that ended it; 126 where the command cannot be started, and 127 \
where there is none; what doorward help tells, where there is no login for it.";

const DOCTOR_EXAMPLE: &str = "\
Example:
  doorward doctor --portal k8sou.example.com --picture walk.html";

const RECORD_EXAMPLE: &str = "\
Example:
  export DOORWARD_PASSWORD
  doorward record --into fixtures/acme/password-ok --docs 'A password signs in' --seen-with 'Acme 1.2' \\
    --portal k8sou.example.com --idp-url https://acme.example.com --username ci-bot";

const VARIABLES: &str = "\
Variables: every option can be given as a variable instead, --idp-url as DOORWARD_IDP_URL. An option goes before its \
variable, and an empty variable counts as unset. false, 0, no and off switch an option off. An option that can be \
given several times takes one value per line. A secret itself has a variable only: \
DOORWARD_PASSWORD, DOORWARD_TOTP_SEED, DOORWARD_SECURITY_ANSWER, DOORWARD_PASSKEY, DOORWARD_DEVICE, \
DOORWARD_CLIENT_SECRET, DOORWARD_SUBJECT_TOKEN, DOORWARD_JWT_KEY_PASSPHRASE, DOORWARD_PROXY_PASSWORD.

Times: 90 and 90s are seconds, 5m are minutes, 24h are hours.";

#[cfg(test)]
mod tests {
    use doorward::profile::SecretPlace;

    use super::{Action, Arguments, Level, Login, parse, wants_json};
    use crate::environment::Environment;

    fn read(words: &str, variables: &[(&str, &str)]) -> Result<Arguments, clap::Error> {
        let words: Vec<_> = words.split(' ').map(Into::into).collect();
        parse(&words, &Environment::of(variables))
    }

    fn login(words: &str, variables: &[(&str, &str)]) -> Box<Login> {
        match read(words, variables).unwrap().action {
            Action::Login(login) => login,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_command_is_consistent() {
        super::command().debug_assert();
        let all: Vec<_> = super::command()
            .get_subcommands()
            .flat_map(|subcommand| subcommand.get_arguments())
            .filter_map(|arg| Some((super::variable(arg.get_long()?), "1")))
            .collect();
        let variables: Vec<(&str, &str)> = all
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect();
        Environment::of(&variables)
            .apply(super::command(), &[])
            .debug_assert();
    }

    #[test]
    fn the_help_names_the_variable_of_each_secret() {
        for name in super::secrets::SECRETS {
            assert!(super::VARIABLES.contains(&super::variable(name)), "{name}");
        }
    }

    #[test]
    fn every_option_says_what_it_does_and_which_variable_it_has() {
        let mut commands = vec![super::command()];
        while let Some(command) = commands.pop() {
            commands.extend(command.get_subcommands().cloned());
            for arg in command.get_arguments() {
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(!help.is_empty(), "{} {}", command.get_name(), arg.get_id());
                if let Some(long) = arg.get_long() {
                    assert!(
                        help.contains(&format!("[env:{}]", super::variable(long))),
                        "{help}"
                    );
                    assert!(arg.get_help_heading().is_some(), "--{long} has no heading");
                }
            }
        }
    }

    #[test]
    fn the_portal_may_come_from_a_variable() {
        let login = login(
            "doorward login",
            &[("DOORWARD_PORTAL", "k8sou.example.com")],
        );

        assert_eq!(login.settings.portal.portal.unwrap(), "k8sou.example.com");
    }

    #[test]
    fn a_portal_is_required() {
        for variables in [&[][..], &[("DOORWARD_PORTAL", "")]] {
            assert_eq!(
                read("doorward login", variables).unwrap_err().exit_code(),
                2
            );
        }
    }

    #[test]
    fn two_sources_of_one_password_are_a_usage_error() {
        let both = "doorward login --portal x --password-file a --password-command b";
        assert_eq!(read(both, &[]).unwrap_err().exit_code(), 2);
        for (first, second) in [
            ("DOORWARD_PASSWORD", "DOORWARD_PASSWORD_FILE"),
            ("DOORWARD_PASSWORD", "DOORWARD_PASSWORD_COMMAND"),
            ("DOORWARD_PASSWORD_FILE", "DOORWARD_PASSWORD_COMMAND"),
        ] {
            let variables = [(first, "canary"), (second, "canary")];
            let error = read("doorward login --portal x", &variables).unwrap_err();

            assert_eq!(error.exit_code(), 2);
            let shown = error.to_string();
            assert!(shown.contains(first) && shown.contains(second), "{shown}");
            assert!(!shown.contains("canary"));
        }
    }

    #[test]
    fn a_password_flag_goes_before_password_variables() {
        let variables = [
            ("DOORWARD_PASSWORD", "canary"),
            ("DOORWARD_PASSWORD_COMMAND", "canary"),
        ];

        let login = login("doorward login --portal x --password-file pw", &variables);

        let place = login.settings.credentials.password.unwrap();
        assert_eq!(place, SecretPlace::File("pw".into()));
    }

    #[test]
    fn an_empty_password_variable_is_no_second_source() {
        let variables = [("DOORWARD_PASSWORD", ""), ("DOORWARD_PASSWORD_FILE", "pw")];

        let login = login("doorward login --portal x", &variables);

        let place = login.settings.credentials.password.unwrap();
        assert_eq!(place, SecretPlace::File("pw".into()));
    }

    #[test]
    fn the_level_of_a_flag_goes_before_that_of_a_variable() {
        let level = |words, variables| read(words, variables).unwrap().level;
        let verbose: &[_] = &[("DOORWARD_VERBOSE", "2")];
        let quiet: &[_] = &[("DOORWARD_QUIET", "yes")];

        assert_eq!(level("doorward adapters", &[]), Level::Normal);
        assert_eq!(level("doorward adapters -v", &[]), Level::Verbose);
        assert_eq!(level("doorward -vv adapters", &[]), Level::Debug);
        assert_eq!(level("doorward adapters", verbose), Level::Debug);
        assert_eq!(level("doorward adapters -q", verbose), Level::Quiet);
        assert_eq!(level("doorward adapters", quiet), Level::Quiet);
        assert_eq!(level("doorward adapters -v", quiet), Level::Verbose);
        assert_eq!(
            read("doorward adapters -v -q", &[])
                .unwrap_err()
                .exit_code(),
            2
        );
    }

    #[test]
    fn the_format_of_usage_errors_is_known_without_parsing() {
        let wants = |words: &str, variables| {
            let words: Vec<_> = words.split(' ').map(Into::into).collect();
            wants_json(&words, &Environment::of(variables))
        };
        assert!(wants("doorward --nonsense --log-format json", &[]));
        assert!(wants("doorward login --log-format=json", &[]));
        assert!(wants("doorward login", &[("DOORWARD_LOG_FORMAT", "json")]));
        assert!(!wants(
            "doorward login --log-format text",
            &[("DOORWARD_LOG_FORMAT", "json")]
        ));
        assert!(!wants("doorward login", &[]));
    }

    #[test]
    fn a_wrong_value_of_a_variable_is_told_as_such() {
        for (name, value) in [
            ("DOORWARD_TIMEOUT", "soon"),
            ("DOORWARD_OUTPUT", "all"),
            ("DOORWARD_IDP", "acme"),
        ] {
            let error = read("doorward login --portal x", &[(name, value)]).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(
                error
                    .to_string()
                    .contains(&format!("that of the variable {name}")),
                "{error}"
            );
        }
        let error = read(
            "doorward login --portal x --timeout soon",
            &[("DOORWARD_TIMEOUT", "5m")],
        )
        .unwrap_err();
        assert!(!error.to_string().contains("DOORWARD_TIMEOUT"), "{error}");
    }

    #[test]
    fn what_nobody_asked_for_is_not_shown() {
        for words in [
            "--password=canary",
            "--password canary",
            "-pcanary",
            "canary",
            "--username x canary",
        ] {
            let error = read(&format!("doorward login --portal x {words}"), &[]).unwrap_err();

            assert_eq!(error.exit_code(), 2);
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }
}
