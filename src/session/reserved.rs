//! What one origin alone gets: a client certificate, and headers.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use reqwest::header::{HeaderName, HeaderValue};
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use super::Origin;
use crate::{Error, Secret};

/// An origin, and what it gets with every request to it; no other origin gets any of it
#[derive(Clone)]
pub(crate) struct Reserved {
    pub(crate) origin: Origin,
    pub(crate) identity: Option<Identity>,
    pub(crate) headers: Vec<(HeaderName, Secret)>,
}

/// A client certificate with its key
#[derive(Clone)]
pub(crate) struct Identity(Arc<CertifiedKey>);

impl Reserved {
    /// Changes what `origin` gets, by its entry in `list`
    pub(crate) fn change(
        list: &mut Vec<Self>,
        origin: Origin,
        change: impl FnOnce(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let known = list.iter().position(|reserved| reserved.origin == origin);
        let mut reserved = match known {
            Some(at) => list.swap_remove(at),
            None => Self {
                origin,
                identity: None,
                headers: Vec::new(),
            },
        };
        change(&mut reserved)?;
        list.push(reserved);
        Ok(())
    }

    /// Adds a header
    pub(crate) fn add_header(&mut self, name: &str, value: &Secret) -> Result<(), Error> {
        // What is no name may be a secret in the wrong place, and is not shown.
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Error::config("this is no name of a header"))?;
        if OWNED.contains(&name.as_str()) {
            return Err(
                Error::config("this header is doorward's own, and cannot be given")
                    .at("header", name.as_str()),
            );
        }
        if value.is_empty() || HeaderValue::from_str(value.expose_secret()).is_err() {
            return Err(
                Error::config("the value of a header is empty, or cannot be sent")
                    .at("header", name.as_str()),
            );
        }
        if self.headers.iter().any(|(known, _)| *known == name) {
            return Err(Error::config("a header is given twice").at("header", name.as_str()));
        }
        self.headers.push((name, value.clone()));
        Ok(())
    }

    /// Adds the headers of a file, one `Name: value` per line
    pub(crate) fn add_header_lines(&mut self, lines: &Secret) -> Result<(), Error> {
        let mut lines = lines.expose_secret().lines().zip(1_u32..);
        let before = self.headers.len();
        lines.try_for_each(|(line, number)| {
            if line.trim().is_empty() {
                return Ok(());
            }
            let at_line = |error: Error| error.at("line", number.to_string());
            let (name, value) = line
                .split_once(':')
                .ok_or_else(|| at_line(Error::config("a header has the form Name: value")))?;
            self.add_header(name, &Secret::new(value.trim()))
                .map_err(at_line)
        })?;
        match self.headers.len() > before {
            true => Ok(()),
            false => Err(Error::config("there is no header in the file")),
        }
    }
}

/// The names of the headers, and no value
impl fmt::Debug for Reserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: BTreeSet<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Reserved")
            .field("origin", &self.origin.to_string())
            .field("client_certificate", &self.identity.is_some())
            .field("headers", &names)
            .finish()
    }
}

impl Identity {
    /// Reads a chain, the client's own certificate first, and the key that belongs to it
    pub(crate) fn read(certificates: &[u8], key: &Secret) -> Result<Self, Error> {
        let chain = CertificateDer::pem_slice_iter(certificates).collect::<Result<Vec<_>, _>>();
        // The file may hold the key, too, and the reader's own errors quote what they are about.
        let chain = chain.map_err(|_| Error::config("the client certificate is not valid PEM"))?;
        if chain.is_empty() {
            return Err(Error::config(
                "there is no certificate in the client certificate's PEM",
            ));
        }
        let text = key.expose_secret();
        if ENCRYPTED.iter().any(|mark| text.contains(mark)) {
            return Err(Error::config(
                "the client key is encrypted, and nobody is there to unlock it",
            )
            .hint(
                "openssl pkey -in KEY -out PLAIN writes it in plain; guard that file as a password",
            ));
        }
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| {
            Error::config("there is no private key in the client key's PEM").hint(
                "it begins with -----BEGIN PRIVATE KEY-----, or with RSA or EC before PRIVATE",
            )
        })?;
        match CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()) {
            Ok(both) => Ok(Self(Arc::new(both))),
            Err(rustls::Error::InconsistentKeys(_)) => Err(Error::config(
                "the client certificate and the client key do not belong together",
            )),
            Err(error) => Err(
                Error::config("the client certificate or its key cannot be used").because(error),
            ),
        }
    }

    /// The settings of `tls` for an origin that this is shown to
    pub(crate) fn add_to(&self, tls: &ClientConfig) -> ClientConfig {
        let mut tls = tls.clone();
        tls.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(Arc::clone(&self.0)));
        // Sessions are kept by host name: one that the certificate opened is not to be resumed at another port.
        tls.resumption = Resumption::default();
        tls
    }
}

/// What the session, the HTTP client or an option decides, and what frames a message
///
/// `Authorization` and `Proxy-Authorization` are not among them: Google's IAP takes its token in either.
///
/// Source: <https://cloud.google.com/iap/docs/authentication-howto>
const OWNED: &[&str] = &[
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "origin",
    "proxy-connection",
    "referer",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// How PEM says that a key is encrypted, in PKCS #8 and before
const ENCRYPTED: [&str; 2] = ["BEGIN ENCRYPTED PRIVATE KEY", "Proc-Type: 4,ENCRYPTED"];
