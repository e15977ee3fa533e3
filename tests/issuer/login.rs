//! The login at the issuer's page.

use doorward::kubeconfig::{Section, Target, UserAuth};
use doorward::{ErrorKind, FrontDoor};
use doorward_testkit::{CLIENT_ID, PROVIDER_HOST, Provider, ProviderSwitches, USER};

use crate::world::Scene;

#[tokio::test]
async fn a_login_takes_the_requests_of_the_protocol_and_ends_before_the_redirect_address() {
    let scene = Scene::usual();

    let grant = scene.open().await.unwrap();

    assert_eq!(
        scene.requests(),
        [
            "GET /realms/ci/.well-known/openid-configuration 200",
            "GET /realms/ci/auth 302",
            "GET /realms/ci/login 200",
            "POST /realms/ci/login 302",
            "POST /realms/ci/token 200",
            "GET /realms/ci/certs 200",
        ]
    );
    scene.assert_clean();
    assert_eq!(grant.subject(), USER);
    assert_eq!(grant.idp(), Some(scene.bed.url(PROVIDER_HOST).as_str()));
    assert_eq!(grant.trail().hops().len(), 3);
    assert!(grant.expires().is_some());
    assert!(grant.refresh().is_none());
    assert!(grant.servers().is_empty());
}

#[tokio::test]
async fn a_redirect_address_of_any_kind_is_an_end() {
    for redirect_uri in [
        "http://localhost:18000",
        "https://api.example.test/redirect_uri?x=1",
        "com.example.ci:/callback",
    ] {
        let scene = Scene::new(ProviderSwitches {
            redirect_uri: redirect_uri.to_owned(),
            ..ProviderSwitches::default()
        });
        let issuer = scene.issuer().redirect_uri(redirect_uri).unwrap();

        issuer.open().await.unwrap();

        scene.assert_clean();
    }
}

#[tokio::test]
async fn a_cluster_that_is_named_gets_a_user_that_kubectl_refreshes() {
    let scene = Scene::usual();
    let target = Target::new("https://k8s.example.test:6443").unwrap();
    let issuer = scene
        .issuer()
        .scope("offline_access")
        .target(target.named("prod"));

    let grant = issuer.open().await.unwrap();

    assert_eq!(grant.servers(), ["https://k8s.example.test:6443"]);
    let kubeconfig = grant.kubeconfig(&UserAuth::AuthProvider).unwrap();
    let user = kubeconfig.oidc_user(&format!("{USER}@prod")).unwrap();
    assert_eq!(user.issuer, Provider::issuer(&scene.bed));
    assert_eq!(user.client_id, CLIENT_ID);
    assert!(user.refresh_token.is_some());
    assert_eq!(
        user.id_token.expose_secret(),
        grant.id_token().expose_secret()
    );

    let kubeconfig = grant.kubeconfig(&UserAuth::Token).unwrap();
    let user = kubeconfig
        .entry(Section::Users, &format!("{USER}@prod"))
        .unwrap();
    assert_eq!(user["token"], grant.id_token().expose_secret());
    assert!(!user.contains_key("auth-provider"));
}

#[tokio::test]
async fn a_wrong_password_is_rejected_and_tried_once() {
    let scene = Scene::usual();

    let error = scene
        .issuer_by(scene.walk_with("wrong horse"))
        .open()
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert_eq!(
        scene
            .bed
            .seen()
            .iter()
            .filter(|seen| seen.method == "POST")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_key_that_was_replaced_during_the_login_is_found() {
    let scene = Scene::usual();
    scene.open().await.unwrap();

    scene.provider.rotate_keys();

    scene.open().await.unwrap();
}

#[tokio::test]
async fn a_server_whose_clock_is_hours_off_is_judged_by_its_own() {
    for hours in [5, -5] {
        let scene = Scene::usual();
        let time = std::time::Duration::from_secs(5 * 3600);
        match hours > 0 {
            true => scene.bed.clock().advance(time),
            false => scene.bed.clock().set_back(time),
        }

        scene.open().await.unwrap();
    }
}
