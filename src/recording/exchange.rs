use std::fmt::Write as _;

use serde_json::Value;
use url::form_urlencoded;

use crate::Error;

/// One request of a recorded login, and what came back
///
/// Its text is made to be read and compared by people:
///
/// ```text
/// POST https://provider.test/login?flow=redacted-flow-1
/// Cookie: session=redacted-session-1
/// Content-Type: application/x-www-form-urlencoded
///
/// username=ci-user
/// password={{password}}
///
/// HTTP/1.1 302
/// Location: https://portal.test/callback?code=redacted-code-1
///
/// ```
///
/// A form stands there decoded, one field in a line, with `\n` and `\\` for line ends and backslashes. What follows the blank
/// line after the answer's headers is its body, unchanged, and a last line end that is not part of it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Exchange {
    /// What was asked
    pub request: RecordedRequest,
    /// What was answered
    pub answer: RecordedAnswer,
}

/// What a login asked of a server
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// `GET` or `POST`
    pub method: String,
    /// The whole URL, with its query
    pub url: String,
    /// Names and values, in the order in which they were sent
    pub headers: Vec<(String, String)>,
    /// What was posted
    pub body: RecordedBody,
}

/// What a request carried
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RecordedBody {
    /// Nothing
    Empty,
    /// The fields of a URL-encoded form, decoded
    Fields(Vec<(String, String)>),
    /// JSON
    Json(Value),
    /// Anything else
    Text(String),
}

/// What a server answered
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RecordedAnswer {
    /// The HTTP status
    pub status: u16,
    /// Names and values, in the order in which they came
    pub headers: Vec<(String, String)>,
    /// The text of the body
    pub body: String,
}

impl Exchange {
    /// Reads the text of an exchange
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config), with the line.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut lines = Lines { text, number: 0 };
        let first = lines.next().unwrap_or_default();
        let (method, url) = match first.split_once(' ') {
            Some((method @ ("GET" | "POST"), url)) if url.starts_with("https://") => (method, url),
            _ => {
                return Err(
                    lines.refused("a recorded request begins with GET or POST and an https URL")
                );
            }
        };
        let headers = lines.headers()?;
        let mut body = Vec::new();
        let status = loop {
            let Some(line) = lines.next() else {
                return Err(lines.refused("a recorded request has no answer"));
            };
            match line.strip_prefix(STATUS) {
                Some(status) => break status,
                None => body.push(line),
            }
        };
        let Ok(status) = status.trim().parse() else {
            return Err(lines.refused("the status of a recorded answer is no number"));
        };
        // The blank line between them.
        if body.last().is_some_and(|line| line.is_empty()) {
            body.pop();
        }
        let request = RecordedRequest {
            method: method.to_owned(),
            url: url.to_owned(),
            body: RecordedBody::parse(&body, media_type(&headers)).ok_or_else(|| {
                lines.refused("the body of a recorded request is not what its Content-Type says")
            })?,
            headers,
        };
        let headers = lines.headers()?;
        let body = lines.text.strip_suffix('\n').unwrap_or(lines.text);
        Ok(Self {
            request,
            answer: RecordedAnswer {
                status,
                headers,
                body: body.to_owned(),
            },
        })
    }

    /// The text that [`parse`](Self::parse) reads
    pub fn to_text(&self) -> String {
        let Self { request, answer } = self;
        let mut text = format!("{} {}\n", request.method, request.url);
        write_headers(&mut text, &request.headers);
        request.body.write(&mut text);
        let _ = writeln!(text, "{STATUS}{}", answer.status);
        write_headers(&mut text, &answer.headers);
        text.push_str(&answer.body);
        text.push('\n');
        text
    }
}

impl RecordedRequest {
    /// The value of the header `name`, in any case
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

impl RecordedAnswer {
    /// The value of the header `name`, in any case; of several, the first
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

impl RecordedBody {
    /// Reads what was posted: `bytes` of the type that the Content-Type says
    pub fn decode(bytes: &[u8], content_type: Option<&str>) -> Self {
        if bytes.is_empty() {
            return Self::Empty;
        }
        match media(content_type) {
            Media::Form => match form_urlencoded::parse(bytes)
                .into_owned()
                .collect::<Vec<_>>()
            {
                none if none.is_empty() => Self::Empty,
                fields => Self::Fields(fields),
            },
            Media::Json => match serde_json::from_slice(bytes) {
                Ok(value) => Self::Json(value),
                Err(_) => Self::Text(String::from_utf8_lossy(bytes).into_owned()),
            },
            Media::Other => Self::Text(String::from_utf8_lossy(bytes).into_owned()),
        }
    }

    fn parse(lines: &[&str], content_type: Option<&str>) -> Option<Self> {
        let text = lines.join("\n");
        if text.is_empty() {
            return Some(Self::Empty);
        }
        match media(content_type) {
            Media::Form => {
                let field = |line: &&str| {
                    let (name, value) = line.split_once('=')?;
                    Some((unescaped(name), unescaped(value)))
                };
                lines
                    .iter()
                    .map(field)
                    .collect::<Option<_>>()
                    .map(Self::Fields)
            }
            Media::Json => serde_json::from_str(&text).ok().map(Self::Json),
            Media::Other => Some(Self::Text(unescaped(&text))),
        }
    }

    fn write(&self, text: &mut String) {
        match self {
            Self::Empty => return,
            Self::Fields(fields) => {
                for (name, value) in fields {
                    let name = escaped(name).replace('=', "\\e");
                    let _ = writeln!(text, "{name}={}", escaped(value));
                }
            }
            Self::Json(value) => {
                let _ = writeln!(text, "{value:#}");
            }
            Self::Text(body) => {
                let _ = writeln!(text, "{}", escaped(body));
            }
        }
        text.push('\n');
    }
}

struct Lines<'a> {
    text: &'a str,
    number: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        if self.text.is_empty() {
            return None;
        }
        self.number += 1;
        let (line, rest) = self.text.split_once('\n').unwrap_or((self.text, ""));
        self.text = rest;
        Some(line)
    }

    /// The lines up to a blank one
    fn headers(&mut self) -> Result<Vec<(String, String)>, Error> {
        let mut headers = Vec::new();
        while let Some(line) = self.next().filter(|line| !line.is_empty()) {
            match line.split_once(':') {
                Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
                None => return Err(self.refused("a header of a recording has no colon")),
            }
        }
        Ok(headers)
    }

    fn refused(&self, told: &str) -> Error {
        Error::config(told).at("line", self.number.to_string())
    }
}

enum Media {
    Form,
    Json,
    Other,
}

fn media(content_type: Option<&str>) -> Media {
    let kind = content_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    match kind.trim().to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" => Media::Form,
        kind if kind == "application/json" || kind.ends_with("+json") => Media::Json,
        _ => Media::Other,
    }
}

fn media_type(headers: &[(String, String)]) -> Option<&str> {
    header(headers, "content-type")
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

fn write_headers(text: &mut String, headers: &[(String, String)]) {
    for (name, value) in headers {
        let _ = writeln!(text, "{name}: {value}");
    }
    text.push('\n');
}

fn escaped(text: &str) -> String {
    let line = text
        .replace('\\', "\\\\")
        .replace('\n', "\\n")
        .replace('\r', "\\r");
    match line.starts_with(STATUS) {
        true => format!("\\{line}"),
        false => line,
    }
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => match signs.next() {
                Some('n') => plain.push('\n'),
                Some('r') => plain.push('\r'),
                Some('e') => plain.push('='),
                Some(other) => plain.push(other),
                None => plain.push('\\'),
            },
            _ => plain.push(sign),
        }
    }
    plain
}

/// What an answer's first line begins with; no line of a request's body does, since each is escaped
const STATUS: &str = "HTTP/1.1 ";

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};
    use serde_json::json;

    use super::{Exchange, RecordedAnswer, RecordedBody, RecordedRequest};
    use crate::ErrorKind;

    const FORM: &str = "application/x-www-form-urlencoded";

    fn exchange(content_type: Option<&str>, body: RecordedBody, page: &str) -> Exchange {
        let named = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let content_type = content_type.map(|kind| ("Content-Type", kind));
        Exchange {
            request: RecordedRequest {
                method: if content_type.is_some() {
                    "POST"
                } else {
                    "GET"
                }
                .to_owned(),
                url: "https://provider.test/login?a=1".to_owned(),
                headers: content_type.into_iter().map(named).collect(),
                body,
            },
            answer: RecordedAnswer {
                status: 200,
                headers: vec![named(("Content-Type", "text/html"))],
                body: page.to_owned(),
            },
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let fields = vec![
            ("a=b".to_owned(), "1=2".to_owned()),
            ("text".to_owned(), "x\r\n\\n\nHTTP/1.1 200".to_owned()),
            ("empty".to_owned(), String::new()),
            ("HTTP/1.1 200".to_owned(), String::new()),
        ];
        for exchange in [
            exchange(None, RecordedBody::Empty, ""),
            exchange(None, RecordedBody::Empty, "<p>\n\n</p>\n\nHTTP/1.1 500\n\n"),
            exchange(Some(FORM), RecordedBody::Fields(fields), "x"),
            exchange(
                Some("application/json"),
                RecordedBody::Json(json!({"a": [1, "HTTP/1.1 \n"]})),
                "x",
            ),
            exchange(
                Some("text/xml"),
                RecordedBody::Text("<a>\nHTTP/1.1 200\n".to_owned()),
                "x",
            ),
        ] {
            assert_eq!(Exchange::parse(&exchange.to_text()).unwrap(), exchange);
        }
    }

    #[test]
    fn a_form_is_read_field_by_field() {
        let body = RecordedBody::decode(
            b"user=ci+user&password=p%40ss&again=",
            Some("Application/X-WWW-Form-URLencoded; charset=utf-8"),
        );

        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let fields = vec![
            field("user", "ci user"),
            field("password", "p@ss"),
            field("again", ""),
        ];
        assert_eq!(body, RecordedBody::Fields(fields));
    }

    #[test]
    fn a_broken_recording_is_refused_with_its_line() {
        for (text, line) in [
            ("", "0"),
            ("PUT https://a.test/\n\nHTTP/1.1 200\n\n", "1"),
            ("GET http://a.test/\n\nHTTP/1.1 200\n\n", "1"),
            ("GET https://a.test/\nno colon\n\nHTTP/1.1 200\n\n", "2"),
            ("GET https://a.test/\n\n", "2"),
            ("GET https://a.test/\n\nHTTP/1.1 two\n\n", "3"),
            (
                "POST https://a.test/\nContent-Type: application/json\n\n{\n\nHTTP/1.1 200\n\n",
                "6",
            ),
        ] {
            let error = Exchange::parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(
                error.context().any(|found| found == ("line", line)),
                "{text:?}: {error}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let _ = Exchange::parse(&text);
            let _ = Exchange::parse(&format!("POST https://a.test/\nContent-Type: {FORM}\n\n{text}\n\nHTTP/1.1 200\n\n{text}"));
        }
    }
}
