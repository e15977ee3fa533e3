//! Keys in a token of hardware, as SoftHSM2 plays one: the token signs, and what it signs is good for the published key.
//!
//! Skipped where there is no SoftHSM2, unless `DOORWARD_REQUIRE_SOFTHSM` is set; `tests/pkcs11/run` gets it.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward::signing::{Algorithm, Jwk, PrivateKey, Signer};
use doorward::{ErrorKind, KeySource, Secret, SecretSource};

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const PIN: &str = "4711";

/// One process has one set of tokens, by a variable that the module reads
#[test]
fn a_token_signs_for_each_algorithm_and_refuses_a_wrong_pin() {
    // Safe only in a process of its own: the module reads the variable when it is loaded.
    match env::var_os("SOFTHSM2_CONF") {
        Some(_) => all_of_it(),
        None if !is_there() => {
            assert!(
                env::var_os("DOORWARD_REQUIRE_SOFTHSM").is_none(),
                "there is no SoftHSM2"
            );
            eprintln!("skipped: there is no SoftHSM2");
        }
        None => {
            let folder = tempfile::tempdir().unwrap();
            let settings = folder.path().join("softhsm2.conf");
            let tokens = folder.path().join("tokens");
            fs::create_dir(&tokens).unwrap();
            let text = format!("directories.tokendir = {}\n", tokens.display());
            fs::write(&settings, text).unwrap();
            let status = Command::new(env::current_exe().unwrap())
                .arg("--nocapture")
                .env("SOFTHSM2_CONF", settings)
                .status();
            assert!(status.unwrap().success());
        }
    }
}

fn all_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let pin = folder.path().join("pin");
    closed(&pin, PIN);
    util(&[
        "--init-token",
        "--free",
        "--label",
        "ci token",
        "--pin",
        PIN,
        "--so-pin",
        "0815",
    ]);
    let kinds = [
        ("ec", Algorithm::Es256),
        ("ec384", Algorithm::Es384),
        ("rsa", Algorithm::Rs256),
        ("ed", Algorithm::EdDsa),
    ];
    let keys: Vec<_> = kinds
        .iter()
        .enumerate()
        .map(|(index, (label, algorithm))| {
            let key = PrivateKey::generate(*algorithm).unwrap();
            let file = folder.path().join(format!("{label}.pem"));
            closed(&file, key.to_pem().unwrap().expose_secret());
            let (file, id) = (file.to_str().unwrap(), format!("0{index}"));
            util(&[
                "--import", file, "--token", "ci token", "--label", label, "--id", &id, "--pin",
                PIN,
            ]);
            (*label, key)
        })
        .collect();

    for (label, key) in &keys {
        let source = source(label, Some(&pin));
        let signer = source.signer().unwrap();
        // The token's public half is the key's.
        assert_eq!(signer.jwk(), key.jwk(), "{label}");
        check(&*signer);
        assert_eq!(source.path(), None);
        let named = source.key_id("mine").signer().unwrap();
        assert_eq!(named.jwk().key_id(), "mine");
    }
    for algorithm in [
        Algorithm::Rs384,
        Algorithm::Rs512,
        Algorithm::Ps256,
        Algorithm::Ps384,
        Algorithm::Ps512,
    ] {
        let source = source("rsa", Some(&pin)).algorithm(algorithm);
        check(&*source.signer().unwrap());
    }
    let two = (
        source("ec", Some(&pin)).signer().unwrap(),
        source("rsa", Some(&pin)).signer().unwrap(),
    );
    check(&*two.1);
    check(&*two.0);
    drop(two);

    let wrong_kind = source("ec", Some(&pin)).algorithm(Algorithm::Rs256);
    assert_eq!(kind(&wrong_kind), ErrorKind::Config);
    assert_eq!(kind(&source("nobody", Some(&pin))), ErrorKind::Config);
    assert_eq!(kind(&source("ec", None)), ErrorKind::Config);
    let wrong = source("ec", None).passphrase(SecretSource::value(Secret::new("canary")));
    let error = wrong.signer().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert!(!format!("{error} {error:?} {wrong:?}").contains("canary"));
    fs::set_permissions(&pin, Permissions::from_mode(0o644)).unwrap();
    assert_eq!(kind(&source("ec", Some(&pin))), ErrorKind::Config);
    let elsewhere = "pkcs11:token=ci%20token;object=ec?module-path=/not/there.so";
    let elsewhere = KeySource::new(elsewhere).unwrap();
    assert_eq!(kind(&elsewhere), ErrorKind::Config);
}

fn is_there() -> bool {
    let util = Command::new("softhsm2-util").arg("--version").output();
    util.is_ok() && Path::new(MODULE).exists()
}

fn source(label: &str, pin: Option<&PathBuf>) -> KeySource {
    let pin = pin.map(|pin| format!("&pin-source=file:{}", pin.display()));
    let pin = pin.unwrap_or_default();
    let uri = format!("pkcs11:token=ci%20token;object={label}?module-path={MODULE}{pin}");
    KeySource::new(&uri).unwrap()
}

fn kind(source: &KeySource) -> ErrorKind {
    source.signer().unwrap_err().kind()
}

fn closed(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

fn util(words: &[&str]) {
    let output = Command::new("softhsm2-util").args(words).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {said}");
}

fn check(signer: &dyn Signer) {
    let signature = signer.sign(b"message").unwrap();
    assert!(verifies(signer.jwk(), &signature), "{}", signer.algorithm());
}

fn verifies(jwk: &Jwk, signature: &[u8]) -> bool {
    let json = jwk.to_json();
    let member = |name: &str| {
        URL_SAFE_NO_PAD
            .decode(json[name].as_str().unwrap())
            .unwrap()
    };
    let point = || [&[4], &member("x")[..], &member("y")].concat();
    let rsa = |parameters| {
        let (n, e) = (member("n"), member("e"));
        RsaPublicKeyComponents { n, e }
            .verify(parameters, b"message", signature)
            .is_ok()
    };
    match jwk.algorithm() {
        Algorithm::Es256 => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point())
            .verify(b"message", signature)
            .is_ok(),
        Algorithm::Es384 => UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point())
            .verify(b"message", signature)
            .is_ok(),
        Algorithm::EdDsa => UnparsedPublicKey::new(&ED25519, member("x"))
            .verify(b"message", signature)
            .is_ok(),
        Algorithm::Rs256 => rsa(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Rs384 => rsa(&RSA_PKCS1_2048_8192_SHA384),
        Algorithm::Rs512 => rsa(&RSA_PKCS1_2048_8192_SHA512),
        Algorithm::Ps256 => rsa(&RSA_PSS_2048_8192_SHA256),
        Algorithm::Ps384 => rsa(&RSA_PSS_2048_8192_SHA384),
        Algorithm::Ps512 => rsa(&RSA_PSS_2048_8192_SHA512),
        _ => false,
    }
}
