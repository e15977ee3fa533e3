//! One-time codes: what can be asked for, where codes come from, and that none is used twice.
//!
//! [`CodeSource`] is a place that codes come from, [`Factor`] what a provider asks for. [`Codes`] is one login's use of them,
//! and [`Ledger`] the memory that parallel logins share: a code of a [`TotpSeed`] serves one login, and the next one
//! waits for the next window.

use std::time::Duration;

use jiff::Timestamp;

use crate::{Error, Secret};

mod factor;
pub use factor::Factor;

mod ledger;
pub use ledger::{Ledger, Turn};

mod prompt;

mod source;
pub use source::CodeSource;

mod totp_seed;
pub use totp_seed::TotpSeed;

/// What one login asks for, and what it got
///
/// It knows no clock and never waits for a window: the caller does, and then asks again.
///
/// ```
/// use doorward::code::{Codes, Ledger, NextCode};
/// use doorward::{CodeSource, Factor, Secret};
/// use jiff::Timestamp;
/// use std::time::Duration;
///
/// let sources = vec![CodeSource::fixed(Secret::new("123456"))];
/// let mut codes = Codes::new(sources, Ledger::in_process());
/// let left = Duration::from_secs(60);
/// let next = codes.next("https://idp.example", &Factor::Sms(None), Timestamp::now(), left)?;
/// assert!(matches!(next, NextCode::Ready(code) if code.expose_secret() == "123456"));
/// # Ok::<(), doorward::Error>(())
/// ```
#[derive(Debug)]
pub struct Codes {
    sources: Vec<CodeSource>,
    ledger: Ledger,
    given: Vec<Given>,
    /// The turn at the seed of the source with this index, which is read once
    turn: Option<(usize, Turn)>,
}

/// A code for now, or the time until there is one
#[derive(Debug)]
#[must_use]
pub enum NextCode {
    /// The code, which counts as used
    Ready(Secret),
    /// So long nobody may have a code: wait, and ask again
    Wait(Duration),
}

#[derive(Debug)]
struct Given {
    place: String,
    factor: Factor,
    code: Secret,
    is_accepted: bool,
}

impl Codes {
    /// The first of `sources` that answers a factor is the one that is used
    pub fn new(sources: Vec<CodeSource>, ledger: Ledger) -> Self {
        Self {
            sources,
            ledger,
            given: Vec::new(),
            turn: None,
        }
    }

    /// Whether there is a source for `factor`
    pub fn answers(&self, factor: &Factor) -> bool {
        self.sources.iter().any(|source| source.answers(factor))
    }

    /// The next code for `factor` at `place`, the provider's origin
    ///
    /// `now` is the server's time as far as it is known, and `left` what is left of the login's time. A second call for the
    /// same is the second try after a refusal, or a second step of the login, and gives another code; a seed's is that of
    /// a later window. After two codes without [`accepted`](Self::accepted) there is no third.
    ///
    /// Blocks for as long as the source takes: 30 seconds at most for a program, five minutes for a prompt, neither longer
    /// than `left`; a callback for as long as it likes.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::ErrorKind::Unsupported): no source answers `factor`. [`Rejected`](crate::ErrorKind::Rejected): two
    /// codes were refused, or the source gives the same one again. [`Config`](crate::ErrorKind::Config): the source fails.
    /// [`Transport`](crate::ErrorKind::Transport): the wait for a window would be longer than `left`; its `wait` says how long.
    /// [`Storage`](crate::ErrorKind::Storage): as [`Turn::next`]. A callback's errors are handed on.
    pub fn next(
        &mut self,
        place: &str,
        factor: &Factor,
        now: Timestamp,
        left: Duration,
    ) -> Result<NextCode, Error> {
        let mut sources = self.sources.iter().enumerate();
        let (index, source) = sources
            .find(|(_, source)| source.answers(factor))
            .ok_or_else(|| unanswered(factor))?;
        self.check_tries(place, factor)?;
        let code = match source.seed() {
            Some(seed) => {
                let taken = self.turn.take().filter(|(taken, _)| *taken == index);
                let mut turn = match taken {
                    Some((_, turn)) => turn,
                    None => self.ledger.turn(TotpSeed::parse(&seed.read("TOTP seed")?)?),
                };
                let next = turn.next(now);
                self.turn = Some((index, turn));
                match next? {
                    NextCode::Ready(code) => code,
                    NextCode::Wait(time) if time > left => {
                        // Others can have the window at once.
                        self.turn = None;
                        return Err(too_late(time, left));
                    }
                    wait @ NextCode::Wait(_) => return Ok(wait),
                }
            }
            None => {
                let code = source.read(factor, left)?;
                self.check_repeated(place, factor, &code)?;
                code
            }
        };
        self.given.push(Given {
            place: place.to_owned(),
            factor: factor.clone(),
            code: code.clone(),
            is_accepted: false,
        });
        Ok(NextCode::Ready(code))
    }

    /// Says that the codes given at `place` were taken, so that another one there is a further step and no second try
    pub fn accepted(&mut self, place: &str) {
        for given in self.given.iter_mut().filter(|given| given.place == place) {
            given.is_accepted = true;
        }
    }

    fn given_at(&self, place: &str, factor: &Factor) -> impl Iterator<Item = &Given> {
        self.given
            .iter()
            .filter(move |given| given.place == place && given.factor == *factor)
    }

    fn check_tries(&self, place: &str, factor: &Factor) -> Result<(), Error> {
        let tries = self
            .given_at(place, factor)
            .filter(|given| !given.is_accepted);
        if tries.count() >= MAX_TRIES {
            return Err(Error::rejected(
                "the provider asks for a one-time code for the third time: it accepted neither of two",
            )
            .at("factor", factor.to_string())
            .at("origin", place)
            .hint("check the seed or the source of the codes, and the clocks of both sides"));
        }
        match self.given.len() >= MAX_CODES {
            true => Err(Error::unexpected_page(
                "the login asks for one-time codes again and again",
            )
            .at("codes", MAX_CODES.to_string())
            .at("origin", place)),
            false => Ok(()),
        }
    }

    /// A code that was given at `place` already is not given there again
    fn check_repeated(&self, place: &str, factor: &Factor, code: &Secret) -> Result<(), Error> {
        let before = self.given.iter().find(|given| {
            given.place == place && given.code.expose_secret() == code.expose_secret()
        });
        let error = match before {
            None => return Ok(()),
            Some(given) if given.is_accepted => Error::unsupported(
                "the provider asks for a further one-time code, and the source gives the same again",
            ),
            Some(_) => Error::rejected(
                "the provider did not accept the one-time code, and the source gives the same again",
            ),
        };
        Err(error.at("factor", factor.to_string()).at("origin", place))
    }
}

fn too_late(time: Duration, left: Duration) -> Error {
    let shown = |time: Duration| format!("{} s", time.as_secs_f64().ceil());
    Error::transport("the next unused one-time code comes after the login's deadline")
        .at("wait", shown(time))
        .at("left", shown(left))
        .hint(
            "each login needs a code of its own: give it more time, keep tokens, \
             or give parallel jobs accounts of their own",
        )
}

fn unanswered(factor: &Factor) -> Error {
    let error = Error::unsupported("the provider asks for a factor that nobody configured")
        .at("factor", factor.to_string());
    match factor {
        Factor::Totp(_) => {
            error.hint("give --totp-seed-file, DOORWARD_TOTP_SEED or --code-command")
        }
        _ if factor.is_code() => error.hint("give --code-command"),
        _ => error,
    }
}

/// The first, and one more after a refusal
const MAX_TRIES: usize = 2;

/// In one login; two providers with two steps each are already rare
const MAX_CODES: usize = 8;

#[cfg(test)]
mod tests;
