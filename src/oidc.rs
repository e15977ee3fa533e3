//! One client at one OpenID Connect issuer: discovery, the login that ends at a registered address, and the token endpoint.
//!
//! For the front doors that talk to an issuer, and for the ladder, which refreshes what they gave.

mod authentication;
pub(crate) use authentication::{Authentication, Method, PRIVATE_KEY_JWT};

mod authorization;
pub(crate) use authorization::{Authorization, redirect_address};

mod id_token;
pub(crate) use id_token::{Expected, display_name};

mod key_set;
use key_set::KeySet;

mod metadata;
pub(crate) use metadata::Metadata;

mod refresh;
pub(crate) use refresh::{NotRenewed, Renewal};

mod refusal;

mod tokens;
pub(crate) use tokens::{Grant, TokenRequest, Tokens};

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::Instant;
use url::Url;

use crate::devices::Devices;
use crate::event::Listener;
use crate::front_door::FrontDoor;
use crate::page::unavailable;
use crate::session::{Limits, Origin, Origins, Session, name_it};
use crate::token::Claims;
use crate::{Error, Page, Request, Secret, redact};

/// A client of an issuer, which is reached as the front door is
#[derive(Debug)]
pub(crate) struct Client<'a> {
    /// As it was given: issuers are compared letter by letter
    issuer: &'a str,
    url: Url,
    origin: Origin,
    id: &'a str,
    authentication: Authentication,
    door: &'a dyn FrontDoor,
    listener: &'a Listener,
    deadline: Option<Instant>,
    /// What must be added to our clock to have the issuer's
    skew: SignedDuration,
}

impl<'a> Client<'a> {
    /// The client `id` of the issuer with this URL, without a secret
    ///
    /// # Errors
    ///
    /// `Config`: the URL is not https, or has a query or a fragment.
    pub(crate) fn new(
        issuer: &'a str,
        id: &'a str,
        door: &'a dyn FrontDoor,
        listener: &'a Listener,
    ) -> Result<Self, Error> {
        let (url, origin) = issuer_url(issuer)?;
        Ok(Self {
            issuer,
            url,
            origin,
            id,
            authentication: Authentication::None,
            door,
            listener,
            deadline: None,
            skew: SignedDuration::ZERO,
        })
    }

    /// The same client, which can prove that it is
    pub(crate) fn authenticated(mut self, authentication: Authentication) -> Self {
        self.authentication = authentication;
        self
    }

    /// Lets no request take longer than until `deadline`
    pub(crate) fn until(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Signs what it shows by the issuer's clock, which is ahead of ours by `skew`
    pub(crate) fn at_time(mut self, skew: SignedDuration) -> Self {
        self.skew = skew;
        self
    }

    /// Asks the issuer for its endpoints
    ///
    /// # Errors
    ///
    /// `UnexpectedPage` for a document that is none, or another issuer's; `UntrustedOrigin` where it redirects to another
    /// origin, or names a token endpoint at one that nobody named.
    ///
    /// Source: <https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig>
    pub(crate) async fn discover(&self) -> Result<Metadata, Error> {
        let mut url = self.url.clone();
        let path = url.path().trim_end_matches('/');
        url.set_path(&format!("{path}/.well-known/openid-configuration"));
        let page = self.send(Request::get(&url)).await?;
        let mut metadata = Metadata::read(&page, self.issuer)?;
        self.permitted(&metadata.token)?;
        metadata.revocation = metadata.revocation.filter(|url| self.may_have(url));
        Ok(metadata)
    }

    /// Whether everything that a login asks this issuer for is where the caller allows it, told in one go
    ///
    /// # Errors
    ///
    /// `UntrustedOrigin`, with an option for each origin that nobody named.
    pub(crate) fn check_endpoints(&self, metadata: &Metadata) -> Result<(), Error> {
        let endpoints = [&metadata.authorization, &metadata.keys];
        let endpoints = endpoints.into_iter().flatten().chain([&metadata.token]);
        let unnamed = endpoints.filter(|url| !self.may_have(url));
        let mut options: Vec<String> = unnamed
            .map(|url| format!("--idp-url {}", Origin::shown(url)))
            .collect();
        options.sort();
        options.dedup();
        match options.is_empty() {
            true => Ok(()),
            false => Err(Error::untrusted_origin(
                "the issuer has endpoints at origins that nobody named",
            )
            .at("issuer", self.origin.to_string())
            .hint(format!(
                "add {} only if these are your company's hosts",
                options.join(" ")
            ))),
        }
    }

    /// Checks the signature of `token` by the issuer's keys, and its claims by what is expected of them
    ///
    /// # Errors
    ///
    /// `UnexpectedPage`: the keys cannot be read; `Portal`: the token is not what was asked for.
    ///
    /// Source: <https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation>
    pub(crate) async fn verify(
        &self,
        metadata: &Metadata,
        token: &Secret,
        expected: &Expected<'_>,
    ) -> Result<Claims, Error> {
        let url = metadata.keys.as_ref().ok_or_else(|| {
            Error::unexpected_page("the issuer's discovery document names no keys")
                .at("issuer", self.origin.to_string())
        })?;
        let page = self.send(Request::get(&self.permitted(url)?)).await?;
        if let Some(error) = unavailable(&page) {
            return Err(error);
        }
        let keys = page.json().filter(|_| page.status() == 200);
        let keys = keys.and_then(KeySet::read).ok_or_else(|| {
            Error::unexpected_page("the issuer's keys cannot be read")
                .at("host", page.host())
                .at("path", page.path())
                .at("status", page.status().to_string())
        })?;
        id_token::verify(token, &keys, self.issuer, self.id, expected).map_err(|error| {
            Error::portal("the issuer's token is not what was asked for, and was dropped")
                .at("issuer", self.origin.to_string())
                .because(error)
        })
    }

    /// One exchange, and no redirect: nobody else is to get what it carries
    async fn send(&self, request: Request) -> Result<Page, Error> {
        let target = Origin::of(request.url()).unwrap_or_else(|| self.origin.clone());
        let origins = Origins::new(target.clone(), vec![target], Vec::new());
        let network = self.door.network();
        let limits = Limits {
            deadline: match self.deadline {
                Some(deadline) => PATIENCE.min(deadline.saturating_duration_since(Instant::now())),
                None => PATIENCE,
            },
            ..LIMITS
        };
        let mut session = Session::new(
            &network,
            origins,
            limits,
            &Devices::new(),
            self.listener.clone(),
        )?;
        // The first media type decides at OpenUnison whether a failure is JSON.
        let request = request.header("accept", "application/json");
        let sent = session.send(request).await;
        sent.map_err(|error| error.with_trail(session.trail()))
    }

    /// Whether `url` is where requests to this issuer may go
    fn may_have(&self, url: &Url) -> bool {
        Origin::of(url).is_some_and(|origin| origin == self.origin || self.door.permits(url))
    }

    /// `endpoint`, if it is where a code or a refresh token of this issuer may go
    fn permitted(&self, endpoint: &Url) -> Result<Url, Error> {
        if self.may_have(endpoint) {
            return Ok(endpoint.clone());
        }
        let origin = Origin::of(endpoint).ok_or_else(|| {
            Error::unexpected_page("the issuer's endpoint is no https URL")
                .at("issuer", self.origin.to_string())
        })?;
        Err(Error::untrusted_origin(format!(
            "{origin} would get the codes and refresh tokens of the issuer, and nobody named it"
        ))
        .at("issuer", self.origin.to_string())
        .hint(name_it("--via", &origin)))
    }
}

/// The URL of an issuer, and its origin
///
/// # Errors
///
/// `Config`: it is not https, or has a user name, a query or a fragment.
pub(crate) fn issuer_url(text: &str) -> Result<(Url, Origin), Error> {
    let url = Url::parse(text).ok();
    let url = url.filter(|url| url.query().is_none() && url.fragment().is_none());
    let found = url.and_then(|url| Origin::of(&url).map(|origin| (url, origin)));
    found.ok_or_else(|| {
        Error::config("the issuer's URL is not a plain https URL").at("issuer", redact::url(text))
    })
}

/// How long one exchange with an issuer may take
const PATIENCE: Duration = Duration::from_secs(30);

const LIMITS: Limits = Limits {
    hops: 1,
    body: 1 << 20,
    headers: 64 << 10,
    deadline: PATIENCE,
};
