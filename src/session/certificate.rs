//! Which certificates are believed, and what to say of one that is not.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ::aws_lc_rs::digest::{SHA256, digest};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use rustls_platform_verifier::Verifier;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::shown::Certificate;
use crate::{Error, redact};

/// Checks certificates as the platform does, and keeps the last one that was refused
///
/// The TLS library says only *that* it refused; the message must say whose certificate it was.
pub(crate) struct Trust {
    inner: Arc<dyn ServerCertVerifier>,
    refused: Mutex<Option<Refused>>,
    /// What each host showed last
    shown: Mutex<Vec<Shown>>,
}

/// The certificates that a host showed
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    host: String,
    pub(crate) chain: Vec<Certificate>,
    /// Why they were refused, if they were
    pub(crate) refused: Option<&'static str>,
}

/// What a refused certificate says of itself, and why it was refused
#[derive(Clone, Debug)]
struct Refused {
    host: String,
    why: &'static str,
    issuer: String,
    sha256: String,
}

impl Trust {
    pub(crate) fn new(
        roots: Vec<CertificateDer<'static>>,
        only: bool,
    ) -> Result<(ClientConfig, Arc<Self>), Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let inner: Arc<dyn ServerCertVerifier> = match only {
            true => own_roots(roots, &provider)?,
            false => Arc::new(
                Verifier::new_with_extra_roots(roots, Arc::clone(&provider)).map_err(no_roots)?,
            ),
        };
        let trust = Arc::new(Self {
            inner,
            refused: Mutex::new(None),
            shown: Mutex::default(),
        });
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::config("TLS cannot be set up").because(error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&trust) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        Ok((config, trust))
    }

    /// What `host` showed last, whether it was believed or not
    pub(crate) fn shown(&self, host: &str) -> Option<Shown> {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.iter().find(|shown| shown.host == host).cloned()
    }

    fn note(&self, new: Shown) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.retain(|known| known.host != new.host);
        // A process that logs in at ever new hosts keeps no more than a walk could need.
        if shown.len() >= MOST_SHOWN {
            shown.remove(0);
        }
        shown.push(new);
    }

    /// The error for a certificate of `host` that was refused just now, if one was
    pub(crate) fn refusal(&self, host: &str) -> Option<Error> {
        let refused = self
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let Refused {
            why,
            issuer,
            sha256,
            ..
        } = refused.filter(|refused| refused.host == host)?;
        let error = Error::config(format!("the server's certificate {why}"))
            .at("host", host)
            .at("issuer", issuer)
            .at("sha256", sha256);
        Some(error.hint("if the issuer is your company's, give its CA certificate with --ca-file"))
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        let chain = std::iter::once(end_entity).chain(intermediates);
        self.note(Shown {
            host: server_name.to_str().into_owned(),
            chain: chain.take(MOST_OF_A_CHAIN).map(Certificate::read).collect(),
            refused: match &verdict {
                Ok(_) => None,
                Err(rustls::Error::InvalidCertificate(error)) => Some(why(error)),
                Err(_) => Some("cannot be checked"),
            },
        });
        if let Err(rustls::Error::InvalidCertificate(error)) = &verdict {
            let refused = Refused {
                host: server_name.to_str().into_owned(),
                why: why(error),
                issuer: issuer(end_entity),
                sha256: fingerprint(end_entity),
            };
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(refused);
        }
        verdict
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").finish_non_exhaustive()
    }
}

fn own_roots(
    roots: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, Error> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root).map_err(|error| {
            Error::config("a certificate of the CA file cannot be used").because(error)
        })?;
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
        .build()
        .map_err(|error| {
            Error::config("there is no CA certificate to believe")
                .hint("give one with --ca-file")
                .because(error)
        })
}

/// A container image without CA certificates ends here
fn no_roots(error: rustls::Error) -> Error {
    Error::config("the system has no CA certificates that could be read")
        .hint("install them (often the package ca-certificates), set SSL_CERT_FILE, or give --ca-file with --ca-only")
        .because(error)
}

fn why(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet: is this machine's clock right?"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "is for another name"
        }
        CertificateError::Revoked => "was revoked",
        // A private CA that was made anew keeps its name, and its signature no longer fits.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "was issued by an authority that this machine does not believe"
        }
        _ => "is not valid",
    }
}

fn issuer(certificate: &CertificateDer<'_>) -> String {
    match X509Certificate::from_der(certificate) {
        Ok((_, parsed)) => redact::one_line(&parsed.issuer().to_string()),
        Err(_) => "(cannot be read)".into(),
    }
}

/// In the form that `openssl x509 -fingerprint -sha256` prints
pub(super) fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let digest = digest(&SHA256, certificate);
    let pairs: Vec<String> = digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    pairs.join(":")
}

/// The hosts of which is kept what they showed
const MOST_SHOWN: usize = 64;

/// Longer chains are believed or refused as any, and not told of in full
const MOST_OF_A_CHAIN: usize = 8;
