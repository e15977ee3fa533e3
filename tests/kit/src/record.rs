//! What the servers saw, and what they did not like.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::http::{Answer, Ask};
use crate::okta::SentCode;

/// One request as a double saw it, without any value
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Seen {
    /// The method
    pub method: String,
    /// The site's name, such as [`crate::PORTAL_HOST`]
    pub host: String,
    /// The path
    pub path: String,
    /// Names of the query parameters, in order
    pub queries: Vec<String>,
    /// Names of the form fields or of the top-level JSON keys, in order
    pub fields: Vec<String>,
    /// Names of the header lines, in lower case and in order
    pub headers: Vec<String>,
    /// Names of the cookies, in order
    pub cookies: Vec<String>,
    /// The status that was answered; 0 where the connection was closed instead
    pub status: u16,
}

/// What came of the refreshes at the portals' token endpoints
///
/// A request that a [`crate::Fault`] answers is none of them: it never reached the token endpoint.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Refreshes {
    /// New tokens were made
    pub granted: usize,
    /// Nothing was given
    pub refused: usize,
    /// A spent refresh token got the current tokens again, within the grace time
    pub replayed: usize,
}

/// What came of the factors at the Okta org, in both engines
///
/// A request that a [`crate::Fault`] answers is none of them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct FactorCounts {
    /// Requests to verify links and answers to challenges, also those that were refused; the password is no factor
    pub verifies: usize,
    /// Pushes that a phone got
    pub pushes: usize,
    /// Polls of a phone, and in the Identity Engine of a mailbox or the device
    pub polls: usize,
    /// Codes that were sent
    pub sent: usize,
    /// Wrong codes, answers and signatures
    pub wrong: usize,
    /// Codes that were used before
    pub replayed: usize,
    /// Codes of another time
    pub skewed: usize,
}

/// How often the Okta org's Identity Engine was asked for what
///
/// A request that a [`crate::Fault`] answers is none of them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct IdxCounts {
    /// `introspect`
    pub introspects: usize,
    /// `identify`
    pub identifies: usize,
    /// Choices of an authenticator, at `challenge`
    pub challenges: usize,
    /// Answers to a challenge, the password's too, whether good or not
    pub answers: usize,
    /// Answers that were refused, and identifications
    pub refusals: usize,
    /// Cancelled device challenges
    pub probe_cancels: usize,
    /// Cancelled transactions
    pub cancels: usize,
    /// Skipped pages
    pub skips: usize,
    /// Requests that met the rate limit
    pub limited: usize,
    /// Logins that were finished at `/login/token/redirect`
    pub finishes: usize,
}

/// The notes of all servers of one testbed
#[derive(Debug, Default)]
pub(crate) struct Record {
    seen: Mutex<Vec<Seen>>,
    complaints: Mutex<Vec<String>>,
    secrets: Mutex<BTreeSet<String>>,
    refreshes: Mutex<Refreshes>,
    factors: Mutex<FactorCounts>,
    idx: Mutex<IdxCounts>,
    outbox: Mutex<Vec<SentCode>>,
    logins: AtomicUsize,
}

impl Record {
    pub(crate) fn note(&self, ask: &Ask, answer: &Answer) {
        let names = |pairs: Vec<(String, String)>| pairs.into_iter().map(|(name, _)| name);
        let mut fields: Vec<String> = names(ask.fields()).collect();
        if let Some(document) = ask.json().as_ref().and_then(|value| value.as_object()) {
            fields.extend(document.keys().cloned());
        }
        let lines = answer.headers.iter();
        for (_, line) in lines.filter(|(name, _)| name == "Set-Cookie") {
            let value = line.split(['=', ';']).nth(1).unwrap_or_default();
            if value.len() >= SHORTEST_COOKIE && !line.starts_with("autoIdm") {
                self.secret(value.trim_matches('"'));
            }
        }
        let seen = Seen {
            method: ask.method.clone(),
            host: ask.site.clone(),
            path: ask.path.clone(),
            queries: names(ask.queries()).collect(),
            fields,
            headers: ask
                .headers
                .iter()
                .map(|(name, _)| name.to_ascii_lowercase())
                .collect(),
            cookies: ask
                .cookies()
                .into_iter()
                .map(|(name, _)| name.to_owned())
                .collect(),
            status: answer.status,
        };
        held(&self.seen).push(seen);
    }

    pub(crate) fn complain(&self, complaint: String) {
        held(&self.complaints).push(complaint);
    }

    /// Short values, such as a flag in a cookie, are no secrets: they occur in any text
    pub(crate) fn secret(&self, value: &str) {
        if value.len() >= SHORTEST_SECRET {
            held(&self.secrets).insert(value.to_owned());
        }
    }

    /// Codes are noted although they are short
    pub(crate) fn code(&self, value: &str) {
        if value.len() >= SHORTEST_CODE {
            held(&self.secrets).insert(value.to_owned());
        }
    }

    pub(crate) fn factor(&self, count: impl FnOnce(&mut FactorCounts)) {
        count(&mut held(&self.factors));
    }

    pub(crate) fn factors(&self) -> FactorCounts {
        *held(&self.factors)
    }

    pub(crate) fn idx(&self, count: impl FnOnce(&mut IdxCounts)) {
        count(&mut held(&self.idx));
    }

    pub(crate) fn idx_counts(&self) -> IdxCounts {
        *held(&self.idx)
    }

    pub(crate) fn send(&self, code: SentCode) {
        held(&self.outbox).push(code);
    }

    pub(crate) fn outbox(&self) -> Vec<SentCode> {
        held(&self.outbox).clone()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        held(&self.seen).clone()
    }

    /// How many requests are such
    pub(crate) fn count(&self, such: impl Fn(&Seen) -> bool) -> usize {
        held(&self.seen).iter().filter(|seen| such(seen)).count()
    }

    pub(crate) fn refresh(&self, count: impl FnOnce(&mut Refreshes)) {
        count(&mut held(&self.refreshes));
    }

    pub(crate) fn refreshes(&self) -> Refreshes {
        *held(&self.refreshes)
    }

    pub(crate) fn login(&self) {
        self.logins.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn logins(&self) -> usize {
        self.logins.load(Ordering::Relaxed)
    }

    pub(crate) fn complaints(&self) -> Vec<String> {
        held(&self.complaints).clone()
    }

    pub(crate) fn secrets(&self) -> Vec<String> {
        held(&self.secrets).iter().cloned().collect()
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const SHORTEST_SECRET: usize = 8;
const SHORTEST_CODE: usize = 6;
const SHORTEST_COOKIE: usize = 16;
