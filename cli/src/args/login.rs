//! The options of `login`: where to go, who goes there, and over which network.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;
use doorward::profile::SecretPlace;
use doorward::{Factor, PortalKind};

use crate::adapters;
use crate::args::secrets::{
    CLIENT_SECRET, DEVICE, JWT_KEY_PASSPHRASE, PASSKEY, PASSWORD, SECURITY_ANSWER, SUBJECT_TOKEN,
    SecretFinder, TOTP_SEED,
};
use crate::args::{
    Allowances, IdentityOptions, IssuerOptions, KubeconfigOptions, Mask, Output, StoreOptions,
    TargetOptions, UserOptions,
};
use crate::environment::Environment;
use crate::time;

/// All of them
#[derive(Args, Debug)]
pub(crate) struct Login {
    #[command(flatten)]
    pub(crate) settings: LoginOptions,

    #[command(flatten)]
    pub(crate) target: TargetOptions,

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

    /// Write what a person needs who is to find out why the login failed into this folder, which is made, or must be empty: the way, what the pages are made of, the settings, the error, and a picture. No secret is in it
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(crate) report: Option<PathBuf>,
}

impl Login {
    /// What becomes of the token
    pub(crate) fn ends(&self) -> Ends<'_> {
        Ends {
            store: &self.store,
            user: &self.user,
            kubeconfig: &self.kubeconfig,
            output: self.output,
            mask: self.mask,
        }
    }
}

/// What becomes of a token, whatever way it came: where it is kept, and what is written and printed
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends<'a> {
    pub(crate) store: &'a StoreOptions,
    pub(crate) user: &'a UserOptions,
    pub(crate) kubeconfig: &'a KubeconfigOptions,
    pub(crate) output: Output,
    pub(crate) mask: Mask,
}

/// What a profile can hold
#[derive(Args, Debug)]
pub(crate) struct LoginOptions {
    #[command(flatten)]
    pub(crate) portal: PortalOptions,

    #[command(flatten)]
    pub(crate) issuer: IssuerOptions,

    #[command(flatten)]
    pub(crate) identity: IdentityOptions,

    #[command(flatten)]
    pub(crate) credentials: CredentialOptions,

    #[command(flatten)]
    pub(crate) factors: FactorOptions,

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

    /// What kind of portal it is, where its pages do not tell: gangway is gangplank, too; openshift is named by its API server, pinniped by the Supervisor's issuer, and download is any address that answers with a kubeconfig
    #[arg(long, value_name = "KIND", value_parser = kinds())]
    pub(crate) portal_kind: Option<String>,

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

    /// Who signs in where, for logins that lead through several providers: a TOML file with one table for each URL prefix, with username, password-file, -command or -env, and totp-seed-file, -command or -env. The longest match wins, and its origin counts as named. No secret is in the file
    #[arg(long, value_name = "FILE")]
    pub(crate) credentials_file: Option<PathBuf>,

    /// Take a file with a secret that others can read or write, as CI file variables and mounted Kubernetes secrets are
    #[arg(long)]
    pub(crate) allow_shared_files: bool,

    /// Where the password comes from, as an option or a variable says
    #[arg(skip)]
    pub(crate) password: Option<SecretPlace>,
}

/// What answers a second factor
#[derive(Args, Debug)]
#[command(next_help_heading = "Second factors")]
pub(crate) struct FactorOptions {
    /// The second factor to use: totp, hotp, push, sms, call, email, question or webauthn, of any provider or of the named one; several times in order of preference
    #[arg(long, value_name = "KIND[:PROVIDER]", value_parser = factor)]
    pub(crate) factor: Vec<String>,

    /// Read the seed of one-time codes from this file, base32 or an otpauth:// URL; - for stdin. DOORWARD_TOTP_SEED holds the seed itself
    #[arg(long, value_name = "FILE", conflicts_with = "totp_seed_command")]
    totp_seed_file: Option<PathBuf>,

    /// Take what this command prints as the seed
    #[arg(long, value_name = "CMD")]
    totp_seed_command: Option<String>,

    /// Take what this command prints as the one-time code; it is run for each code, and DOORWARD_FACTOR tells it which is wanted
    #[arg(long, value_name = "CMD")]
    pub(crate) code_command: Option<String>,

    /// Read the answer to the account's security question from this file; - for stdin. DOORWARD_SECURITY_ANSWER holds the answer itself
    #[arg(long, value_name = "FILE", conflicts_with = "security_answer_command")]
    security_answer_file: Option<PathBuf>,

    /// Take what this command prints as that answer
    #[arg(long, value_name = "CMD")]
    security_answer_command: Option<String>,

    /// Read a passkey that doorward passkey enroll made from this file; - for stdin. DOORWARD_PASSKEY holds the passkey itself
    #[arg(long, value_name = "FILE", conflicts_with = "passkey_command")]
    passkey_file: Option<PathBuf>,

    /// Take what this command prints as the passkey
    #[arg(long, value_name = "CMD")]
    passkey_command: Option<String>,

    /// Read what the provider recognizes the device by from this file, as doorward device export printed it; what is kept goes before it. - for stdin. DOORWARD_DEVICE holds it itself
    #[arg(long, value_name = "FILE", conflicts_with = "device_command")]
    device_file: Option<PathBuf>,

    /// Take what this command prints as that
    #[arg(long, value_name = "CMD")]
    device_command: Option<String>,

    /// Where the secrets come from, as options or variables say
    #[arg(skip)]
    pub(crate) totp_seed: Option<SecretPlace>,
    #[arg(skip)]
    pub(crate) security_answer: Option<SecretPlace>,
    #[arg(skip)]
    pub(crate) passkey: Option<SecretPlace>,
    #[arg(skip)]
    pub(crate) device: Option<SecretPlace>,
}

impl LoginOptions {
    /// Whether the options say where a login begins
    pub(crate) fn name_a_door(&self) -> bool {
        self.portal.portal.is_some() || self.name_another_door()
    }

    /// Whether they name another way in than a portal
    pub(super) fn name_another_door(&self) -> bool {
        let Self {
            issuer, identity, ..
        } = self;
        let named = [&issuer.issuer, &identity.jwt_key, &identity.ci_identity];
        named.into_iter().any(Option::is_some)
    }

    /// Finds where each secret comes from
    ///
    /// The error is a usage error's text; it names variables, and shows no value.
    pub(super) fn find_secrets(&mut self, environment: &Environment) -> Result<(), String> {
        let (credentials, factors) = (&mut self.credentials, &mut self.factors);
        let mut finder = SecretFinder::new(environment, credentials.allow_shared_files);
        credentials.password = finder.find(
            PASSWORD,
            credentials.password_file.take(),
            credentials.password_command.take(),
        )?;
        factors.totp_seed = finder.find(
            TOTP_SEED,
            factors.totp_seed_file.take(),
            factors.totp_seed_command.take(),
        )?;
        factors.security_answer = finder.find(
            SECURITY_ANSWER,
            factors.security_answer_file.take(),
            factors.security_answer_command.take(),
        )?;
        factors.passkey = finder.find(
            PASSKEY,
            factors.passkey_file.take(),
            factors.passkey_command.take(),
        )?;
        factors.device = finder.find(
            DEVICE,
            factors.device_file.take(),
            factors.device_command.take(),
        )?;
        let (issuer, identity) = (&mut self.issuer, &mut self.identity);
        issuer.client_secret = finder.find(
            CLIENT_SECRET,
            issuer.client_secret_file.take(),
            issuer.client_secret_command.take(),
        )?;
        issuer.subject_token = finder.find(
            SUBJECT_TOKEN,
            issuer.subject_token_file.take(),
            issuer.subject_token_command.take(),
        )?;
        identity.jwt_key_passphrase = finder.find(
            JWT_KEY_PASSPHRASE,
            identity.jwt_key_passphrase_file.take(),
            identity.jwt_key_passphrase_command.take(),
        )?;
        Ok(())
    }
}

/// A factor as it is written down
fn factor(text: &str) -> Result<String, String> {
    let factor = Factor::parse(text).map_err(|error| match error.next_step() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    })?;
    Ok(factor.to_string())
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

    /// Show this certificate to the portal, and to no other server, where it asks for one: PEM, with those that lead to its authority
    #[arg(long, value_name = "FILE")]
    pub(crate) client_cert: Option<PathBuf>,

    /// The key of --client-cert: PEM, not encrypted, and closed to others as a password file is
    #[arg(long, value_name = "FILE")]
    pub(crate) client_key: Option<PathBuf>,

    /// Send the headers in this file to the portal, and to no other server, one Name: value per line; for what stands before it, such as Cloudflare Access. Closed to others as a password file is
    #[arg(long, value_name = "FILE")]
    pub(crate) header_file: Option<PathBuf>,

    /// The proxy to go through, with USER@ before its host if need be, in place of that of HTTPS_PROXY; none for no proxy. NO_PROXY still counts. DOORWARD_PROXY_PASSWORD holds the password
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,

    /// Reach a host at another address, as in curl; can be given several times. Without effect on a host behind a proxy
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

/// What `--portal-kind` takes
fn kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(PortalKind::ALL.map(PortalKind::as_str))
}
