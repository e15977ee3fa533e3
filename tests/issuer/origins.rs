//! Naming the issuer names its origin, and no other.

use doorward::{ErrorKind, FrontDoor};
use doorward_testkit::{EVIL_HOST, Flaw};

use crate::world::Scene;

#[tokio::test]
async fn the_issuers_login_page_gets_the_password_beside_others_that_are_named() {
    let scene = Scene::usual();
    let walk = scene
        .walk()
        .idp_url("https://upstream.example.test")
        .unwrap();

    scene.issuer_by(walk).open().await.unwrap();
}

#[tokio::test]
async fn a_login_page_at_an_endpoint_that_is_named_by_via_gets_no_password() {
    let scene = Scene::flawed(Flaw::LoginElsewhere);
    let walk = scene.walk().via(&scene.bed.evil_url()).unwrap();

    let error = scene.issuer_by(walk).open().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UntrustedOrigin);
    assert!(error.next_step().unwrap().contains("--idp-url"));
    let seen = scene.bed.seen();
    assert!(
        !seen
            .iter()
            .any(|seen| seen.host == EVIL_HOST && seen.method == "POST")
    );
}

#[tokio::test]
async fn keys_at_another_origin_count_once_it_is_named() {
    let scene = Scene::flawed(Flaw::KeysElsewhere);
    let walk = scene.walk().idp_url(&scene.bed.evil_url()).unwrap();

    let error = scene.issuer_by(walk).open().await.unwrap_err();

    // It was asked, and what it has is no key set.
    assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
    assert_eq!(scene.bed.count(EVIL_HOST, "/certs"), 1);
}

#[tokio::test]
async fn an_endpoint_is_permitted_where_the_walk_names_its_origin() {
    let scene = Scene::usual();
    let walk = scene.walk().via("https://relay.example.test").unwrap();
    let issuer = scene.issuer_by(walk);
    let permits = |url: &str| issuer.permits(&url.parse().unwrap());

    assert!(permits(&format!(
        "{}/any",
        scene.bed.url("id.example.test")
    )));
    assert!(permits("https://relay.example.test/token"));
    assert!(!permits("https://other.example.test/token"));
    assert!(!permits("http://relay.example.test/token"));
}

#[tokio::test]
async fn the_password_of_the_grant_goes_to_no_endpoint_that_is_named_by_via_alone() {
    let scene = Scene::flawed(Flaw::TokensElsewhere);
    let walk = scene.walk().via(&scene.bed.evil_url()).unwrap();
    let issuer = scene
        .issuer_by(walk)
        .grant(doorward::issuer::GrantType::Password);

    let error = issuer.open().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UntrustedOrigin);
    assert!(error.next_step().unwrap().contains("--idp-url"));
    let seen = scene.bed.seen();
    assert!(!seen.iter().any(|seen| seen.host == EVIL_HOST));
}
