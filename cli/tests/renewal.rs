//! `credential` once the token has ended: one refresh, else one login, else one clear error.

use std::fs;

use doorward_testkit::{
    Fault, PASSWORD, PORTAL_HOST, PortalSwitches, Rotation, Testbed, Trouble, USER,
};

use crate::job::{Job, with_password};
use crate::program::{Outcome, Program};

/// The message, without the causes, the hint and the exit code
fn message(outcome: &Outcome) -> &str {
    outcome.stderr.lines().next().unwrap()
}

#[test]
fn an_ended_token_costs_exactly_one_request() {
    let job = Job::start();
    let old = job.record();
    job.expire();
    let asked = job.bed.seen().len();

    let outcome = job.credential().run().ends_with(0);

    assert_eq!(job.bed.seen().len(), asked + 1);
    assert_eq!(job.refreshes(), 1);
    let new = job.record();
    assert!(
        outcome
            .stdout
            .contains(new["token"]["id_token"].as_str().unwrap())
    );
    assert_ne!(new["token"]["id_token"], old["token"]["id_token"]);
    assert_ne!(new["refresh"]["token"], old["refresh"]["token"]);
    assert_eq!(job.credential().run().ends_with(0).stdout, outcome.stdout);
    assert_eq!(job.bed.seen().len(), asked + 1);
    assert_eq!(job.bed.complaints(), Vec::<String>::new());
}

#[test]
fn the_rotated_token_is_good_for_the_next_refresh() {
    for rotation in [Rotation::OneTime, Rotation::Kept, Rotation::Family] {
        let switches = PortalSwitches {
            rotation,
            ..PortalSwitches::default()
        };
        let job = Job::at(Testbed::builder().portal(switches).start().unwrap());

        for _ in 0..3 {
            job.expire();
            job.credential().run().ends_with(0);
        }

        assert_eq!(job.bed.refreshes().granted, 3, "{rotation:?}");
        assert_eq!(job.passwords(), 1);
    }
}

#[test]
fn a_refused_refresh_is_followed_by_a_login_where_the_password_is_at_hand() {
    let job = Job::start();
    job.expire();
    job.bed.end_sessions(USER);

    let outcome = with_password(job.credential(), PASSWORD).run().ends_with(0);

    assert_eq!((job.refreshes(), job.passwords()), (1, 2));
    assert!(
        outcome
            .stdout
            .contains(job.record()["token"]["id_token"].as_str().unwrap())
    );
    job.expire();
    job.credential().run().ends_with(0);
    assert_eq!((job.refreshes(), job.passwords()), (2, 2));
}

#[test]
fn a_refused_refresh_without_a_password_tells_of_both() {
    let job = Job::start();
    job.expire();
    job.bed.end_sessions(USER);

    for _ in 0..2 {
        let outcome = job.credential().run().ends_with(10);

        assert_eq!(outcome.stdout, "");
        assert_eq!(
            message(&outcome),
            "doorward: the refresh token was refused (status 401); the password comes from DOORWARD_PASSWORD, \
             which is not set here"
        );
    }
    assert_eq!((job.refreshes(), job.passwords()), (1, 1));
    with_password(job.credential(), PASSWORD).run().ends_with(0);
    assert_eq!((job.refreshes(), job.passwords()), (1, 2));
}

#[test]
fn a_wrong_password_is_remembered() {
    let job = Job::start();
    job.expire();
    job.bed.end_sessions(USER);
    let with = |password: &str| with_password(job.credential(), password);

    let first = with("wrong-canary").run().ends_with(11);
    assert_eq!((job.refreshes(), job.passwords()), (1, 2));
    assert!(
        message(&first).contains("the refresh token was refused"),
        "{}",
        first.stderr
    );
    let asked = job.bed.seen().len();

    let second = with("wrong-canary").run().ends_with(11);
    assert_eq!(job.bed.seen().len(), asked);
    assert_eq!(message(&second), message(&first));
    for way in ["another password", "--force"] {
        assert!(second.stderr.contains(way), "{}", second.stderr);
    }

    with("wrong-canary").words(&["--force"]).run().ends_with(11);
    assert_eq!(job.passwords(), 3);
    with("wrong-canary")
        .variable("DOORWARD_FORCE", "1")
        .run()
        .ends_with(11);
    assert_eq!(job.passwords(), 4);
    let outcome = with(PASSWORD).run().ends_with(0);
    assert_eq!(job.passwords(), 5);
    let kept = fs::read_to_string(job.cache_file()).unwrap();
    for text in [&first.stderr, &second.stderr, &outcome.stderr, &kept] {
        assert!(!text.contains("canary"), "{text}");
    }
}

#[test]
fn a_login_remembers_a_wrong_password_too() {
    let job = Job::start();
    let login = |password: &str| with_password(Program::login_in(&job.home, &job.bed), password);
    let kubeconfig = job.home.read(".kube/config");

    login("wrong").run().ends_with(11);
    assert_eq!(job.passwords(), 2);
    let asked = job.bed.seen().len();
    let second = login("wrong").run().ends_with(11);
    assert_eq!(job.bed.seen().len(), asked);
    assert!(second.stderr.contains("--force"), "{}", second.stderr);

    login("wrong").words(&["--force"]).run().ends_with(11);
    assert_eq!(job.passwords(), 3);
    assert_eq!(job.home.read(".kube/config"), kubeconfig);
    login(PASSWORD).run().ends_with(0);
    login(PASSWORD).run().ends_with(0);
    assert_eq!(job.passwords(), 5);
}

#[test]
fn a_wrong_password_takes_no_token_from_those_who_have_one() {
    let job = Job::start();
    let login = with_password(Program::login_in(&job.home, &job.bed), "wrong");
    login.run().ends_with(11);

    job.credential().run().ends_with(0);
    job.expire();
    job.credential().run().ends_with(0);

    assert_eq!((job.refreshes(), job.passwords()), (1, 2));
}

#[test]
fn an_issuer_in_trouble_costs_no_refresh_token() {
    let job = Job::start();
    job.expire();
    let trouble = Fault::new(PORTAL_HOST, "/auth/idp/k8sIdp/token", Trouble::BadGateway);
    job.bed.add_fault(trouble);
    let before = job.record()["refresh"].clone();

    let outcome = job.credential().run().ends_with(20);

    assert_eq!(outcome.stdout, "");
    assert_eq!(job.record()["refresh"], before);
    let asked = job.bed.seen().len();
    job.credential().run().ends_with(20);
    assert_eq!(
        job.bed.seen().len(),
        asked,
        "a busy issuer is left alone for a while"
    );
    job.credential().words(&["--force"]).run().ends_with(0);
}

#[test]
fn a_password_that_cannot_be_read_makes_no_request() {
    let job = Job::start();
    let profile = |place: &str| {
        let path = format!("{}/kubernetes.json", crate::job::PROFILES);
        let text = job.home.read(&path);
        let mut profile: serde_json::Value = serde_json::from_str(&text).unwrap();
        profile["password"] = serde_json::from_str(place).unwrap();
        job.home.file(&path, &profile.to_string());
    };
    job.expire();
    job.forget_refresh_token();
    let asked = job.bed.seen().len();

    for (place, told) in [
        (r#"{"file": "/nonexistent/pw"}"#, "/nonexistent/pw"),
        (r#"{"command": "false"}"#, "program false"),
        (r#""stdin""#, "standard input"),
        (r#"{"variable": "VAULT_PW"}"#, "VAULT_PW"),
    ] {
        profile(place);
        let outcome = job.credential().run().ends_with(10);

        assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
        assert_eq!(outcome.stdout, "");
    }
    assert_eq!(job.bed.seen().len(), asked);
    profile(r#"{"variable": "VAULT_PW"}"#);
    job.credential()
        .variable("VAULT_PW", PASSWORD)
        .run()
        .ends_with(0);
}

#[test]
fn a_password_command_is_asked_only_when_a_login_needs_it() {
    let job = Job::start();
    let path = format!("{}/kubernetes.json", crate::job::PROFILES);
    let script = job.home.file(
        "pw",
        &format!(
            "#!/bin/sh\necho asked >>'{}'\ncat '{}'\n",
            job.home.join("asked").display(),
            job.home.file("secret", PASSWORD).display()
        ),
    );
    let mut profile: serde_json::Value = serde_json::from_str(&job.home.read(&path)).unwrap();
    profile["password"] = serde_json::json!({"command": format!("sh '{}'", script.display())});
    job.home.file(&path, &profile.to_string());

    job.credential().run().ends_with(0);
    job.expire();
    job.credential().run().ends_with(0);
    assert!(!job.home.join("asked").exists());

    job.expire();
    job.forget_refresh_token();
    job.credential().run().ends_with(0);
    assert_eq!(job.home.read("asked"), "asked\n");
}

#[test]
fn a_portal_whose_tokens_end_at_once_is_told_of() {
    let switches = PortalSwitches {
        token_life: std::time::Duration::from_secs(1),
        ..PortalSwitches::default()
    };
    let bed = Testbed::builder().portal(switches).start().unwrap();

    let outcome = Program::login(&bed).run().ends_with(18);

    assert!(
        outcome.stderr.contains("ends as soon as it is made"),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.home().join(".kube/config").exists());
}
