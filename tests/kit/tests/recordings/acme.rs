//! An adapter as it should be, for a provider that does not exist.

use async_trait::async_trait;
use doorward::{Error, Factor, IdpAdapter, Page, Recognition, Visit};

#[derive(Clone, Debug, Default)]
pub(crate) struct Acme {}

#[async_trait]
impl IdpAdapter for Acme {
    fn name(&self) -> &'static str {
        "acme"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        let has = |field| page.form_with(field).is_some();
        match has("acme_password") || has("acme_code") {
            true => Recognition::Certain("a form of Acme's"),
            false => Recognition::No,
        }
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        if page.form_with("acme_code").is_some() {
            let mut form = page.expect_form_with("acme_code")?;
            form.set_secret("acme_code", &visit.code(&Factor::Totp(None)).await?);
            return accepted(visit.submit(form).await?);
        }
        let mut form = page.expect_form_with("acme_password")?;
        form.set("acme_user", visit.username());
        form.set_secret("acme_password", &visit.password().await?);
        accepted(visit.submit(form).await?)
    }
}

/// An adapter that none of these logins needs
#[derive(Clone, Debug)]
pub(crate) struct Elsewhere {}

#[async_trait]
impl IdpAdapter for Elsewhere {
    fn name(&self) -> &'static str {
        "elsewhere"
    }

    fn recognizes(&self, _: &Page) -> Recognition {
        Recognition::No
    }

    async fn sign_in(&self, page: Page, _: &mut Visit<'_>) -> Result<Page, Error> {
        Err(Error::unexpected_page("nobody asked for this").at("page", page.path()))
    }
}

/// The walk brings the form for a code back, and the visit gives one more code, but no third
pub(crate) fn accepted(answer: Page) -> Result<Page, Error> {
    match answer.attribute(".acme-error", "data-reason").as_deref() {
        None | Some("code") => Ok(answer),
        Some(_) => Err(Error::rejected("Acme refused the password").at("page", answer.path())),
    }
}
