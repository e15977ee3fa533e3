//! `convert`: a portal's saved JSON becomes a kubeconfig, offline.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::program::{Outcome, Program};

/// What a portal answered for `ci-bot`; the id_token ended in 2025
fn answer(command: &str) -> String {
    json!({
        "displayName": "ci-bot",
        "token": {
            "kubectl Command": command,
            "id_token": format!("{ID_TOKEN}.c2lnbmF0dXJl"),
            "refresh_token": "canary-refresh",
        },
    })
    .to_string()
}

fn command(server: &str) -> String {
    format!(
        "kubectl config set-cluster kubernetes --server={server} && \
         kubectl config set-context kubernetes --cluster=kubernetes --user=ci-bot@kubernetes && \
         kubectl config set-credentials ci-bot@kubernetes --auth-provider=oidc \
         --auth-provider-arg=client-secret= --auth-provider-arg=idp-issuer-url=https://k8sou.example.com/auth/idp/k8sIdp \
         --auth-provider-arg=client-id=kubernetes --auth-provider-arg=refresh-token=canary-refresh \
         --auth-provider-arg=id-token={ID_TOKEN}.c2lnbmF0dXJl && \
         kubectl config use-context kubernetes"
    )
}

fn convert(words: &[&str]) -> Program {
    Program::new(&[&["convert"], words].concat())
        .input(answer(&command("https://k8sapi.example.com")))
}

#[track_caller]
fn assert_quiet_about_secrets(outcome: &Outcome) {
    for secret in [ID_TOKEN, "canary"] {
        assert!(!outcome.stderr.contains(secret), "{}", outcome.stderr);
    }
}

#[test]
fn the_kubeconfig_goes_to_stdout() {
    let outcome = convert(&[]).run().ends_with(0);

    assert!(outcome.stdout.contains("- name: kubernetes\n"));
    assert!(
        outcome
            .stdout
            .contains("server: https://k8sapi.example.com\n")
    );
    assert!(outcome.stdout.contains("refresh-token: canary-refresh\n"));
    assert!(
        outcome
            .stderr
            .starts_with("doorward: kubeconfig of ci-bot until 2025-11-24T16:00:00Z ("),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.ends_with("ago), context kubernetes\n"),
        "{}",
        outcome.stderr
    );
    assert_eq!(outcome.stderr.lines().count(), 1);
    assert_quiet_about_secrets(&outcome);
    assert!(!outcome.home().join(".kube").exists());
}

#[test]
fn a_file_is_read_as_stdin_is() {
    let program = Program::new(&["convert", "portal.json"]);
    program.file(
        "portal.json",
        &answer(&command("https://k8sapi.example.com")),
    );

    assert_eq!(
        program.run().ends_with(0).stdout,
        convert(&["-"]).run().ends_with(0).stdout
    );
}

#[test]
fn a_named_file_is_merged_into() {
    let program = convert(&[
        "--kubeconfig",
        "mine",
        "--user-auth",
        "token",
        "--namespace",
        "ci",
    ]);
    let path = program.file(
        "mine",
        "current-context: old\nclusters:\n- name: old\n  cluster: {server: 'https://old'}\n",
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();

    let outcome = program.run().ends_with(0);

    assert_eq!(outcome.stdout, "mine\n");
    let merged = outcome.read("mine");
    for line in [
        "- name: old",
        "current-context: kubernetes",
        "namespace: ci",
        &format!("token: {ID_TOKEN}.c2ln"),
    ] {
        assert!(merged.contains(line), "{line}: {merged}");
    }
    assert!(!merged.contains("auth-provider"));
    assert_eq!(
        fs::metadata(outcome.home().join("mine"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
}

#[test]
fn a_broken_kubeconfig_stays_as_it_is() {
    let broken = "clusters: [\ntoken: canary\n";
    let program = convert(&["--kubeconfig", "mine"]);
    program.file("mine", broken);

    let outcome = program.run().ends_with(22);

    assert_eq!(outcome.read("mine"), broken);
    assert_eq!(outcome.stdout, "");
    assert_quiet_about_secrets(&outcome);
}

#[test]
fn a_name_that_is_taken_is_refused_unless_told_otherwise() {
    let taken =
        "clusters:\n- name: kubernetes\n  cluster:\n    server: https://elsewhere.example.com\n";
    let with = |words: &[&str]| {
        let program = convert(&[&["--kubeconfig", "mine"], words].concat());
        program.file("mine", taken);
        program.run()
    };

    let outcome = with(&[]).ends_with(10);
    assert_eq!(outcome.read("mine"), taken);
    assert!(
        outcome.stderr.contains("https://elsewhere.example.com"),
        "{}",
        outcome.stderr
    );

    let outcome = with(&["--replace"]).ends_with(0);
    assert!(!outcome.read("mine").contains("elsewhere"));

    let outcome = with(&["--context-name", "prod"]).ends_with(0);
    assert!(outcome.read("mine").contains("elsewhere"));
    assert!(outcome.read("mine").contains("current-context: prod"));
}

#[test]
fn the_current_context_can_be_kept() {
    let program = convert(&["--kubeconfig", "mine", "--keep-current-context"]);
    program.file("mine", "current-context: old\n");

    assert!(
        program
            .run()
            .ends_with(0)
            .read("mine")
            .contains("current-context: old\n")
    );
}

#[test]
fn what_nobody_allowed_is_an_unsafe_command() {
    let http = answer(&command("http://k8sapi.example.com"));
    let program = || Program::new(&["convert"]).input(http.as_str());

    let outcome = program().run().ends_with(19);
    assert!(
        outcome.stderr.contains("--allow-http"),
        "{}",
        outcome.stderr
    );
    assert_quiet_about_secrets(&outcome);

    program()
        .variable("DOORWARD_ALLOW_HTTP", "off")
        .run()
        .ends_with(19);
    program()
        .variable("DOORWARD_ALLOW_HTTP", "on")
        .run()
        .ends_with(0);
    program().words(&["--allow-http"]).run().ends_with(0);
}

#[test]
fn a_command_that_runs_something_else_is_an_unsafe_command() {
    for command in [
        "touch pwned",
        "kubectl config use-context $(touch pwned)",
        "kubectl get pods; touch pwned",
    ] {
        let outcome = Program::new(&["convert"])
            .input(answer(command))
            .run()
            .ends_with(19);

        assert!(!outcome.home().join("pwned").exists());
        assert_eq!(outcome.stdout, "");
    }
}

#[test]
fn what_is_no_token_document_is_the_portals_fault() {
    for json in [
        "",
        "{}",
        "<html>canary</html>",
        r#"{"token": {"id_token": "canary"}}"#,
    ] {
        let outcome = Program::new(&["convert"]).input(json).run().ends_with(18);

        assert_quiet_about_secrets(&outcome);
    }
}

#[test]
fn a_file_that_is_not_there_is_a_wrong_setting() {
    let outcome = Program::new(&["convert", "nowhere.json"])
        .run()
        .ends_with(10);

    assert!(outcome.stderr.contains("nowhere.json"));
}

#[test]
fn a_kubeconfig_that_cannot_be_written_is_noticed_before_anything_is_read() {
    let program = Program::new(&["convert", "nowhere.json", "--kubeconfig", "a-file/mine"]);
    program.file("a-file", "");

    program.run().ends_with(22);
}

#[test]
fn the_secrets_of_a_printed_kubeconfig_are_masked() {
    let outcome = convert(&[])
        .variable("GITHUB_ACTIONS", "true")
        .run()
        .ends_with(0);

    let masks: Vec<_> = outcome
        .stderr
        .lines()
        .filter(|line| line.starts_with("::add-mask::"))
        .collect();
    assert_eq!(
        masks,
        [
            format!("::add-mask::{ID_TOKEN}.c2lnbmF0dXJl"),
            "::add-mask::canary-refresh".into()
        ]
    );

    let into_file = convert(&["--kubeconfig", "mine"])
        .variable("GITHUB_ACTIONS", "true")
        .run()
        .ends_with(0);
    assert_quiet_about_secrets(&into_file);
}

const ID_TOKEN: &str =
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2s4c291LmV4YW1wbGUuY29tIiwiZXhwIjoxNzY0MDAwMDAwfQ";
