//! The whole world of a login in one process: portal, identity provider and API server.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};

use crate::builder::Builder;
use crate::clock::Clock;
use crate::doubles::Doubles;
use crate::fault::Fault;
use crate::gate::ClientPem;
use crate::okta::SentCode;
use crate::record::{FactorCounts, IdxCounts, Refreshes, Seen};
use crate::serve::Server;
use crate::world::{
    API_HOST, CONTROL_PLANE_HOST, EVIL_HOST, OKTA_CUSTOM_HOST, OKTA_HOST, PORTAL_HOST, Site, World,
};

/// Servers on loopback TLS, with a throw-away CA; dropping it stops them
///
/// They run in a thread of their own, so that sync tests and child processes can use them. Many testbeds
/// can live in one process. The one thread answers one request after the other over any number of kept
/// connections: 64 clients with ten requests each are through in less than a second, also unoptimized.
///
/// ```
/// use doorward_testkit::Testbed;
///
/// let bed = Testbed::start()?;
/// assert!(bed.portal_url().starts_with("https://k8sou.example.test:"));
/// assert!(bed.complaints().is_empty());
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Testbed {
    doubles: Arc<Doubles>,
    _server: Server,
    client: Option<ClientPem>,
}

impl Testbed {
    /// Starts the default world: an OpenUnison portal with an Okta Classic org behind it, over OIDC
    ///
    /// # Errors
    ///
    /// When no loopback port can be opened.
    pub fn start() -> io::Result<Self> {
        Self::builder().start()
    }

    pub(crate) fn new(doubles: Arc<Doubles>, server: Server, client: Option<ClientPem>) -> Self {
        Self {
            doubles,
            _server: server,
            client,
        }
    }

    pub(crate) fn world(&self) -> &World {
        &self.doubles.world
    }

    /// A world with other switches
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The portal's origin
    pub fn portal_url(&self) -> String {
        self.url(PORTAL_HOST)
    }

    /// The origin of the Okta org's own host
    pub fn okta_url(&self) -> String {
        self.url(OKTA_HOST)
    }

    /// The origin of the Okta org's custom domain
    pub fn okta_custom_url(&self) -> String {
        self.url(OKTA_CUSTOM_HOST)
    }

    /// The API server's origin
    pub fn api_url(&self) -> String {
        self.url(API_HOST)
    }

    /// The origin of a host that must never get anything
    pub fn evil_url(&self) -> String {
        self.url(EVIL_HOST)
    }

    /// The origin of the portal behind a satellite's portal
    pub fn control_plane_url(&self) -> String {
        self.url(CONTROL_PLANE_HOST)
    }

    /// The origin of any site by name, such as [`crate::OKTA_HOST`]
    pub fn url(&self, site: &str) -> String {
        self.doubles.world.origin(site)
    }

    /// The certificate that all sites' certificates lead to, unless [`crate::TlsSwitch`] says otherwise
    pub fn ca_pem(&self) -> &str {
        &self.doubles.world.ca_pem
    }

    /// A certificate that lets its owner in at the portal, and its key, as PEM; with a [`crate::Gate`] that asks for one
    pub fn client_certificate(&self) -> Option<(&str, &str)> {
        let client = self.client.as_ref()?;
        Some((&client.certificate, &client.key))
    }

    /// Where [`Testbed::hosts`] are served; with [`crate::Names::Loopback`], the portal's address
    pub fn address(&self) -> SocketAddr {
        match self.doubles.world.sites().first() {
            Some(site) => site.address,
            None => SocketAddr::from(([127, 0, 0, 1], 0)),
        }
    }

    /// Every host name, for a resolver override; addresses with [`crate::Names::Loopback`]
    pub fn hosts(&self) -> Vec<String> {
        self.doubles.world.sites().iter().map(Site::host).collect()
    }

    /// All requests so far, in the order they were answered
    pub fn seen(&self) -> Vec<Seen> {
        self.doubles.world.record.seen()
    }

    /// How many requests a site got at exactly that path; `host_part` may be a part of the site's name
    pub fn count(&self, host_part: &str, path: &str) -> usize {
        self.doubles
            .world
            .record
            .count(|seen| seen.host.contains(host_part) && seen.path == path)
    }

    /// How many OIDC sessions the portals have opened: one for each token document and each code exchanged
    pub fn logins(&self) -> usize {
        self.doubles.world.record.logins()
    }

    /// What came of the refreshes
    pub fn refreshes(&self) -> Refreshes {
        self.doubles.world.record.refreshes()
    }

    /// How many requests the API server has answered with 401
    pub fn unauthorized(&self) -> usize {
        let record = &self.doubles.world.record;
        record.count(|seen| seen.host == API_HOST && seen.status == 401)
    }

    /// What came of the factors at the Okta org, in both engines
    pub fn factor_counts(&self) -> FactorCounts {
        self.doubles.world.record.factors()
    }

    /// Every code that the Okta org sent by message, call or mail, oldest first
    pub fn outbox(&self) -> Vec<SentCode> {
        self.doubles.world.record.outbox()
    }

    /// Ends all OIDC sessions of somebody from outside, as deleting the portal's objects does; gives their number
    ///
    /// The next refresh is refused. Tokens that were made before are good until their end.
    pub fn end_sessions(&self, login: &str) -> usize {
        self.doubles
            .service
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .end_sessions(login)
    }

    /// How often the Okta org's Identity Engine was asked for what
    pub fn idx_counts(&self) -> IdxCounts {
        self.doubles.world.record.idx_counts()
    }

    /// What the client did that a real server would not forgive; tests assert that it is empty
    pub fn complaints(&self) -> Vec<String> {
        self.doubles.world.record.complaints()
    }

    /// Every secret that the servers made or took, to look for in logs and errors
    pub fn secrets(&self) -> Vec<String> {
        self.doubles.world.record.secrets()
    }

    /// The servers' clock
    pub fn clock(&self) -> &Clock {
        self.doubles.world.clock()
    }

    /// Adds a trouble from now on
    pub fn add_fault(&self, fault: Fault) {
        self.doubles
            .faults
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(fault);
    }
}

impl fmt::Debug for Testbed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Testbed")
            .field("address", &self.address())
            .field("hosts", &self.hosts())
            .finish_non_exhaustive()
    }
}
