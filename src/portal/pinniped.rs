//! Pinniped's Supervisor: an issuer that takes user name and password in two headers, without a page.

mod providers;

use std::sync::OnceLock;

use async_trait::async_trait;
use serde_json::Value;
use url::Url;

use crate::event::Listener;
use crate::front_door::{Grant, Refresh};
use crate::oidc::{self, Authorization, Client, Expected, Metadata, TokenRequest};
use crate::page::{query, unavailable};
use crate::portal::Portal;
use crate::portal::download::refusal;
use crate::portal::kind::Kind;
use crate::session::Origin;
use crate::token::Claims;
use crate::walk::{Arrival, Destination};
use crate::{
    Error, IdpAdapter, Kubeconfig, Page, Recognition, Request, Secret, Trail, Visit, redact,
};

use providers::Provider;

/// The redirect with a code, to an address where nothing listens
///
/// Source: <https://pinniped.dev/docs/reference/supervisor/>
#[derive(Debug)]
pub(super) struct Pinniped {
    url: Url,
    /// As it says itself: issuers are compared letter by letter
    issuer: String,
    metadata: OnceLock<Metadata>,
    authorization: OnceLock<Authorization>,
    user: OnceLock<String>,
}

impl Pinniped {
    pub(super) fn new(url: Url) -> Self {
        let issuer = match url.path() {
            "/" => url.as_str().trim_end_matches('/').to_owned(),
            _ => url.to_string(),
        };
        Self {
            url,
            issuer,
            metadata: OnceLock::new(),
            authorization: OnceLock::new(),
            user: OnceLock::new(),
        }
    }

    fn discovery(&self) -> Url {
        let mut url = self.url.clone();
        let path = format!("{}{DISCOVERY}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.set_query(None);
        url
    }

    fn is_discovery(&self, page: &Page) -> bool {
        *page.url() == self.discovery()
    }

    /// Sends user name and password to the authorization endpoint
    async fn authorize(&self, page: &Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        let metadata = Metadata::read(page, &self.issuer)?;
        let metadata = self.metadata.get_or_init(|| metadata);
        let endpoint = metadata.authorization.as_ref().ok_or_else(|| {
            refusal(
                page,
                Error::portal("the issuer has no authorization endpoint"),
            )
        })?;
        let keys = metadata.keys.iter();
        let endpoints = keys.chain([endpoint, &metadata.token]);
        self.check_own(endpoints)?;
        let provider = self.provider(page, visit).await?;
        let authorization =
            Authorization::new(endpoint, &self.issuer, CLIENT, CALLBACK, &scopes(page))?
                .named_by_issuer(metadata.names_itself);
        let mut url = authorization.request().url().clone();
        if let Some(provider) = provider {
            url.query_pairs_mut()
                .append_pair("pinniped_idp_name", &provider.name)
                .append_pair("pinniped_idp_type", &provider.kind);
        }
        let _ = self.authorization.set(authorization);

        visit.check_named(page)?;
        let user = visit.username().to_owned();
        let password = visit.password().await?;
        for (what, text) in [
            ("user name", &*user),
            ("password", password.expose_secret()),
        ] {
            if text.trim() != text || text.contains(char::is_control) {
                return Err(Error::config(format!(
                    "the {what} has blanks around it or control characters, which no header can carry"
                )));
            }
        }
        let request = Request::get(&url)
            .secret_header("Pinniped-Username", &Secret::new(&*user))
            .secret_header("Pinniped-Password", &password);
        let _ = self.user.set(user);
        visit.send(request).await
    }

    /// The provider that shall know the user; none where the Supervisor is too old to say
    async fn provider(
        &self,
        page: &Page,
        visit: &mut Visit<'_>,
    ) -> Result<Option<Provider>, Error> {
        let Some(list) = providers::list(page) else {
            return Ok(None);
        };
        self.check_own([&list])?;
        let answer = visit.get(&list).await?;
        if let Some(error) = unavailable(&answer) {
            return Err(error);
        }
        let found = Provider::all(&answer)?;
        let chosen = visit.choose_one(found, |provider| (&provider.name, &provider.kind))?;
        Ok(Some(chosen))
    }

    /// A Supervisor has all it needs at its own origin
    fn check_own<'u>(&self, endpoints: impl IntoIterator<Item = &'u Url>) -> Result<(), Error> {
        let own = Origin::of(&self.url);
        match endpoints.into_iter().find(|url| Origin::of(url) != own) {
            None => Ok(()),
            Some(other) => Err(Error::untrusted_origin(
                "the Supervisor names an endpoint at another origin than its own",
            )
            .at("endpoint", Origin::shown(other))),
        }
    }

    /// What the code is good for, or the per-cluster token that this is exchanged for
    async fn token(&self, portal: &Portal, page: &Page) -> Result<Grant, Error> {
        let (Some(authorization), Some(metadata)) = (self.authorization.get(), self.metadata.get())
        else {
            return Err(Error::portal("the walk ended before the login"));
        };
        let code = authorization.code(page)?;
        let listener = Listener::default();
        let client = Client::new(&self.issuer, CLIENT, portal, &listener)?;
        let tokens = client
            .tokens(&metadata.token, TokenRequest::of_code(authorization, &code))
            .await?;
        let id_token = tokens
            .id_token
            .ok_or_else(|| Error::portal("the Supervisor's answer holds no id_token"))?;
        let expected = Expected {
            is_id_token: true,
            audiences: &[],
            nonce: Some(authorization.nonce()),
            skew: tokens.skew,
        };
        let claims = client.verify(metadata, &id_token, &expected).await?;
        let Some(audience) = &portal.audience else {
            let refresh = tokens.refresh_token.map(|token| Refresh {
                issuer: self.issuer.clone(),
                client_id: CLIENT.to_owned(),
                client_secret: None,
                token,
            });
            return Ok(self.grant_of(portal, id_token, &claims, refresh, tokens.skew));
        };
        let access_token = tokens.access_token.ok_or_else(|| {
            Error::portal("the Supervisor gave no access token to be exchanged for the cluster's")
        })?;
        let request = TokenRequest::new(oidc::Grant::TokenExchange)
            .field("audience", audience)
            .field("requested_token_type", JWT)
            .field("subject_token_type", ACCESS_TOKEN)
            .secret("subject_token", &access_token);
        let exchanged = client.tokens(&metadata.token, request).await?;
        let token = exchanged
            .access_token
            .filter(|_| exchanged.issued.as_deref() == Some(JWT));
        let token =
            token.ok_or_else(|| Error::portal("the Supervisor exchanged the token for no JWT"))?;
        let audiences = [audience.clone()];
        let expected = Expected {
            is_id_token: false,
            audiences: &audiences,
            nonce: None,
            skew: exchanged.skew,
        };
        let claims = client.verify(metadata, &token, &expected).await?;
        // A refresh would bring the Supervisor's own token, which no cluster takes.
        Ok(self.grant_of(portal, token, &claims, None, exchanged.skew))
    }

    fn grant_of(
        &self,
        portal: &Portal,
        id_token: Secret,
        claims: &Claims,
        refresh: Option<Refresh>,
        skew: jiff::SignedDuration,
    ) -> Grant {
        let subject = self.user.get().or(claims.subject.as_ref());
        let subject = redact::one_line(subject.map_or("unknown", |subject| subject));
        let target = portal.target.as_ref();
        Grant {
            kubeconfig: target.map_or_else(Kubeconfig::new, |target| target.kubeconfig(&subject)),
            expires: claims.expires,
            id_token,
            refresh,
            subject,
            idp: Origin::of(&self.url).map(|origin| origin.to_string()),
            trail: Trail::default(),
            skew,
        }
    }
}

impl Destination for Pinniped {
    fn reached(&self, page: &Page) -> Result<bool, Error> {
        let Some(authorization) = self.authorization.get() else {
            return Ok(false);
        };
        if !authorization.reached(page)? {
            return Ok(false);
        }
        let said = page
            .redirect()
            .and_then(|to| query(to, "error_description"));
        // `access_denied` is its word for a wrong password, too, and only the text tells them apart.
        let is_password = said.is_some_and(|said| said.to_lowercase().contains("not accepted"));
        match is_password {
            true => Err(refusal(
                page,
                Error::rejected("the Supervisor's provider refused user name or password"),
            )
            .hint("some providers show a locked account in the same way")),
            false => Ok(true),
        }
    }

    fn pages(&self) -> &dyn IdpAdapter {
        self
    }
}

#[async_trait]
impl IdpAdapter for Pinniped {
    fn name(&self) -> &'static str {
        "pinniped"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        let is_endpoint = |metadata: &Metadata| {
            let endpoint = metadata.authorization.as_ref();
            endpoint.is_some_and(|endpoint| endpoint.path() == page.url().path())
        };
        match page {
            _ if self.is_discovery(page) => {
                Recognition::Certain("the Supervisor's discovery document")
            }
            _ if Origin::of(page.url()) == Origin::of(&self.url)
                && page.redirect().is_none()
                && self.metadata.get().is_some_and(is_endpoint) =>
            {
                Recognition::Certain("the Supervisor's refusal of a request")
            }
            _ => Recognition::No,
        }
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        if self.is_discovery(&page) {
            return self.authorize(&page, visit).await;
        }
        Err(match unavailable(&page) {
            Some(error) => error,
            None => refusal(
                &page,
                Error::portal("the Supervisor answers neither a code nor a refusal"),
            )
            .hint("versions before 0.13 take no password without a browser"),
        })
    }
}

#[async_trait]
impl Kind for Pinniped {
    fn start(&self) -> Request {
        Request::get(&self.discovery()).header("accept", "application/json")
    }

    async fn grant(&self, portal: &Portal, arrival: &mut Arrival) -> Result<Grant, Error> {
        self.token(portal, &arrival.page).await
    }
}

/// What is asked for, as far as the Supervisor knows it: older ones refuse what they do not know
fn scopes(page: &Page) -> String {
    let known = page
        .json()
        .and_then(|json| json.get("scopes_supported")?.as_array());
    let is_known = |scope: &&str| {
        known.is_none_or(|known| {
            known
                .iter()
                .filter_map(Value::as_str)
                .any(|known| known == *scope)
        })
    };
    let scopes: Vec<&str> = SCOPES.into_iter().filter(is_known).collect();
    scopes.join(" ")
}

/// The client that every Supervisor has, which is public
const CLIENT: &str = "pinniped-cli";

/// Any port is good, and nothing listens there
const CALLBACK: &str = "http://127.0.0.1:48095/callback";

const DISCOVERY: &str = "/.well-known/openid-configuration";

const SCOPES: [&str; 5] = [
    "openid",
    "offline_access",
    "username",
    "groups",
    "pinniped:request-audience",
];

const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
