//! The throw-away CA and the servers' certificate.

use std::io;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::gate::{ClientCertificate, ClientPem};

/// Which certificate the servers show
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum TlsSwitch {
    /// For all sites, by the CA of [`crate::Testbed::ca_pem`]
    #[default]
    Trusted,
    /// By another CA than that of [`crate::Testbed::ca_pem`]
    Untrusted,
    /// Ended years ago
    Expired,
    /// For another host name
    WrongName,
}

pub(crate) struct Certificates {
    pub(crate) ca_pem: String,
    pub(crate) config: Arc<ServerConfig>,
    /// What the servers ask for, if they do
    pub(crate) client: Option<ClientPem>,
}

impl Certificates {
    pub(crate) fn make(
        hosts: &[String],
        switch: TlsSwitch,
        asked: ClientCertificate,
    ) -> io::Result<Self> {
        let ca = authority()?;
        let other = authority()?;
        let issuer = match switch {
            TlsSwitch::Untrusted => &other,
            _ => &ca,
        };
        let names = match switch {
            TlsSwitch::WrongName => vec!["somewhere-else.test".to_owned()],
            _ => hosts.to_vec(),
        };

        let key = KeyPair::generate().map_err(io::Error::other)?;
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "doorward test server");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = match switch {
            TlsSwitch::Expired => date_time_ymd(2021, 1, 1),
            _ => date_time_ymd(2090, 1, 1),
        };
        let leaf = params.signed_by(&key, issuer).map_err(io::Error::other)?;

        let (verifier, client) = match asked {
            ClientCertificate::NotAsked => (WebPkiClientVerifier::no_client_auth(), None),
            _ => (verifier(&ca, asked)?, Some(ClientPem::make(&ca)?)),
        };
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(io::Error::other)?
                .with_client_cert_verifier(verifier)
                .with_single_cert(
                    vec![leaf.der().clone()],
                    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
                )
                .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            ca_pem: ca.pem(),
            config: Arc::new(config),
            client,
        })
    }
}

/// Believes the clients that `ca` vouches for, and asks all or only lets them show it
fn verifier(
    ca: &CertifiedIssuer<'static, KeyPair>,
    asked: ClientCertificate,
) -> io::Result<Arc<dyn ClientCertVerifier>> {
    let mut roots = RootCertStore::empty();
    roots.add(ca.der().clone()).map_err(io::Error::other)?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = match asked {
        ClientCertificate::Required => builder,
        _ => builder.allow_unauthenticated(),
    };
    builder.build().map_err(io::Error::other)
}

fn authority() -> io::Result<CertifiedIssuer<'static, KeyPair>> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "doorward throw-away test CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2090, 1, 1);
    CertifiedIssuer::self_signed(params, key).map_err(io::Error::other)
}
