//! What proves who somebody is: each kind of authenticator, in any order, and what is tried again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use doorward::{CodeSource, ErrorKind, Factor, Secret};
use doorward_testkit::{
    CodeError, ErrorStatus, IdxSwitches, OKTA_HOST, OktaFactor, OktaSwitches, PollPath, PortalIdp,
    PushAnswer, Round, Testbed,
};

use crate::bench::{
    Org, context, engine, google, okta_verify, passkey, password_only, question, two_factors,
    with_answer, with_outbox, with_seed,
};

#[tokio::test]
async fn each_kind_of_code_is_given_where_its_form_has_a_place() {
    for factors in [vec![google()], okta_verify(PushAnswer::Never, 0)] {
        let org = Org::having(two_factors(), &factors);
        let totp = factors.last().unwrap();

        org.log_in(org.walk(with_seed(totp))).await;

        assert_eq!(org.bed.factor_counts().pushes, 0);
    }
    for (kind, provider) in [("token:hotp", "CUSTOM"), ("token:hardware", "YUBICO")] {
        let token = OktaFactor::codes(kind, provider, &["cccccc-once"]);
        let org = Org::having(two_factors(), &[token]);
        let code = CodeSource::fixed(Secret::new("cccccc-once"));

        org.log_in(org.walk(password_only().code(code))).await;
    }
}

#[tokio::test]
async fn codes_by_text_call_and_mail_are_sent_once() {
    for wanted in ["sms", "call", "email"] {
        for straight_to_challenge in [true, false] {
            let phone = |to: &str| [OktaFactor::sms().to(to), OktaFactor::call().to(to)];
            let factors = match wanted {
                "email" => vec![OktaFactor::email()],
                _ => [phone("+15550005309"), phone("+15550005310")].concat(),
            };
            let idx = IdxSwitches {
                straight_to_challenge,
                ..two_factors()
            };
            let org = Org::having(idx, &factors);
            let Org { bed, told } = org;
            let bed = Arc::new(bed);
            let walk = Org {
                bed: Testbed::start().unwrap(),
                told,
            };
            let walk = walk
                .walk(with_outbox(Arc::clone(&bed)))
                .network(bed.network().unwrap())
                .idp_url(&bed.okta_url())
                .unwrap()
                .factor(Factor::parse(wanted).unwrap());

            let portal = doorward::Portal::new(&bed.portal_url(), walk).unwrap();
            doorward::FrontDoor::open(&portal).await.unwrap();

            assert_eq!(bed.complaints(), Vec::<String>::new());
            assert_eq!(bed.outbox().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_security_question_is_answered_once() {
    let org = Org::having(two_factors(), &[question()]);
    org.log_in(org.walk(password_only().answer(with_answer("Rex III"))))
        .await;

    let org = Org::having(two_factors(), &[question()]);
    let error = org
        .open(org.walk(password_only().answer(with_answer("Fido IV"))))
        .await;

    assert_eq!(error.unwrap_err().kind(), ErrorKind::Rejected);
    assert_eq!(org.bed.idx_counts().answers, 2);
}

#[tokio::test]
async fn a_passkey_signs_for_the_page_s_own_host() {
    for user_verification in [false, true] {
        let (passkey, enrolled) = passkey(OKTA_HOST);
        let (_, other) = self::passkey(OKTA_HOST);
        let idx = IdxSwitches {
            user_verification,
            ..two_factors()
        };
        let org = Org::having(idx, &[other, enrolled]);

        org.log_in(org.walk(password_only().passkey(passkey))).await;
    }
}

#[tokio::test]
async fn a_push_is_sent_once_and_its_number_told_once() {
    for poll_path in [
        PollPath::Challenge,
        PollPath::Authenticators,
        PollPath::Alternating,
    ] {
        let idx = IdxSwitches {
            poll_path,
            ..two_factors()
        };
        let mut factors = okta_verify(PushAnswer::Approved, 3);
        factors[1] = factors[1].clone().number(0, 1);
        let org = Org::having(idx, &factors);
        let wanted = Factor::parse("push").unwrap();

        org.log_in(org.walk(password_only()).factor(wanted)).await;

        let counts = org.bed.factor_counts();
        assert_eq!((counts.pushes, counts.polls), (1, 4));
        assert_eq!(org.told(), ["push Okta Verify", "number 0"]);
    }
}

#[tokio::test]
async fn a_refused_or_unanswered_push_is_not_sent_again() {
    for (answer, kind) in [
        (PushAnswer::Rejected, ErrorKind::Rejected),
        (PushAnswer::TimedOut, ErrorKind::AccountState),
    ] {
        for error_status in [ErrorStatus::Usual, ErrorStatus::Ok, ErrorStatus::BadRequest] {
            let idx = IdxSwitches {
                error_status,
                ..two_factors()
            };
            let org = Org::having(idx, &okta_verify(answer, 1));
            let wanted = Factor::parse("push:okta").unwrap();

            let outcome = org.open(org.walk(password_only()).factor(wanted)).await;

            assert_eq!(outcome.unwrap_err().kind(), kind);
            assert_eq!(org.bed.factor_counts().pushes, 1);
            assert_eq!(org.bed.complaints(), Vec::<String>::new());
        }
    }
}

#[tokio::test]
async fn a_push_that_nobody_approves_ends_with_the_deadline() {
    let idx = IdxSwitches {
        refresh: Duration::from_secs(2),
        ..two_factors()
    };
    let org = Org::having(idx, &okta_verify(PushAnswer::Never, 0));
    let walk = org
        .walk(password_only())
        .factor(Factor::Push(None))
        .timeout(Duration::from_secs(1));

    let error = org.open(walk).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::AccountState);
    assert_eq!(org.bed.factor_counts().pushes, 1);
}

#[tokio::test]
async fn a_push_is_sent_only_if_the_caller_named_it() {
    let mut factors = okta_verify(PushAnswer::Approved, 0);
    factors.push(OktaFactor::duo());
    let org = Org::having(two_factors(), &factors);

    let error = org.open(org.walk(password_only())).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(context(&error, "offered"), Some("push:okta, totp:okta"));
    assert_eq!(
        context(&error, "only_in_browsers"),
        Some("okta_verify:signed_nonce, duo:duo")
    );
    assert_eq!(org.bed.factor_counts().pushes, 0);
}

#[tokio::test]
async fn the_preferred_factor_is_taken_though_another_is_asked_for_first() {
    let mut factors = okta_verify(PushAnswer::Approved, 0);
    let credentials = with_seed(&factors[2]).answer(with_answer("Rex III"));
    factors.push(question());
    let org = Org::having(two_factors(), &factors);
    let walk = org
        .walk(credentials)
        .factor(Factor::Question(None))
        .factor(Factor::Totp(None));

    org.log_in(walk).await;

    let answers = org.bed.seen().into_iter();
    let answers = answers.filter(|seen| seen.path == "/idp/idx/challenge");
    assert_eq!(answers.count(), 1);
}

#[tokio::test]
async fn a_seed_answers_the_app_whose_seeds_people_get_to_see() {
    for straight_to_challenge in [true, false] {
        let mut factors = okta_verify(PushAnswer::Approved, 1);
        let google = google();
        factors.push(google.clone());
        let idx = || IdxSwitches {
            straight_to_challenge,
            ..two_factors()
        };
        let org = Org::having(idx(), &factors);
        org.log_in(org.walk(with_seed(&google))).await;

        let org = Org::having(idx(), &factors);
        let code = CodeSource::fixed(Secret::new("wrong-code"));
        let error = org.open(org.walk(password_only().code(code))).await;

        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected);
        let hint = error.next_step().unwrap();
        assert!(hint.contains("--factor totp:okta"), "{hint}");
    }
}

#[tokio::test]
async fn proofs_come_in_any_order_and_number() {
    let policies: [&[Round]; 5] = [
        &[Round::Only("google_otp"), Round::Password],
        &[Round::Either, Round::Either],
        &[
            Round::Password,
            Round::Factor,
            Round::Only("security_question"),
        ],
        &[Round::Only("google_otp")],
        &[Round::Either],
    ];
    for policy in policies {
        let totp = google();
        let idx = IdxSwitches {
            policy: policy.to_vec(),
            ..IdxSwitches::default()
        };
        let org = Org::having(idx, &[totp.clone(), question()]);
        let walk = org
            .walk(with_seed(&totp).answer(with_answer("Rex III")))
            .factor(Factor::Totp(None))
            .factor(Factor::Question(None));

        org.log_in(walk).await;

        assert_eq!(org.bed.idx_counts().answers, policy.len(), "{policy:?}");
    }
}

#[tokio::test]
async fn a_refused_code_is_followed_by_one_more_and_no_third() {
    for code_error in [
        CodeError::PasscodeInvalid,
        CodeError::SoftToken,
        CodeError::TextOnly,
    ] {
        for (codes, kind) in [
            (["wrong-code-1", ""], None),
            (["wrong-code-1", "wrong-code-2"], Some(ErrorKind::Rejected)),
        ] {
            let google = google();
            let idx = IdxSwitches {
                code_error,
                ..two_factors()
            };
            let org = Org::having(idx, [&google]);
            let clock = org.bed.clock().clone();
            let given = Mutex::new(codes.into_iter());
            let codes = CodeSource::callback(move |_| {
                let code = given.lock().unwrap().next();
                Ok(Secret::new(match code {
                    Some("") => google.code_at(clock.seconds()).unwrap(),
                    code => code.unwrap_or("a third code").to_owned(),
                }))
            });

            let outcome = org.open(org.walk(password_only().code(codes))).await;

            assert_eq!(outcome.err().map(|error| error.kind()), kind);
            assert_eq!(org.bed.idx_counts().answers, 3);
        }
    }
}

#[tokio::test]
async fn a_refused_code_stays_a_refusal_where_the_next_one_comes_too_late() {
    let org = Org::having(two_factors(), [&google()]);
    let walk = org
        .walk(with_seed(&google()))
        .timeout(Duration::from_secs(10));

    let error = org.open(walk).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert_eq!(context(&error, "factor"), Some("totp:google"));
    assert!(context(&error, "second_try").is_some());
    assert_eq!(org.bed.idx_counts().answers, 2);
}

#[tokio::test]
async fn a_code_that_another_job_used_is_worth_a_later_login() {
    let google = google();
    let org = Org::having(two_factors(), [&google]);
    let clock = org.bed.clock().clone();
    let code = google.code_at(clock.seconds()).unwrap();
    let app = CodeSource::fixed(Secret::new(&*code));
    org.log_in(org.walk(password_only().code(app))).await;
    let walk = org
        .walk(with_seed(&google))
        .timeout(Duration::from_secs(10));

    let error = org.open(walk).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(context(&error, "refused").is_some());
}

#[tokio::test]
async fn a_suspended_factor_is_a_matter_for_people() {
    let switches = OktaSwitches {
        factor_lock_after: 1,
        ..engine(two_factors())
    };
    let org = Org::enrolled(PortalIdp::OktaOidc, switches, &[google()]);
    let count = Mutex::new(0);
    let codes = CodeSource::callback(move |_| {
        *count.lock().unwrap() += 1;
        Ok(Secret::new(format!("wrong-{}", count.lock().unwrap())))
    });

    let error = org.open(org.walk(password_only().code(codes))).await;

    assert_eq!(error.unwrap_err().kind(), ErrorKind::AccountState);
}

#[tokio::test]
async fn what_nobody_knows_is_named() {
    let org = Org::having(two_factors(), &[OktaFactor::unknown("retina_scan", "ACME")]);

    let error = org.open(org.walk(with_seed(&google()))).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let named = context(&error, "only_in_browsers").unwrap();
    assert!(named.contains("retina_scan"), "{error}");
}
