//! kube-rs with the kubeconfig that the built program writes: it calls the program for its tokens.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::process::Command;
use std::time::{Duration, Instant};

use doorward_testkit::{PASSWORD, USER, output_within};
use k8s_openapi::api::core::v1::Pod;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};

use crate::{TIME, assert_one_refresh_per_life, bed};

#[tokio::test]
async fn kube_rs_lists_pods_for_many_lifetimes_after_one_login() {
    // Without the program, `run` in the folder above builds it, and comes here again.
    let Some(program) = env::var_os("DOORWARD_BIN") else {
        let _ = writeln!(io::stderr(), "SKIPPED: DOORWARD_BIN names no doorward");
        return;
    };
    let bed = bed();
    let home = tempfile::tempdir().unwrap();
    let ca = home.path().join("ca.pem");
    fs::write(&ca, bed.ca_pem()).unwrap();
    let path = home.path().join("config");
    let mut login = Command::new(&program);
    login.env_clear().env("HOME", home.path());
    login.env("DOORWARD_PASSWORD", PASSWORD);
    login.args(["login", "--username", USER, "--portal", &bed.portal_url()]);
    login.args(["--idp-url", &bed.okta_url()]);
    for (option, value) in [
        ("--ca-file", ca.as_path()),
        ("--kubeconfig", &path),
        ("--exec-command", program.as_ref()),
        // The tests' own home folder has nothing to do with it.
        ("--profile-dir", &home.path().join("profiles")),
        ("--cache-dir", &home.path().join("tokens")),
    ] {
        login.arg(option).arg(value);
    }
    let login = output_within(Duration::from_secs(60), &mut login).unwrap();
    assert!(login.status.success(), "{login:?}");

    let kubeconfig = Kubeconfig::read_from(&path).unwrap();
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(kubeconfig, &options);
    let config = config.await.unwrap();
    let start = Instant::now();
    let mut calls = 0;
    while start.elapsed() < TIME {
        // The client is made anew each time: its parts call the program three times before the first request.
        let pods: Api<Pod> = Api::all(Client::try_from(config.clone()).unwrap());
        for _ in 0..5 {
            assert_eq!(pods.list(&Default::default()).await.unwrap().items.len(), 1);
            calls += 1;
        }
    }

    assert_one_refresh_per_life("clients with the exec entry", &bed, calls);
}
