//! A web session and the one login that it can hold.

use crate::openunison::authorize::Federation;
use crate::person::Person;

/// What the server keeps for one `tremolosession` cookie
#[derive(Default)]
pub(super) struct Session {
    pub(super) person: Option<Person>,
    /// Where the login started, path and query
    pub(super) original: Option<String>,
    pub(super) step: Option<Step>,
    /// The `/login/…` URL that the finished login goes back to
    pub(super) back: String,
    /// The last `state`, kept when a login starts over
    pub(super) state: Option<String>,
    /// An authorization request at the portal's own issuer
    pub(super) federation: Option<Federation>,
    pub(super) used_at: u64,
}

/// How far the login is
pub(super) enum Step {
    /// The login service has sent the browser to a chain
    Sent,
    /// The chooser is shown
    Choosing,
    /// At the OIDC provider
    AtProvider { verifier: Option<String> },
    /// At the SAML provider; holds the request's URL
    AtSamlProvider { url: String },
    /// The login form is shown
    AtForm,
    /// The terms are shown
    AtTerms(Person),
    /// Something was refused; only a new start helps
    Failed,
}
