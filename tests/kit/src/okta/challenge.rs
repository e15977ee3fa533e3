//! A factor that was chosen and not yet verified.

use serde_json::{Map, Value, json};

use crate::okta::factor::{OktaFactor, Proof};
use crate::okta::polls::Polls;
use crate::random;
use crate::world::World;

pub(super) struct Challenge {
    /// The factor; the first one, if all of its type were asked
    pub(super) factor: OktaFactor,
    pub(super) by_type: bool,
    pub(super) asked: Asked,
    /// Whether the device shall be known from now on
    pub(super) remember: bool,
}

pub(super) enum Asked {
    /// For a code or an answer
    Text,
    /// For the person with the phone
    Poll(Poll),
    /// For a signature of this challenge
    Signature(String),
    /// For a login elsewhere, by the key of its redirect
    Redirect(String),
}

pub(super) struct Poll {
    /// Part of the poll link, so that nobody can make it up
    pub(super) key: String,
    pub(super) sent_at: u64,
    pub(super) polls: Polls,
    pub(super) result: &'static str,
}

impl Challenge {
    /// Adds what a document says about a challenge
    pub(super) fn fill(
        &self,
        document: &mut Map<String, Value>,
        embedded: &mut Map<String, Value>,
        links: &mut Map<String, Value>,
        factors: &[OktaFactor],
        origin: &str,
    ) {
        let base = format!("{origin}{}", self.factor.verify_path());
        let post = |name: &str, href: String| json!({"name": name, "href": href, "hints": {"allow": ["POST"]}});
        let mut factor = self.factor.bare();
        let mut next = post("verify", base.clone());
        let mut inner = None;
        match &self.asked {
            Asked::Text => {}
            Asked::Poll(poll) => {
                document.insert("factorResult".to_owned(), json!(poll.result));
                if poll.result == "WAITING" {
                    next = post("poll", format!("{base}/{}/poll", poll.key));
                }
                inner = self.poll_part(poll, origin);
            }
            Asked::Signature(challenge) => {
                document.insert("factorResult".to_owned(), json!("CHALLENGE"));
                let part = json!({"challenge": {
                    "challenge": challenge, "userVerification": "preferred",
                    "extensions": {"appid": origin},
                }});
                if self.by_type {
                    next = post("verify", format!("{origin}{BY_TYPE}"));
                    let keys = factors
                        .iter()
                        .filter(|one| one.factor_type == self.factor.factor_type);
                    embedded.insert("factors".to_owned(), keys.map(OktaFactor::bare).collect());
                    embedded.extend(part.as_object().cloned().unwrap_or_default());
                } else {
                    inner = Some(part);
                }
            }
            Asked::Redirect(key) => {
                document.insert("factorResult".to_owned(), json!("WAITING"));
                next = json!({
                    "name": "redirect",
                    "href": format!("{origin}/policy/mfa-oidc-idp-redirect?okta_key={key}"),
                    "hints": {"allow": ["GET"]},
                });
            }
        }
        if let (Some(fields), Some(inner)) = (factor.as_object_mut(), inner) {
            fields.insert("_embedded".to_owned(), inner);
        }
        if !self.by_type {
            embedded.insert("factor".to_owned(), factor);
        }
        links.insert("next".to_owned(), next);
        let prev = json!({"href": format!("{origin}/api/v1/authn/previous"), "hints": {"allow": ["POST"]}});
        links.insert("prev".to_owned(), prev);
        if self.resendable() {
            let resend = post(&self.factor.factor_type, format!("{base}/resend"));
            links.insert("resend".to_owned(), json!([resend]));
        }
    }

    pub(super) fn resendable(&self) -> bool {
        match self.factor.proof {
            Proof::Sent => true,
            Proof::Push(_) => {
                matches!(&self.asked, Asked::Poll(poll) if poll.result == "WAITING")
            }
            _ => false,
        }
    }

    fn poll_part(&self, poll: &Poll, origin: &str) -> Option<Value> {
        match self.factor.proof {
            Proof::Push(push) => {
                let (number, from) = push.number?;
                let shown = poll.result == "WAITING" && poll.polls.times() >= from;
                shown.then(|| json!({"challenge": {"correctAnswer": number}}))
            }
            Proof::Duo => Some(json!({"verification": {
                "host": "api-0ddba11.duosecurity.test",
                "signature": "TX|amRvZXxESQ==|0123:APP|amRvZXxESQ==|4567",
                "factorResult": "WAITING",
                "_links": {"complete": {
                    "href": format!("{origin}/api/v1/authn/factors/{}/lifecycle/duoCallback", self.factor.id),
                    "hints": {"allow": ["POST"]},
                }},
            }})),
            _ => None,
        }
    }
}

impl Poll {
    pub(super) fn new(world: &World) -> Self {
        Self {
            key: random::alphanumeric(20),
            sent_at: world.clock().millis(),
            polls: Polls::default(),
            result: "WAITING",
        }
    }
}

/// Where all security keys can be asked at once
pub(super) const BY_TYPE: &str = "/api/v1/authn/factors/webauthn/verify";
