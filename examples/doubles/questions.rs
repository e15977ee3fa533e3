//! The questions that another process may ask, a line each, and a line for the answer:
//!
//! - an empty line: how many requests there were at all servers since the last empty line
//! - `refreshes`: how many refreshes so far were granted, refused, and replayed within the grace time
//! - `logins`: how many OIDC sessions were opened so far
//! - `unauthorized`: how many requests the API server refused with 401 so far
//! - `count PATH`: how many requests the portal got at that path so far
//! - `advance SECONDS`: `ok`; the servers' clock went forward, or back if negative
//!
//! Anything else is answered by `error` and the reason.

use std::mem;
use std::time::Duration;

use doorward_testkit::{PORTAL_HOST, Refreshes, Testbed};

#[derive(Default)]
pub(crate) struct Questions {
    /// Requests at the last empty line
    before: usize,
}

impl Questions {
    pub(crate) fn answer(&mut self, question: &str, bed: &Testbed) -> Result<String, String> {
        let (word, rest) = question.split_once(' ').unwrap_or((question, ""));
        match (word, rest.trim()) {
            ("", _) => {
                let now = bed.seen().len();
                Ok((now - mem::replace(&mut self.before, now)).to_string())
            }
            ("refreshes", "") => {
                let Refreshes {
                    granted,
                    refused,
                    replayed,
                } = bed.refreshes();
                Ok(format!("{granted} {refused} {replayed}"))
            }
            ("logins", "") => Ok(bed.logins().to_string()),
            ("unauthorized", "") => Ok(bed.unauthorized().to_string()),
            ("count", path) if path.starts_with('/') => {
                Ok(bed.count(PORTAL_HOST, path).to_string())
            }
            ("count", _) => Err("count needs a path".to_owned()),
            ("advance", seconds) => {
                let seconds: i64 = seconds.parse().map_err(|_| "advance needs whole seconds")?;
                let by = Duration::from_secs(seconds.unsigned_abs());
                match seconds < 0 {
                    true => bed.clock().set_back(by),
                    false => bed.clock().advance(by),
                }
                Ok("ok".to_owned())
            }
            _ => Err(format!("{word:?} is no question")),
        }
    }
}
