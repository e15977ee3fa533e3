//! The parts of a document that can be sent.

use serde_json::{Map, Value, json};

use crate::okta::idx::PARTNER_ID;
use crate::okta::idx::authenticator::Authenticator;
use crate::okta::idx::refusals::{ION, Message};
use crate::okta::idx::switches::{Accepts, IdxSwitches, MethodType, RelatesTo};
use crate::okta::idx::transaction::Transaction;

/// Writes forms with the handle of one document
pub(super) struct Forms<'a> {
    pub(super) origin: &'a str,
    pub(super) switches: &'a IdxSwitches,
    pub(super) enrolled: &'a [Authenticator],
    pub(super) transaction: &'a Transaction,
}

impl Forms<'_> {
    /// A form with these fields and the handle
    pub(super) fn form(&self, name: &str, path: &str, mut fields: Vec<Value>) -> Value {
        fields.push(json!({
            "name": "stateHandle", "required": true, "value": self.transaction.form,
            "visible": false, "mutable": false,
        }));
        let mut form = json!({
            "rel": ["create-form"],
            "name": name,
            "href": format!("{}/idp/idx/{path}", self.origin),
            "method": "POST",
            "produces": ION,
            "value": fields,
        });
        let accepts = match self.switches.accepts {
            Accepts::Json => "application/json; okta-version=1.0.0",
            Accepts::Vendor => "application/vnd.okta.v1+json",
            Accepts::Expression => "application\\/(vnd\\.okta\\.v1\\+)?json(;\\s*okta-version=.*)?",
            Accepts::Missing => return form,
        };
        form["accepts"] = json!(accepts);
        form
    }

    /// The way to the other provider, which is a link
    pub(super) fn redirect(&self, name: &str) -> Value {
        json!({
            "name": "redirect-idp",
            "type": "OIDC",
            "idp": {"id": PARTNER_ID, "name": name},
            "href": format!(
                "{}/sso/idps/{PARTNER_ID}?stateToken={}",
                self.origin, self.transaction.short
            ),
            "method": "GET",
        })
    }

    /// A form that is polled
    pub(super) fn poll(&self, name: &str, path: &str) -> Value {
        let mut form = self.form(name, path, Vec::new());
        let refresh = u64::try_from(self.switches.refresh.as_millis()).unwrap_or(u64::MAX);
        form["refresh"] = json!(refresh);
        form
    }

    pub(super) fn identify(&self, credentials: bool, captcha: bool) -> Value {
        let mut fields = vec![json!({"name": "identifier", "label": "Username", "required": true})];
        if credentials {
            // No field of the inner form says that it is required: the outer one does.
            fields.push(json!({
                "name": "credentials", "type": "object", "required": true,
                "form": {"value": [{"name": "passcode", "label": "Password", "secret": true}]},
            }));
        }
        fields.push(json!({"name": "rememberMe", "label": "Keep me signed in", "type": "boolean"}));
        if captcha {
            fields.push(json!({
                "name": "captchaVerify", "type": "object",
                "form": {"value": [
                    {"name": "captchaId", "required": true, "value": CAPTCHA_ID, "mutable": false},
                    {"name": "captchaToken", "required": true, "label": "captcha.token"},
                ]},
            }));
        }
        self.form("identify", "identify", fields)
    }

    pub(super) fn select(&self, places: &[usize]) -> Value {
        let options: Vec<Value> = places
            .iter()
            .flat_map(|&place| self.options(place))
            .collect();
        let field = json!({"name": "authenticator", "type": "object", "options": options});
        self.form(
            "select-authenticator-authenticate",
            "challenge",
            vec![field],
        )
    }

    /// The form that starts one authenticator
    pub(super) fn confirm(&self, name: &str, place: usize, method: Option<&str>) -> Value {
        let Some(authenticator) = self.enrolled.get(place) else {
            return Value::Null;
        };
        let mut fields = vec![fixed("id", &authenticator.id, true)];
        let methods = authenticator.methods();
        match (method, methods.as_slice()) {
            (Some(method), _) => fields.push(fixed("methodType", method, true)),
            (None, [method]) => fields.push(fixed("methodType", method, false)),
            (None, methods) => fields.push(method_options(methods, true)),
        }
        if self.needs_enrollment_id(place) {
            fields.push(fixed("enrollmentId", &authenticator.enrollment_id(), true));
        }
        if methods.contains(&"push") && method.is_none() {
            fields.push(json!({
                "name": "autoChallenge", "type": "boolean", "required": false,
                "label": "Send push automatically",
            }));
        }
        let field = json!({
            "name": "authenticator", "type": "object", "label": authenticator.label,
            "value": {"form": {"value": fields}},
        });
        let mut form = self.form(name, "challenge", vec![field]);
        form["relatesTo"] = self.pointer_to(place);
        form
    }

    /// The form that answers a challenge; a message may stand at its field
    pub(super) fn answer(&self, place: usize, method: &str, message: Option<&Message>) -> Value {
        let Some(authenticator) = self.enrolled.get(place) else {
            return Value::Null;
        };
        let mut fields: Vec<Value> = authenticator
            .answer_fields(method)
            .iter()
            .map(|&name| match authenticator.question() {
                Some((key, question)) if name == "questionKey" => json!({
                    "name": name, "label": question, "required": true, "value": key, "mutable": false,
                    "visible": false,
                }),
                _ if authenticator.is_password() => {
                    json!({"name": name, "label": "Password", "secret": true})
                }
                _ => json!({"name": name, "label": "Enter code", "required": true}),
            })
            .collect();
        if let (Some(message), Some(field)) = (message, fields.last_mut()) {
            field["messages"] = Message::list(std::slice::from_ref(message));
        }
        let field = json!({
            "name": "credentials", "type": "object", "required": true, "form": {"value": fields},
        });
        let mut form = self.form("challenge-authenticator", "challenge/answer", vec![field]);
        form["relatesTo"] = self.pointer("$.currentAuthenticator");
        form
    }

    /// Adds the lists of all kinds and of all enrolments
    pub(super) fn lists(&self, parts: &mut Map<String, Value>) {
        let mut kinds: Vec<Value> = Vec::new();
        for one in self.enrolled {
            let known = |kind: &Value| kind.get("key") == Some(&json!(one.key));
            if !kinds.iter().any(known) {
                kinds.push(one.kind());
            }
        }
        let enrollments = self.enrolled.iter().flat_map(Authenticator::enrollments);
        let enrollments: Vec<Value> = enrollments.collect();
        for (name, list) in [
            ("authenticators", kinds),
            ("authenticatorEnrollments", enrollments),
        ] {
            parts.insert(name.to_owned(), json!({"type": "array", "value": list}));
        }
    }

    /// How a document points at a part of itself
    pub(super) fn pointer(&self, path: &str) -> Value {
        match self.switches.relates_to {
            RelatesTo::Path => json!(path),
            RelatesTo::List => json!([path]),
            RelatesTo::Dangling => json!("$.authenticatorEnrollments.value[97]"),
            RelatesTo::Bare => {
                json!(
                    path.trim_start_matches("$.")
                        .split('.')
                        .next()
                        .unwrap_or_default()
                )
            }
        }
    }

    /// How a document points at an enrolment, or at the kind where several keys are one choice
    fn pointer_to(&self, place: usize) -> Value {
        let before = self.enrolled.get(..place).unwrap_or_default();
        let several = |one: &Authenticator| one.enrollments().len() > 1;
        if self.enrolled.get(place).is_some_and(several) {
            let mut kinds: Vec<&str> = before.iter().map(|one| one.key.as_str()).collect();
            kinds.dedup();
            return self.pointer(&format!("$.authenticators.value[{}]", kinds.len()));
        }
        let count: usize = before.iter().map(|one| one.enrollments().len()).sum();
        self.pointer(&format!("$.authenticatorEnrollments.value[{count}]"))
    }

    /// Whether the id alone does not say which enrolment is meant
    pub(super) fn needs_enrollment_id(&self, place: usize) -> bool {
        needs_enrollment_id(self.enrolled, place)
    }

    fn options(&self, place: usize) -> Vec<Value> {
        let Some(authenticator) = self.enrolled.get(place) else {
            return Vec::new();
        };
        let methods = authenticator.methods();
        let fields: Vec<Option<Value>> = match (self.switches.method_type, methods.as_slice()) {
            (MethodType::Options, methods) => vec![Some(method_options(methods, true))],
            (MethodType::Value, methods) => methods
                .iter()
                .map(|method| Some(fixed("methodType", method, true)))
                .collect(),
            _ if !lists_method(authenticator, self.switches.method_type) => vec![None],
            (_, [method]) => vec![Some(fixed("methodType", method, false))],
            (_, methods) => vec![Some(method_options(
                methods,
                authenticator.key == "okta_verify",
            ))],
        };
        fields
            .into_iter()
            .map(|method| {
                let mut values = vec![fixed("id", &authenticator.id, true)];
                values.extend(method);
                if self.needs_enrollment_id(place) {
                    values.push(fixed("enrollmentId", &authenticator.enrollment_id(), true));
                }
                let form = json!({"value": values});
                let mut option = json!({"label": authenticator.label});
                if self.switches.option_form {
                    option["form"] = form;
                } else {
                    option["value"] = json!({"form": form});
                }
                option["relatesTo"] = self.pointer_to(place);
                option
            })
            .collect()
    }
}

/// Whether options name a method of this authenticator
pub(super) fn lists_method(authenticator: &Authenticator, shape: MethodType) -> bool {
    shape != MethodType::Mixed || !WITHOUT_METHOD.contains(&authenticator.key.as_str())
}

/// Whether there are two enrolments of one kind
pub(super) fn needs_enrollment_id(enrolled: &[Authenticator], place: usize) -> bool {
    enrolled.get(place).is_some_and(|one| {
        one.key == "phone_number"
            || enrolled.iter().filter(|other| other.key == one.key).count() > 1
    })
}

fn fixed(name: &str, value: &str, required: bool) -> Value {
    json!({"name": name, "required": required, "value": value, "mutable": false})
}

fn method_options(methods: &[&str], required: bool) -> Value {
    let options: Vec<Value> = methods
        .iter()
        .map(|&method| json!({"label": label_of(method), "value": method}))
        .collect();
    json!({"name": "methodType", "type": "string", "required": required, "options": options})
}

fn label_of(method: &str) -> &str {
    match method {
        "sms" => "SMS",
        "voice" => "Voice call",
        "push" => "Get a push notification",
        "totp" => "Enter a code",
        "signed_nonce" => "Use Okta FastPass",
        other => other,
    }
}

/// Kinds whose options hold the id alone
const WITHOUT_METHOD: [&str; 2] = ["google_otp", "security_question"];
pub(super) const CAPTCHA_ID: &str = "cap4k7mQpZ2sVd1Lx0g4";
