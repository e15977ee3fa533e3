//! Containers mount single files and read-only folders: a login must say so before it begins.
//!
//! The mounts are made in a name space of their own, by `unshare` of util-linux; where the system does not let us, the
//! tests say so and pass.

#![allow(clippy::unwrap_used)]
#![cfg(target_os = "linux")]

use std::error::Error as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use doorward::kubeconfig::{Kubeconfig, KubeconfigFiles, MergeHow};
use doorward::{Error, ErrorKind};

/// Runs the ignored test `name` where the script `mount` has mounted something over `$1`
fn inside(folder: &Path, mount: &str, name: &str) {
    let script = format!("set -e; {mount}; shift; exec \"$@\"");
    let unshare = |arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command
            .args([
                "--mount",
                "--map-root-user",
                "--",
                "sh",
                "-c",
                &script,
                "sh",
            ])
            .arg(folder)
            .args(arguments)
            .env(FOLDER, folder)
            .stdin(Stdio::null());
        command
    };
    if !unshare(&["true"])
        .output()
        .is_ok_and(|output| output.status.success())
    {
        eprintln!("SKIPPED: no mounts in a name space of our own");
        return;
    }
    let test = std::env::current_exe().unwrap();
    let output = unshare(&[
        test.to_str().unwrap(),
        "--exact",
        name,
        "--ignored",
        "--nocapture",
    ])
    .output()
    .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && stdout.contains("1 passed"),
        "{stdout}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_file_that_is_mounted_by_itself_is_refused_before_the_login() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    fs::write(&path, OLD).unwrap();

    inside(
        folder.path(),
        "mount --bind \"$1/config\" \"$1/config\"",
        "inside_busy",
    );

    assert_eq!(fs::read_to_string(path).unwrap(), OLD);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_read_only_file_system_is_refused_before_the_login() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config"), OLD).unwrap();

    inside(
        folder.path(),
        "mount --bind \"$1\" \"$1\"; mount -o remount,bind,ro \"$1\"",
        "inside_read_only",
    );
}

#[test]
#[ignore = "runs where the other test has mounted something"]
fn inside_busy() {
    let error = refused(KubeconfigFiles::at(path()));

    assert_eq!(cause(&error), io::ErrorKind::ResourceBusy);
    assert!(error.next_step().unwrap().contains("mount its folder"));
}

#[test]
#[ignore = "runs where the other test has mounted something"]
fn inside_read_only() {
    let error = refused(KubeconfigFiles::at(path()));
    assert_eq!(cause(&error), io::ErrorKind::ReadOnlyFilesystem);

    // Beside a file that can be written it may stand in a list, as long as nothing in it changes.
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("config");
    fs::write(&other, "").unwrap();
    let list = std::env::join_paths([&other, &path()]).unwrap();
    let files =
        KubeconfigFiles::from_environment(|name| (name == "KUBECONFIG").then(|| list.clone()))
            .unwrap();
    files.prepare().unwrap();
    let new = Kubeconfig::parse("clusters: [{name: new, cluster: {server: 'https://n'}}]").unwrap();
    files.write(&new, MergeHow::default()).unwrap();

    let known = Kubeconfig::parse("clusters: [{name: k, cluster: {server: 'https://k'}}]").unwrap();
    let error = files.write(&known, MergeHow::default()).unwrap_err();
    assert_eq!(cause(&error), io::ErrorKind::ReadOnlyFilesystem);
}

fn refused(files: KubeconfigFiles) -> Error {
    let new = Kubeconfig::parse("current-context: new").unwrap();
    let written = files.write(&new, MergeHow::default()).unwrap_err();
    let error = files.prepare().unwrap_err();

    assert_eq!(cause(&written), cause(&error));
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert!(error.next_step().unwrap().contains("--kubeconfig"));
    assert_eq!(fs::read_to_string(path()).unwrap(), OLD);
    error
}

fn cause(error: &Error) -> io::ErrorKind {
    let source: &io::Error = error.source().unwrap().downcast_ref().unwrap();
    source.kind()
}

fn path() -> PathBuf {
    PathBuf::from(std::env::var_os(FOLDER).unwrap()).join("config")
}

const FOLDER: &str = "DOORWARD_TEST_FOLDER";

const OLD: &str = "clusters: [{name: k, cluster: {server: 'https://k'}}]\n";
