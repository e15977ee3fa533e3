//! Polls: of the phone, of the mailbox, and of the device.

use serde_json::{Map, Value};

use crate::http::{Answer, Ask};
use crate::okta::Okta;
use crate::okta::factor::{Proof, Push, PushAnswer};
use crate::okta::idx::document::Said;
use crate::okta::idx::refusals::{self, Message};
use crate::okta::idx::transaction::{Stage, Transaction};
use crate::okta::idx::{PASSWORD, only};
use crate::world::World;

impl Okta {
    pub(super) fn idx_poll(
        &mut self,
        name: &str,
        transaction: &mut Transaction,
        body: &Map<String, Value>,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        let push = self.pushed(transaction);
        let published = match &transaction.stage {
            Stage::Probe(_) => "authenticators/poll",
            Stage::Challenge(challenge) => match challenge.method {
                "push" | "signed_nonce" => self.poll_path(challenge),
                "email" => "challenge/poll",
                _ => return self.idx_wrong_step("POLL", transaction, world),
            },
            _ => return self.idx_wrong_step("POLL", transaction, world),
        };
        if name != published {
            return self.idx_wrong_step("POLL at a URL that was not published", transaction, world);
        }
        if let Err(refusal) = only(body, &[], "a poll", world) {
            return refusal;
        }
        let least = self.switches.idx.refresh;
        let (place, answer) = match &mut transaction.stage {
            Stage::Challenge(challenge) => {
                challenge.polls.note(least, world);
                let age = world.clock().millis().saturating_sub(challenge.sent_at);
                let push = push.map(|push| push.answer_to(challenge.polls.times(), age));
                (challenge.place, push.unwrap_or(PushAnswer::Never))
            }
            Stage::Probe(polls) => {
                polls.note(least, world);
                (PASSWORD, PushAnswer::Never)
            }
            _ => return self.idx_wrong_step("POLL", transaction, world),
        };
        match answer {
            PushAnswer::Never => self.idx_show(transaction, ask, world),
            PushAnswer::Approved => self.idx_met(transaction, place, ask, world),
            PushAnswer::Rejected => {
                transaction.stage = Stage::Rejected(place);
                world.record.idx(|counts| counts.refusals += 1);
                let status = refusals::status(401, self.switches.idx.error_status);
                let text = "You have chosen to reject this login.";
                let message = Message::error("api.authn.poll.error.push_rejected", text);
                self.idx_document(transaction, &Said::global(status, message), ask, world)
            }
            PushAnswer::TimedOut => {
                transaction.stage = Stage::Over;
                let text = "Your verification has timed out. Please sign in again.";
                let message = Message::error("core.system.transaction_resource_not_found", text);
                self.idx_document(transaction, &Said::global(404, message), ask, world)
            }
        }
    }

    /// The push that is out
    pub(super) fn pushed(&self, transaction: &Transaction) -> Option<Push> {
        let Stage::Challenge(challenge) = &transaction.stage else {
            return None;
        };
        let enrolled = self.authenticators(transaction);
        let factors = enrolled.get(challenge.place)?.factors(challenge.method);
        factors.iter().find_map(|factor| match factor.proof {
            Proof::Push(push) => Some(push),
            _ => None,
        })
    }

    /// Goes on without the device
    pub(super) fn cancel_probe(
        &mut self,
        transaction: &mut Transaction,
        body: &Map<String, Value>,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        if !matches!(transaction.stage, Stage::Probe(_)) {
            return self.idx_wrong_step("CANCEL_POLLING", transaction, world);
        }
        // The vendor's own page tells why it gave up.
        if let Err(refusal) = only(body, &["reason", "statusCode"], "cancel-polling", world) {
            return refusal;
        }
        world.record.idx(|counts| counts.probe_cancels += 1);
        transaction.stage = Stage::Identify;
        if transaction.person.is_some() {
            return self.next_round(transaction, ask, world);
        }
        self.idx_show(transaction, ask, world)
    }
}
