//! Pushes, and what else is polled.

use crate::http::{Answer, Ask};
use crate::okta::challenge::{Asked, Poll};
use crate::okta::factor::{Proof, PushAnswer};
use crate::okta::otp::Judgement;
use crate::okta::verify::Attempt;
use crate::okta::{Okta, errors};
use crate::world::World;

impl Okta {
    /// A first request sends a push; the same link polls as long as nobody answered, and then sends a new one
    pub(super) fn verify_by_waiting(
        &mut self,
        attempt: Attempt,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        if self.is_waiting(&attempt.token) {
            world.complain("a push was polled at its verify link, and not where the answer said");
            return self.poll(attempt, ask, world);
        }
        self.send_push(&attempt, ask, world)
    }

    pub(super) fn send_push(&mut self, attempt: &Attempt, ask: &Ask, world: &World) -> Answer {
        if matches!(attempt.factor.proof, Proof::Push(_)) {
            world.record.factor(|counts| counts.pushes += 1);
        }
        self.challenge(attempt, Asked::Poll(Poll::new(world)), ask, world)
    }

    pub(super) fn poll(&mut self, attempt: Attempt, ask: &Ask, world: &World) -> Answer {
        let least = self.switches.least_poll_interval;
        let challenge = self
            .transactions
            .get_mut(&attempt.token)
            .and_then(|transaction| transaction.challenge.as_mut());
        let Some(challenge) = challenge else {
            return errors::wrong_state(world);
        };
        let Asked::Poll(poll) = &mut challenge.asked else {
            return errors::wrong_state(world);
        };
        poll.polls.note(least, world);
        let age = world.clock().millis().saturating_sub(poll.sent_at);
        let answer = match attempt.factor.proof {
            Proof::Push(push) => push.answer_to(poll.polls.times(), age),
            _ => PushAnswer::Never,
        };
        match answer {
            PushAnswer::Approved => {
                let remember = attempt.remember || challenge.remember;
                let attempt = Attempt {
                    remember,
                    ..attempt
                };
                return self.judged(&attempt, Judgement::Good(0), ask, world);
            }
            PushAnswer::Rejected => poll.result = "REJECTED",
            PushAnswer::TimedOut => poll.result = "TIMEOUT",
            PushAnswer::Never => {}
        }
        self.show(&attempt.token, ask, world)
    }

    fn is_waiting(&self, token: &str) -> bool {
        self.waiting(token).is_some()
    }

    pub(super) fn polls_by(&self, token: &str, key: &str) -> bool {
        self.waiting(token).is_some_and(|poll| poll.key == key)
    }

    fn waiting(&self, token: &str) -> Option<&Poll> {
        match &self.transactions.get(token)?.challenge.as_ref()?.asked {
            Asked::Poll(poll) if poll.result == "WAITING" => Some(poll),
            _ => None,
        }
    }
}
