//! The portal's SAML request: deflated, and signed over the query as it is written.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::clock::iso_date;
use crate::http::encode;
use crate::random;
use crate::world::World;

/// The provider's URL with a request for `acs`
pub(super) fn redirect_url(sso: &str, acs: &str, world: &World) -> String {
    let request = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><saml2p:AuthnRequest \
         xmlns:saml2p=\"urn:oasis:names:tc:SAML:2.0:protocol\" AssertionConsumerServiceURL=\"{acs}\" \
         Destination=\"{sso}\" ForceAuthn=\"false\" ID=\"f{}\" IsPassive=\"false\" IssueInstant=\"{}\" \
         ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Version=\"2.0\"><saml2:Issuer \
         xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\">{acs}</saml2:Issuer></saml2p:AuthnRequest>",
        random::hex(40),
        iso_date(world.clock().seconds()),
    );
    let signed = format!(
        "SAMLRequest={}&RelayState={}&SigAlg={}",
        encode(&STANDARD.encode(deflated(&request))),
        random::hex(40),
        encode("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"),
    );
    let signature = world.keys.sign(&signed);
    format!("{sso}?{signed}&Signature={}", encode(&signature))
}

/// Raw deflate, as Java's `Deflater` with `nowrap` writes it
fn deflated(text: &str) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    // Writing into memory does not fail.
    let _ = encoder.write_all(text.as_bytes());
    encoder.finish().unwrap_or_default()
}
