//! In whose name a page may ask.

use url::{Host, Url};

use crate::passkey::PasskeyError;
use crate::redact::one_line;

/// Who asks, checked: the page's origin, and the relying party that it may speak for
#[derive(Clone, Debug)]
pub(super) struct Asker {
    /// As it stands in the client data
    pub(super) origin: String,
    pub(super) rp_id: String,
}

impl Asker {
    /// The page's host is the relying party's identifier, or below it and not separated from it by a public suffix
    ///
    /// Where the page says no identifier, its host is meant.
    ///
    /// Source: <https://www.w3.org/TR/webauthn-3/#sctn-getAssertion>,
    /// <https://html.spec.whatwg.org/multipage/browsers.html#is-a-registrable-domain-suffix-of-or-is-equal-to>
    pub(super) fn check(page: &Url, rp_id: Option<&str>) -> Result<Self, PasskeyError> {
        if page.scheme() != "https" {
            return Err(PasskeyError::InsecureOrigin);
        }
        let Some(Host::Domain(host)) = page.host() else {
            let host = page.host_str().unwrap_or_default();
            return Err(PasskeyError::NotADomain(one_line(host)));
        };
        let rp_id = rp_id.filter(|rp_id| !rp_id.is_empty()).unwrap_or(host);
        check_domain(rp_id)?;
        if !is_own_or_parent(rp_id, host) {
            return Err(PasskeyError::ForeignRpId {
                rp_id: rp_id.to_owned(),
                host: host.to_owned(),
            });
        }
        Ok(Self {
            origin: page.origin().ascii_serialization(),
            rp_id: rp_id.to_owned(),
        })
    }
}

/// Whether `rp_id` is a domain, written as it is hashed: lower case, punycode, no port
pub(super) fn check_domain(rp_id: &str) -> Result<(), PasskeyError> {
    let is_domain = rp_id.len() <= LONGEST
        && !rp_id.split('.').any(str::is_empty)
        && matches!(Host::parse(rp_id), Ok(Host::Domain(domain)) if domain == rp_id);
    match is_domain {
        true => Ok(()),
        false => Err(PasskeyError::NotADomain(one_line(rp_id))),
    }
}

/// Whether `rp_id` is `host`, or what `host` stands below, down to the domain that somebody could register
fn is_own_or_parent(rp_id: &str, host: &str) -> bool {
    let is_below = host
        .strip_suffix(rp_id)
        .is_some_and(|rest| rest.ends_with('.'));
    let registrable = psl::domain_str(host);
    rp_id == host || is_below && registrable.is_some_and(|own| own.len() <= rp_id.len())
}

/// The longest name in the DNS
const LONGEST: usize = 253;

#[cfg(test)]
mod tests {
    use url::Url;

    use super::{Asker, check_domain};
    use crate::passkey::PasskeyError;
    use crate::redact::one_line;

    fn ask(page: &str, rp_id: &str) -> Result<String, PasskeyError> {
        let page = Url::parse(page).unwrap();
        Asker::check(&page, Some(rp_id)).map(|asker| asker.rp_id)
    }

    #[test]
    fn a_page_may_ask_for_its_host_and_for_a_parent_of_it() {
        // The examples of the standard, section "Relying Party Identifier"
        for rp_id in ["login.example.com", "example.com"] {
            let asked = ask("https://login.example.com:1337/x", rp_id);
            assert_eq!(asked.as_deref(), Ok(rp_id));
        }
        assert!(ask("https://a.b.example.co.uk", "b.example.co.uk").is_ok());
        assert!(ask("https://id.corp.test", "corp.test").is_ok());
        assert!(ask("https://id.city.kawasaki.jp", "city.kawasaki.jp").is_ok());
        assert!(ask("https://ci.github.io", "ci.github.io").is_ok());
    }

    #[test]
    fn a_public_suffix_is_nobodys_identifier() {
        for (page, rp_id) in [
            ("https://login.example.com", "com"),
            ("https://example.co.uk", "co.uk"),
            ("https://example.co.uk", "uk"),
            ("https://ci.github.io", "github.io"),
            ("https://id.corp.test", "test"),
            // The list has `*.ck`, and `*.kawasaki.jp` but `!city.kawasaki.jp`.
            ("https://a.b.ck", "b.ck"),
            ("https://b.ck", "ck"),
            ("https://id.a.kawasaki.jp", "a.kawasaki.jp"),
            ("https://id.a.kawasaki.jp", "kawasaki.jp"),
            ("https://a.kawasaki.jp", "kawasaki.jp"),
            ("https://city.kawasaki.jp", "kawasaki.jp"),
        ] {
            assert!(
                matches!(ask(page, rp_id), Err(PasskeyError::ForeignRpId { .. })),
                "{page} {rp_id}"
            );
        }
    }

    #[test]
    fn other_hosts_are_refused() {
        for rp_id in [
            "m.login.example.com",
            "other.example.com",
            "xample.com",
            "n.example.com",
            "example.org",
            "example.com.evil.test",
            "evil.test",
        ] {
            assert_eq!(
                ask("https://login.example.com", rp_id),
                Err(PasskeyError::ForeignRpId {
                    rp_id: rp_id.into(),
                    host: "login.example.com".into()
                })
            );
        }
        for lookalike in [
            "https://evilexample.com",
            "https://example.com.evil.test",
            "https://example.com@evil.test",
            "https://exаmple.com",
        ] {
            assert!(matches!(
                ask(lookalike, "example.com"),
                Err(PasskeyError::ForeignRpId { .. })
            ));
        }
    }

    #[test]
    fn only_domains_in_their_canonical_form_are_identifiers() {
        for odd in [
            "Example.com",
            "example.com.",
            ".example.com",
            "example..com",
            "example.com:443",
            "https://example.com",
            "example.com/",
            "exämple.com",
            "ex%61mple.com",
            "127.0.0.1",
            "0x7f.1",
            "[::1]",
            "a b",
            "",
            &"a.".repeat(200),
        ] {
            assert_eq!(
                check_domain(odd),
                Err(PasskeyError::NotADomain(one_line(odd))),
                "{odd}"
            );
        }
        assert_eq!(check_domain("xn--exmple-cua.com"), Ok(()));
        assert_eq!(check_domain("localhost"), Ok(()));
    }

    #[test]
    fn what_a_page_says_is_shown_as_one_harmless_line() {
        let said = format!("a\n::error::\u{202e}{}", "x".repeat(1000));

        let error = check_domain(&said).unwrap_err();

        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(['\n', '\u{202e}']) && !shown.contains("::error"));
        assert!(shown.len() < 1000);
    }

    #[test]
    fn an_address_is_no_relying_party_and_localhost_is_one_of_its_own() {
        for page in ["https://127.0.0.1", "https://[::1]:8443"] {
            let asked = Asker::check(&Url::parse(page).unwrap(), None);
            assert!(matches!(asked, Err(PasskeyError::NotADomain(_))), "{page}");
        }
        assert!(ask("https://localhost:8443", "localhost").is_ok());
        assert!(ask("https://id.localhost", "localhost").is_err());
    }

    #[test]
    fn only_https_is_answered() {
        for page in ["http://example.com", "http://localhost", "data:text/html,x"] {
            assert_eq!(ask(page, "example.com"), Err(PasskeyError::InsecureOrigin));
        }
    }

    #[test]
    fn without_an_identifier_the_host_is_meant() {
        let page = Url::parse("https://u:p@login.example.com:8443/path?x#y").unwrap();

        for rp_id in [None, Some("")] {
            let asker = Asker::check(&page, rp_id).unwrap();

            assert_eq!(asker.rp_id, "login.example.com");
            assert_eq!(asker.origin, "https://login.example.com:8443");
        }
    }
}
