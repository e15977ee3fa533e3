//! Codes that the org sends by message, call and mail.

use std::fmt;
use std::fs;
use std::path::Path;

use crate::okta::factor::OktaFactor;
use crate::random;
use crate::world::World;

/// A code that the org sent
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct SentCode {
    /// Whose login it is for
    pub login: String,
    /// `sms`, `call` or `email`
    pub channel: String,
    /// The number or address
    pub to: String,
    /// The id of the factor
    pub factor: String,
    /// The code, which is no secret of a test, but must be one of a client
    pub code: String,
}

impl fmt::Debug for SentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentCode")
            .field("login", &self.login)
            .field("channel", &self.channel)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

/// Sends a new code; the file, if there is one, then holds it and nothing else
pub(super) fn send(factor: &OktaFactor, login: &str, file: Option<&Path>, world: &World) -> String {
    let code = world.code(random::digits(CODE_LENGTH));
    world.record.factor(|counts| counts.sent += 1);
    world.record.send(SentCode {
        login: login.to_owned(),
        channel: factor.factor_type.clone(),
        to: factor.address.clone(),
        factor: factor.id.clone(),
        code: code.clone(),
    });
    if let Some(file) = file
        && let Err(problem) = fs::write(file, format!("{code}\n"))
    {
        world.complain(format!("the outbox could not be written: {problem}"));
    }
    code
}

const CODE_LENGTH: usize = 6;
