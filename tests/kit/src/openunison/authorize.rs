//! The authorization endpoint of the portal's own issuer.

use crate::http::{Answer, Ask, encode};
use crate::idp::RelyingParty;
use crate::openunison::session::Step;
use crate::openunison::{OpenUnison, cookies, discovery};
use crate::world::World;

/// A client of one of the portal's issuers
pub(super) struct Client {
    /// The issuer's name, the path after `/auth/idp/`
    pub(super) idp: String,
    pub(super) id: String,
    pub(super) redirects: Vec<String>,
    /// Whether sessions are kept, so that the refresh token is good for something
    pub(super) keeps_sessions: bool,
}

impl Client {
    /// The clients that the charts make
    pub(super) fn of_charts(api: &str) -> Vec<Self> {
        vec![
            Self {
                idp: "k8sIdp".to_owned(),
                id: "kubernetes".to_owned(),
                redirects: vec![
                    "http://localhost:8000".to_owned(),
                    "http://localhost:18000".to_owned(),
                    format!("{api}/redirect_uri"),
                ],
                keeps_sessions: true,
            },
            Self {
                idp: "k8s-login-cli".to_owned(),
                id: "cli-local".to_owned(),
                redirects: vec!["http://127.0.0.1:8400/redirect".to_owned()],
                keeps_sessions: false,
            },
        ]
    }

    pub(super) fn satellite(portal: &RelyingParty) -> Self {
        Self {
            idp: "cluster-idp-satellite".to_owned(),
            id: portal.client_id.clone(),
            redirects: vec![portal.redirect_uri.clone()],
            keeps_sessions: true,
        }
    }
}

/// An authorization request that waits for the login
#[derive(Clone)]
pub(super) struct Federation {
    pub(super) client: String,
    pub(super) redirect_uri: String,
    pub(super) state: String,
    pub(super) nonce: Option<String>,
    pub(super) challenge: Option<String>,
    pub(super) plain: bool,
}

impl OpenUnison {
    /// Everything below `/auth/idp/`
    pub(super) fn identity_provider(&mut self, rest: &str, ask: &Ask, world: &World) -> Answer {
        let (name, tail) = rest.split_once('/').unwrap_or((rest, ""));
        let known = self
            .issuer
            .clients
            .iter()
            .find(|client| client.idp.eq_ignore_ascii_case(name))
            .map(|client| client.idp.clone());
        let Some(idp) = known else {
            return Answer::empty(404);
        };
        let issuer = format!("{}/auth/idp/{idp}", ask.origin());
        match tail {
            ".well-known/openid-configuration" => {
                discovery::document(&issuer, self.switches.discovery, world)
            }
            "certs" => discovery::key_set(world),
            "auth" => self.authorize(&idp, ask, world),
            "completefed" => self.complete(&issuer, ask, world),
            "token" => self.token_endpoint(&idp, ask, world),
            "userinfo" => self.userinfo(ask, world),
            "revoke" => self.revoke(&idp, ask, world),
            _ => Answer::empty(404),
        }
    }

    fn authorize(&mut self, idp: &str, ask: &Ask, world: &World) -> Answer {
        let param = |name: &str| ask.param(name).unwrap_or_default();
        let (client_id, redirect_uri, state) =
            (param("client_id"), param("redirect_uri"), param("state"));
        let refuse = |error: &str| {
            world.complain(format!("the authorization request was refused: {error}"));
            Answer::redirect(format!("{redirect_uri}?error={error}"))
        };
        if state.trim().is_empty() {
            return refuse("state_missing");
        }
        let registered = self.issuer.clients.iter().any(|client| {
            client.idp == idp && client.id == client_id && client.redirects.contains(&redirect_uri)
        });
        if !registered {
            return refuse("unauthorized_client");
        }
        let Some(scope) = ask.param("scope") else {
            world.complain("an authorization request without a scope");
            return self.broken();
        };
        if scope.split(' ').next() != Some("openid") {
            return refuse("invalid_scope");
        }

        let federation = Federation {
            client: client_id.clone(),
            redirect_uri,
            state,
            nonce: ask.param("nonce"),
            challenge: ask.param("code_challenge"),
            plain: param("code_challenge_method") != "S256",
        };
        let idle = self.idle();
        let (lines, session) = self.pods.find_or_open(ask, idle, world);
        let Some(session) = session else {
            return self.broken().cookies(lines);
        };
        session.federation = Some(federation);
        let complete = format!("/auth/idp/{idp}/completefed");
        if session.person.is_some() {
            return Answer::redirect(format!("{}{complete}", ask.origin())).cookies(lines);
        }
        session.original = Some(format!("{complete}?client_id={}", encode(&client_id)));
        session.step = Some(Step::Sent);
        Answer::redirect(format!("{}/login/auth", ask.origin()))
            .cookies(lines)
            .cookies(cookies::auto_idm(ask, "k8sidp"))
    }

    fn complete(&mut self, issuer: &str, ask: &Ask, world: &World) -> Answer {
        let now = world.clock().millis();
        let idle = self.idle();
        let Some(session) = self.pods.find(ask, idle, now) else {
            return self.broken();
        };
        let Some(federation) = session.federation.clone() else {
            return self.broken();
        };
        let Some(person) = session.person.clone() else {
            return Answer::redirect(format!("{}?error=login_reset", federation.redirect_uri));
        };
        session.federation = None;
        let (redirect_uri, state) = (federation.redirect_uri.clone(), federation.state.clone());
        let code = self
            .issuer
            .code(federation, person, issuer.to_owned(), world);
        Answer::redirect(format!(
            "{redirect_uri}?code={}&state={}",
            encode(&code),
            encode(&state)
        ))
    }
}
