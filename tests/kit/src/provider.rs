//! An OpenID Connect provider without a portal: strict about its clients, and with flaws by switch.

mod authorize;
mod flaw;
mod grants;
mod keys;
mod token_endpoint;

pub use flaw::Flaw;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use crate::http::{Answer, Ask};
use crate::idp::{CodeRequest, IdpDouble, RelyingParty, SignOn};
use crate::person::Person;
use crate::world::{EVIL_HOST, World};
use crate::{PASSWORD, USER};

use authorize::{Login, Request};
use keys::SigningKey;
use token_endpoint::Session;

/// How a client of the provider proves that it is itself
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ClientProof {
    /// It is public
    #[default]
    None,
    /// By this secret in the `Authorization` header
    Basic(String),
    /// By this secret as a field
    Post(String),
    /// By JWTs that this public key, a JWK, verifies
    Key(Value),
}

/// How the provider behaves
#[derive(Clone, Debug)]
pub struct ProviderSwitches {
    /// What is wrong with it
    pub flaw: Option<Flaw>,
    /// How its one client proves that it is itself
    pub proof: ClientProof,
    /// The redirect address of that client
    pub redirect_uri: String,
    /// How long its tokens live
    pub token_life: Duration,
    /// Whether its answers say whose they are, as RFC 9207 has it
    pub names_itself: bool,
    /// The provider puts no id_token into answers but those of logins
    pub access_tokens_only: bool,
}

impl Default for ProviderSwitches {
    fn default() -> Self {
        Self {
            flaw: None,
            proof: ClientProof::None,
            redirect_uri: "http://localhost:8000".to_owned(),
            token_life: Duration::from_secs(60),
            names_itself: true,
            access_tokens_only: false,
        }
    }
}

/// A provider at [`PROVIDER_HOST`], with the issuer of [`Provider::issuer`] and the client [`CLIENT_ID`]
///
/// It keeps each request and each code apart, checks state, PKCE, nonce, redirect address and the client's proof, takes a code and
/// a refresh token once, and refuses steps out of order. Hand a clone to [`crate::Builder::idp_double`]: clones share their state.
///
/// ```
/// use doorward_testkit::{Provider, ProviderSwitches, Testbed};
///
/// let provider = Provider::new(ProviderSwitches::default());
/// let bed = Testbed::builder().idp_double(Box::new(provider)).start()?;
/// assert!(Provider::issuer(&bed).ends_with("/realms/ci"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Provider {
    state: Arc<Mutex<State>>,
}

struct State {
    switches: ProviderSwitches,
    portal: Option<RelyingParty>,
    key: SigningKey,
    /// Keys that signed before, and are published still
    old_keys: Vec<SigningKey>,
    logins: HashMap<String, Login>,
    codes: HashMap<String, Request>,
    sessions: Vec<Session>,
    assertions: Vec<String>,
    people: Vec<Person>,
}

impl Provider {
    /// A provider that knows [`USER`] by [`PASSWORD`]
    pub fn new(switches: ProviderSwitches) -> Self {
        let state = State {
            switches,
            portal: None,
            key: SigningKey::generate(1),
            old_keys: Vec::new(),
            logins: HashMap::new(),
            codes: HashMap::new(),
            sessions: Vec::new(),
            assertions: Vec::new(),
            people: vec![Person::new(USER, PASSWORD).groups(&["ci"])],
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// The issuer, as it calls itself in that testbed
    pub fn issuer(bed: &crate::Testbed) -> String {
        format!("{}{REALM}", bed.url(PROVIDER_HOST))
    }

    /// Signs by another key from now on; the old one stays published
    pub fn rotate_keys(&self) {
        let mut state = self.state();
        let next = SigningKey::generate(state.old_keys.len() + 2);
        let old = std::mem::replace(&mut state.key, next);
        state.old_keys.push(old);
    }

    /// Has a flaw from now on, or none
    pub fn flawed(&self, flaw: Option<Flaw>) {
        self.state().switches.flaw = flaw;
    }

    /// A token of this provider for somebody else, to be exchanged
    pub fn foreign_token(&self, bed: &crate::Testbed, subject: &str) -> String {
        let now = bed.clock().seconds();
        let issuer = Self::issuer(bed);
        let claims = json!({
            "iss": issuer, "sub": subject, "aud": "somebody-else", "iat": now, "exp": now + 60,
        });
        self.state().key.sign(&claims)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IdpDouble for Provider {
    fn sites(&self) -> Vec<String> {
        vec![PROVIDER_HOST.to_owned()]
    }

    fn register(&mut self, portal: &RelyingParty, world: &World) -> SignOn {
        self.state().portal = Some(portal.clone());
        SignOn::Oidc {
            authorize: format!("{}{REALM}/auth", world.origin(PROVIDER_HOST)),
            s256: true,
        }
    }

    fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        let mut state = self.state();
        let Some(path) = ask.path().strip_prefix(REALM) else {
            return Answer::empty(404);
        };
        match (ask.method(), path) {
            ("GET", "/.well-known/openid-configuration") => state.discovery(ask, world),
            ("GET", "/certs") => Answer::json(200, &state.key_set()),
            ("GET", "/auth") => state.authorize(ask, world),
            ("GET" | "POST", "/login") => state.login(ask, world),
            ("POST", "/token") => state.token_endpoint(ask, world),
            ("POST", "/revoke") => state.revoke(ask, world),
            _ => Answer::empty(404),
        }
    }

    fn redeem(&mut self, request: &CodeRequest, _: &World) -> Option<Person> {
        let mut state = self.state();
        let known = state.codes.remove(&request.code)?;
        let is_good = known.client == request.client_id
            && known.redirect_uri == request.redirect_uri
            && known.fits(request.verifier.as_deref());
        is_good.then_some(known.person).flatten()
    }

    fn read_assertion(&mut self, _: &str, _: &World) -> Option<Person> {
        None
    }
}

impl State {
    fn discovery(&self, ask: &Ask, world: &World) -> Answer {
        let origin = ask.origin();
        let issuer = format!("{origin}{REALM}");
        let evil = world.origin(EVIL_HOST);
        if self.switches.flaw == Some(Flaw::DiscoveryRedirects) {
            let path = "/.well-known/openid-configuration";
            return Answer::redirect(format!("{evil}{path}"));
        }
        let method = match self.switches.proof {
            ClientProof::None => "none",
            ClientProof::Basic(_) => "client_secret_basic",
            ClientProof::Post(_) => "client_secret_post",
            ClientProof::Key(_) => "private_key_jwt",
        };
        let at = |flaw: Flaw, path: &str| match self.switches.flaw == Some(flaw) {
            true => format!("{evil}{path}"),
            false => format!("{issuer}{path}"),
        };
        let says = match self.switches.flaw {
            Some(Flaw::OtherIssuer) => format!("{issuer}/"),
            _ => issuer.clone(),
        };
        Answer::json(
            200,
            &json!({
                "issuer": says,
                "authorization_endpoint": at(Flaw::LoginElsewhere, "/auth"),
                "token_endpoint": at(Flaw::TokensElsewhere, "/token"),
                "jwks_uri": at(Flaw::KeysElsewhere, "/certs"),
                "revocation_endpoint": format!("{issuer}/revoke"),
                "response_types_supported": ["code"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": [method],
                "id_token_signing_alg_values_supported": ["ES256"],
                "authorization_response_iss_parameter_supported": self.switches.names_itself,
            }),
        )
    }

    fn person(&self, login: &str, password: &str) -> Option<Person> {
        let mut people = self.people.iter();
        let found = people.find(|person| person.login == login && person.password == password);
        found.cloned()
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider")
    }
}

/// The provider's site
pub const PROVIDER_HOST: &str = "id.example.test";

/// The provider's one client besides the portal
pub const CLIENT_ID: &str = "doorward ci";

/// The path of the issuer
const REALM: &str = "/realms/ci";
