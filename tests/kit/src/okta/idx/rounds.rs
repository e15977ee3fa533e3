//! What comes next: the rounds of the policy, the pages after them, and the end.

use serde_json::{Map, Value};

use crate::http::{Answer, Ask};
use crate::okta::factor::Proof;
use crate::okta::idx::authenticator::Authenticator;
use crate::okta::idx::document::{APP, Said};
use crate::okta::idx::refusals::{Message, bad_request};
use crate::okta::idx::switches::{PostAuth, Round, Success};
use crate::okta::idx::transaction::{Challenge, Stage, Transaction};
use crate::okta::idx::{PASSWORD, only};
use crate::okta::polls::Polls;
use crate::okta::{Okta, assertion};
use crate::world::World;

impl Okta {
    /// The next thing to prove, or the end
    pub(super) fn next_round(
        &mut self,
        transaction: &mut Transaction,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        if transaction.rounds.is_empty() {
            return self.next_page(transaction, ask, world);
        }
        let enrolled = self.authenticators(transaction);
        let choices = choices(&enrolled, transaction);
        match choices.as_slice() {
            [] => return self.unsatisfiable(transaction, ask, world),
            &[place] if self.switches.idx.straight_to_challenge => {
                let one = enrolled.get(place);
                let methods = one.map(Authenticator::methods).unwrap_or_default();
                let waits = one.is_some_and(Authenticator::is_sent) || methods == ["push"];
                match *methods {
                    _ if waits => transaction.stage = Stage::Confirm(place),
                    [method] => {
                        if let Err(refusal) = self.idx_begin(transaction, place, method, world) {
                            return refusal;
                        }
                    }
                    _ => transaction.stage = Stage::Select(choices),
                }
            }
            _ => transaction.stage = Stage::Select(choices),
        }
        self.idx_show(transaction, ask, world)
    }

    /// The next page after the last proof, or the way out
    fn next_page(&mut self, transaction: &mut Transaction, ask: &Ask, world: &World) -> Answer {
        if !transaction.pages.is_empty() {
            let page = transaction.pages.remove(0);
            transaction.stage = Stage::Page(page);
            let said = page_message(page);
            return self.idx_document(transaction, &said, ask, world);
        }
        let mut said = Said::default();
        match self.switches.idx.success {
            Success::Unsatisfiable => return self.unsatisfiable(transaction, ask, world),
            Success::WithError => {
                transaction.failed = true;
                let text = "You do not have permission to perform the requested action.";
                let message = Message::error("security.access_denied_custom_message", text);
                said.messages.push(message);
            }
            Success::Failure | Success::FailureRemediation => {
                transaction.failed = true;
                let text = "User is not assigned to this application.";
                let message = Message::error("idx.error.code.user_not_assigned", text);
                said.messages.push(message.of_class("INFO"));
            }
            _ => {}
        }
        transaction.stage = Stage::Done;
        self.idx_document(transaction, &said, ask, world)
    }

    fn unsatisfiable(&self, transaction: &mut Transaction, ask: &Ask, world: &World) -> Answer {
        transaction.stage = Stage::Over;
        let text = "Your org requires additional authentication to access this app, and none of what you have set up \
                    will do.";
        let message = Message::error("oie.assurance.unsatisfiable", text).param(APP);
        self.idx_document(transaction, &Said::global(403, message), ask, world)
    }

    /// Starts a challenge, which may send something
    ///
    /// # Errors
    ///
    /// The refusal, if something was sent just now.
    pub(super) fn idx_begin(
        &mut self,
        transaction: &mut Transaction,
        place: usize,
        method: &'static str,
        world: &World,
    ) -> Result<(), Answer> {
        let mut challenge = Challenge {
            place,
            method,
            to_sign: String::new(),
            sent_at: world.clock().millis(),
            polls: Polls::default(),
        };
        match method {
            "push" => world.record.factor(|counts| counts.pushes += 1),
            "webauthn" => challenge.to_sign = assertion::challenge(world),
            _ => self.idx_send(transaction, place, method, world)?,
        }
        transaction.stage = Stage::Challenge(challenge);
        Ok(())
    }

    /// Sends a code, if this method has any sent
    pub(super) fn idx_send(
        &mut self,
        transaction: &Transaction,
        place: usize,
        method: &str,
        world: &World,
    ) -> Result<(), Answer> {
        let enrolled = self.authenticators(transaction);
        let factor = enrolled.get(place).map(|one| one.factors(method));
        let factor = factor.iter().flatten().find(|one| one.proof == Proof::Sent);
        let (Some(factor), Some(person)) = (factor, &transaction.person) else {
            return Ok(());
        };
        self.enrolled.send(&person.login, factor, world)
    }

    pub(super) fn idx_skip(
        &mut self,
        transaction: &mut Transaction,
        body: &Map<String, Value>,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        let skippable = matches!(
            transaction.stage,
            Stage::Page(
                PostAuth::PasswordExpiring | PostAuth::Promotion | PostAuth::DeviceAssurance
            )
        );
        if !skippable {
            return self.idx_wrong_step("SKIP", transaction, world);
        }
        if let Err(refusal) = only(body, &[], "skip", world) {
            return refusal;
        }
        world.record.idx(|counts| counts.skips += 1);
        self.next_page(transaction, ask, world)
    }

    pub(super) fn keep_me_signed_in(
        &mut self,
        transaction: &mut Transaction,
        body: &Map<String, Value>,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        if !matches!(transaction.stage, Stage::Page(PostAuth::KeepMeSignedIn)) {
            return self.idx_wrong_step("KEEP_ME_SIGNED_IN", transaction, world);
        }
        if let Err(refusal) = only(body, &["keepMeSignedIn"], "keep-me-signed-in", world) {
            return refusal;
        }
        match body.get("keepMeSignedIn").and_then(Value::as_bool) {
            Some(_) => self.next_page(transaction, ask, world),
            None => bad_request(
                "keep-me-signed-in needs keepMeSignedIn, true or false",
                world,
            ),
        }
    }

    /// Starts the login over
    pub(super) fn idx_cancel(
        &mut self,
        transaction: &mut Transaction,
        body: &Map<String, Value>,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        if let Err(refusal) = only(body, &[], "cancel", world) {
            return refusal;
        }
        world.record.idx(|counts| counts.cancels += 1);
        self.start_over(transaction);
        self.idx_show(transaction, ask, world)
    }

    /// Goes back to the user name, as `select-identify` offers it
    pub(super) fn identify_again(
        &mut self,
        transaction: &mut Transaction,
        body: &Map<String, Value>,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        if !self.switches.idx.decoys || !matches!(transaction.stage, Stage::Challenge(_)) {
            return self.idx_wrong_step("SELECT_IDENTIFY", transaction, world);
        }
        if let Err(refusal) = only(body, &[], "identify/select", world) {
            return refusal;
        }
        self.start_over(transaction);
        self.idx_show(transaction, ask, world)
    }

    fn start_over(&self, transaction: &mut Transaction) {
        transaction.person = None;
        transaction.stage = Stage::Identify;
        transaction.rounds.clone_from(&self.switches.idx.policy);
        transaction.pages.clone_from(&self.switches.idx.post_auth);
        transaction.used.clear();
    }
}

/// Places that the round at hand can be met with
pub(super) fn choices(enrolled: &[Authenticator], transaction: &Transaction) -> Vec<usize> {
    let Some(round) = transaction.rounds.first() else {
        return Vec::new();
    };
    let places = |such: &dyn Fn(usize, &Authenticator) -> bool| -> Vec<usize> {
        let all = enrolled.iter().enumerate();
        all.filter(|(place, one)| such(*place, one))
            .map(|(place, _)| place)
            .collect()
    };
    let unused = |place: usize| !transaction.used.contains(&place);
    let found = match round {
        Round::Password => return vec![PASSWORD],
        Round::Factor => places(&|place, _| place != PASSWORD && unused(place)),
        Round::Either => places(&|place, _| unused(place)),
        Round::Only(key) => return places(&|_, one| one.key == *key),
    };
    if found.is_empty() {
        return places(&|place, _| place != PASSWORD);
    }
    found
}

fn page_message(page: PostAuth) -> Said {
    let message = match page {
        PostAuth::PasswordExpiring => Message::error(
            "idx.password.expiring.message",
            "Your password will expire in 2 days.",
        )
        .param("2")
        .of_class("INFO"),
        PostAuth::Reenroll => {
            Message::error("idx.password.expired.message", "Your password has expired.")
                .of_class("INFO")
        }
        PostAuth::DeviceAssurance => Message::error(
            "idx.device_assurance.grace_period",
            "Your device does not meet the security requirements; fix it soon.",
        )
        .of_class("WARNING"),
        _ => return Said::default(),
    };
    Said {
        messages: vec![message],
        ..Said::default()
    }
}
