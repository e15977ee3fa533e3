//! The CI platform's identity from the option to the kubeconfig and to `doorward credential`.

use std::time::Duration;

use doorward_testkit::{
    CiProgram, JOB_TOKEN, RUNNER_HOST, STS_CLIENT, Testbed, WORKLOAD_CLIENT, ci_program,
};
use serde_json::Value;

use crate::program::{Home, Outcome, Program};

/// A job of GitHub Actions with the permission that it needs
fn github(home: &Home, bed: &Testbed, words: &[&str]) -> Program {
    Program::in_home(home, words)
        .variable("GITHUB_ACTIONS", "true")
        .variable("ACTIONS_ID_TOKEN_REQUEST_URL", bed.github_url())
        .variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN", JOB_TOKEN)
}

fn login(home: &Home, bed: &Testbed, words: &[&str]) -> Program {
    let words = [&["login", "--audience", "kubernetes"], words].concat();
    github(home, bed, &words).network(bed)
}

fn token(outcome: &Outcome) -> String {
    let credential: Value = serde_json::from_str(&outcome.stdout).unwrap();
    credential["status"]["token"].as_str().unwrap().to_owned()
}

#[test]
fn a_kubeconfig_calls_doorward_which_asks_the_platform_each_time() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    let ca = home.file("cluster.pem", bed.ca_pem());
    let words = [
        "--ci-identity",
        "--server",
        &bed.api_url(),
        "--certificate-authority",
        ca.to_str().unwrap(),
        "--cluster-name=prod",
        "--kubeconfig=job.kubeconfig",
    ];

    let outcome = login(&home, &bed, &words).run().ends_with(0);

    assert!(
        outcome.stderr.contains("repo:acme/shop"),
        "{}",
        outcome.stderr
    );
    let kubeconfig = outcome.read("job.kubeconfig");
    assert!(kubeconfig.contains("--profile=prod"), "{kubeconfig}");
    assert!(!kubeconfig.contains("eyJ"), "{kubeconfig}");
    for times in 2..4 {
        let credential = github(&home, &bed, &["credential", "--profile=prod"]);
        let outcome = credential.run().ends_with(0);
        assert!(token(&outcome).starts_with("eyJ"));
        assert_eq!(bed.count(RUNNER_HOST, "/idtoken/1a/2b"), times);
    }
    assert_eq!(bed.complaints(), Vec::<String>::new());
    // Another job of the machine would find whatever is kept.
    let kept = home.list(".cache/doorward");
    assert!(!kept.iter().any(|name| name.ends_with(".json")), "{kept:?}");
}

#[test]
fn a_token_on_stdout_is_masked_on_stderr() {
    let bed = Testbed::start().unwrap();
    let words = ["--ci-identity=github", "--output=token"];

    let outcome = login(&Home::new(), &bed, &words).run().ends_with(0);

    let token = outcome.stdout.trim_end();
    assert_eq!(token.split('.').count(), 3);
    let masks = outcome.stderr.lines();
    let masks: Vec<&str> = masks
        .filter(|line| line.starts_with("::add-mask::"))
        .collect();
    assert_eq!(masks, [format!("::add-mask::{token}")]);
    assert!(!outcome.stderr.contains(JOB_TOKEN));
}

#[test]
fn a_missing_permission_is_a_wrong_setting_with_the_line_to_add() {
    let bed = Testbed::start().unwrap();
    let words = [
        "login",
        "--ci-identity",
        "--audience=kubernetes",
        "--output=token",
    ];
    let program = Program::new(&words).network(&bed);

    let outcome = program
        .variable("GITHUB_ACTIONS", "true")
        .run()
        .ends_with(10);

    let line = "permissions: { contents: read, id-token: write }";
    assert!(outcome.stderr.contains(line), "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "");
}

#[test]
fn an_audience_is_asked_for_and_a_cluster_too() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();

    let words = ["login", "--ci-identity", "--output=token"];
    let outcome = github(&home, &bed, &words)
        .network(&bed)
        .run()
        .ends_with(10);
    assert!(outcome.stderr.contains("--audience"), "{}", outcome.stderr);

    let words = ["--ci-identity", "--kubeconfig=job.kubeconfig"];
    let outcome = login(&home, &bed, &words).run().ends_with(10);
    assert!(outcome.stderr.contains("--server"), "{}", outcome.stderr);
    assert_eq!(bed.seen(), []);
}

#[test]
fn the_programs_of_a_platform_are_run_with_the_right_words_and_without_a_password() {
    let bed = Testbed::start().unwrap();
    for (platform, program, variable) in [
        (
            "buildkite",
            CiProgram::Buildkite,
            "BUILDKITE_AGENT_ACCESS_TOKEN",
        ),
        ("circleci", CiProgram::CircleCi, "CIRCLECI"),
    ] {
        let home = Home::new();
        let token = bed.job_token("kubernetes", "pipeline:shop", Duration::from_secs(600));
        ci_program(home.path(), program, "kubernetes", &token).unwrap();
        let path = format!("{}:/usr/bin:/bin", home.path().display());
        let identity = format!("--ci-identity={platform}");
        let words = [
            "login",
            &identity,
            "--audience=kubernetes",
            "--output=token",
        ];
        let job = |words: &[&str]| {
            Program::in_home(&home, words)
                .variable("PATH", &path)
                .variable("DOORWARD_PASSWORD", "canary")
        };

        let outcome = job(&words).variable(variable, "true").run().ends_with(0);
        assert_eq!(outcome.stdout.trim_end(), token);

        let outcome = job(&words).run().ends_with(10);
        assert!(
            outcome.stderr.contains("not in a job"),
            "{}",
            outcome.stderr
        );
        assert_eq!(outcome.stdout, "");
    }
}

#[test]
fn a_file_that_rotates_is_read_for_each_token() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    let put = |subject: &str| {
        let token = bed.job_token("kubernetes", subject, Duration::from_secs(600));
        home.file("identity/token", &token);
        token
    };
    put("one");
    let words = [
        "login",
        "--ci-identity=file:identity/token",
        "--audience=kubernetes",
        "--cluster-name=prod",
        "--kubeconfig=job.kubeconfig",
        "--server",
        &bed.api_url(),
    ];
    Program::in_home(&home, &words).run().ends_with(0);

    let second = put("two");

    let credential = Program::in_home(&home, &["credential", "--profile=prod"]);
    assert_eq!(token(&credential.run().ends_with(0)), second);
}

#[test]
fn a_portals_issuer_takes_a_jobs_identity_in_place_of_a_secret_and_for_an_exchange() {
    let bed = Testbed::start().unwrap();
    let issuer = format!("{}/auth/idp/k8sIdp", bed.portal_url());
    let life = Duration::from_secs(600);
    let token = bed.job_token("openunison", "repo:acme/shop", life);
    let login = |words: &[&str]| {
        let usual = [
            "login",
            "--issuer",
            &issuer,
            "--ci-identity=env:JOB_JWT",
            "--output=token",
        ];
        let words = [&usual[..], words].concat();
        Program::new(&words)
            .network(&bed)
            .variable("JOB_JWT", &token)
    };

    let client = format!("--client-id={WORKLOAD_CLIENT}");
    let words = [
        client.as_str(),
        "--grant=client-credentials",
        "--audience=openunison",
    ];
    let outcome = login(&words).run().ends_with(0);
    assert!(outcome.stdout.starts_with("eyJ") && outcome.stdout.trim_end() != token);

    // For whoever acts, beside the token that is exchanged.
    let subject = bed.id_token_with_amr("jdoe", life);
    let actor = bed.job_token("kubernetes", "repo:acme/shop", life);
    let client = format!("--client-id={STS_CLIENT}");
    let words = [
        client.as_str(),
        "--grant=token-exchange",
        "--audience=kubernetes",
    ];
    let program = login(&words).variable("JOB_JWT", &actor);
    let outcome = program
        .variable("DOORWARD_SUBJECT_TOKEN", &subject)
        .run()
        .ends_with(0);
    assert!(outcome.stdout.starts_with("eyJ") && outcome.stdout.trim_end() != subject);
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[test]
fn what_is_no_platform_is_a_wrong_setting() {
    let words = [
        "login",
        "--ci-identity=jenkins",
        "--audience=a",
        "--output=token",
    ];

    let outcome = Program::new(&words).run().ends_with(10);

    assert!(outcome.stderr.contains("buildkite"), "{}", outcome.stderr);
}
