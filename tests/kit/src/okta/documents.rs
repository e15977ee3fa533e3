//! The transaction documents of `/api/v1/authn`.

use serde_json::{Map, Value, json};

use crate::clock::iso_date;
use crate::okta::USER_ID;
use crate::okta::challenge::{BY_TYPE, Challenge};
use crate::okta::factor::OktaFactor;
use crate::okta::verify::REMEMBERED;
use crate::person::Person;

/// What every document shows
pub(super) struct Shown<'a> {
    pub(super) origin: &'a str,
    pub(super) ends_at: u64,
    pub(super) status: &'a str,
    pub(super) person: Option<&'a Person>,
}

/// What the documents before the end show besides
pub(super) struct State<'a> {
    pub(super) token: &'a str,
    pub(super) skippable: bool,
    pub(super) challenge: Option<&'a Challenge>,
    pub(super) factors: &'a [OktaFactor],
    /// Lists factors under the name that the documentation uses
    pub(super) under_factor: bool,
    pub(super) may_remember: bool,
}

impl Shown<'_> {
    /// The end of a login: a session token, and no links that mean anything
    pub(super) fn success(&self, session_token: &str) -> Value {
        let mut document = self.head("SUCCESS");
        document.insert("sessionToken".to_owned(), json!(session_token));
        document.insert("_embedded".to_owned(), json!({"user": self.user()}));
        let cancel = self.link("cancel");
        document.insert("_links".to_owned(), json!({"cancel": cancel}));
        Value::Object(document)
    }

    /// The end of a step-up: a URL to go on to, and no session token
    pub(super) fn stepped_up(&self, state_token: &str) -> Value {
        let mut document = self.head("SUCCESS");
        document.insert("stateToken".to_owned(), json!(state_token));
        document.insert("type".to_owned(), json!("SESSION_STEP_UP"));
        document.insert("_embedded".to_owned(), json!({"user": self.user()}));
        let href = format!(
            "{}/login/step-up/redirect?stateToken={state_token}",
            self.origin
        );
        document.insert(
            "_links".to_owned(),
            json!({"next": {"name": "original", "href": href, "hints": {"allow": ["GET"]}}}),
        );
        Value::Object(document)
    }

    /// Any state before the end
    pub(super) fn open(&self, state: &State<'_>) -> Value {
        let mut document = self.head(self.status);
        let mut embedded = Map::new();
        let mut links = Map::new();
        if self.person.is_some() {
            embedded.insert("user".to_owned(), self.user());
        }
        // A locked account gets no token to go on with.
        if self.status != "LOCKED_OUT" {
            document.insert("stateToken".to_owned(), json!(state.token));
        }
        let mut next = |name: &str, path: &str| {
            let href = format!("{}{path}", self.origin);
            let link = json!({"name": name, "href": href, "hints": {"allow": ["POST"]}});
            links.insert("next".to_owned(), link);
        };
        match self.status {
            "MFA_REQUIRED" | "FACTOR_REQUIRED" => {
                let key = if state.under_factor {
                    "factor"
                } else {
                    "factors"
                };
                let factors = state.factors.iter();
                let factors = factors.map(|factor| factor.document(self.origin));
                embedded.insert(key.to_owned(), factors.collect());
                if let Some(types) = types(state.factors, self.origin) {
                    embedded.insert("factorTypes".to_owned(), types);
                }
                embedded.insert("policy".to_owned(), factor_policy(state));
            }
            "MFA_CHALLENGE" | "FACTOR_CHALLENGE" => {
                if let Some(challenge) = state.challenge {
                    challenge.fill(
                        &mut document,
                        &mut embedded,
                        &mut links,
                        state.factors,
                        self.origin,
                    );
                }
                embedded.insert("policy".to_owned(), factor_policy(state));
            }
            "MFA_ENROLL" | "FACTOR_ENROLL" => {
                let enrollment = if state.skippable {
                    "OPTIONAL"
                } else {
                    "REQUIRED"
                };
                embedded.insert("factors".to_owned(), self.enrollable(enrollment));
            }
            "MFA_ENROLL_ACTIVATE" | "FACTOR_ENROLL_ACTIVATE" => {
                embedded.insert(
                    "factor".to_owned(),
                    json!({
                        "id": "ostf1fmaMGJLMNGNLIVG", "factorType": "token:software:totp",
                        "provider": "OKTA", "status": "PENDING_ACTIVATION",
                        "_embedded": {"activation": {"timeStep": 30, "encoding": "base32", "keyLength": 6}},
                    }),
                );
                next(
                    "activate",
                    "/api/v1/authn/factors/ostf1fmaMGJLMNGNLIVG/lifecycle/activate",
                );
            }
            "PASSWORD_WARN" => {
                embedded.insert(
                    "policy".to_owned(),
                    json!({"expiration": {"passwordExpireDays": 5}}),
                );
                next(
                    "changePassword",
                    "/api/v1/authn/credentials/change_password",
                );
            }
            "PASSWORD_EXPIRED" => {
                embedded.insert(
                    "policy".to_owned(),
                    json!({"complexity": {"minLength": 12}}),
                );
                next(
                    "changePassword",
                    "/api/v1/authn/credentials/change_password",
                );
            }
            "PASSWORD_RESET" => {
                document.insert("recoveryType".to_owned(), json!("PASSWORD"));
                next("resetPassword", "/api/v1/authn/credentials/reset_password");
            }
            "LOCKED_OUT" => next("unlock", "/api/v1/authn/recovery/unlock"),
            "RECOVERY" => {
                document.insert("recoveryType".to_owned(), json!("PASSWORD"));
                next("answer", "/api/v1/authn/recovery/answer");
            }
            "RECOVERY_CHALLENGE" => {
                document.insert("recoveryType".to_owned(), json!("PASSWORD"));
                document.insert("factorType".to_owned(), json!("sms"));
                next("verify", "/api/v1/authn/recovery/factors/sms/verify");
            }
            "UNAUTHENTICATED" => next("authenticate", "/api/v1/authn"),
            "POLL" => {
                document.insert("profile".to_owned(), json!({"refresh": 4000}));
                next("poll", "/api/v1/authn/poll");
            }
            _ => {}
        }
        if state.skippable {
            links.insert("skip".to_owned(), self.link("skip"));
        }
        if self.status != "LOCKED_OUT" {
            links.insert("cancel".to_owned(), self.link("cancel"));
        }
        document.insert("_embedded".to_owned(), Value::Object(embedded));
        document.insert("_links".to_owned(), Value::Object(links));
        Value::Object(document)
    }

    fn head(&self, status: &str) -> Map<String, Value> {
        let mut document = Map::new();
        document.insert("expiresAt".to_owned(), json!(iso_date(self.ends_at)));
        document.insert("status".to_owned(), json!(status));
        document
    }

    fn user(&self) -> Value {
        let Some(person) = self.person else {
            return Value::Null;
        };
        json!({
            "id": USER_ID,
            "passwordChanged": "2024-02-29T12:34:56.000Z",
            "profile": {
                "login": person.login, "firstName": person.given_name,
                "lastName": person.family_name, "locale": "en", "timeZone": "America/Los_Angeles",
            },
        })
    }

    fn link(&self, name: &str) -> Value {
        json!({
            "href": format!("{}/api/v1/authn/{name}", self.origin),
            "hints": {"allow": ["POST"]},
        })
    }

    fn enrollable(&self, enrollment: &str) -> Value {
        json!([{
            "factorType": "token:software:totp", "provider": "GOOGLE", "vendorName": "GOOGLE",
            "status": "NOT_SETUP", "enrollment": enrollment,
            "_links": {"enroll": {
                "href": format!("{}/api/v1/authn/factors", self.origin),
                "hints": {"allow": ["POST"]},
            }},
        }])
    }
}

/// All security keys can be asked at once, where there are several
fn types(factors: &[OktaFactor], origin: &str) -> Option<Value> {
    let keys = factors.iter().filter(|one| one.factor_type == "webauthn");
    (keys.count() > 1).then(|| {
        json!([{"factorType": "webauthn", "_links": {"next": {
            "name": "verify",
            "href": format!("{origin}{BY_TYPE}"),
            "hints": {"allow": ["POST"]},
        }}}])
    })
}

fn factor_policy(state: &State<'_>) -> Value {
    let push = state.factors.iter().find(|one| one.factor_type == "push");
    let info: Map<String, Value> = push
        .map(|push| (push.id.clone(), json!({"autoPushEnabled": false})))
        .into_iter()
        .collect();
    json!({
        "allowRememberDevice": state.may_remember,
        "rememberDeviceLifetimeInMinutes": if state.may_remember { REMEMBERED / 60 } else { 0 },
        "rememberDeviceByDefault": false,
        "factorsPolicyInfo": info,
    })
}
