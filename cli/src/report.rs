//! stderr: what people and logs get to read, while stdout holds the product only.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use doorward::{Event, one_line};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::args::{Arguments, Level, LogFormat};
use crate::environment::Environment;
use crate::failure::{Failure, hop_json};
use crate::time;

/// Writes lines to stderr, around a spinner if there is one
///
/// Clones share the spinner. What cannot be written is lost: there is nowhere else to say so.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    style: Style,
    spinner: ProgressBar,
}

/// How much is written, and in what form
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    format: LogFormat,
    level: Level,
    has_spinner: bool,
}

impl Style {
    /// A spinner only where a person looks at it, and nothing else is shown
    pub(crate) fn new(arguments: &Arguments, environment: &Environment) -> Self {
        let (format, level) = (arguments.log_format, arguments.level);
        let is_watched = io::stderr().is_terminal() && !environment.is_ci();
        Self {
            format,
            level,
            has_spinner: is_watched && format == LogFormat::Text && level == Level::Normal,
        }
    }
}

impl Report {
    pub(crate) fn new(style: Style) -> Self {
        let spinner = match style.has_spinner {
            true => ProgressBar::new_spinner(),
            false => ProgressBar::hidden(),
        };
        Self { style, spinner }
    }

    /// Whether the core's own diagnostics are wanted
    pub(crate) fn is_debugging(&self) -> bool {
        self.style.level == Level::Debug
    }

    /// Shows that something goes on, until [`Self::done`]
    pub(crate) fn begin(&self, what: String) {
        if self.style.has_spinner {
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
                self.spinner.set_style(style);
            }
            self.spinner.set_message(what);
            self.spinner.enable_steady_tick(TICK);
        }
    }

    /// Takes the spinner away
    pub(crate) fn done(&self) {
        self.spinner.finish_and_clear();
    }

    /// Something that happened during a login
    pub(crate) fn event(&self, event: &Event<'_>) {
        match event {
            Event::Hop(hop) => {
                self.spinner
                    .set_message(format!("{}: {}", hop.host, hop.what));
                self.say(
                    Level::Verbose,
                    "info",
                    &hop.to_string(),
                    || json!({"hop": hop_json(hop)}),
                );
            }
            Event::SignedIn { adapter, origin } => {
                let text = format!("signed in at {origin} by the adapter {adapter}");
                self.say(
                    Level::Verbose,
                    "info",
                    &text,
                    || json!({"idp": origin, "adapter": adapter}),
                );
            }
            Event::Note(text) => self.note(text),
            _ => {}
        }
    }

    /// How something came about, for those who ask
    pub(crate) fn detail(&self, text: &str) {
        self.say(Level::Verbose, "info", &one_line(text), || json!({}));
    }

    /// Something that a person may want to know
    pub(crate) fn note(&self, text: &str) {
        self.say(
            Level::Normal,
            "note",
            &format!("note: {}", one_line(text)),
            || json!({}),
        );
    }

    /// Something that may do harm
    pub(crate) fn warn(&self, text: &str) {
        self.say(
            Level::Normal,
            "warning",
            &format!("warning: {}", one_line(text)),
            || json!({}),
        );
    }

    /// The one line of a success
    pub(crate) fn success(&self, success: &Success) {
        self.say(
            Level::Normal,
            "success",
            &success.to_text(time::now()),
            || success.to_json(),
        );
    }

    /// The end of a failure
    pub(crate) fn failure(&self, failure: &Failure<'_>) {
        self.line(&match self.style.format {
            LogFormat::Json => failure.to_json().to_string(),
            LogFormat::Text => failure.to_text(self.style.level >= Level::Verbose),
        });
    }

    /// What a crate of ours says of its own work
    pub(crate) fn diagnostic(&self, level: &str, target: &str, text: &str) {
        self.say(
            Level::Debug,
            &level.to_ascii_lowercase(),
            text,
            || json!({"target": target}),
        );
    }

    /// A line that a CI system obeys, as it is: in any format, and even if only errors are wanted
    pub(crate) fn command(&self, line: &str) {
        self.line(line);
    }

    fn say(&self, from: Level, level: &str, text: &str, fields: impl FnOnce() -> Value) {
        if self.style.level < from {
            return;
        }
        self.line(&match self.style.format {
            LogFormat::Text => format!("doorward: {text}"),
            LogFormat::Json => {
                let mut line = json!({"level": level, "message": text});
                if let (Value::Object(line), Value::Object(fields)) = (&mut line, fields()) {
                    line.extend(fields);
                }
                line.to_string()
            }
        });
    }

    fn line(&self, line: &str) {
        self.spinner.suspend(|| plain_line(line));
    }
}

/// Writes a line to stderr when there is no [`Report`] yet
pub(crate) fn plain_line(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Who has what from where, and until when
#[derive(Clone, Debug)]
pub(crate) struct Success {
    /// `logged in as` or `kubeconfig of`
    pub(crate) what: &'static str,
    pub(crate) user: String,
    pub(crate) portal: Option<String>,
    /// RFC 3339, and seconds since 1970
    pub(crate) expires: Option<(String, i64)>,
    pub(crate) context: Option<String>,
}

impl Success {
    fn to_text(&self, now: i64) -> String {
        let mut text = format!("{} {}", self.what, one_line(&self.user));
        if let Some(portal) = &self.portal {
            text.push_str(&format!(" at {portal}"));
        }
        match &self.expires {
            Some((shown, seconds)) => {
                text.push_str(&format!(
                    " until {shown} ({})",
                    time::relative(*seconds, now)
                ));
            }
            None => text.push_str(", with no end that the token tells"),
        }
        if let Some(context) = &self.context {
            text.push_str(&format!(", context {}", one_line(context)));
        }
        text
    }

    fn to_json(&self) -> Value {
        json!({
            "user": one_line(&self.user),
            "portal": self.portal,
            "expires": self.expires.as_ref().map(|(shown, _)| shown),
            "context": self.context.as_deref().map(one_line),
        })
    }
}

const TICK: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::Success;

    #[test]
    fn a_success_says_who_where_and_until_when() {
        let success = Success {
            what: "logged in as",
            user: "ci-bot\n::error::x".into(),
            portal: Some("https://k8sou.example.com".into()),
            expires: Some(("2026-11-24T12:00:00Z".into(), 160)),
            context: Some("kubernetes".into()),
        };

        assert_eq!(
            success.to_text(100),
            "logged in as ci-bot :\\:error:\\:x at https://k8sou.example.com until \
             2026-11-24T12:00:00Z (in 60 s), context kubernetes"
        );
    }

    #[test]
    fn a_token_without_end_is_a_success_too() {
        let success = Success {
            what: "kubeconfig of",
            user: "ci-bot".into(),
            portal: None,
            expires: None,
            context: None,
        };

        assert_eq!(
            success.to_text(0),
            "kubeconfig of ci-bot, with no end that the token tells"
        );
    }
}
