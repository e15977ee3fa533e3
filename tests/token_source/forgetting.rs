//! The end of a login: forgotten here, revoked at the issuer, and everybody else's session only if asked for.

use std::time::Duration;

use doorward::kubeconfig::{Section, UserAuth};
use doorward::store::{FileStore, MemoryStore, TokenStore};
use doorward::{ErrorKind, FrontDoor, Rung, TokenSource};
use doorward_testkit::{Discovery, Fault, PORTAL_HOST, PortalSwitches, Testbed, Trouble};

use crate::world::{
    DISCOVERY, KEY, REVOKE, TOKEN, age, aged_login, bed_with, kept, portal, refresh_only,
    requests_since, somebody_renews, source,
};

fn revoking() -> Testbed {
    bed_with(PortalSwitches {
        revokes: true,
        ..PortalSwitches::default()
    })
}

#[tokio::test]
async fn what_is_forgotten_is_gone_here_and_at_the_issuer() {
    let bed = revoking();
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::at(folder.path().join("cache"));
    let source = TokenSource::new(portal(&bed)).store(store.clone(), KEY);
    source.token().await.unwrap();
    let stored = store.load(KEY).await.unwrap().unwrap();
    let asked = bed.seen().len();

    assert!(source.forget().await.unwrap());

    assert_eq!(requests_since(&bed, asked), [format!("POST {REVOKE} 200")]);
    assert!(!store.folder().join(format!("{KEY}.json")).exists());
    assert_eq!(bed.count(PORTAL_HOST, "/logout"), 0);
    assert!(!source.forget().await.unwrap());
    assert_eq!(bed.seen().len(), asked + 1);
    assert_eq!(bed.complaints(), Vec::<String>::new());

    // Whoever has a copy has nothing.
    let copy = MemoryStore::new();
    assert!(
        copy.compare_and_swap(KEY, None, Some(&stored.text))
            .await
            .unwrap()
    );
    age(&copy).await;
    let error = refresh_only(&bed, &copy).token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("was refused"), "{error}");
}

#[tokio::test]
async fn after_it_was_forgotten_the_next_call_logs_in() {
    let bed = revoking();
    let source = TokenSource::new(portal(&bed));
    source.token().await.unwrap();

    source.forget().await.unwrap();

    assert_eq!(source.token().await.unwrap().rung(), Rung::Login);
    assert_eq!(bed.logins(), 2);
}

#[tokio::test]
async fn nothing_is_asked_where_nothing_is_kept() {
    let bed = revoking();

    assert!(!source(&bed, &MemoryStore::new()).forget().await.unwrap());

    assert_eq!(bed.seen(), []);
}

#[tokio::test]
async fn an_issuer_that_cannot_be_asked_keeps_nothing_here() {
    let bed = revoking();
    let store = aged_login(&bed).await;
    bed.add_fault(Fault::new(PORTAL_HOST, REVOKE, Trouble::Unavailable));

    let error = source(&bed, &store).forget().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(store.load(KEY).await.unwrap().is_none());
}

#[tokio::test]
async fn an_issuer_that_takes_no_revocations_is_not_asked() {
    let bed = bed_with(PortalSwitches {
        discovery: Discovery::WithoutRevocation,
        ..PortalSwitches::default()
    });
    let store = aged_login(&bed).await;
    let asked = bed.seen().len();

    assert!(source(&bed, &store).forget().await.unwrap());

    assert_eq!(bed.seen().len(), asked);
}

#[tokio::test]
async fn a_pasted_user_is_revoked_although_nobody_asked_for_the_endpoint_yet() {
    let bed = revoking();
    let grant = portal(&bed).open().await.unwrap();
    let kubeconfig = grant.kubeconfig(&UserAuth::AuthProvider).unwrap();
    let name = kubeconfig.names(Section::Users).next().unwrap();
    let store = MemoryStore::new();
    let source = refresh_only(&bed, &store);
    source
        .adopt(&kubeconfig.oidc_user(name).unwrap(), Vec::new())
        .await
        .unwrap();
    let asked = bed.seen().len();

    assert!(source.forget().await.unwrap());

    assert_eq!(
        requests_since(&bed, asked),
        [format!("GET {DISCOVERY} 200"), format!("POST {REVOKE} 200")]
    );
}

#[tokio::test]
async fn what_a_renewal_brings_while_it_is_forgotten_is_forgotten_too() {
    let bed = revoking();
    let store = aged_login(&bed).await;
    let slow = Trouble::Slow(Duration::from_millis(200));
    bed.add_fault(Fault::new(PORTAL_HOST, TOKEN, slow));
    let source = source(&bed, &store);
    let renewing = source.clone();
    let renewal = tokio::spawn(async move { renewing.token().await });
    somebody_renews(&store).await;

    assert!(source.forget().await.unwrap());

    assert_eq!(renewal.await.unwrap().unwrap().rung(), Rung::Refresh);
    assert!(store.load(KEY).await.unwrap().is_none());
    assert_eq!(source.token().await.unwrap().rung(), Rung::Login);
}

#[tokio::test]
async fn the_end_of_all_sessions_is_one_logout_and_hits_other_jobs() {
    let bed = Testbed::start().unwrap();
    let other_job = aged_login(&bed).await;

    portal(&bed).end_all_sessions().await.unwrap();

    assert_eq!(bed.count(PORTAL_HOST, "/logout"), 1);
    let error = refresh_only(&bed, &other_job).token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(
        kept(&other_job).await["ended"],
        "the refresh token was refused (status 401)"
    );
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_logout_that_fails_is_told() {
    for (trouble, kind) in [
        (Trouble::Unavailable, ErrorKind::Unavailable),
        (Trouble::Status(404), ErrorKind::Portal),
        (Trouble::HangUp, ErrorKind::Transport),
    ] {
        let bed = Testbed::start().unwrap();
        bed.add_fault(Fault::new(PORTAL_HOST, "/logout", trouble).times(9));

        let error = portal(&bed).end_all_sessions().await.unwrap_err();

        assert_eq!(error.kind(), kind);
        assert!(!error.trail().hops().is_empty());
    }
}
