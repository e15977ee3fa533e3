//! A store in a folder of the user's own: one file for each key.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "login")]
use async_trait::async_trait;
use jiff::Timestamp;

use crate::digest::short_sha256;
use crate::folders::{self, Exposed, open_to_others};
use crate::profile::ProfileName;
#[cfg(feature = "login")]
use crate::store::{Claim, Stored, TokenStore};
use crate::store::{FreshToken, Kept, Reading, Record};
use crate::whole_file::{Lock, Staged, folder_of, make_folder, try_write, unwritable};
use crate::{Error, Secret};

/// The store of the command line: a folder (0700) with one file (0600) for each login
///
/// A file is written whole or not at all. One that others could read or write, or that belongs to another user, is not
/// used, and is replaced; a folder like that is an error. Whoever is killed at any moment leaves the old file or the new one,
/// and no lock.
///
/// ```
/// use doorward::store::FileStore;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("cache");
/// let store = FileStore::at(path);
/// store.prepare()?;
/// assert!(store.fresh("0123456789abcdef")?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct FileStore {
    folder: PathBuf,
    warn: Arc<dyn Fn(&str) + Send + Sync>,
}

impl FileStore {
    /// A store in `folder`, which is made when something is stored
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            warn: Arc::new(|_| {}),
        }
    }

    /// The user's own: `doorward` below `$XDG_CACHE_HOME`, or `.cache` in the home folder
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): there is no home folder. Nothing else is guessed.
    pub fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        match folders::cache(variable) {
            Some(folder) => Ok(Self::at(folder.join("doorward"))),
            None => Err(
                Error::config("there is no home folder for the cache of tokens").hint(
                    "name a folder by --cache-dir or XDG_CACHE_HOME, or do without by --no-cache",
                ),
            ),
        }
    }

    /// Calls `callback` with a line for people where a file is not used
    #[must_use]
    pub fn on_warning(mut self, callback: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.warn = Arc::new(callback);
        self
    }

    /// The folder
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes the folder unless it is there, and tries to write in it, before a login is spent in vain
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage): others can get at the folder, or it cannot be written.
    pub fn prepare(&self) -> Result<(), Error> {
        self.make()?;
        try_write(&self.folder.join("token")).map_err(advise)
    }

    /// The token stored under `key`, if it has enough life left
    ///
    /// Reads one file, takes no lock, and needs neither network nor runtime.
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage): others can get at the folder, or the file cannot be read.
    pub fn fresh(&self, key: &str) -> Result<Option<FreshToken>, Error> {
        let record = self.record(key)?;
        Ok(record.and_then(|record| record.fresh(Timestamp::now())))
    }

    /// What is known of the tokens stored under `key`, without any of them
    ///
    /// # Errors
    ///
    /// As [`Self::fresh`].
    pub fn kept(&self, key: &str) -> Result<Option<Kept>, Error> {
        Ok(self.record(key)?.map(|record| record.kept()))
    }

    fn record(&self, key: &str) -> Result<Option<Box<Record>>, Error> {
        let text = self.read(key)?;
        Ok(match text.map(|text| Record::read(text.expose_secret())) {
            Some(Reading::Record(record)) => Some(record),
            Some(Reading::Newer | Reading::Broken) | None => None,
        })
    }

    /// What is stored under `key`; nothing also where the file is not to be trusted
    fn read(&self, key: &str) -> Result<Option<Secret>, Error> {
        let path = self.path(key);
        // Looked at before it is opened: a pipe would keep us waiting.
        match path.symlink_metadata() {
            Ok(metadata) if metadata.is_file() => {}
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.check_folder()?;
                return Ok(None);
            }
            Err(error) => return Err(self.unreadable(&path, error)),
        }
        self.check_folder()?;
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.unreadable(&path, error)),
        };
        let metadata = file.metadata();
        let metadata = metadata.map_err(|error| self.unreadable(&path, error))?;
        if let Some(exposed) = open_to_others(&metadata) {
            self.distrust(&path, exposed);
            return Ok(None);
        }
        let mut text = String::new();
        match file.take(MAX_BYTES + 1).read_to_string(&mut text) {
            Ok(length) if length as u64 <= MAX_BYTES => Ok(Some(Secret::new(text))),
            // Nothing that we wrote.
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
            Err(error) => Err(self.unreadable(&path, error)),
        }
    }

    /// Writes or removes a key's file, unless its version is another than `seen`
    #[cfg_attr(
        not(feature = "login"),
        expect(dead_code, reason = "tokens come by a login")
    )]
    fn swap(&self, key: &str, seen: Option<&str>, new: Option<&Secret>) -> Result<bool, Error> {
        self.make()?;
        let path = self.path(key);
        let _lock = Lock::take(&path, WAIT).map_err(advise)?;
        if self.read(key)?.as_ref().map(version) != seen.map(str::to_owned) {
            return Ok(false);
        }
        // What was not trusted may be another user's, and its owner would be kept.
        let is_ours = self.is_ours(&path);
        if new.is_none() || !is_ours {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(advise(unwritable(&path, error)));
                }
                _ => {}
            }
        }
        if let Some(text) = new {
            let staged = Staged::new(&path, text.expose_secret().as_bytes());
            staged.and_then(Staged::commit).map_err(advise)?;
        }
        Ok(true)
    }

    fn is_ours(&self, path: &Path) -> bool {
        path.symlink_metadata()
            .is_ok_and(|metadata| metadata.is_file() && open_to_others(&metadata).is_none())
    }

    /// Makes the folder, marked as a cache, unless it is there
    fn make(&self) -> Result<(), Error> {
        if !self.folder.is_dir() {
            self.make_marked()
                .map_err(|error| advise(unwritable(&self.folder, error)))?;
        }
        self.check_folder()
    }

    /// Makes it under another name, so that whoever is killed meanwhile leaves none without its mark
    fn make_marked(&self) -> io::Result<()> {
        let parent = folder_of(&self.folder);
        make_folder(parent)?;
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let made = builder.prefix(".doorward.").tempdir_in(parent)?;
        fs::write(made.path().join("CACHEDIR.TAG"), TAG)?;
        match fs::rename(made.path(), &self.folder) {
            Ok(()) => {
                // It has another name by now.
                let _ = made.keep();
                Ok(())
            }
            Err(_) if self.folder.is_dir() => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn check_folder(&self) -> Result<(), Error> {
        let metadata = match self.folder.metadata() {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(self.unreadable(&self.folder, error)),
        };
        match open_to_others(&metadata) {
            None => Ok(()),
            Some(exposed) => {
                let (key, value) = exposed.context();
                Err(
                    Error::storage("others can get at the folder of the cached tokens")
                        .at("folder", self.folder.to_string_lossy())
                        .at(key, value)
                        .hint(match exposed {
                            Exposed::Mode(_) => "chmod 700 closes it; --cache-dir names another",
                            Exposed::Owner(_) => "--cache-dir names a folder of your own",
                        }),
                )
            }
        }
    }

    fn distrust(&self, path: &Path, exposed: Exposed) {
        let (key, value) = exposed.context();
        (self.warn)(&format!(
            "others could get at a cached token, which is not used and will be replaced: {} ({key} {value})",
            path.display()
        ));
    }

    fn unreadable(&self, path: &Path, error: io::Error) -> Error {
        advise(
            Error::storage("a cached token cannot be read")
                .at("file", path.to_string_lossy())
                .because(error),
        )
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{}.json", file_name(key)))
    }
}

#[cfg(feature = "login")]
#[async_trait]
impl TokenStore for FileStore {
    async fn load(&self, key: &str) -> Result<Option<Stored>, Error> {
        let text = self.read(key)?;
        Ok(text.map(|text| {
            let version = version(&text);
            Stored::new(text, version)
        }))
    }

    async fn compare_and_swap(
        &self,
        key: &str,
        seen: Option<&str>,
        new: Option<&Secret>,
    ) -> Result<bool, Error> {
        let (store, key) = (self.clone(), key.to_owned());
        let (seen, new) = (seen.map(str::to_owned), new.cloned());
        // The disk may take its time, and another process may hold the lock.
        let swap = move || store.swap(&key, seen.as_deref(), new.as_ref());
        let done = tokio::task::spawn_blocking(swap).await;
        done.map_err(|error| {
            Error::storage("the writing of a token was broken off").because(error)
        })?
    }

    async fn claim(&self, key: &str) -> Result<Option<Claim>, Error> {
        self.make()?;
        let claim = self.folder.join(format!("{}.claim", file_name(key)));
        let lock = Lock::attempt_on(&claim).map_err(advise)?;
        Ok(lock.map(Claim::new))
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// A key of the command line stays as it is; any other text becomes a name that leads nowhere else
fn file_name(key: &str) -> ProfileName {
    ProfileName::of(key)
}

fn version(text: &Secret) -> String {
    short_sha256(text.expose_secret(), 8)
}

fn advise(error: Error) -> Error {
    error.hint("--cache-dir names another folder, and --no-cache does without one")
}

/// As cargo marks its own caches, so that backups leave them out
///
/// Source: <https://bford.info/cachedir/>
const TAG: &str = "\
Signature: 8a477f597d28d172789f06886806bc55
# This file is a cache directory tag created by doorward.
# For information about cache directory tags see https://bford.info/cachedir/
";

const MAX_BYTES: u64 = 1 << 20;

const WAIT: Duration = Duration::from_secs(10);

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
    use std::path::Path;
    use std::sync::{Arc, Mutex};

    use super::FileStore;
    use crate::{ErrorKind, Secret};

    fn store() -> (tempfile::TempDir, FileStore, Arc<Mutex<Vec<String>>>) {
        let folder = tempfile::tempdir().unwrap();
        let warnings = Arc::<Mutex<Vec<String>>>::default();
        let to = Arc::clone(&warnings);
        let store = FileStore::at(folder.path().join("deep/cache"))
            .on_warning(move |line| to.lock().unwrap().push(line.into()));
        (folder, store, warnings)
    }

    fn put(store: &FileStore, text: &str) -> bool {
        let seen = store.read("k").unwrap().map(|text| super::version(&text));
        store
            .swap("k", seen.as_deref(), Some(&Secret::new(text)))
            .unwrap()
    }

    fn text(store: &FileStore) -> Option<String> {
        let text = store.read("k").unwrap();
        text.map(|text| text.expose_secret().to_owned())
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_is_stored_is_for_the_owner_alone_and_marked_as_a_cache() {
        let (_folder, store, _) = store();

        assert!(put(&store, "a"));

        assert_eq!(text(&store).as_deref(), Some("a"));
        assert_eq!(mode(store.folder()), 0o700);
        assert_eq!(mode(&store.path("k")), 0o600);
        let tag = fs::read_to_string(store.folder().join("CACHEDIR.TAG")).unwrap();
        assert!(tag.starts_with("Signature: 8a477f597d28d172789f06886806bc55\n"));
        assert_eq!(fs::read_dir(store.folder()).unwrap().count(), 2);
    }

    #[test]
    fn only_what_was_seen_is_replaced() {
        let (_folder, store, _) = store();
        let new = Secret::new("b");
        assert!(!store.swap("k", Some("x"), Some(&new)).unwrap());
        assert!(put(&store, "a"));
        let seen = super::version(&Secret::new("a"));

        assert!(!store.swap("k", None, Some(&new)).unwrap());
        assert!(store.swap("k", Some(&seen), Some(&new)).unwrap());
        assert!(!store.swap("k", Some(&seen), None).unwrap());

        assert_eq!(text(&store).as_deref(), Some("b"));
        let seen = super::version(&new);
        assert!(store.swap("k", Some(&seen), None).unwrap());
        assert_eq!(text(&store), None);
    }

    #[test]
    fn a_file_that_others_could_get_at_is_not_used_and_replaced() {
        let (_folder, store, warnings) = store();
        put(&store, "a");
        for wrong in [0o604, 0o640, 0o602, 0o777] {
            set_mode(&store.path("k"), wrong);

            assert_eq!(text(&store), None);
            assert!(put(&store, "b"));

            assert_eq!(text(&store).as_deref(), Some("b"));
            assert_eq!(mode(&store.path("k")), 0o600);
        }
        assert!(
            warnings
                .lock()
                .unwrap()
                .iter()
                .all(|line| line.contains("k.json (mode 0"))
        );
        assert!(!warnings.lock().unwrap().is_empty());
    }

    #[test]
    fn a_file_of_another_user_is_not_used_and_replaced_by_our_own() {
        let (_folder, store, warnings) = store();
        put(&store, "a");
        let us = store.path("k").metadata().unwrap().uid();
        if std::os::unix::fs::chown(store.path("k"), Some(12345), None).is_err() {
            eprintln!("skipped: only root may give files away");
            return;
        }

        assert_eq!(text(&store), None);
        assert!(put(&store, "b"));

        assert_eq!(text(&store).as_deref(), Some("b"));
        assert_eq!(store.path("k").metadata().unwrap().uid(), us);
        assert!(
            warnings
                .lock()
                .unwrap()
                .iter()
                .any(|line| line.contains("owner user 12345"))
        );
    }

    #[test]
    fn a_link_in_the_place_of_a_file_is_replaced_and_not_followed() {
        let (folder, store, _) = store();
        put(&store, "a");
        let elsewhere = folder.path().join("elsewhere");
        fs::write(&elsewhere, "precious").unwrap();
        set_mode(&elsewhere, 0o600);
        fs::remove_file(store.path("k")).unwrap();
        symlink(&elsewhere, store.path("k")).unwrap();

        assert_eq!(text(&store), None);
        assert!(put(&store, "b"));

        assert_eq!(text(&store).as_deref(), Some("b"));
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "precious");
    }

    #[test]
    fn a_folder_that_others_could_get_at_is_an_error() {
        let (_folder, store, _) = store();
        put(&store, "a");
        for wrong in [0o701, 0o750, 0o777] {
            set_mode(store.folder(), wrong);

            assert_eq!(store.read("k").unwrap_err().kind(), ErrorKind::Storage);
            assert_eq!(store.prepare().unwrap_err().kind(), ErrorKind::Storage);
            let error = store.swap("k", None, None).unwrap_err();
            assert!(error.next_step().unwrap().contains("chmod 700"));
        }
        set_mode(store.folder(), 0o700);
        assert_eq!(text(&store).as_deref(), Some("a"));
    }

    #[test]
    fn a_key_leads_nowhere_but_into_the_folder() {
        let (folder, store, _) = store();
        for key in ["../escaped", "a/b", "", ".."] {
            assert!(store.swap(key, None, Some(&Secret::new(key))).unwrap());
            let text = store.read(key).unwrap().unwrap();
            assert_eq!(text.expose_secret(), key);
        }

        assert_eq!(fs::read_dir(store.folder()).unwrap().count(), 5);
        assert_eq!(fs::read_dir(folder.path().join("deep")).unwrap().count(), 1);
    }

    #[test]
    fn what_no_doorward_wrote_is_no_token() {
        let (_folder, store, _) = store();
        store.prepare().unwrap();
        for odd in [&b"\xff\xfe"[..], b"", b"{}", &vec![b'x'; (1 << 20) + 1]] {
            fs::write(store.path("k"), odd).unwrap();
            set_mode(&store.path("k"), 0o600);
            assert!(store.fresh("k").unwrap().is_none());
        }
        fs::remove_file(store.path("k")).unwrap();
        fs::create_dir(store.path("k")).unwrap();
        assert!(store.fresh("k").unwrap().is_none());
    }

    #[test]
    fn what_a_killed_process_left_is_swept_away() {
        let (_folder, store, _) = store();
        put(&store, "a");
        for left in [".k.json.x1y2.tmp", ".other.json.x1y2.tmp"] {
            fs::write(store.folder().join(left), "half").unwrap();
        }

        put(&store, "b");

        assert!(!store.folder().join(".k.json.x1y2.tmp").exists());
        assert!(store.folder().join(".other.json.x1y2.tmp").exists());
    }

    #[test]
    fn a_read_leaves_nothing_behind() {
        let (folder, store, _) = store();

        assert!(store.fresh("k").unwrap().is_none());

        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
