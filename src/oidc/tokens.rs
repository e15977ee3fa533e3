//! What is asked of a token endpoint, and what it gives.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::oidc::authentication::{ASSERTION_TYPE, assertion, basic};
use crate::oidc::{Authentication, Authorization, Client, Method, refusal};
use crate::page::Form;
use crate::session::skew;
use crate::{Error, Page, Request, Secret};

/// What a token is given for
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Grant {
    ClientCredentials,
    Code,
    Password,
    Refresh,
    /// Nothing is given: a token ends
    Revocation,
    TokenExchange,
}

/// The fields of one request
#[derive(Clone)]
pub(crate) struct TokenRequest {
    grant: Grant,
    fields: Vec<(String, String)>,
    secrets: Vec<(&'static str, Secret)>,
}

/// What a token endpoint gave, not looked at yet
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) id_token: Option<Secret>,
    pub(crate) access_token: Option<Secret>,
    pub(crate) refresh_token: Option<Secret>,
    /// How many seconds `access_token` lives, where that is said
    pub(crate) lives: Option<i64>,
    /// What `access_token` is after a token exchange
    pub(crate) issued: Option<String>,
    /// What must be added to our clock to have the issuer's
    pub(crate) skew: SignedDuration,
}

impl Grant {
    fn name(self) -> Option<&'static str> {
        let name = match self {
            Self::Revocation => return None,
            Self::ClientCredentials => "client_credentials",
            Self::Code => "authorization_code",
            Self::Password => "password",
            Self::Refresh => "refresh_token",
            Self::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
        };
        Some(name)
    }
}

impl TokenRequest {
    /// A request without anything to give a token for
    pub(crate) fn new(grant: Grant) -> Self {
        Self {
            grant,
            fields: Vec::new(),
            secrets: Vec::new(),
        }
    }

    /// A request for what `code` stands for
    pub(crate) fn of_code(authorization: &Authorization, code: &Secret) -> Self {
        Self::new(Grant::Code)
            .secret("code", code)
            .field("redirect_uri", authorization.redirect_uri())
            .secret("code_verifier", authorization.verifier())
    }

    /// Adds a field; several of one name are several values
    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets a field, in place of all of that name
    pub(crate) fn in_place(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.field(name, value)
    }

    /// Adds a field that nobody else may see
    pub(crate) fn secret(mut self, name: &'static str, value: &Secret) -> Self {
        self.secrets.push((name, value.clone()));
        self
    }
}

impl Client<'_> {
    /// Asks the token endpoint
    ///
    /// # Errors
    ///
    /// What it says of a failure, by its kind; `Portal` for an answer without tokens.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc6749#section-3.2>
    pub(crate) async fn tokens(
        &self,
        endpoint: &Url,
        request: TokenRequest,
    ) -> Result<Tokens, Error> {
        let page = self.post(endpoint, &request).await?;
        if page.status() != 200 {
            let mut secrets: Vec<&Secret> =
                request.secrets.iter().map(|(_, secret)| secret).collect();
            secrets.extend(self.authentication.secret());
            return Err(refusal::at_token_endpoint(&page, request.grant, &secrets));
        }
        let tokens = Tokens::read(&page);
        match tokens.id_token.is_some() || tokens.access_token.is_some() {
            true => Ok(tokens),
            false => Err(Error::portal("the issuer's answer holds no token")
                .at("host", page.host())
                .at("path", page.path())),
        }
    }

    /// Posts `request`, with what the client has to show
    pub(super) async fn post(&self, endpoint: &Url, request: &TokenRequest) -> Result<Page, Error> {
        let mut form = Form::post(&self.permitted(endpoint)?);
        if let Some(name) = request.grant.name() {
            form.set("grant_type", name);
        }
        let mut header = None;
        match &self.authentication {
            Authentication::None => form.set("client_id", self.id),
            Authentication::Secret(secret, Method::Basic) => header = Some(basic(self.id, secret)),
            Authentication::Secret(secret, Method::Post) => {
                form.set("client_id", self.id);
                form.set_secret("client_secret", secret);
            }
            Authentication::Bearer(token) => {
                form.set("client_id", self.id);
                let value = format!("Bearer {}", token.expose_secret());
                header = Some(Secret::new(value));
            }
            Authentication::Key(signer) => {
                let assertion = assertion(signer, self.id, endpoint.as_str(), self.skew).await?;
                form.set("client_id", self.id);
                form.set("client_assertion_type", ASSERTION_TYPE);
                form.set_secret("client_assertion", &assertion);
            }
        }
        for (name, value) in &request.fields {
            form.add(name, value);
        }
        for (name, secret) in &request.secrets {
            form.set_secret(name, secret);
        }
        let request = Request::submit(form);
        self.send(match &header {
            Some(header) => request.secret_header("authorization", header),
            None => request,
        })
        .await
    }
}

impl Tokens {
    pub(super) fn read(page: &Page) -> Self {
        let received = Timestamp::now();
        let secret = |pointer: &str| page.json_secret(pointer).filter(|token| !token.is_empty());
        let issued = page
            .json()
            .and_then(|json| json.get("issued_token_type")?.as_str());
        Self {
            id_token: secret("/id_token"),
            access_token: secret("/access_token"),
            refresh_token: secret("/refresh_token"),
            lives: page
                .json()
                .and_then(|json| json.get("expires_in")?.as_i64()),
            issued: issued.map(str::to_owned),
            skew: skew(page.date(), received),
        }
    }
}

impl fmt::Debug for TokenRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRequest")
            .field("grant", &self.grant)
            .finish_non_exhaustive()
    }
}
