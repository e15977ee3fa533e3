//! The other provider that an org may send people to: a portal with a login form, at [`PARTNER_HOST`].

use std::collections::HashMap;

use crate::http::{Answer, Ask, encode};
use crate::idp::{CodeRequest, IdpDouble, RelyingParty, SignOn};
use crate::keys::s256;
use crate::openunison::{OpenUnison, PortalSwitches};
use crate::person::Person;
use crate::random;
use crate::world::{OKTA_CUSTOM_HOST, OKTA_HOST, PARTNER_HOST, World};

pub(super) struct Partner {
    provider: OpenUnison,
    authorize: String,
    /// By `state`
    asked: HashMap<String, Asked>,
}

struct Asked {
    /// The callback
    back: String,
    /// What the login is for
    what: String,
    verifier: String,
}

impl Partner {
    pub(super) fn new(people: Vec<Person>, world: &World) -> Self {
        let switches = PortalSwitches::default();
        let mut provider = OpenUnison::new(
            PARTNER_HOST,
            switches,
            people,
            Box::new(Nobody),
            true,
            world,
        );
        let mut authorize = String::new();
        for site in [OKTA_HOST, OKTA_CUSTOM_HOST] {
            for path in CALLBACKS {
                let party = relying_party(&format!("{}{path}", world.origin(site)));
                if let SignOn::Oidc { authorize: url, .. } =
                    IdpDouble::register(&mut provider, &party, world)
                {
                    authorize = url;
                }
            }
        }
        Self {
            provider,
            authorize,
            asked: HashMap::new(),
        }
    }

    /// A request to the provider's own host
    pub(super) fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        self.provider.answer(ask, world)
    }

    /// Sends a browser there, to come back to that path
    pub(super) fn start(&mut self, what: &str, back: &str, ask: &Ask, world: &World) -> Answer {
        let party = relying_party(&format!("{}{back}", ask.origin()));
        let state = world.secret(random::base64url(24));
        let verifier = world.secret(random::base64url(32));
        let url = format!(
            "{}?client_id={}&response_type=code&scope=openid+email+profile&redirect_uri={}&state={}\
             &code_challenge={}&code_challenge_method=S256",
            self.authorize,
            encode(&party.client_id),
            encode(&party.redirect_uri),
            encode(&state),
            s256(&verifier)
        );
        let asked = Asked {
            back: party.redirect_uri,
            what: what.to_owned(),
            verifier,
        };
        self.asked.insert(state, asked);
        Answer::redirect(url)
    }

    /// What a browser that came back had left for, and whom it is now
    pub(super) fn finish(&mut self, ask: &Ask, world: &World) -> Option<(String, Person)> {
        let asked = self.asked.remove(&ask.query("state")?)?;
        if asked.back != format!("{}{}", ask.origin(), ask.path()) {
            return None;
        }
        let party = relying_party(&asked.back);
        let request = CodeRequest {
            code: ask.query("code")?,
            client_id: party.client_id,
            redirect_uri: party.redirect_uri,
            verifier: Some(asked.verifier),
        };
        let person = IdpDouble::redeem(&mut self.provider, &request, world)?;
        Some((asked.what, person))
    }
}

/// No provider: the portal has its own form
struct Nobody;

impl IdpDouble for Nobody {
    fn sites(&self) -> Vec<String> {
        Vec::new()
    }

    fn register(&mut self, _: &RelyingParty, _: &World) -> SignOn {
        SignOn::Saml { sso: String::new() }
    }

    fn answer(&mut self, _: &Ask, _: &World) -> Answer {
        Answer::empty(404)
    }

    fn redeem(&mut self, _: &CodeRequest, _: &World) -> Option<Person> {
        None
    }

    fn read_assertion(&mut self, _: &str, _: &World) -> Option<Person> {
        None
    }
}

fn relying_party(redirect_uri: &str) -> RelyingParty {
    RelyingParty {
        client_id: "okta-broker".to_owned(),
        redirect_uri: redirect_uri.to_owned(),
        acs: redirect_uri.to_owned(),
    }
}

/// Where a factor of the Classic engine comes back
pub(super) const FACTOR_CALLBACK: &str = "/policy/mfa-oidc-idp-callback";
/// Where a login at the Identity Engine comes back
pub(super) const IDX_CALLBACK: &str = "/oauth2/v1/authorize/callback";
const CALLBACKS: [&str; 2] = [FACTOR_CALLBACK, IDX_CALLBACK];
