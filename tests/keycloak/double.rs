//! A realm of a Keycloak server that keeps to what was seen of 15, 17 and 26, and complains of what no browser would send.

use std::collections::{HashMap, HashSet};

use doorward::Secret;
use doorward::code::TotpSeed;
use doorward::passkey::Binary;
use doorward_testkit::{Answer, Ask, CodeRequest, IdpDouble, Person, RelyingParty, SignOn, World};

use crate::pages::{self, View};
use crate::realm::{ACCOUNTS, Back, Realm, Refusal, Step, Trouble, Version, devices, seed_of};
use crate::signature;

#[path = "double/way_back.rs"]
mod way_back;

#[derive(Clone, Debug)]
enum Target {
    Oidc { redirect_uri: String, state: String },
    Saml { relay_state: String },
}

#[derive(Debug)]
struct Login {
    target: Target,
    tab: String,
    code: String,
    step: Step,
    user: String,
    typed: String,
    challenge: String,
    /// Shown once
    error: Option<(&'static str, bool)>,
    done: HashSet<&'static str>,
}

/// A realm's server, and that of another realm behind it
#[derive(Debug)]
pub(crate) struct Keycloak {
    site: &'static str,
    name: &'static str,
    realm: Realm,
    upstream: Option<Box<Self>>,
    portal: Option<RelyingParty>,
    logins: HashMap<String, Login>,
    restarts: HashMap<String, Target>,
    /// Logins that wait for the other realm, by `state`
    away: HashMap<String, String>,
    failures: HashMap<String, u32>,
    used: HashSet<(String, String)>,
    granted: HashMap<String, String>,
    spoiled: u32,
    count: u32,
}

impl Keycloak {
    pub(crate) fn new(realm: Realm) -> Self {
        Self::at(SITE, "corp", realm)
    }

    /// The same, with another Keycloak behind its broker `upstream`
    pub(crate) fn brokered(realm: Realm, upstream: Realm) -> Self {
        let upstream = Self::at(UPSTREAM, "upstream", upstream);
        Self {
            upstream: Some(Box::new(upstream)),
            ..Self::new(realm)
        }
    }

    fn at(site: &'static str, name: &'static str, realm: Realm) -> Self {
        Self {
            site,
            name,
            realm,
            upstream: None,
            portal: None,
            logins: HashMap::new(),
            restarts: HashMap::new(),
            away: HashMap::new(),
            failures: HashMap::new(),
            used: HashSet::new(),
            granted: HashMap::new(),
            spoiled: 0,
            count: 0,
        }
    }

    fn base(&self, world: &World) -> String {
        let prefix = match self.realm.version {
            Version::V15 => "/auth",
            Version::V17 | Version::V26 => "",
        };
        format!("{}{prefix}/realms/{}", world.origin(self.site), self.name)
    }

    fn next(&mut self, what: &str) -> String {
        self.count += 1;
        format!("{what}-{}-{}-0123456789abcdef", self.name, self.count)
    }

    fn first_step(&self) -> Step {
        match (self.realm.has_no_form, self.realm.is_username_first) {
            (true, _) => Step::Brokers,
            (_, true) => Step::Name,
            (_, false) => Step::Both,
        }
    }

    /// A login begins: the form stands at the authorization endpoint itself
    fn start(&mut self, target: Target, ask: &Ask, world: &World) -> Answer {
        if self.realm.has_session {
            return self.finish("ci-bot", &target, world);
        }
        let (id, cookies) = self.open(target, world);
        if self.realm.negotiates && ask.header("authorization").is_none() {
            let action = self.action(&id, world).replace('&', "&amp;");
            let page = format!(
                r#"<HTML><HEAD><TITLE>Kerberos Unsupported</TITLE></HEAD><BODY Onload="document.forms[0].submit()">
                <FORM METHOD="POST" ACTION="{action}"><NOSCRIPT><INPUT name="continue" TYPE="submit" VALUE="CONTINUE"/></NOSCRIPT></FORM></BODY></HTML>"#
            );
            return Answer::html(401, page)
                .header("WWW-Authenticate", "Negotiate")
                .cookies(cookies);
        }
        self.page(&id, 200, world).cookies(cookies)
    }

    fn open(&mut self, target: Target, world: &World) -> (String, Vec<String>) {
        let id = self.next("session");
        let restart = self.next("restart");
        self.restarts.insert(restart.clone(), target.clone());
        let login = Login {
            target,
            tab: self.next("tab"),
            code: self.next("code"),
            step: self.first_step(),
            user: String::new(),
            typed: String::new(),
            challenge: String::new(),
            error: None,
            done: HashSet::new(),
        };
        self.logins.insert(id.clone(), login);
        let path = format!("Version=1;Path={}/", self.path(world));
        let mut cookies = vec![
            format!("AUTH_SESSION_ID={id};{path};Secure;HttpOnly;SameSite=None"),
            format!("KC_RESTART={restart};{path};Secure;HttpOnly;SameSite=None"),
        ];
        match self.realm.version {
            Version::V26 => cookies.push(format!(
                "KC_AUTH_SESSION_HASH=\"a/b\";{path};Max-Age=60;Secure;SameSite=None"
            )),
            _ => cookies.push(format!("AUTH_SESSION_ID_LEGACY={id};{path};HttpOnly")),
        }
        (id, cookies)
    }

    fn path(&self, world: &World) -> String {
        self.base(world)
            .split('/')
            .skip(3)
            .map(|part| format!("/{part}"))
            .collect()
    }

    fn action(&self, id: &str, world: &World) -> String {
        let login = &self.logins[id];
        let action = match login.step {
            Step::Action("OAUTH_GRANT") => "consent",
            Step::Action(_) => "required-action",
            _ => "authenticate",
        };
        let data = match self.realm.version {
            Version::V26 => "&client_data=eyJydSI6Ing",
            _ => "",
        };
        format!(
            "{}/login-actions/{action}?session_code={}&execution={}&client_id=portal&tab_id={}{data}",
            self.base(world),
            login.code,
            login.step.execution(),
            login.tab
        )
    }

    /// What a browser is sent to that does not bring a code
    fn address(&self, id: &str, world: &World) -> String {
        let login = &self.logins[id];
        let action = match login.step {
            Step::Action(_) => "required-action",
            _ => "authenticate",
        };
        format!(
            "{}/login-actions/{action}?execution={}&client_id=portal&tab_id={}",
            self.base(world),
            login.step.execution(),
            login.tab
        )
    }

    /// Shows what the login waits for, with a new code
    fn page(&mut self, id: &str, status: u16, world: &World) -> Answer {
        let (code, challenge) = (
            self.next("code"),
            Binary::new(self.next("challenge")).to_base64url(),
        );
        let Some(login) = self.logins.get_mut(id) else {
            return Answer::html(400, pages::failure("Restart login cookie not found"));
        };
        (login.code, login.challenge) = (code, challenge);
        let error = login.error.take();
        let (user, typed, step) = (login.user.clone(), login.typed.clone(), login.step.clone());
        let action = self.action(id, world);
        let view = View {
            realm: &self.realm,
            action: &action,
            username: &typed,
            challenge: &self.logins[id].challenge,
            error,
            devices: devices(&user),
            base: &self.base(world),
        };
        Answer::html(status, view.of(&step))
    }

    fn answer_realm(&mut self, ask: &Ask, world: &World) -> Answer {
        let path = self.path(world);
        let Some(inside) = ask.path().strip_prefix(&path) else {
            return Answer::html(404, pages::failure("Page not found"));
        };
        match (ask.method(), inside) {
            ("GET", "/protocol/openid-connect/auth") => {
                let known = self
                    .portal
                    .as_ref()
                    .map(|portal| portal.redirect_uri.clone());
                let Some((redirect_uri, state)) = ask.query("redirect_uri").zip(ask.query("state"))
                else {
                    return Answer::html(400, pages::failure("Missing parameters"));
                };
                if known != Some(redirect_uri.clone()) {
                    return Answer::html(400, pages::failure("Invalid parameter: redirect_uri"));
                }
                self.start(
                    Target::Oidc {
                        redirect_uri,
                        state,
                    },
                    ask,
                    world,
                )
            }
            ("GET", "/protocol/saml") => {
                let relay_state = ask.query("RelayState").unwrap_or_default();
                self.start(Target::Saml { relay_state }, ask, world)
            }
            ("GET", "/login-actions/authenticate" | "/login-actions/required-action") => {
                match self.login_of(ask) {
                    Some(id) => self.page(&id, 200, world),
                    None => Answer::html(400, pages::failure("Restart login cookie not found")),
                }
            }
            ("GET", "/login-actions/restart") => self.restart(ask, world),
            (
                "POST",
                "/login-actions/authenticate"
                | "/login-actions/required-action"
                | "/login-actions/consent",
            ) => self.posted(ask, world),
            ("GET", "/broker/upstream/login") => self.leave(ask, world),
            ("GET", "/broker/upstream/endpoint") => self.returned(ask, world),
            _ => {
                world.complain(format!("{} {inside} is no page of the login", ask.method()));
                Answer::html(404, pages::failure("Page not found"))
            }
        }
    }

    fn login_of(&self, ask: &Ask) -> Option<String> {
        let id = ask.cookie("AUTH_SESSION_ID")?;
        self.logins.contains_key(id).then(|| id.to_owned())
    }

    /// A new login for the same target, if the cookie for it is there
    fn restart(&mut self, ask: &Ask, world: &World) -> Answer {
        let target = ask
            .cookie("KC_RESTART")
            .and_then(|cookie| self.restarts.get(cookie));
        let Some(target) = target.cloned() else {
            return Answer::html(400, pages::failure("Restart login cookie not found"));
        };
        let (id, cookies) = self.open(target, world);
        let login = self.logins.get_mut(&id).unwrap();
        login.error = Some(("Your login attempt timed out.", false));
        let tab = login.tab.clone();
        let address = format!(
            "{}/login-actions/authenticate?client_id=portal&tab_id={tab}",
            self.base(world)
        );
        Answer::redirect(address).cookies(cookies)
    }

    fn posted(&mut self, ask: &Ask, world: &World) -> Answer {
        let spoils = self
            .realm
            .trouble
            .filter(|(_, posts)| self.spoiled < *posts);
        if ask.query("client_id").as_deref() != Some("portal") || ask.query("tab_id").is_none() {
            world.complain("the action's query was changed");
        }
        if self.realm.version == Version::V26 && ask.query("client_data").is_none() {
            world.complain("client_data got lost");
        }
        if ask.header("origin") != Some(ask.origin()) {
            world.complain("a form came without the origin of its page");
        }
        // A password that nobody looked at is a password that was sent.
        if let Some((trouble, _)) = spoils {
            self.spoiled += 1;
            match trouble {
                Trouble::TimedOut | Trouble::CookieLost => return self.restart(ask, world),
                Trouble::AllCookiesLost => {
                    return Answer::html(400, pages::failure("Restart login cookie not found"));
                }
                Trouble::PageExpired => {
                    let base = self.base(world);
                    let query = "client_id=portal&tab_id=t1&client_data=x&skip_logout=false";
                    return Answer::html(
                        200,
                        pages::expired(
                            &format!("{base}/login-actions/restart?{query}"),
                            &format!("{base}/login-actions/authenticate?{query}"),
                        ),
                    );
                }
                Trouble::Stale => {
                    if let Some(login) = self.login_of(ask).and_then(|id| self.logins.get_mut(&id))
                    {
                        login.code = "another".to_owned();
                    }
                }
            }
        }
        let Some(id) = self.login_of(ask) else {
            world.complain("a form came without its login's cookie");
            return self.restart(ask, world);
        };
        let login = &self.logins[&id];
        if ask.query("execution").as_deref() != Some(login.step.execution()) {
            world.complain("a form came with another execution");
        }
        if ask.query("session_code").as_deref() != Some(&login.code) {
            if spoils.is_none() {
                world.complain("a form came with a code that was used");
            }
            self.logins.get_mut(&id).unwrap().error =
                Some(("Action expired. Please continue with login now.", false));
            return Answer::redirect(self.address(&id, world));
        }
        self.answered(&id, ask, world)
    }

    fn answered(&mut self, id: &str, ask: &Ask, world: &World) -> Answer {
        let login = &self.logins[id];
        let step = login.step.clone();
        if ask.field("tryAnotherWay").as_deref() == Some("on") && self.realm.has_another_way {
            let from = match step {
                Step::Code => "code-execution",
                _ => "key-execution",
            };
            self.logins.get_mut(id).unwrap().step = Step::List(from);
            return self.page(id, 200, world);
        }
        if self.realm.negotiates && step == Step::Both && ask.fields().is_empty() {
            return self.page(id, 200, world);
        }
        for (name, _) in ask.fields() {
            let is_consent = step == Step::Action("OAUTH_GRANT") && name == "code";
            if !step.fields().contains(&name.as_str()) && !is_consent {
                world.complain(format!("{step:?} has no field {name}"));
            }
        }
        let field = |name| ask.field(name).unwrap_or_default();
        match step {
            Step::Both => self.password(id, &field("username"), &field("password"), world),
            Step::Name => {
                let login = self.logins.get_mut(id).unwrap();
                login.typed = field("username");
                if self.realm.links_follow_the_name {
                    return self.page(id, 200, world);
                }
                if !ACCOUNTS.contains(&login.typed.as_str()) {
                    login.error = Some(("Invalid username or email.", true));
                    return self.page(id, 200, world);
                }
                login.user.clone_from(&login.typed);
                login.step = Step::Password;
                self.page(id, 200, world)
            }
            Step::Password => {
                let user = self.logins[id].user.clone();
                self.password(id, &user, &field("password"), world)
            }
            Step::Code => {
                let user = self.logins[id].user.clone();
                let wanted = match ask.field("selectedCredentialId") {
                    Some(id) => id.trim_end_matches("-id").to_owned(),
                    None => devices(&user).first().copied().unwrap_or("ci").to_owned(),
                };
                let code = field("otp");
                let now = world.clock().seconds();
                let seed = TotpSeed::parse(&Secret::new(seed_of(&wanted))).unwrap();
                let is_it = [now - 30, now, now + 30]
                    .iter()
                    .any(|time| seed.code_at(*time).0.expose_secret() == code);
                if is_it && self.used.insert((user, code)) {
                    return self.proven(id, "code", world);
                }
                self.logins.get_mut(id).unwrap().error =
                    Some(("Invalid authenticator code.", true));
                self.page(id, 200, world)
            }
            Step::Key => {
                let challenge = self.logins[id].challenge.clone();
                let key = self
                    .realm
                    .keys
                    .iter()
                    .find(|(known, _)| *known == field("credentialId"));
                if key.is_some_and(|(_, key)| signature::is_good(ask, &challenge, key)) {
                    return self.proven(id, "key", world);
                }
                let action = self.action(id, world).replace('&', "&amp;");
                Answer::html(
                    200,
                    format!(
                        r#"<form id="kc-error-credential-form" action="{action}" method="post"><input type="hidden" name="authenticationExecution">
                    <input type="hidden" name="isSetRetry"></form><input type="button" id="kc-try-again">"#
                    ),
                )
            }
            Step::List(from) => {
                let login = self.logins.get_mut(id).unwrap();
                login.step = match &*field("authenticationExecution") {
                    "code-execution" => Step::Code,
                    "key-execution" => Step::Key,
                    other => {
                        world.complain(format!("there is no method {other:?}"));
                        Step::List(from)
                    }
                };
                self.page(id, 200, world)
            }
            Step::Action(name) => {
                if ask.field("accept").is_none() {
                    world.complain("accepted without the button");
                }
                self.proven(id, name, world)
            }
            Step::Brokers => Answer::html(400, pages::failure("Unexpected")),
        }
    }

    fn password(&mut self, id: &str, user: &str, password: &str, world: &World) -> Answer {
        let failures = self.failures.entry(user.to_owned()).or_default();
        let is_right = ACCOUNTS.contains(&user) && password == PASSWORD;
        let is_locked = user == "locked" || *failures >= 3;
        if is_right && !is_locked && user != "off" {
            self.logins.get_mut(id).unwrap().user = user.to_owned();
            return self.proven(id, "password", world);
        }
        *failures += 1;
        let login = self.logins.get_mut(id).unwrap();
        login.typed = user.to_owned();
        login.error = Some(match user == "off" && is_right {
            true => ("Account is disabled, contact your administrator.", false),
            false => ("Invalid username or password.", true),
        });
        match self.realm.refusal {
            Refusal::Status(status) => self.page(id, status, world),
            Refusal::Redirect { with_code } => {
                let code = match with_code {
                    true => format!("&session_code={}", self.logins[id].code),
                    false => String::new(),
                };
                Answer::redirect(self.address(id, world) + &code)
            }
        }
    }

    /// One thing is proven; what comes next?
    fn proven(&mut self, id: &str, what: &'static str, world: &World) -> Answer {
        let asks_consent = self.realm.asks_consent;
        let login = self.logins.get_mut(id).unwrap();
        login.done.insert(what);
        let second = match &*login.user {
            "totp-bot" | "two-bot" => Some(Step::Code),
            "key-bot" => Some(Step::Key),
            _ => None,
        };
        let is_second_done = ["code", "key"].iter().any(|done| login.done.contains(done));
        if let Some(second) = second.filter(|_| !is_second_done) {
            login.step = second;
            return self.page(id, 200, world);
        }
        let action = match &*login.user {
            "new-password" => Some("UPDATE_PASSWORD"),
            "new-otp" => Some("CONFIGURE_TOTP"),
            "no-profile" => Some("VERIFY_PROFILE"),
            "no-mail" => Some("VERIFY_EMAIL"),
            "terms" => Some("TERMS_AND_CONDITIONS"),
            _ => None,
        };
        let grant = asks_consent.then_some("OAUTH_GRANT");
        let mut due = action.into_iter().chain(grant);
        if let Some(action) = due.find(|action| !login.done.contains(action)) {
            login.step = Step::Action(action);
            return Answer::redirect(self.address(id, world));
        }
        let login = self.logins.remove(id).unwrap();
        self.finish(&login.user, &login.target, world)
    }
}

impl IdpDouble for Keycloak {
    fn sites(&self) -> Vec<String> {
        let upstream = self.upstream.iter().map(|upstream| upstream.site);
        [self.site]
            .into_iter()
            .chain(upstream)
            .map(str::to_owned)
            .collect()
    }

    fn register(&mut self, portal: &RelyingParty, world: &World) -> SignOn {
        self.portal = Some(portal.clone());
        let endpoint = self.endpoint(world);
        if let Some(upstream) = &mut self.upstream {
            let mut broker = portal.clone();
            broker.redirect_uri = endpoint;
            upstream.portal = Some(broker);
        }
        let base = self.base(world);
        match self.realm.back {
            Back::Saml => SignOn::Saml {
                sso: format!("{base}/protocol/saml"),
            },
            _ => SignOn::Oidc {
                authorize: format!("{base}/protocol/openid-connect/auth"),
                s256: true,
            },
        }
    }

    fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        match &mut self.upstream {
            Some(upstream) if ask.site() == upstream.site => upstream.answer_realm(ask, world),
            _ => self.answer_realm(ask, world),
        }
    }

    fn redeem(&mut self, request: &CodeRequest, _: &World) -> Option<Person> {
        let user = self.granted.remove(&request.code)?;
        request.verifier.as_ref()?;
        Some(Person::new(&user, PASSWORD))
    }

    fn read_assertion(&mut self, saml_response: &str, _: &World) -> Option<Person> {
        let user = self.granted.remove(saml_response)?;
        Some(Person::new(&user, PASSWORD))
    }
}

pub(crate) const PASSWORD: &str = "correct & horse";
pub(crate) const SITE: &str = "sso.corp.test";
pub(crate) const UPSTREAM: &str = "sso.head-office.test";
