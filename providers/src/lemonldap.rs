//! LemonLDAP::NG: what a page means is a number in it, which a script turns into text.
//!
//! Its forms are read by the generic adapter; the number says why a page came.

use async_trait::async_trait;
use doorward::{Error, Factor, Form, IdpAdapter, Page, Recognition, Visit};

use crate::form::{self, Rules};

mod code;

mod dead_end;
use dead_end::unanswerable;

/// Signs in at a LemonLDAP::NG portal
///
/// Source: <https://lemonldap-ng.org/documentation/latest/error>
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LemonLdap {}

#[async_trait]
impl IdpAdapter for LemonLdap {
    fn name(&self) -> &'static str {
        "lemonldap"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        if page.attribute(MARKED, "trmsg").is_some() {
            return Recognition::Certain("LemonLDAP::NG's numbered message");
        }
        if page.attribute("[trspan]", "trspan").is_some() {
            return Recognition::Certain("LemonLDAP::NG's names of texts");
        }
        match page.form_with_all(&["user", "password", "skin", "timezone"]) {
            Some(_) => Recognition::Likely("a form with user, password, skin and timezone"),
            None => Recognition::No,
        }
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        let number = number_of(&page);
        if code::NOT_TRIED.contains(&number) {
            visit.restarted()?;
        } else if let Some(error) = code::failure(number, &page) {
            return Err(error);
        }
        if let Some(form) = page.form_with("sf").filter(|form| form.has("token")) {
            return choose_factor(form, visit).await;
        }
        if let Some(error) = unanswerable(&page) {
            return Err(error.at("page", page.path()));
        }
        // A message, or a session that must be renewed: a person would press the one button.
        let onward = page.forms().iter().find(|form| {
            let is_info = form.id() == Some("form") && has_continue(&page);
            (is_info || form.id() == Some("upgrd")) && form.buttons().count() == 1
        });
        match onward {
            Some(form) => visit.submit(form.clone()).await,
            None => accepted(form::fill_in(&page, visit, &RULES).await?),
        }
    }
}

/// The number of the page's message; 0 if there is none
fn number_of(page: &Page) -> u16 {
    let number = page.attribute(MARKED, "trmsg");
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn accepted(answer: Page) -> Result<Page, Error> {
    let number = number_of(&answer);
    let failed = code::failure(number, &answer).filter(|_| !code::NOT_TRIED.contains(&number));
    failed.map_or(Ok(answer), Err)
}

/// Whether a button bears the word for going on
fn has_continue(page: &Page) -> bool {
    page.attribute("button [trspan=continue]", "trspan")
        .is_some()
}

/// Several second factors: each is a button named `sf`
async fn choose_factor(form: &Form, visit: &mut Visit<'_>) -> Result<Page, Error> {
    let buttons = form.buttons().filter(|button| button.name == "sf");
    let known = buttons.filter_map(|button| Some((button.value, factor_named(button.value)?)));
    let (values, factors): (Vec<&str>, Vec<Factor>) = known.unzip();
    let picked = visit.pick(&factors)?;
    let mut form = form.clone();
    form.press(values.get(picked).copied().unwrap_or_default());
    visit.submit(form).await
}

/// What a form asks for besides the code, by where it goes
fn factor(form: &Form) -> Factor {
    factor_named(target(form).trim_end_matches("2fcheck")).unwrap_or(Factor::Totp(None))
}

/// The last part of the path that a form goes to
fn target(form: &Form) -> &str {
    let path = form.action().path();
    path.rsplit('/').next().unwrap_or_default()
}

fn factor_named(name: &str) -> Option<Factor> {
    Some(match name {
        "totp" | "utotp" => Factor::Totp(None),
        "ext" | "rest" | "sms" => Factor::Sms(None),
        "mail" => Factor::Email(None),
        "radius" | "yubikey" => Factor::Hotp(None),
        "u" | "webauthn" => Factor::Webauthn(None),
        _ => return None,
    })
}

/// The page may show the password as plain text, to keep browsers from storing it
const RULES: Rules = Rules {
    provider: "LemonLDAP::NG",
    open_password: Some("password"),
    consent: Some("confirm"),
    factor,
};

/// A theme may change the element and its class, but not the attribute, which the script looks for
const MARKED: &str = "[trmsg]";

#[cfg(test)]
mod tests;
