//! The authorization code flow, from the request to the redirect that brings the code.

use std::fmt;

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use crate::oidc::refusal;
use crate::page::query;
use crate::portal_pages::PortalPages;
use crate::walk::Destination;
use crate::{Error, IdpAdapter, Page, Request, Secret, redact};

/// One request to sign somebody in, and where its answer is to arrive
///
/// The walk ends at the redirect to the registered address, which is not fetched: nothing has to listen there.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc6749#section-4.1>, <https://www.rfc-editor.org/rfc/rfc7636>
pub(crate) struct Authorization {
    url: Url,
    issuer: String,
    redirect: Url,
    /// As it is registered: servers compare it letter by letter
    redirect_uri: String,
    state: String,
    nonce: String,
    verifier: Secret,
    /// Whether an answer that does not say whose it is is none
    names_itself: bool,
    pages: PortalPages,
}

impl Authorization {
    /// A request of `client` at `endpoint`, with a state, a nonce and a verifier of its own
    ///
    /// # Errors
    ///
    /// `Config`: the redirect address is no URL, or has a fragment.
    pub(crate) fn new(
        endpoint: &Url,
        issuer: &str,
        client: &str,
        redirect_uri: &str,
        scope: &str,
    ) -> Result<Self, Error> {
        let redirect = redirect_address(redirect_uri)?;
        let (state, nonce, verifier) = (random()?, random()?, random()?);
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        let mut url = endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", client)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", scope)
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(Self {
            url,
            issuer: issuer.to_owned(),
            redirect,
            redirect_uri: redirect_uri.to_owned(),
            state,
            nonce,
            verifier: Secret::new(verifier),
            names_itself: false,
            pages: PortalPages,
        })
    }

    /// Whether the answer must say whose it is
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc9207>
    pub(crate) fn named_by_issuer(mut self, is_named: bool) -> Self {
        self.names_itself = is_named;
        self
    }

    /// Where the walk begins
    pub(crate) fn request(&self) -> Request {
        Request::get(&self.url)
    }

    /// What the id_token must repeat
    pub(crate) fn nonce(&self) -> &str {
        &self.nonce
    }

    /// What shows the token endpoint that the code is ours
    pub(super) fn verifier(&self) -> &Secret {
        &self.verifier
    }

    /// The registered address, letter by letter
    pub(super) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// The code in the redirect at which the walk ended
    ///
    /// # Errors
    ///
    /// What the issuer says of a failure, by its kind; `UnexpectedPage` for the answer to another request.
    pub(crate) fn code(&self, arrived: &Page) -> Result<Secret, Error> {
        let wrong = |what: &str| {
            Error::unexpected_page(format!("the answer of the issuer {what}"))
                .at("host", arrived.host())
                .at("path", arrived.path())
        };
        let to = arrived.redirect().ok_or_else(|| wrong("is no redirect"))?;
        let state = query(to, "state");
        let error = query(to, "error");
        // A refusal of a client that is not known comes without a state at some; it can only end the login.
        if state.as_deref() != Some(&*self.state) && (state.is_some() || error.is_none()) {
            return Err(wrong("is to another request: its state is not ours"));
        }
        if let Some(error) = error {
            let description = query(to, "error_description");
            return Err(refusal::at_address(&error, description.as_deref())
                .at("host", arrived.host())
                .at("path", arrived.path()));
        }
        match query(to, "iss") {
            Some(issuer) if issuer == self.issuer => {}
            None if !self.names_itself => {}
            said => {
                return Err(wrong("is another issuer's").at("says", said.unwrap_or_default()));
            }
        }
        let code = query(to, "code").filter(|code| !code.is_empty());
        code.map(Secret::new)
            .ok_or_else(|| wrong("holds neither a code nor an error"))
    }

    /// Whether an answer that came in another way than [`code`](Self::code) reads is to this request
    ///
    /// # Errors
    ///
    /// `UnexpectedPage`: it is to another.
    pub(crate) fn check_state(&self, state: Option<&str>, arrived: &Page) -> Result<(), Error> {
        match state == Some(&*self.state) {
            true => Ok(()),
            false => Err(Error::unexpected_page(
                "the answer is to another request: its state is not ours",
            )
            .at("host", arrived.host())
            .at("path", arrived.path())),
        }
    }

    /// Whether `to` is the registered address with something added to its query
    fn is_here(&self, to: &Url) -> bool {
        let at = |url: &Url| {
            let host = url.host().map(|host| host.to_owned());
            (host, url.port_or_known_default(), url.path().to_owned())
        };
        let is_plain = to.username().is_empty() && to.password().is_none();
        let mut pairs = to.query_pairs();
        is_plain
            && to.scheme() == self.redirect.scheme()
            && at(to) == at(&self.redirect)
            && self
                .redirect
                .query_pairs()
                .all(|own| pairs.next() == Some(own))
    }
}

#[async_trait]
impl Destination for Authorization {
    fn reached(&self, page: &Page) -> Result<bool, Error> {
        Ok(page.redirect().is_some_and(|to| self.is_here(to)))
    }

    /// A portal that is an issuer shows its own pages here, too
    fn pages(&self) -> &dyn IdpAdapter {
        &self.pages
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("issuer", &self.issuer)
            .field("redirect_uri", &redact::url(&self.redirect_uri))
            .finish_non_exhaustive()
    }
}

/// Reads what a client registered as its redirect address
pub(crate) fn redirect_address(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text).ok();
    let url = url.filter(|url| url.fragment().is_none() && url.username().is_empty());
    url.ok_or_else(|| {
        Error::config("the redirect address is no URL without fragment and user name")
            .at("redirect_uri", redact::url(text))
    })
}

/// 256 bits by chance
pub(super) fn random() -> Result<String, Error> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes)
        .map_err(|error| Error::config("the system has no random numbers").because(error))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::{Authorization, redirect_address};
    use crate::walk::Destination;
    use crate::{ErrorKind, Page};

    fn authorization(redirect_uri: &str) -> Authorization {
        let endpoint = Url::parse("https://i.test/auth?tenant=a").unwrap();
        Authorization::new(&endpoint, "https://i.test", "cli", redirect_uri, "openid").unwrap()
    }

    fn page(to: &str) -> Page {
        Page::response("https://i.test/done", 302, &[("location", to)], "").unwrap()
    }

    #[test]
    fn a_request_has_a_challenge_a_state_and_a_nonce_of_its_own() {
        let (one, two) = (authorization(LOCAL), authorization(LOCAL));
        let names: Vec<String> = one.url.query_pairs().map(|(name, _)| name.into()).collect();

        assert_eq!(
            names,
            [
                "tenant",
                "response_type",
                "client_id",
                "redirect_uri",
                "scope",
                "state",
                "nonce",
                "code_challenge",
                "code_challenge_method"
            ]
        );
        assert_ne!(one.state, two.state);
        assert_ne!(one.nonce, two.nonce);
        assert_ne!(one.nonce, one.state);
        assert!(!one.url.as_str().contains(one.verifier.expose_secret()));
        assert_eq!(one.verifier.expose_secret().len(), 43);
        assert!(!format!("{one:?}").contains(&one.state));
    }

    #[test]
    fn the_walk_ends_at_the_registered_address_and_at_no_other() {
        let reached =
            |registered: &str, to: &str| authorization(registered).reached(&page(to)).unwrap();

        for to in [
            "http://localhost:8000?code=c",
            "http://localhost:8000/?x=1",
            LOCAL,
        ] {
            assert!(reached(LOCAL, to), "{to}");
        }
        for to in [
            "https://localhost:8000/?code=c",
            "http://localhost:8001/?code=c",
            "http://localhost/?code=c",
            "http://localhost.evil.test:8000/",
            "http://x@localhost:8000/?code=c",
            "http://localhost:8000/cb?code=c",
            "http://127.0.0.1:8000/?code=c",
        ] {
            assert!(!reached(LOCAL, to), "{to}");
        }
        assert!(reached(
            "https://a.test/cb?p=1",
            "https://a.test/cb?p=1&code=c"
        ));
        assert!(!reached(
            "https://a.test/cb?p=1",
            "https://a.test/cb?code=c"
        ));
    }

    #[test]
    fn a_code_counts_with_our_state_only() {
        let login = authorization(LOCAL);
        let good = format!("{LOCAL}?code=c%2B1&state={}", login.state);
        let code = login.code(&page(&good)).unwrap();
        assert_eq!(code.expose_secret(), "c+1");

        for to in [
            format!("{LOCAL}?code=c&state=other"),
            format!("{LOCAL}?code=c"),
            format!("{LOCAL}?error=access_denied&state=other"),
            format!("{LOCAL}?code=&state={}", login.state),
            format!("{LOCAL}?code=c&state={}&iss=https://evil.test", login.state),
        ] {
            let error = login.code(&page(&to)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedPage, "{to}");
        }
    }

    #[test]
    fn an_issuer_that_says_so_names_itself_in_its_answer() {
        let login = authorization(LOCAL).named_by_issuer(true);
        let answer = |rest: &str| page(&format!("{LOCAL}?code=c&state={}{rest}", login.state));

        assert!(login.code(&answer("&iss=https%3A%2F%2Fi.test")).is_ok());
        assert!(login.code(&answer("")).is_err());
    }

    #[test]
    fn a_refusal_is_told_with_and_without_a_state() {
        let login = authorization(LOCAL);
        for state in [String::new(), format!("&state={}", login.state)] {
            let to = format!("{LOCAL}?error=unauthorized_client{state}");
            let error = login.code(&page(&to)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
        }
    }

    #[test]
    fn a_redirect_address_is_a_url_without_a_fragment() {
        assert!(redirect_address("com.example.app:/cb").is_ok());
        for text in [
            "localhost",
            "",
            "http://localhost:8000/#x",
            "http://ci@localhost/",
        ] {
            assert_eq!(
                redirect_address(text).unwrap_err().kind(),
                ErrorKind::Config,
                "{text}"
            );
        }
    }

    const LOCAL: &str = "http://localhost:8000";
}
