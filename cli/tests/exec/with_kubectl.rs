//! The real kubectl with the kubeconfig of a run.

use std::time::Duration;

use doorward_testkit::{Names, PortalSwitches, Testbed, kubectl};

use crate::exec::running::{RUNTIME, Running, exec_in, wait_until};
use crate::program::Home;

#[test]
fn kubectl_lists_pods_inside() {
    let Some(kubectl) = kubectl() else {
        return;
    };
    let bed = Testbed::builder().names(Names::Loopback).start().unwrap();
    let home = Home::new();
    let words = [
        "--",
        kubectl.to_str().unwrap(),
        "get",
        "pods",
        "--request-timeout=20s",
    ];

    let outcome = exec_in(&home, &bed, &words).run().ends_with(0);

    assert!(outcome.stdout.contains("hello"), "{}", outcome.stdout);
    assert_eq!((bed.logins(), bed.unauthorized()), (1, 0));
    assert!(home.list(RUNTIME).is_empty());
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[test]
fn kubectl_lists_pods_after_the_first_tokens_end() {
    let Some(kubectl) = kubectl() else {
        return;
    };
    let switches = PortalSwitches {
        token_life: Duration::from_secs(8),
        ..PortalSwitches::default()
    };
    let bed = Testbed::builder().names(Names::Loopback).portal(switches);
    let bed = bed.start().unwrap();
    let home = Home::new();
    let script =
        "ask() { \"$0\" get pods --request-timeout=20s; }; ask && echo ready && read line && ask";
    let words = ["--", "sh", "-c", script, kubectl.to_str().unwrap()];
    let mut running = Running::start(exec_in(&home, &bed, &words));
    let end = bed.clock().seconds() + 8;
    wait_until(|| bed.clock().seconds() > end, || running.stderr());

    running.tell("");

    assert_eq!(running.wait(), 0, "{}", running.stderr());
    assert_eq!(running.stdout().matches("hello").count(), 2);
    assert_eq!((bed.logins(), bed.unauthorized()), (1, 0));
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[test]
fn kubectls_own_exit_code_and_words_come_through() {
    let Some(kubectl) = kubectl() else {
        return;
    };
    let bed = Testbed::builder().names(Names::Loopback).start().unwrap();
    let home = Home::new();
    let words = [
        "--",
        kubectl.to_str().unwrap(),
        "get",
        "no-such-kind",
        "--request-timeout=20s",
    ];

    let outcome = exec_in(&home, &bed, &words).run().ends_with(1);

    assert!(
        outcome.stderr.contains("no-such-kind"),
        "{}",
        outcome.stderr
    );
}
