//! Pinniped's Supervisor, as its own command line meets it: user name and password in headers, a code, and tokens.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::doubles::Service;
use crate::http::{Answer, Ask, encode};
use crate::idp::IdpDouble;
use crate::keys::s256_fits;
use crate::person::Person;
use crate::portals::redirect;
use crate::random;
use crate::world::{EVIL_HOST, PORTAL_HOST, World};

/// How the Supervisor differs from one with the LDAP provider `corp-ldap`, whose issuer is [`PinnipedSwitches::PATH`]
#[derive(Clone, Debug)]
pub struct PinnipedSwitches {
    /// Its providers by name and type; one of type `ldap` takes a password, one of type `oidc` does not
    pub providers: Vec<(&'static str, &'static str)>,
    /// It is of before 0.20, and knows neither user names nor groups as scopes
    pub old: bool,
    /// It names an authorization endpoint at [`crate::EVIL_HOST`]
    pub authorization_elsewhere: bool,
    /// Its id_token has another nonce than the request
    pub changes_nonce: bool,
    /// It exchanges a token for one of another audience
    pub changes_audience: bool,
}

impl PinnipedSwitches {
    /// The path of the issuer
    pub const PATH: &str = "/demo-issuer";
}

impl Default for PinnipedSwitches {
    fn default() -> Self {
        Self {
            providers: vec![("corp-ldap", "ldap")],
            old: false,
            authorization_elsewhere: false,
            changes_nonce: false,
            changes_audience: false,
        }
    }
}

pub(super) struct Pinniped {
    switches: PinnipedSwitches,
    people: Vec<Person>,
    idp: Box<dyn IdpDouble>,
    codes: HashMap<String, Code>,
    /// Who is behind each access token, and each refresh token
    tokens: HashMap<String, Person>,
}

struct Code {
    person: Person,
    redirect_uri: String,
    challenge: String,
    nonce: String,
}

impl Pinniped {
    pub(super) fn new(
        switches: PinnipedSwitches,
        people: Vec<Person>,
        idp: Box<dyn IdpDouble>,
    ) -> Self {
        Self {
            switches,
            people,
            idp,
            codes: HashMap::new(),
            tokens: HashMap::new(),
        }
    }

    fn scopes(&self) -> &'static [&'static str] {
        let all = &[
            "openid",
            "offline_access",
            "pinniped:request-audience",
            "username",
            "groups",
        ];
        if self.switches.old {
            all.get(..3).unwrap_or_default()
        } else {
            all
        }
    }

    fn metadata(&self, world: &World) -> Answer {
        let issuer = issuer(world);
        let elsewhere = format!("{}{}", world.origin(EVIL_HOST), PinnipedSwitches::PATH);
        let authorization = if self.switches.authorization_elsewhere {
            &elsewhere
        } else {
            &issuer
        };
        Answer::json(
            200,
            &json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{authorization}/oauth2/authorize"),
                "token_endpoint": format!("{issuer}/oauth2/token"),
                "jwks_uri": format!("{issuer}/jwks.json"),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                "scopes_supported": self.scopes(),
                "discovery.supervisor.pinniped.dev/v1alpha1": {
                    "pinniped_identity_providers_endpoint": format!("{issuer}/v1alpha1/pinniped_identity_providers"),
                },
            }),
        )
    }

    fn providers(&self) -> Answer {
        let provider = |(name, kind): &(&str, &str)| {
            let flows = if *kind == "oidc" {
                vec!["browser_authcode"]
            } else {
                vec!["cli_password", "browser_authcode"]
            };
            json!({"name": name, "type": kind, "flows": flows})
        };
        let all: Vec<Value> = self.switches.providers.iter().map(provider).collect();
        Answer::json(200, &json!({"pinniped_identity_providers": all}))
    }

    fn authorize(&mut self, ask: &Ask, world: &World) -> Answer {
        let parameter = |name: &str| ask.query(name).unwrap_or_default();
        let refuse = |why: &str| {
            world.complain(format!("the authorization request was refused: {why}"));
            Answer::json(
                400,
                &json!({"error": "invalid_request", "error_description": why}),
            )
        };
        let back = parameter("redirect_uri");
        if parameter("client_id") != CLIENT || parameter("response_type") != "code" {
            return refuse("another client or response type");
        }
        if !back.starts_with("http://127.0.0.1:") || !back.ends_with("/callback") {
            return refuse("another redirect_uri");
        }
        if parameter("code_challenge_method") != "S256"
            || parameter("state").len() < 8
            || parameter("nonce").is_empty()
        {
            return refuse("no S256, state or nonce");
        }
        let scope = parameter("scope");
        let is_known = |scope: &str| self.scopes().contains(&scope);
        if !scope.split(' ').all(is_known) || !scope.split(' ').any(|scope| scope == "openid") {
            return refuse("a scope that this client may not ask for");
        }
        let provider = self
            .switches
            .providers
            .iter()
            .find(|(name, _)| parameter("pinniped_idp_name") == *name);
        let Some((_, kind)) = provider.filter(|(_, kind)| parameter("pinniped_idp_type") == *kind)
        else {
            return refuse("no such provider");
        };
        let fail = |said: &str| {
            redirect(
                303,
                format!(
                    "{back}?error=access_denied&error_description={}&state={}",
                    encode(&format!(
                        "The resource owner or authorization server denied the request. {said}"
                    )),
                    encode(&parameter("state"))
                ),
            )
        };
        let (user, password) = (
            ask.header("pinniped-username"),
            ask.header("pinniped-password"),
        );
        let (Some(user), Some(password)) = (user, password) else {
            world.complain("a request without user name and password, as a browser makes it");
            return fail("Missing or blank username or password.");
        };
        if *kind == "oidc" {
            return fail(
                "Resource owner password credentials grant is not allowed for this upstream provider according to its configuration.",
            );
        }
        let found = self
            .people
            .iter()
            .find(|person| person.login == user && password == person.password);
        let Some(person) = found.cloned() else {
            return fail("Username/password not accepted by LDAP provider.");
        };
        let code = world.secret(format!("pin_ac_{}", random::base64url(32)));
        let known = Code {
            person,
            redirect_uri: back.clone(),
            challenge: parameter("code_challenge"),
            nonce: parameter("nonce"),
        };
        self.codes.insert(code.clone(), known);
        redirect(
            303,
            format!(
                "{back}?code={code}&scope={}&state={}",
                encode(&scope),
                encode(&parameter("state"))
            ),
        )
    }

    fn token(&mut self, ask: &Ask, world: &World) -> Answer {
        let field = |name: &str| ask.field(name).unwrap_or_default();
        if field("client_id") != CLIENT || ask.header("authorization").is_some() {
            world.complain("the public client is another one");
            return Answer::json(401, &json!({"error": "invalid_client"}));
        }
        let invalid = || Answer::json(400, &json!({"error": "invalid_grant"}));
        match &*field("grant_type") {
            "authorization_code" => {
                let Some(code) = self.codes.remove(&field("code")) else {
                    world.complain("a code that is not known");
                    return invalid();
                };
                if code.redirect_uri != field("redirect_uri")
                    || !s256_fits(&field("code_verifier"), &code.challenge)
                {
                    world.complain("another redirect_uri or verifier");
                    return invalid();
                }
                let nonce = if self.switches.changes_nonce {
                    "another"
                } else {
                    &code.nonce
                };
                self.tokens_for(code.person, Some(nonce), world)
            }
            "refresh_token" => match self.tokens.remove(&field("refresh_token")) {
                Some(person) => self.tokens_for(person, None, world),
                None => invalid(),
            },
            "urn:ietf:params:oauth:grant-type:token-exchange" => self.exchange(ask, world),
            _ => Answer::json(400, &json!({"error": "unsupported_grant_type"})),
        }
    }

    fn exchange(&self, ask: &Ask, world: &World) -> Answer {
        let field = |name: &str| ask.field(name).unwrap_or_default();
        let audience = field("audience");
        if audience.is_empty()
            || audience == CLIENT
            || audience.contains(".pinniped.dev")
            || field("subject_token_type") != ACCESS_TOKEN
            || field("requested_token_type") != JWT
        {
            return Answer::json(400, &json!({"error": "invalid_request"}));
        }
        let Some(person) = self.tokens.get(&field("subject_token")) else {
            world.complain("a subject token that is not known");
            return Answer::json(401, &json!({"error": "request_unauthorized"}));
        };
        let audience = if self.switches.changes_audience {
            "other-cluster"
        } else {
            &audience
        };
        let token = id_token(person, audience, None, world);
        Answer::json(
            200,
            &json!({"access_token": token, "issued_token_type": JWT, "token_type": "N_A", "expires_in": 299}),
        )
    }

    fn tokens_for(&mut self, person: Person, nonce: Option<&str>, world: &World) -> Answer {
        let access = world.secret(format!("pin_at_{}", random::base64url(32)));
        let refresh = world.secret(format!("pin_rt_{}", random::base64url(32)));
        let id_token = id_token(&person, CLIENT, nonce, world);
        self.tokens.insert(access.clone(), person.clone());
        self.tokens.insert(refresh.clone(), person);
        Answer::json(
            200,
            &json!({"access_token": access, "expires_in": 120, "id_token": id_token, "refresh_token": refresh, "token_type": "bearer"}),
        )
    }
}

impl Service for Pinniped {
    fn answer(&mut self, ask: &Ask, world: &World) -> Answer {
        if ask.site() != PORTAL_HOST {
            return self.idp.answer(ask, world);
        }
        match ask.path().strip_prefix(PinnipedSwitches::PATH) {
            Some("/.well-known/openid-configuration") => self.metadata(world),
            Some("/v1alpha1/pinniped_identity_providers") => self.providers(),
            Some("/jwks.json") => Answer::json(200, &json!({"keys": [world.keys.jwk(KEY)]})),
            Some("/oauth2/authorize") => self.authorize(ask, world),
            Some("/oauth2/token") if ask.method() == "POST" => self.token(ask, world),
            _ => Answer::empty(404),
        }
    }

    fn end_sessions(&mut self, login: &str) -> usize {
        let before = self.tokens.len();
        self.tokens.retain(|_, person| person.login != login);
        before - self.tokens.len()
    }
}

fn id_token(person: &Person, audience: &str, nonce: Option<&str>, world: &World) -> String {
    let now = world.clock().seconds();
    let mut claims = json!({
        "iss": issuer(world), "aud": [audience], "azp": CLIENT, "sub": format!("ldaps://ldap.acme.test?idpName=corp-ldap&sub={}", person.login),
        "username": person.login, "groups": person.groups, "iat": now, "auth_time": now, "exp": now + 120,
    });
    if let (Some(nonce), Some(claims)) = (nonce, claims.as_object_mut()) {
        claims.insert("nonce".to_owned(), json!(nonce));
    }
    world.secret(world.keys.sign_token(KEY, &claims))
}

fn issuer(world: &World) -> String {
    format!("{}{}", world.origin(PORTAL_HOST), PinnipedSwitches::PATH)
}

const CLIENT: &str = "pinniped-cli";
const KEY: &str = "supervisor-key";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
