//! OpenUnison's own login form, for portals that ask an Active Directory or LDAP server themselves.

use async_trait::async_trait;
use doorward::{Error, Form, IdpAdapter, Page, Recognition, Visit};

/// Signs in at OpenUnison's own form
///
/// Source: <https://github.com/TremoloSecurity/OpenUnison>, `defaultForm.jsp` and its neighbours
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OpenUnison {}

#[async_trait]
impl IdpAdapter for OpenUnison {
    fn name(&self) -> &'static str {
        "openunison"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        match (password_form(page), second_factor(page)) {
            (Some(_), _) => Recognition::Certain("OpenUnison's form with user and pwd"),
            (None, Some(_)) => Recognition::Likely("a form of OpenUnison's second factors"),
            (None, None) => Recognition::No,
        }
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        if let Some(factor) = second_factor(&page) {
            return Err(
                Error::unsupported(format!("the portal asks for {factor}")).at("page", page.path())
            );
        }
        let mut form = page.expect_form_with("pwd")?;
        // The portal prints the missing target of a session that it does not know.
        if form.action().path().ends_with("/null") {
            return Err(
                Error::unexpected_page("the portal lost the login's cookies")
                    .at("page", page.path()),
            );
        }
        refuse_foreign_target(&page, &form)?;
        form.set("user", visit.username());
        form.set_secret("pwd", &visit.password().await?);
        accepted(visit.submit(form).await?)
    }
}

/// A realm's theme may change everything but the names of the fields
fn password_form(page: &Page) -> Option<&Form> {
    page.form_with("pwd")
        .filter(|form| form.has("user") && form.is_post())
}

fn second_factor(page: &Page) -> Option<&'static str> {
    let known = [
        ("code", "a one-time code"),
        ("key", "a code sent by SMS"),
        ("webauthnResponse", "a passkey"),
    ];
    // `code` and `key` are common names: OpenUnison's pages carry the way back beside them.
    let form_of = |field| {
        page.form_with(field)
            .filter(|form| form.has("target") && !form.has("pwd"))
    };
    known
        .into_iter()
        .find(|(field, _)| form_of(field).is_some())
        .map(|(_, factor)| factor)
}

/// The portal sends us to whatever stands in `target`, which must be its own
fn refuse_foreign_target(page: &Page, form: &Form) -> Result<(), Error> {
    let target = form.value("target").filter(|target| !target.is_empty());
    match target.map(|target| page.url().join(target)) {
        Some(Ok(target)) if target.origin() != page.url().origin() => Err(Error::untrusted_origin(
            "the portal's login form leads to another host",
        )
        .at("page", page.path())
        .at("to", target.host_str().unwrap_or_default())),
        _ => Ok(()),
    }
}

/// A refusal is a redirect to a page that comes with status 200
fn accepted(answer: Page) -> Result<Page, Error> {
    let failed = answer.redirect().is_some_and(|to| to.path() == FAILED);
    match failed || password_form(&answer).is_some() || answer.url().path() == FAILED {
        true => Err(Error::rejected("the portal refused user name or password")
            .hint("the portal shows a locked account, and a policy that refuses the user, in the same way")),
        false => Ok(answer),
    }
}

const FAILED: &str = "/auth/forms/defaultFailedLogin.jsp";

#[cfg(test)]
mod tests {
    use doorward::{IdpAdapter, Page, Recognition};

    use super::OpenUnison;

    fn recognition(html: &str) -> Recognition {
        OpenUnison::default()
            .recognizes(&Page::html("https://ou.test/auth/forms/defaultForm.jsp", html).unwrap())
    }

    #[test]
    fn its_own_form_is_recognized_by_fields() {
        let form = r#"<form action="/auth/formlogin" method="post"><input name="user"><input name="pwd" type="password">"#;
        assert!(matches!(recognition(form), Recognition::Certain(_)));
    }

    #[test]
    fn a_one_time_code_page_is_recognized() {
        let form = r#"<form action="/auth/otp" method="post"><input name="code"><input type="hidden" name="target" value="x">"#;
        assert!(matches!(recognition(form), Recognition::Likely(_)));
    }

    #[test]
    fn other_forms_are_not_its_own() {
        for form in [
            r#"<form method="post"><input name="username"><input name="password" type="password">"#,
            r#"<form method="post"><input type="hidden" name="code" value="1"><button name="accept">"#,
            "<p>nothing</p>",
        ] {
            assert_eq!(recognition(form), Recognition::No, "{form}");
        }
    }
}
