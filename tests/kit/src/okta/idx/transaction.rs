//! One login at the Identity Engine: its handles, and how far it is.

use crate::okta::browser::Stamp;
use crate::okta::idx::IdxSwitches;
use crate::okta::idx::switches::{PostAuth, Round};
use crate::okta::limiter::Recent;
use crate::okta::polls::Polls;
use crate::person::Person;
use crate::random;
use crate::world::World;

pub(super) struct Transaction {
    /// The part of every handle that stays, up to the tilde
    pub(super) short: String,
    /// What the page carries
    pub(super) page_token: String,
    /// The handle at the top of the last document
    pub(super) top: String,
    /// The handle in the forms of the last document
    pub(super) form: String,
    /// The browser that was shown the page
    pub(super) stamp: Stamp,
    /// Where the browser goes on once all is proven, path and query
    pub(super) resume: String,
    pub(super) person: Option<Person>,
    pub(super) stage: Stage,
    /// What is still to be proven
    pub(super) rounds: Vec<Round>,
    /// Places of the authenticators that were used
    pub(super) used: Vec<usize>,
    /// Pages that are still to come
    pub(super) pages: Vec<PostAuth>,
    /// Whether the end is a refusal
    pub(super) failed: bool,
    pub(super) ends_at: u64,
    pub(super) asked: Recent,
}

pub(super) enum Stage {
    /// The device is asked
    Probe(Polls),
    Identify,
    /// These places may be chosen
    Select(Vec<usize>),
    /// One authenticator waits to be started
    Confirm(usize),
    Challenge(Challenge),
    /// A push was refused
    Rejected(usize),
    Page(PostAuth),
    /// All is proven, and the way out was shown
    Done,
    /// Nothing can be done any more
    Over,
}

pub(super) struct Challenge {
    pub(super) place: usize,
    pub(super) method: &'static str,
    pub(super) to_sign: String,
    /// In milliseconds
    pub(super) sent_at: u64,
    pub(super) polls: Polls,
}

impl Transaction {
    pub(super) fn new(
        resume: String,
        stamp: Stamp,
        person: Option<Person>,
        switches: &IdxSwitches,
        world: &World,
    ) -> Self {
        // Dashes and tildes are escaped on pages: whoever does not decode them gets nowhere.
        let short = world.secret(format!(
            "02.id.{}-{}",
            random::base64url(21),
            random::base64url(21)
        ));
        let page_token = handle(&short, world);
        let mut rounds = switches.policy.clone();
        if person.is_some() {
            rounds.retain(|round| *round != Round::Password);
        }
        Self {
            short,
            top: page_token.clone(),
            form: page_token.clone(),
            page_token,
            stamp,
            resume,
            person,
            stage: Stage::Identify,
            rounds,
            used: Vec::new(),
            pages: switches.post_auth.clone(),
            failed: false,
            ends_at: world.clock().seconds() + LIFE,
            asked: Recent::default(),
        }
    }

    /// Makes the handles of the next document
    pub(super) fn rotate(&mut self, switches: &IdxSwitches, world: &World) {
        if switches.rotating_handles {
            self.top = handle(&self.short, world);
        }
        if !switches.form_handle_differs {
            self.form.clone_from(&self.top);
        } else if switches.rotating_handles || self.form == self.top {
            self.form = handle(&self.short, world);
        }
    }

    /// The name of the step, as refusals write it
    pub(super) fn step(&self) -> &'static str {
        match self.stage {
            Stage::Probe(_) => "DEVICE_CHALLENGE",
            Stage::Identify => "IDENTIFY",
            Stage::Select(_) | Stage::Confirm(_) | Stage::Challenge(_) | Stage::Rejected(_) => {
                "AUTHENTICATE"
            }
            Stage::Page(_) => "POST_AUTH",
            Stage::Done => "SUCCESS",
            Stage::Over => "END",
        }
    }
}

/// The part of a handle that links carry
pub(super) fn short_of(handle: &str) -> &str {
    handle.split('~').next().unwrap_or_default()
}

fn handle(short: &str, world: &World) -> String {
    world.secret(format!("{short}~c.{}", random::base64url(36)))
}

/// How long a page may lie before it is answered, in seconds
const LIFE: u64 = 7200;
