//! A double of Acme's provider, as ADAPTERS.md shows it.

use doorward::Url;
use doorward_testkit::{Answer, Ask, CodeRequest, IdpDouble, Person};
use doorward_testkit::{RelyingParty, SignOn, World};

/// Acme's provider: one login at a time, and no mercy for a client that is no browser
#[derive(Debug, Default)]
pub(crate) struct AcmeDouble {
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

pub(crate) const SITE: &str = "id.acme.test";
