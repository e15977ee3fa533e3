//! What the browser's part says of the page that asked.

use aws_lc_rs::digest::{SHA256, digest};

use crate::passkey::Binary;

/// The two ceremonies
#[derive(Clone, Copy, Debug)]
pub(super) enum Ceremony {
    Create,
    Get,
}

/// The client data, character for character as the standard prescribes it, since some verifiers compare its start
///
/// Nothing is escaped: a challenge is base64url, and an origin is a scheme, a host and a port in ASCII.
///
/// Source: <https://www.w3.org/TR/webauthn-3/#clientdatajson-serialization>
pub(super) fn client_data(ceremony: Ceremony, challenge: &Binary, origin: &str) -> Binary {
    let ceremony = match ceremony {
        Ceremony::Create => "webauthn.create",
        Ceremony::Get => "webauthn.get",
    };
    let challenge = challenge.to_base64url();
    Binary::new(format!(
        r#"{{"type":"{ceremony}","challenge":"{challenge}","origin":"{origin}","crossOrigin":false}}"#
    ))
}

pub(super) fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::{Ceremony, client_data, sha256};
    use crate::passkey::Binary;

    #[test]
    fn the_client_data_is_written_as_the_standard_prescribes() {
        let challenge = Binary::new([0xfb, 0xff, 0xfe]);

        let written = client_data(Ceremony::Get, &challenge, "https://a.test:8443");

        assert_eq!(
            str::from_utf8(written.as_bytes()).unwrap(),
            r#"{"type":"webauthn.get","challenge":"-__-","origin":"https://a.test:8443","crossOrigin":false}"#
        );
        let created = client_data(Ceremony::Create, &challenge, "https://a.test");
        assert!(
            created
                .as_bytes()
                .starts_with(br#"{"type":"webauthn.create","challenge":"#)
        );
    }

    /// Section 16.2 of the standard, "ES256 Credential with No Attestation"
    #[test]
    fn the_test_vector_of_the_standard_is_reproduced() {
        let challenge =
            Binary::from_base64url("OcDnUhQXulTUPo3JUXT0I97pvzzYBP9tZchXyav01Ag").unwrap();

        let written = client_data(Ceremony::Get, &challenge, "https://example.org");

        assert_eq!(written.to_base64url(), CLIENT_DATA);
        let hash = Binary::new(sha256(b"example.org"));
        assert_eq!(
            hash.to_base64url(),
            "v6vDdDKViwYzYNOtZGHJxHNa5_jt1GWSpeDwFFKy5LU"
        );
    }

    const CLIENT_DATA: &str = "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiT2NEblVoUVh1bFRVUG8zSlVYVDBJOTdwdnp6WUJQOXRaY2hYeWF2MDFBZyIsIm9yaWdpbiI6Imh0dHBzOi8vZXhhbXBsZS5vcmciLCJjcm9zc09yaWdpbiI6ZmFsc2V9";
}
