//! The keys that sign the provider's tokens, and those that it says they are.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::provider::{Flaw, State};

/// A key for ES256 with a name
pub(super) struct SigningKey {
    pair: EcdsaKeyPair,
    name: String,
}

impl SigningKey {
    #[expect(clippy::expect_used, reason = "without a key there is nothing to test")]
    pub(super) fn generate(number: usize) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
        Self {
            pair: pair.expect("the cryptography library makes a key"),
            // Names with blanks occur at real portals.
            name: format!("CN=provider, O=test, {number}"),
        }
    }

    /// The public key
    pub(super) fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let part = |from: usize, to: usize| {
            URL_SAFE_NO_PAD.encode(point.get(from..to).unwrap_or_default())
        };
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.name,
            "x": part(1, 33), "y": part(33, 65),
        })
    }

    pub(super) fn sign(&self, claims: &Value) -> String {
        let message = self.message("ES256", claims);
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes());
        let signature = signature.map(|signature| URL_SAFE_NO_PAD.encode(signature));
        format!("{message}.{}", signature.unwrap_or_default())
    }

    /// The token, with what is wrong with it
    pub(super) fn sign_with(&self, claims: &Value, flaw: Option<Flaw>) -> String {
        match flaw {
            Some(Flaw::Unsigned) => format!("{}.", self.message("none", claims)),
            Some(Flaw::PublicKeyAsSecret) => {
                let message = self.message("HS256", claims);
                let secret = self.jwk().to_string();
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
                let signature = hmac::sign(&key, message.as_bytes());
                format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
            }
            _ => self.sign(claims),
        }
    }

    fn message(&self, algorithm: &str, claims: &Value) -> String {
        let header = json!({"alg": algorithm, "kid": self.name});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}", part(&header), part(claims))
    }
}

impl State {
    /// The published keys, the one that signs first
    pub(super) fn key_set(&self) -> Value {
        let mut first = self.key.jwk();
        match self.switches.flaw {
            Some(Flaw::OtherKey) => {
                let other = SigningKey::generate(0).jwk();
                first["x"] = other["x"].clone();
                first["y"] = other["y"].clone();
            }
            Some(Flaw::UnpublishedKey) => first["kid"] = json!("another"),
            Some(Flaw::KeyOfAnotherKind) => {
                let (kid, n) = (first["kid"].clone(), first["x"].clone());
                first = json!({"kty": "RSA", "use": "sig", "kid": kid, "n": n, "e": "AQAB"});
            }
            _ => {}
        }
        let old = self.old_keys.iter().map(SigningKey::jwk);
        let keys: Vec<Value> = [first].into_iter().chain(old).collect();
        json!({"keys": keys})
    }
}
