//! What a session knows of the servers that it met, beside their pages.

use jiff::Timestamp;
use url::Url;

use super::certificate::Shown;
use super::{Origin, Session};

impl Session {
    /// The certificates that the host of `url` showed, whether they were believed or not
    pub(crate) fn shown_by(&self, url: &Url) -> Option<Shown> {
        let host = url.host_str()?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        self.http.trust.shown(host)
    }

    /// The origins that the answer of the login would go to, and that nobody named
    pub(crate) fn refused_returns(&self) -> Vec<Origin> {
        self.origins.refused_returns()
    }

    /// The time at the server that answered last, as far as its `Date` tells
    pub(crate) fn server_time(&self) -> Timestamp {
        let (then, at) = self.server_time;
        then.saturating_add(at.elapsed()).unwrap_or(then)
    }
}
