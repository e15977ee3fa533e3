//! Codes and answers, and the codes that are sent.

use crate::http::{Answer, Ask};
use crate::okta::challenge::{Asked, Challenge};
use crate::okta::factor::Proof;
use crate::okta::verify::Attempt;
use crate::okta::{Okta, errors};
use crate::world::World;

impl Okta {
    pub(super) fn verify_code(&mut self, attempt: &Attempt, ask: &Ask, world: &World) -> Answer {
        if attempt.body.contains_key("answer") {
            return errors::validation("passCode must not be blank", world);
        }
        match attempt.text("passCode") {
            Some(code) => self.verify_text(attempt, code, ask, world),
            None if attempt.factor.factor_type == "token:hardware" => {
                world.complain("a hardware token was asked without a code, which spends a try");
                self.verify_text(attempt, "", ask, world)
            }
            None => self.challenge(attempt, Asked::Text, ask, world),
        }
    }

    pub(super) fn verify_answer(&mut self, attempt: &Attempt, ask: &Ask, world: &World) -> Answer {
        if attempt.body.contains_key("passCode") {
            return errors::validation("answer must not be blank", world);
        }
        match attempt.text("answer") {
            Some(answer) => self.verify_text(attempt, answer, ask, world),
            None => self.challenge(attempt, Asked::Text, ask, world),
        }
    }

    pub(super) fn verify_sent(&mut self, attempt: &Attempt, ask: &Ask, world: &World) -> Answer {
        let Some(code) = attempt.text("passCode") else {
            return match self.send_code(attempt, world) {
                Ok(()) => self.challenge(attempt, Asked::Text, ask, world),
                Err(too_soon) => too_soon,
            };
        };
        if !self.is_challenged(&attempt.token) {
            world.complain("a code came before one was sent");
        }
        self.verify_text(attempt, code, ask, world)
    }

    pub(super) fn resend(&mut self, attempt: Attempt, ask: &Ask, world: &World) -> Answer {
        let offered = self
            .transactions
            .get(&attempt.token)
            .and_then(|transaction| transaction.challenge.as_ref())
            .is_some_and(Challenge::resendable);
        if !offered {
            return errors::wrong_state(world);
        }
        if matches!(attempt.factor.proof, Proof::Push(_)) {
            return self.send_push(&attempt, ask, world);
        }
        match self.send_code(&attempt, world) {
            Ok(()) => self.show(&attempt.token, ask, world),
            Err(too_soon) => too_soon,
        }
    }

    fn verify_text(&mut self, attempt: &Attempt, text: &str, ask: &Ask, world: &World) -> Answer {
        let login = &attempt.person.login;
        let judgement = self.enrolled.text(login, &attempt.factor, text, world);
        self.judged(attempt, judgement, ask, world)
    }

    fn send_code(&mut self, attempt: &Attempt, world: &World) -> Result<(), Answer> {
        let login = &attempt.person.login;
        self.enrolled.send(login, &attempt.factor, world)
    }

    fn is_challenged(&self, token: &str) -> bool {
        let transaction = self.transactions.get(token);
        transaction.is_some_and(|transaction| transaction.challenge.is_some())
    }
}
