//! A token that is always fresh: kept, refreshed, or got by a login.

mod failure;

mod ladder;
use ladder::Ladder;

mod place;
use place::Place;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::devices::Devices;
use crate::event::{Event, Listener};
use crate::front_door::{FrontDoor, Grant};
use crate::kubeconfig::OidcUser;
use crate::store::{FreshToken, MemoryStore, Rung, TokenStore};
use crate::{Error, Secret};

/// Gives a fresh token as often as it is asked: the kept one, else a refreshed one, else that of a new login
///
/// For programs that run longer than a token lives. However many tasks ask at once, one renewal is made, and all get its
/// outcome, an error, too. A token is renewed when a sixth of its life is left (1 to 60 seconds), so that none ends under way. Clones
/// share everything.
///
/// A renewal is a task of its own: whoever stops waiting loses no one-time refresh token. It needs a tokio runtime.
///
/// ```
/// use doorward::store::FileStore;
/// use doorward::{Rung, TokenSource};
/// # use doorward::Portal;
/// # use doorward_providers::Okta;
/// # use doorward_testkit::Testbed;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let bed = Testbed::start()?;
/// # let portal = Portal::new(&bed.portal_url(), bed.walk()?.adapter(Okta::default()))?;
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path().join("tokens");
/// // Kept in a folder that other processes share; without a store of its own, the source forgets with the process.
/// let source = TokenSource::new(portal.clone()).store(FileStore::at(&folder), "prod");
/// let token = source.token().await?;
/// println!("{} until {}", token.user(), token.expires());
///
/// // The next process finds it there, and makes no request.
/// let next = TokenSource::new(portal).store(FileStore::at(&folder), "prod");
/// assert_eq!(next.token().await?.rung(), Rung::Cache);
/// # Ok(())
/// # }
/// ```
///
/// Source: <https://www.rfc-editor.org/rfc/rfc6749#section-6>
#[derive(Clone)]
pub struct TokenSource {
    ladder: Ladder,
    shared: Arc<Shared>,
}

/// What the clones of a source have in common
#[derive(Default)]
struct Shared {
    latest: Mutex<Latest>,
    flight: Mutex<Option<Flight>>,
}

/// The last token, for whom no store needs to be asked
#[derive(Clone, Default)]
struct Latest {
    token: Option<FreshToken>,
    /// Another one since what is kept was replaced or forgotten: nothing of before comes back
    era: u64,
}

/// A renewal under way; its outcome comes once
#[derive(Clone)]
struct Flight {
    outcome: watch::Receiver<Option<Result<FreshToken, Error>>>,
    era: u64,
}

impl TokenSource {
    /// A source that logs in at `door`, and keeps its token in memory
    pub fn new(door: impl FrontDoor + 'static) -> Self {
        Self {
            ladder: Ladder {
                door: Arc::new(door),
                place: Place {
                    store: Arc::new(MemoryStore::new()),
                    key: String::new(),
                    patience: PATIENCE,
                },
                force: false,
                is_early: false,
                listener: Listener::default(),
            },
            shared: Arc::default(),
        }
    }

    /// Keeps the token in `store` under `key`, where others may share it
    ///
    /// The command line's own are in a [`FileStore`](crate::store::FileStore), under
    /// [`Profile::cache_key`](crate::profile::Profile::cache_key).
    #[must_use]
    pub fn store(mut self, store: impl TokenStore + 'static, key: &str) -> Self {
        self.ladder.place.store = Arc::new(store);
        self.ladder.place.key = key.into();
        self.apart()
    }

    /// Also tries what failed lately, such as a login with a password that was refused
    #[must_use]
    pub fn force(mut self) -> Self {
        self.ladder.force = true;
        self.apart()
    }

    /// Renews half a margin before others would, so that those who share the store find a token at any time
    ///
    /// For the one that keeps a token fresh for others: [`FreshToken::due_in`] tells when to ask again.
    #[must_use]
    pub fn renew_early(mut self) -> Self {
        self.ladder.is_early = true;
        self.apart()
    }

    /// How long to wait while another process renews the same token; 150 seconds unless told otherwise
    #[must_use]
    pub fn wait_at_most(mut self, time: Duration) -> Self {
        self.ladder.place.patience = time;
        self.apart()
    }

    /// Calls `callback` for what happens between the source and an issuer; a login tells its own walk's listener
    #[must_use]
    pub fn on_event(mut self, callback: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.ladder.listener = Listener::new(callback);
        self.apart()
    }

    /// A token that lives longer than its margin
    ///
    /// # Errors
    ///
    /// That of the last rung, which is a login as a rule, with what came of the refresh before. A failure is remembered for
    /// a while: a rejected password is not tried again for 15 minutes, unless it changes.
    pub async fn token(&self) -> Result<FreshToken, Error> {
        let started = Timestamp::now();
        let Latest { token, era } = lock(&self.shared.latest).clone();
        if let Some(token) = token.filter(|token| self.ladder.is_good(token, started)) {
            return Ok(token);
        }
        let token = match self.ladder.kept().await? {
            Some(token) => token,
            None => self.join(started, era).landed().await?,
        };
        self.shared.keep(&token, era);
        Ok(token)
    }

    /// Logs in now, whatever is kept, and keeps what that yields
    ///
    /// # Errors
    ///
    /// As [`FrontDoor::open`]; [`Rejected`](crate::ErrorKind::Rejected) without a request if this very password was
    /// rejected within the last 15 minutes.
    pub async fn log_in(&self) -> Result<Grant, Error> {
        let ladder = self.ladder.clone();
        let login = tokio::spawn(async move { ladder.log_in().await });
        let outcome = login.await.map_err(broken_off)?;
        self.shared.turn();
        outcome
    }

    /// Keeps the tokens that an OIDC user of a kubeconfig holds, to go on from there
    ///
    /// What providers recognize the device by stays.
    ///
    /// `servers` are the clusters that the tokens are for, by URL.
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage): they cannot be kept.
    pub async fn adopt(&self, user: &OidcUser, servers: Vec<String>) -> Result<(), Error> {
        let replaced = self
            .ladder
            .place
            .replace(ladder::adopted(user, servers))
            .await;
        self.shared.turn();
        replaced
    }

    /// What providers recognize this device by, as far as logins have brought it: a secret text
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage): it cannot be read.
    pub async fn devices(&self) -> Result<Option<Secret>, Error> {
        Ok(self.ladder.place.load().await?.record.devices)
    }

    /// Keeps what [`devices`](Self::devices) gave elsewhere, so that the next login here comes from the same device
    ///
    /// What is kept of other hosts stays.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): the text is something else; [`Storage`](crate::ErrorKind::Storage): it cannot be kept.
    pub async fn adopt_devices(&self, devices: &Secret) -> Result<(), Error> {
        Devices::new().read(devices)?;
        self.ladder.place.add_devices(devices).await
    }

    /// Forgets what is kept, and asks the issuer to revoke the refresh token where it takes such requests
    ///
    /// Gives whether anything was kept. The tokens are forgotten even where the issuer cannot be asked. What providers recognize
    /// the device by goes with them, also out of the front door's own [`Devices`]: the next login is that of a new device.
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage): they are still there. Any other kind: forgotten, but not revoked.
    pub async fn forget(&self) -> Result<bool, Error> {
        let taken = self.ladder.place.take().await;
        self.shared.turn();
        let taken = taken?;
        self.ladder.door.devices().clear();
        let Some(record) = taken else {
            return Ok(false);
        };
        if let Some(refresh) = record.refresh {
            let (client, endpoints) = self.ladder.client(&refresh).await?;
            if let Some(endpoint) = endpoints.revocation {
                client.revoke(&endpoint, &refresh.token).await?;
            }
        }
        Ok(true)
    }

    /// The renewal that is under way, or a new one
    fn join(&self, started: Timestamp, era: u64) -> Flight {
        let mut flight = lock(&self.shared.flight);
        let under_way = flight.as_ref().filter(|flight| flight.is_under_way(era));
        if let Some(under_way) = under_way {
            return under_way.clone();
        }
        let (outcome, receiver) = watch::channel(None);
        let ladder = self.ladder.clone();
        tokio::spawn(async move {
            // Nobody may be waiting any more; the token is in the store all the same.
            let _ = outcome.send(Some(ladder.climb(started).await));
        });
        let outcome = receiver;
        flight.insert(Flight { outcome, era }).clone()
    }

    /// Other settings have other renewals
    fn apart(mut self) -> Self {
        self.shared = Arc::default();
        self
    }
}

impl Shared {
    /// Keeps `token`, which came in `era`, for those who ask next
    fn keep(&self, token: &FreshToken, era: u64) {
        let mut latest = lock(&self.latest);
        if latest.era == era {
            let rung = Rung::Cache;
            latest.token = Some(FreshToken {
                rung,
                ..token.clone()
            });
        }
    }

    /// Drops the last token, and whatever is under way
    fn turn(&self) {
        let mut latest = lock(&self.latest);
        latest.token = None;
        latest.era += 1;
    }
}

impl Flight {
    fn is_under_way(&self, era: u64) -> bool {
        self.era == era && self.outcome.borrow().is_none() && self.outcome.has_changed().is_ok()
    }

    async fn landed(mut self) -> Result<FreshToken, Error> {
        let outcome = self
            .outcome
            .wait_for(Option::is_some)
            .await
            .map_err(broken_off)?;
        outcome
            .clone()
            .unwrap_or_else(|| Err(Error::transport(BROKEN_OFF)))
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource")
            .field("door", &self.ladder.door)
            .field("store", &self.ladder.place.store)
            .field("key", &self.ladder.place.key)
            .finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn broken_off(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::transport(BROKEN_OFF).because(error)
}

/// A login's own limit, and some time for what comes after it
const PATIENCE: Duration = Duration::from_secs(150);

const BROKEN_OFF: &str = "the renewal of the token ended with its runtime";
