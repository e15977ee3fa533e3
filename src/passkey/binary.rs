use std::fmt;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::passkey::PasskeyError;

/// Bytes of a request or an answer, to be written as a provider wants them
///
/// ```
/// use doorward::passkey::Binary;
///
/// let challenge = Binary::from_base64url("-_8")?;
/// assert_eq!(challenge.as_bytes(), [0xfb, 0xff]);
/// assert_eq!(challenge.to_base64url(), "-_8");
/// assert_eq!(challenge.to_base64(), "+/8=");
/// # Ok::<(), doorward::passkey::PasskeyError>(())
/// ```
///
/// Source: <https://www.rfc-editor.org/rfc/rfc4648#section-5>
#[derive(Clone, Eq, PartialEq)]
pub struct Binary(Vec<u8>);

impl Binary {
    /// Bytes as they are
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Reads base64url, as it stands in a page or in JSON
    ///
    /// Padding may be there or not, and what is left of the last character is dropped: some servers write user names
    /// where base64url is due.
    ///
    /// # Errors
    ///
    /// [`PasskeyError::Base64Url`]: another character stands in it, or the length cannot be.
    pub fn from_base64url(text: &str) -> Result<Self, PasskeyError> {
        let bytes = TOLERANT.decode(text);
        bytes.map(Self).map_err(|_| PasskeyError::Base64Url)
    }

    /// The bytes themselves
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As base64 with padding
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.0)
    }

    /// As base64url without padding, the way of the standard's JSON
    pub fn to_base64url(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0)
    }
}

impl fmt::Debug for Binary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Binary({} bytes)", self.0.len())
    }
}

impl AsRef<[u8]> for Binary {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Binary {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

#[cfg(test)]
mod tests {
    use super::Binary;
    use crate::passkey::PasskeyError;

    #[test]
    fn the_examples_of_the_rfc_are_read_with_and_without_padding() {
        for (text, bytes) in [
            ("", ""),
            ("Zg", "f"),
            ("Zg==", "f"),
            ("Zm8", "fo"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg", "foob"),
            ("Zm9vYmE", "fooba"),
            ("Zm9vYmFy", "foobar"),
        ] {
            let binary = Binary::from_base64url(text).unwrap();

            assert_eq!(binary.as_bytes(), bytes.as_bytes());
            assert_eq!(binary.to_base64url(), text.trim_end_matches('='));
        }
    }

    #[test]
    fn a_user_name_in_place_of_base64url_is_read() {
        assert!(Binary::from_base64url("ci-bot").is_ok());
    }

    #[test]
    fn other_alphabets_are_refused() {
        for text in ["+/8=", "a b", "Zg\n", "Z", "ä", "Zg=a"] {
            let read = Binary::from_base64url(text);

            assert_eq!(read, Err(PasskeyError::Base64Url), "{text}");
        }
    }

    #[test]
    fn debug_shows_the_length_only() {
        assert_eq!(format!("{:?}", Binary::new("canary")), "Binary(6 bytes)");
    }
}
