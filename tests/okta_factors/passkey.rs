//! `webauthn`, answered by a passkey in software.

use doorward::passkey::{Binary, RegistrationRequest, SignCounter};
use doorward::{ErrorKind, Passkey, Url, Walk};
use doorward_testkit::{OKTA_CUSTOM_HOST, OKTA_HOST, OktaFactor, OktaSwitches, Testbed};
use serde_json::json;

use crate::world::{asking, bed, bed_with, context, refusal, success, walk};

/// A passkey of a host, and the factor that it is enrolled as
pub(crate) fn enrolled(host: &str) -> (Passkey, OktaFactor) {
    let page = Url::parse(&format!("https://{host}/enroll")).unwrap();
    let options = json!({
        "challenge": "AAECAwQFBgcICQoLDA0ODw", "rp": {"name": "Acme"},
        "user": {"id": "Y2k", "name": "ci", "displayName": "CI"},
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
    });
    let request = RegistrationRequest::parse(&page, options.to_string().as_bytes()).unwrap();
    let passkey = Passkey::for_request(&request).unwrap();
    let registration = passkey.register(&request).unwrap();
    let id = passkey.credential_id().as_bytes().to_vec();
    let factor = OktaFactor::webauthn(&id, registration.public_key().as_bytes());
    (passkey, factor)
}

fn with_passkey(bed: &Testbed, passkey: &Passkey) -> Walk {
    walk(bed, |credentials| credentials.passkey(passkey.clone()))
}

#[tokio::test(start_paused = true)]
async fn a_passkey_signs_the_challenge() {
    let (passkey, factor) = enrolled(OKTA_HOST);
    let bed = bed(&[&factor]);

    success(&bed, with_passkey(&bed, &passkey)).await;
    let counting = passkey.with_sign_counter(SignCounter::Clock);
    success(&bed, with_passkey(&bed, &counting)).await;

    assert_eq!(
        (bed.factor_counts().verifies, bed.factor_counts().wrong),
        (4, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_custom_domain_is_a_relying_party_of_its_own() {
    let (passkey, factor) = enrolled(OKTA_CUSTOM_HOST);
    let switches = OktaSwitches {
        custom_domain: true,
        ..asking()
    };
    let bed = bed_with(switches, &[&factor]);

    success(&bed, with_passkey(&bed, &passkey)).await;
}

#[tokio::test(start_paused = true)]
async fn of_several_keys_the_passkeys_own_is_asked() {
    let (_, other) = enrolled(OKTA_HOST);
    let (passkey, factor) = enrolled(OKTA_HOST);
    let bed = bed(&[&other, &factor]);

    success(&bed, with_passkey(&bed, &passkey)).await;

    assert_eq!(bed.factor_counts().wrong, 0);
}

#[tokio::test(start_paused = true)]
async fn a_passkey_that_is_not_enrolled_is_not_tried() {
    let (_, other) = enrolled(OKTA_HOST);
    let (passkey, _) = enrolled(OKTA_HOST);
    let bed = bed(&[&other]);

    let error = refusal(&bed, with_passkey(&bed, &passkey)).await;

    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(
        context(&error, "unknown").unwrap().contains("another key"),
        "{error}"
    );
    assert_eq!(bed.factor_counts().verifies, 0);
}

#[tokio::test(start_paused = true)]
async fn a_passkey_of_another_relying_party_signs_nothing() {
    let (_, factor) = enrolled(OKTA_HOST);
    let foreign = Passkey::generate("other.test", &Binary::new("ci")).unwrap();
    let bed = bed(&[&factor.profile(json!({}))]);

    let error = refusal(&bed, with_passkey(&bed, &foreign)).await;

    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(bed.factor_counts().wrong, 0);
}
