use serde_json::{Value, json};
use url::Url;

use crate::passkey::options::{PUBLIC_KEY, RequestOptions};
use crate::passkey::{Binary, PasskeyError};
use crate::secret::Secret;

/// What a page wants signed, so that somebody gets in
///
/// ```
/// use doorward::passkey::{AssertionRequest, Binary};
/// use url::Url;
///
/// let page = Url::parse("https://id.example.com/login")?;
/// let challenge = Binary::from_base64url("xdj_CBfuPFFplqGcSuI6Hg")?;
/// let request = AssertionRequest::new(&page, challenge)
///     .rp_id("example.com")
///     .allow(Binary::from_base64url("WQHNrJQUJ-gnpVPINxUBWb8bBg5lztNn2IomaHgfi-8")?);
/// # let _ = request;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: <https://www.w3.org/TR/webauthn-3/#dictdef-publickeycredentialrequestoptionsjson>
#[derive(Clone, Debug)]
pub struct AssertionRequest {
    pub(super) page: Url,
    pub(super) challenge: Binary,
    pub(super) rp_id: Option<String>,
    pub(super) allowed: Vec<Binary>,
    pub(super) verify_user: bool,
}

impl AssertionRequest {
    /// A request of `page`, the URL at which the user would see it
    ///
    /// Until told otherwise, the relying party is the page's host, any credential will do, and the user is to be verified.
    pub fn new(page: &Url, challenge: Binary) -> Self {
        Self {
            page: page.clone(),
            challenge,
            rp_id: None,
            allowed: Vec::new(),
            verify_user: true,
        }
    }

    /// Reads the standard's JSON, or an object that holds it as `publicKey`
    ///
    /// # Errors
    ///
    /// [`PasskeyError`]: it has more than 64 KiB, is no such JSON, has a key twice, or lacks a field.
    pub fn parse(page: &Url, json: &[u8]) -> Result<Self, PasskeyError> {
        let options = RequestOptions::parse(json)?;
        Ok(Self {
            page: page.clone(),
            challenge: options.challenge()?,
            allowed: options.allowed()?,
            verify_user: options.wants_verification(),
            rp_id: options.rp_id,
        })
    }

    /// Says the relying party's identifier, as the page does; an empty one is the page's host
    #[must_use]
    pub fn rp_id(mut self, rp_id: impl Into<String>) -> Self {
        self.rp_id = Some(rp_id.into());
        self
    }

    /// Adds to the credentials that the relying party takes
    #[must_use]
    pub fn allow(mut self, credential_id: Binary) -> Self {
        self.allowed.push(credential_id);
        self
    }

    /// Whether the answer says that the user was verified; yes, unless the page says `discouraged`
    ///
    /// Nobody is there to be verified: whoever could give the CI job its secret is taken to be the user.
    #[must_use]
    pub fn verify_user(mut self, wanted: bool) -> Self {
        self.verify_user = wanted;
        self
    }
}

/// The signed answer to an [`AssertionRequest`]
///
/// The signature lets its bearer in once, at the origin that asked, and is a [`Secret`] for that: place it by
/// [`Request::secret`](crate::Request::secret) or [`Form::set_secret`](crate::Form::set_secret).
///
/// Source: <https://www.w3.org/TR/webauthn-3/#dictdef-authenticationresponsejson>
#[derive(Clone, Debug)]
pub struct Assertion {
    pub(super) credential_id: Binary,
    pub(super) client_data_json: Binary,
    pub(super) authenticator_data: Binary,
    pub(super) signature: Signature,
    pub(super) user_handle: Option<Binary>,
}

/// The signature, in both of its spellings
#[derive(Clone, Debug)]
pub(super) struct Signature {
    base64: Secret,
    base64url: Secret,
}

impl Signature {
    pub(super) fn new(der: &Binary) -> Self {
        Self {
            base64: Secret::new(der.to_base64()),
            base64url: Secret::new(der.to_base64url()),
        }
    }
}

impl Assertion {
    /// Which credential signed
    pub fn credential_id(&self) -> &Binary {
        &self.credential_id
    }

    /// The client data: the challenge and the origin, as JSON
    pub fn client_data_json(&self) -> &Binary {
        &self.client_data_json
    }

    /// The authenticator data: the hash of the relying party's identifier, flags, the counter
    pub fn authenticator_data(&self) -> &Binary {
        &self.authenticator_data
    }

    /// Whose credential it is, where the passkey knows
    pub fn user_handle(&self) -> Option<&Binary> {
        self.user_handle.as_ref()
    }

    /// The signature in DER form, as base64
    pub fn signature_base64(&self) -> &Secret {
        &self.signature.base64
    }

    /// The signature in DER form, as base64url without padding
    pub fn signature_base64url(&self) -> &Secret {
        &self.signature.base64url
    }

    /// The standard's JSON with `null` for the signature, whose place is `/response/signature`
    ///
    /// ```no_run
    /// # fn request(url: &url::Url, assertion: &doorward::passkey::Assertion) -> doorward::Request {
    /// doorward::Request::post(url)
    ///     .json(assertion.json_without_signature())
    ///     .secret("/response/signature", assertion.signature_base64url())
    /// # }
    /// ```
    pub fn json_without_signature(&self) -> Value {
        self.json(Value::Null)
    }

    /// The standard's JSON as a text, for a form's field
    pub fn to_json(&self) -> Secret {
        let signature = self.signature.base64url.expose_secret();
        Secret::new(self.json(signature.into()).to_string())
    }

    fn json(&self, signature: Value) -> Value {
        let id = self.credential_id.to_base64url();
        let mut response = json!({
            "clientDataJSON": self.client_data_json.to_base64url(),
            "authenticatorData": self.authenticator_data.to_base64url(),
            "signature": signature,
        });
        if let Some(user_handle) = &self.user_handle {
            response["userHandle"] = user_handle.to_base64url().into();
        }
        json!({
            "id": id,
            "rawId": id,
            "type": PUBLIC_KEY,
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        })
    }
}
