//! gangway and gangplank: the first page, the provider, the page of commands, and the download beside it.

use doorward::kubeconfig::{Section, UserAuth};
use doorward::{Allow, ErrorKind, FrontDoor, PortalKind};
use doorward_testkit::{Fault, GangwaySwitches, OtherPortal, PORTAL_HOST, Trouble, USER};

use crate::stage::{Stage, assert_shows_no_secret};

fn stage(switches: GangwaySwitches) -> Stage {
    Stage::new(OtherPortal::Gangway(switches))
}

#[tokio::test]
async fn the_kubeconfig_is_that_of_the_download() {
    for fork in [false, true] {
        for (kind, first) in [
            (Some(PortalKind::Gangway), "/"),
            (None, "/k8stoken/token/user"),
        ] {
            let stage = stage(GangwaySwitches {
                fork,
                ..GangwaySwitches::default()
            });

            let grant = stage.open("/", kind).await.unwrap();

            assert_eq!(
                stage.requests(),
                [
                    &*format!("GET {first} 200"),
                    "GET /login 307",
                    "GET /callback 303",
                    "GET /commandline 200",
                    "GET /kubeconf 200",
                ]
            );
            assert_eq!(stage.bed.complaints(), Vec::<String>::new());
            assert_eq!(grant.subject(), USER);
            assert_eq!(grant.idp(), Some(&*stage.bed.okta_url()));
            assert_eq!(grant.servers(), [stage.bed.api_url()]);
            assert!(grant.expires().is_some());
            let refresh = grant.refresh().unwrap();
            assert_eq!(refresh.issuer, stage.bed.okta_url());
            assert!(refresh.client_secret.is_some());
            let kubeconfig = grant.kubeconfig(&UserAuth::AuthProvider).unwrap();
            kubeconfig.check().unwrap();
            assert_eq!(kubeconfig.current_context(), Some("prod"));
        }
    }
}

#[tokio::test]
async fn without_a_download_the_commands_make_the_kubeconfig() {
    let stage = stage(GangwaySwitches {
        commands_only: true,
        ..GangwaySwitches::default()
    });

    let grant = stage.open("/", Some(PortalKind::Gangway)).await.unwrap();

    assert_eq!(stage.bed.count(PORTAL_HOST, "/kubeconf"), 0);
    let kubeconfig = grant.kubeconfig(&UserAuth::AuthProvider).unwrap();
    kubeconfig.check().unwrap();
    let cluster = kubeconfig.entry(Section::Clusters, "prod").unwrap();
    assert!(cluster.contains_key("certificate-authority-data"));
    assert!(grant.refresh().is_some());
}

#[tokio::test]
async fn a_portal_below_a_path_is_found_there() {
    let switches = GangwaySwitches {
        path: "/tools/gangway".into(),
        ..GangwaySwitches::default()
    };
    let stage = stage(switches);

    for (path, kind) in [
        ("/tools/gangway/", None),
        ("/tools/gangway/login", Some(PortalKind::Gangway)),
        ("/tools/gangway/kubeconf", Some(PortalKind::Gangway)),
    ] {
        stage.open(path, kind).await.unwrap();
    }

    assert_eq!(stage.bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_portal_that_loses_its_cookies_gets_the_password_once() {
    let lost = [
        GangwaySwitches {
            loses_session: true,
            ..GangwaySwitches::default()
        },
        GangwaySwitches {
            loses_state: true,
            ..GangwaySwitches::default()
        },
    ];
    for switches in lost {
        let stage = stage(switches.clone());

        let error = stage.open("/", None).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Portal, "{switches:?}: {error}");
        assert!(
            error.next_step().unwrap().contains("session key"),
            "{error}"
        );
        assert_eq!(stage.passwords(), 1);
        assert_shows_no_secret(&stage, &error);
    }
}

#[tokio::test]
async fn an_issuer_that_nobody_named_gets_no_refresh_token() {
    let document = "current-context: a\ncontexts: [{name: a, context: {cluster: a, user: a}}]\n\
        clusters: [{name: a, cluster: {server: 'https://api.test'}}]\nusers: [{name: a, user: {auth-provider: {name: oidc, \
        config: {idp-issuer-url: 'https://evil.test', client-id: c, id-token: e30.e30.c2ln, refresh-token: canary}}}}]\n";
    let switches = GangwaySwitches {
        document: Some(document.into()),
        ..GangwaySwitches::default()
    };
    let stage = stage(switches);

    let error = stage.open("/", None).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::UntrustedOrigin, "{error}");
    assert!(error.next_step().unwrap().contains("--via"));
    assert!(!format!("{error:?}").contains("canary"));
}

#[tokio::test]
async fn what_a_command_may_not_hold_a_download_may_not_either() {
    let document = "current-context: a\ncontexts: [{name: a, context: {cluster: a, user: a}}]\n\
        clusters: [{name: a, cluster: {server: 'http://api.test'}}]\nusers: [{name: a, user: {token: canary}}]\n";
    let switches = GangwaySwitches {
        document: Some(document.into()),
        ..GangwaySwitches::default()
    };
    let stage = stage(switches);

    let error = stage.open("/", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnsafeCommand, "{error}");

    let allowed = stage
        .portal("/", stage.walk())
        .allow(Allow::nothing().http());
    assert_eq!(allowed.open().await.unwrap().servers(), ["http://api.test"]);
}

#[tokio::test]
async fn a_download_that_fails_is_told_by_its_status() {
    for (trouble, told) in [
        (Trouble::Unavailable, ErrorKind::Unavailable),
        (Trouble::Status(404), ErrorKind::Portal),
        (Trouble::EmptyBody, ErrorKind::UnsafeCommand),
        (Trouble::ErrorPage, ErrorKind::Portal),
    ] {
        let stage = stage(GangwaySwitches::default());
        stage
            .bed
            .add_fault(Fault::new(PORTAL_HOST, "/kubeconf", trouble.clone()));

        let error = stage.open("/", None).await.unwrap_err();

        assert_eq!(error.kind(), told, "{trouble:?}: {error}");
        assert_eq!(stage.passwords(), 1);
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_taken_now_is_unavailable() {
    for (trouble, told) in [
        (Trouble::Unavailable, ErrorKind::Unavailable),
        (Trouble::BadGateway, ErrorKind::Unavailable),
        (Trouble::Status(500), ErrorKind::Portal),
    ] {
        let stage = stage(GangwaySwitches::default());
        stage
            .bed
            .add_fault(Fault::new(PORTAL_HOST, "/callback", trouble.clone()));

        let error = stage.open("/", None).await.unwrap_err();

        assert_eq!(error.kind(), told, "{trouble:?}: {error}");
        assert_eq!(stage.passwords(), 1);
    }
}

#[tokio::test]
async fn sessions_of_others_are_not_ended_by_a_portal_that_cannot() {
    let stage = stage(GangwaySwitches::default());
    let portal = stage.portal("/", stage.walk());

    let error = portal.end_all_sessions().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Portal, "{error}");
    assert_eq!(stage.bed.count(PORTAL_HOST, "/logout"), 0);

    let before = stage.requests().len();
    let error = portal
        .kind(PortalKind::Gangway)
        .end_all_sessions()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Portal, "{error}");
    assert_eq!(stage.requests().len(), before);
}

#[tokio::test]
async fn a_wrong_password_is_rejected_after_one_attempt() {
    let stage = stage(GangwaySwitches::default());
    let walk = stage.bed.walk_as(USER, "wrong").unwrap();
    let portal = stage.portal("/", walk.adapter(doorward_providers::Okta::default()));

    let error = portal.open().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    assert_eq!(stage.passwords(), 1);
}
