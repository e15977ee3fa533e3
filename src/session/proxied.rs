//! The way through a proxy: which hosts it leads to, and how it is told who asks.

use std::env;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::header::HeaderValue;
use reqwest::{ClientBuilder, NoProxy};
use zeroize::Zeroizing;

use crate::url_prefix::percent_decoded;
use crate::{Proxy, Secret};

/// The proxy that the caller named, if any, and its password
#[derive(Clone, Default)]
pub(crate) struct Proxied {
    pub(crate) proxy: Option<Proxy>,
    pub(crate) password: Option<Secret>,
}

impl Proxied {
    /// Sets the proxy of a client; without one, the client itself asks the environment
    pub(crate) fn set(&self, builder: ClientBuilder) -> Result<ClientBuilder, reqwest::Error> {
        let Some(proxy) = &self.proxy else {
            return Ok(builder);
        };
        let Some(url) = proxy.url() else {
            return Ok(builder.no_proxy());
        };
        let mut bare = url.clone();
        // Neither fails for a URL with a host.
        let _ = bare.set_username("");
        let mut proxy = reqwest::Proxy::https(bare)?.no_proxy(NoProxy::from_string(&exempt()));
        if let Some(header) = self.authorization(url.username()) {
            proxy = proxy.custom_http_auth(header);
        }
        Ok(builder.proxy(proxy))
    }

    /// Which hosts a proxy leads to, as the client finds it out
    pub(crate) fn matcher(&self) -> Matcher {
        match self.proxy.as_ref().map(Proxy::url) {
            None => Matcher::from_system(),
            Some(None) => Matcher::builder().build(),
            Some(Some(url)) => {
                let builder = Matcher::builder().https(url.as_str().to_owned());
                builder.no(exempt()).build()
            }
        }
    }

    /// Source: <https://www.rfc-editor.org/rfc/rfc7617>
    fn authorization(&self, user: &str) -> Option<HeaderValue> {
        if user.is_empty() {
            return None;
        }
        let mut pair = Zeroizing::new(percent_decoded(user.as_bytes()));
        pair.push(b':');
        if let Some(password) = &self.password {
            pair.extend_from_slice(password.expose_secret().as_bytes());
        }
        let value = Zeroizing::new(format!("Basic {}", STANDARD.encode(&*pair)));
        let mut header = HeaderValue::from_str(&value).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

/// The proxy that leads to `url`, without user and password
pub(crate) fn way(matcher: &Matcher, url: &str) -> Option<String> {
    let found = matcher.intercept(&url.parse().ok()?)?;
    let uri = found.uri();
    let text = format!("{}://{}", uri.scheme_str()?, uri.authority()?);
    Some(crate::redact::one_line(&text))
}

/// Whether a proxy leads to `host`, so that nobody here looks up its name; the proxy's own name is looked up here
pub(crate) fn hides(matcher: &Matcher, host: &str) -> bool {
    let url = format!("https://{host}/").parse().ok();
    let found = url.and_then(|url| matcher.intercept(&url));
    found.is_some_and(|found| found.uri().host() != Some(host))
}

/// The hosts that no proxy leads to
fn exempt() -> String {
    let mut lists = ["NO_PROXY", "no_proxy"].into_iter().map(env::var);
    lists.find_map(Result::ok).unwrap_or_default()
}
