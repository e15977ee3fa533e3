//! One-time codes, typed in.

use std::time::Duration;

use doorward::{CodeSource, ErrorKind, Factor, Secret};
use doorward_testkit::{OktaFactor, OktaSwitches};

use crate::world::{
    app, asked, asking, bed, bed_with, context, list, passwords, refusal, seed_of, success,
    walk_with,
};

#[tokio::test(start_paused = true)]
async fn a_totp_takes_one_request_more_than_a_password() {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = bed(&[&totp]);

    success(&bed, walk_with(&bed, seed_of(&totp))).await;

    assert_eq!(
        asked(&bed, &[(&totp, "TOTP")]),
        [
            "GET /oauth2/v1/authorize 302",
            "GET /login/login.htm 200",
            "GET /.well-known/okta-organization 200",
            "POST /api/v1/authn 200",
            "POST /api/v1/authn/factors/TOTP/verify 200",
            "GET /login/sessionCookieRedirect 302",
            "GET /oauth2/v1/authorize/redirect 302",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn tokens_and_apps_take_their_code_in_one_call() {
    let hotp = OktaFactor::hotp();
    let count = hotp.code_number(0).unwrap();
    let otp = "cccccccccccccccccccccccccccccccccccccccccccc";
    for (factor, code) in [
        (hotp, count.as_str()),
        (OktaFactor::codes("token:hardware", "YUBICO", &[otp]), otp),
        (OktaFactor::codes("token", "RSA", &["12345678"]), "12345678"),
        (
            OktaFactor::codes("token", "SYMANTEC", &["445566"]),
            "445566",
        ),
    ] {
        let bed = bed(&[&factor]);

        success(&bed, walk_with(&bed, list(&[code]))).await;

        assert_eq!(bed.factor_counts().verifies, 1, "{factor:?}");
    }
}

/// A source that reads what the org sent, and an org that writes it
fn outbox() -> (tempfile::TempDir, OktaSwitches) {
    let folder = tempfile::tempdir().unwrap();
    let switches = OktaSwitches {
        outbox_file: Some(folder.path().join("outbox")),
        ..asking()
    };
    (folder, switches)
}

#[tokio::test(start_paused = true)]
async fn a_code_that_is_sent_is_asked_for_and_then_read_by_a_command() {
    for factor in [OktaFactor::sms(), OktaFactor::call(), OktaFactor::email()] {
        let (folder, switches) = outbox();
        let bed = bed_with(switches, &[&factor]);
        let command = format!("cat {}", folder.path().join("outbox").display());

        success(&bed, walk_with(&bed, CodeSource::command(command))).await;

        assert_eq!(
            (bed.factor_counts().sent, bed.factor_counts().verifies),
            (1, 2)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_is_told_which_factor_it_is_for() {
    let sms = OktaFactor::sms();
    let (folder, switches) = outbox();
    let bed = bed_with(switches, &[&sms]);
    let file = folder.path().join("outbox");
    let source = CodeSource::callback(move |factor| {
        assert_eq!(*factor, Factor::Sms(Some("okta".into())));
        let code = std::fs::read_to_string(&file).unwrap();
        Ok(Secret::new(code.trim()))
    });

    success(&bed, walk_with(&bed, source)).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_code_is_followed_by_one_more() {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = bed(&[&totp]);
    let good = totp.code_at(bed.clock().seconds()).unwrap();

    success(&bed, walk_with(&bed, list(&["000000", &good]))).await;

    assert_eq!(
        (bed.factor_counts().verifies, bed.factor_counts().wrong),
        (2, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_third_code_is_never_tried() {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = bed(&[&totp]);

    let error = refusal(&bed, walk_with(&bed, list(&["000000", "111111", "222222"]))).await;

    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert_eq!(context(&error, "code"), Some("E0000068"));
    assert_eq!(context(&error, "factor"), Some("totp:google"));
    assert!(context(&error, "request_id").is_some());
    assert_eq!((bed.factor_counts().verifies, passwords(&bed)), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_code_that_stays_the_same_is_tried_once() {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = bed(&[&totp]);

    let error = refusal(
        &bed,
        walk_with(&bed, CodeSource::fixed(Secret::new("000000"))),
    )
    .await;

    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert_eq!(context(&error, "code"), Some("E0000068"));
    assert_eq!(bed.factor_counts().verifies, 1);
}

#[tokio::test(start_paused = true)]
async fn the_second_try_with_a_seed_waits_for_its_window() {
    let (ours, theirs) = (OktaFactor::totp("GOOGLE"), OktaFactor::totp("GOOGLE"));
    let bed = bed(&[&theirs]);
    let before = bed.clock().seconds();

    let error = refusal(&bed, walk_with(&bed, seed_of(&ours))).await;

    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert_eq!(
        (bed.factor_counts().verifies, bed.factor_counts().wrong),
        (2, 2)
    );
    assert!(bed.clock().seconds() >= before + 20);
}

#[tokio::test(start_paused = true)]
async fn a_code_that_another_job_used_is_followed_by_the_next_windows() {
    for results_in_errors in [false, true] {
        let totp = OktaFactor::totp("GOOGLE");
        let switches = OktaSwitches {
            results_in_errors,
            ..asking()
        };
        let bed = bed_with(switches, &[&totp]);
        // A job on another machine, which shares nothing with us but the seed
        success(&bed, walk_with(&bed, app(&bed, &totp))).await;

        success(&bed, walk_with(&bed, seed_of(&totp))).await;

        let counts = bed.factor_counts();
        assert_eq!((counts.verifies, counts.replayed, counts.wrong), (3, 1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_code_of_another_time_says_so_and_is_not_followed() {
    for results_in_errors in [false, true] {
        let totp = OktaFactor::totp("GOOGLE");
        let switches = OktaSwitches {
            results_in_errors,
            ..asking()
        };
        let bed = bed_with(switches, &[&totp]);
        let code = totp.code_at(bed.clock().seconds() + 120).unwrap();

        let error = refusal(&bed, walk_with(&bed, list(&[&code, &code]))).await;

        assert_eq!(error.kind(), ErrorKind::Rejected);
        assert!(error.message().contains("clocks"), "{error}");
        assert_eq!(bed.factor_counts().verifies, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn seeds_follow_the_clock_of_the_org() {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = bed(&[&totp]);
    bed.clock().advance(Duration::from_secs(3600));

    success(&bed, walk_with(&bed, seed_of(&totp))).await;

    assert_eq!(bed.factor_counts().skewed, 0);
}
