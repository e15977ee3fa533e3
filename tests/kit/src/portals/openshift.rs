//! OpenShift: an API server that says where its OAuth server is, and that server at another host.
//!
//! A code is good once, for the client and the address that it was asked for, and with its verifier. Forms need the cookie that came
//! with them.

mod pages;

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::doubles::Service;
use crate::http::{Answer, Ask, encode};
use crate::idp::IdpDouble;
use crate::keys::s256_fits;
use crate::person::Person;
use crate::portals::relying::Relying;
use crate::portals::{plain, redirect};
use crate::random;
use crate::world::{CONTROL_PLANE_HOST, EVIL_HOST, PORTAL_HOST, World};

/// How the OAuth server answers a client that asks to be challenged
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Challenge {
    /// With Basic
    #[default]
    Basic,
    /// With Negotiate alone
    Negotiate,
    /// With a warning that names the page for people
    Nothing,
}

/// How the cluster differs from one with a password file, whose API server is at [`crate::PORTAL_HOST`], and whose OAuth server is
/// at [`crate::CONTROL_PLANE_HOST`]
#[derive(Clone, Debug, Default)]
pub struct OpenShiftSwitches {
    /// The answer to the challenging client
    pub challenge: Challenge,
    /// It also has the provider `corp` behind OpenID Connect, and so a page with a choice
    pub choice: bool,
    /// It asks whether the client may have the account's rights
    pub approval: bool,
    /// It answers in the fragment, with a token in place of a code
    pub implicit: bool,
    /// Its answer has another state than the request
    pub changes_state: bool,
    /// The API server names a token endpoint at [`crate::EVIL_HOST`]
    pub token_elsewhere: bool,
    /// Tokens do not end
    pub endless: bool,
    /// It forgets what the cookie of a form was
    pub loses_csrf: bool,
    /// What the page names as the API server
    pub server: Option<String>,
}

pub(super) struct OpenShift {
    switches: OpenShiftSwitches,
    people: Vec<Person>,
    relying: Relying,
    /// Who is signed in, by the cookie `ssn`
    sessions: HashMap<String, Person>,
    codes: HashMap<String, Code>,
    csrf: String,
    /// Where a login at `corp` goes on, by state
    states: HashMap<String, String>,
}

struct Code {
    client: String,
    redirect_uri: String,
    challenge: Option<String>,
}

impl OpenShift {
    pub(super) fn new(
        switches: OpenShiftSwitches,
        people: Vec<Person>,
        idp: Box<dyn IdpDouble>,
        world: &World,
    ) -> Self {
        Self {
            switches,
            people,
            relying: Relying::at(CONTROL_PLANE_HOST, idp, "/oauth2callback/corp", world),
            sessions: HashMap::new(),
            codes: HashMap::new(),
            csrf: world.secret(random::base64url(32)),
            states: HashMap::new(),
        }
    }

    fn metadata(&self, world: &World) -> Answer {
        let issuer = world.origin(CONTROL_PLANE_HOST);
        let token = if self.switches.token_elsewhere {
            world.origin(EVIL_HOST)
        } else {
            issuer.clone()
        };
        Answer::json(
            200,
            &json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{issuer}/oauth/authorize"),
                "token_endpoint": format!("{token}/oauth/token"),
                "scopes_supported": ["user:check-access", "user:full", "user:info"],
                "response_types_supported": ["code", "token"],
                "grant_types_supported": ["authorization_code", "implicit"],
                "code_challenge_methods_supported": ["plain", "S256"],
            }),
        )
    }

    fn authorize(&mut self, ask: &Ask, world: &World) -> Answer {
        match ask.query("client_id").as_deref() {
            Some(CHALLENGING) => self.challenge(ask, world),
            Some(BROWSER) => self.browse(ask, world),
            _ => {
                world.complain("an authorization request of an unknown client");
                Answer::json(400, &json!({"error": "unauthorized_client"}))
            }
        }
    }

    fn challenge(&mut self, ask: &Ask, world: &World) -> Answer {
        let back = format!("{}/oauth/token/implicit", world.origin(CONTROL_PLANE_HOST));
        let is = |name: &str, value: &str| ask.query(name).as_deref() == Some(value);
        if !is("redirect_uri", &back)
            || !is("response_type", "code")
            || !is("code_challenge_method", "S256")
        {
            world.complain("the challenging client asked for something else than a code with S256");
            return Answer::json(400, &json!({"error": "invalid_request"}));
        }
        if ask.header("x-csrf-token").is_none_or(str::is_empty) {
            world.complain("a request for a challenge lacks X-CSRF-Token");
            return plain(
                401,
                "A non-empty X-CSRF-Token header is required to receive basic-auth challenges",
            );
        }
        let challenge = match self.switches.challenge {
            Challenge::Basic => "Basic realm=\"openshift\"",
            Challenge::Negotiate => {
                return Answer::empty(401).header("WWW-Authenticate", "Negotiate");
            }
            Challenge::Nothing => {
                let page = format!("{}/oauth/token/request", world.origin(CONTROL_PLANE_HOST));
                return Answer::empty(401).header(
                    "Warning",
                    format!("199 OpenShift \"You must obtain an API token by visiting {page}\""),
                );
            }
        };
        let pair = ask
            .header("authorization")
            .and_then(|line| line.strip_prefix("Basic "));
        let pair = pair.and_then(|text| STANDARD.decode(text).ok());
        let pair = pair.and_then(|bytes| String::from_utf8(bytes).ok());
        let found = pair.as_deref().and_then(|pair| pair.split_once(':'));
        if found.is_none_or(|(user, password)| self.person(user, password).is_none()) {
            return Answer::empty(401).header("WWW-Authenticate", challenge);
        }
        let state = match self.switches.changes_state {
            true => "another".to_owned(),
            false => ask.query("state").unwrap_or_default(),
        };
        if self.switches.implicit {
            let token = token(world);
            return redirect(
                302,
                format!(
                    "{back}#access_token={token}&expires_in=86400&scope=user%3Afull&state={}&token_type=Bearer",
                    encode(&state)
                ),
            );
        }
        let code = self.code(CHALLENGING, &back, ask.query("code_challenge"), world);
        redirect(302, format!("{back}?code={code}&state={}", encode(&state)))
    }

    fn browse(&mut self, ask: &Ask, world: &World) -> Answer {
        let back = format!("{}/oauth/token/display", world.origin(CONTROL_PLANE_HOST));
        if ask.query("redirect_uri").as_deref() != Some(&back) {
            world.complain("the page for people is asked for with another address");
        }
        if !ask
            .cookie("ssn")
            .is_some_and(|ssn| self.sessions.contains_key(ssn))
        {
            let then = ask.uri();
            return match ask.query("idp").as_deref() {
                None if self.switches.choice => Answer::html(200, pages::providers(&then)),
                Some("corp") => {
                    let state = random::base64url(24);
                    self.states.insert(state.clone(), then);
                    redirect(302, self.relying.authorization(&state))
                }
                _ => redirect(302, format!("/login/htpasswd?then={}", encode(&then))),
            };
        }
        let is_approved = ask.query("approved").is_some();
        if self.switches.approval && !is_approved {
            return redirect(
                302,
                format!("/oauth/authorize/approve?then={}", encode(&ask.uri())),
            );
        }
        let code = self.code(BROWSER, &back, None, world);
        redirect(302, format!("{back}?code={code}&state="))
    }

    fn login(&mut self, ask: &Ask, world: &World) -> Answer {
        let then = ask.param("then").unwrap_or_default();
        if ask.method() == "GET" {
            let reason = ask.query("reason").unwrap_or_default();
            return self.form(pages::login(&then, &self.csrf, &reason));
        }
        let again = |reason: &str| {
            redirect(
                302,
                format!("/login/htpasswd?reason={reason}&then={}", encode(&then)),
            )
        };
        if !self.has_csrf(ask, world) {
            return again("token_expired");
        }
        if !then.starts_with("/oauth/authorize?") {
            world.complain("the form came back with another target");
        }
        let field = |name: &str| ask.field(name).unwrap_or_default();
        match self.person(&field("username"), &field("password")).cloned() {
            Some(person) => self.signed_in(person, &then, world),
            None => again("access_denied"),
        }
    }

    fn signed_in(&mut self, person: Person, then: &str, world: &World) -> Answer {
        let ssn = world.secret(random::base64url(40));
        self.sessions.insert(ssn.clone(), person);
        redirect(302, then).cookie(format!("ssn={ssn}; Path=/; HttpOnly; Secure"))
    }

    fn callback(&mut self, ask: &Ask, world: &World) -> Answer {
        let state = ask.query("state").unwrap_or_default();
        let Some(then) = self.states.remove(&state) else {
            world.complain("the state of corp came back changed");
            return Answer::html(400, "<h1>An authentication error occurred.</h1>");
        };
        match self.relying.redeem(ask, world) {
            Some(tokens) => self.signed_in(tokens.person, &then, world),
            None => Answer::html(500, "<h1>An authentication error occurred.</h1>"),
        }
    }

    fn approve(&self, ask: &Ask, world: &World) -> Answer {
        let then = ask.param("then").unwrap_or_default();
        match (ask.method(), ask.field("approve")) {
            ("GET", _) => self.form(pages::approval(&then, &self.csrf)),
            (_, Some(_)) if self.has_csrf(ask, world) => {
                redirect(302, format!("{then}&approved=1"))
            }
            _ => redirect(302, format!("{then}&error=grant_error")),
        }
    }

    fn display(&mut self, ask: &Ask, world: &World) -> Answer {
        let code = ask.param("code").unwrap_or_default();
        if ask.method() == "GET" {
            return match self.codes.contains_key(&code) {
                true => self.form(pages::display(&code, &self.csrf)),
                false => Answer::html(400, pages::no_token("Error handling auth request")),
            };
        }
        if !self.has_csrf(ask, world) {
            return plain(400, "Could not check CSRF token. Please try again.");
        }
        match self.codes.remove(&code) {
            Some(known) if known.client == BROWSER => {
                let server = self.switches.server.clone();
                let server = server.unwrap_or_else(|| world.origin(PORTAL_HOST));
                Answer::html(200, pages::token(&token(world), &server))
            }
            _ => Answer::html(500, pages::no_token("Error getting token")),
        }
    }

    fn token(&mut self, ask: &Ask, world: &World) -> Answer {
        let refuse = |why: &str| {
            world.complain(format!("the token request was refused: {why}"));
            Answer::json(400, &json!({"error": "invalid_grant"}))
        };
        // A client without a secret shows an empty one.
        let own = format!("Basic {}", STANDARD.encode(format!("{CHALLENGING}:")));
        if ask.header("authorization") != Some(&*own) {
            return refuse("no client");
        }
        let field = |name: &str| ask.field(name).unwrap_or_default();
        let Some(code) = self.codes.remove(&field("code")) else {
            return refuse("no code");
        };
        let fits = s256_fits(
            &field("code_verifier"),
            code.challenge.as_deref().unwrap_or_default(),
        );
        if field("grant_type") != "authorization_code"
            || code.client != CHALLENGING
            || field("redirect_uri") != code.redirect_uri
            || !fits
        {
            return refuse("another client, address or verifier");
        }
        let lives = if self.switches.endless { 0 } else { 86400 };
        Answer::json(
            200,
            &json!({"access_token": token(world), "expires_in": lives, "scope": "user:full", "token_type": "Bearer"}),
        )
    }

    fn code(
        &mut self,
        client: &str,
        back: &str,
        challenge: Option<String>,
        world: &World,
    ) -> String {
        let code = world.secret(format!("sha256~{}", random::base64url(32)));
        let known = Code {
            client: client.to_owned(),
            redirect_uri: back.to_owned(),
            challenge,
        };
        self.codes.insert(code.clone(), known);
        code
    }

    fn person(&self, user: &str, password: &str) -> Option<&Person> {
        let mut people = self.people.iter();
        people.find(|person| person.login == user && person.password == password)
    }

    /// A page whose form needs the cookie
    fn form(&self, page: String) -> Answer {
        Answer::html(200, page).cookie(format!("csrf={}; Path=/; HttpOnly; Secure", self.csrf))
    }

    fn has_csrf(&self, ask: &Ask, world: &World) -> bool {
        let is_same = ask.cookie("csrf") == Some(&*self.csrf)
            && ask.field("csrf").as_ref() == Some(&self.csrf);
        if !is_same {
            world.complain("a form came back without its csrf token or cookie");
        }
        is_same && !self.switches.loses_csrf
    }
}

impl Service for OpenShift {
    fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        match (ask.site(), ask.path()) {
            (PORTAL_HOST, "/.well-known/oauth-authorization-server") => self.metadata(world),
            (PORTAL_HOST, _) => Answer::json(
                403,
                &json!({"kind": "Status", "status": "Failure", "code": 403}),
            ),
            (CONTROL_PLANE_HOST, path) => match path {
                "/oauth/authorize" => self.authorize(ask, world),
                "/oauth/authorize/approve" => self.approve(ask, world),
                "/login/htpasswd" => self.login(ask, world),
                "/oauth2callback/corp" => self.callback(ask, world),
                "/oauth/token/request" => {
                    let back = format!("{}/oauth/token/display", world.origin(CONTROL_PLANE_HOST));
                    redirect(
                        302,
                        format!(
                            "/oauth/authorize?client_id={BROWSER}&redirect_uri={}&response_type=code",
                            encode(&back)
                        ),
                    )
                }
                "/oauth/token/display" => self.display(ask, world),
                "/oauth/token" => self.token(ask, world),
                _ => plain(404, "404 page not found"),
            },
            _ => self.relying.elsewhere(ask, world),
        }
    }

    fn end_sessions(&mut self, _: &str) -> usize {
        0
    }
}

/// A token that nobody can read
fn token(world: &World) -> String {
    world.secret(format!("sha256~{}", random::base64url(32)))
}

const CHALLENGING: &str = "openshift-challenging-client";
const BROWSER: &str = "openshift-browser-client";
