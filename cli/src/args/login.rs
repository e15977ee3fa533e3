//! The options of `login`: where to go, who goes there, and over which network.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use doorward::profile::SecretPlace;

use crate::adapters;
use crate::args::{Allowances, KubeconfigOptions, Mask, Output, StoreOptions, UserOptions};
use crate::environment::{Environment, variable};
use crate::time;

/// All of them
#[derive(Args, Debug)]
pub(crate) struct Login {
    #[command(flatten)]
    pub(crate) settings: LoginOptions,

    #[command(flatten)]
    pub(crate) store: StoreOptions,

    #[command(flatten)]
    pub(crate) user: UserOptions,

    #[command(flatten)]
    pub(crate) kubeconfig: KubeconfigOptions,

    #[command(flatten)]
    pub(crate) output: Output,

    #[command(flatten)]
    pub(crate) mask: Mask,
}

/// What a profile can hold
#[derive(Args, Debug)]
pub(crate) struct LoginOptions {
    #[command(flatten)]
    pub(crate) portal: PortalOptions,

    #[command(flatten)]
    pub(crate) credentials: CredentialOptions,

    #[command(flatten)]
    pub(crate) network: NetworkOptions,

    #[command(flatten)]
    pub(crate) allowances: Allowances,
}

/// Where the login begins, and who may take part in it
#[derive(Args, Debug)]
#[command(next_help_heading = "Portal and provider")]
pub(crate) struct PortalOptions {
    /// The token portal: its host, or the full URL of its token document if that is not at /k8stoken/token/user
    #[arg(long, value_name = "URL")]
    pub(crate) portal: Option<String>,

    /// Use only this adapter to sign in, instead of the one that recognizes the login page; can be given several times
    #[arg(long, value_name = "NAME", value_parser = adapters::names())]
    pub(crate) idp: Vec<String>,

    /// An identity provider that may get the credentials, by scheme, host and port; can be given several times
    #[arg(long, value_name = "URL")]
    pub(crate) idp_url: Vec<String>,

    /// A host between provider and portal that may get codes and assertions, but no credentials; can be given several times
    #[arg(long, value_name = "URL")]
    pub(crate) via: Vec<String>,

    /// What to choose where a page offers several ways to log in, by its label; can be given several times
    #[arg(long, value_name = "LABEL")]
    pub(crate) login_option: Vec<String>,

    /// Accept terms of use where a page asks for it
    #[arg(long)]
    pub(crate) accept_terms: bool,

    /// Give consent where a page asks whether an application may have the account's data
    #[arg(long)]
    pub(crate) accept_consent: bool,
}

/// Who signs in
#[derive(Args, Debug)]
#[command(next_help_heading = "Credentials")]
pub(crate) struct CredentialOptions {
    /// The user name at the identity provider
    #[arg(long, value_name = "NAME")]
    pub(crate) username: Option<String>,

    /// Read the password from this file, less one line break at its end; - for stdin. DOORWARD_PASSWORD holds the password itself
    #[arg(long, value_name = "FILE", conflicts_with = "password_command")]
    password_file: Option<PathBuf>,

    /// Take what this command prints as the password; it is run without a shell, and has 30 seconds
    #[arg(long, value_name = "CMD")]
    password_command: Option<String>,

    /// Take a password file that others can read or write, as CI file variables and mounted Kubernetes secrets are
    #[arg(long)]
    allow_shared_files: bool,

    /// Where the password comes from, as an option or a variable says
    #[arg(skip)]
    pub(crate) password: Option<SecretPlace>,
}

impl CredentialOptions {
    /// Finds where the password comes from: an option, or one of three variables
    ///
    /// The error is a usage error's text; it names variables, and shows no value.
    pub(super) fn find_password(&mut self, environment: &Environment) -> Result<(), String> {
        let shared = self.allow_shared_files;
        let file = |path: PathBuf| match (path.as_os_str() == "-", shared) {
            (true, _) => SecretPlace::Stdin,
            (false, true) => SecretPlace::SharedFile(path),
            (false, false) => SecretPlace::File(path),
        };
        self.password = match (self.password_file.take(), self.password_command.take()) {
            (Some(path), _) => Some(file(path)),
            (None, Some(line)) => Some(SecretPlace::Command(line)),
            (None, None) => of_variables(environment, file)?,
        };
        Ok(())
    }
}

/// The one of three variables that says where the password comes from
fn of_variables(
    environment: &Environment,
    file: impl Fn(PathBuf) -> SecretPlace,
) -> Result<Option<SecretPlace>, String> {
    let text = |name: &str| match environment.value(name).map(|value| value.to_str()) {
        Some(None) => Err(format!("{name} is no UTF-8 text")),
        found => Ok(found.flatten().map(str::to_owned)),
    };
    let name = variable("password");
    let (name_of_file, name_of_command) = (format!("{name}_FILE"), format!("{name}_COMMAND"));
    let value = text(&name)?.map(|_| SecretPlace::Variable(name.clone()));
    let path = environment
        .value(&name_of_file)
        .map(|path| file(path.into()));
    let command = text(&name_of_command)?.map(SecretPlace::Command);
    let found = [
        (name, value),
        (name_of_file, path),
        (name_of_command, command),
    ];
    let mut found = found
        .into_iter()
        .filter_map(|(name, place)| Some((name, place?)));
    match (found.next(), found.next()) {
        (Some((first, _)), Some((second, _))) => Err(format!(
            "{first} and {second} both give the password: set one of them only"
        )),
        (first, _) => Ok(first.map(|(_, place)| place)),
    }
}

/// How servers are reached, and whom to believe
#[derive(Args, Debug)]
#[command(next_help_heading = "Network")]
pub(crate) struct NetworkOptions {
    /// Trust the certificate authorities in this PEM file, too; can be given several times
    #[arg(long, value_name = "PEM")]
    pub(crate) ca_file: Vec<PathBuf>,

    /// Trust those of --ca-file only, and not the system's
    #[arg(long)]
    pub(crate) ca_only: bool,

    /// Reach a host at another address, as in curl; can be given several times
    #[arg(long, value_name = "HOST:PORT:ADDR")]
    pub(crate) resolve: Vec<String>,

    /// How long the whole login may take
    #[arg(long, value_name = "TIME", default_value = "120s", value_parser = time::parse)]
    pub(crate) timeout: Duration,

    /// How long a connection may take to come up
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time::parse)]
    pub(crate) connect_timeout: Duration,

    /// What doorward calls itself to every server, instead of doorward/VERSION
    #[arg(long, value_name = "TEXT")]
    pub(crate) user_agent: Option<String>,
}
