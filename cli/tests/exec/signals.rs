//! Signals are the command's, and the folder goes all the same.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use doorward_testkit::{Fault, PORTAL_HOST, Trouble};

use crate::exec::running::{
    RUNTIME, Running, as_in, exec_in, in_place_of, quick, shell, wait_until,
};
use crate::program::Home;

#[test]
fn a_signal_is_passed_on_and_the_command_decides() {
    let bed = quick();

    for name in ["TERM", "INT", "HUP", "QUIT", "USR1", "USR2"] {
        let home = Home::new();
        let script = format!(
            "trap 'echo got {name}; exit 7' {name}; echo ready; while :; do sleep 0.05; done"
        );
        let mut running = Running::start(exec_in(&home, &bed, &shell(&script)));

        running.signal(name);

        assert_eq!(running.wait(), 7, "{name}: {}", running.stderr());
        assert_eq!(running.stdout(), format!("ready\ngot {name}\n"));
        assert!(home.list(RUNTIME).is_empty());
    }
}

#[test]
fn a_command_that_a_signal_ends_gives_128_and_its_number() {
    let bed = quick();

    for (name, number) in [("TERM", 15), ("INT", 2), ("HUP", 1)] {
        let home = Home::new();
        let mut running = Running::start(exec_in(&home, &bed, &shell("echo ready; exec cat")));

        running.signal(name);

        assert_eq!(running.wait(), 128 + number, "{name}");
        assert!(home.list(RUNTIME).is_empty());
    }
}

#[test]
fn a_command_may_go_on_after_a_signal() {
    let bed = quick();
    let home = Home::new();
    let script = "trap 'echo later' TERM; echo ready; while ! read line; do :; done; test -r \"$KUBECONFIG\" && echo done";
    let mut running = Running::start(exec_in(&home, &bed, &shell(script)));

    running.signal("TERM");
    running.says("later");
    running.tell("go on");

    assert_eq!(running.wait(), 0, "{}", running.stdout());
    assert!(running.stdout().ends_with("later\ndone\n"));
    assert!(home.list(RUNTIME).is_empty());
}

#[test]
fn a_signal_that_was_ignored_stays_ignored() {
    let bed = quick();
    let home = Home::new();
    let exec = exec_in(&home, &bed, &shell("echo ready; read line; exit 3")).piped();
    // As a shell starts what is to run in the background.
    let mut background = Command::new("sh");
    background.args(["-c", "trap '' INT; exec \"$0\" \"$@\""]);
    let background = as_in(background, &exec);
    let mut running = Running::spawn(background);
    running.says("ready");

    running.signal("INT");
    running.tell("");

    assert_eq!(running.wait(), 3);
}

#[test]
fn a_signal_during_the_login_ends_it_and_leaves_nothing() {
    let bed = quick();
    bed.add_fault(Fault::new(
        PORTAL_HOST,
        "/k8stoken",
        Trouble::Slow(Duration::from_secs(10)),
    ));
    let home = Home::new();
    let mut running = Running::spawn(exec_in(&home, &bed, &shell("touch started")).piped());
    wait_until(
        || !home.list(RUNTIME).is_empty() && !bed.seen().is_empty(),
        || running.stderr(),
    );

    running.signal("TERM");

    assert_eq!(running.wait(), 143, "{}", running.stderr());
    assert!(home.list(RUNTIME).is_empty() && !home.join("started").exists());
}

#[test]
fn a_signal_while_a_command_is_asked_for_the_password_ends_the_run() {
    let bed = quick();
    let home = Home::new();
    let slow = "sh -c 'touch asked; sleep 20'";
    let program = exec_in(
        &home,
        &bed,
        &["--password-command", slow, "--", "touch", "started"],
    )
    .variable("DOORWARD_PASSWORD", "");
    let mut running = Running::spawn(program.piped());
    wait_until(|| home.join("asked").exists(), || running.stderr());

    running.signal("TERM");

    assert_eq!(running.status(), 143, "{}", running.stderr());
    assert!(home.list(RUNTIME).is_empty() && !home.join("started").exists());
    assert!(bed.seen().is_empty());
}

#[test]
fn whenever_a_signal_comes_nothing_stays() {
    let bed = quick();
    let home = Home::new();
    let start = Instant::now();
    exec_in(&home, &bed, &shell("true")).run().ends_with(0);
    let whole = start.elapsed();

    for moment in 0..24 {
        let running = exec_in(&home, &bed, &shell("true")).piped();
        let mut running = Running::spawn(running);
        thread::sleep(whole * moment / 20);
        running.signal("TERM");

        let code = running.wait();

        assert!([0, 143].contains(&code), "{code}: {}", running.stderr());
        assert!(home.list(RUNTIME).is_empty(), "{moment}");
    }
}

#[test]
fn the_keys_of_a_terminal_reach_the_command_once() {
    let bed = quick();
    let home = Home::new();
    let script = "trap 'echo caught' INT; echo ready; while ! read line; do :; done; while ! read line; do :; done; exit 9";
    let exec = exec_in(&home, &bed, &shell(script)).piped();
    let words = [exec.get_program()].into_iter().chain(exec.get_args());
    let line: Vec<_> = words
        .map(|word| format!("'{}'", word.to_str().unwrap().replace('\'', r"'\''")))
        .collect();
    // It runs the line in a terminal, in whose foreground both of us are.
    let mut terminal = Command::new("script");
    terminal.args(["-qec", &format!("exec {}", line.join(" ")), "/dev/null"]);
    let terminal = in_place_of(terminal, &exec);
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("SKIPPED: there is no program script, which makes a terminal");
        return;
    }
    let mut running = Running::spawn(terminal);
    running.says("ready");

    running.tell("\u{3}");
    running.says("caught");
    running.tell("go on");

    assert_eq!(running.wait(), 9, "{}", running.stdout());
    assert_eq!(running.stdout().matches("caught").count(), 1);
    assert!(home.list(RUNTIME).is_empty());
}
