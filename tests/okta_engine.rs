//! Whole logins at Okta's Identity Engine: each authenticator, each shape of a document, each end.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

#[path = "okta_engine/bench.rs"]
mod bench;
#[path = "okta_factors/stage.rs"]
mod stage;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use doorward::{CodeSource, Error, ErrorKind, Factor, Secret};
use doorward_testkit::{
    Accepts, CodeError, DeviceProbe, ErrorStatus, Fault, Identify, IdxSwitches, MethodType,
    OKTA_HOST, OktaFactor, OktaSwitches, PARTNER_HOST, Person, PollPath, PortalIdp, PostAuth,
    PushAnswer, RateLimit, RelatesTo, Round, Success, Testbed, TokenShape, Trouble, USER,
};

use bench::{
    Org, PASSWORD_AND_FACTOR, engine, google, okta_verify, passkey, password_only, question,
    two_factors, with_answer, with_outbox, with_seed,
};

fn context<'a>(error: &'a Error, name: &str) -> Option<&'a str> {
    let mut context = error.context();
    context
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

#[tokio::test]
async fn a_password_login_takes_the_requests_of_the_protocol() {
    let org = Org::new(IdxSwitches::default());

    let grant = org.log_in(org.walk(password_only())).await;

    assert_eq!(grant.subject(), USER);
    assert_eq!(grant.idp(), Some(org.bed.okta_url().as_str()));
    assert_eq!(
        org.requests(),
        [
            "GET /oauth2/v1/authorize 200",
            "POST /idp/idx/introspect 200",
            "POST /idp/idx/identify 200",
            "POST /idp/idx/challenge/answer 200",
            "GET /login/token/redirect 302",
        ]
    );
}

#[tokio::test]
async fn user_name_password_and_code_come_back_by_a_saml_post() {
    let idx = IdxSwitches {
        straight_to_challenge: false,
        ..two_factors()
    };
    let totp = google();
    let org = Org::enrolled(PortalIdp::OktaSaml, engine(idx), [&totp]);

    org.log_in(org.walk(with_seed(&totp))).await;

    assert_eq!(
        org.requests()[1..],
        [
            "POST /idp/idx/introspect 200",
            "POST /idp/idx/identify 200",
            "POST /idp/idx/challenge 200",
            "POST /idp/idx/challenge/answer 200",
            "POST /idp/idx/challenge 200",
            "POST /idp/idx/challenge/answer 200",
            "GET /login/token/redirect 200",
        ]
    );
    assert_eq!(org.bed.idx_counts().finishes, 1);
}

#[tokio::test]
async fn a_search_for_a_device_is_cancelled_first() {
    for device_probe in [DeviceProbe::Loopback, DeviceProbe::Unauthorized] {
        let org = Org::new(IdxSwitches {
            device_probe,
            ..IdxSwitches::default()
        });

        org.log_in(org.walk(password_only())).await;

        let cancels = usize::from(device_probe == DeviceProbe::Loopback);
        assert_eq!(org.bed.idx_counts().probe_cancels, cancels);
        assert_eq!(org.bed.factor_counts().polls, 0);
        assert_eq!(org.requests().len(), 5 + cancels);
    }
}

#[tokio::test]
async fn every_page_of_every_domain_leads_to_the_engine() {
    let tokens = [
        TokenShape::Variable,
        TokenShape::JsonKey,
        TokenShape::ModelDataBag,
        TokenShape::OktaData,
    ];
    for state_token in tokens {
        for (custom_domain, foreign_base_url) in [(false, false), (true, false), (true, true)] {
            for (idp, form_post) in [
                (PortalIdp::OktaOidc, false),
                (PortalIdp::OktaOidc, true),
                (PortalIdp::OktaSaml, false),
            ] {
                let switches = OktaSwitches {
                    state_token,
                    custom_domain,
                    foreign_base_url,
                    form_post,
                    decoy: true,
                    custom_authorization_server: form_post,
                    relative_locations: form_post,
                    ..engine(IdxSwitches::default())
                };
                let org = Org::with(idp, switches);

                org.log_in(org.walk(password_only())).await;

                assert_eq!(org.requests().len(), 5, "{state_token:?}");
            }
        }
    }
}

#[tokio::test]
async fn every_shape_of_the_documents_is_understood() {
    let shapes = [
        IdxSwitches {
            identify: Identify::WithCredentials,
            ..IdxSwitches::default()
        },
        IdxSwitches {
            decoys: true,
            ..IdxSwitches::default()
        },
        IdxSwitches {
            form_handle_differs: true,
            option_form: true,
            relates_to: RelatesTo::List,
            accepts: Accepts::Vendor,
            ..IdxSwitches::default()
        },
        IdxSwitches {
            form_handle_differs: true,
            rotating_handles: false,
            relates_to: RelatesTo::Dangling,
            accepts: Accepts::Expression,
            method_type: MethodType::Options,
            ..IdxSwitches::default()
        },
        IdxSwitches {
            relates_to: RelatesTo::Bare,
            accepts: Accepts::Missing,
            method_type: MethodType::Value,
            decoys: true,
            ..IdxSwitches::default()
        },
    ];
    for shape in shapes {
        for straight_to_challenge in [true, false] {
            let idx = IdxSwitches {
                policy: PASSWORD_AND_FACTOR.to_vec(),
                straight_to_challenge,
                ..shape.clone()
            };
            let totp = google().label("Okta Verify");
            let mut factors = vec![
                OktaFactor::unknown("retina_scan", "ACME"),
                OktaFactor::duo(),
            ];
            let verify = okta_verify(PushAnswer::Never, 0).into_iter();
            factors.extend(verify.map(|factor| factor.label("Google")));
            factors.push(totp.clone());
            let org = Org::having(idx, &factors);
            let wanted = Factor::parse("totp:google").unwrap();

            org.log_in(org.walk(with_seed(&totp)).factor(wanted)).await;
        }
    }
}

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
async fn pages_between_the_proof_and_the_end_are_passed() {
    let pages = [
        PostAuth::KeepMeSignedIn,
        PostAuth::PasswordExpiring,
        PostAuth::Promotion,
        PostAuth::DeviceAssurance,
    ];
    let mut orders: Vec<Vec<PostAuth>> = pages.iter().map(|page| vec![*page]).collect();
    orders.push(pages.to_vec());
    for post_auth in orders {
        let count = post_auth.len();
        let org = Org::new(IdxSwitches {
            post_auth,
            ..IdxSwitches::default()
        });

        org.log_in(org.walk(password_only())).await;

        assert_eq!(org.requests().len(), 5 + count);
    }
}

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
async fn another_provider_takes_over_and_hands_back() {
    for policy in [vec![Round::Password], PASSWORD_AND_FACTOR.to_vec()] {
        let totp = google();
        let idx = IdxSwitches {
            identify: Identify::OtherProvider,
            policy,
            ..IdxSwitches::default()
        };
        let org = Org::having(idx, [&totp]);
        let walk = org
            .walk(with_seed(&totp))
            .idp_url(&org.bed.url(PARTNER_HOST))
            .unwrap();

        org.log_in(walk).await;

        assert_eq!(org.bed.idx_counts().identifies, 0);
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
async fn what_nobody_knows_is_named() {
    let org = Org::having(two_factors(), &[OktaFactor::unknown("retina_scan", "ACME")]);

    let error = org.open(org.walk(with_seed(&google()))).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let named = context(&error, "only_in_browsers").unwrap();
    assert!(named.contains("retina_scan"), "{error}");
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
