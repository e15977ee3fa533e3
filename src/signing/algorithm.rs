use std::fmt;

use crate::Error;

/// A signature algorithm of JSON Web Signatures
///
/// ```
/// use doorward::signing::Algorithm;
///
/// assert_eq!(Algorithm::parse("ES256")?, Algorithm::Es256);
/// assert!(Algorithm::parse("none").is_err());
/// # Ok::<(), doorward::Error>(())
/// ```
///
/// Source: <https://www.rfc-editor.org/rfc/rfc7518#section-3.1>
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512
    Rs512,
    /// RSASSA-PSS with SHA-256
    Ps256,
    /// RSASSA-PSS with SHA-384
    Ps384,
    /// RSASSA-PSS with SHA-512
    Ps512,
    /// ECDSA with P-256 and SHA-256
    Es256,
    /// ECDSA with P-384 and SHA-384
    Es384,
    /// Ed25519, which few servers take: the Kubernetes API server does not
    EdDsa,
}

impl Algorithm {
    /// Every algorithm
    pub const ALL: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// Reads a name such as `ES256`, in capitals or not
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): there is no such algorithm; `none` and those with a shared secret are none here.
    pub fn parse(name: &str) -> Result<Self, Error> {
        let mut all = Self::ALL.into_iter();
        let found = all.find(|algorithm| algorithm.as_str().eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            Error::config("there is no such signature algorithm")
                .at("algorithm", name)
                .hint(format!(
                    "there are {}",
                    Self::ALL.map(Self::as_str).join(", ")
                ))
        })
    }

    /// The name that headers and keys have, such as `ES256`
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    pub(crate) fn key_kind(self) -> KeyKind {
        match self {
            Self::Es256 => KeyKind::P256,
            Self::Es384 => KeyKind::P384,
            Self::EdDsa => KeyKind::Ed25519,
            _ => KeyKind::Rsa,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a key is, which says which algorithms it can do
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum KeyKind {
    Ed25519,
    P256,
    P384,
    Rsa,
}

impl KeyKind {
    /// What such a key signs by where nobody says
    pub(crate) fn usual(self) -> Algorithm {
        match self {
            Self::Ed25519 => Algorithm::EdDsa,
            Self::P256 => Algorithm::Es256,
            Self::P384 => Algorithm::Es384,
            Self::Rsa => Algorithm::Rs256,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ed25519 => "Ed25519",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::Rsa => "RSA",
        }
    }

    /// The algorithm of such a key: the one that was chosen, which must be one of its own, or the usual one
    pub(crate) fn algorithm(self, chosen: Option<Algorithm>) -> Result<Algorithm, Error> {
        let algorithm = chosen.unwrap_or_else(|| self.usual());
        match algorithm.key_kind() == self {
            true => Ok(algorithm),
            false => Err(Error::config("the key is not one for the algorithm")
                .at("algorithm", algorithm.as_str())
                .at("key", self.as_str())
                .hint(format!(
                    "{} wants a key of {}; without an algorithm this key signs by {}",
                    algorithm,
                    algorithm.key_kind().as_str(),
                    self.usual()
                ))),
        }
    }
}
