//! Okta's two engines, which a page tells apart by its state token, or the organisation itself where a page has none.
//!
//! - Classic: the page says where the login began, `/api/v1/authn` takes the password and a second factor, and a session
//!   token takes us back; a step-up of the application is one more round of the same.
//! - The Identity Engine: the page's token becomes a document at `/idp/idx/introspect`, each answer gives the next one, and
//!   the last one has the link back.

mod engine;
mod exchange;
mod factor;
mod failure;
mod idx;
mod passkey;
mod script;
mod transaction;

use async_trait::async_trait;
use doorward::{Error, IdpAdapter, Page, Recognition, Secret, Visit};

use exchange::Home;
use script::Marks;

/// Signs in at an Okta organisation, of the Classic engine or of the Identity Engine
///
/// The organisation is the page's own host, never a name from the settings: custom domains work as they are. Which engine
/// answers is found out for each login.
///
/// Where the organisation or the application asks for a second factor, the caller's order of preference decides, or else the
/// first that needs nobody is answered. As [`Factor`](doorward::Factor), with Okta's name of the provider in lower case:
///
/// | the Classic engine's `factorType` | factor, at both engines | answered by |
/// |---|---|---|
/// | `token:software:totp` | `totp:okta`, `totp:google` | a seed or any source of codes; `totp:okta` last, since its seed stays in the app |
/// | `token`, `token:hardware`, `token:hotp` | `hotp:rsa`, `hotp:symantec`, `hotp:yubico`, `hotp:custom` | a source of codes, but no seed |
/// | `sms`, `call`, `email` | `sms:okta`, `call:okta`, `email:okta` | a source of codes; the code is sent first |
/// | `question` | `question:okta` | the security answer |
/// | `webauthn` | `webauthn:fido` | the passkey, if it is the one that is enrolled |
/// | `push` | `push:okta` | a person with a phone, and only where the caller prefers it; one push, asked after every four seconds |
/// | `claims_provider`, `assertion:saml2`, `assertion:oidc` | none | another adapter, at that provider, where nothing else can be answered |
///
/// A refused code is followed by one more, and never by a third. Any other kind of factor is passed over.
///
/// The device token that the organisation issues, its cookie `DT`, is kept in the walk's [`Devices`](doorward::Devices) and given
/// back at the next login; it is never made up.
///
/// Source: <https://developer.okta.com/docs/reference/api/authn/> and <https://developer.okta.com/docs/concepts/oie-intro/>
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Okta {}

#[async_trait]
impl IdpAdapter for Okta {
    fn name(&self) -> &'static str {
        "okta"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        match OktaPage::of(page) {
            Some(OktaPage::Dashboard) => Recognition::Likely("a page of Okta's dashboard"),
            Some(OktaPage::SignIn(_)) => Recognition::Certain("Okta's sign-in page"),
            Some(OktaPage::Transaction(_) | OktaPage::IdentityEngine(_)) => {
                Recognition::Certain("a page with Okta's state token")
            }
            None => Recognition::No,
        }
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        let kind = OktaPage::of(&page);
        if kind.as_ref().is_some_and(OktaPage::is_login) {
            visit.keep_cookie(DEVICE_TOKEN);
        }
        // Each way in a place of its own, since one may be much larger than the one that is gone.
        match kind {
            Some(OktaPage::SignIn(marks)) => {
                Box::pin(engine::sign_in(&Home::left(page), &marks, visit)).await
            }
            Some(OktaPage::Transaction(marks)) => {
                Box::pin(transaction::resume(&Home::left(page), marks, visit)).await
            }
            Some(OktaPage::IdentityEngine(token)) => {
                Box::pin(idx::sign_in(Home::left(page), &token, visit)).await
            }
            Some(OktaPage::Dashboard) => Err(Error::unexpected_page(
                "Okta signed us in, but lost the portal that sent us: the walk ended at its dashboard",
            )
            .at("page", page.path())
            .hint("is the application assigned to this account?")),
            None => Err(Error::unexpected_page("this is no page of Okta's").at("page", page.path())),
        }
    }
}

/// What a page of Okta's wants
enum OktaPage {
    /// User name and password, from the beginning
    SignIn(Marks),
    /// To go on with a transaction of the Classic engine: a login, or a step-up after one
    Transaction(Marks),
    /// To go on with a login of the Identity Engine
    IdentityEngine(Secret),
    /// The way back is lost
    Dashboard,
}

impl OktaPage {
    /// Whether a login goes on from here, and not only the path speaks for Okta
    fn is_login(&self) -> bool {
        !matches!(self, Self::Dashboard)
    }

    fn of(page: &Page) -> Option<Self> {
        let path = page.url().path();
        if DASHBOARD.contains(&path) {
            return Some(Self::Dashboard);
        }
        let marks = Marks::of(page);
        match &marks.state_token {
            // The vendor's own widget tells the engines apart in this way.
            Some(token) if token.expose_secret().starts_with("00") => {
                Some(Self::Transaction(marks))
            }
            Some(token) if marks.is_okta => Some(Self::IdentityEngine(token.clone())),
            _ if path == "/login/login.htm" => Some(Self::SignIn(marks)),
            _ => None,
        }
    }
}

/// By this cookie both engines recognize a device; it is no session
const DEVICE_TOKEN: &str = "DT";

const DASHBOARD: &[&str] = &["/app/UserHome", "/login/default", "/enduser/callback"];
