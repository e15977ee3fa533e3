//! The passkey at both engines: what is to be signed, and whether it is the one that is asked for.

use doorward::Url;
use doorward::passkey::{AssertionRequest, Binary, Passkey, PasskeyError};
use serde_json::Value;

/// What is to be signed, for the origin of `home`; the engines' challenges have the names of the standard
pub(super) fn request(
    home: &Url,
    challenge: Option<&Value>,
    allowed: impl Iterator<Item = Binary>,
) -> Result<AssertionRequest, PasskeyError> {
    let challenge = challenge.ok_or(PasskeyError::Missing("challenge"))?;
    let request = AssertionRequest::parse(home, challenge.to_string().as_bytes())?;
    Ok(allowed.fold(request, AssertionRequest::allow))
}

/// Whether the name of a key is told, and is not the passkey's: organisations list each key that is enrolled
pub(super) fn is_another(key: Option<Binary>, passkey: Option<&Passkey>) -> bool {
    passkey
        .zip(key)
        .is_some_and(|(passkey, key)| *passkey.credential_id() != key)
}
