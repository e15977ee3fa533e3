//! The Classic engine's factor that is a login at another provider: the way there and back.

use crate::http::{Answer, Ask};
use crate::okta::Okta;
use crate::okta::challenge::Asked;
use crate::okta::onward::Onward;
use crate::okta::partner::FACTOR_CALLBACK;
use crate::okta::sso::cookies_lost;
use crate::world::World;

impl Okta {
    /// `GET /policy/mfa-oidc-idp-redirect`
    pub(super) fn send_away(&mut self, ask: &Ask, world: &World) -> Answer {
        let key = ask.query("okta_key").unwrap_or_default();
        match (self.left_by(&key), &mut self.partner) {
            (Some(_), Some(partner)) => partner.start(&key, FACTOR_CALLBACK, ask, world),
            _ => cookies_lost(world),
        }
    }

    /// The end of the login elsewhere: a session at once, and no session token
    pub(super) fn come_back(&mut self, ask: &Ask, world: &World) -> Answer {
        let partner = self.partner.as_mut();
        let came = partner.and_then(|partner| partner.finish(ask, world));
        let Some((key, somebody)) = came else {
            return cookies_lost(world);
        };
        let token = self.left_by(&key).unwrap_or_default();
        let person = self
            .transaction(&token, world)
            .and_then(|transaction| transaction.person.as_ref());
        let same = person.is_some_and(|person| person.login.eq_ignore_ascii_case(&somebody.login));
        if !same || !self.browsers.may_finish(ask) {
            return cookies_lost(world);
        }
        match self.onward(&token, world) {
            None => cookies_lost(world),
            Some(Onward::State(token)) => {
                self.own_redirect(ask, &format!("/signin/refresh-auth-state/{token}"))
            }
            Some(Onward::SteppedUp(token)) => {
                self.own_redirect(ask, &format!("/login/step-up/redirect?stateToken={token}"))
            }
            Some(Onward::SignedIn(person)) => {
                let (_, cookies) = self.open_session(person, ask, world);
                let way = self.browsers.kept_uri();
                let way = way.filter(|_| !self.switches.dashboard);
                let way = way.unwrap_or_else(|| "/app/UserHome".to_owned());
                self.own_redirect(ask, &way).cookies(cookies)
            }
        }
    }

    /// The state token of the login that left by this redirect
    fn left_by(&self, key: &str) -> Option<String> {
        let mut transactions = self.transactions.iter();
        transactions
            .find(|(_, one)| {
                let asked = one.challenge.as_ref().map(|challenge| &challenge.asked);
                matches!(asked, Some(Asked::Redirect(known)) if known == key)
            })
            .map(|(token, _)| token.clone())
    }
}
