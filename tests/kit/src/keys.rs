//! The RSA key that signs the portal's tokens and SAML messages.

use std::io;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, crypto};
use serde_json::{Value, json};

pub(crate) struct Keys {
    signing: EncodingKey,
    checking: DecodingKey,
    jwk: Value,
}

impl Keys {
    /// Reads the key that the crate carries: making one takes a second in a debug build
    pub(crate) fn load() -> io::Result<Self> {
        let signing = EncodingKey::from_rsa_pem(TEST_KEY).map_err(io::Error::other)?;
        let jwk = Jwk::from_encoding_key(&signing, Algorithm::RS256).map_err(io::Error::other)?;
        let checking = DecodingKey::from_jwk(&jwk).map_err(io::Error::other)?;
        Ok(Self {
            signing,
            checking,
            jwk: serde_json::to_value(&jwk)?,
        })
    }

    /// A token without `typ`, as OpenUnison signs them; empty if the claims cannot be signed
    pub(crate) fn sign_token(&self, kid: &str, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::RS256);
        header.typ = None;
        header.kid = Some(kid.to_owned());
        jsonwebtoken::encode(&header, claims, &self.signing).unwrap_or_default()
    }

    /// The claims of a token with a good signature; times, issuer and audience are for the caller
    pub(crate) fn read_token(&self, token: &str) -> Option<Value> {
        let mut rules = Validation::new(Algorithm::RS256);
        rules.validate_exp = false;
        rules.validate_aud = false;
        rules.required_spec_claims.clear();
        let read = jsonwebtoken::decode::<Value>(token, &self.checking, &rules).ok()?;
        Some(read.claims)
    }

    /// The public key as the one entry of a key set
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        json!({
            "kty": "RSA",
            "kid": kid,
            "use": "sig",
            "alg": "RS256",
            "n": self.jwk.get("n"),
            "e": self.jwk.get("e"),
        })
    }

    /// A signature in standard base64
    pub(crate) fn sign(&self, text: &str) -> String {
        let url = crypto::sign(text.as_bytes(), &self.signing, Algorithm::RS256);
        let raw = URL_SAFE_NO_PAD.decode(url.unwrap_or_default());
        STANDARD.encode(raw.unwrap_or_default())
    }

    pub(crate) fn verify(&self, text: &str, signature: &str) -> bool {
        let Ok(raw) = STANDARD.decode(signature) else {
            return false;
        };
        let url = URL_SAFE_NO_PAD.encode(raw);
        crypto::verify(&url, text.as_bytes(), &self.checking, Algorithm::RS256).unwrap_or(false)
    }
}

/// Whether `verifier` fits an S256 challenge
pub(crate) fn s256_fits(verifier: &str, challenge: &str) -> bool {
    s256(verifier) == challenge
}

/// The S256 challenge of a verifier
pub(crate) fn s256(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

/// A key that anybody can read: it must never sign anything but tests
const TEST_KEY: &[u8] = include_bytes!("test_signing_key.pem");
