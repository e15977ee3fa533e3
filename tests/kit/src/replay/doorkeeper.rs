use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

use super::Play;

/// Notes who asks for a host outside the recording, which the certificate is not for
#[derive(Debug)]
pub(super) struct Doorkeeper {
    hosts: BTreeSet<String>,
    play: Arc<Mutex<Play>>,
    certificate: Arc<dyn ResolvesServerCert>,
}

impl Doorkeeper {
    pub(super) fn before(
        config: &ServerConfig,
        hosts: BTreeSet<String>,
        play: Arc<Mutex<Play>>,
    ) -> Arc<ServerConfig> {
        let mut config = config.clone();
        config.cert_resolver = Arc::new(Self {
            hosts,
            play,
            certificate: config.cert_resolver,
        });
        Arc::new(config)
    }
}

impl ResolvesServerCert for Doorkeeper {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let host = hello.server_name().unwrap_or("without a name");
        if !self.hosts.contains(host) {
            self.play
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .note_foreign(host);
        }
        self.certificate.resolve(hello)
    }
}
