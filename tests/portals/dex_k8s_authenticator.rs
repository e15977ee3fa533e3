//! dex-k8s-authenticator: the choice of a cluster, and the commands or the kubeconfig on the page after the login.

use doorward::kubeconfig::{Section, Target, UserAuth};
use doorward::{ErrorKind, FrontDoor, PortalKind};
use doorward_testkit::{ClusterCa, DexK8sAuthenticatorSwitches, OtherPortal, USER};

use crate::stage::{Stage, assert_shows_no_secret};

const KIND: Option<PortalKind> = Some(PortalKind::DexK8sAuthenticator);

fn stage(switches: DexK8sAuthenticatorSwitches) -> Stage {
    Stage::new(OtherPortal::DexK8sAuthenticator(switches))
}

fn usual() -> DexK8sAuthenticatorSwitches {
    DexK8sAuthenticatorSwitches::default()
}

#[tokio::test]
async fn one_cluster_needs_no_choice() {
    let stage = stage(usual());

    let grant = stage.open("/", KIND).await.unwrap();

    assert_eq!(
        stage.requests(),
        ["GET / 303", "GET /login/prod 303", "GET /callback/prod 200"]
    );
    assert_eq!(stage.bed.complaints(), Vec::<String>::new());
    assert_eq!(grant.subject(), USER);
    let kubeconfig = grant.kubeconfig(&UserAuth::AuthProvider).unwrap();
    kubeconfig.check().unwrap();
    assert_eq!(kubeconfig.current_context(), Some(&*format!("{USER}-prod")));
    let cluster = kubeconfig.entry(Section::Clusters, "prod").unwrap();
    assert!(cluster.contains_key("certificate-authority-data"));
    assert!(grant.refresh().is_some());
}

#[tokio::test]
async fn of_several_clusters_one_is_chosen_by_its_label_or_name() {
    for (kind, option) in [(None, "Production"), (None, "prod"), (KIND, "prod")] {
        let stage = stage(DexK8sAuthenticatorSwitches {
            choice: true,
            ..usual()
        });
        let portal = stage.portal("/", stage.walk().login_option(option));
        let portal = match kind {
            Some(kind) => portal.kind(kind),
            None => portal,
        };

        portal.open().await.unwrap();

        assert_eq!(stage.bed.complaints(), Vec::<String>::new(), "{option}");
        assert_eq!(stage.requests().len(), 3);
    }
}

#[tokio::test]
async fn of_several_clusters_none_is_taken_unless_the_caller_chooses() {
    let stage = stage(DexK8sAuthenticatorSwitches {
        choice: true,
        ..usual()
    });

    let error = stage.open("/", None).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    let mut context = error.context();
    assert!(context.any(|(key, value)| key == "labels" && value.contains("\"Staging\"")));
    assert!(error.next_step().unwrap().contains("--login-option"));
    assert_eq!(stage.passwords(), 0);
}

#[tokio::test]
async fn the_kubeconfig_on_the_page_goes_before_its_commands() {
    let switches = DexK8sAuthenticatorSwitches {
        kubeconfig_tab: true,
        more: Some("curl https://example.test/install | bash".into()),
        ..usual()
    };
    let stage = stage(switches);

    let grant = stage.open("/", KIND).await.unwrap();

    let kubeconfig = grant.kubeconfig(&UserAuth::AuthProvider).unwrap();
    assert_eq!(kubeconfig.current_context(), Some("prod"));
    assert!(grant.refresh().is_some());
}

#[tokio::test]
async fn a_certificate_that_a_command_fetches_is_asked_of_the_caller() {
    for kubeconfig_tab in [false, true] {
        let switches = DexK8sAuthenticatorSwitches {
            kubeconfig_tab,
            ca: ClusterCa::Address,
            ..usual()
        };
        let stage = stage(switches);

        let error = stage.open("/", KIND).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(
            error
                .next_step()
                .unwrap()
                .contains("--certificate-authority")
        );
        let mut context = error.context();
        assert!(context.any(|(_, value)| value == "https://files.example.test/k8s.crt"));
        assert_shows_no_secret(&stage, &error);
    }
}

#[tokio::test]
async fn a_cluster_with_a_public_certificate_needs_none() {
    let stage = stage(DexK8sAuthenticatorSwitches {
        ca: ClusterCa::Nothing,
        ..usual()
    });

    let grant = stage.open("/", KIND).await.unwrap();

    let kubeconfig = grant.kubeconfig(&UserAuth::AuthProvider).unwrap();
    let cluster = kubeconfig.entry(Section::Clusters, "prod").unwrap();
    assert_eq!(cluster.keys().collect::<Vec<_>>(), ["server"]);
}

#[tokio::test]
async fn a_command_outside_the_grammar_is_refused() {
    for more in [
        "curl https://example.test/install | bash",
        "wget https://example.test/k8s.crt",
        "kubectl apply -f https://example.test/all.yaml",
        "kubectl config set-cluster other --server=http://10.0.0.1",
        "kubectl config set-credentials other --exec-command=/tmp/run",
    ] {
        let stage = stage(DexK8sAuthenticatorSwitches {
            more: Some(more.into()),
            ..usual()
        });

        let error = stage.open("/", KIND).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::UnsafeCommand, "{more}: {error}");
        assert_shows_no_secret(&stage, &error);
    }
}

#[tokio::test]
async fn a_portal_that_cannot_redeem_the_code_is_told() {
    let stage = stage(DexK8sAuthenticatorSwitches {
        wrong_client_secret: true,
        ..usual()
    });

    let error = stage.open("/", KIND).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Portal, "{error}");
    assert!(error.next_step().unwrap().contains("client secret"));
    assert_eq!(stage.passwords(), 1);
}

#[tokio::test]
async fn the_caller_s_cluster_needs_no_certificate_of_the_portal_s() {
    let stage = stage(DexK8sAuthenticatorSwitches {
        ca: ClusterCa::Address,
        idp_ca_address: true,
        ..usual()
    });
    let target = Target::new("https://k8s.test:6443").unwrap().named("prod");
    let portal = stage
        .portal("/", stage.walk())
        .kind(PortalKind::DexK8sAuthenticator);

    let grant = portal.target(target).open().await.unwrap();

    assert_eq!(grant.servers(), ["https://k8s.test:6443"]);
    assert!(grant.refresh().is_some());
    let kubeconfig = grant.kubeconfig(&UserAuth::AuthProvider).unwrap();
    kubeconfig.check().unwrap();
    let user = kubeconfig.names(Section::Users).next().unwrap();
    assert!(kubeconfig.oidc_user(user).unwrap().ca_data.is_none());
}

#[tokio::test]
async fn the_provider_s_certificate_is_left_to_the_caller() {
    for kubeconfig_tab in [false, true] {
        let stage = stage(DexK8sAuthenticatorSwitches {
            idp_ca_address: true,
            kubeconfig_tab,
            ..usual()
        });

        let grant = stage.open("/", KIND).await.unwrap();

        grant
            .kubeconfig(&UserAuth::AuthProvider)
            .unwrap()
            .check()
            .unwrap();
        assert_eq!(stage.bed.complaints(), Vec::<String>::new());
    }
}
