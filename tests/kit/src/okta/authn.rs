//! `POST /api/v1/authn` and the requests that its answers link to.

use serde_json::{Map, Value, json};

use crate::fault::Trouble;
use crate::http::{Answer, Ask};
use crate::okta::account::Verdict;
use crate::okta::documents::{Shown, State};
use crate::okta::onward::Pending;
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
            Verdict::TooFast(wait) => {
                return match Trouble::RateLimited(wait).answer(world) {
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
        let step_up = token.is_some_and(|token| self.is_step_up(token));
        let pending = if step_up {
            self.after_step_up_password()
        } else {
            self.after_password(&person, status, warn, world)
        };
        let token = match token {
            Some(token) => token.to_owned(),
            None => self.begin(None, "UNAUTHENTICATED", false, world),
        };
        if let Some(transaction) = self.transactions.get_mut(&token) {
            transaction.person = Some(person);
            transaction.pending = pending;
        }
        self.advance(&token, ask, world)
    }

    pub(super) fn authn_skip(&mut self, ask: &Ask, world: &World) -> Answer {
        let token = match state_token(ask, world) {
            Ok(token) => token,
            Err(refusal) => return refusal,
        };
        match self.transaction(&token, world) {
            None => errors::invalid_token(world),
            Some(transaction) if !transaction.skippable => errors::wrong_state(world),
            Some(_) => self.advance(&token, ask, world),
        }
    }

    pub(super) fn authn_cancel(&mut self, ask: &Ask, world: &World) -> Answer {
        let token = match state_token(ask, world) {
            Ok(token) => token,
            Err(refusal) => return refusal,
        };
        match self.transaction(&token, world) {
            None => errors::invalid_token(world),
            // The end of a step-up has no such link, and a locked account no token.
            Some(done) if matches!(done.status, "SUCCESS" | "LOCKED_OUT") => {
                errors::wrong_state(world)
            }
            Some(_) => {
                self.transactions.remove(&token);
                errors::api(Answer::json(200, &json!({})), world)
            }
        }
    }

    /// Back from a factor to the list of them
    pub(super) fn authn_previous(&mut self, ask: &Ask, world: &World) -> Answer {
        let token = match state_token(ask, world) {
            Ok(token) => token,
            Err(refusal) => return refusal,
        };
        match self.transaction(&token, world) {
            None => errors::invalid_token(world),
            Some(transaction) if transaction.challenge.is_none() => errors::wrong_state(world),
            Some(transaction) => {
                let listed = if transaction.status.starts_with("FACTOR") {
                    "FACTOR_REQUIRED"
                } else {
                    "MFA_REQUIRED"
                };
                transaction.pending.push_front((listed, false));
                self.advance(&token, ask, world)
            }
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
            StepUp::Password | StepUp::PasswordAndFactor => ("UNAUTHENTICATED", None),
            StepUp::Factor => ("MFA_REQUIRED", Some(person.clone())),
            StepUp::Met | StepUp::None => ("SUCCESS", Some(person.clone())),
        };
        let ends_at = world.clock().seconds() + STATE_TOKEN_LIFE;
        let transaction = Transaction {
            person,
            status,
            step_up: true,
            skippable: false,
            pending: Pending::new(),
            challenge: None,
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
            pending: Pending::new(),
            challenge: None,
            resume: String::new(),
            ends_at,
        };
        self.state_token(transaction, world)
    }

    /// A live transaction; each use prolongs it
    pub(super) fn transaction(&mut self, token: &str, world: &World) -> Option<&mut Transaction> {
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

    pub(super) fn signed_in(&mut self, person: &Person, ask: &Ask, world: &World) -> Answer {
        self.give_session_token(person, false, ask, world)
    }

    fn give_session_token(
        &mut self,
        person: &Person,
        steps_up: bool,
        ask: &Ask,
        world: &World,
    ) -> Answer {
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
        let spendable = SessionToken {
            person: person.clone(),
            steps_up,
            ends_at,
        };
        self.session_tokens.insert(token, spendable);
        errors::api(Answer::json(200, &document), world)
    }

    pub(super) fn stepped_up(&mut self, token: &str, ask: &Ask, world: &World) -> Answer {
        if self.switches.step_up_by_session_token
            && let Some(done) = self.transactions.remove(token)
            && let Some(person) = done.person
        {
            return self.give_session_token(&person, true, ask, world);
        }
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

    pub(super) fn show(&self, token: &str, ask: &Ask, world: &World) -> Answer {
        let Some(transaction) = self.transactions.get(token) else {
            return errors::invalid_token(world);
        };
        let shown = Shown {
            origin: ask.origin(),
            ends_at: transaction.ends_at,
            status: transaction.status,
            person: transaction.person.as_ref(),
        };
        let person = transaction.person.as_ref();
        let state = State {
            token,
            skippable: transaction.skippable,
            challenge: transaction.challenge.as_ref(),
            factors: &person.map(|one| self.enrolled.of(one)).unwrap_or_default(),
            under_factor: self.switches.factors_under_factor,
            may_remember: self.may_remember(),
        };
        let document = shown.open(&state);
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
    object(ask, world)
}

/// A JSON object, however it was announced
pub(super) fn object(ask: &Ask, world: &World) -> Result<Map<String, Value>, Answer> {
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
