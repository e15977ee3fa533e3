//! The queues of one process, in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::Error;
use crate::code::ledger::{Claim, Held, Queue};

/// A queue for each seed, by its name
#[derive(Debug, Default)]
pub(super) struct Process {
    seeds: Mutex<BTreeMap<String, Windows>>,
}

#[derive(Debug, Default)]
struct Windows {
    last: Option<u64>,
    claimed: BTreeMap<u64, Weak<()>>,
}

/// One seed's queue, while no other thread has one
#[derive(Debug)]
pub(super) struct ProcessQueue<'a> {
    seeds: MutexGuard<'a, BTreeMap<String, Windows>>,
    seed: String,
}

impl Process {
    pub(super) fn queue(&self, seed: &str) -> ProcessQueue<'_> {
        ProcessQueue {
            seeds: self.seeds.lock().unwrap_or_else(PoisonError::into_inner),
            seed: seed.to_owned(),
        }
    }
}

impl ProcessQueue<'_> {
    fn windows(&mut self) -> &mut Windows {
        self.seeds.entry(self.seed.clone()).or_default()
    }
}

impl Queue for ProcessQueue<'_> {
    fn last(&self) -> Result<Option<u64>, Error> {
        Ok(self.seeds.get(&self.seed).and_then(|windows| windows.last))
    }

    fn claim(&mut self, window: u64) -> Result<Option<Claim>, Error> {
        let claimed = &mut self.windows().claimed;
        claimed.retain(|_, held| held.strong_count() > 0);
        if claimed.contains_key(&window) {
            return Ok(None);
        }
        let held = Arc::new(());
        claimed.insert(window, Arc::downgrade(&held));
        Ok(Some(Claim {
            window,
            _held: Held::Value(held),
        }))
    }

    fn mark(&mut self, window: u64) -> Result<(), Error> {
        self.windows().last = Some(window);
        Ok(())
    }
}
