//! What a company puts before its portal, and lets nobody pass without a token of its own.

use std::io;

use rcgen::{CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, KeyPair};

use crate::http::{Answer, Ask};
use crate::world::{API_HOST, PORTAL_HOST, World};

/// What stands before the portal; every other site complains if it gets what is for the gate
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Gate {
    /// Whether the portal lets in only those who show a certificate of [`crate::Testbed::client_certificate`]
    pub client_certificate: ClientCertificate,
    /// The headers without which the portal lets nobody in: name and value
    pub headers: Vec<(String, String)>,
    /// Whether the certificate is the administrator's at the API server, which may get it then
    pub api_server: bool,
}

/// Who is asked for a client certificate
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClientCertificate {
    /// Nobody
    #[default]
    NotAsked,
    /// Everybody at every site; at the portal, a page refuses those without one, as nginx has it
    Asked,
    /// The same, but TLS itself refuses those without one, at every site
    Required,
}

/// A client's certificate and its key, as PEM
#[derive(Clone)]
pub(crate) struct ClientPem {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Gate {
    /// The page that is shown in place of the site, if the gate stays closed
    pub(crate) fn closed(&self, ask: &Ask, world: &World) -> Option<Answer> {
        let is_portal = ask.site() == PORTAL_HOST;
        if !is_portal {
            let names = self.headers.iter().map(|(name, _)| name);
            for name in names.filter(|name| ask.header(name).is_some()) {
                world.complain(format!("{} got the portal's header {name}", ask.site()));
            }
            let is_expected = self.api_server && ask.site() == API_HOST;
            if ask.client_certificate && !is_expected {
                world.complain(format!("{} got the client certificate", ask.site()));
            }
            return None;
        }
        let asks = self.client_certificate == ClientCertificate::Asked;
        if asks && !ask.client_certificate {
            return Some(Answer::html(400, "No required SSL certificate was sent"));
        }
        let lacks = |(name, value): &(String, String)| ask.header(name) != Some(value.as_str());
        let is_closed = self.headers.iter().any(lacks);
        is_closed.then(|| Answer::html(403, "Forbidden: no valid service token"))
    }
}

impl ClientPem {
    pub(crate) fn make(authority: &CertifiedIssuer<'_, KeyPair>) -> io::Result<Self> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let mut params = CertificateParams::default();
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, "doorward test client");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let leaf = params
            .signed_by(&key, authority)
            .map_err(io::Error::other)?;
        Ok(Self {
            certificate: leaf.pem(),
            key: key.serialize_pem(),
        })
    }
}
