//! The real kubectl runs the plug-in that a login writes into the kubeconfig.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use doorward::Kubeconfig;
use doorward::kubeconfig::Section;
use doorward_testkit::{API_HOST, Names, PASSWORD, Testbed, USER, kubectl, output_within};

use crate::job::{CACHE, Job, PROFILES};
use crate::program::{Home, Program};

/// A job at servers that kubectl finds, and the kubectl, where there is one
fn job(words: &[&str]) -> Option<(Job, PathBuf)> {
    let kubectl = kubectl()?;
    let bed = Testbed::builder().names(Names::Loopback).start().unwrap();
    let home = Home::new();
    Program::login_in(&home, &bed)
        .words(words)
        .run()
        .ends_with(0);
    Some((Job { bed, home }, kubectl))
}

/// Runs kubectl with the home folder's own kubeconfig; doorward is found by its name
fn run(kubectl: &Path, home: &Home, words: &[&str]) -> (bool, String) {
    let folder = Path::new(env!("CARGO_BIN_EXE_doorward")).parent().unwrap();
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(
        [folder.to_owned()]
            .into_iter()
            .chain(env::split_paths(&path)),
    );
    let mut command = Command::new(kubectl);
    command
        .args(words)
        .current_dir(home.path())
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", path.unwrap());
    let output = output_within(Duration::from_secs(60), &mut command).unwrap();
    let mut text = String::from_utf8(output.stdout).unwrap();
    text.push_str(&String::from_utf8(output.stderr).unwrap());
    (output.status.success(), text)
}

#[track_caller]
fn assert_pods(kubectl: &Path, job: &Job) {
    let (ok, text) = run(
        kubectl,
        &job.home,
        &["get", "pods", "--request-timeout=20s"],
    );
    assert!(ok && text.contains("hello"), "{text}");
}

#[test]
fn pods_are_listed_at_once_and_after_the_tokens_end() {
    let Some((job, kubectl)) = job(&[]) else {
        return;
    };
    let kubeconfig = job.home.read(".kube/config");

    assert_pods(&kubectl, &job);
    assert_eq!((job.refreshes(), job.bed.logins()), (0, 1));
    job.expire();
    assert_pods(&kubectl, &job);
    assert_pods(&kubectl, &job);
    assert_eq!((job.refreshes(), job.bed.logins()), (1, 1));

    assert_eq!(job.bed.unauthorized(), 0);
    assert_eq!(job.home.read(".kube/config"), kubeconfig);
    assert_eq!(job.bed.complaints(), Vec::<String>::new());
}

#[test]
fn a_call_that_fails_says_why_on_kubectls_own_stderr() {
    let Some((job, kubectl)) = job(&[]) else {
        return;
    };
    job.expire();
    job.bed.end_sessions(USER);

    let (ok, text) = run(&kubectl, &job.home, &["get", "pods"]);

    assert!(!ok);
    assert!(
        text.contains("the refresh token was refused (status 401)"),
        "{text}"
    );
    assert!(text.contains("exit code 10"), "{text}");
    assert_eq!(
        job.bed
            .seen()
            .iter()
            .filter(|seen| seen.host == API_HOST)
            .count(),
        0
    );
}

#[test]
fn folders_of_ones_own_and_no_cache_work_as_well() {
    for words in [
        &["--profile-dir", "p", "--cache-dir", "c", "--profile", "a b"][..],
        &["--context-name", "prod/eu"],
    ] {
        let Some((job, kubectl)) = job(words) else {
            return;
        };
        assert_pods(&kubectl, &job);
        assert_eq!((job.bed.logins(), job.bed.unauthorized()), (1, 0));
    }
}

#[test]
fn another_cluster_in_the_same_kubeconfig_gets_no_token() {
    let Some((job, kubectl)) = job(&[]) else {
        return;
    };
    let server = format!("--server={}", job.bed.evil_url());
    let evil = [
        "config",
        "set-cluster",
        "evil",
        &server,
        "--insecure-skip-tls-verify=true",
    ];
    assert!(run(&kubectl, &job.home, &evil).0);

    let (ok, text) = run(&kubectl, &job.home, &["get", "pods", "--cluster=evil"]);

    assert!(!ok);
    assert!(text.contains("a cluster that it is not for"), "{text}");
    assert_eq!(
        job.bed
            .seen()
            .iter()
            .filter(|seen| seen.host.contains("evil"))
            .count(),
        0
    );
}

#[test]
fn a_kubeconfig_that_kubectl_made_can_be_turned() {
    let Some((job, kubectl)) = job(&["--user-auth", "auth-provider", "--kubeconfig", "portal"])
    else {
        return;
    };
    let portal = Kubeconfig::parse(&job.home.read("portal")).unwrap();
    let name = portal.names(Section::Users).next().unwrap();
    let user = portal.oidc_user(name).unwrap();
    let ca = job.home.join("ca.pem");
    let arg = |key: &str, value: &str| format!("--auth-provider-arg={key}={value}");
    let commands: [&[&str]; 4] = [
        &[
            "set-cluster",
            "k",
            &format!("--server={}", job.bed.api_url()),
            &format!("--certificate-authority={}", ca.display()),
            "--embed-certs=true",
        ],
        &[
            "set-credentials",
            "jdoe",
            "--auth-provider=oidc",
            &arg("idp-issuer-url", &user.issuer),
            &arg("client-id", &user.client_id),
            &arg("client-secret", ""),
            &arg("id-token", user.id_token.expose_secret()),
            &arg(
                "refresh-token",
                user.refresh_token.as_ref().unwrap().expose_secret(),
            ),
            &arg("idp-certificate-authority", ca.to_str().unwrap()),
        ],
        &[
            "set-context",
            "k",
            "--cluster=k",
            "--user=jdoe",
            "--namespace=default",
        ],
        &["use-context", "k"],
    ];
    for words in commands {
        let (ok, text) = run(&kubectl, &job.home, &[&["config"], words].concat());
        assert!(ok, "{text}");
    }

    job.run(&["kubeconfig", "use-exec"]).run().ends_with(0);

    assert_pods(&kubectl, &job);
    assert_eq!(job.refreshes(), 0);
    job.expire();
    assert_pods(&kubectl, &job);
    assert_eq!((job.refreshes(), job.bed.unauthorized()), (1, 0));
    let (_, view) = run(&kubectl, &job.home, &["config", "view", "--raw"]);
    assert!(
        !view.contains("auth-provider") && view.contains("namespace: default"),
        "{view}"
    );
    assert_eq!(job.home.list(PROFILES), ["k.json"]);
    assert_eq!(job.home.list(CACHE).len(), 2);
    let again = job.run(&["kubeconfig", "use-exec"]).run().ends_with(10);
    assert!(
        again.stderr.contains("already") && !again.stderr.contains(PASSWORD),
        "{}",
        again.stderr
    );
    assert_eq!(job.bed.complaints(), Vec::<String>::new());
}
