//! The token endpoint: who asks, and what for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::http::{Answer, Ask};
use crate::provider::grants::read;
use crate::provider::{CLIENT_ID, ClientProof, Flaw, State};
use crate::world::{EVIL_HOST, World};

/// What a refresh token stands for
pub(super) struct Session {
    pub(super) refresh_token: String,
    /// Those of before; whoever uses one ends the session
    pub(super) spent: Vec<String>,
    pub(super) subject: String,
}

impl State {
    pub(super) fn token_endpoint(&mut self, ask: &Ask, world: &World) -> Answer {
        if !ask.is_form() || !ask.raw_query().is_empty() {
            world.complain("the token request is no form alone");
        }
        if !ask
            .header("accept")
            .unwrap_or_default()
            .starts_with("application/json")
        {
            world.complain("the token request does not ask for JSON first");
        }
        for (name, value) in ask.fields() {
            if SECRETS.contains(&&*name) {
                world.secret(value);
            }
        }
        match self.switches.flaw {
            Some(Flaw::TokensRedirect) => {
                let evil = world.origin(EVIL_HOST);
                return Answer::empty(307).header("Location", format!("{evil}/token"));
            }
            Some(Flaw::Echo) => {
                let body = String::from_utf8_lossy(&ask.body);
                let said = form_urlencoded::parse(body.as_bytes())
                    .map(|(_, value)| value.into_owned())
                    .collect::<Vec<_>>()
                    .join(" ");
                return refused(400, "invalid_grant", &said);
            }
            _ => {}
        }
        if !self.is_client(ask, world) {
            return refused(401, "invalid_client", "who are you");
        }
        match ask.field("grant_type").as_deref() {
            Some("authorization_code") => self.by_code(ask, world),
            Some("refresh_token") => self.by_refresh_token(ask, world),
            Some("password") => self.by_password(ask, world),
            Some("client_credentials") => self.by_client(ask, world),
            Some("urn:ietf:params:oauth:grant-type:token-exchange") => self.exchange(ask, world),
            _ => refused(400, "unsupported_grant_type", "never heard of it"),
        }
    }

    pub(super) fn revoke(&mut self, ask: &Ask, world: &World) -> Answer {
        if !self.is_client(ask, world) {
            return refused(401, "invalid_client", "who are you");
        }
        let token = ask.field("token").unwrap_or_default();
        self.sessions
            .retain(|session| session.refresh_token != token);
        Answer::empty(200)
    }

    /// Whether the client is the one, and shows what it was registered with, and nothing else
    fn is_client(&mut self, ask: &Ask, world: &World) -> bool {
        let (id, secret) = (ask.field("client_id"), ask.field("client_secret"));
        let basic = ask.header("authorization").and_then(basic);
        let assertion = ask.field("client_assertion");
        let ways = [secret.is_some(), basic.is_some(), assertion.is_some()];
        if ways.iter().filter(|way| **way).count() > 1 {
            world.complain("the client proves itself in several ways at once");
        }
        let named = id.as_deref() == Some(CLIENT_ID);
        match self.switches.proof.clone() {
            ClientProof::None => named && !ways.contains(&true),
            ClientProof::Post(own) => named && secret == Some(own),
            ClientProof::Basic(own) => basic == Some((CLIENT_ID.to_owned(), own)),
            ClientProof::Key(key) => {
                named
                    && assertion
                        .is_some_and(|assertion| self.is_proof(&assertion, &key, ask, world))
            }
        }
    }

    fn is_proof(&mut self, assertion: &str, key: &Value, ask: &Ask, world: &World) -> bool {
        let kind = ask.field("client_assertion_type");
        if kind.as_deref() != Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer") {
            world.complain("the assertion does not say what it is");
            return false;
        }
        let Some(claims) = read(assertion, key) else {
            return false;
        };
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        let endpoint = format!("{}{}", ask.origin(), ask.path());
        let ends = claims
            .get("exp")
            .and_then(Value::as_u64)
            .unwrap_or_default();
        let now = world.clock().seconds();
        let is_new = !self.assertions.iter().any(|known| known == text("jti"));
        self.assertions.push(text("jti").to_owned());
        text("iss") == CLIENT_ID
            && text("sub") == CLIENT_ID
            && text("aud") == endpoint
            && is_new
            && (now..=now + 300).contains(&ends)
    }
}

pub(super) fn refused(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(
        status,
        &json!({"error": error, "error_description": description}),
    )
}

/// The two parts of a header, each decoded as in a form
fn basic(header: &str) -> Option<(String, String)> {
    let pair = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let pair = String::from_utf8(pair).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decoded = |text: &str| {
        let line = format!("x={text}");
        let found = form_urlencoded::parse(line.as_bytes()).next();
        found.map(|(_, value)| value.into_owned())
    };
    Some((decoded(id)?, decoded(secret)?))
}

const SECRETS: [&str; 7] = [
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "password",
    "refresh_token",
    "subject_token",
];
