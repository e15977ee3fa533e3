//! What the tests of the token source have in common: sources, a door without a password, and tokens that have aged.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use doorward::store::{MemoryStore, TokenStore};
use doorward::{
    Credentials, Error, FrontDoor, Grant, Network, Portal, Secret, TokenSource, Url, Walk,
};
use doorward_providers::Okta;
use doorward_testkit::{PASSWORD, PORTAL_HOST, PortalSwitches, Testbed, USER};
use serde_json::Value;

pub(crate) const KEY: &str = "k";
pub(crate) const TOKEN: &str = "/auth/idp/k8sIdp/token";
pub(crate) const REVOKE: &str = "/auth/idp/k8sIdp/revoke";
pub(crate) const DISCOVERY: &str = "/auth/idp/k8sIdp/.well-known/openid-configuration";

pub(crate) fn bed_with(switches: PortalSwitches) -> Testbed {
    Testbed::builder().portal(switches).start().unwrap()
}

pub(crate) fn portal(bed: &Testbed) -> Portal {
    portal_as(bed, USER, PASSWORD)
}

pub(crate) fn portal_as(bed: &Testbed, user: &str, password: &str) -> Portal {
    portal_by(bed, bed.walk_as(user, password).unwrap())
}

pub(crate) fn portal_by(bed: &Testbed, walk: Walk) -> Portal {
    Portal::new(&bed.portal_url(), walk.adapter(Okta::default())).unwrap()
}

/// A source as another process has one: nothing in common with others but the store
pub(crate) fn source(bed: &Testbed, store: &MemoryStore) -> TokenSource {
    TokenSource::new(portal(bed)).store(store.clone(), KEY)
}

/// The same without a password at hand
pub(crate) fn refresh_only(bed: &Testbed, store: &MemoryStore) -> TokenSource {
    TokenSource::new(NoPassword(portal(bed))).store(store.clone(), KEY)
}

/// A store with the token of a login that has ended since
pub(crate) async fn aged_login(bed: &Testbed) -> MemoryStore {
    let store = MemoryStore::new();
    source(bed, &store).token().await.unwrap();
    age(&store).await;
    store
}

/// Makes the kept token an hour older
pub(crate) async fn age(store: &dyn TokenStore) {
    change(store, |record| {
        for name in ["issued", "expires", "received"] {
            let time = &mut record["token"][name];
            *time = (time.as_i64().unwrap() - 3600).into();
        }
    })
    .await;
}

/// Changes what is kept, as another process might
pub(crate) async fn change(store: &dyn TokenStore, change: impl FnOnce(&mut Value)) {
    let stored = store.load(KEY).await.unwrap().unwrap();
    let mut record: Value = serde_json::from_str(stored.text.expose_secret()).unwrap();
    change(&mut record);
    let text = Secret::new(record.to_string());
    let swapped = store
        .compare_and_swap(KEY, Some(&stored.version), Some(&text))
        .await;
    assert!(swapped.unwrap());
}

/// What is kept
pub(crate) async fn kept(store: &dyn TokenStore) -> Value {
    let stored = store.load(KEY).await.unwrap();
    stored.map_or(Value::Null, |stored| {
        serde_json::from_str(stored.text.expose_secret()).unwrap()
    })
}

/// Waits until somebody renews
pub(crate) async fn somebody_renews(store: &MemoryStore) {
    let end = Instant::now() + Duration::from_secs(10);
    while store.claim(KEY).await.unwrap().is_some() {
        assert!(Instant::now() < end, "nobody renews");
        tokio::task::yield_now().await;
    }
}

/// The requests to the portal since there were `before`, as far as refreshes make them
pub(crate) fn requests_since(bed: &Testbed, before: usize) -> Vec<String> {
    let seen = bed.seen().into_iter().skip(before);
    seen.map(|seen| format!("{} {} {}", seen.method, seen.path, seen.status))
        .collect()
}

/// How many passwords the provider was shown
pub(crate) fn passwords(bed: &Testbed) -> usize {
    bed.count("okta", "/api/v1/authn")
}

pub(crate) fn refreshes_asked(bed: &Testbed) -> usize {
    bed.count(PORTAL_HOST, TOKEN)
}

/// The portal's front door where the password is missing
#[derive(Debug)]
pub(crate) struct NoPassword(pub(crate) Portal);

#[async_trait]
impl FrontDoor for NoPassword {
    async fn open(&self) -> Result<Grant, Error> {
        Err(no_password())
    }

    fn credentials(&self) -> Result<Option<Credentials>, Error> {
        Err(no_password())
    }

    fn network(&self) -> Network {
        self.0.network()
    }

    fn permits(&self, endpoint: &Url) -> bool {
        self.0.permits(endpoint)
    }
}

fn no_password() -> Error {
    Error::config("there is no password for a login")
}
