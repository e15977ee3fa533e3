use std::collections::BTreeMap;
use std::fmt;
use std::future::ready;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderName;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use url::Url;

use super::Origin;
use super::certificate::Trust;
use super::proxied::{self, Proxied};
use super::reserved::{Identity, Reserved};
use super::turns::Turns;
use crate::{Error, Proxy, Secret, redact};

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
    proxied: Proxied,
    reserved: Vec<Reserved>,
    http: Arc<OnceLock<Http>>,
}

/// The clients, and what their certificate check saw
#[derive(Clone)]
pub(crate) struct Http {
    client: reqwest::Client,
    pub(crate) trust: Arc<Trust>,
    /// What some origins get besides, each with the client that speaks to it
    reserved: Arc<Vec<(Reserved, reqwest::Client)>>,
    proxied: Arc<Matcher>,
}

impl Http {
    /// The client for `url`, and the headers that its origin gets besides
    pub(crate) fn client(&self, url: &Url) -> (&reqwest::Client, &[(HeaderName, Secret)]) {
        let origin = Origin::of(url);
        let mut entries = self.reserved.iter();
        let found = entries.find(|(reserved, _)| Some(&reserved.origin) == origin.as_ref());
        match found {
            Some((reserved, client)) => (client, &reserved.headers),
            None => (&self.client, &[]),
        }
    }

    /// Whether the origin of `url` is shown a client certificate
    pub(crate) fn shows_certificate(&self, url: &Url) -> bool {
        let origin = Origin::of(url);
        let mut entries = self.reserved.iter();
        entries.any(|(reserved, _)| {
            reserved.identity.is_some() && Some(&reserved.origin) == origin.as_ref()
        })
    }

    /// The proxy that leads to `url`, if one does
    pub(crate) fn proxy(&self, url: &Url) -> Option<String> {
        proxied::way(&self.proxied, url.as_str())
    }
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
            proxied: Proxied::default(),
            reserved: Vec::new(),
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
    /// The host `*` stands for every one that has no entry of its own: then no name is looked up. It has no effect on hosts
    /// behind a proxy, which looks up their names itself ([`resolved_in_vain`](Self::resolved_in_vain) tells which); it has one on the
    /// name of the proxy.
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

    /// Reaches the host `name` where `host` is, so that TLS is spoken by that name; looks `host` up, which may wait
    ///
    /// # Errors
    ///
    /// `Config`: `name` is an address, or a proxy leads to `host`, which would be told the wrong name. `Transport`: nobody
    /// knows where `host` is.
    pub(crate) fn alias(mut self, name: &str, host: &str, port: u16) -> Result<Self, Error> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if name.parse::<IpAddr>().is_ok() {
            return Err(Error::config("the name for TLS is an address").at("name", name));
        }
        if proxied::hides(&self.proxied.matcher(), host) {
            return Err(Error::config(
                "a proxy leads to the server, and would be told the name for TLS in place of its own",
            )
            .at("host", host));
        }
        let known = |wanted: &str| {
            let names = self.names.iter();
            let found = names.filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, address)| *address).collect::<Vec<_>>()
        };
        let mut addresses = known(bare);
        if addresses.is_empty() && bare.parse::<IpAddr>().is_err() {
            addresses = known(EVERY_HOST);
        }
        if addresses.is_empty() {
            let found = (bare, port).to_socket_addrs().map_err(|error| {
                Error::transport("the server cannot be found")
                    .at("host", host)
                    .because(error)
            })?;
            addresses.extend(found);
        }
        let name = name.to_ascii_lowercase();
        self.names.retain(|(known, _)| *known != name);
        let addresses = addresses.into_iter().map(|address| (name.clone(), address));
        self.names.extend(addresses);
        Ok(self.changed())
    }

    /// What the client says of itself to every server
    #[must_use]
    pub fn user_agent(mut self, user_agent: &str) -> Self {
        self.user_agent = user_agent.into();
        self.changed()
    }

    /// How long a connection may take to come up; 10 seconds unless told otherwise
    ///
    /// It does not count the wait for other connections: of one network, 32 come up at once, and no wait is longer than 3 seconds.
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

    /// Shows a client certificate to the origin of `url`, such as the portal's, and to no other
    ///
    /// `certificates` is PEM, the client's own first and then those that lead to its authority; `key` is its key, as PEM, too.
    /// The origin has a connection of its own, so that nobody can ask for the certificate elsewhere, also not by a redirect.
    ///
    /// ```no_run
    /// use doorward::{Network, SecretSource};
    ///
    /// let certificate = std::fs::read("client.pem")?;
    /// let key = SecretSource::file("client.key").read("client key")?;
    /// let network = Network::new().client_identity("https://k8sou.example.com", &certificate, &key)?;
    /// # let _ = network;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): `url` is not https, there is no certificate or no key in the PEM, the key is encrypted,
    /// or the two do not belong together. A login ends with it, too, if the way leads through a proxy that is itself spoken
    /// to by TLS, and could ask for the certificate.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2>
    pub fn client_identity(
        mut self,
        url: &str,
        certificates: &[u8],
        key: &Secret,
    ) -> Result<Self, Error> {
        let identity = Identity::read(certificates, key)?;
        Reserved::change(&mut self.reserved, Origin::parse(url)?, |reserved| {
            reserved.identity = Some(identity);
            Ok(())
        })?;
        Ok(self.changed())
    }

    /// Sends a header with every request to the origin of `url`, such as the portal's, and to no other
    ///
    /// For what stands before a portal and lets nobody in without a token of its own. A request that has a header of that name
    /// already keeps its own.
    ///
    /// ```
    /// use doorward::{Network, Secret};
    ///
    /// let portal = "https://k8sou.example.com";
    /// let network = Network::new()
    ///     .header(portal, "CF-Access-Client-Id", &Secret::new("5f1e.access"))?
    ///     .header(portal, "CF-Access-Client-Secret", &Secret::new("9d3c"))?;
    /// assert!(!format!("{network:?}").contains("9d3c"));
    /// # Ok::<(), doorward::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): `url` is not https, name or value cannot be sent, the header is given twice, or it is one
    /// that the session sets itself, such as `Cookie` and `Host`. No error holds the value.
    pub fn header(mut self, url: &str, name: &str, value: &Secret) -> Result<Self, Error> {
        Reserved::change(&mut self.reserved, Origin::parse(url)?, |reserved| {
            reserved.add_header(name, value)
        })?;
        Ok(self.changed())
    }

    /// The same for the headers of a file, one `Name: value` per line
    ///
    /// ```
    /// use doorward::{Network, Secret};
    ///
    /// let lines = Secret::new("CF-Access-Client-Id: 5f1e.access\nCF-Access-Client-Secret: 9d3c\n");
    /// let network = Network::new().header_lines("https://k8sou.example.com", &lines)?;
    /// # let _ = network;
    /// # Ok::<(), doorward::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`header`](Self::header), with the number of the line; and if there is none.
    pub fn header_lines(mut self, url: &str, lines: &Secret) -> Result<Self, Error> {
        Reserved::change(&mut self.reserved, Origin::parse(url)?, |reserved| {
            reserved.add_header_lines(lines)
        })?;
        Ok(self.changed())
    }

    /// Goes through `proxy` in place of the one of `HTTPS_PROXY`; hosts in `NO_PROXY` are still reached directly
    ///
    /// ```
    /// use doorward::{Network, Proxy, Secret};
    ///
    /// let network = Network::new()
    ///     .proxy(Proxy::parse("http://ci@proxy.example.com:3128")?)
    ///     .proxy_password(Secret::new("correct horse"));
    /// let direct = Network::new().proxy(Proxy::parse("none")?);
    /// # let _ = (network, direct);
    /// # Ok::<(), doorward::Error>(())
    /// ```
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxied.proxy = Some(proxy);
        self.changed()
    }

    /// The password for the user that [`proxy`](Self::proxy) names; without effect where that names none
    #[must_use]
    pub fn proxy_password(mut self, password: Secret) -> Self {
        self.proxied.password = Some(password);
        self.changed()
    }

    /// The hosts with a [`resolve`](Self::resolve) entry that has no effect, since a proxy leads to them
    ///
    /// ```
    /// use doorward::{Network, Proxy};
    ///
    /// let network = Network::new().resolve("k8sou.example.com:443:10.0.0.7")?;
    /// let proxied = network.clone().proxy(Proxy::parse("http://proxy.example.com:3128")?);
    /// assert_eq!(proxied.resolved_in_vain(), ["k8sou.example.com"]);
    ///
    /// let direct = network.proxy(Proxy::parse("none")?);
    /// assert!(direct.resolved_in_vain().is_empty());
    /// # Ok::<(), doorward::Error>(())
    /// ```
    pub fn resolved_in_vain(&self) -> Vec<&str> {
        let matcher = self.proxied.matcher();
        let mut hosts: Vec<&str> = self.names.iter().map(|(host, _)| host.as_str()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        // Of every host, one that nobody exempts from the proxy.
        hosts.retain(|host| match *host {
            EVERY_HOST => proxied::hides(&matcher, ANY_HOST),
            host => proxied::hides(&matcher, host),
        });
        hosts
    }

    /// The proxy that leads to `url`, without user and password; nothing where the host is reached directly
    ///
    /// ```
    /// use doorward::{Network, Proxy, Url};
    ///
    /// let network = Network::new().proxy(Proxy::parse("http://ci@proxy.example.com:3128")?);
    /// let portal = Url::parse("https://k8sou.example.com")?;
    /// assert_eq!(network.proxy_to(&portal).as_deref(), Some("http://proxy.example.com:3128"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn proxy_to(&self, url: &Url) -> Option<String> {
        proxied::way(&self.proxied.matcher(), url.as_str())
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
        let client = self.client(tls.clone())?;
        let matcher = self.proxied.matcher();
        let mut reserved = Vec::new();
        for entry in &self.reserved {
            let own = match &entry.identity {
                Some(identity) => {
                    check_tunnel(&matcher, &entry.origin)?;
                    self.client(identity.add_to(&tls))?
                }
                None => client.clone(),
            };
            reserved.push((entry.clone(), own));
        }
        Ok(Http {
            client,
            trust,
            reserved: Arc::new(reserved),
            proxied: Arc::new(matcher),
        })
    }

    fn client(&self, tls: ClientConfig) -> Result<reqwest::Client, Error> {
        let wrong = |error: reqwest::Error| {
            Error::config("the HTTP client cannot be set up with these settings")
                .because(error.without_url())
        };
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .http1_only()
            .user_agent(&self.user_agent)
            .connect_timeout(self.connect_timeout)
            .read_timeout(self.read_timeout)
            .pool_max_idle_per_host(IDLE)
            .connector_layer(Turns::new())
            .tcp_nodelay(true);
        builder = self.proxied.set(builder).map_err(wrong)?;
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
        builder.build().map_err(wrong)
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
            .field("proxy", &self.proxied.proxy)
            .field("reserved", &self.reserved)
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

/// A proxy that is spoken to by TLS shares the client's settings, and may ask for a certificate as any server may
fn check_tunnel(matcher: &Matcher, origin: &Origin) -> Result<(), Error> {
    let way = proxied::way(matcher, &format!("{origin}/"));
    match way.filter(|proxy| proxy.starts_with("https:")) {
        Some(proxy) => Err(Error::config(
            "the client certificate could be shown to the proxy, which is spoken to by TLS, too",
        )
        .at("proxy", proxy)
        .hint("--proxy with an http:// URL of the same proxy, --proxy none, or NO_PROXY for this host")),
        None => Ok(()),
    }
}

/// How many connections to one host wait for the next request
///
/// Each costs some 31 KiB. A login leaves the portal's behind while it is at the provider, which would be one for each login
/// in flight; beyond this number it is cheaper to resume the TLS session.
const IDLE: usize = 16;

const EVERY_HOST: &str = "*";

/// A name that is nobody's (RFC 2606)
const ANY_HOST: &str = "any.invalid";
