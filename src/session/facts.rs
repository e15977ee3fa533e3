//! What a session knows of the servers that it met, beside their pages.

use jiff::Timestamp;
use url::Url;

use super::certificate::Shown;
use super::{Origin, Session};
use crate::Page;
use crate::page::{PageKind, query};
use crate::redact;

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

    /// A provider that refuses sends `error` back to the portal, whose own page says less
    pub(super) fn note_refusal(&mut self, page: &Page) {
        let said = match page.kind() {
            PageKind::Redirect(to) => refusal_in(|name| query(to, name)),
            PageKind::AutoSubmit(form) => refusal_in(|name| form.value(name).map(str::to_owned)),
            _ => None,
        };
        if said.is_some() {
            self.refusal = said;
        }
    }
}

fn refusal_in(parameter: impl Fn(&str) -> Option<String>) -> Option<String> {
    let error = parameter("error").filter(|_| parameter("state").is_some())?;
    let said = match parameter("error_description") {
        Some(description) => format!("{error}: {description}"),
        None => error,
    };
    Some(redact::one_line(&said))
}
