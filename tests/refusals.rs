//! Logins that end in a refusal: told apart, worded, and never tried twice.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

use std::time::Duration;

use doorward::{Error, ErrorKind, FrontDoor, Portal};
use doorward_providers::{Okta, OpenUnison};
use doorward_testkit::{
    Affinity, Builder, EVIL_HOST, Fault, IdxSwitches, OKTA_HOST, OktaSwitches, PORTAL_HOST,
    PortalIdp, PortalSwitches, StepUp, Success, Testbed, TokenShape, Trouble, USER,
};

async fn refusal(builder: Builder, user: &str, password: &str) -> (Testbed, Error) {
    let bed = builder.start().unwrap();
    let walk = bed
        .walk_as(user, password)
        .unwrap()
        .adapter(Okta::default())
        .adapter(OpenUnison::default());
    let error = Portal::new(&bed.portal_url(), walk)
        .unwrap()
        .open()
        .await
        .unwrap_err();
    (bed, error)
}

async fn refusal_in(builder: Builder) -> (Testbed, Error) {
    refusal(builder, USER, doorward_testkit::PASSWORD).await
}

async fn refusal_of(user: &str) -> (Testbed, Error) {
    refusal(Testbed::builder(), user, doorward_testkit::PASSWORD).await
}

fn context<'a>(error: &'a Error, name: &str) -> Option<&'a str> {
    error
        .context()
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

#[tokio::test]
async fn a_wrong_password_is_rejected_after_one_attempt() {
    let (bed, error) = refusal(Testbed::builder(), USER, "wrong").await;

    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert_eq!(bed.count(OKTA_HOST, "/api/v1/authn"), 1);
    assert_eq!(context(&error, "code"), Some("E0000004"));
    assert_eq!(context(&error, "adapter"), Some("okta"));
    assert!(context(&error, "request_id").is_some());
    assert!(context(&error, "error_id").is_some());
    assert!(!error.trail().hops().is_empty());
}

#[tokio::test]
async fn a_wrong_password_at_the_portals_form_is_rejected_after_one_attempt() {
    let bed = Testbed::builder().idp(PortalIdp::Form).start().unwrap();
    let walk = bed
        .walk_as(USER, "wrong")
        .unwrap()
        .idp_url(&bed.portal_url())
        .unwrap()
        .adapter(OpenUnison::default());

    let error = Portal::new(&bed.portal_url(), walk)
        .unwrap()
        .open()
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert_eq!(bed.count(PORTAL_HOST, "/auth/formlogin"), 1);
}

#[tokio::test]
async fn a_lock_is_told_where_the_organisation_shows_it() {
    let shown = OktaSwitches {
        lock_after: 1,
        show_lockouts: true,
        ..OktaSwitches::default()
    };
    let (bed, error) = refusal(Testbed::builder().okta(shown), USER, "wrong").await;
    assert_eq!(error.kind(), ErrorKind::AccountState);
    assert_eq!(bed.count(OKTA_HOST, "/api/v1/authn"), 1);

    let hidden = OktaSwitches {
        lock_after: 1,
        ..OktaSwitches::default()
    };
    let (bed, error) = refusal(Testbed::builder().okta(hidden), USER, "wrong").await;
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert_eq!(bed.count(OKTA_HOST, "/api/v1/authn"), 1);
}

#[tokio::test]
async fn every_status_becomes_a_kind_in_words() {
    for (user, kind) in [
        ("mfa-required", ErrorKind::Unsupported),
        ("mfa-challenge", ErrorKind::Unsupported),
        ("factor-required", ErrorKind::Unsupported),
        ("factor-challenge", ErrorKind::Unsupported),
        ("mfa-enroll", ErrorKind::AccountState),
        ("mfa-enroll-activate", ErrorKind::AccountState),
        ("factor-enroll", ErrorKind::AccountState),
        ("factor-enroll-activate", ErrorKind::AccountState),
        ("password-expired", ErrorKind::AccountState),
        ("password-reset", ErrorKind::AccountState),
        ("locked-out", ErrorKind::AccountState),
        ("recovery", ErrorKind::AccountState),
        ("recovery-challenge", ErrorKind::AccountState),
        ("consent-required", ErrorKind::AccountState),
        ("admin-consent-required", ErrorKind::AccountState),
        ("profile-required", ErrorKind::AccountState),
        ("device-activate", ErrorKind::AccountState),
        ("poll", ErrorKind::AccountState),
        ("something-new", ErrorKind::UnexpectedPage),
    ] {
        let (bed, error) = refusal_of(user).await;
        assert_eq!(error.kind(), kind, "{user}: {error}");
        assert_eq!(bed.count(OKTA_HOST, "/api/v1/authn"), 1, "{user}");
    }
}

#[tokio::test]
async fn a_warning_and_an_optional_enrolment_are_skipped() {
    for user in ["password-warn", "mfa-enroll-optional"] {
        let bed = Testbed::start().unwrap();
        let walk = bed
            .walk_as(user, doorward_testkit::PASSWORD)
            .unwrap()
            .adapter(Okta::default());

        let outcome = Portal::new(&bed.portal_url(), walk).unwrap().open().await;

        assert!(outcome.is_ok(), "{user}: {outcome:?}");
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn the_factors_offered_are_listed_unknown_ones_too() {
    for factors_under_factor in [false, true] {
        let switches = OktaSwitches {
            factors_under_factor,
            ..OktaSwitches::default()
        };
        let (_bed, error) = refusal(
            Testbed::builder().okta(switches),
            "mfa-required",
            doorward_testkit::PASSWORD,
        )
        .await;

        let offered = context(&error, "offered").unwrap();
        assert!(offered.contains("totp:google"), "{offered}");
        assert!(offered.contains("push:okta"), "{offered}");
        let unknown = context(&error, "unknown").unwrap();
        assert!(unknown.contains("telepathy (ACME)"), "{unknown}");
    }
}

#[tokio::test]
async fn every_error_code_becomes_a_kind() {
    for (user, kind) in [
        ("e0000001", ErrorKind::UnexpectedPage),
        ("e0000004", ErrorKind::Rejected),
        ("e0000005", ErrorKind::UnexpectedPage),
        ("e0000006", ErrorKind::AccountState),
        ("e0000009", ErrorKind::Unavailable),
        ("e0000010", ErrorKind::Unavailable),
        ("e0000011", ErrorKind::UnexpectedPage),
        ("e0000014", ErrorKind::AccountState),
        ("e0000015", ErrorKind::AccountState),
        ("e0000020", ErrorKind::UnexpectedPage),
        ("e0000058", ErrorKind::Unsupported),
        ("e0000064", ErrorKind::AccountState),
        ("e0000067", ErrorKind::Unavailable),
        ("e0000069", ErrorKind::AccountState),
        ("e0000074", ErrorKind::Unavailable),
        ("e0000079", ErrorKind::UnexpectedPage),
        ("e0000119", ErrorKind::AccountState),
        ("e0000138", ErrorKind::Unavailable),
        ("e0000207", ErrorKind::Rejected),
        ("bad-gateway", ErrorKind::Unavailable),
        ("error-page", ErrorKind::UnexpectedPage),
        ("empty-body", ErrorKind::UnexpectedPage),
        ("hang-up", ErrorKind::Transport),
    ] {
        let (bed, error) = refusal_of(user).await;
        assert_eq!(error.kind(), kind, "{user}: {error}");
        assert_eq!(
            bed.count(OKTA_HOST, "/api/v1/authn"),
            1,
            "{user}: a password is sent once"
        );
    }
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_once() {
    let one = Fault::new(OKTA_HOST, "/api/v1/authn", Trouble::RateLimited(1));
    let bed = Testbed::builder().fault(one.clone()).start().unwrap();
    let walk = bed.walk().unwrap().adapter(Okta::default());
    Portal::new(&bed.portal_url(), walk)
        .unwrap()
        .open()
        .await
        .unwrap();
    assert_eq!(bed.count(OKTA_HOST, "/api/v1/authn"), 2);

    let (bed, error) = refusal_in(Testbed::builder().fault(one.times(5))).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(bed.count(OKTA_HOST, "/api/v1/authn"), 2);
    assert!(error.server_wait().is_some());
}

#[tokio::test]
async fn a_rate_limit_beyond_the_deadline_is_told_at_once() {
    let long = Fault::new(OKTA_HOST, "/api/v1/authn", Trouble::RateLimited(600));
    let bed = Testbed::builder().fault(long).start().unwrap();
    let walk = bed
        .walk()
        .unwrap()
        .adapter(Okta::default())
        .timeout(Duration::from_secs(20));

    let error = Portal::new(&bed.portal_url(), walk)
        .unwrap()
        .open()
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.server_wait().unwrap() > Duration::from_secs(500));
    assert_eq!(bed.count(OKTA_HOST, "/api/v1/authn"), 1);
}

#[tokio::test]
async fn a_step_up_names_its_factors() {
    let switches = OktaSwitches {
        step_up: StepUp::Factor,
        ..OktaSwitches::default()
    };
    let (_bed, error) = refusal_in(Testbed::builder().okta(switches)).await;

    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(context(&error, "offered").is_some());
}

#[tokio::test]
async fn a_password_that_was_accepted_is_not_called_wrong() {
    let switches = OktaSwitches {
        step_up: StepUp::Password,
        ..OktaSwitches::default()
    };
    let (bed, error) = refusal_in(Testbed::builder().okta(switches)).await;

    assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
    assert!(bed.count(OKTA_HOST, "/api/v1/authn") <= 2);
}

#[tokio::test]
async fn a_policy_that_nothing_can_meet_is_told_in_words() {
    for state_token in [
        TokenShape::Variable,
        TokenShape::ModelDataBag,
        TokenShape::OktaData,
    ] {
        let switches = OktaSwitches {
            identity_engine: true,
            state_token,
            idx: IdxSwitches {
                success: Success::Unsatisfiable,
                ..IdxSwitches::default()
            },
            ..OktaSwitches::default()
        };
        let (bed, error) = refusal_in(Testbed::builder().okta(switches)).await;

        assert_eq!(error.kind(), ErrorKind::AccountState, "{error}");
        assert!(error.to_string().contains("policy cannot be met"));
        assert!(error.next_step().unwrap().contains("enrol"));
        let code = context(&error, "code");
        assert_eq!(code, Some("oie.assurance.unsatisfiable"));
        // The older API would take the password, and lead back to the same policy.
        assert_eq!(bed.count(OKTA_HOST, "/api/v1/authn"), 0);
    }
}

#[tokio::test]
async fn a_walk_that_ends_at_the_dashboard_is_told() {
    let switches = OktaSwitches {
        dashboard: true,
        ..OktaSwitches::default()
    };
    let (_bed, error) = refusal_in(Testbed::builder().okta(switches)).await;

    assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
    assert!(error.to_string().contains("dashboard"));
}

#[tokio::test]
async fn a_user_whom_the_portal_refuses_is_denied() {
    let switches = PortalSwitches {
        refuse: true,
        ..PortalSwitches::default()
    };
    let (_bed, error) = refusal_in(Testbed::builder().portal(switches)).await;

    assert_eq!(error.kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn portals_without_a_session_or_with_lost_logins_are_told() {
    let no_session = PortalSwitches {
        require_session: true,
        ..PortalSwitches::default()
    };
    let (_bed, error) = refusal_in(Testbed::builder().portal(no_session)).await;
    assert_eq!(error.kind(), ErrorKind::Portal);
    assert!(error.next_step().unwrap().contains("require_session"));

    let broken = PortalSwitches {
        affinity: Affinity::Broken,
        ..PortalSwitches::default()
    };
    let (_bed, error) = refusal_in(Testbed::builder().portal(broken)).await;
    assert!(
        matches!(
            error.kind(),
            ErrorKind::Portal
                | ErrorKind::UnexpectedPage
                | ErrorKind::Unavailable
                | ErrorKind::Denied
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_fails_is_unavailable_wherever_it_stands() {
    for (host, path) in [
        (PORTAL_HOST, "/k8stoken"),
        (PORTAL_HOST, "/auth/oidc"),
        (OKTA_HOST, "/oauth2"),
        (OKTA_HOST, "/login/login.htm"),
    ] {
        for trouble in [
            Trouble::BadGateway,
            Trouble::Unavailable,
            Trouble::UpstreamConnect,
        ] {
            let fault = Fault::new(host, path, trouble).times(9);
            let (_bed, error) = refusal_in(Testbed::builder().fault(fault)).await;
            assert_eq!(
                error.kind(),
                ErrorKind::Unavailable,
                "{host}{path}: {error}"
            );
            assert!(error.kind().is_retryable());
        }
    }
}

#[tokio::test]
async fn a_get_that_got_no_answer_is_tried_again_and_a_post_is_not() {
    let once = Fault::new(PORTAL_HOST, "/login/auth", Trouble::HangUp);
    let bed = Testbed::builder().fault(once).start().unwrap();
    let walk = bed.walk().unwrap().adapter(Okta::default());
    Portal::new(&bed.portal_url(), walk)
        .unwrap()
        .open()
        .await
        .unwrap();
    assert_eq!(bed.count(PORTAL_HOST, "/login/auth"), 3);

    let post = Fault::new(OKTA_HOST, "/api/v1/authn", Trouble::HangUp).times(9);
    let (bed, error) = refusal_in(Testbed::builder().fault(post)).await;
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(bed.count(OKTA_HOST, "/api/v1/authn"), 1);
}

#[tokio::test]
async fn a_code_is_not_sent_twice_over_a_broken_connection() {
    let callback = Fault::new(PORTAL_HOST, "/auth/oidc", Trouble::HangUp).times(9);
    let (bed, error) = refusal_in(Testbed::builder().fault(callback)).await;

    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!(bed.count(PORTAL_HOST, "/auth/oidc"), 1);
}

#[tokio::test]
async fn a_portal_that_is_none_is_told() {
    let bed = Testbed::start().unwrap();
    let walk = bed.walk().unwrap().adapter(Okta::default());

    let error = Portal::new(&format!("{}/nothing/here", bed.portal_url()), walk)
        .unwrap()
        .open()
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Portal);
    assert!(error.next_step().unwrap().contains("/k8stoken/token/user"));
    assert_eq!(bed.count(EVIL_HOST, "/"), 0);
}
