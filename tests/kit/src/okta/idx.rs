//! The org's Identity Engine: `/idp/idx/…`, from the token on a page to the way back to the app.
//!
//! A login is a transaction with handles that change; every answer says what can be done next, and nothing else can.

mod answer;
mod authenticator;
mod document;
mod ends;
mod finish;
mod forms;
mod poll;
mod refusals;
mod rounds;
mod steps;
mod switches;
mod transaction;

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::fault::Trouble;
use crate::http::{Answer, Ask};
use crate::okta::authn::{DECOY, object};
use crate::okta::limiter::{Limit, Recent};
use crate::okta::partner::IDX_CALLBACK;
use crate::okta::polls::Polls;
use crate::okta::{Okta, errors};
use crate::person::Person;
use crate::world::World;

pub use switches::{
    Accepts, CodeError, DeviceProbe, ErrorStatus, Identify, IdxSwitches, Messages, MethodType,
    PollPath, PostAuth, RateLimit, RelatesTo, Round, Success,
};

use authenticator::Authenticator;
use document::Said;
use refusals::{bad_request, expired};
use transaction::{Stage, Transaction, short_of};

/// What the engine keeps
#[derive(Default)]
pub(super) struct Idx {
    /// By the part of the handle that stays
    transactions: HashMap<String, Transaction>,
    /// By user name
    asked: HashMap<String, Recent>,
}

impl Okta {
    /// The requests that only an org with the Identity Engine answers
    pub(super) fn idx_route(&mut self, ask: &Ask, world: &World) -> Option<Answer> {
        if !self.switches.identity_engine {
            return None;
        }
        let path = ask.path();
        if path == "/api/v1/authn" && self.switches.idx.authn_refused {
            return Some(errors::authentication_failed(world));
        }
        if let Some(id) = path.strip_prefix("/sso/idps/") {
            return Some(self.leave_for_provider(id, ask, world));
        }
        Some(match path {
            "/login/token/redirect" => self.token_redirect(ask, world),
            IDX_CALLBACK => self.return_from_provider(ask, world),
            "/oauth2/v1/interact" | "/oauth2/default/v1/interact" => finish::interact(ask, world),
            _ => self.idx_call(path.strip_prefix("/idp/idx/")?, ask, world),
        })
    }

    fn idx_call(&mut self, name: &str, ask: &Ask, world: &World) -> Answer {
        let body = match read(name, ask, world) {
            Ok(body) => body,
            Err(refusal) => return refusal,
        };
        let field = if name == "introspect" {
            "stateToken"
        } else {
            "stateHandle"
        };
        let Some(handle) = body.get(field).and_then(Value::as_str) else {
            return bad_request(&format!("{name} needs a {field}"), world);
        };
        let mut transaction = match self.take_transaction(name, handle, world) {
            Ok(transaction) => transaction,
            Err(refusal) => return refusal,
        };
        if !transaction.stamp.fits(ask) {
            world.complain(format!("{name} was asked without the cookies of its page"));
        }
        let answer = match self.idx_limited(&mut transaction, world) {
            Some(limited) => limited,
            None => self.idx_step(name, &mut transaction, &body, ask, world),
        };
        self.idx
            .transactions
            .insert(transaction.short.clone(), transaction);
        answer
    }

    fn idx_step(
        &mut self,
        name: &str,
        transaction: &mut Transaction,
        body: &Map<String, Value>,
        ask: &Ask,
        world: &World,
    ) -> Answer {
        match name {
            "introspect" => self.introspect(transaction, body, ask, world),
            "identify" => self.identify(transaction, body, ask, world),
            "identify/select" => self.identify_again(transaction, body, ask, world),
            "challenge" => self.idx_choose(transaction, body, ask, world),
            "challenge/answer" => self.idx_answer(transaction, body, ask, world),
            "challenge/resend" => self.idx_resend(transaction, body, ask, world),
            "challenge/poll" | "authenticators/poll" => {
                self.idx_poll(name, transaction, body, ask, world)
            }
            "authenticators/poll/cancel" => self.cancel_probe(transaction, body, ask, world),
            "skip" => self.idx_skip(transaction, body, ask, world),
            "keep-me-signed-in" => self.keep_me_signed_in(transaction, body, ask, world),
            "cancel" => self.idx_cancel(transaction, body, ask, world),
            _ => bad_request(
                &format!("nothing that a program should ask for: {name}"),
                world,
            ),
        }
    }

    /// The transaction that a token or handle stands for, out of the list
    fn take_transaction(
        &mut self,
        name: &str,
        handle: &str,
        world: &World,
    ) -> Result<Transaction, Answer> {
        if handle.contains('\\') {
            world.complain("a state token was sent with its escapes");
            return Err(expired(world));
        }
        if handle.contains(DECOY) {
            world.complain("the state token of a comment was used");
            return Err(expired(world));
        }
        let now = world.clock().seconds();
        let short = short_of(handle);
        let found = self.idx.transactions.get(short);
        let Some(found) = found.filter(|found| now <= found.ends_at) else {
            return Err(expired(world));
        };
        let good = if name == "introspect" {
            [&found.page_token, &found.top, &found.form].contains(&&handle.to_owned())
        } else {
            handle == found.form
        };
        if !good {
            world.complain(if handle == found.top {
                format!("{name} got the document's handle and not the form's")
            } else {
                format!("{name} got a handle that is not the last one")
            });
            return Err(expired(world));
        }
        self.idx
            .transactions
            .remove(short)
            .ok_or_else(|| expired(world))
    }

    /// Whether there were too many requests for this transaction or user
    fn idx_limited(&mut self, transaction: &mut Transaction, world: &World) -> Option<Answer> {
        let switch = self.switches.idx.rate_limit;
        if switch == RateLimit::Off {
            return None;
        }
        let now = world.clock().millis();
        let person = transaction.person.as_ref();
        let of_user = person.map(|person| self.idx.asked.entry(person.login.clone()).or_default());
        let waits = [
            transaction.asked.count(now, OF_TRANSACTION),
            of_user.and_then(|asked| asked.count(now, OF_USER)),
        ];
        let wait = waits.into_iter().flatten().max()?.div_ceil(1000);
        world.record.idx(|counts| counts.limited += 1);
        match switch {
            RateLimit::Ion => Trouble::TooManyRequests,
            _ => Trouble::RateLimited(wait),
        }
        .answer(world)
    }

    /// The token of a new page, for somebody who has a session already or for nobody yet
    pub(super) fn begin_idx(
        &mut self,
        resume: String,
        person: Option<Person>,
        world: &World,
    ) -> String {
        let stamp = self.browsers.stamp();
        let mut transaction = Transaction::new(resume, stamp, person, &self.switches.idx, world);
        if self.switches.idx.device_probe == DeviceProbe::Loopback {
            transaction.stage = Stage::Probe(Polls::default());
        }
        let token = transaction.page_token.clone();
        self.idx
            .transactions
            .insert(transaction.short.clone(), transaction);
        token
    }

    /// What this login can be proven with; its places are those that `rounds::choices` gives
    fn authenticators(&self, transaction: &Transaction) -> Vec<Authenticator> {
        Authenticator::all(transaction.person.as_ref(), &self.org_id)
    }

    /// The document of a step that cannot be done now; nothing changes
    fn idx_wrong_step(&self, attempted: &str, transaction: &Transaction, world: &World) -> Answer {
        let expected = transaction.step();
        bad_request(
            &format!("Expected {expected}, attempted {attempted}"),
            world,
        )
    }

    fn idx_show(&self, transaction: &mut Transaction, ask: &Ask, world: &World) -> Answer {
        self.idx_document(transaction, &Said::default(), ask, world)
    }
}

/// A JSON object, sent as the engine wants it
fn read(name: &str, ask: &Ask, world: &World) -> Result<Map<String, Value>, Answer> {
    if ask.method() != "POST" {
        return Err(errors::wrong_method(world));
    }
    let accept = ask.header("accept").unwrap_or_default();
    let accepted = accept.split(',').any(|kind| good_type(kind, &ACCEPTED));
    let sent: &[&str] = if name == "introspect" {
        &ACCEPTED[..1]
    } else {
        &ACCEPTED
    };
    let content_type = ask.header("content-type").unwrap_or_default();
    if !accepted || !good_type(content_type, sent) {
        return Err(errors::wrong_media_type(world));
    }
    object(ask, world)
}

/// Whether a media type is one of those, with the engine's version or without one
fn good_type(line: &str, good: &[&str]) -> bool {
    let mut parts = line.split(';').map(|part| part.trim().to_ascii_lowercase());
    let kind = parts.next().unwrap_or_default();
    good.contains(&kind.as_str())
        && parts.all(|part| !part.starts_with("okta-version=") || part == "okta-version=1.0.0")
}

/// Whether a body holds nothing but these fields and the handle
fn only(
    body: &Map<String, Value>,
    fields: &[&str],
    what: &str,
    world: &World,
) -> Result<(), Answer> {
    let unknown = body
        .keys()
        .find(|name| *name != "stateHandle" && !fields.contains(&name.as_str()));
    match unknown {
        Some(name) => Err(bad_request(&format!("{what} has no field {name}"), world)),
        None => Ok(()),
    }
}

/// The place of the password
const PASSWORD: usize = 0;
const OF_TRANSACTION: Limit = Limit {
    most: 10,
    within: 5000,
};
const OF_USER: Limit = Limit {
    most: 20,
    within: 5000,
};
const ACCEPTED: [&str; 3] = [
    "application/ion+json",
    "application/json",
    "application/vnd.okta.v1+json",
];
/// The id of the other provider
const PARTNER_ID: &str = "0oa7upstream2idp5d7";
