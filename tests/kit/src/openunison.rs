//! OpenUnison, as a headless client meets it.
//!
//! Sessions live in the server and hold one login at a time; the cookie is only their name. Every redirect is
//! absolute, failures are pages with status 200, and each fetch of the token document opens a new OIDC session.

mod authorize;
mod callback;
mod command;
mod cookies;
mod discovery;
mod issuer;
mod login;
mod pages;
mod pods;
mod refresh;
mod refresh_token;
mod revoke;
mod saml_request;
mod session;
mod switches;
mod token_document;
mod token_endpoint;
mod workload;

use serde_json::json;

use crate::doubles::Service;
use crate::http::{Answer, Ask};
use crate::idp::{CodeRequest, IdpDouble, RelyingParty, SignOn};
use crate::person::Person;
use crate::world::{API_HOST, World};

pub use command::CommandShape;
pub use discovery::Discovery;
pub use pods::Affinity;
pub use refresh::{RefreshRefusal, Rotation, Swap};
pub use switches::PortalSwitches;
pub use workload::{STS_CLIENT, WORKLOAD_CLIENT};

use authorize::Client;
use issuer::Issuer;
use pods::Pods;

/// A portal
pub(crate) struct OpenUnison {
    site: &'static str,
    switches: PortalSwitches,
    people: Vec<Person>,
    idp: Box<dyn IdpDouble>,
    /// How a login starts at `idp`; none where the portal has its own login form
    sign_on: Option<SignOn>,
    portal: RelyingParty,
    pods: Pods,
    issuer: Issuer,
}

impl OpenUnison {
    pub(crate) fn new(
        site: &'static str,
        switches: PortalSwitches,
        people: Vec<Person>,
        mut idp: Box<dyn IdpDouble>,
        form: bool,
        world: &World,
    ) -> Self {
        let origin = world.origin(site);
        let portal = RelyingParty {
            client_id: "0oa4portal8client5d7".to_owned(),
            redirect_uri: format!("{origin}/auth/oidc"),
            acs: format!("{origin}/auth/saml2"),
        };
        let sign_on = idp.register(&portal, world);
        Self {
            site,
            pods: Pods::new(switches.affinity),
            issuer: Issuer::new(&world.origin(API_HOST)),
            sign_on: (!form).then_some(sign_on),
            switches,
            people,
            idp,
            portal,
        }
    }

    /// Ends all OIDC sessions of somebody, and gives their number
    pub(crate) fn end_sessions(&mut self, login: &str) -> usize {
        self.issuer.end_all(login)
    }

    pub(crate) fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        if ask.site() != self.site {
            return self.idp.answer(ask, world);
        }
        let affinity = self.pods.route(ask);
        self.own_answer(ask, world).cookies(affinity)
    }

    fn own_answer(&mut self, ask: &Ask, world: &World) -> Answer {
        let path = ask.path();
        if path == "/check_alive" {
            return alive();
        }
        if let Some(rest) = path.strip_prefix("/auth/idp/") {
            return self.identity_provider(rest, ask, world);
        }
        if path.starts_with("/auth/") {
            return self.auth_request(ask, world);
        }
        self.pods.leave_login(ask, world);
        match path {
            "/k8stoken/token/user" if ask.method() == "GET" => self.token_page(ask, world),
            "/k8stoken/token/config" => self.token_config(ask, world),
            "/k8stoken/sessioncheck" => self.session_check(ask, world),
            "/k8stoken" | "/k8stoken/" => self.token_page(ask, world),
            "/k8slogin/token/user" => self.cli_token(ask, world),
            "/cli-login" => self.cli_login(ask, world),
            "/login/auth" => self.login_page(ask, world, login::Chain::Enterprise),
            "/login/local" if !self.switches.chooser.is_empty() => {
                self.login_page(ask, world, login::Chain::Local)
            }
            "/logout" => self.logout(ask, world),
            _ if path.starts_with("/k8stoken/token/") => Answer::empty(200),
            _ => Answer::empty(404),
        }
    }

    /// The page for anything unforeseen
    fn broken(&self) -> Answer {
        let status = if self.switches.errors_with_200 {
            200
        } else {
            500
        };
        Answer::html(status, pages::error())
    }
}

impl Service for OpenUnison {
    fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        Self::answer(self, ask, world)
    }

    fn end_sessions(&mut self, login: &str) -> usize {
        Self::end_sessions(self, login)
    }
}

impl IdpDouble for OpenUnison {
    fn sites(&self) -> Vec<String> {
        let mut sites = vec![self.site.to_owned()];
        sites.extend(self.idp.sites());
        sites
    }

    fn register(&mut self, portal: &RelyingParty, world: &World) -> SignOn {
        self.issuer.clients.push(Client::satellite(portal));
        SignOn::Oidc {
            authorize: format!(
                "{}/auth/idp/cluster-idp-satellite/auth",
                world.origin(self.site)
            ),
            s256: true,
        }
    }

    fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        Self::answer(self, ask, world)
    }

    fn redeem(&mut self, request: &CodeRequest, world: &World) -> Option<Person> {
        self.issuer.redeem(request, world)
    }

    fn read_assertion(&mut self, _: &str, _: &World) -> Option<Person> {
        None
    }
}

fn alive() -> Answer {
    Answer::json(
        200,
        &json!({
            "alive": true,
            "user_dn": "uid=Anonymous,o=Tremolo",
            "auth_level": 0,
            "auth_chain": "anonymous",
        }),
    )
}
