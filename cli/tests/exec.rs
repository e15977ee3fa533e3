//! `exec`: a command that has a kubeconfig of its own, and everything is gone when it has ended.

mod folder;
mod fresh;
mod killed;
mod running;
mod signals;
mod usage;
mod with_kubectl;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::thread;

use doorward_testkit::{OktaFactor, OktaSwitches, OrgFactor, PASSWORD, Testbed, USER};

use crate::exec::running::{RUNTIME, exec, exec_in, quick, shell};
use crate::program::Home;

#[test]
fn the_exit_code_is_that_of_the_command() {
    let bed = quick();

    for (script, code) in [
        ("exit 0", 0),
        ("exit 7", 7),
        ("exit 200", 200),
        ("kill -9 $$", 137),
        ("kill -15 $$", 143),
    ] {
        let home = Home::new();
        let outcome = exec_in(&home, &bed, &shell(script)).run().ends_with(code);

        assert_eq!(outcome.stdout, "");
        assert!(
            outcome.stderr.contains("doorward: logged in as "),
            "{}",
            outcome.stderr
        );
        assert_eq!(outcome.stderr.lines().count(), 1);
        assert!(home.list(RUNTIME).is_empty());
    }
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[test]
fn input_and_output_are_the_commands() {
    let bed = Testbed::start().unwrap();
    let input: Vec<u8> = (0..=255)
        .cycle()
        .take(100_000)
        .filter(|byte| *byte < 128)
        .collect();

    let outcome = exec(&bed, &shell("cat; echo told >&2"))
        .input(input.clone())
        .run()
        .ends_with(0);

    assert_eq!(outcome.stdout.as_bytes(), input);
    assert_eq!(outcome.stderr.lines().last(), Some("told"));
}

#[test]
fn the_kubeconfig_is_private_and_holds_no_token() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    let script = r#"cd "$(dirname "$KUBECONFIG")" && stat -c '%a %n' . kubeconfig tokens tokens/*.json && cat kubeconfig"#;

    let outcome = exec_in(&home, &bed, &shell(script)).run().ends_with(0);

    let mut lines = outcome.stdout.lines();
    for what in ["700 .", "600 kubeconfig", "700 tokens"] {
        assert_eq!(lines.next(), Some(what));
    }
    assert!(lines.next().unwrap().starts_with("600 tokens/"));
    assert!(
        outcome
            .stdout
            .contains(&format!("server: {}", bed.api_url()))
    );
    assert!(outcome.stdout.contains("interactiveMode: Never"));
    for secret in bed
        .secrets()
        .iter()
        .map(String::as_str)
        .chain([PASSWORD, "eyJ"])
    {
        assert!(!outcome.stdout.contains(secret), "{secret}");
    }
}

#[test]
fn what_leads_to_a_password_is_not_in_the_folder() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    let secret = home.file("pw", PASSWORD);
    let file = secret.to_str().unwrap();
    let script = r#"cat "$(dirname "$KUBECONFIG")"/profiles/*.json"#;

    let outcome = exec_in(
        &home,
        &bed,
        &["--password-file", file, "--", "sh", "-c", script],
    )
    .variable("DOORWARD_PASSWORD", "")
    .run()
    .ends_with(0);

    assert!(outcome.stdout.contains("\"portal\""), "{}", outcome.stdout);
    assert!(
        !outcome.stdout.contains("\"password\""),
        "{}",
        outcome.stdout
    );
    assert!(!outcome.stdout.contains(file), "{}", outcome.stdout);
}

#[test]
fn nothing_else_of_the_machine_is_touched() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    let own = home.file(".kube/config", "not a kubeconfig: [");
    let before = fs::read(&own).unwrap();

    exec_in(&home, &bed, &shell("true"))
        .variable("KUBECONFIG", &own)
        .run()
        .ends_with(0);

    assert_eq!(fs::read(&own).unwrap(), before);
    assert_eq!(home.list(""), [".kube", "ca.pem", RUNTIME]);
    assert_eq!(home.list(".kube"), ["config"]);
    assert!(home.list(RUNTIME).is_empty());
}

#[test]
fn neither_a_home_folder_nor_a_writable_one_is_needed() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();

    exec_in(&home, &bed, &shell("test -r \"$KUBECONFIG\""))
        .variable("HOME", "/nonexistent")
        .run()
        .ends_with(0);

    assert!(home.list(RUNTIME).is_empty());
}

#[test]
fn no_secret_of_the_login_is_in_the_commands_environment() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    let partner =
        "[\"https://partner.test\"]\nusername = \"x\"\npassword-env = \"PARTNER_PASSWORD\"\n";
    let file = home.file("credentials.toml", partner);

    let outcome = exec_in(
        &home,
        &bed,
        &["--credentials-file", file.to_str().unwrap(), "--", "env"],
    )
    .variable("DOORWARD_TOTP_SEED", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    .variable("DOORWARD_SECURITY_ANSWER", "canary-answer")
    .variable("DOORWARD_FORCE", "1")
    .variable("PARTNER_PASSWORD", "canary-partner")
    .variable("KUBERNETES_EXEC_INFO", "")
    .variable("KUBECONFIG", "/elsewhere")
    .variable("DEPLOY_TO", "prod")
    .run()
    .ends_with(0);

    assert!(outcome.stdout.contains("DEPLOY_TO=prod\n"));
    let own = format!("KUBECONFIG={}/", home.join(RUNTIME).display());
    assert!(outcome.stdout.contains(&own), "{}", outcome.stdout);
    for secret in [
        "DOORWARD_",
        PASSWORD,
        "GEZDGNBV",
        "canary",
        "PARTNER",
        "/elsewhere",
    ] {
        assert!(
            !outcome.stdout.contains(secret),
            "{secret}: {}",
            outcome.stdout
        );
    }
}

#[test]
fn the_command_cannot_read_the_secrets_in_doorwards_own_process() {
    let bed = Testbed::start().unwrap();
    // Root may read every process.
    let script = "test $(id -u) != 0 || exit 77; cat /proc/$PPID/environ";

    let outcome = exec(&bed, &shell(script)).run();

    match outcome.code {
        77 => eprintln!("SKIPPED: root may read every process"),
        _ => assert!(!outcome.stdout.contains(PASSWORD) && outcome.code != 0),
    }
}

#[test]
fn a_kept_profile_is_read_and_not_written() {
    let job = crate::job::Job::start();
    let before = job.files();
    let runtime = job.home.join(RUNTIME);
    fs::create_dir(&runtime).unwrap();
    fs::set_permissions(&runtime, fs::Permissions::from_mode(0o700)).unwrap();

    crate::job::with_password(
        job.run(&["exec", "--profile", "kubernetes", "--", "true"]),
        PASSWORD,
    )
    .variable("XDG_RUNTIME_DIR", &runtime)
    .run()
    .ends_with(0);

    assert_eq!(job.files(), before);
    assert_eq!(job.passwords(), 2);
}

#[test]
fn used_codes_are_noted_for_the_next_run_and_nothing_else_stays() {
    let totp = OktaFactor::totp("GOOGLE");
    let switches = OktaSwitches {
        org_factor: OrgFactor::Always,
        ..OktaSwitches::default()
    };
    let bed = Testbed::builder().okta(switches).enroll(USER, &totp);
    let bed = bed.start().unwrap();
    let home = Home::new();

    let outcome = exec_in(&home, &bed, &shell("true"))
        .variable("DOORWARD_TOTP_SEED", totp.seed().unwrap())
        .run();

    outcome.ends_with(0);
    let left = home.list(RUNTIME);
    assert_eq!(left.len(), 1);
    let codes = home.join(RUNTIME).join(&left[0]);
    assert!(left[0].starts_with("doorward-codes."));
    assert_eq!(
        codes.metadata().unwrap().permissions().mode() & 0o777,
        0o700
    );
    let file = fs::read_dir(codes).unwrap().next().unwrap().unwrap();
    let text = fs::read_to_string(file.path()).unwrap();
    assert!(text.trim().parse::<u64>().is_ok(), "{text}");
}

#[test]
fn names_and_namespace_are_the_callers() {
    let bed = Testbed::start().unwrap();
    let words = [
        "--context-name",
        "eu",
        "--namespace",
        "web",
        "--",
        "sh",
        "-c",
        "cat \"$KUBECONFIG\"",
    ];

    let outcome = exec(&bed, &words).run().ends_with(0);

    for line in ["current-context: eu", "namespace: web"] {
        assert!(outcome.stdout.contains(line), "{}", outcome.stdout);
    }
}

#[test]
fn parallel_runs_do_not_see_each_other() {
    let bed = quick();
    let home = Home::new();
    let programs: Vec<_> = (0..16)
        .map(|_| {
            exec_in(
                &home,
                &bed,
                &shell("echo \"$KUBECONFIG\"; test -r \"$KUBECONFIG\""),
            )
        })
        .collect();

    let outcomes: Vec<_> = thread::scope(|scope| {
        let runs: Vec<_> = programs
            .into_iter()
            .map(|program| scope.spawn(|| program.run()))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });

    let mut paths: Vec<_> = outcomes
        .into_iter()
        .map(|outcome| outcome.ends_with(0).stdout)
        .collect();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), 16);
    assert!(home.list(RUNTIME).is_empty());
}
