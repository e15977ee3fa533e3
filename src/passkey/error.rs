use thiserror::Error as ThisError;

use crate::error::Error;

/// Why a passkey cannot be read, or does not answer a request
///
/// It never quotes the secret text; of a request it quotes the relying party's identifier and the host.
#[derive(Clone, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum PasskeyError {
    /// The secret text has more than 16 KiB
    #[error("the passkey's text is longer than 16 KiB")]
    TextTooLong,
    /// There is no block `PRIVATE KEY` or `EC PRIVATE KEY` in the secret text
    #[error("the passkey's text has no PEM private key")]
    NoKey,
    /// There are several private keys in the secret text
    #[error("the passkey's text has more than one private key")]
    SeveralKeys,
    /// The key is protected by a password, for which there is no place here
    #[error("the passkey's private key is encrypted")]
    EncryptedKey,
    /// A line of the secret text is neither PEM nor a known `name: value`, or has a value that cannot be
    #[error("line {0} of the passkey's text is not understood")]
    Line(usize),
    /// The key is not one of the curve P-256, or is damaged
    #[error("the passkey's private key is no key of the curve P-256")]
    WrongKey,
    /// The request is not JSON of the right shape
    #[error("the passkey request is not JSON as it should be, at line {line}, column {column}")]
    Json {
        /// From 1
        line: usize,
        /// From 1
        column: usize,
    },
    /// The request has more than 64 KiB
    #[error("the passkey request is longer than 64 KiB")]
    RequestTooLong,
    /// A field of the request is not there
    #[error("the passkey request has no `{0}`")]
    Missing(&'static str),
    /// A field of the request is no base64url, empty, or too long
    #[error("`{0}` of the passkey request is no base64url, empty, or too long")]
    Field(&'static str),
    /// A text is no base64url
    #[error("the text is no base64url")]
    Base64Url,
    /// The request does not take ES256, the one algorithm that there is here
    #[error("the passkey request does not take ES256 (-7)")]
    NoCommonAlgorithm,
    /// The page did not come by https
    #[error("a passkey answers only pages that come by https")]
    InsecureOrigin,
    /// The relying party's identifier, shown as one line, is no domain in lower case
    #[error("`{0}` is no domain, so that it cannot be a relying party")]
    NotADomain(String),
    /// The page asks in the name of a domain that is not its own
    #[error("a page of {host} may not ask for passkeys of {rp_id}")]
    ForeignRpId {
        /// The relying party's identifier that the page says
        rp_id: String,
        /// The page's host
        host: String,
    },
    /// The passkey is for another relying party than the one that asks
    #[error("the passkey is for {own}, and {asked} asks for one")]
    OtherRpId {
        /// The passkey's own relying party
        own: String,
        /// The one that asks
        asked: String,
    },
    /// The relying party lists other credentials than this one
    #[error("the passkey is not among those that the relying party lists for this account")]
    NotListed,
    /// The relying party has this passkey already
    #[error("the relying party has this passkey already")]
    AlreadyRegistered,
    /// The passkey is of another user than the one to be enrolled
    #[error("the passkey is of another user than the one to be enrolled")]
    OtherUser,
    /// The user handle is not 1 to 64 bytes long
    #[error("a user handle has 1 to 64 bytes")]
    UserHandle,
    /// The cryptography library failed
    #[error("the cryptography library failed")]
    Cryptography,
}

impl From<PasskeyError> for Error {
    fn from(error: PasskeyError) -> Self {
        let about = match error {
            PasskeyError::InsecureOrigin
            | PasskeyError::NotADomain(_)
            | PasskeyError::ForeignRpId { .. } => {
                Self::untrusted_origin("the page may not ask for this passkey")
            }
            PasskeyError::Json { .. }
            | PasskeyError::RequestTooLong
            | PasskeyError::Missing(_)
            | PasskeyError::Field(_)
            | PasskeyError::Base64Url
            | PasskeyError::NoCommonAlgorithm => {
                Self::unexpected_page("the page asks for a passkey in a way that is not known")
            }
            _ => Self::config("the passkey cannot be used"),
        };
        about.because(error)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::PasskeyError;
    use crate::error::{Error, ErrorKind};

    #[test]
    fn each_error_says_what_to_do_by_its_kind() {
        let foreign = PasskeyError::ForeignRpId {
            rp_id: "a.test".into(),
            host: "b.test".into(),
        };
        for (error, kind) in [
            (PasskeyError::NoKey, ErrorKind::Config),
            (PasskeyError::NotListed, ErrorKind::Config),
            (
                PasskeyError::Missing("challenge"),
                ErrorKind::UnexpectedPage,
            ),
            (foreign, ErrorKind::UntrustedOrigin),
        ] {
            let cause = error.to_string();
            let error = Error::from(error);

            assert_eq!(error.kind(), kind);
            assert_eq!(error.source().map(ToString::to_string), Some(cause));
        }
    }
}
