use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use zeroize::Zeroizing;

use crate::passkey::client_data::sha256;
use crate::passkey::{Binary, PasskeyError};

/// A private key for ES256; the cryptography library wipes its memory when it goes
#[derive(Clone)]
pub(super) struct SigningKey {
    pair: EcdsaKeyPair,
    point: [u8; POINT],
}

impl SigningKey {
    pub(super) fn generate() -> Result<Self, PasskeyError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING);
        Self::of(pair.map_err(|_| PasskeyError::Cryptography)?)
    }

    /// Reads a key in PKCS#8 or SEC 1 form
    pub(super) fn from_der(der: &[u8]) -> Result<Self, PasskeyError> {
        let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, der);
        Self::of(pair.map_err(|_| PasskeyError::WrongKey)?)
    }

    fn of(pair: EcdsaKeyPair) -> Result<Self, PasskeyError> {
        let point = pair.public_key().as_ref().try_into();
        let point = point.map_err(|_| PasskeyError::WrongKey)?;
        Ok(Self { pair, point })
    }

    pub(super) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, PasskeyError> {
        let document = self.pair.to_pkcs8v1();
        let document = document.map_err(|_| PasskeyError::Cryptography)?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }

    /// The public key: 4, x, y
    pub(super) fn point(&self) -> &[u8; POINT] {
        &self.point
    }

    /// The public key as certificates hold it
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc5480#section-2>
    pub(super) fn spki(&self) -> Vec<u8> {
        [SPKI_HEAD, &self.point].concat()
    }

    /// The name of a credential that nobody named: a hash of its public key
    pub(super) fn derived_id(&self) -> Binary {
        Binary::new(sha256(&self.spki()))
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Binary, PasskeyError> {
        let signature = self.pair.sign(&SystemRandom::new(), message);
        let signature = signature.map_err(|_| PasskeyError::Cryptography)?;
        Ok(Binary::new(signature.as_ref()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([redacted])")
    }
}

/// An uncompressed point of P-256 in bytes
pub(super) const POINT: usize = 65;

/// SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING of 65 bytes
const SPKI_HEAD: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair,
        ParsedPublicKey,
    };

    use super::SigningKey;
    use crate::passkey::PasskeyError;

    #[test]
    fn a_signature_is_good_for_the_key_in_its_certificate_form() {
        let key = SigningKey::generate().unwrap();

        let signature = key.sign(b"message").unwrap();

        let public = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.spki()).unwrap();
        assert!(public.verify_sig(b"message", signature.as_bytes()).is_ok());
        assert!(public.verify_sig(b"massage", signature.as_bytes()).is_err());
    }

    #[test]
    fn the_certificate_form_is_that_of_the_library() {
        let key = SigningKey::generate().unwrap();

        let der = key.pair.public_key().as_der().unwrap();

        assert_eq!(key.spki(), der.as_ref());
    }

    #[test]
    fn a_key_survives_its_own_form() {
        let key = SigningKey::generate().unwrap();

        let again = SigningKey::from_der(&key.to_pkcs8().unwrap()).unwrap();

        assert_eq!(again.point(), key.point());
        assert_eq!(again.derived_id(), key.derived_id());
        assert_eq!(key.derived_id().as_bytes().len(), 32);
    }

    #[test]
    fn other_curves_and_damaged_keys_are_refused() {
        let other = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).unwrap();
        let other = other.to_pkcs8v1().unwrap();
        let good = SigningKey::generate().unwrap().to_pkcs8().unwrap();
        let cut = &good[..good.len() - 1];
        for der in [other.as_ref(), b"", b"canary", cut] {
            assert_eq!(
                SigningKey::from_der(der).unwrap_err(),
                PasskeyError::WrongKey
            );
        }
    }
}
