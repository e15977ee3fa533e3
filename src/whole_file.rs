//! A file is written whole or not at all, and by one process at a time.
//!
//! For files with secrets: kubeconfigs and the token store. Readers see the old text or the new one, never a part, and
//! whoever is stopped half-way leaves the old one.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::error::Error;
#[cfg(feature = "login")]
use crate::folders::mode_for_others;

mod lock;
pub(crate) use lock::{Lock, wait_until};

mod mount;

mod owner;
pub(crate) use owner::make_folder;

/// Writes `bytes` to `path`, whole or not at all, following links first
#[cfg(test)]
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    Staged::new(&resolve(path)?, bytes)?.commit()
}

/// Tries what writing the file will do, and leaves nothing behind
///
/// # Errors
///
/// `Storage`: why it would fail.
pub(crate) fn try_write(path: &Path) -> Result<(), Error> {
    let path = resolve(path)?;
    if mount::is_mounted(&path) {
        return Err(unwritable(&path, io::ErrorKind::ResourceBusy.into()));
    }
    // A folder that is not there can be made where its nearest parent takes a file.
    let folder = folder_of(&path)
        .ancestors()
        .find(|folder| folder.symlink_metadata().is_ok())
        .unwrap_or_else(|| Path::new("."));
    let attempt = temporary(folder, &path, TRIAL).and_then(|file| {
        owner::may_replace(&path, file.as_file())?;
        file.close()
    });
    attempt.map_err(|error| unwritable(&path, error))
}

/// Follows the links at the end of `path`, up to a file or to a name that is free
///
/// # Errors
///
/// `Storage`: the links go in a circle, or something that is no plain file stands there.
pub(crate) fn resolve(path: &Path) -> Result<PathBuf, Error> {
    let mut at = std::path::absolute(path).map_err(|error| unreadable(path, error))?;
    for _ in 0..MAX_LINKS {
        if at.file_name().is_none() {
            return Err(not_a_file(path));
        }
        let kind = match at.symlink_metadata() {
            Ok(metadata) => metadata.file_type(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(at),
            Err(error) => return Err(unreadable(path, error)),
        };
        if kind.is_file() {
            return Ok(at);
        }
        if !kind.is_symlink() {
            return Err(not_a_file(path));
        }
        let target = fs::read_link(&at).map_err(|error| unreadable(path, error))?;
        at = folder_of(&at).join(target);
    }
    Err(Error::storage("the links of a file go in a circle").at("file", path.to_string_lossy()))
}

/// Reads a file of at most `limit` bytes; `None` if there is none
///
/// # Errors
///
/// `Storage`: it cannot be read, is no plain file, or is larger.
pub(crate) fn read_whole(path: &Path, limit: usize) -> Result<Option<Vec<u8>>, Error> {
    // Opening a pipe would wait for a writer, and a device may have no end.
    let path = &resolve(path)?;
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path, error)),
    };
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(path, error))?;
    match bytes.len() > limit {
        true => Err(
            Error::storage("a file is too large to be what it should be")
                .at("file", path.to_string_lossy())
                .at("limit", format!("{limit} bytes")),
        ),
        false => Ok(Some(bytes)),
    }
}

/// The new text of a file, on disk beside it, but not in its place yet; dropped, it is gone
#[derive(Debug)]
pub(crate) struct Staged {
    file: NamedTempFile,
    path: PathBuf,
}

impl Staged {
    /// Writes `bytes` beside `path`, which must be [resolved](resolve)
    pub(crate) fn new(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        let file = Self::written(path, bytes).map_err(|error| unwritable(path, error))?;
        Ok(Self {
            file,
            path: path.to_owned(),
        })
    }

    /// Lets everybody read the file, for what is published
    #[cfg(feature = "login")]
    pub(crate) fn open_to_all(&self) -> Result<(), Error> {
        self.open(0o644)
    }

    /// Lets those read the new text who may read the old one
    #[cfg(feature = "login")]
    pub(crate) fn as_open_as_before(&self) -> Result<(), Error> {
        let old = self.path.metadata().ok();
        match old.and_then(|old| mode_for_others(&old)) {
            Some(mode) => self.open(mode),
            None => Ok(()),
        }
    }

    #[cfg(feature = "login")]
    fn open(&self, mode: u32) -> Result<(), Error> {
        owner::set_mode(self.file.as_file(), mode).map_err(|error| unwritable(&self.path, error))
    }

    fn written(path: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
        let folder = folder_of(path);
        make_folder(folder)?;
        let mut file = temporary(folder, path, HALF_WRITTEN)?;
        owner::keep(path, file.as_file())?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        Ok(file)
    }

    /// Puts the new text in the old one's place
    pub(crate) fn commit(self) -> Result<(), Error> {
        let Self { file, path } = self;
        rename(file, &path).map_err(|error| unwritable(&path, error))?;
        // The file is in place; whether the folder can be synced depends on the file system.
        #[cfg(unix)]
        let _ = File::open(folder_of(&path)).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

#[cfg(not(windows))]
fn rename(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.persist(path).map(drop).map_err(|failed| failed.error)
}

/// Windows refuses while somebody, such as a virus scanner, has the old file open
#[cfg(windows)]
fn rename(mut file: NamedTempFile, path: &Path) -> io::Result<()> {
    for _ in 0..20 {
        match file.persist(path) {
            Ok(_) => return Ok(()),
            Err(failed) if failed.error.kind() == io::ErrorKind::PermissionDenied => {
                file = failed.file;
            }
            Err(failed) => return Err(failed.error),
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    file.persist(path).map(drop).map_err(|failed| failed.error)
}

/// A file for us alone in `folder`, with a name that shows whose it is
fn temporary(folder: &Path, path: &Path, suffix: &str) -> io::Result<NamedTempFile> {
    let mut prefix = OsString::from(".");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push(".");
    let mut builder = Builder::new();
    builder.prefix(&prefix).suffix(suffix);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600));
    builder.tempfile_in(folder)
}

/// Removes what a killed process left half-written of `path`, by whoever has the [`Lock`], so that nobody is writing
fn sweep(path: &Path) {
    let prefix = sibling(path, ".", ".");
    let prefix = prefix.file_name().unwrap_or_default().to_string_lossy();
    for entry in fs::read_dir(folder_of(path))
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(&*prefix) && name.ends_with(HALF_WRITTEN) {
            // Of no use to anybody, and gone at the next attempt otherwise.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The file beside `path` that has its name, with `before` and `after` around it
pub(crate) fn sibling(path: &Path, before: &str, after: &str) -> PathBuf {
    let mut name = OsString::from(before);
    name.push(path.file_name().unwrap_or_default());
    name.push(after);
    path.with_file_name(name)
}

pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn not_a_file(path: &Path) -> Error {
    Error::storage("what stands there is not a plain file").at("file", path.to_string_lossy())
}

fn unreadable(path: &Path, error: io::Error) -> Error {
    Error::storage("cannot read a file")
        .at("file", path.to_string_lossy())
        .because(error)
}

/// Says what the system says, and what to do where that is known
pub(crate) fn unwritable(path: &Path, error: io::Error) -> Error {
    let (message, hint) = match error.kind() {
        io::ErrorKind::ResourceBusy => (
            "cannot replace a file that is mounted by itself",
            Some("mount its folder instead, or choose a file elsewhere"),
        ),
        io::ErrorKind::ReadOnlyFilesystem => (
            "cannot write to a read-only file system",
            Some("choose a file elsewhere"),
        ),
        io::ErrorKind::PermissionDenied => (
            "may not write in a file's folder",
            Some("a file is replaced as a whole, so that its folder must be writable, too"),
        ),
        _ => ("cannot write a file", None),
    };
    let error = Error::storage(message)
        .at("file", path.to_string_lossy())
        .because(error);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

const HALF_WRITTEN: &str = ".tmp";

/// Nothing is ever in it
const TRIAL: &str = ".try";

/// As many as Linux follows
const MAX_LINKS: usize = 40;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io;
    use std::path::Path;
    use std::time::Duration;

    use super::{Lock, Staged, read_whole, resolve, try_write, unwritable, write_whole};
    use crate::error::ErrorKind;

    fn listed(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");

        write_whole(&path, b"old").unwrap();
        write_whole(&path, b"new").unwrap();

        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(listed(folder.path()), ["config"]);
    }

    #[test]
    fn what_is_staged_but_not_committed_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        fs::write(&path, "old").unwrap();

        let staged = Staged::new(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        drop(staged);

        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(listed(folder.path()), ["config"]);
    }

    #[test]
    fn what_a_killed_process_left_is_swept_away_under_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        for left in [".config.x1y2.tmp", ".config.x1y2.try", ".config2.x1y2.tmp"] {
            fs::write(folder.path().join(left), "half").unwrap();
        }

        drop(Lock::take(&folder.path().join("config"), Duration::ZERO).unwrap());

        assert_eq!(
            listed(folder.path()),
            [".config.x1y2.try", ".config2.x1y2.tmp"]
        );
    }

    #[test]
    fn a_trial_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();

        try_write(&folder.path().join("config")).unwrap();
        try_write(&folder.path().join("not/there/config")).unwrap();

        assert!(listed(folder.path()).is_empty());
    }

    #[test]
    fn a_folder_is_not_a_file() {
        let folder = tempfile::tempdir().unwrap();

        for path in [folder.path(), Path::new("/")] {
            assert_eq!(try_write(path).unwrap_err().kind(), ErrorKind::Storage);
            assert_eq!(
                write_whole(path, b"").unwrap_err().kind(),
                ErrorKind::Storage
            );
            assert_eq!(read_whole(path, 9).unwrap_err().kind(), ErrorKind::Storage);
        }
        assert!(write_whole(Path::new(""), b"").is_err());
    }

    #[test]
    fn a_file_in_the_way_of_a_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();

        assert!(try_write(&folder.path().join("file/config")).is_err());
    }

    #[test]
    fn a_file_is_read_up_to_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert_eq!(read_whole(&path, 3).unwrap(), None);

        fs::write(&path, "abc").unwrap();
        assert_eq!(read_whole(&path, 3).unwrap().unwrap(), b"abc");

        fs::write(&path, "abcd").unwrap();
        assert_eq!(read_whole(&path, 3).unwrap_err().kind(), ErrorKind::Storage);
    }

    #[test]
    fn busy_and_read_only_say_what_to_do() {
        for kind in [
            io::ErrorKind::ResourceBusy,
            io::ErrorKind::ReadOnlyFilesystem,
            io::ErrorKind::PermissionDenied,
        ] {
            let error = unwritable(Path::new("/x/config"), kind.into());

            assert_eq!(error.kind(), ErrorKind::Storage);
            assert!(error.next_step().is_some(), "{kind}");
            assert_eq!(error.context().next(), Some(("file", "/x/config")));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_mount_point_is_found_before_anything_is_written() {
        use std::error::Error as _;

        // A container's own files, where there are such.
        let mounted = ["/etc/hosts", "/etc/resolv.conf", "/etc/hostname"]
            .map(Path::new)
            .into_iter()
            .find(|path| super::mount::is_mounted(path));
        let Some(path) = mounted else {
            eprintln!("skipped: no file is mounted by itself here");
            return;
        };

        let error = try_write(path).unwrap_err();

        let source = error.source().unwrap().downcast_ref::<io::Error>();
        assert_eq!(source.unwrap().kind(), io::ErrorKind::ResourceBusy);
    }

    #[cfg(unix)]
    mod unix {
        use std::fs::{self, Permissions};
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

        use super::{resolve, write_whole};
        use crate::error::ErrorKind;

        #[test]
        fn the_result_is_for_the_owner_alone() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("new/deep/config");

            write_whole(&path, b"a").unwrap();
            assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
            for made in [path.parent().unwrap(), &folder.path().join("new")] {
                assert_eq!(made.metadata().unwrap().mode() & 0o777, 0o700);
            }

            fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
            write_whole(&path, b"b").unwrap();
            assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        }

        #[test]
        fn the_owner_stays_where_we_may_keep_it() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("config");
            fs::write(&path, "old").unwrap();
            if std::os::unix::fs::chown(&path, Some(12345), Some(54321)).is_err() {
                eprintln!("skipped: only root may give files away");
                return;
            }

            write_whole(&path, b"new").unwrap();

            let new = path.metadata().unwrap();
            assert_eq!((new.uid(), new.gid()), (12345, 54321));
        }

        #[test]
        fn a_chain_of_links_stays_and_its_end_is_written() {
            let folder = tempfile::tempdir().unwrap();
            let at = |name: &str| folder.path().join(name);
            fs::create_dir(at("real")).unwrap();
            symlink("real", at("folder")).unwrap();
            symlink("folder/second", at("first")).unwrap();
            symlink("../real/third", at("real/second")).unwrap();
            symlink(at("real/config"), at("real/third")).unwrap();

            // The end is not there at first.
            for text in ["a", "b"] {
                write_whole(&at("first"), text.as_bytes()).unwrap();

                assert_eq!(fs::read_to_string(at("real/config")).unwrap(), text);
                for link in ["first", "real/second", "real/third"] {
                    assert!(at(link).is_symlink(), "{link}");
                }
            }
        }

        #[test]
        fn links_in_a_circle_are_an_error() {
            let folder = tempfile::tempdir().unwrap();
            let at = |name: &str| folder.path().join(name);
            symlink("b", at("a")).unwrap();
            symlink("a", at("b")).unwrap();

            assert_eq!(resolve(&at("a")).unwrap_err().kind(), ErrorKind::Storage);
            assert_eq!(
                write_whole(&at("a"), b"").unwrap_err().kind(),
                ErrorKind::Storage
            );
        }

        #[test]
        fn a_device_is_never_replaced() {
            assert!(resolve(std::path::Path::new("/dev/null")).is_err());
        }
    }
}
