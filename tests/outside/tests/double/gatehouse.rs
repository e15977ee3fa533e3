//! A double of Gatehouse: a flow that each page carries on, a cookie, and a button that must be pressed.

use doorward::Url;
use doorward_testkit::{Answer, Ask, CodeRequest, IdpDouble, Names, Person};
use doorward_testkit::{RelyingParty, SignOn, Testbed, World};

/// One login at a time
#[derive(Debug, Default)]
struct GatehouseDouble {
    /// `redirect_uri` and `state` of the login under way
    pending: Option<(String, String)>,
    user: String,
}

/// A portal with Gatehouse behind it, at addresses that need no name to be resolved
pub(crate) fn testbed() -> Testbed {
    let builder = Testbed::builder().names(Names::Loopback);
    let double = Box::new(GatehouseDouble::default());
    builder.idp_double(double).start().unwrap()
}

impl IdpDouble for GatehouseDouble {
    fn sites(&self) -> Vec<String> {
        vec![SITE.to_owned()]
    }

    fn register(&mut self, _: &RelyingParty, world: &World) -> SignOn {
        let authorize = format!("{}/authorize", world.origin(SITE));
        SignOn::Oidc {
            authorize,
            s256: false,
        }
    }

    fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        if ask.method() == "POST" {
            let field = |name| ask.field(name).unwrap_or_default();
            let is_whole = ask.cookie("gh_session") == Some(SESSION)
                && field("gh_flow") == FLOW
                && field("gh_step") == "next";
            if !is_whole {
                world.complain("Gatehouse's form came without its cookie, its flow or its button");
            }
        }
        match (ask.method(), ask.path()) {
            ("GET", "/authorize") => {
                self.pending = ask.query("redirect_uri").zip(ask.query("state"));
                let cookie = format!("gh_session={SESSION}; Path=/; Secure; HttpOnly");
                page("", "identify", r#"<input name="gh_login">"#).cookie(cookie)
            }
            ("POST", "/identify") => {
                self.user = ask.field("gh_login").unwrap_or_default();
                page("", "password", PASSWORD_FIELD)
            }
            ("POST", "/password") => self.password(ask, world),
            ("POST", "/code") => match ask.field("gh_code").as_deref() {
                Some(CODE) => self.back(world),
                _ => page("code", "code", CODE_FIELD),
            },
            _ => Answer::html(404, "<h1>Not found</h1>"),
        }
    }

    fn redeem(&mut self, request: &CodeRequest, _: &World) -> Option<Person> {
        (request.code == AUTHORIZATION).then(|| Person::new(&self.user, PASSWORD))
    }

    fn read_assertion(&mut self, _: &str, _: &World) -> Option<Person> {
        None
    }
}

impl GatehouseDouble {
    fn password(&self, ask: &Ask, world: &World) -> Answer {
        match (&*self.user, ask.field("gh_password").as_deref()) {
            ("suspended-bot", Some(PASSWORD)) => page("suspended", "password", PASSWORD_FIELD),
            ("totp-bot", Some(PASSWORD)) => page("", "code", CODE_FIELD),
            ("ci-bot", Some(PASSWORD)) => self.back(world),
            _ => page("mismatch", "password", PASSWORD_FIELD),
        }
    }

    /// Sends the browser back to the portal, with a code
    fn back(&self, world: &World) -> Answer {
        let Some((redirect_uri, state)) = &self.pending else {
            return Answer::html(400, "<h1>No login under way</h1>");
        };
        let mut url = Url::parse(redirect_uri).unwrap();
        url.query_pairs_mut()
            .append_pair("code", &world.secret(AUTHORIZATION))
            .append_pair("state", state);
        Answer::redirect(url)
    }
}

fn page(reason: &str, path: &str, field: &str) -> Answer {
    let alert = match reason {
        "" => String::new(),
        reason => format!(r#"<div role="alert" data-gh-reason="{reason}">Nein</div>"#),
    };
    Answer::html(
        200,
        format!(
            r#"<!DOCTYPE html><html lang="de"><head><title>Gatehouse</title></head><body>{alert}
            <form method="post" action="/{path}"><input type="hidden" name="gh_flow" value="{FLOW}">{field}
            <button name="gh_step" value="next">Weiter</button></form></body></html>"#
        ),
    )
}

const PASSWORD_FIELD: &str = r#"<input type="password" name="gh_password">"#;
const CODE_FIELD: &str = r#"<input name="gh_code" inputmode="numeric">"#;
const SESSION: &str = "f4b02d7c91e84a63b5d8";
const FLOW: &str = "5ce1a7d09b3f4e28a6c4";
const AUTHORIZATION: &str = "0b9d6f3e72c1485da9e7";

pub(crate) const SITE: &str = "login.gatehouse.test";
pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const CODE: &str = "287082";
