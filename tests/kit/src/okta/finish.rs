//! From a session token to a session, and the session itself.

use serde_json::{Value, json};
use url::Url;

use crate::clock::iso_date;
use crate::http::{Answer, Ask};
use crate::okta::sso::cookies_lost;
use crate::okta::{Enrollment, Okta, Session, StepUp, USER_ID, authn, errors, pages};
use crate::person::Person;
use crate::random;
use crate::world::{OKTA_CUSTOM_HOST, OKTA_HOST, World};

impl Okta {
    pub(super) fn session_cookie_redirect(&mut self, ask: &Ask, world: &World) -> Answer {
        let token = ask.param("token").unwrap_or_default();
        let target = ask.param("redirectUrl").unwrap_or_default();
        if !self.may_redirect(&target, world) {
            world.complain("a finished login asked for a redirect out of the org");
            let page = pages::message("Acme - Bad Request", "400 Bad Request");
            return Answer::html(400, page);
        }
        if !self.browsers.may_finish(ask) {
            return cookies_lost(world);
        }
        let target = if self.switches.dashboard {
            format!("{}/app/UserHome", ask.origin())
        } else {
            target
        };
        if let Some(place) = self.session_place(ask, world) {
            if self.steps_up(&token, place, world) {
                return Answer::redirect(target);
            }
            // Otherwise the token is ignored, whoever it is for.
            world.complain("a session token was spent although there was a session");
            return Answer::redirect(target);
        }
        let Some(person) = self.spend(&token, world) else {
            world.complain("a session token that is spent, too old or unknown");
            return self.own_redirect(ask, "/login/login.htm");
        };
        let (_, cookies) = self.open_session(person, ask, world);
        Answer::redirect(target).cookies(cookies)
    }

    /// Spends a token that meets the app's policy for the person who is signed in
    fn steps_up(&mut self, token: &str, place: usize, world: &World) -> bool {
        let known = self.session_tokens.get(token);
        let meant = known.is_some_and(|one| one.steps_up);
        let Some(person) = meant.then(|| self.spend(token, world)).flatten() else {
            return false;
        };
        match self.sessions.get_mut(place) {
            Some(session) if session.person == person => {
                session.stepped_up = true;
                true
            }
            _ => false,
        }
    }

    pub(super) fn step_up_redirect(&mut self, ask: &Ask, world: &World) -> Answer {
        let token = ask.query("stateToken").unwrap_or_default();
        let done = self
            .transactions
            .get(&token)
            .filter(|one| one.step_up && one.status == "SUCCESS")
            .map(|one| (one.resume.clone(), one.person.clone()));
        let place = self.session_place(ask, world);
        let session = place.and_then(|place| self.sessions.get_mut(place));
        let (Some((resume, person)), Some(session)) = (done, session) else {
            return cookies_lost(world);
        };
        // Who is signed in must have stepped up, and nobody else.
        if person.as_ref() != Some(&session.person) || !self.browsers.may_finish(ask) {
            return cookies_lost(world);
        }
        session.stepped_up = true;
        self.transactions.remove(&token);
        self.own_redirect(ask, &resume)
    }

    /// `POST /api/v1/sessions`: the id is the value of a `sid` cookie
    pub(super) fn create_session(&mut self, ask: &Ask, world: &World) -> Answer {
        let body = match authn::body(ask, world) {
            Ok(body) => body,
            Err(refusal) => return refusal,
        };
        let token = body.get("sessionToken").and_then(Value::as_str);
        let Some(person) = self.spend(token.unwrap_or_default(), world) else {
            return errors::authentication_failed(world);
        };
        let (place, _) = self.open_session(person, ask, world);
        self.session_document(place, world)
    }

    pub(super) fn current_session(&mut self, ask: &Ask, world: &World) -> Answer {
        let Some(place) = self.session_place(ask, world) else {
            return errors::not_found("me (Session)", world);
        };
        if ask.method() == "DELETE" {
            self.sessions.remove(place);
            return errors::api(Answer::empty(204), world);
        }
        self.session_document(place, world)
    }

    pub(super) fn dashboard(&self, ask: &Ask, world: &World) -> Answer {
        if self.session_place(ask, world).is_none() {
            return self.own_redirect(ask, "/login/login.htm?fromURI=%2Fapp%2FUserHome");
        }
        Answer::html(200, pages::dashboard())
    }

    /// The person of a session token, once
    pub(super) fn spend(&mut self, token: &str, world: &World) -> Option<Person> {
        let spent = self.session_tokens.remove(token)?;
        (world.clock().seconds() <= spent.ends_at).then_some(spent.person)
    }

    pub(super) fn open_session(
        &mut self,
        person: Person,
        ask: &Ask,
        world: &World,
    ) -> (usize, Vec<String>) {
        let sid = world.secret(format!("102{}", random::alphanumeric(22)));
        let cookies = vec![
            format!("sid={sid};Version=1;Path=/;Secure;HttpOnly"),
            format!(
                "xids={};Version=1;Path=/;Secure;HttpOnly",
                world.secret(random::alphanumeric(24))
            ),
        ];
        self.sessions.push(Session {
            sid,
            site: ask.site().to_owned(),
            person,
            stepped_up: false,
            spent: false,
            started_at: world.clock().seconds(),
        });
        (self.sessions.len() - 1, cookies)
    }

    fn session_document(&self, place: usize, world: &World) -> Answer {
        let Some(session) = self.sessions.get(place) else {
            return errors::not_found("me (Session)", world);
        };
        let started = iso_date(session.started_at);
        let status = match (self.switches.step_up, self.switches.enrollment) {
            (StepUp::Factor | StepUp::PasswordAndFactor, _) if !session.stepped_up => {
                "MFA_REQUIRED"
            }
            (_, Enrollment::None) => "ACTIVE",
            _ => "MFA_ENROLL",
        };
        let document = json!({
            "id": session.sid,
            "login": session.person.login,
            "userId": USER_ID,
            "expiresAt": iso_date(session.started_at + super::SESSION_LIFE),
            "status": status,
            "lastPasswordVerification": started,
            "lastFactorVerification": null,
            "amr": ["pwd"],
            "mfaActive": false,
        });
        errors::api(Answer::json(200, &document), world)
    }

    fn may_redirect(&self, target: &str, world: &World) -> bool {
        let Ok(url) = Url::parse(target) else {
            return false;
        };
        let origin = url.origin().ascii_serialization();
        [OKTA_HOST, OKTA_CUSTOM_HOST]
            .map(|site| world.origin(site))
            .contains(&origin)
            || self.switches.trusted_origins.contains(&origin)
    }
}
