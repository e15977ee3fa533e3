//! What a token is given for, and the tokens.

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value, json};

use crate::http::{Answer, Ask};
use crate::provider::token_endpoint::{Session, refused};
use crate::provider::{CLIENT_ID, Flaw, REALM, State};
use crate::random;
use crate::world::{EVIL_HOST, World};

impl State {
    pub(super) fn by_code(&mut self, ask: &Ask, world: &World) -> Answer {
        let code = ask.field("code").unwrap_or_default();
        let Some(request) = self.codes.remove(&code) else {
            world.complain("a code that was not given, or given back before");
            return refused(400, "invalid_grant", "no such code");
        };
        let is_good = request.client == CLIENT_ID
            && ask.field("redirect_uri").as_ref() == Some(&request.redirect_uri)
            && request.fits(ask.field("code_verifier").as_deref())
            && request.made_at + 60 >= world.clock().seconds();
        let (true, Some(person)) = (is_good, request.person) else {
            world.complain("the code came back in another way than it was asked for");
            return refused(400, "invalid_grant", "not your code");
        };
        self.tokens_of(
            &person.login,
            &request.scope,
            request.nonce.as_deref(),
            ask,
            world,
        )
    }

    pub(super) fn by_password(&mut self, ask: &Ask, world: &World) -> Answer {
        let field = |name: &str| ask.field(name).unwrap_or_default();
        match self.person(&field("username"), &field("password")) {
            Some(person) => self.tokens_of(&person.login, &field("scope"), None, ask, world),
            None => refused(401, "invalid_grant", "Invalid user credentials"),
        }
    }

    pub(super) fn by_refresh_token(&mut self, ask: &Ask, world: &World) -> Answer {
        let token = ask.field("refresh_token").unwrap_or_default();
        // A token that comes twice was stolen, or its thief had it first.
        self.sessions
            .retain(|session| !session.spent.contains(&token));
        let mut sessions = self.sessions.iter_mut();
        let Some(session) = sessions.find(|session| session.refresh_token == token) else {
            world.record.refresh(|count| count.refused += 1);
            return refused(400, "invalid_grant", "Token is not active");
        };
        let next = world.secret(random::base64url(32));
        let spent = std::mem::replace(&mut session.refresh_token, next.clone());
        session.spent.push(spent);
        world.record.refresh(|count| count.granted += 1);
        let subject = match self.switches.flaw {
            Some(Flaw::RefreshOfAnother) => "somebody-else".to_owned(),
            _ => session.subject.clone(),
        };
        let token = self.token(&subject, &json!(CLIENT_ID), None, ask, world);
        answer(json!({"id_token": token, "refresh_token": next}))
    }

    pub(super) fn by_client(&mut self, ask: &Ask, world: &World) -> Answer {
        let audiences = audiences(ask);
        let subject = format!("service-account-{CLIENT_ID}");
        let audience = match audiences.is_empty() {
            true => json!(CLIENT_ID),
            false => json!(audiences),
        };
        let token = self.token(&subject, &audience, None, ask, world);
        match self.switches.access_tokens_only {
            true => answer(json!({"access_token": token})),
            false => answer(json!({"access_token": random::base64url(16), "id_token": token})),
        }
    }

    pub(super) fn exchange(&mut self, ask: &Ask, world: &World) -> Answer {
        let field = |name: &str| ask.field(name).unwrap_or_default();
        let own = self.key.jwk();
        let Some(claims) = read(&field("subject_token"), &own) else {
            return refused(400, "invalid_request", "the subject token is none of ours");
        };
        let kind = field("subject_token_type");
        if kind != "urn:ietf:params:oauth:token-type:id_token" {
            return refused(
                400,
                "invalid_request",
                "the subject token is of another type",
            );
        }
        let audiences = audiences(ask);
        if audiences.iter().any(|audience| audience == "unknown") {
            return refused(400, "invalid_target", "no such audience");
        }
        let audience = match audiences.is_empty() {
            true => json!(CLIENT_ID),
            false => json!(audiences),
        };
        let subject = claims
            .get("sub")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let token = self.token(subject, &audience, None, ask, world);
        let mut document =
            json!({"access_token": token, "issued_token_type": field("requested_token_type")});
        if audience != CLIENT_ID {
            // As Keycloak, which gives one of the client's own beside it.
            document["id_token"] = json!(self.token(subject, &json!(CLIENT_ID), None, ask, world));
        }
        answer(document)
    }

    /// The tokens of somebody who signed in; a refresh token for those who ask for one
    fn tokens_of(
        &mut self,
        subject: &str,
        scope: &str,
        nonce: Option<&str>,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        world.record.login();
        let mut document = json!({"access_token": world.secret(random::base64url(24))});
        if self.switches.flaw != Some(Flaw::NoIdToken) {
            document["id_token"] = json!(self.token(subject, &json!(CLIENT_ID), nonce, ask, world));
        }
        if scope.split(' ').any(|scope| scope == "offline_access") {
            let refresh_token = world.secret(random::base64url(32));
            document["refresh_token"] = json!(refresh_token);
            self.sessions.push(Session {
                refresh_token,
                spent: Vec::new(),
                subject: subject.to_owned(),
            });
        }
        answer(document)
    }

    fn token(
        &self,
        subject: &str,
        audience: &Value,
        nonce: Option<&str>,
        ask: &Ask,
        world: &World,
    ) -> String {
        let flaw = self.switches.flaw;
        let now = world.clock().seconds();
        let issuer = match flaw {
            Some(Flaw::TokenOfAnotherIssuer) => world.origin(EVIL_HOST),
            _ => format!("{}{REALM}", ask.origin()),
        };
        let mut claims = Map::new();
        let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        put("iss", json!(issuer));
        put("sub", json!(subject));
        put("preferred_username", json!(subject));
        put("aud", audience.clone());
        put("iat", json!(now));
        put("exp", json!(now + self.switches.token_life.as_secs()));
        put("jti", json!(random::hex(16)));
        // One group is no list at OpenUnison.
        put("groups", json!("ci"));
        if let Some(nonce) = nonce {
            put("nonce", json!(nonce));
        }
        match flaw {
            Some(Flaw::TokenForAnotherClient) => put("aud", json!("another")),
            Some(Flaw::TokenGivenToAnother) => {
                put("azp", json!("another"));
                put("aud", json!([CLIENT_ID, "another"]))
            }
            Some(Flaw::Nonce) => put("nonce", json!("another")),
            Some(Flaw::NoNonce) => claims.shift_remove("nonce"),
            Some(Flaw::Ended) => put("exp", json!(now.saturating_sub(1))),
            Some(Flaw::NotYet) => put("nbf", json!(now + 86_400)),
            _ => None,
        };
        world.secret(self.key.sign_with(&Value::Object(claims), flaw))
    }
}

fn audiences(ask: &Ask) -> Vec<String> {
    let fields = ask.fields().into_iter();
    let audiences = fields.filter(|(name, _)| name == "audience");
    audiences.map(|(_, value)| value).collect()
}

fn answer(mut tokens: Value) -> Answer {
    tokens["token_type"] = json!("Bearer");
    Answer::json(200, &tokens).header("Cache-Control", "no-store")
}

/// The claims of a token that `key` verifies; whether it has ended is for the caller
pub(super) fn read(token: &str, key: &Value) -> Option<Value> {
    let key = serde_json::from_value::<Jwk>(key.clone()).ok()?;
    let mut rules = Validation::new(Algorithm::ES256);
    rules.validate_exp = false;
    rules.validate_aud = false;
    let key = DecodingKey::from_jwk(&key).ok()?;
    let read = jsonwebtoken::decode::<Value>(token, &key, &rules).ok()?;
    Some(read.claims)
}
