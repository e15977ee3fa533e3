//! How a client proves that it is itself: at the login, and at each refresh.

use std::sync::Arc;

use doorward::signing::{Algorithm, PrivateKey, Signer};
use doorward::store::MemoryStore;
use doorward::{ErrorKind, FrontDoor, Issuer, Rung, TokenSource};
use doorward_testkit::{ClientProof, ProviderSwitches};

use crate::refresh::{KEY, age, kept};
use crate::world::{Scene, secret};

fn scene(proof: ClientProof) -> Scene {
    Scene::new(ProviderSwitches {
        proof,
        ..ProviderSwitches::default()
    })
}

async fn assert_logs_in_and_refreshes(scene: &Scene, issuer: Issuer) -> MemoryStore {
    let store = MemoryStore::new();
    let source = || TokenSource::new(issuer.clone()).store(store.clone(), KEY);

    let token = source().token().await.unwrap();
    assert_eq!(token.rung(), Rung::Login);
    age(&store).await;
    let token = source().token().await.unwrap();
    assert_eq!(token.rung(), Rung::Refresh);
    age(&store).await;
    let token = source().token().await.unwrap();
    assert_eq!(token.rung(), Rung::Refresh);
    assert_eq!(scene.bed.refreshes().granted, 2);
    assert!(source().forget().await.unwrap());
    assert_eq!(scene.bed.count("id.example", "/realms/ci/revoke"), 1);
    scene.assert_clean();
    store
}

#[tokio::test]
async fn a_secret_goes_in_the_header_or_in_the_form_as_the_issuer_wants_it() {
    for proof in [
        ClientProof::Basic("a secret: with blanks+".into()),
        ClientProof::Post("a secret: with blanks+".into()),
    ] {
        let scene = scene(proof);
        let issuer = scene.issuer().scope("offline_access");

        let issuer = issuer.client_secret(secret("a secret: with blanks+"));

        assert_logs_in_and_refreshes(&scene, issuer).await;
    }
}

#[tokio::test]
async fn a_key_signs_an_assertion_for_each_request() {
    let key = PrivateKey::generate(Algorithm::Es256).unwrap();
    let scene = scene(ClientProof::Key(key.jwk().to_json()));
    let issuer = scene.issuer().scope("offline_access");

    let issuer = issuer.client_assertion(Arc::new(key));

    assert_logs_in_and_refreshes(&scene, issuer).await;
}

#[tokio::test]
async fn an_assertion_is_of_the_issuers_time() {
    let key = PrivateKey::generate(Algorithm::Es256).unwrap();
    let scene = scene(ClientProof::Key(key.jwk().to_json()));
    scene
        .bed
        .clock()
        .advance(std::time::Duration::from_secs(7200));
    let issuer = scene.issuer().client_assertion(Arc::new(key));

    issuer.open().await.unwrap();
}

#[tokio::test]
async fn another_key_is_rejected() {
    let key = PrivateKey::generate(Algorithm::Es256).unwrap();
    let scene = scene(ClientProof::Key(key.jwk().to_json()));
    let other = PrivateKey::generate(Algorithm::Es256).unwrap();

    let error = scene
        .issuer()
        .client_assertion(Arc::new(other))
        .open()
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Rejected);
}

#[tokio::test]
async fn a_refresh_without_the_clients_key_keeps_the_refresh_token_for_whoever_has_it() {
    let key = PrivateKey::generate(Algorithm::Es256).unwrap();
    let scene = scene(ClientProof::Key(key.jwk().to_json()));
    let issuer = scene.issuer().scope("offline_access");
    let with_key = issuer.clone().client_assertion(Arc::new(key));
    let store = MemoryStore::new();
    let source = TokenSource::new(with_key.clone()).store(store.clone(), KEY);
    source.token().await.unwrap();
    age(&store).await;

    let error = TokenSource::new(issuer)
        .store(store.clone(), KEY)
        .token()
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(kept(&store).await["refresh"].is_object());
    let token = TokenSource::new(with_key)
        .store(store, KEY)
        .token()
        .await
        .unwrap();
    assert_eq!(token.rung(), Rung::Refresh);
}
