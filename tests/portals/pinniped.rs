//! Pinniped's Supervisor: a login without any page, and the token of one cluster.

use doorward::kubeconfig::{OidcUser, Target, UserAuth};
use doorward::{ErrorKind, FrontDoor, Portal, PortalKind, Rung, Secret, TokenSource, Walk};
use doorward_testkit::{EVIL_HOST, OtherPortal, PASSWORD, PORTAL_HOST, PinnipedSwitches, USER};

use crate::stage::{Stage, assert_shows_no_secret};

fn stage(switches: PinnipedSwitches) -> Stage {
    Stage::new(OtherPortal::Pinniped(switches))
}

fn usual() -> PinnipedSwitches {
    PinnipedSwitches::default()
}

fn walk(stage: &Stage, password: &str) -> Walk {
    let walk = stage.bed.walk_as(USER, password).unwrap();
    walk.idp_url(&stage.bed.portal_url()).unwrap()
}

fn at(stage: &Stage, walk: Walk) -> Portal {
    stage
        .portal(PinnipedSwitches::PATH, walk)
        .kind(PortalKind::Pinniped)
}

fn target() -> Target {
    Target::new("https://k8s.test:6443").unwrap().named("prod")
}

#[tokio::test]
async fn user_name_and_password_go_in_headers_and_come_back_as_a_code() {
    let stage = stage(usual());

    let grant = at(&stage, walk(&stage, PASSWORD))
        .target(target())
        .open()
        .await
        .unwrap();

    assert_eq!(
        stage.requests(),
        [
            "GET /demo-issuer/.well-known/openid-configuration 200",
            "GET /demo-issuer/v1alpha1/pinniped_identity_providers 200",
            "GET /demo-issuer/oauth2/authorize 303",
            "POST /demo-issuer/oauth2/token 200",
            "GET /demo-issuer/jwks.json 200",
        ]
    );
    assert_eq!(stage.bed.complaints(), Vec::<String>::new());
    assert_eq!(grant.subject(), USER);
    assert_eq!(grant.refresh().unwrap().client_id, "pinniped-cli");
    assert_eq!(grant.servers(), ["https://k8s.test:6443"]);
    grant.kubeconfig(&UserAuth::Token).unwrap().check().unwrap();
}

#[tokio::test]
async fn a_refresh_needs_no_password() {
    let stage = stage(usual());
    let portal = at(&stage, walk(&stage, PASSWORD)).target(target());
    let grant = portal.open().await.unwrap();
    let refresh = grant.refresh().unwrap();
    let mut user = OidcUser::new(&*refresh.issuer, &*refresh.client_id, Secret::new(""));
    user.refresh_token = Some(refresh.token.clone());
    let source = TokenSource::new(portal);
    source.adopt(&user, grant.servers()).await.unwrap();

    let token = source.token().await.unwrap();

    assert_eq!(token.rung(), Rung::Refresh);
    assert_eq!(
        stage
            .bed
            .count(PORTAL_HOST, "/demo-issuer/oauth2/authorize"),
        1
    );
    assert_eq!(stage.bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_cluster_s_own_token_is_exchanged_for() {
    let stage = stage(usual());
    let portal = at(&stage, walk(&stage, PASSWORD))
        .target(target())
        .audience("prod-cluster-7");

    let grant = portal.open().await.unwrap();

    let payload = grant
        .id_token()
        .expose_secret()
        .split('.')
        .nth(1)
        .unwrap()
        .to_owned();
    let payload =
        base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, payload).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(claims["aud"][0], "prod-cluster-7");
    // What the refresh token brings is good at the Supervisor alone.
    assert!(grant.refresh().is_none());
    assert_eq!(stage.bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn an_audience_that_the_supervisor_keeps_for_itself_is_told() {
    let stage = stage(usual());
    let portal = at(&stage, walk(&stage, PASSWORD)).audience("client.oauth.pinniped.dev-x");

    let error = portal.open().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert_shows_no_secret(&stage, &error);
}

#[tokio::test]
async fn a_wrong_password_is_rejected_after_one_attempt() {
    let stage = stage(usual());

    let error = at(&stage, walk(&stage, "wrong")).open().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    assert_eq!(
        stage
            .bed
            .count(PORTAL_HOST, "/demo-issuer/oauth2/authorize"),
        1
    );
    assert_shows_no_secret(&stage, &error);
}

#[tokio::test]
async fn a_supervisor_that_nobody_named_beside_another_gets_no_password() {
    let stage = stage(usual());

    let error = at(&stage, stage.bed.walk().unwrap())
        .open()
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UntrustedOrigin, "{error}");
    assert_eq!(
        stage
            .bed
            .count(PORTAL_HOST, "/demo-issuer/oauth2/authorize"),
        0
    );
}

#[tokio::test]
async fn of_several_providers_one_is_chosen_and_those_without_a_password_do_not_count() {
    let two = vec![
        ("corp-ldap", "ldap"),
        ("branch", "activedirectory"),
        ("cloud", "oidc"),
    ];
    let stage_of_two = stage(PinnipedSwitches {
        providers: two,
        ..usual()
    });
    let error = at(&stage_of_two, walk(&stage_of_two, PASSWORD))
        .open()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    let chosen = walk(&stage_of_two, PASSWORD).login_option("branch");
    at(&stage_of_two, chosen).open().await.unwrap();

    let only = stage(PinnipedSwitches {
        providers: vec![("cloud", "oidc")],
        ..usual()
    });
    let error = at(&only, walk(&only, PASSWORD)).open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert_eq!(
        only.bed.count(PORTAL_HOST, "/demo-issuer/oauth2/authorize"),
        0
    );
}

#[tokio::test]
async fn an_older_supervisor_is_asked_for_what_it_knows() {
    let stage = stage(PinnipedSwitches {
        old: true,
        ..usual()
    });

    at(&stage, walk(&stage, PASSWORD)).open().await.unwrap();

    assert_eq!(stage.bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn an_endpoint_elsewhere_gets_nothing() {
    let stage = stage(PinnipedSwitches {
        authorization_elsewhere: true,
        ..usual()
    });

    let error = at(&stage, walk(&stage, PASSWORD)).open().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UntrustedOrigin, "{error}");
    assert!(stage.bed.seen().iter().all(|seen| seen.host != EVIL_HOST));
}

#[tokio::test]
async fn a_token_that_was_not_asked_for_is_dropped() {
    let nonce = stage(PinnipedSwitches {
        changes_nonce: true,
        ..usual()
    });
    let error = at(&nonce, walk(&nonce, PASSWORD)).open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Portal, "{error}");
    assert_shows_no_secret(&nonce, &error);

    let audience = stage(PinnipedSwitches {
        changes_audience: true,
        ..usual()
    });
    let portal = at(&audience, walk(&audience, PASSWORD)).audience("prod-cluster-7");
    let error = portal.open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Portal, "{error}");
}

#[tokio::test]
async fn a_password_that_no_header_can_carry_is_not_sent() {
    let stage = stage(usual());

    let error = at(&stage, walk(&stage, " blank "))
        .open()
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert_eq!(
        stage
            .bed
            .count(PORTAL_HOST, "/demo-issuer/oauth2/authorize"),
        0
    );
}
