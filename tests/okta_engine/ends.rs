//! How a login ends that does not come to a token: refusals, locks, limits, troubles, and pages for people.

use std::time::Duration;

use doorward::{Error, ErrorKind, Factor, Secret};
use doorward_testkit::{
    ErrorStatus, Fault, Identify, IdxSwitches, OKTA_HOST, OktaSwitches, Person, PortalIdp,
    PostAuth, PushAnswer, RateLimit, Success, Trouble, USER,
};

use crate::bench::{
    Org, context, engine, google, okta_verify, password_only, question, two_factors, with_seed,
};
use crate::stage;

#[tokio::test]
async fn pages_that_need_a_person_are_named() {
    for (page, remediation) in [
        (PostAuth::Reenroll, "reenroll-authenticator"),
        (PostAuth::Enroll, "select-authenticator-enroll"),
        (PostAuth::Consent, "consent"),
    ] {
        let org = Org::new(IdxSwitches {
            post_auth: vec![page],
            ..IdxSwitches::default()
        });

        let error = org.open(org.walk(password_only())).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::AccountState);
        assert_eq!(context(&error, "remediation"), Some(remediation));
        assert!(error.next_step().unwrap().contains("browser"));
    }
    let org = Org::new(IdxSwitches {
        identify: Identify::Captcha,
        ..IdxSwitches::default()
    });
    let error = org.open(org.walk(password_only())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccountState);
    assert_eq!(org.bed.idx_counts().identifies, 0);
}

#[tokio::test]
async fn each_end_is_told_apart() {
    for (success, expected) in [
        (Success::Object, None),
        (Success::Remediation, None),
        (Success::WithError, Some(ErrorKind::AccountState)),
        (Success::Unsatisfiable, Some(ErrorKind::AccountState)),
        (Success::Failure, Some(ErrorKind::Denied)),
        (Success::FailureRemediation, Some(ErrorKind::Denied)),
        (Success::InteractionCode, Some(ErrorKind::UnexpectedPage)),
    ] {
        let org = Org::new(IdxSwitches {
            success,
            ..IdxSwitches::default()
        });

        let outcome = org.open(org.walk(password_only())).await;

        let kind = outcome.as_ref().err().map(Error::kind);
        assert_eq!(kind, expected, "{success:?}: {outcome:?}");
        assert_eq!(org.bed.complaints(), Vec::<String>::new(), "{success:?}");
        let told = org.told().iter().any(|text| text.contains("not assigned"));
        assert_eq!(told, expected == Some(ErrorKind::Denied));
    }
}

#[tokio::test]
async fn a_wrong_password_is_rejected_after_one_attempt() {
    for identify in [Identify::UserName, Identify::WithCredentials] {
        for error_status in [ErrorStatus::Usual, ErrorStatus::Ok] {
            for messages in [
                doorward_testkit::Messages::Field,
                doorward_testkit::Messages::Global,
            ] {
                let org = Org::new(IdxSwitches {
                    identify,
                    error_status,
                    messages,
                    ..IdxSwitches::default()
                });
                let wrong = doorward::Credentials::new(USER, Secret::new("wrong")).unwrap();

                let error = org.open(org.walk(wrong)).await.unwrap_err();

                assert_eq!(error.kind(), ErrorKind::Rejected);
                assert!(context(&error, "code").is_some());
                assert!(context(&error, "request_id").is_some());
                assert_eq!(org.bed.idx_counts().refusals, 1);
                assert_eq!(org.bed.complaints(), Vec::<String>::new());
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_user_never_gets_to_the_password() {
    let org = Org::new(IdxSwitches::default());
    let nobody = doorward::Credentials::new("nobody@acme.test", Secret::new("x")).unwrap();

    let error = org.open(org.walk(nobody)).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert_eq!(org.bed.idx_counts().answers, 0);
}

#[tokio::test]
async fn a_lock_is_told_where_the_organisation_shows_it() {
    for (show_lockouts, kind) in [
        (true, ErrorKind::AccountState),
        (false, ErrorKind::Rejected),
    ] {
        let org = Org::with(
            PortalIdp::OktaOidc,
            OktaSwitches {
                lock_after: 1,
                show_lockouts,
                ..engine(IdxSwitches::default())
            },
        );
        let wrong = doorward::Credentials::new(USER, Secret::new("wrong")).unwrap();
        org.open(org.walk(wrong)).await.unwrap_err();

        let error = org.open(org.walk(password_only())).await.unwrap_err();

        assert_eq!(error.kind(), kind);
        assert_eq!(org.bed.idx_counts().answers, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_are_waited_out() {
    for trouble in [Trouble::RateLimited(1), Trouble::RateLimited(2)] {
        let org = Org::new(IdxSwitches::default());
        let fault = Fault::new(OKTA_HOST, "/idp/idx/challenge/answer", trouble);
        org.bed.add_fault(fault);

        let (outcome, told) = stage::log_in(&org.bed, org.walk(password_only())).await;

        assert!(outcome.is_ok(), "{outcome:?}");
        assert_eq!(org.bed.complaints(), Vec::<String>::new());
        assert_eq!(org.requests().len(), 6);
        assert!(told[0].contains("Okta asks to wait"));
    }
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_is_unavailable() {
    for trouble in [Trouble::RateLimited(60), Trouble::TooManyRequests] {
        let org = Org::new(IdxSwitches::default());
        let fault = Fault::new(OKTA_HOST, "/idp/idx/identify", trouble);
        org.bed.add_fault(fault);
        let walk = org.walk(password_only()).timeout(Duration::from_secs(20));

        let error = org.open(walk).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.server_wait().unwrap() >= Duration::from_secs(58));
        assert_eq!(org.requests().len(), 3);
    }
}

#[tokio::test]
async fn the_engine_s_own_limits_are_not_met() {
    for rate_limit in [RateLimit::Code, RateLimit::Ion] {
        let totp = google();
        let idx = IdxSwitches {
            rate_limit,
            ..two_factors()
        };
        let org = Org::having(idx, [&totp]);

        org.log_in(org.walk(with_seed(&totp))).await;

        assert_eq!(org.bed.idx_counts().limited, 0);
    }
}

#[tokio::test]
async fn troubles_have_their_kinds() {
    for (trouble, kind) in [
        (Trouble::ReadOnly, ErrorKind::Unavailable),
        (Trouble::InternalError, ErrorKind::Unavailable),
        (Trouble::BadGateway, ErrorKind::Unavailable),
        (Trouble::EmptyBody, ErrorKind::UnexpectedPage),
        (Trouble::ErrorPage, ErrorKind::UnexpectedPage),
        (Trouble::HangUp, ErrorKind::Transport),
    ] {
        for path in [
            "/idp/idx/introspect",
            "/idp/idx/identify",
            "/idp/idx/challenge/answer",
        ] {
            let org = Org::new(IdxSwitches::default());
            org.bed
                .add_fault(Fault::new(OKTA_HOST, path, trouble.clone()));

            let error = org.open(org.walk(password_only())).await.unwrap_err();

            assert_eq!(error.kind(), kind, "{trouble:?} {path} {error}");
            assert_eq!(org.bed.count(OKTA_HOST, path), 1);
        }
    }
}

#[tokio::test]
async fn the_dashboard_means_that_the_portal_is_lost() {
    let org = Org::with(
        PortalIdp::OktaOidc,
        OktaSwitches {
            dashboard: true,
            ..engine(IdxSwitches::default())
        },
    );

    let error = org.open(org.walk(password_only())).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
    assert!(error.to_string().contains("dashboard"), "{error}");
}

#[tokio::test]
async fn no_secret_of_a_login_occurs_in_its_errors() {
    let idx = |success| IdxSwitches {
        success,
        ..two_factors()
    };
    let consent = IdxSwitches {
        post_auth: vec![PostAuth::Consent],
        ..idx(Success::Object)
    };
    let codes = || vec![google(), question()];
    let orgs = [
        (idx(Success::Unsatisfiable), codes()),
        (idx(Success::WithError), codes()),
        (idx(Success::InteractionCode), codes()),
        (consent, codes()),
        (idx(Success::Object), okta_verify(PushAnswer::Rejected, 0)),
    ];
    for (idx, factors) in orgs {
        let seed = factors
            .iter()
            .find(|factor| factor.seed().is_some())
            .unwrap();
        let org = Org::having(idx, &factors);
        let walk = org.walk(with_seed(seed)).factor(Factor::Push(None));
        let walk = walk.factor(Factor::Totp(None));

        let error = org.open(walk).await.unwrap_err();

        let shown = format!("{error} {error:?} {} {:?}", error.trail(), org.told());
        for secret in org.bed.secrets() {
            assert!(!shown.contains(&secret), "{error:?}");
        }
    }
    let _ = Person::new("unused@acme.test", "x");
}
