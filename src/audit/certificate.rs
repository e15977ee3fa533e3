//! When a client certificate ends.

use jiff::Timestamp;

/// The end of the first certificate in a PEM text; nothing if it cannot be read
#[cfg(feature = "login")]
pub(super) fn end(pem: &[u8]) -> Option<Timestamp> {
    use x509_parser::pem::parse_x509_pem;

    let (_, pem) = parse_x509_pem(pem).ok()?;
    let certificate = pem.parse_x509().ok()?;
    Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
}

/// Nothing: the reader of certificates comes with the feature `login`
#[cfg(not(feature = "login"))]
pub(super) fn end(_: &[u8]) -> Option<Timestamp> {
    None
}
