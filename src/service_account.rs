//! A service account of a cluster: short-lived tokens, asked for by credentials that may do so.

mod access;
use access::Access;
pub use access::ClusterAccess;

mod entries;

mod plugin;

mod request;
use request::TokenRequest;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::devices::Devices;
use crate::event::{Event, Listener};
use crate::front_door::{FrontDoor, Grant};
use crate::kubeconfig::Section;
use crate::session::{Limits, Network, Origin, Origins, Session, skew};
use crate::token::Claims;
use crate::{Error, Kubeconfig, Request, one_line};

/// A service account as a front door, by the TokenRequest API: its tokens end, and are asked for anew
///
/// Nothing is made in the cluster, and never a Secret with an endless token. The credentials that ask need the right to
/// `create` on `serviceaccounts/token`; they are read again each time, since files rotate.
///
/// ```no_run
/// use std::time::Duration;
///
/// use doorward::{ClusterAccess, FrontDoor, ServiceAccount};
///
/// # async fn log_in() -> Result<(), doorward::Error> {
/// let access = ClusterAccess::from_environment(|name| std::env::var_os(name), None)?;
/// let account = ServiceAccount::new("ci", "deployer", access)?.duration(Duration::from_secs(900));
/// let grant = account.open().await?;
/// println!("{} until {:?}", grant.subject(), grant.expires());
/// # Ok(())
/// # }
/// ```
///
/// Source: <https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/>
#[derive(Clone)]
pub struct ServiceAccount {
    request: TokenRequest,
    access: ClusterAccess,
    network: Network,
    listener: Listener,
}

impl ServiceAccount {
    /// The service account `name` of `namespace`, whose tokens are asked for by `access`
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) for what is no name of Kubernetes.
    pub fn new(namespace: &str, name: &str, access: ClusterAccess) -> Result<Self, Error> {
        let request = TokenRequest {
            namespace: namespace.into(),
            name: name.into(),
            audiences: Vec::new(),
            duration: None,
        };
        request.check()?;
        Ok(Self {
            request,
            access,
            network: Network::new(),
            listener: Listener::default(),
        })
    }

    /// For whom the token is, besides those who were named before; for the API server itself if nobody is named
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.request.audiences.push(audience.into());
        self
    }

    /// How long the token is to live: 10 minutes at least, and as long as the server likes, an hour, if nothing is said
    #[must_use]
    pub fn duration(mut self, time: Duration) -> Self {
        self.request.duration = Some(time);
        self
    }

    /// How the API server is reached, besides what the kubeconfig says of it
    #[must_use]
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// Calls `callback` for the exchange with the API server
    #[must_use]
    pub fn on_event(mut self, callback: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.listener = Listener::new(callback);
        self
    }

    async fn access(&self) -> Result<Access, Error> {
        let (access, network) = (self.access.clone(), self.network.clone());
        // Files, and perhaps a plug-in.
        let read = tokio::task::spawn_blocking(move || access.read(&network)).await;
        read.map_err(|error| {
            Error::transport("reading the credentials was broken off").because(error)
        })?
    }

    /// The cluster that the token is for, reached as the source says, with nothing that lies elsewhere
    fn kubeconfig(&self, access: &Access) -> Kubeconfig {
        let cluster = &access.cluster_name;
        let (namespace, account) = (&self.request.namespace, &self.request.name);
        let name = format!("{namespace}/{account}@{cluster}");
        let mut kubeconfig = Kubeconfig::new();
        let entry = kubeconfig.entry_mut(Section::Clusters, cluster);
        for key in CLUSTER_FIELDS {
            if let Some(value) = access.cluster.get(key) {
                entry.insert(key.into(), value.clone());
            }
        }
        let entry = kubeconfig.entry_mut(Section::Contexts, &name);
        entry.insert("cluster".into(), cluster.as_str().into());
        entry.insert("namespace".into(), namespace.as_str().into());
        entry.insert("user".into(), name.as_str().into());
        kubeconfig.entry_mut(Section::Users, &name);
        kubeconfig.set_current_context(&name);
        kubeconfig
    }
}

#[async_trait]
impl FrontDoor for ServiceAccount {
    async fn open(&self) -> Result<Grant, Error> {
        self.request.check()?;
        let access = self.access().await?;
        let url = self.request.url(&access.server);
        let origin = Origin::of(&url)
            .ok_or_else(|| Error::config("the cluster's server is no https URL"))?;
        let origins = Origins::new(origin.clone(), vec![origin], Vec::new());
        let listener = self.listener.clone();
        let mut session =
            Session::new(&access.network, origins, LIMITS, &Devices::new(), listener)?;
        let request = Request::post(&url)
            .header("accept", "application/json")
            .json(self.request.body());
        let page = session.send(access.sign(request)).await;
        let trail = session.trail().clone();
        let page = page.map_err(|error| error.with_trail(&trail))?;
        let bound = self.request.answer(&page, &access.whose);
        let bound = bound.map_err(|error| error.with_trail(&trail))?;
        let claims = Claims::of(&bound.token).unwrap_or_default();
        let (namespace, name) = (&self.request.namespace, &self.request.name);
        let subject = claims
            .subject
            .unwrap_or_else(|| format!("system:serviceaccount:{namespace}:{name}"));
        Ok(Grant {
            kubeconfig: self.kubeconfig(&access),
            expires: Some(bound.expires),
            id_token: bound.token,
            refresh: None,
            subject: one_line(&subject),
            idp: None,
            trail,
            skew: skew(page.date(), Timestamp::now()),
        })
    }

    fn network(&self) -> Network {
        self.network.clone()
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount")
            .field("request", &self.request)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

/// What a client needs of a cluster, in kubectl's own order
const CLUSTER_FIELDS: [&str; 4] = [
    "certificate-authority-data",
    "proxy-url",
    "server",
    "tls-server-name",
];

const LIMITS: Limits = Limits {
    hops: 1,
    body: 1 << 20,
    headers: 64 << 10,
    deadline: Duration::from_secs(30),
};
