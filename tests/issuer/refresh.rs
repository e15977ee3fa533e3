//! The refresh token of a login is kept, and spent once.

use doorward::store::{MemoryStore, TokenStore};
use doorward::{ErrorKind, Rung, Secret, TokenSource};
use doorward_testkit::Flaw;
use serde_json::Value;

use crate::world::Scene;

pub(crate) const KEY: &str = "k";

/// Makes the kept token an hour older
pub(crate) async fn age(store: &MemoryStore) {
    let stored = store.load(KEY).await.unwrap().unwrap();
    let mut record: Value = serde_json::from_str(stored.text.expose_secret()).unwrap();
    for name in ["issued", "expires", "received"] {
        let time = &mut record["token"][name];
        *time = (time.as_i64().unwrap() - 3600).into();
    }
    let text = Secret::new(record.to_string());
    let swapped = store.compare_and_swap(KEY, Some(&stored.version), Some(&text));
    assert!(swapped.await.unwrap());
}

/// What is kept
pub(crate) async fn kept(store: &MemoryStore) -> Value {
    let stored = store.load(KEY).await.unwrap().unwrap();
    serde_json::from_str(stored.text.expose_secret()).unwrap()
}

fn source(scene: &Scene, store: &MemoryStore) -> TokenSource {
    let issuer = scene.issuer().scope("offline_access");
    TokenSource::new(issuer).store(store.clone(), KEY)
}

#[tokio::test]
async fn a_login_is_followed_by_refreshes_each_with_the_next_token() {
    let (scene, store) = (Scene::usual(), MemoryStore::new());
    assert_eq!(
        source(&scene, &store).token().await.unwrap().rung(),
        Rung::Login
    );

    for _ in 0..3 {
        age(&store).await;
        let token = source(&scene, &store).token().await.unwrap();
        assert_eq!(token.rung(), Rung::Refresh);
    }

    assert_eq!(scene.bed.logins(), 1);
    assert_eq!(scene.bed.refreshes().granted, 3);
    assert_eq!(scene.bed.refreshes().refused, 0);
    scene.assert_clean();
}

#[tokio::test]
async fn a_refresh_token_that_is_refused_leads_to_a_login() {
    let (scene, store) = (Scene::usual(), MemoryStore::new());
    source(&scene, &store).token().await.unwrap();
    let old = kept(&store).await["refresh"]["token"].clone();
    age(&store).await;
    source(&scene, &store).token().await.unwrap();
    age(&store).await;
    let stored = store.load(KEY).await.unwrap().unwrap();
    let mut record: Value = serde_json::from_str(stored.text.expose_secret()).unwrap();
    record["refresh"]["token"] = old;
    let text = Secret::new(record.to_string());
    let swapped = store.compare_and_swap(KEY, Some(&stored.version), Some(&text));
    assert!(swapped.await.unwrap());

    let token = source(&scene, &store).token().await.unwrap();

    assert_eq!(token.rung(), Rung::Login);
    assert_eq!(scene.bed.refreshes().refused, 1);
    assert_eq!(scene.bed.logins(), 2);
}

#[tokio::test]
async fn a_refreshed_token_of_somebody_else_is_dropped() {
    let (scene, store) = (Scene::usual(), MemoryStore::new());
    source(&scene, &store).token().await.unwrap();
    age(&store).await;
    scene.provider.flawed(Some(Flaw::RefreshOfAnother));

    let error = source(&scene, &store).token().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Portal);
    assert!(kept(&store).await.get("refresh").is_none());
}

#[tokio::test]
async fn a_login_without_a_refresh_token_is_made_anew() {
    let (scene, store) = (Scene::usual(), MemoryStore::new());
    let source = || TokenSource::new(scene.issuer()).store(store.clone(), KEY);
    source().token().await.unwrap();
    age(&store).await;

    assert_eq!(source().token().await.unwrap().rung(), Rung::Login);
}
