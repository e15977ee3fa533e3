//! The grants that ask the token endpoint alone.

use std::sync::{Arc, Mutex};

use doorward::issuer::GrantType;
use doorward::{ErrorKind, Event, FrontDoor};
use doorward_testkit::{ClientProof, ProviderSwitches, USER};

use crate::world::{Scene, secret};

fn confidential() -> Scene {
    Scene::new(ProviderSwitches {
        proof: ClientProof::Post("s3cret of the client".into()),
        ..ProviderSwitches::default()
    })
}

#[tokio::test]
async fn the_password_grant_needs_no_login_page_and_warns() {
    let scene = Scene::usual();
    let notes = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&notes);
    let walk = scene.walk().on_event(move |event| {
        if let Event::Note(note) = event {
            heard.lock().unwrap().push((*note).to_owned());
        }
    });
    let issuer = scene
        .issuer_by(walk)
        .grant(GrantType::Password)
        .scope("offline_access");

    let grant = issuer.open().await.unwrap();

    assert_eq!(
        scene.requests(),
        [
            "GET /realms/ci/.well-known/openid-configuration 200",
            "POST /realms/ci/token 200",
            "GET /realms/ci/certs 200",
        ]
    );
    scene.assert_clean();
    assert_eq!(grant.subject(), USER);
    assert!(grant.refresh().is_some());
    assert!(
        notes
            .lock()
            .unwrap()
            .iter()
            .any(|note| note.contains("second factor"))
    );
}

#[tokio::test]
async fn the_password_grant_rejects_a_wrong_password() {
    let scene = Scene::usual();
    let issuer = scene
        .issuer_by(scene.walk_with("wrong horse"))
        .grant(GrantType::Password);

    let error = issuer.open().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert_eq!(scene.bed.count("id.example", "/realms/ci/token"), 1);
}

#[tokio::test]
async fn a_client_gets_a_token_for_itself() {
    for access_tokens_only in [false, true] {
        let scene = Scene::new(ProviderSwitches {
            proof: ClientProof::Post("s3cret of the client".into()),
            access_tokens_only,
            ..ProviderSwitches::default()
        });
        let issuer = scene
            .issuer_by(scene.bare_walk())
            .grant(GrantType::ClientCredentials)
            .client_secret(secret("s3cret of the client"));

        let grant = issuer.open().await.unwrap();

        assert_eq!(grant.subject(), "service-account-doorward ci");
        assert!(grant.refresh().is_none());
        scene.assert_clean();
    }
}

#[tokio::test]
async fn a_wrong_client_secret_is_rejected() {
    let scene = confidential();
    let issuer = scene
        .issuer_by(scene.bare_walk())
        .grant(GrantType::ClientCredentials)
        .client_secret(secret("another secret"));

    assert_eq!(issuer.open().await.unwrap_err().kind(), ErrorKind::Rejected);
    let who = issuer.credentials().unwrap().unwrap();
    assert_eq!(who.username(), "doorward ci");
}

#[tokio::test]
async fn a_token_is_exchanged_for_one_of_the_audience() {
    let scene = confidential();
    let token = scene.provider.foreign_token(&scene.bed, "repo:acme/app");
    let exchange = || {
        scene
            .issuer_by(scene.bare_walk())
            .grant(GrantType::TokenExchange)
            .client_secret(secret("s3cret of the client"))
            .subject_token(secret(&token))
    };

    let grant = exchange()
        .audience("kubernetes")
        .audience("backup")
        .open()
        .await
        .unwrap();
    assert_eq!(grant.subject(), "repo:acme/app");
    let error = exchange().audience("unknown").open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    scene.assert_clean();
}

#[tokio::test]
async fn the_token_of_another_front_door_is_exchanged() {
    let scene = confidential();
    let first = scene
        .issuer_by(scene.bare_walk())
        .grant(GrantType::ClientCredentials)
        .client_secret(secret("s3cret of the client"));
    let issuer = scene
        .issuer_by(scene.bare_walk())
        .grant(GrantType::TokenExchange)
        .client_secret(secret("s3cret of the client"))
        .subject_from(Arc::new(first));

    let grant = issuer.open().await.unwrap();

    assert_eq!(grant.subject(), "service-account-doorward ci");
}

#[tokio::test]
async fn a_token_that_cannot_be_exchanged_is_told_from_a_parameter_that_is_wrong() {
    let scene = confidential();
    let exchange = |token: &str| {
        scene
            .issuer_by(scene.bare_walk())
            .grant(GrantType::TokenExchange)
            .client_secret(secret("s3cret of the client"))
            .subject_token(secret(token))
    };
    let token = scene.provider.foreign_token(&scene.bed, "repo:acme/app");

    for issuer in [
        exchange("opaque"),
        exchange(&token).parameter("subject_token_type", "urn:x"),
    ] {
        let error = issuer.open().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
    let empty = exchange("").open().await.unwrap_err();
    assert_eq!(empty.kind(), ErrorKind::Config);
}
