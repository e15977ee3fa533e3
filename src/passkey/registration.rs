use serde_json::{Value, json};
use url::Url;

use crate::passkey::options::{CreationOptions, ES256, PUBLIC_KEY};
use crate::passkey::{Binary, PasskeyError};

/// What a page wants made: a credential for a user of its relying party
///
/// Source: <https://www.w3.org/TR/webauthn-3/#dictdef-publickeycredentialcreationoptionsjson>
#[derive(Clone, Debug)]
pub struct RegistrationRequest {
    pub(super) page: Url,
    pub(super) challenge: Binary,
    pub(super) rp_id: Option<String>,
    pub(super) user_handle: Binary,
    pub(super) excluded: Vec<Binary>,
    pub(super) verify_user: bool,
}

impl RegistrationRequest {
    /// A request of `page` for `user_handle`, the relying party's name for the user, for an ES256 key
    ///
    /// Until told otherwise, the relying party is the page's host, and the user is to be verified.
    pub fn new(page: &Url, challenge: Binary, user_handle: Binary) -> Self {
        Self {
            page: page.clone(),
            challenge,
            rp_id: None,
            user_handle,
            excluded: Vec::new(),
            verify_user: true,
        }
    }

    /// Reads the standard's JSON, or an object that holds it as `publicKey`
    ///
    /// The attestation that it prefers is not looked at: the answer has none.
    ///
    /// # Errors
    ///
    /// [`PasskeyError`]: it has more than 64 KiB, is no such JSON, has a key twice, lacks a field, or does not take ES256.
    pub fn parse(page: &Url, json: &[u8]) -> Result<Self, PasskeyError> {
        let options = CreationOptions::parse(json)?;
        options.check_algorithm()?;
        Ok(Self {
            page: page.clone(),
            challenge: options.challenge()?,
            rp_id: options.rp_id().map(str::to_owned),
            user_handle: options.user_handle()?,
            excluded: options.excluded()?,
            verify_user: options.wants_verification(),
        })
    }

    /// Says the relying party's identifier, as the page does; an empty one is the page's host
    #[must_use]
    pub fn rp_id(mut self, rp_id: impl Into<String>) -> Self {
        self.rp_id = Some(rp_id.into());
        self
    }

    /// Adds to the credentials that the user has already
    #[must_use]
    pub fn exclude(mut self, credential_id: Binary) -> Self {
        self.excluded.push(credential_id);
        self
    }

    /// Whether the answer says that the user was verified
    #[must_use]
    pub fn verify_user(mut self, wanted: bool) -> Self {
        self.verify_user = wanted;
        self
    }
}

/// The answer to a [`RegistrationRequest`], with attestation "none"; it holds no secret
///
/// Source: <https://www.w3.org/TR/webauthn-3/#dictdef-registrationresponsejson>
#[derive(Clone, Debug)]
pub struct Registration {
    pub(super) credential_id: Binary,
    pub(super) client_data_json: Binary,
    pub(super) authenticator_data: Binary,
    pub(super) attestation_object: Binary,
    pub(super) public_key: Binary,
}

impl Registration {
    /// The new credential
    pub fn credential_id(&self) -> &Binary {
        &self.credential_id
    }

    /// The client data: the challenge and the origin, as JSON
    pub fn client_data_json(&self) -> &Binary {
        &self.client_data_json
    }

    /// The attestation object: the format "none" and the authenticator data with the public key, as CBOR
    pub fn attestation_object(&self) -> &Binary {
        &self.attestation_object
    }

    /// The public key as a DER `SubjectPublicKeyInfo`
    pub fn public_key(&self) -> &Binary {
        &self.public_key
    }

    /// How to reach the authenticator, as some relying parties want to know
    pub fn transports(&self) -> &'static [&'static str] {
        &["internal"]
    }

    /// The standard's JSON, as a browser's `PublicKeyCredential.toJSON()` gives it
    pub fn to_json(&self) -> Value {
        let id = self.credential_id.to_base64url();
        json!({
            "id": id,
            "rawId": id,
            "type": PUBLIC_KEY,
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": self.client_data_json.to_base64url(),
                "attestationObject": self.attestation_object.to_base64url(),
                "authenticatorData": self.authenticator_data.to_base64url(),
                "transports": self.transports(),
                "publicKey": self.public_key.to_base64url(),
                "publicKeyAlgorithm": ES256,
            },
        })
    }
}
