use std::collections::BTreeMap;
use std::fmt;
use std::future::ready;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::certificate::Trust;
use crate::{Error, redact};

/// How servers are reached and whom to believe: trust, names, proxies, time-outs
///
/// The defaults are those of a browser: the system's certificate authorities, and the proxy of `HTTPS_PROXY` and
/// `NO_PROXY`. Clones share one HTTP client, which costs some milliseconds to make.
///
/// ```
/// use doorward::Network;
///
/// let network = Network::new().resolve("k8sou.example.com:443:127.0.0.1")?.user_agent("acme-pipeline/1.2");
/// # let _ = network;
/// # Ok::<(), doorward::Error>(())
/// ```
#[derive(Clone)]
pub struct Network {
    roots: Vec<CertificateDer<'static>>,
    only: bool,
    names: Vec<(String, SocketAddr)>,
    user_agent: String,
    connect_timeout: Duration,
    read_timeout: Duration,
    http: Arc<OnceLock<Http>>,
}

/// The client, and what its certificate check saw
#[derive(Clone)]
pub(crate) struct Http {
    pub(crate) client: reqwest::Client,
    pub(crate) trust: Arc<Trust>,
}

impl Network {
    /// The system's certificate authorities, names as the system resolves them, `doorward/VERSION` as user agent
    pub fn new() -> Self {
        Self {
            roots: Vec::new(),
            only: false,
            names: Vec::new(),
            user_agent: concat!("doorward/", env!("CARGO_PKG_VERSION")).into(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(60),
            http: Arc::default(),
        }
    }

    /// Believes the certificate authorities of `pem`, too
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) if there is no certificate in it.
    pub fn ca_pem(mut self, pem: &[u8]) -> Result<Self, Error> {
        let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        let found =
            found.map_err(|error| Error::config("the CA file is not valid PEM").because(error))?;
        if found.is_empty() {
            return Err(Error::config("there is no certificate in the CA file"));
        }
        self.roots.extend(found);
        Ok(self.changed())
    }

    /// Believes no certificate authority but those of [`ca_pem`](Self::ca_pem)
    #[must_use]
    pub fn ca_only(mut self) -> Self {
        self.only = true;
        self.changed()
    }

    /// Reaches a host at another address, as curl's `--resolve HOST:PORT:ADDRESS` does
    ///
    /// The host `*` stands for every one that has no entry of its own: then no name is looked up.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) if the text has another form.
    pub fn resolve(mut self, text: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::config("a resolve entry has the form HOST:PORT:ADDRESS")
                .at("value", redact::one_line(text))
        };
        let mut parts = text.splitn(3, ':');
        let (Some(host), Some(port), Some(address)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        let port: u16 = port.parse().map_err(|_| wrong())?;
        let address = address.trim_start_matches('[').trim_end_matches(']');
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        if host.is_empty() {
            return Err(wrong());
        }
        self.names
            .push((host.to_ascii_lowercase(), SocketAddr::new(address, port)));
        Ok(self.changed())
    }

    /// What the client says of itself to every server
    #[must_use]
    pub fn user_agent(mut self, user_agent: &str) -> Self {
        self.user_agent = user_agent.into();
        self.changed()
    }

    /// How long a connection may take to come up; 10 seconds unless told otherwise
    #[must_use]
    pub fn connect_timeout(mut self, time: Duration) -> Self {
        self.connect_timeout = time;
        self.changed()
    }

    /// How long a server may stay silent; 60 seconds unless told otherwise, since a portal's first login of a user is slow
    #[must_use]
    pub fn read_timeout(mut self, time: Duration) -> Self {
        self.read_timeout = time;
        self.changed()
    }

    /// Settings that differ need a client of their own
    fn changed(mut self) -> Self {
        self.http = Arc::default();
        self
    }

    pub(crate) fn http(&self) -> Result<Http, Error> {
        if let Some(http) = self.http.get() {
            return Ok(http.clone());
        }
        let http = self.build()?;
        Ok(self.http.get_or_init(|| http).clone())
    }

    fn build(&self) -> Result<Http, Error> {
        let (tls, trust) = Trust::new(self.roots.clone(), self.only)?;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .http1_only()
            .user_agent(&self.user_agent)
            .connect_timeout(self.connect_timeout)
            .read_timeout(self.read_timeout)
            .tcp_nodelay(true);
        let mut hosts: BTreeMap<&str, Vec<SocketAddr>> = BTreeMap::new();
        for (host, address) in &self.names {
            hosts.entry(host).or_default().push(*address);
        }
        // The client overrides by host; a port that stands in the URL stays what it is.
        if let Some(addresses) = hosts.remove(EVERY_HOST) {
            builder = builder.dns_resolver(Everywhere(addresses));
        }
        for (host, addresses) in hosts {
            builder = builder.resolve_to_addrs(host, &addresses);
        }
        let client = builder.build().map_err(|error| {
            Error::config("the HTTP client cannot be set up with these settings")
                .because(error.without_url())
        })?;
        Ok(Http { client, trust })
    }
}

impl Default for Network {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("extra_roots", &self.roots.len())
            .field("only", &self.only)
            .field("names", &self.names)
            .field("user_agent", &self.user_agent)
            .field("connect_timeout", &self.connect_timeout)
            .field("read_timeout", &self.read_timeout)
            .finish_non_exhaustive()
    }
}

/// The answer to every name
struct Everywhere(Vec<SocketAddr>);

impl Resolve for Everywhere {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses: Addrs = Box::new(self.0.clone().into_iter());
        Box::pin(ready(Ok(addresses)))
    }
}

const EVERY_HOST: &str = "*";
