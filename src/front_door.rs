use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::kubeconfig::UserAuth;
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
    /// The refresh token, often good for one use
    pub token: Secret,
}
