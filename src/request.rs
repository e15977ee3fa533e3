use std::fmt;

use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use crate::page::Form;
use crate::{Error, Secret, redact};

/// One request that an adapter asks the session for
///
/// A secret is placed only by [`secret`](Self::secret), [`query_secret`](Self::query_secret),
/// [`secret_header`](Self::secret_header) or [`Form::set_secret`]; a request that holds one leaves only for an origin
/// that the caller named.
///
/// ```
/// use doorward::{Request, Secret};
/// use serde_json::json;
/// use url::Url;
///
/// let url = Url::parse("https://id.example.com/api/v1/authn")?;
/// let request = Request::post(&url)
///     .header("accept", "application/json")
///     .json(json!({ "username": "ci", "password": null }))
///     .secret("/password", &Secret::new("correct horse"));
/// assert!(!format!("{request:?}").contains("horse"));
/// # Ok::<(), url::ParseError>(())
/// ```
#[derive(Clone)]
pub struct Request {
    post: bool,
    url: Url,
    query_secrets: Vec<(String, Secret)>,
    headers: Vec<(String, String)>,
    secret_headers: Vec<(String, Secret)>,
    body: Body,
}

#[derive(Clone)]
enum Body {
    Empty,
    Form(Form),
    Json {
        value: Value,
        secrets: Vec<(String, Secret)>,
    },
}

impl Request {
    /// Asks for `url`
    pub fn get(url: &Url) -> Self {
        Self::new(false, url.clone(), Body::Empty)
    }

    /// Posts to `url`; the body is empty until [`json`](Self::json) sets one
    pub fn post(url: &Url) -> Self {
        Self::new(true, url.clone(), Body::Empty)
    }

    /// Submits `form`, as a browser would: its method, its action, its fields
    pub fn submit(form: Form) -> Self {
        Self::new(form.is_post(), form.action().clone(), Body::Form(form))
    }

    fn new(post: bool, url: Url, body: Body) -> Self {
        Self {
            post,
            url,
            query_secrets: Vec::new(),
            headers: Vec::new(),
            secret_headers: Vec::new(),
            body,
        }
    }

    /// Sets a JSON body, and the content type to go with it
    #[must_use]
    pub fn json(mut self, value: Value) -> Self {
        self.body = Body::Json {
            value,
            secrets: Vec::new(),
        };
        self
    }

    /// Places a secret in the JSON body, at a JSON pointer such as `/password`
    ///
    /// The place must exist in the value given to [`json`](Self::json), `null` for instance, or nothing is sent.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc6901>
    #[must_use]
    pub fn secret(mut self, pointer: &str, secret: &Secret) -> Self {
        let placed = (pointer.to_owned(), secret.clone());
        match &mut self.body {
            Body::Json { secrets, .. } => secrets.push(placed),
            Body::Empty | Body::Form(_) => {
                self.body = Body::Json {
                    value: Value::Null,
                    secrets: vec![placed],
                };
            }
        }
        self
    }

    /// Adds `name=secret` to the query
    #[must_use]
    pub fn query_secret(mut self, name: &str, secret: &Secret) -> Self {
        self.query_secrets.push((name.to_owned(), secret.clone()));
        self
    }

    /// Sets a header, instead of the session's own one of that name
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// Sets a header whose value is a secret
    #[must_use]
    pub fn secret_header(mut self, name: &str, secret: &Secret) -> Self {
        self.secret_headers
            .push((name.to_ascii_lowercase(), secret.clone()));
        self
    }

    /// `GET` or `POST`
    pub fn method(&self) -> &'static str {
        if self.post { "POST" } else { "GET" }
    }

    /// Where it goes, without secrets
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The form that it submits
    pub fn form(&self) -> Option<&Form> {
        match &self.body {
            Body::Form(form) => Some(form),
            Body::Empty | Body::Json { .. } => None,
        }
    }

    /// Whether the caller placed a secret in it
    pub(crate) fn has_secret(&self) -> bool {
        let body = match &self.body {
            Body::Empty => false,
            Body::Form(form) => form.has_secret(),
            Body::Json { secrets, .. } => !secrets.is_empty(),
        };
        body || !self.query_secrets.is_empty() || !self.secret_headers.is_empty()
    }

    /// The secrets in it, each with the name of its place
    #[cfg(feature = "record")]
    pub(crate) fn secrets(&self) -> Vec<(String, Secret)> {
        let mut found = self.query_secrets.clone();
        found.extend(self.secret_headers.iter().cloned());
        match &self.body {
            Body::Empty => {}
            Body::Form(form) => found.extend(form.secrets()),
            Body::Json { secrets, .. } => found.extend(secrets.iter().cloned()),
        }
        found
    }

    /// The names of the query's, the fragment's and the form's parameters
    pub(crate) fn parameter_names(&self) -> Vec<String> {
        let mut names = query_names(self.url.query().unwrap_or_default());
        names.extend(query_names(self.url.fragment().unwrap_or_default()));
        names.extend(self.query_secrets.iter().map(|(name, _)| name.clone()));
        if let Some(form) = self.form() {
            names.extend(form.field_names().into_iter().map(str::to_owned));
        }
        names
    }

    /// The URL of the page that answers it: that of the wire, unless a secret stands in its query
    pub(crate) fn page_url(&self, wire: &Url) -> Url {
        let secret_form = self.form().is_some_and(Form::has_secret);
        match self.query_secrets.is_empty() && !secret_form {
            true => wire.clone(),
            false => self.url.clone(),
        }
    }

    /// Whether it carries anything besides its URL and headers
    pub(crate) fn has_body(&self) -> bool {
        self.post
    }

    /// What goes on the wire: this is where secrets leave their type
    pub(crate) fn encode(&self) -> Result<Wire, Error> {
        let mut wire = Wire {
            method: self.method(),
            url: self.url.clone(),
            headers: self
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), Zeroizing::new(value.clone())))
                .collect(),
            body: Zeroizing::new(Vec::new()),
        };
        let mut content_type = None;
        match &self.body {
            Body::Empty => {}
            Body::Form(form) => {
                let encoded = form.encode();
                // A redirect may have moved a posted form; the fields of any other are its query.
                if !form.is_post() {
                    if form.has_secret() {
                        return Err(Error::unexpected_page(
                            "the form would put the credentials into a URL, which servers log",
                        )
                        .at("path", redact::path(self.url.path())));
                    }
                    wire.url = encoded.url;
                }
                content_type = encoded.content_type;
                wire.body = encoded.body.unwrap_or_default();
            }
            Body::Json { value, secrets } => {
                let mut value = value.clone();
                for (pointer, secret) in secrets {
                    let place = value.pointer_mut(pointer).ok_or_else(|| {
                        Error::config("a secret has no place in the JSON body")
                            .at("pointer", pointer)
                    })?;
                    *place = Value::String(secret.expose_secret().to_owned());
                }
                content_type = Some("application/json".into());
                wire.body = Zeroizing::new(value.to_string().into_bytes());
            }
        }
        if !self.query_secrets.is_empty() {
            let mut query = wire.url.query_pairs_mut();
            for (name, secret) in &self.query_secrets {
                query.append_pair(name, secret.expose_secret());
            }
        }
        wire.url.set_fragment(None);
        for (name, secret) in &self.secret_headers {
            wire.headers.push((
                name.clone(),
                Zeroizing::new(secret.expose_secret().to_owned()),
            ));
        }
        let is_set = wire.headers.iter().any(|(name, _)| name == "content-type");
        if let Some(content_type) = content_type.filter(|_| !is_set) {
            wire.headers
                .push(("content-type".into(), content_type.into()));
        }
        Ok(wire)
    }

    /// The request that a redirect asks for: 307 and 308 keep method and body, everything else becomes a GET
    ///
    /// Source: <https://fetch.spec.whatwg.org/#http-redirect-fetch>
    pub(crate) fn redirected(&self, status: u16, to: &Url) -> Self {
        match status {
            307 | 308 if self.post => Self {
                url: to.clone(),
                ..self.clone()
            },
            _ => Self::get(to),
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = match &self.body {
            Body::Empty => "none",
            Body::Form(_) => "form",
            Body::Json { .. } => "json",
        };
        f.debug_struct("Request")
            .field("method", &self.method())
            .field("host", &self.url.host_str().map(redact::one_line))
            .field("path", &redact::path(self.url.path()))
            .field("parameters", &self.parameter_names())
            .field("body", &body)
            .finish_non_exhaustive()
    }
}

/// A request in the form that the HTTP client takes, secrets in the clear
pub(crate) struct Wire {
    pub(crate) method: &'static str,
    pub(crate) url: Url,
    pub(crate) headers: Vec<(String, Zeroizing<String>)>,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

fn query_names(query: &str) -> Vec<String> {
    url::form_urlencoded::parse(query.as_bytes())
        .map(|(name, _)| name.into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use url::Url;

    use super::Request;
    use crate::{ErrorKind, Page, Secret};

    fn url() -> Url {
        Url::parse("https://id.test/login?a=1#f").unwrap()
    }

    #[test]
    fn secrets_leave_their_type_only_on_the_wire() {
        let secret = Secret::new("canary&=");
        let request = Request::post(&url())
            .json(json!({ "password": null, "b": [1, null] }))
            .secret("/password", &secret)
            .secret("/b/1", &secret)
            .query_secret("token", &secret)
            .secret_header("X-Token", &secret);

        let wire = request.encode().unwrap();

        assert_eq!(
            wire.url.as_str(),
            "https://id.test/login?a=1&token=canary%26%3D"
        );
        assert_eq!(
            wire.body.as_slice(),
            br#"{"password":"canary&=","b":[1,"canary&="]}"#
        );
        assert_eq!(wire.headers[0].0, "x-token");
        assert!(!format!("{request:?}").contains("canary"));
        assert!(!request.page_url(&wire.url).as_str().contains("canary"));
    }

    #[test]
    fn a_secret_without_a_place_sends_nothing() {
        let request = Request::post(&url())
            .json(json!({}))
            .secret("/password", &Secret::new("x"));

        assert_eq!(request.encode().err().unwrap().kind(), ErrorKind::Config);
    }

    #[test]
    fn a_form_that_would_put_the_password_into_its_url_is_refused() {
        let page = Page::html("https://id.test/", "<form><input name=pw type=password>").unwrap();
        let mut form = page.expect_form_with("pw").unwrap();
        form.set_secret("pw", &Secret::new("canary"));

        let error = Request::submit(form).encode().err().unwrap();

        assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
        assert!(!error.to_string().contains("canary"));
    }

    #[test]
    fn only_307_and_308_keep_method_and_body() {
        let to = Url::parse("https://id.test/next").unwrap();
        let request = Request::post(&url()).json(json!({ "a": 1 }));

        for (status, method) in [
            (301, "GET"),
            (302, "GET"),
            (303, "GET"),
            (307, "POST"),
            (308, "POST"),
        ] {
            let next = request.redirected(status, &to);
            assert_eq!((next.method(), next.url()), (method, &to));
            assert_eq!(next.encode().unwrap().body.is_empty(), method == "GET");
        }
    }
}
