//! Random text of the kinds that the real servers hand out.

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// `len` random bytes
pub(crate) fn bytes(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    // The system's generator does not fail on the platforms that tests run on; all-zero would show at once.
    let _ = rand::fill(&mut bytes);
    bytes
}

/// Letters and digits, as in Okta's ids and tokens
pub(crate) fn alphanumeric(len: usize) -> String {
    from_alphabet(
        b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        len,
    )
}

/// Lower-case base32, as in OpenUnison's `state`
pub(crate) fn base32(len: usize) -> String {
    from_alphabet(b"abcdefghijklmnopqrstuvwxyz234567", len)
}

/// Lower-case hexadecimal digits
pub(crate) fn hex(len: usize) -> String {
    from_alphabet(b"0123456789abcdef", len)
}

/// Decimal digits
pub(crate) fn digits(len: usize) -> String {
    from_alphabet(b"0123456789", len)
}

/// Standard base64 of `len` random bytes
pub(crate) fn base64(len: usize) -> String {
    STANDARD.encode(bytes(len))
}

/// Base64 in the alphabet of URLs, of `len` random bytes
pub(crate) fn base64url(len: usize) -> String {
    URL_SAFE_NO_PAD.encode(bytes(len))
}

/// A UUID of version 4
pub(crate) fn uuid() -> String {
    let h = hex(32);
    let part = |from: usize, to: usize| h.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-4{}-a{}-{}",
        part(0, 8),
        part(8, 12),
        part(13, 16),
        part(17, 20),
        part(20, 32)
    )
}

fn from_alphabet(alphabet: &[u8], len: usize) -> String {
    bytes(len)
        .into_iter()
        .filter_map(|byte| alphabet.get(usize::from(byte) % alphabet.len()))
        .map(|&letter| char::from(letter))
        .collect()
}
