//! What cannot be is told before the first request.

use std::sync::Arc;

use doorward::issuer::GrantType;
use doorward::signing::{Algorithm, PrivateKey};
use doorward::{ErrorKind, FrontDoor, Issuer, Walk};

use crate::world::{Scene, secret};

#[test]
fn an_issuer_is_a_plain_https_url() {
    for url in [
        "http://id.example.test",
        "https://ci:pw@id.example.test",
        "https://id.example.test?x=1",
        "https://id.example.test#x",
        "id.example.test",
        "",
    ] {
        let error = Issuer::new(url, "cli", Walk::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}");
        assert!(!error.to_string().contains("pw"));
    }
    let error = Issuer::new("https://id.example.test", " ", Walk::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[test]
fn a_redirect_address_must_be_a_url() {
    let issuer = Issuer::new("https://id.example.test", "cli", Walk::new()).unwrap();

    let error = issuer.redirect_uri("localhost").unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn settings_that_exclude_each_other_are_told_before_the_first_request() {
    let scene = Scene::usual();
    let key = PrivateKey::generate(Algorithm::Es256).unwrap();
    let issuer = || scene.issuer();
    for wrong in [
        issuer().audience("kubernetes"),
        issuer().subject_token(secret("a token to exchange")),
        issuer().grant(GrantType::TokenExchange),
        issuer().grant(GrantType::ClientCredentials),
        issuer()
            .client_secret(secret("s3cret of the client"))
            .client_assertion(Arc::new(key)),
    ] {
        let error = wrong.open().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    }
    assert!(scene.requests().is_empty());
}
