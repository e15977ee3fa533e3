//! What all doubles of one testbed share: names, clock, keys and notes.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::clock::Clock;
use crate::keys::Keys;
use crate::record::Record;

/// How the sites are reached
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Names {
    /// By host names on one port; the client must map every name to [`crate::Testbed::address`]
    #[default]
    Hosts,
    /// By loopback addresses (127.0.0.1, 127.0.0.2 …), for programs whose resolver cannot be told, such as kubectl
    ///
    /// Works where the whole of 127.0.0.0/8 leads back to the machine, as on Linux and Windows.
    Loopback,
}

/// What the doubles of one testbed share
pub struct World {
    pub(crate) clock: Clock,
    pub(crate) keys: Keys,
    pub(crate) record: Record,
    pub(crate) ca_pem: String,
    sites: Vec<Site>,
}

impl World {
    pub(crate) fn new(keys: Keys, sites: Vec<Site>, ca_pem: String) -> Self {
        Self {
            clock: Clock::default(),
            keys,
            record: Record::default(),
            ca_pem,
            sites,
        }
    }

    /// The origin of a site, such as `https://k8sou.example.test:40123`
    ///
    /// Unknown names give an origin that nothing answers.
    pub fn origin(&self, site: &str) -> String {
        match self.site(site) {
            Some(site) => format!("https://{}:{}", site.host(), site.address.port()),
            None => format!("https://{site}"),
        }
    }

    /// The servers' clock
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Notes that the client did something that the real server would not forgive
    pub fn complain(&self, complaint: impl Into<String>) {
        self.record.complain(complaint.into());
    }

    /// Notes a secret for canary tests, and gives it back
    pub fn secret(&self, value: impl Into<String>) -> String {
        let value = value.into();
        self.record.secret(&value);
        value
    }

    /// The same for a one-time code or an answer, which may be short
    pub(crate) fn code(&self, value: impl Into<String>) -> String {
        let value = value.into();
        self.record.code(&value);
        value
    }

    pub(crate) fn site(&self, name: &str) -> Option<&Site> {
        self.sites.iter().find(|site| site.name == name)
    }

    pub(crate) fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// The site that a `Host` header names
    pub(crate) fn site_at(&self, authority: &str) -> Option<&Site> {
        self.sites.iter().find(|site| {
            let port = site.address.port();
            authority == format!("{}:{port}", site.host())
        })
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("sites", &self.sites)
            .finish_non_exhaustive()
    }
}

/// One virtual host
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) name: String,
    pub(crate) names: Names,
    pub(crate) address: SocketAddr,
}

impl Site {
    /// What stands in URLs, without the port
    pub(crate) fn host(&self) -> String {
        match self.names {
            Names::Hosts => self.name.clone(),
            Names::Loopback => self.address.ip().to_string(),
        }
    }

    /// The loopback address of the site at that place of the list
    pub(crate) fn ip(names: Names, place: usize) -> IpAddr {
        let last = match names {
            Names::Hosts => 1,
            Names::Loopback => u8::try_from(place + 1).unwrap_or(u8::MAX),
        };
        IpAddr::V4(Ipv4Addr::new(127, 0, 0, last))
    }
}

/// The portal
pub const PORTAL_HOST: &str = "k8sou.example.test";
/// The Kubernetes API server
pub const API_HOST: &str = "k8sapi.example.test";
/// The Okta org
pub const OKTA_HOST: &str = "acme.okta.test";
/// The Okta org's custom domain
pub const OKTA_CUSTOM_HOST: &str = "login.acme.test";
/// The provider that the Okta org sends people to: a portal with a login form; served where
/// [`crate::OktaFactor::claims_provider`] or [`crate::Identify::OtherProvider`] needs it
pub const PARTNER_HOST: &str = "idp.partner.test";
/// A host that nobody should send anything to
pub const EVIL_HOST: &str = "evil.test";
/// The portal that a satellite's portal sends people to
pub const CONTROL_PLANE_HOST: &str = "control.example.test";
/// What the runners of CI platforms ask for a job's identity
pub const RUNNER_HOST: &str = "runner.example.test";
