//! Help, version, and command lines that are wrong.

use std::fs::File;

use serde_json::Value;

use crate::program::Program;

#[test]
fn help_and_version_go_to_stdout() {
    for words in [
        &["--help"][..],
        &["--version"],
        &["help", "login"],
        &["help", "exit-codes"],
        &["login", "-h"],
        &["convert", "--help"],
        &["credential", "--help"],
        &["kubeconfig", "use-exec", "--help"],
        &["logout", "--help"],
        &["profile", "add", "--help"],
        &["profile", "list", "-h"],
    ] {
        let outcome = Program::new(words).run().ends_with(0);

        assert!(!outcome.stdout.is_empty());
        assert_eq!(outcome.stderr, "");
    }
}

#[test]
fn help_shows_no_value_of_a_variable() {
    let names = [
        "PASSWORD",
        "PASSWORD_FILE",
        "PASSWORD_COMMAND",
        "USERNAME",
        "PORTAL",
        "IDP_URL",
        "KUBECONFIG",
    ];
    let program = names
        .iter()
        .fold(Program::new(&["login", "--help"]), |program, name| {
            program.variable(&format!("DOORWARD_{name}"), "canary")
        });

    let outcome = program.run().ends_with(0);

    assert!(!outcome.stdout.contains("canary"));
    for name in names {
        assert!(
            outcome.stdout.contains(&format!("DOORWARD_{name}")),
            "{name}"
        );
    }
}

#[test]
fn the_help_of_login_has_its_headings() {
    let outcome = Program::new(&["login", "--help"]).run().ends_with(0);

    for heading in [
        "Portal and provider:",
        "Credentials:",
        "Network:",
        "What the portal's answer may hold:",
        "Kubeconfig:",
        "Output:",
    ] {
        assert!(outcome.stdout.contains(heading), "{heading}");
    }
}

#[test]
fn the_help_lists_every_exit_code() {
    let outcome = Program::new(&["--help"]).run().ends_with(0);

    for code in (10..=23).chain([0, 2]) {
        assert!(
            outcome.stdout.contains(&format!("\n {code:>3}  ")),
            "{code}"
        );
    }
}

#[test]
fn the_exit_codes_have_a_page_of_their_own() {
    let all = Program::new(&["--help"]).run().ends_with(0).stdout;
    let (_, table) = all.split_once("Exit codes:\n").unwrap();

    for words in [
        &["help", "exit-codes"][..],
        &["exit-codes"],
        &["exit-codes", "--help"],
    ] {
        let outcome = Program::new(words).run().ends_with(0);

        assert_eq!(outcome.stdout.trim_end(), table.trim_end());
        assert_eq!(outcome.stdout.trim_end().lines().count(), 18);
    }
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    for words in [
        &[][..],
        &["nonsense"],
        &["login"],
        &["login", "--portal"],
        &["login", "--portal", "x", "--nonsense"],
        &["login", "--portal", "x", "--timeout", "soon"],
        &["login", "--portal", "x", "--idp", "acme"],
        &["login", "--portal", "x", "--output", "all"],
        &[
            "login",
            "--portal",
            "x",
            "--password-file",
            "a",
            "--password-command",
            "b",
        ],
        &["login", "--portal", "x", "-q", "-v"],
        &["convert", "a", "b"],
        &["credential"],
        &["credential", "--profile", "x", "--portal", "y"],
        &["credential", "--profile=x", "y"],
        &["logout"],
        &["profile"],
        &["profile", "add"],
        &["profile", "add", "x"],
        &["profile", "show"],
        &["profile", "show", "x", "y"],
        &["profile", "list", "--format", "yaml"],
        &["kubeconfig"],
        &["kubeconfig", "use-exec", "x"],
        &["completions", "cmd"],
    ] {
        let outcome = Program::new(words).run().ends_with(2);

        assert_eq!(outcome.stdout, "", "{words:?}");
        assert!(!outcome.stderr.is_empty());
    }
}

#[test]
fn a_word_too_many_may_be_a_password_and_is_not_shown() {
    for words in [
        &["credential", "--profile=x", "canary"][..],
        &["logout", "--profile", "x", "canary"],
        &[
            "profile",
            "add",
            "x",
            "--portal",
            "y",
            "--username",
            "z",
            "canary",
        ],
        &["profile", "list", "canary"],
        &["kubeconfig", "use-exec", "canary"],
    ] {
        let outcome = Program::new(words).run().ends_with(2);

        assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);
    }
}

#[test]
fn a_usage_error_is_json_if_messages_are() {
    let program = Program::new(&[
        "login",
        "--password-file",
        "a",
        "--password-command",
        "b",
        "--portal",
        "x",
    ]);

    let outcome = program
        .variable("DOORWARD_LOG_FORMAT", "json")
        .run()
        .ends_with(2);

    let messages = outcome.messages();
    let [message] = messages.as_slice() else {
        panic!("{messages:?}")
    };
    assert_eq!(message["kind"], "Usage");
    assert_eq!(message["exit_code"], 2);
    assert!(
        message["message"]
            .as_str()
            .unwrap()
            .contains("--password-command")
    );
    assert_eq!(message["trail"], Value::Array(Vec::new()));
}

#[test]
fn adapters_are_listed_one_per_line() {
    let outcome = Program::new(&["adapters"]).run().ends_with(0);

    let names: Vec<_> = outcome
        .stdout
        .lines()
        .map(|line| line.split_once("  ").unwrap().0.trim())
        .collect();
    let adapters = doorward_providers::all();
    let adapters: Vec<_> = adapters.iter().map(|adapter| adapter.name()).collect();
    assert_eq!(names, adapters);
    assert_eq!(outcome.stderr, "");
}

#[test]
fn every_shell_gets_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let program = Program::new(&["completions", shell]).variable("DOORWARD_USERNAME", "canary");

        let outcome = program.run().ends_with(0);

        assert!(outcome.stdout.contains("kubeconfig"), "{shell}");
        assert!(!outcome.stdout.contains("canary"));
    }
}

#[test]
fn a_stdout_that_takes_nothing_is_a_clean_error() {
    let full = File::create("/dev/full").unwrap();

    let outcome = Program::new(&["adapters"])
        .stdout(full.into())
        .run_as_set()
        .ends_with(22);

    assert!(
        outcome
            .stderr
            .starts_with("doorward: the result cannot be written to stdout\n"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_stdout_that_nobody_reads_is_a_clean_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);

    let outcome = Program::new(&["completions", "bash"])
        .stdout(writer.into())
        .run_as_set()
        .ends_with(22);

    assert!(
        outcome.stderr.ends_with("  Storage, exit code 22\n"),
        "{}",
        outcome.stderr
    );
}
