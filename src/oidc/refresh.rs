//! The next token for a refresh token: one request to the issuer's token endpoint.

use jiff::SignedDuration;
use url::Url;

use crate::oidc::Client;
use crate::oidc::tokens::{Grant, TokenRequest, Tokens};
use crate::page::unavailable;
use crate::token::Claims;
use crate::{Error, Page, Secret, one_line};

/// What a token endpoint gave for a refresh token
#[derive(Debug)]
pub(crate) struct Renewal {
    pub(crate) id_token: Secret,
    /// The next refresh token; without one, the old one stays good
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) claims: Claims,
    pub(crate) skew: SignedDuration,
}

/// Why there is no new token
#[derive(Debug)]
pub(crate) enum NotRenewed {
    /// The refresh token is of no use any more, for this reason
    Refused(String),
    /// It may be of use later
    Failed(Error),
}

impl From<Error> for NotRenewed {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Client<'_> {
    /// Spends `token`, which may be good for one use
    ///
    /// The answer must be for the same issuer, subject and audience as `before`, or it is dropped. Its signature is not asked
    /// for: it comes over TLS from the endpoint that the login trusted, and the API server checks it.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc6749#section-6>, <https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse>
    pub(crate) async fn renew(
        &self,
        endpoint: &Url,
        token: &Secret,
        before: Option<&Claims>,
    ) -> Result<Renewal, NotRenewed> {
        let request = TokenRequest::new(Grant::Refresh).secret("refresh_token", token);
        let page = self.post(endpoint, &request).await?;
        if let Some(error) = unavailable(&page) {
            return Err(error.into());
        }
        if page.status() != 200 {
            return Err(NotRenewed::Refused(refusal(&page)));
        }
        let Tokens {
            id_token,
            refresh_token,
            skew,
            ..
        } = Tokens::read(&page);
        let Some(id_token) = id_token else {
            return Err(NotRenewed::Refused(
                "the answer to the refresh token holds no id_token".into(),
            ));
        };
        let claims = Claims::of(&id_token)
            .ok_or_else(|| Error::portal("the refreshed id_token cannot be read"))?;
        self.check_identity(&claims, before)?;
        Ok(Renewal {
            id_token,
            refresh_token,
            claims,
            skew,
        })
    }

    /// Tells the issuer that `token` is not to be used any more
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc7009>
    pub(crate) async fn revoke(&self, endpoint: &Url, token: &Secret) -> Result<(), Error> {
        let request = TokenRequest::new(Grant::Revocation)
            .field("token_type_hint", "refresh_token")
            .secret("token", token);
        let page = self.post(endpoint, &request).await?;
        match (unavailable(&page), page.status()) {
            (Some(error), _) => Err(error),
            (None, 200) => Ok(()),
            (None, status) => Err(
                Error::unexpected_page("the issuer did not revoke the token")
                    .at("status", status.to_string())
                    .at("path", page.path()),
            ),
        }
    }

    fn check_identity(&self, claims: &Claims, before: Option<&Claims>) -> Result<(), Error> {
        let same = match before {
            Some(before) => claims.is_same_identity(before),
            None => {
                let for_us = claims.audiences.iter().any(|audience| audience == self.id);
                for_us && claims.issuer.as_deref() == Some(self.issuer)
            }
        };
        match same {
            true => Ok(()),
            false => Err(Error::portal(
                "the refreshed token is for another issuer, subject or audience, and was dropped",
            )
            .at("issuer", self.origin.to_string())),
        }
    }
}

/// A refusal: OpenUnison's 401 without a word, or an error of RFC 6749
fn refusal(page: &Page) -> String {
    let said = page.json().and_then(|json| json.get("error")?.as_str());
    let said = said.map(|said| format!(": {}", one_line(said)));
    format!(
        "the refresh token was refused (status {}{})",
        page.status(),
        said.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::{NotRenewed, refusal};
    use crate::{Error, Page};

    fn answer(status: u16, body: &str) -> Page {
        let headers = [("content-type", "application/json")];
        Page::response("https://i.test/token", status, &headers, body).unwrap()
    }

    #[test]
    fn a_refusal_is_told_in_one_line_with_or_without_a_word() {
        assert_eq!(
            refusal(&answer(401, "")),
            "the refresh token was refused (status 401)"
        );
        assert_eq!(
            refusal(&answer(400, r#"{"error":"invalid_grant"}"#)),
            "the refresh token was refused (status 400: invalid_grant)"
        );
    }

    #[test]
    fn an_error_is_no_refusal() {
        assert!(matches!(
            NotRenewed::from(Error::transport("down")),
            NotRenewed::Failed(_)
        ));
    }
}
