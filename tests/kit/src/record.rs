//! What the servers saw, and what they did not like.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::http::{Answer, Ask};

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

/// The notes of all servers of one testbed
#[derive(Debug, Default)]
pub(crate) struct Record {
    seen: Mutex<Vec<Seen>>,
    complaints: Mutex<Vec<String>>,
    secrets: Mutex<BTreeSet<String>>,
    refreshes: Mutex<Refreshes>,
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
const SHORTEST_COOKIE: usize = 16;
