//! Short names for long texts.

use sha2::{Digest, Sha256};

/// The first `bytes` of the SHA-256 of `text`, in hexadecimal
pub(crate) fn short_sha256(text: impl AsRef<[u8]>, bytes: usize) -> String {
    let digest = Sha256::digest(text);
    hex(digest.get(..bytes).unwrap_or(&digest))
}

/// Two lower-case digits for each byte
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::short_sha256;

    #[test]
    fn a_digest_is_cut_off_from_its_end() {
        // FIPS 180-4, the message "abc".
        assert_eq!(short_sha256("abc", 4), "ba7816bf");
        assert_eq!(short_sha256("abc", 99).len(), 64);
    }
}
