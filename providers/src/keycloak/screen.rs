//! What a page of a realm wants, by the names of its fields, and by its path and those of its forms.

use doorward::page::PageKind;
use doorward::{Form, Page, Url};

use crate::keycloak::broker;

/// What a page of a realm wants
pub(super) enum Screen<'a> {
    /// A password, with the user name or without
    Login(&'a Form),
    /// The user name alone
    Username(&'a Form),
    /// A one-time code, in the field of that name
    OneTimeCode(&'a Form, &'static str),
    /// A passkey's signature
    Passkey(&'a Form),
    /// To try the passkey again
    PasskeyRefused,
    /// One of several ways to sign in
    Methods,
    /// Consent to give the account's data to the portal
    Consent(&'a Form),
    /// Something to be done by the account's owner, by the name that Keycloak has for it
    Action(String),
    /// Nothing: the login is over, and this link begins anew
    Expired(&'a Url),
    /// To go on without a ticket, where the browser's system has none
    Continue(&'a Form),
    /// Another provider, and there is no form
    Providers,
    /// Something else
    Other,
}

impl<'a> Screen<'a> {
    /// Nothing where the page is not of a realm
    pub(super) fn of(page: &'a Page) -> Option<Self> {
        let forms: Vec<&Form> = page.forms().iter().filter(|form| is_login(form)).collect();
        let with = |field| forms.iter().copied().find(|form: &&Form| form.has(field));
        let own_path = below_realm(page.url().path());
        if forms.is_empty() && own_path.is_none() {
            return None;
        }
        // Whatever else such a form has (15 and 17: `username` and `password`), it is for a new password.
        if with("password-new").is_some() {
            return Some(Self::Action("UPDATE_PASSWORD".to_owned()));
        }
        if with("totpSecret").is_some() {
            return Some(Self::Action("CONFIGURE_TOTP".to_owned()));
        }
        let goes_to = |path: &'static str| {
            let mut all = forms.iter().copied();
            all.find(move |form| form.action().path().ends_with(path))
        };
        if let Some(form) = goes_to("/login-actions/consent") {
            return Some(Self::Consent(form));
        }
        match own_path {
            Some("login-actions/required-action") => {
                return Some(Self::Action(page.query("execution").unwrap_or_default()));
            }
            Some("login-actions/first-broker-login") => {
                return Some(Self::Action(FIRST_BROKER_LOGIN.to_owned()));
            }
            _ => {}
        }
        let goes = |form: &Form, to: &str| form.action().path().ends_with(to);
        let authenticates = |form: &Form| goes(form, AUTHENTICATE);
        // A realm may want its own password, too, each time that another provider has vouched for somebody.
        let takes_password = |form: &Form| authenticates(form) || goes(form, POST_BROKER_LOGIN);
        if let Some(form) = with("password").filter(|form| takes_password(form)) {
            return Some(Self::Login(form));
        }
        // Named `totp` up to 7, and in themes that are as old.
        for field in ["otp", "totp"] {
            if let Some(form) = with(field) {
                return Some(Self::OneTimeCode(form, field));
            }
        }
        if let Some(form) = with("username").filter(|form| authenticates(form)) {
            return Some(Self::Username(form));
        }
        if let Some(form) = with("authenticatorData").filter(|form| form.has("signature")) {
            return Some(Self::Passkey(form));
        }
        if with("isSetRetry").is_some() {
            return Some(Self::PasskeyRefused);
        }
        if with("authenticationExecution").is_some() {
            return Some(Self::Methods);
        }
        let is_bare = |form: &Form| form.fields().all(|field| field.kind == "submit");
        match (goes_to(AUTHENTICATE), restart_link(page)) {
            (Some(form), _) if page.status() == 401 && is_bare(form) => Some(Self::Continue(form)),
            (None, Some(link)) => Some(Self::Expired(link)),
            (None, None) if !broker::links(page).is_empty() => Some(Self::Providers),
            _ => Some(Self::Other),
        }
    }
}

/// Where Keycloak goes on by itself, from one form to the next
pub(super) fn next_form(page: &Page) -> Option<Url> {
    let becomes_get = matches!(page.status(), 302 | 303);
    let next = page.redirect().filter(|_| becomes_get)?;
    let is_form = below_realm(next.path()) == Some("login-actions/authenticate");
    (is_form && is_same_server(next, page)).then(|| next.clone())
}

/// Whether the page is the way back to whoever sent us to the realm
pub(super) fn leaves_the_server(page: &Page) -> bool {
    match page.redirect() {
        Some(to) => !is_same_server(to, page),
        None => matches!(page.kind(), PageKind::AutoSubmit(_)),
    }
}

pub(super) fn is_same_server(url: &Url, page: &Page) -> bool {
    url.origin() == page.url().origin()
}

/// What stands behind `/realms/NAME/`, in front of which a server may have a path of its own
pub(super) fn below_realm(path: &str) -> Option<&str> {
    let (_, rest) = path.split_once("/realms/")?;
    let (realm, inside) = rest.split_once('/')?;
    let known = ["login-actions/", "protocol/", "broker/"];
    let is_known = known.iter().any(|start| inside.starts_with(start));
    (!realm.is_empty() && is_known).then_some(inside)
}

/// Whether a form goes on with a login at a realm
fn is_login(form: &Form) -> bool {
    let inside = below_realm(form.action().path());
    form.is_post() && inside.is_some_and(|inside| inside.starts_with("login-actions/"))
}

fn restart_link(page: &Page) -> Option<&Url> {
    let mut links = page.links().iter().map(|link| &link.url);
    links.find(|url| {
        is_same_server(url, page) && below_realm(url.path()) == Some("login-actions/restart")
    })
}

/// The name that this adapter has for it
pub(super) const FIRST_BROKER_LOGIN: &str = "first-broker-login";

const AUTHENTICATE: &str = "/login-actions/authenticate";

const POST_BROKER_LOGIN: &str = "/login-actions/post-broker-login";
