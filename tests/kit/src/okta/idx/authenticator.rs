//! What somebody has enrolled, as the Identity Engine puts it together.

use serde_json::{Value, json};

use crate::keys::s256;
use crate::okta::assertion::PARTS;
use crate::okta::factor::{OktaFactor, Proof};
use crate::person::Person;

/// A way to prove who one is: the password, or factors of one kind
pub(super) struct Authenticator {
    pub(super) key: String,
    pub(super) label: String,
    /// The id of the kind; two of one kind share it
    pub(super) id: String,
    /// Nothing for the password; several for the methods of one device, and for security keys
    factors: Vec<OktaFactor>,
}

impl Authenticator {
    /// All that somebody has at this org, the password first
    pub(super) fn all(person: Option<&Person>, org_id: &str) -> Vec<Self> {
        let mut all = vec![Self::new("okta_password".to_owned(), Vec::new(), org_id)];
        for factor in person.iter().flat_map(|person| &person.factors) {
            match all.iter_mut().find(|one| one.takes(factor)) {
                Some(same) => same.factors.push(factor.clone()),
                None => all.push(Self::new(key_of(factor), vec![factor.clone()], org_id)),
            }
        }
        all
    }

    fn new(key: String, factors: Vec<OktaFactor>, org_id: &str) -> Self {
        let digest = s256(&format!("{org_id} {key}"));
        let letters = digest.chars().filter(char::is_ascii_alphanumeric);
        let label = factors.iter().find_map(|factor| factor.label.clone());
        Self {
            id: format!("aut{}", letters.take(17).collect::<String>()),
            label: label.unwrap_or_else(|| label_of(&key).to_owned()),
            key,
            factors,
        }
    }

    /// Whether a factor belongs to what is here already
    fn takes(&self, factor: &OktaFactor) -> bool {
        let same_phone = || {
            let first = self.factors.first();
            first.is_some_and(|first| first.address == factor.address)
        };
        self.key == key_of(factor)
            && match self.key.as_str() {
                "okta_verify" | "webauthn" => true,
                "phone_number" => same_phone(),
                _ => false,
            }
    }

    pub(super) fn is_password(&self) -> bool {
        self.factors.is_empty()
    }

    /// The names of its methods, in the order of enrolment
    pub(super) fn methods(&self) -> Vec<&'static str> {
        if self.is_password() {
            return vec!["password"];
        }
        let mut methods = Vec::new();
        for method in self.factors.iter().map(method_of) {
            if !methods.contains(&method) {
                methods.push(method);
            }
        }
        methods
    }

    /// The factors of a method: one, or all security keys
    pub(super) fn factors(&self, method: &str) -> Vec<OktaFactor> {
        let such = |factor: &&OktaFactor| method_of(factor) == method;
        self.factors.iter().filter(such).cloned().collect()
    }

    /// Whether it gets codes, and so waits to be told how
    pub(super) fn is_sent(&self) -> bool {
        let first = self.factors.first();
        first.is_some_and(|first| first.proof == Proof::Sent)
    }

    /// The names in `credentials` that answer a challenge
    pub(super) fn answer_fields(&self, method: &str) -> &'static [&'static str] {
        match method {
            "totp" => &["totp"],
            "security_question" => &["questionKey", "answer"],
            "webauthn" => &PARTS,
            "duo" => &["signatureData"],
            UNKNOWN => &[UNKNOWN],
            _ => &["passcode"],
        }
    }

    /// Key and text of a question
    pub(super) fn question(&self) -> Option<(&str, &str)> {
        let profile = &self.factors.first()?.profile;
        let text = |name: &str| profile.get(name).and_then(Value::as_str);
        (self.key == "security_question").then_some((text("question")?, text("questionText")?))
    }

    pub(super) fn enrollment_id(&self) -> String {
        let first = self.factors.first();
        enrollment_id(first.map_or(&self.id, |factor| &factor.id))
    }

    /// The kind, as the list of them has it
    pub(super) fn kind(&self) -> Value {
        json!({
            "type": type_of(&self.key), "key": self.key, "id": self.id, "displayName": self.label,
            "methods": self.method_list(),
        })
    }

    /// The enrolments, as the list of them has them: one for each security key, and one for all methods else
    pub(super) fn enrollments(&self) -> Vec<Value> {
        let of = |id: String, profile: Option<&Value>| {
            let mut value = json!({
                "type": type_of(&self.key), "key": self.key, "id": id, "authenticatorId": self.id,
                "displayName": self.label, "methods": self.method_list(),
            });
            let told = |name: &str| profile.and_then(|profile| profile.get(name));
            for name in ["phoneNumber", "email"] {
                if let Some(shown) = told(name) {
                    value["profile"] = json!({name: shown});
                }
            }
            if let Some(id) = told("credentialId").filter(|_| self.key == "webauthn") {
                value["credentialId"] = id.clone();
            }
            value
        };
        match self.key.as_str() {
            "webauthn" => {
                let keys = self.factors.iter();
                keys.map(|key| of(enrollment_id(&key.id), Some(&key.profile)))
                    .collect()
            }
            _ => {
                let first = self.factors.first();
                vec![of(self.enrollment_id(), first.map(|first| &first.profile))]
            }
        }
    }

    fn method_list(&self) -> Vec<Value> {
        let methods = self.methods().into_iter();
        methods.map(|method| json!({"type": method})).collect()
    }
}

fn enrollment_id(id: &str) -> String {
    format!("pae{}", id.get(3..).unwrap_or_default())
}

fn key_of(factor: &OktaFactor) -> String {
    let key = match (factor.factor_type.as_str(), factor.provider.as_str()) {
        ("token:software:totp", "GOOGLE") => "google_otp",
        ("token:software:totp" | "push" | "signed_nonce", "OKTA") => "okta_verify",
        ("token:software:totp" | "token:hotp", _) => "custom_otp",
        ("token:hardware", "YUBICO") => "yubikey_token",
        ("token", "RSA") => "rsa_token",
        ("token", "SYMANTEC") => "symantec_vip",
        ("sms" | "call", _) => "phone_number",
        ("email", _) => "okta_email",
        ("question", _) => "security_question",
        ("web", "DUO") => "duo",
        ("claims_provider", _) => "external_idp",
        (other, _) => other,
    };
    key.to_owned()
}

fn method_of(factor: &OktaFactor) -> &'static str {
    match (factor.factor_type.as_str(), factor.provider.as_str()) {
        ("token:software:totp", "OKTA") => "totp",
        ("token:software:totp" | "token:hotp" | "token:hardware" | "token", _) => "otp",
        ("push", _) => "push",
        ("signed_nonce", _) => "signed_nonce",
        ("sms", _) => "sms",
        ("call", _) => "voice",
        ("email", _) => "email",
        ("question", _) => "security_question",
        ("webauthn", _) => "webauthn",
        ("web", "DUO") => "duo",
        ("claims_provider", _) => "idp",
        _ => UNKNOWN,
    }
}

fn type_of(key: &str) -> &str {
    match key {
        "okta_password" => "password",
        "google_otp" | "okta_verify" | "duo" => "app",
        "phone_number" => "phone",
        "okta_email" => "email",
        "webauthn" | "yubikey_token" | "custom_otp" | "rsa_token" | "symantec_vip" => {
            "security_key"
        }
        "external_idp" => "federated",
        other => other,
    }
}

fn label_of(key: &str) -> &str {
    match key {
        "okta_password" => "Password",
        "google_otp" => "Google Authenticator",
        "okta_verify" => "Okta Verify",
        "duo" => "Duo Security",
        "phone_number" => "Phone",
        "okta_email" => "Email",
        "security_question" => "Security Question",
        "webauthn" => "Security Key or Biometric",
        "yubikey_token" => "YubiKey Authenticator",
        "custom_otp" => "Custom OTP",
        "rsa_token" => "RSA SecurID",
        "symantec_vip" => "Symantec VIP",
        _ => "Telepathy",
    }
}

/// The method, and its field, of what no client has heard of
const UNKNOWN: &str = "thought";
