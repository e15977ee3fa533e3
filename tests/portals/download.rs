//! Portals in general: a kubeconfig behind a login, and the ways in which it may be none.

use doorward::kubeconfig::UserAuth;
use doorward::{Allow, ErrorKind, FrontDoor, PortalKind};
use doorward_testkit::{DownloadSwitches, OtherPortal, USER};

use crate::stage::{Stage, assert_shows_no_secret};

const KIND: Option<PortalKind> = Some(PortalKind::Download);

fn stage(switches: DownloadSwitches) -> Stage {
    Stage::new(OtherPortal::Download(switches))
}

fn with(document: &str) -> Stage {
    stage(DownloadSwitches {
        document: Some(document.into()),
        ..DownloadSwitches::default()
    })
}

/// A kubeconfig with this user
fn document(user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{{name: a, context: {{cluster: a, user: a}}}}]\n\
         clusters: [{{name: a, cluster: {{server: 'https://api.test'}}}}]\nusers: [{{name: a, user: {user}}}]\n"
    )
}

#[tokio::test]
async fn any_address_that_answers_a_kubeconfig_is_a_portal() {
    for (kind, media_type) in [
        (KIND, None),
        (KIND, Some("application/octet-stream")),
        (KIND, Some("text/plain")),
        (None, None),
        (None, Some("application/octet-stream")),
    ] {
        let media_type = media_type.map(str::to_owned);
        let stage = stage(DownloadSwitches {
            media_type,
            ..DownloadSwitches::default()
        });

        let grant = stage.open(DownloadSwitches::PATH, kind).await.unwrap();

        assert_eq!(
            stage.requests(),
            [
                "GET /clusters/prod/kubeconfig 302",
                "GET /oauth2/callback 302",
                "GET /clusters/prod/kubeconfig 200",
            ]
        );
        assert_eq!(stage.bed.complaints(), Vec::<String>::new());
        assert_eq!(grant.subject(), USER);
        assert!(grant.refresh().is_some());
    }
}

#[tokio::test]
async fn a_kubeconfig_in_json_is_one() {
    let json = r#"{"apiVersion":"v1","kind":"Config","current-context":"a","contexts":[{"name":"a","context":{"cluster":"a","user":"a"}}],
        "clusters":[{"name":"a","cluster":{"server":"https://api.test"}}],"users":[{"name":"a","user":{"token":"e30.eyJzdWIiOiJjaSJ9.c2ln"}}]}"#;
    for kind in [KIND, None] {
        let stage = stage(DownloadSwitches {
            document: Some(json.into()),
            media_type: Some("application/json".into()),
            ..DownloadSwitches::default()
        });

        let grant = stage.open(DownloadSwitches::PATH, kind).await.unwrap();

        assert_eq!(grant.subject(), "ci");
    }
}

#[tokio::test]
async fn a_portal_that_forgets_where_we_wanted_to_go_is_asked_again() {
    let stage = stage(DownloadSwitches {
        forgets: true,
        ..DownloadSwitches::default()
    });

    stage.open(DownloadSwitches::PATH, KIND).await.unwrap();

    assert_eq!(
        stage.requests().split_off(2),
        ["GET / 200", "GET /clusters/prod/kubeconfig 200"]
    );
}

#[tokio::test]
async fn a_user_without_a_kubeconfig_is_denied() {
    let stage = stage(DownloadSwitches {
        refuses: true,
        ..DownloadSwitches::default()
    });

    let error = stage.open(DownloadSwitches::PATH, KIND).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    assert_eq!(stage.passwords(), 1);
}

#[tokio::test]
async fn an_address_that_is_no_download_is_told() {
    let stage = stage(DownloadSwitches::default());

    let error = stage.open("/", KIND).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Portal, "{error}");
    assert!(error.next_step().unwrap().contains("download"));
}

#[tokio::test]
async fn an_answer_that_is_no_kubeconfig_ends_the_login() {
    for text in [
        "hello",
        "- a",
        "users: none",
        "a: [",
        "kind: Secret",
        "a: &a [*a]",
        "\u{0}",
    ] {
        let stage = with(text);

        let error = stage.open(DownloadSwitches::PATH, KIND).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Portal, "{text}: {error}");
        assert_eq!(stage.passwords(), 1);
        assert_shows_no_secret(&stage, &error);
    }
}

#[tokio::test]
async fn a_program_that_logs_in_by_itself_is_not_run_and_its_settings_are_told() {
    let kubelogin = "{exec: {apiVersion: client.authentication.k8s.io/v1, command: kubectl, args: [oidc-login, get-token, \
        '--oidc-issuer-url=https://id.acme.test/realms/a', --oidc-client-id, kube, '--oidc-client-secret=canary']}}";
    let stage = with(&document(kubelogin));

    let error = stage.open(DownloadSwitches::PATH, KIND).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnsafeCommand, "{error}");
    let told = "doorward login --issuer https://id.acme.test/realms/a --client-id kube ";
    assert!(
        error.next_step().unwrap().contains(told),
        "{:?}",
        error.next_step()
    );
    assert!(!format!("{error:?}").contains("canary"));

    let allowed = stage.portal(DownloadSwitches::PATH, stage.walk());
    let allowed = allowed
        .kind(PortalKind::Download)
        .allow(Allow::nothing().exec("kubectl"));
    let error = allowed.open().await.unwrap_err();
    // There is no token to keep, and what would give one is not run.
    assert_eq!(error.kind(), ErrorKind::Portal, "{error}");
    assert!(error.next_step().unwrap().contains(told));
}

#[tokio::test]
async fn a_bare_token_without_an_end_makes_a_kubeconfig() {
    let stage = with(&document("{token: opaque-canary}"));

    let grant = stage.open(DownloadSwitches::PATH, KIND).await.unwrap();

    assert_eq!(grant.expires(), None);
    assert_eq!(grant.id_token().expose_secret(), "opaque-canary");
    assert!(grant.refresh().is_none());
    grant.kubeconfig(&UserAuth::Token).unwrap().check().unwrap();
}
