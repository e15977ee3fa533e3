//! A browser of a hundred lines: cookies, redirects, forms.

use std::collections::BTreeMap;
use std::error::Error;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_testkit::{PASSWORD, Testbed, USER};
use reqwest::{Certificate, Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use url::{Url, form_urlencoded};

/// A client with one jar
pub(crate) struct Browser<'a> {
    pub(crate) bed: &'a Testbed,
    client: Client,
    runtime: Runtime,
    /// By host, then by name
    pub(crate) jar: BTreeMap<String, BTreeMap<String, String>>,
}

/// An answer, as it came
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) url: Url,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(bed: &'a Testbed) -> Result<Self, Box<dyn Error>> {
        let mut client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .tls_certs_only([Certificate::from_pem(bed.ca_pem().as_bytes())?]);
        for host in bed.hosts() {
            client = client.resolve(&host, bed.address());
        }
        Ok(Self {
            bed,
            client: client.build()?,
            runtime: Builder::new_current_thread().enable_all().build()?,
            jar: BTreeMap::new(),
        })
    }

    pub(crate) fn get(&mut self, url: &str) -> Result<Page, Box<dyn Error>> {
        self.send(Method::GET, url, |request| request)
    }

    pub(crate) fn post(
        &mut self,
        url: &str,
        fields: &[(&str, &str)],
    ) -> Result<Page, Box<dyn Error>> {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.send(Method::POST, url, |request| {
            request
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(body)
        })
    }

    pub(crate) fn post_json(&mut self, url: &str, body: &Value) -> Result<Page, Box<dyn Error>> {
        let body = body.to_string();
        self.send(Method::POST, url, |request| {
            request
                .header("Accept", "application/json")
                .header("Content-Type", "application/json")
                .body(body)
        })
    }

    pub(crate) fn bearer(&mut self, url: &str, token: &str) -> Result<Page, Box<dyn Error>> {
        let line = format!("Bearer {token}");
        self.send(Method::GET, url, |request| {
            request.header("Authorization", line)
        })
    }

    pub(crate) fn send(
        &mut self,
        method: Method,
        url: &str,
        change: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<Page, Box<dyn Error>> {
        let url = Url::parse(url)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let mut request = self.client.request(method, url.clone());
        if let Some(cookies) = self.jar.get(&host).filter(|cookies| !cookies.is_empty()) {
            let pairs: Vec<String> = cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header("Cookie", pairs.join("; "));
        }
        let response = self.runtime.block_on(change(request).send())?;
        let status = response.status().as_u16();
        let headers: Vec<(String, String)> = response
            .headers()
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect();
        let jar = self.jar.entry(host).or_default();
        for (_, line) in headers.iter().filter(|(name, _)| name == "set-cookie") {
            let Some((name, rest)) = line.split_once('=') else {
                continue;
            };
            let value = rest.split(';').next().unwrap_or_default();
            if line.contains("Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
        let text = self.runtime.block_on(response.text())?;
        Ok(Page {
            status,
            url,
            headers,
            text,
        })
    }

    /// Follows redirects as long as they stay within the testbed
    pub(crate) fn follow(&mut self, mut page: Page) -> Result<Page, Box<dyn Error>> {
        for _ in 0..30 {
            match page.location()? {
                Some(next) if self.knows(&next) => page = self.get(next.as_str())?,
                _ => return Ok(page),
            }
        }
        Err("too many redirects".into())
    }

    pub(crate) fn open(&mut self, url: &str) -> Result<Page, Box<dyn Error>> {
        let page = self.get(url)?;
        self.follow(page)
    }

    /// Follows redirects until one leads to that path, and gives its URL
    pub(crate) fn follow_until(
        &mut self,
        mut page: Page,
        path: &str,
    ) -> Result<Url, Box<dyn Error>> {
        for _ in 0..30 {
            match page.location()? {
                Some(next) if next.path() == path => return Ok(next),
                Some(next) => page = self.get(next.as_str())?,
                None => {
                    return Err(
                        format!("no redirect to {path}: {} {}", page.status, page.url).into(),
                    );
                }
            }
        }
        Err("too many redirects".into())
    }

    /// Signs in at Okta, and gives the portal's callback without asking for it
    pub(crate) fn okta_callback(&mut self, login: &Page) -> Result<Url, Box<dyn Error>> {
        let token = self.session_token(login, USER, PASSWORD)?;
        let resume = login.query("fromURI").ok_or("no fromURI")?;
        let resume = login.url.join(&resume)?;
        let page = self.get(finish_url(login, &token, resume.as_str())?.as_str())?;
        self.follow_until(page, "/auth/oidc")
    }

    /// The value of a cookie
    pub(crate) fn cookie(&self, host: &str, name: &str) -> Option<&str> {
        self.jar.get(host)?.get(name).map(String::as_str)
    }

    pub(crate) fn drop_cookie(&mut self, host: &str, name: &str) {
        if let Some(cookies) = self.jar.get_mut(host) {
            cookies.remove(name);
        }
    }

    /// The token page, up to wherever it leads without a login
    pub(crate) fn start(&mut self) -> Result<Page, Box<dyn Error>> {
        self.open(&format!("{}/k8stoken/token/user", self.bed.portal_url()))
    }

    /// From Okta's login page to the first page that is no redirect any more
    pub(crate) fn okta_sign_in(&mut self, login: &Page) -> Result<Page, Box<dyn Error>> {
        let token = self.session_token(login, USER, PASSWORD)?;
        let resume = login.query("fromURI").ok_or("no fromURI")?;
        let resume = login.url.join(&resume)?;
        self.okta_finish(login, &token, resume.as_str())
    }

    pub(crate) fn session_token(
        &mut self,
        login: &Page,
        user: &str,
        password: &str,
    ) -> Result<String, Box<dyn Error>> {
        let page = self.authn(login, &json!({"username": user, "password": password}))?;
        page.string("/sessionToken")
    }

    pub(crate) fn authn(&mut self, login: &Page, body: &Value) -> Result<Page, Box<dyn Error>> {
        self.post_json(login.url.join("/api/v1/authn")?.as_str(), body)
    }

    pub(crate) fn okta_finish(
        &mut self,
        login: &Page,
        token: &str,
        resume: &str,
    ) -> Result<Page, Box<dyn Error>> {
        let url = finish_url(login, token, resume)?;
        self.open(url.as_str())
    }

    /// Signs [`USER`] in at a portal's own form, and goes on until there is a page
    pub(crate) fn portal_form(
        &mut self,
        form: &Page,
        password: &str,
    ) -> Result<Page, Box<dyn Error>> {
        let target = form.between("name=\"target\" value=\"", "\"");
        let target = target.ok_or("no target")?;
        let fields = [("user", USER), ("pwd", password), ("target", &target)];
        let posted = self.post(form.url.join("/auth/formlogin")?.as_str(), &fields)?;
        self.follow(posted)
    }

    /// Posts a page's only form with the values that it holds
    pub(crate) fn post_form(&mut self, page: &Page) -> Result<Page, Box<dyn Error>> {
        let action = page.between("action=\"", "\"").ok_or("no form")?;
        let action = page.url.join(&unescaped(&action))?;
        let fields: Vec<(String, String)> = page
            .text
            .split("<input")
            .skip(1)
            .filter_map(|input| {
                let (_, name) = input.split_once("name=\"")?;
                let (_, value) = input.split_once("value=\"")?;
                let (name, value) = (name.split('"').next()?, value.split('"').next()?);
                Some((name.to_owned(), unescaped(value)))
            })
            .collect();
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let page = self.post(action.as_str(), &fields)?;
        self.follow(page)
    }

    /// What the portal's token endpoint says to a refresh
    pub(crate) fn refresh(&mut self, token: &str) -> Result<Page, Box<dyn Error>> {
        let url = format!("{}/auth/idp/k8sIdp/token", self.bed.portal_url());
        self.post(
            &url,
            &[
                ("grant_type", "refresh_token"),
                ("client_id", "kubernetes"),
                ("client_secret", ""),
                ("refresh_token", token),
            ],
        )
    }

    fn knows(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        self.bed.hosts().iter().any(|known| known == host)
    }
}

impl Page {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(name, _)| name == "set-cookie")
            .map(|(_, value)| value.as_str())
            .collect()
    }

    pub(crate) fn location(&self) -> Result<Option<Url>, Box<dyn Error>> {
        match self.header("location") {
            Some(location) => Ok(Some(self.url.join(location)?)),
            None => Ok(None),
        }
    }

    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let mut pairs = self.url.query_pairs();
        pairs
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }

    pub(crate) fn json(&self) -> Result<Value, Box<dyn Error>> {
        Ok(serde_json::from_str(&self.text)?)
    }

    /// A string of a JSON document
    pub(crate) fn string(&self, pointer: &str) -> Result<String, Box<dyn Error>> {
        let document = self.json()?;
        let value = document.pointer(pointer).and_then(Value::as_str);
        Ok(value
            .ok_or_else(|| format!("{} has no {pointer}", self.text))?
            .to_owned())
    }

    pub(crate) fn between(&self, before: &str, after: &str) -> Option<String> {
        let (_, rest) = self.text.split_once(before)?;
        rest.split_once(after).map(|(value, _)| value.to_owned())
    }
}

/// The token document of a whole login
pub(crate) fn document(bed: &Testbed) -> Result<Page, Box<dyn Error>> {
    let mut browser = Browser::new(bed)?;
    let login = browser.start()?;
    browser.okta_sign_in(&login)
}

/// The claims of a token, unchecked
pub(crate) fn claims(token: &str) -> Result<Value, Box<dyn Error>> {
    let payload = token.split('.').nth(1).ok_or("no payload")?;
    Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?)
}

fn finish_url(login: &Page, token: &str, resume: &str) -> Result<Url, Box<dyn Error>> {
    let mut url = login.url.join("/login/sessionCookieRedirect")?;
    url.query_pairs_mut()
        .clear()
        .append_pair("checkAccountSetupComplete", "true")
        .append_pair("token", token)
        .append_pair("redirectUrl", resume);
    Ok(url)
}

/// Hexadecimal and decimal references, and `&amp;`
pub(crate) fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let (name, tail) = after.split_once(';').unwrap_or((after, ""));
        let code = match name.strip_prefix("#x") {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => name.strip_prefix('#').and_then(|dec| dec.parse().ok()),
        };
        plain.push(code.and_then(char::from_u32).unwrap_or('&'));
        rest = tail;
    }
    plain.push_str(rest);
    plain
}
