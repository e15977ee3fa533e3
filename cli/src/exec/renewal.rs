//! Keeps the token fresh while the command runs.

use std::time::Duration;

use doorward::{Error, ErrorKind, TokenSource};
use tokio::time::sleep;

use crate::report::Report;

/// Renews the token again and again, until it is dropped, or the password or the account is refused
///
/// What fails is told once, and does not end the command: its token may be good for all that it has to do.
pub(super) async fn keep_fresh(source: TokenSource, report: Report) {
    let mut failing = None;
    let mut pause = FIRST_PAUSE;
    loop {
        let wait = match source.token().await {
            Ok(token) => {
                if failing.take().is_some() {
                    report.note("the token of the command is renewed again");
                }
                pause = FIRST_PAUSE;
                next_look(token.due_in(), token.left().as_secs_f64())
            }
            Err(error) => {
                // The password was read once, so that it would be the same one again; and a person must act first.
                let is_over = matches!(error.kind(), ErrorKind::Rejected | ErrorKind::AccountState);
                tell(&error, is_over, &mut failing, &report);
                if is_over {
                    return;
                }
                let wait = error.server_wait().unwrap_or_default().max(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
                wait
            }
        };
        sleep(wait).await;
    }
}

/// When to ask again for a token that is due in that time, and ends after so many seconds
fn next_look(due: Duration, left: f64) -> Duration {
    let wait = match due.is_zero() {
        // Some issuers give the same token again until it is about to end.
        true => Duration::try_from_secs_f64(left / 4.0).unwrap_or_default(),
        false => due,
    };
    // The clock may be set meanwhile, or the machine sleep.
    wait.clamp(SHORTEST_WAIT, LONGEST_WAIT)
}

/// Says what failed, unless it is what was said last
fn tell(error: &Error, is_over: bool, failing: &mut Option<String>, report: &Report) {
    let text = error.to_string();
    if failing.as_ref() == Some(&text) {
        return;
    }
    let next = match is_over {
        true => "and is not tried again",
        false => "and is tried again",
    };
    report.warn(&format!(
        "the token of the command could not be renewed, {next}: {text} ({})",
        error.kind()
    ));
    *failing = Some(text);
}

const FIRST_PAUSE: Duration = Duration::from_secs(1);

const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A token that lives for a second or two is not asked for all the time
const SHORTEST_WAIT: Duration = Duration::from_millis(200);

const LONGEST_WAIT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use async_trait::async_trait;
    use doorward::{Error, FrontDoor, Grant, TokenSource};
    use tokio::time::timeout;

    use super::{LONGEST_WAIT, SHORTEST_WAIT, keep_fresh, next_look};
    use crate::args;
    use crate::environment::Environment;
    use crate::report::{Report, Style};
    use crate::runtime;

    /// A door at which every login fails alike
    #[derive(Debug)]
    struct Closed(Error);

    #[async_trait]
    impl FrontDoor for Closed {
        async fn open(&self) -> Result<Grant, Error> {
            Err(self.0.clone())
        }
    }

    /// Whether the renewal gives up after this error
    fn gives_up(error: Error) -> bool {
        let words = ["doorward", "-q", "adapters"].map(Into::into);
        let environment = Environment::default();
        let arguments = args::parse(&words, &environment).unwrap();
        let report = Report::new(Style::new(&arguments, &environment));
        let ended = runtime::run(async {
            let renewal = keep_fresh(TokenSource::new(Closed(error)), report);
            Ok(timeout(Duration::from_millis(300), renewal).await)
        });
        ended.unwrap().is_ok()
    }

    #[test]
    fn a_refused_password_is_not_tried_again_while_the_command_runs() {
        assert!(gives_up(Error::rejected("no")));
        assert!(gives_up(Error::account_state("locked")));
        for error in [
            Error::transport("down"),
            Error::unavailable("busy"),
            Error::storage("full"),
            Error::config("no"),
        ] {
            assert!(!gives_up(error));
        }
    }

    #[test]
    fn an_issuer_that_gives_the_same_token_again_is_not_asked_all_the_time() {
        let (mut left, mut asked) = (15.0, 0);
        while left > 1.0 {
            left -= next_look(Duration::ZERO, left).as_secs_f64();
            asked += 1;
        }

        assert!(asked < 12, "{asked}");
    }

    #[test]
    fn a_look_comes_when_the_token_is_due_within_limits() {
        let minute = Duration::from_secs(60);

        assert_eq!(next_look(minute, 80.0), LONGEST_WAIT);
        assert_eq!(next_look(minute / 10, 20.0), minute / 10);
        for left in [0.0, -1.0, f64::NAN] {
            assert_eq!(next_look(Duration::ZERO, left), SHORTEST_WAIT);
        }
    }
}
