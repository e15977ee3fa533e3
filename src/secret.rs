use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A password, a code, a token: text that no log, error or `Debug` may show
///
/// The text is wiped from memory when the value is dropped. `Secret` has no `PartialEq`, no `Display` and no
/// serde support on purpose; where it must leave, [`Request`](crate::Request) and [`Form`](crate::Form) take it
/// by methods of their own, and the session sends it only to an origin that may have it.
///
/// ```
/// use doorward::Secret;
///
/// let password = Secret::new("correct horse");
/// assert_eq!(format!("{password:?}"), "Secret([redacted])");
/// ```
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a secret text
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself
    ///
    /// **Security warning:** whoever calls this is responsible for where the text goes. doorward calls it only
    /// where bytes leave for the wire or for the output.
    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether the text is empty, which no credential may be
    pub fn is_empty(&self) -> bool {
        self.expose_secret().is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}
