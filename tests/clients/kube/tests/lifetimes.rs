//! kube-rs on the test kit's API server for several lives of a token, each way that doorward gives tokens.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

use std::time::Duration;

use doorward_testkit::{Names, PortalSwitches, Testbed};

#[path = "../examples/controller.rs"]
#[allow(dead_code, reason = "its main function")]
mod controller;

#[path = "lifetimes/exec_plugin.rs"]
mod exec_plugin;

#[path = "lifetimes/token_source.rs"]
mod token_source;

fn bed() -> Testbed {
    let portal = PortalSwitches {
        token_life: LIFE,
        ..PortalSwitches::default()
    };
    let bed = Testbed::builder().names(Names::Loopback).portal(portal);
    bed.start().unwrap()
}

/// Asserts on what the servers saw in [`TIME`]
fn assert_one_refresh_per_life(name: &str, bed: &Testbed, calls: u32) {
    let refreshes = bed.refreshes();
    let granted = refreshes.granted as u64;
    eprintln!("kube-rs, {name}: {calls} calls, 0 failed, {granted} refreshes in {TIME:?}");
    assert_eq!((bed.unauthorized(), bed.logins()), (0, 1));
    assert_eq!((refreshes.refused, refreshes.replayed), (0, 0));
    // Renewed when a second is left; a token ends on a whole second, so that the first may live up to a second less.
    let least = TIME.as_secs() / LIFE.as_secs();
    let most = TIME.as_secs().div_ceil(LIFE.as_secs() - 1) + 1;
    assert!(
        (least..=most).contains(&granted),
        "{granted}, not {least} to {most}"
    );
    assert_eq!(bed.complaints(), [] as [&str; 0]);
}

const LIFE: Duration = Duration::from_secs(4);

/// A few lives
const TIME: Duration = Duration::from_secs(16);
