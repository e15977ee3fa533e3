//! What makes a key an issuer: a folder of static files that say how its tokens are verified, and the key's rotation.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use crate::publication::documents::{KeySet, discovery};
use crate::publication::key_files::KeyFiles;
use crate::publication::rotation::{Due, plan};
use crate::signing::{Jwk, Signer as _};
use crate::whole_file::{Lock, Staged, folder_of, read_whole, resolve};
use crate::{Error, KeySource};

mod documents;
mod key_files;

mod rotation;
pub use rotation::{Progress, Rotation, Step};

/// A folder that any web server or bucket can publish: an OpenID Connect discovery document and the key set that it names
///
/// The folder stands for the issuer's URL. `.well-known/openid-configuration` and `.well-known/jwks.json` are replaced whole, and
/// everybody may read them. No private key is ever in it.
///
/// ```
/// # #[cfg(unix)] {
/// use doorward::publication::{Publication, Rotation, Step};
/// use doorward::KeySource;
/// # use doorward::signing::{Algorithm, PrivateKey};
/// # use std::os::unix::fs::PermissionsExt;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("ci.pem");
/// # std::fs::write(&path, PrivateKey::generate(Algorithm::Es256)?.to_pem()?.expose_secret()).unwrap();
/// # std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
///
/// let key = KeySource::new(path.to_str().unwrap())?;
/// let publication = Publication::at(folder.path().join("public"));
/// publication.publish("https://ci.example.com", &key)?;
///
/// let progress = publication.rotate(&key, &Rotation::default())?;
/// assert_eq!(progress.done, Some(Step::Publish));
/// // Too early for the next step: nothing changes.
/// assert_eq!(publication.rotate(&key, &Rotation::default())?.done, None);
/// # }
/// # Ok::<(), doorward::Error>(())
/// ```
///
/// Source: <https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig>
#[derive(Clone, Debug)]
pub struct Publication {
    folder: PathBuf,
    is_alone: bool,
}

impl Publication {
    /// The folder, which is made when it is needed
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            is_alone: false,
        }
    }

    /// Takes every other key away when a key is published: what those signed is refused from then on
    #[must_use]
    pub fn without_others(mut self) -> Self {
        self.is_alone = true;
        self
    }

    /// Publishes the public half of `key` as one of `issuer`'s, beside those that are there
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): the issuer is no plain https URL, the key cannot be read, or it lies in the folder itself.
    /// [`Storage`](crate::ErrorKind::Storage): the files cannot be read or written.
    pub fn publish(&self, issuer: &str, key: &KeySource) -> Result<Jwk, Error> {
        self.keep_out(key)?;
        let key = key.signer()?.jwk().clone();
        self.publish_key(issuer, &key)?;
        Ok(key)
    }

    /// Publishes a public key, as [`publish`](Self::publish) does
    ///
    /// # Errors
    ///
    /// Those of [`publish`](Self::publish).
    pub fn publish_key(&self, issuer: &str, key: &Jwk) -> Result<(), Error> {
        check_issuer(issuer)?;
        self.make_folder()?;
        let _lock = self.lock()?;
        let mut keys = match self.is_alone {
            true => KeySet::default(),
            false => self.keys()?,
        };
        keys.put(key.to_json());
        let document = discovery(issuer, &keys);
        // Whoever reads the document finds the key set that it names.
        self.write(KEYS, &keys.to_text())?;
        self.write(DISCOVERY, &document)
    }

    /// Does the step of the rotation of `key` that is due now, and says when the next one is
    ///
    /// The next key stands beside the file of the key (`KEY.next`), and what was done when in `KEY.rotation`. A call that is too
    /// early changes nothing, and one that was stopped half-way is finished by the next. The issuer stays what it is.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): the key is not in a file, or not published in this folder under its thumbprint, or lies in
    /// the folder. [`Storage`](crate::ErrorKind::Storage): files cannot be read or written, or another process is at it.
    pub fn rotate(&self, key: &KeySource, rotation: &Rotation) -> Result<Progress, Error> {
        self.rotate_at(key, rotation, Timestamp::now(), usize::MAX)
    }

    /// Rotates at a time, and stops after `most` writes, as a process does that is killed
    fn rotate_at(
        &self,
        key: &KeySource,
        rotation: &Rotation,
        now: Timestamp,
        most: usize,
    ) -> Result<Progress, Error> {
        self.keep_out(key)?;
        let files = KeyFiles::of(key)?;
        let _lock = files.lock(LOCK_WAIT)?;
        let current = files.current(None)?.jwk().thumbprint();
        let _set_lock = match self.folder.join(KEYS).exists() {
            true => Some(self.lock()?),
            false => None,
        };
        let mut keys = self.keys()?;
        let algorithm = keys.algorithm_of(&current).ok_or_else(|| {
            Error::config("the key is not published in this folder under its thumbprint")
                .at("folder", self.folder.to_string_lossy())
                .at("key", &current)
                .hint("doorward jwt publish, without --key-id, publishes it")
        })??;
        let state = files.state()?;
        let plan = plan(state.as_ref(), &current, &keys, rotation, now)?;
        let mut writes = most;
        let mut may_write = || match writes {
            0 => Err(stopped()),
            _ => {
                writes -= 1;
                Ok(())
            }
        };
        match plan.due {
            Due::Nothing => {}
            Due::Publish => {
                let next = match files.next(algorithm)? {
                    Some(next) => next,
                    None => {
                        may_write()?;
                        files.make_next(algorithm)?
                    }
                };
                keys.put(next.jwk().to_json());
                may_write()?;
                self.write(KEYS, &keys.to_text())?;
                may_write()?;
                files.write_state(&plan.state(next.jwk().thumbprint(), now))?;
            }
            Due::Sign { is_replaced } => {
                if !is_replaced {
                    may_write()?;
                    files.replace(algorithm, &plan.next)?;
                }
                may_write()?;
                files.remove_next()?;
                may_write()?;
                files.write_state(&plan.state(plan.next.clone(), now))?;
            }
            Due::Drop => {
                keys.remove(&plan.old);
                may_write()?;
                self.write(KEYS, &keys.to_text())?;
                may_write()?;
                files.remove_state()?;
            }
        }
        Ok(plan.progress(rotation, now))
    }

    fn keys(&self) -> Result<KeySet, Error> {
        let path = self.folder.join(KEYS);
        match read_whole(&path, MAX_KEYS)? {
            Some(bytes) => {
                KeySet::parse(&bytes).map_err(|error| error.at("file", path.to_string_lossy()))
            }
            None => Ok(KeySet::default()),
        }
    }

    /// By the caller's umask: a web server of another user has to get in
    fn make_folder(&self) -> Result<(), Error> {
        let path = self.folder.join(KEYS);
        fs::create_dir_all(folder_of(&path)).map_err(|error| unwritable(&path, error))
    }

    /// The right to change the key set, which may have keys of several pipelines
    fn lock(&self) -> Result<Lock, Error> {
        Lock::take(&resolve(&self.folder.join(KEYS))?, LOCK_WAIT)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.folder.join(name);
        let staged = Staged::new(&resolve(&path)?, text.as_bytes())?;
        staged.open_to_all()?;
        staged.commit()
    }

    /// Refuses a private key within the folder that is published
    fn keep_out(&self, key: &KeySource) -> Result<(), Error> {
        let Some(path) = key.path() else {
            return Ok(());
        };
        let real = |path: &Path| fs::canonicalize(path).ok();
        match (real(path), real(&self.folder)) {
            (Some(path), Some(folder)) if path.starts_with(&folder) => Err(Error::config(
                "the private key lies in the folder that is to be published",
            )
            .at("key", path.to_string_lossy())
            .at("folder", folder.to_string_lossy())),
            _ => Ok(()),
        }
    }
}

/// A verifier compares the issuer as a text, and builds the documents' URLs by it
fn check_issuer(issuer: &str) -> Result<(), Error> {
    let url = Url::parse(issuer).ok().filter(|url| {
        url.scheme() == "https"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    });
    match url {
        Some(_) => Ok(()),
        None => Err(Error::config(
            "an issuer is an https URL without a query, a fragment or a user",
        )
        .at("issuer", issuer)),
    }
}

fn unwritable(path: &Path, error: io::Error) -> Error {
    Error::storage("cannot make the folder of what is published")
        .at("file", path.to_string_lossy())
        .because(error)
}

fn stopped() -> Error {
    Error::storage("the rotation was stopped")
}

const DISCOVERY: &str = ".well-known/openid-configuration";

const KEYS: &str = ".well-known/jwks.json";

/// Far more than any verifier reads
const MAX_KEYS: usize = 1 << 20;

const LOCK_WAIT: Duration = Duration::from_secs(10);

#[cfg(unix)]
#[cfg(test)]
mod tests;
