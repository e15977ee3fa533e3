//! One request and its answer, as the doubles see them.

use std::fmt;
use std::time::Duration;

use serde_json::Value;
use url::form_urlencoded;

/// A request that reached a double
///
/// `Debug` shows no values of queries, headers or bodies.
#[derive(Clone, Default)]
pub struct Ask {
    pub(crate) method: String,
    pub(crate) site: String,
    pub(crate) origin: String,
    pub(crate) path: String,
    pub(crate) raw_query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) client_certificate: bool,
}

impl Ask {
    /// The method, in capitals
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The name of the site that was asked, such as [`crate::PORTAL_HOST`], however it was reached
    pub fn site(&self) -> &str {
        &self.site
    }

    /// The origin that the client used, such as `https://k8sou.example.test:40123`
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The host name of [`Ask::origin`], without the port
    pub fn host(&self) -> &str {
        let host = self.authority();
        host.rsplit_once(':').map_or(host, |(name, _)| name)
    }

    /// The `Host` header
    pub(crate) fn authority(&self) -> &str {
        let origin = self.origin.as_str();
        origin.split_once("://").map_or(origin, |(_, host)| host)
    }

    /// The path, as it was sent
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query without its question mark, as it was sent
    pub fn raw_query(&self) -> &str {
        &self.raw_query
    }

    /// Path and query, as they were sent
    pub fn uri(&self) -> String {
        if self.raw_query.is_empty() {
            self.path.clone()
        } else {
            format!("{}?{}", self.path, self.raw_query)
        }
    }

    /// The first value of a query parameter
    pub fn query(&self, name: &str) -> Option<String> {
        first(&self.queries(), name)
    }

    /// All query parameters, decoded
    pub fn queries(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.raw_query.as_bytes())
            .into_owned()
            .collect()
    }

    /// The first value of a form field
    pub fn field(&self, name: &str) -> Option<String> {
        first(&self.fields(), name)
    }

    /// All fields of a URL-encoded form, decoded; empty for any other body
    pub fn fields(&self) -> Vec<(String, String)> {
        if self.is_form() {
            form_urlencoded::parse(&self.body).into_owned().collect()
        } else {
            Vec::new()
        }
    }

    /// A query parameter or form field, as servlets look them up
    pub fn param(&self, name: &str) -> Option<String> {
        self.query(name).or_else(|| self.field(name))
    }

    /// The first header of that name, in any case
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The first cookie of that name
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies()
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// All cookies, in the order they were sent
    pub fn cookies(&self) -> Vec<(&str, &str)> {
        self.headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("cookie"))
            .flat_map(|(_, line)| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .collect()
    }

    /// The token of an `Authorization: Bearer` header
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme
            .eq_ignore_ascii_case("bearer")
            .then(|| token.trim_start())
    }

    /// The body as JSON
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Whether the body is announced as a URL-encoded form
    pub fn is_form(&self) -> bool {
        self.media_type() == "application/x-www-form-urlencoded"
    }

    /// The media type of the body, without parameters, in lower case
    pub fn media_type(&self) -> String {
        let line = self.header("content-type").unwrap_or_default();
        let kind = line.split(';').next().unwrap_or_default();
        kind.trim().to_ascii_lowercase()
    }

    /// Whether the `Accept` header allows JSON by name
    pub fn accepts_json(&self) -> bool {
        self.header("accept")
            .unwrap_or_default()
            .split(',')
            .filter_map(|kind| kind.split(';').next())
            .any(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    }
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ask({} {}{})", self.method, self.origin, self.path)
    }
}

/// What a double answers
///
/// Headers are sent in the order they were added, and a name may occur many times. `Debug` shows the
/// status and the names of the headers only.
#[derive(Clone)]
pub struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) pause: Duration,
    pub(crate) hang_up: bool,
}

impl Answer {
    /// An answer without a body
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            pause: Duration::ZERO,
            hang_up: false,
        }
    }

    /// A page in UTF-8
    pub fn html(status: u16, page: impl Into<String>) -> Self {
        Self::empty(status)
            .header("Content-Type", "text/html;charset=UTF-8")
            .body(page.into())
    }

    /// A JSON document
    pub fn json(status: u16, document: &Value) -> Self {
        Self::empty(status)
            .header("Content-Type", "application/json")
            .body(document.to_string())
    }

    /// A 302 to that location, which may be relative
    pub fn redirect(location: impl Into<String>) -> Self {
        Self::empty(302).header("Location", location)
    }

    /// Closes the connection in place of an answer
    pub fn hang_up() -> Self {
        Self {
            hang_up: true,
            ..Self::empty(0)
        }
    }

    /// Adds a header line
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a `Set-Cookie` line
    #[must_use]
    pub fn cookie(self, line: impl Into<String>) -> Self {
        self.header("Set-Cookie", line)
    }

    /// Adds several `Set-Cookie` lines
    #[must_use]
    pub fn cookies(self, lines: impl IntoIterator<Item = String>) -> Self {
        lines.into_iter().fold(self, Self::cookie)
    }

    /// Replaces the body
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Waits before the answer is sent, on the real clock
    #[must_use]
    pub fn after(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// The status
    pub fn status(&self) -> u16 {
        self.status
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        write!(f, "Answer({} {names:?})", self.status)
    }
}

/// `text` with the five characters of HTML escaped
pub(crate) fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&#34;")
        .replace('\'', "&#39;")
}

/// `text` as one value of a query
pub(crate) fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn first(pairs: &[(String, String)], name: &str) -> Option<String> {
    pairs
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.clone())
}
