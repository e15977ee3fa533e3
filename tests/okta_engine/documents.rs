//! The way through an organisation: its pages, its documents in each shape, and what stands between proof and end.

use doorward::Factor;
use doorward_testkit::{
    Accepts, DeviceProbe, Identify, IdxSwitches, MethodType, OktaFactor, OktaSwitches,
    PARTNER_HOST, PortalIdp, PostAuth, PushAnswer, RelatesTo, Round, TokenShape, USER,
};

use crate::bench::{
    Org, PASSWORD_AND_FACTOR, engine, google, okta_verify, password_only, two_factors, with_seed,
};

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
