//! Who may have the refresh token, and whose token is taken for it.

use doorward::{ErrorKind, Rung, TokenSource};
use doorward_testkit::{Discovery, EVIL_HOST, PORTAL_HOST, PortalSwitches, Swap};

use crate::world::{
    DISCOVERY, KEY, TOKEN, age, aged_login, bed_with, kept, portal_by, refresh_only,
    refreshes_asked, source,
};

#[tokio::test]
async fn a_token_for_another_identity_is_dropped_and_a_login_follows() {
    for swap in [Swap::Subject, Swap::Issuer, Swap::Audience] {
        let bed = bed_with(PortalSwitches {
            swapped: Some(swap),
            ..PortalSwitches::default()
        });
        let store = aged_login(&bed).await;
        let before = kept(&store).await;

        let error = source(&bed, &store).token().await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Portal, "{swap:?}");
        let after = kept(&store).await;
        assert_eq!(after["token"], before["token"]);
        assert_eq!(after["refresh"], serde_json::Value::Null);
        assert_eq!((bed.logins(), refreshes_asked(&bed)), (1, 1));

        // Now, and not after a while: the refresh token is gone, so this can happen once only.
        let token = source(&bed, &store).token().await.unwrap();
        assert_eq!(token.rung(), Rung::Login);
        assert_eq!((bed.logins(), refreshes_asked(&bed)), (2, 1));
    }
}

#[tokio::test]
async fn without_a_password_a_swapped_token_is_told_again() {
    let bed = bed_with(PortalSwitches {
        swapped: Some(Swap::Subject),
        ..PortalSwitches::default()
    });
    let store = aged_login(&bed).await;

    let first = refresh_only(&bed, &store).token().await.unwrap_err();
    let second = refresh_only(&bed, &store).token().await.unwrap_err();

    assert_eq!(first.kind(), ErrorKind::Portal);
    assert_eq!(second.kind(), ErrorKind::Config);
    assert!(
        second.to_string().starts_with(&first.to_string()),
        "{second}"
    );
    assert_eq!(refreshes_asked(&bed), 1);
}

#[tokio::test]
async fn another_issuers_document_leads_the_refresh_token_nowhere() {
    let bed = bed_with(PortalSwitches {
        discovery: Discovery::OtherIssuer,
        ..PortalSwitches::default()
    });
    let store = aged_login(&bed).await;

    let error = source(&bed, &store).token().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
    assert!(
        error.to_string().contains("is for another issuer"),
        "{error}"
    );
    assert_eq!(refreshes_asked(&bed), 0);
    assert_ne!(kept(&store).await["refresh"], serde_json::Value::Null);
}

#[tokio::test]
async fn an_evil_token_endpoint_gets_nothing() {
    let bed = bed_with(PortalSwitches {
        discovery: Discovery::EvilTokenEndpoint,
        ..PortalSwitches::default()
    });
    let store = aged_login(&bed).await;

    let error = source(&bed, &store).token().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UntrustedOrigin);
    assert!(error.to_string().contains(&bed.evil_url()), "{error}");
    assert!(error.next_step().unwrap().contains("--via"));
    assert_eq!(
        bed.seen()
            .iter()
            .filter(|seen| seen.host == EVIL_HOST)
            .count(),
        0
    );
    assert_eq!(refreshes_asked(&bed), 0);
}

#[tokio::test]
async fn what_a_refresh_failed_for_is_not_repeated_by_a_storm() {
    let bed = bed_with(PortalSwitches {
        discovery: Discovery::EvilTokenEndpoint,
        ..PortalSwitches::default()
    });
    let store = aged_login(&bed).await;
    let first = source(&bed, &store).token().await.unwrap_err();
    let asked = bed.seen().len();

    for _ in 0..3 {
        let error = source(&bed, &store).token().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string()),
            (first.kind(), first.to_string())
        );
    }

    assert_eq!(bed.seen().len(), asked);
}

#[tokio::test]
async fn a_token_endpoint_elsewhere_needs_to_be_named() {
    let bed = bed_with(PortalSwitches {
        discovery: Discovery::EvilTokenEndpoint,
        ..PortalSwitches::default()
    });
    let walk = bed.walk().unwrap().via(&bed.evil_url()).unwrap();
    let door = portal_by(&bed, walk);
    let store = doorward::store::MemoryStore::new();
    let source = || TokenSource::new(door.clone()).store(store.clone(), KEY);
    source().token().await.unwrap();
    age(&store).await;

    // What it answers there is a page and no token.
    assert_eq!(source().token().await.unwrap().rung(), Rung::Login);

    assert_eq!(bed.count(EVIL_HOST, "/token"), 1);
    assert_eq!(bed.count(PORTAL_HOST, TOKEN), 0);
    assert_eq!(bed.count(PORTAL_HOST, DISCOVERY), 2);
}
