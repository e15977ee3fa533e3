//! A request beside what was recorded, field by field.

use std::collections::BTreeSet;

use doorward::one_line;
use doorward::recording::{RecordedBody, RecordedRequest};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::Secrets;
use crate::http::Ask;

/// What differs, in one line each; the replay's own secrets stand there by their placeholders
pub(super) fn differences(recorded: &RecordedRequest, ask: &Ask, secrets: &Secrets) -> Vec<String> {
    let mut found = Differences {
        secrets,
        lines: Vec::new(),
    };
    let (url, path, query) = parts(&recorded.url);
    if (recorded.method.as_str(), url.as_str(), path.as_str())
        != (ask.method(), ask.origin(), ask.path())
    {
        // The rest would differ, too, and say nothing.
        found.values(
            "the request",
            Some(&format!("{} {url}{path}", recorded.method)),
            Some(&shown(ask)),
        );
        return found.lines;
    }
    found.pairs("query", &found.filled(&query), &ask.queries());
    found.cookies(&recorded.headers, ask);
    found.headers(&recorded.headers, ask);
    found.body(&recorded.body, ask);
    found.lines
}

/// Whether `ask` is for the method and the place of what was recorded, whatever it carries
pub(super) fn is_alike(recorded: &RecordedRequest, ask: &Ask) -> bool {
    let (url, path, _) = parts(&recorded.url);
    recorded.method == ask.method() && url == ask.origin() && path == ask.path()
}

/// What was asked, without a query
pub(super) fn shown(ask: &Ask) -> String {
    format!("{} {}{}", ask.method(), ask.origin(), ask.path())
}

/// Every text that `ask` carries, decoded
pub(super) fn texts(ask: &Ask) -> Vec<String> {
    let mut texts = vec![ask.path().to_owned()];
    texts.extend(ask.headers.iter().map(|(_, value)| value.clone()));
    texts.extend(ask.queries().into_iter().map(|(_, value)| value));
    match RecordedBody::decode(&ask.body, ask.header("content-type")) {
        RecordedBody::Fields(fields) => texts.extend(fields.into_iter().map(|(_, value)| value)),
        RecordedBody::Json(value) => leaves(&value, &mut texts),
        RecordedBody::Text(text) => texts.push(text),
        _ => {}
    }
    texts
}

struct Differences<'a> {
    secrets: &'a Secrets,
    lines: Vec<String>,
}

impl Differences<'_> {
    fn filled(&self, pairs: &[(String, String)]) -> Vec<(String, String)> {
        let filled = |(name, value): &(String, String)| (name.clone(), self.secrets.filled(value));
        pairs.iter().map(filled).collect()
    }

    /// One value, which may be missing on either side
    fn values(&mut self, what: &str, recorded: Option<&str>, sent: Option<&str>) {
        if recorded == sent {
            return;
        }
        let show = |text: &str| match one_line(&self.secrets.masked(text)) {
            empty if empty.is_empty() => "nothing".to_owned(),
            line => line,
        };
        let line = match (recorded, sent) {
            (Some(recorded), Some(sent)) => {
                format!("{what}: recorded {}, sent {}", show(recorded), show(sent))
            }
            (Some(recorded), None) => format!("{what}: recorded {}, not sent", show(recorded)),
            (None, Some(sent)) => format!("{what}: not recorded, sent {}", show(sent)),
            (None, None) => return,
        };
        self.lines.push(line);
    }

    /// Names and values, whose order counts
    fn pairs(&mut self, what: &str, recorded: &[(String, String)], sent: &[(String, String)]) {
        if recorded == sent {
            return;
        }
        let before = self.lines.len();
        let mut seen = BTreeSet::new();
        for (name, _) in recorded.iter().chain(sent) {
            if !seen.insert(name) {
                continue;
            }
            let (mut recorded, mut sent) = (values_of(recorded, name), values_of(sent, name));
            loop {
                let pair = (recorded.next(), sent.next());
                if pair == (None, None) {
                    break;
                }
                self.values(&format!("{what} {name}"), pair.0, pair.1);
            }
        }
        if self.lines.len() == before {
            self.values(
                &format!("the order ({what})"),
                Some(&names(recorded)),
                Some(&names(sent)),
            );
        }
    }

    fn cookies(&mut self, recorded: &[(String, String)], ask: &Ask) {
        let recorded: BTreeSet<String> = recorded
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("cookie"))
            .flat_map(|(_, line)| line.split(';'))
            .map(|pair| self.secrets.filled(pair.trim()))
            .filter(|pair| !pair.is_empty())
            .collect();
        let sent: BTreeSet<String> = ask
            .cookies()
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        for pair in recorded.difference(&sent) {
            self.values("cookie", Some(pair), None);
        }
        for pair in sent.difference(&recorded) {
            self.values("cookie", None, Some(pair));
        }
    }

    fn headers(&mut self, recorded: &[(String, String)], ask: &Ask) {
        let told = |headers: &[(String, String)]| -> Vec<(String, String)> {
            let lower = headers.iter().map(|(name, value)| {
                let name = name.to_ascii_lowercase();
                let value = match name.as_str() {
                    "content-type" => media_type(value),
                    _ => value.trim().to_owned(),
                };
                (name, value)
            });
            lower.filter(|(name, _)| name != "cookie").collect()
        };
        let recorded = self.filled(&told(recorded));
        let mut sent = told(&ask.headers);
        // What every request of a client has is worth a line in a recording only where it matters.
        sent.retain(|(name, _)| {
            !USUAL.contains(&name.as_str()) || recorded.iter().any(|(known, _)| known == name)
        });
        let sorted = |mut headers: Vec<(String, String)>| {
            headers.sort_by(|(a, _), (b, _)| a.cmp(b));
            headers
        };
        self.pairs("header", &sorted(recorded), &sorted(sent));
    }

    fn body(&mut self, recorded: &RecordedBody, ask: &Ask) {
        let sent = RecordedBody::decode(&ask.body, ask.header("content-type"));
        match (recorded, &sent) {
            (RecordedBody::Fields(recorded), RecordedBody::Fields(sent)) => {
                self.pairs("field", &self.filled(recorded), sent);
            }
            (RecordedBody::Json(recorded), RecordedBody::Json(sent)) => {
                self.json("", recorded, sent);
            }
            (RecordedBody::Text(recorded), RecordedBody::Text(sent)) => {
                let recorded = self.secrets.filled(recorded);
                self.values("the body", Some(&recorded), Some(sent));
            }
            _ => self.values("the body", Some(kind(recorded)), Some(kind(&sent))),
        }
    }

    fn json(&mut self, pointer: &str, recorded: &Value, sent: &Value) {
        match (recorded, sent) {
            (Value::Object(recorded), Value::Object(sent)) => {
                for (key, value) in recorded {
                    let pointer = format!("{pointer}/{key}");
                    match sent.get(key) {
                        Some(sent) => self.json(&pointer, value, sent),
                        None => self.values(&pointer, Some(&value.to_string()), None),
                    }
                }
                for (key, value) in sent.iter().filter(|(key, _)| !recorded.contains_key(*key)) {
                    self.values(&format!("{pointer}/{key}"), None, Some(&value.to_string()));
                }
            }
            (Value::Array(recorded), Value::Array(sent)) if recorded.len() == sent.len() => {
                for (index, (recorded, sent)) in recorded.iter().zip(sent).enumerate() {
                    self.json(&format!("{pointer}/{index}"), recorded, sent);
                }
            }
            (Value::String(recorded), Value::String(sent)) => {
                let recorded = self.secrets.filled(recorded);
                self.values(pointer, Some(&recorded), Some(sent));
            }
            _ => self.values(
                pointer,
                Some(&recorded.to_string()),
                Some(&sent.to_string()),
            ),
        }
    }
}

/// Origin, path and query of a recorded URL, as a request shows them
fn parts(url: &str) -> (String, String, Vec<(String, String)>) {
    let Ok(url) = Url::parse(url) else {
        return (url.to_owned(), String::new(), Vec::new());
    };
    let query = form_urlencoded::parse(url.query().unwrap_or_default().as_bytes());
    let query = query.into_owned().collect();
    (
        url.origin().ascii_serialization(),
        url.path().to_owned(),
        query,
    )
}

fn values_of<'a>(pairs: &'a [(String, String)], name: &'a str) -> impl Iterator<Item = &'a str> {
    let named = pairs.iter().filter(move |(known, _)| known == name);
    named.map(|(_, value)| value.as_str())
}

fn names(pairs: &[(String, String)]) -> String {
    let names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    names.join(" ")
}

fn kind(body: &RecordedBody) -> &'static str {
    match body {
        RecordedBody::Empty => "nothing",
        RecordedBody::Fields(_) => "a form",
        RecordedBody::Json(_) => "JSON",
        _ => "text",
    }
}

fn media_type(value: &str) -> String {
    let kind = value.split(';').next().unwrap_or_default();
    kind.trim().to_ascii_lowercase()
}

fn leaves(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| leaves(value, texts)),
        Value::Object(values) => values.values().for_each(|value| leaves(value, texts)),
        _ => {}
    }
}

/// Headers that say nothing of a login
const USUAL: [&str; 8] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "connection",
    "content-length",
    "host",
    "transfer-encoding",
    "user-agent",
];
