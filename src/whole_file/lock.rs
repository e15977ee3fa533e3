//! One process at a time changes a file.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::whole_file::{sibling, sweep, unwritable};

/// The right to change a file, held until it is dropped
///
/// It is a lock of the system on a file beside it (`.NAME.doorward-lock`), so that it ends with the process, however that
/// ends. On Unix the file goes with the lock.
#[derive(Debug)]
pub(crate) struct Lock {
    // Closing the file gives the lock back.
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Waits for the right to change the file `path`, which must be resolved and whose folder must be there
    ///
    /// Whoever has it may be the first since a process was killed while it wrote: what that left goes.
    ///
    /// # Errors
    ///
    /// `Storage`: another process held it all the time, or the file system has no locks.
    pub(crate) fn take(path: &Path, timeout: Duration) -> Result<Self, Error> {
        let lock = sibling(path, ".", ".doorward-lock");
        let mut taken = None;
        let free = wait_until(timeout, || {
            taken = Self::attempt(&lock)?;
            Ok(taken.is_some())
        });
        match (free, taken) {
            (Ok(true), Some(lock)) => {
                sweep(path);
                Ok(lock)
            }
            (Err(error), _) => Err(unwritable(&lock, error)),
            _ => Err(Error::storage("another doorward is changing the same file")
                .at("lock", lock.to_string_lossy())
                .at("waited", format!("{} s", timeout.as_secs()))),
        }
    }

    /// Takes the right to change the file `path` if nobody has it
    ///
    /// # Errors
    ///
    /// `Storage`: the file system is not writable, or has no locks.
    pub(crate) fn attempt_on(path: &Path) -> Result<Option<Self>, Error> {
        let lock = sibling(path, ".", ".doorward-lock");
        Self::attempt(&lock).map_err(|error| unwritable(&lock, error))
    }

    fn attempt(path: &Path) -> io::Result<Option<Self>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        match file.try_lock() {
            // The one who held it may have removed the file since: then it is nobody's.
            Ok(()) if !is_same(&file, path) => Ok(None),
            Ok(()) => Ok(Some(Self {
                file,
                path: path.to_owned(),
            })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Windows cannot remove an open file, and after closing it might be another's.
        if cfg!(unix) && is_same(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Asks again and again until `done`, or until `timeout` has passed; whether it was done
pub(crate) fn wait_until(
    timeout: Duration,
    mut done: impl FnMut() -> io::Result<bool>,
) -> io::Result<bool> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if done()? {
            return Ok(true);
        }
        let left = timeout.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Ok(false);
        }
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(MAX_PAUSE);
    }
}

#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    let id = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(file), Ok(path)) => id(file) == id(path),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_same(_: &File, _: &Path) -> bool {
    true
}

const MAX_PAUSE: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::Lock;
    use crate::error::ErrorKind;

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn a_lock_excludes_others_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        let held = Lock::take(&path, Duration::ZERO).unwrap();

        let error = Lock::take(&path, Duration::from_millis(5)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Storage);
        assert_eq!(error.context().next().unwrap().0, "lock");

        drop(held);
        Lock::take(&path, Duration::ZERO).unwrap();
    }

    #[test]
    fn two_files_have_two_locks() {
        let folder = tempfile::tempdir().unwrap();
        let _a = Lock::take(&folder.path().join("a"), Duration::ZERO).unwrap();

        assert!(Lock::take(&folder.path().join("b"), Duration::ZERO).is_ok());
    }

    #[test]
    fn a_lock_file_that_a_killed_process_left_is_nobodys() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".config.doorward-lock"), "").unwrap();

        assert!(Lock::take(&folder.path().join("config"), Duration::ZERO).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn the_lock_file_goes_with_the_lock() {
        let folder = tempfile::tempdir().unwrap();

        drop(Lock::take(&folder.path().join("config"), Duration::ZERO).unwrap());

        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();

        let error = Lock::take(&folder.path().join("no/config"), LONG).unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Storage);
    }

    #[test]
    fn never_do_two_hold_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = &folder.path().join("config");
        let inside = &AtomicU32::new(0);

        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(move || {
                    for _ in 0..100 {
                        let _lock = Lock::take(path, LONG).unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
    }
}
