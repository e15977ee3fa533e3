//! Acme: a password form, then a one-time code if the account has one.
//!
//! The template of an adapter: copy it, and put your provider's name for Acme's. Comments that begin with "Yours:" say what differs from
//! one provider to another; remove them when that is done. `ADAPTERS.md` explains the rest.

use async_trait::async_trait;
use doorward::{Error, Factor, IdpAdapter, Page, Recognition, Visit};

/// Signs in at Acme's provider
// Yours: a last line such as `Source: <https://…>`, with the vendor's page on the login or its templates.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Acme {}

#[async_trait]
impl IdpAdapter for Acme {
    fn name(&self) -> &'static str {
        // Yours: lower-case, as it stands after `--idp`; the feature and the folder of recordings have it, too.
        "acme"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        // Yours: a mark for each page that `sign_in` knows. If another provider could have it, ask for several, and say `Likely`.
        let has = |field| page.form_with(field).is_some();
        if has(PASSWORD) {
            Recognition::Certain("Acme's password form")
        } else if has(CODE) {
            Recognition::Certain("Acme's one-time code form")
        } else if has(NEW_PASSWORD) {
            Recognition::Certain("Acme's form for a new password")
        } else {
            Recognition::No
        }
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        // Yours: pages on which a person must act, each in words of yours.
        if page.form_with(NEW_PASSWORD).is_some() {
            return Err(
                Error::account_state("Acme asks for a new password").at("page", page.path())
            );
        }
        // Yours: the kind of code. Without second factors, this part goes.
        if page.form_with(CODE).is_some() {
            let mut form = page.expect_form_with(CODE)?;
            form.set_secret(CODE, &visit.code(&Factor::Totp(None)).await?);
            return accepted(visit.submit(form).await?);
        }
        // Hidden fields go back as they came. A button with a name is sent only if it was pressed: `form.press`.
        let mut form = page.expect_form_with(PASSWORD)?;
        form.set(USER, visit.username());
        form.set_secret(PASSWORD, &visit.password().await?);
        accepted(visit.submit(form).await?)
    }
}

/// Acme refuses with status 200 and the same form; the reason is an attribute, the text is translated
fn accepted(answer: Page) -> Result<Page, Error> {
    // Yours: what tells a refusal from a page that goes on, and a wrong password from an account that is locked.
    match answer.attribute(".acme-error", "data-reason").as_deref() {
        // The walk brings the code's form back to us, and the visit gives one more code, but no third.
        None | Some("code") => Ok(answer),
        Some("locked") => {
            Err(Error::account_state("Acme locked the account").at("page", answer.path()))
        }
        Some(_) => Err(Error::rejected("Acme refused the password").at("page", answer.path())),
    }
}

// Yours: the names of the fields.
const USER: &str = "acme_user";
const PASSWORD: &str = "acme_password";
const CODE: &str = "acme_code";
const NEW_PASSWORD: &str = "acme_new_password";

#[cfg(test)]
mod tests {
    use doorward::{IdpAdapter, Page, Recognition};

    use super::Acme;

    fn recognition(html: &str) -> Recognition {
        let page = Page::html("https://id.acme.test/authorize", html).unwrap();
        Acme::default().recognizes(&page)
    }

    #[test]
    fn its_pages_are_recognized_by_their_fields() {
        assert_eq!(
            recognition("<form method=post><input name=acme_password type=password></form>"),
            Recognition::Certain("Acme's password form")
        );
        assert_eq!(
            recognition("<form method=post><input name=acme_code></form>"),
            Recognition::Certain("Acme's one-time code form")
        );
        assert_eq!(
            recognition("<form method=post><input name=password type=password></form>"),
            Recognition::No
        );
    }
}
