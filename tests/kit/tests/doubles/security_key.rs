//! A security key of the test's own, and the browser before it.

use std::error::Error;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use doorward_testkit::{OKTA_HOST, OktaFactor};
use serde_json::{Value, json};

/// An authenticator and the browser before it
pub(crate) struct Key {
    pub(crate) pair: EcdsaKeyPair,
    pub(crate) rp_id: String,
    pub(crate) origin: String,
    pub(crate) kind: &'static str,
    pub(crate) flags: u8,
    pub(crate) counter: u32,
}

impl Key {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            pair: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?,
            rp_id: OKTA_HOST.to_owned(),
            origin: String::new(),
            kind: "webauthn.get",
            flags: 0x05,
            counter: 0,
        })
    }

    pub(crate) fn factor(&self, credential_id: &[u8]) -> OktaFactor {
        OktaFactor::webauthn(credential_id, self.pair.public_key().as_ref())
    }

    pub(crate) fn sign(&self, challenge: &str) -> Result<Value, Box<dyn Error>> {
        let client_data = json!({
            "type": self.kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false,
        })
        .to_string();
        let mut data = digest(&SHA256, self.rp_id.as_bytes()).as_ref().to_vec();
        data.push(self.flags);
        data.extend(self.counter.to_be_bytes());
        let hash = digest(&SHA256, client_data.as_bytes());
        let signed = [data.as_slice(), hash.as_ref()].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &signed)?;
        Ok(json!({
            "clientData": STANDARD.encode(client_data),
            "authenticatorData": STANDARD.encode(data),
            "signatureData": STANDARD.encode(signature),
        }))
    }
}
