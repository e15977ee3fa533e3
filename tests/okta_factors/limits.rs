//! Limits: rate limits are waited for, lock-outs are never provoked.

use std::time::Duration;

use doorward::{ErrorKind, Factor};
use doorward_testkit::{Fault, OKTA_HOST, OktaFactor, OktaSwitches, PushAnswer, Testbed, Trouble};

use crate::world::{
    app, asking, bed, bed_with, context, list, passwords, refusal, seed_of, start, success, walk,
    walk_with,
};

fn limited(bed: &Testbed, path: &str, seconds: u64) {
    bed.add_fault(Fault::new(OKTA_HOST, path, Trouble::RateLimited(seconds)));
}

#[tokio::test(start_paused = true)]
async fn a_limit_on_passwords_is_waited_for_until_its_reset() {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = bed(&[&totp]);
    limited(&bed, "/api/v1/authn", 20);
    let before = bed.clock().seconds();

    let told = success(&bed, walk_with(&bed, seed_of(&totp))).await;

    assert!(
        told.contains(&"Okta asks to wait 20 s".to_owned()),
        "{told:?}"
    );
    assert!(bed.clock().seconds() >= before + 20);
}

#[tokio::test(start_paused = true)]
async fn too_many_at_once_come_back_later_and_not_all_together() {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = bed(&[&totp]);
    bed.add_fault(Fault::new(
        OKTA_HOST,
        "/api/v1/authn",
        Trouble::TooManyAtOnce,
    ));
    let before = bed.clock().seconds();

    success(&bed, walk_with(&bed, seed_of(&totp))).await;

    assert!(bed.clock().seconds() >= before + 60);
}

#[tokio::test(start_paused = true)]
async fn a_limit_on_factors_costs_a_code_and_no_try() {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = bed(&[&totp]);
    limited(&bed, "/api/v1/authn/factors", 40);

    success(&bed, walk_with(&bed, app(&bed, &totp))).await;

    assert_eq!(
        (bed.factor_counts().wrong, bed.factor_counts().replayed),
        (0, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_limit_on_polls_does_not_end_the_wait_for_the_phone() {
    let push = OktaFactor::push(PushAnswer::Approved, 2);
    let bed = bed(&[&push]);
    let walk = walk(&bed, |credentials| credentials).factor(Factor::Push(None));
    // The first request below that path sends the push.
    let polls = format!("/api/v1/authn/factors/{}/verify/", push.id());
    bed.add_fault(Fault::new(OKTA_HOST, &polls, Trouble::RateLimited(10)).times(2));

    success(&bed, walk).await;

    assert_eq!(
        (bed.factor_counts().pushes, bed.factor_counts().polls),
        (1, 3)
    );
}

#[tokio::test(start_paused = true)]
async fn a_limit_beyond_the_deadline_is_told_at_once() {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = bed(&[&totp]);
    limited(&bed, "/api/v1/authn/factors", 600);
    let walk = walk_with(&bed, seed_of(&totp)).timeout(Duration::from_secs(20));

    let error = refusal(&bed, walk).await;

    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.server_wait().unwrap() > Duration::from_secs(500));
}

#[tokio::test(start_paused = true)]
async fn a_lock_by_wrong_codes_is_told_and_not_deepened() {
    let totp = OktaFactor::totp("GOOGLE");
    let switches = OktaSwitches {
        factor_lock_after: 1,
        ..asking()
    };
    let bed = bed_with(switches, &[&totp]);

    let error = refusal(&bed, walk_with(&bed, list(&["000000", "111111"]))).await;

    assert_eq!(error.kind(), ErrorKind::AccountState);
    assert_eq!(context(&error, "code"), Some("E0000069"));
    assert_eq!((bed.factor_counts().verifies, passwords(&bed)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_locked_account_is_asked_for_nothing_more() {
    for show_lockouts in [false, true] {
        let switches = OktaSwitches {
            lock_after: 1,
            show_lockouts,
            ..asking()
        };
        let totp = OktaFactor::totp("GOOGLE");
        let bed = start(Testbed::builder().okta(switches), &[&totp]);
        let wrong = doorward::Credentials::new(doorward_testkit::USER, doorward::Secret::new("no"));
        let walk = walk_with(&bed, seed_of(&totp)).credentials(wrong.unwrap());

        let error = refusal(&bed, walk).await;

        let kind = match show_lockouts {
            true => ErrorKind::AccountState,
            false => ErrorKind::Rejected,
        };
        assert_eq!(error.kind(), kind);
        assert_eq!((bed.factor_counts().verifies, passwords(&bed)), (0, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn an_enrolment_that_is_due_needs_a_person() {
    for (enrollment, kind) in [
        (doorward_testkit::Enrollment::Optional, None),
        (
            doorward_testkit::Enrollment::Required,
            Some(ErrorKind::AccountState),
        ),
    ] {
        let totp = OktaFactor::totp("GOOGLE");
        let switches = OktaSwitches {
            enrollment,
            ..asking()
        };
        let bed = bed_with(switches, &[&totp]);
        let walk = walk_with(&bed, seed_of(&totp));

        match kind {
            None => drop(success(&bed, walk).await),
            Some(kind) => assert_eq!(refusal(&bed, walk).await.kind(), kind),
        }
    }
}
