//! The token stays fresh for as long as the command runs, and nobody needs the password for it but doorward.

use std::time::Duration;

use doorward_testkit::{Fault, PORTAL_HOST, PortalSwitches, Testbed, Trouble, USER};
use serde_json::Value;

use crate::exec::running::{RUNTIME, Running, exec_in, shell, wait_until};
use crate::program::Home;

/// Servers whose tokens end while a test waits
fn short_lived() -> Testbed {
    let switches = PortalSwitches {
        token_life: Duration::from_secs(4),
        ..PortalSwitches::default()
    };
    Testbed::builder().portal(switches).start().unwrap()
}

/// Calls what the kubeconfig calls, as a client does
const ASK: &str = r#"folder=$(dirname "$KUBECONFIG")
    ask() { "$0" credential --profile=exec --profile-dir="$folder/profiles" --cache-dir="$folder/tokens"; }
    ask; echo ready; read line; ask; echo done; read line"#;

#[test]
fn a_client_that_asks_after_the_tokens_end_gets_a_newer_one() {
    let bed = short_lived();
    let home = Home::new();
    let words = ["--", "sh", "-c", ASK, env!("CARGO_BIN_EXE_doorward")];
    let mut running = Running::start(exec_in(&home, &bed, &words));
    let first = kept(&home);
    assert!(running.stdout().contains(token(&first)));
    let end = first["expires"].as_u64().unwrap();
    wait_until(
        || bed.clock().seconds() > end && bed.refreshes().granted > 1,
        || running.stderr(),
    );

    running.tell("");
    running.says("done");

    let second = kept(&home);
    assert!(second["expires"].as_u64().unwrap() > bed.clock().seconds());
    let said = running.stdout();
    let (_, later) = said.split_once("ready").unwrap();
    assert!(later.contains("\"token\":") && !later.contains(token(&first)));
    running.tell("");
    assert_eq!(running.wait(), 0, "{}", running.stderr());
    assert_eq!((bed.logins(), bed.refreshes().refused), (1, 0));
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[test]
fn the_token_is_renewed_although_nobody_asks() {
    let bed = short_lived();
    let home = Home::new();
    let mut running = Running::start(exec_in(&home, &bed, &shell("echo ready; cat")));
    let first = kept(&home);

    wait_until(|| bed.refreshes().granted > 1, || running.stderr());

    assert_ne!(token(&kept(&home)), token(&first));
    assert_eq!(running.end(), 0);
    assert_eq!(running.stderr().lines().count(), 1, "{}", running.stderr());
}

#[test]
fn the_kubeconfig_calls_this_very_program_by_its_path() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    let script = r#"grep -q "command: $0$" "$KUBECONFIG""#;
    let words = ["--", "sh", "-c", script, env!("CARGO_BIN_EXE_doorward")];

    exec_in(&home, &bed, &words)
        .variable("PATH", "/usr/bin:/bin")
        .run()
        .ends_with(0);
}

#[test]
fn a_session_that_was_ended_is_followed_by_a_login() {
    let bed = short_lived();
    let home = Home::new();
    let mut running = Running::start(exec_in(&home, &bed, &shell("echo ready; cat; exit 5")));

    bed.end_sessions(USER);
    wait_until(|| bed.logins() == 2, || running.stderr());

    assert_eq!(running.end(), 5);
    assert!(
        !running.stderr().contains("warning"),
        "{}",
        running.stderr()
    );
}

#[test]
fn a_renewal_that_fails_is_told_and_tried_again() {
    let bed = short_lived();
    let home = Home::new();
    let mut running = Running::start(exec_in(&home, &bed, &shell("echo ready; cat; exit 5")));
    let trouble = |path| Fault::new(PORTAL_HOST, path, Trouble::BadGateway).times(2);
    bed.add_fault(trouble("/auth/idp/k8sIdp/token"));
    bed.add_fault(trouble("/k8stoken/token/user").times(4));

    running.complains("warning: the token of the command could not be renewed, and is tried again");
    running.complains("note: the token of the command is renewed again");

    assert_eq!(running.end(), 5);
    assert!(home.list(RUNTIME).is_empty());
}

/// The token in the private folder, as it is kept
fn kept(home: &Home) -> Value {
    let folder = format!("{RUNTIME}/{}/tokens", home.list(RUNTIME)[0]);
    let files = home.list(&folder);
    let file = files
        .iter()
        .find(|name| name.ends_with(".json") && !name.starts_with('.'));
    let record = home.read(&format!("{folder}/{}", file.unwrap()));
    serde_json::from_str::<Value>(&record).unwrap()["token"].clone()
}

fn token(kept: &Value) -> &str {
    kept["id_token"].as_str().unwrap()
}
