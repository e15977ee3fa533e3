//! Pushes, and what else is waited for.

use std::error::Error;
use std::time::Duration;

use doorward_testkit::{
    Fault, OKTA_HOST, OktaFactor, OktaSwitches, PushAnswer, Testbed, Trouble, USER,
};
use serde_json::{Value, json};

use crate::driver::Page;
use crate::factor_login::{Login, asking, asking_with, error, wait};

const NUMBER: &str = "/_embedded/factor/_embedded/challenge/correctAnswer";

/// Polls as often as it may
fn poll(bed: &Testbed, login: &mut Login<'_>) -> Result<Page, Box<dyn Error>> {
    wait(bed, 4);
    login.next(json!({}))
}

#[test]
fn a_push_is_approved_after_some_polls() -> Result<(), Box<dyn Error>> {
    let push = OktaFactor::push(PushAnswer::Approved, 2);
    let bed = asking(&push)?;
    let mut login = Login::start(&bed, USER)?;

    login.verify(&push, json!({}))?;
    for _ in 0..3 {
        assert_eq!(login.status()?, "MFA_CHALLENGE");
        assert_eq!(login.state.string("/factorResult")?, "WAITING");
        assert_eq!(login.state.string("/_links/next/name")?, "poll");
        poll(&bed, &mut login)?;
    }

    assert_eq!(login.status()?, "SUCCESS");
    assert!(login.state.string("/factorResult").is_err());
    assert_eq!(login.finish()?.string("/displayName")?, USER);
    assert_eq!(
        (bed.factor_counts().pushes, bed.factor_counts().polls),
        (1, 3)
    );
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_push_that_was_answered_no_is_not_polled_again_but_sent_again() -> Result<(), Box<dyn Error>> {
    for (answer, result) in [
        (PushAnswer::Rejected, "REJECTED"),
        (PushAnswer::TimedOut, "TIMEOUT"),
    ] {
        let push = OktaFactor::push(answer, 1);
        let bed = asking(&push)?;
        let mut login = Login::start(&bed, USER)?;
        login.verify(&push, json!({}))?;
        let polling = login.state.string("/_links/next/href")?;
        assert_eq!(poll(&bed, &mut login)?.string("/factorResult")?, "WAITING");

        poll(&bed, &mut login)?;
        assert_eq!(login.status()?, "MFA_CHALLENGE");
        assert_eq!(login.state.string("/factorResult")?, result);
        assert_eq!(login.state.string("/_links/next/name")?, "verify");
        assert_eq!(bed.factor_counts().pushes, 1);

        let old = login.post(&polling, json!({}))?;
        assert_eq!(error(&old)?, (403, "E0000079".to_owned()));
        login.next(json!({}))?;
        assert_eq!(bed.factor_counts().pushes, 2);
        assert_eq!(login.state.string("/factorResult")?, "WAITING");
    }
    Ok(())
}

#[test]
fn a_push_that_nobody_answers_ends_in_five_minutes() -> Result<(), Box<dyn Error>> {
    let push = OktaFactor::push(PushAnswer::Never, 0);
    let bed = asking(&push)?;
    let mut login = Login::start(&bed, USER)?;
    login.verify(&push, json!({}))?;

    wait(&bed, 299);
    assert_eq!(login.next(json!({}))?.string("/factorResult")?, "WAITING");
    wait(&bed, 4);
    assert_eq!(login.next(json!({}))?.string("/factorResult")?, "TIMEOUT");
    Ok(())
}

#[test]
fn the_number_to_press_comes_with_a_later_poll() -> Result<(), Box<dyn Error>> {
    for number in [0, 7, 92] {
        let push = OktaFactor::push(PushAnswer::Approved, 3).number(number, 2);
        let bed = asking(&push)?;
        let mut login = Login::start(&bed, USER)?;
        login.verify(&push, json!({}))?;
        let shown = |page: &Page| -> Result<Option<Value>, Box<dyn Error>> {
            Ok(page.json()?.pointer(NUMBER).cloned())
        };

        assert_eq!(shown(&login.state)?, None);
        assert_eq!(shown(&poll(&bed, &mut login)?)?, None);
        assert_eq!(shown(&poll(&bed, &mut login)?)?, Some(json!(number)));
        assert_eq!(shown(&poll(&bed, &mut login)?)?, Some(json!(number)));
        poll(&bed, &mut login)?;

        assert_eq!(login.status()?, "SUCCESS");
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn polls_in_a_hurry_are_complained_about() -> Result<(), Box<dyn Error>> {
    for (least, complaints) in [(3, 1), (0, 0)] {
        let push = OktaFactor::push(PushAnswer::Never, 0);
        let switches = OktaSwitches {
            least_poll_interval: Duration::from_secs(least),
            ..OktaSwitches::default()
        };
        let bed = asking_with(&push, switches)?;
        let mut login = Login::start(&bed, USER)?;
        login.verify(&push, json!({}))?;
        login.next(json!({}))?;

        bed.clock().advance(Duration::from_millis(2999));
        login.next(json!({}))?;

        assert_eq!(bed.complaints().len(), complaints);
    }
    Ok(())
}

#[test]
fn the_verify_link_polls_but_is_not_the_link_to_poll() -> Result<(), Box<dyn Error>> {
    let push = OktaFactor::push(PushAnswer::Approved, 1);
    let bed = asking(&push)?;
    let mut login = Login::start(&bed, USER)?;
    login.verify(&push, json!({}))?;
    let published = login.state.string("/_links/next/href")?;
    assert!(!published.ends_with("/verify"));

    wait(&bed, 4);
    login.verify(&push, json!({}))?;
    wait(&bed, 4);
    login.verify(&push, json!({}))?;

    assert_eq!(login.status()?, "SUCCESS");
    assert_eq!(bed.factor_counts().pushes, 1);
    assert_eq!(bed.complaints().len(), 2);
    Ok(())
}

#[test]
fn a_poll_link_cannot_be_made_up() -> Result<(), Box<dyn Error>> {
    let push = OktaFactor::push(PushAnswer::Approved, 0);
    let bed = asking(&push)?;
    let mut login = Login::start(&bed, USER)?;
    login.verify(&push, json!({}))?;
    let base = format!("{}/api/v1/authn/factors/{}", bed.okta_url(), push.id());

    let made_up = login.post(&format!("{base}/verify/x/poll"), json!({}))?;
    assert_eq!(error(&made_up)?, (403, "E0000079".to_owned()));
    let made_up = login.post(&format!("{base}/verify/poll"), json!({}))?;
    assert_eq!(made_up.status, 404);

    assert_eq!(bed.complaints().len(), 2);
    Ok(())
}

#[test]
fn a_push_can_be_sent_again() -> Result<(), Box<dyn Error>> {
    let push = OktaFactor::push(PushAnswer::Approved, 0);
    let bed = asking(&push)?;
    let mut login = Login::start(&bed, USER)?;
    login.verify(&push, json!({}))?;

    let resend = login.state.string("/_links/resend/0/href")?;
    login.post(&resend, json!({}))?;
    poll(&bed, &mut login)?;

    assert_eq!(login.status()?, "SUCCESS");
    assert_eq!(bed.factor_counts().pushes, 2);
    Ok(())
}

#[test]
fn a_poll_can_meet_a_limit() -> Result<(), Box<dyn Error>> {
    let push = OktaFactor::push(PushAnswer::Approved, 1);
    let bed = asking(&push)?;
    let polls = Fault::new(OKTA_HOST, "/api/v1/authn/factors/", Trouble::RateLimited(2));
    bed.add_fault(polls.nth(2));
    let mut login = Login::start(&bed, USER)?;
    login.verify(&push, json!({}))?;

    let limited = poll(&bed, &mut login)?;
    assert_eq!(error(&limited)?, (429, "E0000047".to_owned()));
    let reset = limited.header("x-rate-limit-reset").unwrap_or_default();
    assert_eq!(reset.parse::<u64>()?, bed.clock().seconds() + 2);
    poll(&bed, &mut login)?;
    poll(&bed, &mut login)?;

    assert_eq!(login.status()?, "SUCCESS");
    assert_eq!(
        (bed.factor_counts().pushes, bed.factor_counts().polls),
        (1, 2)
    );
    Ok(())
}

#[test]
fn duo_waits_for_a_frame_that_nobody_shows() -> Result<(), Box<dyn Error>> {
    let duo = OktaFactor::duo();
    let bed = asking(&duo)?;
    let mut login = Login::start(&bed, USER)?;

    login.verify(&duo, json!({}))?;

    let verification = "/_embedded/factor/_embedded/verification";
    let signature = login.state.string(&format!("{verification}/signature"))?;
    assert!(signature.starts_with("TX|"));
    let complete = login
        .state
        .string(&format!("{verification}/_links/complete/href"))?;
    assert!(complete.ends_with("/lifecycle/duoCallback"));
    assert_eq!(poll(&bed, &mut login)?.string("/factorResult")?, "WAITING");
    assert_eq!(bed.factor_counts().pushes, 0);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}
