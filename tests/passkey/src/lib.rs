//! A relying party with one user, by a server library that knows nothing of doorward.

use std::error::Error;

use serde_json::{Value, from_str, from_value, to_vec};
use url::Url;
use uuid::Uuid;
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableAuthentication, Passkey, PasskeyAuthentication,
    PasskeyRegistration, WebauthnError,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

/// The relying party `example.com`, whose login page is at `https://id.example.com`
#[derive(Debug)]
pub struct RelyingParty {
    library: Webauthn,
    user: Uuid,
    enrolled: Vec<Passkey>,
}

impl RelyingParty {
    /// A relying party whose user has no passkey yet
    pub fn new() -> Result<Self, Box<dyn Error>> {
        let origin = Url::parse("https://id.example.com")?;
        Ok(Self {
            library: WebauthnBuilder::new("example.com", &origin)?.build()?,
            user: Uuid::new_v4(),
            enrolled: Vec::new(),
        })
    }

    /// The relying party's name for its user
    pub fn user_handle(&self) -> &[u8] {
        self.user.as_bytes()
    }

    /// The options of an enrolment, as its page gives them to a browser
    pub fn ask_to_enrol(&self) -> Result<(Vec<u8>, PasskeyRegistration), Box<dyn Error>> {
        let known = self.enrolled.iter().map(|key| key.cred_id().clone());
        let (options, state) = self.library.start_passkey_registration(
            self.user,
            "ci-bot",
            "CI",
            Some(known.collect()),
        )?;
        Ok((to_vec(&options)?, state))
    }

    /// Judges the answer to an enrolment, and keeps the passkey
    pub fn enrol(&mut self, answer: Value, state: &PasskeyRegistration) -> Result<(), Judgement> {
        let answer = from_value(answer).map_err(|_| Judgement::NotReadable)?;
        let passkey = self.library.finish_passkey_registration(&answer, state);
        self.enrolled.push(passkey.map_err(Judgement::Refused)?);
        Ok(())
    }

    /// The options of a login, which list the user's passkeys
    pub fn ask_to_sign_in(&self) -> Result<(Vec<u8>, PasskeyAuthentication), Box<dyn Error>> {
        let (options, state) = self.library.start_passkey_authentication(&self.enrolled)?;
        Ok((to_vec(&options)?, state))
    }

    /// Judges the answer to a login, and keeps its counter
    pub fn sign_in(
        &mut self,
        answer: &str,
        state: &PasskeyAuthentication,
    ) -> Result<AuthenticationResult, Judgement> {
        let answer = from_str(answer).map_err(|_| Judgement::NotReadable)?;
        let result = self.library.finish_passkey_authentication(&answer, state);
        let result = result.map_err(Judgement::Refused)?;
        for passkey in &mut self.enrolled {
            passkey.update_credential(&result);
        }
        Ok(result)
    }

    /// The options of a login where the passkey says who it is
    pub fn ask_who(&self) -> Result<(Vec<u8>, DiscoverableAuthentication), Box<dyn Error>> {
        let (options, state) = self.library.start_discoverable_authentication()?;
        Ok((to_vec(&options)?, state))
    }

    /// Judges the answer to such a login, which names the user
    pub fn sign_in_whoever(
        &self,
        answer: &str,
        state: DiscoverableAuthentication,
    ) -> Result<Uuid, Judgement> {
        let answer = from_str(answer).map_err(|_| Judgement::NotReadable)?;
        let named = self.library.identify_discoverable_authentication(&answer);
        let (user, id) = named.map_err(Judgement::Refused)?;
        let passkey = self.enrolled.iter().find(|key| key.cred_id() == id);
        let passkey = passkey.ok_or(Judgement::UnknownCredential)?;
        let result = self
            .library
            .finish_discoverable_authentication_v2(&answer, state, passkey);
        result.map_err(Judgement::Refused)?;
        Ok(user)
    }
}

/// Why the relying party does not take an answer
#[derive(Debug)]
pub enum Judgement {
    /// The library cannot read the JSON
    NotReadable,
    /// No passkey of that name was enrolled
    UnknownCredential,
    /// The library's own reason
    Refused(WebauthnError),
}
