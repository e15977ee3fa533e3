//! SimpleSAMLphp: the generic login form, and the pages that its modules put before the way back.

use async_trait::async_trait;
use doorward::{Error, Factor, Form, IdpAdapter, Page, Recognition, Visit};

use crate::form::{self, Rules};

mod choice;
use choice::{choose, in_organization, is_choice};

/// Signs in at SimpleSAMLphp, 1.x and 2.x
///
/// Source: <https://simplesamlphp.org/docs/stable/>
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SimpleSamlPhp {}

#[async_trait]
impl IdpAdapter for SimpleSamlPhp {
    fn name(&self) -> &'static str {
        "simplesamlphp"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        match Place::of(page) {
            Some(Place::Login) => Recognition::Certain("a form with AuthState"),
            Some(Place::Choice(_)) => Recognition::Certain("a choice among sources or providers"),
            Some(Place::Consent(_)) => Recognition::Certain("the consent module's forms"),
            Some(Place::Notice(_)) => Recognition::Likely("a notice with StateId"),
            Some(Place::Failure) => Recognition::Certain("an error with a report's form or number"),
            Some(Place::Refusal) => Recognition::Likely("the path of a module's refusal"),
            None => Recognition::No,
        }
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        match Place::of(&page) {
            Some(Place::Choice(form)) => choose(form, visit).await,
            Some(Place::Consent(form)) => {
                let mut form = form.clone();
                form.press("yes");
                visit.consent(form).await
            }
            Some(Place::Notice(form)) => {
                let mut form = form.clone();
                let _ = form.press("continue") || form.press("yes");
                visit.submit(form).await
            }
            Some(Place::Failure) => Err(failure(&page)),
            Some(Place::Refusal) => Err(refusal(&page)),
            Some(Place::Login) if page.form_with("organization").is_some() => {
                in_organization(&page, visit).await
            }
            _ => form::sign_in(&page, visit, &RULES).await,
        }
    }
}

/// Where in a login a page stands
enum Place<'a> {
    Login,
    /// Which source of accounts, or which provider
    Choice(&'a Form),
    Consent(&'a Form),
    /// Something to be read before the login goes on: a test system, two logins within seconds, a password about to expire
    Notice(&'a Form),
    /// Its form would send a report
    Failure,
    /// The password was right, but a module has something against the account
    Refusal,
}

impl<'a> Place<'a> {
    fn of(page: &'a Page) -> Option<Self> {
        if page.form_with("reportId").is_some() || page.text_of("pre#trackid").is_some() {
            return Some(Self::Failure);
        }
        if REFUSALS.iter().any(|end| page.path().ends_with(end)) {
            return Some(Self::Refusal);
        }
        let refuses = page.form_with_all(&["no", "StateId"]).is_some();
        if let Some(form) = page.form_with("StateId") {
            return match (form.has("yes"), form.has("continue")) {
                (true, _) if refuses => Some(Self::Consent(form)),
                (true, _) | (_, true) => Some(Self::Notice(form)),
                _ => None,
            };
        }
        let chooses = |form: &&Form| form.buttons().any(|button| is_choice(&button));
        let mut forms = page.forms().iter();
        if let Some(form) = forms.find(chooses) {
            let is_its = form.has("AuthState") || form.has("returnIDParam");
            return is_its.then_some(Self::Choice(form));
        }
        // In 2.x the state stands in the form's address.
        let is_login = |form: &Form| {
            form.is_post() && (form.has("AuthState") || form.query("AuthState").is_some())
        };
        page.forms().iter().any(is_login).then_some(Self::Login)
    }
}

fn refusal(page: &Page) -> Error {
    let words = match page.path().contains("/expirycheck/") {
        true => "SimpleSAMLphp says that the account has expired",
        false => "SimpleSAMLphp does not let this account in here",
    };
    Error::account_state(words).at("page", page.path())
}

fn failure(page: &Page) -> Error {
    let error = Error::unexpected_page("SimpleSAMLphp ended the login with an error")
        .at("page", page.path())
        .hint("its administrators find the reason in its log, by the number");
    match page.text_of("#trackid") {
        Some(number) => error.at("number", number),
        None => error,
    }
}

const RULES: Rules = Rules {
    provider: "SimpleSAMLphp",
    factor: |form| match form.has("otp") {
        true => Factor::Hotp(None),
        false => Factor::Totp(None),
    },
    ..Rules::GENERIC
};

/// The longer ones were seen in 1.19, the shorter ones are those of 2.x
const REFUSALS: [&str; 4] = [
    "/module.php/authorize/authorize_403.php",
    "/module.php/authorize/error/forbidden",
    "/module.php/expirycheck/expired.php",
    "/module.php/expirycheck/expired",
];

#[cfg(test)]
mod tests {
    use doorward::{IdpAdapter, Page, Recognition};

    use super::SimpleSamlPhp;

    fn recognition(html: &str) -> Recognition {
        let url = "https://ssp.test/module.php/core/loginuserpass.php";
        SimpleSamlPhp::default().recognizes(&Page::html(url, html).unwrap())
    }

    #[test]
    fn its_pages_are_recognized_by_the_names_of_their_state() {
        for html in [
            r#"<form action="?" method="post" name="f"><input name="username"><input name="password" type="password"><input type="hidden" name="AuthState" value="_1:x"></form>"#,
            r#"<form action="/module.php/core/loginuserpass?AuthState=_1" method="post"><input name="username"><input name="password" type="password"></form>"#,
            r#"<form id="consent_yes"><input type="hidden" name="StateId" value="1"><button name="yes"></button></form>
               <form id="consent_no"><input type="hidden" name="StateId" value="1"><button name="no"></button></form>"#,
            r#"<form method="get"><input type="hidden" name="AuthState" value="1"><input type="submit" name="src-bGRhcA==" value="LDAP"></form>"#,
            r#"<form action="/errorreport.php" method="post"><input type="email" name="email"><textarea name="text"></textarea><input type="hidden" name="reportId" value="a"><button name="send">x</button></form>"#,
        ] {
            assert!(
                matches!(recognition(html), Recognition::Certain(_)),
                "{html}"
            );
        }
        let notice = r#"<form><input type="hidden" name="StateId" value="1"><input type="submit" name="continue" value="Weiter"></form>"#;
        assert!(matches!(recognition(notice), Recognition::Likely(_)));
    }

    #[test]
    fn other_forms_are_not_its_own() {
        for html in [
            r#"<form method="post" name="f"><input name="username"><input name="password" type="password"></form>"#,
            r#"<form method="post"><button name="yes">x</button><button name="no">x</button></form>"#,
            r#"<form method="post"><input type="hidden" name="StateId" value="1"></form>"#,
            "<h2>SimpleSAMLphp</h2>",
        ] {
            assert_eq!(recognition(html), Recognition::No, "{html}");
        }
    }
}
