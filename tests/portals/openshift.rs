//! OpenShift: the challenge that `oc` answers, and the page that shows a token to people.

use doorward::kubeconfig::{Section, Target, UserAuth};
use doorward::{ErrorKind, FrontDoor, Portal, PortalKind, TokenSource, Walk};
use doorward_providers::Okta;
use doorward_testkit::{
    CONTROL_PLANE_HOST, Challenge, EVIL_HOST, OpenShiftSwitches, OtherPortal, PASSWORD,
    PORTAL_HOST, USER,
};

use crate::stage::{Stage, assert_shows_no_secret};

const TOKEN_PAGE: &str = "/oauth/token/request";

fn stage(switches: OpenShiftSwitches) -> Stage {
    Stage::new(OtherPortal::OpenShift(switches))
}

fn usual() -> OpenShiftSwitches {
    OpenShiftSwitches::default()
}

/// A login at the API server, which names the OAuth server's origin
fn at_api(stage: &Stage, password: &str) -> Portal {
    let walk = stage.bed.walk_as(USER, password).unwrap();
    let walk = walk.idp_url(&stage.bed.control_plane_url()).unwrap();
    stage.portal("/", walk).kind(PortalKind::OpenShift)
}

/// A login at the page for people
fn at_page(stage: &Stage, walk: Walk) -> Portal {
    let walk = walk.idp_url(&stage.bed.control_plane_url()).unwrap();
    let url = format!("{}{TOKEN_PAGE}", stage.bed.control_plane_url());
    Portal::new(&url, walk).unwrap()
}

fn requests(stage: &Stage) -> Vec<String> {
    let seen = stage.bed.seen().into_iter();
    let own = seen.filter(|seen| [PORTAL_HOST, CONTROL_PLANE_HOST].contains(&&*seen.host));
    own.map(|seen| format!("{} {} {}", seen.method, seen.path, seen.status))
        .collect()
}

#[tokio::test]
async fn a_challenge_is_answered_with_a_password_and_a_code_with_a_verifier() {
    let stage = stage(usual());

    let grant = at_api(&stage, PASSWORD).open().await.unwrap();

    assert_eq!(
        requests(&stage),
        [
            "GET /.well-known/oauth-authorization-server 200",
            "GET /oauth/authorize 401",
            "GET /oauth/authorize 302",
            "POST /oauth/token 200",
        ]
    );
    assert_eq!(stage.bed.complaints(), Vec::<String>::new());
    assert_eq!(grant.subject(), USER);
    assert_eq!(grant.servers(), [stage.bed.portal_url()]);
    assert!(grant.id_token().expose_secret().starts_with("sha256~"));
    let lives = grant
        .expires()
        .unwrap()
        .duration_since(jiff::Timestamp::now());
    assert!((86_000..=86_400).contains(&lives.as_secs()), "{lives:?}");
    assert!(grant.refresh().is_none());
    let kubeconfig = grant.kubeconfig(&UserAuth::AuthProvider).unwrap();
    kubeconfig.check().unwrap();
    let user = kubeconfig.names(Section::Users).next().unwrap();
    let user = kubeconfig.entry(Section::Users, user).unwrap();
    assert_eq!(user["token"], grant.id_token().expose_secret());
}

#[tokio::test]
async fn a_token_that_nobody_can_read_is_kept_until_its_end() {
    let stage = stage(usual());
    let source = TokenSource::new(at_api(&stage, PASSWORD));

    source.log_in().await.unwrap();
    let token = source.token().await.unwrap();

    assert!(token.expires() > jiff::Timestamp::now());
    assert_eq!(stage.bed.count(CONTROL_PLANE_HOST, "/oauth/token"), 1);
}

#[tokio::test]
async fn a_server_of_before_the_code_flow_answers_in_the_fragment() {
    let stage = stage(OpenShiftSwitches {
        implicit: true,
        ..usual()
    });

    let grant = at_api(&stage, PASSWORD).open().await.unwrap();

    assert!(grant.expires().is_some());
    assert_eq!(stage.bed.count(CONTROL_PLANE_HOST, "/oauth/token"), 0);
    assert_eq!(stage.bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn an_answer_to_another_request_is_none() {
    for implicit in [false, true] {
        let stage = stage(OpenShiftSwitches {
            implicit,
            changes_state: true,
            ..usual()
        });

        let error = at_api(&stage, PASSWORD).open().await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::UnexpectedPage, "{error}");
        assert_shows_no_secret(&stage, &error);
    }
}

#[tokio::test]
async fn a_wrong_password_is_rejected_after_one_attempt() {
    let stage = stage(usual());

    let error = at_api(&stage, "wrong").open().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    assert_eq!(requests(&stage).len(), 3);
    assert_shows_no_secret(&stage, &error);
}

#[tokio::test]
async fn an_oauth_server_that_nobody_named_gets_no_password() {
    let stage = stage(usual());
    let portal = stage
        .portal("/", stage.bed.walk().unwrap())
        .kind(PortalKind::OpenShift);

    let error = portal.open().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UntrustedOrigin, "{error}");
    let named = format!("--idp-url {}", stage.bed.control_plane_url());
    assert!(error.next_step().unwrap().contains(&named));
    let asked = stage
        .bed
        .seen()
        .into_iter()
        .filter(|seen| seen.host == CONTROL_PLANE_HOST);
    assert!(
        asked
            .into_iter()
            .all(|seen| !seen.headers.contains(&"authorization".to_owned()))
    );
}

#[tokio::test]
async fn endpoints_at_different_origins_are_refused() {
    let stage = stage(OpenShiftSwitches {
        token_elsewhere: true,
        ..usual()
    });

    let error = at_api(&stage, PASSWORD).open().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UntrustedOrigin, "{error}");
    assert!(stage.bed.seen().iter().all(|seen| seen.host != EVIL_HOST));
    assert_eq!(requests(&stage).len(), 1);
}

#[tokio::test]
async fn where_no_password_is_asked_for_the_page_for_people_gives_the_token() {
    for challenge in [Challenge::Negotiate, Challenge::Nothing] {
        let stage = stage(OpenShiftSwitches {
            challenge,
            ..usual()
        });

        let grant = at_api(&stage, PASSWORD).open().await.unwrap();

        assert_eq!(
            requests(&stage).split_off(2),
            [
                "GET /oauth/token/request 302",
                "GET /oauth/authorize 302",
                "GET /login/htpasswd 200",
                "POST /login/htpasswd 302",
                "GET /oauth/authorize 302",
                "GET /oauth/token/display 200",
                "POST /oauth/token/display 200",
            ]
        );
        assert_eq!(stage.bed.complaints(), Vec::<String>::new());
        assert_eq!(grant.servers(), [stage.bed.portal_url()]);
        assert_eq!(grant.expires(), None);
    }
}

#[tokio::test]
async fn the_page_for_people_is_known_by_its_address() {
    let stage = stage(usual());

    let grant = at_page(&stage, stage.bed.walk().unwrap())
        .open()
        .await
        .unwrap();

    assert_eq!(grant.servers(), [stage.bed.portal_url()]);
    assert_eq!(stage.bed.complaints(), Vec::<String>::new());
    let kubeconfig = grant.kubeconfig(&UserAuth::Token).unwrap();
    kubeconfig.check().unwrap();
}

#[tokio::test]
async fn of_several_providers_one_is_chosen_by_its_label_or_name() {
    for (option, at_okta) in [
        ("Local users", 0),
        ("htpasswd", 0),
        ("Company", 1),
        ("corp", 1),
    ] {
        let stage = stage(OpenShiftSwitches {
            choice: true,
            ..usual()
        });
        let walk = stage
            .bed
            .walk()
            .unwrap()
            .login_option(option)
            .adapter(Okta::default());

        at_page(&stage, walk).open().await.unwrap();

        assert_eq!(stage.passwords(), at_okta, "{option}");
        assert_eq!(stage.bed.complaints(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_wrong_password_in_the_form_is_rejected_after_one_attempt() {
    let stage = stage(usual());
    let walk = stage.bed.walk_as(USER, "wrong").unwrap();

    let error = at_page(&stage, walk).open().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    let posts = requests(&stage)
        .into_iter()
        .filter(|seen| seen.starts_with("POST"));
    assert_eq!(posts.count(), 1);
}

#[tokio::test]
async fn a_form_whose_cookie_is_lost_is_no_wrong_password() {
    let stage = stage(OpenShiftSwitches {
        loses_csrf: true,
        ..usual()
    });

    let error = at_page(&stage, stage.bed.walk().unwrap())
        .open()
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UnexpectedPage, "{error}");
    let posts = requests(&stage)
        .into_iter()
        .filter(|seen| seen.starts_with("POST"));
    assert_eq!(posts.count(), 1);
}

#[tokio::test]
async fn rights_are_given_only_where_the_caller_allows_it() {
    let stage = stage(OpenShiftSwitches {
        approval: true,
        ..usual()
    });

    let error = at_page(&stage, stage.bed.walk().unwrap())
        .open()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccountState, "{error}");

    at_page(&stage, stage.bed.walk().unwrap().accept_consent())
        .open()
        .await
        .unwrap();
    assert_eq!(stage.bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_server_on_the_page_is_foreign_data() {
    for server in ["http://api.test", "https://ci@api.test", "file:///etc", ""] {
        let stage = stage(OpenShiftSwitches {
            server: Some(server.into()),
            ..usual()
        });

        let error = at_page(&stage, stage.bed.walk().unwrap())
            .open()
            .await
            .unwrap_err();

        let told = matches!(error.kind(), ErrorKind::Config | ErrorKind::UnsafeCommand);
        assert!(told, "{server}: {error}");
        assert_shows_no_secret(&stage, &error);
    }
}

#[tokio::test]
async fn the_caller_s_cluster_goes_before_the_portal_s() {
    let stage = stage(usual());
    let target = Target::new("https://k8s.test:6443").unwrap().named("prod");

    let grant = at_api(&stage, PASSWORD)
        .target(target)
        .open()
        .await
        .unwrap();

    assert_eq!(grant.servers(), ["https://k8s.test:6443"]);
    let kubeconfig = grant.kubeconfig(&UserAuth::AuthProvider).unwrap();
    kubeconfig.check().unwrap();
    assert_eq!(kubeconfig.current_context(), Some("prod"));
}

#[tokio::test]
async fn a_portal_that_is_no_openshift_is_told() {
    let stage = Stage::new(OtherPortal::Download(Default::default()));
    let portal = stage.portal(
        "/",
        stage
            .bed
            .walk()
            .unwrap()
            .via(&stage.bed.okta_url())
            .unwrap(),
    );

    let error = portal.kind(PortalKind::OpenShift).open().await.unwrap_err();

    assert!(
        matches!(error.kind(), ErrorKind::Portal | ErrorKind::NoAdapter),
        "{error}"
    );
    assert_eq!(stage.passwords(), 0);
}
