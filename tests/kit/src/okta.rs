//! An Okta org: password login, statuses, errors, and the ways to finish; by a switch with the Identity Engine.
//!
//! It has two hosts, the org's own and a custom domain, and keeps their cookies apart. A session token is good
//! once, and only with the cookies of the page that the login started on.

mod account;
mod assertion;
mod authn;
mod browser;
mod challenge;
mod claims_provider;
mod documents;
mod enrolled;
pub(crate) mod errors;
mod factor;
mod finish;
mod idx;
mod limiter;
mod onward;
mod otp;
mod outbox;
mod pages;
mod partner;
mod polls;
mod saml;
mod sso;
mod switches;
mod verify;

use std::collections::HashMap;

use serde_json::json;

use crate::builder::PortalIdp;
use crate::http::{Answer, Ask};
use crate::idp::{CodeRequest, IdpDouble, RelyingParty, SignOn};
use crate::keys::s256_fits;
use crate::person::Person;
use crate::random;
use crate::world::{OKTA_CUSTOM_HOST, OKTA_HOST, PARTNER_HOST, World};

pub use factor::{OktaFactor, PushAnswer};
pub use idx::{
    Accepts, CodeError, DeviceProbe, ErrorStatus, Identify, IdxSwitches, Messages, MethodType,
    PollPath, PostAuth, RateLimit, RelatesTo, Round, Success,
};
pub use outbox::SentCode;
pub use switches::{Enrollment, LoginPage, OktaSwitches, OrgFactor, StepUp, TokenShape};

use account::Accounts;
use browser::Browsers;
use challenge::Challenge;
use enrolled::Enrolled;
use factor::Proof;
use idx::Idx;
use onward::Pending;
use partner::{FACTOR_CALLBACK, Partner};
use sso::{Authorization, Code};

/// An org
pub(crate) struct Okta {
    switches: OktaSwitches,
    how: PortalIdp,
    portal: Option<RelyingParty>,
    accounts: Accounts,
    enrolled: Enrolled,
    /// By user name and device; until when
    known_devices: HashMap<(String, String), u64>,
    partner: Option<Partner>,
    browsers: Browsers,
    sessions: Vec<Session>,
    transactions: HashMap<String, Transaction>,
    session_tokens: HashMap<String, SessionToken>,
    authorizations: HashMap<String, Authorization>,
    codes: HashMap<String, Code>,
    assertions: HashMap<String, Person>,
    idx: Idx,
    org_id: String,
}

/// A signed-in browser; the name of the cookie is `sid`
struct Session {
    sid: String,
    site: String,
    person: Person,
    /// Whether the app's own policy is met
    stepped_up: bool,
    /// Whether an app with `max_age=0` has used this sign-in
    spent: bool,
    started_at: u64,
}

/// What a state token stands for
struct Transaction {
    person: Option<Person>,
    status: &'static str,
    step_up: bool,
    skippable: bool,
    /// The states to come
    pending: Pending,
    /// The factor that was chosen
    challenge: Option<Challenge>,
    /// Where a step-up goes on, path and query
    resume: String,
    ends_at: u64,
}

struct SessionToken {
    person: Person,
    /// Whether it meets the app's policy for a session that is there
    steps_up: bool,
    ends_at: u64,
}

impl Okta {
    pub(crate) fn new(switches: OktaSwitches, people: Vec<Person>, how: PortalIdp) -> Self {
        Self {
            idx: Idx::default(),
            accounts: Accounts::new(people, &switches),
            enrolled: Enrolled::new(switches.outbox_file.clone()),
            switches,
            how,
            portal: None,
            browsers: Browsers::default(),
            sessions: Vec::new(),
            transactions: HashMap::new(),
            session_tokens: HashMap::new(),
            authorizations: HashMap::new(),
            codes: HashMap::new(),
            assertions: HashMap::new(),
            known_devices: HashMap::new(),
            partner: None,
            org_id: format!("00o{}", random::alphanumeric(17)),
        }
    }

    fn route(&mut self, ask: &Ask, world: &World) -> Answer {
        if let Some(answer) = self.idx_route(ask, world) {
            return answer;
        }
        self.answer_app(ask, world)
    }

    /// The requests that both engines answer
    fn answer_app(&mut self, ask: &Ask, world: &World) -> Answer {
        let path = ask.path();
        if let Some(token) = path.strip_prefix("/signin/refresh-auth-state/") {
            return self.refresh_auth_state(token, world);
        }
        if path.starts_with("/app/") && path.ends_with("/sso/saml") {
            return self.saml(ask, world);
        }
        if let Some(rest) = path.strip_prefix("/api/v1/authn/factors/") {
            return self.factor(rest, ask, world);
        }
        match path {
            "/.well-known/okta-organization" => self.organization(ask, world),
            "/oauth2/v1/authorize" | "/oauth2/default/v1/authorize" => self.authorize(ask, world),
            "/oauth2/v1/authorize/redirect" | "/oauth2/default/v1/authorize/redirect" => {
                self.resume_authorization(ask, world)
            }
            "/login/login.htm" => self.login_page(ask, world),
            "/login/sessionCookieRedirect" => self.session_cookie_redirect(ask, world),
            "/login/step-up/redirect" => self.step_up_redirect(ask, world),
            "/api/v1/authn" => self.authn(ask, world),
            "/api/v1/authn/skip" => self.authn_skip(ask, world),
            "/api/v1/authn/cancel" => self.authn_cancel(ask, world),
            "/api/v1/authn/previous" => self.authn_previous(ask, world),
            "/policy/mfa-oidc-idp-redirect" => self.send_away(ask, world),
            FACTOR_CALLBACK => self.come_back(ask, world),
            "/api/v1/sessions" => self.create_session(ask, world),
            "/api/v1/sessions/me" => self.current_session(ask, world),
            "/app/UserHome" | "/enduser/callback" => self.dashboard(ask, world),
            "/" | "/login/default" => self.own_redirect(ask, "/app/UserHome"),
            _ if path.starts_with("/api/") => errors::not_found(path, world),
            _ => Answer::html(404, pages::message("Page Not Found", "Page Not Found")),
        }
    }

    fn organization(&self, ask: &Ask, world: &World) -> Answer {
        if !ask.accepts_json()
            && ask
                .header("accept")
                .is_some_and(|line| !line.contains("*/*"))
        {
            return errors::wrong_media_type(world);
        }
        let pipeline = if self.switches.identity_engine {
            "idx"
        } else {
            "v1"
        };
        errors::api(
            Answer::json(
                200,
                &json!({
                    "id": self.org_id,
                    "cell": "op3",
                    "_links": {"organization": {"href": world.origin(OKTA_HOST)}},
                    "pipeline": pipeline,
                    "settings": {
                        "analyticsCollectionEnabled": false, "bugReportingEnabled": true,
                        "omEnabled": false, "pssoEnabled": false, "desktopMFAEnabled": false,
                    },
                }),
            ),
            world,
        )
    }

    /// Whether somebody may be sent to another provider
    fn has_partner(&self) -> bool {
        let way_in =
            self.switches.identity_engine && self.switches.idx.identify == Identify::OtherProvider;
        way_in || self.accounts.any_factor(|one| one.proof == Proof::Redirect)
    }

    /// A redirect within the org, relative where the switch asks for it
    fn own_redirect(&self, ask: &Ask, path: &str) -> Answer {
        if self.switches.relative_locations {
            Answer::redirect(path)
        } else {
            Answer::redirect(format!("{}{path}", ask.origin()))
        }
    }

    fn session_place(&self, ask: &Ask, world: &World) -> Option<usize> {
        // The Identity Engine takes the older cookie, too.
        let sent = ["idx", "sid"].map(|name| ask.cookie(name));
        let now = world.clock().seconds();
        self.sessions.iter().position(|session| {
            sent.contains(&Some(&session.sid))
                && session.site == ask.site()
                && now < session.started_at + SESSION_LIFE
        })
    }

    fn state_token(&mut self, transaction: Transaction, world: &World) -> String {
        let token = world.secret(state_token());
        self.transactions.insert(token.clone(), transaction);
        token
    }
}

impl IdpDouble for Okta {
    fn sites(&self) -> Vec<String> {
        let mut sites = vec![OKTA_HOST.to_owned(), OKTA_CUSTOM_HOST.to_owned()];
        if self.has_partner() {
            sites.push(PARTNER_HOST.to_owned());
        }
        sites
    }

    fn register(&mut self, portal: &RelyingParty, world: &World) -> SignOn {
        self.portal = Some(portal.clone());
        self.partner = self
            .has_partner()
            .then(|| Partner::new(self.accounts.people().to_vec(), world));
        let origin = world.origin(if self.switches.custom_domain {
            OKTA_CUSTOM_HOST
        } else {
            OKTA_HOST
        });
        match self.how {
            PortalIdp::OktaSaml => SignOn::Saml {
                sso: format!("{origin}{SAML_PATH}"),
            },
            _ if self.switches.custom_authorization_server => SignOn::Oidc {
                authorize: format!("{origin}/oauth2/default/v1/authorize"),
                s256: true,
            },
            _ => SignOn::Oidc {
                authorize: format!("{origin}/oauth2/v1/authorize"),
                s256: true,
            },
        }
    }

    fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        if ask.site() == PARTNER_HOST
            && let Some(partner) = &mut self.partner
        {
            return partner.answer(ask, world);
        }
        let cookies = self.browsers.meet(ask, world);
        self.route(ask, world).cookies(cookies)
    }

    fn redeem(&mut self, request: &CodeRequest, world: &World) -> Option<Person> {
        let Some(code) = self.codes.remove(&request.code) else {
            world.complain("an authorization code that the org does not know, or not any more");
            return None;
        };
        let fits = match (&code.challenge, &request.verifier) {
            (Some(challenge), Some(verifier)) => s256_fits(verifier, challenge),
            (None, None) => true,
            _ => false,
        };
        let good = fits
            && code.client_id == request.client_id
            && code.redirect_uri == request.redirect_uri
            && world.clock().seconds() <= code.made_at + CODE_LIFE;
        good.then_some(code.person)
    }

    fn read_assertion(&mut self, saml_response: &str, _: &World) -> Option<Person> {
        self.assertions.get(saml_response).cloned()
    }
}

/// Starts with `00`, as the Classic engine's do, and holds a dash, which pages escape
fn state_token() -> String {
    format!("00{}-{}", random::base64url(15), random::base64url(14))
}

/// The app's SAML endpoint
const SAML_PATH: &str = "/app/acme_openunison_1/exk4k8sou5Zq7VtW5d7/sso/saml";
/// Everybody's, in documents
const USER_ID: &str = "00u1a2b3c4D5e6F7g8h9";
const CODE_LIFE: u64 = 60;
const SESSION_LIFE: u64 = 7200;
const STATE_TOKEN_LIFE: u64 = 300;
const SESSION_TOKEN_LIFE: u64 = 300;
