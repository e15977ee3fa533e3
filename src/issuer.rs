//! Any OpenID Connect issuer as a front door, without a portal and without a browser.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, timeout};
use url::Url;

use crate::credentials::{Credentials, check_password};
use crate::devices::Devices;
use crate::diagnosis::Diagnosis;
use crate::event::Event;
use crate::front_door::{FrontDoor, Grant, Refresh};
use crate::kubeconfig::{OidcUser, Section, Target};
use crate::oidc::{
    self, Authentication, Authorization, Client, Expected, Metadata, TokenRequest, Tokens,
    display_name, redirect_address,
};
use crate::session::{Network, Origin};
use crate::signing::Signer;
use crate::token::Claims;
use crate::{Error, Kubeconfig, Secret, SecretSource, Trail, Walk, redact};

mod grant_type;
pub use grant_type::GrantType;

mod subject;
use subject::Subject;

/// An OpenID Connect issuer, at which a client asks for tokens that a cluster takes
///
/// With [`GrantType::Code`], somebody signs in at the issuer's login page, through adapters as at a portal. The login ends at
/// the redirect to the client's registered address, which is not fetched: nothing has to listen there. The other grants ask the
/// token endpoint alone.
///
/// The issuer's origin needs no other name to get credentials; each other origin with an endpoint of it must be named. A token is
/// taken only if a key that the issuer publishes signed it, and if it is for this client, or for the audiences that were asked for.
///
/// ```no_run
/// use doorward::kubeconfig::{Target, UserAuth};
/// use doorward::{Credentials, FrontDoor, Issuer, Secret, Walk};
/// # async fn login() -> Result<(), doorward::Error> {
/// let walk = Walk::new().credentials(Credentials::new("ci-bot", Secret::new("correct horse"))?);
/// let issuer = Issuer::new("https://id.example.com/realms/ci", "kubernetes", walk)?
///     .scope("groups")
///     .target(Target::new("https://k8s.example.com:6443")?);
/// let grant = issuer.open().await?;
/// let kubeconfig = grant.kubeconfig(&UserAuth::AuthProvider)?;
/// # Ok(())
/// # }
/// ```
///
/// Source: <https://openid.net/specs/openid-connect-core-1_0.html>
#[derive(Clone, Debug)]
pub struct Issuer {
    issuer: String,
    origin: Origin,
    client_id: String,
    walk: Walk,
    secret: Option<SecretSource>,
    key: Option<Arc<dyn Signer>>,
    scope: Vec<String>,
    redirect_uri: String,
    grant: GrantType,
    subject: Option<Subject>,
    bearer: Option<Arc<dyn FrontDoor>>,
    audiences: Vec<String>,
    parameters: Vec<(String, String)>,
    target: Option<Target>,
}

/// What the issuer gave, and how
struct Outcome {
    tokens: Tokens,
    idp: Option<String>,
    trail: Trail,
    nonce: Option<String>,
}

impl Issuer {
    /// The client `client_id` at the issuer with this URL, which is compared letter by letter with what the issuer calls itself
    ///
    /// It is a public client, which asks for [`GrantType::Code`], until told otherwise.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) for anything but an https URL without user name, query and fragment, and for an empty client.
    pub fn new(url: &str, client_id: &str, walk: Walk) -> Result<Self, Error> {
        let (_, origin) = oidc::issuer_url(url)?;
        if client_id.trim().is_empty() {
            return Err(Error::config("the client's id is empty"));
        }
        Ok(Self {
            issuer: url.to_owned(),
            walk: walk.naming(&origin),
            origin,
            client_id: client_id.to_owned(),
            secret: None,
            key: None,
            scope: vec![OPENID.to_owned()],
            redirect_uri: REDIRECT_URI.to_owned(),
            grant: GrantType::Code,
            subject: None,
            bearer: None,
            audiences: Vec::new(),
            parameters: Vec::new(),
            target: None,
        })
    }

    /// The secret of a confidential client
    #[must_use]
    pub fn client_secret(mut self, secret: SecretSource) -> Self {
        self.secret = Some(secret);
        self
    }

    /// Shows a JWT that `signer` makes for each request, instead of a secret
    ///
    /// The issuer knows the public key. A refresh needs the signer, too.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc7523#section-2.2>
    #[must_use]
    pub fn client_assertion(mut self, signer: Arc<dyn Signer>) -> Self {
        self.key = Some(signer);
        self
    }

    /// Asks for `scope` besides `openid`; may be called several times
    ///
    /// Some issuers give a refresh token only for `offline_access`.
    #[must_use]
    pub fn scope(mut self, scope: &str) -> Self {
        for scope in scope.split_whitespace() {
            if !self.scope.iter().any(|known| known == scope) {
                self.scope.push(scope.to_owned());
            }
        }
        self
    }

    /// Where the issuer sends the code, as it is registered there; `http://localhost:8000` unless told otherwise
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) for anything but a URL without user name and fragment.
    pub fn redirect_uri(mut self, url: &str) -> Result<Self, Error> {
        redirect_address(url)?;
        url.clone_into(&mut self.redirect_uri);
        Ok(self)
    }

    /// How the token is asked for
    #[must_use]
    pub fn grant(mut self, grant: GrantType) -> Self {
        self.grant = grant;
        self
    }

    /// The token that is exchanged, with [`GrantType::TokenExchange`]
    #[must_use]
    pub fn subject_token(mut self, token: SecretSource) -> Self {
        self.subject = Some(Subject::Token(token));
        self
    }

    /// Exchanges the token of another front door, which is opened first
    #[must_use]
    pub fn subject_from(mut self, door: Arc<dyn FrontDoor>) -> Self {
        self.subject = Some(Subject::Door(door));
        self
    }

    /// Shows the token of another front door, which is opened first, in place of a secret: `Authorization: Bearer`
    ///
    /// For a client that trusts a cluster's service accounts or a CI platform, and in an exchange for whoever acts.
    ///
    /// Source: <https://openunison.github.io/documentation/custom-sso/>
    #[must_use]
    pub fn bearer_from(mut self, door: Arc<dyn FrontDoor>) -> Self {
        self.bearer = Some(door);
        self
    }

    /// Whom the token is for, with [`GrantType::TokenExchange`] and [`GrantType::ClientCredentials`]; may be called several times
    #[must_use]
    pub fn audience(mut self, audience: &str) -> Self {
        self.audiences.push(audience.to_owned());
        self
    }

    /// Sets another parameter of the token request, in place of doorward's own of that name
    ///
    /// For what an issuer wants to know besides, such as `connector_id` or `resource`. It is no place for a secret.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The cluster that the token is for
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    /// What cannot be, told before the first request
    fn check(&self) -> Result<(), Error> {
        let told = match self.grant {
            _ if self.secret.is_some() && self.key.is_some() => {
                "a client has a secret or a key, not both"
            }
            _ if self.bearer.is_some() && (self.secret.is_some() || self.key.is_some()) => {
                "a client shows a token, a secret or a key, and one of them only"
            }
            GrantType::Code | GrantType::Password if self.bearer.is_some() => {
                "a token in place of the client's secret is for client-credentials and token-exchange"
            }
            GrantType::ClientCredentials
                if self.secret.is_none() && self.key.is_none() && self.bearer.is_none() =>
            {
                "the grant client-credentials needs the client's secret or its key"
            }
            GrantType::TokenExchange if self.subject.is_none() => {
                "there is no token to be exchanged"
            }
            GrantType::Code | GrantType::Password if !self.audiences.is_empty() => {
                "an audience cannot be chosen with a login: the token is for the client, and what its scopes add"
            }
            grant if grant != GrantType::TokenExchange && self.subject.is_some() => {
                "a token to be exchanged needs the grant token-exchange"
            }
            _ => return Ok(()),
        };
        Err(Error::config(told).at("client_id", &self.client_id))
    }

    /// What the client shows, read now
    async fn authentication(&self, metadata: &Metadata) -> Result<Authentication, Error> {
        if let Some(door) = &self.bearer {
            let token = door.open().await?.id_token().clone();
            return Ok(Authentication::Bearer(token));
        }
        Ok(match (&self.key, &self.secret) {
            (Some(key), _) => Authentication::Key(Arc::clone(key)),
            (None, Some(secret)) => {
                let secret = subject::read(secret, "client secret").await?;
                Authentication::Secret(secret, metadata.method)
            }
            (None, None) => Authentication::None,
        })
    }

    /// What the login page is asked for
    fn authorization(&self, metadata: &Metadata) -> Result<Authorization, Error> {
        let endpoint = metadata.authorization.as_ref().ok_or_else(|| {
            Error::config("the issuer has no login page").at("issuer", self.origin.to_string())
        })?;
        let (id, scope) = (&self.client_id, self.scope.join(" "));
        let login = Authorization::new(endpoint, &self.issuer, id, &self.redirect_uri, &scope)?;
        Ok(login.named_by_issuer(metadata.names_itself))
    }

    /// Somebody signs in at the login page
    async fn by_code(
        &self,
        client: &Client<'_>,
        metadata: &Metadata,
        left: Duration,
    ) -> Result<Outcome, Error> {
        let login = self.authorization(metadata)?;
        let walk = self.walk.clone().timeout(left);
        let arrival = walk.to(login.request(), &login).await?;
        let trail = arrival.session.trail().clone();
        let request = login.code(&arrival.page);
        let request =
            request.map(|code| self.with_parameters(TokenRequest::of_code(&login, &code)));
        let tokens = match request {
            Ok(request) => client.tokens(&metadata.token, request).await,
            Err(error) => Err(error),
        };
        Ok(Outcome {
            tokens: tokens.map_err(|error| error.with_trail(&trail))?,
            idp: arrival.idp,
            trail,
            nonce: Some(login.nonce().to_owned()),
        })
    }

    /// The token endpoint decides alone
    async fn by_token_endpoint(
        &self,
        client: &Client<'_>,
        metadata: &Metadata,
    ) -> Result<Outcome, Error> {
        let scope = self.scope.join(" ");
        let audiences = |request: TokenRequest| {
            let audiences = self.audiences.iter();
            audiences.fold(request, |request, audience| {
                request.field("audience", audience)
            })
        };
        let request = match (self.grant, &self.subject) {
            (GrantType::Password, _) => {
                let note = "the grant password cannot do a second factor, and shows the password to whoever runs the client; \
                            issuers are giving it up";
                self.walk.own_listener().tell(&Event::Note(note));
                let credentials = self.walk.credentials_for(&self.origin, &metadata.token)?;
                let password = subject::read(credentials.password(), "password").await?;
                check_password(&password)?;
                TokenRequest::new(oidc::Grant::Password)
                    .field("username", credentials.username())
                    .secret("password", &password)
            }
            (GrantType::TokenExchange, Some(subject)) => {
                let token = subject.token().await?;
                audiences(TokenRequest::new(oidc::Grant::TokenExchange))
                    .field("subject_token_type", subject::token_type(&token))
                    .field("requested_token_type", self.requested_type())
                    .secret("subject_token", &token)
            }
            _ => audiences(TokenRequest::new(oidc::Grant::ClientCredentials)),
        };
        let request = self.with_parameters(request.field("scope", &scope));
        let tokens = client.tokens(&metadata.token, request).await?;
        Ok(Outcome {
            tokens,
            idp: Some(self.origin.to_string()),
            trail: Trail::default(),
            nonce: None,
        })
    }

    /// An id_token is for the client itself; for others there are access tokens
    fn requested_type(&self) -> &'static str {
        match self.audiences.is_empty() {
            true => subject::ID_TOKEN,
            false => subject::ACCESS_TOKEN,
        }
    }

    fn is_for_audiences(&self, token: &Secret) -> bool {
        let claims = Claims::of(token);
        claims.is_some_and(|claims| {
            self.audiences
                .iter()
                .all(|it| claims.audiences.contains(it))
        })
    }

    fn with_parameters(&self, request: TokenRequest) -> TokenRequest {
        let parameters = self.parameters.iter();
        parameters.fold(request, |request, (name, value)| {
            request.in_place(name, value)
        })
    }

    async fn opened(&self, deadline: Instant) -> Result<Grant, Error> {
        self.check()?;
        let listener = self.walk.own_listener();
        let client = Client::new(&self.issuer, &self.client_id, self, listener)?.until(deadline);
        let metadata = client.discover().await?;
        client.check_endpoints(&metadata)?;
        let authentication = self.authentication(&metadata).await?;
        let client = client
            .authenticated(authentication.clone())
            .at_time(metadata.skew);
        let outcome = match self.grant {
            GrantType::Code => {
                let left = deadline.saturating_duration_since(Instant::now());
                self.by_code(&client, &metadata, left).await?
            }
            _ => self.by_token_endpoint(&client, &metadata).await?,
        };
        let verified = self.verified(&client, &metadata, &outcome).await;
        let (token, claims) = verified.map_err(|error| error.with_trail(&outcome.trail))?;
        Ok(self.granted(outcome, token, &claims, &authentication))
    }

    /// The token that a cluster takes, if it is what was asked for
    async fn verified(
        &self,
        client: &Client<'_>,
        metadata: &Metadata,
        outcome: &Outcome,
    ) -> Result<(Secret, Claims), Error> {
        let Tokens {
            id_token,
            access_token,
            issued,
            skew,
            ..
        } = &outcome.tokens;
        let is_login = matches!(self.grant, GrantType::Code | GrantType::Password);
        let access_token = access_token.as_ref().filter(|_| !is_login);
        let both = || id_token.iter().chain(access_token);
        // Beside an access token for somebody else some issuers give an id_token for the client.
        let token = both().find(|token| self.is_for_audiences(token));
        let token = token.or_else(|| both().next());
        let token = token.ok_or_else(|| Error::portal("the issuer gave no id_token"))?;
        let expected = Expected {
            audiences: &self.audiences,
            nonce: outcome.nonce.as_deref(),
            is_id_token: id_token.is_some() || issued.as_deref() == Some(subject::ID_TOKEN),
            skew: *skew,
        };
        let claims = client.verify(metadata, token, &expected).await?;
        Ok((token.clone(), claims))
    }

    fn granted(
        &self,
        outcome: Outcome,
        token: Secret,
        claims: &Claims,
        authentication: &Authentication,
    ) -> Grant {
        let name = display_name(&token).or_else(|| claims.subject.clone());
        let subject = redact::one_line(&name.unwrap_or_default());
        let secret = match authentication {
            Authentication::Secret(secret, _) => Some(secret.clone()),
            Authentication::None | Authentication::Key(_) | Authentication::Bearer(_) => None,
        };
        // What was exchanged, or is the client's own, is had anew in the same way.
        let is_login = matches!(self.grant, GrantType::Code | GrantType::Password);
        let refresh_token = outcome.tokens.refresh_token.filter(|_| is_login);
        let refresh = refresh_token.map(|token| Refresh {
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            client_secret: secret,
            token,
        });
        Grant {
            kubeconfig: self.kubeconfig(&subject, &token, refresh.as_ref()),
            id_token: token,
            expires: claims.expires,
            refresh,
            subject,
            idp: outcome.idp,
            trail: outcome.trail,
            skew: outcome.tokens.skew,
        }
    }

    /// The cluster, and a user as kubectl's own OIDC plug-in takes it; empty where nobody named a cluster
    fn kubeconfig(&self, subject: &str, token: &Secret, refresh: Option<&Refresh>) -> Kubeconfig {
        let Some(target) = &self.target else {
            return Kubeconfig::new();
        };
        let mut kubeconfig = target.kubeconfig(subject);
        let name = kubeconfig.names(Section::Users).next().map(str::to_owned);
        let mut user = OidcUser::new(&self.issuer, &self.client_id, token.clone());
        // It signs no assertion, so that a refresh token would be of no use to it.
        if let Some(refresh) = refresh.filter(|_| self.key.is_none()) {
            user.refresh_token = Some(refresh.token.clone());
            user.client_secret.clone_from(&refresh.client_secret);
        }
        if let Some(name) = name {
            kubeconfig.set_oidc_user(&name, &user);
        }
        kubeconfig
    }
}

#[async_trait]
impl FrontDoor for Issuer {
    async fn open(&self) -> Result<Grant, Error> {
        let time = self.walk.time();
        // The walk and each exchange have limits of their own; what reads secrets may wait beside them.
        let opened = timeout(time + GRACE, self.opened(Instant::now() + time)).await;
        opened.unwrap_or_else(|_| {
            Err(Error::transport("the login took too long")
                .at("issuer", self.origin.to_string())
                .hint("a longer --timeout would allow it"))
        })
    }

    fn credentials(&self) -> Result<Option<Credentials>, Error> {
        let of_program = |secret: Option<&SecretSource>| {
            let credentials =
                |secret: &SecretSource| Credentials::with_source(&self.client_id, secret.clone());
            secret.map(credentials).transpose()
        };
        match self.grant {
            GrantType::Code | GrantType::Password => Ok(self.walk.own_credentials().cloned()),
            GrantType::ClientCredentials => of_program(self.secret.as_ref()),
            GrantType::TokenExchange => of_program(self.subject.as_ref().and_then(Subject::source)),
        }
    }

    /// Asks for the issuer's endpoints, and looks at its login page; nothing where the grant has none
    async fn probe(&self) -> Option<Diagnosis> {
        if self.grant != GrantType::Code {
            return None;
        }
        let listener = self.walk.own_listener();
        let login = async {
            let client = Client::new(&self.issuer, &self.client_id, self, listener)?;
            let metadata = client.discover().await?;
            client.check_endpoints(&metadata)?;
            self.authorization(&metadata)
        };
        Some(match login.await {
            Ok(login) => self.walk.probe(login.request(), &login).await,
            Err(error) => Diagnosis::failed(self.origin.to_string(), error),
        })
    }

    fn devices(&self) -> Devices {
        self.walk.own_devices().clone()
    }

    fn network(&self) -> Network {
        self.walk.own_network().clone()
    }

    fn client_key(&self) -> Result<Option<Arc<dyn Signer>>, Error> {
        Ok(self.key.clone())
    }

    fn permits(&self, endpoint: &Url) -> bool {
        let origin = Origin::of(endpoint);
        origin.is_some_and(|origin| self.walk.permits(&self.origin, &origin))
    }
}

const OPENID: &str = "openid";

/// Where browsers of kubectl's plug-ins end; registered at OpenUnison for its client `kubernetes`
const REDIRECT_URI: &str = "http://localhost:8000";

/// For the login's own limits to tell what took too long
const GRACE: Duration = Duration::from_secs(5);
