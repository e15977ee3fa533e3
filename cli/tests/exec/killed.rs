//! What a run leaves that was killed, and who removes it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::thread;
use std::time::Instant;

use crate::exec::running::{RUNTIME, Running, exec_in, quick, shell};
use crate::program::Home;

#[test]
fn what_a_killed_run_left_goes_with_the_next_one() {
    let bed = quick();
    let home = Home::new();
    let mut killed = Running::start(exec_in(&home, &bed, &shell("echo ready; exec cat")));
    killed.signal("KILL");
    assert_eq!(killed.status(), 137);
    assert_eq!(home.list(RUNTIME).len(), 1);

    let next = exec_in(
        &home,
        &bed,
        &shell(&format!("ls '{}'", home.join(RUNTIME).display())),
    );
    let outcome = next.run().ends_with(0);

    assert_eq!(outcome.stdout.lines().count(), 1, "{}", outcome.stdout);
    assert!(home.list(RUNTIME).is_empty());
    // Lets the orphan end.
    killed.end();
}

#[test]
fn a_run_that_goes_on_keeps_its_folder() {
    let bed = quick();
    let home = Home::new();
    let script = "echo ready; read line; test -r \"$KUBECONFIG\"";
    let mut running = Running::start(exec_in(&home, &bed, &shell(script)));

    for _ in 0..3 {
        exec_in(&home, &bed, &shell("true")).run().ends_with(0);
    }
    assert_eq!(home.list(RUNTIME).len(), 1);
    running.tell("");

    assert_eq!(running.wait(), 0);
    assert!(home.list(RUNTIME).is_empty());
}

#[test]
fn what_only_looks_like_a_folder_of_ours_stays() {
    let bed = quick();
    let home = Home::new();
    let at = |name: &str| home.join(RUNTIME).join(name);
    fs::create_dir_all(at("doorward-exec.open")).unwrap();
    fs::set_permissions(at("doorward-exec.open"), Permissions::from_mode(0o755)).unwrap();
    home.file("precious/file", "x");
    fs::set_permissions(home.join("precious"), Permissions::from_mode(0o700)).unwrap();
    symlink(home.join("precious"), at("doorward-exec.link")).unwrap();
    fs::write(at("doorward-exec.file"), "").unwrap();
    fs::create_dir(at("other")).unwrap();
    let before = home.list(RUNTIME);

    exec_in(&home, &bed, &shell("true")).run().ends_with(0);

    assert_eq!(home.list(RUNTIME), before);
    assert_eq!(home.list("precious"), ["file"]);
}

#[test]
fn what_was_left_without_a_lock_goes_too() {
    let bed = quick();
    let home = Home::new();
    let left = home.join(RUNTIME).join("doorward-exec.1.left");
    fs::create_dir_all(&left).unwrap();
    fs::set_permissions(&left, Permissions::from_mode(0o700)).unwrap();

    exec_in(&home, &bed, &shell("true")).run().ends_with(0);

    assert!(home.list(RUNTIME).is_empty());
}

#[test]
fn whenever_a_run_is_killed_the_next_one_works_and_nothing_stays() {
    let bed = quick();
    let home = Home::new();
    let start = Instant::now();
    exec_in(&home, &bed, &shell("true")).run().ends_with(0);
    let whole = start.elapsed();

    for moment in 0..24 {
        let mut child = exec_in(&home, &bed, &shell("true"))
            .silent()
            .spawn()
            .unwrap();
        thread::sleep(whole * moment / 20);
        child.kill().unwrap();
        child.wait().unwrap();

        assert!(home.list(RUNTIME).len() < 2);
        exec_in(&home, &bed, &shell("test -r \"$KUBECONFIG\""))
            .run()
            .ends_with(0);
        assert!(home.list(RUNTIME).is_empty());
    }
}
