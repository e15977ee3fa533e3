use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding,
};
use pkcs8::pkcs5::pbes2::Parameters;
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use zeroize::Zeroizing;

use crate::signing::pem::{self, Kind};
use crate::signing::{Algorithm, Jwk, KeyKind, Signer};
use crate::{Error, Secret};

/// A private key at hand: RSA from 2048 bits on, P-256, P-384 or Ed25519
///
/// The cryptography library wipes its memory when it goes, and `Debug` shows the public half only.
///
/// ```
/// use doorward::signing::{Algorithm, PrivateKey, Signer};
///
/// let key = PrivateKey::generate(Algorithm::Es256)?;
/// let again = PrivateKey::from_pem(&key.to_pem()?, None, None)?;
/// assert_eq!(again.jwk(), key.jwk());
/// # Ok::<(), doorward::Error>(())
/// ```
pub struct PrivateKey {
    pair: Pair,
    jwk: Jwk,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    Elliptic(EcdsaKeyPair),
    Rsa(rsa::KeyPair),
}

impl PrivateKey {
    /// Makes a new key for `algorithm`; RSA has 2048 bits
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): the system has no random numbers.
    pub fn generate(algorithm: Algorithm) -> Result<Self, Error> {
        let pair = match algorithm.key_kind() {
            KeyKind::Ed25519 => Ed25519KeyPair::generate().map(Pair::Ed25519),
            KeyKind::P256 => {
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Pair::Elliptic)
            }
            KeyKind::P384 => {
                EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).map(Pair::Elliptic)
            }
            KeyKind::Rsa => rsa::KeyPair::generate(KeySize::Rsa2048).map(Pair::Rsa),
        };
        Self::new(pair.map_err(|_| cannot("make a key"))?, algorithm)
    }

    /// Reads a key as PEM: PKCS#8, which may be encrypted, PKCS#1 or SEC 1
    ///
    /// Without an algorithm it is RS256, ES256, ES384 or EdDSA, as the key is.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): it is no such key, or not one for the algorithm; the passphrase is missing or wrong.
    pub fn from_pem(
        pem: &Secret,
        passphrase: Option<&Secret>,
        algorithm: Option<Algorithm>,
    ) -> Result<Self, Error> {
        let document = pem::parse(pem.expose_secret())?;
        let (kind, pair) = match document.kind {
            Kind::Encrypted => {
                let der = decrypted(&document.der, passphrase)?;
                // One wrong passphrase of 256 leaves bytes that look whole.
                pair_of(&der, Kind::Pkcs8).map_err(|_| wrong_passphrase())?
            }
            kind => pair_of(&document.der, kind)?,
        };
        Self::new(pair, kind.algorithm(algorithm)?)
    }

    /// Whether a PEM text can be read with a passphrase only
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): it holds no private key.
    pub fn is_encrypted(pem: &Secret) -> Result<bool, Error> {
        Ok(pem::parse(pem.expose_secret())?.kind == Kind::Encrypted)
    }

    /// The key as PEM, PKCS#8, not encrypted
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): the cryptography library refuses.
    pub fn to_pem(&self) -> Result<Secret, Error> {
        Ok(pem::write("PRIVATE KEY", &self.to_pkcs8()?))
    }

    /// The key as PEM, PKCS#8, encrypted with a passphrase: PBKDF2 with HMAC-SHA-256, and AES-256 in CBC mode
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): the passphrase is empty, or the cryptography library refuses.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc8018#section-6.2>
    pub fn to_encrypted_pem(&self, passphrase: &Secret) -> Result<Secret, Error> {
        if passphrase.is_empty() {
            return Err(Error::config("the key's passphrase is empty"));
        }
        let (mut salt, mut start) = ([0; 16], [0; 16]);
        let filled = rand::fill(&mut salt).and_then(|()| rand::fill(&mut start));
        filled.map_err(|_| cannot("encrypt the key"))?;
        let parameters = Parameters::generate_pbkdf2_sha256_aes256cbc(ROUNDS, &salt, start);
        let parameters = parameters.map_err(|_| cannot("encrypt the key"))?;
        let key = self.to_pkcs8()?;
        let info = PrivateKeyInfoRef::try_from(key.as_slice());
        let sealed =
            info.and_then(|info| info.encrypt_with_params(parameters, passphrase.expose_secret()));
        let sealed = sealed.map_err(|_| cannot("encrypt the key"))?;
        Ok(pem::write("ENCRYPTED PRIVATE KEY", sealed.as_bytes()))
    }

    /// Gives the key another name than its thumbprint
    #[must_use]
    pub fn named(mut self, key_id: impl Into<String>) -> Self {
        self.jwk = self.jwk.named(key_id);
        self
    }

    fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let der = match &self.pair {
            Pair::Ed25519(pair) => pair.to_pkcs8v1().map(|der| wiped(der.as_ref())),
            Pair::Elliptic(pair) => pair.to_pkcs8v1().map(|der| wiped(der.as_ref())),
            Pair::Rsa(pair) => {
                let der: Result<Pkcs8V1Der<'_>, _> = pair.as_der();
                der.map(|der| wiped(der.as_ref()))
            }
        };
        der.map_err(|_| cannot("write the key"))
    }

    fn new(pair: Pair, algorithm: Algorithm) -> Result<Self, Error> {
        let jwk = match &pair {
            Pair::Ed25519(pair) => Jwk::ed25519(pair.public_key().as_ref()),
            Pair::Elliptic(pair) => Jwk::elliptic(pair.public_key().as_ref(), algorithm),
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                Jwk::rsa(
                    public.modulus().big_endian_without_leading_zero(),
                    public.exponent().big_endian_without_leading_zero(),
                    algorithm,
                )
            }
        }?;
        Ok(Self { pair, jwk })
    }
}

impl Signer for PrivateKey {
    fn algorithm(&self) -> Algorithm {
        self.jwk.algorithm()
    }

    fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Ed25519(pair) => pair.try_sign(message).map(|made| made.as_ref().to_vec()),
            Pair::Elliptic(pair) => pair
                .sign(&random, message)
                .map(|made| made.as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let padding = padding(self.algorithm());
                pair.sign(padding, &random, message, &mut signature)
                    .map(|()| signature)
            }
        };
        signature.map_err(|_| cannot("sign"))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("jwk", &self.jwk)
            .finish_non_exhaustive()
    }
}

/// The key in `der`, which is not encrypted
fn pair_of(der: &[u8], form: Kind) -> Result<(KeyKind, Pair), Error> {
    if form != Kind::Pkcs1 {
        let elliptic = |algorithm| EcdsaKeyPair::from_private_key_der(algorithm, der);
        if let Ok(pair) = elliptic(&ECDSA_P256_SHA256_FIXED_SIGNING) {
            return Ok((KeyKind::P256, Pair::Elliptic(pair)));
        }
        if let Ok(pair) = elliptic(&ECDSA_P384_SHA384_FIXED_SIGNING) {
            return Ok((KeyKind::P384, Pair::Elliptic(pair)));
        }
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8(der) {
            return Ok((KeyKind::Ed25519, Pair::Ed25519(pair)));
        }
    }
    let pair = match form {
        Kind::Pkcs1 => rsa::KeyPair::from_der(der),
        _ => rsa::KeyPair::from_pkcs8(der),
    };
    match pair {
        Ok(pair) => Ok((KeyKind::Rsa, Pair::Rsa(pair))),
        Err(error) if is_size(&error) => Err(Jwk::too_small()),
        Err(_) => Err(Error::config(
            "the key is damaged, or neither RSA nor on one of the curves P-256, P-384 and Ed25519",
        )),
    }
}

/// The library tells it in words only
fn is_size(error: &KeyRejected) -> bool {
    matches!(error.description_(), "TooSmall" | "TooLarge")
}

fn decrypted(der: &[u8], passphrase: Option<&Secret>) -> Result<Zeroizing<Vec<u8>>, Error> {
    let passphrase = passphrase.ok_or_else(|| {
        Error::config("the key is encrypted, and there is no passphrase").hint(
            "give --jwt-key-passphrase-file, --jwt-key-passphrase-command or DOORWARD_JWT_KEY_PASSPHRASE",
        )
    })?;
    let document = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| {
        old_encryption(Error::config(
            "the encrypted key is damaged, or encrypted by an old algorithm",
        ))
    })?;
    match document.decrypt(passphrase.expose_secret()) {
        Ok(key) => Ok(wiped(key.as_bytes())),
        Err(pkcs8::Error::EncryptedPrivateKey(
            error @ (pkcs8::pkcs5::Error::UnsupportedAlgorithm { .. }
            | pkcs8::pkcs5::Error::NoPbes1CryptSupport),
        )) => Err(old_encryption(
            Error::config("the key is encrypted by an old algorithm").because(error),
        )),
        Err(_) => Err(wrong_passphrase()),
    }
}

fn old_encryption(error: Error) -> Error {
    error.hint("openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 encrypts it anew")
}

fn wrong_passphrase() -> Error {
    Error::config("the passphrase does not open the key")
}

fn cannot(what: &str) -> Error {
    Error::config(format!("the cryptography library could not {what}"))
}

fn wiped(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(bytes.to_vec())
}

fn padding(algorithm: Algorithm) -> &'static dyn RsaEncoding {
    match algorithm {
        Algorithm::Rs384 => &RSA_PKCS1_SHA384,
        Algorithm::Rs512 => &RSA_PKCS1_SHA512,
        Algorithm::Ps256 => &RSA_PSS_SHA256,
        Algorithm::Ps384 => &RSA_PSS_SHA384,
        Algorithm::Ps512 => &RSA_PSS_SHA512,
        _ => &RSA_PKCS1_SHA256,
    }
}

/// Each use of the key goes through them: some 50 ms
const ROUNDS: u32 = 100_000;
