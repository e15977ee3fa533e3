use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::Error;
use crate::signing::{Algorithm, KeyKind};

/// A public key as JSON, with the algorithm that it is for and a name
///
/// Its name (`kid`) is the RFC 7638 thumbprint, unless another is given.
///
/// ```
/// use doorward::signing::{Algorithm, Jwk};
///
/// let key = Jwk::ed25519(&[7; 32])?;
/// assert_eq!(key.key_id(), key.thumbprint());
/// let json = key.named("2027-01").to_json();
/// assert_eq!((json["kid"].as_str(), json["use"].as_str()), (Some("2027-01"), Some("sig")));
/// # Ok::<(), doorward::Error>(())
/// ```
///
/// Source: <https://www.rfc-editor.org/rfc/rfc7517#section-4>
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Jwk {
    /// Those that make the key what it is, by name
    members: Vec<(&'static str, String)>,
    algorithm: Algorithm,
    key_id: String,
}

impl Jwk {
    /// An RSA key: modulus and exponent, the first byte first
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): the algorithm is not RSA's, or the modulus has less than 2048 bits.
    pub fn rsa(modulus: &[u8], exponent: &[u8], algorithm: Algorithm) -> Result<Self, Error> {
        KeyKind::Rsa.algorithm(Some(algorithm))?;
        let (modulus, exponent) = (without_zeros(modulus), without_zeros(exponent));
        let bits = modulus.first().map_or(0, |first| {
            modulus.len() * 8 - first.leading_zeros() as usize
        });
        if bits < LEAST_RSA_BITS {
            return Err(Self::too_small());
        }
        let members = vec![
            ("e", encoded(exponent)),
            ("kty", "RSA".into()),
            ("n", encoded(modulus)),
        ];
        Ok(Self::new(members, algorithm))
    }

    /// A key on the curve of ES256 or ES384: an uncompressed point, which is 4, x, y
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): it is no such point, or the algorithm is another.
    pub fn elliptic(point: &[u8], algorithm: Algorithm) -> Result<Self, Error> {
        let (kind, size) = match algorithm {
            Algorithm::Es384 => (KeyKind::P384, 48),
            _ => (KeyKind::P256, 32),
        };
        kind.algorithm(Some(algorithm))?;
        let coordinates = match point.split_first() {
            Some((4, coordinates)) if coordinates.len() == 2 * size => coordinates,
            _ => return Err(Self::no_key()),
        };
        let (x, y) = coordinates.split_at(size);
        let members = vec![
            ("crv", kind.as_str().into()),
            ("kty", "EC".into()),
            ("x", encoded(x)),
            ("y", encoded(y)),
        ];
        Ok(Self::new(members, algorithm))
    }

    /// An Ed25519 key of 32 bytes
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): it has another length.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc8037#section-2>
    pub fn ed25519(key: &[u8]) -> Result<Self, Error> {
        if key.len() != 32 {
            return Err(Self::no_key());
        }
        let members = vec![
            ("crv", "Ed25519".into()),
            ("kty", "OKP".into()),
            ("x", encoded(key)),
        ];
        Ok(Self::new(members, Algorithm::EdDsa))
    }

    /// Gives the key another name than its thumbprint
    #[must_use]
    pub fn named(mut self, key_id: impl Into<String>) -> Self {
        self.key_id = key_id.into();
        self
    }

    /// The name: `kid` of the key, and of the header of what it signs
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// What the key's signatures are made by
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The SHA-256 of the key's own members in their order, as base64url
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc7638#section-3>
    pub fn thumbprint(&self) -> String {
        thumbprint(&self.members)
    }

    /// The whole key, with `use`, `alg` and `kid`
    pub fn to_json(&self) -> Value {
        let named = [
            ("use", "sig"),
            ("alg", self.algorithm.as_str()),
            ("kid", &self.key_id),
        ];
        let own = self
            .members
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let members = own
            .chain(named)
            .map(|(name, value)| (name.to_owned(), Value::from(value)));
        Value::Object(members.collect::<Map<_, _>>())
    }

    pub(crate) fn too_small() -> Error {
        Error::config("the RSA key has less than 2048 bits, or more than 8192")
            .hint("doorward jwt keygen makes a key")
    }

    fn new(members: Vec<(&'static str, String)>, algorithm: Algorithm) -> Self {
        Self {
            key_id: thumbprint(&members),
            members,
            algorithm,
        }
    }

    fn no_key() -> Error {
        Error::config("the public key has not the form that its algorithm wants")
    }
}

/// `members` are in the order of their names, and no value needs escapes
fn thumbprint(members: &[(&'static str, String)]) -> String {
    let members: Vec<_> = members
        .iter()
        .map(|(name, value)| format!("\"{name}\":\"{value}\""))
        .collect();
    encoded(&Sha256::digest(format!("{{{}}}", members.join(","))))
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

const LEAST_RSA_BITS: usize = 2048;

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::Jwk;
    use crate::ErrorKind;
    use crate::signing::Algorithm;

    #[test]
    fn the_thumbprint_is_that_of_the_standards_example() {
        // RFC 7638, 3.1
        let modulus = URL_SAFE_NO_PAD.decode(
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3okn\
             jhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6q\
             MQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awap\
             JzKnqDKgw",
        );

        let key = Jwk::rsa(&modulus.unwrap(), &[0, 1, 0, 1], Algorithm::Rs256).unwrap();

        assert_eq!(key.key_id(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert_eq!(key.to_json()["e"], "AQAB");
    }

    #[test]
    fn the_thumbprint_of_an_ed25519_key_is_that_of_the_standards_example() {
        // RFC 8037, A.2 and A.3
        let public = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");

        let key = Jwk::ed25519(&public.unwrap()).unwrap();

        assert_eq!(
            key.thumbprint(),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let errors = [
            Jwk::rsa(&[255; 255], &[1, 0, 1], Algorithm::Rs256),
            Jwk::rsa(&[], &[1, 0, 1], Algorithm::Ps256),
            Jwk::rsa(&[255; 256], &[1, 0, 1], Algorithm::Es256),
            Jwk::elliptic(&[4; 65], Algorithm::Es384),
            Jwk::elliptic(&[4; 64], Algorithm::Es256),
            Jwk::elliptic(&[2; 65], Algorithm::Es256),
            Jwk::elliptic(&[4; 65], Algorithm::Rs256),
            Jwk::ed25519(&[0; 31]),
        ];
        for (index, result) in errors.into_iter().enumerate() {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Config, "{index}");
        }
        assert!(Jwk::elliptic(&[4; 97], Algorithm::Es384).is_ok());
    }
}
