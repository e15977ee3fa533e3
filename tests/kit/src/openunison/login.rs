//! The login: from the first redirect to the token page, one step at a time.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::json;

use crate::http::{Answer, Ask, encode};
use crate::idp::SignOn;
use crate::keys::s256;
use crate::openunison::issuer::millis;
use crate::openunison::session::Step;
use crate::openunison::{OpenUnison, cookies, pages, saml_request};
use crate::random;
use crate::world::World;

/// Which login option protects a `/login/…` URL
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Chain {
    /// The identity provider
    Enterprise,
    /// The portal's own form
    Local,
}

impl OpenUnison {
    pub(super) fn idle(&self) -> u64 {
        millis(self.switches.session_life)
    }

    /// The token document, or the start of a login
    pub(super) fn token_page(&mut self, ask: &Ask, world: &World) -> Answer {
        let (idle, now) = (self.idle(), world.clock().millis());
        let person = self
            .pods
            .find(ask, idle, now)
            .and_then(|session| session.person.clone());
        let Some(person) = person else {
            return self.start_login(ask, world, "token");
        };
        if self.switches.refuse {
            return failed(ask);
        }
        self.issuer.end_idle(now);
        let has_session = |login: &str| self.issuer.sessions.iter().any(|one| one.login == login);
        if self.switches.require_session && !has_session(&person.login) {
            return Answer::redirect(format!("{}/logout", ask.origin()));
        }
        if ask.path().ends_with("/token/user") {
            self.token_document(&person, ask, world)
        } else {
            Answer::html(
                200,
                "<!DOCTYPE html><html><body><div id=\"root\"></div></body></html>",
            )
        }
    }

    pub(super) fn token_config(&mut self, ask: &Ask, world: &World) -> Answer {
        let (idle, now) = (self.idle(), world.clock().millis());
        let session = self.pods.find(ask, idle, now);
        if session.is_none_or(|session| session.person.is_none()) {
            return self.start_login(ask, world, "token");
        }
        Answer::json(
            200,
            &json!({
                "frontPage": {"title": "Kubernetes kubectl command", "text": ""},
                "logoutURL": "/logout",
                "homeURL": "/scale/",
                "warnMinutesLeft": 5,
            }),
        )
    }

    pub(super) fn session_check(&mut self, ask: &Ask, world: &World) -> Answer {
        let (idle, now) = (self.idle(), world.clock().millis());
        match self.pods.find(ask, idle, now) {
            Some(session) if session.person.is_some() => {
                Answer::json(200, &json!({"minsLeft": idle / 60_000}))
            }
            _ => Answer::empty(401),
        }
    }

    pub(super) fn cli_login(&mut self, ask: &Ask, world: &World) -> Answer {
        let (idle, now) = (self.idle(), world.clock().millis());
        match self.pods.find(ask, idle, now) {
            Some(session) if session.person.is_some() => Answer::redirect("http://127.0.0.1:8400"),
            _ => self.start_login(ask, world, "k8s-login-cli-redirect"),
        }
    }

    /// Ends this session, and every OIDC session of its person
    pub(super) fn logout(&mut self, ask: &Ask, world: &World) -> Answer {
        let (idle, now) = (self.idle(), world.clock().millis());
        let person = self
            .pods
            .find(ask, idle, now)
            .and_then(|session| session.person.clone());
        if let Some(person) = person {
            self.issuer.end_all(&person.login);
        }
        self.pods.close(ask);
        Answer::redirect(format!("{}/auth/forms/logout.jsp", ask.origin())).cookie(cookies::until(
            ask,
            cookies::SESSION,
            "LOGGED_OUT",
            0,
            0,
        ))
    }

    fn start_login(&mut self, ask: &Ask, world: &World, app: &str) -> Answer {
        let labels = self.switches.chooser.clone();
        let chosen = ask
            .cookie(cookies::CHOICE)
            .map(str::to_owned)
            .or_else(|| ask.param("chain"));
        let idle = self.idle();
        let (lines, session) = self.pods.find_or_open(ask, idle, world);
        let Some(session) = session else {
            return self.broken();
        };
        session.original = Some(ask.uri());
        session.step = Some(Step::Sent);
        let target = if labels.is_empty() {
            Some("/login/auth")
        } else if let Some(chosen) = chosen {
            login_url(&labels, &chosen)
        } else {
            session.step = Some(Step::Choosing);
            Some("/auth/forms/chooseLogin.jsp")
        };
        match target {
            Some(target) => Answer::redirect(format!("{}{target}", ask.origin())),
            None => self.broken(),
        }
        .cookies(lines)
        .cookies(cookies::auto_idm(ask, app))
    }

    /// A `/login/…` URL: the way to the provider, and later the way back
    pub(super) fn login_page(&mut self, ask: &Ask, world: &World, chain: Chain) -> Answer {
        let idle = self.idle();
        let (lines, session) = self.pods.find_or_open(ask, idle, world);
        let Some(session) = session else {
            return self.broken();
        };
        if session.person.is_some() {
            return match &session.original {
                Some(url) if url.contains("://") => Answer::redirect(url),
                Some(path) => Answer::redirect(format!("{}{path}", ask.origin())),
                None => self.broken(),
            };
        }
        session.back = ask.uri();
        let answer = match &self.sign_on {
            Some(SignOn::Oidc { authorize, s256 }) if chain == Chain::Enterprise => {
                let verifier = s256.then(|| world.secret(random::base64url(32)));
                let state = match session.state.clone() {
                    Some(state) if self.switches.keep_state => state,
                    _ => format!("security_token={}", random::base32(26)),
                };
                session.state = Some(state.clone());
                let url = authorization_url(
                    authorize,
                    &self.portal.client_id,
                    &self.portal.redirect_uri,
                    &state,
                    verifier.as_deref(),
                    self.switches.force_login,
                );
                session.step = Some(Step::AtProvider { verifier });
                if self.switches.js_redirect {
                    Answer::html(200, pages::finish_link(&url))
                } else {
                    Answer::redirect(url)
                }
            }
            Some(SignOn::Saml { sso }) if chain == Chain::Enterprise => {
                let url = saml_request::redirect_url(sso, &self.portal.acs, world);
                session.step = Some(Step::AtSamlProvider { url: url.clone() });
                if self.switches.jump_page {
                    Answer::redirect(format!("{}/auth/forms/jump.jsp", ask.origin()))
                } else {
                    Answer::redirect(url)
                }
            }
            _ => {
                session.step = Some(Step::AtForm);
                Answer::redirect(format!("{}/auth/forms/defaultForm.jsp", ask.origin()))
            }
        };
        answer
            .cookies(lines)
            .cookies(cookies::auto_idm(ask, "completelogin"))
    }
}

fn authorization_url(
    authorize: &str,
    client_id: &str,
    redirect_uri: &str,
    state: &str,
    verifier: Option<&str>,
    force_login: bool,
) -> String {
    let mut url = format!(
        "{authorize}?client_id={client_id}&response_type=code&scope=openid+email+profile+groups&redirect_uri={}&state={}",
        encode(redirect_uri),
        encode(state)
    );
    if let Some(verifier) = verifier {
        let challenge = s256(verifier);
        url.push_str(&format!(
            "&code_challenge={challenge}&code_challenge_method=S256"
        ));
    }
    if force_login {
        url.push_str("&max_age=0");
    }
    url
}

/// The same page for every refusal
pub(super) fn failed(ask: &Ask) -> Answer {
    Answer::redirect(format!(
        "{}/auth/forms/defaultFailedLogin.jsp",
        ask.origin()
    ))
}

pub(super) fn login_url(labels: &[String], chosen: &str) -> Option<&'static str> {
    let place = labels
        .iter()
        .position(|label| label == chosen || sha1(label) == chosen)?;
    Some(if place == 0 {
        "/login/auth"
    } else {
        "/login/local"
    })
}

pub(super) fn sha1(text: &str) -> String {
    let sum = digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    sum.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
