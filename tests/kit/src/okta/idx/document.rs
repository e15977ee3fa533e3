//! Whole documents of the Identity Engine.

use serde_json::{Map, Value, json};

use crate::clock::iso_date;
use crate::http::{Answer, Ask};
use crate::okta::idx::authenticator::Authenticator;
use crate::okta::idx::forms::Forms;
use crate::okta::idx::refusals::{self, Message};
use crate::okta::idx::rounds::choices;
use crate::okta::idx::switches::{Messages, PollPath};
use crate::okta::idx::transaction::{Challenge, Stage, Transaction};
use crate::okta::{Okta, USER_ID};
use crate::random;
use crate::world::World;

/// What a document says besides what can be done next
#[derive(Default)]
pub(super) struct Said {
    pub(super) status: Option<u16>,
    pub(super) messages: Vec<Message>,
    /// A message at the field of an answer
    pub(super) field: Option<Message>,
}

impl Said {
    /// A refused answer, whose message stands where the switch says
    pub(super) fn refused(status: u16, message: Message, place: Messages) -> Self {
        let mut said = Self {
            status: Some(status),
            ..Self::default()
        };
        match place {
            Messages::Field => said.field = Some(message),
            Messages::Global => said.messages.push(message),
        }
        said
    }

    pub(super) fn global(status: u16, message: Message) -> Self {
        Self::refused(status, message, Messages::Global)
    }
}

impl Okta {
    /// The next document, with new handles
    pub(super) fn idx_document(
        &self,
        transaction: &mut Transaction,
        said: &Said,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        transaction.rotate(&self.switches.idx, world);
        let transaction = &*transaction;
        let forms = Forms {
            origin: ask.origin(),
            switches: &self.switches.idx,
            enrolled: &self.authenticators(transaction),
            transaction,
        };
        let mut document = json!({
            "version": "1.0.0",
            "stateHandle": transaction.top,
            "expiresAt": iso_date(transaction.ends_at),
            "intent": "LOGIN",
        });
        let (remediations, parts) = self.idx_stage(&forms, said, world);
        if !remediations.is_empty() {
            document["remediation"] = json!({"type": "array", "value": remediations});
        }
        if !said.messages.is_empty() {
            document["messages"] = Message::list(&said.messages);
        }
        for (name, part) in parts {
            document[name] = part;
        }
        if let Some(person) = &transaction.person {
            document["user"] = json!({"type": "object", "value": {
                "id": USER_ID, "identifier": person.login,
                "profile": {
                    "firstName": person.given_name, "lastName": person.family_name,
                    "timeZone": "America/Los_Angeles", "locale": "en_US",
                },
            }});
        }
        if !matches!(transaction.stage, Stage::Over) {
            document["cancel"] = forms.form("cancel", "cancel", Vec::new());
        }
        document["app"] = json!({"type": "object", "value": {
            "name": "acme_openunison_1", "label": APP, "id": "0oa4portal8client5d7",
        }});
        refusals::ion(said.status.unwrap_or(200), &document, world)
    }

    /// What can be done at this stage, and what the document tells about it
    fn idx_stage(
        &self,
        forms: &Forms<'_>,
        said: &Said,
        world: &World,
    ) -> (Vec<Value>, Map<String, Value>) {
        let transaction = forms.transaction;
        let mut parts = Map::new();
        let mut found = Vec::new();
        match &transaction.stage {
            Stage::Probe(_) => {
                let mut poll = forms.poll("device-challenge-poll", "authenticators/poll");
                poll["relatesTo"] = json!("authenticatorChallenge");
                found.push(poll);
                parts.insert("authenticatorChallenge".to_owned(), probe(forms));
            }
            Stage::Identify => self.first_page(forms, &mut found, &mut parts),
            Stage::Select(places) => {
                found.push(forms.select(places));
                forms.lists(&mut parts);
            }
            Stage::Confirm(place) => {
                found.push(forms.confirm("authenticator-verification-data", *place, None));
                self.idx_current(forms, *place, None, &mut parts);
                forms.lists(&mut parts);
            }
            Stage::Challenge(challenge) => {
                self.idx_challenge(forms, challenge, said, &mut found);
                self.idx_current(forms, challenge.place, Some(challenge), &mut parts);
                forms.lists(&mut parts);
            }
            Stage::Rejected(place) => {
                found.push(forms.confirm("resend", *place, Some("push")));
                self.push_choices(forms, *place, &mut found);
                self.idx_current(forms, *place, None, &mut parts);
                forms.lists(&mut parts);
            }
            Stage::Page(page) => self.page_of(*page, forms, &mut found, &mut parts),
            Stage::Done => self.idx_end(forms, &mut found, &mut parts, world),
            Stage::Over => {}
        }
        (found, parts)
    }

    fn idx_challenge(
        &self,
        forms: &Forms<'_>,
        challenge: &Challenge,
        said: &Said,
        found: &mut Vec<Value>,
    ) {
        if challenge.method == "idp" {
            let one = forms.enrolled.get(challenge.place);
            found.push(forms.redirect(one.map_or("", |one| &one.label)));
        } else if POLLED.contains(&challenge.method) {
            let mut poll = forms.poll("challenge-poll", self.poll_path(challenge));
            poll["relatesTo"] = forms.pointer("$.currentAuthenticator");
            found.push(poll);
        } else {
            found.push(forms.answer(challenge.place, challenge.method, said.field.as_ref()));
        }
        self.push_choices(forms, challenge.place, found);
        if self.switches.idx.decoys {
            found.reverse();
            found.insert(0, forms.form("launch-authenticator", LAUNCH, Vec::new()));
            found.insert(
                0,
                forms.form("select-identify", "identify/select", Vec::new()),
            );
        }
    }

    /// The published path of the next poll
    pub(super) fn poll_path(&self, challenge: &Challenge) -> &'static str {
        match self.switches.idx.poll_path {
            PollPath::Challenge => "challenge/poll",
            PollPath::Authenticators => "authenticators/poll",
            PollPath::Alternating if challenge.polls.times().is_multiple_of(2) => "challenge/poll",
            PollPath::Alternating => "authenticators/poll",
        }
    }

    /// The way to another authenticator, if there is one
    fn push_choices(&self, forms: &Forms<'_>, place: usize, found: &mut Vec<Value>) {
        let choices = choices(forms.enrolled, forms.transaction);
        if choices.len() > 1 || choices.first().is_some_and(|&choice| choice != place) {
            found.push(forms.select(&choices));
        }
    }

    /// The authenticator at hand: as an enrolment where a code was sent to somewhere
    fn idx_current(
        &self,
        forms: &Forms<'_>,
        place: usize,
        challenge: Option<&Challenge>,
        parts: &mut Map<String, Value>,
    ) {
        let Some(authenticator) = forms.enrolled.get(place) else {
            return;
        };
        let mut value = match authenticator.enrollments().as_slice() {
            [only] => only.clone(),
            _ => authenticator.kind(),
        };
        let is_sent = authenticator.is_sent();
        match challenge {
            Some(challenge) => {
                value["methods"] = json!([{"type": challenge.method}]);
                if is_sent {
                    value["resend"] = forms.form("resend", "challenge/resend", Vec::new());
                }
                if challenge.method == "email" {
                    value["poll"] = forms.poll("poll", "challenge/poll");
                }
                if let Some(data) = self.contextual(forms, authenticator, challenge) {
                    value["contextualData"] = data;
                }
            }
            None if is_sent => {
                value["resend"] = forms.form("resend", "challenge/resend", Vec::new());
            }
            None => {}
        }
        let name = if is_sent {
            "currentAuthenticatorEnrollment"
        } else {
            "currentAuthenticator"
        };
        parts.insert(name.to_owned(), json!({"type": "object", "value": value}));
    }

    fn contextual(
        &self,
        forms: &Forms<'_>,
        authenticator: &Authenticator,
        challenge: &Challenge,
    ) -> Option<Value> {
        Some(match challenge.method {
            "push" => {
                let (number, _) = self.pushed(forms.transaction)?.number?;
                json!({"correctAnswer": number.to_string()})
            }
            "webauthn" => json!({"challengeData": {
                "challenge": challenge.to_sign,
                "userVerification": if self.switches.idx.user_verification {
                    "required"
                } else {
                    "preferred"
                },
                "extensions": {},
            }}),
            "duo" => json!({
                "integrationType": "IFRAME", "host": "api-0000.duosecurity.test",
                "signedToken": "TX|none:APP|none", "script": "/js/sections/duo/Duo-Web-v2.js",
            }),
            _ => {
                let (key, question) = authenticator.question()?;
                json!({"enrolledQuestion": {"questionKey": key, "question": question}})
            }
        })
    }
}

fn probe(forms: &Forms<'_>) -> Value {
    let mut challenge = json!({"type": "object", "value": {
        "challengeMethod": "LOOPBACK",
        "challengeRequest": random::base64url(120),
        "domain": "http://localhost",
        "ports": ["2000", "6511", "6512", "6513"],
        "probeTimeoutMillis": 100,
    }});
    challenge["value"]["cancel"] =
        forms.form("cancel-polling", "authenticators/poll/cancel", Vec::new());
    challenge
}

/// Methods that are polled
const POLLED: [&str; 2] = ["push", "signed_nonce"];
/// Methods whose challenge has no form to answer it
pub(super) const UNANSWERED: [&str; 3] = ["push", "signed_nonce", "idp"];
/// Where the vendor's app is started, which no program can
pub(super) const LAUNCH: &str = "authenticators/okta-verify/launch";
/// The app, as messages name it
pub(super) const APP: &str = "Acme OpenUnison";
