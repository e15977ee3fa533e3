//! What a recording must not hold, looked for in every way in which it could be written.

use super::rewriter::is_whole;
use super::spelling::{base64_read, inflated, readings, undone};
use super::stand_ins::{Found, PUBLIC, authorities, is_made_up};
use super::token_like::{is_token_run, runs};

/// What is left in `text` of what should have been replaced: what it is called
pub(super) fn left<'a>(text: &str, found: &'a [Found]) -> Option<&'a str> {
    let readings = readings(text);
    let is_left = |found: &&Found| readings.iter().any(|text| holds(text, found));
    found.iter().find(is_left).map(|found| found.what.as_str())
}

/// What in `text` looks as if it had been made for a login, or belonged to somebody
pub(super) fn suspicious(text: &str) -> Option<&'static str> {
    looks_like(text, true)
}

/// The same, where hosts may be named
pub(super) fn suspicious_but_hosts(text: &str) -> Option<&'static str> {
    looks_like(text, false)
}

fn looks_like(text: &str, refuses_hosts: bool) -> Option<&'static str> {
    let plain = undone(text);
    if plain.contains("PRIVATE KEY-----") {
        return Some("a private key");
    }
    for authority in authorities(&plain) {
        let host = authority.split(':').next().unwrap_or_default();
        let is_host = host.contains('.') && !host.ends_with('.');
        if refuses_hosts && is_host && !is_made_up(host) && !PUBLIC.contains(&host) {
            return Some("a host");
        }
    }
    let is_packed = |sign: char| sign.is_ascii_alphanumeric() || "+/-_".contains(sign);
    // The marks round a certificate are no part of what is in it.
    let plain = plain.replace("-----", " ");
    let mut packed = plain.split(|sign| !is_packed(sign));
    packed.find_map(|run| in_run(run, refuses_hosts))
}

/// The same of a run that may be packed: what is text inside is read, too
fn in_run(run: &str, refuses_hosts: bool) -> Option<&'static str> {
    let bytes = base64_read(run).unwrap_or_default();
    let inner = String::from_utf8(bytes.clone())
        .ok()
        .filter(|inner| is_text(inner));
    match inner.or_else(|| inflated(&bytes).filter(|inner| is_text(inner))) {
        Some(inner) => looks_like(&inner, refuses_hosts),
        None => runs(run).any(is_token_run).then_some("a token"),
    }
}

fn is_text(inner: &str) -> bool {
    let is_fit = |sign: char| !sign.is_control() || sign.is_whitespace();
    inner.len() >= 8 && inner.chars().all(is_fit)
}

fn holds(text: &str, found: &Found) -> bool {
    let mut places = text.match_indices(found.value.as_str());
    match found.is_word {
        true => places.any(|(at, value)| is_whole(text, at, value.len())),
        false => places.next().is_some(),
    }
}
