//! The OAuth server's own pages: the choice of a provider, the password form, the approval, and the page with a token.

use crate::page::{Form, Link};
use crate::portal::download::refusal;
use crate::{Error, Page, Secret, Visit};

/// A page that stands between us and a token
pub(super) enum OwnPage<'p> {
    /// A client asks for the account's rights
    Approval(&'p Form),
    /// A code, and a button that shows the token for it
    Display(&'p Form),
    /// User name and password
    Login(&'p Form),
    /// Several providers, by name
    Providers(Vec<(String, &'p Link)>),
    /// What went wrong, in words for people
    Refusal,
}

impl<'p> OwnPage<'p> {
    pub(super) fn of(page: &'p Page) -> Option<Self> {
        if let Some(form) = page.form_with_all(&["then", "csrf", "username", "password"]) {
            return Some(Self::Login(form));
        }
        if let Some(form) = page.form_with_all(&["then", "csrf", "client_id", "approve"]) {
            return Some(Self::Approval(form));
        }
        let is_display = page.url().path().ends_with("/oauth/token/display");
        let display = page
            .form_with_all(&["code", "csrf"])
            .filter(|form| form.is_post());
        match display.filter(|_| is_display) {
            Some(form) => return Some(Self::Display(form)),
            None if is_display && !shows_token(page) => return Some(Self::Refusal),
            None => {}
        }
        let provider = |link: &'p Link| {
            let is_one = link.url.origin() == page.url().origin()
                && link.url.path().ends_with("/oauth/authorize");
            Some((link.query("idp").filter(|_| is_one)?, link))
        };
        let mut providers: Vec<_> = page.links().iter().filter_map(provider).collect();
        providers.dedup_by_key(|(_, link)| &link.url);
        (!providers.is_empty()).then_some(Self::Providers(providers))
    }

    pub(super) async fn answer(self, page: &Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        match self {
            Self::Approval(form) => {
                let mut form = form.clone();
                form.press("approve");
                visit.consent(form).await
            }
            Self::Display(form) => visit.submit(form.clone()).await,
            Self::Login(form) => {
                if let Some(error) = refused(page) {
                    return Err(error);
                }
                visit.check_named(page)?;
                let mut form = form.clone();
                form.set("username", visit.username());
                form.set_secret("password", &visit.password().await?);
                visit.submit(form).await
            }
            Self::Providers(found) => {
                let (_, chosen) = visit.choose_one(found, |(name, link)| (&link.text, name))?;
                visit.get(&chosen.url).await
            }
            Self::Refusal => Err(
                refusal(page, Error::portal("the OAuth server shows no token"))
                    .hint("a session cookie may have been lost; its log says more"),
            ),
        }
    }
}

/// Whether the page is the one with a token on it
pub(super) fn shows_token(page: &Page) -> bool {
    let is_display = page.status() == 200 && page.url().path().ends_with("/oauth/token/display");
    is_display
        && page
            .text_of("pre")
            .is_some_and(|text| text.starts_with("oc login "))
}

/// The token and the server on the page
pub(super) fn token(page: &Page) -> Result<(Secret, String), Error> {
    let command = page.text_of("pre").unwrap_or_default();
    let value = |name: &str| command.split(' ').find_map(|word| word.strip_prefix(name));
    let is_token = |text: &&str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "~-_.".contains(c);
        !text.is_empty() && text.chars().all(plain)
    };
    match (value("--token=").filter(is_token), value("--server=")) {
        (Some(token), Some(server)) => Ok((Secret::new(token), server.to_owned())),
        _ => Err(refusal(
            page,
            Error::portal("the OAuth server's page holds no token"),
        )),
    }
}

/// What the form says of the attempt before, by the reason in its address
///
/// A wrong password is `access_denied`, of which the visit knows by itself.
fn refused(page: &Page) -> Option<Error> {
    let reason = page.query("reason")?;
    let error = match &*reason {
        "token_expired" => {
            Error::unexpected_page("the OAuth server's form had ended before it was sent")
        }
        "authentication_error" => Error::unavailable("the OAuth server could not ask its provider"),
        "mapping_claim_error" | "mapping_lookup_error" => {
            Error::denied("signed in, but the cluster has no user for this account")
        }
        "grant_error" => Error::denied("signed in, but the approval failed"),
        _ => return None,
    };
    Some(error.at("reason", reason).at("page", page.path()))
}
