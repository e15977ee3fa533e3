use doorward::{Error, ErrorKind, one_line};
use serde_json::{Value, json};

/// What one check found
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// The check's name, which stays the same from release to release
    pub(super) check: &'static str,
    pub(super) state: State,
    /// In one line
    pub(super) summary: String,
    pub(super) details: Vec<String>,
    /// What to do about it
    pub(super) next: Option<String>,
    /// What a login would fail with
    pub(super) kind: Option<ErrorKind>,
}

/// How it is
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum State {
    /// As it should be
    Ok,
    /// A login could work all the same
    Warning,
    /// A login would fail
    Error,
    /// Not known, or of no use to know
    Unknown,
}

impl Finding {
    pub(super) fn new(check: &'static str, state: State, summary: impl Into<String>) -> Self {
        Self {
            check,
            state,
            summary: summary.into(),
            details: Vec::new(),
            next: None,
            kind: None,
        }
    }

    pub(super) fn ok(check: &'static str, summary: impl Into<String>) -> Self {
        Self::new(check, State::Ok, summary)
    }

    pub(super) fn warning(check: &'static str, summary: impl Into<String>) -> Self {
        Self::new(check, State::Warning, summary)
    }

    pub(super) fn unknown(check: &'static str, summary: impl Into<String>) -> Self {
        Self::new(check, State::Unknown, summary)
    }

    /// Something that a login would fail with
    pub(super) fn error(check: &'static str, kind: ErrorKind, summary: impl Into<String>) -> Self {
        Self {
            kind: Some(kind),
            ..Self::new(check, State::Error, summary)
        }
    }

    /// The same of an error of the core
    pub(super) fn failed(check: &'static str, error: &Error) -> Self {
        let found = Self::error(check, error.kind(), error.to_string());
        let found = found.details(crate::failure::causes(error));
        match error.next_step() {
            Some(hint) => found.next(hint),
            None => found,
        }
    }

    pub(super) fn details(mut self, details: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(details);
        self
    }

    pub(super) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// A line, and what belongs to it
    pub(super) fn to_text(&self) -> String {
        let head = format!(
            "{} {:<12} {}",
            self.state.mark(),
            self.check,
            one_line(&self.summary)
        );
        let details = self
            .details
            .iter()
            .map(|line| format!("\n      {}", shown(line)));
        let next = self
            .next
            .iter()
            .map(|next| format!("\n   -> {}", one_line(next)));
        head + &details.chain(next).collect::<String>()
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "check": self.check,
            "state": self.state.as_str(),
            "kind": self.kind.map(ErrorKind::as_str),
            "message": one_line(&self.summary),
            "details": self.details.iter().map(|line| one_line(line)).collect::<Vec<_>>(),
            "next": self.next.as_deref().map(one_line),
        })
    }
}

impl State {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Unknown => "unknown",
        }
    }

    fn mark(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "! ",
            Self::Error => "!!",
            Self::Unknown => "--",
        }
    }
}

/// A detail, whose own indentation stays
fn shown(line: &str) -> String {
    let blanks = line.len() - line.trim_start_matches(' ').len();
    " ".repeat(blanks) + &one_line(line)
}
