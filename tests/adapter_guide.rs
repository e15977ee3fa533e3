//! What `ADAPTERS.md` says of the adapter in `providers/template.rs`, and whole logins with it.
//!
//! `tests/layout.rs` checks that the guide quotes these files word for word.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

#[path = "adapter_guide/double.rs"]
mod double;

#[path = "../providers/template.rs"]
pub mod template;

use std::path::Path;

use async_trait::async_trait;
use doorward::recording::Recorder;
use doorward::{CodeSource, Credentials, Error, ErrorKind, FrontDoor, Grant, IdpAdapter};
use doorward::{Page, Portal, Recognition, Secret, Visit, Walk};
use doorward_testkit::{Conformance, Testbed};

use crate::double::{AcmeDouble, SITE};
use crate::template::Acme;

fn walk(bed: &Testbed, user: &str, password: &str, code: &str) -> Result<Walk, Error> {
    let credentials = Credentials::new(user, Secret::new(password))?;
    let walk = Walk::new()
        .network(bed.network()?)
        .credentials(credentials.code(CodeSource::fixed(Secret::new(code))))
        .idp_url(&bed.url(SITE))?;
    Ok(walk.adapter(Acme::default()))
}

async fn log_in(bed: &Testbed, user: &str, password: &str, code: &str) -> Result<Grant, Error> {
    let walk = walk(bed, user, password, code)?;
    Portal::new(&bed.portal_url(), walk)?.open().await
}

fn testbed() -> Testbed {
    let double = Box::new(AcmeDouble::default());
    Testbed::builder().idp_double(double).start().unwrap()
}

#[tokio::test]
async fn a_login_comes_back_with_a_token() {
    for user in ["ci-bot", "totp-bot"] {
        let bed = testbed();

        let grant = log_in(&bed, user, "correct horse", "287082").await.unwrap();

        assert_eq!(grant.idp(), Some(&*bed.url(SITE)));
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn every_refusal_has_its_kind_after_one_attempt() {
    for (user, password, kind) in [
        ("ci-bot", "wrong", ErrorKind::Rejected),
        ("locked-bot", "correct horse", ErrorKind::AccountState),
        ("totp-bot", "correct horse", ErrorKind::Rejected),
    ] {
        let bed = testbed();

        let error = log_in(&bed, user, password, "999999").await.unwrap_err();

        assert_eq!(error.kind(), kind, "{user}: {error}");
        assert_eq!(bed.count(SITE, "/login"), 1);
        assert_eq!(bed.count(SITE, "/code"), usize::from(user == "totp-bot"));
    }
}

/// Records a login, whether it ends well or badly
async fn record(portal: &str, walk: Walk, docs: &str, folder: &Path) -> Result<(), Error> {
    let recorder = Recorder::new();
    let outcome = Portal::new(portal, walk.record(&recorder))?.open().await;
    let ended_with = outcome.err().map(|error| error.kind());
    let case = recorder.case(docs, "Acme 1.2", ended_with)?;
    case.write(folder)
}

#[tokio::test]
async fn what_is_recorded_of_the_double_passes_the_conformance_suite() {
    let folder = tempfile::tempdir().unwrap();
    for (name, user, password) in [
        ("password-ok", "ci-bot", "correct horse"),
        ("wrong-password", "ci-bot", "wrong horse"),
        ("totp-ok", "totp-bot", "correct horse"),
        ("locked", "locked-bot", "correct horse"),
    ] {
        let bed = testbed();
        let walk = walk(&bed, user, password, "287082").unwrap();
        let into = folder.path().join(name);
        record(&bed.portal_url(), walk, name, &into).await.unwrap();
    }

    let facts = Conformance::new(Acme::default(), folder.path());

    let checked = tokio::task::spawn_blocking(move || {
        facts.the_two_cases_that_each_adapter_needs_are_there()?;
        facts.every_case_passes_as_recorded()?;
        facts.its_own_pages_are_recognized_and_no_others()
    });
    checked.await.unwrap().unwrap();
}

/// The template without its line for the user name
#[derive(Debug)]
struct Forgetful {}

#[async_trait]
impl IdpAdapter for Forgetful {
    fn name(&self) -> &'static str {
        "acme"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        Acme::default().recognizes(page)
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        let mut form = page.expect_form_with("acme_password")?;
        form.set_secret("acme_password", &visit.password().await?);
        visit.submit(form).await
    }
}

#[test]
fn the_guide_shows_what_the_conformance_suite_says_of_a_forgotten_field() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("providers/fixtures/acme");
    let findings = Conformance::new(Forgetful {}, folder).every_case_passes_as_recorded();

    let printed = format!("Error: {:?}", findings.unwrap_err());
    let guide = include_str!("../ADAPTERS.md");
    let shown = guide.split("\n```text\n").skip(1);
    let shown = shown.filter_map(|rest| rest.split_once("```").map(|(shown, _)| shown));
    let shown: Vec<&str> = shown.filter(|shown| shown.contains("Error: ")).collect();
    assert_eq!(shown.len(), 1);
    for line in shown[0].lines().filter(|line| !line.contains('…')) {
        let is_printed = printed.lines().any(|printed| printed == line);
        assert!(
            is_printed || line.starts_with("----"),
            "{line}\nis not in\n{printed}"
        );
    }
}
