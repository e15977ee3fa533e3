//! A push, and what comes of it.

/// What the person with the phone does about a push
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PushAnswer {
    /// Taps yes
    Approved,
    /// Taps no
    Rejected,
    /// Does nothing, and the org says so
    TimedOut,
    /// Does nothing; the org waits for five minutes of its clock
    Never,
}

#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) struct Push {
    pub(crate) answer: PushAnswer,
    /// How many polls are told to wait before that
    pub(crate) after: usize,
    /// The number to press, and the poll that tells it first in the Classic engine
    pub(crate) number: Option<(u32, usize)>,
}

impl Push {
    /// What a poll is told; `age` in milliseconds
    pub(crate) fn answer_to(&self, poll: usize, age: u64) -> PushAnswer {
        match self.answer {
            PushAnswer::Never if age > LIFE => PushAnswer::TimedOut,
            answer if poll > self.after => answer,
            _ => PushAnswer::Never,
        }
    }
}

/// In milliseconds
const LIFE: u64 = 300_000;
