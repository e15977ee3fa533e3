//! A failure is remembered for a while, so that a storm of calls does not repeat it.

use doorward::store::MemoryStore;
use doorward::{ErrorKind, Rung, TokenSource};
use doorward_testkit::{Fault, OktaSwitches, PORTAL_HOST, PortalSwitches, Testbed, Trouble, USER};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::world::{
    KEY, age, aged_login, bed_with, change, kept, passwords, portal_as, refreshes_asked, source,
};

fn source_with(bed: &Testbed, store: &MemoryStore, password: &str) -> TokenSource {
    TokenSource::new(portal_as(bed, USER, password)).store(store.clone(), KEY)
}

#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    let bed = Testbed::start().unwrap();
    let store = MemoryStore::new();
    let first = source_with(&bed, &store, "wrong")
        .token()
        .await
        .unwrap_err();
    let asked = bed.seen().len();

    for _ in 0..3 {
        let error = source_with(&bed, &store, "wrong")
            .token()
            .await
            .unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Rejected);
        assert_eq!(error.to_string(), first.to_string());
        let hint = error.next_step().unwrap();
        let until = hint.split("tried again after ").nth(1).unwrap();
        let until: Timestamp = until.split(' ').next().unwrap().parse().unwrap();
        let left = until.duration_since(Timestamp::now()).as_secs();
        assert!((880..=900).contains(&left), "{left}");
        assert!(
            hint.contains("or with another password, or at once by --force"),
            "{hint}"
        );
    }
    assert_eq!((passwords(&bed), bed.seen().len()), (1, asked));
}

#[tokio::test]
async fn another_password_is_tried_at_once_and_its_success_clears_the_failure() {
    let mut logins = 0;
    // Of 4096 passwords one is taken for the same.
    for _ in 0..3 {
        let bed = Testbed::start().unwrap();
        let store = MemoryStore::new();
        let wrong = source_with(&bed, &store, "wrong");
        wrong.token().await.unwrap_err();
        assert_ne!(kept(&store).await["failure"], Value::Null);

        if let Ok(token) = source(&bed, &store).token().await {
            assert_eq!(token.rung(), Rung::Login);
            assert_eq!(kept(&store).await["failure"], Value::Null);
            assert_eq!((passwords(&bed), bed.logins()), (2, 1));
            logins += 1;
        }
    }
    assert!(logins >= 2, "{logins}");
}

#[tokio::test]
async fn the_password_itself_is_not_kept() {
    let bed = Testbed::start().unwrap();
    let store = MemoryStore::new();
    source_with(&bed, &store, "wr0ng-canary")
        .token()
        .await
        .unwrap_err();

    let record = kept(&store).await.to_string();

    assert!(!record.contains("canary"), "{record}");
}

#[tokio::test]
async fn a_login_that_is_asked_for_does_not_repeat_a_rejected_password() {
    let bed = Testbed::start().unwrap();
    let store = MemoryStore::new();
    let wrong = source_with(&bed, &store, "wrong");
    wrong.log_in().await.unwrap_err();

    for _ in 0..2 {
        let error = wrong.log_in().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected);
        assert!(error.next_step().unwrap().contains("tried again after"));
    }
    assert_eq!(wrong.token().await.unwrap_err().kind(), ErrorKind::Rejected);
    assert_eq!(passwords(&bed), 1);

    wrong.clone().force().log_in().await.unwrap_err();
    assert_eq!(passwords(&bed), 2);
    source(&bed, &store).force().log_in().await.unwrap();
}

#[tokio::test]
async fn force_tries_once_for_each_call() {
    let bed = Testbed::start().unwrap();
    let store = MemoryStore::new();
    source_with(&bed, &store, "wrong")
        .token()
        .await
        .unwrap_err();

    let error = source_with(&bed, &store, "wrong")
        .force()
        .token()
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert_eq!(passwords(&bed), 2);
}

#[tokio::test]
async fn a_locked_account_is_left_alone() {
    let bed = Testbed::builder()
        .okta(OktaSwitches {
            lock_after: 1,
            show_lockouts: true,
            ..OktaSwitches::default()
        })
        .start()
        .unwrap();
    let store = MemoryStore::new();
    let first = source_with(&bed, &store, "wrong")
        .token()
        .await
        .unwrap_err();
    assert_eq!(first.kind(), ErrorKind::AccountState);

    let second = source_with(&bed, &store, "wrong")
        .token()
        .await
        .unwrap_err();

    assert_eq!(
        (second.kind(), second.to_string()),
        (first.kind(), first.to_string())
    );
    assert_eq!(passwords(&bed), 1);
    let left = hold(&store).await;
    assert!((880..=900).contains(&left), "{left}");
}

#[tokio::test]
async fn a_refusal_by_the_portal_holds_for_half_a_minute() {
    let bed = bed_with(PortalSwitches {
        refuse: true,
        ..PortalSwitches::default()
    });
    let store = MemoryStore::new();
    source(&bed, &store).token().await.unwrap_err();

    let error = source(&bed, &store).token().await.unwrap_err();

    assert_eq!((error.kind(), passwords(&bed)), (ErrorKind::Denied, 1));
    let left = hold(&store).await;
    assert!((25..=30).contains(&left), "{left}");
    later(&store, 31).await;
    source(&bed, &store).token().await.unwrap_err();
    assert_eq!(passwords(&bed), 2);
}

#[tokio::test]
async fn a_broken_network_holds_for_a_moment() {
    let hang_up = Fault::new(PORTAL_HOST, "/k8stoken", Trouble::HangUp).times(3);
    let bed = Testbed::builder().fault(hang_up).start().unwrap();
    let store = MemoryStore::new();
    let first = source(&bed, &store).token().await.unwrap_err();
    assert_eq!(first.kind(), ErrorKind::Transport);
    // However slow this machine is, it is now.
    change(&store, |record| {
        record["failure"]["until"] = (Timestamp::now().as_second() + 2).into()
    })
    .await;
    let asked = bed.seen().len();

    let second = source(&bed, &store).token().await.unwrap_err();

    assert_eq!(
        (second.kind(), bed.seen().len()),
        (ErrorKind::Transport, asked)
    );
    later(&store, 3).await;
    assert_eq!(
        source(&bed, &store).token().await.unwrap().rung(),
        Rung::Login
    );
}

#[tokio::test]
async fn a_rejected_password_is_not_tried_again_when_a_refresh_is_refused() {
    let bed = Testbed::start().unwrap();
    let store = aged_login(&bed).await;
    let wrong = source_with(&bed, &store, "wrong");
    wrong.log_in().await.unwrap_err();
    assert_eq!(passwords(&bed), 2);
    bed.end_sessions(USER);

    let error = wrong.token().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert!(
        error
            .to_string()
            .starts_with("the refresh token was refused (status 401); "),
        "{error}"
    );
    assert!(error.next_step().unwrap().contains("tried again after"));
    assert_eq!((passwords(&bed), refreshes_asked(&bed)), (2, 1));
    assert_eq!(
        source(&bed, &store).force().token().await.unwrap().rung(),
        Rung::Login
    );
}

#[tokio::test]
async fn a_rejected_password_is_not_tried_again_when_the_issuer_is_down() {
    let bed = Testbed::start().unwrap();
    let store = aged_login(&bed).await;
    bed.add_fault(Fault::new(PORTAL_HOST, "/auth/idp", Trouble::Unavailable).times(99));
    let wrong = || source_with(&bed, &store, "wrong");
    wrong().token().await.unwrap_err();
    assert_eq!(passwords(&bed), 2);

    for _ in 0..2 {
        let error = wrong().token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected);
    }

    assert_eq!(passwords(&bed), 2);
}

#[tokio::test]
async fn a_rejected_password_is_no_reason_against_a_refresh_and_outlives_it() {
    let bed = Testbed::start().unwrap();
    let store = aged_login(&bed).await;
    let wrong = || source_with(&bed, &store, "wrong");
    wrong().log_in().await.unwrap_err();

    assert_eq!(wrong().token().await.unwrap().rung(), Rung::Refresh);

    assert_eq!(
        wrong().log_in().await.unwrap_err().kind(),
        ErrorKind::Rejected
    );
    age(&store).await;
    assert_eq!(wrong().token().await.unwrap().rung(), Rung::Refresh);
    assert_eq!(passwords(&bed), 2);
}

#[tokio::test]
async fn a_failure_under_a_clock_that_was_put_back_since_is_none() {
    let bed = Testbed::start().unwrap();
    let store = MemoryStore::new();
    source_with(&bed, &store, "wrong")
        .token()
        .await
        .unwrap_err();
    later(&store, -86_400).await;

    let token = source(&bed, &store).token().await.unwrap();

    assert_eq!(token.rung(), Rung::Login);
}

/// For how many seconds from now on the failure is held
async fn hold(store: &MemoryStore) -> i64 {
    let until = kept(store).await["failure"]["until"].as_i64().unwrap();
    until - Timestamp::now().as_second()
}

/// As if so many seconds had passed since the failure
async fn later(store: &MemoryStore, seconds: i64) {
    change(store, |record| {
        let by = SignedDuration::from_secs(seconds);
        for (name, by) in [
            ("at_micros", by.as_micros()),
            ("until", i128::from(by.as_secs())),
        ] {
            let time = &mut record["failure"][name];
            *time = (time.as_i64().unwrap() - i64::try_from(by).unwrap()).into();
        }
    })
    .await;
}
