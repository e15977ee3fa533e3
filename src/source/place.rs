//! Where one login's tokens are kept: a store and a key, and the right to change what is there.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::devices::Devices;
use crate::store::{Claim, Reading, Record, TokenStore};
use crate::{Error, Secret};

/// A key of a store
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) store: Arc<dyn TokenStore>,
    pub(super) key: String,
    /// How long to wait while another process renews
    pub(super) patience: Duration,
}

/// What the store holds, and at which version
#[derive(Debug)]
pub(super) struct Found {
    pub(super) record: Record,
    pub(super) version: Option<String>,
    /// A newer doorward's, which is left as it is
    pub(super) is_newer: bool,
}

impl Place {
    /// What is there now
    pub(super) async fn load(&self) -> Result<Found, Error> {
        let stored = self.store.load(&self.key).await?;
        let reading = stored
            .as_ref()
            .map(|stored| Record::read(stored.text.expose_secret()));
        let version = stored.map(|stored| stored.version);
        Ok(match reading {
            Some(Reading::Record(record)) => Found {
                record: *record,
                version,
                is_newer: false,
            },
            other => Found {
                record: Record::new(),
                version,
                is_newer: matches!(other, Some(Reading::Newer)),
            },
        })
    }

    /// Keeps the record, unless a newer doorward's is there
    pub(super) async fn save(&self, found: &mut Found) -> Result<(), Error> {
        if found.is_newer {
            return Ok(());
        }
        let text = found.record.to_text();
        // Others write only without the claim: a login that was asked for, or a store that has no claims. What came last is newest.
        for _ in 0..MOST_SWAPS {
            let seen = found.version.as_deref();
            if self
                .store
                .compare_and_swap(&self.key, seen, Some(&text))
                .await?
            {
                let stored = self.store.load(&self.key).await?;
                found.version = stored.map(|stored| stored.version);
                return Ok(());
            }
            let there = self.load().await?;
            if there.is_newer {
                return Ok(());
            }
            found.version = there.version;
        }
        Err(busy())
    }

    /// Keeps `record` in the place of whatever is there, but for what providers recognize the device by
    pub(super) async fn replace(&self, record: Record) -> Result<(), Error> {
        let mut found = self.load().await?;
        if found.is_newer {
            return Err(newer());
        }
        let devices = found.record.devices.take();
        found.record = Record { devices, ..record };
        self.save(&mut found).await
    }

    /// Adds to what providers recognize the device by; whatever else is there stays
    pub(super) async fn add_devices(&self, added: &Secret) -> Result<(), Error> {
        let _claim = self.claim().await?;
        for _ in 0..MOST_SWAPS {
            let mut found = self.load().await?;
            if found.is_newer {
                return Err(newer());
            }
            let devices = Devices::new();
            if let Some(known) = &found.record.devices {
                // What cannot be read is of no use to anybody.
                let _ = devices.read(known);
            }
            devices.read(added)?;
            found.record.devices = Some(devices.to_secret());
            let (seen, text) = (found.version.as_deref(), found.record.to_text());
            if self
                .store
                .compare_and_swap(&self.key, seen, Some(&text))
                .await?
            {
                return Ok(());
            }
        }
        Err(busy())
    }

    /// Takes away what is kept, and gives it
    pub(super) async fn take(&self) -> Result<Option<Record>, Error> {
        let _claim = self.claim().await?;
        for _ in 0..MOST_SWAPS {
            let found = self.load().await?;
            let Some(version) = found.version.filter(|_| !found.is_newer) else {
                return Ok(None);
            };
            let key = &self.key;
            if self
                .store
                .compare_and_swap(key, Some(&version), None)
                .await?
            {
                return Ok(Some(found.record));
            }
        }
        Err(busy())
    }

    /// Waits for the right to renew
    pub(super) async fn claim(&self) -> Result<Claim, Error> {
        let mut waiting = self.waiting();
        loop {
            match self.try_claim().await? {
                Some(claim) => return Ok(claim),
                None => waiting.pause().await?,
            }
        }
    }

    /// The right to renew, if nobody has it
    pub(super) async fn try_claim(&self) -> Result<Option<Claim>, Error> {
        self.store.claim(&self.key).await
    }

    /// A wait for whoever renews
    pub(super) fn waiting(&self) -> Waiting {
        Waiting::new(self.patience)
    }
}

/// A wait for another process, with an end
pub(super) struct Waiting {
    end: Instant,
    time: Duration,
    pause: Duration,
}

impl Waiting {
    pub(super) fn new(time: Duration) -> Self {
        Self {
            end: Instant::now() + time,
            time,
            pause: Duration::from_millis(2),
        }
    }

    pub(super) async fn pause(&mut self) -> Result<(), Error> {
        if Instant::now() >= self.end {
            return Err(
                Error::storage("another doorward is renewing the same token")
                    .at("waited", format!("{} s", self.time.as_secs()))
                    .hint("it ends by itself; try again"),
            );
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }
}

fn newer() -> Error {
    Error::storage("a newer doorward keeps tokens there, which are left as they are")
}

fn busy() -> Error {
    Error::storage("others change the kept token all the time")
}

const LONGEST_PAUSE: Duration = Duration::from_millis(20);

const MOST_SWAPS: usize = 5;
