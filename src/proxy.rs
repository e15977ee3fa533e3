//! Which proxy leads to the servers, without the password that it may ask for.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::Error;

/// A proxy in place of the one that `HTTPS_PROXY` names, or none at all
///
/// It holds no password, so that it may stand in a profile. `Display` and `Debug` leave out the user name, too.
///
/// ```
/// use doorward::{ErrorKind, Proxy};
///
/// let proxy = Proxy::parse("http://ci@proxy.example.com:3128")?;
/// assert_eq!(proxy.to_string(), "http://proxy.example.com:3128");
/// assert_eq!(Proxy::parse("none")?.to_string(), "none");
///
/// let with_password = Proxy::parse("http://ci:secret@proxy.example.com:3128");
/// assert_eq!(with_password.unwrap_err().kind(), ErrorKind::Config);
/// # Ok::<(), doorward::Error>(())
/// ```
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[serde(into = "String", try_from = "String")]
pub struct Proxy(Option<Url>);

impl Proxy {
    /// Reads `http://PROXY:PORT` or `https://PROXY:PORT`, with `USER@` before the host if need be, or `none`
    ///
    /// Without a scheme it is `http`: that is how the proxy itself is spoken to, and says nothing of what goes through it.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): it is something else, or has a password in it. No error shows any of it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text == NONE {
            return Ok(Self(None));
        }
        let with_scheme = match text.contains("://") {
            true => text.to_owned(),
            false => format!("http://{text}"),
        };
        let wrong = || {
            Error::config("this is no URL of a proxy").hint(
                "it has the form http://PROXY:PORT or https://PROXY:PORT; none stands for no proxy",
            )
        };
        let url = Url::parse(&with_scheme).map_err(|_| wrong())?;
        if url.password().is_some() {
            return Err(
                Error::config("the URL of a proxy must not hold the password").hint(
                    "leave the user name there, and give the password as DOORWARD_PROXY_PASSWORD; \
                     HTTPS_PROXY may hold both",
                ),
            );
        }
        let is_plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        match ["http", "https"].contains(&url.scheme()) && is_plain {
            true => Ok(Self(Some(url))),
            false => Err(wrong()),
        }
    }

    /// The proxy's URL, with the user name; nothing for no proxy
    #[cfg(feature = "login")]
    pub(crate) fn url(&self) -> Option<&Url> {
        self.0.as_ref()
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(url) => f.write_str(&url.origin().ascii_serialization()),
            None => f.write_str(NONE),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proxy").field(&self.to_string()).finish()
    }
}

/// As it is kept: with the user name
impl From<Proxy> for String {
    fn from(proxy: Proxy) -> Self {
        match proxy.0 {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => NONE.into(),
        }
    }
}

impl TryFrom<String> for Proxy {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::parse(&text)
    }
}

const NONE: &str = "none";

#[cfg(test)]
mod tests {
    use super::Proxy;
    use crate::ErrorKind;

    #[test]
    fn a_proxy_is_kept_with_its_user_and_shown_without() {
        for (text, kept, shown) in [
            (
                "proxy.test:3128",
                "http://proxy.test:3128",
                "http://proxy.test:3128",
            ),
            (
                "ci@proxy.test:3128",
                "http://ci@proxy.test:3128",
                "http://proxy.test:3128",
            ),
            (
                "https://proxy.test",
                "https://proxy.test",
                "https://proxy.test",
            ),
            (
                "http://[::1]:8080/",
                "http://[::1]:8080",
                "http://[::1]:8080",
            ),
            ("none", "none", "none"),
        ] {
            let proxy = Proxy::parse(text).unwrap();

            assert_eq!(proxy.to_string(), shown);
            assert_eq!(format!("{proxy:?}"), format!("Proxy({shown:?})"));
            let json = serde_json::to_string(&proxy).unwrap();
            assert_eq!(json, format!("{kept:?}"));
            assert_eq!(serde_json::from_str::<Proxy>(&json).unwrap(), proxy);
        }
    }

    #[test]
    fn a_password_in_a_proxys_url_is_refused_and_not_shown() {
        for text in [
            "http://ci:canary@proxy.test:3128",
            "ci:canary@proxy.test:3128",
            "http://:canary@proxy.test",
            "http:/ci:canary@proxy.test",
            "socks5://ci:canary@proxy.test",
            "http://proxy.test/canary",
            "http://proxy.test?canary",
            "http://canary canary",
            "",
        ] {
            let error = Proxy::parse(text).unwrap_err();

            assert_eq!(error.kind(), ErrorKind::Config);
            let shown = format!("{error:?} {error} {:?}", error.next_step());
            assert!(!shown.contains("canary"), "{shown}");
            assert!(serde_json::from_str::<Proxy>(&format!("{text:?}")).is_err());
        }
    }
}
