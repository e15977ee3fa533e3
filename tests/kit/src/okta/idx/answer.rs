//! Answers to challenges.

use serde_json::{Map, Value};

use crate::http::{Answer, Ask};
use crate::okta::Okta;
use crate::okta::assertion::Assertion;
use crate::okta::idx::authenticator::Authenticator;
use crate::okta::idx::document::{Said, UNANSWERED};
use crate::okta::idx::only;
use crate::okta::idx::refusals::{self, Message, bad_request};
use crate::okta::idx::switches::{CodeError, Messages};
use crate::okta::idx::transaction::{Stage, Transaction};
use crate::okta::otp::Judgement;
use crate::world::World;

impl Okta {
    pub(super) fn idx_answer(
        &mut self,
        transaction: &mut Transaction,
        body: &Map<String, Value>,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        let (place, method) = match &transaction.stage {
            Stage::Challenge(one) if !UNANSWERED.contains(&one.method) => (one.place, one.method),
            _ => return self.idx_wrong_step("ANSWER", transaction, world),
        };
        world.record.idx(|counts| counts.answers += 1);
        let enrolled = self.authenticators(transaction);
        let Some(one) = enrolled.get(place) else {
            return self.idx_wrong_step("ANSWER", transaction, world);
        };
        if let Err(refusal) = only(body, &["credentials"], "challenge/answer", world) {
            return refusal;
        }
        let wanted = one.answer_fields(method);
        let credentials = body.get("credentials").and_then(Value::as_object);
        let values: Vec<&str> = wanted
            .iter()
            .filter_map(|&name| credentials?.get(name)?.as_str())
            .collect();
        let exact = values.len() == wanted.len()
            && credentials.is_some_and(|sent| sent.len() == wanted.len());
        if !exact {
            return bad_request(
                &format!("{} is answered with {}", one.key, wanted.join(", ")),
                world,
            );
        }
        let checked = match (one.is_password(), values.as_slice()) {
            (true, [password]) => self.idx_password(transaction, password, world),
            _ => self.idx_factor(transaction, one, &values, ask, world),
        };
        match checked {
            Ok(None) => self.idx_met(transaction, place, ask, world),
            Ok(Some(message)) => {
                world.record.idx(|counts| counts.refusals += 1);
                let status = refusals::status(401, self.switches.idx.error_status);
                let said = Said::refused(status, message, self.switches.idx.messages);
                self.idx_document(transaction, &said, ask, world)
            }
            Err(refusal) => refusal,
        }
    }

    /// What is wrong with a password
    fn idx_password(
        &mut self,
        transaction: &mut Transaction,
        password: &str,
        world: &World,
    ) -> Result<Option<Message>, Answer> {
        let person = transaction.person.as_ref();
        let login = person.map_or_else(String::new, |person| person.login.clone());
        match self.check_idx_password(&login, password, transaction, world) {
            Ok(_) => Ok(None),
            Err(Some(plain)) => Err(plain),
            Err(None) => Ok(Some(match self.switches.idx.messages {
                Messages::Field => Message::error("incorrectPassword", "Password is incorrect"),
                Messages::Global => Message::error("errors.E0000004", "Authentication failed"),
            })),
        }
    }

    /// What is wrong with the answer of a factor
    fn idx_factor(
        &mut self,
        transaction: &Transaction,
        one: &Authenticator,
        values: &[&str],
        ask: &Ask,
        world: &World,
    ) -> Result<Option<Message>, Answer> {
        world.record.factor(|counts| counts.verifies += 1);
        let (Stage::Challenge(challenge), Some(person)) = (&transaction.stage, &transaction.person)
        else {
            return Err(self.idx_wrong_step("ANSWER", transaction, world));
        };
        let (login, factors) = (&person.login, one.factors(challenge.method));
        let Some(factor) = factors.first() else {
            return Err(self.idx_wrong_step("ANSWER", transaction, world));
        };
        let after = self.switches.factor_lock_after;
        if self.enrolled.is_suspended(login, factor, after) {
            return Ok(Some(Message::error(
                "authfactor.challenge.suspended_factor",
                "Too many attempts: this factor is suspended for now.",
            )));
        }
        let verified = self.switches.idx.user_verification;
        let judgement = match *values {
            [client_data, data, signature] => {
                let parts = [client_data, data, signature];
                let assertion = Assertion::new(&challenge.to_sign, verified, parts, ask);
                self.enrolled.signature(login, &factors, &assertion, world)
            }
            [key, _] if one.question().is_none_or(|(known, _)| known != key) => {
                return Err(bad_request("the questionKey is not the form's", world));
            }
            [text] | [_, text] => self.enrolled.text(login, factor, text, world),
            _ => Judgement::Wrong,
        };
        Ok(match judgement {
            Judgement::Good(_) => None,
            Judgement::Replayed => Some(Message::error(
                "authfactor.challenge.soft_token.used_passcode",
                "Each code can only be used once. Please wait for a new code and try again.",
            )),
            _ if challenge.method == "webauthn" => Some(Message::error(
                "authfactor.webauthn.error",
                "The security key was not accepted.",
            )),
            Judgement::Skewed | Judgement::Wrong => Some(self.idx_wrong_code()),
        })
    }

    /// Takes a round as proven, and goes on
    pub(super) fn idx_met(
        &mut self,
        transaction: &mut Transaction,
        place: usize,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        transaction.used.push(place);
        if !transaction.rounds.is_empty() {
            transaction.rounds.remove(0);
        }
        self.next_round(transaction, ask, world)
    }

    /// Sends the code of a challenge again
    pub(super) fn idx_resend(
        &mut self,
        transaction: &mut Transaction,
        body: &Map<String, Value>,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        let (place, method) = match &transaction.stage {
            Stage::Challenge(challenge) => (challenge.place, challenge.method),
            _ => return self.idx_wrong_step("RESEND", transaction, world),
        };
        let enrolled = self.authenticators(transaction);
        if !enrolled.get(place).is_some_and(Authenticator::is_sent) {
            return self.idx_wrong_step("RESEND", transaction, world);
        }
        if let Err(refusal) = only(body, &[], "challenge/resend", world) {
            return refusal;
        }
        match self.idx_send(transaction, place, method, world) {
            Ok(()) => self.idx_show(transaction, ask, world),
            Err(too_soon) => too_soon,
        }
    }

    fn idx_wrong_code(&self) -> Message {
        let text = "Invalid code. Try again.";
        match self.switches.idx.code_error {
            CodeError::PasscodeInvalid => Message::error("api.authn.error.PASSCODE_INVALID", text),
            CodeError::SoftToken => {
                Message::error("authfactor.challenge.soft_token.invalid_passcode", text)
            }
            CodeError::TextOnly => Message::text_only("Authentication failed"),
        }
    }
}
