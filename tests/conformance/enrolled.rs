//! What the account has besides its password, where that takes more than a word.

use doorward::passkey::{Passkey, RegistrationRequest};
use doorward::{Credentials, Secret, SecretSource, Url};
use doorward_testkit::{OktaFactor, PushAnswer};
use serde_json::json;

use super::password;

pub(crate) fn totp() -> OktaFactor {
    OktaFactor::totp("GOOGLE")
}

pub(crate) fn question() -> OktaFactor {
    OktaFactor::question("Who was it?", ANSWER)
}

/// The password, and this answer to the question
pub(crate) fn answer(text: &str) -> Credentials {
    password().answer(SecretSource::value(Secret::new(text)))
}

/// A push that asks for the number 0, and is answered at the second poll
pub(crate) fn push(answer: PushAnswer) -> OktaFactor {
    OktaFactor::push(answer, 1).number(0, 1)
}

/// A passkey of a host, and how an organisation has it
pub(crate) fn passkey(host: &str) -> (Passkey, OktaFactor) {
    let page = Url::parse(&format!("https://{host}/enroll")).unwrap();
    let options = json!({
        "challenge": "AAECAwQFBgcICQoLDA0ODw", "rp": {"name": "Acme"},
        "user": {"id": "Y2k", "name": "ci", "displayName": "CI"},
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
    });
    let request = RegistrationRequest::parse(&page, options.to_string().as_bytes()).unwrap();
    let passkey = Passkey::for_request(&request).unwrap();
    let registration = passkey.register(&request).unwrap();
    let id = passkey.credential_id().as_bytes().to_vec();
    let factor = OktaFactor::webauthn(&id, registration.public_key().as_bytes());
    (passkey, factor)
}

/// The answer to the question
pub(crate) const ANSWER: &str = "Rex the 3rd";
