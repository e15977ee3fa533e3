//! What an audit has to know of the files that a kubeconfig names, and of the machine's programs.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::Read as _;
use std::path::{MAIN_SEPARATOR, Path};

use jiff::Timestamp;

use crate::audit::{Facts, FileFact};
use crate::folders;
use crate::secret::Secret;

/// This machine, as it is now
pub(super) struct Machine {
    now: Timestamp,
    /// `PATH`
    search: Option<OsString>,
}

impl Machine {
    pub(super) fn new(now: Timestamp, search: Option<OsString>) -> Self {
        Self { now, search }
    }
}

impl Facts for Machine {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn file(&self, path: &Path) -> Option<FileFact> {
        let metadata = path.metadata().ok()?;
        Some(FileFact {
            // Opening a pipe would wait for a writer.
            can_read: metadata.is_file() && File::open(path).is_ok(),
            mode: mode(&metadata),
            is_writable: folders::writable_by_others(&metadata).is_some(),
        })
    }

    fn text(&self, path: &Path) -> Option<Secret> {
        let file = path.metadata().ok().filter(Metadata::is_file);
        let file = file.and_then(|_| File::open(path).ok())?;
        let mut bytes = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
        String::from_utf8(bytes).ok().map(Secret::new)
    }

    fn has_command(&self, command: &str, folder: &Path) -> bool {
        // A client asks the system for a name, and starts a path from the kubeconfig's folder.
        if command.contains(['/', MAIN_SEPARATOR]) {
            return is_program(&folder.join(command));
        }
        let search = self.search.as_deref().unwrap_or_default();
        std::env::split_paths(search).any(|folder| {
            let path = folder.join(command);
            is_program(&path) || cfg!(windows) && is_program(&path.with_extension("exe"))
        })
    }
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    let metadata = path.metadata().ok().filter(Metadata::is_file);
    metadata.is_some_and(|metadata| mode(&metadata).is_some_and(|mode| mode & 0o111 != 0))
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

#[cfg(unix)]
#[expect(
    clippy::unnecessary_wraps,
    reason = "other systems have no permissions of this kind"
)]
fn mode(metadata: &Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;

    Some(metadata.mode() & 0o7777)
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> Option<u32> {
    None
}

/// A token or a certificate has a few thousand bytes
const MAX_BYTES: u64 = 256 * 1024;
