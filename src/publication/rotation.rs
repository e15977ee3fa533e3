//! Which step of a rotation is due; nothing is read or written here.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::publication::documents::KeySet;

/// How long a rotation waits between its steps
///
/// ```
/// use std::time::Duration;
/// use doorward::publication::Rotation;
///
/// let rotation = Rotation::default().overlap(Duration::from_secs(3600));
/// ```
#[derive(Clone, Debug)]
pub struct Rotation {
    overlap: SignedDuration,
    longest_life: SignedDuration,
}

impl Rotation {
    /// How long after a key was published everybody knows it: the time that a verifier, and what is between, keeps the key set
    ///
    /// 24 hours by default.
    #[must_use]
    pub fn overlap(mut self, overlap: Duration) -> Self {
        self.overlap = signed(overlap);
        self
    }

    /// How long the longest-lived token of the key lives: 24 hours by default, which is what they are limited to
    #[must_use]
    pub fn longest_life(mut self, longest_life: Duration) -> Self {
        self.longest_life = signed(longest_life);
        self
    }
}

impl Default for Rotation {
    fn default() -> Self {
        Self {
            overlap: SignedDuration::from_hours(24),
            longest_life: SignedDuration::from_hours(24),
        }
    }
}

/// A step of a rotation
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// The next key is made, and published beside the old one
    Publish,
    /// The next key takes the old one's place, and signs
    Sign,
    /// The old key is no longer published
    Drop,
}

impl Step {
    /// `publish`, `sign` or `drop`
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Sign => "sign",
            Self::Drop => "drop",
        }
    }
}

/// What a call did, and what comes next
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// What was done; nothing if it was too early
    pub done: Option<Step>,
    /// What comes next
    pub next: Step,
    /// When the next step is due; `None` if the next call begins another rotation, whenever that is
    pub due: Option<Timestamp>,
}

/// What is kept of a rotation that is under way
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    phase: Phase,
    /// In seconds of the Unix epoch
    since: i64,
    old: String,
    next: String,
}

impl State {
    fn since(&self) -> Timestamp {
        Timestamp::from_second(self.since).unwrap_or(Timestamp::MAX)
    }
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Phase {
    /// Both keys are published, and the old one signs
    Published,
    /// Both are published, and the new one signs
    Signing,
}

/// What is to be done now
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Due {
    Nothing,
    Publish,
    /// The key may be in its place already, by a call that was stopped
    Sign {
        is_replaced: bool,
    },
    Drop,
}

#[derive(Debug)]
pub(super) struct Plan {
    pub(super) due: Due,
    pub(super) old: String,
    pub(super) next: String,
    since: Timestamp,
    phase: Option<Phase>,
}

impl Plan {
    /// What is to be kept once the step is done
    pub(super) fn state(&self, next: String, now: Timestamp) -> State {
        let phase = match self.due {
            Due::Sign { .. } => Phase::Signing,
            _ => Phase::Published,
        };
        State {
            phase,
            since: next_second(now),
            old: self.old.clone(),
            next,
        }
    }

    pub(super) fn progress(&self, rotation: &Rotation, now: Timestamp) -> Progress {
        let then = Timestamp::from_second(next_second(now)).unwrap_or(now);
        let (done, phase, since) = match self.due {
            Due::Nothing => (None, self.phase, self.since),
            Due::Publish => (Some(Step::Publish), Some(Phase::Published), then),
            Due::Sign { .. } => (Some(Step::Sign), Some(Phase::Signing), then),
            Due::Drop => (Some(Step::Drop), None, then),
        };
        let (next, due) = match phase {
            Some(phase) => (after(phase), Some(end(phase, since, rotation))),
            None => (Step::Publish, None),
        };
        Progress { done, next, due }
    }
}

/// The step that is due at `now`, where `current` signs and `keys` are published
pub(super) fn plan(
    state: Option<&State>,
    current: &str,
    keys: &KeySet,
    rotation: &Rotation,
    now: Timestamp,
) -> Result<Plan, Error> {
    let Some(state) = state else {
        return Ok(Plan {
            due: Due::Publish,
            old: current.to_owned(),
            next: String::new(),
            since: now,
            phase: None,
        });
    };
    let is_over = now >= end(state.phase, state.since(), rotation);
    let (is_old, is_next) = (current == state.old, current == state.next);
    let due = match state.phase {
        // Somebody took it away: whoever saw the key set since does not know it.
        Phase::Published if is_old && !keys.has(&state.next) => Due::Publish,
        Phase::Published if is_old && is_over => Due::Sign { is_replaced: false },
        Phase::Published if is_old => Due::Nothing,
        Phase::Published if is_next => Due::Sign { is_replaced: true },
        Phase::Signing if is_next && is_over => Due::Drop,
        Phase::Signing if is_next => Due::Nothing,
        _ => {
            return Err(Error::config(
                "the key is neither of those of the rotation that was begun",
            )
            .at("key", current)
            .hint("remove the files KEY.rotation and KEY.next to begin another"));
        }
    };
    Ok(Plan {
        due,
        old: state.old.clone(),
        next: state.next.clone(),
        since: state.since(),
        phase: Some(state.phase),
    })
}

fn after(phase: Phase) -> Step {
    match phase {
        Phase::Published => Step::Sign,
        Phase::Signing => Step::Drop,
    }
}

/// When the phase is over
fn end(phase: Phase, since: Timestamp, rotation: &Rotation) -> Timestamp {
    let wait = match phase {
        Phase::Published => rotation.overlap,
        Phase::Signing => rotation.overlap.saturating_add(rotation.longest_life),
    };
    since.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

/// The second that has begun is over by then
fn next_second(now: Timestamp) -> i64 {
    now.as_second().saturating_add(1)
}

fn signed(time: Duration) -> SignedDuration {
    SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX)
}
