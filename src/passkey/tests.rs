use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ParsedPublicKey};
use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

use crate::Secret;
use crate::passkey::{
    Assertion, AssertionRequest, Binary, Passkey, PasskeyError, RegistrationRequest, SignCounter,
};

fn page(url: &str) -> Url {
    Url::parse(url).unwrap()
}

fn passkey() -> Passkey {
    Passkey::generate("example.com", &Binary::new("ci")).unwrap()
}

fn enrolment() -> RegistrationRequest {
    let page = page("https://id.example.com/enroll");
    RegistrationRequest::new(&page, Binary::new([7; 16]), Binary::new("ci")).rp_id("example.com")
}

fn login(url: &str) -> AssertionRequest {
    AssertionRequest::new(&page(url), Binary::new([8; 16])).rp_id("example.com")
}

/// What a relying party keeps of an enrolment, read as the standard says
struct Record {
    credential_id: Vec<u8>,
    public_key: ParsedPublicKey,
    counter: u32,
}

impl Record {
    fn of(attestation_object: &[u8]) -> Self {
        let data = attestation_object
            .strip_prefix(b"\xa3cfmtdnonegattStmt\xa0hauthData\x58")
            .unwrap();
        let (length, data) = data.split_first().unwrap();
        assert_eq!(usize::from(*length), data.len());
        assert_eq!(data[..32], *digest(&SHA256, b"example.com").as_ref());
        assert_eq!(data[32], 0x45);
        assert_eq!(data[37..53], [0; 16]);
        let (id, key) = data[55..].split_at(usize::from(data[54]));
        let coordinates = key
            .strip_prefix(b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20")
            .unwrap();
        let (x, y) = coordinates.split_at(32);
        let y = y.strip_prefix(b"\x22\x58\x20").unwrap();
        let point = [&[4], x, y].concat();
        Self {
            credential_id: id.to_vec(),
            public_key: ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).unwrap(),
            counter: counter(data),
        }
    }

    fn accepts(&self, assertion: &Assertion) -> bool {
        let data = assertion.authenticator_data().as_bytes();
        let hash = digest(&SHA256, assertion.client_data_json().as_bytes());
        let signature = assertion.signature_base64url().expose_secret();
        let signature = Binary::from_base64url(signature).unwrap();
        let signed = [data, hash.as_ref()].concat();
        assertion.credential_id().as_bytes() == self.credential_id
            && self
                .public_key
                .verify_sig(&signed, signature.as_bytes())
                .is_ok()
    }
}

fn counter(authenticator_data: &[u8]) -> u32 {
    u32::from_be_bytes(authenticator_data[33..37].try_into().unwrap())
}

#[test]
fn an_assertion_is_signed_by_the_key_that_was_enrolled() {
    let passkey = passkey();
    let registration = passkey.register(&enrolment()).unwrap();
    let record = Record::of(registration.attestation_object().as_bytes());

    let assertion = passkey
        .assert(&login("https://id.example.com:8443/login?x"))
        .unwrap();

    assert!(record.accepts(&assertion));
    assert_eq!(record.counter, 0);
    assert_eq!(
        str::from_utf8(assertion.client_data_json().as_bytes()).unwrap(),
        r#"{"type":"webauthn.get","challenge":"CAgICAgICAgICAgICAgICA","origin":"https://id.example.com:8443","crossOrigin":false}"#
    );
    assert_eq!(assertion.authenticator_data().as_bytes()[32], 0x05);
    assert_eq!(assertion.user_handle(), Some(&Binary::new("ci")));
    let other = self::passkey()
        .assert(&login("https://example.com"))
        .unwrap();
    assert!(!record.accepts(&other));
}

#[test]
fn a_bare_key_enrols_and_signs_in_by_the_hash_of_its_public_key() {
    let text = passkey().to_secret().unwrap();
    let text = text.expose_secret();
    let bare = Secret::new(&text[text.find("-----BEGIN").unwrap()..]);
    let passkey = Passkey::parse(&bare).unwrap();

    let registration = passkey.register(&enrolment()).unwrap();
    let record = Record::of(registration.attestation_object().as_bytes());
    let hash = digest(&SHA256, registration.public_key().as_bytes());
    let request = login("https://example.com").allow(Binary::new(hash.as_ref()));
    let assertion = Passkey::parse(&bare).unwrap().assert(&request).unwrap();

    assert!(record.accepts(&assertion));
    assert_eq!(assertion.user_handle(), None);
    assert_eq!(assertion.signature_base64().expose_secret().len() % 4, 0);
}

#[test]
fn only_listed_credentials_sign() {
    let passkey = passkey();
    let request = login("https://example.com").allow(Binary::new([1]));

    let refused = passkey.assert(&request).unwrap_err();
    let listed = passkey.assert(&request.allow(passkey.credential_id().clone()));

    assert_eq!(refused, PasskeyError::NotListed);
    assert!(listed.is_ok());
}

#[test]
fn a_page_of_another_site_gets_nothing() {
    let passkey = passkey();
    let asked = |url: &str, rp_id: &str| {
        let request = login(url).rp_id(rp_id);
        let enrolment = RegistrationRequest::new(&page(url), Binary::new([1]), Binary::new("ci"));
        let refused = passkey.assert(&request).unwrap_err();
        let enrolled = passkey.register(&enrolment.rp_id(rp_id)).unwrap_err();
        assert_eq!(refused, enrolled);
        refused
    };

    for (url, rp_id) in [
        ("https://example.com.evil.test", "example.com"),
        ("https://evilexample.com", "example.com"),
        ("https://example.com", "id.example.com"),
        ("https://example.com", "com"),
    ] {
        assert!(
            matches!(asked(url, rp_id), PasskeyError::ForeignRpId { .. }),
            "{url}"
        );
    }
    assert_eq!(
        asked("http://example.com", "example.com"),
        PasskeyError::InsecureOrigin
    );
    // In its own name, but the passkey is another site's
    for (url, rp_id) in [
        ("https://evil.test", "evil.test"),
        ("https://evil.test", ""),
        ("https://id.example.com", ""),
    ] {
        let PasskeyError::OtherRpId { own, asked } = asked(url, rp_id) else {
            panic!("{url}");
        };
        assert_eq!(own, "example.com");
        assert_ne!(asked, "example.com");
    }
}

#[test]
fn the_user_is_verified_unless_that_is_discouraged() {
    let passkey = passkey();
    for (wanted, flags) in [(json!("discouraged"), 0x01), (json!("required"), 0x05)] {
        let options =
            json!({ "challenge": "AAEC", "rpId": "example.com", "userVerification": wanted });
        let url = page("https://example.com");
        let request = AssertionRequest::parse(&url, options.to_string().as_bytes()).unwrap();

        let assertion = passkey.assert(&request).unwrap();

        assert_eq!(assertion.authenticator_data().as_bytes()[32], flags);
    }
}

#[test]
fn the_clock_counts_up_and_zero_stays() {
    let at = |passkey: &Passkey, second| {
        let now = Timestamp::from_second(second).unwrap();
        let assertion = passkey.assert_at(&login("https://example.com"), now);
        counter(assertion.unwrap().authenticator_data().as_bytes())
    };
    let passkey = passkey();
    assert_eq!([at(&passkey, 5), at(&passkey, 6)], [0, 0]);

    let passkey = passkey.with_sign_counter(SignCounter::Clock);
    assert_eq!([at(&passkey, 5), at(&passkey, 6)], [5, 6]);
    let registration = passkey.register(&enrolment()).unwrap();
    assert!(Record::of(registration.attestation_object().as_bytes()).counter > 1_700_000_000);
}

#[test]
fn an_enrolment_makes_a_passkey_for_its_user_only() {
    let passkey = Passkey::for_request(&enrolment()).unwrap();
    assert_eq!(passkey.rp_id(), Some("example.com"));
    assert_eq!(passkey.user_handle(), Some(&Binary::new("ci")));

    let of = |user: &str, challenge: &[u8]| {
        let page = page("https://example.com");
        RegistrationRequest::new(&page, Binary::new(challenge), Binary::new(user))
    };
    for (request, error) in [
        (of("other", b"1"), PasskeyError::OtherUser),
        (of("", b"1"), PasskeyError::UserHandle),
        (of(&"x".repeat(65), b"1"), PasskeyError::UserHandle),
        (of("ci", b""), PasskeyError::Field("challenge")),
        (of("ci", &[0; 1025]), PasskeyError::Field("challenge")),
        (
            of("ci", b"1").exclude(passkey.credential_id().clone()),
            PasskeyError::AlreadyRegistered,
        ),
    ] {
        assert_eq!(passkey.register(&request).unwrap_err(), error);
    }
    let foreign = enrolment().rp_id("evil.test");
    assert!(Passkey::for_request(&foreign).is_err());
    for (rp_id, user) in [("Example.com", "ci"), ("example.com", "")] {
        assert!(Passkey::generate(rp_id, &Binary::new(user)).is_err());
    }
}

#[test]
fn the_answers_have_the_shape_of_the_standard() {
    let passkey = passkey();
    let registration = passkey.register(&enrolment()).unwrap();
    let assertion = passkey.assert(&login("https://example.com")).unwrap();
    let id = passkey.credential_id().to_base64url();

    let created = registration.to_json();
    let text = assertion.to_json();
    let signed: Value = serde_json::from_str(text.expose_secret()).unwrap();
    let mut unsigned = assertion.json_without_signature();

    assert_eq!(created["response"]["transports"], json!(["internal"]));
    assert_eq!(created["response"]["publicKeyAlgorithm"], -7);
    for (answer, fields) in [
        (&created, &["attestationObject", "publicKey"][..]),
        (&signed, &["signature", "userHandle"]),
    ] {
        assert_eq!(answer["id"], id);
        assert_eq!(answer["rawId"], id);
        assert_eq!(answer["type"], "public-key");
        assert_eq!(answer["clientExtensionResults"], json!({}));
        let common = &["clientDataJSON", "authenticatorData"];
        for field in fields.iter().chain(common) {
            let text = answer["response"][field].as_str().unwrap();
            assert!(!Binary::from_base64url(text).unwrap().as_bytes().is_empty());
        }
    }
    assert_eq!(unsigned["response"]["signature"], Value::Null);
    unsigned["response"]["signature"] = signed["response"]["signature"].clone();
    assert_eq!(unsigned, signed);
}

#[test]
fn debug_shows_no_key_and_no_signature() {
    let passkey = passkey();
    let secret = passkey.to_secret().unwrap();
    let assertion = passkey.assert(&login("https://example.com")).unwrap();

    let shown = format!("{passkey:?} {passkey:#?} {assertion:?} {secret:?}");

    let key = secret
        .expose_secret()
        .lines()
        .filter(|line| line.len() > 40);
    for canary in key.chain([
        assertion.signature_base64().expose_secret(),
        assertion.signature_base64url().expose_secret(),
    ]) {
        assert!(!shown.contains(canary));
    }
    assert!(shown.contains("SigningKey([redacted])"));
    // No list of the key's bytes either
    assert!(!shown.contains("48, ") && !shown.contains("0x"));
}
