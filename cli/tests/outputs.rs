//! What `login` prints on stdout, and which files it writes, for each kind of output.

use std::fs::File;

use doorward_testkit::{Testbed, USER};
use serde_json::Value;

use crate::program::{Outcome, Program};

fn login(output: &str) -> (Testbed, Outcome) {
    let bed = Testbed::start().unwrap();
    let outcome = Program::login(&bed)
        .words(&["--output", output])
        .run()
        .ends_with(0);
    (bed, outcome)
}

fn is_jwt(text: &str) -> bool {
    text.split('.').count() == 3 && text.starts_with("eyJ")
}

#[test]
fn the_path_is_the_default() {
    let bed = Testbed::start().unwrap();

    let outcome = Program::login(&bed).run().ends_with(0);

    assert_eq!(
        outcome.stdout,
        format!("{}\n", outcome.home().join(".kube/config").display())
    );
    let kubeconfig = outcome.read(".kube/config");
    assert!(kubeconfig.contains(&format!("server: {}\n", bed.api_url())));
    assert!(kubeconfig.contains("command: doorward\n"));
}

#[test]
fn the_variable_of_kubectl_names_the_file_too() {
    let bed = Testbed::start().unwrap();
    let program = Program::login(&bed);
    let path = program.path("elsewhere/config");

    let outcome = program.variable("KUBECONFIG", &path).run().ends_with(0);

    assert_eq!(outcome.stdout, format!("{}\n", path.display()));
    assert!(
        outcome
            .read("elsewhere/config")
            .contains("current-context: kubernetes")
    );
    assert!(!outcome.home().join(".kube").exists());
}

#[test]
fn the_token_stands_alone() {
    let (bed, outcome) = login("token");

    assert!(
        is_jwt(outcome.stdout.strip_suffix('\n').unwrap()),
        "{}",
        outcome.stdout
    );
    assert!(!outcome.home().join(".kube").exists());
    assert!(bed.complaints().is_empty());
}

#[test]
fn the_kubeconfig_is_printed_and_not_merged() {
    let bed = Testbed::start().unwrap();
    let program = Program::login(&bed).words(&["-o", "kubeconfig", "--kubeconfig", "mine"]);
    program.file(
        "mine",
        "clusters:\n- name: old\n  cluster:\n    server: https://old\n",
    );

    let outcome = program.run().ends_with(0);

    assert!(outcome.stdout.contains("current-context: kubernetes\n"));
    assert!(!outcome.stdout.contains("https://old"));
    assert!(outcome.read("mine").contains("https://old"));
    assert!(
        outcome
            .read("mine")
            .contains("current-context: kubernetes\n")
    );
}

#[test]
fn json_tells_all_but_secrets() {
    let bed = Testbed::start().unwrap();
    let run = |words: &[&str]| {
        let outcome = Program::login(&bed)
            .words(&["-o", "json"])
            .words(words)
            .run()
            .ends_with(0);
        serde_json::from_str::<Value>(&outcome.stdout).unwrap()
    };

    let json = run(&["--context-name", "prod"]);

    let fields: Vec<_> = json
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        fields,
        [
            "user",
            "context",
            "cluster",
            "server",
            "expires",
            "idp",
            "kubeconfig"
        ]
    );
    assert_eq!(json["user"], USER);
    assert_eq!(json["context"], "prod");
    assert_eq!(json["cluster"], "prod");
    assert_eq!(json["server"], bed.api_url());
    assert!(json["expires"].as_str().unwrap().ends_with('Z'));
    assert_eq!(json["idp"], bed.okta_url());
    assert_eq!(json["kubeconfig"], Value::Null);
    assert_eq!(run(&["--kubeconfig", "mine"])["kubeconfig"], "mine");
    for secret in bed.secrets() {
        assert!(!json.to_string().contains(&secret));
    }
}

#[test]
fn an_exec_credential_has_the_version_that_kubectl_asks_for() {
    let bed = Testbed::start().unwrap();
    let program = Program::login(&bed).words(&["-o", "exec-credential"]);
    let info = r#"{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","spec":{}}"#;

    let outcome = program
        .variable("KUBERNETES_EXEC_INFO", info)
        .variable("GITHUB_ACTIONS", "true")
        .run()
        .ends_with(0);

    let json: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(json["kind"], "ExecCredential");
    assert_eq!(json["apiVersion"], "client.authentication.k8s.io/v1beta1");
    assert!(is_jwt(json["status"]["token"].as_str().unwrap()));
    assert!(
        json["status"]["expirationTimestamp"]
            .as_str()
            .unwrap()
            .ends_with('Z')
    );
    assert!(!outcome.stderr.contains("add-mask"));
}

#[test]
fn none_prints_nothing() {
    let (_bed, outcome) = login("none");

    assert_eq!(outcome.stdout, "");
    assert!(!outcome.home().join(".kube").exists());
}

#[test]
fn a_bare_token_can_stand_in_the_file() {
    let bed = Testbed::start().unwrap();

    let outcome = Program::login(&bed)
        .words(&["--user-auth", "token"])
        .run()
        .ends_with(0);

    let kubeconfig = outcome.read(".kube/config");
    assert!(kubeconfig.contains("    token: eyJ"));
    assert!(!kubeconfig.contains("refresh-token"));
}

#[test]
fn a_printed_token_is_masked_before_it_is_printed() {
    let bed = Testbed::start().unwrap();
    for (system, mark) in [
        ("GITHUB_ACTIONS", "::add-mask::"),
        ("TF_BUILD", "##vso[task.setsecret]"),
    ] {
        let outcome = Program::login(&bed)
            .words(&["-o", "token"])
            .variable(system, "true")
            .run()
            .ends_with(0);

        let first = outcome.stderr.lines().next().unwrap();
        assert_eq!(first.strip_prefix(mark).unwrap(), outcome.stdout.trim());
    }
}

#[test]
fn a_mask_comes_only_for_what_is_printed() {
    let bed = Testbed::start().unwrap();
    for words in [
        &["-o", "token", "--mask", "never"][..],
        &["-o", "path"],
        &["-o", "json"],
        &["-o", "none"],
    ] {
        let outcome = Program::login(&bed)
            .words(words)
            .variable("GITHUB_ACTIONS", "true")
            .run()
            .ends_with(0);

        assert!(!outcome.stderr.contains("add-mask"), "{words:?}");
    }
}

#[test]
fn a_token_that_cannot_be_printed_is_a_clean_error() {
    let bed = Testbed::start().unwrap();
    let program = Program::login(&bed).words(&["-o", "token"]);

    let outcome = program
        .stdout(File::create("/dev/full").unwrap().into())
        .run_as_set()
        .ends_with(22);

    assert!(
        outcome
            .stderr
            .starts_with("doorward: the result cannot be written to stdout"),
        "{}",
        outcome.stderr
    );
}
