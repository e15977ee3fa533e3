//! The cookies of one login, in the order and under the rules of a browser.

use cookie_store::{CookieStore, RawCookie};
use url::{Host, Url};

use crate::devices::Device;
use crate::{Error, Secret};

/// The cookie jar of one login
///
/// `cookie_store` keeps and matches; this adds what browsers do besides: the order of RFC 6265 5.4, public suffixes,
/// the name prefixes, and limits.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc6265>, <https://www.ietf.org/archive/id/draft-ietf-httpbis-rfc6265bis-20.html>
pub(crate) struct Jar {
    store: CookieStore,
}

impl Jar {
    pub(crate) fn new() -> Self {
        Self {
            store: CookieStore::new(),
        }
    }

    /// Keeps what an answer's `Set-Cookie` lines say, one after the other; a line that a browser would drop is dropped
    pub(crate) fn store<'a>(
        &mut self,
        url: &Url,
        lines: impl Iterator<Item = &'a str>,
    ) -> Result<(), Error> {
        for line in lines {
            if line.len() > LINE_LIMIT {
                return Err(
                    Error::unexpected_page("a cookie is longer than 16 KiB").at("host", host(url))
                );
            }
            let Ok(cookie) = RawCookie::parse(line.to_owned()) else {
                continue;
            };
            if is_allowed(&cookie, url) {
                // Refused ones (another domain, an empty name) are what a browser ignores, too.
                let _ = self.store.insert_raw(&cookie, url);
            }
        }
        match self.store.iter_any().count() {
            count if count > COOKIE_LIMIT => Err(Error::unexpected_page(
                "the login sets more than 300 cookies",
            )
            .at("host", host(url))),
            _ => Ok(()),
        }
    }

    /// Adds what a host gave at an earlier login, for that host alone
    pub(crate) fn give_back(&mut self, device: &Device) {
        let Ok(url) = Url::parse(&format!("https://{}/", device.host)) else {
            return;
        };
        let (name, value) = (device.name.clone(), device.value.expose_secret().to_owned());
        let cookie = RawCookie::build((name, value)).path("/").secure(true);
        let _ = self.store.insert_raw(&cookie.build(), &url);
    }

    /// The value of the cookie `name` that `url` would get
    pub(crate) fn value(&self, url: &Url, name: &str) -> Option<Secret> {
        let cookies = self.store.matches(url);
        let found = cookies.iter().find(|cookie| cookie.name() == name)?;
        Some(Secret::new(found.value()))
    }

    /// The `Cookie` header for `url`: longer paths first, then older cookies first
    pub(crate) fn header(&self, url: &Url) -> Option<String> {
        let mut cookies = self.store.matches(url);
        // A stable sort: the store's `preserve_order` gives the order of arrival within one path length.
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.as_ref().len()));
        let pairs: Vec<String> = cookies
            .iter()
            .map(|cookie| format!("{}={}", cookie.name(), cookie.value()))
            .collect();
        match pairs.is_empty() {
            true => None,
            false => Some(pairs.join("; ")),
        }
    }
}

fn is_allowed(cookie: &RawCookie<'_>, url: &Url) -> bool {
    let name = cookie.name().to_ascii_lowercase();
    let host_only = cookie.domain().is_none();
    let secure = cookie.secure().unwrap_or(false);
    if name.starts_with("__host-") && !(secure && host_only && cookie.path() == Some("/")) {
        return false;
    }
    if name.starts_with("__secure-") && !secure {
        return false;
    }
    match (cookie.domain(), url.host()) {
        (None, _) => true,
        (Some(domain), Some(Host::Domain(host))) => {
            let domain = domain.trim_start_matches('.').to_ascii_lowercase();
            // A public suffix may set a cookie for itself only (RFC 6265 5.3, step 5); so may a single label.
            domain == host || (domain.contains('.') && !is_public_suffix(&domain))
        }
        (Some(domain), Some(host)) => domain == host.to_string(),
        (Some(_), None) => false,
    }
}

fn is_public_suffix(domain: &str) -> bool {
    psl::suffix(domain.as_bytes()).is_some_and(|suffix| suffix.as_bytes() == domain.as_bytes())
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

const LINE_LIMIT: usize = 16 * 1024;

const COOKIE_LIMIT: usize = 300;

#[cfg(test)]
mod tests {
    use url::Url;

    use super::Jar;
    use crate::devices::Device;
    use crate::{ErrorKind, Secret};

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn jar(at: &str, lines: &[&str]) -> Jar {
        let mut jar = Jar::new();
        jar.store(&url(at), lines.iter().copied()).unwrap();
        jar
    }

    #[test]
    fn what_a_host_gave_goes_back_to_it_alone_and_by_tls() {
        let mut jar = Jar::new();
        jar.give_back(&Device {
            host: "id.example.com".into(),
            name: "DT".into(),
            value: Secret::new("DI1"),
        });

        assert_eq!(
            jar.header(&url("https://id.example.com/x")).unwrap(),
            "DT=DI1"
        );
        for other in [
            "http://id.example.com/",
            "https://a.id.example.com/",
            "https://example.com/",
        ] {
            assert_eq!(jar.header(&url(other)), None, "{other}");
        }
        let value = jar.value(&url("https://id.example.com/"), "DT").unwrap();
        assert_eq!(value.expose_secret(), "DI1");
        // A newer one takes its place.
        let line = "DT=DI2;Path=/;Secure";
        jar.store(&url("https://id.example.com/"), [line].into_iter())
            .unwrap();
        assert_eq!(
            jar.header(&url("https://id.example.com/x")).unwrap(),
            "DT=DI2"
        );
    }

    #[test]
    fn hand_built_cookies_are_kept() {
        let jar = jar(
            "https://k8sou.example.com/k8stoken/token/user",
            &[
                "openSession=x; Path=/; Secure; HttpOnly; Max-Age=0; Expires=Thu, 01-Jan-1970 00:00:00 GMT;",
                "tremolosession=eyJpdiI6Ii4ufQ==; Domain=k8sou.example.com; Secure; HttpOnly; Path=/;",
                "autoIdmAppName=token; Domain=k8sou.example.com; Secure; HttpOnly; Path=/;",
                "mellon-cookie=abc; Version=1; Domain=k8sou.example.com; Secure; HttpOnly=1; Path=/;",
            ],
        );

        let header = jar
            .header(&url("https://k8sou.example.com/auth/oidc"))
            .unwrap();

        assert_eq!(
            header,
            "tremolosession=eyJpdiI6Ii4ufQ==; autoIdmAppName=token; mellon-cookie=abc"
        );
    }

    #[test]
    fn the_last_of_many_lines_wins_and_a_past_date_deletes() {
        let jar = jar(
            "https://k8sou.example.com/auth/oidc",
            &[
                "a=1; Path=/;",
                "a=2; Path=/;",
                "b=1; Path=/;",
                "b=DNE; Path=/; Max-Age=0; Expires=Thu, 01-Jan-1970 00:00:00 GMT;",
                "c=1; Path=/;",
                "c=; Path=/; Expires=Thu, 01-Jan-1970 00:00:10 GMT;",
                "d=1; Path=/; Expires=Wed, 21-Oct-2099 07:28:00 GMT;",
            ],
        );

        assert_eq!(
            jar.header(&url("https://k8sou.example.com/")).as_deref(),
            Some("a=2; d=1")
        );
    }

    #[test]
    fn longer_paths_come_first_then_older_cookies() {
        let jar = jar(
            "https://op.test/auth/1",
            &[
                "z=1; Path=/",
                "a=2; Path=/",
                "m=3; Path=/auth",
                "k=4; Path=/auth/1",
                "x=5; Path=/interaction",
            ],
        );

        assert_eq!(
            jar.header(&url("https://op.test/auth/1")).as_deref(),
            Some("k=4; m=3; z=1; a=2")
        );
    }

    #[test]
    fn quotes_are_sent_back_unchanged() {
        let jar = jar(
            "https://kc.test/",
            &[r#"KC_AUTH_SESSION_HASH="abc"; Path=/"#],
        );

        assert_eq!(
            jar.header(&url("https://kc.test/")).as_deref(),
            Some(r#"KC_AUTH_SESSION_HASH="abc""#)
        );
    }

    #[test]
    fn host_only_cookies_stay_at_their_host() {
        let jar = jar("https://a.test/", &["host=1", "domain=2; Domain=a.test"]);

        assert_eq!(
            jar.header(&url("https://sub.a.test/")).as_deref(),
            Some("domain=2")
        );
        assert_eq!(jar.header(&url("https://b.test/")), None);
    }

    #[test]
    fn no_cookie_for_a_public_suffix_or_another_site() {
        let jar = jar(
            "https://evil.co.uk/",
            &[
                "a=1; Domain=co.uk",
                "b=1; Domain=uk",
                "c=1; Domain=portal.co.uk",
                "d=1; Domain=evil.co.uk",
            ],
        );

        assert_eq!(jar.header(&url("https://portal.co.uk/")), None);
        assert_eq!(
            jar.header(&url("https://evil.co.uk/")).as_deref(),
            Some("d=1")
        );
    }

    #[test]
    fn an_address_may_name_itself_as_domain() {
        let jar = jar(
            "https://127.0.0.1:8443/",
            &["a=1; Domain=127.0.0.1; Path=/;", "b=1; Domain=0.0.1"],
        );

        assert_eq!(
            jar.header(&url("https://127.0.0.1:8443/auth")).as_deref(),
            Some("a=1")
        );
        assert_eq!(jar.header(&url("https://127.0.0.2:8443/auth")), None);
    }

    #[test]
    fn name_prefixes_are_honoured() {
        let jar = jar(
            "https://a.test/",
            &[
                "__Host-a=1; Secure; Path=/; Domain=a.test",
                "__Host-b=1; Secure; Path=/x",
                "__Host-c=1; Path=/",
                "__Secure-d=1",
                "__Host-e=1; Secure; Path=/",
                "__Secure-f=1; Secure",
            ],
        );

        assert_eq!(
            jar.header(&url("https://a.test/")).as_deref(),
            Some("__Host-e=1; __Secure-f=1")
        );
    }

    #[test]
    fn secure_cookies_never_go_over_http() {
        let jar = jar("https://a.test/", &["s=1; Secure"]);

        assert_eq!(jar.header(&url("http://a.test/")), None);
    }

    #[test]
    fn cookies_have_limits() {
        let mut jar = Jar::new();
        let long = format!("a={}", "x".repeat(20_000));
        let error = jar
            .store(&url("https://a.test/"), [long.as_str()].into_iter())
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedPage);

        let many: Vec<String> = (0..400).map(|n| format!("c{n}=1")).collect();
        let error = jar
            .store(&url("https://a.test/"), many.iter().map(String::as_str))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
    }
}
