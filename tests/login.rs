//! Whole logins over loopback TLS: every way in that works, and how many requests it takes.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

use doorward::kubeconfig::{Section, UserAuth};
use doorward::{Error, ErrorKind, FrontDoor, Grant, Network, Portal, Walk};
use doorward_providers::{Okta, OpenUnison};
use doorward_testkit::{
    Affinity, Builder, CommandShape, LoginPage, OKTA_HOST, OktaSwitches, PORTAL_HOST, PortalIdp,
    PortalSwitches, StepUp, Testbed, TokenShape, USER,
};

async fn open(bed: &Testbed, walk: Walk) -> Result<Grant, Error> {
    Portal::new(&bed.portal_url(), walk)?.open().await
}

async fn open_with_okta(builder: Builder) -> (Testbed, Result<Grant, Error>) {
    let bed = builder.start().unwrap();
    let walk = bed.walk().unwrap().adapter(Okta::default());
    let outcome = open(&bed, walk).await;
    (bed, outcome)
}

fn requests_to(bed: &Testbed, host: &str) -> Vec<String> {
    let seen = bed.seen().into_iter().filter(|seen| seen.host == host);
    seen.map(|seen| format!("{} {} {}", seen.method, seen.path, seen.status))
        .collect()
}

#[tokio::test]
async fn a_password_login_takes_the_requests_of_the_protocol() {
    let (bed, outcome) = open_with_okta(Testbed::builder()).await;

    let grant = outcome.unwrap();

    assert_eq!(
        requests_to(&bed, PORTAL_HOST),
        [
            "GET /k8stoken/token/user 302",
            "GET /login/auth 302",
            "GET /auth/oidc 302",
            "GET /login/auth 302",
            "GET /k8stoken/token/user 200",
        ]
    );
    assert_eq!(
        requests_to(&bed, OKTA_HOST),
        [
            "GET /oauth2/v1/authorize 302",
            "GET /login/login.htm 200",
            "GET /.well-known/okta-organization 200",
            "POST /api/v1/authn 200",
            "GET /login/sessionCookieRedirect 302",
            "GET /oauth2/v1/authorize/redirect 302",
        ]
    );
    assert_eq!(bed.complaints(), Vec::<String>::new());
    assert_eq!(grant.subject(), USER);
    assert_eq!(grant.idp(), Some(bed.okta_url().as_str()));
    assert_eq!(grant.trail().hops().len(), 11);
    assert!(grant.refresh().is_some());
    assert!(grant.expires().is_some());
}

#[tokio::test]
async fn the_kubeconfig_is_what_the_portal_said() {
    let (bed, outcome) = open_with_okta(Testbed::builder()).await;

    let kubeconfig = outcome
        .unwrap()
        .kubeconfig(&UserAuth::AuthProvider)
        .unwrap();

    assert_eq!(kubeconfig.current_context(), Some("kubernetes"));
    let cluster = kubeconfig.entry(Section::Clusters, "kubernetes").unwrap();
    assert_eq!(cluster["server"], bed.api_url());
    assert!(cluster.contains_key("certificate-authority-data"));
    let context = kubeconfig.entry(Section::Contexts, "kubernetes").unwrap();
    let user = context["user"].as_str().unwrap();
    let config = &kubeconfig.entry(Section::Users, user).unwrap()["auth-provider"]["config"];
    assert_eq!(
        config["idp-issuer-url"],
        format!("{}/auth/idp/k8sIdp", bed.portal_url())
    );
    assert_eq!(config["client-id"], "kubernetes");
}

#[tokio::test]
async fn a_token_user_holds_the_id_token() {
    let (_bed, outcome) = open_with_okta(Testbed::builder()).await;

    let grant = outcome.unwrap();
    let kubeconfig = grant.kubeconfig(&UserAuth::Token).unwrap();

    let name = kubeconfig.names(Section::Users).next().unwrap().to_owned();
    let user = kubeconfig.entry(Section::Users, &name).unwrap();
    assert_eq!(user["token"], grant.id_token().expose_secret());
    assert!(!user.contains_key("auth-provider"));
}

#[tokio::test]
async fn saml_comes_back_by_a_form_that_submits_itself() {
    for empty_relay_state in [false, true] {
        let switches = OktaSwitches {
            empty_relay_state,
            ..OktaSwitches::default()
        };
        let (bed, outcome) =
            open_with_okta(Testbed::builder().idp(PortalIdp::OktaSaml).okta(switches)).await;

        outcome.unwrap();
        assert_eq!(bed.count(PORTAL_HOST, "/auth/saml2"), 1);
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn oidc_comes_back_by_form_post_as_well() {
    let switches = OktaSwitches {
        form_post: true,
        ..OktaSwitches::default()
    };
    let (bed, outcome) = open_with_okta(Testbed::builder().okta(switches)).await;

    outcome.unwrap();
    assert!(requests_to(&bed, PORTAL_HOST).contains(&"POST /auth/oidc 302".to_owned()));
}

#[tokio::test]
async fn the_portals_own_form_needs_no_named_provider() {
    let bed = Testbed::builder().idp(PortalIdp::Form).start().unwrap();
    let credentials =
        doorward::Credentials::new(USER, doorward::Secret::new(doorward_testkit::PASSWORD))
            .unwrap();
    let walk = Walk::new()
        .network(bed.network().unwrap())
        .credentials(credentials)
        .adapter(OpenUnison::default());

    let grant = open(&bed, walk).await.unwrap();

    assert_eq!(grant.idp(), Some(bed.portal_url().as_str()));
    assert_eq!(bed.complaints(), Vec::<String>::new());
    assert_eq!(bed.seen().len(), 6);
}

#[tokio::test]
async fn every_shape_of_the_login_page_is_understood() {
    let pages = [
        LoginPage::Query,
        LoginPage::HiddenInput,
        LoginPage::Script,
        LoginPage::AtAppUrl,
    ];
    let tokens = [
        TokenShape::Variable,
        TokenShape::JsonKey,
        TokenShape::ModelDataBag,
        TokenShape::OktaData,
    ];
    for login_page in pages {
        for state_token in tokens {
            let switches = OktaSwitches {
                login_page,
                state_token,
                decoy: true,
                ..OktaSwitches::default()
            };
            let (bed, outcome) = open_with_okta(Testbed::builder().okta(switches)).await;

            assert!(
                outcome.is_ok(),
                "{login_page:?} {state_token:?}: {outcome:?}\n{:#?}",
                bed.complaints()
            );
            assert_eq!(
                bed.complaints(),
                Vec::<String>::new(),
                "{login_page:?} {state_token:?}"
            );
        }
    }
}

#[tokio::test]
async fn organisations_differ_in_domains_servers_and_redirects() {
    for switches in [
        OktaSwitches {
            custom_domain: true,
            ..OktaSwitches::default()
        },
        OktaSwitches {
            custom_domain: true,
            foreign_base_url: true,
            ..OktaSwitches::default()
        },
        OktaSwitches {
            custom_authorization_server: true,
            ..OktaSwitches::default()
        },
        OktaSwitches {
            relative_locations: true,
            ..OktaSwitches::default()
        },
    ] {
        for idp in [PortalIdp::OktaOidc, PortalIdp::OktaSaml] {
            let (bed, outcome) =
                open_with_okta(Testbed::builder().idp(idp).okta(switches.clone())).await;

            assert!(outcome.is_ok(), "{switches:?}: {outcome:?}");
            assert_eq!(bed.complaints(), Vec::<String>::new());
        }
    }
}

#[tokio::test]
async fn a_step_up_that_is_met_already_is_passed() {
    for step_up_by_redirect in [false, true] {
        let switches = OktaSwitches {
            step_up: StepUp::Met,
            step_up_by_redirect,
            ..OktaSwitches::default()
        };
        let (bed, outcome) = open_with_okta(Testbed::builder().okta(switches)).await;

        assert!(outcome.is_ok(), "{outcome:?}");
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn pages_with_a_link_are_followed_at_the_portal() {
    let js = PortalSwitches {
        js_redirect: true,
        ..PortalSwitches::default()
    };
    let (_bed, outcome) = open_with_okta(Testbed::builder().portal(js)).await;
    outcome.unwrap();

    let jump = PortalSwitches {
        jump_page: true,
        ..PortalSwitches::default()
    };
    let (_bed, outcome) =
        open_with_okta(Testbed::builder().idp(PortalIdp::OktaSaml).portal(jump)).await;
    outcome.unwrap();
}

#[tokio::test]
async fn the_chooser_is_answered_only_by_the_caller() {
    let chooser = vec!["Okta".to_owned(), "Directory".to_owned()];
    let switches = PortalSwitches {
        chooser,
        ..PortalSwitches::default()
    };
    let bed = Testbed::builder().portal(switches).start().unwrap();
    let walk = || bed.walk().unwrap().adapter(Okta::default());

    let error = open(&bed, walk()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(
        error.to_string().contains(r#""Okta", "Directory""#),
        "{error}"
    );
    assert_eq!(bed.count(OKTA_HOST, "/"), 0);

    open(&bed, walk().login_option("Okta")).await.unwrap();
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn terms_are_accepted_only_by_the_caller() {
    let switches = PortalSwitches {
        terms: true,
        ..PortalSwitches::default()
    };
    let bed = Testbed::builder().portal(switches).start().unwrap();
    let walk = || bed.walk().unwrap().adapter(Okta::default());

    let error = open(&bed, walk()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccountState);
    assert!(error.next_step().unwrap().contains("--accept-terms"));

    open(&bed, walk().accept_terms()).await.unwrap();
}

#[tokio::test]
async fn every_command_of_the_portals_releases_is_taken() {
    for command in [
        CommandShape::Repositories,
        CommandShape::Charts2021,
        CommandShape::Charts2023,
        CommandShape::Charts2026,
        CommandShape::ManyLines,
    ] {
        for (cluster_ca, portal_ca) in [(true, true), (false, true), (true, false), (false, false)]
        {
            let additional_servers =
                vec![("vip".to_owned(), "https://vip.example.test".to_owned())];
            let switches = PortalSwitches {
                command,
                cluster_ca,
                portal_ca,
                additional_servers,
                ..PortalSwitches::default()
            };
            let (_bed, outcome) = open_with_okta(Testbed::builder().portal(switches)).await;

            let kubeconfig = outcome
                .unwrap()
                .kubeconfig(&UserAuth::AuthProvider)
                .unwrap();
            assert_eq!(kubeconfig.current_context(), Some("kubernetes"));
            let clusters: Vec<&str> = kubeconfig.names(Section::Clusters).collect();
            assert_eq!(clusters[0], "kubernetes");
            let cluster = kubeconfig.entry(Section::Clusters, "kubernetes").unwrap();
            assert_eq!(
                cluster.get("certificate-authority-data").is_some(),
                cluster_ca
            );
            assert!(!cluster.contains_key("insecure-skip-tls-verify"));
        }
    }
}

#[tokio::test]
async fn a_damaged_command_is_mended_by_the_documents_own_tokens() {
    let switches = PortalSwitches {
        corrupt_command: true,
        ..PortalSwitches::default()
    };
    let (_bed, outcome) = open_with_okta(Testbed::builder().portal(switches)).await;

    let grant = outcome.unwrap();

    assert!(grant.id_token().expose_secret().contains("___"));
    let kubeconfig = grant.kubeconfig(&UserAuth::AuthProvider).unwrap();
    let name = kubeconfig.names(Section::Users).next().unwrap().to_owned();
    let config = &kubeconfig.entry(Section::Users, &name).unwrap()["auth-provider"]["config"];
    assert_eq!(config["id-token"], grant.id_token().expose_secret());
}

#[tokio::test]
async fn a_login_without_refresh_token_is_a_login() {
    let switches = PortalSwitches {
        refresh_token: false,
        ..PortalSwitches::default()
    };
    let (_bed, outcome) = open_with_okta(Testbed::builder().portal(switches)).await;

    assert!(outcome.unwrap().refresh().is_none());
}

#[tokio::test]
async fn the_ingress_cookie_keeps_us_at_one_pod() {
    let switches = PortalSwitches {
        affinity: Affinity::Cookie,
        ..PortalSwitches::default()
    };
    let (bed, outcome) = open_with_okta(Testbed::builder().portal(switches)).await;

    outcome.unwrap();
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_satellite_leads_through_its_control_plane() {
    let (bed, outcome) = open_with_okta(Testbed::builder().satellite()).await;

    outcome.unwrap();
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn many_logins_at_once_share_one_walk() {
    let switches = OktaSwitches {
        rate_limit: false,
        ..OktaSwitches::default()
    };
    let bed = Testbed::builder().okta(switches).start().unwrap();
    let walk = bed.walk().unwrap().adapter(Okta::default());
    let portal = Portal::new(&bed.portal_url(), walk).unwrap();

    let logins: Vec<_> = (0..8)
        .map(|_| {
            let portal = portal.clone();
            tokio::spawn(async move { portal.open().await.map(|grant| grant.trail().hops().len()) })
        })
        .collect();

    for login in logins {
        assert_eq!(login.await.unwrap().unwrap(), 11);
    }
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn every_name_can_lead_to_one_address() {
    let bed = Testbed::start().unwrap();
    let network = |entries: &[&str]| {
        let trusting = Network::new().ca_pem(bed.ca_pem().as_bytes()).unwrap();
        let entries = entries.iter();
        entries.fold(trusting.ca_only(), |network, entry| {
            network.resolve(entry).unwrap()
        })
    };
    let walk = || bed.walk().unwrap().adapter(Okta::default());

    let grant = open(&bed, walk().network(network(&["*:443:127.0.0.1"]))).await;
    // Nothing listens there, and an entry of its own goes before.
    let own = format!("{PORTAL_HOST}:443:127.0.0.9");
    let own = open(&bed, walk().network(network(&["*:443:127.0.0.1", &own]))).await;

    assert_eq!(grant.unwrap().subject(), USER);
    assert_eq!(own.unwrap_err().kind(), ErrorKind::Transport);
}
