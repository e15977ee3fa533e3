//! What can be known of a login without signing in: facts, for whoever has to find out why one fails.
//!
//! [`FrontDoor::probe`](crate::FrontDoor::probe) gives them. Every text here is one line and fit to be shown.

pub use crate::session::Certificate;
use crate::{Error, Hop};

/// What a walk saw that ended at the first page which somebody would have to answer
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The requests, first one first
    pub steps: Vec<Step>,
    /// The servers, in the order in which they were asked; one that did not answer, too
    pub servers: Vec<Server>,
    /// Where it ended
    pub end: End,
    /// The origins that the login's answer would go to, and that nobody named: they need [`Walk::via`](crate::Walk::via)
    pub unnamed_returns: Vec<String>,
}

impl Diagnosis {
    /// What is known where the walk to `origin` cannot even begin
    pub(crate) fn failed(origin: String, error: Error) -> Self {
        Self {
            steps: Vec::new(),
            servers: Vec::new(),
            end: End::Failed { origin, error },
            unnamed_returns: Vec::new(),
        }
    }
}

/// One request, and the answer
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Step {
    /// The origin that was asked
    pub origin: String,
    /// The exchange
    pub hop: Hop,
}

/// A server that was asked
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Server {
    /// Scheme, host and port
    pub origin: String,
    /// Whether it answered
    pub answered: bool,
    /// The certificates that it showed, its own first; none where no TLS connection came about
    pub chain: Vec<Certificate>,
    /// Why they were refused, if they were
    pub refused: Option<&'static str>,
    /// How many seconds its clock is ahead of ours, by the `Date` of its answer; 0 for a difference that a `Date` cannot tell
    pub clock_ahead: Option<i64>,
}

/// Where a diagnosis ended
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum End {
    /// At a page that an adapter would have to answer, or that asks for a password
    LoginPage(LoginPage),
    /// At what the login is for: nobody had to sign in
    Arrived,
    /// On the way
    Failed {
        /// The origin that was asked, or whose page led no further
        origin: String,
        /// What a login would have failed with
        error: Error,
    },
}

/// The page that the walk ended at
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoginPage {
    /// Whose page it is
    pub origin: String,
    /// Its path, shortened
    pub path: String,
    /// The names and kinds of its forms' fields, and no text of it
    pub structure: String,
    /// The adapters that recognize it, the surest first
    pub recognized: Vec<Recognized>,
    /// The adapter that would sign in, or why none would
    pub adapter: Result<&'static str, Error>,
    /// Whether the origin may have credentials, by what the caller named
    pub is_named: bool,
    /// What the page itself asks for besides a password, as [`Factor::parse`](crate::Factor::parse) reads it; what comes later is not known
    pub factors: Vec<&'static str>,
}

/// An adapter that recognizes a page
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Recognized {
    /// Its name
    pub adapter: &'static str,
    /// `certain`, `likely` or `possible`
    pub how_surely: &'static str,
    /// By what
    pub why: &'static str,
}
