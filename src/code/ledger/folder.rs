//! The queues of all processes of one user, in a folder.
//!
//! `totp-NAME` has the number of the last window that was used. A window that somebody waits for is a lock on
//! `totp-NAME.WINDOW`, which ends with its process; no such file is ever written.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Error;
use crate::code::ledger::{Claim, Held, Queue};
use crate::folders::{Exposed, open_to_others};
use crate::whole_file::{Lock, Staged, make_folder, read_whole, sibling, unwritable};

#[derive(Clone, Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

/// One seed's queue, while no other process has one
#[derive(Debug)]
pub(super) struct FolderQueue {
    file: PathBuf,
    _lock: Lock,
}

impl Folder {
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until nobody else looks at the windows of `seed`
    pub(super) fn queue(&self, seed: &str) -> Result<FolderQueue, Error> {
        self.make()?;
        let file = self.path.join(format!("totp-{seed}"));
        let lock = Lock::take(&file, WAIT).map_err(advise)?;
        Ok(FolderQueue { file, _lock: lock })
    }

    fn make(&self) -> Result<(), Error> {
        let failed = |error| advise(unwritable(&self.path, error));
        make_folder(&self.path).map_err(failed)?;
        let metadata = self.path.metadata().map_err(failed)?;
        let Some(exposed) = open_to_others(&metadata) else {
            return Ok(());
        };
        let (key, value) = exposed.context();
        Err(
            Error::storage("others can get at the folder that says which codes were used")
                .at("folder", self.path.to_string_lossy())
                .at(key, value)
                .hint(match exposed {
                    Exposed::Mode(_) => "chmod 700 closes it; --cache-dir names another",
                    Exposed::Owner(_) => "--cache-dir names a folder of your own",
                }),
        )
    }
}

impl FolderQueue {
    /// Removes what killed processes left: claims of windows before `window`, and files half-written
    fn sweep(&self, window: u64) {
        let left = sibling(&self.file, ".", ".");
        let Some(left) = left.file_name().map(|name| name.to_string_lossy()) else {
            return;
        };
        let folder = self.file.parent().map(fs::read_dir);
        for entry in folder.into_iter().flatten().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let Some((what, ending)) = name.strip_prefix(&*left).and_then(|n| n.rsplit_once('.'))
            else {
                continue;
            };
            let is_past = || what.parse().is_ok_and(|claimed: u64| claimed < window);
            if ending == "tmp" || (ending == "doorward-lock" && is_past()) {
                // Of no use to anybody, and gone at the next attempt otherwise.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

impl Queue for FolderQueue {
    fn last(&self) -> Result<Option<u64>, Error> {
        let text = read_whole(&self.file, MAX_BYTES).map_err(advise)?;
        // What no doorward wrote says nothing.
        Ok(text.and_then(|text| str::from_utf8(&text).ok()?.trim().parse().ok()))
    }

    fn claim(&mut self, window: u64) -> Result<Option<Claim>, Error> {
        let claimed = sibling(&self.file, "", &format!(".{window}"));
        let lock = Lock::attempt_on(&claimed).map_err(advise)?;
        Ok(lock.map(|lock| Claim {
            window,
            _held: Held::File(lock),
        }))
    }

    fn mark(&mut self, window: u64) -> Result<(), Error> {
        self.sweep(window);
        let staged = Staged::new(&self.file, format!("{window}\n").as_bytes());
        staged.and_then(Staged::commit).map_err(advise)
    }
}

fn advise(error: Error) -> Error {
    error.hint("the folder says which one-time codes were used; --cache-dir names another")
}

const MAX_BYTES: usize = 4 << 10;

const WAIT: Duration = Duration::from_secs(10);
