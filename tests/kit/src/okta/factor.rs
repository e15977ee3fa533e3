//! Factors that an account has enrolled, with what the org needs to verify them.

mod push;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::okta::{assertion, otp};
use crate::random;

pub(crate) use push::Push;
pub use push::PushAnswer;

/// Something that an account has enrolled besides its password
///
/// The Classic engine lists each as it is. The Identity Engine puts together what belongs to one authenticator: the
/// methods of the vendor's own app, the text and the call of one phone, and all security keys.
///
/// The test keeps a copy of what it enrols, and reads seeds and codes from it.
///
/// ```
/// use doorward_testkit::{OktaFactor, OktaSwitches, OrgFactor, Testbed, USER};
///
/// let totp = OktaFactor::totp("GOOGLE");
/// let bed = Testbed::builder()
///     .enroll(USER, &totp)
///     .okta(OktaSwitches { org_factor: OrgFactor::Always, ..OktaSwitches::default() })
///     .start()?;
/// let code = totp.code_at(bed.clock().seconds());
/// assert_eq!(code.map(|code| code.len()), Some(6));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct OktaFactor {
    pub(crate) id: String,
    pub(crate) factor_type: String,
    pub(crate) provider: String,
    /// The name that the org shows, where it is not that of the kind
    pub(crate) label: Option<String>,
    pub(crate) profile: Value,
    /// Where codes are sent to
    pub(crate) address: String,
    pub(crate) proof: Proof,
}

/// What shows that somebody has a factor
#[derive(Clone, Eq, PartialEq)]
pub(crate) enum Proof {
    Totp(Vec<u8>),
    Hotp(Vec<u8>),
    /// Each of these codes, once
    Codes(Vec<String>),
    Answer(String),
    /// A code that was sent to somewhere
    Sent,
    Push(Push),
    /// A signature; the P-256 point of the key, none where nobody has it
    Assertion(Option<Vec<u8>>),
    /// A login at another provider
    Redirect,
    /// The old frame of another vendor, which this double does not play
    Duo,
    /// Nothing that this double knows
    Unknown,
}

impl OktaFactor {
    /// Codes by time: SHA-1, six digits, 30 seconds; the provider is `OKTA` or `GOOGLE`, the seed random
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc6238>
    pub fn totp(provider: &str) -> Self {
        let prefix = if provider == "OKTA" { "ost" } else { "uft" };
        // Okta Verify tells nothing about itself before the login is done.
        let profile = if provider == "OKTA" {
            json!({})
        } else {
            json!({"credentialId": "jdoe@acme.test"})
        };
        let proof = Proof::Totp(random::bytes(SEED));
        Self::new(prefix, "token:software:totp", provider, profile, proof)
    }

    /// Codes by count, six digits
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc4226>
    pub fn hotp() -> Self {
        let proof = Proof::Hotp(random::bytes(SEED));
        let profile = json!({"credentialId": "jdoe@acme.test"});
        Self::new("hot", "token:hotp", "CUSTOM", profile, proof).label("Entrust")
    }

    /// A token of which only some codes are known, each good once: `token` or `token:hardware`
    pub fn codes(factor_type: &str, provider: &str, codes: &[&str]) -> Self {
        let prefix = match provider {
            "RSA" => "rsa",
            "YUBICO" => "ykf",
            _ => "ufv",
        };
        let codes = codes.iter().map(|&code| code.to_owned()).collect();
        let profile = json!({"credentialId": "dade.murphy@acme.test"});
        Self::new(prefix, factor_type, provider, profile, Proof::Codes(codes))
    }

    /// A question, with its answer
    pub fn question(text: &str, answer: &str) -> Self {
        let profile = json!({"question": "own_question", "questionText": text});
        let proof = Proof::Answer(answer.to_owned());
        Self::new("ufs", "question", "OKTA", profile, proof)
    }

    /// A code by text message
    pub fn sms() -> Self {
        Self::new("sms", "sms", "OKTA", json!({}), Proof::Sent).to(PHONE)
    }

    /// A code by phone call
    pub fn call() -> Self {
        let profile = json!({"phoneExtension": ""});
        Self::new("clf", "call", "OKTA", profile, Proof::Sent).to(PHONE)
    }

    /// A code by mail
    pub fn email() -> Self {
        Self::new("emf", "email", "OKTA", json!({}), Proof::Sent).to("jane@acme.test")
    }

    /// Replaces the number or the address that codes are sent to, of which the org shows a part
    #[must_use]
    pub fn to(mut self, address: &str) -> Self {
        address.clone_into(&mut self.address);
        let (name, shown) = match address.split_once('@') {
            Some((user, host)) => {
                let ends = (user.chars().next(), user.chars().last());
                let [first, last] = [ends.0, ends.1].map(Option::unwrap_or_default);
                ("email", format!("{first}...{last}@{host}"))
            }
            None => {
                let from = address.len().saturating_sub(4);
                let last = address.get(from..).unwrap_or_default();
                ("phoneNumber", format!("+1 XXX-XXX-{last}"))
            }
        };
        self.profile[name] = json!(shown);
        self
    }

    /// The method of the vendor's own app that only the device itself can answer; the Classic engine cannot verify it
    pub fn fastpass() -> Self {
        Self::new("sgn", "signed_nonce", "OKTA", json!({}), Proof::Unknown)
    }

    /// A push that is answered after so many polls that are told to wait
    pub fn push(answer: PushAnswer, after: usize) -> Self {
        let push = Push {
            answer,
            after,
            number: None,
        };
        Self::new("opf", "push", "OKTA", json!({}), Proof::Push(push))
    }

    /// Asks for a number besides the tap; the answer to that poll, counted from one, is the first to tell it
    ///
    /// The Identity Engine tells it at once.
    #[must_use]
    pub fn number(mut self, number: u32, from_poll: usize) -> Self {
        if let Proof::Push(push) = &mut self.proof {
            push.number = Some((number, from_poll));
        }
        self
    }

    /// A security key or passkey with its P-256 public key: SPKI in DER, COSE, or the uncompressed point
    ///
    /// A key that is none of these is listed, and fits no signature.
    ///
    /// Source: <https://www.w3.org/TR/webauthn-3/>
    pub fn webauthn(credential_id: &[u8], public_key: &[u8]) -> Self {
        let profile = json!({
            "credentialId": URL_SAFE_NO_PAD.encode(credential_id),
            "appId": null, "version": null, "authenticatorName": "Security Key",
        });
        let proof = Proof::Assertion(assertion::point(public_key));
        Self::new("fwf", "webauthn", "FIDO", profile, proof)
    }

    /// A login at [`crate::PARTNER_HOST`], a portal's form, with the same user name and password
    pub fn claims_provider() -> Self {
        let profile = json!({});
        Self::new("clp", "claims_provider", "CUSTOM", profile, Proof::Redirect).label("Partner IdP")
    }

    /// Duo's old frame; it can be chosen, and waits for ever
    pub fn duo() -> Self {
        let profile = json!({"credentialId": "jdoe"});
        Self::new("dsf", "web", "DUO", profile, Proof::Duo)
    }

    /// A kind that nobody has heard of; choosing it fails
    pub fn unknown(factor_type: &str, provider: &str) -> Self {
        let profile = json!({"distance": 7});
        Self::new("xyz", factor_type, provider, profile, Proof::Unknown)
    }

    /// Replaces the name that the org shows: the vendor's in the Classic engine, the label in the Identity Engine
    #[must_use]
    pub fn label(mut self, name: &str) -> Self {
        self.label = Some(name.to_owned());
        self
    }

    /// Replaces what the org tells about the factor
    #[must_use]
    pub fn profile(mut self, profile: Value) -> Self {
        self.profile = profile;
        self
    }

    /// The id in the factor's URLs
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The seed in base32, of factors with codes by time or count
    pub fn seed(&self) -> Option<String> {
        match &self.proof {
            Proof::Totp(seed) | Proof::Hotp(seed) => Some(otp::base32(seed)),
            _ => None,
        }
    }

    /// The code at that time, in seconds since 1970, of a factor with codes by time
    pub fn code_at(&self, seconds: u64) -> Option<String> {
        match &self.proof {
            Proof::Totp(seed) => Some(otp::code(seed, seconds / otp::STEP)),
            _ => None,
        }
    }

    /// The code of that number, counted from zero, of a factor with codes by count or with a list
    pub fn code_number(&self, number: u64) -> Option<String> {
        match &self.proof {
            Proof::Hotp(seed) => Some(otp::code(seed, number)),
            Proof::Codes(codes) => codes.get(usize::try_from(number).ok()?).cloned(),
            _ => None,
        }
    }

    /// What no log may show
    pub(crate) fn secrets(&self) -> Vec<String> {
        match &self.proof {
            Proof::Totp(_) | Proof::Hotp(_) => self.seed().into_iter().collect(),
            Proof::Codes(codes) => codes.clone(),
            Proof::Answer(answer) => vec![answer.clone()],
            _ => Vec::new(),
        }
    }

    /// The factor as an answer lists it
    pub(crate) fn document(&self, origin: &str) -> Value {
        let mut document = self.bare();
        if let Some(fields) = document.as_object_mut() {
            let href = format!("{origin}{}", self.verify_path());
            let link = json!({"verify": {"href": href, "hints": {"allow": ["POST"]}}});
            fields.insert("_links".to_owned(), link);
        }
        document
    }

    /// The factor without links, as a challenge names it
    pub(crate) fn bare(&self) -> Value {
        json!({
            "id": self.id, "factorType": self.factor_type, "provider": self.provider,
            "vendorName": self.label.as_ref().unwrap_or(&self.provider), "profile": self.profile,
        })
    }

    pub(crate) fn verify_path(&self) -> String {
        format!("/api/v1/authn/factors/{}/verify", self.id)
    }

    fn new(prefix: &str, factor_type: &str, provider: &str, profile: Value, proof: Proof) -> Self {
        Self {
            id: format!("{prefix}{}", random::alphanumeric(17)),
            factor_type: factor_type.to_owned(),
            provider: provider.to_owned(),
            label: None,
            profile,
            address: String::new(),
            proof,
        }
    }
}

impl fmt::Debug for OktaFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OktaFactor")
            .field("id", &self.id)
            .field("factor_type", &self.factor_type)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

const SEED: usize = 20;
const PHONE: &str = "+15551231337";
