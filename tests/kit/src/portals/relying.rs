//! What these portals have in common: they send people to a provider, and redeem what comes back.

use std::collections::HashMap;

use serde_json::json;

use crate::http::{Answer, Ask, encode};
use crate::idp::{CodeRequest, IdpDouble, RelyingParty, SignOn};
use crate::person::Person;
use crate::random;
use crate::world::{PORTAL_HOST, World};

/// A client of an OpenID Connect provider
pub(super) struct Relying {
    pub(super) idp: Box<dyn IdpDouble>,
    party: RelyingParty,
    authorize: String,
    /// Who is behind each session cookie
    sessions: HashMap<String, Tokens>,
}

/// What the provider gave for a code
#[derive(Clone)]
pub(super) struct Tokens {
    pub(super) person: Person,
    pub(super) issuer: String,
    pub(super) id_token: String,
    pub(super) refresh_token: String,
}

impl Relying {
    /// Registers the portal, whose answers come to `path`
    pub(super) fn new(idp: Box<dyn IdpDouble>, path: &str, world: &World) -> Self {
        Self::at(PORTAL_HOST, idp, path, world)
    }

    /// The same for a portal at another host
    pub(super) fn at(site: &str, mut idp: Box<dyn IdpDouble>, path: &str, world: &World) -> Self {
        let origin = world.origin(site);
        let party = RelyingParty {
            client_id: CLIENT.to_owned(),
            redirect_uri: format!("{origin}{path}"),
            acs: format!("{origin}{path}"),
        };
        let authorize = match idp.register(&party, world) {
            SignOn::Oidc { authorize, .. } => authorize,
            SignOn::Saml { .. } => String::new(),
        };
        Self {
            idp,
            party,
            authorize,
            sessions: HashMap::new(),
        }
    }

    /// Where a login starts; `state` goes as it is, once encoded
    pub(super) fn authorization(&self, state: &str) -> String {
        format!(
            "{}?access_type=offline&client_id={CLIENT}&redirect_uri={}&response_type=code&scope=openid+email+offline_access&state={}",
            self.authorize,
            encode(&self.party.redirect_uri),
            encode(state)
        )
    }

    /// The tokens for the code that came back
    pub(super) fn redeem(&mut self, ask: &Ask, world: &World) -> Option<Tokens> {
        let request = CodeRequest {
            code: ask.query("code")?,
            client_id: self.party.client_id.clone(),
            redirect_uri: self.party.redirect_uri.clone(),
            verifier: None,
        };
        let person = self.idp.redeem(&request, world)?;
        let issuer = self
            .authorize
            .split('/')
            .take(3)
            .collect::<Vec<_>>()
            .join("/");
        let now = world.clock().seconds();
        let claims = json!({
            "iss": issuer, "aud": CLIENT, "sub": person.login, "email": person.email,
            "iat": now, "exp": now + 3600,
        });
        Some(Tokens {
            id_token: world.secret(world.keys.sign_token("provider-key", &claims)),
            refresh_token: world.secret(random::base64url(40)),
            issuer,
            person,
        })
    }

    /// Begins a session, and gives the value of its cookie
    pub(super) fn begin(&mut self, tokens: Tokens, world: &World) -> String {
        let value = world.secret(random::base64url(48));
        self.sessions.insert(value.clone(), tokens);
        value
    }

    /// Who is behind a cookie
    pub(super) fn session(&self, value: Option<&str>) -> Option<&Tokens> {
        self.sessions.get(value?)
    }

    /// Ends all sessions of somebody, and gives their number
    pub(super) fn end(&mut self, login: &str) -> usize {
        let before = self.sessions.len();
        self.sessions
            .retain(|_, tokens| tokens.person.login != login);
        before - self.sessions.len()
    }

    /// What is not the portal's own
    pub(super) fn elsewhere(&mut self, ask: &Ask, world: &World) -> Answer {
        self.idp.answer(ask, world)
    }
}

pub(super) const CLIENT: &str = "kubernetes-portal";
