//! `--portal-kind`: a login at each kind of portal, its kubeconfig, and the token that kubectl's plug-in gives then.

use doorward_testkit::{
    ClusterCa, DexK8sAuthenticatorSwitches, DownloadSwitches, GangwaySwitches, OKTA_HOST,
    OpenShiftSwitches, OtherPortal, PASSWORD, PORTAL_HOST, PinnipedSwitches, Testbed,
};
use serde_json::Value;

use crate::program::{Home, Outcome, Program};

fn start(portal: OtherPortal) -> Testbed {
    Testbed::builder().other_portal(portal).start().unwrap()
}

/// A login at `path` of the portal with these options, and the home folder that it leaves
fn log_in(bed: &Testbed, path: &str, words: &[&str]) -> (Home, Program) {
    let home = Home::new();
    let program = Program::in_home(&home, &["login"])
        .portal(bed, &format!("{}{path}", bed.portal_url()))
        .user(bed)
        .words(words)
        .variable("DOORWARD_PASSWORD", PASSWORD);
    (home, program)
}

/// What the plug-in of the kubeconfig gives, without a password
fn token(home: &Home, profile: &str) -> String {
    let call = format!("--profile={profile}");
    let outcome = Program::in_home(home, &["credential", &call])
        .run()
        .ends_with(0);
    let json: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert!(json["status"]["expirationTimestamp"].is_string(), "{json}");
    json["status"]["token"].as_str().unwrap().to_owned()
}

fn assert_has_entry(outcome: &Outcome, context: &str, server: &str) {
    let kubeconfig = outcome.read(".kube/config");
    assert!(
        kubeconfig.contains(&format!("current-context: {context}\n")),
        "{kubeconfig}"
    );
    assert!(
        kubeconfig.contains(&format!("server: {server}\n")),
        "{kubeconfig}"
    );
    assert!(
        kubeconfig.contains("command: ") && !kubeconfig.contains("token:"),
        "{kubeconfig}"
    );
}

#[test]
fn gangway_is_known_by_its_page_or_by_name() {
    for words in [&[][..], &["--portal-kind", "gangway"]] {
        let bed = start(OtherPortal::Gangway(GangwaySwitches::default()));
        let (home, program) = log_in(&bed, "", words);

        let outcome = program.run().ends_with(0);

        assert_has_entry(&outcome, "prod", &bed.api_url());
        assert!(token(&home, "prod").starts_with("ey"));
        assert_eq!(bed.count(OKTA_HOST, "/api/v1/authn"), 1);
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
}

#[test]
fn dex_k8s_authenticator_asks_for_a_cluster() {
    let switches = DexK8sAuthenticatorSwitches {
        choice: true,
        ..DexK8sAuthenticatorSwitches::default()
    };
    let bed = start(OtherPortal::DexK8sAuthenticator(switches));

    let (_, program) = log_in(&bed, "", &[]);
    let outcome = program.run().ends_with(10);
    assert!(outcome.stderr.contains("Staging"), "{}", outcome.stderr);

    let (home, program) = log_in(
        &bed,
        "",
        &["--login-option", "prod", "--context-name", "prod"],
    );
    let outcome = program.run().ends_with(0);
    assert_has_entry(&outcome, "prod", &bed.api_url());
    assert!(token(&home, "prod").starts_with("ey"));
}

#[test]
fn a_cluster_goes_in_place_of_one_whose_certificate_a_command_fetches() {
    let switches = DexK8sAuthenticatorSwitches {
        ca: ClusterCa::Address,
        ..DexK8sAuthenticatorSwitches::default()
    };
    let bed = start(OtherPortal::DexK8sAuthenticator(switches));

    let (_, program) = log_in(&bed, "", &[]);
    let outcome = program.run().ends_with(10);
    assert!(
        outcome.stderr.contains("--certificate-authority"),
        "{}",
        outcome.stderr
    );

    let words = [
        "--portal-kind",
        "dex-k8s-authenticator",
        "--server",
        &bed.api_url(),
        "--cluster-name",
        "mine",
    ];
    let (home, program) = log_in(&bed, "", &words);
    let ca = program.file("cluster.pem", bed.ca_pem());
    let outcome = program
        .words(&["--certificate-authority", ca.to_str().unwrap()])
        .run()
        .ends_with(0);
    assert_has_entry(&outcome, "mine", &bed.api_url());
    assert!(
        outcome
            .read(".kube/config")
            .contains("certificate-authority-data: ")
    );
    assert!(token(&home, "mine").starts_with("ey"));
}

#[test]
fn a_download_is_known_by_its_answer_or_by_name() {
    for words in [&[][..], &["--portal-kind", "download"]] {
        let bed = start(OtherPortal::Download(DownloadSwitches::default()));
        let (home, program) = log_in(&bed, DownloadSwitches::PATH, words);

        let outcome = program.run().ends_with(0);

        assert_has_entry(&outcome, "prod", &bed.api_url());
        assert!(token(&home, "prod").starts_with("ey"));
    }
}

#[test]
fn a_download_that_runs_a_program_is_refused() {
    let document = "current-context: a\ncontexts: [{name: a, context: {cluster: a, user: a}}]\n\
        clusters: [{name: a, cluster: {server: 'https://api.test'}}]\nusers: [{name: a, user: {exec: {command: kubelogin, \
        args: [get-token, '--oidc-issuer-url=https://id.test', '--oidc-client-id=kube', canary]}}}]\n";
    let switches = DownloadSwitches {
        document: Some(document.into()),
        ..DownloadSwitches::default()
    };
    let bed = start(OtherPortal::Download(switches));

    let (_, program) = log_in(&bed, DownloadSwitches::PATH, &[]);
    let outcome = program.run().ends_with(19);

    assert!(
        outcome
            .stderr
            .contains("--issuer https://id.test --client-id kube"),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains("canary"));
}

#[test]
fn openshift_gives_a_token_that_ends_as_it_says() {
    let bed = start(OtherPortal::OpenShift(OpenShiftSwitches::default()));
    let words = [
        "--portal-kind",
        "openshift",
        "--idp-url",
        &bed.control_plane_url(),
        "--context-name",
        "ocp",
    ];
    let (home, program) = log_in(&bed, "", &words);

    let outcome = program.run().ends_with(0);

    assert_has_entry(&outcome, "ocp", &bed.portal_url());
    assert!(token(&home, "ocp").starts_with("sha256~"));
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[test]
fn a_token_whose_end_nobody_knows_is_written_but_not_kept() {
    let bed = start(OtherPortal::OpenShift(OpenShiftSwitches {
        endless: true,
        ..OpenShiftSwitches::default()
    }));
    let words = [
        "--portal-kind",
        "openshift",
        "--idp-url",
        &bed.control_plane_url(),
    ];

    let (_, program) = log_in(&bed, "", &words);
    let outcome = program.run().ends_with(18);
    assert!(
        outcome.stderr.contains("--user-auth token"),
        "{}",
        outcome.stderr
    );

    let (_, program) = log_in(&bed, "", &words);
    let outcome = program.words(&["--user-auth", "token"]).run().ends_with(0);
    assert!(outcome.read(".kube/config").contains("token: sha256~"));
}

#[test]
fn pinniped_needs_a_cluster_and_may_have_an_audience() {
    let bed = start(OtherPortal::Pinniped(PinnipedSwitches::default()));
    let words = ["--portal-kind", "pinniped", "--idp-url", &bed.portal_url()];

    let (_, program) = log_in(&bed, PinnipedSwitches::PATH, &words);
    let outcome = program.run().ends_with(10);
    assert!(outcome.stderr.contains("--server"), "{}", outcome.stderr);
    assert_eq!(bed.seen().len(), 0);

    for audience in [&[][..], &["--audience", "prod-cluster-7"]] {
        let (home, program) = log_in(&bed, PinnipedSwitches::PATH, &words);
        let program = program.words(&[
            "--server",
            "https://k8s.test:6443",
            "--cluster-name",
            "prod",
        ]);
        let outcome = program.words(audience).run().ends_with(0);

        assert_has_entry(&outcome, "prod", "https://k8s.test:6443");
        assert!(token(&home, "prod").starts_with("ey"));
    }
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[test]
fn an_audience_is_for_a_supervisor_alone() {
    let bed = start(OtherPortal::Gangway(GangwaySwitches::default()));

    let (_, program) = log_in(&bed, "", &["--audience", "prod"]);
    let outcome = program.run().ends_with(10);

    assert!(
        outcome.stderr.contains("--portal-kind pinniped"),
        "{}",
        outcome.stderr
    );
    assert_eq!(bed.seen().len(), 0);
}

#[test]
fn a_kind_that_is_none_is_a_usage_error() {
    let bed = start(OtherPortal::Gangway(GangwaySwitches::default()));
    let (_, program) = log_in(&bed, "", &["--portal-kind", "gateway"]);

    let outcome = program.run().ends_with(2);

    assert!(
        outcome.stderr.contains("dex-k8s-authenticator"),
        "{}",
        outcome.stderr
    );
    assert_eq!(bed.count(PORTAL_HOST, "/"), 0);
}
