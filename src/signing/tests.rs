use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaPublicKeyComponents, UnparsedPublicKey,
    VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use pkcs8::PrivateKeyInfoRef;
use serde_json::{Value, json};

use super::{Algorithm, Jwk, PrivateKey, Signer, compact};
use crate::{ErrorKind, Secret};

/// Whether a signature is good for the public key as it is published
fn verifies(jwk: &Jwk, message: &[u8], signature: &[u8]) -> bool {
    let json = jwk.to_json();
    let member = |name: &str| {
        URL_SAFE_NO_PAD
            .decode(json[name].as_str().unwrap())
            .unwrap()
    };
    let raw = |algorithm: &'static dyn VerificationAlgorithm, key: Vec<u8>| {
        UnparsedPublicKey::new(algorithm, key)
            .verify(message, signature)
            .is_ok()
    };
    let point = || [&[4], &member("x")[..], &member("y")].concat();
    let rsa = |parameters| {
        let (n, e) = (member("n"), member("e"));
        RsaPublicKeyComponents { n, e }
            .verify(parameters, message, signature)
            .is_ok()
    };
    match jwk.algorithm() {
        Algorithm::Es256 => raw(&ECDSA_P256_SHA256_FIXED, point()),
        Algorithm::Es384 => raw(&ECDSA_P384_SHA384_FIXED, point()),
        Algorithm::EdDsa => raw(&ED25519, member("x")),
        Algorithm::Rs256 => rsa(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Rs384 => rsa(&RSA_PKCS1_2048_8192_SHA384),
        Algorithm::Rs512 => rsa(&RSA_PKCS1_2048_8192_SHA512),
        Algorithm::Ps256 => rsa(&RSA_PSS_2048_8192_SHA256),
        Algorithm::Ps384 => rsa(&RSA_PSS_2048_8192_SHA384),
        Algorithm::Ps512 => rsa(&RSA_PSS_2048_8192_SHA512),
    }
}

fn read(pem: &str) -> Result<PrivateKey, crate::Error> {
    PrivateKey::from_pem(&Secret::new(pem), None, None)
}

fn armored(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

/// The key within a PKCS#8 text: PKCS#1 or SEC 1
fn inner(key: &PrivateKey) -> Vec<u8> {
    let pem = key.to_pem().unwrap();
    let body: String = pem
        .expose_secret()
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let der = STANDARD.decode(body).unwrap();
    let info = PrivateKeyInfoRef::try_from(der.as_slice()).unwrap();
    info.private_key.as_bytes().to_vec()
}

#[test]
fn every_algorithm_signs_what_its_published_key_verifies() {
    for algorithm in Algorithm::ALL {
        let key = PrivateKey::generate(algorithm).unwrap();
        let claims = json!({ "iss": "https://ci.example.com", "n": 7 });

        let token = compact(&key, claims.as_object().unwrap()).unwrap();

        let (signed, signature) = token.expose_secret().rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        assert!(
            verifies(key.jwk(), signed.as_bytes(), &signature),
            "{algorithm}"
        );
        assert!(!verifies(key.jwk(), b"another", &signature), "{algorithm}");
        let (header, payload) = signed.split_once('.').unwrap();
        let decoded = |part: &str| -> Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        let kid = key.jwk().thumbprint();
        assert_eq!(
            decoded(header),
            json!({ "alg": algorithm.as_str(), "kid": kid, "typ": "JWT" })
        );
        assert_eq!(decoded(payload), claims);
    }
}

#[test]
fn a_key_survives_each_of_its_forms() {
    for algorithm in [
        Algorithm::Rs256,
        Algorithm::Es256,
        Algorithm::Es384,
        Algorithm::EdDsa,
    ] {
        let key = PrivateKey::generate(algorithm).unwrap();
        let mut forms = vec![key.to_pem().unwrap().expose_secret().to_owned()];
        match algorithm {
            Algorithm::Rs256 => forms.push(armored("RSA PRIVATE KEY", &inner(&key))),
            // Within PKCS#8 the curve stands outside, so that this needs a text of its own.
            _ => assert_eq!(forms[0].lines().next(), Some("-----BEGIN PRIVATE KEY-----")),
        }
        for form in forms {
            assert_eq!(read(&form).unwrap().jwk(), key.jwk(), "{algorithm}");
        }
    }
    let sec1 = read(SEC1).unwrap();
    assert_eq!(sec1.algorithm(), Algorithm::Es256);
}

#[test]
fn an_encrypted_key_opens_with_its_passphrase_only() {
    let right = Secret::new("correct horse");
    for text in [ENCRYPTED, SCRYPT] {
        let pem = Secret::new(text);
        assert!(PrivateKey::is_encrypted(&pem).unwrap());

        let key = PrivateKey::from_pem(&pem, Some(&right), None).unwrap();
        let public = key.jwk().to_json();
        assert_eq!(public["x"], "KQ5MtW82Lki6zYAf4rtP4MGoXEwdfOGl87NBI1E6-U8");

        let error = PrivateKey::from_pem(&pem, None, None).unwrap_err();
        assert!(error.to_string().contains("no passphrase"));
    }
    for wrong in ["", "canary"] {
        let pem = Secret::new(ENCRYPTED);
        let error = PrivateKey::from_pem(&pem, Some(&Secret::new(wrong)), None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(!format!("{error:?}").contains("canary"));
    }
    let old = PrivateKey::from_pem(&Secret::new(OLD), Some(&right), None).unwrap_err();
    assert!(old.next_step().unwrap().contains("openssl pkcs8"));
}

#[test]
fn a_key_is_encrypted_with_a_passphrase() {
    let key = PrivateKey::generate(Algorithm::EdDsa).unwrap();
    let passphrase = Secret::new("correct horse");

    let sealed = key.to_encrypted_pem(&passphrase).unwrap();

    assert!(PrivateKey::is_encrypted(&sealed).unwrap());
    let again = PrivateKey::from_pem(&sealed, Some(&passphrase), None).unwrap();
    assert_eq!(again.jwk(), key.jwk());
    assert!(key.to_encrypted_pem(&Secret::new("")).is_err());
}

#[test]
fn a_small_rsa_key_is_refused() {
    let error = read(RSA_1024).unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("2048"));
}

#[test]
fn a_key_of_another_kind_than_the_algorithm_is_refused() {
    for (own, other) in [
        (Algorithm::Es256, Algorithm::Rs256),
        (Algorithm::Es256, Algorithm::Es384),
        (Algorithm::EdDsa, Algorithm::Es256),
        (Algorithm::Rs256, Algorithm::EdDsa),
    ] {
        let pem = PrivateKey::generate(own).unwrap().to_pem().unwrap();

        let error = PrivateKey::from_pem(&pem, None, Some(other)).unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Config, "{own} {other}");
    }
    let rsa = PrivateKey::generate(Algorithm::Rs256).unwrap();
    let pem = rsa.to_pem().unwrap();
    let pss = PrivateKey::from_pem(&pem, None, Some(Algorithm::Ps512)).unwrap();
    assert_eq!(pss.algorithm(), Algorithm::Ps512);
    // One key by two algorithms is one key.
    assert_eq!(pss.jwk().thumbprint(), rsa.jwk().thumbprint());
}

#[test]
fn damaged_keys_are_refused() {
    let key = PrivateKey::generate(Algorithm::Es256).unwrap();
    let der = inner(&key);
    for label in [
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
    ] {
        for der in [b"canary", &der[..der.len() - 1], b""] {
            let pem = Secret::new(armored(label, der));
            let error =
                PrivateKey::from_pem(&pem, Some(&Secret::new("correct horse")), None).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{label}");
        }
    }
}

// Made by openssl for these tests, and used nowhere else.

/// By `openssl pkcs8 -topk8`
const ENCRYPTED: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----\n\
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAj3wUBWpMAligICCAAw\n\
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEENivJCvJkeN3DOQ8O1istAYEgZDt\n\
LrumUUB3X6VoL8znLDr1b359qV6teHLJd9bFqBsYyab01NCpSgdR+SZS0UQOdMNi\n\
o/AqqhOzZ0Keoxtctw3D2O8WTLU39yE035uRWM5eWtY3XeVSiaAd/Hd9sQpg9LUz\n\
rZzhd4bRdBTvxN9CTl7b8iR2WjPt6tZ9kV+BRZuFKJTfHVPO2mZQfyXdWHiwzHA=\n\
-----END ENCRYPTED PRIVATE KEY-----\n";

/// The same key by `openssl pkcs8 -topk8 -scrypt`
const SCRYPT: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----\n\
MIHkME8GCSqGSIb3DQEFDTBCMCEGCSsGAQQB2kcECzAUBAg2b6YKX36L8QICQAAC\n\
AQgCAQEwHQYJYIZIAWUDBAEqBBBQHZxjJ+EAsrF9gM7rvAw+BIGQLTtDyLYQdGaX\n\
ZlSQRQ3bCpprtg84gbfL/2beRTlrxNz3+cbuo/X5zrTZTvsJAov+gnhENe7wrMne\n\
+zW+PQ/TkhDNYn2SEGrN7mXmloKIZs5ZdWwCaJ8QfJECckrdyFk2P3pyv0I+H3bi\n\
6avVh8zDR9s9XlfaBInlc0u31886rt8cguk8uwXYEic3ePVtaLl8\n\
-----END ENCRYPTED PRIVATE KEY-----\n";

/// The same key by `openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES`
const OLD: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----\n\
MIGxMBwGCiqGSIb3DQEMAQMwDgQIEYChCLfJgrACAggABIGQH6vTna0gQeSbRaYm\n\
DK8JYza0romXrMN6xrUrPUKyMhZwFZvyj2l7CoGZkaQ39zi7HdTwGmPb7jM/KZMl\n\
S+ZWcYta4/o9h1HcnNLo9pZ9KsO+TsDpytDCQAULq6XwsloWSp6cPPj5SPNiNmTE\n\
F2tD3zefacqHIYf8Bda2Z6QSpBzu8BH00TR1mM9AAeuliCOb\n\
-----END ENCRYPTED PRIVATE KEY-----\n";

/// By `openssl ecparam -name prime256v1 -genkey`
const SEC1: &str = "\
-----BEGIN EC PARAMETERS-----\n\
BggqhkjOPQMBBw==\n\
-----END EC PARAMETERS-----\n\
-----BEGIN EC PRIVATE KEY-----\n\
MHcCAQEEIItpEOSEJd7ENBAV4rXOun18Qo6wpxdb7dzGCaKZe+BvoAoGCCqGSM49\n\
AwEHoUQDQgAEECLLclXUc2ahNiBPM9opKgcSetwi5YCV9xCvHyB6P/qqAN/+nwBs\n\
gAGhLh+bZ1Qss+3eCOXA8a9QWyGS4uDJmA==\n\
-----END EC PRIVATE KEY-----\n";

/// By `openssl genrsa 1024`
const RSA_1024: &str = "\
-----BEGIN PRIVATE KEY-----\n\
MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAKYH46nAvnj4FuMt\n\
X2YHeBC53ld3eYd1NCLQXV36vkskEkBQRxZUy3th4FgJOvUNyZ0I51BERgScd/2N\n\
XyxyUbk3SNj0RvhHT2w1tRAPpllG9V41pYzChBOY/m1gRy1PW7npYxXvF/Ojwjvs\n\
2ETwewuhEEjH+wiy4ynwzPnUjxivAgMBAAECgYA5OMDbEYXT9VUWCN43MN3NjfG2\n\
XYPyDo/ga8WyDSgmh5EOv1wwsxrKNEp4rP231X+l8pqeTFmBX1fveBjUHbZSO/ZS\n\
CY8ONLLX+vWOXHJmsPWB2GhLEzsaciUjyIPuRdy3/xMJniojd631C4VDfz3y2SBc\n\
4UGSCJ4b7ueymb36EQJBANvytCv/aWXfvwRsDlJULuWQhQvMKo7UFWGZ3BlzsM2o\n\
kItTf3H0w4hNUZK5iLD7xkjSeXlO6eve1rFlg/3x/jcCQQDBPsAarSK8HOtt8yMb\n\
TgbvYioT2S95/W4lzqdzJSZe9hzkHlY5F1Y2zPu+hihPwZ5q2XKTxTXXAeqIenNF\n\
mb1JAkEAnYnIbR8jAfnx2pv+4g80C++orBuPfAACVIcctAo+X//VkEW9KgUzrEQd\n\
ImfLtWCQ1IYUxcO1HuHcivF4SgLznwJAAI3phyoP+3Ipyrrz0tQ6eN1TOZNZ64Oq\n\
mTkqic4FeihClPTxUmCawrV702QXIYNwrOXKylm6ec9rmNChHAYA4QJBAKjqzz3u\n\
ACZM+i+wNZAuj3vA5dvisgxhdDhbphED5Yc7434ul9M8LL+FqKcWfu+zdLXaNeLM\n\
9KqaOEqegrDnKUE=\n\
-----END PRIVATE KEY-----\n";
