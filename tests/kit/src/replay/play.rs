use std::fmt;
use std::mem;
use std::sync::{Mutex, PoisonError};

use doorward::recording::{Exchange, RecordedAnswer};

use super::Secrets;
use super::compare::{differences, is_alike, shown, texts};
use crate::http::{Answer, Ask};
use crate::serve::Hosts;

/// One login as its servers see it
pub(crate) struct Play {
    exchanges: Vec<Exchange>,
    secrets: Secrets,
    how: How,
    next: usize,
    notes: Notes,
}

/// What a play does with a request that is not the next one of the recording
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum How {
    /// Refuses it: what is asked for must be what was recorded
    Strictly,
    /// Answers as was recorded for the same place, as a server without a memory would
    Loosely,
}

/// What was noticed
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// What differs from the recording
    pub(crate) differences: Vec<String>,
    /// How many requests were made
    pub(crate) asked: usize,
    /// Which secrets went where, by placeholder and host
    pub(crate) sent: Vec<(String, String)>,
    /// Hosts outside the recording that somebody tried to reach
    pub(crate) foreign: Vec<String>,
}

impl Play {
    pub(crate) fn new(exchanges: Vec<Exchange>, secrets: Secrets, how: How) -> Self {
        Self {
            exchanges,
            secrets,
            how,
            next: 0,
            notes: Notes::default(),
        }
    }

    /// Ends the play: what was noticed, and what nobody asked for
    pub(crate) fn finish(&mut self) -> Notes {
        let mut notes = mem::take(&mut self.notes);
        if self.how == How::Strictly {
            let rest = self.exchanges.iter().enumerate().skip(self.next);
            let rest: Vec<String> = match notes.differences.is_empty() {
                true => rest
                    .map(|(index, exchange)| {
                        format!("{}: nobody asked for it", place(index, exchange))
                    })
                    .collect(),
                // They are many, and follow from what is told already.
                false => Vec::new(),
            };
            notes.differences.extend(rest);
            let foreign = notes
                .foreign
                .iter()
                .map(|host| format!("the host {host} is not in the recording, and was asked"));
            notes.differences.splice(0..0, foreign);
        }
        self.next = self.exchanges.len();
        notes
    }

    pub(crate) fn note_foreign(&mut self, host: &str) {
        if !self.notes.foreign.iter().any(|known| known == host) {
            self.notes.foreign.push(host.to_owned());
        }
    }

    fn answer(&mut self, ask: &Ask) -> Answer {
        self.notes.asked += 1;
        let carried = texts(ask).join("\n");
        let sent = self.secrets.in_text(&carried);
        let sent = sent.map(|name| (name.to_owned(), ask.host().to_owned()));
        self.notes.sent.extend(sent);
        match self.how {
            How::Strictly => self.strictly(ask),
            How::Loosely => self.loosely(ask),
        }
    }

    fn strictly(&mut self, ask: &Ask) -> Answer {
        let Some(exchange) = self.exchanges.get(self.next) else {
            let told = format!("after the last exchange: not recorded, sent {}", shown(ask));
            self.notes.differences.push(told);
            return Answer::empty(500);
        };
        let found = differences(&exchange.request, ask, &self.secrets);
        if found.is_empty() {
            self.next += 1;
            return answer(&exchange.answer);
        }
        // One that has gone astray cannot be compared with the rest.
        if self.notes.differences.is_empty() {
            let place = place(self.next, exchange);
            let lines = found.into_iter().map(|line| format!("{place}, {line}"));
            self.notes.differences.extend(lines);
        }
        Answer::empty(500)
    }

    fn loosely(&mut self, ask: &Ask) -> Answer {
        let exchanges = self.exchanges.iter().enumerate();
        let mut alike = exchanges.filter(|(_, exchange)| is_alike(&exchange.request, ask));
        let first = alike.next();
        let later = first.into_iter().chain(alike);
        match later.min_by_key(|(index, _)| (*index < self.next, *index)) {
            Some((index, exchange)) => {
                self.next = index + 1;
                answer(&exchange.answer)
            }
            None => Answer::empty(404),
        }
    }
}

impl Hosts for Mutex<Play> {
    async fn exchange(&self, ask: Ask) -> Answer {
        self.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .answer(&ask)
    }
}

impl fmt::Debug for Play {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Play({:?}, {} exchanges)",
            self.how,
            self.exchanges.len()
        )
    }
}

/// Such as `exchange 03 (POST https://provider.test/login)`
fn place(index: usize, exchange: &Exchange) -> String {
    let request = &exchange.request;
    let url = request.url.split('?').next().unwrap_or_default();
    format!("exchange {:02} ({} {url})", index + 1, request.method)
}

fn answer(recorded: &RecordedAnswer) -> Answer {
    let mut answer = Answer::empty(recorded.status).body(recorded.body.as_str());
    for (name, value) in &recorded.headers {
        let name = name.to_ascii_lowercase();
        if FRAMING.contains(&name.as_str()) {
            continue;
        }
        answer = match name.as_str() {
            "content-type" => answer.header(&name, in_utf8(value)),
            _ => answer.header(&name, value),
        };
    }
    answer
}

/// A recording is UTF-8, whatever the server wrote
fn in_utf8(content_type: &str) -> String {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    match kind.starts_with("text/") || kind.ends_with("html+xml") {
        true => format!("{kind}; charset=utf-8"),
        false => content_type.to_owned(),
    }
}

/// Headers of the connection that the answer came by
const FRAMING: [&str; 5] = [
    "connection",
    "content-encoding",
    "content-length",
    "keep-alive",
    "transfer-encoding",
];
