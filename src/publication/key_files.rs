//! The files of a key that is rotated: itself, the next one, and how far the rotation is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::publication::rotation::State;
use crate::signing::{Algorithm, PrivateKey, Signer as _};
use crate::whole_file::{Lock, Staged, read_whole, resolve, sibling};
use crate::{Error, KeySource};

#[derive(Debug)]
pub(super) struct KeyFiles {
    source: KeySource,
    /// Where links lead to
    key: PathBuf,
    next: PathBuf,
    state: PathBuf,
}

impl KeyFiles {
    pub(super) fn of(source: &KeySource) -> Result<Self, Error> {
        let path = source.path().ok_or_else(|| {
            Error::config("only a key in a file can be rotated")
                .hint("make a second key in the token, publish both, and change the profile after the overlap")
        })?;
        let key = resolve(path)?;
        Ok(Self {
            source: source.clone(),
            next: sibling(&key, "", ".next"),
            state: sibling(&key, "", ".rotation"),
            key,
        })
    }

    pub(super) fn lock(&self, wait: Duration) -> Result<Lock, Error> {
        Lock::take(&self.key, wait)
    }

    /// The key that signs now
    pub(super) fn current(&self, algorithm: Option<Algorithm>) -> Result<PrivateKey, Error> {
        self.source.key_of(&self.key, algorithm)
    }

    /// The key that will, if it is made already
    pub(super) fn next(&self, algorithm: Algorithm) -> Result<Option<PrivateKey>, Error> {
        match self.next.exists() {
            true => self
                .source
                .key_of(&self.next, Some(algorithm))
                .map(Some)
                .map_err(|error| error.hint("remove it, and a new one is made")),
            false => Ok(None),
        }
    }

    /// Makes the next key, encrypted as the current one is
    pub(super) fn make_next(&self, algorithm: Algorithm) -> Result<PrivateKey, Error> {
        let key = PrivateKey::generate(algorithm)?;
        let text = match self.source.passphrase_of(&self.key)? {
            Some(passphrase) => key.to_encrypted_pem(&passphrase)?,
            None => key.to_pem()?,
        };
        Staged::new(&self.next, text.expose_secret().as_bytes())?.commit()?;
        Ok(key)
    }

    /// Puts the next key, whose thumbprint is `name`, into the current one's place
    pub(super) fn replace(&self, algorithm: Algorithm, name: &str) -> Result<(), Error> {
        let next = self.next(algorithm)?;
        if next.is_none_or(|next| next.jwk().thumbprint() != name) {
            return Err(
                Error::storage("the next key is not the one that was published")
                    .at("file", self.next.to_string_lossy())
                    .hint("remove the files KEY.rotation and KEY.next to begin another rotation"),
            );
        }
        let text = self.source.text_of(&self.next)?;
        // Not a rename of that file: whoever may read the key has to be able to go on.
        let staged = Staged::new(&self.key, text.expose_secret().as_bytes())?;
        staged.as_open_as_before()?;
        staged.commit()
    }

    pub(super) fn remove_next(&self) -> Result<(), Error> {
        remove(&self.next)
    }

    pub(super) fn state(&self) -> Result<Option<State>, Error> {
        let Some(bytes) = read_whole(&self.state, MAX_STATE)? else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            Error::storage("what is kept of the rotation cannot be read")
                .at("file", self.state.to_string_lossy())
                .because(error)
        })
    }

    pub(super) fn write_state(&self, state: &State) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(state);
        let text =
            text.map_err(|error| Error::storage("a rotation cannot be written").because(error))?;
        Staged::new(&self.state, &text)?.commit()
    }

    pub(super) fn remove_state(&self) -> Result<(), Error> {
        remove(&self.state)
    }
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::storage("cannot remove a file")
                .at("file", path.to_string_lossy())
                .because(error))
        }
        _ => Ok(()),
    }
}

const MAX_STATE: usize = 64 << 10;
