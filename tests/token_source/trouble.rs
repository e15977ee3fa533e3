//! Refreshes that go wrong on the way: answers that got lost, replays within the grace time, servers that are down.

use std::time::Duration;

use doorward::store::{MemoryStore, TokenStore};
use doorward::{ErrorKind, Rung};
use doorward_testkit::{Fault, PORTAL_HOST, PortalSwitches, Testbed, Trouble};

use crate::world::{KEY, TOKEN, age, aged_login, bed_with, refresh_only, refreshes_asked, source};

fn with_grace() -> Testbed {
    bed_with(PortalSwitches {
        grace: Duration::from_secs(300),
        ..PortalSwitches::default()
    })
}

/// Another store with the same content
async fn copy(store: &MemoryStore) -> MemoryStore {
    let copy = MemoryStore::new();
    let stored = store.load(KEY).await.unwrap().unwrap();
    assert!(
        copy.compare_and_swap(KEY, None, Some(&stored.text))
            .await
            .unwrap()
    );
    copy
}

#[tokio::test]
async fn within_the_grace_time_a_spent_refresh_token_brings_the_current_token() {
    let bed = with_grace();
    let store = aged_login(&bed).await;
    let late = copy(&store).await;
    let first = refresh_only(&bed, &store).token().await.unwrap();

    let second = refresh_only(&bed, &late).token().await.unwrap();

    assert_eq!(second.rung(), Rung::Refresh);
    assert_eq!(
        first.id_token().expose_secret(),
        second.id_token().expose_secret()
    );
    assert_eq!((bed.refreshes().granted, bed.refreshes().replayed), (1, 1));
    age(&late).await;
    assert_eq!(
        refresh_only(&bed, &late).token().await.unwrap().rung(),
        Rung::Refresh
    );
    assert_eq!((bed.refreshes().granted, bed.refreshes().refused), (2, 0));
}

#[tokio::test]
async fn a_current_token_that_is_about_to_end_is_refreshed_once_more() {
    let bed = with_grace();
    let store = aged_login(&bed).await;
    let late = copy(&store).await;
    refresh_only(&bed, &store).token().await.unwrap();
    bed.clock().advance(Duration::from_secs(55));

    let token = refresh_only(&bed, &late).token().await.unwrap();

    assert_eq!(token.rung(), Rung::Refresh);
    assert!(token.left().as_secs() > 50);
    assert_eq!((bed.refreshes().granted, bed.refreshes().replayed), (2, 1));
    assert_eq!((bed.logins(), refreshes_asked(&bed)), (1, 3));
}

#[tokio::test]
async fn a_lost_answer_leads_to_a_login() {
    let bed = Testbed::start().unwrap();
    let store = aged_login(&bed).await;
    bed.add_fault(Fault::new(PORTAL_HOST, TOKEN, Trouble::LostAnswer));

    let token = source(&bed, &store).token().await.unwrap();

    assert_eq!(token.rung(), Rung::Login);
    assert_eq!((bed.logins(), refreshes_asked(&bed)), (2, 1));
    age(&store).await;
    assert_eq!(
        refresh_only(&bed, &store).token().await.unwrap().rung(),
        Rung::Refresh
    );
}

#[tokio::test]
async fn without_a_password_a_lost_answer_is_a_broken_network_and_then_the_end() {
    let bed = Testbed::start().unwrap();
    let store = aged_login(&bed).await;
    bed.add_fault(Fault::new(PORTAL_HOST, TOKEN, Trouble::LostAnswer));

    let lost = refresh_only(&bed, &store).token().await.unwrap_err();
    assert_eq!(
        (lost.kind(), refreshes_asked(&bed)),
        (ErrorKind::Transport, 1)
    );
    let ended = refresh_only(&bed, &store)
        .force()
        .token()
        .await
        .unwrap_err();

    assert_eq!(ended.kind(), ErrorKind::Config);
    assert!(
        ended.to_string().contains("was refused (status 401)"),
        "{ended}"
    );
    assert_eq!(
        source(&bed, &store).token().await.unwrap().rung(),
        Rung::Login
    );
}

#[tokio::test]
async fn within_the_grace_time_a_lost_answer_is_got_again() {
    let bed = with_grace();
    let store = aged_login(&bed).await;
    bed.add_fault(Fault::new(PORTAL_HOST, TOKEN, Trouble::LostAnswer));

    let lost = refresh_only(&bed, &store).token().await.unwrap_err();
    assert_eq!(lost.kind(), ErrorKind::Transport);
    let token = refresh_only(&bed, &store).force().token().await.unwrap();

    assert_eq!(token.rung(), Rung::Refresh);
    assert_eq!(
        (
            bed.refreshes().granted,
            bed.refreshes().replayed,
            bed.logins()
        ),
        (1, 1, 1)
    );
}

#[tokio::test]
async fn a_server_that_is_down_leaves_the_refresh_token_alone() {
    for (trouble, kind) in [
        (Trouble::Unavailable, ErrorKind::Unavailable),
        (Trouble::BadGateway, ErrorKind::Unavailable),
        (Trouble::TooManyRequests, ErrorKind::Unavailable),
        (Trouble::HangUp, ErrorKind::Transport),
    ] {
        let bed = Testbed::start().unwrap();
        let store = aged_login(&bed).await;
        bed.add_fault(Fault::new(PORTAL_HOST, TOKEN, trouble.clone()));

        let error = refresh_only(&bed, &store).token().await.unwrap_err();

        assert_eq!(error.kind(), kind, "{trouble:?}");
        let token = refresh_only(&bed, &store).force().token().await.unwrap();
        assert_eq!(token.rung(), Rung::Refresh);
        assert_eq!((bed.logins(), bed.refreshes().granted), (1, 1));
    }
}

#[tokio::test]
async fn with_a_password_a_server_that_is_down_is_no_end() {
    for trouble in [
        Trouble::Unavailable,
        Trouble::RateLimited(60),
        Trouble::HangUp,
    ] {
        let bed = Testbed::start().unwrap();
        let store = aged_login(&bed).await;
        bed.add_fault(Fault::new(PORTAL_HOST, TOKEN, trouble));

        assert_eq!(
            source(&bed, &store).token().await.unwrap().rung(),
            Rung::Login
        );

        assert_eq!((bed.logins(), refreshes_asked(&bed)), (2, 1));
    }
}

#[tokio::test]
async fn when_everything_is_down_both_rungs_are_told() {
    let bed = Testbed::start().unwrap();
    let store = aged_login(&bed).await;
    bed.add_fault(Fault::new(PORTAL_HOST, "/", Trouble::Unavailable).times(99));

    let error = source(&bed, &store).token().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(
        error
            .to_string()
            .starts_with("the refresh failed: the server failed"),
        "{error}"
    );
}
