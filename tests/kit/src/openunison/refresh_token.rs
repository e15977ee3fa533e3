//! Refresh tokens: an encrypted session id as JSON, deflated, in standard base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::openunison::cookies::gson;
use crate::random;

/// A new one, with all three characters that a form must encode
pub(super) fn make() -> String {
    loop {
        let text = gson(&format!(
            "{{\"iv\":\"{}\",\"encryptedRequest\":\"{}\"}}",
            random::base64(16),
            random::base64(48)
        ));
        let token = STANDARD.encode(deflated(&text));
        if token.contains('+') && token.contains('/') && token.ends_with('=') {
            return token;
        }
    }
}

/// Raw deflate with the fixed codes, which is what zlib chooses for a short text without repetition
///
/// The constant first bytes of the text then give every token the same beginning, as the real ones have it.
fn deflated(text: &str) -> Vec<u8> {
    let mut bits = Bits::default();
    // The last block, with fixed codes; these three bits are packed from the low end.
    bits.push(true);
    bits.push(true);
    bits.push(false);
    for byte in text.bytes().map(u16::from) {
        let (code, len) = if byte < 144 {
            (0b0011_0000 + byte, 8)
        } else {
            (0b1_1001_0000 + byte - 144, 9)
        };
        bits.code(code, len);
    }
    bits.code(0, 7);
    bits.bytes
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn push(&mut self, bit: bool) {
        if self.used.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << (self.used % 8);
        }
        self.used += 1;
    }

    /// Codes go in from their high end
    fn code(&mut self, code: u16, len: u32) {
        for place in (0..len).rev() {
            self.push(code >> place & 1 == 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::DeflateDecoder;

    use super::*;

    #[test]
    fn tokens_begin_as_the_real_ones() {
        let token = make();

        assert!(token.starts_with("q1bKLFOy"), "{token}");
        assert!(token.contains('+') && token.contains('/'));
    }

    #[test]
    fn the_text_can_be_inflated_again() {
        let text = "{\"iv\":\"a+b/c\\u003d\\u003d\"}, and ü";
        let mut back = String::new();

        DeflateDecoder::new(deflated(text).as_slice())
            .read_to_string(&mut back)
            .expect("raw deflate");

        assert_eq!(back, text);
    }
}
