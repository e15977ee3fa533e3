//! `kubeconfig check`: what is found, in three formats, and when it is a failure.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use doorward_testkit::{kubectl, output_within};
use serde_json::{Value, json};

use crate::program::{Home, Program};

/// `{"sub":"system:serviceaccount:ci:deployer"}`
const ENDLESS: &str = "e30.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6Y2k6ZGVwbG95ZXIifQ.canary";

/// A kubeconfig with a user of each kind, whose secrets are all canaries
fn mixed() -> String {
    let context = |user: &str| json!({"name": user, "context": {"user": user, "cluster": "k"}});
    let users = [
        ("deployer", json!({"token": ENDLESS})),
        (
            "pasted",
            json!({"auth-provider": {"name": "oidc", "config": {
                "idp-issuer-url": "https://i.test", "client-id": "c", "client-secret": "canary",
                "id-token": "canary", "refresh-token": "canary",
            }}}),
        ),
        ("admin", json!({"username": "admin", "password": "canary"})),
        (
            "certificate",
            json!({"client-certificate-data": "canary", "client-key-data": "canary"}),
        ),
        (
            "plug-in",
            json!({"exec": {
                "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "interactiveMode": "Never",
                "args": ["canary"], "env": [{"name": "SECRET", "value": "canary"}],
            }}),
        ),
        ("file", json!({"tokenFile": "token"})),
    ];
    json!({
        "current-context": "deployer",
        "clusters": [{"name": "k", "cluster": {"server": "http://ci:canary@k8s.test/canary?canary"}}],
        "contexts": users.iter().map(|(name, _)| context(name)).collect::<Vec<_>>(),
        "users": users.iter().map(|(name, user)| json!({"name": name, "user": user})).collect::<Vec<_>>(),
    })
    .to_string()
}

fn home(kubeconfig: &str) -> Home {
    let home = Home::new();
    home.file("mine", kubeconfig);
    home.file("token", ENDLESS);
    home
}

/// What calls doorward, and is fine
fn fine() -> String {
    "current-context: prod
contexts: [{name: prod, context: {cluster: k, user: ci}}]
clusters: [{name: k, cluster: {server: 'https://k8s.test'}}]
users:
- name: ci
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: /bin/sh
      args: [credential, --profile=prod]
      interactiveMode: Never
"
    .to_owned()
}

fn check(home: &Home, words: &[&str]) -> Program {
    Program::in_home(home, &[&["kubeconfig", "check"], words].concat())
}

fn json_of(home: &Home, words: &[&str]) -> Value {
    let outcome = check(home, &[words, &["--format", "json"]].concat()).run();
    serde_json::from_str(&outcome.ends_with(0).stdout).unwrap()
}

/// The rules of the findings about `user`
fn rules(document: &Value, user: &Value) -> Vec<String> {
    let findings = document["findings"].as_array().unwrap().iter();
    let of_user = findings.filter(|finding| finding["user"] == *user);
    of_user
        .map(|finding| finding["rule"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_person_reads_what_each_user_is_and_what_to_do() {
    let home = home(&mixed());

    let outcome = check(&home, &["mine"]).run().ends_with(0);

    assert_eq!(outcome.stderr, "");
    let block = "\
user deployer: static token of the service account ci/deployer, without an end
  error    the token of the service account ci/deployer never ends: whoever has a copy has its rights, until its Secret is deleted [endless-token]
           instead: doorward service-account deployer -n ci --kubeconfig mine
  error    the cluster k is at http://k8s.test, without TLS: whoever is on the way can read the token, and use it [plain-http]

user pasted: auth-provider oidc
";
    assert!(outcome.stdout.starts_with(block), "{}", outcome.stdout);
    let sum = "mine: 6 users, 9 errors, 2 warnings, 1 remark\n";
    assert!(outcome.stdout.ends_with(sum), "{}", outcome.stdout);
}

#[test]
fn a_program_reads_the_same_as_json() {
    let document = json_of(&home(&mixed()), &["mine"]);

    assert_eq!(document["files"], json!(["mine"]));
    assert_eq!(document["worst"], "error");
    assert_eq!(
        document["users"][0],
        json!({"user": "deployer", "file": "mine", "contexts": ["deployer"], "kinds": [{
            "kind": "token",
            "what": "static token of the service account ci/deployer, without an end",
            "ends": null,
            "never_ends": true,
        }]})
    );
    let kinds: Vec<_> = document["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| &user["kinds"][0]["kind"])
        .collect();
    assert_eq!(
        kinds,
        [
            "token",
            "auth-provider",
            "basic-auth",
            "client-certificate",
            "exec",
            "token-file"
        ]
    );
    assert_eq!(
        document["findings"][2],
        json!({
            "rule": "auth-provider",
            "severity": "warning",
            "file": "mine",
            "user": "pasted",
            "cluster": null,
            "context": null,
            "message": "clients that share an auth-provider entry break each other, since a refresh token is good once; \
                kube-rs and Python cannot keep it alive",
            "replacement": "doorward kubeconfig use-exec --context pasted --kubeconfig mine",
        })
    );
    for (user, expected) in [
        ("admin", "basic-auth"),
        ("certificate", "client-certificate"),
        ("plug-in", "exec"),
        ("file", "endless-token"),
    ] {
        assert_eq!(rules(&document, &user.into()), [expected, "plain-http"]);
    }
}

#[test]
fn code_scanning_reads_the_same_as_sarif() {
    let home = home(&mixed());

    let outcome = check(&home, &["mine", "--format", "sarif"]).run();

    // What the specification requires: 3.13, 3.14, 3.18, 3.19, 3.49, 3.27.
    let log: Value = serde_json::from_str(&outcome.ends_with(0).stdout).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let [run] = log["runs"].as_array().unwrap().as_slice() else {
        panic!("{log}")
    };
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "doorward");
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        assert!(rule["id"].is_string() && rule["shortDescription"]["text"].is_string());
    }
    let results = run["results"].as_array().unwrap();
    let found = json_of(&home, &["mine"]);
    let found = found["findings"].as_array().unwrap();
    assert_eq!(results.len(), found.len());
    for (result, found) in results.iter().zip(found) {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert_eq!(result["ruleId"], found["rule"]);
        let level = match found["severity"].as_str().unwrap() {
            "info" => "note",
            severity => severity,
        };
        assert_eq!(result["level"], level);
        let text = result["message"]["text"].as_str().unwrap();
        assert!(text.starts_with(found["message"].as_str().unwrap()));
        let location = &result["locations"][0];
        assert_eq!(
            location["physicalLocation"]["artifactLocation"]["uri"],
            "mine"
        );
        assert_eq!(location["logicalLocations"][0]["name"], found["user"]);
        assert_eq!(
            result["properties"].get("replacement"),
            found.get("replacement").filter(|r| !r.is_null())
        );
    }
}

#[test]
fn findings_are_a_failure_only_where_the_caller_says_so() {
    let bad = home(&mixed());
    let warning = home(&fine().replace("exec:", "token: opaque\n    x-unknown:"));
    let good = home(&fine());

    for (home, words, code) in [
        (&bad, &["mine"][..], 0),
        (&bad, &["mine", "--fail-on", "error"], 23),
        (&bad, &["mine", "--fail-on", "warning"], 23),
        (&warning, &["mine", "--fail-on", "error"], 0),
        (&warning, &["mine", "--fail-on", "warning"], 23),
        (&good, &["mine", "--fail-on", "warning"], 0),
    ] {
        let outcome = check(home, words).run().ends_with(code);

        assert!(outcome.stdout.contains("remark"), "{}", outcome.stdout);
        assert_eq!(outcome.stderr.contains("exit code 23"), code == 23);
    }
    let variable = check(&bad, &["mine"]).variable("DOORWARD_FAIL_ON", "error");
    variable.run().ends_with(23);
}

#[test]
fn what_is_fine_is_only_remarked_on() {
    let document = json_of(&home(&fine()), &["mine"]);

    assert_eq!(document["worst"], "info");
    assert_eq!(rules(&document, &"ci".into()), ["exec"]);
}

#[test]
fn a_file_that_cannot_be_read_is_storage() {
    let home = home("users: [{name: a, user: {token: canary}}, {name: a}]");
    fs::create_dir(home.join("folder")).unwrap();

    for words in [
        &["nowhere"][..],
        &["folder"],
        &["mine"],
        &["token", "nowhere"],
    ] {
        let outcome = check(&home, words).run().ends_with(22);

        assert_eq!(outcome.stdout, "");
        assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);
    }
    let outcome = check(&home, &[]).run().ends_with(22);
    assert!(
        outcome.stderr.contains(".kube/config"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn several_files_are_taken_together_as_kubectl_does_it() {
    let home = home(&fine());
    home.file(
        "more/other",
        "contexts: [{name: two, context: {cluster: two, user: two}}]
clusters: [{name: two, cluster: {server: 'https://two.test', certificate-authority: ca.pem}}]
users: [{name: ci, user: {token: canary}}, {name: two, user: {tokenFile: token}}]",
    );
    home.file("more/ca.pem", "");
    home.file("more/token", "opaque");

    let named = json_of(&home, &["mine", "more/other"]);
    let variable =
        check(&home, &["--format", "json"]).variable("KUBECONFIG", "mine:gone:more/other");
    let outcome = variable.run().ends_with(0);

    assert!(
        outcome.stderr.contains("note: gone is not there"),
        "{}",
        outcome.stderr
    );
    assert_eq!(
        serde_json::from_str::<Value>(&outcome.stdout).unwrap(),
        named
    );
    assert_eq!(rules(&named, &"ci".into()), ["exec", "shadowed"]);
    assert_eq!(rules(&named, &"two".into()), ["token-file"]);
    let home = Home::new();
    home.file(".kube/config", &fine());
    assert_eq!(json_of(&home, &[])["worst"], "info");
}

#[test]
fn files_that_others_can_read_or_write_are_found() {
    let home = home(&mixed());
    fs::set_permissions(home.join("mine"), Permissions::from_mode(0o646)).unwrap();
    fs::set_permissions(home.join("token"), Permissions::from_mode(0o640)).unwrap();

    let document = json_of(&home, &["mine"]);

    assert_eq!(
        rules(&document, &Value::Null),
        ["file-readable", "file-writable"]
    );
    assert_eq!(document["findings"][0]["replacement"], "chmod go= mine");
    assert_eq!(rules(&document, &"file".into())[0], "file-readable");
}

#[test]
fn a_program_is_looked_for_where_a_client_would() {
    let home = home(&fine());
    let missing = |command: &str| {
        home.file("mine", &fine().replace("/bin/sh", command));
        let document = json_of(&home, &["mine"]);
        rules(&document, &"ci".into()) == ["exec-command-missing"]
    };
    fs::create_dir(home.join("bin")).unwrap();
    home.file("bin/plain", "");
    fs::set_permissions(home.file("bin/tool", ""), Permissions::from_mode(0o755)).unwrap();

    assert!(!missing("sh"));
    assert!(!missing("bin/tool"));
    assert!(missing("tool"));
    assert!(missing("bin/plain"));
    assert!(missing("bin"));
    assert!(missing("bin/nowhere"));
}

#[test]
fn what_is_no_plain_file_is_not_read() {
    let home = Home::new();
    let pipe = home.join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );

    for path in ["pipe", "/dev/zero", "/"] {
        let user = json!({"users": [{"name": "u", "user": {"tokenFile": path}}]});
        home.file("mine", &user.to_string());
        let found = rules(&json_of(&home, &["mine"]), &"u".into());
        assert!(found.contains(&"file-missing".into()), "{path}: {found:?}");
    }
}

/// What kubectl says of a kubeconfig before it asks any server
fn refusal(kubectl: &Path, home: &Home) -> Option<String> {
    let mut command = Command::new(kubectl);
    command
        .args([
            "--kubeconfig",
            "mine",
            "get",
            "pods",
            "--request-timeout=2s",
        ])
        .current_dir(home.path())
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let output = output_within(Duration::from_secs(60), &mut command).unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    (!text.contains("was refused - did you specify the right host or port")).then_some(text)
}

#[test]
fn kubectl_refuses_what_is_said_to_be_refused() {
    let Some(kubectl) = kubectl() else {
        return;
    };
    let plug_in = |version: &str, rest: &str| {
        format!(
            "exec: {{command: 'true', apiVersion: client.authentication.k8s.io/{version}{rest}}}"
        )
    };
    let users = [
        ("exec-interactive-mode", plug_in("v1", "")),
        (
            "exec-interactive-mode",
            plug_in("v1", ", interactiveMode: Perhaps"),
        ),
        (
            "exec-api-version",
            plug_in("v1alpha1", ", interactiveMode: Never"),
        ),
        (
            "exec-incomplete",
            "exec: {command: 'true', interactiveMode: Never}".into(),
        ),
        (
            "exec-incomplete",
            "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}".into(),
        ),
        ("auth-provider-removed", "auth-provider: {name: gcp}".into()),
        (
            "auth-provider-removed",
            "auth-provider: {name: azure}".into(),
        ),
        (
            "auth-provider-removed",
            "auth-provider: {name: openstack}".into(),
        ),
        ("several-methods", "token: t, username: u".into()),
        (
            "several-methods",
            format!(
                "auth-provider: {{name: oidc}}, {}",
                plug_in("v1", ", interactiveMode: Never")
            ),
        ),
        (
            "certificate-without-key",
            "client-certificate-data: eA==".into(),
        ),
        (
            "data-and-file",
            "client-certificate-data: eA==, client-certificate: mine, client-key: mine".into(),
        ),
        (
            "file-missing",
            "client-certificate: none, client-key: mine".into(),
        ),
        (
            "file-missing",
            "client-certificate: mine, client-key: none".into(),
        ),
        ("file-missing", "tokenFile: none".into()),
    ];
    let clusters = [
        ("file-missing", "certificate-authority: none"),
        (
            "data-and-file",
            "certificate-authority: mine, certificate-authority-data: eA==",
        ),
        (
            "insecure-tls",
            "insecure-skip-tls-verify: true, certificate-authority-data: eA==",
        ),
    ];
    let users = users.map(|(rule, user)| (rule, user, String::new()));
    let clusters =
        clusters.map(|(rule, cluster)| (rule, "token: t".to_owned(), format!(", {cluster}")));
    let home = Home::new();
    let write = |user: &str, cluster: &str| {
        let text = format!(
            "current-context: c
contexts: [{{name: c, context: {{cluster: k, user: u}}}}]
clusters: [{{name: k, cluster: {{server: 'https://127.0.0.1:1'{cluster}}}}}]
users: [{{name: u, user: {{{user}}}}}]
"
        );
        home.file("mine", &text);
    };

    for (rule, user, cluster) in users.into_iter().chain(clusters) {
        write(&user, &cluster);

        let document = json_of(&home, &["mine"]);
        let findings = document["findings"].as_array().unwrap();
        let is_error = |f: &&Value| f["rule"] == rule && f["severity"] == "error";
        assert!(
            findings.iter().any(|f| is_error(&f)),
            "{user}{cluster}: {document}"
        );
        assert!(refusal(&kubectl, &home).is_some(), "{user}{cluster}");
    }
    for (user, cluster) in [
        ("token: t", ""),
        (
            "token: t, exec: {command: nowhere, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}",
            "",
        ),
        ("username: u, password: p", ""),
        ("token: t", ", insecure-skip-tls-verify: true"),
    ] {
        write(user, cluster);
        assert_eq!(refusal(&kubectl, &home), None, "{user}");
    }
}

#[test]
fn no_format_shows_a_secret() {
    let home = home(&mixed());

    for format in ["text", "json", "sarif"] {
        let words = ["mine", "--format", format, "--fail-on", "warning", "-vv"];
        let outcome = check(&home, &words).run().ends_with(23);

        assert!(outcome.stdout.contains("endless-token"));
        for text in [&outcome.stdout, &outcome.stderr] {
            assert!(!text.contains("canary") && !text.contains("e30"), "{text}");
        }
    }
}

#[test]
fn names_of_a_foreign_file_give_a_log_no_commands() {
    let name = "::error::x\n##[group]\u{1b}[31m";
    let text = json!({
        "contexts": [{"name": name, "context": {"user": name, "cluster": name}}],
        "clusters": [{"name": name, "cluster": {"server": "http://x"}}],
        "users": [{"name": name, "user": {"auth-provider": {"name": name}}}],
        "current-context": "::error::y",
    });
    let home = home(&text.to_string());

    for format in ["text", "json", "sarif"] {
        let outcome = check(&home, &["mine", "--format", format])
            .run()
            .ends_with(0);

        for mark in ["::error", "##[", "\u{1b}"] {
            assert!(!outcome.stdout.contains(mark), "{}", outcome.stdout);
        }
    }
}
