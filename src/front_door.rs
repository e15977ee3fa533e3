use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::credentials::Credentials;
use crate::devices::Devices;
use crate::diagnosis::Diagnosis;
use crate::kubeconfig::{OidcUser, Section, UserAuth};
use crate::session::Network;
use crate::signing::Signer;
use crate::{Error, Kubeconfig, Secret, Trail};

/// A way in: what every front door has in common
///
/// Source: <https://kubernetes.io/docs/reference/access-authn-authz/authentication/>
#[async_trait]
pub trait FrontDoor: fmt::Debug + Send + Sync {
    /// Logs in, and gives what the login yields
    ///
    /// # Errors
    ///
    /// Any [`ErrorKind`](crate::ErrorKind): each says what the caller can do.
    async fn open(&self) -> Result<Grant, Error>;

    /// Who would sign in; asked before a login, so that a password that was refused lately is not tried again
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) where they are not at hand: then no login is begun.
    fn credentials(&self) -> Result<Option<Credentials>, Error> {
        Ok(None)
    }

    /// What providers recognize a device by: filled before a login with what is kept, and kept after it
    fn devices(&self) -> Devices {
        Devices::new()
    }

    /// Walks as far as the first login page, with no credentials, and says what it saw; nothing where this way in has no pages
    ///
    /// No user name and no secret of an account is sent, so that no attempt is counted anywhere.
    async fn probe(&self) -> Option<Diagnosis> {
        None
    }

    /// How the issuer is reached when a token is refreshed
    fn network(&self) -> Network {
        Network::new()
    }

    /// The key by which the client shows a token endpoint that it is itself, where it has one
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) where it is not at hand: then nothing is refreshed.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc7523#section-2.2>
    fn client_key(&self) -> Result<Option<Arc<dyn Signer>>, Error> {
        Ok(None)
    }

    /// Whether an endpoint of the issuer that is not at the issuer's own origin may have the refresh token
    fn permits(&self, endpoint: &Url) -> bool {
        let _ = endpoint;
        false
    }
}

/// What a login yields: a token, how long it is good, and the clusters that it is for
#[derive(Clone, Debug)]
pub struct Grant {
    pub(crate) id_token: Secret,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) refresh: Option<Refresh>,
    pub(crate) subject: String,
    pub(crate) idp: Option<String>,
    pub(crate) kubeconfig: Kubeconfig,
    pub(crate) trail: Trail,
    /// What must be added to our clock to have the portal's
    pub(crate) skew: SignedDuration,
}

impl Grant {
    /// The id_token, which the API server takes as a bearer token
    pub fn id_token(&self) -> &Secret {
        &self.id_token
    }

    /// When the id_token ends, by its own `exp` claim
    pub fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// How to get the next token without a login, where the portal said so
    pub fn refresh(&self) -> Option<&Refresh> {
        self.refresh.as_ref()
    }

    /// Who was logged in, in the portal's words
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The origin of the provider that signed us in; `None` if no adapter was needed
    pub fn idp(&self) -> Option<&str> {
        self.idp.as_deref()
    }

    /// The clusters that the token is for, by URL
    pub fn servers(&self) -> Vec<String> {
        let clusters = self.kubeconfig.names(Section::Clusters);
        let entries = clusters.filter_map(|name| self.kubeconfig.entry(Section::Clusters, name));
        let servers = entries.filter_map(|entry| entry.get("server")?.as_str());
        servers.map(str::to_owned).collect()
    }

    /// The way of the login
    pub fn trail(&self) -> &Trail {
        &self.trail
    }

    /// Clusters, contexts, and the user with its credentials in the form of `auth`
    ///
    /// # Errors
    ///
    /// [`Portal`](crate::ErrorKind::Portal) if the portal's answer lacks what the form needs.
    pub fn kubeconfig(&self, auth: &UserAuth) -> Result<Kubeconfig, Error> {
        self.kubeconfig
            .with_user_auth(auth, &self.id_token)
            .map_err(|error| {
                Error::portal("the portal's kubeconfig has no user to give a token to")
                    .because(error)
            })
    }
}

/// How to get the next token without a login
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Refresh {
    /// The OpenID Connect issuer
    pub issuer: String,
    /// The client that the token was given to
    pub client_id: String,
    /// The client's secret; public clients have none
    pub client_secret: Option<Secret>,
    /// The refresh token, often good for one use
    pub token: Secret,
}

impl Refresh {
    /// What an OIDC user of a kubeconfig says; nothing if it has no refresh token
    pub(crate) fn of(user: OidcUser) -> Option<Self> {
        Some(Self {
            issuer: user.issuer,
            client_id: user.client_id,
            client_secret: user.client_secret,
            token: user.refresh_token?,
        })
    }
}
