use std::fmt::{Debug, Write as _};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// All that is logged in a thread, at every level, by doorward and by adapters
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<String>>);

impl Log {
    /// What was logged since the last time
    pub(crate) fn take(&self) -> String {
        mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, record: impl FnOnce(&mut Lines)) {
        let mut lines = Lines(String::new());
        record(&mut lines);
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.push_str(&lines.0);
    }
}

impl Subscriber for Log {
    /// An HTTP library may log more at its own lowest level, as doorward's documentation says
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let library = metadata.target().split("::").next().unwrap_or_default();
        !LIBRARIES.contains(&library)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.note(|lines| span.record(lines));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        self.note(|lines| values.record(lines));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.note(|lines| event.record(lines));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Lines(String);

impl Visit for Lines {
    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = writeln!(self.0, "{field}={value}");
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = writeln!(self.0, "{field}={value:?}");
    }
}

const LIBRARIES: [&str; 6] = ["h2", "hyper", "hyper_util", "mio", "reqwest", "rustls"];
