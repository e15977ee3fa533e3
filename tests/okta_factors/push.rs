//! Pushes: one for each login, asked after without haste, until somebody answers or nobody does.

use std::time::Duration;

use doorward::{Credentials, ErrorKind, Factor, Secret, Walk};
use doorward_testkit::{OktaFactor, OktaSwitches, PASSWORD, PushAnswer, Testbed};
use serde_json::json;

use crate::world::{asked, asking, bed, bed_with, context, refusal, start, success, walk};

fn pushing(bed: &Testbed) -> Walk {
    walk(bed, |credentials| credentials).factor(Factor::Push(None))
}

#[tokio::test(start_paused = true)]
async fn a_push_is_polled_until_it_is_approved() {
    for rotate_state_tokens in [false, true] {
        let push = OktaFactor::push(PushAnswer::Approved, 3).profile(json!({"name": "Pixel 9"}));
        let switches = OktaSwitches {
            rotate_state_tokens,
            ..asking()
        };
        let bed = bed_with(switches, &[&push]);

        let told = success(&bed, pushing(&bed)).await;

        assert_eq!(told, ["push to Pixel 9"]);
        let counts = bed.factor_counts();
        assert_eq!((counts.verifies, counts.pushes, counts.polls), (1, 1, 4));
        assert!(
            asked(&bed, &[(&push, "PUSH")])
                .contains(&"POST /api/v1/authn/factors/PUSH/verify 200".to_owned())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_push_is_sent_only_if_it_was_asked_for() {
    let bed = bed(&[&OktaFactor::push(PushAnswer::Approved, 0)]);

    let error = refusal(&bed, walk(&bed, |credentials| credentials)).await;

    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.next_step().unwrap().contains("--factor push"));
    assert_eq!(bed.factor_counts().pushes, 0);
}

#[tokio::test(start_paused = true)]
async fn a_number_is_told_once_even_if_it_is_0_and_comes_late() {
    for number in [0, 7, 92] {
        let push = OktaFactor::push(PushAnswer::Approved, 4).number(number, 2);
        let bed = bed(&[&push]);

        let told = success(&bed, pushing(&bed)).await;

        assert_eq!(
            told,
            ["push to OKTA".to_owned(), format!("number {number}")]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_on_the_phone_ends_the_login_and_sends_no_second_push() {
    for after in [0, 2] {
        let push = OktaFactor::push(PushAnswer::Rejected, after).number(0, 1);
        let bed = bed(&[&push]);

        let error = refusal(&bed, pushing(&bed)).await;

        assert_eq!(error.kind(), ErrorKind::Rejected);
        assert!(error.message().contains("refused on the phone"), "{error}");
        assert_eq!(context(&error, "device"), Some("OKTA"));
        assert_eq!(context(&error, "factor"), Some("push:okta"));
        let counts = bed.factor_counts();
        assert_eq!(
            (counts.pushes, counts.polls, counts.verifies),
            (1, after + 1, 1)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_phone_that_nobody_answers_is_not_asked_again() {
    let bed_of_org = bed(&[&OktaFactor::push(PushAnswer::TimedOut, 2)]);
    let error = refusal(&bed_of_org, pushing(&bed_of_org)).await;
    assert_eq!(error.kind(), ErrorKind::AccountState);
    assert_eq!(bed_of_org.factor_counts().pushes, 1);

    let bed_of_deadline = bed(&[&OktaFactor::push(PushAnswer::Never, 0)]);
    let walk = pushing(&bed_of_deadline).timeout(Duration::from_secs(30));
    let error = refusal(&bed_of_deadline, walk).await;
    assert_eq!(error.kind(), ErrorKind::AccountState);
    assert!(error.next_step().unwrap().contains("--timeout"));
    assert_eq!(bed_of_deadline.factor_counts().pushes, 1);
    assert!((6..=7).contains(&bed_of_deadline.factor_counts().polls));
}

#[tokio::test(start_paused = true)]
async fn polling_does_not_use_up_the_requests_of_a_login() {
    let bed = bed(&[&OktaFactor::push(PushAnswer::Approved, 61)]);

    success(&bed, pushing(&bed).timeout(Duration::from_secs(400))).await;

    assert_eq!(
        (bed.factor_counts().pushes, bed.factor_counts().polls),
        (1, 62)
    );
    assert!(asked(&bed, &[]).len() > 60);
}

#[tokio::test(start_paused = true)]
async fn a_push_that_somebody_else_began_is_polled_and_not_sent() {
    let push = OktaFactor::push(PushAnswer::Approved, 1);
    let bed = start(Testbed::builder().enroll("mfa-challenge", &push), &[]);
    let credentials = Credentials::new("mfa-challenge", Secret::new(PASSWORD));
    let walk = pushing(&bed).credentials(credentials.unwrap());

    success(&bed, walk).await;

    assert_eq!(
        (bed.factor_counts().pushes, bed.factor_counts().polls),
        (0, 2)
    );
}
