//! Google's metadata server: plain HTTP, which no client should speak to anybody else.
//!
//! Source: <https://cloud.google.com/compute/docs/instances/verifying-instance-identity>

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ci::signed;
use crate::clock::{Clock, http_date};
use crate::http::{Answer, Ask};
use crate::keys::Keys;
use crate::serve::{Hosts, Server};

/// A metadata server on loopback, without TLS as the real one; dropping it stops it
///
/// It has one name, `metadata.google.internal`, to which a client's resolver override must lead.
pub struct MetadataServer {
    address: SocketAddr,
    double: Arc<Double>,
    _server: Server,
}

struct Double {
    keys: Keys,
    /// Whether the machine has a service account
    account: bool,
    /// Whether it says that it is the metadata server
    honest: bool,
    complaints: Mutex<Vec<String>>,
}

impl MetadataServer {
    /// A machine with a service account
    ///
    /// # Errors
    ///
    /// When no loopback port can be opened.
    pub fn start() -> io::Result<Self> {
        Self::serve(true, true)
    }

    /// A machine without a service account
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn without_account() -> io::Result<Self> {
        Self::serve(false, true)
    }

    /// Another server that has the metadata server's name
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn impostor() -> io::Result<Self> {
        Self::serve(true, false)
    }

    fn serve(account: bool, honest: bool) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let double = Arc::new(Double {
            keys: Keys::load()?,
            account,
            honest,
            complaints: Mutex::default(),
        });
        Ok(Self {
            address,
            _server: Server::start_plain(vec![listener], Arc::clone(&double))?,
            double,
        })
    }

    /// The resolver override, as `--resolve` takes it
    pub fn resolve(&self) -> String {
        format!("{HOST}:{}:{}", self.address.port(), self.address.ip())
    }

    /// What the client did that the real server would not forgive
    pub fn complaints(&self) -> Vec<String> {
        held(&self.double.complaints).clone()
    }
}

impl fmt::Debug for MetadataServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetadataServer")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Double {
    fn answer(&self, ask: &Ask) -> Answer {
        let wrong = |status: u16, what: &str| {
            held(&self.complaints).push(what.to_owned());
            Answer::html(status, format!("<p>{what}</p>"))
        };
        if ask.authority() != HOST {
            return wrong(400, "the host is not the metadata server's name");
        }
        for name in ["authorization", "cookie", "x-forwarded-for"] {
            if ask.header(name).is_some() {
                return wrong(403, "the request carries what is for others");
            }
        }
        if ask.header("metadata-flavor") != Some("Google") {
            return wrong(403, "the header Metadata-Flavor is missing");
        }
        if ask.method() != "GET" {
            return wrong(405, "the method is not GET");
        }
        if ask.path() != IDENTITY {
            return wrong(404, "nobody should ask for another path");
        }
        if !self.account {
            return Answer::html(404, "<p>default was not found</p>");
        }
        let Some(audience) = ask.query("audience").filter(|a| !a.is_empty()) else {
            return wrong(400, "non-empty audience parameter required");
        };
        if ask.query("format").as_deref() != Some("full") {
            return wrong(400, "the format is not full");
        }
        let now = Clock::default().seconds();
        let subject = "113774264463038321964";
        let issuer = "https://accounts.google.com";
        let token = signed(&self.keys, issuer, &audience, subject, now);
        // The real one says that it is HTML, too.
        Answer::html(200, token)
    }
}

impl Hosts for Double {
    async fn exchange(&self, ask: Ask) -> Answer {
        let answer = self
            .answer(&ask)
            .header("Date", http_date(Clock::default().seconds()));
        match self.honest {
            true => answer.header("Metadata-Flavor", "Google"),
            false => answer,
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const HOST: &str = "metadata.google.internal";
const IDENTITY: &str = "/computeMetadata/v1/instance/service-accounts/default/identity";
