//! An error as it stands on stderr: a block of lines for people, or one JSON object.

use std::error::Error as StdError;

use doorward::{Error, Hop, Url, one_line};
use serde_json::{Value, json};

use crate::exit_code;

/// An error, and the portal that it happened at
#[derive(Debug)]
pub(crate) struct Failure<'a> {
    error: &'a Error,
    portal: Option<String>,
    exit_code: u8,
}

impl<'a> Failure<'a> {
    /// `portal` is what the caller named
    pub(crate) fn new(error: &'a Error, portal: Option<&str>) -> Self {
        Self {
            error,
            portal: portal.and_then(origin),
            exit_code: exit_code::of(error.kind()),
        }
    }

    /// With another exit code than that of its kind
    pub(crate) fn exit_code(mut self, code: u8) -> Self {
        self.exit_code = code;
        self
    }

    /// What happened, why, what to do, and the exit code; with the way that led there on request
    pub(crate) fn to_text(&self, with_trail: bool) -> String {
        let mut lines = vec![format!("doorward: {}", self.error)];
        lines.extend(
            causes(self.error)
                .iter()
                .map(|cause| format!("  caused by: {cause}")),
        );
        lines.extend(self.error.next_step().map(|hint| format!("  hint: {hint}")));
        let hops = self.error.trail().hops();
        if with_trail && !hops.is_empty() {
            lines.push("  trail:".into());
            lines.extend(hops.iter().map(|hop| format!("    {hop}")));
        }
        let kind = self.error.kind();
        lines.push(format!("  {kind}, exit code {}", self.exit_code));
        lines.join("\n")
    }

    /// The same as an object whose fields are always there
    pub(crate) fn to_json(&self) -> Value {
        let of_context = |name| {
            self.error
                .context()
                .find_map(|(key, value)| (key == name).then_some(value))
        };
        let hops = self.error.trail().hops();
        let adapter = of_context("adapter");
        // An adapter fails at the page that the last request brought.
        let at_adapter = hops.last().filter(|_| adapter.is_some());
        json!({
            "level": "error",
            "kind": self.error.kind().as_str(),
            "exit_code": self.exit_code,
            "message": self.error.to_string(),
            "causes": causes(self.error),
            "hint": self.error.next_step(),
            "portal": self.portal,
            "idp": at_adapter.map(|hop| format!("https://{}", hop.host)),
            "adapter": adapter,
            "request_id": of_context("request_id"),
            "retry_after": self.error.server_wait().map(|time| time.as_secs()),
            "trail": hops.iter().map(hop_json).collect::<Vec<_>>(),
        })
    }
}

/// A hop as an object; its time in milliseconds, with one more digit for servers that are near
pub(crate) fn hop_json(hop: &Hop) -> Value {
    json!({
        "number": hop.number,
        "method": hop.method,
        "host": hop.host,
        "path": hop.path,
        "status": hop.status,
        "what": hop.what,
        "ms": (hop.took.as_secs_f64() * 10_000.0).round() / 10.0,
    })
}

/// What is wrong with the command line, in the form of [`Failure::to_json`]
pub(crate) fn usage_json(error: &clap::Error) -> Value {
    let text = error.to_string();
    let message = text.split("\n\nUsage:").next().unwrap_or_default();
    json!({
        "level": "error",
        "kind": "Usage",
        "exit_code": exit_code::USAGE,
        "message": one_line(message.trim_start_matches("error: ")),
        "causes": [],
        "hint": "doorward help shows the options",
        "portal": null,
        "idp": null,
        "adapter": null,
        "request_id": null,
        "retry_after": null,
        "trail": [],
    })
}

/// The origin of a portal's URL, without whatever else a caller may have put into it
pub(crate) fn origin(portal: &str) -> Option<String> {
    let with_scheme = match portal.contains("://") {
        true => portal.to_owned(),
        false => format!("https://{portal}"),
    };
    let url = Url::parse(&with_scheme).ok()?;
    url.has_host()
        .then(|| one_line(&url.origin().ascii_serialization()))
}

/// One line for each cause, none of them twice
pub(crate) fn causes(error: &Error) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        // Some causes are lists; cut off as one line, the end of the list would be lost.
        let parts: Vec<String> = cause.to_string().split("; ").map(one_line).collect();
        let text = parts.join("; ");
        if !text.is_empty() && causes.last().is_none_or(|before| !before.contains(&text)) {
            causes.push(text);
        }
        source = cause.source();
    }
    causes
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use doorward::Error;
    use serde_json::json;

    use super::{Failure, origin};

    #[test]
    fn a_block_says_what_why_and_what_to_do() {
        let error = Error::storage("the file cannot be written")
            .at("file", "/x")
            .because(io::Error::other("disk\nfull"))
            .hint("make room");

        assert_eq!(
            Failure::new(&error, None).to_text(true),
            "doorward: the file cannot be written (file /x)\n  \
               caused by: disk full\n  \
               hint: make room\n  \
               Storage, exit code 22"
        );
    }

    #[test]
    fn json_has_every_field() {
        let error = Error::unavailable("slow down")
            .at("adapter", "acme")
            .at("request_id", "r1")
            .retry_after(Duration::from_secs(7))
            .hint("wait");

        assert_eq!(
            Failure::new(&error, Some("k8sou.example.com")).to_json(),
            json!({
                "level": "error",
                "kind": "Unavailable",
                "exit_code": 20,
                "message": "slow down (adapter acme, request_id r1)",
                "causes": [],
                "hint": "wait",
                "portal": "https://k8sou.example.com",
                "idp": null,
                "adapter": "acme",
                "request_id": "r1",
                "retry_after": 7,
                "trail": [],
            })
        );
    }

    #[test]
    fn a_portal_is_shown_by_its_origin() {
        assert_eq!(
            origin("https://ci:canary@p.test/x?canary").as_deref(),
            Some("https://p.test")
        );
        assert_eq!(
            origin("p.test:8443").as_deref(),
            Some("https://p.test:8443")
        );
        assert_eq!(origin("https://"), None);
        assert_eq!(origin(""), None);
    }

    #[test]
    fn no_cause_stands_twice() {
        let inner = Error::transport("refused").because(io::Error::other("refused"));
        let error = Error::transport("no connection").because(inner);

        let text = Failure::new(&error, None).to_text(false);

        assert_eq!(text.matches("caused by: refused").count(), 1, "{text}");
    }
}
