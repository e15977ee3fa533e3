//! What comes back: callbacks, forms, and the step that each of them must be.

use url::form_urlencoded;

use crate::http::{Answer, Ask};
use crate::idp::CodeRequest;
use crate::openunison::login::{failed, login_url, sha1};
use crate::openunison::session::{Session, Step};
use crate::openunison::{OpenUnison, cookies, pages};
use crate::person::Person;
use crate::world::World;

impl OpenUnison {
    /// Everything below `/auth/`, which finds its session by two more cookies
    pub(super) fn auth_request(&mut self, ask: &Ask, world: &World) -> Answer {
        let path = ask.path();
        match path {
            "/auth/forms/defaultFailedLogin.jsp" => {
                return Answer::html(200, pages::failed_login());
            }
            "/auth/forms/logout.jsp" => return Answer::html(200, pages::logged_out()),
            "/auth/forms/resetChain.jsp" => {
                let restart = format!("{}/k8stoken/token/user", ask.origin());
                return Answer::html(200, pages::chain_reset(&restart));
            }
            _ if !AUTH_PATHS.contains(&path) => return Answer::empty(404),
            _ => {}
        }

        let named = ask
            .param("sessionCookie")
            .or_else(|| ask.cookie(cookies::SESSION_NAME).map(str::to_owned));
        if named.as_deref() != Some(cookies::SESSION) || ask.cookie(cookies::APP_NAME).is_none() {
            world.complain(format!("{path} was asked without the autoIdm cookies"));
            return self.lost(ask).cookie(cookies::open_session(world));
        }
        let (idle, now) = (self.idle(), world.clock().millis());
        let step = self
            .pods
            .find(ask, idle, now)
            .and_then(|session| session.step.take());
        let Some(step) = step else {
            world.complain(format!("{path} was asked outside a login"));
            return self.lost(ask);
        };
        self.step(step, ask, world)
    }

    /// Without its session, the form is shown all the same, and leads nowhere
    fn lost(&self, ask: &Ask) -> Answer {
        if ask.path() == "/auth/forms/defaultForm.jsp" {
            Answer::html(200, pages::login_form("null", "null"))
        } else {
            self.broken()
        }
    }

    fn step(&mut self, step: Step, ask: &Ask, world: &World) -> Answer {
        let post = ask.method() == "POST";
        match (ask.path(), step) {
            ("/auth/oidc", Step::AtProvider { verifier }) => {
                self.oidc_callback(verifier, ask, world)
            }
            ("/auth/saml2", Step::AtSamlProvider { .. }) if post => self.saml_callback(ask, world),
            ("/auth/formlogin", Step::AtForm) if post => self.form_login(ask, world),
            ("/auth/acknowledge", Step::AtTerms(person)) if post => {
                match ask.field("acknowledge").as_deref() {
                    Some("yes") => self.signed_in(person, ask, world),
                    _ => self.refused(ask, world),
                }
            }
            ("/auth/loginservice", Step::Choosing) if post => self.choose(ask, world),
            ("/auth/forms/chooseLogin.jsp", Step::Choosing) => {
                let target = self.original(ask, world);
                let page = pages::chooser(&self.switches.chooser, &target);
                self.keep(Step::Choosing, Answer::html(200, page), ask, world)
            }
            ("/auth/forms/defaultForm.jsp", Step::AtForm) => {
                let target = self.back(ask, world);
                let page = pages::login_form("/auth/formlogin", &target);
                self.keep(Step::AtForm, Answer::html(200, page), ask, world)
            }
            ("/auth/formlogin", Step::AtForm) => {
                let form = Answer::redirect(format!("{}/auth/forms/defaultForm.jsp", ask.origin()));
                self.keep(Step::AtForm, form, ask, world)
            }
            ("/auth/forms/jump.jsp", Step::AtSamlProvider { url }) => {
                let page = Answer::html(200, pages::jump(&url));
                self.keep(Step::AtSamlProvider { url }, page, ask, world)
            }
            ("/auth/forms/acknowledge.jsp", Step::AtTerms(person)) => {
                let page = Answer::html(200, pages::terms());
                self.keep(Step::AtTerms(person), page, ask, world)
            }
            (path, step) => {
                world.complain(format!("{path} is not the login's next step"));
                let reset = Answer::redirect(format!("{}/auth/forms/resetChain.jsp", ask.origin()));
                self.keep(step, reset, ask, world)
            }
        }
    }

    fn oidc_callback(&mut self, verifier: Option<String>, ask: &Ask, world: &World) -> Answer {
        let sent = ask.param("state").unwrap_or_default();
        let wanted = self.with_session(ask, world, |session| session.state.take());
        let wanted = wanted.flatten().unwrap_or_default();
        // The portal decodes the value once more, and looks only at what follows the equals sign.
        let twice = decoded(&sent);
        let after = |text: &str| {
            text.split_once('=')
                .map(|(_, value)| value.to_ascii_lowercase())
        };
        if sent != wanted {
            world.complain("the state came back changed");
        }
        if after(&twice).is_none() || after(&twice) != after(&wanted) {
            self.with_session(ask, world, |session| session.step = Some(Step::Failed));
            return self.broken();
        }
        let Some(code) = ask.param("code") else {
            return self.refused(ask, world);
        };
        let request = CodeRequest {
            code: world.secret(code),
            client_id: self.portal.client_id.clone(),
            redirect_uri: self.portal.redirect_uri.clone(),
            verifier,
        };
        match self.idp.redeem(&request, world) {
            Some(person) => self.accept(person, ask, world),
            None => self.refused(ask, world),
        }
    }

    fn saml_callback(&mut self, ask: &Ask, world: &World) -> Answer {
        let response = ask.field("SAMLResponse");
        if ask.field("RelayState").is_none() {
            world.complain("the RelayState did not come along");
        }
        let person = response.and_then(|text| {
            let text = world.secret(text);
            self.idp.read_assertion(&text, world)
        });
        match person {
            Some(person) => self.accept(person, ask, world),
            None => {
                world.complain("a SAML response that the provider did not give");
                self.with_session(ask, world, |session| session.step = Some(Step::Failed));
                self.broken()
            }
        }
    }

    fn form_login(&mut self, ask: &Ask, world: &World) -> Answer {
        if !ask.is_form() {
            world.complain("the login form came in another encoding");
        }
        for (name, _) in ask.fields() {
            if !["user", "pwd", "target", "submit"].contains(&name.as_str()) {
                world.complain(format!("the login form has no field {name}"));
            }
        }
        let user = ask.field("user").unwrap_or_default();
        let password = world.secret(ask.field("pwd").unwrap_or_default());
        let person = self
            .people
            .iter()
            .find(|person| person.login == user && person.password == password)
            .filter(|_| !password.trim().is_empty())
            .cloned();
        match person {
            Some(person) => self.accept(person, ask, world),
            None => self.refused(ask, world),
        }
    }

    fn choose(&mut self, ask: &Ask, world: &World) -> Answer {
        let labels = self.switches.chooser.clone();
        let chosen = ask.field("chain").unwrap_or_default();
        let Some(url) = login_url(&labels, &chosen) else {
            return self.broken();
        };
        self.with_session(ask, world, |session| session.step = Some(Step::Sent));
        let answer = Answer::redirect(format!("{}{url}", ask.origin()))
            .cookies(cookies::auto_idm(ask, "token"));
        if ask.field("remember").as_deref() == Some("true") {
            let label = labels
                .iter()
                .find(|label| **label == chosen || sha1(label) == chosen);
            let value = label.map(|label| sha1(label)).unwrap_or_default();
            let now = world.clock().seconds();
            return answer.cookie(cookies::until(ask, cookies::CHOICE, &value, 2_592_000, now));
        }
        answer
    }

    /// The provider vouches for somebody
    fn accept(&mut self, person: Person, ask: &Ask, world: &World) -> Answer {
        // Whatever brings a `target` may replace the end of the login.
        if let Some(target) = ask.param("target") {
            let back = self.back(ask, world);
            if target != back && target != "null" {
                self.with_session(ask, world, |session| session.original = Some(target));
            }
        }
        let answer = if self.switches.terms {
            let page =
                Answer::html(200, pages::terms()).cookies(cookies::auto_idm(ask, "completelogin"));
            self.keep(Step::AtTerms(person), page, ask, world)
        } else {
            self.signed_in(person, ask, world)
        };
        answer.after(self.switches.slow_callback)
    }

    fn signed_in(&mut self, person: Person, ask: &Ask, world: &World) -> Answer {
        let back = self.back(ask, world);
        self.with_session(ask, world, |session| session.person = Some(person));
        Answer::redirect(back).cookies(cookies::end_of_login(ask, "completelogin"))
    }

    fn refused(&mut self, ask: &Ask, world: &World) -> Answer {
        let page = failed(ask).cookies(cookies::auto_idm(ask, "completelogin"));
        self.keep(Step::Failed, page, ask, world)
    }

    fn keep(&mut self, step: Step, answer: Answer, ask: &Ask, world: &World) -> Answer {
        self.with_session(ask, world, |session| session.step = Some(step));
        answer
    }

    fn back(&mut self, ask: &Ask, world: &World) -> String {
        let path = self.with_session(ask, world, |session| session.back.clone());
        format!("{}{}", ask.origin(), path.unwrap_or_default())
    }

    fn original(&mut self, ask: &Ask, world: &World) -> String {
        let path = self.with_session(ask, world, |session| session.original.clone());
        format!("{}{}", ask.origin(), path.flatten().unwrap_or_default())
    }

    fn with_session<T>(
        &mut self,
        ask: &Ask,
        world: &World,
        change: impl FnOnce(&mut Session) -> T,
    ) -> Option<T> {
        let (idle, now) = (self.idle(), world.clock().millis());
        self.pods.find(ask, idle, now).map(change)
    }
}

fn decoded(text: &str) -> String {
    form_urlencoded::parse(format!("v={}", text.replace('&', "%26")).as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

const AUTH_PATHS: [&str; 9] = [
    "/auth/oidc",
    "/auth/saml2",
    "/auth/formlogin",
    "/auth/loginservice",
    "/auth/acknowledge",
    "/auth/forms/defaultForm.jsp",
    "/auth/forms/chooseLogin.jsp",
    "/auth/forms/jump.jsp",
    "/auth/forms/acknowledge.jsp",
];
