//! `POST /api/v1/authn` and the requests that its answers link to.

use serde_json::{Map, Value, json};

use crate::http::{Answer, Ask};
use crate::okta::account::Verdict;
use crate::okta::documents::Shown;
use crate::okta::{
    Okta, SESSION_TOKEN_LIFE, STATE_TOKEN_LIFE, SessionToken, StepUp, Transaction, errors,
};
use crate::person::Person;
use crate::random;
use crate::world::World;

impl Okta {
    pub(super) fn authn(&mut self, ask: &Ask, world: &World) -> Answer {
        let body = match body(ask, world) {
            Ok(body) => body,
            Err(refusal) => return refusal,
        };
        for name in body.keys() {
            if !FIELDS.contains(&name.as_str()) {
                world.complain(format!("/api/v1/authn knows no field {name}"));
            }
        }
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        let token = text("stateToken");
        if token.is_some() && (text("username") == Some("") || text("password") == Some("")) {
            return errors::validation("username or password must not be empty", world);
        }
        match (token, text("username"), text("password")) {
            (Some(token), None, None) => self.resume(token, ask, world),
            (token, Some(username), Some(password)) => {
                let warn = body
                    .get("options")
                    .and_then(|options| options.get("warnBeforePasswordExpired"))
                    .and_then(Value::as_bool)
                    .unwrap_or_default();
                self.primary(token, username, password, warn, ask, world)
            }
            _ => errors::validation("username and password belong together", world),
        }
    }

    /// The state of a transaction
    fn resume(&mut self, token: &str, ask: &Ask, world: &World) -> Answer {
        let Some(transaction) = self.transaction(token, world) else {
            return errors::invalid_token(world);
        };
        if transaction.step_up && transaction.status == "SUCCESS" {
            return self.stepped_up(token, ask, world);
        }
        self.show(token, ask, world)
    }

    fn primary(
        &mut self,
        token: Option<&str>,
        username: &str,
        password: &str,
        warn: bool,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        world.secret(password);
        if let Some(token) = token {
            match self.transaction(token, world) {
                None => return errors::invalid_token(world),
                Some(transaction) if transaction.status != "UNAUTHENTICATED" => {
                    return errors::wrong_state(world);
                }
                Some(_) => {}
            }
        }
        let now = world.clock().millis();
        let (person, status) = match self.accounts.check(username, password, now) {
            Verdict::Wrong => return errors::authentication_failed(world),
            Verdict::Locked if self.switches.show_lockouts => {
                let locked = self.begin(None, "LOCKED_OUT", false, world);
                return self.show(&locked, ask, world);
            }
            Verdict::Locked => return errors::authentication_failed(world),
            Verdict::TooFast => {
                return match crate::fault::Trouble::RateLimited(1).answer(world) {
                    Some(answer) => answer,
                    None => Answer::empty(429),
                };
            }
            Verdict::Error(code, status, summary) => {
                let causes: &[&str] = if code == "E0000001" {
                    &["Sign in not allowed for app"]
                } else {
                    &[]
                };
                return errors::with_causes(status, code, summary, causes, world);
            }
            Verdict::Trouble(trouble) => {
                return match trouble.answer(world) {
                    Some(answer) => answer,
                    None => Answer::empty(500),
                };
            }
            Verdict::Status(person, status) => (person, status),
        };
        if let Some(token) = token.filter(|token| self.is_step_up(token)) {
            if let Some(transaction) = self.transactions.get_mut(token) {
                transaction.person = Some(person);
                transaction.status = "SUCCESS";
            }
            return self.stepped_up(token, ask, world);
        }
        if let Some(token) = token {
            self.transactions.remove(token);
        }
        match status {
            "SUCCESS" => self.signed_in(&person, ask, world),
            "PASSWORD_WARN" if !warn => self.signed_in(&person, ask, world),
            status => {
                let optional = username.starts_with("mfa-enroll-optional");
                let skippable = status == "PASSWORD_WARN" || optional;
                let token = self.begin(Some(person), status, skippable, world);
                self.show(&token, ask, world)
            }
        }
    }

    pub(super) fn authn_skip(&mut self, ask: &Ask, world: &World) -> Answer {
        let token = match state_token(ask, world) {
            Ok(token) => token,
            Err(refusal) => return refusal,
        };
        match self.transaction(&token, world) {
            None => errors::invalid_token(world),
            Some(transaction) if !transaction.skippable => errors::wrong_state(world),
            Some(transaction) => match transaction.person.clone() {
                Some(person) => {
                    self.transactions.remove(&token);
                    self.signed_in(&person, ask, world)
                }
                None => errors::wrong_state(world),
            },
        }
    }

    pub(super) fn authn_cancel(&mut self, ask: &Ask, world: &World) -> Answer {
        let token = match state_token(ask, world) {
            Ok(token) => token,
            Err(refusal) => return refusal,
        };
        match self.transactions.remove(&token) {
            Some(_) => errors::api(Answer::json(200, &json!({})), world),
            None => errors::invalid_token(world),
        }
    }

    /// No state of this double links to `previous`
    pub(super) fn authn_previous(&mut self, ask: &Ask, world: &World) -> Answer {
        match state_token(ask, world) {
            Ok(token) if self.transaction(&token, world).is_some() => errors::wrong_state(world),
            Ok(_) => errors::invalid_token(world),
            Err(refusal) => refusal,
        }
    }

    /// A new transaction of the app's own policy
    pub(super) fn begin_step_up(
        &mut self,
        person: &Person,
        resume: String,
        world: &World,
    ) -> String {
        let (status, person) = match self.switches.step_up {
            StepUp::Password => ("UNAUTHENTICATED", None),
            StepUp::Factor => ("MFA_REQUIRED", Some(person.clone())),
            StepUp::Met | StepUp::None => ("SUCCESS", Some(person.clone())),
        };
        let ends_at = world.clock().seconds() + STATE_TOKEN_LIFE;
        let transaction = Transaction {
            person,
            status,
            step_up: true,
            skippable: false,
            resume,
            ends_at,
        };
        self.state_token(transaction, world)
    }

    pub(super) fn begin(
        &mut self,
        person: Option<Person>,
        status: &'static str,
        skippable: bool,
        world: &World,
    ) -> String {
        let ends_at = world.clock().seconds() + STATE_TOKEN_LIFE;
        let transaction = Transaction {
            person,
            status,
            step_up: false,
            skippable,
            resume: String::new(),
            ends_at,
        };
        self.state_token(transaction, world)
    }

    /// A live transaction; each use prolongs it
    fn transaction(&mut self, token: &str, world: &World) -> Option<&Transaction> {
        if token.contains(DECOY) {
            world.complain("the state token of a comment was used");
        }
        let now = world.clock().seconds();
        let transaction = self.transactions.get_mut(token)?;
        if transaction.ends_at < now {
            return None;
        }
        transaction.ends_at = now + STATE_TOKEN_LIFE;
        Some(transaction)
    }

    fn is_step_up(&self, token: &str) -> bool {
        self.transactions
            .get(token)
            .is_some_and(|transaction| transaction.step_up)
    }

    fn signed_in(&mut self, person: &Person, ask: &Ask, world: &World) -> Answer {
        let now = world.clock().seconds();
        let token = world.secret(format!("201{}", random::base64url(30)));
        let ends_at = now + SESSION_TOKEN_LIFE;
        let shown = Shown {
            origin: ask.origin(),
            ends_at,
            status: "SUCCESS",
            person: Some(person),
        };
        let document = shown.success(&token);
        let person = person.clone();
        self.session_tokens
            .insert(token, SessionToken { person, ends_at });
        errors::api(Answer::json(200, &document), world)
    }

    fn stepped_up(&self, token: &str, ask: &Ask, world: &World) -> Answer {
        let Some(transaction) = self.transactions.get(token) else {
            return errors::invalid_token(world);
        };
        let shown = Shown {
            origin: ask.origin(),
            ends_at: transaction.ends_at,
            status: "SUCCESS",
            person: transaction.person.as_ref(),
        };
        errors::api(Answer::json(200, &shown.stepped_up(token)), world)
    }

    fn show(&self, token: &str, ask: &Ask, world: &World) -> Answer {
        let Some(transaction) = self.transactions.get(token) else {
            return errors::invalid_token(world);
        };
        let shown = Shown {
            origin: ask.origin(),
            ends_at: transaction.ends_at,
            status: transaction.status,
            person: transaction.person.as_ref(),
        };
        let under_factor = self.switches.factors_under_factor;
        let document = shown.open(token, transaction.skippable, under_factor);
        errors::api(Answer::json(200, &document), world)
    }
}

/// A JSON object, sent as the API wants it
pub(super) fn body(ask: &Ask, world: &World) -> Result<Map<String, Value>, Answer> {
    if ask.method() != "POST" {
        return Err(errors::wrong_method(world));
    }
    if !ask.accepts_json() || ask.media_type() != "application/json" {
        return Err(errors::wrong_media_type(world));
    }
    match ask.json() {
        Some(Value::Object(body)) => Ok(body),
        _ => Err(errors::malformed(world)),
    }
}

fn state_token(ask: &Ask, world: &World) -> Result<String, Answer> {
    let body = body(ask, world)?;
    match body.get("stateToken").and_then(Value::as_str) {
        Some(token) => Ok(token.to_owned()),
        None => Err(errors::invalid_token(world)),
    }
}

const FIELDS: [&str; 8] = [
    "username",
    "password",
    "options",
    "stateToken",
    "context",
    "audience",
    "relayState",
    "token",
];
/// Part of every false token that pages show
pub(super) const DECOY: &str = "decoy";
