//! A passkey in software: a WebAuthn authenticator and the browser's part around it, whose key is a CI secret.
//!
//! ```
//! use doorward::passkey::{AssertionRequest, Binary, Passkey, RegistrationRequest};
//! use url::Url;
//!
//! // Once: the options come from the page or the API that enrols, and go back with the answer.
//! let page = Url::parse("https://id.example.com/enroll")?;
//! let options = br#"{ "challenge": "AAECAwQFBgcICQoLDA0ODw", "rp": { "name": "Example" },
//!     "user": { "id": "Y2ktYm90", "name": "ci-bot", "displayName": "CI" },
//!     "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }] }"#;
//! let request = RegistrationRequest::parse(&page, options)?;
//! let passkey = Passkey::for_request(&request)?;
//! let answer = passkey.register(&request)?.to_json();
//! let secret = passkey.to_secret()?; // for the CI system
//!
//! // At each login
//! let passkey = Passkey::parse(&secret)?;
//! let page = Url::parse("https://id.example.com/login")?;
//! let request = AssertionRequest::new(&page, Binary::from_base64url("Dw4NDAsKCQgHBgUEAwIBAA")?);
//! let assertion = passkey.assert(&request)?;
//! assert_eq!(answer["id"], assertion.credential_id().to_base64url());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The secret
//!
//! A PEM private key for P-256 (`PRIVATE KEY` or `EC PRIVATE KEY`, not encrypted), with lines `name: value` before or after it,
//! each of which may be missing, and lines of comment that begin with `#`; or the base64 of all that, for CI systems
//! that can mask only one line:
//!
//! - `rp-id`: the relying party that the passkey is for. Without it any named page may ask for its own.
//! - `user-handle`: the relying party's name for the user, as base64url. Without it none is sent.
//! - `credential-id`: as base64url. Without it the SHA-256 of the public key (its DER `SubjectPublicKeyInfo`), so that a bare
//!   PEM is enough for a passkey that [`Passkey::register`] enrolled.
//! - `sign-counter`: `zero` (as without it) or `clock`; [`SignCounter`] says which.
//!
//! # What it vouches for
//!
//! The answer says that a user was present and, where wanted, verified. Neither can be true in a pipeline: whoever may give
//! the job its secret is taken to be the user. The page's origin is checked as a browser does it; that the page is one that may
//! have an answer at all is for the caller to see to.
//!
//! Source: <https://www.w3.org/TR/webauthn-3/>

use std::fmt;

use jiff::Timestamp;
use url::Url;

use crate::passkey::assertion::Signature;
use crate::passkey::authenticator_data::{attestation_object, authenticator_data};
use crate::passkey::client_data::{Ceremony, client_data, sha256};
use crate::passkey::key::SigningKey;
use crate::passkey::options::{MOST_CHALLENGE, MOST_CREDENTIAL_ID, MOST_USER_HANDLE};
use crate::passkey::rp_id::{Asker, check_domain};
use crate::secret::Secret;

mod assertion;
pub use assertion::{Assertion, AssertionRequest};

mod authenticator_data;

mod binary;
pub use binary::Binary;

mod client_data;

mod error;
pub use error::PasskeyError;

mod key;
mod options;

mod registration;
pub use registration::{Registration, RegistrationRequest};

mod rp_id;
mod secret_text;

mod sign_counter;
pub use sign_counter::SignCounter;

/// A credential: a private key, its name, and for whom and for whose pages it is
///
/// `Debug` shows neither the key nor the user.
///
/// ```
/// use doorward::passkey::{Binary, Passkey, PasskeyError};
/// use doorward::Secret;
///
/// let passkey = Passkey::generate("id.example.com", &Binary::new("ci-bot"))?;
/// let secret = passkey.to_secret()?;
/// assert!(secret.expose_secret().starts_with("rp-id: id.example.com\n"));
/// assert_eq!(Passkey::parse(&secret)?.credential_id(), passkey.credential_id());
/// assert_eq!(Passkey::parse(&Secret::new("")).unwrap_err(), PasskeyError::NoKey);
/// # Ok::<(), PasskeyError>(())
/// ```
#[derive(Clone)]
pub struct Passkey {
    key: SigningKey,
    credential_id: Binary,
    rp_id: Option<String>,
    user_handle: Option<Binary>,
    counter: SignCounter,
}

impl Passkey {
    /// Reads the secret text, of which the [module's page](self) tells
    ///
    /// # Errors
    ///
    /// [`PasskeyError`] says what is missing, or the number of the line that is not understood; it never quotes the text.
    pub fn parse(secret: &Secret) -> Result<Self, PasskeyError> {
        secret_text::parse(secret.expose_secret())
    }

    /// Makes a new key for a user of a relying party
    ///
    /// # Errors
    ///
    /// [`PasskeyError`]: `rp_id` is no domain, or the user handle has not 1 to 64 bytes.
    pub fn generate(rp_id: &str, user_handle: &Binary) -> Result<Self, PasskeyError> {
        check_domain(rp_id)?;
        check_user_handle(user_handle)?;
        let key = SigningKey::generate()?;
        Ok(Self {
            credential_id: key.derived_id(),
            key,
            rp_id: Some(rp_id.to_owned()),
            user_handle: Some(user_handle.clone()),
            counter: SignCounter::default(),
        })
    }

    /// Makes a new key for the relying party and the user of an enrolment
    ///
    /// # Errors
    ///
    /// [`PasskeyError`]: the page may not ask for that relying party, or the user handle has not 1 to 64 bytes.
    pub fn for_request(request: &RegistrationRequest) -> Result<Self, PasskeyError> {
        let asker = Asker::check(&request.page, request.rp_id.as_deref())?;
        Self::generate(&asker.rp_id, &request.user_handle)
    }

    /// Chooses the signature counter, instead of a constant zero
    #[must_use]
    pub fn with_sign_counter(mut self, counter: SignCounter) -> Self {
        self.counter = counter;
        self
    }

    /// The relying party that it is for, if it is for one only
    pub fn rp_id(&self) -> Option<&str> {
        self.rp_id.as_deref()
    }

    /// The relying party's name for the user
    pub fn user_handle(&self) -> Option<&Binary> {
        self.user_handle.as_ref()
    }

    /// The credential's name
    pub fn credential_id(&self) -> &Binary {
        &self.credential_id
    }

    /// The text that [`parse`](Self::parse) reads: whoever has it is the user
    ///
    /// # Errors
    ///
    /// [`PasskeyError::Cryptography`] if the library cannot write the key.
    pub fn to_secret(&self) -> Result<Secret, PasskeyError> {
        secret_text::print(self)
    }

    /// Signs a page's challenge
    ///
    /// # Errors
    ///
    /// [`PasskeyError`]: the page did not come by https, asks in the name of a domain that is not its own or that the passkey is
    /// not for, or lists other credentials. Nothing is signed then.
    ///
    /// Source: <https://www.w3.org/TR/webauthn-3/#sctn-op-get-assertion>
    pub fn assert(&self, request: &AssertionRequest) -> Result<Assertion, PasskeyError> {
        self.assert_at(request, Timestamp::now())
    }

    fn assert_at(
        &self,
        request: &AssertionRequest,
        now: Timestamp,
    ) -> Result<Assertion, PasskeyError> {
        let asker = self.check(&request.page, request.rp_id.as_deref(), &request.challenge)?;
        if !request.allowed.is_empty() && !request.allowed.contains(&self.credential_id) {
            return Err(PasskeyError::NotListed);
        }
        let client_data_json = client_data(Ceremony::Get, &request.challenge, &asker.origin);
        let counter = self.counter.at(now);
        let data = authenticator_data(&asker.rp_id, request.verify_user, counter, None);
        let signed = [data.as_slice(), &sha256(client_data_json.as_bytes())].concat();
        Ok(Assertion {
            credential_id: self.credential_id.clone(),
            client_data_json,
            authenticator_data: data.into(),
            signature: Signature::new(&self.key.sign(&signed)?),
            user_handle: self.user_handle.clone(),
        })
    }

    /// Answers an enrolment, with attestation "none"
    ///
    /// # Errors
    ///
    /// [`PasskeyError`]: as for [`assert`](Self::assert), or the passkey is of another user, or enrolled already.
    ///
    /// Source: <https://www.w3.org/TR/webauthn-3/#sctn-op-make-cred>
    pub fn register(&self, request: &RegistrationRequest) -> Result<Registration, PasskeyError> {
        let asker = self.check(&request.page, request.rp_id.as_deref(), &request.challenge)?;
        check_user_handle(&request.user_handle)?;
        let own = self.user_handle.as_ref();
        if own.is_some_and(|own| *own != request.user_handle) {
            return Err(PasskeyError::OtherUser);
        }
        if request.excluded.contains(&self.credential_id) {
            return Err(PasskeyError::AlreadyRegistered);
        }
        let credential = (self.credential_id.as_bytes(), self.key.point());
        let counter = self.counter.at(Timestamp::now());
        let verified = request.verify_user;
        let data = authenticator_data(&asker.rp_id, verified, counter, Some(credential));
        Ok(Registration {
            credential_id: self.credential_id.clone(),
            client_data_json: client_data(Ceremony::Create, &request.challenge, &asker.origin),
            attestation_object: attestation_object(&data).into(),
            authenticator_data: data.into(),
            public_key: self.key.spki().into(),
        })
    }

    fn check(
        &self,
        page: &Url,
        rp_id: Option<&str>,
        challenge: &Binary,
    ) -> Result<Asker, PasskeyError> {
        let asker = Asker::check(page, rp_id)?;
        if let Some(own) = self.rp_id.as_ref().filter(|own| **own != asker.rp_id) {
            return Err(PasskeyError::OtherRpId {
                own: own.clone(),
                asked: asker.rp_id,
            });
        }
        match (1..=MOST_CHALLENGE).contains(&challenge.as_bytes().len()) {
            true => Ok(asker),
            false => Err(PasskeyError::Field("challenge")),
        }
    }
}

impl fmt::Debug for Passkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passkey")
            .field("key", &self.key)
            .field("credential_id", &self.credential_id)
            .field("rp_id", &self.rp_id)
            .field("user_handle", &self.user_handle)
            .field("counter", &self.counter)
            .finish()
    }
}

fn check_user_handle(handle: &Binary) -> Result<(), PasskeyError> {
    match (1..=MOST_USER_HANDLE).contains(&handle.as_bytes().len()) {
        true => Ok(()),
        false => Err(PasskeyError::UserHandle),
    }
}

fn check_credential_id(id: Binary) -> Option<Binary> {
    (1..=MOST_CREDENTIAL_ID)
        .contains(&id.as_bytes().len())
        .then_some(id)
}

#[cfg(test)]
mod tests;
