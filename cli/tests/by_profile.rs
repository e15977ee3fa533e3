//! `login --profile NAME`, and what a profile records of the login that made it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use doorward_testkit::{PASSWORD, PORTAL_HOST, Testbed};
use serde_json::Value;

use crate::job::PROFILES;
use crate::program::{Home, Outcome, Program};

fn profile(outcome: &Outcome, name: &str) -> Value {
    let json = outcome.read(&format!("{PROFILES}/{name}.json"));
    serde_json::from_str(&json).unwrap()
}

#[test]
fn a_login_by_profile_needs_nothing_but_the_password() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    Program::login_in(&home, &bed).run().ends_with(0);

    let again = || Program::in_home(&home, &["login", "--profile", "kubernetes"]);
    let outcome = again()
        .variable("DOORWARD_PASSWORD", PASSWORD)
        .run()
        .ends_with(0);

    assert!(
        outcome.stderr.contains(&format!("at {}", bed.portal_url())),
        "{}",
        outcome.stderr
    );
    assert_eq!(bed.count(PORTAL_HOST, "/k8stoken/token/user"), 4);
    let without = again().run().ends_with(10);
    assert!(
        without
            .stderr
            .contains("DOORWARD_PASSWORD, which is not set here"),
        "{}",
        without.stderr
    );
    let missing = Program::in_home(&home, &["login", "--profile", "nobody"])
        .run()
        .ends_with(10);
    assert!(
        missing.stderr.contains("doorward profile add nobody"),
        "{}",
        missing.stderr
    );
}

#[test]
fn a_profile_whose_password_came_by_stdin_can_log_in_that_way_only() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    Program::in_home(&home, &["login", "--no-cache"])
        .portal(&bed, &bed.portal_url())
        .user(&bed)
        .words(&["--password-file", "-"])
        .input(PASSWORD)
        .run()
        .ends_with(0);

    let again = Program::in_home(&home, &["login", "--profile", "kubernetes"]).input(PASSWORD);
    again.run().ends_with(0);
    let asked = bed.seen().len();
    let plug_in = Program::in_home(&home, &["credential", "--profile=kubernetes", "--no-cache"]);
    let outcome = plug_in.input(PASSWORD).run().ends_with(10);

    assert!(
        outcome.stderr.contains("standard input"),
        "{}",
        outcome.stderr
    );
    assert_eq!(bed.seen().len(), asked);
}

#[test]
fn a_login_by_profile_takes_no_other_option_of_a_login() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    Program::login_in(&home, &bed).run().ends_with(0);
    let asked = bed.seen().len();

    for words in [
        &["--username", "other"][..],
        &["--idp-url", "https://elsewhere.test"],
        &["--timeout", "5m"],
        &["--password-file", "pw"],
        &["--allow-http"],
    ] {
        let outcome = Program::in_home(&home, &["login", "--profile", "kubernetes"])
            .words(words)
            .variable("DOORWARD_PASSWORD", PASSWORD)
            .run()
            .ends_with(2);
        assert!(outcome.stderr.contains(words[0]), "{}", outcome.stderr);
    }
    assert_eq!(bed.seen().len(), asked);
}

#[test]
fn a_login_by_profile_keeps_the_clusters_that_were_named() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    Program::in_home(
        &home,
        &[
            "profile",
            "add",
            "prod",
            "--server",
            "https://balancer.test",
        ],
    )
    .portal(&bed, &bed.portal_url())
    .user(&bed)
    .run()
    .ends_with(0);

    let outcome = Program::in_home(&home, &["login", "--profile", "prod"])
        .variable("DOORWARD_PASSWORD", PASSWORD)
        .run()
        .ends_with(0);

    let servers = profile(&outcome, "prod")["server"].clone();
    assert_eq!(
        servers,
        serde_json::json!(["https://balancer.test", bed.api_url()])
    );
}

#[test]
fn where_the_password_came_from_is_recorded_and_not_the_password() {
    let bed = Testbed::start().unwrap();
    let login = || Program::login_at(&bed, &bed.portal_url()).user(&bed);
    let password = |program: Program| {
        program.file("pw", PASSWORD);
        let outcome = program.run().ends_with(0);
        let folder = outcome.home().to_str().unwrap().to_owned();
        let profile = profile(&outcome, "kubernetes");
        assert!(!profile.to_string().contains(PASSWORD));
        profile["password"].to_string().replace(&folder, "HOME")
    };

    assert_eq!(
        password(login().variable("DOORWARD_PASSWORD", PASSWORD)),
        r#"{"variable":"DOORWARD_PASSWORD"}"#
    );
    assert_eq!(
        password(login().words(&["--password-file", "pw"])),
        r#"{"file":"HOME/pw"}"#
    );
    assert_eq!(
        password(login().words(&["--password-file", "./pw", "--allow-shared-files"])),
        r#"{"shared-file":"HOME/./pw"}"#.replace("/./", "/")
    );
    assert_eq!(
        password(login().variable("DOORWARD_PASSWORD_COMMAND", "cat pw")),
        r#"{"command":"cat pw"}"#
    );
    assert_eq!(
        password(login().words(&["--password-file", "-"]).input(PASSWORD)),
        r#""stdin""#
    );
    let program = login();
    let script = program.file("bin/pw", "#!/bin/sh\ncat \"$1\"\n");
    fs::set_permissions(script, Permissions::from_mode(0o700)).unwrap();
    assert_eq!(
        password(program.words(&["--password-command", "bin/pw 'pw'"])),
        r#"{"command":"HOME/bin/pw pw"}"#
    );
}
