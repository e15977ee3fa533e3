//! Dex: the choice of a connector, the password form of its own connectors, and the approval page.
//!
//! A login at a connector's own provider (OpenID Connect, SAML, GitHub) is the walk's, and of the adapter that knows it.

mod failure;

use async_trait::async_trait;
use doorward::page::Link;
use doorward::{Error, Form, IdpAdapter, Page, Recognition, Visit};

use failure::{Place, failure};

/// Signs in at Dex, with a password of its own or of a directory behind it, or leads on to another provider
///
/// Of several connectors, `--login-option` names one: by what stands on its link, or by its id, which no theme changes.
/// Approval is given only where the caller allows consent.
///
/// Source: <https://dexidp.io/docs/configuration/>
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Dex {}

#[async_trait]
impl IdpAdapter for Dex {
    fn name(&self) -> &'static str {
        "dex"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        if let Some(form) = password_form(page) {
            let has = |name| form.query(name).is_some();
            return match Place::of(form.action()) {
                _ if !has("state") && !has("req") => Recognition::No,
                Some(Place::Password | Place::Connector) => {
                    Recognition::Certain("Dex's password form")
                }
                _ => Recognition::Likely("a form with login, password and Dex's state"),
            };
        }
        match approval_form(page) {
            Some(_) => Recognition::Certain("Dex's approval page"),
            None if connectors(page).is_empty() => Recognition::No,
            None => Recognition::Likely("Dex's choice of connectors"),
        }
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        if let Some(form) = approval_form(&page) {
            return self.onward(visit.consent(form.clone()).await?);
        }
        let Some(mut form) = password_form(&page).cloned() else {
            let found = connectors(&page);
            if found.is_empty() {
                return Err(page.unexpected(UNKNOWN));
            }
            let (_, chosen) = visit.choose_one(found, |(id, link)| (&link.text, id))?;
            return visit.get(&chosen.url).await;
        };
        form.set("login", visit.username());
        form.set_secret("password", &visit.password().await?);
        let answer = visit.submit(form).await?;
        let form_again = password_form(&answer).is_some();
        // Before 2.36 the status is 200.
        if answer.status() == 401 || (form_again && answer.text_of("#login-error").is_some()) {
            return Err(Error::rejected(REFUSED)
                .at("page", answer.path())
                .hint("Dex cannot tell which it is: the directory behind its connector can"));
        }
        self.onward(answer)
    }

    fn explains(&self, page: &Page) -> Option<Error> {
        // Dex serves every theme's style sheet at this address.
        let mark = page.attribute("link[href$='theme/styles.css']", "href");
        mark.and_then(|_| failure(page))
    }
}

impl Dex {
    /// What follows an answer that Dex took
    fn onward(&self, answer: Page) -> Result<Page, Error> {
        match answer.kind().goes_on() || self.recognizes(&answer) != Recognition::No {
            true => Ok(answer),
            false => Err(failure(&answer).unwrap_or_else(|| answer.unexpected(UNKNOWN))),
        }
    }
}

/// Themes change all but the names of the fields
fn password_form(page: &Page) -> Option<&Form> {
    page.form_with_all(&["login", "password"])
        .filter(|form| form.is_post())
}

/// The one of two forms that approves: nothing but a hidden value tells it from the one that rejects
fn approval_form(page: &Page) -> Option<&Form> {
    let mut forms = page.forms().iter();
    forms
        .find(|form| form.is_post() && form.has("req") && form.value("approval") == Some("approve"))
}

/// The links to connectors by their ids: one step below the page, with the sign-in request or its id
fn connectors<'a>(page: &'a Page) -> Vec<(&'a str, &'a Link)> {
    let connector = |link: &'a Link| {
        let (above, id) = link.url.path().rsplit_once('/')?;
        let is_one = above == page.url().path()
            && above.ends_with("/auth")
            && !id.is_empty()
            && link.url.origin() == page.url().origin()
            && (link.query("client_id").is_some() || link.query("req").is_some());
        is_one.then_some((id, link))
    };
    let mut found: Vec<_> = page.links().iter().filter_map(connector).collect();
    found.dedup_by_key(|(_, link)| &link.url);
    found
}

const REFUSED: &str = "Dex refused user name or password, or the account is locked or disabled";

const UNKNOWN: &str = "this is no page of Dex's that doorward knows";

#[cfg(test)]
mod tests {
    use doorward::{ErrorKind, IdpAdapter, Page, Recognition};

    use super::{Dex, connectors};

    const LOGIN: &str = "https://dex.test/dex/auth/local/login?back=&state=abc";
    const FORM: &str = r#"<form method="post" action="/dex/auth/local/login?back=&amp;state=abc"><input name="login">
        <input name="password" type="password"><button id="submit-login">Los</button></form>"#;
    const APPROVAL: &str = r#"<form method="post"><input type="hidden" name="req" value="abc">
        <input type="hidden" name="approval" value="rejected"><button>Nein</button></form>
        <form method="post"><input type="hidden" name="req" value="abc">
        <input type="hidden" name="approval" value="approve"><button>Ja</button></form>"#;

    fn recognition(url: &str, html: &str) -> Recognition {
        Dex::default().recognizes(&Page::html(url, html).unwrap())
    }

    fn is_certain(url: &str, html: &str) -> bool {
        matches!(recognition(url, html), Recognition::Certain(_))
    }

    fn links(url: &str, html: &str) -> usize {
        connectors(&Page::html(url, html).unwrap()).len()
    }

    #[test]
    fn a_password_form_is_recognized_by_its_fields_and_state() {
        assert!(is_certain(LOGIN, FORM));
        assert!(is_certain(
            "https://sso.acme.test/auth/ldap?req=abc",
            "<form method=post><input name=login><input name=password type=password><input type=checkbox name=remember_me>"
        ));
        assert!(matches!(
            recognition(
                "https://sso.acme.test/einloggen?state=abc",
                "<form method=post><input name=login><input name=password type=password>"
            ),
            Recognition::Likely(_)
        ));
    }

    #[test]
    fn forms_of_others_are_not_its_own() {
        for (url, html) in [
            (
                "https://git.test/login?return_to=%2F%3Fstate%3Da",
                "<form method=post action=/session><input name=login><input name=password type=password>",
            ),
            (
                "https://op.test/interaction/x1",
                "<form method=post><input type=hidden name=prompt value=login><input name=login><input name=password type=password>",
            ),
            (
                LOGIN,
                "<form method=post><input name=username><input name=password type=password>",
            ),
            (
                LOGIN,
                "<form><input name=login><input name=password type=password>",
            ),
            (
                "https://dex.test/dex/approval?req=a&hmac=b",
                "<form method=post><input type=hidden name=req value=a><input type=hidden name=approval value=rejected>",
            ),
            (
                "https://kc.test/auth/realms/a/protocol/openid-connect/auth?client_id=a",
                "<a href='/auth/realms/a/login-actions/reset?client_id=a'>Forgot?</a>",
            ),
            ("https://dex.test/dex/auth?client_id=a", "<p>nothing</p>"),
        ] {
            assert_eq!(recognition(url, html), Recognition::No, "{url} {html}");
        }
    }

    #[test]
    fn an_approval_page_is_recognized_by_the_form_that_approves() {
        assert!(is_certain(
            "https://dex.test/dex/approval?req=abc&hmac=x",
            APPROVAL
        ));
    }

    #[test]
    fn connectors_are_links_below_the_page() {
        let url = "https://dex.test/dex/auth?client_id=a&state=b";
        let html = "<a href='/dex/auth/ldap?client_id=a&amp;state=b'>LDAP</a><a href='/dex/auth/ldap?client_id=a&amp;state=b'><img></a>
            <a href='/dex/auth/git%2Fhub?client_id=a'>x</a><a href=/dex/auth/old?req=b>y</a>
            <a href=/help?client_id=a>no</a><a href=/dex/auth/x>no</a><a href=/dex/auth/x/y?req=b>no</a>
            <a href='https://evil.test/dex/auth/x?req=b'>no</a>";

        assert!(matches!(recognition(url, html), Recognition::Likely(_)));
        assert_eq!(links(url, html), 3);
        assert_eq!(links("https://dex.test/dex/other?client_id=a", html), 0);
    }

    #[test]
    fn pages_that_were_cut_off_are_read_without_harm() {
        for html in [FORM, APPROVAL] {
            for end in 0..html.len() {
                recognition(LOGIN, &html[..end]);
            }
        }
    }

    #[test]
    fn error_pages_are_explained_where_they_have_dex_s_mark() {
        let explained = |html| {
            let page = Page::response(LOGIN, 400, &[("content-type", "text/html")], html).unwrap();
            Dex::default().explains(&page).map(|error| error.kind())
        };

        assert_eq!(
            explained("<link rel=stylesheet href='../../../theme/styles.css'><h2>Bad Request</h2>"),
            Some(ErrorKind::UnexpectedPage)
        );
        assert_eq!(explained("<h1>400 Bad Request</h1><hr>nginx"), None);
    }
}
