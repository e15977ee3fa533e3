//! The next token for a refresh token: one request to the issuer's token endpoint.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::devices::Devices;
use crate::event::Listener;
use crate::front_door::FrontDoor;
use crate::page::Form;
use crate::page::unavailable;
use crate::session::{Limits, Origin, Origins, Session, name_it, skew};
use crate::token::Claims;
use crate::{Error, Page, Request, Secret, one_line};

/// An issuer's token endpoint, and who signs for it
#[derive(Debug)]
pub(crate) struct Issuer<'a> {
    issuer: Url,
    origin: Origin,
    door: &'a dyn FrontDoor,
    listener: &'a Listener,
}

/// Where an issuer takes refresh tokens
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Endpoints {
    pub(crate) token: String,
    pub(crate) revocation: Option<String>,
}

/// What a token endpoint gave
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

impl<'a> Issuer<'a> {
    /// The issuer with this URL, reached as the front door is
    ///
    /// # Errors
    ///
    /// `Config`: the URL is not https.
    pub(crate) fn new(
        issuer: &str,
        door: &'a dyn FrontDoor,
        listener: &'a Listener,
    ) -> Result<Self, Error> {
        let url = Url::parse(issuer).ok();
        let found = url.and_then(|url| Some((Origin::of(&url)?, url)));
        match found {
            Some((origin, issuer)) => Ok(Self {
                issuer,
                origin,
                door,
                listener,
            }),
            None => Err(Error::config("the issuer's URL is not https")
                .at("issuer", crate::redact::url(issuer))),
        }
    }

    /// Asks the issuer for its endpoints
    ///
    /// Source: <https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig>
    pub(crate) async fn discover(&self) -> Result<Endpoints, Error> {
        let mut url = self.issuer.clone();
        let path = format!(
            "{}/.well-known/openid-configuration",
            url.path().trim_end_matches('/')
        );
        url.set_path(&path);
        let page = self.send(Request::get(&url)).await?;
        let wrong = |what: &str| {
            Error::unexpected_page(format!("the issuer's discovery document {what}"))
                .at("host", page.host())
                .at("path", page.path())
        };
        if let Some(error) = unavailable(&page) {
            return Err(error);
        }
        let json = page.json().filter(|_| page.status() == 200);
        let json =
            json.ok_or_else(|| wrong("cannot be read").at("status", page.status().to_string()))?;
        let text = |name: &str| json.get(name).and_then(serde_json::Value::as_str);
        if text("issuer") != Some(self.issuer_text(text("issuer")).as_str()) {
            return Err(wrong("is for another issuer"));
        }
        let token = text("token_endpoint").ok_or_else(|| wrong("names no token endpoint"))?;
        self.permitted(token)?;
        let revocation = text("revocation_endpoint").filter(|url| self.permitted(url).is_ok());
        Ok(Endpoints {
            token: token.to_owned(),
            revocation: revocation.map(str::to_owned),
        })
    }

    /// Spends `token`, which may be good for one use
    ///
    /// The answer must be for the same issuer, subject and audience as `before`, or it is dropped.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc6749#section-6>, <https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse>
    pub(crate) async fn renew(
        &self,
        endpoint: &str,
        client_id: &str,
        client_secret: Option<&Secret>,
        token: &Secret,
        before: Option<&Claims>,
    ) -> Result<Renewal, NotRenewed> {
        let mut form = Form::post(&self.permitted(endpoint)?);
        form.set("grant_type", "refresh_token");
        form.set("client_id", client_id);
        if let Some(secret) = client_secret {
            form.set_secret("client_secret", secret);
        }
        form.set_secret("refresh_token", token);
        let page = self.send(Request::submit(form)).await?;
        if let Some(error) = unavailable(&page) {
            return Err(error.into());
        }
        if page.status() != 200 {
            return Err(NotRenewed::Refused(refusal(&page)));
        }
        let received = Timestamp::now();
        let Some(id_token) = page.json_secret("/id_token") else {
            return Err(NotRenewed::Refused(
                "the answer to the refresh token holds no id_token".into(),
            ));
        };
        let claims = Claims::of(&id_token)
            .ok_or_else(|| Error::portal("the refreshed id_token cannot be read"))?;
        self.check(&claims, client_id, before)?;
        Ok(Renewal {
            id_token,
            refresh_token: page
                .json_secret("/refresh_token")
                .filter(|token| !token.is_empty()),
            claims,
            skew: skew(page.date(), received),
        })
    }

    /// Tells the issuer that `token` is not to be used any more
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc7009>
    pub(crate) async fn revoke(
        &self,
        endpoint: &str,
        client_id: &str,
        token: &Secret,
    ) -> Result<(), Error> {
        let mut form = Form::post(&self.permitted(endpoint)?);
        form.set("token_type_hint", "refresh_token");
        form.set("client_id", client_id);
        form.set_secret("token", token);
        let page = self.send(Request::submit(form)).await?;
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

    /// One exchange, and no redirect: nobody else is to get the token
    async fn send(&self, request: Request) -> Result<Page, Error> {
        let target = Origin::of(request.url()).unwrap_or_else(|| self.origin.clone());
        let origins = Origins::new(target.clone(), vec![target], Vec::new());
        let network = self.door.network();
        let mut session = Session::new(
            &network,
            origins,
            LIMITS,
            &Devices::new(),
            self.listener.clone(),
        )?;
        let request = request.header("accept", "application/json");
        let sent = session.send(request).await;
        sent.map_err(|error| error.with_trail(session.trail()))
    }

    /// `endpoint`, if it is where a refresh token of this issuer may go
    fn permitted(&self, endpoint: &str) -> Result<Url, Error> {
        let url = Url::parse(endpoint).ok();
        let origin = url.as_ref().and_then(Origin::of);
        match (url, origin) {
            (Some(url), Some(origin)) if origin == self.origin || self.door.permits(&url) => {
                Ok(url)
            }
            (Some(_), Some(origin)) => Err(Error::untrusted_origin(format!(
                "{origin} would get the refresh token, and nobody named it"
            ))
            .at("issuer", self.origin.to_string())
            .hint(name_it("--via", &origin))),
            _ => Err(
                Error::unexpected_page("the issuer's endpoint is no https URL")
                    .at("issuer", self.origin.to_string()),
            ),
        }
    }

    fn check(
        &self,
        claims: &Claims,
        client_id: &str,
        before: Option<&Claims>,
    ) -> Result<(), Error> {
        let same = match before {
            Some(before) => claims.is_same_identity(before),
            None => {
                let issuer = claims.issuer.as_deref();
                let for_us = claims
                    .audiences
                    .iter()
                    .any(|audience| audience == client_id);
                for_us && issuer == Some(self.issuer_text(issuer).as_str())
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

    /// The issuer as it was given; parsed, one without a path has got a slash at its end
    fn issuer_text(&self, like: Option<&str>) -> String {
        let text = self.issuer.as_str();
        let with_slash = like.is_some_and(|like| like.ends_with('/'));
        match self.issuer.path() == "/" && !with_slash {
            true => text.trim_end_matches('/').to_owned(),
            false => text.to_owned(),
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

const LIMITS: Limits = Limits {
    hops: 1,
    body: 1 << 20,
    headers: 64 << 10,
    deadline: Duration::from_secs(30),
};

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
