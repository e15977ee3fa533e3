//! From a filled-in form to the bytes of a request.

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};

use encoding_rs::Encoding;
use url::Url;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

use crate::page::control::BodyEncoding;
use crate::page::form::{Entry, Form};

/// A form as it is sent; its parts may hold secrets
pub(crate) struct Encoded {
    /// Where it goes, without a fragment; the fields of a `GET` are its query
    pub(crate) url: Url,
    /// The type of the body
    pub(crate) content_type: Option<String>,
    /// The body of a `POST`
    pub(crate) body: Option<Zeroizing<Vec<u8>>>,
}

impl Form {
    /// The request that a browser would make of the form
    ///
    /// Source: <https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#form-submission-algorithm>
    pub(crate) fn encode(&self) -> Encoded {
        let mut url = self.action().clone();
        url.set_fragment(None);
        let charset = self.charset;
        let pairs: Vec<Pair> = self
            .entries()
            .iter()
            .map(|entry| Pair::new(entry, charset))
            .collect();
        if !self.is_post() {
            let query = url_encoded(&pairs);
            url.set_query(Some(&String::from_utf8_lossy(&query)));
            return Encoded {
                url,
                content_type: None,
                body: None,
            };
        }
        let (content_type, body) = match self.body_encoding() {
            BodyEncoding::UrlEncoded => (URL_ENCODED.to_owned(), url_encoded(&pairs)),
            BodyEncoding::Plain => ("text/plain".to_owned(), plain(&pairs)),
            BodyEncoding::Multipart => {
                let boundary = boundary(&pairs);
                let content_type = format!("multipart/form-data; boundary={boundary}");
                (content_type, multipart(&pairs, &boundary))
            }
        };
        Encoded {
            url,
            content_type: Some(content_type),
            body: Some(body),
        }
    }
}

/// A name and its value in the form's character set, with line ends as the wire has them
struct Pair {
    name: Zeroizing<Vec<u8>>,
    value: Zeroizing<Vec<u8>>,
    is_file: bool,
}

impl Pair {
    fn new(entry: &Entry<'_>, charset: &'static Encoding) -> Self {
        let asks_charset = entry.kind == "hidden" && entry.name.eq_ignore_ascii_case("_charset_");
        let value = match asks_charset {
            true => charset.name(),
            false => entry.value.expose(),
        };
        Self {
            name: bytes(entry.name, charset),
            value: bytes(value, charset),
            is_file: entry.kind == "file" && value.is_empty(),
        }
    }

    fn len(&self) -> usize {
        self.name.len() + self.value.len()
    }
}

/// Characters that the set lacks become `&#…;`, as in a browser
fn bytes(text: &str, charset: &'static Encoding) -> Zeroizing<Vec<u8>> {
    let mut lines = Zeroizing::new(String::with_capacity(text.len() + text.len() / 8));
    let mut before = '\0';
    for c in text.chars() {
        match (before, c) {
            ('\r', '\n') => {}
            (_, '\r' | '\n') => lines.push_str("\r\n"),
            (_, c) => lines.push(c),
        }
        before = c;
    }
    match charset.encode(&lines).0 {
        Cow::Owned(bytes) => Zeroizing::new(bytes),
        Cow::Borrowed(bytes) => Zeroizing::new(bytes.to_vec()),
    }
}

/// Source: <https://url.spec.whatwg.org/#concept-urlencoded-serializer>
fn url_encoded(pairs: &[Pair]) -> Zeroizing<Vec<u8>> {
    // Enough for the longest outcome, so that no copy of a secret stays behind when the buffer grows.
    let mut out = body(pairs.iter().map(|pair| 3 * pair.len() + 2).sum());
    for (i, pair) in pairs.iter().enumerate() {
        if i > 0 {
            out.push(b'&');
        }
        out.extend(byte_serialize(&pair.name).flat_map(str::bytes));
        out.push(b'=');
        out.extend(byte_serialize(&pair.value).flat_map(str::bytes));
    }
    out
}

/// Source: <https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#text/plain-encoding-algorithm>
fn plain(pairs: &[Pair]) -> Zeroizing<Vec<u8>> {
    let mut out = body(pairs.iter().map(|pair| pair.len() + 3).sum());
    for pair in pairs {
        out.extend_from_slice(&pair.name);
        out.push(b'=');
        out.extend_from_slice(&pair.value);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// Source: <https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data>
fn multipart(pairs: &[Pair], boundary: &str) -> Zeroizing<Vec<u8>> {
    let overhead = 160 + boundary.len();
    let mut out = body(
        pairs
            .iter()
            .map(|pair| 3 * pair.len() + overhead)
            .sum::<usize>()
            + overhead,
    );
    for pair in pairs {
        out.extend_from_slice(
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"").as_bytes(),
        );
        for byte in pair.name.iter() {
            match byte {
                b'\n' => out.extend_from_slice(b"%0A"),
                b'\r' => out.extend_from_slice(b"%0D"),
                b'"' => out.extend_from_slice(b"%22"),
                _ => out.push(*byte),
            }
        }
        out.push(b'"');
        if pair.is_file {
            out.extend_from_slice(b"; filename=\"\"\r\nContent-Type: application/octet-stream");
        }
        out.extend_from_slice(b"\r\n\r\n");
        out.extend_from_slice(&pair.value);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    out
}

fn body(capacity: usize) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Vec::with_capacity(capacity))
}

/// A line that stands in no name and no value
fn boundary(pairs: &[Pair]) -> String {
    // The keys are random, so that a page cannot know the boundary before it is made.
    let keys = RandomState::new();
    let mut turn = 0_u64;
    loop {
        let boundary = format!(
            "doorward-{:016x}{:016x}",
            keys.hash_one(turn),
            keys.hash_one((turn, 1_u8))
        );
        let taken = pairs
            .iter()
            .any(|pair| occurs(&boundary, &pair.name) || occurs(&boundary, &pair.value));
        if !taken {
            return boundary;
        }
        turn += 1;
    }
}

fn occurs(boundary: &str, bytes: &[u8]) -> bool {
    bytes
        .windows(boundary.len())
        .any(|window| window == boundary.as_bytes())
}

const URL_ENCODED: &str = "application/x-www-form-urlencoded";

/// What a form sends, as text: `name=value` per line
#[cfg(test)]
pub(super) fn sent(form: &Form) -> Vec<String> {
    let encoded = form.encode();
    let query = encoded.url.query().unwrap_or_default().as_bytes();
    let pairs = encoded.body.as_ref().map_or(query, |body| body);
    url::form_urlencoded::parse(pairs)
        .map(|(name, value)| format!("{name}={value}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};
    use url::Url;
    use url::form_urlencoded::parse;

    use super::sent;
    use crate::{Form, Page, Secret};

    const PAGE: &str = "https://idp.example/login?flow=a%20b#top";

    fn form(html: &str) -> Form {
        Page::html(PAGE, html).unwrap().forms()[0].clone()
    }

    fn body(form: &Form) -> String {
        String::from_utf8(form.encode().body.unwrap().to_vec()).unwrap()
    }

    fn action(action: &str) -> String {
        form(&format!("<form method=post {action}>"))
            .encode()
            .url
            .into()
    }

    #[test]
    fn an_action_is_resolved_as_a_browser_does() {
        assert_eq!(action(""), "https://idp.example/login?flow=a%20b");
        assert_eq!(action("action"), "https://idp.example/login?flow=a%20b");
        assert_eq!(action("action=' '"), "https://idp.example/login?flow=a%20b");
        assert_eq!(action("action='#'"), "https://idp.example/login?flow=a%20b");
        assert_eq!(action("action='?'"), "https://idp.example/login?");
        assert_eq!(action("action='?x'"), "https://idp.example/login?x");
        assert_eq!(
            action("action='check?a=1&amp;b=2'"),
            "https://idp.example/check?a=1&b=2"
        );
        assert_eq!(
            action("action='check?a=1&b=2'"),
            "https://idp.example/check?a=1&b=2"
        );
        assert_eq!(action("action='/sso'"), "https://idp.example/sso");
        assert_eq!(
            action("action='//other.example/sso'"),
            "https://other.example/sso"
        );
        assert_eq!(
            action("action=' https&#x3a;&#x2f;&#x2f;sp.example&#x2f;acs '"),
            "https://sp.example/acs"
        );
    }

    #[test]
    fn a_base_changes_what_actions_are_relative_to() {
        let base = "<base target=x><base href='/realm/'><base href='/not/'>";
        let url = |action: &str| {
            form(&format!("{base}<form {action} method=post>"))
                .action()
                .to_string()
        };

        assert_eq!(url("action=check"), "https://idp.example/realm/check");
        assert_eq!(url("action='#'"), "https://idp.example/realm/#");
        assert_eq!(url("action='?'"), "https://idp.example/realm/?");
        assert_eq!(url("action=''"), "https://idp.example/login?flow=a%20b");
        assert_eq!(url(""), "https://idp.example/login?flow=a%20b");
    }

    #[test]
    fn a_base_that_is_none_is_passed_over() {
        for base in ["javascript:x", "data:text/html,x", "https://["] {
            let form = form(&format!("<base href='{base}'><form action=a>"));
            assert_eq!(form.action().as_str(), "https://idp.example/a", "{base}");
        }
    }

    #[test]
    fn a_form_without_a_method_is_a_get() {
        let form =
            form("<form action='/consent?old=1#x'><input type=hidden name=StateId value='_a:b'>");

        let encoded = form.encode();

        assert_eq!(
            encoded.url.as_str(),
            "https://idp.example/consent?StateId=_a%3Ab"
        );
        assert!(encoded.body.is_none() && encoded.content_type.is_none());
    }

    #[test]
    fn a_post_keeps_the_query_of_its_action() {
        let form = form("<form action='/check?a=1#x' METHOD=PoSt><input name=b value=2>");

        let encoded = form.encode();

        assert_eq!(encoded.url.as_str(), "https://idp.example/check?a=1");
        assert_eq!(
            encoded.content_type.as_deref(),
            Some("application/x-www-form-urlencoded")
        );
        assert_eq!(**encoded.body.unwrap(), *b"b=2");
    }

    #[test]
    fn text_is_encoded_for_the_wire() {
        let mut form = Form::post(&Url::parse(PAGE).unwrap());
        form.set("user", "user@example.org");
        form.set("a b", "+/=&%*-._~é");
        form.set_secret("password", &Secret::new("p@ss&w<rd é"));

        assert_eq!(
            body(&form),
            "user=user%40example.org&a+b=%2B%2F%3D%26%25*-._%7E%C3%A9&password=p%40ss%26w%3Crd+%C3%A9"
        );
    }

    #[test]
    fn line_ends_become_cr_lf() {
        let form = form(
            "<form method=post><input type=hidden name=wresult value='<a>&#10;&#13;<b>&#13;&#10;'><textarea name=t>\n\nx\ny</textarea>",
        );

        assert_eq!(
            body(&form),
            "wresult=%3Ca%3E%0D%0A%0D%0A%3Cb%3E%0D%0A&t=%0D%0Ax%0D%0Ay"
        );
    }

    #[test]
    fn the_page_s_character_set_is_used() {
        let page = |form: &str| {
            let html = format!(
                "<meta charset=iso-8859-2>{form}<input name=a value='&#x159;&euro;&#x1f511;'>"
            );
            Page::response(PAGE, 200, &[("Content-Type", "text/html")], &html)
                .unwrap()
                .forms()[0]
                .clone()
        };

        assert_eq!(
            body(&page("<form method=post>")),
            "a=%F8%26%238364%3B%26%23128273%3B"
        );
        assert_eq!(
            body(&page("<form method=post accept-charset='x utf-8'>")),
            "a=%C5%99%E2%82%AC%F0%9F%94%91"
        );
        assert_eq!(
            body(&page("<form method=post accept-charset=utf-16>")),
            "a=%C5%99%E2%82%AC%F0%9F%94%91"
        );
    }

    #[test]
    fn a_page_can_ask_for_the_name_of_the_character_set() {
        let form = form(
            "<form method=post accept-charset=windows-1250><input type=hidden name=_Charset_ value=x><input name=_charset_ value=y>",
        );

        assert_eq!(body(&form), "_Charset_=windows-1250&_charset_=y");
    }

    #[test]
    fn a_file_field_sends_no_file() {
        let mut form = form("<form method=post><input type=file name=f value=x>");
        assert_eq!(body(&form), "f=");

        form.encoding = super::BodyEncoding::Multipart;
        assert!(body(&form).contains(
            "name=\"f\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--"
        ));
    }

    #[test]
    fn a_multipart_form_is_written_in_parts() {
        let form = form(
            "<form method=post enctype='multipart/FORM-data'><input name='a&quot;&#10;b' value='1&#10;2'><input name=c value=3>",
        );

        let encoded = form.encode();
        let content_type = encoded.content_type.unwrap();
        let boundary = content_type
            .strip_prefix("multipart/form-data; boundary=")
            .unwrap();

        let part = |name: &str, value: &str| {
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            )
        };
        let expected = part("a%22%0D%0Ab", "12") + &part("c", "3") + &format!("--{boundary}--\r\n");
        assert_eq!(String::from_utf8_lossy(&encoded.body.unwrap()), expected);
    }

    #[test]
    fn a_plain_text_form_is_written_in_lines() {
        let form =
            form("<form method=post enctype=text/plain><input name=a value='1 2'><input name=b>");

        assert_eq!(form.encode().content_type.as_deref(), Some("text/plain"));
        assert_eq!(body(&form), "a=1 2\r\nb=\r\n");
    }

    #[test]
    fn a_get_form_has_one_encoding_only() {
        let form = form("<form enctype=multipart/form-data><input name=a value='1 2'>");

        assert_eq!(form.encode().url.query(), Some("a=1+2"));
    }

    #[test]
    fn the_pressed_button_may_change_where_the_form_goes() {
        let mut form = form(
            "<form action=/a method=post><input name=x value=1>
             <input type=submit name=other formaction=/b formmethod=GET formenctype=text/plain>
             <button name=same formaction='' formenctype=text/plain value=v>x</button>",
        );
        assert_eq!((form.action().path(), form.is_post()), ("/a", true));

        assert!(form.press("other"));
        assert_eq!((form.action().path(), form.is_post()), ("/b", false));
        assert_eq!(
            form.encode().url.as_str(),
            "https://idp.example/b?x=1&other="
        );

        assert!(form.press("same"));
        assert_eq!((form.action().path(), form.is_post()), ("/login", true));
        assert_eq!(body(&form), "x=1\r\nsame=v\r\n");
    }

    proptest! {
        #[test]
        fn any_value_arrives(fields in prop::collection::vec((any::<String>(), any::<String>()), 0..6)) {
            let mut form = Form::post(&Url::parse(PAGE).unwrap());
            let mut expected: Vec<(String, String)> = Vec::new();
            for (name, value) in fields {
                if name.is_empty() || expected.iter().any(|(other, _)| *other == name) {
                    continue;
                }
                form.set(&name, &value);
                expected.push((name, value));
            }

            let body = form.encode().body.unwrap();
            let decoded: Vec<(String, String)> = parse(&body).into_owned().collect();

            let lines = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
            let expected: Vec<_> = expected.iter().map(|(name, value)| (lines(name), lines(value))).collect();
            prop_assert_eq!(decoded, expected);
            prop_assert!(body.iter().all(|byte| byte.is_ascii_graphic()));
        }

        #[test]
        fn no_value_holds_the_boundary(fields in prop::collection::vec((".{1,9}", "(--doorward-[0-9a-f]{0,32}|\r\n|.){0,9}"), 0..6)) {
            let mut form = Form::post(&Url::parse(PAGE).unwrap());
            for (name, value) in &fields {
                form.set(name, value);
            }
            form.encoding = super::BodyEncoding::Multipart;

            let encoded = form.encode();
            let boundary = encoded.content_type.unwrap().split_once('=').unwrap().1.to_owned();
            let text = String::from_utf8_lossy(&encoded.body.unwrap()).into_owned();

            prop_assert_eq!(text.matches(&boundary).count(), form.field_names().len() + 1);
        }

        #[test]
        fn a_get_form_is_its_query(value in any::<String>()) {
            let html = "<form><input type=hidden name=a value=x>";
            let mut form = form(html);
            form.set("a", &value);
            let lines = value.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
            prop_assert_eq!(sent(&form), [format!("a={lines}")]);
        }
    }
}
