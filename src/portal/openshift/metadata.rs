//! Where a cluster's OAuth server is, as its API server says.

use serde_json::Value;
use url::Url;

use crate::portal::download::refusal;
use crate::session::{Origin, name_it};
use crate::{Error, Page};

/// The OAuth server, whose endpoints are all at one origin
///
/// Source: <https://www.rfc-editor.org/rfc/rfc8414#section-3.2>
#[derive(Clone, Debug)]
pub(super) struct OAuthServer {
    pub(super) issuer: String,
    pub(super) authorization: Url,
    pub(super) token: Url,
}

impl OAuthServer {
    /// Reads the API server's answer
    ///
    /// # Errors
    ///
    /// `Portal` for an answer that is none, `UntrustedOrigin` for endpoints at different origins.
    pub(super) fn read(page: &Page) -> Result<Self, Error> {
        let none = || {
            let error = Error::portal("the portal does not say where its OAuth server is");
            refusal(page, error)
                .hint("is this the URL of an OpenShift API server? Its usual port is 6443")
        };
        let json = page
            .json()
            .filter(|_| page.status() == 200)
            .ok_or_else(none)?;
        let text = |name: &str| json.get(name).and_then(Value::as_str);
        let url = |name: &str| {
            let url = text(name).and_then(|text| Url::parse(text).ok());
            let url = url.filter(|url| url.query().is_none() && url.fragment().is_none());
            url.and_then(|url| Some((Origin::of(&url)?, url)))
                .ok_or_else(none)
        };
        let ((at, issuer), (authorizes, authorization), (gives, token)) = (
            url("issuer")?,
            url("authorization_endpoint")?,
            url("token_endpoint")?,
        );
        for other in [authorizes, gives] {
            if other != at {
                return Err(refusal(
                    page,
                    Error::untrusted_origin(
                        "the OAuth server's endpoints are at different origins",
                    ),
                )
                .at("issuer", at.to_string())
                .at("endpoint", other.to_string())
                .hint(name_it("--idp-url", &other)));
            }
        }
        let issuer = text("issuer").map_or_else(|| issuer.to_string(), str::to_owned);
        Ok(Self {
            issuer,
            authorization,
            token,
        })
    }

    /// A page below the token endpoint
    pub(super) fn below_token(&self, name: &str) -> Result<Url, Error> {
        let mut url = self.token.clone();
        url.path_segments_mut()
            .map_err(|()| Error::portal("the token endpoint has no path"))?
            .pop_if_empty()
            .push(name);
        Ok(url)
    }
}
