//! The way back to the portal, and there and back to another realm.

use doorward::Url;
use doorward_testkit::{Answer, Ask, World};

use super::{Keycloak, Target};
use crate::pages;
use crate::realm::{Back, Version};

impl Keycloak {
    pub(super) fn finish(&mut self, user: &str, target: &Target, world: &World) -> Answer {
        let proof = world.secret(self.next("grant"));
        self.granted.insert(proof.clone(), user.to_owned());
        let path = format!("Version=1;Path={}/", self.path(world));
        let cookies = vec![
            format!("KEYCLOAK_IDENTITY=identity-{proof};{path};Secure;HttpOnly;SameSite=None"),
            format!("KC_RESTART=;{path};Max-Age=0"),
        ];
        let iss = self.base(world);
        let answer = match (target, self.realm.back) {
            (Target::Saml { relay_state }, _) => {
                let acs = self.portal.as_ref().map(|portal| portal.acs.clone());
                let fields = [
                    ("SAMLResponse", proof.as_str()),
                    ("RelayState", relay_state),
                ];
                Answer::html(200, pages::auto_post(&acs.unwrap_or_default(), &fields))
            }
            (
                Target::Oidc {
                    redirect_uri,
                    state,
                },
                Back::FormPost,
            ) => {
                let fields = [
                    ("code", proof.as_str()),
                    ("iss", &iss),
                    ("state", state),
                    ("session_state", "s1"),
                ];
                Answer::html(200, pages::auto_post(redirect_uri, &fields))
            }
            (
                Target::Oidc {
                    redirect_uri,
                    state,
                },
                _,
            ) => {
                let mut url = Url::parse(redirect_uri).unwrap();
                url.query_pairs_mut()
                    .append_pair("state", state)
                    .append_pair("session_state", "s1");
                if self.realm.version == Version::V26 {
                    url.query_pairs_mut().append_pair("iss", &iss);
                }
                url.query_pairs_mut().append_pair("code", &proof);
                Answer::redirect(url)
            }
        };
        answer.cookies(cookies)
    }

    /// To the other realm
    pub(super) fn leave(&mut self, ask: &Ask, world: &World) -> Answer {
        let Some(id) = self.login_of(ask) else {
            return Answer::html(400, pages::failure("Restart login cookie not found"));
        };
        let state = self.next("state");
        self.away.insert(state.clone(), id);
        let Some(upstream) = &self.upstream else {
            return Answer::html(502, pages::failure("Unexpected error"));
        };
        let mut url = Url::parse(&format!(
            "{}/protocol/openid-connect/auth",
            upstream.base(world)
        ))
        .unwrap();
        url.query_pairs_mut()
            .append_pair("redirect_uri", &self.endpoint(world))
            .append_pair("state", &state)
            .append_pair("response_type", "code");
        Answer::empty(303).header("Location", url)
    }

    pub(super) fn returned(&mut self, ask: &Ask, world: &World) -> Answer {
        let id = ask
            .query("state")
            .and_then(|state| self.away.remove(&state));
        let code = ask.query("code").unwrap_or_default();
        let user = self
            .upstream
            .as_mut()
            .and_then(|upstream| upstream.granted.remove(&code));
        match id.filter(|id| self.logins.contains_key(id)).zip(user) {
            Some((id, user)) => {
                self.logins.get_mut(&id).unwrap().user = user;
                self.proven(&id, "broker", world)
            }
            None => Answer::html(400, pages::failure("Invalid state")),
        }
    }

    pub(super) fn endpoint(&self, world: &World) -> String {
        format!("{}/broker/upstream/endpoint", self.base(world))
    }
}
