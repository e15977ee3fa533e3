//! What a realm asks for besides the password.

use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use doorward::code::TotpSeed;
use doorward::passkey::{Binary, RegistrationRequest};
use doorward::{CodeSource, Credentials, Error, ErrorKind, Factor, Passkey, Secret, Url, Walk};
use doorward_providers::Keycloak;
use doorward_testkit::Testbed;
use serde_json::json;

use crate::double::{PASSWORD, SITE};
use crate::realm::{Realm, Version, seed_of};
use crate::{asked, context, refusal, sent, start, success};

fn walk(bed: &Testbed, user: &str, more: impl FnOnce(Credentials) -> Credentials) -> Walk {
    let credentials = Credentials::new(user, Secret::new(PASSWORD)).unwrap();
    Walk::new()
        .network(bed.network().unwrap())
        .credentials(more(credentials))
        .idp_url(&bed.url(SITE))
        .unwrap()
        .adapter(Keycloak::default())
}

/// The codes of an app on somebody's phone: unlike a seed of the caller's, it waits for no window
fn app(device: &'static str) -> CodeSource {
    CodeSource::callback(move |_| {
        let seed = TotpSeed::parse(&Secret::new(seed_of(device)))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Ok(seed.code_at(now.as_secs()).0)
    })
}

/// One code after the other
fn list(codes: &'static [&'static str]) -> CodeSource {
    let left = Mutex::new(codes.iter());
    CodeSource::callback(move |_| {
        let next = left.lock().unwrap().next();
        next.map(|code| Secret::new(*code))
            .ok_or_else(|| Error::config("the list of codes is at its end"))
    })
}

const VERSIONS: [Version; 3] = [Version::V15, Version::V17, Version::V26];

#[tokio::test]
async fn a_code_of_the_seed_logs_in() {
    for version in VERSIONS {
        for is_foreign in [false, true] {
            let bed = start(Realm {
                version,
                is_foreign,
                ..Realm::default()
            });

            success(&bed, walk(&bed, "totp-bot", |it| it.code(app("ci")))).await;

            assert_eq!((asked(&bed).len(), sent(&bed, "otp")), (3, 1));
        }
    }
}

#[tokio::test]
async fn a_code_follows_a_user_name_that_came_first() {
    let bed = start(Realm {
        is_username_first: true,
        ..Realm::default()
    });

    success(&bed, walk(&bed, "totp-bot", |it| it.code(app("ci")))).await;

    assert_eq!((asked(&bed).len(), sent(&bed, "otp")), (4, 1));
}

#[tokio::test]
async fn two_wrong_codes_are_a_rejection() {
    let bed = start(Realm {
        is_foreign: true,
        ..Realm::default()
    });

    let error = refusal(
        &bed,
        walk(&bed, "totp-bot", |it| {
            it.code(list(&["000000", "000001", "000002"]))
        }),
    )
    .await;

    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    assert_eq!((sent(&bed, "password"), sent(&bed, "otp")), (1, 2));
}

#[tokio::test]
async fn a_fixed_code_is_sent_once() {
    let bed = start(Realm::default());

    let error = refusal(
        &bed,
        walk(&bed, "totp-bot", |it| {
            it.code(CodeSource::fixed(Secret::new("000000")))
        }),
    )
    .await;

    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    assert_eq!(sent(&bed, "otp"), 1);
}

#[tokio::test]
async fn a_code_that_nobody_gives_is_unsupported() {
    let bed = start(Realm::default());

    let error = refusal(&bed, walk(&bed, "totp-bot", |it| it)).await;

    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert_eq!(sent(&bed, "otp"), 0);
}

#[tokio::test]
async fn one_of_several_devices_is_chosen_by_its_label() {
    for version in VERSIONS {
        for device in ["phone", "ci"] {
            let bed = start(Realm {
                version,
                ..Realm::default()
            });

            success(
                &bed,
                walk(&bed, "two-bot", |it| it.code(app(device))).login_option(device),
            )
            .await;

            assert_eq!(sent(&bed, "otp"), 1);
        }
    }
}

#[tokio::test]
async fn devices_are_listed_and_not_tried_in_turn() {
    for version in VERSIONS {
        let bed = start(Realm {
            version,
            ..Realm::default()
        });

        let error = refusal(&bed, walk(&bed, "two-bot", |it| it.code(app("ci")))).await;

        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert_eq!(context(&error, "labels"), Some(r#""phone", "ci""#));
        assert_eq!(sent(&bed, "otp"), 0);
    }
}

/// A passkey of the realm's host, and what the realm has of it
fn enrolled() -> (Passkey, (String, Vec<u8>)) {
    let page = Url::parse(&format!("https://{SITE}/enroll")).unwrap();
    let options = json!({
        "challenge": "AAECAwQFBgcICQoLDA0ODw", "rp": {"name": "Acme"},
        "user": {"id": "Y2k", "name": "ci", "displayName": "CI"},
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
    });
    let request = RegistrationRequest::parse(&page, options.to_string().as_bytes()).unwrap();
    let passkey = Passkey::for_request(&request).unwrap();
    let registration = passkey.register(&request).unwrap();
    let key = registration.public_key().as_bytes().to_vec();
    let id = passkey.credential_id().to_base64url();
    (passkey, (id, key))
}

fn with_keys(version: Version, keys: Vec<(String, Vec<u8>)>) -> Realm {
    Realm {
        version,
        keys,
        has_another_way: true,
        ..Realm::default()
    }
}

#[tokio::test]
async fn a_passkey_signs_the_challenge() {
    for version in VERSIONS {
        let ((_, other), (passkey, own)) = (enrolled(), enrolled());
        let bed = start(with_keys(version, vec![other, own]));

        success(&bed, walk(&bed, "key-bot", |it| it.passkey(passkey))).await;

        assert_eq!((asked(&bed).len(), sent(&bed, "signature")), (3, 1));
    }
}

#[tokio::test]
async fn a_signature_that_is_refused_is_a_rejection() {
    let ((passkey, (id, _)), (_, (_, other_key))) = (enrolled(), enrolled());
    let bed = start(with_keys(Version::V26, vec![(id, other_key)]));

    let error = refusal(&bed, walk(&bed, "key-bot", |it| it.passkey(passkey))).await;

    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    assert_eq!(sent(&bed, "signature"), 1);
}

#[tokio::test]
async fn without_a_passkey_the_other_way_is_taken() {
    for version in VERSIONS {
        let bed = start(with_keys(version, vec![enrolled().1]));

        success(&bed, walk(&bed, "key-bot", |it| it.code(app("ci")))).await;

        assert_eq!((sent(&bed, "signature"), sent(&bed, "otp")), (0, 1));
        assert_eq!(asked(&bed).len(), 5);
    }
}

#[tokio::test]
async fn a_passkey_that_is_not_enrolled_makes_way_for_a_code() {
    let bed = start(with_keys(Version::V26, vec![enrolled().1]));
    let (passkey, _) = enrolled();

    success(
        &bed,
        walk(&bed, "key-bot", |it| it.passkey(passkey).code(app("ci"))),
    )
    .await;

    assert_eq!((sent(&bed, "signature"), sent(&bed, "otp")), (0, 1));
}

#[tokio::test]
async fn the_callers_preference_decides() {
    let (passkey, own) = enrolled();
    let bed = start(with_keys(Version::V26, vec![own]));
    let walk = walk(&bed, "key-bot", |it| it.passkey(passkey).code(app("ci")));

    success(&bed, walk.factor(Factor::Totp(None))).await;

    assert_eq!((sent(&bed, "signature"), sent(&bed, "otp")), (0, 1));
}

#[tokio::test]
async fn a_page_for_a_code_makes_way_for_a_passkey() {
    for version in VERSIONS {
        let (passkey, own) = enrolled();
        let bed = start(with_keys(version, vec![own]));

        success(&bed, walk(&bed, "totp-bot", |it| it.passkey(passkey))).await;

        assert_eq!((sent(&bed, "signature"), sent(&bed, "otp")), (1, 0));
    }
}

#[tokio::test]
async fn a_passkey_that_nobody_has_is_unsupported() {
    for (has_another_way, requests) in [(false, 2), (true, 4)] {
        let realm = Realm {
            has_another_way,
            ..with_keys(Version::V26, vec![enrolled().1])
        };
        let bed = start(realm);

        let error = refusal(&bed, walk(&bed, "key-bot", |it| it)).await;

        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert_eq!(asked(&bed).len(), requests);
    }
}

#[tokio::test]
async fn a_passkey_that_fits_nothing_ends_the_login() {
    let bed = start(with_keys(Version::V26, vec![enrolled().1]));
    let foreign = Passkey::generate("other.test", &Binary::new("ci")).unwrap();

    let error = refusal(&bed, walk(&bed, "key-bot", |it| it.passkey(foreign))).await;

    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert_eq!(sent(&bed, "signature"), 0);
}
