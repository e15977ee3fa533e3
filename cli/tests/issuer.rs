//! An OpenID Connect issuer in the portal's place: from the options to a kubeconfig, a plug-in that refreshes, and `exec`.

use std::fs;

use doorward::signing::{Algorithm, PrivateKey, Signer};
use doorward_testkit::{
    CLIENT_ID, ClientProof, Flaw, PASSWORD, Provider, ProviderSwitches, Testbed, USER,
};
use serde_json::Value;

use crate::program::{Home, Outcome, Program};

const SECRET: &str = "s3cret of the client";

struct Scene {
    bed: Testbed,
    provider: Provider,
    home: Home,
}

impl Scene {
    fn new(switches: ProviderSwitches) -> Self {
        let provider = Provider::new(switches);
        let bed = Testbed::builder().idp_double(Box::new(provider.clone()));
        Self {
            bed: bed.start().unwrap(),
            provider,
            home: Home::new(),
        }
    }

    fn with(proof: ClientProof) -> Self {
        Self::new(ProviderSwitches {
            proof,
            ..ProviderSwitches::default()
        })
    }

    /// A call with the options that name the issuer and the cluster
    fn call(&self, words: &[&str]) -> Program {
        Program::in_home(&self.home, words)
            .network(&self.bed)
            .words(&[
                "--issuer",
                &Provider::issuer(&self.bed),
                "--client-id",
                CLIENT_ID,
            ])
    }

    fn login(&self) -> Program {
        self.call(&[
            "login",
            "--server",
            &self.bed.api_url(),
            "--cluster-name",
            "prod",
        ])
        .variable("DOORWARD_USERNAME", USER)
        .variable("DOORWARD_PASSWORD", PASSWORD)
    }

    fn kept_login(&self) -> Program {
        self.login()
            .words(&["--profile", "ci", "--scope", "offline_access"])
    }

    /// What kubectl calls
    fn credential(&self) -> Program {
        Program::in_home(&self.home, &["credential", "--profile", "ci"])
    }

    fn record(&self) -> (std::path::PathBuf, Value) {
        let folder = self.home.join(".cache/doorward");
        let tokens = self.home.list(".cache/doorward");
        let name = tokens.iter().find(|name| name.ends_with(".json")).unwrap();
        let path = folder.join(name);
        let record = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        (path, record)
    }

    /// Makes the kept token an hour older
    fn age(&self) {
        let (path, mut record) = self.record();
        for name in ["issued", "expires", "received"] {
            let time = &mut record["token"][name];
            *time = (time.as_i64().unwrap() - 3600).into();
        }
        fs::write(path, record.to_string()).unwrap();
    }

    fn assert_clean(&self, outcomes: &[&Outcome]) {
        assert_eq!(self.bed.complaints(), Vec::<String>::new());
        for outcome in outcomes {
            for secret in self
                .bed
                .secrets()
                .iter()
                .map(String::as_str)
                .chain([PASSWORD, SECRET])
            {
                assert!(!outcome.stderr.contains(secret), "{}", outcome.stderr);
            }
        }
    }
}

fn token(outcome: &Outcome) -> String {
    let json: Value = serde_json::from_str(&outcome.stdout).unwrap();
    json["status"]["token"].as_str().unwrap().to_owned()
}

#[test]
fn a_login_writes_the_cluster_that_was_named_and_a_plug_in() {
    let scene = Scene::new(ProviderSwitches::default());

    let login = scene.kept_login().run().ends_with(0);

    let kubeconfig = scene.home.read(".kube/config");
    for part in [
        format!("server: {}", scene.bed.api_url()),
        format!("user: {USER}@prod"),
        "current-context: prod".to_owned(),
        "interactiveMode: Never".to_owned(),
    ] {
        assert!(kubeconfig.contains(&part), "{part}: {kubeconfig}");
    }
    assert!(!kubeconfig.contains("eyJ"));
    scene.assert_clean(&[&login]);
}

#[test]
fn the_plug_in_gives_the_kept_token_and_refreshes_it_without_a_password() {
    let scene = Scene::new(ProviderSwitches::default());
    scene.kept_login().run().ends_with(0);

    let first = scene.credential().run().ends_with(0);
    assert_eq!(scene.bed.refreshes().granted, 0);
    scene.age();
    let second = scene.credential().run().ends_with(0);
    scene.age();
    let third = scene.credential().run().ends_with(0);

    assert_ne!(token(&first), token(&second));
    assert_ne!(token(&second), token(&third));
    assert_eq!(scene.bed.refreshes().granted, 2);
    assert_eq!(scene.bed.logins(), 1);
    scene.assert_clean(&[&first, &second, &third]);
}

#[test]
fn the_plug_in_logs_in_again_where_nothing_can_be_refreshed() {
    let scene = Scene::new(ProviderSwitches::default());
    scene.login().words(&["--profile", "ci"]).run().ends_with(0);
    scene.age();

    let without = scene.credential().run().ends_with(10);
    assert!(without.stderr.contains("password"), "{}", without.stderr);
    let with = scene.credential().variable("DOORWARD_PASSWORD", PASSWORD);
    with.run().ends_with(0);

    assert_eq!(scene.bed.logins(), 2);
}

#[test]
fn a_secret_and_a_key_prove_the_client_at_the_login_and_at_each_refresh() {
    let key = PrivateKey::generate(Algorithm::Es256).unwrap();
    for proof in [
        ClientProof::Basic(SECRET.into()),
        ClientProof::Post(SECRET.into()),
        ClientProof::Key(key.jwk().to_json()),
    ] {
        let is_key = matches!(proof, ClientProof::Key(_));
        let scene = Scene::with(proof);
        let file = scene
            .home
            .file("key.pem", key.to_pem().unwrap().expose_secret());
        let login = match is_key {
            true => scene
                .kept_login()
                .words(&["--client-assertion-key", file.to_str().unwrap()]),
            false => scene
                .kept_login()
                .variable("DOORWARD_CLIENT_SECRET", SECRET),
        };

        let login = login.run().ends_with(0);
        scene.age();
        let refreshed = scene.credential().run().ends_with(0);

        assert_eq!(scene.bed.refreshes().granted, 1);
        scene.assert_clean(&[&login, &refreshed]);
    }
}

#[test]
fn a_client_logs_in_for_itself_and_needs_no_password() {
    let scene = Scene::with(ClientProof::Post(SECRET.into()));
    let file = scene.home.file("secret", SECRET);
    let login = scene
        .call(&["login", "--grant", "client-credentials", "--profile", "ci"])
        .words(&["--client-secret-file", file.to_str().unwrap()])
        .words(&["--server", &scene.bed.api_url()]);

    login.run().ends_with(0);
    scene.age();
    let again = scene.credential().run().ends_with(0);

    assert!(!token(&again).is_empty());
    assert_eq!(scene.bed.count("id.example", "/realms/ci/token"), 2);
    scene.assert_clean(&[&again]);
}

#[test]
fn a_refused_client_secret_is_not_tried_again_for_a_while() {
    let scene = Scene::with(ClientProof::Post(SECRET.into()));
    let login = |secret: &str| {
        scene
            .call(&["login", "--grant", "client-credentials", "--profile", "ci"])
            .words(&["--server", &scene.bed.api_url()])
            .variable("DOORWARD_CLIENT_SECRET", secret)
            .run()
    };

    login("wrong secret").ends_with(11);
    let asked = scene.bed.count("id.example", "/realms/ci/token");
    login("wrong secret").ends_with(11);
    assert_eq!(scene.bed.count("id.example", "/realms/ci/token"), asked);
    login(SECRET).ends_with(0);
}

#[test]
fn a_token_is_exchanged_for_one_of_the_audience_that_was_named() {
    let scene = Scene::with(ClientProof::Post(SECRET.into()));
    let subject = scene.provider.foreign_token(&scene.bed, "repo:acme/app");
    let exchange = |parameter: &str| {
        scene
            .call(&[
                "login",
                "--grant",
                "token-exchange",
                "--audience",
                "kubernetes",
                "-o",
                "token",
            ])
            .words(&["--token-parameter", parameter])
            .variable("DOORWARD_CLIENT_SECRET", SECRET)
            .variable("DOORWARD_SUBJECT_TOKEN", &subject)
            .run()
    };

    let outcome = exchange("connector_id=github").ends_with(0);
    assert!(outcome.stdout.starts_with("eyJ"), "{}", outcome.stdout);
    let last = scene
        .bed
        .seen()
        .into_iter()
        .rfind(|seen| seen.path.ends_with("/token"));
    assert!(last.unwrap().fields.contains(&"connector_id".to_owned()));
    exchange("audience=unknown").ends_with(10);
    let malformed = exchange("connector_id").ends_with(10);
    scene.assert_clean(&[&outcome, &malformed]);
}

#[test]
fn the_password_grant_warns() {
    let scene = Scene::new(ProviderSwitches::default());

    let outcome = scene
        .login()
        .words(&["--grant", "password"])
        .run()
        .ends_with(0);

    assert!(
        outcome.stderr.contains("second factor"),
        "{}",
        outcome.stderr
    );
    scene.assert_clean(&[&outcome]);
}

#[test]
fn what_an_issuer_does_wrong_has_the_exit_code_of_its_kind() {
    for (flaw, code) in [
        (Flaw::OtherIssuer, 16),
        (Flaw::DiscoveryRedirects, 14),
        (Flaw::TokensElsewhere, 14),
        (Flaw::OtherKey, 18),
        (Flaw::State, 16),
        (Flaw::Refuses("access_denied"), 17),
    ] {
        let scene = Scene::new(ProviderSwitches {
            flaw: Some(flaw),
            ..ProviderSwitches::default()
        });

        let outcome = scene.login().run();

        assert_eq!(outcome.code, code, "{flaw:?}: {}", outcome.stderr);
        assert_eq!(outcome.stdout, "");
        assert!(!scene.home.join(".kube/config").exists());
        scene.assert_clean(&[&outcome]);
    }
}

#[test]
fn exec_gives_a_command_the_cluster_and_a_plug_in_that_needs_no_password() {
    let scene = Scene::new(ProviderSwitches::default());
    let runtime = scene.home.join("run");
    fs::create_dir_all(&runtime).unwrap();
    let script = "cat \"$KUBECONFIG\"; cat \"$(dirname \"$KUBECONFIG\")\"/profiles/*.json";

    let outcome = scene
        .call(&["exec", "--runtime-dir", runtime.to_str().unwrap()])
        .words(&[
            "--server",
            &scene.bed.api_url(),
            "--scope",
            "offline_access",
        ])
        .variable("DOORWARD_USERNAME", USER)
        .variable("DOORWARD_PASSWORD", PASSWORD)
        .words(&["--", "sh", "-c", script])
        .run()
        .ends_with(0);

    assert!(
        outcome
            .stdout
            .contains(&format!("server: {}", scene.bed.api_url()))
    );
    assert!(outcome.stdout.contains("interactiveMode: Never"));
    assert!(outcome.stdout.contains(&Provider::issuer(&scene.bed)));
    for secret in scene
        .bed
        .secrets()
        .iter()
        .map(String::as_str)
        .chain([PASSWORD, "eyJ"])
    {
        assert!(!outcome.stdout.contains(secret));
    }
    scene.assert_clean(&[&outcome]);
}

#[test]
fn logout_revokes_the_refresh_token_at_the_issuer() {
    let scene = Scene::new(ProviderSwitches::default());
    scene.kept_login().run().ends_with(0);

    Program::in_home(&scene.home, &["logout", "--profile", "ci"])
        .run()
        .ends_with(0);

    assert_eq!(scene.bed.count("id.example", "/realms/ci/revoke"), 1);
    scene.assert_clean(&[]);
}

#[test]
fn an_issuer_without_a_client_is_a_usage_error() {
    let words = [
        "login",
        "--issuer",
        "https://id.example.test",
        "--server",
        "https://k.test",
    ];

    let outcome = Program::new(&words).run().ends_with(2);

    assert!(outcome.stderr.contains("--client-id"));
}

#[test]
fn doctor_looks_at_the_issuers_login_page_and_signs_nobody_in() {
    let scene = Scene::new(ProviderSwitches::default());

    let outcome = scene
        .call(&["doctor"])
        .variable("DOORWARD_USERNAME", USER)
        .variable("DOORWARD_PASSWORD", PASSWORD)
        .run()
        .ends_with(0);

    for line in [
        "ok walk ",
        "ok origins ",
        "ok adapter      form would sign in",
    ] {
        assert!(outcome.stdout.contains(line), "{}", outcome.stdout);
    }
    let issuer = format!("--issuer {}", Provider::issuer(&scene.bed));
    assert!(outcome.stdout.contains(&issuer), "{}", outcome.stdout);
    let posts = scene.bed.seen().into_iter();
    assert_eq!(posts.filter(|seen| seen.method == "POST").count(), 0);
    scene.assert_clean(&[&outcome]);
}

#[test]
fn doctor_says_what_is_wrong_with_an_issuer() {
    for (flaw, code) in [(Flaw::OtherIssuer, 16), (Flaw::DiscoveryRedirects, 14)] {
        let scene = Scene::new(ProviderSwitches {
            flaw: Some(flaw),
            ..ProviderSwitches::default()
        });

        let outcome = scene.call(&["doctor"]).run().ends_with(code);

        assert!(outcome.stdout.contains("!! walk "), "{}", outcome.stdout);
    }
}
