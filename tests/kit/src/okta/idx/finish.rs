//! The browser's own requests: to the other provider, back from it, and out to the app.

use serde_json::json;

use crate::http::{Answer, Ask};
use crate::okta::idx::switches::{Identify, Round, Success};
use crate::okta::idx::transaction::{Stage, Transaction};
use crate::okta::idx::{PARTNER_ID, PASSWORD};
use crate::okta::partner::IDX_CALLBACK;
use crate::okta::sso::cookies_lost;
use crate::okta::{Okta, errors, pages};
use crate::person::Person;
use crate::world::World;

impl Okta {
    /// The end of a login: a session, and the way back to the app
    pub(super) fn token_redirect(&mut self, ask: &Ask, world: &World) -> Answer {
        let token = ask.query("stateToken").unwrap_or_default();
        if ask.method() != "GET" {
            return errors::wrong_method(world);
        }
        if token.contains('~') {
            world.complain("a redirect URL was put together by hand: its token is a handle");
            return broken_link();
        }
        // Whatever comes of it, the link is good once.
        let Some(transaction) = self.idx.transactions.remove(&token) else {
            world.complain("a redirect URL whose token is unknown or spent");
            return broken_link();
        };
        if !matches!(transaction.stage, Stage::Done) || !self.links_out() {
            world.complain("a redirect URL that no document has shown");
            self.idx.transactions.insert(token, transaction);
            return broken_link();
        }
        if !transaction.stamp.fits(ask) {
            return cookies_lost(world);
        }
        let Some(person) = transaction.person.clone() else {
            return cookies_lost(world);
        };
        if self.switches.idx.success == Success::WithError {
            world.complain("a login was finished although its document told of an error");
        }
        world.record.idx(|counts| counts.finishes += 1);
        self.leave(&transaction, person, ask, world)
    }

    /// Opens the session, and answers what the app had asked for
    fn leave(
        &mut self,
        transaction: &Transaction,
        person: Person,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        let place = self.session_place(ask, world);
        if let Some(place) = place {
            self.sessions.remove(place);
        }
        let (place, cookies) = self.open_session(person, ask, world);
        let Some(session) = self.sessions.get_mut(place) else {
            return cookies_lost(world);
        };
        session.stepped_up = true;
        let cookies = cookies
            .into_iter()
            .map(|line| match line.strip_prefix("sid=") {
                Some(rest) => format!("idx={rest};SameSite=None"),
                None => line,
            });
        if self.switches.dashboard {
            return self.own_redirect(ask, "/app/UserHome").cookies(cookies);
        }
        let (path, query) = transaction
            .resume
            .split_once('?')
            .unwrap_or((&transaction.resume, ""));
        let mut back = Ask {
            method: "GET".to_owned(),
            path: path.to_owned(),
            raw_query: query.to_owned(),
            body: Vec::new(),
            ..ask.clone()
        };
        let cookie = format!("idx={}", session.sid);
        // Before an older one that the browser may have sent.
        back.headers.insert(0, ("cookie".to_owned(), cookie));
        let unassigned = self.switches.unassigned;
        self.switches.unassigned = unassigned || transaction.failed;
        let answer = self.answer_app(&back, world);
        self.switches.unassigned = unassigned;
        answer.cookies(cookies)
    }

    /// Whether the end is one that leads out
    fn links_out(&self) -> bool {
        !matches!(
            self.switches.idx.success,
            Success::Unsatisfiable | Success::InteractionCode
        )
    }

    pub(super) fn leave_for_provider(&mut self, id: &str, ask: &Ask, world: &World) -> Answer {
        let token = ask.query("stateToken").unwrap_or_default();
        if token.contains('~') {
            world.complain("the way to another provider was put together by hand");
            return broken_link();
        }
        let found = self.idx.transactions.get(&token);
        let published = found.is_some_and(|one| {
            let shown = match &one.stage {
                Stage::Identify => self.switches.idx.identify == Identify::OtherProvider,
                Stage::Challenge(challenge) => challenge.method == "idp",
                _ => false,
            };
            shown && one.stamp.fits(ask)
        });
        if !published || id != PARTNER_ID || ask.method() != "GET" {
            world.complain("a way to another provider that no document has shown");
            return broken_link();
        }
        match &mut self.partner {
            Some(partner) => partner.start(&token, IDX_CALLBACK, ask, world),
            None => broken_link(),
        }
    }

    pub(super) fn return_from_provider(&mut self, ask: &Ask, world: &World) -> Answer {
        let partner = self.partner.as_mut();
        let came = partner.and_then(|partner| partner.finish(ask, world));
        let Some((short, person)) = came else {
            world.complain("somebody came back from the other provider without having been sent");
            return broken_link();
        };
        let person = self.accounts.find(&person.login).unwrap_or(person);
        let Some(mut transaction) = self.idx.transactions.remove(&short) else {
            return broken_link();
        };
        if !transaction.stamp.fits(ask) {
            return cookies_lost(world);
        }
        match &transaction.stage {
            // A factor is the same person's.
            Stage::Challenge(challenge) => {
                if transaction.person.as_ref() != Some(&person) {
                    return cookies_lost(world);
                }
                transaction.used.push(challenge.place);
                transaction.rounds.remove(0);
            }
            _ => {
                transaction.person = Some(person);
                transaction.used.push(PASSWORD);
                transaction.rounds.retain(|round| *round != Round::Password);
            }
        }
        transaction.stage = Stage::Identify;
        let ready = transaction.rounds.is_empty() && transaction.pages.is_empty();
        let answer = if ready {
            transaction.stage = Stage::Done;
            self.own_redirect(ask, &format!("/login/token/redirect?stateToken={short}"))
        } else {
            self.page(
                "Acme - Sign In",
                Some(&transaction.page_token),
                None,
                None,
                ask,
                world,
            )
        };
        self.idx.transactions.insert(short, transaction);
        answer
    }
}

/// The embedded way in, which this app is not registered for
pub(super) fn interact(ask: &Ask, world: &World) -> Answer {
    if ask.method() != "POST" {
        return errors::wrong_method(world);
    }
    let document = json!({
        "error": "unauthorized_client",
        "error_description": "The client is not authorized to use the provided grant type. Configured grant types: \
                              [authorization_code].",
    });
    errors::api(Answer::json(400, &document), world)
}

fn broken_link() -> Answer {
    let text = "The page you requested isn't valid any more.";
    Answer::html(403, pages::message("Acme - Error", text))
}
