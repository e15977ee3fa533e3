//! A code that somebody types at the terminal.

use std::env;
use std::ffi::OsStr;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use crate::code::Factor;
#[cfg(unix)]
use crate::one_line;
use crate::{Error, Secret};

#[cfg(unix)]
mod terminal;

/// Asks for a code, where there is somebody to ask, and waits no longer than `left`
pub(super) fn ask(factor: &Factor, left: Duration) -> Result<Secret, Error> {
    let is_terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    check(env::var_os("CI").as_deref(), is_terminal)?;
    read(factor, left)
}

/// Whether somebody may be asked
fn check(ci: Option<&OsStr>, is_terminal: bool) -> Result<(), Error> {
    let refused = |why| {
        Error::config(format!("nobody can be asked for a one-time code: {why}"))
            .hint("give a TOTP seed or a --code-command")
    };
    if ci.is_some_and(|ci| !NO.iter().any(|no| ci.eq_ignore_ascii_case(no))) {
        return Err(refused("a CI system runs this"));
    }
    match is_terminal {
        true => Ok(()),
        false => Err(refused(
            "standard input or standard error is not a terminal",
        )),
    }
}

#[cfg(unix)]
fn read(factor: &Factor, left: Duration) -> Result<Secret, Error> {
    let shown = one_line(&factor.to_string());
    terminal::read(&format!("One-time code ({shown}): "), TIME.min(left))
}

#[cfg(not(unix))]
fn read(_: &Factor, _: Duration) -> Result<Secret, Error> {
    Err(
        Error::config("a one-time code cannot be typed in on this system")
            .hint("give a TOTP seed or a --code-command"),
    )
}

#[cfg(unix)]
const TIME: Duration = Duration::from_secs(300);

/// As everywhere: these mean that a variable is off
const NO: [&str; 5] = ["", "0", "false", "no", "off"];

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::check;
    use crate::ErrorKind;

    #[test]
    fn nobody_is_asked_under_ci_or_without_a_terminal() {
        for (ci, is_terminal) in [
            (Some("true"), true),
            (Some("1"), true),
            (Some("woodpecker"), true),
            (None, false),
            (Some("false"), false),
        ] {
            let error = check(ci.map(OsStr::new), is_terminal).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{ci:?}");
            assert!(error.next_step().unwrap().contains("--code-command"));
        }
        for ci in [None, Some(""), Some("false"), Some("OFF")] {
            assert!(check(ci.map(OsStr::new), true).is_ok(), "{ci:?}");
        }
    }
}
