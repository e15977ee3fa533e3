//! The program of this crate, as a process.

use std::fs;
use std::process::{Command, Output};

use doorward_testkit::Testbed;

use crate::gatehouse::{PASSWORD, SITE, testbed};

/// Runs the program in `folder`, which gets `ca.pem` and the kubeconfig
fn run(bed: &Testbed, folder: &std::path::Path, password: &str) -> Output {
    let ca = folder.join("ca.pem");
    fs::write(&ca, bed.ca_pem()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_log-in"));
    command
        .arg(folder.join("ci.kubeconfig"))
        .env_clear()
        .env("DOORWARD_PORTAL", bed.portal_url())
        .env("DOORWARD_IDP_URL", bed.url(SITE))
        .env("DOORWARD_CA_FILE", ca)
        .env("DOORWARD_USERNAME", "ci-bot")
        .env("DOORWARD_PASSWORD", password)
        .output()
        .unwrap()
}

#[test]
fn the_program_writes_a_kubeconfig() {
    let (bed, folder) = (testbed(), tempfile::tempdir().unwrap());

    let output = run(&bed, folder.path(), PASSWORD);

    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let kubeconfig = fs::read_to_string(folder.path().join("ci.kubeconfig")).unwrap();
    assert!(kubeconfig.contains(&bed.api_url()), "{said}");
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[test]
fn the_program_tells_a_wrong_password_by_its_kind_and_writes_nothing() {
    let (bed, folder) = (testbed(), tempfile::tempdir().unwrap());

    let output = run(&bed, folder.path(), "wrong horse");

    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.starts_with("Rejected: "), "{said}");
    assert!(!said.contains("wrong horse"));
    assert!(!folder.path().join("ci.kubeconfig").exists());
}
