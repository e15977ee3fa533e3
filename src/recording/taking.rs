//! What is taken of an exchange: what a browser heeds, in a form that does not age.

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::Page;
use crate::request::Wire;

use super::slim::slim;
use super::{Exchange, RecordedAnswer, RecordedBody, RecordedRequest};

/// An exchange, unredacted
pub(super) fn taken(wire: &Wire, page: &Page) -> Exchange {
    let content_type = wire.headers.iter().find(|(name, _)| name == "content-type");
    let content_type = content_type.map(|(_, value)| value.as_str());
    Exchange {
        request: RecordedRequest {
            method: wire.method.to_owned(),
            url: wire.url.to_string(),
            headers: sent_headers(wire),
            body: RecordedBody::decode(&wire.body, content_type),
        },
        answer: RecordedAnswer {
            status: page.status(),
            headers: answer_headers(page),
            body: body_of(page),
        },
    }
}

/// What a request carried besides what every request does
fn sent_headers(wire: &Wire) -> Vec<(String, String)> {
    let own = |name: &&(String, Zeroizing<String>)| {
        !(name.0 == "accept" && name.1.starts_with("text/html"))
    };
    let headers = wire.headers.iter().filter(own);
    headers
        .map(|(name, value)| (title(name), value.to_string()))
        .collect()
}

/// What a browser heeds, and what providers say of themselves
fn answer_headers(page: &Page) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for name in HEEDED {
        for value in page.headers(name) {
            let value = match *name {
                "set-cookie" => lasting(value),
                "content-type" => as_utf8(value),
                _ => value.to_owned(),
            };
            found.push((title(name), value));
        }
    }
    found
}

/// A cookie that lasts as long as its login, unless it is deleted: a replay comes later than its end
fn lasting(cookie: &str) -> String {
    let is_end = |part: &&str| {
        let name = part.split('=').next().unwrap_or_default().trim();
        name.eq_ignore_ascii_case("expires") || name.eq_ignore_ascii_case("max-age")
    };
    let is_deleted = cookie.split(';').any(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "max-age" => value.trim().parse::<i64>().is_ok_and(|age| age <= 0),
            "expires" => is_past(value),
            _ => false,
        }
    });
    let parts: Vec<&str> = cookie.split(';').filter(|part| !is_end(part)).collect();
    let rest = parts.join(";");
    match is_deleted {
        true => format!("{rest}; Max-Age=0"),
        false => rest,
    }
}

/// Dates of cookies have hyphens, or none
fn is_past(date: &str) -> bool {
    let date = jiff::fmt::rfc2822::parse(&date.trim().replace('-', " "));
    date.is_ok_and(|date| date.timestamp() < Timestamp::now())
}

/// A recording is UTF-8, whatever the page was
fn as_utf8(content_type: &str) -> String {
    match content_type.to_ascii_lowercase().find("charset=") {
        Some(at) => format!(
            "{}charset=utf-8",
            content_type.get(..at).unwrap_or_default()
        ),
        None => content_type.to_owned(),
    }
}

fn body_of(page: &Page) -> String {
    match page.redirect().is_some() {
        // What stands there for people nobody reads.
        true => String::new(),
        false if page.json().is_some() => page.text().to_owned(),
        false => slim(page.text()),
    }
}

/// `content-type` as `Content-Type`
fn title(name: &str) -> String {
    let parts = name.split('-').map(|part| {
        let (first, rest) = part.split_at_checked(1).unwrap_or((part, ""));
        format!("{}{rest}", first.to_ascii_uppercase())
    });
    parts.collect::<Vec<_>>().join("-")
}

const HEEDED: &[&str] = &[
    "content-type",
    "location",
    "refresh",
    "retry-after",
    "set-cookie",
    "www-authenticate",
];
