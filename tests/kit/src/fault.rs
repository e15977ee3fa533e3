//! Troubles that stand before a double, as ingresses, rate limits and networks make them.

use std::time::Duration;

use serde_json::json;

use crate::clock::http_date;
use crate::http::{Answer, Ask};
use crate::okta::errors;
use crate::random;
use crate::world::World;

/// Answers some requests in place of the double
///
/// ```
/// use doorward_testkit::{Fault, PORTAL_HOST, Trouble};
///
/// let second_login_page = Fault::new(PORTAL_HOST, "/login/auth", Trouble::BadGateway).nth(2);
/// # let _ = second_login_page;
/// ```
#[derive(Clone, Debug)]
pub struct Fault {
    site: String,
    path: String,
    first: usize,
    times: usize,
    trouble: Trouble,
    met: usize,
}

impl Fault {
    /// Meets the first request to that site whose path starts with `path`
    pub fn new(site: &str, path: &str, trouble: Trouble) -> Self {
        Self {
            site: site.to_owned(),
            path: path.to_owned(),
            first: 1,
            times: 1,
            trouble,
            met: 0,
        }
    }

    /// Starts with the n-th such request, counted from one
    #[must_use]
    pub fn nth(mut self, n: usize) -> Self {
        self.first = n;
        self
    }

    /// Meets that many requests in a row
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// What to do with this request, if anything
    pub(crate) fn meet(&mut self, ask: &Ask) -> Option<&Trouble> {
        if ask.site != self.site || !ask.path.starts_with(&self.path) {
            return None;
        }
        self.met += 1;
        let last = self.first.saturating_add(self.times);
        (self.first..last)
            .contains(&self.met)
            .then_some(&self.trouble)
    }
}

/// What goes wrong
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Trouble {
    /// 502 with the page of an nginx ingress
    BadGateway,
    /// 503 with the page of an nginx ingress
    Unavailable,
    /// 503 in plain text, as Envoy writes it
    UpstreamConnect,
    /// 429 E0000047; the limit ends that many seconds from now
    RateLimited(u64),
    /// 429 E0000047 for too many requests at once: limit and remaining are zero
    TooManyAtOnce,
    /// 429 in the Identity Engine's form, without a code
    TooManyRequests,
    /// 503 E0000010: the org is read-only
    ReadOnly,
    /// 500 E0000009
    InternalError,
    /// 200 and nothing else
    EmptyBody,
    /// 200 with an HTML page that tells of an error
    ErrorPage,
    /// Any status with an empty body
    Status(u16),
    /// A 302 to this location
    Redirect(String),
    /// The connection is closed
    HangUp,
    /// The double does what it was asked, and then the connection is closed in place of its answer
    LostAnswer,
    /// The double's own answer, after a wait on the real clock
    Slow(Duration),
}

impl Trouble {
    /// The answer in place of the double's own; none where the double acts
    pub(crate) fn answer(&self, world: &World) -> Option<Answer> {
        let now = world.clock().seconds();
        Some(match self {
            Self::BadGateway => ingress_page(502, "502 Bad Gateway"),
            Self::Unavailable => ingress_page(503, "503 Service Temporarily Unavailable"),
            Self::UpstreamConnect => Answer::empty(503)
                .header("Content-Type", "text/plain")
                .header("Server", "istio-envoy")
                .body("upstream connect error or disconnect/reset before headers. reset reason: connection failure"),
            Self::RateLimited(seconds) => limited(now, 600, now + seconds),
            Self::TooManyAtOnce => limited(now, 0, now + 60),
            Self::TooManyRequests => Answer::empty(429)
                .header("Content-Type", "application/ion+json; okta-version=1.0.0")
                .body(
                    json!({"version": "1.0.0", "messages": {"type": "array", "value": [{
                        "message": "Too many requests",
                        "i18n": {"key": "tooManyRequests"},
                        "class": "ERROR",
                    }]}})
                    .to_string(),
                ),
            Self::ReadOnly => api_error(503, "E0000010", "Service is in read only mode"),
            Self::InternalError => api_error(500, "E0000009", "Internal Server Error"),
            Self::EmptyBody => Answer::empty(200),
            Self::ErrorPage => Answer::html(
                200,
                "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Something went wrong</h1></body></html>",
            ),
            Self::Status(status) => Answer::empty(*status),
            Self::Redirect(location) => Answer::redirect(location),
            Self::HangUp => Answer::hang_up(),
            Self::LostAnswer | Self::Slow(_) => return None,
        })
    }

    pub(crate) fn pause(&self) -> Duration {
        match self {
            Self::Slow(pause) => *pause,
            _ => Duration::ZERO,
        }
    }
}

fn ingress_page(status: u16, title: &str) -> Answer {
    Answer::html(
        status,
        format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
             <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
        ),
    )
}

fn limited(now: u64, limit: u64, reset: u64) -> Answer {
    api_error(
        429,
        "E0000047",
        "API call exceeded rate limit due to too many requests.",
    )
    .header("Date", http_date(now))
    .header("X-Rate-Limit-Limit", limit.to_string())
    .header("X-Rate-Limit-Remaining", "0")
    .header("X-Rate-Limit-Reset", reset.to_string())
}

fn api_error(status: u16, code: &str, summary: &str) -> Answer {
    Answer::json(status, &errors::document(code, summary, &[]))
        .header("X-Okta-Request-Id", random::alphanumeric(27))
}
