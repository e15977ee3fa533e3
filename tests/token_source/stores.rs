//! Stores: the command line's files, a newer doorward's content, and stores of the caller's own.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use doorward::store::{Claim, FileStore, MemoryStore, Stored, TokenStore};
use doorward::{Error, ErrorKind, Profile, Rung, Secret, TokenSource};
use doorward_testkit::{Testbed, USER};

use crate::world::{KEY, NoPassword, age, aged_login, kept, portal, source};

#[tokio::test]
async fn files_under_a_profiles_key_serve_those_without_a_runtime() {
    let bed = Testbed::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::at(folder.path().join("cache"));
    let mut profile = Profile::default();
    profile.portal = Some(bed.portal_url());
    profile.username = Some(USER.to_owned());
    let key = profile.cache_key();

    let source = TokenSource::new(portal(&bed)).store(store.clone(), &key);
    let token = source.token().await.unwrap();

    let fresh = store.fresh(&key).unwrap().unwrap();
    assert_eq!(
        fresh.id_token().expose_secret(),
        token.id_token().expose_secret()
    );
    assert_eq!((fresh.rung(), fresh.user()), (Rung::Cache, USER));
    let kept = store.kept(&key).unwrap().unwrap();
    assert_eq!(
        (kept.user.as_str(), kept.expires),
        (USER, Some(token.expires()))
    );
    assert!(kept.has_refresh_token && kept.failure.is_none() && kept.ended.is_none());
    let mut names: Vec<String> = fs::read_dir(store.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    // Each port has another key, which comes before the tag or after it.
    let mut expected = [format!("{key}.json"), "CACHEDIR.TAG".to_owned()];
    names.sort();
    expected.sort();
    assert_eq!(names, expected);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        let file = store.folder().join(format!("{key}.json"));
        let mode = fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_newer_doorwards_content_stays_byte_for_byte() {
    let bed = Testbed::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::at(folder.path());
    set_mode(folder.path(), 0o700);
    let path = folder.path().join(format!("{KEY}.json"));
    let newer = "{ \"format\" : 2, \"tokens\": [\"elsewhere\"] }\n\n";
    fs::write(&path, newer).unwrap();
    set_mode(&path, 0o600);
    let source = TokenSource::new(portal(&bed)).store(store.clone(), KEY);

    assert_eq!(source.token().await.unwrap().rung(), Rung::Login);
    assert_eq!(source.token().await.unwrap().rung(), Rung::Cache);
    assert_eq!(bed.logins(), 1);
    source.log_in().await.unwrap();
    let wrong = crate::world::portal_as(&bed, USER, "wrong");
    let wrong = TokenSource::new(wrong).store(store, KEY);
    assert_eq!(wrong.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    assert!(!source.forget().await.unwrap());

    assert_eq!(fs::read_to_string(&path).unwrap(), newer);
}

#[tokio::test]
async fn garbage_is_replaced() {
    for garbage in [
        "",
        "{}",
        "null",
        "{\"format\":0}",
        "{\"format\":1,\"token\":3}",
        "\u{0}",
        "<html>",
    ] {
        let bed = Testbed::start().unwrap();
        let store = MemoryStore::new();
        let text = Secret::new(garbage);
        assert!(
            store
                .compare_and_swap(KEY, None, Some(&text))
                .await
                .unwrap()
        );

        assert_eq!(
            source(&bed, &store).token().await.unwrap().rung(),
            Rung::Login,
            "{garbage}"
        );

        assert_eq!(
            source(&bed, &store).token().await.unwrap().rung(),
            Rung::Cache
        );
        assert_eq!(bed.logins(), 1);
    }
}

#[tokio::test]
async fn without_claims_the_one_who_is_refused_takes_what_the_other_kept() {
    let bed = Testbed::start().unwrap();
    let store = aged_login(&bed).await;
    let source = || {
        let store = NoClaims {
            store: store.clone(),
            time_to_keep: Duration::ZERO,
        };
        TokenSource::new(NoPassword(portal(&bed))).store(store, KEY)
    };
    for _ in 0..8 {
        let (one, other) = (source(), source());

        let (one, other) = tokio::join!(one.token(), other.token());

        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!(
            one.id_token().expose_secret(),
            other.id_token().expose_secret()
        );
        age(&store).await;
    }
    assert_eq!((bed.logins(), bed.refreshes().granted), (1, 8));
}

#[tokio::test]
async fn without_claims_the_one_who_is_refused_waits_for_the_other_to_keep_it() {
    let bed = Testbed::start().unwrap();
    let store = aged_login(&bed).await;
    let source = || {
        let slow = NoClaims {
            store: store.clone(),
            time_to_keep: Duration::from_millis(100),
        };
        TokenSource::new(NoPassword(portal(&bed))).store(slow, KEY)
    };
    let (one, other) = (source(), source());

    let (one, other) = tokio::join!(one.token(), other.token());

    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(
        one.id_token().expose_secret(),
        other.id_token().expose_secret()
    );
    assert_eq!((bed.refreshes().granted, bed.refreshes().refused), (1, 1));
}

#[tokio::test]
async fn without_claims_what_another_kept_is_not_dropped_for_our_spent_token() {
    let bed = Testbed::start().unwrap();
    let store = aged_login(&bed).await;
    let spent = store.load(KEY).await.unwrap().unwrap();
    source(&bed, &store).token().await.unwrap();
    age(&store).await;
    // As one that read before the other wrote: what it sees first is the spent refresh token.
    let late = Late {
        store: store.clone(),
        first: spent,
        loads: Arc::default(),
    };

    let token = TokenSource::new(NoPassword(portal(&bed)))
        .store(late, KEY)
        .token()
        .await
        .unwrap();

    assert_eq!(token.rung(), Rung::Refresh);
    assert_eq!((bed.refreshes().refused, bed.refreshes().granted), (1, 2));
}

#[tokio::test]
async fn a_lost_swap_is_made_again() {
    let bed = Testbed::start().unwrap();
    let memory = MemoryStore::new();
    let source = || {
        let busy = Busy {
            store: memory.clone(),
            swaps: Arc::default(),
        };
        TokenSource::new(portal(&bed)).store(busy, KEY)
    };

    assert_eq!(source().token().await.unwrap().rung(), Rung::Login);
    age(&memory).await;
    assert_eq!(source().token().await.unwrap().rung(), Rung::Refresh);
    let kept_last = kept(&memory).await;
    age(&memory).await;
    assert_eq!(source().token().await.unwrap().rung(), Rung::Refresh);
    assert_ne!(
        kept(&memory).await["refresh"]["token"],
        kept_last["refresh"]["token"]
    );
    assert_eq!((bed.logins(), bed.refreshes().granted), (1, 2));

    assert!(source().forget().await.unwrap());
    assert!(memory.load(KEY).await.unwrap().is_none());
}

#[cfg(unix)]
#[tokio::test]
async fn a_store_that_cannot_be_read_is_told() {
    let bed = Testbed::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    set_mode(folder.path(), 0o777);

    let source = TokenSource::new(portal(&bed)).store(FileStore::at(folder.path()), KEY);

    assert_eq!(source.token().await.unwrap_err().kind(), ErrorKind::Storage);
    assert_eq!(bed.seen(), []);
}

/// Where there are no modes, nobody looks at them
fn set_mode(path: &Path, mode: u32) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    #[cfg(not(unix))]
    let _ = (path, mode);
}

/// The minimum of a store, which may take its time to keep something
#[derive(Debug)]
struct NoClaims {
    store: MemoryStore,
    time_to_keep: Duration,
}

#[async_trait]
impl TokenStore for NoClaims {
    async fn load(&self, key: &str) -> Result<Option<Stored>, Error> {
        self.store.load(key).await
    }

    async fn compare_and_swap(
        &self,
        key: &str,
        seen: Option<&str>,
        new: Option<&Secret>,
    ) -> Result<bool, Error> {
        if !self.time_to_keep.is_zero() {
            tokio::time::sleep(self.time_to_keep).await;
        }
        self.store.compare_and_swap(key, seen, new).await
    }
}

/// Shows its first readers what was there before
#[derive(Debug)]
struct Late {
    store: MemoryStore,
    first: Stored,
    loads: Arc<AtomicUsize>,
}

#[async_trait]
impl TokenStore for Late {
    async fn load(&self, key: &str) -> Result<Option<Stored>, Error> {
        // By the caller, before the claim, and with the claim.
        match self.loads.fetch_add(1, Ordering::Relaxed) < 3 {
            true => Ok(Some(self.first.clone())),
            false => self.store.load(key).await,
        }
    }

    async fn compare_and_swap(
        &self,
        key: &str,
        seen: Option<&str>,
        new: Option<&Secret>,
    ) -> Result<bool, Error> {
        self.store.compare_and_swap(key, seen, new).await
    }
}

/// Somebody else always writes first, once
#[derive(Debug)]
struct Busy {
    store: MemoryStore,
    swaps: Arc<AtomicUsize>,
}

#[async_trait]
impl TokenStore for Busy {
    async fn load(&self, key: &str) -> Result<Option<Stored>, Error> {
        self.store.load(key).await
    }

    async fn compare_and_swap(
        &self,
        key: &str,
        seen: Option<&str>,
        new: Option<&Secret>,
    ) -> Result<bool, Error> {
        if self.swaps.fetch_add(1, Ordering::Relaxed) == 0 {
            let text = match self.store.load(key).await? {
                Some(stored) => stored.text,
                None => Secret::new("{}"),
            };
            assert!(self.store.compare_and_swap(key, seen, Some(&text)).await?);
        }
        self.store.compare_and_swap(key, seen, new).await
    }

    async fn claim(&self, key: &str) -> Result<Option<Claim>, Error> {
        self.store.claim(key).await
    }
}
