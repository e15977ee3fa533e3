//! Dex as its clients see it, of several versions, and a provider behind one of its connectors.
//!
//! It binds a login to the ids in its addresses, as Dex does, and complains of whatever a browser would not do.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward::Url;
use doorward_testkit::{Answer, Ask, CodeRequest, IdpDouble, Person, RelyingParty, SignOn, World};
use sha2::{Digest, Sha256};

use crate::pages;

/// Versions between which something changed that a client can see
#[derive(Clone, Copy, Debug, Eq, PartialEq, PartialOrd)]
pub(crate) enum Version {
    /// The id is made at `/auth`, and the form stands at `/auth/{connector}?req=`
    V2_24,
    /// The id is made at `/auth/{connector}`, and the form stands at `/auth/{connector}/login?state=`
    V2_30,
    /// The approval has an `hmac`
    V2_35,
    /// A wrong password is 401; without approval the login ends at the form
    V2_45,
    /// Not released: a checkbox, a session cookie, and one more redirect after the form
    Next,
}

/// How the pages look
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Theme {
    Stock,
    /// A company's own: German, no class and no id of Dex's, but the fields
    Own,
}

/// What a connector does
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Asks for a password itself
    Password,
    /// Sends the browser to [`UPSTREAM`], by OpenID Connect
    Oidc,
    /// The same by SAML
    Saml,
    /// Knows everybody at once
    Mock,
    /// Has a directory that does not answer
    Broken,
    /// Is gone from the configuration
    Gone,
}

/// How this Dex is set up
pub(crate) struct Switches {
    pub(crate) version: Version,
    pub(crate) theme: Theme,
    pub(crate) connectors: Vec<(&'static str, Kind)>,
    pub(crate) skip_approval: bool,
    pub(crate) always_choose: bool,
    /// The status of the page for an account that the connector refuses after the upstream login
    pub(crate) refuses_with: Option<u16>,
}

pub(crate) struct DexDouble {
    switches: Switches,
    portal: Option<RelyingParty>,
    logins: HashMap<String, Login>,
    codes: HashMap<String, Code>,
    count: usize,
}

/// An authorization request under way
#[derive(Clone, Default)]
struct Login {
    /// The portal's parameters, as it sent them
    parameters: Vec<(String, String)>,
    connector: Option<&'static str>,
    person: Option<String>,
    until: u64,
}

struct Code {
    redirect_uri: String,
    challenge: String,
    person: String,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            version: Version::V2_45,
            theme: Theme::Stock,
            connectors: vec![("local", Kind::Password)],
            skip_approval: true,
            always_choose: false,
            refuses_with: None,
        }
    }
}

impl IdpDouble for DexDouble {
    fn sites(&self) -> Vec<String> {
        vec![SITE.to_owned(), UPSTREAM.to_owned()]
    }

    fn register(&mut self, portal: &RelyingParty, world: &World) -> SignOn {
        self.portal = Some(portal.clone());
        SignOn::Oidc {
            authorize: format!("{}/dex/auth", world.origin(SITE)),
            s256: true,
        }
    }

    fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        if ask.method() == "POST" && !ask.is_form() {
            world.complain(format!("a post to {} that is no form", ask.path()));
        }
        if ask.site() == UPSTREAM {
            return upstream(ask, world);
        }
        if self.switches.version < Version::Next && !ask.cookies().is_empty() {
            world.complain("a cookie for Dex, which sets none");
        }
        let path = ask.path().to_owned();
        let Some(path) = path.strip_prefix("/dex/") else {
            return self.error(404, "Not found", ask);
        };
        let steps: Vec<&str> = path.split('/').collect();
        match (ask.method(), steps.as_slice()) {
            ("GET", ["auth"])
                if self.switches.version == Version::Next && ask.query("req").is_some() =>
            {
                self.dispatch(ask, world)
            }
            ("GET", ["auth"]) => self.authorize(ask, world),
            ("GET" | "POST", ["auth", id]) => self.begin(id, ask, world),
            ("GET" | "POST", ["auth", id, "login"]) if self.switches.version > Version::V2_24 => {
                self.password(id, "state", ask, world)
            }
            ("GET" | "POST", ["callback"]) => self.callback(ask, world),
            ("GET" | "POST", ["approval"]) => self.approval(ask, world),
            _ => self.error(404, "Not found", ask),
        }
    }

    fn redeem(&mut self, request: &CodeRequest, world: &World) -> Option<Person> {
        let code = self.codes.remove(&request.code)?;
        let digest = Sha256::digest(request.verifier.as_deref().unwrap_or_default());
        if URL_SAFE_NO_PAD.encode(digest) != code.challenge
            || request.redirect_uri != code.redirect_uri
        {
            world.complain("a code with another verifier or redirect address");
            return None;
        }
        Some(Person::new(&code.person, PASSWORD))
    }

    fn read_assertion(&mut self, _: &str, _: &World) -> Option<Person> {
        None
    }
}

impl DexDouble {
    pub(crate) fn new(switches: Switches) -> Self {
        Self {
            switches,
            portal: None,
            logins: HashMap::new(),
            codes: HashMap::new(),
            count: 0,
        }
    }

    /// `/auth`: the choice of a connector
    fn authorize(&mut self, ask: &Ask, world: &World) -> Answer {
        let query = match self.switches.version {
            Version::V2_24 => match self.admit(ask, world) {
                Ok(login) => format!("req={}", self.keep(login, world)),
                Err(refusal) => return refusal,
            },
            _ => ask.raw_query().to_owned(),
        };
        if let ([(only, _)], false) = (
            self.switches.connectors.as_slice(),
            self.switches.always_choose,
        ) {
            return Answer::redirect(format!("/dex/auth/{only}?{query}"));
        }
        let ids: Vec<&str> = self.switches.connectors.iter().map(|(id, _)| *id).collect();
        Answer::html(200, pages::choice(self.switches.theme, &ids, &query))
    }

    /// `/auth/{connector}`
    fn begin(&mut self, id: &str, ask: &Ask, world: &World) -> Answer {
        let known = self
            .switches
            .connectors
            .iter()
            .find(|(known, _)| *known == id);
        let Some((id, kind)) = known.copied().filter(|(_, kind)| *kind != Kind::Gone) else {
            return self.error(400, "Connector failed to initialize", ask);
        };
        let login = match self.switches.version {
            Version::V2_24 => ask.query("req").unwrap_or_default(),
            _ => match self.admit(ask, world) {
                Ok(login) => self.keep(login, world),
                Err(refusal) => return refusal,
            },
        };
        let Some(known) = self.logins.get_mut(&login) else {
            return self.error(400, "Requested resource does not exist.", ask);
        };
        known.connector = Some(id);
        match kind {
            Kind::Mock => Answer::redirect(format!("/dex/callback?state={login}&code=")),
            Kind::Oidc => Answer::redirect(format!(
                "{}/authorize?client_id=dex&response_type=code&redirect_uri={}%2Fdex%2Fcallback&state={login}",
                world.origin(UPSTREAM),
                world.origin(SITE),
            )),
            Kind::Saml => Answer::html(200, pages::saml_request(&world.origin(UPSTREAM), &login)),
            _ if self.switches.version == Version::V2_24 => self.password(id, "req", ask, world),
            _ => Answer::redirect(format!("/dex/auth/{id}/login?back=&state={login}")),
        }
    }

    /// The form, and what it posts
    fn password(&mut self, id: &str, name: &str, ask: &Ask, world: &World) -> Answer {
        let key = ask.query(name).unwrap_or_default();
        let Some(login) = self.under_way(&key, world) else {
            return self.error(400, "Requested resource does not exist.", ask);
        };
        if login.connector != Some(id) {
            return self.error(500, "Requested resource does not exist.", ask);
        }
        if ask.method() == "GET" {
            return Answer::html(200, self.form(ask, None));
        }
        let mut fields = ask.fields();
        fields.sort();
        let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        if names != ["login", "password"] {
            world.complain(format!("the form came back with {names:?}"));
        }
        let referer = format!("{}/", ask.origin());
        if ask.header("referer") != Some(&referer) {
            world.complain("a form of the same site without its origin");
        }
        if self
            .switches
            .connectors
            .contains(&(login.connector.unwrap_or_default(), Kind::Broken))
        {
            return self.error(500, "Login error.", ask);
        }
        let user = ask.field("login").unwrap_or_default();
        if user != USER || ask.field("password").as_deref() != Some(PASSWORD) {
            let status = if self.switches.version < Version::V2_45 {
                200
            } else {
                401
            };
            return Answer::html(status, self.form(ask, Some(&user)));
        }
        self.signed_in(&key, USER, world)
    }

    /// The way back from a connector's own provider
    fn callback(&mut self, ask: &Ask, world: &World) -> Answer {
        let by_post = ask.method() == "POST";
        let key = match by_post {
            true => ask.field("RelayState"),
            false => ask.query("state"),
        };
        let key = key.unwrap_or_default();
        let Some(login) = self.under_way(&key, world) else {
            return self.error(400, "Requested resource does not exist.", ask);
        };
        let kind = self
            .switches
            .connectors
            .iter()
            .find(|(id, _)| Some(*id) == login.connector);
        let proof = match kind {
            Some((_, Kind::Oidc)) => ask.query("code").filter(|_| !by_post),
            Some((_, Kind::Saml)) => ask.field("SAMLResponse").filter(|_| by_post),
            Some((_, Kind::Mock)) => Some(UPSTREAM_PROOF.to_owned()),
            _ => None,
        };
        match (proof.as_deref(), self.switches.refuses_with) {
            (Some(UPSTREAM_PROOF), None) => self.signed_in(&key, UPSTREAM_USER, world),
            (_, Some(status)) => self.error(status, "Failed to authenticate", ask),
            _ => self.error(500, "Failed to authenticate", ask),
        }
    }

    fn signed_in(&mut self, key: &str, person: &str, world: &World) -> Answer {
        if let Some(login) = self.logins.get_mut(key) {
            login.person = Some(person.to_owned());
        }
        let hmac = hmac(key);
        match self.switches.version {
            Version::V2_24 | Version::V2_30 => see_other(format!("/dex/approval?req={key}")),
            Version::V2_45 if self.switches.skip_approval => self.back(key, world),
            Version::V2_35 | Version::V2_45 => {
                see_other(format!("/dex/approval?req={key}&hmac={hmac}"))
            }
            Version::Next => see_other(format!("/dex/auth?req={key}&hmac={hmac}"))
                .cookie("dex_session=s1; Path=/dex; HttpOnly; Secure; SameSite=Lax"),
        }
    }

    /// The coming version's next step
    fn dispatch(&mut self, ask: &Ask, world: &World) -> Answer {
        let key = ask.query("req").unwrap_or_default();
        if ask.cookie("dex_session") != Some("s1") {
            world.complain("the session's cookie is missing");
        }
        match ask.query("hmac") == Some(hmac(&key)) {
            false => self.error(401, "Unauthorized request", ask),
            true if self.switches.skip_approval => self.back(&key, world),
            true => see_other(format!("/dex/approval?{}", ask.raw_query())),
        }
    }

    fn approval(&mut self, ask: &Ask, world: &World) -> Answer {
        let key = ask.query("req").unwrap_or_default();
        if self.switches.version >= Version::V2_35 && ask.query("hmac") != Some(hmac(&key)) {
            return self.error(401, "Unauthorized request", ask);
        }
        let Some(login) = self.under_way(&key, world) else {
            let status = if self.switches.version < Version::Next {
                500
            } else {
                400
            };
            return self.error(status, "User session error.", ask);
        };
        if login.person.is_none() {
            return self.error(500, "Login process not yet finalized.", ask);
        }
        if ask.method() == "GET" {
            return match self.switches.skip_approval {
                true => self.back(&key, world),
                false => Answer::html(200, pages::approval(self.switches.theme, &key)),
            };
        }
        let mut fields = ask.fields();
        fields.sort();
        if fields.get(1) != Some(&("req".to_owned(), key.clone())) || fields.len() != 2 {
            world.complain("the approval came without the id of its page");
        }
        match fields
            .first()
            .map(|(name, value)| (name.as_str(), value.as_str()))
        {
            Some(("approval", "approve")) => self.back(&key, world),
            _ => self.error(500, "Approval rejected.", ask),
        }
    }

    /// Sends the browser back to the portal, with a code
    fn back(&mut self, key: &str, world: &World) -> Answer {
        let Some(login) = self.logins.remove(key) else {
            return Answer::html(400, "User session error.");
        };
        let code = world.secret(format!("code-of-{key}"));
        let mut url = Url::parse(&login.parameter("redirect_uri")).unwrap();
        url.query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("state", &login.parameter("state"));
        let redeemable = Code {
            redirect_uri: login.parameter("redirect_uri"),
            challenge: login.parameter("code_challenge"),
            person: login.person.unwrap_or_default(),
        };
        self.codes.insert(code, redeemable);
        see_other(url)
    }

    /// Checks the portal's request
    fn admit(&self, ask: &Ask, world: &World) -> Result<Login, Answer> {
        let login = Login {
            parameters: ask.queries(),
            until: world.clock().seconds() + DAY,
            ..Login::default()
        };
        let is = |name: &str, value: &str| login.parameter(name) == value;
        let registered = self.portal.as_ref().is_some_and(|portal| {
            is("client_id", &portal.client_id) && is("redirect_uri", &portal.redirect_uri)
        });
        match registered && is("response_type", "code") && !is("state", "") {
            true => Ok(login),
            false => Err(self.error(400, "Invalid client_id or redirect_uri.", ask)),
        }
    }

    /// Makes an id, the only secret that binds a login to its browser
    fn keep(&mut self, login: Login, world: &World) -> String {
        self.count += 1;
        let id = world.secret(format!("q7wz5k3hn2{:04}xu6rb4m", self.count));
        self.logins.insert(id.clone(), login);
        id
    }

    fn under_way(&self, key: &str, world: &World) -> Option<Login> {
        let login = self.logins.get(key);
        login
            .filter(|login| login.until > world.clock().seconds())
            .cloned()
    }

    fn form(&self, ask: &Ask, refused: Option<&str>) -> String {
        pages::password(
            self.switches.theme,
            &ask.uri(),
            refused,
            self.switches.version == Version::Next,
        )
    }

    fn error(&self, status: u16, said: &str, ask: &Ask) -> Answer {
        Answer::html(status, pages::error(self.switches.theme, said, ask.path()))
    }
}

impl Login {
    fn parameter(&self, name: &str) -> String {
        let mut parameters = self.parameters.iter();
        let found = parameters.find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

/// The provider behind a connector: one account, one form
fn upstream(ask: &Ask, world: &World) -> Answer {
    let back = format!("{}/dex/callback", world.origin(SITE));
    match (ask.method(), ask.path()) {
        ("GET", "/authorize") => {
            let state = ask.query("state").unwrap_or_default();
            if ask.query("redirect_uri").as_deref() != Some(&back) {
                world.complain("the provider behind Dex was asked to answer somebody else");
            }
            Answer::html(200, pages::upstream("oidc", &state))
        }
        ("POST", "/saml") if ask.field("SAMLRequest").is_some() => {
            let state = ask.field("RelayState").unwrap_or_default();
            Answer::html(200, pages::upstream("saml", &state))
        }
        ("POST", "/login") => {
            let field = |name| ask.field(name).unwrap_or_default();
            if field("mail") == UNASSIGNED {
                let error = "error=access_denied&error_description=User+is+not+assigned";
                return Answer::redirect(format!("{back}?{error}&state={}", field("state")));
            }
            if (field("mail"), field("pin")) != (USER.to_owned(), PASSWORD.to_owned()) {
                return Answer::html(200, pages::upstream(&field("by"), &field("state")));
            }
            match &*field("by") {
                "saml" => Answer::html(200, pages::saml_response(&back, &field("state"))),
                _ => Answer::redirect(format!(
                    "{back}?code={UPSTREAM_PROOF}&state={}",
                    field("state")
                )),
            }
        }
        _ => Answer::html(404, "<h1>Not found</h1>"),
    }
}

fn hmac(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("key of {key}")))
}

/// A redirect after a post, and some more, are 303 at Dex
fn see_other(location: impl Into<String>) -> Answer {
    Answer::empty(303).header("Location", location)
}

pub(crate) const SITE: &str = "dex.acme.test";
pub(crate) const UPSTREAM: &str = "sso.partner.test";
pub(crate) const USER: &str = "ci-bot@acme.test";
/// Whom the provider behind Dex knows, and does not send back to it
pub(crate) const UNASSIGNED: &str = "unassigned@acme.test";
pub(crate) const UPSTREAM_USER: &str = "ci-bot-of-partner";
pub(crate) const PASSWORD: &str = "correct horse & battery";
const UPSTREAM_PROOF: &str = "upstream-proof-1";
const DAY: u64 = 24 * 3600;
