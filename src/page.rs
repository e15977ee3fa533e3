//! What came back: one answer of a server, parsed once into plain data.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::mem::take;
use std::sync::Arc;

use jiff::Timestamp;
use scraper::{ElementRef, Selector};
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use crate::page::charset::MediaType;
use crate::page::document::{Document, text};
use crate::page::html::Tree;
use crate::{Error, Request, Secret, redact};

mod charset;

mod control;
pub use control::{Button, Choice, Field};

mod document;
pub use document::Link;

mod encode;

mod field;

mod form;
pub use form::Form;

mod html;

mod kind;
pub(crate) use kind::MESSAGES;
pub use kind::PageKind;

mod refresh;

mod script;

mod structure;

mod tag_scan;

mod unavailable;
pub(crate) use unavailable::unavailable;

/// One answer of a server: status, address, headers, and what the body is
///
/// A redirect is a page, too, and so is an error status. [`kind`](Self::kind) says what a browser would do about
/// the page; forms, links and scripts are there as plain data. A page never changes, and nothing in it is run.
///
/// ```
/// use doorward::Page;
/// use doorward::page::PageKind;
///
/// let page = Page::html(
///     "https://idp.example/sso?flow=1",
///     "<h1>Sign in</h1><form method=post><input name=user><input name=pass type=password></form>",
/// )?;
///
/// assert!(matches!(page.kind(), PageKind::Login));
/// assert_eq!(page.query("flow").as_deref(), Some("1"));
/// assert_eq!(page.text_of("h1").as_deref(), Some("Sign in"));
/// assert!(page.form_with("pass").is_some());
/// # Ok::<(), doorward::Error>(())
/// ```
///
/// `Debug` shows neither text nor headers nor queries.
pub struct Page {
    sent: Arc<Request>,
    status: u16,
    url: Url,
    headers: Vec<(String, String)>,
    text: Zeroizing<String>,
    /// The body, where its bytes are not those of the text
    bytes: Option<Zeroizing<Vec<u8>>>,
    is_html: bool,
    json: Option<Value>,
    document: Document,
    kind: PageKind,
}

impl Page {
    /// Parses what the session received
    ///
    /// # Errors
    ///
    /// [`UnexpectedPage`](crate::ErrorKind::UnexpectedPage) if it is HTML that would take too long to read.
    pub(crate) fn new(
        sent: Arc<Request>,
        status: u16,
        url: Url,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> Result<Self, Error> {
        let mut body = Zeroizing::new(body);
        let values = |name| values(&headers, name);
        let media_type = values("content-type").filter_map(MediaType::parse).last();
        let is_json = media_type.as_ref().is_some_and(MediaType::is_json);
        let is_html = match &media_type {
            Some(media_type) => media_type.is_html(),
            None => without_mark(&body).trim_ascii_start().starts_with(b"<"),
        };
        let (text, encoding) = charset::decode(&body, media_type.as_ref(), is_html);
        let other = match text {
            Cow::Borrowed(text) if text.len() == body.len() => None,
            text => Some(text.into_owned()),
        };
        let json = is_json
            .then(|| serde_json::from_slice(without_mark(&body)).ok())
            .flatten();
        let (text, bytes) = match other {
            Some(text) => (text, Some(body)),
            // Valid UTF-8 as it is: bytes and text are kept once, since many pages may wait for their next one.
            None => (
                String::from_utf8(take(&mut *body)).unwrap_or_default(),
                None,
            ),
        };
        let text = Zeroizing::new(text);
        let locations: Vec<_> = values("location").collect();
        let redirect = PageKind::of_redirect(status, &url, &locations);
        let document = match redirect {
            None if is_html => {
                let tree = Tree::parse(&text).map_err(|limit| {
                    Error::unexpected_page("the page is too large or too tangled to be read")
                        .at("host", url.host_str().unwrap_or_default())
                        .at("page", redact::path(url.path()))
                        .because(limit)
                })?;
                Document::read(&tree, &url, encoding)
            }
            _ => Document::default(),
        };
        let kind = redirect.unwrap_or_else(|| {
            PageKind::of(&document, json.is_some(), values("refresh").next(), &url)
        });
        Ok(Self {
            sent,
            status,
            url,
            headers,
            text,
            bytes,
            is_html,
            json,
            document,
            kind,
        })
    }

    /// A page of status 200, for the tests of an adapter
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) if `url` is none;
    /// [`UnexpectedPage`](crate::ErrorKind::UnexpectedPage) if the page is too large or too tangled.
    pub fn html(url: &str, html: &str) -> Result<Self, Error> {
        Self::response(
            url,
            200,
            &[("content-type", "text/html; charset=utf-8")],
            html,
        )
    }

    /// Any answer to a `GET`, for the tests of an adapter
    ///
    /// # Errors
    ///
    /// As of [`html`](Self::html).
    pub fn response(
        url: &str,
        status: u16,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Self, Error> {
        let url = Url::parse(url).map_err(|error| Error::config("not a URL").because(error))?;
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let sent = Arc::new(Request::get(&url));
        Self::new(sent, status, url, headers, body.as_bytes().to_vec())
    }

    /// The HTTP status
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The address of the page; its query and fragment may hold secrets
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The path of the address as it may stand in an error: no query, no `;parameters`, no long segment
    pub fn path(&self) -> String {
        redact::path(self.url.path())
    }

    /// The host of the address, without the port
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The first parameter of that name in the address, decoded once
    pub fn query(&self, name: &str) -> Option<String> {
        query(&self.url, name)
    }

    /// The first header of that name
    pub fn header(&self, name: &str) -> Option<&str> {
        values(&self.headers, name).next()
    }

    /// All headers of that name, in the order they came
    pub fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        values(&self.headers, name)
    }

    /// What was asked for
    pub fn sent(&self) -> &Request {
        &self.sent
    }

    /// What the page is
    pub fn kind(&self) -> &PageKind {
        &self.kind
    }

    /// Where the page redirects to, absolute and with its fragment
    pub fn redirect(&self) -> Option<&Url> {
        match &self.kind {
            PageKind::Redirect(url) => Some(url),
            _ => None,
        }
    }

    /// The body, if the page says that it is JSON and it is
    pub fn json(&self) -> Option<&Value> {
        self.json.as_ref()
    }

    /// The text at a JSON pointer such as `/sessionToken`, as a secret
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc6901>
    pub fn json_secret(&self, pointer: &str) -> Option<Secret> {
        self.json
            .as_ref()?
            .pointer(pointer)?
            .as_str()
            .map(Secret::new)
    }

    /// The body, byte for byte
    pub fn body(&self) -> &[u8] {
        match &self.bytes {
            Some(bytes) => bytes,
            None => self.text.as_bytes(),
        }
    }

    /// The body, decoded
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The forms, in the order of the page
    pub fn forms(&self) -> &[Form] {
        &self.document.forms
    }

    /// The first form with a field or button of that name
    pub fn form_with(&self, field: &str) -> Option<&Form> {
        self.forms().iter().find(|form| form.has(field))
    }

    /// The first form that has a field or button of each of these names
    pub fn form_with_all(&self, fields: &[&str]) -> Option<&Form> {
        let has_all = |form: &&Form| fields.iter().all(|field| form.has(field));
        self.forms().iter().find(has_all)
    }

    /// A copy of the first form with a field or button of that name, to be filled in
    ///
    /// # Errors
    ///
    /// [`UnexpectedPage`](crate::ErrorKind::UnexpectedPage) if there is none; it shows what the page has instead.
    pub fn expect_form_with(&self, field: &str) -> Result<Form, Error> {
        self.form_with(field).cloned().ok_or_else(|| {
            let field = redact::one_line(field);
            Error::unexpected_page(format!("the page has no form with a field `{field}`"))
                .at("host", self.host())
                .at("page", self.path())
                .at("structure", self.structure())
        })
    }

    /// The error for a page that an adapter does not know: its path, its status, and what it is made of
    ///
    /// Of kind [`Unavailable`](crate::ErrorKind::Unavailable) where the status says that, as 429 and 5xx do, or else
    /// [`UnexpectedPage`](crate::ErrorKind::UnexpectedPage) with the message.
    ///
    /// ```
    /// use doorward::{ErrorKind, Page};
    ///
    /// let error = Page::html("https://idp.example/news", "<p>hello")?.unexpected("this is no page of Acme's");
    /// assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
    /// assert!(error.context().any(|pair| pair == ("page", "/news")));
    /// # Ok::<(), doorward::Error>(())
    /// ```
    pub fn unexpected(&self, message: impl Into<String>) -> Error {
        unavailable(self).unwrap_or_else(|| {
            Error::unexpected_page(message)
                .at("page", self.path())
                .at("status", self.status.to_string())
                .at("structure", self.structure())
        })
    }

    /// The links to addresses of scheme `http` or `https`, in the order of the page
    pub fn links(&self) -> &[Link] {
        &self.document.links
    }

    /// The scripts that stand in the page itself, data in `script` elements included
    pub fn scripts(&self) -> &[String] {
        &self.document.scripts
    }

    /// The texts that those scripts give to names, as `name = "text"` or `name: "text"`, in the order of the page
    ///
    /// Nothing is run: comments and regular expressions are passed over, and escapes in texts are undone.
    ///
    /// ```
    /// use doorward::Page;
    ///
    /// let html = r#"<script>/* token = "old" */ var login = { "token": "a\x2Db" };</script>"#;
    /// let page = Page::html("https://idp.example/", html)?;
    /// let texts: Vec<_> = page.script_texts().collect();
    /// assert_eq!(texts, [("token".to_owned(), "a-b".to_owned())]);
    /// # Ok::<(), doorward::Error>(())
    /// ```
    pub fn script_texts(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.scripts()
            .iter()
            .flat_map(|script| script::texts(script))
    }

    /// The text of the first element that matches a CSS selector and has any; blanks are folded
    ///
    /// It is foreign text: an error takes it only by [`Error::at`]. `None` also for a selector that cannot be read.
    pub fn text_of(&self, css: &str) -> Option<String> {
        self.select(css, |element| {
            Some(text(element, TEXT, usize::MAX)).filter(|text| !text.is_empty())
        })
    }

    /// The attribute of the first element that matches a CSS selector and has it
    pub fn attribute(&self, css: &str, name: &str) -> Option<String> {
        self.select(css, |element| element.attr(name).map(str::to_owned))
    }

    /// When the server answered, by its own clock
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1>
    pub fn date(&self) -> Option<Timestamp> {
        let date = jiff::fmt::rfc2822::parse(self.header("date")?).ok()?;
        Some(date.timestamp())
    }

    /// What the page is made of, in one line for a message: names and kinds of fields, no values
    ///
    /// Such as `1 form: POST /login (username:text, password:password, csrf:hidden, button login)`.
    pub fn structure(&self) -> String {
        structure::of(self)
    }

    /// The texts of all elements that match a CSS selector, in the order of the page, with their blanks and line ends
    ///
    /// For text that is meant to be copied, such as commands. There are [`TEXTS`] at most.
    pub(crate) fn verbatim(&self, css: &str) -> Vec<String> {
        let texts = RefCell::new((Vec::new(), 0));
        self.select(css, |element| {
            if is_in_template(element) {
                return None;
            }
            let mut texts = texts.borrow_mut();
            let text: String = element.text().collect();
            texts.1 += text.len();
            if texts.0.len() == TEXTS || texts.1 > TEXT {
                return Some(());
            }
            texts.0.push(text);
            None
        });
        texts.into_inner().0
    }

    /// Looks at the elements that match; the tree cannot be kept, since it must not leave its thread
    fn select<T>(&self, css: &str, look: impl Fn(ElementRef<'_>) -> Option<T>) -> Option<T> {
        let selector = Selector::parse(css).ok()?;
        let tree = Tree::parse(&self.text).ok().filter(|_| self.is_html)?;
        let root = tree
            .html
            .tree
            .root()
            .children()
            .find_map(ElementRef::wrap)?;
        if selector.matches(&root)
            && let Some(found) = look(root)
        {
            return Some(found);
        }
        let mut elements = root.select(&selector);
        elements.find_map(|element| look(element).filter(|_| !is_in_template(element)))
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("status", &self.status)
            .field("host", &self.host())
            .field("path", &self.path())
            .field("kind", &self.kind.as_str())
            .field("forms", &self.forms().len())
            .finish_non_exhaustive()
    }
}

/// Whether the element is inert
fn is_in_template(element: ElementRef<'_>) -> bool {
    let mut ancestors = element.ancestors();
    ancestors.any(|ancestor| ancestor.value().is_fragment())
}

/// The first parameter of that name in an address, decoded once
pub(crate) fn query(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
}

fn values<'a>(headers: &'a [(String, String)], name: &str) -> impl Iterator<Item = &'a str> {
    let headers = headers.iter();
    headers.filter_map(move |(key, value)| key.eq_ignore_ascii_case(name).then_some(&**value))
}

/// The body without the byte order mark of UTF-8
fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

/// How much of an element's text is looked at
const TEXT: usize = 256 << 10;

/// How many elements are looked at for their text
const TEXTS: usize = 500;

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, proptest};

    use crate::page::{Link, PageKind};
    use crate::{ErrorKind, Form, Page};

    const URL: &str =
        "https://idp.example:8443/a/login;jsessionid=canary?flow=a%2Bb+c&flow=2&x#code=canary";

    fn json(content_type: &str, body: &str) -> Option<serde_json::Value> {
        let page = Page::response(URL, 200, &[("Content-Type", content_type)], body).unwrap();
        page.json().cloned()
    }

    #[test]
    fn a_page_can_be_sent_between_threads() {
        fn is_send_and_sync<T: Send + Sync + 'static>() {}

        is_send_and_sync::<Page>();
        is_send_and_sync::<PageKind>();
        is_send_and_sync::<Form>();
        is_send_and_sync::<Link>();
    }

    #[test]
    fn an_address_is_read_in_parts() {
        let page = Page::html(URL, "").unwrap();

        assert_eq!(page.host(), "idp.example");
        assert_eq!(page.path(), "/a/login");
        assert_eq!(page.query("flow").as_deref(), Some("a+b c"));
        assert_eq!(page.query("x").as_deref(), Some(""));
        assert_eq!(page.query("y"), None);
    }

    #[test]
    fn a_form_is_found_by_all_of_its_fields() {
        let html = "<form action='?step=a%2Bb'><input name=user></form>
            <form id=whole><input name=user><button name=go></button></form>";
        let page = Page::html("https://idp.example/", html).unwrap();

        let whole = page.form_with_all(&["go", "user"]).unwrap();
        assert_eq!(whole.id(), Some("whole"));
        assert!(page.form_with_all(&["user", "password"]).is_none());
        let first = page.form_with_all(&["user"]).unwrap();
        assert_eq!(first.query("step").as_deref(), Some("a+b"));
        assert_eq!(whole.query("step"), None);
    }

    #[test]
    fn a_page_that_nobody_knows_says_what_it_is_made_of() {
        let error = |status| {
            let page = Page::response(URL, status, &[], "<form><input name=x></form>").unwrap();
            page.unexpected("this is no page of Acme's")
        };

        let unknown = error(404);
        assert_eq!(unknown.kind(), ErrorKind::UnexpectedPage);
        let context: Vec<_> = unknown.context().map(|(name, _)| name).collect();
        assert_eq!(context, ["page", "status", "structure"]);
        assert!(!unknown.to_string().contains("canary"));
        for status in [429, 503] {
            assert_eq!(error(status).kind(), ErrorKind::Unavailable);
        }
    }

    #[test]
    fn headers_are_found_in_any_case() {
        let headers = [("Set-Cookie", "a=1"), ("X-Id", "7"), ("set-cookie", "b=2")];
        let page = Page::response(URL, 200, &headers, "").unwrap();

        assert_eq!(page.header("x-id"), Some("7"));
        assert_eq!(
            page.headers("SET-COOKIE").collect::<Vec<_>>(),
            ["a=1", "b=2"]
        );
        assert_eq!(page.header("none"), None);
    }

    #[test]
    fn debug_shows_no_content() {
        let headers = [("set-cookie", "canary"), ("content-type", "text/html")];
        let page = Page::response(
            URL,
            200,
            &headers,
            "<title>canary</title><form><input name=a value=canary>",
        )
        .unwrap();

        assert_eq!(
            format!("{page:?}"),
            r#"Page { status: 200, host: "idp.example", path: "/a/login", kind: "page", forms: 1, .. }"#
        );
    }

    #[test]
    fn json_is_what_says_that_it_is() {
        for content_type in [
            "application/json",
            "application/json;charset=UTF-8",
            "application/ion+json; vendor-version=1.0.0",
            "text/json",
        ] {
            assert_eq!(
                json(content_type, r#" {"a":"\u003d"} "#),
                Some(serde_json::json!({"a": "="})),
                "{content_type}"
            );
        }
        assert_eq!(json("text/html", "{}"), None);
        assert_eq!(json("text/plain", "{}"), None);
        assert_eq!(json("application/json", "<p>"), None);
        assert_eq!(json("application/json", ""), None);
        assert_eq!(
            json("application/json", "\u{feff}{}"),
            Some(serde_json::json!({}))
        );
        assert_eq!(json("application/json", &"[".repeat(100_000)), None);
    }

    #[test]
    fn json_with_invalid_bytes_is_none() {
        let url = url::Url::parse(URL).unwrap();
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let sent = std::sync::Arc::new(crate::Request::get(&url));

        let page = Page::new(sent, 200, url, headers, b"{\"a\":\"\xE9\"}".to_vec()).unwrap();

        assert_eq!(page.json(), None);
        assert!(matches!(page.kind(), PageKind::Other));
        assert_eq!(page.body(), b"{\"a\":\"\xE9\"}");
    }

    #[test]
    fn a_secret_is_taken_out_of_json() {
        let headers = [("content-type", "application/json")];
        let page = Page::response(URL, 200, &headers, r#"{"a":{"token":"t0"},"n":1}"#).unwrap();

        assert!(matches!(page.kind(), PageKind::Json));
        assert_eq!(page.json_secret("/a/token").unwrap().expose_secret(), "t0");
        assert!(page.json_secret("/n").is_none() && page.json_secret("a").is_none());
    }

    #[test]
    fn only_html_is_parsed() {
        let forms = |headers: &[(&str, &str)], body: &str| {
            Page::response(URL, 200, headers, body)
                .unwrap()
                .forms()
                .len()
        };
        assert_eq!(forms(&[("content-type", "TEXT/HTML")], "<form>"), 1);
        assert_eq!(
            forms(&[("content-type", "application/xhtml+xml")], "<form>"),
            1
        );
        assert_eq!(
            forms(
                &[
                    ("content-type", "text/plain"),
                    ("content-type", "text/html")
                ],
                "<form>"
            ),
            1
        );
        assert_eq!(forms(&[("content-type", "text/plain")], "<form>"), 0);
        assert_eq!(forms(&[("content-type", "application/json")], "<form>"), 0);
        assert_eq!(forms(&[], "\u{feff}\n <form>"), 1);
        assert_eq!(forms(&[("content-type", "")], "<form>"), 1);
        assert_eq!(forms(&[], "x <form>"), 0);
    }

    #[test]
    fn a_redirect_s_body_is_not_parsed() {
        let page = Page::response(
            URL,
            302,
            &[("location", "/x"), ("content-type", "text/html")],
            &"<div>".repeat(1000),
        )
        .unwrap();

        assert!(matches!(page.kind(), PageKind::Redirect(_)));
        assert!(page.forms().is_empty());
    }

    #[test]
    fn a_page_over_the_limit_is_an_error() {
        let error = Page::html(URL, &"<div>".repeat(1000)).unwrap_err();

        assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
        assert!(!format!("{error} {error:?}").contains("canary"));
    }

    #[test]
    fn a_missing_form_is_an_error_that_shows_the_page() {
        let page = Page::html(URL, "<form method=post><input name=otp value=canary>").unwrap();

        let error = page.expect_form_with("password").unwrap_err();

        assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
        assert_eq!(
            error.to_string(),
            "the page has no form with a field `password` (host idp.example, page /a/login, structure 1 form: POST /a/login (otp:text))"
        );
    }

    #[test]
    fn the_form_with_a_field_is_found() {
        let page = Page::html(URL, "<form id=a><input name=x></form><form id=b><input name=y></form><form id=c><input name=y></form>").unwrap();

        assert_eq!(page.form_with("y").and_then(Form::id), Some("b"));
        assert!(page.form_with("z").is_none() && page.form_with("").is_none());
    }

    #[test]
    fn text_is_found_by_selector() {
        let page = Page::html(
            URL,
            "<title>T</title><span id=input-error-a> </span><span id=input-error-b>Invalid\n <b>user</b>&nbsp;name<script>no</script></span>
             <p class=m>one<br>two</p><template><i>no</i></template><script id=s>var a;</script>",
        )
        .unwrap();

        assert_eq!(
            page.text_of("[id^=input-error]").as_deref(),
            Some("Invalid user name")
        );
        assert_eq!(page.text_of("p.m").as_deref(), Some("one two"));
        assert_eq!(page.text_of("#s").as_deref(), Some("var a;"));
        for css in ["i", "#input-error-a", ".none", "p:::", "", "p::before"] {
            assert_eq!(page.text_of(css), None, "{css}");
        }
    }

    #[test]
    fn an_attribute_is_found_by_selector() {
        let page = Page::html(URL, "<html lang=de><body><img><img alt='a&amp;b'>").unwrap();

        assert_eq!(page.attribute("img", "alt").as_deref(), Some("a&b"));
        assert_eq!(page.attribute("html", "lang").as_deref(), Some("de"));
        assert_eq!(page.attribute("img", "src"), None);
    }

    #[test]
    fn the_text_is_decoded() {
        let url = url::Url::parse(URL).unwrap();
        let headers = vec![(
            "content-type".to_owned(),
            "text/html; charset=iso-8859-1".to_owned(),
        )];
        let sent = std::sync::Arc::new(crate::Request::get(&url));

        let page = Page::new(sent, 200, url, headers, b"<p>\xE9\x80</p>".to_vec()).unwrap();

        assert_eq!(page.text(), "<p>é€</p>");
        assert_eq!(page.text_of("p").as_deref(), Some("é€"));
    }

    #[test]
    fn what_is_no_address_is_a_config_error() {
        assert_eq!(
            Page::html("/login", "").unwrap_err().kind(),
            ErrorKind::Config
        );
    }

    proptest! {
        #[test]
        fn any_answer_is_read(
            status in 200_u16..400,
            content_type in prop::sample::select(&["text/html", "application/json", "text/html;charset=utf-16", ""][..]),
            location in any::<String>(),
            body in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let url = url::Url::parse(URL).unwrap();
            let sent = std::sync::Arc::new(crate::Request::get(&url));
            let headers = vec![
                ("content-type".to_owned(), content_type.to_owned()),
                ("location".to_owned(), location.clone()),
                ("refresh".to_owned(), location),
            ];

            let page = Page::new(sent, status, url, headers, body).unwrap();

            page.structure();
        }

        #[test]
        fn any_form_is_read_and_sent(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40), cut in 0_usize..400) {
            let html = pieces.concat();
            let html = html.get(..cut).unwrap_or(&html);

            let page = Page::html(URL, html).unwrap();

            page.structure();
            page.text_of("form, input");
            page.attribute("a", "href");
            for form in page.forms() {
                let mut form = form.clone();
                form.set("a", "1");
                form.check("b", "on");
                form.press("c");
                form.encode();
                assert_eq!(form.value("a"), Some("1"));
            }
        }
    }

    const PIECES: &[&str] = &[
        "<form>",
        "<form method=post enctype=multipart/form-data>",
        "<form action='?x#y' id=f>",
        "<form action=//[>",
        "</form>",
        "<input name=a>",
        "<input name=b type=checkbox>",
        "<input name=b type=radio checked>",
        "<input name=a type=hidden form=f>",
        "<input type=image name=c>",
        "<input type=file name=a>",
        "<input type=submit name=c formaction='javascript:x'>",
        "<button name=c formmethod=get>",
        "</button>",
        "<select name=a>",
        "<select name=b multiple>",
        "<option>",
        "<option selected value=on>",
        "<optgroup disabled>",
        "</select>",
        "<textarea name=a>",
        "</textarea>",
        "<fieldset disabled>",
        "<legend>",
        "</legend>",
        "</fieldset>",
        "<label for=f>",
        "<label>",
        "</label>",
        "<table>",
        "<tr>",
        "<td>",
        "</table>",
        "<template>",
        "</template>",
        "<base href=x>",
        "<base href='data:x'>",
        "<a href=x id=next>",
        "</a>",
        "<meta http-equiv=refresh content='0;url=x'>",
        "<meta charset=shift_jis>",
        "<script>",
        "</script>",
        "<datalist>",
        "</datalist>",
        "<svg>",
        "</svg>",
        "<noscript>",
        "</noscript>",
        "&amp;",
        "\r\n",
        "é",
        "\0",
        "<!--",
        "-->",
        "<p>",
        "</p>",
    ];

    #[test]
    fn text_to_be_copied_keeps_its_lines() {
        let html = "<pre><code>a \\\n  &gt; b</code></pre><pre><code>c<span>d</span></code></pre><p>e</p><template><pre><code>f</code></pre></template>";
        let page = Page::html(URL, html).unwrap();

        assert_eq!(page.verbatim("pre code"), ["a \\\n  > b", "cd"]);
        assert!(page.verbatim("((").is_empty());
        let many = "<pre><code>a</code></pre>".repeat(1000);
        assert_eq!(
            Page::html(URL, &many).unwrap().verbatim("pre code").len(),
            500
        );
    }
}
