//! `doorward service-account`, from the caller's kubeconfig to one of its own and to `doorward credential`.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use doorward_testkit::{ADMIN_TOKEN, API_HOST, READER_TOKEN, Testbed, output_within};
use serde_json::{Value, json};

use crate::program::{Home, Program};

const TOKEN_PATH: &str = "/api/v1/namespaces/ci/serviceaccounts/deployer/token";

/// A caller with a kubeconfig whose token is this
struct Caller {
    bed: Testbed,
    home: Home,
    config: PathBuf,
}

impl Caller {
    fn new(token: &str) -> Self {
        let bed = Testbed::start().unwrap();
        let home = Home::new();
        home.file("admin/ca.pem", bed.ca_pem());
        let document = json!({
            "current-context": "admin",
            "clusters": [{"name": "prod", "cluster": {
                "server": bed.api_url(), "certificate-authority": "ca.pem",
            }}],
            "contexts": [
                {"name": "admin", "context": {"cluster": "prod", "user": "ada"}},
                {"name": "other", "context": {"cluster": "prod", "user": "nobody"}},
            ],
            "users": [{"name": "ada", "user": {"token": token}}, {"name": "nobody", "user": {}}],
        });
        let config = home.file("admin/config", &document.to_string());
        Self { bed, home, config }
    }

    fn run(&self, words: &[&str]) -> Program {
        let words = [&["service-account", "deployer", "-n", "ci"], words].concat();
        let program = Program::in_home(&self.home, &words).variable("KUBECONFIG", &self.config);
        // The kubeconfig has the certificate; the names are the doubles' own.
        crate::program::addresses(&self.bed)
            .iter()
            .fold(program, |program, entry| {
                program.words(&["--resolve", entry])
            })
    }

    fn asked(&self) -> usize {
        self.bed.count(API_HOST, TOKEN_PATH)
    }
}

#[test]
fn the_kubeconfig_works_on_its_own_and_asks_again_before_the_token_ends() {
    let caller = Caller::new(ADMIN_TOKEN);
    let words = ["--duration=10m", "--kubeconfig=deployer.kubeconfig"];

    let outcome = caller.run(&words).run().ends_with(0);

    let told = "system:serviceaccount:ci:deployer";
    assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
    let kubeconfig = outcome.read("deployer.kubeconfig");
    assert!(
        kubeconfig.contains("current-context: ci/deployer@prod"),
        "{kubeconfig}"
    );
    assert!(
        kubeconfig.contains("certificate-authority-data:"),
        "{kubeconfig}"
    );
    assert!(kubeconfig.contains("namespace: ci"), "{kubeconfig}");
    for foreign in ["ca.pem", "admin", ADMIN_TOKEN, "eyJ"] {
        assert!(!kubeconfig.contains(foreign), "{foreign} in {kubeconfig}");
    }
    let profile = kubeconfig.split("--profile=").nth(1).unwrap();
    let profile = profile.split_whitespace().next().unwrap();

    // From another folder, and after the current context of the source has changed.
    let source = fs::read_to_string(&caller.config).unwrap();
    let source = source.replace(
        r#""current-context":"admin""#,
        r#""current-context":"other""#,
    );
    fs::write(&caller.config, source).unwrap();
    let credential = |words: &[&str]| {
        let profile = format!("--profile={profile}");
        let words = [&["credential", &profile], words].concat();
        let outcome = Program::in_home(&caller.home, &words).run().ends_with(0);
        let credential: Value = serde_json::from_str(&outcome.stdout).unwrap();
        credential["status"].clone()
    };
    let kept = credential(&[]);
    assert!(kept["token"].as_str().unwrap().starts_with("eyJ"));
    assert!(kept["expirationTimestamp"].is_string());
    assert_eq!(caller.asked(), 1);

    let anew = credential(&["--no-cache"]);
    assert_ne!(anew["token"], kept["token"]);
    assert_eq!(caller.asked(), 2);
    assert_eq!(caller.bed.complaints(), Vec::<String>::new());
}

#[test]
fn who_may_not_ask_ends_with_denied_and_writes_nothing() {
    let caller = Caller::new(READER_TOKEN);

    let outcome = caller.run(&["--kubeconfig=out"]).run().ends_with(17);

    assert!(
        outcome.stderr.contains("serviceaccounts/token"),
        "{}",
        outcome.stderr
    );
    assert!(!caller.home.join("out").exists());
    assert!(!outcome.stderr.contains(READER_TOKEN));
}

#[test]
fn a_context_can_be_named_and_one_without_credentials_cannot_ask() {
    let caller = Caller::new(ADMIN_TOKEN);

    caller
        .run(&["--context=admin", "--output=token"])
        .run()
        .ends_with(0);
    let outcome = caller.run(&["--context=other", "--output=token"]).run();
    assert_eq!(outcome.ends_with(10).stdout, "");
    let outcome = caller.run(&["--context=nowhere", "--output=token"]).run();
    assert_eq!(outcome.ends_with(10).stdout, "");
    assert_eq!(caller.asked(), 1);
}

#[test]
fn a_time_below_the_servers_minimum_is_refused_before_it_is_asked() {
    let caller = Caller::new(ADMIN_TOKEN);

    let outcome = caller
        .run(&["--duration=5m", "--output=token"])
        .run()
        .ends_with(10);

    assert!(outcome.stderr.contains("10 minutes"), "{}", outcome.stderr);
    assert_eq!(caller.asked(), 0);
}

#[test]
fn a_namespace_is_needed_and_nothing_is_guessed_outside_a_pod() {
    let outcome = Program::new(&["service-account", "deployer"])
        .run()
        .ends_with(2);
    assert!(outcome.stderr.contains("--namespace"), "{}", outcome.stderr);

    let words = ["service-account", "deployer", "-n", "ci", "--output=token"];
    let outcome = Program::new(&words).run().ends_with(10);
    assert!(outcome.stderr.contains("no pod"), "{}", outcome.stderr);
}

#[test]
fn the_token_alone_is_for_the_audience_that_was_asked_for() {
    let caller = Caller::new(ADMIN_TOKEN);
    let words = [
        "--audience=vault",
        "--audience=other",
        "--output=exec-credential",
    ];

    let outcome = caller.run(&words).run().ends_with(0);

    let credential: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let token = credential["status"]["token"].as_str().unwrap();
    let payload = token.split('.').nth(1).unwrap();
    let decode = "tr '_-' '/+' | base64 -d 2>/dev/null";
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &format!("printf %s '{payload}' | {decode}")]);
    let output = output_within(Duration::from_secs(10), &mut shell).unwrap();
    let claims = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(claims.contains(r#""aud":["vault","other"]"#), "{claims}");
}
