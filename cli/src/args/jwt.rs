//! The options of `jwt`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use doorward::profile::SecretPlace;

use crate::args::Mask;
use crate::args::profile::Format;
use crate::args::secrets::{JWT_KEY_PASSPHRASE, SecretFinder};
use crate::environment::Environment;
use crate::time;

/// What to do with keys of one's own
#[derive(Debug, Subcommand)]
pub(crate) enum JwtAction {
    /// Make a key, and print its public half as a JWK
    Keygen(Keygen),
    /// Make one token, and print it
    Issue(Box<Issue>),
    /// Write what verifiers ask an issuer for into a folder: static files for any web server or bucket
    ///
    /// DIR/.well-known/openid-configuration and DIR/.well-known/jwks.json, to be found at the issuer's URL. Keys that are there stay,
    /// so that several pipelines can share an issuer.
    Publish(Publish),
    /// Do the step of the key's rotation that is due, and say when the next one is
    ///
    /// First the next key is made and published, beside the old one. After the overlap it takes the old one's place in the file. After
    /// another overlap and the longest life of a token the old one is published no longer. A call that is too early changes nothing, and one
    /// that was killed is finished by the next, so that a job may call this every hour. Where DIR is copied elsewhere, copy it after
    /// each call.
    Rotate(Rotate),
}

impl JwtAction {
    /// Finds where the passphrase comes from; the error is a usage error's text
    pub(super) fn find_secrets(&mut self, environment: &Environment) -> Result<(), String> {
        let passphrase = match self {
            Self::Keygen(keygen) => &mut keygen.passphrase,
            Self::Issue(issue) => &mut issue.key.passphrase,
            Self::Publish(publish) => &mut publish.key.passphrase,
            Self::Rotate(rotate) => &mut rotate.key.passphrase,
        };
        let mut finder = SecretFinder::new(environment, passphrase.allow_shared_files);
        passphrase.place = finder.find(
            JWT_KEY_PASSPHRASE,
            passphrase.jwt_key_passphrase_file.take(),
            passphrase.jwt_key_passphrase_command.take(),
        )?;
        Ok(())
    }
}

/// The options of `jwt keygen`
#[derive(Args, Debug)]
pub(crate) struct Keygen {
    /// How the key will sign: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 or EdDSA, which few servers take
    #[arg(
        long,
        value_name = "ALG",
        default_value = "ES256",
        help_heading = "Key"
    )]
    pub(crate) algorithm: String,

    /// The file for the key: it is made for its owner alone (0600), and one that is there is never overwritten
    #[arg(long, value_name = "FILE", required = true, help_heading = "Key")]
    pub(crate) out: PathBuf,

    #[command(flatten)]
    pub(crate) passphrase: PassphraseOptions,
}

/// The options of `jwt issue`
#[derive(Args, Debug)]
pub(crate) struct Issue {
    #[command(flatten)]
    pub(crate) key: KeyOptions,

    /// Who issues the token: the URL that its verifiers trust
    #[arg(long, value_name = "URL", required = true, help_heading = "Token")]
    pub(crate) issuer: String,

    /// Whose token it is; the issuer's own if left out
    #[arg(long, value_name = "SUB", help_heading = "Token")]
    pub(crate) subject: Option<String>,

    /// Whom it is for: kubernetes if left out; can be given several times
    #[arg(long, value_name = "AUD", help_heading = "Token")]
    pub(crate) audience: Vec<String>,

    /// How long it lives, at most 24h; 60s if left out
    #[arg(long, value_name = "TIME", value_parser = time::parse, help_heading = "Token")]
    pub(crate) duration: Option<Duration>,

    /// What it says besides, such as groups=ci; can be given several times, and several times for one name
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Token")]
    pub(crate) claim: Vec<String>,

    #[command(flatten)]
    pub(crate) mask: Mask,
}

/// The options of `jwt publish`
#[derive(Args, Debug)]
pub(crate) struct Publish {
    /// The folder that stands for the issuer's URL
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,

    /// The URL at which the folder will be found, which is the issuer of its tokens
    #[arg(long, value_name = "URL", required = true, help_heading = "Issuer")]
    pub(crate) issuer: String,

    /// Take every other key away: what they signed is refused from then on
    #[arg(long, help_heading = "Issuer")]
    pub(crate) only: bool,

    #[command(flatten)]
    pub(crate) key: KeyOptions,
}

/// The options of `jwt rotate`
#[derive(Args, Debug)]
pub(crate) struct Rotate {
    /// The folder that was published
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,

    /// How long a verifier, or what is between, may keep an old key set
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = time::parse, help_heading = "Rotation")]
    pub(crate) overlap: Duration,

    /// The longest --duration that tokens are made with
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = time::parse, help_heading = "Rotation")]
    pub(crate) duration: Duration,

    #[command(flatten)]
    pub(crate) key: KeyOptions,

    #[command(flatten)]
    pub(crate) format: Format,
}

/// A key, and how it signs
#[derive(Args, Debug)]
#[command(next_help_heading = "Key")]
pub(crate) struct KeyOptions {
    /// The key: a PEM file, closed to others as a password file is, or a pkcs11: URI of one in an HSM
    #[arg(long, value_name = "KEY", required = true)]
    pub(crate) jwt_key: String,

    /// How it signs; as its kind suggests if left out
    #[arg(long, value_name = "ALG")]
    pub(crate) algorithm: Option<String>,

    /// Its name in the tokens' headers, instead of its thumbprint
    #[arg(long, value_name = "KID")]
    pub(crate) key_id: Option<String>,

    #[command(flatten)]
    pub(crate) passphrase: PassphraseOptions,
}

/// What opens a key
#[derive(Args, Debug)]
#[command(next_help_heading = "Key")]
pub(crate) struct PassphraseOptions {
    /// Read the passphrase of the key, or its PIN, from this file; - for stdin. DOORWARD_JWT_KEY_PASSPHRASE holds it itself
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "jwt_key_passphrase_command"
    )]
    jwt_key_passphrase_file: Option<PathBuf>,

    /// Take what this command prints as that passphrase
    #[arg(long, value_name = "CMD")]
    jwt_key_passphrase_command: Option<String>,

    /// Take a file with a secret that others can read or write
    #[arg(long)]
    pub(crate) allow_shared_files: bool,

    /// Where the passphrase comes from, as an option or a variable says
    #[arg(skip)]
    pub(crate) place: Option<SecretPlace>,
}
