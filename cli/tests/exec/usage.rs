//! What `exec` says before there is a command.

use doorward_testkit::PASSWORD;

use crate::exec::running::{RUNTIME, exec, exec_in, quick, shell};
use crate::program::{Home, Program};

#[test]
fn a_command_that_is_not_there_costs_no_login() {
    let bed = quick();

    for command in ["no-such-command", "/nonexistent/command", "./command"] {
        let outcome = exec(&bed, &["--", command]).run().ends_with(127);

        assert!(
            outcome.stderr.contains("there is no such command"),
            "{}",
            outcome.stderr
        );
        assert!(
            outcome.stderr.contains("exit code 127"),
            "{}",
            outcome.stderr
        );
    }
    assert!(bed.seen().is_empty());
}

#[test]
fn a_command_that_cannot_be_started_is_126() {
    let bed = quick();
    let home = Home::new();
    home.file("command", "#!/bin/sh\n");

    exec_in(&home, &bed, &["--", "./command"])
        .run()
        .ends_with(126);
    exec_in(&home, &bed, &["--", "/"]).run().ends_with(126);

    assert!(bed.seen().is_empty() && home.list(RUNTIME).is_empty());
}

#[test]
fn a_program_that_the_system_refuses_is_126_and_leaves_nothing() {
    use std::os::unix::fs::PermissionsExt as _;

    let bed = quick();
    let home = Home::new();
    let program = home.file("command", "\u{7f}ELF no program");
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o700)).unwrap();

    let outcome = exec_in(&home, &bed, &["--log-format", "json", "--", "./command"])
        .run()
        .ends_with(126);

    let last = outcome.messages().pop().unwrap();
    assert_eq!(
        (&last["exit_code"], &last["kind"]),
        (&126.into(), &"Config".into())
    );
    assert!(home.list(RUNTIME).is_empty());
}

#[test]
fn a_login_that_fails_starts_no_command() {
    let bed = quick();
    let home = Home::new();

    let outcome = exec_in(&home, &bed, &shell("touch started"))
        .variable("DOORWARD_PASSWORD", "wrong")
        .run()
        .ends_with(11);

    assert_eq!(outcome.stdout, "");
    assert!(!home.join("started").exists() && home.list(RUNTIME).is_empty());
}

#[test]
fn standard_input_brings_no_secret() {
    let bed = quick();

    let outcome = exec(&bed, &["--password-file", "-", "--", "cat"])
        .variable("DOORWARD_PASSWORD", "")
        .input(PASSWORD)
        .run()
        .ends_with(10);

    assert!(
        outcome.stderr.contains("standard input is the command's"),
        "{}",
        outcome.stderr
    );
    assert!(bed.seen().is_empty());
}

#[test]
fn the_command_stands_after_two_dashes() {
    let bed = quick();

    exec(&bed, &[]).run().ends_with(2);
    exec(&bed, &["true"]).run().ends_with(2);
    exec(&bed, &["--"]).run().ends_with(2);
    Program::new(&["exec", "--", "true"]).run().ends_with(2);

    let outcome = exec(
        &bed,
        &["--", "echo", "--portal", "--profile", "--help", "-v"],
    )
    .run()
    .ends_with(0);
    assert_eq!(outcome.stdout, "--portal --profile --help -v\n");
}
