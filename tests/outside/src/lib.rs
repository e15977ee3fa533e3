//! Gatehouse: the user name, then the password on a page of its own, then a one-time code if the account has one.
//!
//! Gatehouse does not exist. This crate shows that an adapter needs no place in doorward's repository: it is written from the template of
//! [ADAPTERS.md], with the public interface alone, and handed over by [`Walk::adapter`](doorward::Walk::adapter).
//!
//! [ADAPTERS.md]: https://github.com/doorward/doorward/blob/main/ADAPTERS.md

use async_trait::async_trait;
use doorward::{Error, Factor, IdpAdapter, Page, Recognition, Visit};

/// Signs in at Gatehouse
///
/// ```
/// use doorward::{IdpAdapter, Page, Recognition};
/// use doorward_gatehouse::Gatehouse;
///
/// let html = "<form method=post action=/identify><input name=gh_login><button name=gh_step value=next></form>";
/// let page = Page::html("https://login.gatehouse.test/authorize", html)?;
/// assert!(matches!(Gatehouse::default().recognizes(&page), Recognition::Certain(_)));
/// # Ok::<(), doorward::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Gatehouse {}

#[async_trait]
impl IdpAdapter for Gatehouse {
    fn name(&self) -> &'static str {
        "gatehouse"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        let has = |field| page.form_with(field).is_some();
        if has(LOGIN) {
            Recognition::Certain("Gatehouse's form for the user name")
        } else if has(PASSWORD) {
            Recognition::Certain("Gatehouse's password form")
        } else if has(CODE) {
            Recognition::Certain("Gatehouse's one-time code form")
        } else {
            Recognition::No
        }
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        if page.form_with(LOGIN).is_some() {
            let mut form = page.expect_form_with(LOGIN)?;
            form.set(LOGIN, visit.identify()?);
            form.press(STEP);
            // The walk calls again for the password's page.
            return visit.submit(form).await;
        }
        if page.form_with(CODE).is_some() {
            let mut form = page.expect_form_with(CODE)?;
            form.set_secret(CODE, &visit.code(&Factor::Totp(None)).await?);
            form.press(STEP);
            return accepted(visit.submit(form).await?);
        }
        let mut form = page.expect_form_with(PASSWORD)?;
        form.set_secret(PASSWORD, &visit.password().await?);
        form.press(STEP);
        accepted(visit.submit(form).await?)
    }
}

/// A refusal has the status 200, and its reason in an attribute; the text is translated
fn accepted(answer: Page) -> Result<Page, Error> {
    match answer
        .attribute("[role=alert]", "data-gh-reason")
        .as_deref()
    {
        None | Some("code") => Ok(answer),
        Some("suspended") => {
            let error = Error::account_state("Gatehouse has suspended the account");
            Err(error
                .at("page", answer.path())
                .hint("an administrator of Gatehouse lifts it"))
        }
        Some(_) => Err(Error::rejected("Gatehouse refused the password").at("page", answer.path())),
    }
}

const LOGIN: &str = "gh_login";
const PASSWORD: &str = "gh_password";
const CODE: &str = "gh_code";
const STEP: &str = "gh_step";
