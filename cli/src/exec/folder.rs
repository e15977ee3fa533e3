//! The private folder of one run: where it is made, and how it goes, however the run ends.
//!
//! Whoever has a folder holds the system's lock on a file in it. A folder whose lock nobody holds is left over from a run that was
//! killed, and the next run removes it.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process;
use std::time::SystemTime;

use doorward::Error;

use crate::args::absolute;
use crate::environment::Environment;
use crate::report::Report;

/// A folder for us alone, until it is removed
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// The folder that it is in
    place: PathBuf,
    lock: Option<File>,
}

impl Folder {
    /// Makes one in the first of `places` that takes it, after what killed runs left in any of them is removed
    pub(super) fn make(places: &[PathBuf]) -> Result<Self, Error> {
        places.iter().for_each(|place| sweep(place));
        Self::make_in_first(places)
    }

    /// Where [`Self::make`] would make one; nothing is left there
    pub(super) fn try_make(places: &[PathBuf]) -> Result<PathBuf, Error> {
        Self::make_in_first(places).map(|folder| folder.place.clone())
    }

    fn make_in_first(places: &[PathBuf]) -> Result<Self, Error> {
        let mut refused: Option<(String, io::Error)> = None;
        for place in places {
            match Self::make_in(place) {
                Ok(folder) => return Ok(folder),
                Err(error) => {
                    let before = refused.map(|(told, _)| told + ", ").unwrap_or_default();
                    refused = Some((before + &place.to_string_lossy(), error));
                }
            }
        }
        let (tried, error) =
            refused.unwrap_or_else(|| (String::new(), io::ErrorKind::NotFound.into()));
        let message = match error.kind() {
            io::ErrorKind::ReadOnlyFilesystem => {
                "the file system for the private kubeconfig is read-only"
            }
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => "there is no room for the private kubeconfig",
            _ => "the private folder cannot be made",
        };
        Err(Error::storage(message)
            .at("in", tried)
            .because(error)
            .hint("--runtime-dir names a folder for it, best one in memory"))
    }

    fn make_in(place: &Path) -> io::Result<Self> {
        is_safe(&place.metadata()?)?;
        let mut last = io::ErrorKind::AlreadyExists.into();
        for attempt in 0..ATTEMPTS {
            let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
            let name = format!("{PREFIX}{}.{:x}.{attempt}", process::id(), since.as_nanos());
            match Self::make_at(place, place.join(name)) {
                Ok(folder) => return Ok(folder),
                // Somebody who swept up took the new folder for one that was left.
                Err(error) if is_gone(&error) => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    fn make_at(place: &Path, path: PathBuf) -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        builder.recursive(false);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        // Dropped half-way, it goes.
        let mut folder = Self {
            place: place.to_owned(),
            path,
            lock: None,
        };
        let lock = open(&folder.path.join(LOCK), true)?;
        match lock.try_lock() {
            Err(TryLockError::Error(error)) => return Err(error),
            // It may be removed by now, by whoever has or had the lock.
            Ok(()) if folder.path.join(LOCK).is_file() => {}
            _ => return Err(io::ErrorKind::AlreadyExists.into()),
        }
        folder.lock = Some(lock);
        folder.try_room()?;
        Ok(folder)
    }

    /// Whether what a run writes will have room
    fn try_room(&self) -> io::Result<()> {
        let path = self.path.join("room");
        let mut file = open(&path, true)?;
        let written = file.write_all(&[0; ROOM]).and_then(|()| file.sync_all());
        drop(file);
        fs::remove_file(&path)?;
        written
    }

    pub(super) fn kubeconfig(&self) -> PathBuf {
        self.path.join("kubeconfig")
    }

    pub(super) fn profiles(&self) -> PathBuf {
        self.path.join("profiles")
    }

    pub(super) fn tokens(&self) -> PathBuf {
        self.path.join("tokens")
    }

    /// Where runs in the same place note used one-time codes; nothing if others could have made it
    ///
    /// It outlives a run: a server takes no code twice, from the next run neither. It is made only if there is a seed.
    pub(super) fn codes(&self) -> Option<PathBuf> {
        let path = self.place.join(codes_name());
        match path.symlink_metadata() {
            Ok(metadata) => (metadata.is_dir() && is_private(&metadata)).then_some(path),
            Err(_) => Some(path),
        }
    }

    /// Removes it with all that is in it, and says so where that cannot be
    pub(super) fn remove(self, report: &Report) {
        let path = self.path.clone();
        drop(self);
        if path.symlink_metadata().is_ok() {
            report.warn(&format!(
                "the private folder could not be removed: {}",
                path.display()
            ));
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        clear(&self.path, self.lock.take());
    }
}

/// Where a folder may be made, in order: in memory where the platform has such a place
pub(super) fn places(
    named: Option<&Path>,
    environment: &Environment,
) -> Result<Vec<PathBuf>, Error> {
    if let Some(named) = named {
        return Ok(vec![absolute(named)?]);
    }
    let runtime = environment.owned("XDG_RUNTIME_DIR").map(PathBuf::from);
    // As its specification wants it; anything else was not made for us.
    let runtime = runtime.filter(|folder| {
        folder.is_absolute() && folder.metadata().is_ok_and(|found| is_private(&found))
    });
    let shared = cfg!(target_os = "linux").then(|| PathBuf::from("/dev/shm"));
    let shared = shared.filter(|folder| folder.is_dir());
    let usual = std::env::temp_dir();
    Ok(runtime.into_iter().chain(shared).chain([usual]).collect())
}

/// Removes the folders of killed runs of our own
fn sweep(place: &Path) {
    let entries = fs::read_dir(place).into_iter().flatten().flatten();
    let left = entries.take(MOST_ENTRIES).filter(|entry| {
        let is_one = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let metadata = is_one.then(|| entry.path().symlink_metadata());
        matches!(metadata, Some(Ok(metadata)) if metadata.is_dir() && is_private(&metadata))
    });
    for entry in left.take(MOST_SWEPT) {
        // A run that was killed early has left none yet.
        let lock = open(&entry.path().join(LOCK), false);
        if let Ok(lock) = lock
            && lock.try_lock().is_ok()
        {
            clear(&entry.path(), Some(lock));
        }
    }
}

/// Removes a folder, whose lock is given back last
fn clear(path: &Path, lock: Option<File>) {
    // Windows removes no file that is open.
    let lock = lock.filter(|_| cfg!(unix));
    for _ in 0..ATTEMPTS {
        match fs::remove_dir_all(path) {
            // What the command left running may write yet.
            Err(error) if error.kind() != io::ErrorKind::NotFound => {}
            _ => break,
        }
    }
    drop(lock);
}

/// Opens a file of ours, made if it is not there; a new one only, if `is_new`
fn open(path: &Path, is_new: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    match is_new {
        true => options.create_new(true),
        false => options.create(true).truncate(false),
    };
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn is_gone(error: &io::Error) -> bool {
    [io::ErrorKind::AlreadyExists, io::ErrorKind::NotFound].contains(&error.kind())
}

/// Whether others can neither see nor change what is in a folder of ours
#[cfg(unix)]
fn is_private(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    metadata.uid() == us() && metadata.mode() & 0o077 == 0
}

/// Whether nobody but us and root can put something of theirs in place of a folder in it
#[cfg(unix)]
fn is_safe(metadata: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;

    let (mode, owner) = (metadata.mode(), metadata.uid());
    let is_closed = mode & 0o022 == 0 || mode & 0o1000 != 0;
    match is_closed && (owner == 0 || owner == us()) {
        true => Ok(()),
        false => Err(io::Error::other("others can change what is in there")),
    }
}

#[cfg(unix)]
fn codes_name() -> String {
    format!("doorward-codes.{}", us())
}

#[cfg(unix)]
fn us() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Other systems guard files by lists, and a user's own temporary folder is closed
#[cfg(not(unix))]
fn is_private(_: &Metadata) -> bool {
    true
}

#[cfg(not(unix))]
fn is_safe(_: &Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn codes_name() -> String {
    "doorward-codes".to_owned()
}

const PREFIX: &str = "doorward-exec.";

const LOCK: &str = "lock";

const ATTEMPTS: u32 = 8;

/// More than a kubeconfig, a token and a copy of both
const ROOM: usize = 256 * 1024;

/// What is looked at, and what is removed, by one run
const MOST_ENTRIES: usize = 10_000;
const MOST_SWEPT: usize = 64;
