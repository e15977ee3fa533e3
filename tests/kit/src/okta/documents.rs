//! The transaction documents of `/api/v1/authn`.

use serde_json::{Map, Value, json};

use crate::clock::iso_date;
use crate::person::Person;

/// What every document shows
pub(super) struct Shown<'a> {
    pub(super) origin: &'a str,
    pub(super) ends_at: u64,
    pub(super) status: &'a str,
    pub(super) person: Option<&'a Person>,
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
    pub(super) fn open(&self, state_token: &str, skippable: bool, under_factor: bool) -> Value {
        let mut document = self.head(self.status);
        let mut embedded = Map::new();
        let mut links = Map::new();
        if self.person.is_some() {
            embedded.insert("user".to_owned(), self.user());
        }
        // A locked account gets no token to go on with.
        if self.status != "LOCKED_OUT" {
            document.insert("stateToken".to_owned(), json!(state_token));
        }
        let mut next = |name: &str, path: &str| {
            let href = format!("{}{path}", self.origin);
            let link = json!({"name": name, "href": href, "hints": {"allow": ["POST"]}});
            links.insert("next".to_owned(), link);
        };
        match self.status {
            "MFA_REQUIRED" | "FACTOR_REQUIRED" => {
                let key = if under_factor { "factor" } else { "factors" };
                embedded.insert(key.to_owned(), self.factors());
                embedded.insert("policy".to_owned(), factor_policy());
            }
            "MFA_CHALLENGE" | "FACTOR_CHALLENGE" => {
                let first = self.factors().get(0).cloned().unwrap_or_default();
                embedded.insert("factor".to_owned(), first);
                document.insert("factorResult".to_owned(), json!("WAITING"));
                next(
                    "poll",
                    "/api/v1/authn/factors/opf3hkfocI4JTLAju0g4/verify/poll",
                );
            }
            "MFA_ENROLL" | "FACTOR_ENROLL" => {
                let enrollment = if skippable { "OPTIONAL" } else { "REQUIRED" };
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
        if skippable {
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
            "id": "00u1a2b3c4D5e6F7g8h9",
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

    /// Two of nearly every kind, and two that nobody has heard of
    fn factors(&self) -> Value {
        let factor = |id: &str, kind: &str, provider: &str, profile: Value| {
            json!({
                "id": id, "factorType": kind, "provider": provider, "vendorName": provider,
                "profile": profile,
                "_links": {"verify": {
                    "href": format!("{}/api/v1/authn/factors/{id}/verify", self.origin),
                    "hints": {"allow": ["POST"]},
                }},
            })
        };
        let name = self.person.map(|person| person.login.as_str());
        json!([
            factor("opf3hkfocI4JTLAju0g4", "push", "OKTA", json!({})),
            factor(
                "ost1i2k3g4CEDOYMVVYU",
                "token:software:totp",
                "OKTA",
                json!({})
            ),
            factor(
                "uft2m3n4o5GOOGLEABCD",
                "token:software:totp",
                "GOOGLE",
                json!({"credentialId": name})
            ),
            factor(
                "fwf1webauthnAAAAAAAA",
                "webauthn",
                "FIDO",
                json!({"credentialId": "aGVsbG8", "authenticatorName": "Key A"})
            ),
            factor(
                "fwf2webauthnBBBBBBBB",
                "webauthn",
                "FIDO",
                json!({"credentialId": "d29ybGQ", "authenticatorName": "Key B"})
            ),
            factor(
                "sms193zUBEROPBNZKPPE",
                "sms",
                "OKTA",
                json!({"phoneNumber": "+1 XXX-XXX-1337"})
            ),
            factor(
                "ufs1pe3ISGKGPYKXRBKK",
                "question",
                "OKTA",
                json!({"question": "disliked_food", "questionText": "What is the food you least liked as a child?"})
            ),
            factor(
                "xyz9telepathy0000000",
                "telepathy",
                "ACME",
                json!({"distance": 7})
            ),
            factor(
                "abc9totpofunknownABC",
                "token:software:totp",
                "UNHEARD_OF",
                json!({})
            ),
        ])
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

fn factor_policy() -> Value {
    json!({
        "allowRememberDevice": true, "rememberDeviceLifetimeInMinutes": 15,
        "rememberDeviceByDefault": false,
        "factorsPolicyInfo": {"opf3hkfocI4JTLAju0g4": {"autoPushEnabled": false}},
    })
}
