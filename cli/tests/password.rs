//! Where a password may come from, and what is refused before any request.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use doorward_testkit::{OKTA_HOST, PASSWORD, Testbed, USER};

use crate::program::Program;

/// A login at a portal that does not exist: it must end before that is noticed
fn nowhere() -> Program {
    Program::new(&[
        "login",
        "--portal",
        "portal.invalid",
        "--username",
        "ci",
        "-o",
        "none",
    ])
}

fn login_without_password(bed: &Testbed) -> Program {
    Program::login_at(bed, &bed.portal_url()).words(&[
        "--username",
        USER,
        "--idp-url",
        &bed.okta_url(),
        "-o",
        "none",
    ])
}

#[test]
fn a_login_without_credentials_makes_no_request() {
    let without_name = Program::new(&["login", "--portal", "portal.invalid", "-o", "none"]);
    let outcome = without_name
        .variable("DOORWARD_PASSWORD", "canary")
        .run()
        .ends_with(10);
    assert!(
        outcome.stderr.contains("--username or DOORWARD_USERNAME"),
        "{}",
        outcome.stderr
    );

    let outcome = nowhere()
        .variable("DOORWARD_PASSWORD", "")
        .run()
        .ends_with(10);
    for way in ["DOORWARD_PASSWORD", "--password-file", "--password-command"] {
        assert!(outcome.stderr.contains(way), "{}", outcome.stderr);
    }
}

#[test]
fn an_empty_password_makes_no_request() {
    let program = nowhere();
    let empty = program.file("empty", "\n");
    program
        .words(&["--password-file", empty.to_str().unwrap()])
        .run()
        .ends_with(10);

    nowhere()
        .words(&["--password-file", "-"])
        .run()
        .ends_with(10);
    nowhere()
        .words(&["--password-command", "true"])
        .run()
        .ends_with(10);
}

#[test]
fn two_variables_for_one_password_are_a_usage_error() {
    let program = nowhere()
        .variable("DOORWARD_PASSWORD", "canary")
        .variable("DOORWARD_PASSWORD_FILE", "canary");

    let outcome = program.run().ends_with(2);

    assert!(
        outcome
            .stderr
            .contains("DOORWARD_PASSWORD and DOORWARD_PASSWORD_FILE")
    );
    assert!(!outcome.stderr.contains("canary"));
}

#[test]
fn a_password_file_that_others_can_read_is_refused() {
    let bed = Testbed::start().unwrap();
    let shared = |program: Program, mode| {
        let path = program.file("pw", PASSWORD);
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        program.variable("DOORWARD_PASSWORD_FILE", &path)
    };

    for mode in [0o644, 0o622] {
        let outcome = shared(login_without_password(&bed), mode)
            .run()
            .ends_with(10);
        assert!(
            outcome.stderr.contains("--allow-shared-files"),
            "{}",
            outcome.stderr
        );
    }
    assert_eq!(bed.seen().len(), 0);

    shared(login_without_password(&bed), 0o644)
        .variable("DOORWARD_ALLOW_SHARED_FILES", "true")
        .run()
        .ends_with(0);
}

#[test]
fn a_password_comes_by_file_stdin_and_command() {
    let bed = Testbed::start().unwrap();

    let program = login_without_password(&bed);
    let path = program.file("pw", &format!("{PASSWORD}\n"));
    program
        .words(&["--password-file", path.to_str().unwrap()])
        .run()
        .ends_with(0);

    let program = login_without_password(&bed).words(&["--password-file", "-"]);
    program.input(format!("{PASSWORD}\n")).run().ends_with(0);

    let program = login_without_password(&bed);
    program.file("the pw", PASSWORD);
    program
        .words(&["--password-command", "cat 'the pw'"])
        .run()
        .ends_with(0);
    assert_eq!(bed.count(OKTA_HOST, "/api/v1/authn"), 3);
}

#[test]
fn a_password_command_sees_no_variable_of_doorward() {
    let program = nowhere()
        .words(&[
            "--password-command",
            "sh -c 'env >seen; exit 1'",
            "--kubeconfig",
            "x",
        ])
        .variable("DOORWARD_PASSWORD", "canary")
        .variable("DOORWARD_TOTP_SEED", "canary")
        .variable("OTHER", "stays");

    let outcome = program.run().ends_with(10);

    let seen = outcome.read("seen");
    assert!(seen.contains("OTHER=stays"));
    assert!(!seen.contains("DOORWARD_"), "{seen}");
    assert!(!outcome.home().join("x").exists());
}

#[test]
fn a_password_command_that_fails_is_named_by_its_program_only() {
    let program = nowhere().words(&[
        "--password-command",
        "sh -c 'echo canary-out; echo shown >&2; exit 4'",
    ]);

    let outcome = program.run().ends_with(10);

    assert!(outcome.stderr.starts_with("shown\n"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("program sh"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("canary"));
}

#[test]
fn a_password_command_has_a_limit_of_output() {
    let outcome = nowhere()
        .words(&["--password-command", "yes canary"])
        .run()
        .ends_with(10);

    assert!(outcome.stderr.contains("64 KiB"));
    assert!(!outcome.stderr.contains("canary"));
}
