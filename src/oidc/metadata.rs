//! What an issuer says of itself: the discovery document.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use url::Url;

use crate::oidc::Method;
use crate::page::unavailable;
use crate::session::{Origin, skew};
use crate::{Error, Page};

/// The endpoints of an issuer, and what its clients have to know
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    /// None where it signs nobody in, as the issuers of service accounts
    pub(crate) authorization: Option<Url>,
    pub(crate) token: Url,
    pub(crate) keys: Option<Url>,
    pub(crate) revocation: Option<Url>,
    /// How a client with a secret sends it
    pub(crate) method: Method,
    /// Whether answers of the authorization endpoint say whose they are
    pub(crate) names_itself: bool,
    /// What must be added to our clock to have the issuer's
    pub(crate) skew: SignedDuration,
}

impl Metadata {
    /// Reads the document that `issuer` publishes of itself
    ///
    /// # Errors
    ///
    /// `UnexpectedPage` for a document that is none, or another issuer's; `UntrustedOrigin` where `page` leads elsewhere.
    pub(crate) fn read(page: &Page, issuer: &str) -> Result<Self, Error> {
        let here = |error: Error| error.at("host", page.host()).at("path", page.path());
        let wrong = |what: &str| {
            here(Error::unexpected_page(format!(
                "the issuer's discovery document {what}"
            )))
        };
        if let Some(error) = unavailable(page) {
            return Err(error);
        }
        if let Some(to) = page.redirect() {
            let told = "the issuer's discovery document redirects, and is followed nowhere";
            let error = match Origin::of(to) == Origin::of(page.url()) {
                true => Error::unexpected_page(told),
                false => Error::untrusted_origin(told),
            };
            return Err(here(error).at("to", to.host_str().unwrap_or_default()).hint(
                "the issuer is what `issuer` says in its own discovery document, letter by letter",
            ));
        }
        let json = page.json().filter(|_| page.status() == 200);
        let json =
            json.ok_or_else(|| wrong("cannot be read").at("status", page.status().to_string()))?;
        let text = |name: &str| json.get(name).and_then(Value::as_str);
        match text("issuer") {
            Some(said) if said == issuer => {}
            said => {
                return Err(wrong("is for another issuer")
                    .at("says", said.unwrap_or_default())
                    .hint("issuers are compared letter by letter, with the slash at the end"));
            }
        }
        let url = |name: &str| match text(name) {
            None => Ok(None),
            Some(text) => {
                let url = Url::parse(text).ok();
                let url = url.filter(|url| Origin::of(url).is_some());
                let no_url =
                    || wrong("names an endpoint that is no https URL").at("endpoint", name);
                url.map(Some).ok_or_else(no_url)
            }
        };
        let methods = json.get("token_endpoint_auth_methods_supported");
        Ok(Self {
            authorization: url("authorization_endpoint")?,
            token: url("token_endpoint")?.ok_or_else(|| wrong("names no token endpoint"))?,
            keys: url("jwks_uri")?,
            // A login needs none, so that a wrong one is as good as none.
            revocation: url("revocation_endpoint").unwrap_or_default(),
            method: Method::of(methods.and_then(Value::as_array)),
            names_itself: json
                .get("authorization_response_iss_parameter_supported")
                .and_then(Value::as_bool)
                .unwrap_or_default(),
            skew: skew(page.date(), Timestamp::now()),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Metadata;
    use crate::oidc::Method;
    use crate::{Error, ErrorKind, Page};

    const ISSUER: &str = "https://i.test/realms/ci";

    fn page(status: u16, headers: &[(&str, &str)], body: &str) -> Page {
        let url = "https://i.test/realms/ci/.well-known/openid-configuration";
        Page::response(url, status, headers, body).unwrap()
    }

    fn read(document: &Value) -> Result<Metadata, Error> {
        let headers = [("content-type", "application/json")];
        Metadata::read(&page(200, &headers, &document.to_string()), ISSUER)
    }

    #[test]
    fn a_document_says_where_the_endpoints_are() {
        let metadata = read(&json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://i.test/auth",
            "token_endpoint": "https://i.test/token",
            "jwks_uri": "https://i.test/certs",
            "revocation_endpoint": "http://i.test/revoke",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }))
        .unwrap();

        assert_eq!(metadata.authorization.unwrap().path(), "/auth");
        assert_eq!(metadata.keys.unwrap().path(), "/certs");
        assert_eq!(metadata.method, Method::Basic);
        assert!(metadata.revocation.is_none());
        assert!(!metadata.names_itself);
    }

    #[test]
    fn an_issuer_is_compared_letter_by_letter() {
        for other in [
            "https://i.test/realms/ci/",
            "https://i.test/realms/CI",
            "https://i.test:443/realms/ci",
            "https://evil.test",
        ] {
            let error = read(&json!({"issuer": other, "token_endpoint": "https://i.test/token"}));
            let error = error.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedPage, "{other}");
            assert!(error.context().any(|pair| pair == ("says", other)));
        }
    }

    #[test]
    fn a_document_that_redirects_is_refused() {
        for (to, kind) in [
            ("https://evil.test/", ErrorKind::UntrustedOrigin),
            ("http://i.test/", ErrorKind::UntrustedOrigin),
            ("/other", ErrorKind::UnexpectedPage),
        ] {
            let error = Metadata::read(&page(302, &[("location", to)], ""), ISSUER).unwrap_err();
            assert_eq!(error.kind(), kind, "{to}");
        }
    }

    #[test]
    fn endpoints_that_are_no_https_urls_are_refused() {
        for token in [
            "http://i.test/token",
            "https://ci@i.test/token",
            "/token",
            "",
        ] {
            let error = read(&json!({"issuer": ISSUER, "token_endpoint": token})).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedPage, "{token}");
        }
        for document in [json!({"issuer": ISSUER}), json!([]), json!({"issuer": 1})] {
            assert_eq!(
                read(&document).unwrap_err().kind(),
                ErrorKind::UnexpectedPage
            );
        }
    }
}
