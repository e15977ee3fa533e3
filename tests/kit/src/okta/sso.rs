//! Where apps send people: the authorization endpoints, and the page to sign in on.

use crate::clock::http_date;
use crate::http::{Answer, Ask, encode};
use crate::okta::browser::cleared;
use crate::okta::pages::{self, Widget};
use crate::okta::{LoginPage, Okta, Round, StepUp, TokenShape};
use crate::person::Person;
use crate::random;
use crate::world::{OKTA_CUSTOM_HOST, OKTA_HOST, World};

/// An authorization request that waits for a session
#[derive(Clone)]
pub(super) struct Authorization {
    client_id: String,
    redirect_uri: String,
    state: String,
    challenge: Option<String>,
    by_form: bool,
    /// Whether an earlier sign-in does not count
    fresh: bool,
}

pub(super) struct Code {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: Option<String>,
    pub(super) person: Person,
    pub(super) made_at: u64,
}

impl Okta {
    pub(super) fn authorize(&mut self, ask: &Ask, world: &World) -> Answer {
        let request = match self.read_authorization(ask) {
            Ok(request) => request,
            Err(problem) => {
                world.complain(format!("the authorization request was refused: {problem}"));
                let page = pages::message("Acme - Bad Request", problem);
                return Answer::html(400, page);
            }
        };
        if let Some(place) = self.session_for(&request, ask, world) {
            return self.authorized(place, request, ask, world);
        }
        let ignored = self.switches.identity_engine
            && self.switches.idx.session_token_ignored
            && ask.param("sessionToken").is_some();
        if ask.param("prompt").as_deref() == Some("none") && !ignored {
            let token = ask.param("sessionToken").unwrap_or_default();
            if let Some(person) = self.spend(&token, world) {
                let (place, cookies) = self.open_session(person, ask, world);
                return self.authorized(place, request, ask, world).cookies(cookies);
            }
            let description = "The client specified not to prompt, but the user is not logged in.";
            return Answer::redirect(format!(
                "{}?state={}&error=login_required&error_description={}",
                request.redirect_uri,
                encode(&request.state),
                encode(description)
            ));
        }
        let key = okta_key();
        self.authorizations.insert(key.clone(), request);
        let resume = format!("{}/redirect?okta_key={}", ask.path(), encode(&key));
        self.send_to_login(&resume, ask, world)
    }

    pub(super) fn resume_authorization(&mut self, ask: &Ask, world: &World) -> Answer {
        let key = ask.query("okta_key").unwrap_or_default();
        let Some(request) = self.authorizations.get(&key).cloned() else {
            world.complain(
                "an okta_key that the org does not know: it was not decoded exactly once",
            );
            let page = pages::message("Acme - Bad Request", "The request is no longer valid.");
            return Answer::html(400, page);
        };
        if !self.browsers.may_finish(ask) {
            return cookies_lost(world);
        }
        match self.session_for(&request, ask, world) {
            Some(place) => self.authorized(place, request, ask, world),
            None => self.send_to_login(&ask.uri(), ask, world),
        }
    }

    /// The answer to an app's request without a session
    pub(super) fn send_to_login(&mut self, resume: &str, ask: &Ask, world: &World) -> Answer {
        if self.switches.identity_engine {
            return self.identity_engine_page(resume, None, ask, world);
        }
        match self.switches.login_page {
            LoginPage::AtAppUrl => {
                self.browsers.show_login(Some(resume.to_owned()));
                let token = self.begin(None, "UNAUTHENTICATED", false, world);
                self.page("Acme - Sign In", Some(&token), None, None, ask, world)
                    .cookies(cleared())
            }
            LoginPage::Query => {
                self.browsers.show_login(None);
                self.own_redirect(ask, &format!("/login/login.htm?fromURI={}", encode(resume)))
            }
            LoginPage::HiddenInput | LoginPage::Script => {
                self.browsers.show_login(Some(resume.to_owned()));
                self.own_redirect(ask, "/login/login.htm")
            }
        }
    }

    pub(super) fn login_page(&mut self, ask: &Ask, world: &World) -> Answer {
        if self.switches.identity_engine {
            let resume = ask.query("fromURI");
            let resume = resume.unwrap_or_else(|| "/app/UserHome".to_owned());
            return self.identity_engine_page(&resume, None, ask, world);
        }
        let kept = self.browsers.kept_uri();
        self.browsers.show_login(ask.query("fromURI"));
        let (hidden, script) = match self.switches.login_page {
            LoginPage::HiddenInput => (kept, None),
            LoginPage::Script => (None, kept),
            _ => (None, None),
        };
        let token = match self.switches.state_token {
            TokenShape::Absent => None,
            _ => Some(self.begin(None, "UNAUTHENTICATED", false, world)),
        };
        self.page(
            "Acme - Sign In",
            token.as_deref(),
            hidden.as_deref(),
            script.as_deref(),
            ask,
            world,
        )
        .cookies(cleared())
    }

    pub(super) fn page(
        &self,
        title: &str,
        token: Option<&str>,
        hidden: Option<&str>,
        script: Option<&str>,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        let other = if ask.site() == OKTA_HOST {
            OKTA_CUSTOM_HOST
        } else {
            OKTA_HOST
        };
        let base_url = if self.switches.foreign_base_url {
            world.origin(other)
        } else {
            ask.origin().to_owned()
        };
        let shape = match self.switches.state_token {
            TokenShape::Absent if self.switches.identity_engine => TokenShape::ModelDataBag,
            TokenShape::Absent => TokenShape::Variable,
            shape => shape,
        };
        let widget = Widget {
            title,
            base_url: &base_url,
            shape,
            state_token: token,
            hidden_from_uri: hidden,
            script_from_uri: script,
            decoy: self.switches.decoy,
        };
        Answer::html(200, widget.page())
            .header("X-Okta-Request-Id", random::alphanumeric(27))
            .header("Expires", http_date(0))
    }

    /// The Identity Engine's page, at whatever URL asked for it
    fn identity_engine_page(
        &mut self,
        resume: &str,
        person: Option<Person>,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        self.browsers.show_login(None);
        let title = match person {
            Some(_) => "Acme - Extra Verification",
            None => "Acme - Sign In",
        };
        let token = self.begin_idx(resume.to_owned(), person, world);
        self.page(title, Some(&token), None, None, ask, world)
            .cookies(cleared())
    }

    /// The page that asks for more although there is a session
    pub(super) fn step_up(
        &mut self,
        place: usize,
        resume: String,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        let Some(person) = self
            .sessions
            .get(place)
            .map(|session| session.person.clone())
        else {
            return cookies_lost(world);
        };
        if self.switches.identity_engine {
            return self.identity_engine_page(&resume, Some(person), ask, world);
        }
        let token = self.begin_step_up(&person, resume, world);
        if self.switches.step_up_by_redirect {
            return self.own_redirect(ask, &format!("/signin/refresh-auth-state/{token}"));
        }
        self.page(
            "Acme - Extra Verification",
            Some(&token),
            None,
            None,
            ask,
            world,
        )
    }

    pub(super) fn refresh_auth_state(&self, token: &str, world: &World) -> Answer {
        if !self.transactions.contains_key(token) {
            world.complain("a refresh-auth-state URL with an unknown token");
        }
        Answer::html(
            200,
            pages::message("Acme - Sign In", "Please wait while the page loads."),
        )
    }

    /// Whether the app's own policy asks for more
    pub(super) fn wants_step_up(&self, place: usize) -> bool {
        // The Classic API asks for the password only, so whatever the policy wants besides is open.
        let policy = &self.switches.idx.policy;
        let more = policy.iter().any(|round| *round != Round::Password);
        let wanted = match self.switches.identity_engine {
            true => more,
            false => self.switches.step_up != StepUp::None,
        };
        wanted
            && self
                .sessions
                .get(place)
                .is_some_and(|session| !session.stepped_up)
    }

    fn read_authorization(&self, ask: &Ask) -> Result<Authorization, &'static str> {
        let portal = self.portal.as_ref().ok_or("no app is registered")?;
        let param = |name: &str| ask.param(name);
        let client_id = param("client_id").unwrap_or_default();
        if client_id != portal.client_id {
            return Err("Invalid value for 'client_id' parameter.");
        }
        let redirect_uri = param("redirect_uri").unwrap_or_default();
        if redirect_uri != portal.redirect_uri {
            return Err(
                "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings.",
            );
        }
        if param("response_type").as_deref() != Some("code") {
            return Err("The response type is not supported by the authorization server.");
        }
        if !param("scope")
            .unwrap_or_default()
            .split(' ')
            .any(|one| one == "openid")
        {
            return Err(
                "One or more scopes are not configured for the authorization server resource.",
            );
        }
        Ok(Authorization {
            client_id,
            redirect_uri,
            state: param("state")
                .ok_or("The authentication request has an invalid 'state' parameter.")?,
            challenge: param("code_challenge"),
            by_form: self.switches.form_post
                || param("response_mode").as_deref() == Some("form_post"),
            fresh: param("max_age").as_deref() == Some("0"),
        })
    }

    fn session_for(&self, request: &Authorization, ask: &Ask, world: &World) -> Option<usize> {
        let place = self.session_place(ask, world)?;
        let session = self.sessions.get(place)?;
        (!request.fresh || !session.spent).then_some(place)
    }

    fn authorized(
        &mut self,
        place: usize,
        request: Authorization,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        if self.wants_step_up(place) {
            return self.step_up(place, ask.uri(), ask, world);
        }
        let Some(session) = self.sessions.get_mut(place) else {
            return cookies_lost(world);
        };
        session.spent = true;
        if self.switches.unassigned {
            let description = "User is not assigned to the client application.";
            return Answer::redirect(format!(
                "{}?state={}&error=access_denied&error_description={}",
                request.redirect_uri,
                encode(&request.state),
                encode(description)
            ));
        }
        let value = world.secret(random::base64url(32));
        let code = Code {
            client_id: request.client_id,
            redirect_uri: request.redirect_uri.clone(),
            challenge: request.challenge,
            person: session.person.clone(),
            made_at: world.clock().seconds(),
        };
        self.codes.insert(value.clone(), code);
        if request.by_form {
            let fields = [("state", request.state.as_str()), ("code", value.as_str())];
            return Answer::html(200, pages::auto_post(&request.redirect_uri, &fields));
        }
        Answer::redirect(format!(
            "{}?code={}&state={}",
            request.redirect_uri,
            encode(&value),
            encode(&request.state)
        ))
    }
}

/// Holds characters that a query must encode: whoever decodes it twice loses it
fn okta_key() -> String {
    loop {
        let key = random::base64(31);
        if key.contains('+') {
            return key;
        }
    }
}

/// The page for a browser that is not the one of the login page
pub(super) fn cookies_lost(world: &World) -> Answer {
    world.complain("the login was finished without the cookies of its page");
    Answer::html(403, pages::message("Acme - Error", "403 Access Forbidden"))
}
