//! The check of a passkey's signature, as a relying party makes it.
//!
//! Source: <https://www.w3.org/TR/webauthn-3/#sctn-verifying-assertion>

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use doorward::passkey::Binary;
use doorward_testkit::Ask;
use serde_json::Value;

/// Whether what `ask` brings signs `challenge`, by the key whose SPKI form ends with `public_key`'s last 65 bytes
pub(crate) fn is_good(ask: &Ask, challenge: &str, public_key: &[u8]) -> bool {
    let part = |name| Binary::from_base64url(&ask.field(name)?).ok();
    let (Some(client_data), Some(data), Some(signature)) = (
        part("clientDataJSON"),
        part("authenticatorData"),
        part("signature"),
    ) else {
        return false;
    };
    let client: Value = serde_json::from_slice(client_data.as_bytes()).unwrap_or_default();
    let is_asked = client["type"] == "webauthn.get"
        && client["challenge"] == challenge
        && client["origin"] == ask.origin();
    let is_here = data
        .as_bytes()
        .starts_with(digest(&SHA256, ask.host().as_bytes()).as_ref())
        && data.as_bytes().get(32).is_some_and(|flags| flags & 1 == 1);
    let signed = [
        data.as_bytes(),
        digest(&SHA256, client_data.as_bytes()).as_ref(),
    ]
    .concat();
    let point = &public_key[public_key.len() - 65..];
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point);
    is_asked && is_here && key.verify(&signed, signature.as_bytes()).is_ok()
}
