//! The token endpoint of the portal's own issuer: codes, one-time refresh tokens, and empty refusals.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::http::{Answer, Ask};
use crate::openunison::issuer::{BadCode, OidcSession, millis};
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
            return self.refresh(idp, &client, &token, world);
        }
        match grant.as_str() {
            "authorization_code" => self.exchange(idp, &client, ask, world),
            "password" => Answer::json(400, &json!({"error": "unsupported_grant_type"})),
            "client_credentials" => refused(403),
            _ => exception(ask),
        }
    }

    fn refresh(&mut self, idp: &str, client: &str, token: &str, world: &World) -> Answer {
        let now = world.clock().millis();
        self.issuer.end_idle(now);
        let known = self
            .issuer
            .clients
            .iter()
            .any(|known| known.idp == idp && known.id == client && known.keeps_sessions);
        if !known {
            return refused(401);
        }
        if token.contains(' ') {
            world.complain("a refresh token came with blanks: its plus signs were not encoded");
        }
        let (minting, grace) = (self.minting(), millis(self.switches.grace));
        let mut sessions = self.issuer.sessions.iter_mut();
        let found = sessions.find(|session| {
            session.client == client
                && (session.refresh_token == token
                    || session
                        .spent
                        .as_ref()
                        .is_some_and(|(spent, at)| spent == token && now < at + grace))
        });
        let Some(session) = found else {
            return refused(401);
        };
        if session.refresh_token != token {
            let left = session.ends_at.saturating_sub(now) / 1000;
            return tokens(session, left);
        }
        session.renew(minting, world);
        tokens(session, self.switches.token_life.as_secs())
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
            Some(session) => tokens(session, life),
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

fn tokens(session: &OidcSession, expires_in: u64) -> Answer {
    let mut document = Map::new();
    document.insert("access_token".to_owned(), json!(session.access_token));
    document.insert("expires_in".to_owned(), json!(expires_in));
    document.insert("token_type".to_owned(), json!("Bearer"));
    document.insert("id_token".to_owned(), json!(session.id_token));
    document.insert("refresh_token".to_owned(), json!(session.refresh_token));
    let text = Value::Object(document).to_string();
    Answer::empty(200)
        .header("Content-Type", "application/json")
        .body(cookies::gson(&text))
}

/// Refusals say nothing but their status
fn refused(status: u16) -> Answer {
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

fn basic_user(ask: &Ask) -> Option<String> {
    let (scheme, value) = ask.header("authorization")?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    text.split_once(':').map(|(user, _)| user.to_owned())
}
