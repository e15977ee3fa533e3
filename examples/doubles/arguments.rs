//! The arguments: how long tokens, sessions and spent refresh tokens live, who has an account, how slow the servers are.

use std::error::Error;
use std::time::Duration;

use doorward_testkit::PortalSwitches;

/// What the arguments say
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) portal: PortalSwitches,
    /// How many accounts there are besides the one whose name is printed: `user-1` and so on, with its password
    pub(crate) users: usize,
    /// How long the provider thinks about each password, on the real clock
    pub(crate) thinking: Duration,
}

impl Arguments {
    /// Reads them all; whatever is no argument is an error
    pub(crate) fn read(
        mut arguments: impl Iterator<Item = String>,
    ) -> Result<Self, Box<dyn Error>> {
        let mut read = Self::default();
        while let Some(name) = arguments.next() {
            let value = arguments.next().unwrap_or_default();
            let whole = || {
                let wrong = |_| format!("{name} needs a whole number");
                value.parse().map_err(wrong)
            };
            let seconds = || whole().map(Duration::from_secs);
            match name.as_str() {
                "--token-life" => read.portal.token_life = seconds()?,
                "--session-life" => read.portal.session_life = seconds()?,
                "--grace" => read.portal.grace = seconds()?,
                "--thinking" => read.thinking = seconds()?,
                "--users" => read.users = usize::try_from(whole()?)?,
                _ => return Err(format!("{name} is no argument of this program").into()),
            }
        }
        Ok(read)
    }
}
