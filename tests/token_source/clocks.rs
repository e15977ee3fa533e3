//! Clocks that differ, and tokens that are born dead.

use std::time::Duration;

use doorward::store::MemoryStore;
use doorward::{ErrorKind, FreshToken, Rung};
use doorward_testkit::{PortalSwitches, Testbed};
use jiff::{SignedDuration, Timestamp};

use crate::world::{
    age, aged_login, bed_with, refresh_only, refreshes_asked, requests_since, source,
};

#[tokio::test]
async fn the_servers_clock_counts_in_either_direction() {
    for ahead in [40, -40, 3600, -3600] {
        let bed = Testbed::start().unwrap();
        let by = Duration::from_secs(i64::unsigned_abs(ahead));
        match ahead > 0 {
            true => bed.clock().advance(by),
            false => bed.clock().set_back(by),
        }
        let store = MemoryStore::new();

        let first = source(&bed, &store).token().await.unwrap();
        lives_a_minute(&first, ahead);
        let asked = bed.seen().len();
        assert_eq!(
            source(&bed, &store).token().await.unwrap().rung(),
            Rung::Cache
        );
        assert_eq!(bed.seen().len(), asked);

        age(&store).await;
        let second = refresh_only(&bed, &store).token().await.unwrap();
        assert_eq!(second.rung(), Rung::Refresh);
        lives_a_minute(&second, ahead);
    }
}

#[tokio::test]
async fn a_clock_that_was_put_right_is_seen_at_the_next_refresh() {
    let bed = Testbed::start().unwrap();
    let store = aged_login(&bed).await;
    bed.clock().advance(Duration::from_secs(40));

    let token = refresh_only(&bed, &store).token().await.unwrap();

    lives_a_minute(&token, 40);
}

#[tokio::test]
async fn tokens_that_are_born_dead_are_an_error_and_no_loop() {
    let bed = bed_with(PortalSwitches {
        token_life: Duration::ZERO,
        ..PortalSwitches::default()
    });
    let store = MemoryStore::new();

    let error = source(&bed, &store).token().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Portal);
    assert_eq!((bed.logins(), refreshes_asked(&bed)), (1, 0));
    let asked = bed.seen().len();
    for _ in 0..3 {
        let error = source(&bed, &store).token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Portal);
    }
    assert_eq!(requests_since(&bed, asked), Vec::<String>::new());

    source(&bed, &store).force().token().await.unwrap_err();
    assert_eq!((bed.logins(), refreshes_asked(&bed)), (2, 0));
}

#[tokio::test]
async fn a_login_that_yields_a_dead_token_says_so() {
    let bed = bed_with(PortalSwitches {
        token_life: Duration::ZERO,
        ..PortalSwitches::default()
    });

    let error = source(&bed, &MemoryStore::new())
        .log_in()
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Portal);
    assert_eq!(bed.logins(), 1);
}

/// The token is good for a minute from now on, by the clock of a server that is so many seconds ahead
fn lives_a_minute(token: &FreshToken, ahead: i64) {
    let now = Timestamp::now();
    let skew = token.skew().as_secs();
    assert!((ahead - 2..=ahead + 1).contains(&skew), "{skew}");
    let left = token.left().as_secs();
    assert!((55..=62).contains(&left), "{left}");
    assert!(token.is_fresh(now + SignedDuration::from_secs(44)));
    assert!(!token.is_fresh(now + SignedDuration::from_secs(53)));
}
