//! What the authenticator's part says and signs, and the little CBOR that an enrolment needs.

use crate::passkey::client_data::sha256;
use crate::passkey::key::POINT;

/// The relying party, what was checked, and the counter; at an enrolment the new credential, too
///
/// A user is present, since the caller asked for a login. The bits for backups stay clear: no provider copies this key.
///
/// Source: <https://www.w3.org/TR/webauthn-3/#sctn-authenticator-data>
pub(super) fn authenticator_data(
    rp_id: &str,
    verified: bool,
    counter: u32,
    credential: Option<(&[u8], &[u8; POINT])>,
) -> Vec<u8> {
    let mut flags = USER_PRESENT;
    if verified {
        flags |= USER_VERIFIED;
    }
    if credential.is_some() {
        flags |= ATTESTED_CREDENTIAL;
    }
    let mut data = sha256(rp_id.as_bytes());
    data.push(flags);
    data.extend(counter.to_be_bytes());
    if let Some((id, point)) = credential {
        data.extend(AAGUID);
        // At most 1023, as `Passkey` checks
        data.extend(u16::try_from(id.len()).unwrap_or(u16::MAX).to_be_bytes());
        data.extend(id);
        data.extend(cose_key(point));
    }
    data
}

/// The attestation object of an authenticator that says nothing of itself
///
/// Source: <https://www.w3.org/TR/webauthn-3/#sctn-none-attestation>
pub(super) fn attestation_object(authenticator_data: &[u8]) -> Vec<u8> {
    let mut cbor = Cbor::default();
    cbor.map(3);
    cbor.text("fmt");
    cbor.text("none");
    cbor.text("attStmt");
    cbor.map(0);
    cbor.text("authData");
    cbor.bytes(authenticator_data);
    cbor.0
}

/// The public key: an elliptic curve key (1: 2) for ES256 (3: -7) on P-256 (-1: 1), its x (-2) and its y (-3)
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9053#section-7.1>
fn cose_key(point: &[u8; POINT]) -> Vec<u8> {
    // The first byte says that both coordinates follow.
    let (_, coordinates) = point.split_at(1);
    let (x, y) = coordinates.split_at(coordinates.len() / 2);
    let mut cbor = Cbor::default();
    cbor.map(5);
    for (label, value) in [(1, 2), (3, -7), (-1, 1)] {
        cbor.integer(label);
        cbor.integer(value);
    }
    cbor.integer(-2);
    cbor.bytes(x);
    cbor.integer(-3);
    cbor.bytes(y);
    cbor.0
}

/// CBOR in its canonical form; whoever writes a map keeps its keys in order
///
/// Source: <https://www.rfc-editor.org/rfc/rfc8949#section-3>
#[derive(Debug, Default)]
struct Cbor(Vec<u8>);

impl Cbor {
    fn map(&mut self, entries: u16) {
        self.head(5, entries);
    }

    fn text(&mut self, text: &str) {
        self.head(3, length(text.as_bytes()));
        self.0.extend(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.head(2, length(bytes));
        self.0.extend(bytes);
    }

    fn integer(&mut self, value: i8) {
        let size = u16::from(value.unsigned_abs());
        match value < 0 {
            true => self.head(1, size - 1),
            false => self.head(0, size),
        }
    }

    fn head(&mut self, major: u8, argument: u16) {
        let major = major << 5;
        match u8::try_from(argument) {
            Ok(small @ 0..=23) => self.0.push(major | small),
            Ok(byte) => self.0.extend([major | 24, byte]),
            Err(_) => {
                self.0.push(major | 25);
                self.0.extend(argument.to_be_bytes());
            }
        }
    }
}

/// What is written here has 1.2 KiB at most
fn length(bytes: &[u8]) -> u16 {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX)
}

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const ATTESTED_CREDENTIAL: u8 = 0x40;

/// With attestation "none" a client puts zeros in place of the authenticator's model
const AAGUID: [u8; 16] = [0; 16];

#[cfg(test)]
mod tests {
    use super::{Cbor, attestation_object, authenticator_data, cose_key};
    use crate::passkey::Binary;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Section 16.2 of the standard, "ES256 Credential with No Attestation"
    #[test]
    fn the_attestation_object_of_the_standard_is_reproduced() {
        let expected = Binary::from_base64url(OBJECT).unwrap();
        let expected = expected.as_bytes();
        let data = expected.get(30..).unwrap();
        let key = data.get(37 + 16 + 2 + 32..).unwrap();
        let mut point = [4; 65];
        point[1..33].copy_from_slice(&key[10..42]);
        point[33..].copy_from_slice(&key[45..]);

        assert_eq!(hex(&attestation_object(data)), hex(expected));
        assert_eq!(hex(&cose_key(&point)), hex(key));
        // All of the data but the flags of backups and the model, which are not ours
        let ours = authenticator_data("example.org", false, 0, Some((&data[55..87], &point)));
        assert_eq!(hex(&ours[..32]), hex(&data[..32]));
        assert_eq!(ours[32], data[32] & !0x18);
        assert_eq!(hex(&ours[33..37]), hex(&data[33..37]));
        assert_eq!(ours[37..53], [0; 16]);
        assert_eq!(hex(&ours[53..]), hex(&data[53..]));
    }

    #[test]
    fn flags_and_counter_stand_in_their_places() {
        let data = authenticator_data("a.test", true, 0x0102_0304, None);

        assert_eq!(data.len(), 37);
        assert_eq!(data[32..], [0x05, 1, 2, 3, 4]);
        assert_eq!(authenticator_data("a.test", false, 0, None)[32], 0x01);
    }

    /// Appendix A of RFC 8949
    #[test]
    fn numbers_and_lengths_are_as_short_as_they_can_be() {
        let integer = |value| {
            let mut cbor = Cbor::default();
            cbor.integer(value);
            hex(&cbor.0)
        };
        assert_eq!(integer(0), "00");
        assert_eq!(integer(23), "17");
        assert_eq!(integer(24), "1818");
        assert_eq!(integer(100), "1864");
        assert_eq!(integer(-1), "20");
        assert_eq!(integer(-10), "29");
        assert_eq!(integer(-100), "3863");
        assert_eq!(integer(i8::MIN), "387f");
        for (length, head) in [(23, "57"), (24, "5818"), (255, "58ff"), (256, "590100")] {
            let mut cbor = Cbor::default();
            cbor.bytes(&vec![0; length]);
            assert_eq!(hex(&cbor.0[..cbor.0.len() - length]), head);
        }
    }

    const OBJECT: &str = "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVikv6vDdDKViwYzYNOtZGHJxHNa5_jt1GWSpeDwFFKy5LVZAAAAAIRGzLmrHbN0dQsjZ_9vOh8AIPkfOR20ybL94OpwGJy6P7Y_V5umEiszrZT_PsMwCEvkpQECAyYgASFYIK_voW-XypstI-uGzLZAmNINuQhWBi6yScM6m2cvJt9hIlggkwpWuHovymYzSwNFir-HlxfBLMaO1zKQry4mZHlrkiA";
}
