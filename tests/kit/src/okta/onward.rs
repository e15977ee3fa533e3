//! What a login has before it, and how it gets from one state to the next.

use std::collections::VecDeque;

use crate::http::{Answer, Ask};
use crate::okta::challenge::{Asked, Challenge, Poll};
use crate::okta::factor::Proof;
use crate::okta::{Enrollment, Okta, OrgFactor, StepUp, Transaction, errors};
use crate::person::Person;
use crate::world::World;

/// A state to come, and whether it may be skipped
pub(super) type Pending = VecDeque<(&'static str, bool)>;

/// Where a login goes on
pub(super) enum Onward {
    /// A state, by its token
    State(String),
    /// The end of a step-up, by its token
    SteppedUp(String),
    SignedIn(Person),
}

impl Okta {
    /// The states between a right password and the session
    pub(super) fn after_password(
        &self,
        person: &Person,
        status: &'static str,
        warn: bool,
        world: &World,
    ) -> Pending {
        let mut pending = Pending::new();
        if self.switches.org_factor != OrgFactor::Never && !self.is_known(&person.login, world) {
            if person.factors.is_empty() {
                pending.push_back(("MFA_ENROLL", false));
            } else {
                pending.push_back(("MFA_REQUIRED", false));
            }
        }
        match self.switches.enrollment {
            Enrollment::None => {}
            Enrollment::Optional => pending.push_back(("MFA_ENROLL", true)),
            Enrollment::Required => pending.push_back(("MFA_ENROLL", false)),
        }
        let short = person.login.split('@').next().unwrap_or_default();
        let skippable = status == "PASSWORD_WARN" || short == "mfa-enroll-optional";
        match status {
            "SUCCESS" => {}
            "PASSWORD_WARN" if !warn => {}
            "MFA_REQUIRED" if pending.iter().any(|(known, _)| *known == status) => {}
            _ => pending.push_back((status, skippable)),
        }
        pending
    }

    /// The states between an app's step-up page, or the password on it, and the app
    pub(super) fn after_step_up_password(&self) -> Pending {
        match self.switches.step_up {
            StepUp::Factor | StepUp::PasswordAndFactor => [("MFA_REQUIRED", false)].into(),
            _ => Pending::new(),
        }
    }

    /// Leaves a state that is done
    pub(super) fn onward(&mut self, token: &str, world: &World) -> Option<Onward> {
        let mut transaction = self.transactions.remove(token)?;
        transaction.challenge = None;
        match transaction.pending.pop_front() {
            Some((status, skippable)) => {
                transaction.status = status;
                transaction.skippable = skippable;
                if matches!(status, "MFA_CHALLENGE" | "FACTOR_CHALLENGE") {
                    transaction.challenge = self.forgotten_push(transaction.person.as_ref(), world);
                }
                Some(Onward::State(self.put_back(token, transaction, world)))
            }
            None if transaction.step_up => {
                transaction.status = "SUCCESS";
                Some(Onward::SteppedUp(self.put_back(token, transaction, world)))
            }
            None => transaction.person.map(Onward::SignedIn),
        }
    }

    /// The answer of the state after one that is done
    pub(super) fn advance(&mut self, token: &str, ask: &Ask, world: &World) -> Answer {
        match self.onward(token, world) {
            None => errors::invalid_token(world),
            Some(Onward::State(token)) => self.show(&token, ask, world),
            Some(Onward::SteppedUp(token)) => self.stepped_up(&token, ask, world),
            Some(Onward::SignedIn(person)) => self.signed_in(&person, ask, world),
        }
    }

    /// Keeps a changed transaction, by a new token where the switch asks for it
    pub(super) fn put_back(
        &mut self,
        token: &str,
        transaction: Transaction,
        world: &World,
    ) -> String {
        if self.switches.rotate_state_tokens {
            return self.state_token(transaction, world);
        }
        self.transactions.insert(token.to_owned(), transaction);
        token.to_owned()
    }

    pub(super) fn may_remember(&self) -> bool {
        self.switches.org_factor != OrgFactor::Always
    }

    /// Whether the device at hand has shown a factor of this account lately
    fn is_known(&self, login: &str, world: &World) -> bool {
        let now = world.clock().seconds();
        self.switches.org_factor == OrgFactor::NewDevice
            && self.browsers.device().is_some_and(|device| {
                let key = (login.to_owned(), device);
                self.known_devices.get(&key).is_some_and(|&end| now < end)
            })
    }

    /// A push that was sent by somebody else, for accounts that begin in this state
    fn forgotten_push(&self, person: Option<&Person>, world: &World) -> Option<Challenge> {
        let factor = self.enrolled.of(person?).into_iter().next()?;
        let asked = match factor.proof {
            Proof::Push(_) | Proof::Duo => Asked::Poll(Poll::new(world)),
            _ => Asked::Text,
        };
        Some(Challenge {
            factor,
            by_type: false,
            asked,
            remember: false,
        })
    }
}
