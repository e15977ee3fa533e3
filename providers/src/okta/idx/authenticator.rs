//! Which authenticator is which: from the engine's keys and methods to factors.

use doorward::Factor;
use doorward::passkey::{Binary, Passkey};
use serde_json::Value;

use super::document::{Choice, Document, Remediation, text};
use crate::okta::passkey::is_another;

/// An authenticator, as far as a document tells of it
#[derive(Clone, Default)]
pub(super) struct Authenticator {
    /// The engine's name for its kind; labels are translated, and organisations change them
    pub(super) key: String,
    /// The id of its own, and that of the authenticator that it is an enrolment of
    ids: Vec<String>,
    pub(super) methods: Vec<String>,
    pub(super) name: String,
    /// The number to choose on the phone
    pub(super) number: Option<String>,
    /// What a key is to sign
    pub(super) challenge: Option<Value>,
    credential_id: Option<String>,
}

/// What an authenticator asks of us
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Asked {
    Password,
    Factor(Factor),
    /// Something that cannot be answered without a browser or a device
    Other(String),
}

/// One way to answer a form with a choice of authenticators
pub(super) struct Offer<'a> {
    pub(super) choice: &'a Choice,
    pub(super) key: String,
    pub(super) method: Option<String>,
    pub(super) asked: Asked,
}

impl Authenticator {
    pub(super) fn read(json: &Value) -> Self {
        let method = |json: &Value| text(json, "/type").or_else(|| text(json, "/methodType"));
        let methods: Vec<String> = json
            .get("methods")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(method)
            .collect();
        let number = json.pointer("/contextualData/correctAnswer");
        Self {
            key: text(json, "/key")
                .or_else(|| key_of_type(&text(json, "/type")?, &methods).map(str::to_owned))
                .unwrap_or_default(),
            ids: ["/id", "/authenticatorId"]
                .iter()
                .filter_map(|pointer| text(json, pointer))
                .collect(),
            methods,
            name: text(json, "/displayName").unwrap_or_default(),
            number: number.and_then(as_text),
            challenge: json.pointer("/contextualData/challengeData").cloned(),
            credential_id: text(json, "/credentialId"),
        }
    }

    /// The one that is being asked for; what the two places say of it is put together
    pub(super) fn current(json: &Value) -> Option<Self> {
        let places = ["currentAuthenticator", "currentAuthenticatorEnrollment"];
        let found = places
            .iter()
            .filter_map(|place| json.get(place)?.get("value"))
            .map(Self::read);
        found.reduce(|first, second| Self {
            key: filled(first.key, second.key),
            ids: [first.ids, second.ids].concat(),
            methods: match first.methods.is_empty() {
                true => second.methods,
                false => first.methods,
            },
            name: filled(first.name, second.name),
            number: first.number.or(second.number),
            challenge: first.challenge.or(second.challenge),
            credential_id: first.credential_id.or(second.credential_id),
        })
    }

    pub(super) fn is_known(&self) -> bool {
        !self.key.is_empty() || !self.methods.is_empty()
    }

    /// The name of its credential, where it is a key
    pub(super) fn credential(&self) -> Option<Binary> {
        Binary::from_base64url(self.credential_id.as_deref()?).ok()
    }

    pub(super) fn has_id(&self, id: &str) -> bool {
        self.ids.iter().any(|own| own == id)
    }

    /// The method that a form of this authenticator is for
    pub(super) fn method_of(&self, form: &Remediation) -> Option<String> {
        let has = |name: &str| form.field(&["credentials", name]).is_some();
        let known = |method: &str| self.methods.iter().any(|own| own == method);
        if form.name == "challenge-poll" {
            let waits = ["push", "signed_nonce", "email"];
            return waits
                .iter()
                .find(|method| known(method))
                .map(|method| (*method).to_owned());
        }
        let by_field = [
            ("totp", "totp"),
            ("answer", "security_question"),
            ("clientData", "webauthn"),
        ];
        let by_field = by_field.iter().find(|(field, _)| has(field));
        match (by_field, self.key.as_str()) {
            (Some((_, method)), _) => Some((*method).to_owned()),
            (None, "okta_verify") if has("passcode") => Some("totp".to_owned()),
            _ => self.methods.first().cloned(),
        }
    }
}

impl Asked {
    /// The factor, if it is one
    pub(super) fn factor(&self) -> Option<&Factor> {
        match self {
            Self::Factor(factor) => Some(factor),
            Self::Password | Self::Other(_) => None,
        }
    }

    /// What an authenticator of this kind asks for with this method
    pub(super) fn of(key: &str, method: Option<&str>) -> Self {
        let okta = Some("okta".to_owned());
        let factor = match (key, method.unwrap_or_default()) {
            ("okta_password", _) | ("", "password") => return Self::Password,
            ("google_otp", _) => Factor::Totp(Some("google".to_owned())),
            ("okta_verify", "totp") | ("", "totp") => Factor::Totp(okta),
            ("okta_verify", "push") | ("", "push") => Factor::Push(okta),
            ("okta_email", _) | ("", "email") => Factor::Email(okta),
            ("phone_number", "voice") | ("", "voice") => Factor::Call(okta),
            ("phone_number", _) | ("", "sms") => Factor::Sms(okta),
            ("security_question", _) | ("", "security_question") => Factor::Question(okta),
            ("webauthn", _) | ("", "webauthn") => Factor::Webauthn(Some("fido".to_owned())),
            ("custom_app", "push") => Factor::Push(Some("custom_app".to_owned())),
            ("", "otp") => Factor::Hotp(None),
            (key, "otp") => Factor::Hotp(Some(maker(key).to_owned())),
            (key, "") if maker(key) != key || key == "tac" => {
                Factor::Hotp(Some(maker(key).to_owned()))
            }
            (key, "") => return Self::Other(key.to_owned()),
            (key, method) => return Self::Other(format!("{key}:{method}")),
        };
        Self::Factor(factor)
    }
}

/// The ways to answer the choice of authenticators in `form`; of keys, `passkey` alone is one
pub(super) fn offers<'a>(
    form: &'a Remediation,
    document: &Document,
    passkey: Option<&Passkey>,
) -> Vec<Offer<'a>> {
    let mut offers = Vec::new();
    let choices = form.field(&["authenticator"]);
    for choice in choices.iter().flat_map(|field| &field.options) {
        let known = choice.authenticator.as_ref();
        let key = known.map_or_else(String::new, |known| known.key.clone());
        for method in methods(choice, document) {
            offers.push(Offer {
                asked: match Asked::of(&key, method.as_deref()) {
                    Asked::Other(name) if name.is_empty() => Asked::Other(choice.label.clone()),
                    Asked::Factor(Factor::Webauthn(_))
                        if is_another(known.and_then(Authenticator::credential), passkey) =>
                    {
                        Asked::Other("webauthn:another_key".to_owned())
                    }
                    asked => asked,
                },
                choice,
                key: key.clone(),
                method,
            });
        }
    }
    offers
}

/// The methods that a choice leaves open; one that it does not name is none
fn methods(choice: &Choice, document: &Document) -> Vec<Option<String>> {
    let field = choice.field("methodType");
    if let Some(one) = field.and_then(|field| field.preset_text()) {
        return vec![Some(one.to_owned())];
    }
    let listed = field.map_or_else(Vec::new, |field| {
        field
            .options
            .iter()
            .map(|option| option.value.clone())
            .collect()
    });
    if !listed.is_empty() {
        return listed;
    }
    let known = choice.authenticator.as_ref();
    let id = choice.field("id").and_then(|field| field.preset_text());
    // An enrolment does not always list the methods that its authenticator has.
    let kind = document
        .authenticators
        .iter()
        .filter(|other| id.is_some_and(|id| other.has_id(id)));
    let mut lists = known.into_iter().chain(kind).map(|one| &one.methods);
    match lists.find(|list| !list.is_empty()) {
        Some(list) => list.iter().cloned().map(Some).collect(),
        None => vec![None],
    }
}

/// Older documents have no key
fn key_of_type(kind: &str, methods: &[String]) -> Option<&'static str> {
    let has = |method: &str| methods.iter().any(|own| own == method);
    Some(match kind {
        "password" => "okta_password",
        "email" => "okta_email",
        "phone" => "phone_number",
        "security_question" => "security_question",
        "security_key" if methods.is_empty() || has("webauthn") => "webauthn",
        "app" if has("push") || has("totp") || has("signed_nonce") => "okta_verify",
        "app" if has("otp") => "google_otp",
        _ => return None,
    })
}

fn filled(first: String, second: String) -> String {
    if first.is_empty() { second } else { first }
}

/// The Classic engine's word for whoever makes the codes of a device, so that `--factor` stays the same at both
fn maker(key: &str) -> &str {
    match key {
        "custom_otp" => "custom",
        "onprem_mfa" => "onprem",
        "rsa_token" => "rsa",
        "symantec_vip" => "symantec",
        "yubikey_token" => "yubico",
        key => key,
    }
}

/// A number as the document has it: a string, or a number
fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Asked;

    #[test]
    fn factors_are_called_as_at_the_older_engine() {
        for (key, method, name) in [
            ("google_otp", "otp", "totp:google"),
            ("okta_verify", "totp", "totp:okta"),
            ("okta_verify", "push", "push:okta"),
            ("okta_email", "email", "email:okta"),
            ("phone_number", "sms", "sms:okta"),
            ("phone_number", "voice", "call:okta"),
            ("security_question", "security_question", "question:okta"),
            ("webauthn", "webauthn", "webauthn:fido"),
            ("yubikey_token", "otp", "hotp:yubico"),
            ("rsa_token", "otp", "hotp:rsa"),
            ("symantec_vip", "", "hotp:symantec"),
            ("custom_otp", "otp", "hotp:custom"),
            ("tac", "", "hotp:tac"),
            ("brand_new", "otp", "hotp:brand_new"),
        ] {
            let Asked::Factor(factor) = Asked::of(key, Some(method)) else {
                panic!("{key} is no factor");
            };
            assert_eq!(factor.to_string(), name);
        }
    }

    #[test]
    fn what_needs_a_browser_or_a_device_is_no_factor() {
        for (key, method, name) in [
            ("okta_verify", "signed_nonce", "okta_verify:signed_nonce"),
            ("duo", "duo", "duo:duo"),
            ("smart_card_idp", "", "smart_card_idp"),
        ] {
            assert_eq!(Asked::of(key, Some(method)), Asked::Other(name.to_owned()));
        }
    }
}
