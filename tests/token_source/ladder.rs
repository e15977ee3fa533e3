//! The rungs: a kept token, a refresh, a login, and an error that says which one is dead.

use std::time::{Duration, Instant};

use doorward::store::MemoryStore;
use doorward::{ErrorKind, Rung, TokenSource};
use doorward_testkit::{
    PORTAL_HOST, PortalSwitches, RefreshRefusal, Refreshes, Rotation, Testbed, USER,
};
use jiff::Timestamp;

use crate::world::{
    DISCOVERY, TOKEN, age, aged_login, bed_with, change, kept, portal, refresh_only,
    refreshes_asked, requests_since, source,
};

#[tokio::test]
async fn the_first_call_logs_in_and_the_second_asks_nobody() {
    let bed = Testbed::start().unwrap();
    let source = TokenSource::new(portal(&bed));

    let first = source.token().await.unwrap();
    let asked = bed.seen().len();
    let second = source.clone().token().await.unwrap();

    assert_eq!(first.rung(), Rung::Login);
    assert_eq!(second.rung(), Rung::Cache);
    assert_eq!(
        first.id_token().expose_secret(),
        second.id_token().expose_secret()
    );
    assert_eq!(first.user(), USER);
    assert_eq!(first.servers(), [bed.api_url()]);
    assert_eq!(bed.logins(), 1);
    assert_eq!(bed.seen().len(), asked);
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn when_the_margin_begins_one_request_brings_the_next_token() {
    let bed = bed_with(PortalSwitches {
        token_life: Duration::from_secs(4),
        ..PortalSwitches::default()
    });
    let source = TokenSource::new(portal(&bed));
    let first = source.token().await.unwrap();
    let asked = bed.seen().len();
    let end = Instant::now() + Duration::from_secs(10);
    while first.is_fresh(Timestamp::now()) {
        assert!(Instant::now() < end);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let second = source.token().await.unwrap();

    assert_eq!(requests_since(&bed, asked), [format!("POST {TOKEN} 200")]);
    assert_eq!(bed.count(PORTAL_HOST, DISCOVERY), 1);
    assert_eq!(second.rung(), Rung::Refresh);
    assert_ne!(
        first.id_token().expose_secret(),
        second.id_token().expose_secret()
    );
    assert!(first.expires() < second.expires());
    assert_eq!(
        (second.user(), second.servers()),
        (first.user(), first.servers())
    );
    assert_eq!(bed.logins(), 1);
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_program_that_starts_later_takes_the_kept_token() {
    let bed = Testbed::start().unwrap();
    let store = MemoryStore::new();
    let first = source(&bed, &store).token().await.unwrap();
    let asked = bed.seen().len();

    let second = refresh_only(&bed, &store).token().await.unwrap();

    assert_eq!(second.rung(), Rung::Cache);
    assert_eq!(
        first.id_token().expose_secret(),
        second.id_token().expose_secret()
    );
    assert_eq!(bed.seen().len(), asked);
}

#[tokio::test]
async fn each_refresh_spends_the_refresh_token_of_the_one_before() {
    let bed = Testbed::start().unwrap();
    let store = aged_login(&bed).await;
    let mut tokens = Vec::new();

    for _ in 0..3 {
        let token = refresh_only(&bed, &store).token().await.unwrap();
        assert_eq!(token.rung(), Rung::Refresh);
        tokens.push(token.id_token().expose_secret().to_owned());
        age(&store).await;
    }

    tokens.dedup();
    assert_eq!(tokens.len(), 3);
    assert_eq!(refreshes(&bed), [3, 0, 0]);
    assert_eq!((bed.logins(), bed.count(PORTAL_HOST, DISCOVERY)), (1, 1));
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_refresh_token_that_stays_good_is_used_again() {
    let bed = bed_with(PortalSwitches {
        rotation: Rotation::Kept,
        ..PortalSwitches::default()
    });
    let store = aged_login(&bed).await;
    let first = kept(&store).await["refresh"]["token"].clone();

    for _ in 0..3 {
        let token = refresh_only(&bed, &store).token().await.unwrap();
        assert_eq!(token.rung(), Rung::Refresh);
        assert_eq!(kept(&store).await["refresh"]["token"], first);
        age(&store).await;
    }

    assert_eq!(refreshes(&bed), [3, 0, 0]);
}

#[tokio::test]
async fn whatever_a_refusal_looks_like_a_login_follows() {
    for refusal in REFUSALS {
        let bed = bed_with(PortalSwitches {
            refusal,
            ..PortalSwitches::default()
        });
        let store = aged_login(&bed).await;
        assert_eq!(bed.end_sessions(USER), 1);

        let token = source(&bed, &store).token().await.unwrap();

        assert_eq!(token.rung(), Rung::Login, "{refusal:?}");
        assert_eq!((bed.logins(), refreshes_asked(&bed)), (2, 1));
        age(&store).await;
        let token = source(&bed, &store).token().await.unwrap();
        assert_eq!(token.rung(), Rung::Refresh);
    }
}

#[tokio::test]
async fn without_a_password_both_rungs_are_named_and_the_refresh_is_not_repeated() {
    for (refusal, said) in
        REFUSALS
            .into_iter()
            .zip(["401", "400: invalid_grant", "400: invalid_request"])
    {
        let bed = bed_with(PortalSwitches {
            refusal,
            ..PortalSwitches::default()
        });
        let store = aged_login(&bed).await;
        bed.end_sessions(USER);

        for _ in 0..3 {
            let error = refresh_only(&bed, &store).token().await.unwrap_err();

            assert_eq!(error.kind(), ErrorKind::Config);
            let told = format!(
                "the refresh token was refused (status {said}); there is no password for a login"
            );
            assert_eq!(error.to_string(), told);
        }
        assert_eq!((bed.logins(), refreshes_asked(&bed)), (1, 1));

        // Whoever has a password goes on from there.
        assert_eq!(
            source(&bed, &store).token().await.unwrap().rung(),
            Rung::Login
        );
    }
}

#[tokio::test]
async fn nobody_is_asked_where_there_is_neither_token_nor_password() {
    let bed = Testbed::start().unwrap();

    let error = refresh_only(&bed, &MemoryStore::new())
        .token()
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(error.to_string(), "there is no password for a login");
    assert_eq!(bed.seen(), []);
}

#[tokio::test]
async fn a_portal_without_refresh_tokens_means_a_login_each_time() {
    let bed = bed_with(PortalSwitches {
        refresh_token: false,
        ..PortalSwitches::default()
    });
    let store = aged_login(&bed).await;

    assert_eq!(
        source(&bed, &store).token().await.unwrap().rung(),
        Rung::Login
    );

    assert_eq!((bed.logins(), refreshes_asked(&bed)), (2, 0));
    assert_eq!(bed.count(PORTAL_HOST, DISCOVERY), 0);
}

#[tokio::test]
async fn a_login_that_is_asked_for_replaces_what_is_kept() {
    let bed = Testbed::start().unwrap();
    let store = MemoryStore::new();
    let source = source(&bed, &store);
    source.token().await.unwrap();

    let grant = source.log_in().await.unwrap();

    assert_eq!(bed.logins(), 2);
    let asked = bed.seen().len();
    let token = source.token().await.unwrap();
    assert_eq!(
        token.id_token().expose_secret(),
        grant.id_token().expose_secret()
    );
    assert_eq!(bed.seen().len(), asked);
    let refresh = &grant.refresh().unwrap().token;
    assert_eq!(
        kept(&store).await["refresh"]["token"],
        refresh.expose_secret()
    );
}

/// Refreshes that were granted, refused and replayed
fn refreshes(bed: &Testbed) -> [usize; 3] {
    let Refreshes {
        granted,
        refused,
        replayed,
        ..
    } = bed.refreshes();
    [granted, refused, replayed]
}

const REFUSALS: [RefreshRefusal; 3] = [
    RefreshRefusal::Empty401,
    RefreshRefusal::InvalidGrant,
    RefreshRefusal::InvalidRequest,
];

#[tokio::test]
async fn whoever_renews_early_does_so_while_others_still_have_the_token() {
    let bed = Testbed::start().unwrap();
    let store = MemoryStore::new();
    source(&bed, &store).token().await.unwrap();
    // 60 seconds long: others renew it after 50.
    change(&store, |record| {
        for name in ["issued", "expires", "received"] {
            let time = &mut record["token"][name];
            *time = (time.as_i64().unwrap() - 46).into();
        }
    })
    .await;

    let kept = source(&bed, &store).token().await.unwrap();
    let early = source(&bed, &store).renew_early();
    let renewed = early.token().await.unwrap();

    assert_eq!((kept.rung(), kept.due_in()), (Rung::Cache, Duration::ZERO));
    assert_eq!(renewed.rung(), Rung::Refresh);
    assert!((40..=45).contains(&renewed.due_in().as_secs()));
    let next = source(&bed, &store).token().await.unwrap();
    assert_eq!(next.rung(), Rung::Cache);
    assert_eq!(
        next.id_token().expose_secret(),
        early.token().await.unwrap().id_token().expose_secret()
    );
    assert_eq!(bed.refreshes().granted, 1);
}
