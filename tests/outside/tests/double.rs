//! Logins at a double of Gatehouse: they end as they should, the recordings are made of them, and the program makes one.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

#[path = "double/gatehouse.rs"]
mod gatehouse;

#[path = "double/program.rs"]
mod program;

use std::path::Path;

use doorward::recording::{Case, Recorder};
use doorward::{CodeSource, Credentials, Error, ErrorKind, FrontDoor, Portal, Secret, Walk};
use doorward_gatehouse::Gatehouse;
use doorward_testkit::{Conformance, Testbed};

use crate::gatehouse::{CODE, PASSWORD, SITE, testbed};

/// The logins that are recorded: name, what it shows, user, password, how it ends
const LOGINS: [(&str, &str, &str, &str, Option<ErrorKind>); 4] = [
    (
        "password-ok",
        "A password signs in",
        "ci-bot",
        PASSWORD,
        None,
    ),
    (
        "totp-ok",
        "A one-time code is asked for after the password",
        "totp-bot",
        PASSWORD,
        None,
    ),
    (
        "wrong-password",
        "A wrong password is refused",
        "ci-bot",
        "wrong horse",
        Some(ErrorKind::Rejected),
    ),
    (
        "suspended",
        "The account is suspended",
        "suspended-bot",
        PASSWORD,
        Some(ErrorKind::AccountState),
    ),
];

fn walk(bed: &Testbed, user: &str, password: &str) -> Result<Walk, Error> {
    let credentials = Credentials::new(user, Secret::new(password))?;
    let walk = Walk::new()
        .network(bed.network()?)
        .credentials(credentials.code(CodeSource::fixed(Secret::new(CODE))))
        .idp_url(&bed.url(SITE))?;
    Ok(walk.adapter(Gatehouse::default()))
}

/// Makes each login, and gives its recording
async fn recordings() -> Vec<(&'static str, Case)> {
    let mut cases = Vec::new();
    for (name, docs, user, password, kind) in LOGINS {
        let bed = testbed();
        let recorder = Recorder::new();
        let walk = walk(&bed, user, password).unwrap().record(&recorder);
        let outcome = Portal::new(&bed.portal_url(), walk).unwrap().open().await;
        let ended_with = outcome.err().map(|error| error.kind());

        assert_eq!(ended_with, kind, "{name}");
        assert_eq!(bed.complaints(), Vec::<String>::new(), "{name}");
        let seen_with = "no server: a double of one that does not exist";
        cases.push((name, recorder.case(docs, seen_with, ended_with).unwrap()));
    }
    cases
}

#[tokio::test]
async fn each_login_ends_as_it_should_and_is_recorded_as_it_was() {
    for (name, case) in recordings().await {
        let kept = Case::read(&Path::new("fixtures/gatehouse").join(name)).unwrap();

        let requests = |case: &Case| -> Vec<_> {
            let exchanges = case.exchanges.iter();
            exchanges.map(|one| one.request.clone()).collect()
        };
        assert_eq!(requests(&case), requests(&kept), "{name}");
        assert_eq!(case.about.expect, kept.about.expect, "{name}");
    }
}

#[tokio::test]
async fn a_recording_that_was_made_just_now_passes_as_well() {
    let folder = tempfile::tempdir().unwrap();
    for (name, case) in recordings().await {
        case.write(&folder.path().join(name)).unwrap();
    }
    let facts = Conformance::new(Gatehouse::default(), folder.path());

    let checked = tokio::task::spawn_blocking(move || {
        facts.the_two_cases_that_each_adapter_needs_are_there()?;
        facts.every_case_passes_as_recorded()
    });

    checked.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_sent_once() {
    let bed = testbed();
    let walk = walk(&bed, "ci-bot", "wrong horse").unwrap();

    let error = Portal::new(&bed.portal_url(), walk).unwrap().open().await;

    assert_eq!(error.unwrap_err().kind(), ErrorKind::Rejected);
    assert_eq!(bed.count(SITE, "/password"), 1);
}

/// `cargo test -- --ignored anew` writes the recordings again
#[tokio::test]
#[ignore = "writes into the repository"]
async fn record_anew() {
    for (name, case) in recordings().await {
        let folder = Path::new("fixtures/gatehouse").join(name);
        let _ = std::fs::remove_dir_all(&folder);
        case.write(&folder).unwrap();
    }
}
