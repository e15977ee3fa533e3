//! What the tests of the factors have in common: accounts that have some, and who logs in there.

use std::sync::Mutex;
use std::time::Duration;

use doorward::{CodeSource, Credentials, Error, Secret, SecretSource, Walk};
use doorward_providers::Okta;
use doorward_testkit::{
    Builder, OKTA_HOST, OktaFactor, OktaSwitches, OrgFactor, PASSWORD, Testbed, USER,
};

use crate::stage::log_in;

/// An org that asks everybody for a factor
pub(crate) fn asking() -> OktaSwitches {
    OktaSwitches {
        org_factor: OrgFactor::Always,
        ..OktaSwitches::default()
    }
}

/// An org with these switches, where [`USER`] has these factors, ten seconds after a window began
pub(crate) fn bed_with(switches: OktaSwitches, factors: &[&OktaFactor]) -> Testbed {
    start(Testbed::builder().okta(switches), factors)
}

pub(crate) fn bed(factors: &[&OktaFactor]) -> Testbed {
    bed_with(asking(), factors)
}

pub(crate) fn start(builder: Builder, factors: &[&OktaFactor]) -> Testbed {
    let builder = factors
        .iter()
        .fold(builder, |builder, factor| builder.enroll(USER, factor));
    let bed = builder.start().unwrap();
    let in_window = bed.clock().seconds() % 30;
    bed.clock().advance(Duration::from_secs(40 - in_window));
    bed
}

/// A walk of [`USER`], with these credentials besides the password
pub(crate) fn walk(bed: &Testbed, more: impl FnOnce(Credentials) -> Credentials) -> Walk {
    let credentials = Credentials::new(USER, Secret::new(PASSWORD)).unwrap();
    bed.walk()
        .unwrap()
        .credentials(more(credentials))
        .adapter(Okta::default())
}

pub(crate) fn walk_with(bed: &Testbed, codes: CodeSource) -> Walk {
    walk(bed, |credentials| credentials.code(codes))
}

pub(crate) fn seed_of(factor: &OktaFactor) -> CodeSource {
    CodeSource::totp(SecretSource::value(Secret::new(factor.seed().unwrap())))
}

/// The codes of an app on somebody's phone, which shows the same one for a whole window
pub(crate) fn app(bed: &Testbed, factor: &OktaFactor) -> CodeSource {
    let (clock, factor) = (bed.clock().clone(), factor.clone());
    CodeSource::callback(move |_| Ok(Secret::new(factor.code_at(clock.seconds()).unwrap())))
}

/// One code after the other
pub(crate) fn list(codes: &[&str]) -> CodeSource {
    let codes: Vec<String> = codes.iter().rev().map(|code| (*code).to_owned()).collect();
    let codes = Mutex::new(codes);
    CodeSource::callback(move |_| {
        let next = codes.lock().unwrap().pop();
        next.map(Secret::new)
            .ok_or_else(|| Error::config("the list of codes is at its end"))
    })
}

pub(crate) async fn refusal(bed: &Testbed, walk: Walk) -> Error {
    log_in(bed, walk).await.0.unwrap_err()
}

/// A login without any complaint
pub(crate) async fn success(bed: &Testbed, walk: Walk) -> Vec<String> {
    let (outcome, told) = log_in(bed, walk).await;
    assert!(outcome.is_ok(), "{outcome:?}\n{:#?}", bed.complaints());
    assert_eq!(bed.complaints(), Vec::<String>::new());
    told
}

pub(crate) fn context<'a>(error: &'a Error, name: &str) -> Option<&'a str> {
    let mut context = error.context();
    context
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// Method, path and status of what the org was asked, with factors by their kind
pub(crate) fn asked(bed: &Testbed, factors: &[(&OktaFactor, &str)]) -> Vec<String> {
    let seen = bed.seen().into_iter().filter(|seen| seen.host == OKTA_HOST);
    let lines = seen.map(|seen| format!("{} {} {}", seen.method, seen.path, seen.status));
    let named = lines.map(|line| {
        let name =
            |line: String, (factor, name): &(&OktaFactor, &str)| line.replace(factor.id(), name);
        factors.iter().fold(line, name)
    });
    named.collect()
}

pub(crate) fn passwords(bed: &Testbed) -> usize {
    let posts = bed.seen().into_iter();
    posts
        .filter(|seen| seen.host == OKTA_HOST && seen.fields.iter().any(|name| name == "password"))
        .count()
}
