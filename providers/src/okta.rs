//! Okta's Classic engine: the page says where the login began, `/api/v1/authn` takes the password, and a session token
//! takes us back.

mod failure;
mod script;
mod transaction;

use async_trait::async_trait;
use doorward::{Error, IdpAdapter, Page, Recognition, Visit};

use script::Marks;

/// Signs in at an Okta organisation of the Classic engine
///
/// The organisation is the page's own host, never a name from the settings: custom domains work as they are. The
/// Identity Engine's pages are recognized, and refused in words.
///
/// Source: <https://developer.okta.com/docs/reference/api/authn/>
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
            Some(OktaPage::SignIn) => Recognition::Certain("Okta's sign-in page"),
            Some(OktaPage::Transaction(_) | OktaPage::IdentityEngine) => {
                Recognition::Certain("a page with Okta's state token")
            }
            None => Recognition::No,
        }
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        match OktaPage::of(&page) {
            Some(OktaPage::SignIn) => transaction::with_password(&page, visit).await,
            Some(OktaPage::Transaction(marks)) => transaction::resume(&page, marks, visit).await,
            Some(OktaPage::IdentityEngine) => Err(Error::unsupported(
                "this Okta organisation runs the Identity Engine, which doorward cannot sign in at yet",
            )
            .at("page", page.path())),
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
    SignIn,
    /// To go on with a transaction of the Classic engine: a login, or a step-up after one
    Transaction(Marks),
    IdentityEngine,
    /// The way back is lost
    Dashboard,
}

impl OktaPage {
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
            Some(_) if marks.is_okta => Some(Self::IdentityEngine),
            _ if path == "/login/login.htm" => Some(Self::SignIn),
            _ => None,
        }
    }
}

const DASHBOARD: &[&str] = &["/app/UserHome", "/login/default", "/enduser/callback"];
