//! Dex: the choice of a connector, the password form of its own connectors, and the approval page.
//!
//! A login at a connector's own provider (OpenID Connect, SAML, GitHub) is the walk's, and of the adapter that knows it.

mod failure;

use async_trait::async_trait;
use doorward::page::{Link, PageKind};
use doorward::{Decision, Error, Form, IdpAdapter, Page, Recognition, Url, Visit};

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
        recognized(page)
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        if let Some(form) = approval_form(&page) {
            if !visit.allows(Decision::Consent) {
                return Err(Error::account_state(
                    "Dex asks to let the portal have the account's data",
                )
                .at("page", page.path())
                .hint("read in a browser what is asked for, then add --accept-consent"));
            }
            return onward(visit.submit(form.clone()).await?);
        }
        let form = password_form(&page).cloned();
        let Some(mut form) = form else {
            let url = connector(&connectors(&page), visit)?.ok_or_else(|| unknown(&page))?;
            return visit.get(url).await;
        };
        form.set("login", visit.username());
        form.set_secret("password", &visit.password().await?);
        let answer = visit.submit(form).await?;
        let form_again = password_form(&answer).is_some();
        // Before 2.36 the status is 200.
        if answer.status() == 401 || (form_again && answer.text_of("#login-error").is_some()) {
            return Err(Error::rejected(
                "Dex refused user name or password; it says the same of an account that is locked or disabled",
            )
            .at("page", answer.path())
            .hint("Dex cannot tell which it is: the directory behind its connector can"));
        }
        onward(answer)
    }

    fn explains(&self, page: &Page) -> Option<Error> {
        // Dex serves every theme's style sheet at this address.
        let mark = page.attribute("link[href$='theme/styles.css']", "href");
        mark.and_then(|_| failure(page))
    }
}

fn recognized(page: &Page) -> Recognition {
    if let Some(form) = password_form(page) {
        let place = Place::of(form.action());
        let has_state = has_one_of(form.action(), &["state", "req"]);
        return match (place, has_state) {
            (Some(Place::Password | Place::Connector), true) => {
                Recognition::Certain("Dex's password form")
            }
            (_, true) => Recognition::Likely("a form with login, password and Dex's state"),
            _ => Recognition::No,
        };
    }
    match (approval_form(page), connectors(page).as_slice()) {
        (Some(_), _) => Recognition::Certain("Dex's approval page"),
        (None, []) => Recognition::No,
        (None, _) => Recognition::Likely("Dex's choice of connectors"),
    }
}

/// Themes change all but the names of the fields
fn password_form(page: &Page) -> Option<&Form> {
    let mut forms = page.forms().iter();
    forms.find(|form| form.is_post() && form.has("login") && form.has("password"))
}

/// The one of two forms that approves: nothing but a hidden value tells it from the one that rejects
fn approval_form(page: &Page) -> Option<&Form> {
    let mut forms = page.forms().iter();
    forms
        .find(|form| form.is_post() && form.has("req") && form.value("approval") == Some("approve"))
}

/// The links to connectors: one step below the page, with the sign-in request or its id
fn connectors(page: &Page) -> Vec<&Link> {
    let folder = format!("{}/", page.url().path());
    let is_connector = |link: &&Link| {
        let id = link.url.path().strip_prefix(&folder);
        id.is_some_and(|id| !id.is_empty() && !id.contains('/'))
            && link.url.origin() == page.url().origin()
            && has_one_of(&link.url, &["client_id", "req"])
    };
    let is_choice = folder.ends_with("/auth/");
    let links = page.links().iter().filter(|_| is_choice);
    let mut links: Vec<&Link> = links.filter(is_connector).collect();
    links.dedup_by_key(|link| &link.url);
    links
}

fn connector<'a>(links: &[&'a Link], visit: &Visit<'_>) -> Result<Option<&'a Url>, Error> {
    if links.len() < 2 {
        return Ok(links.first().map(|link| &link.url));
    }
    let labels: Vec<&str> = links.iter().map(|link| link.text.as_str()).collect();
    let id = |link: &&'a Link| link.url.path().rsplit('/').next().unwrap_or_default();
    let ids: Vec<&str> = links.iter().map(id).collect();
    let chosen = visit.choose(&labels).or_else(|error| {
        let by_id = visit.choose(&ids);
        by_id.map_err(|_| error.at("ids", ids.join(", ")))
    })?;
    Ok(links.get(chosen).map(|link| &link.url))
}

/// What follows an answer that Dex took
fn onward(answer: Page) -> Result<Page, Error> {
    let goes_on = matches!(
        answer.kind(),
        PageKind::Redirect(_) | PageKind::AutoSubmit(_)
    ) || recognized(&answer) != Recognition::No;
    match failure(&answer) {
        _ if goes_on => Ok(answer),
        Some(error) => Err(error),
        // The walk tells of servers that stand before Dex.
        None if answer.status() == 429 || answer.status() >= 500 => Ok(answer),
        None => Err(unknown(&answer)),
    }
}

fn unknown(page: &Page) -> Error {
    Error::unexpected_page("this is no page of Dex's that doorward knows")
        .at("page", page.path())
        .at("status", page.status().to_string())
        .at("structure", page.structure())
}

fn has_one_of(url: &Url, names: &[&str]) -> bool {
    url.query_pairs().any(|(name, _)| names.contains(&&*name))
}

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
