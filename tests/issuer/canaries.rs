//! No secret of a login is in an error, in `Debug`, or at a host that nobody named.

use std::sync::Arc;

use doorward::issuer::GrantType;
use doorward::signing::{Algorithm, PrivateKey};
use doorward::{Error, FrontDoor, Issuer};
use doorward_testkit::{ClientProof, EVIL_HOST, Flaw, PASSWORD, ProviderSwitches};

use crate::world::{Scene, secret};

/// Everything that may be shown of an error and its causes
fn shown(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {:?}", error.trail());
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text += &format!(" {cause} {cause:?}");
        source = cause.source();
    }
    text + error.next_step().unwrap_or_default()
}

fn assert_no_secret(scene: &Scene, text: &str, context: &str) {
    let made_up = [PASSWORD, "s3cret of the client"].map(str::to_owned);
    for secret in scene.bed.secrets().iter().chain(&made_up) {
        assert!(!text.contains(secret.as_str()), "{context}: {text}");
    }
}

#[tokio::test]
async fn an_error_shows_no_secret_whatever_the_issuer_does() {
    for flaw in [
        Flaw::Echo,
        Flaw::State,
        Flaw::OtherKey,
        Flaw::Nonce,
        Flaw::Ended,
        Flaw::TokensRedirect,
        Flaw::Refuses("access_denied"),
        Flaw::TokensElsewhere,
    ] {
        let scene = Scene::new(ProviderSwitches {
            flaw: Some(flaw),
            proof: ClientProof::Post("s3cret of the client".into()),
            ..ProviderSwitches::default()
        });
        let issuer = scene.issuer().client_secret(secret("s3cret of the client"));

        let error = issuer.open().await.unwrap_err();

        assert_no_secret(&scene, &shown(&error), &format!("{flaw:?}"));
        let is_at_evil = scene.bed.seen().iter().any(|seen| seen.host == EVIL_HOST);
        assert!(!is_at_evil, "{flaw:?}");
    }
}

#[tokio::test]
async fn each_grant_is_silent_about_what_it_sent() {
    let key = || Arc::new(PrivateKey::generate(Algorithm::Es256).unwrap());
    let with = |issuer: Issuer, grant: GrantType| issuer.grant(grant);
    for grant in [
        GrantType::Password,
        GrantType::ClientCredentials,
        GrantType::TokenExchange,
    ] {
        let scene = Scene::flawed(Flaw::Echo);
        let mut issuer = with(scene.issuer(), grant).client_assertion(key());
        let token = scene.provider.foreign_token(&scene.bed, "repo:acme/app");
        if grant == GrantType::TokenExchange {
            issuer = issuer.subject_token(secret(&token));
        }

        let error = issuer.open().await.unwrap_err();

        assert_no_secret(&scene, &shown(&error), &grant.to_string());
        assert!(!shown(&error).contains(&token));
    }
}

#[tokio::test]
async fn debug_shows_no_secret_of_the_door_or_of_what_it_gives() {
    let scene = Scene::new(ProviderSwitches {
        proof: ClientProof::Basic("s3cret of the client".into()),
        ..ProviderSwitches::default()
    });
    let issuer = scene
        .issuer()
        .scope("offline_access")
        .client_secret(secret("s3cret of the client"));

    let grant = issuer.open().await.unwrap();

    assert_no_secret(&scene, &format!("{issuer:?} {grant:?}"), "debug");
}
