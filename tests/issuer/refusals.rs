//! Everything that an issuer may do wrong, and the kind of error that it ends in.

use doorward::{Error, ErrorKind};
use doorward_testkit::{EVIL_HOST, Flaw};

use crate::world::Scene;

async fn refused(flaw: Flaw) -> (Scene, Error) {
    let scene = Scene::flawed(flaw);
    let error = scene.open().await.unwrap_err();
    let to_evil = scene.bed.seen().iter().any(|seen| seen.host == EVIL_HOST);
    assert!(!to_evil, "{flaw:?}");
    (scene, error)
}

#[tokio::test]
async fn an_issuer_that_calls_itself_otherwise_is_refused_before_the_login() {
    let (scene, error) = refused(Flaw::OtherIssuer).await;

    assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
    assert_eq!(scene.requests().len(), 1);
    assert!(error.next_step().unwrap().contains("letter by letter"));
}

#[tokio::test]
async fn a_discovery_document_that_redirects_is_followed_nowhere() {
    let (scene, error) = refused(Flaw::DiscoveryRedirects).await;

    assert_eq!(error.kind(), ErrorKind::UntrustedOrigin);
    assert_eq!(scene.requests().len(), 1);
}

#[tokio::test]
async fn an_endpoint_at_another_origin_is_refused_before_the_login() {
    for flaw in [
        Flaw::LoginElsewhere,
        Flaw::TokensElsewhere,
        Flaw::KeysElsewhere,
    ] {
        let (scene, error) = refused(flaw).await;

        assert_eq!(error.kind(), ErrorKind::UntrustedOrigin, "{flaw:?}");
        assert_eq!(scene.requests().len(), 1, "{flaw:?}");
        let option = error.next_step().unwrap();
        assert!(option.contains(&scene.bed.evil_url()), "{option}");
    }
}

#[tokio::test]
async fn a_token_that_was_not_asked_for_is_dropped() {
    for flaw in [
        Flaw::OtherKey,
        Flaw::UnpublishedKey,
        Flaw::KeyOfAnotherKind,
        Flaw::Unsigned,
        Flaw::PublicKeyAsSecret,
        Flaw::TokenOfAnotherIssuer,
        Flaw::TokenForAnotherClient,
        Flaw::TokenGivenToAnother,
        Flaw::Nonce,
        Flaw::NoNonce,
        Flaw::Ended,
        Flaw::NotYet,
        Flaw::NoIdToken,
    ] {
        let (_, error) = refused(flaw).await;

        assert_eq!(error.kind(), ErrorKind::Portal, "{flaw:?}");
        assert_eq!(error.trail().hops().len(), 3, "{flaw:?}");
    }
}

#[tokio::test]
async fn an_answer_to_another_request_is_refused_before_its_code_is_spent() {
    for flaw in [
        Flaw::State,
        Flaw::NoState,
        Flaw::AnswerOfAnotherIssuer,
        Flaw::AnswerOfNobody,
    ] {
        let (scene, error) = refused(flaw).await;

        assert_eq!(error.kind(), ErrorKind::UnexpectedPage, "{flaw:?}");
        assert_eq!(
            scene.bed.count("id.example", "/realms/ci/token"),
            0,
            "{flaw:?}"
        );
    }
}

#[tokio::test]
async fn an_error_in_the_answer_says_what_to_do() {
    for (word, kind) in [
        ("access_denied", ErrorKind::Denied),
        ("login_required", ErrorKind::AccountState),
        ("consent_required", ErrorKind::AccountState),
        ("temporarily_unavailable", ErrorKind::Unavailable),
        ("invalid_scope", ErrorKind::Config),
        ("unauthorized_client", ErrorKind::Config),
        ("login_reset", ErrorKind::UnexpectedPage),
    ] {
        let (_, error) = refused(Flaw::Refuses(word)).await;

        assert_eq!(error.kind(), kind, "{word}");
        assert!(error.context().any(|pair| pair == ("error", word)));
        assert!(error.context().any(|pair| pair == ("said", "not today")));
    }
}

#[tokio::test]
async fn a_token_endpoint_that_redirects_is_followed_nowhere() {
    let (_, error) = refused(Flaw::TokensRedirect).await;

    assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
}
