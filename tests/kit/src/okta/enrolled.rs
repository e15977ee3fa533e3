//! What accounts have enrolled, and what of it is used up; both engines ask here whether an answer is good.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use serde_json::json;

use crate::http::Answer;
use crate::okta::assertion::Assertion;
use crate::okta::errors;
use crate::okta::factor::{OktaFactor, Proof, PushAnswer};
use crate::okta::otp::{self, Judgement};
use crate::okta::outbox;
use crate::person::Person;
use crate::world::World;

pub(super) struct Enrolled {
    /// What accounts have that have enrolled nothing, where only the status counts
    samples: Vec<OktaFactor>,
    /// By user name and id of the factor
    used: HashMap<(String, String), Used>,
    outbox_file: Option<PathBuf>,
}

/// What the org remembers about one factor of one account
#[derive(Default)]
struct Used {
    /// The last step of a code by time
    step: Option<u64>,
    /// The next code by count
    count: u64,
    codes: HashSet<String>,
    /// That of a key
    counter: u32,
    sent_at: Option<u64>,
    sent: Option<String>,
    /// Wrong answers in a row
    wrong: u32,
}

impl Enrolled {
    pub(super) fn new(outbox_file: Option<PathBuf>) -> Self {
        Self {
            samples: samples(),
            used: HashMap::new(),
            outbox_file,
        }
    }

    /// What somebody has enrolled; samples for an account of which only the status counts
    pub(super) fn of(&self, person: &Person) -> Vec<OktaFactor> {
        if person.factors.is_empty() {
            self.samples.clone()
        } else {
            person.factors.clone()
        }
    }

    /// Whether there were so many wrong answers in a row
    pub(super) fn is_suspended(&self, login: &str, factor: &OktaFactor, after: u32) -> bool {
        let used = self.used.get(&key(login, factor));
        used.is_some_and(|used| used.wrong >= after)
    }

    /// Judges a code, or the answer to a question
    pub(super) fn text(
        &mut self,
        login: &str,
        factor: &OktaFactor,
        text: &str,
        world: &World,
    ) -> Judgement {
        world.code(text);
        let used = self.used.entry(key(login, factor)).or_default();
        let judgement = match &factor.proof {
            Proof::Totp(seed) => otp::by_time(seed, text, world.clock().seconds(), used.step),
            Proof::Hotp(seed) => otp::by_count(seed, text, used.count),
            Proof::Codes(codes) if !codes.iter().any(|code| code == text) => Judgement::Wrong,
            Proof::Codes(_) if used.codes.contains(text) => Judgement::Replayed,
            Proof::Codes(_) => Judgement::Good(0),
            Proof::Answer(answer) if answer.eq_ignore_ascii_case(text.trim()) => Judgement::Good(0),
            Proof::Sent if used.was_sent(text, world) => Judgement::Good(0),
            _ => Judgement::Wrong,
        };
        if let Judgement::Good(at) = judgement {
            used.step = Some(at);
            used.count = at + 1;
            used.codes.insert(text.to_owned());
            used.sent = None;
        }
        used.note(judgement, world)
    }

    /// Judges a signature, which may be of any of these keys
    pub(super) fn signature(
        &mut self,
        login: &str,
        keys: &[OktaFactor],
        assertion: &Assertion<'_>,
        world: &World,
    ) -> Judgement {
        let mut problem = "the key is not known";
        for factor in keys {
            let Proof::Assertion(Some(point)) = &factor.proof else {
                continue;
            };
            let used = self.used.entry(key(login, factor)).or_default();
            match assertion.check(point, used.counter) {
                Ok(counter) => {
                    used.counter = counter;
                    return used.note(Judgement::Good(0), world);
                }
                Err(one) => problem = one,
            }
        }
        world.complain(format!("an assertion was refused: {problem}"));
        // Nobody says which key it was, so the first one stands for all.
        let first = keys.first().map(|first| key(login, first));
        let used = self.used.entry(first.unwrap_or_default()).or_default();
        used.note(Judgement::Wrong, world)
    }

    /// Sends a code, unless one was sent just now, in this login or another
    ///
    /// # Errors
    ///
    /// The refusal.
    pub(super) fn send(
        &mut self,
        login: &str,
        factor: &OktaFactor,
        world: &World,
    ) -> Result<(), Answer> {
        let (pause, code, what) = match factor.factor_type.as_str() {
            "sms" => (30, "E0000109", "An SMS message was recently sent."),
            "call" => (30, "E0000133", "A phone call was recently made."),
            _ => (5, "E0000118", "An email was recently sent."),
        };
        let now = world.clock().millis();
        let used = self.used.entry(key(login, factor)).or_default();
        if used.sent_at.is_some_and(|at| now < at + pause * 1000) {
            let summary = format!("{what} Please wait {pause} seconds before trying again.");
            return Err(errors::error(429, code, &summary, world));
        }
        used.sent_at = Some(now);
        let file = self.outbox_file.as_deref();
        used.sent = Some(outbox::send(factor, login, file, world));
        Ok(())
    }
}

impl Used {
    /// Whether this code was sent, not long ago, and is the newest
    fn was_sent(&self, code: &str, world: &World) -> bool {
        let now = world.clock().millis();
        let fresh = self.sent_at.is_some_and(|at| now <= at + SENT_CODE_LIFE);
        fresh && self.sent.as_deref() == Some(code)
    }

    /// Counts an answer by what it is worth
    fn note(&mut self, judgement: Judgement, world: &World) -> Judgement {
        self.wrong = match judgement {
            Judgement::Good(_) => 0,
            _ => self.wrong + 1,
        };
        world.record.factor(|counts| match judgement {
            Judgement::Good(_) => {}
            Judgement::Replayed => counts.replayed += 1,
            Judgement::Skewed => counts.skewed += 1,
            Judgement::Wrong => counts.wrong += 1,
        });
        judgement
    }
}

fn key(login: &str, factor: &OktaFactor) -> (String, String) {
    (login.to_ascii_lowercase(), factor.id.clone())
}

/// Nearly every kind, two of some, and two that nobody has heard of
fn samples() -> Vec<OktaFactor> {
    let with_id = |factor: OktaFactor, id: &str| OktaFactor {
        id: id.to_owned(),
        ..factor
    };
    let key = |id: &str, credential: &str, name: &str| {
        let profile = json!({"credentialId": credential, "authenticatorName": name});
        with_id(OktaFactor::webauthn(&[], &[]).profile(profile), id)
    };
    let unheard_of = OktaFactor {
        proof: Proof::Unknown,
        ..OktaFactor::totp("UNHEARD_OF").profile(json!({}))
    };
    let push = OktaFactor::push(PushAnswer::Never, 0);
    let question =
        OktaFactor::question("What is the food you least liked as a child?", "okra okra");
    vec![
        with_id(push, "opf3hkfocI4JTLAju0g4"),
        with_id(OktaFactor::totp("OKTA"), "ost1i2k3g4CEDOYMVVYU"),
        with_id(OktaFactor::totp("GOOGLE"), "uft2m3n4o5GOOGLEABCD"),
        key("fwf1webauthnAAAAAAAA", "aGVsbG8", "Key A"),
        key("fwf2webauthnBBBBBBBB", "d29ybGQ", "Key B"),
        with_id(OktaFactor::sms(), "sms193zUBEROPBNZKPPE"),
        with_id(question, "ufs1pe3ISGKGPYKXRBKK"),
        with_id(
            OktaFactor::unknown("telepathy", "ACME"),
            "xyz9telepathy0000000",
        ),
        with_id(unheard_of, "abc9totpofunknownABC"),
    ]
}

/// Milliseconds
const SENT_CODE_LIFE: u64 = 300_000;
