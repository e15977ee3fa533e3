//! What a user entry authenticates by.

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::redact::one_line;

/// One way in which a user entry authenticates
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum UserKind {
    /// `auth-provider`, by its name
    AuthProvider(String),
    /// `username` and `password`
    BasicAuth,
    /// A client certificate
    Certificate(End),
    /// A program that gives the token
    Exec {
        /// What is called
        command: String,
        /// The profile, if it is `doorward credential`
        profile: Option<String>,
    },
    /// A token in the kubeconfig itself
    Token {
        /// When it ends
        end: End,
        /// The service account that it is of, as `namespace/name`
        service_account: Option<String>,
    },
    /// A token in a file
    TokenFile {
        /// The file
        path: PathBuf,
        /// When the token that is there now ends
        end: End,
    },
}

impl UserKind {
    /// `auth-provider`, `basic-auth`, `client-certificate`, `exec`, `token` or `token-file`
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::AuthProvider(_) => "auth-provider",
            Self::BasicAuth => "basic-auth",
            Self::Certificate(_) => "client-certificate",
            Self::Exec { .. } => "exec",
            Self::Token { .. } => "token",
            Self::TokenFile { .. } => "token-file",
        }
    }

    /// When it ends, where it has an end of its own
    pub fn end(&self) -> Option<End> {
        match self {
            Self::Certificate(end) | Self::Token { end, .. } | Self::TokenFile { end, .. } => {
                Some(*end)
            }
            Self::AuthProvider(_) | Self::BasicAuth | Self::Exec { .. } => None,
        }
    }
}

/// What it is, on one line and without a secret
impl fmt::Display for UserKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AuthProvider(name) => write!(f, "auth-provider {}", one_line(name)),
            Self::BasicAuth => f.write_str("user name and password"),
            Self::Certificate(end) => write!(f, "client certificate, {end}"),
            Self::Exec {
                command,
                profile: None,
            } => write!(f, "exec, calls {}", one_line(command)),
            Self::Exec {
                profile: Some(profile),
                ..
            } => write!(
                f,
                "exec, calls doorward with the profile {}",
                one_line(profile)
            ),
            Self::Token {
                end,
                service_account: None,
            } => write!(f, "static token, {end}"),
            Self::Token {
                end,
                service_account: Some(name),
            } => write!(
                f,
                "static token of the service account {}, {end}",
                one_line(name)
            ),
            Self::TokenFile { path, end } => write!(
                f,
                "token from the file {}, {end}",
                one_line(&path.to_string_lossy())
            ),
        }
    }
}

/// When a token or a certificate ends
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum End {
    /// At this time, by its own word
    At(Timestamp),
    /// Never, by its own word
    Never,
    /// It does not tell, or cannot be read
    Unknown,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(time) => write!(f, "until {time}"),
            Self::Never => f.write_str("without an end"),
            Self::Unknown => f.write_str("end unknown"),
        }
    }
}
