//! stderr: what people and logs get to read, while stdout holds the product only.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use doorward::{Event, one_line};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::args::{Arguments, Level, LogFormat};
use crate::environment::Environment;
use crate::failure::{Failure, hop_json};
use crate::{mask, time};

/// Writes lines to stderr, around a spinner if there is one
///
/// Clones share the spinner. What cannot be written is lost: there is nowhere else to say so.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    style: Style,
    spinner: ProgressBar,
    /// Whether a person is asked to do something, which the spinner goes on to show
    is_asking: Arc<AtomicBool>,
    /// What a CI system's page shows already
    annotated: Arc<Mutex<BTreeSet<String>>>,
}

/// How much is written, and in what form
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    format: LogFormat,
    level: Level,
    has_spinner: bool,
    has_annotations: bool,
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
            has_annotations: mask::is_github(environment),
        }
    }
}

impl Style {
    /// A message in the form that is wanted
    fn line(self, level: &str, text: &str, fields: impl FnOnce() -> Value) -> String {
        match self.format {
            LogFormat::Text => format!("doorward: {text}"),
            LogFormat::Json => {
                let mut line = json!({"level": level, "message": text});
                if let (Value::Object(line), Value::Object(fields)) = (&mut line, fields()) {
                    line.extend(fields);
                }
                line.to_string()
            }
        }
    }
}

impl Report {
    pub(crate) fn new(style: Style) -> Self {
        let spinner = match style.has_spinner {
            true => ProgressBar::new_spinner(),
            false => ProgressBar::hidden(),
        };
        Self {
            style,
            spinner,
            is_asking: Arc::default(),
            annotated: Arc::default(),
        }
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
                // A phone is waited for by one exchange after the other.
                if !self.is_asking.load(Ordering::Relaxed) {
                    self.spinner
                        .set_message(format!("{}: {}", hop.host, hop.what));
                }
                self.say(
                    Level::Verbose,
                    "info",
                    &format!("{hop:#}"),
                    || json!({"hop": hop_json(hop)}),
                );
            }
            Event::Number(_) | Event::Push(_) => {
                let (text, fields) = request(event);
                self.is_asking.store(true, Ordering::Relaxed);
                self.spinner.set_message(text.clone());
                for line in self.request_lines(&text, fields) {
                    self.line(&line);
                }
            }
            Event::SignedIn { adapter, origin } => {
                self.is_asking.store(false, Ordering::Relaxed);
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

    /// Something that a person must do, or the login fails; a CI system shows it on its page, too, and once
    fn request_lines(&self, text: &str, fields: Value) -> Vec<String> {
        if self.style.level < Level::Normal {
            return Vec::new();
        }
        let mut lines = vec![self.style.line("action", text, || fields)];
        let mut annotated = self
            .annotated
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if self.style.has_annotations && annotated.insert(text.to_owned()) {
            lines.push(format!("::notice title=doorward::{}", mask::escape(text)));
        }
        lines
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
        if self.style.level >= from {
            self.line(&self.style.line(level, text, fields));
        }
    }

    fn line(&self, line: &str) {
        self.spinner.suspend(|| plain_line(line));
    }
}

/// What a person is asked to do, in words and as fields
fn request(event: &Event<'_>) -> (String, Value) {
    match event {
        Event::Number(number) => {
            let number = one_line(number);
            (
                format!("choose {number} on the phone"),
                json!({"number": number}),
            )
        }
        Event::Push(phone) => {
            let phone = one_line(phone);
            let text = match phone.is_empty() {
                true => "approve the request on the phone".to_owned(),
                false => format!("approve the request on the phone: {phone}"),
            };
            (text, json!({"push": phone}))
        }
        _ => (String::new(), json!({})),
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
    use std::sync::atomic::Ordering;

    use doorward::Event;
    use serde_json::{Value, json};

    use super::{Report, Style, Success, request};
    use crate::args::{Level, LogFormat};

    fn style(format: LogFormat, has_annotations: bool) -> Style {
        Style {
            format,
            level: Level::Normal,
            has_spinner: false,
            has_annotations,
        }
    }

    fn lines(report: &Report, event: &Event<'_>) -> Vec<String> {
        let (text, fields) = request(event);
        report.request_lines(&text, fields)
    }

    #[test]
    fn a_person_is_told_what_to_do_on_the_phone() {
        let report = Report::new(style(LogFormat::Text, false));

        assert_eq!(
            lines(&report, &Event::Push("iPhone of A\n::error::x")),
            ["doorward: approve the request on the phone: iPhone of A :\\:error:\\:x"]
        );
        assert_eq!(
            lines(&report, &Event::Push("")),
            ["doorward: approve the request on the phone"]
        );
        assert_eq!(
            lines(&report, &Event::Number("42")),
            ["doorward: choose 42 on the phone"]
        );
        let quiet = Style {
            level: Level::Quiet,
            ..style(LogFormat::Text, true)
        };
        assert!(lines(&Report::new(quiet), &Event::Number("42")).is_empty());
    }

    #[test]
    fn a_request_is_json_with_a_field_of_its_own() {
        let report = Report::new(style(LogFormat::Json, false));
        let json = |event| -> Value {
            let lines = lines(&report, &event);
            let [line] = lines.as_slice() else {
                panic!("{lines:?}")
            };
            serde_json::from_str(line).unwrap()
        };

        assert_eq!(
            json(Event::Push("Pixel")),
            json!({"level": "action", "message": "approve the request on the phone: Pixel", "push": "Pixel"})
        );
        assert_eq!(
            json(Event::Number("42")),
            json!({"level": "action", "message": "choose 42 on the phone", "number": "42"})
        );
    }

    #[test]
    fn a_request_is_annotated_once_and_obeys_nobody() {
        let report = Report::new(style(LogFormat::Json, true));

        let first = lines(&report, &Event::Push("100%\r\n::stop-commands::x"));
        let again = lines(&report.clone(), &Event::Push("100%\r\n::stop-commands::x"));
        let other = lines(&report, &Event::Number("42"));

        assert_eq!(
            first.get(1).map(String::as_str),
            Some(
                "::notice title=doorward::approve the request on the phone: 100%25 :\\:stop-commands:\\:x"
            )
        );
        assert_eq!((first.len(), again.len()), (2, 1));
        assert_eq!(other[1], "::notice title=doorward::choose 42 on the phone");
    }

    #[test]
    fn the_spinner_goes_on_to_show_what_a_person_is_asked() {
        let report = Report::new(Style {
            level: Level::Quiet,
            ..style(LogFormat::Json, false)
        });
        let is_asking = || report.is_asking.load(Ordering::Relaxed);

        report.event(&Event::Number("42"));
        assert!(is_asking());
        report.event(&Event::SignedIn {
            adapter: "acme",
            origin: "https://id.test",
        });
        assert!(!is_asking());
    }

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
