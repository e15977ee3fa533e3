//! The code of `ADAPTERS.md`: an adapter, its provider's double, and their tests.
//!
//! `tests/layout.rs` checks that the guide quotes this file word for word.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

use async_trait::async_trait;
use doorward::{CodeSource, Credentials, Error, ErrorKind, Factor, FrontDoor, Grant, IdpAdapter};
use doorward::{Page, Portal, Recognition, Secret, Url, Visit, Walk};
use doorward_testkit::{Answer, Ask, CodeRequest, IdpDouble, Person};
use doorward_testkit::{RelyingParty, SignOn, Testbed, World};

/// Signs in at Acme's provider
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Acme {}

#[async_trait]
impl IdpAdapter for Acme {
    fn name(&self) -> &'static str {
        "acme"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        if page.form_with("acme_password").is_some() {
            return Recognition::Certain("Acme's password form");
        }
        match page.form_with("acme_code") {
            Some(_) => Recognition::Certain("Acme's one-time code form"),
            None => Recognition::No,
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

/// Acme refuses with status 200 and the same form; the reason is an attribute, the text is translated
fn accepted(answer: Page) -> Result<Page, Error> {
    match answer.attribute(".acme-error", "data-reason").as_deref() {
        // The walk brings the code's form back to us, and the visit gives one more code, but no third.
        None | Some("code") => Ok(answer),
        Some("locked") => {
            Err(Error::account_state("Acme locked the account").at("page", answer.path()))
        }
        Some(_) => Err(Error::rejected("Acme refused the password").at("page", answer.path())),
    }
}

#[test]
fn acmes_pages_are_recognized_and_others_are_not() {
    let recognition = |html| {
        let page = Page::html("https://id.acme.test/authorize", html).unwrap();
        Acme::default().recognizes(&page)
    };

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

/// Acme's provider: one login at a time, and no mercy for a client that is no browser
#[derive(Debug, Default)]
struct AcmeDouble {
    /// `redirect_uri` and `state` of the login under way
    pending: Option<(String, String)>,
}

impl IdpDouble for AcmeDouble {
    fn sites(&self) -> Vec<String> {
        vec![SITE.to_owned()]
    }

    fn register(&mut self, _: &RelyingParty, world: &World) -> SignOn {
        SignOn::Oidc {
            authorize: format!("{}/authorize", world.origin(SITE)),
            s256: false,
        }
    }

    fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        match (ask.method(), ask.path()) {
            ("GET", "/authorize") => {
                self.pending = ask.query("redirect_uri").zip(ask.query("state"));
                Answer::html(200, login_page("")).cookie("acme_login=1; Path=/; Secure; HttpOnly")
            }
            ("POST", "/login") => self.login(ask, world),
            ("POST", "/code") => match ask.field("acme_code").as_deref() {
                Some("287082") => self.back(world),
                _ => Answer::html(200, CODE_PAGE),
            },
            _ => Answer::html(404, "<h1>Not found</h1>"),
        }
    }

    fn redeem(&mut self, request: &CodeRequest, _: &World) -> Option<Person> {
        (request.code == "acme-code-1").then(|| Person::new("ci-bot", "correct horse"))
    }

    fn read_assertion(&mut self, _: &str, _: &World) -> Option<Person> {
        None
    }
}

impl AcmeDouble {
    fn login(&mut self, ask: &Ask, world: &World) -> Answer {
        if ask.cookie("acme_login") != Some("1") || ask.field("csrf").as_deref() != Some("c1") {
            world.complain("Acme's form came without its cookie or its hidden field");
        }
        let field = |name| ask.field(name).unwrap_or_default();
        let error = match (&*field("acme_user"), &*field("acme_password")) {
            ("locked-bot", _) => r#"<p class="acme-error" data-reason="locked">Gesperrt</p>"#,
            ("totp-bot", _) => return Answer::html(200, CODE_PAGE),
            ("ci-bot", "correct horse") => return self.back(world),
            _ => r#"<p class="acme-error" data-reason="credentials">Falsch</p>"#,
        };
        Answer::html(200, login_page(error))
    }

    /// Sends the browser back to the portal, with a code
    fn back(&self, world: &World) -> Answer {
        let Some((redirect_uri, state)) = &self.pending else {
            return Answer::html(400, "<h1>No login under way</h1>");
        };
        let mut url = Url::parse(redirect_uri).unwrap();
        url.query_pairs_mut()
            .append_pair("code", &world.secret("acme-code-1"))
            .append_pair("state", state);
        Answer::redirect(url)
    }
}

fn login_page(error: &str) -> String {
    format!(
        r#"<h1>Acme</h1>{error}<form method="post" action="/login">
        <input type="hidden" name="csrf" value="c1"><input name="acme_user">
        <input type="password" name="acme_password"><button>Sign in</button></form>"#
    )
}

const CODE_PAGE: &str = r#"<p class="acme-error" data-reason="code"></p>
    <form method="post" action="/code"><input name="acme_code"></form>"#;

const SITE: &str = "id.acme.test";

async fn log_in(bed: &Testbed, user: &str, password: &str, code: &str) -> Result<Grant, Error> {
    let credentials = Credentials::new(user, Secret::new(password))?;
    let walk = Walk::new()
        .network(bed.network()?)
        .credentials(credentials.code(CodeSource::fixed(Secret::new(code))))
        .idp_url(&bed.url(SITE))?
        .adapter(Acme::default());
    Portal::new(&bed.portal_url(), walk)?.open().await
}

fn testbed() -> Testbed {
    let double = Box::new(AcmeDouble::default());
    Testbed::builder().idp_double(double).start().unwrap()
}

#[tokio::test]
async fn a_login_comes_back_with_a_token() {
    for user in ["ci-bot", "totp-bot"] {
        let bed = testbed();

        let grant = log_in(&bed, user, "correct horse", "287082").await.unwrap();

        assert_eq!(grant.idp(), Some(&*bed.url(SITE)));
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn every_refusal_has_its_kind_after_one_attempt() {
    for (user, password, kind) in [
        ("ci-bot", "wrong", ErrorKind::Rejected),
        ("locked-bot", "correct horse", ErrorKind::AccountState),
        ("totp-bot", "correct horse", ErrorKind::Rejected),
    ] {
        let bed = testbed();

        let error = log_in(&bed, user, password, "999999").await.unwrap_err();

        assert_eq!(error.kind(), kind, "{user}: {error}");
        assert_eq!(bed.count(SITE, "/login"), 1);
        assert_eq!(bed.count(SITE, "/code"), usize::from(user == "totp-bot"));
    }
}
