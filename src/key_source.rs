//! Where a key to sign with is: a file, or a token of hardware.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::pkcs11::KeyUri;
#[cfg(feature = "pkcs11")]
use crate::pkcs11::TokenKey;
use crate::signing::{Algorithm, PrivateKey, Signer};
use crate::{Error, Secret, SecretSource};

/// A place to get a [`Signer`] from, such as the file after `--jwt-key`
///
/// A file has a private key as PEM, and nobody but its owner may read or write it. A key that does not leave its token of hardware has
/// a `pkcs11:` URI (feature `pkcs11`).
///
/// ```
/// use doorward::KeySource;
///
/// # #[cfg(unix)] {
/// use std::os::unix::fs::PermissionsExt;
/// use doorward::signing::{Algorithm, PrivateKey};
///
/// # let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("ci.pem");
/// let key = PrivateKey::generate(Algorithm::Es256)?;
/// std::fs::write(&path, key.to_pem()?.expose_secret()).unwrap();
/// std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
///
/// let signer = KeySource::new(path.to_str().unwrap())?.signer()?;
/// assert_eq!(signer.algorithm(), Algorithm::Es256);
/// # }
/// # Ok::<(), doorward::Error>(())
/// ```
#[derive(Clone)]
pub struct KeySource {
    place: Place,
    passphrase: Option<SecretSource>,
    algorithm: Option<Algorithm>,
    key_id: Option<String>,
    shared_files: bool,
}

#[derive(Clone, Debug)]
enum Place {
    File(PathBuf),
    Token(Box<KeyUri>),
}

impl KeySource {
    /// The key that `place` names: a path, or a URI such as `pkcs11:token=ci;object=key?module-name=softhsm2&pin-source=file:/run/pin`
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): `place` is empty, or a URI that is not understood.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc7512>
    pub fn new(place: &str) -> Result<Self, Error> {
        if place.is_empty() {
            return Err(Error::config("the name of the key file is empty"));
        }
        let place = match KeyUri::parse(place)? {
            Some(uri) => Place::Token(Box::new(uri)),
            None => Place::File(place.into()),
        };
        Ok(Self {
            place,
            passphrase: None,
            algorithm: None,
            key_id: None,
            shared_files: false,
        })
    }

    /// Where the passphrase of an encrypted key is read from, when it is needed, or the PIN of a token
    #[must_use]
    pub fn passphrase(mut self, passphrase: SecretSource) -> Self {
        self.passphrase = Some(passphrase);
        self
    }

    /// What the key signs by, instead of what is usual for it: RS256, ES256, ES384 or EdDSA
    #[must_use]
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = Some(algorithm);
        self
    }

    /// What the key is called, instead of its thumbprint
    #[must_use]
    pub fn key_id(mut self, key_id: impl Into<String>) -> Self {
        self.key_id = Some(key_id.into());
        self
    }

    /// Takes a key file that others can read or write, too, as [`SecretSource::allow_shared_files`] says
    #[must_use]
    pub fn allow_shared_files(mut self) -> Self {
        self.shared_files = true;
        self
    }

    /// The file, where the key is in one
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::File(path) => Some(path),
            Place::Token(_) => None,
        }
    }

    /// Gets the key, which may block for 30 seconds for each secret that it is read with
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): the file or the passphrase cannot be read, others can read or write the file, or it
    /// holds no key for the algorithm; the token cannot be used. [`Rejected`](crate::ErrorKind::Rejected): it refused the PIN.
    /// [`AccountState`](crate::ErrorKind::AccountState): it is locked, or another wrong PIN would lock it.
    pub fn signer(&self) -> Result<Arc<dyn Signer>, Error> {
        match &self.place {
            Place::File(path) => {
                let key = self.key_of(path, self.algorithm)?;
                Ok(Arc::new(match &self.key_id {
                    Some(key_id) => key.named(key_id),
                    None => key,
                }))
            }
            Place::Token(uri) => self.signer_of(uri),
        }
    }

    #[cfg(feature = "pkcs11")]
    fn signer_of(&self, uri: &KeyUri) -> Result<Arc<dyn Signer>, Error> {
        let pin = || {
            let file = uri.pin_file.as_ref().map(|path| self.file(path));
            let source = self.passphrase.as_ref().or(file.as_ref());
            source.map(|source| source.read("token's PIN")).transpose()
        };
        let key = TokenKey::open(uri, pin, self.algorithm)?;
        Ok(Arc::new(match &self.key_id {
            Some(key_id) => key.named(key_id),
            None => key,
        }))
    }

    #[cfg(not(feature = "pkcs11"))]
    fn signer_of(&self, uri: &KeyUri) -> Result<Arc<dyn Signer>, Error> {
        Err(
            Error::config("this doorward was built without PKCS #11, and has no keys in tokens")
                .at("key", uri.to_string())
                .hint("a build with the feature pkcs11 has them, as the usual ones do"),
        )
    }

    /// The key in the file `path`, read as that of this source, by another algorithm
    pub(crate) fn key_of(
        &self,
        path: &Path,
        algorithm: Option<Algorithm>,
    ) -> Result<PrivateKey, Error> {
        let pem = self.text_of(path)?;
        let passphrase = self.passphrase_for(&pem);
        let key = passphrase
            .and_then(|passphrase| PrivateKey::from_pem(&pem, passphrase.as_ref(), algorithm));
        key.map_err(|error| error.at("file", path.to_string_lossy()))
    }

    pub(crate) fn text_of(&self, path: &Path) -> Result<Secret, Error> {
        self.file(path).read("key")
    }

    fn file(&self, path: &Path) -> SecretSource {
        let file = SecretSource::file(path);
        match self.shared_files {
            true => file.allow_shared_files(),
            false => file,
        }
    }

    /// The passphrase, if the file `path` holds a key that needs it
    pub(crate) fn passphrase_of(&self, path: &Path) -> Result<Option<Secret>, Error> {
        self.passphrase_for(&self.text_of(path)?)
    }

    /// A command is not run for nothing
    fn passphrase_for(&self, pem: &Secret) -> Result<Option<Secret>, Error> {
        match &self.passphrase {
            Some(passphrase) if PrivateKey::is_encrypted(pem)? => {
                passphrase.read("key's passphrase").map(Some)
            }
            _ => Ok(None),
        }
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySource")
            .field("place", &self.place)
            .field("passphrase", &self.passphrase)
            .field("algorithm", &self.algorithm)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use super::KeySource;
    use crate::signing::{Algorithm, PrivateKey, Signer as _};
    use crate::{ErrorKind, Secret, SecretSource};

    fn file(mode: u32) -> (tempfile::TempDir, PathBuf, PrivateKey) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        let key = PrivateKey::generate(Algorithm::Es256).unwrap();
        fs::write(&path, key.to_pem().unwrap().expose_secret()).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        (folder, path, key)
    }

    #[test]
    fn a_key_is_read_with_its_name_and_algorithm() {
        let (_folder, path, key) = file(0o600);
        let source = KeySource::new(path.to_str().unwrap()).unwrap();

        let signer = source.signer().unwrap();
        assert_eq!(signer.jwk(), key.jwk());

        let named = source.clone().key_id("of-2027").signer().unwrap();
        assert_eq!(named.jwk().key_id(), "of-2027");
        assert_eq!(named.jwk().thumbprint(), key.jwk().thumbprint());

        let error = source.algorithm(Algorithm::Rs256).signer().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }

    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        for mode in [0o644, 0o640, 0o660] {
            let (_folder, path, _) = file(mode);
            let source = KeySource::new(path.to_str().unwrap()).unwrap();

            let error = source.signer().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{mode:o}");
            assert!(error.to_string().contains("others can read or write"));

            assert!(source.allow_shared_files().signer().is_ok());
        }
    }

    #[test]
    fn no_passphrase_is_read_for_a_key_that_has_none() {
        let (_folder, path, _) = file(0o600);
        let source = KeySource::new(path.to_str().unwrap()).unwrap();

        assert!(
            source
                .passphrase(SecretSource::command("false"))
                .signer()
                .is_ok()
        );
    }

    #[test]
    fn no_debug_shows_the_key() {
        let (_folder, path, key) = file(0o600);
        let source = KeySource::new(path.to_str().unwrap())
            .unwrap()
            .passphrase(SecretSource::value(Secret::new("canary")));
        let pem = key.to_pem().unwrap();
        let line = pem.expose_secret().lines().nth(1).unwrap();

        let shown = format!("{source:?} {:?} {key:?}", source.signer().unwrap());

        assert!(!shown.contains("canary") && !shown.contains(line));
    }

    #[test]
    fn what_is_not_there_is_a_matter_of_settings() {
        assert!(KeySource::new("").is_err());
        let error = KeySource::new("/not/there").unwrap().signer().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}
