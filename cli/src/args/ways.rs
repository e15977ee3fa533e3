//! The options of ways in without a portal: an issuer, a key of one's own, and the CI platform's identity.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use doorward::profile::SecretPlace;

use crate::time;

/// An issuer in the portal's place
#[derive(Args, Debug)]
#[command(next_help_heading = "OpenID Connect issuer")]
pub(crate) struct IssuerOptions {
    /// Log in at this OpenID Connect issuer instead of a portal; with --jwt-key, the issuer that the key signs for
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,

    /// The client as the issuer knows it
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,

    /// Read the client's secret from this file, less one line break at its end; - for stdin. DOORWARD_CLIENT_SECRET holds the secret itself. A public client has none
    #[arg(long, value_name = "FILE", conflicts_with = "client_secret_command")]
    pub(super) client_secret_file: Option<PathBuf>,

    /// Take what this command prints as the client's secret
    #[arg(long, value_name = "CMD")]
    pub(super) client_secret_command: Option<String>,

    /// Sign for the client with this key instead of a secret: a PEM file, or a pkcs11: URI; --algorithm, --key-id and --jwt-key-passphrase-file are for it, too
    #[arg(long, value_name = "KEY")]
    pub(crate) client_assertion_key: Option<String>,

    /// Ask for this scope besides openid, such as groups or offline_access; can be given several times
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Vec<String>,

    /// Where the issuer sends the code, as it is registered there; nothing has to listen, http://localhost:8000 if left out
    #[arg(long, value_name = "URL")]
    pub(crate) redirect_uri: Option<String>,

    /// How the token is asked for: code at the login page; password at the token endpoint, which cannot do a second factor; client-credentials for the client itself; token-exchange for another token
    #[arg(long, value_name = "GRANT", value_parser = GRANTS)]
    pub(crate) grant: Option<String>,

    /// Read the token that is exchanged from this file; - for stdin. DOORWARD_SUBJECT_TOKEN holds the token itself, and --ci-identity gives that of the CI platform
    #[arg(long, value_name = "FILE", conflicts_with = "subject_token_command")]
    pub(super) subject_token_file: Option<PathBuf>,

    /// Take what this command prints as that token
    #[arg(long, value_name = "CMD")]
    pub(super) subject_token_command: Option<String>,

    /// Tell the issuer this, too, when a token is asked for, such as connector_id=github; can be given several times. No secret
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) token_parameter: Vec<String>,

    /// Where the secrets come from, as options or variables say
    #[arg(skip)]
    pub(crate) client_secret: Option<SecretPlace>,
    #[arg(skip)]
    pub(crate) subject_token: Option<SecretPlace>,
}

/// Tokens that a pipeline makes for itself, or has from its platform
#[derive(Args, Debug)]
#[command(next_help_heading = "Tokens without a login page")]
pub(crate) struct IdentityOptions {
    /// Make the tokens with this key: a PEM file, closed to others as a password file is, or a pkcs11: URI of one in an HSM
    #[arg(long, value_name = "KEY")]
    pub(crate) jwt_key: Option<String>,

    /// Read the passphrase of the key, or its PIN, from this file; - for stdin. DOORWARD_JWT_KEY_PASSPHRASE holds it itself
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "jwt_key_passphrase_command"
    )]
    pub(super) jwt_key_passphrase_file: Option<PathBuf>,

    /// Take what this command prints as that passphrase
    #[arg(long, value_name = "CMD")]
    pub(super) jwt_key_passphrase_command: Option<String>,

    /// How the key signs: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 or EdDSA; as its kind suggests if left out
    #[arg(long, value_name = "ALG")]
    pub(crate) algorithm: Option<String>,

    /// The key's name in the tokens' headers, instead of its thumbprint
    #[arg(long, value_name = "KID")]
    pub(crate) key_id: Option<String>,

    /// Whose tokens the key makes; the issuer's own if left out
    #[arg(long, value_name = "SUB")]
    pub(crate) subject: Option<String>,

    /// Whom the token is for: kubernetes with --jwt-key if left out; can be given several times
    #[arg(long, value_name = "AUD")]
    pub(crate) audience: Vec<String>,

    /// How long a token of the key lives, at most 24h; 60s if left out
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    pub(crate) duration: Option<Duration>,

    /// What the key's tokens say besides, such as groups=ci; can be given several times, and several times for one name
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) claim: Vec<String>,

    /// Use the identity that the CI platform gives its jobs: github, gitlab, circleci, buildkite, azure-devops, bitbucket, gcp, azure, kubernetes, spiffe-file, file:PATH or env:NAME; without a value the one that the job shows
    #[arg(
        long,
        value_name = "WHERE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = DETECTED
    )]
    pub(crate) ci_identity: Option<String>,

    /// Where the passphrase comes from, as an option or a variable says
    #[arg(skip)]
    pub(crate) jwt_key_passphrase: Option<SecretPlace>,
}

/// What `--ci-identity` without a value stands for
pub(crate) const DETECTED: &str = "auto";

const GRANTS: [&str; 4] = ["code", "password", "client-credentials", "token-exchange"];
