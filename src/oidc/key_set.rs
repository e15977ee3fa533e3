//! An issuer's public keys, and which of them a token can be signed by.

use jsonwebtoken::crypto;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

/// The keys of a JWKS that a signature can be checked by
///
/// What else is in it, such as keys for encryption, of kinds that nobody knows, or that are secrets, is passed over.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc7517#section-5>
#[derive(Debug)]
pub(super) struct KeySet(Vec<Jwk>);

impl KeySet {
    /// Reads a JWKS; nothing if it is none
    pub(super) fn read(json: &Value) -> Option<Self> {
        let keys = json.get("keys")?.as_array()?;
        let keys = keys.iter().take(MOST_KEYS);
        let keys = keys.filter_map(|key| serde_json::from_value::<Jwk>(key.clone()).ok());
        Some(Self(keys.filter(is_for_signatures).collect()))
    }

    /// Whether a key of this set made `signature`
    ///
    /// The key has to fit the algorithm that the token names, and the name of the key where the token has one.
    pub(super) fn has_signed(
        &self,
        message: &str,
        signature: &str,
        algorithm: &str,
        key_id: Option<&str>,
    ) -> Verdict {
        let named = |key: &&Jwk| key_id.is_none() || key.common.key_id.as_deref() == key_id;
        let mut verdict = Verdict::UnknownKey;
        for key in self.0.iter().filter(named) {
            let Some(algorithm) = fitting(key, algorithm) else {
                verdict = verdict.max(Verdict::OtherAlgorithm);
                continue;
            };
            let is_good = DecodingKey::from_jwk(key)
                .and_then(|key| crypto::verify(signature, message.as_bytes(), &key, algorithm));
            match is_good {
                Ok(true) => return Verdict::Good,
                _ => verdict = verdict.max(Verdict::Bad),
            }
        }
        verdict
    }
}

/// What a set of keys says of a signature; the last that holds of any key counts
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Verdict {
    /// No key of that name
    UnknownKey,
    /// The key is not for the algorithm that the token names
    OtherAlgorithm,
    /// The key did not make it
    Bad,
    /// The key made it
    Good,
}

fn is_for_signatures(key: &Jwk) -> bool {
    let usage = key.common.public_key_use.as_ref();
    usage.is_none_or(|usage| *usage == PublicKeyUse::Signature)
}

/// The algorithm called `name`, if `key` is for it: the kind of the key decides, and its `alg` where it has one
///
/// `none` and those with a shared secret are not among them, so that a public key is never taken for a secret.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc8725#section-3.1>
fn fitting(key: &Jwk, name: &str) -> Option<Algorithm> {
    let algorithm = match (&key.algorithm, name) {
        (AlgorithmParameters::RSA(_), "RS256") => Algorithm::RS256,
        (AlgorithmParameters::RSA(_), "RS384") => Algorithm::RS384,
        (AlgorithmParameters::RSA(_), "RS512") => Algorithm::RS512,
        (AlgorithmParameters::RSA(_), "PS256") => Algorithm::PS256,
        (AlgorithmParameters::RSA(_), "PS384") => Algorithm::PS384,
        (AlgorithmParameters::RSA(_), "PS512") => Algorithm::PS512,
        (AlgorithmParameters::EllipticCurve(of), "ES256") if of.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        (AlgorithmParameters::EllipticCurve(of), "ES384") if of.curve == EllipticCurve::P384 => {
            Algorithm::ES384
        }
        (AlgorithmParameters::OctetKeyPair(of), "EdDSA") if of.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        _ => return None,
    };
    let own = key.common.key_algorithm.as_ref();
    let is_own = own.is_none_or(|own| own.to_string() == name);
    is_own.then_some(algorithm)
}

/// More than any issuer publishes
const MOST_KEYS: usize = 100;

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    use super::{KeySet, Verdict};

    struct Signed {
        key: Value,
        signature: String,
    }

    fn signed() -> Signed {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let signature = pair.sign(&SystemRandom::new(), MESSAGE.as_bytes()).unwrap();
        let point = pair.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        Signed {
            key: json!({"kty": "EC", "crv": "P-256", "kid": "a b", "x": part(x), "y": part(y)}),
            signature: part(signature.as_ref()),
        }
    }

    fn with(key: &Value, more: Value) -> Value {
        let mut key = key.as_object().unwrap().clone();
        key.extend(more.as_object().unwrap().clone());
        key.into()
    }

    fn verdict(keys: Value, signature: &str, algorithm: &str, key_id: Option<&str>) -> Verdict {
        let set = KeySet::read(&json!({"keys": keys})).unwrap();
        set.has_signed(MESSAGE, signature, algorithm, key_id)
    }

    #[test]
    fn a_signature_is_good_by_its_own_key_alone() {
        let (one, other) = (signed(), signed());

        for id in [Some("a b"), None] {
            let keys = json!([one.key]);
            assert_eq!(verdict(keys, &one.signature, "ES256", id), Verdict::Good);
            let keys = json!([one.key]);
            assert_eq!(verdict(keys, &other.signature, "ES256", id), Verdict::Bad);
        }
        let keys = json!([other.key, one.key]);
        assert_eq!(verdict(keys, &one.signature, "ES256", None), Verdict::Good);
        let keys = json!([one.key]);
        assert_eq!(
            verdict(keys, &one.signature, "ES256", Some("c")),
            Verdict::UnknownKey
        );
    }

    #[test]
    fn the_key_says_for_which_algorithm_it_is() {
        let Signed { key, signature } = signed();
        for algorithm in ["none", "HS256", "RS256", "ES384", "es256", ""] {
            assert_eq!(
                verdict(json!([key]), &signature, algorithm, None),
                Verdict::OtherAlgorithm,
                "{algorithm}"
            );
        }
        let other = with(&key, json!({"alg": "ES384"}));
        assert_eq!(
            verdict(json!([other]), &signature, "ES256", None),
            Verdict::OtherAlgorithm
        );
        let own = with(&key, json!({"alg": "ES256", "use": "sig"}));
        assert_eq!(
            verdict(json!([own]), &signature, "ES256", None),
            Verdict::Good
        );
    }

    #[test]
    fn keys_that_are_none_are_passed_over() {
        let Signed { key, signature } = signed();
        let keys = json!([
            1,
            {"kty": "new"},
            {"kty": "oct", "k": "c2VjcmV0"},
            {"kty": "RSA", "n": "!", "e": "AQAB"},
            {"kty": "RSA"},
            with(&key, json!({"use": "enc"})),
            key,
        ]);

        assert_eq!(verdict(keys, &signature, "ES256", None), Verdict::Good);
        let encryption = json!([with(&key, json!({"use": "enc"}))]);
        assert_eq!(
            verdict(encryption, &signature, "ES256", None),
            Verdict::UnknownKey
        );
        let broken = json!([with(&key, json!({"x": "AAAA"}))]);
        assert_eq!(verdict(broken, &signature, "ES256", None), Verdict::Bad);
        assert!(KeySet::read(&json!([])).is_none());
        assert!(KeySet::read(&json!({"keys": 1})).is_none());
    }

    const MESSAGE: &str = "e30.e30";
}
