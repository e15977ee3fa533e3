//! `POST /api/v1/authn/factors/ID/verify`, and the links that its answers publish.

mod code;
mod push;
mod signature;

use serde_json::{Map, Value};

use crate::http::{Answer, Ask};
use crate::okta::assertion::PARTS;
use crate::okta::challenge::{Asked, Challenge};
use crate::okta::factor::{OktaFactor, Proof};
use crate::okta::otp::Judgement;
use crate::okta::{Okta, OrgFactor, authn, errors};
use crate::person::Person;
use crate::random;
use crate::world::World;

/// One request to verify
struct Attempt {
    token: String,
    body: Map<String, Value>,
    person: Person,
    factor: OktaFactor,
    by_type: bool,
    remember: bool,
}

impl Attempt {
    fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }
}

impl Okta {
    /// A request below `/api/v1/authn/factors/`
    pub(super) fn factor(&mut self, rest: &str, ask: &Ask, world: &World) -> Answer {
        let parts: Vec<&str> = rest.split('/').collect();
        match parts.as_slice() {
            [id, "verify"] => {
                world.record.factor(|counts| counts.verifies += 1);
                match self.attempt(id, ask, world) {
                    Ok(attempt) => self.verify(attempt, ask, world),
                    Err(refusal) => refusal,
                }
            }
            [id, "verify", "resend"] => match self.attempt(id, ask, world) {
                Ok(attempt) => self.resend(attempt, ask, world),
                Err(refusal) => refusal,
            },
            [id, "verify", key, "poll"] => match self.attempt(id, ask, world) {
                Ok(attempt) if self.polls_by(&attempt.token, key) => self.poll(attempt, ask, world),
                Ok(_) => errors::wrong_state(world),
                Err(refusal) => refusal,
            },
            _ => {
                world.complain("a factor's URL that no answer links to");
                errors::not_found(rest, world)
            }
        }
    }

    /// Reads what all these requests have in common
    fn attempt(&mut self, id: &str, ask: &Ask, world: &World) -> Result<Attempt, Answer> {
        let body = authn::body(ask, world)?;
        let known = |name: &str| FIELDS.contains(&name) || PARTS.contains(&name);
        for name in body.keys().filter(|name| !known(name)) {
            world.complain(format!("a verification knows no field {name}"));
        }
        let mut remember = false;
        for (name, value) in ask.queries() {
            match (name.as_str(), value.as_str()) {
                ("rememberDevice", "true") => remember = true,
                ("rememberDevice", "false") | ("autoPush", "true" | "false") => {}
                _ => world.complain(format!("a verification with a false query: {name}")),
            }
        }
        if remember && !self.may_remember() {
            world.complain("a device was to be remembered although the policy does not allow it");
        }
        let token = body.get("stateToken").and_then(Value::as_str);
        let token = token.unwrap_or_default().to_owned();
        let Some(transaction) = self.transaction(&token, world) else {
            return Err(errors::invalid_token(world));
        };
        let open = OPEN.contains(&transaction.status);
        let challenged = transaction
            .challenge
            .as_ref()
            .map(|challenge| (challenge.factor.id.clone(), challenge.by_type));
        let (true, Some(person)) = (open, transaction.person.clone()) else {
            return Err(errors::wrong_state(world));
        };
        let by_type = id == "webauthn";
        let factors = self.enrolled.of(&person);
        let keys = factors.iter().filter(|factor| factor.factor_type == id);
        if by_type && keys.count() == 1 {
            world.complain("a link for several keys was made up for one");
        }
        let found = factors.into_iter().find(|factor| {
            if by_type {
                factor.factor_type == id
            } else {
                factor.id == id
            }
        });
        let Some(factor) = found else {
            world.complain("a factor that the account does not have");
            return Err(errors::not_found(id, world));
        };
        if challenged.is_some_and(|challenged| challenged != (factor.id.clone(), by_type)) {
            return Err(errors::wrong_state(world));
        }
        if self.accounts.is_locked(&person.login) {
            return Err(errors::user_locked(world));
        }
        Ok(Attempt {
            token,
            body,
            person,
            factor,
            by_type,
            remember,
        })
    }

    fn verify(&mut self, attempt: Attempt, ask: &Ask, world: &World) -> Answer {
        match attempt.factor.proof {
            Proof::Totp(_) | Proof::Hotp(_) | Proof::Codes(_) => {
                self.verify_code(&attempt, ask, world)
            }
            Proof::Answer(_) => self.verify_answer(&attempt, ask, world),
            Proof::Sent => self.verify_sent(&attempt, ask, world),
            Proof::Push(_) | Proof::Duo => self.verify_by_waiting(attempt, ask, world),
            Proof::Assertion(_) => self.verify_signature(&attempt, ask, world),
            Proof::Redirect => {
                let key = world.secret(format!("mfa.redirect.{}", random::alphanumeric(20)));
                self.challenge(&attempt, Asked::Redirect(key), ask, world)
            }
            Proof::Unknown => {
                world.complain("a factor was chosen that nobody can verify");
                errors::error(400, "E0000074", "Factor Service Error", world)
            }
        }
    }

    /// From now on only this factor can be verified, until somebody goes back
    fn challenge(&mut self, attempt: &Attempt, asked: Asked, ask: &Ask, world: &World) -> Answer {
        let Some(mut transaction) = self.transactions.remove(&attempt.token) else {
            return errors::invalid_token(world);
        };
        transaction.status = if transaction.status.starts_with("FACTOR") {
            "FACTOR_CHALLENGE"
        } else {
            "MFA_CHALLENGE"
        };
        transaction.challenge = Some(Challenge {
            factor: attempt.factor.clone(),
            by_type: attempt.by_type,
            asked,
            remember: attempt.remember,
        });
        let token = self.put_back(&attempt.token, transaction, world);
        self.show(&token, ask, world)
    }

    /// The answer to what the factor is worth, which is counted already
    fn judged(
        &mut self,
        attempt: &Attempt,
        judgement: Judgement,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        let login = &attempt.person.login;
        let result = match judgement {
            Judgement::Good(_) => {
                self.accounts.factor_right(login);
                if attempt.remember {
                    self.remember_device(login, world);
                }
                return self.advance(&attempt.token, ask, world);
            }
            Judgement::Wrong => {
                if self.accounts.factor_wrong(login) {
                    self.transactions.remove(&attempt.token);
                    return errors::user_locked(world);
                }
                None
            }
            Judgement::Replayed => Some("PASSCODE_REPLAYED"),
            Judgement::Skewed => Some("TIME_WINDOW_EXCEEDED"),
        };
        let cause = match attempt.factor.factor_type.as_str() {
            "question" => "Your answer doesn't match our records. Please try again.",
            _ => "Your token doesn't match our records. Please try again.",
        };
        match result {
            Some(result) if !self.switches.results_in_errors => {
                let (code, summary) = if result == "PASSCODE_REPLAYED" {
                    ("E0000082", REPLAYED)
                } else {
                    ("E0000083", SKEWED)
                };
                errors::error(403, code, summary, world)
            }
            result => errors::wrong_passcode(cause, result, world),
        }
    }

    fn remember_device(&mut self, login: &str, world: &World) {
        if self.switches.org_factor == OrgFactor::NewDevice
            && let Some(device) = self.browsers.device()
        {
            let end = world.clock().seconds() + REMEMBERED;
            self.known_devices.insert((login.to_owned(), device), end);
        }
    }
}

const FIELDS: [&str; 3] = ["stateToken", "passCode", "answer"];
const OPEN: [&str; 4] = [
    "MFA_REQUIRED",
    "FACTOR_REQUIRED",
    "MFA_CHALLENGE",
    "FACTOR_CHALLENGE",
];
const REPLAYED: &str = "Each code can only be used once. Please wait for a new code and try again.";
const SKEWED: &str = "Your passcode is valid but exceeded time window.";
/// Seconds; the policy tells minutes
pub(super) const REMEMBERED: u64 = 900;
