//! A part of a provider by URL, such as one realm of several: an origin, and the first segments of a path.

use std::fmt::{self, Write as _};

use url::{Host, Url};

use crate::{Error, redact};

/// The URLs of one origin whose path begins with certain segments
///
/// Segments are compared as wholes, decoded, and with their case. Servers read paths in more ways than one, so that a URL which
/// only some of them would take for one below the prefix is [`Unclear`](Reach::Unclear), and gets nothing.
///
/// Source: <https://url.spec.whatwg.org/#url-representation>
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct UrlPrefix {
    host: Host<String>,
    port: u16,
    segments: Vec<Vec<u8>>,
}

/// How a URL lies to a prefix
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reach {
    Below,
    Beside,
    /// Below it for some servers and beside it for others
    Unclear,
}

impl UrlPrefix {
    /// Reads an https URL without user name, query and fragment; a slash at its end makes no difference
    ///
    /// # Errors
    ///
    /// `Config`, which shows no user name and no query.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let refused = |why: &str| {
            Error::config(why)
                .at("value", redact::url(text))
                .hint("credentials are for an https URL such as https://idp.example/realms/corp")
        };
        let url = Url::parse(text).map_err(|error| refused("this is no URL").because(error))?;
        let is_plain = url.scheme() == "https"
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let (Some(host), Some(port), true) = (url.host(), url.port_or_known_default(), is_plain)
        else {
            return Err(refused(
                "only an https URL without user name, query and fragment can have credentials of its own",
            ));
        };
        let mut segments = segments(&url);
        while segments.last().is_some_and(Vec::is_empty) {
            segments.pop();
        }
        let lower = segments.iter().map(|segment| segment.to_ascii_lowercase());
        if !lower.eq(loose(url.path())) {
            return Err(refused("servers would read this path in different ways"));
        }
        Ok(Self {
            host: host.to_owned(),
            port,
            segments,
        })
    }

    /// How `url` lies to this prefix
    pub(crate) fn reach(&self, url: &Url) -> Reach {
        let is_here = url.scheme() == "https"
            && url.host().is_some_and(|host| host.to_owned() == self.host)
            && url.port_or_known_default() == Some(self.port);
        if !is_here {
            return Reach::Beside;
        }
        let exactly = segments(url).starts_with(&self.segments);
        let loosely = loose(url.path()).starts_with(&loose(&self.path()));
        match (exactly, loosely) {
            (true, true) => Reach::Below,
            (false, false) => Reach::Beside,
            _ => Reach::Unclear,
        }
    }

    /// Whether every URL below `other` is below this prefix, too, and not the other way round
    pub(crate) fn is_above(&self, other: &Self) -> bool {
        (&self.host, self.port) == (&other.host, other.port)
            && self.length() < other.length()
            && other.segments.starts_with(&self.segments)
    }

    /// The number of segments, by which the longest match is found
    pub(crate) fn length(&self) -> usize {
        self.segments.len()
    }

    pub(crate) fn host(&self) -> &Host<String> {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for segment in &self.segments {
            path.push('/');
            for byte in segment {
                match byte.is_ascii_alphanumeric() || PLAIN.contains(byte) {
                    true => path.push(char::from(*byte)),
                    // Writing to a text does not fail.
                    false => drop(write!(path, "%{byte:02X}")),
                }
            }
        }
        path
    }
}

impl fmt::Display for UrlPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}", self.host)?;
        if self.port != 443 {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(&self.path())
    }
}

/// The segments of a path as the URL has them, each decoded
fn segments(url: &Url) -> Vec<Vec<u8>> {
    let segments = url.path().split('/').skip(1);
    segments
        .map(|segment| percent_decoded(segment.as_bytes()))
        .collect()
}

/// The segments as the most lenient of servers reads them
fn loose(path: &str) -> Vec<Vec<u8>> {
    let mut path = path.as_bytes().to_ascii_lowercase();
    // Proxies and servers behind them may each decode once.
    for _ in 0..MOST_DECODINGS {
        path = percent_decoded(&path).to_ascii_lowercase();
    }
    let mut segments: Vec<Vec<u8>> = Vec::new();
    for segment in path.split(|byte| b"/\\".contains(byte)) {
        let parameters = segment.iter().position(|byte| *byte == b';');
        let (segment, _) = segment.split_at(parameters.unwrap_or(segment.len()));
        match segment {
            b"" | b"." => {}
            b".." => drop(segments.pop()),
            _ => segments.push(segment.to_vec()),
        }
    }
    segments
}

/// What `text` stands for without its percent signs; a sign with no two digits after it stays
pub(crate) fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let digit = |at: usize| {
        let digit = char::from(*text.get(at)?).to_digit(16)?;
        u8::try_from(digit).ok()
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high << 4) | low);
                at += 3;
            }
            _ => {
                bytes.push(*byte);
                at += 1;
            }
        }
    }
    bytes
}

/// What stands in a path as it is, besides letters and digits
const PLAIN: &[u8] = b"-._~!$&'()*+,=:@";

const MOST_DECODINGS: usize = 3;

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};
    use url::Url;

    use super::{Reach, UrlPrefix};
    use crate::ErrorKind;

    const CORP: &str = "https://idp.example/realms/corp";

    fn reach(prefix: &str, url: &str) -> Reach {
        let url = Url::parse(url).unwrap();
        UrlPrefix::parse(prefix).unwrap().reach(&url)
    }

    #[test]
    fn a_prefix_ends_at_a_segment() {
        for below in [
            "",
            "/",
            "/x",
            "?x=1",
            "/protocol/auth?x#y",
            "//x",
            "/a;b/%2F",
        ] {
            assert_eq!(
                reach(CORP, &format!("{CORP}{below}")),
                Reach::Below,
                "{below}"
            );
        }
        for beside in ["orate", "%20", "-2/x", "."] {
            assert_eq!(
                reach(CORP, &format!("{CORP}{beside}")),
                Reach::Beside,
                "{beside}"
            );
        }
        for beside in [
            "",
            "/",
            "/realms",
            "/realms/",
            "/x/realms/corp",
            "/realms/x/corp",
        ] {
            let url = format!("https://idp.example{beside}");
            assert_eq!(reach(CORP, &url), Reach::Beside, "{url}");
        }
    }

    #[test]
    fn scheme_host_and_port_are_those_of_the_prefix() {
        for below in [
            "https://IDP.example/realms/corp/x",
            "https://idp.example:443/realms/corp",
            "HTTPS://idp.EXAMPLE/realms/corp",
        ] {
            assert_eq!(reach(CORP, below), Reach::Below, "{below}");
            assert_eq!(reach(below, CORP) == Reach::Below, !below.ends_with('x'));
        }
        for beside in [
            "https://idp.example:8443/realms/corp",
            "http://idp.example/realms/corp",
            "https://idp.example.evil/realms/corp",
            "https://a.idp.example/realms/corp",
            "https://idp.example./realms/corp",
            "https://evil.example/https://idp.example/realms/corp",
        ] {
            assert_eq!(reach(CORP, beside), Reach::Beside, "{beside}");
        }
        let other = "https://idp.example:8443/";
        assert_eq!(reach(other, "https://idp.example:8443/x"), Reach::Below);
        assert_eq!(reach(other, "https://idp.example/x"), Reach::Beside);
    }

    #[test]
    fn a_slash_at_the_end_makes_no_difference() {
        for (a, b) in [
            (CORP, "https://idp.example/realms/corp/"),
            ("https://a.test", "https://a.test/"),
        ] {
            assert_eq!(UrlPrefix::parse(a).unwrap(), UrlPrefix::parse(b).unwrap());
            assert_eq!(UrlPrefix::parse(b).unwrap().to_string(), a);
        }
        assert_eq!(reach("https://a.test", "https://a.test/x/y"), Reach::Below);
    }

    #[test]
    fn dots_are_resolved_before_anything_is_compared() {
        for below in [
            "/realms/x/../corp/y",
            "/./realms/corp",
            "/realms/%2e%2E/realms/corp",
        ] {
            assert_eq!(
                reach(CORP, &format!("https://idp.example{below}")),
                Reach::Below,
                "{below}"
            );
        }
        for beside in [
            "/realms/corp/../other",
            "/realms/corp/..",
            "/realms/corp/%2e%2e/other",
        ] {
            assert_eq!(
                reach(CORP, &format!("https://idp.example{beside}")),
                Reach::Beside,
                "{beside}"
            );
        }
    }

    #[test]
    fn letters_that_are_encoded_are_the_same_letters() {
        assert_eq!(
            reach(CORP, "https://idp.example/realms/%63or%70/x"),
            Reach::Below
        );
        assert_eq!(
            reach("https://idp.example/realms/%63orp", CORP),
            Reach::Below
        );
        let prefix = UrlPrefix::parse("https://idp.example/realms/%63o%20rp").unwrap();
        assert_eq!(prefix.to_string(), "https://idp.example/realms/co%20rp");
        assert_eq!(
            reach("https://a.test/ü", "https://a.test/%C3%BC/x"),
            Reach::Below
        );
    }

    #[test]
    fn what_servers_read_in_different_ways_is_unclear() {
        for unclear in [
            "/realms/Corp/x",
            "/REALMS/corp",
            "//realms/corp",
            "/realms//corp",
            "/realms/corp;x=1",
            "/realms;x/corp",
            "/realms%2Fcorp",
            "/realms/%2563orp",
            "/realms%5Ccorp/x",
            "/realms/x/..%2Fcorp",
            "/realms/corp/..%2Fother",
            "/realms/corp/%252e%252e/other",
        ] {
            let url = format!("https://idp.example{unclear}");
            assert_eq!(reach(CORP, &url), Reach::Unclear, "{unclear}");
        }
    }

    #[test]
    fn what_is_no_prefix_is_a_wrong_setting_that_shows_no_secret() {
        for text in [
            "",
            "idp.example/realms/corp",
            "http://idp.example/realms/corp",
            "https://canary@idp.example/",
            "https://x:canary@idp.example/",
            "https://idp.example/?canary",
            "https://idp.example/#canary",
            "https://",
            "https://idp.example/realms;canary/corp",
            "https://idp.example/..%2Fcorp",
            "mailto:x",
        ] {
            let error = UrlPrefix::parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
            assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        }
    }

    #[test]
    fn a_shorter_prefix_is_above_a_longer_one() {
        let [root, realms, corp, other] = ["", "/realms", "/realms/corp", "/realms/corporate"]
            .map(|path| UrlPrefix::parse(&format!("https://idp.example{path}")).unwrap());

        assert!(root.is_above(&realms) && root.is_above(&corp) && realms.is_above(&corp));
        assert!(!corp.is_above(&corp) && !corp.is_above(&realms) && !corp.is_above(&other));
        let elsewhere = UrlPrefix::parse("https://id2.example").unwrap();
        assert!(!elsewhere.is_above(&corp));
    }

    proptest! {
        #[test]
        fn a_prefix_is_read_as_it_is_shown(path in any::<String>()) {
            if let Ok(prefix) = UrlPrefix::parse(&format!("https://idp.example/{path}")) {
                assert_eq!(UrlPrefix::parse(&prefix.to_string()).unwrap(), prefix);
            }
        }

        #[test]
        fn no_url_brings_it_down(url in "https://idp\\.example/[a-zA-Z%/.;0-9\\\\]{0,40}") {
            if let Ok(url) = Url::parse(&url) {
                UrlPrefix::parse(CORP).unwrap().reach(&url);
            }
        }
    }
}
