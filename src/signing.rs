//! JSON Web Signatures with a key of one's own: what signs, by which algorithm, and what others need to verify it.
//!
//! ```
//! use doorward::signing::{Algorithm, PrivateKey, Signer, compact};
//!
//! let key = PrivateKey::generate(Algorithm::Es256)?;
//! let claims = serde_json::json!({ "sub": "ci-bot" });
//! let token = compact(&key, claims.as_object().unwrap())?;
//! assert_eq!(token.expose_secret().split('.').count(), 3);
//! assert_eq!(key.jwk().to_json()["alg"], "ES256");
//! # Ok::<(), doorward::Error>(())
//! ```

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::{Error, Secret};

mod algorithm;
pub use algorithm::Algorithm;
pub(crate) use algorithm::KeyKind;

mod jwk;
pub use jwk::Jwk;

mod pem;

mod private_key;
pub use private_key::PrivateKey;

/// What signs: a private key at hand, in a token of hardware, or in a cloud's key service
///
/// A signer has one algorithm. Nothing of the private key is in its `Debug` or in its errors.
pub trait Signer: fmt::Debug + Send + Sync {
    /// The algorithm of its signatures
    fn algorithm(&self) -> Algorithm;

    /// The public key, with the name that the signatures are published under
    fn jwk(&self) -> &Jwk;

    /// Signs `message`, in the form of a JSON Web Signature: `r` and `s` one after the other for ES256 and ES384
    ///
    /// It may block, where the key is in hardware or elsewhere: async code calls it on a thread of its own.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) where the key cannot sign, [`Transport`](crate::ErrorKind::Transport) or
    /// [`Unavailable`](crate::ErrorKind::Unavailable) where it is elsewhere and cannot be reached.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error>;
}

/// Signs `claims`: a JSON Web Token in compact form, whose header has `alg`, `kid` and `typ`
///
/// # Errors
///
/// Those of [`Signer::sign`].
///
/// Source: <https://www.rfc-editor.org/rfc/rfc7515#section-7.1>
pub fn compact(signer: &dyn Signer, claims: &Map<String, Value>) -> Result<Secret, Error> {
    let header = json!({
        "alg": signer.algorithm().as_str(),
        "kid": signer.jwk().key_id(),
        "typ": "JWT",
    });
    let encoded = |value: &[u8]| URL_SAFE_NO_PAD.encode(value);
    let claims = Value::Object(claims.clone()).to_string();
    let signed = format!(
        "{}.{}",
        encoded(header.to_string().as_bytes()),
        encoded(claims.as_bytes())
    );
    let signature = signer.sign(signed.as_bytes())?;
    Ok(Secret::new(format!("{signed}.{}", encoded(&signature))))
}

#[cfg(test)]
mod tests;
