//! What `-vv` shows: the core's own tracing events, and nobody else's.
//!
//! HTTP libraries print cookies and tokens at their finest level, so that their events are never asked for.

use std::fmt::{self, Write};

use doorward::one_line;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, subscriber};

use crate::report::Report;

/// Shows the events from now on
pub(crate) fn start(report: &Report) {
    // Only fails where somebody did so before.
    let _ = subscriber::set_global_default(Diagnostics {
        report: report.clone(),
    });
}

struct Diagnostics {
    report: Report,
}

impl Subscriber for Diagnostics {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_own(metadata.target())
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        let metadata = event.metadata();
        self.report.diagnostic(
            metadata.level().as_str(),
            metadata.target(),
            &one_line(&line.0),
        );
    }

    // The core has no spans; events need none.
    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// The fields of an event, the message first
struct Line(String);

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let blank = if self.0.is_empty() { "" } else { " " };
        // Writing to a text does not fail.
        let _ = match field.name() {
            "message" => write!(self.0, "{blank}{value:?}"),
            name => write!(self.0, "{blank}{name}={value:?}"),
        };
    }
}

/// Whether an event comes from one of doorward's own crates
fn is_own(target: &str) -> bool {
    let name = target.split("::").next();
    matches!(name, Some("doorward" | "doorward_providers"))
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn only_own_crates_are_heard() {
        for own in ["doorward", "doorward::session", "doorward_providers::okta"] {
            assert!(is_own(own));
        }
        for other in [
            "hyper_util::client",
            "reqwest",
            "rustls::client",
            "doorwarden",
            "",
        ] {
            assert!(!is_own(other));
        }
    }
}
