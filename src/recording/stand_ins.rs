//! What was made for one login, and what stands in its place in a recording.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use scraper::Html;
use serde_json::{Value, json};
use url::Url;

use super::rewriter::Rewriter;
use super::spelling::{base64_read, inflated, undone};
use super::token_like::{MARK, is_token_run, is_token_value, runs};

/// Finds what is to be replaced; each value gets one stand-in, the same wherever it occurs
///
/// It holds secrets, and is not for `Debug`.
#[derive(Default)]
pub(super) struct StandIns {
    rewriter: Rewriter,
    found: Vec<Found>,
    counts: HashMap<String, usize>,
    saml_requests: Vec<String>,
    hosts: Vec<String>,
    /// Whether hosts stay what they are
    keeps_hosts: bool,
}

/// What is replaced: none of it may be left at the end
pub(super) struct Found {
    /// What it is called
    pub(super) what: String,
    pub(super) value: String,
    /// Whether it counts only where it is no part of a longer word
    pub(super) is_word: bool,
}

impl StandIns {
    /// Those of a text that goes to people who know the hosts
    pub(super) fn keeping_hosts() -> Self {
        Self {
            keeps_hosts: true,
            ..Self::default()
        }
    }

    /// Replaces a secret that the caller gave
    pub(super) fn secret(&mut self, what: &str, value: &str) {
        self.put(what, value, &format!("{{{{{what}}}}}"), value.len() < SHORT);
    }

    /// Replaces a user name, wherever it is a word of its own
    pub(super) fn user(&mut self, name: &str, stand_in: &str) {
        for name in [name.to_owned(), name.to_lowercase()] {
            self.put("user name", &name, stand_in, true);
        }
    }

    /// Replaces a host, with its port, unless it is known already
    pub(super) fn host(&mut self, authority: &str, stand_in: &str) -> bool {
        let is_new = !self.hosts.iter().any(|known| known == authority);
        if is_new {
            self.hosts.push(authority.to_owned());
            if !self.keeps_hosts {
                self.put("host", authority, stand_in, false);
            }
        }
        is_new
    }

    /// Replaces what a cookie holds, unless it is a mere word
    pub(super) fn cookie(&mut self, name: &str, value: &str) {
        let is_word = value.len() < 20 && value.bytes().all(|byte| byte.is_ascii_lowercase());
        if value.len() >= 6 && !is_word {
            self.token(name, value.trim_matches('"'));
        }
    }

    /// Replaces what is known to be a secret of this login
    pub(super) fn token(&mut self, name: &str, value: &str) {
        if value.is_empty() || self.knows(value) {
            return;
        }
        match jwt_of(value) {
            true => self.jwt(value),
            false => {
                let stand_in = self.next(name);
                // A short one could be a part of many words.
                self.put(name, value, &stand_in, value.len() < SHORT);
            }
        }
    }

    /// Looks at a parameter or a field: its value is words, an address, or was made for this login
    pub(super) fn parameter(&mut self, name: &str, value: &str) {
        let lower = name.to_ascii_lowercase();
        // An address may be one from the same host.
        let absolute = match value.starts_with('/') {
            true => Url::parse(&format!("https://page.invalid{value}")),
            false => Url::parse(value),
        };
        if let Some(url) = absolute.ok().filter(Url::has_host) {
            return self.url(&url);
        }
        if lower == "samlrequest"
            && let Some(xml) = saml_request(value)
        {
            self.text(&xml);
            return self.saml_requests.push(value.to_owned());
        }
        if is_token_value(value) || MADE.contains(&lower.as_str()) && value.len() >= 6 {
            self.token(name, value);
        }
    }

    /// Looks at an address: its path, its query and its fragment
    pub(super) fn url(&mut self, url: &Url) {
        for segment in url.path_segments().into_iter().flatten() {
            let plain = segment.split(';').next().unwrap_or_default();
            if is_token_run(plain) {
                self.token("path", plain);
            }
            for (name, value) in segment
                .split(';')
                .skip(1)
                .filter_map(|pair| pair.split_once('='))
            {
                self.parameter(name, value);
            }
        }
        for (name, value) in url.query_pairs() {
            self.parameter(&name, &value);
        }
        let fragment = url.fragment().unwrap_or_default();
        for (name, value) in url::form_urlencoded::parse(fragment.as_bytes()) {
            self.parameter(&name, &value);
        }
    }

    /// Looks at JSON: every text in it, by its key
    pub(super) fn json(&mut self, key: &str, value: &Value) {
        match value {
            Value::String(text) => {
                self.parameter(key, text);
                self.text(text);
            }
            Value::Array(list) => list.iter().for_each(|value| self.json(key, value)),
            Value::Object(map) => map.iter().for_each(|(key, value)| self.json(key, value)),
            _ => {}
        }
    }

    /// Looks at a page: what its elements carry
    pub(super) fn html(&mut self, page: &str) {
        let base = Url::parse("https://page.invalid/").ok();
        for node in Html::parse_document(page).tree.nodes() {
            let Some(element) = node.value().as_element() else {
                continue;
            };
            let name = element
                .attr("name")
                .or_else(|| element.attr("id"))
                .unwrap_or("field");
            for (attribute, value) in element.attrs() {
                match attribute {
                    "value" => self.parameter(name, value),
                    "content" => self.parameter(attribute, value),
                    "href" | "src" | "action" | "formaction" => {
                        let url = base.as_ref().and_then(|base| base.join(value).ok());
                        url.iter().for_each(|url| self.url(url));
                    }
                    "nonce" => self.token(attribute, value),
                    _ => {}
                }
                self.text(value);
            }
        }
    }

    /// Looks for hosts in any text that no request went to
    pub(super) fn foreign_hosts(&mut self, text: &str) {
        let plain = undone(text);
        for authority in authorities(&plain) {
            let authority = authority.trim_end_matches(['.', ':', '-']);
            let host = authority.split(':').next().unwrap_or_default();
            let is_known = self.hosts.iter().any(|known| known == authority) || is_made_up(host);
            if authority.contains('.') && !is_known && !PUBLIC.contains(&host) {
                let number = self.count("host");
                self.host(authority, &format!("other-{number}.test"));
            }
        }
    }

    /// Looks at any text, whatever it is: what was certainly made by a machine, and what certificates and tokens hold
    pub(super) fn text(&mut self, text: &str) {
        let plain = undone(text);
        // A shell command within JSON keeps the escapes of its own.
        for (from, to) in certificates(text).chain(certificates(&plain)) {
            self.put("certificate", &from, &to, false);
        }
        let text = plain.as_str();
        let is_packed = |sign: char| sign.is_ascii_alphanumeric() || "+/-_.".contains(sign);
        for run in text.split(|sign| !is_packed(sign)) {
            if jwt_of(run) {
                self.token("token", run);
            } else if run.starts_with(PEM_IN_BASE64) {
                let inner = base64_read(run).and_then(|bytes| String::from_utf8(bytes).ok());
                let inner = inner.and_then(|inner| certificates(&inner).next());
                if let Some((_, to)) = inner {
                    let padded = format!("{run}{}", "=".repeat((4 - run.len() % 4) % 4));
                    let from = if text.contains(&padded) { &padded } else { run };
                    self.put("certificate", from, &STANDARD.encode(to), false);
                }
            }
        }
        for value in after(text, CLIENT_SECRET) {
            let is_part = |sign: char| sign.is_ascii_alphanumeric() || "-_.~+/=".contains(sign);
            let end = value.find(|sign| !is_part(sign)).unwrap_or(value.len());
            self.token("client-secret", value.get(..end).unwrap_or_default());
        }
        for run in runs(text).filter(|run| is_token_run(run)) {
            self.token("text", run);
        }
    }

    /// Ends the search: SAML requests are readable, and stay so
    pub(super) fn finish(&mut self) {
        for packed in std::mem::take(&mut self.saml_requests) {
            let Some(xml) = saml_request(&packed) else {
                continue;
            };
            let bare = self.rewriter.rewrite(&xml);
            let is_deflated = base64_read(&packed)
                .is_some_and(|bytes| !bytes.trim_ascii_start().starts_with(b"<"));
            let stand_in = match is_deflated {
                true => STANDARD.encode(stored(bare.as_bytes())),
                false => STANDARD.encode(bare),
            };
            self.put("SAMLRequest", &packed, &stand_in, false);
        }
    }

    pub(super) fn rewrite(&self, text: &str) -> String {
        self.rewriter.rewrite(text)
    }

    /// What was replaced
    pub(super) fn found(&self) -> &[Found] {
        &self.found
    }

    fn jwt(&mut self, token: &str) {
        let payload = token
            .split('.')
            .nth(1)
            .and_then(base64_read)
            .unwrap_or_default();
        let claims: Value = serde_json::from_slice(&payload).unwrap_or_default();
        self.json("claim", &claims);
        let number = self.count("jwt");
        let issuer = claims
            .get("iss")
            .and_then(Value::as_str)
            .unwrap_or_default();
        // It lives until the year 2100, so that a replay gets a token that is good.
        let made_up = json!({
            "iss": self.rewriter.rewrite(issuer),
            "sub": "ci-user",
            "aud": "kubernetes",
            "iat": 1_600_000_000,
            "exp": 4_102_444_800_u64,
            "jti": format!("{MARK}jwt-{number}"),
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let stand_in = format!(
            "{}.{}.{}",
            part(&json!({"alg": "none"})),
            part(&made_up),
            URL_SAFE_NO_PAD.encode(MARK)
        );
        self.put("token", token, &stand_in, false);
    }

    fn next(&mut self, name: &str) -> String {
        let mut slug: String = name
            .chars()
            .map(|sign| {
                if sign.is_ascii_alphanumeric() {
                    sign.to_ascii_lowercase()
                } else {
                    '-'
                }
            })
            .take(24)
            .collect();
        if is_token_value(name) || name.len() > 24 || slug.is_empty() {
            slug = "value".to_owned();
        }
        let number = self.count(&slug);
        format!("{MARK}{slug}-{number}")
    }

    fn count(&mut self, slug: &str) -> usize {
        let count = self.counts.entry(slug.to_owned()).or_default();
        *count += 1;
        *count
    }

    fn knows(&self, value: &str) -> bool {
        value.starts_with(MARK) || self.found.iter().any(|found| found.value == value)
    }

    fn put(&mut self, what: &str, value: &str, stand_in: &str, is_word: bool) {
        if !value.is_empty() && value != stand_in && !self.knows(value) {
            self.rewriter.add(value, stand_in, is_word);
            self.found.push(Found {
                what: what.to_owned(),
                value: value.to_owned(),
                is_word,
            });
        }
    }
}

/// The hosts of the addresses in a text, with their ports
pub(super) fn authorities(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |sign: char| sign.is_ascii_alphanumeric() || ".-:".contains(sign);
    after(text, "://").filter_map(move |rest| rest.split(|sign| !is_part(sign)).next())
}

/// What follows each `mark` in a text
fn after<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = &'a str> {
    let places = text.match_indices(mark);
    places.filter_map(move |(at, _)| text.get(at + mark.len()..))
}

/// Whether a host is one of a recording's own
pub(super) fn is_made_up(host: &str) -> bool {
    let is_own = |label: &str| {
        let digits = |sign: char| sign.is_ascii_digit();
        let name = label.trim_end_matches(digits).trim_end_matches('-');
        ["portal", "provider", "other", "company"].contains(&name)
    };
    let labels = host.strip_suffix(".test").unwrap_or_default();
    labels.split('.').count() <= 2 && labels.split('.').all(is_own)
}

/// Whether the text is a JWT: three parts, the first two JSON objects
fn jwt_of(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 3 && parts.iter().take(2).all(|part| part.starts_with("eyJ"))
}

fn saml_request(packed: &str) -> Option<String> {
    let packed: String = packed.split_ascii_whitespace().collect();
    let bytes = base64_read(&packed)?;
    match bytes.trim_ascii_start().starts_with(b"<") {
        true => String::from_utf8(bytes).ok(),
        false => inflated(&bytes),
    }
}

/// DEFLATE without compression, which is the same on every machine
fn stored(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::none());
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// The PEM blocks of a text, and what stands in for each: a block of the same shape, with nothing in it
fn certificates(text: &str) -> impl Iterator<Item = (String, String)> + '_ {
    text.match_indices(PEM_BEGIN).filter_map(|(start, _)| {
        let block = text.get(start..)?;
        let label_end = start + PEM_BEGIN.len() + block.get(PEM_BEGIN.len()..)?.find("-----")? + 5;
        let end_at = label_end + text.get(label_end..)?.find(PEM_END)?;
        let end = end_at + PEM_END.len() + text.get(end_at + PEM_END.len()..)?.find("-----")? + 5;
        let inner = text.get(label_end..end_at)?;
        let is_gap = |sign: char| matches!(sign, '\r' | '\n' | '\\' | ' ');
        // After a backslash stands the letter of its escape.
        let first =
            inner
                .find(|sign| !is_gap(sign))
                .map(|at| match inner.get(..at)?.ends_with('\\') {
                    true => inner.get(..at + 1),
                    false => inner.get(..at),
                });
        let gap = first.flatten().unwrap_or("\n");
        let (begin, close) = (text.get(start..label_end)?, text.get(end_at..end)?);
        let from = text.get(start..end)?.to_owned();
        Some((from, format!("{begin}{gap}{EMPTY_PEM}{gap}{close}")))
    })
}

const PEM_BEGIN: &str = "-----BEGIN ";
const PEM_END: &str = "-----END ";
/// "redacted"
const EMPTY_PEM: &str = "cmVkYWN0ZWQ=";
/// "-----BEGIN", in base64
const PEM_IN_BASE64: &str = "LS0tLS1CRUdJT";
/// How a portal's command gives one away
const CLIENT_SECRET: &str = "client-secret=";

/// Whose names stand in everybody's documents
pub(super) const PUBLIC: &[&str] = &[
    "docs.oasis-open.org",
    "kubernetes.default.svc",
    "schemas.microsoft.com",
    "schemas.xmlsoap.org",
    "www.w3.org",
];

/// A shorter text could be a part of many words
const SHORT: usize = 8;

/// Parameters whose value is always made for one login, however short it is
///
/// Source: <https://openid.net/specs/openid-connect-core-1_0.html>, <https://www.rfc-editor.org/rfc/rfc7636>, and the SAML bindings
const MADE: &[&str] = &[
    "access_token",
    "client_secret",
    "code",
    "code_challenge",
    "code_verifier",
    "id_token",
    "nonce",
    "refresh_token",
    "relaystate",
    "samlart",
    "samlresponse",
    "session_code",
    "session_state",
    "signature",
    "state",
    "tab_id",
    "token",
    "wctx",
    "wresult",
];
