//! Fills in what a page asks for, and sends it.

use doorward::{Error, Page, Visit};

use crate::form::press::{press_consent, press_default};
use crate::form::reading::Reading;
use crate::form::rules::Rules;

/// Answers what `page` asks for; whether that was right is what the next page says
///
/// # Errors
///
/// As [`doorward::IdpAdapter::sign_in`].
pub(crate) async fn fill_in(
    page: &Page,
    visit: &mut Visit<'_>,
    rules: &Rules,
) -> Result<Page, Error> {
    let provider = rules.provider;
    let at_page = |error: Error| error.at("page", page.path());
    match Reading::of(page, rules) {
        Some(Reading::Password {
            form,
            user,
            password,
            code,
        }) => {
            let mut form = form.clone();
            press_default(&mut form);
            if let Some(user) = user {
                form.set(user, visit.username());
            }
            form.set_secret(password, &visit.password().await?);
            // Without a source it stays empty: accounts without a second factor leave it so, too.
            let factor = (rules.factor)(&form);
            if let Some(code) = code.filter(|_| visit.answers(&factor)) {
                form.set_secret(code, &visit.code(&factor).await?);
            }
            visit.submit(form).await
        }
        Some(Reading::UserName { form, field }) => {
            let mut form = form.clone();
            press_default(&mut form);
            form.set(field, visit.identify()?);
            visit.submit(form).await
        }
        Some(Reading::Code { form, field }) => {
            let mut form = form.clone();
            press_default(&mut form);
            form.set_secret(field, &visit.code(&(rules.factor)(&form)).await?);
            visit.submit(form).await
        }
        Some(Reading::Consent { form }) => {
            let mut form = form.clone();
            press_consent(&mut form);
            visit.consent(form).await
        }
        Some(Reading::NewPassword) => Err(at_page(
            Error::account_state(format!("{provider} asks for a new password"))
                .hint("let a person sign in there in a browser and change it"),
        )),
        Some(Reading::Captcha) => Err(at_page(
            Error::unsupported(format!("{provider} asks for a captcha beside the password"))
                .hint("providers ask for it after failed logins, or of unknown addresses"),
        )),
        None => Err(page.unexpected("the page has no form that asks for a login")),
    }
}
