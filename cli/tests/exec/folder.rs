//! Where the private folder is made, and what is said where it cannot be.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use doorward_testkit::Testbed;

use crate::exec::running::{RUNTIME, Running, as_in, exec_in, quick, shell};
use crate::program::{Home, Program};

const PLACE: &str = "dirname \"$(dirname \"$KUBECONFIG\")\"";

/// A run that is told of its folder by the system, and not by an option
fn by_system(home: &Home, bed: &Testbed) -> Program {
    let program = Program::in_home(home, &["exec"])
        .portal(bed, &bed.portal_url())
        .words(&["--idp-url", &bed.portal_url()])
        .user(bed)
        .words(&shell(PLACE));
    crate::job::with_password(program, doorward_testkit::PASSWORD)
}

#[test]
fn the_users_runtime_folder_comes_first() {
    let bed = quick();
    let home = Home::new();
    let runtime = home.join(RUNTIME);
    fs::create_dir(&runtime).unwrap();
    fs::set_permissions(&runtime, Permissions::from_mode(0o700)).unwrap();

    let outcome = by_system(&home, &bed)
        .variable("XDG_RUNTIME_DIR", &runtime)
        .run()
        .ends_with(0);

    assert_eq!(outcome.stdout.trim_end(), runtime.to_str().unwrap());
    assert!(home.list(RUNTIME).is_empty());
}

#[test]
fn a_runtime_folder_that_is_open_to_others_is_passed_over() {
    let bed = quick();
    let home = Home::new();
    let runtime = home.join(RUNTIME);
    fs::create_dir(&runtime).unwrap();
    fs::set_permissions(&runtime, Permissions::from_mode(0o755)).unwrap();

    for odd in [runtime.to_str().unwrap(), "relative", "/nonexistent", ""] {
        let outcome = by_system(&home, &bed)
            .variable("XDG_RUNTIME_DIR", odd)
            .variable("TMPDIR", home.path())
            .run()
            .ends_with(0);

        let memory = fs::metadata("/dev/shm").is_ok();
        let place = if memory {
            "/dev/shm"
        } else {
            home.path().to_str().unwrap()
        };
        assert_eq!(outcome.stdout.trim_end(), place);
    }
}

#[test]
fn a_place_where_others_could_swap_the_folder_is_refused() {
    let bed = quick();
    let home = Home::new();
    let program = exec_in(&home, &bed, &shell("touch started"));
    fs::set_permissions(home.join(RUNTIME), Permissions::from_mode(0o777)).unwrap();

    let outcome = program.run().ends_with(22);

    assert!(
        outcome
            .stderr
            .contains("others can change what is in there"),
        "{}",
        outcome.stderr
    );
    assert!(bed.seen().is_empty() && !home.join("started").exists());
}

#[test]
fn a_place_that_cannot_be_written_costs_no_login() {
    let bed = quick();

    for place in ["/proc", "/nonexistent", "ca.pem"] {
        let home = Home::new();
        let program = Program::in_home(&home, &["exec", "--runtime-dir", place])
            .portal(&bed, &bed.portal_url())
            .user(&bed)
            .words(&["--", "touch", "started"]);
        let outcome = crate::job::with_password(program, "canary")
            .run()
            .ends_with(22);

        assert!(
            outcome.stderr.contains("--runtime-dir"),
            "{}",
            outcome.stderr
        );
        assert!(!outcome.home().join("started").exists());
    }
    assert!(bed.seen().is_empty());
}

#[test]
fn a_disk_without_room_costs_no_login() {
    let bed = quick();
    let home = Home::new();
    let exec = exec_in(&home, &bed, &shell("touch started")).piped();
    // No file may grow: what a full disk says, on any disk.
    let mut full = around("trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\"", &exec);

    let output = full.output().unwrap();

    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(22), "{stderr}");
    assert!(
        stderr.contains("there is no room for the private kubeconfig"),
        "{stderr}"
    );
    assert!(bed.seen().is_empty() && home.list(RUNTIME).is_empty());
}

#[test]
fn a_full_and_a_read_only_file_system_are_told_apart() {
    let bed = quick();
    let mount =
        |options: &str| format!("mount -t tmpfs -o {options} none {RUNTIME} && exec \"$0\" \"$@\"");
    for (options, told) in [
        (
            "size=64k,mode=700",
            "there is no room for the private kubeconfig",
        ),
        (
            "ro,mode=700",
            "the file system for the private kubeconfig is read-only",
        ),
    ] {
        let home = Home::new();
        let exec = exec_in(&home, &bed, &shell("touch started")).piped();
        let Some(mut mounted) = in_namespace(&mount(options), &exec) else {
            return;
        };

        let output = mounted.output().unwrap();

        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(22), "{stderr}");
        assert!(stderr.contains(told), "{stderr}");
    }
    assert!(bed.seen().is_empty());
}

#[test]
fn a_disk_that_gets_full_meanwhile_does_not_end_the_command() {
    let switches = doorward_testkit::PortalSwitches {
        token_life: std::time::Duration::from_secs(4),
        ..doorward_testkit::PortalSwitches::default()
    };
    let bed = Testbed::builder().portal(switches).start().unwrap();
    let home = Home::new();
    let script = "cd \"$(dirname \"$KUBECONFIG\")\"; cat /dev/zero >filler 2>/dev/null; echo ready; read line; rm filler; cat; exit 5";
    let exec = exec_in(&home, &bed, &shell(script)).piped();
    let mount =
        format!("mount -t tmpfs -o size=512k,mode=700 none {RUNTIME} && exec \"$0\" \"$@\"");
    let Some(mounted) = in_namespace(&mount, &exec) else {
        return;
    };
    let mut running = Running::spawn(mounted);
    running.says("ready");

    running.complains("could not be renewed, and is tried again");
    assert!(
        running.stderr().contains("(Storage)"),
        "{}",
        running.stderr()
    );
    running.tell("make room");
    running.complains("note: the token of the command is renewed again");

    assert_eq!(running.end(), 5);
}

/// The same process, started by a script
fn around(script: &str, exec: &Command) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    as_in(command, exec)
}

/// The same in a namespace where we may mount; nothing where the system does not let us
fn in_namespace(script: &str, exec: &Command) -> Option<Command> {
    let works = Command::new("unshare")
        .args(["-rm", "sh", "-c", "mount -t tmpfs none /mnt"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !works {
        eprintln!("SKIPPED: no file system can be mounted here");
        return None;
    }
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", script]);
    Some(as_in(command, exec))
}
