//! The authorization endpoint and the login page.

use crate::http::{Answer, Ask, encode, escape_html};
use crate::keys::s256_fits;
use crate::person::Person;
use crate::provider::{CLIENT_ID, Flaw, REALM, State};
use crate::random;
use crate::world::{EVIL_HOST, World};

/// What a client asked for
#[derive(Clone)]
pub(super) struct Request {
    pub(super) client: String,
    pub(super) redirect_uri: String,
    pub(super) scope: String,
    pub(super) nonce: Option<String>,
    pub(super) person: Option<Person>,
    state: String,
    challenge: String,
    pub(super) made_at: u64,
}

/// A login page that waits for its reader
pub(super) struct Login {
    request: Request,
    csrf: String,
}

impl Request {
    /// Whether `verifier` is the one of the challenge
    pub(super) fn fits(&self, verifier: Option<&str>) -> bool {
        verifier.is_some_and(|verifier| s256_fits(verifier, &self.challenge))
    }
}

impl State {
    pub(super) fn authorize(&mut self, ask: &Ask, world: &World) -> Answer {
        let param = |name: &str| ask.query(name).unwrap_or_default();
        let (client, redirect_uri) = (param("client_id"), param("redirect_uri"));
        let portal = self.portal.as_ref();
        let is_own = client == CLIENT_ID && redirect_uri == self.switches.redirect_uri;
        let is_portal = portal.is_some_and(|portal| {
            portal.client_id == client && portal.redirect_uri == redirect_uri
        });
        if !is_own && !is_portal {
            world.complain("the client or its redirect address is not registered");
            return Answer::html(400, "<h1>Invalid client or redirect_uri</h1>");
        }
        let challenge = param("code_challenge");
        let is_well_formed = param("response_type") == "code"
            && param("code_challenge_method") == "S256"
            && challenge.len() == 43
            && param("state").len() > 20
            && param("scope").split(' ').next() == Some("openid");
        if !is_well_formed {
            world.complain("the authorization request is not as it should be");
            return Answer::redirect(format!("{redirect_uri}?error=invalid_request"));
        }
        if is_own && param("nonce").len() < 20 {
            world.complain("the authorization request has no nonce");
        }
        world.secret(param("state"));
        let request = Request {
            client,
            redirect_uri,
            scope: param("scope"),
            nonce: ask.query("nonce"),
            person: None,
            state: param("state"),
            challenge,
            made_at: 0,
        };
        if let Some(Flaw::Refuses(error)) = self.switches.flaw {
            return Answer::redirect(format!(
                "{}?error={error}&error_description=not+today&state={}",
                request.redirect_uri,
                encode(&request.state)
            ));
        }
        let (id, csrf) = (world.secret(random::hex(32)), random::hex(16));
        self.logins.insert(id.clone(), Login { request, csrf });
        Answer::redirect(format!("{}{REALM}/login", ask.origin()))
            .cookie(format!("LOGIN={id}; Path={REALM}; Secure; HttpOnly"))
    }

    pub(super) fn login(&mut self, ask: &Ask, world: &World) -> Answer {
        let id = ask.cookie("LOGIN").unwrap_or_default().to_owned();
        let Some(login) = self.logins.get(&id) else {
            world.complain("a login page without a request before it");
            return Answer::html(400, "<h1>Cookie not found</h1>");
        };
        if ask.method() == "GET" {
            return page(login, "");
        }
        let field = |name: &str| ask.field(name).unwrap_or_default();
        if field("csrf") != login.csrf {
            world.complain("the login form lacks its hidden field");
            return Answer::html(400, "<h1>Invalid form</h1>");
        }
        world.secret(field("password"));
        let person = self.person(&field("username"), &field("password"));
        let Some(person) = person else {
            return self.logins.get(&id).map_or_else(
                || Answer::empty(400),
                |login| page(login, "<p id=\"error\">Invalid user name or password.</p>"),
            );
        };
        let Some(Login { mut request, .. }) = self.logins.remove(&id) else {
            return Answer::empty(400);
        };
        request.person = Some(person);
        request.made_at = world.clock().seconds();
        let code = world.secret(random::base64(48));
        let to = self.address_of(&code, &request, ask, world);
        self.codes.insert(code, request);
        Answer::redirect(to)
    }

    /// Where the code goes
    fn address_of(&self, code: &str, request: &Request, ask: &Ask, world: &World) -> String {
        let flaw = self.switches.flaw;
        let joint = if request.redirect_uri.contains('?') {
            '&'
        } else {
            '?'
        };
        let mut to = format!("{}{joint}code={}", request.redirect_uri, encode(code));
        match flaw {
            Some(Flaw::State) => to += "&state=another",
            Some(Flaw::NoState) => {}
            _ => to += &format!("&state={}", encode(&request.state)),
        }
        let issuer = match flaw {
            Some(Flaw::AnswerOfAnotherIssuer) => world.origin(EVIL_HOST),
            _ => format!("{}{REALM}", ask.origin()),
        };
        if self.switches.names_itself && flaw != Some(Flaw::AnswerOfNobody) {
            to += &format!("&iss={}", encode(&issuer));
        }
        to
    }
}

fn page(login: &Login, error: &str) -> Answer {
    Answer::html(
        200,
        format!(
            "<!DOCTYPE html><html><head><title>Sign in</title></head><body>{error}\
             <form method=\"post\" action=\"{REALM}/login\">\
             <input type=\"hidden\" name=\"csrf\" value=\"{}\"><input name=\"username\" type=\"text\">\
             <input name=\"password\" type=\"password\"><button type=\"submit\">Sign in</button></form></body></html>",
            escape_html(&login.csrf)
        ),
    )
}
