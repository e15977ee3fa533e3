//! The token endpoint of the portal's own issuer: which grant it is, codes, and empty refusals.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::http::{Answer, Ask};
use crate::openunison::issuer::{BadCode, OidcSession};
use crate::openunison::{OpenUnison, cookies, pages};
use crate::random;
use crate::world::World;

impl OpenUnison {
    pub(super) fn token_endpoint(&mut self, idp: &str, ask: &Ask, world: &World) -> Answer {
        if ask.method() != "POST" {
            return Answer::empty(200);
        }
        if !ask.is_form() {
            world.complain("the token request is no URL-encoded form");
        }
        for secret in ["refresh_token", "code", "code_verifier", "client_secret"] {
            world.secret(ask.field(secret).unwrap_or_default());
        }
        let Some(client) = ask.param("client_id").or_else(|| basic_user(ask)) else {
            return exception(ask);
        };
        let Some(grant) = ask.param("grant_type") else {
            return refused(400);
        };
        // Any request with a refresh token is a refresh, whatever the grant type says.
        if let Some(token) = ask.param("refresh_token") {
            if grant != "refresh_token" {
                world.complain(format!("a refresh with the grant type {grant}"));
            }
            if ask.query("refresh_token").is_some() {
                world.complain("the refresh token came in the URL");
            }
            return self.refresh(idp, &client, &token, world);
        }
        match grant.as_str() {
            "authorization_code" => self.exchange(idp, &client, ask, world),
            "password" => Answer::json(400, &json!({"error": "unsupported_grant_type"})),
            "client_credentials" => {
                let issuer = format!("{}/auth/idp/{idp}", ask.origin());
                self.client_credentials(&issuer, &client, ask, world)
            }
            "urn:ietf:params:oauth:grant-type:token-exchange" => {
                let issuer = format!("{}/auth/idp/{idp}", ask.origin());
                self.exchange_token(&issuer, &client, ask, world)
            }
            _ => exception(ask),
        }
    }

    fn exchange(&mut self, idp: &str, client: &str, ask: &Ask, world: &World) -> Answer {
        let registered = self
            .issuer
            .clients
            .iter()
            .find(|known| known.idp == idp && known.id == client)
            .map(|known| known.keeps_sessions);
        let (Some(keep), Some(code)) = (registered, ask.param("code")) else {
            return exception(ask);
        };
        if STANDARD.decode(&code).is_err() {
            return exception(ask);
        }
        let verifier = ask.param("code_verifier");
        let granted = match self
            .issuer
            .read_code(&code, client, verifier.as_deref(), world)
        {
            Ok(granted) => granted,
            Err(BadCode::Undecryptable) => return refused(403),
            Err(BadCode::OtherClient) => return refused(401),
            Err(BadCode::Verifier) => return refused(400),
        };
        let nonce = granted.nonce.unwrap_or_else(random::uuid);
        let minting = self.minting();
        let place = self.issuer.open(
            &granted.person,
            client,
            &granted.issuer,
            &nonce,
            minting,
            world,
        );
        let life = self.switches.token_life.as_secs();
        let answer = match self.issuer.sessions.get(place) {
            Some(session) => tokens(session, life, true),
            None => exception(ask),
        };
        if !keep {
            self.issuer.sessions.truncate(place);
        }
        answer
    }

    pub(super) fn userinfo(&self, ask: &Ask, world: &World) -> Answer {
        let now = world.clock().millis();
        let Some(token) = ask.bearer() else {
            return refused(401);
        };
        let session = self
            .issuer
            .sessions
            .iter()
            .find(|session| session.access_token == token && session.ends_at > now);
        match session {
            Some(session) => Answer::json(200, &Value::Object(session.claims.clone())),
            None => refused(401),
        }
    }
}

pub(super) fn tokens(session: &OidcSession, expires_in: u64, with_refresh_token: bool) -> Answer {
    let mut document = Map::new();
    document.insert("access_token".to_owned(), json!(session.access_token));
    document.insert("expires_in".to_owned(), json!(expires_in));
    document.insert("token_type".to_owned(), json!("Bearer"));
    document.insert("id_token".to_owned(), json!(session.id_token));
    if with_refresh_token {
        document.insert("refresh_token".to_owned(), json!(session.refresh_token));
    }
    let text = Value::Object(document).to_string();
    Answer::empty(200)
        .header("Content-Type", "application/json")
        .body(cookies::gson(&text))
}

/// Refusals say nothing but their status
pub(super) fn refused(status: u16) -> Answer {
    Answer::empty(status).header("Content-Type", "application/json")
}

/// JSON only for those who ask for it first
fn exception(ask: &Ask) -> Answer {
    let accept = ask.header("accept").unwrap_or_default();
    if accept.starts_with("application/json") {
        Answer::json(500, &json!({"error": "invalid_request"}))
    } else {
        Answer::html(500, pages::error())
    }
}

/// The client of HTTP Basic; its secret is not looked at
pub(super) fn basic_user(ask: &Ask) -> Option<String> {
    let (scheme, value) = ask.header("authorization")?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    text.split_once(':').map(|(user, _)| user.to_owned())
}
