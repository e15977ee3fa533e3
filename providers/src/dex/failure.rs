//! What Dex's error pages mean: by place and status, since their texts are for people and differ from version to version.

use doorward::{Error, Page, Url};

/// Where an address stands below the issuer's
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// The portal's sign-in request, or the choice of a connector
    Request,
    /// The beginning at one connector; before 2.29 its password form, too
    Connector,
    Password,
    Approval,
    /// The way back from a connector's own provider
    Callback,
}

impl Place {
    pub(super) fn of(url: &Url) -> Option<Self> {
        let from_the_end: Vec<&str> = url.path().rsplit('/').take(3).collect();
        match from_the_end.as_slice() {
            ["login", _, "auth"] => Some(Self::Password),
            ["approval", ..] => Some(Self::Approval),
            ["callback", ..] | [_, "callback", ..] => Some(Self::Callback),
            ["auth", ..] => Some(Self::Request),
            [_, "auth", ..] => Some(Self::Connector),
            _ => None,
        }
    }
}

/// The error for a page of Dex's that ends the login
pub(super) fn failure(page: &Page) -> Option<Error> {
    use Place::{Approval, Callback, Connector, Password, Request};
    let error = match (Place::of(page.url())?, page.status()) {
        (Callback, 403) => Error::denied("signed in behind Dex, which refuses this account")
            .hint("the account may lack a group that Dex's connector asks for"),
        (Request | Connector, 403) => {
            Error::denied("Dex does not let this portal use that connector")
                .hint("choose another one with --login-option LABEL")
        }
        (Password | Callback | Approval, 400) | (Approval, 401) => lost(),
        (Connector, 400) if page.query("req").is_some() => lost(),
        (Request | Connector, 400 | 404) => {
            Error::portal("Dex refuses the portal's sign-in request").hint(NOT_KNOWN)
        }
        (Connector | Password | Callback, 500) => failed(page),
        _ => return None,
    };
    let status = page.status().to_string();
    Some(error.at("page", page.path()).at("status", status))
}

/// A provider behind Dex that refuses says so in the address, and Dex shows it as a failure of its own
fn failed(page: &Page) -> Error {
    match page.query("error") {
        Some(said) if !LATER.contains(&said.as_str()) => {
            Error::denied("the provider behind Dex's connector refused the login")
                .at("provider_said", said)
        }
        _ => Error::unavailable("Dex failed at its connector").hint(LOG_SAYS_HOW),
    }
}

fn lost() -> Error {
    Error::unexpected_page("Dex does not know this login: it expired, was used up, or is forgotten")
        .hint(FORGETS)
}

const FORGETS: &str = "Dex forgets it after expiry.authRequests; with storage in memory also at a restart, and between replicas";

const LOG_SAYS_HOW: &str = "Dex's log says how; some versions show a missing group in the same way";

const NOT_KNOWN: &str = "its client, redirect address or connector is unknown: see Dex's log";

/// Errors that pass, from <https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1>
const LATER: [&str; 2] = ["server_error", "temporarily_unavailable"];

#[cfg(test)]
mod tests {
    use doorward::{ErrorKind, Page, Url};

    use super::{Place, failure};

    fn place(path: &str) -> Option<Place> {
        Place::of(&Url::parse(&format!("https://dex.test{path}")).unwrap())
    }

    fn kind(path: &str, status: u16) -> Option<ErrorKind> {
        let page = Page::response(&format!("https://dex.test{path}"), status, &[], "").unwrap();
        failure(&page).map(|error| error.kind())
    }

    #[test]
    fn a_place_is_told_below_any_issuer() {
        for issuer in ["", "/dex", "/auth/dex"] {
            for (path, told) in [
                ("/auth", Place::Request),
                ("/auth/ldap", Place::Connector),
                ("/auth/login", Place::Connector),
                ("/auth/ldap/login", Place::Password),
                ("/approval", Place::Approval),
                ("/callback", Place::Callback),
                ("/callback/ldap", Place::Callback),
            ] {
                assert_eq!(
                    place(&format!("{issuer}{path}")),
                    Some(told),
                    "{issuer}{path}"
                );
            }
        }
        for path in ["/", "/login", "/dex/theme/styles.css", "/dex/auth/a/b"] {
            assert_eq!(place(path), None, "{path}");
        }
    }

    #[test]
    fn a_failure_is_told_by_place_and_status() {
        use ErrorKind::{Denied, Portal, Unavailable, UnexpectedPage};

        for (path, status, told) in [
            ("/dex/auth?client_id=a", 400, Some(Portal)),
            ("/dex/auth/ldap?client_id=a", 404, Some(Portal)),
            ("/dex/auth/ldap?client_id=a", 403, Some(Denied)),
            ("/dex/auth/ldap?client_id=a", 500, Some(Unavailable)),
            ("/dex/auth/ldap?req=a", 400, Some(UnexpectedPage)),
            ("/dex/auth/ldap/login?state=a", 400, Some(UnexpectedPage)),
            ("/dex/auth/ldap/login?state=a", 500, Some(Unavailable)),
            ("/dex/approval?req=a", 401, Some(UnexpectedPage)),
            ("/dex/approval?req=a&hmac=b", 400, Some(UnexpectedPage)),
            ("/dex/callback?state=a", 400, Some(UnexpectedPage)),
            ("/dex/callback?state=a", 403, Some(Denied)),
            ("/dex/callback?state=a", 500, Some(Unavailable)),
            (
                "/dex/callback?state=a&error=access_denied",
                500,
                Some(Denied),
            ),
            (
                "/dex/callback?state=a&error=server_error",
                500,
                Some(Unavailable),
            ),
        ] {
            assert_eq!(kind(path, status), told, "{status} {path}");
        }
    }

    #[test]
    fn servers_before_dex_are_not_explained() {
        for status in [200, 302, 413, 429, 502, 503, 504] {
            assert_eq!(
                kind("/dex/auth/ldap/login?state=a", status),
                None,
                "{status}"
            );
        }
        assert_eq!(kind("/healthz", 500), None);
    }
}
