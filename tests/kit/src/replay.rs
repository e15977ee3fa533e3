//! Plays a recorded login again, over real sockets.

mod compare;

mod doorkeeper;
use doorkeeper::Doorkeeper;

mod log;
use log::Log;

mod play;
pub(crate) use play::{How, Notes, Play};

mod runner;
pub(crate) use runner::{End, LONGEST_LOGIN, Runner};

mod secrets;
pub(crate) use secrets::{CANARY, Secrets};

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::panic::resume_unwind;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use doorward::recording::{Case, Exchange};
use doorward::{Error, Factor, Grant, IdpAdapter, Network, Portal, Walk};
use tokio_rustls::TlsAcceptor;
use url::Url;

use crate::gate::ClientCertificate;
use crate::serve::Server;
use crate::tls::{Certificates, TlsSwitch};

/// The servers of a recorded login, on loopback TLS; dropping it stops them
///
/// Every host of the recording leads here, so that the whole of doorward's HTTP runs: cookies, redirects, TLS. A request must be
/// what was recorded, in the order of the recording: method, URL, cookies, headers, and the decoded body. Anything else is
/// answered with 500, and [`finish`](Self::finish) tells the difference. Where the recording has placeholders for secrets, the
/// replay has made-up ones, of characters that are hard to encode.
///
/// ```
/// use std::path::Path;
/// use std::sync::Arc;
///
/// use doorward::recording::Case;
/// use doorward_testkit::Replay;
///
/// # use async_trait::async_trait;
/// # use doorward::{Error, IdpAdapter, Page, Recognition, Visit};
/// # #[derive(Debug)]
/// # struct Acme {}
/// # #[async_trait]
/// # impl IdpAdapter for Acme {
/// #     fn name(&self) -> &'static str {
/// #         "acme"
/// #     }
/// #     fn recognizes(&self, page: &Page) -> Recognition {
/// #         page.form_with("acme_password").map_or(Recognition::No, |_| Recognition::Certain("Acme's form"))
/// #     }
/// #     async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
/// #         let mut form = page.expect_form_with("acme_password")?;
/// #         form.set("acme_user", visit.username());
/// #         form.set_secret("acme_password", &visit.password().await?);
/// #         visit.submit(form).await
/// #     }
/// # }
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/acme/password-ok");
/// let case = Case::read(Path::new(folder))?;
/// let replay = Replay::start(&case)?;
///
/// let grant = replay.log_in(&[Arc::new(Acme {})])?;
///
/// assert_eq!(grant.subject(), "ci-user");
/// assert_eq!(replay.finish(), Vec::<String>::new());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Replay {
    case: Case,
    secrets: Secrets,
    hosts: BTreeSet<String>,
    address: SocketAddr,
    ca_pem: String,
    network: Network,
    runner: Runner,
    play: Arc<Mutex<Play>>,
    _server: Server,
}

impl Replay {
    /// Serves the hosts of `case`
    ///
    /// # Errors
    ///
    /// When no loopback port can be opened, or a URL of the recording is none.
    pub fn start(case: &Case) -> io::Result<Self> {
        let secrets = Secrets::of(&case.about);
        let hosts = hosts_of(&case.exchanges)?;
        let names: Vec<String> = hosts.iter().cloned().collect();
        let certificates =
            Certificates::make(&names, TlsSwitch::Trusted, ClientCertificate::NotAsked)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let play = Play::new(case.exchanges.clone(), secrets.clone(), How::Strictly);
        let play = Arc::new(Mutex::new(play));
        let tls = Doorkeeper::before(&certificates.config, hosts.clone(), Arc::clone(&play));
        let server = Server::start(vec![listener], TlsAcceptor::from(tls), Arc::clone(&play))?;
        let network = network(&certificates.ca_pem, address).map_err(io::Error::other)?;
        Ok(Self {
            case: case.clone(),
            secrets,
            hosts,
            address,
            ca_pem: certificates.ca_pem,
            network,
            runner: Runner::start()?,
            play,
            _server: server,
        })
    }

    /// Where the login begins: the URL of the portal's token document
    pub fn portal_url(&self) -> &str {
        let first = self.case.exchanges.first();
        first.map_or("", |exchange| exchange.request.url.as_str())
    }

    /// A walk for one login, as `case.toml` wants it; the adapter is the caller's to add
    ///
    /// # Errors
    ///
    /// `Config` for what `case.toml` says and no walk can take, such as a URL that is none.
    pub fn walk(&self) -> Result<Walk, Error> {
        self.walk_over(network(&self.ca_pem, self.address)?)
    }

    /// Logs in from the beginning of the recording, in a thread of its own, and waits for the end
    ///
    /// # Errors
    ///
    /// What the login ends with; `Transport`, too, where it does not end within a minute.
    ///
    /// # Panics
    ///
    /// Where an adapter panics.
    pub fn log_in(&self, adapters: &[Arc<dyn IdpAdapter>]) -> Result<Grant, Error> {
        self.begin(self.case.exchanges.clone(), How::Strictly);
        let walk = adapters
            .iter()
            .cloned()
            .fold(self.walk_over(self.network.clone())?, Walk::shared_adapter);
        match self.run(walk)?.0 {
            End::Granted(grant) => Ok(*grant),
            End::Failed(error) => Err(error),
            End::Panicked(panic) => resume_unwind(panic),
            End::Endless => Err(Error::transport("the login does not end")),
        }
    }

    /// What differed from the recording, and what nobody asked for; empty if it went as recorded
    pub fn finish(&self) -> Vec<String> {
        self.held().finish().differences
    }

    /// Begins another play
    pub(crate) fn begin(&self, exchanges: Vec<Exchange>, how: How) {
        *self.held() = Play::new(exchanges, self.secrets.clone(), how);
    }

    /// Ends the play, and gives what was noticed
    pub(crate) fn notes(&self) -> Notes {
        self.held().finish()
    }

    /// A walk for [`run`](Self::run), whose logins share connections
    pub(crate) fn own_walk(&self) -> Result<Walk, Error> {
        self.walk_over(self.network.clone())
    }

    /// How a login of `walk` ends, and what was logged meanwhile
    pub(crate) fn run(&self, walk: Walk) -> Result<(End, String), Error> {
        Ok(self.runner.log_in(Portal::new(self.portal_url(), walk)?))
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    fn walk_over(&self, network: Network) -> Result<Walk, Error> {
        let about = &self.case.about;
        let mut walk = Walk::new().network(network).timeout(LONGEST_LOGIN);
        let given = Arc::new(AtomicUsize::new(0));
        for (index, account) in about.accounts.iter().enumerate() {
            let credentials = self.secrets.credentials(account, index + 1, &given)?;
            walk = match &account.url {
                Some(url) => walk.credentials_at(url, credentials)?,
                None => walk.credentials(credentials),
            };
        }
        for url in &about.idp_urls {
            walk = walk.idp_url(url)?;
        }
        for url in &about.via {
            walk = walk.via(url)?;
        }
        for label in &about.login_options {
            walk = walk.login_option(label);
        }
        for factor in &about.factors {
            walk = walk.factor(Factor::parse(factor)?);
        }
        if about.accept_consent {
            walk = walk.accept_consent();
        }
        if about.accept_terms {
            walk = walk.accept_terms();
        }
        Ok(walk)
    }

    fn held(&self) -> MutexGuard<'_, Play> {
        self.play.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay")
            .field("portal_url", &self.portal_url())
            .field("hosts", &self.hosts)
            .field("exchanges", &self.case.exchanges.len())
            .finish_non_exhaustive()
    }
}

fn hosts_of(exchanges: &[Exchange]) -> io::Result<BTreeSet<String>> {
    let host = |exchange: &Exchange| {
        let url = Url::parse(&exchange.request.url).map_err(io::Error::other)?;
        let host = url.host_str().unwrap_or_default();
        Ok(host.to_owned())
    };
    exchanges.iter().map(host).collect()
}

/// Every name leads to the replay, so that one that does not belong there is noticed
fn network(ca_pem: &str, to: SocketAddr) -> Result<Network, Error> {
    let network = Network::new().ca_pem(ca_pem.as_bytes())?.ca_only();
    network.resolve(&format!("*:{}:{}", to.port(), to.ip()))
}
