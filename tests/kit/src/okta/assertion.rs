//! Signatures of security keys and passkeys: ES256 over the authenticator data and the digest of the client data.
//!
//! Source: <https://www.w3.org/TR/webauthn-3/#sctn-verifying-assertion>

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::http::Ask;
use crate::random;
use crate::world::World;

/// What a browser was asked to sign, and what it sent
pub(super) struct Assertion<'a> {
    /// The challenge, as the org wrote it
    challenge: &'a str,
    /// The origin of the page, with its port
    origin: &'a str,
    rp_id: &'a str,
    /// Whether the key must say that it knows who was there
    verified: bool,
    /// The three parts of [`PARTS`], in base64
    parts: [&'a str; 3],
}

impl<'a> Assertion<'a> {
    /// What came with a request of the page that shows the challenge
    pub(super) fn new(
        challenge: &'a str,
        verified: bool,
        parts: [&'a str; 3],
        ask: &'a Ask,
    ) -> Self {
        Self {
            challenge,
            origin: ask.origin(),
            rp_id: ask.host(),
            verified,
            parts,
        }
    }

    /// The key's counter, if the signature is good and not one of a copy; `before` is the counter of the last one
    ///
    /// # Errors
    ///
    /// Which check failed.
    pub(super) fn check(&self, point: &[u8], before: u32) -> Result<u32, &'static str> {
        // The vendor's own page writes padded base64 in the standard alphabet.
        let decode = |text| STANDARD.decode(text).map_err(|_| "a part is no base64");
        let [client_data, data, signature] = self.parts;
        let (client_data, data) = (decode(client_data)?, decode(data)?);
        let signature = decode(signature)?;
        let client: Value =
            serde_json::from_slice(&client_data).map_err(|_| "clientData is no JSON")?;
        let member = |name: &str| client.get(name).and_then(Value::as_str).unwrap_or_default();
        if member("type") != "webauthn.get" {
            return Err("the type is not webauthn.get");
        }
        if member("challenge") != self.challenge {
            return Err("the challenge is another one");
        }
        if member("origin") != self.origin {
            return Err("the origin is not the page's");
        }
        if client.get("crossOrigin").and_then(Value::as_bool) == Some(true) {
            return Err("the page was in a foreign frame");
        }
        let (rp_id_hash, rest) = data.split_at_checked(32).ok_or(TOO_SHORT)?;
        if rp_id_hash != digest(&SHA256, self.rp_id.as_bytes()).as_ref() {
            return Err("the relying party is another one");
        }
        let (flags, rest) = rest.split_first().ok_or(TOO_SHORT)?;
        if flags & USER_PRESENT == 0 {
            return Err("nobody was there");
        }
        if self.verified && flags & USER_VERIFIED == 0 {
            return Err("nobody was verified");
        }
        let counter = rest
            .get(..4)
            .and_then(|bytes| bytes.try_into().ok())
            .map(u32::from_be_bytes)
            .ok_or(TOO_SHORT)?;
        let mut signed = data;
        signed.extend_from_slice(digest(&SHA256, &client_data).as_ref());
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
            .verify(&signed, &signature)
            .map_err(|_| "the signature is not the key's")?;
        // Keys that do not count say zero for ever.
        match counter > before || (counter, before) == (0, 0) {
            true => Ok(counter),
            false => Err("the key's counter did not go up"),
        }
    }
}

/// Something to sign
pub(super) fn challenge(world: &World) -> String {
    world.secret(random::base64url(20))
}

/// The uncompressed point of a P-256 key in SPKI, COSE or as it is
pub(super) fn point(key: &[u8]) -> Option<Vec<u8>> {
    if key.len() == POINT && key.first() == Some(&4) {
        return Some(key.to_vec());
    }
    if let Some(point) = key.strip_prefix(SPKI) {
        return (point.len() == POINT).then(|| point.to_vec());
    }
    let coordinate = |label: u8| {
        let start = [label, 0x58, 0x20];
        let at = key.windows(3).position(|window| window == start)?;
        key.get(at + 3..at + 35)
    };
    let (x, y) = (coordinate(0x21)?, coordinate(0x22)?);
    Some([&[4], x, y].concat())
}

/// What both engines call the three parts
pub(super) const PARTS: [&str; 3] = ["clientData", "authenticatorData", "signatureData"];
const TOO_SHORT: &str = "authenticatorData is too short";
const POINT: usize = 65;
const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
/// A `SubjectPublicKeyInfo` for P-256, up to the point
const SPKI: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_come_in_three_forms() {
        let point_of: Vec<u8> = [vec![4], vec![0x21; 32], vec![7; 32]].concat();
        let spki = [SPKI, &point_of].concat();
        let cose = [
            &[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20][..],
            &[0x21; 32],
            &[0x22, 0x58, 0x20],
            &[7; 32],
        ]
        .concat();

        for form in [&point_of, &spki, &cose] {
            assert_eq!(point(form).as_ref(), Some(&point_of));
        }
        assert_eq!(point(b"a key of another kind"), None);
        assert_eq!(point(&[]), None);
    }
}
