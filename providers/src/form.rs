//! Login forms as many providers have them: user name and password, one after the other, a one-time code.
//!
//! Other adapters use the reading with [`Rules`] of their provider.

use async_trait::async_trait;
use doorward::{Error, Page, Visit};
use doorward::{IdpAdapter, Recognition};

mod answer;
pub(crate) use answer::fill_in;

mod names;

mod press;

mod reading;
pub(crate) use reading::Reading;

mod rules;
pub(crate) use rules::Rules;

/// Signs in at a login form that no other adapter knows
///
/// It knows forms by the kinds and names of their fields, of no provider in particular. Other adapters go first, and the walk
/// gives it pages of origins only that the caller named.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LoginForm {}

#[async_trait]
impl IdpAdapter for LoginForm {
    fn name(&self) -> &'static str {
        "form"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        Recognition::Possible(match Reading::of(page, &Rules::GENERIC) {
            None => return Recognition::No,
            Some(Reading::Password { .. }) => "a form with one password",
            Some(Reading::NewPassword) => "a form for a new password",
            Some(Reading::Captcha) => "a form with a password and a captcha",
            Some(Reading::Code { .. }) => "a form with one field for a code",
            Some(Reading::UserName { .. }) => "a form with the user name alone",
            Some(Reading::Consent { .. }) => "a form that asks for consent",
        })
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        sign_in(&page, visit, &Rules::GENERIC).await
    }
}

/// Answers what `page` asks for, and sees whether the password is asked for again
///
/// A form that comes back after a redirect is a refusal, too: the walk brings it here, and the visit gives the password once.
///
/// # Errors
///
/// As [`doorward::IdpAdapter::sign_in`].
pub(crate) async fn sign_in(
    page: &Page,
    visit: &mut Visit<'_>,
    rules: &Rules,
) -> Result<Page, Error> {
    let answer = fill_in(page, visit, rules).await?;
    let asks = |page| matches!(Reading::of(page, rules), Some(Reading::Password { .. }));
    if answer.url().origin() == page.url().origin() && asks(page) && asks(&answer) {
        visit.password().await?;
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use doorward::{IdpAdapter, Page, Recognition};

    use super::LoginForm;

    fn recognition(html: &str) -> Recognition {
        LoginForm::default().recognizes(&Page::html("https://idp.test/login", html).unwrap())
    }

    #[test]
    fn it_is_never_surer_than_possible() {
        for html in [
            "<form method=post><input name=username><input name=password type=password></form>",
            "<form method=post><input name=username></form>",
            "<form method=post><input name=otp></form>",
            "<form method=post><input name=password-new type=password></form>",
            "<form method=post><button name=accept>x</button></form>",
        ] {
            assert!(
                matches!(recognition(html), Recognition::Possible(_)),
                "{html}"
            );
        }
    }

    #[test]
    fn pages_without_a_question_are_not_its_own() {
        for html in [
            "<p>Welcome</p>",
            "<form><input name=q type=search></form>",
            "<form method=post><input type=hidden name=reportId value=1><input type=email name=email><textarea name=text></textarea></form>",
            "<form method=post><input type=hidden name=credential></form>",
        ] {
            assert_eq!(recognition(html), Recognition::No, "{html}");
        }
    }
}
