//! Which windows of a seed are used up, so that parallel jobs never send the same code twice.
//!
//! Servers take a code once, and most answer a second use as they answer a wrong code. So each login needs a window of its
//! own: it claims the first one that is free, waits for it, and marks it as used before the code leaves.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jiff::Timestamp;

use crate::Error;
use crate::code::{NextCode, TotpSeed};
use crate::whole_file::Lock;

mod folder;
use folder::Folder;

mod process;
use process::Process;

/// The memory of used codes, shared by all that use the same folder, or by one process
///
/// ```
/// use doorward::Secret;
/// use doorward::code::{Ledger, NextCode, TotpSeed};
/// use jiff::Timestamp;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("doorward");
/// let seed = TotpSeed::parse(&Secret::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"))?;
/// let ledger = Ledger::at(path);
/// let now = Timestamp::from_second(45)?;
/// let first = ledger.turn(seed.clone()).next(now)?;
/// assert!(matches!(first, NextCode::Ready(code) if code.expose_secret() == "287082"));
/// // The next one comes with the next window, in 15 seconds, and one more for clocks that differ by a moment.
/// let second = ledger.turn(seed).next(now)?;
/// assert!(matches!(second, NextCode::Wait(time) if time.as_secs() == 16));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Ledger {
    place: Place,
}

#[derive(Clone)]
enum Place {
    Folder(Folder),
    Process(Arc<Process>),
}

/// One login's place in the queue for a seed's windows
///
/// It is given up when it is dropped, and also when the process is killed, so that the next in the queue can have the window.
pub struct Turn {
    ledger: Ledger,
    seed: TotpSeed,
    claim: Option<Claim>,
}

/// A window that nobody else may use, until this is dropped
#[derive(Debug)]
struct Claim {
    window: u64,
    _held: Held,
}

#[derive(Debug)]
#[expect(dead_code, reason = "each ends when it is dropped")]
enum Held {
    /// By a lock of the system, which ends with the process at the latest
    File(Lock),
    /// By a value in memory, which the queue sees go
    Value(Arc<()>),
}

/// What is known of one seed's windows, for as long as nobody else may look or write
trait Queue {
    /// The last window whose code was given
    fn last(&self) -> Result<Option<u64>, Error>;
    /// Claims a window, unless somebody has done so
    fn claim(&mut self, window: u64) -> Result<Option<Claim>, Error>;
    /// Keeps in mind that the code of a window was given
    fn mark(&mut self, window: u64) -> Result<(), Error>;
}

impl Ledger {
    /// The memory in `folder`, which is made (0700) when a code is asked for
    ///
    /// The folder must be the user's own and closed to others, such as that of the [kept tokens](crate::store::FileStore). For
    /// each seed it gets a file (0600) of a few bytes, whose name tells nothing about the seed.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            place: Place::Folder(Folder::at(folder.into())),
        }
    }

    /// The memory of this process, where there is no folder; it is one for the whole process
    pub fn in_process() -> Self {
        static SHARED: LazyLock<Arc<Process>> = LazyLock::new(Arc::default);
        Self {
            place: Place::Process(Arc::clone(&SHARED)),
        }
    }

    /// Queues up for a code of `seed`; nothing happens before [`Turn::next`]
    pub fn turn(&self, seed: TotpSeed) -> Turn {
        Turn {
            ledger: self.clone(),
            seed,
            claim: None,
        }
    }

    fn queue(&self, seed: &str) -> Result<Box<dyn Queue + '_>, Error> {
        Ok(match &self.place {
            Place::Folder(folder) => Box::new(folder.queue(seed)?),
            Place::Process(process) => Box::new(process.queue(seed)),
        })
    }

    /// A memory that no other test shares
    #[cfg(test)]
    pub(super) fn alone() -> Self {
        Self {
            place: Place::Process(Arc::default()),
        }
    }
}

impl Turn {
    /// The code of the first window that nobody else has, or how long to wait for that window
    ///
    /// `now` is the server's time, as far as it is known. After the wait this is called again, with a new `now`; the window
    /// stays claimed meanwhile. A code that is given counts as used from then on, and the next call gives a later one.
    ///
    /// A window with less than three seconds left is not used. Where the ledger knows of a use in the future, a clock was
    /// set back: this is believed for the next window, since servers' clocks differ; if it is further ahead, the current window
    /// alone is passed over. So it costs a window, or two at the edge between them, and never more.
    ///
    /// Blocks while another process looks into the same ledger: for moments, and ten seconds at most.
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage): the folder is open to others or cannot be written, or its file system has no
    /// locks. [`Transport`](crate::ErrorKind::Transport): hundreds of others wait for codes of this seed.
    pub fn next(&mut self, now: Timestamp) -> Result<NextCode, Error> {
        let seconds = u64::try_from(now.as_second()).unwrap_or_default();
        let current = self.seed.window_at(seconds);
        let now = Duration::try_from(now.as_duration()).unwrap_or_default();
        let left = Duration::from_secs(self.seed.end_of(current)).saturating_sub(now);

        let mut queue = self.ledger.queue(&self.seed.name())?;
        let mut first = match queue.last()? {
            // Another login's server may be a little ahead of ours.
            Some(last) if last <= current.saturating_add(1) => current.max(last.saturating_add(1)),
            // A clock was set back, and nobody knows whether the current window was used before, unless we waited for it.
            Some(_) if !self.has_claimed(current) => current.saturating_add(1),
            _ => current,
        };
        if first == current && left < SHORTEST {
            first = current.saturating_add(1);
        }
        let window = claim(&mut *queue, first, &mut self.claim)?;
        if window == current {
            queue.mark(window)?;
            self.claim = None;
            return Ok(NextCode::Ready(self.seed.code_at(seconds).0));
        }
        // Clocks that agree to the second may differ by a moment, and some servers take no code of the future.
        let start = Duration::from_secs(self.seed.end_of(window - 1)) + A_MOMENT;
        Ok(NextCode::Wait(start.saturating_sub(now)))
    }

    fn has_claimed(&self, window: u64) -> bool {
        self.claim
            .as_ref()
            .is_some_and(|claim| claim.window == window)
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Ledger");
        match &self.place {
            Place::Folder(folder) => shown.field("folder", &folder.path()).finish(),
            Place::Process(_) => shown.finish_non_exhaustive(),
        }
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn")
            .field("ledger", &self.ledger)
            .field("seed", &self.seed)
            .field("window", &self.claim.as_ref().map(|claim| claim.window))
            .finish()
    }
}

/// Claims the first window from `first` on that nobody else has claimed, in the place of what was claimed before
fn claim(queue: &mut dyn Queue, first: u64, claimed: &mut Option<Claim>) -> Result<u64, Error> {
    for window in first..first.saturating_add(MAX_AHEAD) {
        if claimed.as_ref().is_some_and(|claim| claim.window == window) {
            return Ok(window);
        }
        if let Some(claim) = queue.claim(window)? {
            *claimed = Some(claim);
            return Ok(window);
        }
    }
    *claimed = None;
    Err(
        Error::transport("too many logins wait for a code of the same TOTP seed")
            .at("waiting", MAX_AHEAD.to_string())
            .hint(
                "one code serves one login: keep the token, or give the jobs accounts of their own",
            ),
    )
}

/// A server must get the code before the window ends
const SHORTEST: Duration = Duration::from_secs(3);

const A_MOMENT: Duration = Duration::from_secs(1);

/// Two hours, at 30 seconds for each
const MAX_AHEAD: u64 = 240;

#[cfg(test)]
mod tests;
