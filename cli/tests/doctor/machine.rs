//! What `doctor` says of the machine: folders, clients and variables.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use doorward_testkit::Testbed;
use serde_json::Value;

use super::{SEED, check, doctor_in, is, named, result};
use crate::program::Home;

#[test]
fn folders_that_cannot_be_used_are_told_before_a_login() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    // As root no mode keeps us out; a file in the place of a folder does.
    let file = home.file("taken", "x");
    let open = home.join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, Permissions::from_mode(0o755)).unwrap();
    let below = file.join("deep");

    let result = result(
        doctor_in(&home, &bed)
            .user(&bed)
            .words(&[
                "--profile-dir",
                below.to_str().unwrap(),
                "--cache-dir",
                open.to_str().unwrap(),
            ])
            .words(&[
                "--kubeconfig",
                below.to_str().unwrap(),
                "--runtime-dir",
                below.to_str().unwrap(),
            ]),
        22,
    );

    for name in ["profiles", "cache", "kubeconfig"] {
        is(&result, name, "error");
        assert_eq!(check(&result, name)["kind"], "Storage");
    }
    is(&result, "runtime", "warning");
    is(&result, "adapter", "ok");
    assert!(
        check(&result, "cache")["message"]
            .as_str()
            .unwrap()
            .contains("others")
    );
}

#[test]
fn a_lock_of_kubectl_is_seen() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    let kubeconfig = home.file("config", "");
    home.file("config.lock", "");

    let result = result(
        doctor_in(&home, &bed)
            .user(&bed)
            .words(&["--kubeconfig", kubeconfig.to_str().unwrap()]),
        22,
    );

    assert!(
        check(&result, "kubeconfig")["message"]
            .as_str()
            .unwrap()
            .contains("kubectl holds its lock")
    );
}

#[test]
fn clients_are_asked_for_their_version_without_any_secret() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    let client = |name: &str, script: &str| {
        let path = home.file(
            &format!("bin/{name}"),
            &format!(
                "#!/bin/sh\nenv > {}/seen-{name}\n{script}\n",
                home.path().display()
            ),
        );
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    };
    client(
        "kubectl",
        r#"echo '{"clientVersion": {"gitVersion": "v1.21.3"}}'"#,
    );
    client("helm", "echo v3.19.0");
    client("doorward", "exit 1");
    home.file(".kube/kuberc", "kind: Preference\ncredentialPluginPolicy: Allowlist\ncredentialPluginAllowlist:\n- name: other\n");
    let path = format!("{}:/usr/bin:/bin", home.join("bin").display());

    let outcome = doctor_in(&home, &bed)
        .user(&bed)
        .words(&["--format", "json"])
        .variable("PATH", path)
        .run()
        .ends_with(0);

    let result: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let clients = check(&result, "clients");
    assert_eq!(clients["state"], "warning", "{clients:#}");
    let told = clients["message"].as_str().unwrap();
    assert!(
        told.contains("kubectl is older than 1.22") && told.contains("Allowlist"),
        "{told}"
    );
    assert!(
        clients["details"].to_string().contains("helm v3.19.0"),
        "{clients:#}"
    );
    is(&result, "plug-in", "warning");
    for name in ["kubectl", "helm"] {
        let seen = home.read(&format!("seen-{name}"));
        assert!(
            !seen.contains("DOORWARD_") && !seen.contains(SEED),
            "{seen}"
        );
    }
    assert!(!home.join("seen-doorward").exists());
}

#[test]
fn variables_that_are_empty_are_told() {
    let bed = Testbed::start().unwrap();

    let result = result(
        named(&bed)
            .variable("DOORWARD_PASSWORD", "")
            .variable("HTTPS_PROXY", "")
            .variable("OTHER", ""),
        0,
    );

    is(&result, "variables", "warning");
    is(&result, "credentials", "warning");
    assert_eq!(
        check(&result, "variables")["message"],
        "set and empty: DOORWARD_PASSWORD, HTTPS_PROXY"
    );
}
