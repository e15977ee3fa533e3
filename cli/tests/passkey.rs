//! `passkey enroll` and `passkey show`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use doorward::passkey::{AssertionRequest, Binary, Passkey};
use doorward::{Secret, Url};
use serde_json::{Value, json};

use crate::program::{Home, Program};

const ORIGIN: &str = "https://id.example.com";

fn options() -> Value {
    json!({"publicKey": {
        "challenge": "AAECAwQFBgcICQoLDA0ODw",
        "rp": {"id": "example.com", "name": "Example"},
        "user": {"id": "Y2ktYm90", "name": "ci-bot", "displayName": "CI"},
        "pubKeyCredParams": [{"type": "public-key", "alg": -257}, {"type": "public-key", "alg": -7}],
    }})
}

fn enroll(home: &Home, words: &[&str]) -> Program {
    Program::in_home(home, &["passkey", "enroll"])
        .words(words)
        .input(options().to_string())
}

fn bytes(value: &Value) -> Vec<u8> {
    let binary = Binary::from_base64url(value.as_str().unwrap()).unwrap();
    binary.as_bytes().to_vec()
}

#[test]
fn an_enrolment_gives_an_answer_and_a_secret_that_fit_together() {
    let home = Home::new();

    let outcome = enroll(&home, &["--origin", ORIGIN, "--out", "key"])
        .run()
        .ends_with(0);

    let answer: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let client: Value =
        serde_json::from_slice(&bytes(&answer["response"]["clientDataJSON"])).unwrap();
    assert_eq!(client["type"], "webauthn.create");
    assert_eq!(client["challenge"], "AAECAwQFBgcICQoLDA0ODw");
    assert_eq!(client["origin"], ORIGIN);
    assert_eq!(answer["type"], "public-key");
    assert_eq!(answer["response"]["publicKeyAlgorithm"], -7);
    let data = bytes(&answer["response"]["authenticatorData"]);
    let id = bytes(&answer["id"]);
    // Present, verified, with a credential; then its name, after 16 bytes for the model and 2 for the length.
    assert_eq!(data[32], 0x45);
    assert_eq!(data[55..55 + id.len()], id);
    let object = bytes(&answer["response"]["attestationObject"]);
    assert!(object.windows(data.len()).any(|window| window == data));

    let secret = outcome.read("key");
    let mode = fs::metadata(home.join("key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let passkey = Passkey::parse(&Secret::new(secret.clone())).unwrap();
    assert_eq!(passkey.credential_id().as_bytes(), id);
    assert_eq!(passkey.rp_id(), Some("example.com"));
    let page = Url::parse(ORIGIN).unwrap();
    let request = AssertionRequest::new(&page, Binary::new([1; 16])).rp_id("example.com");
    assert!(passkey.assert(&request).is_ok());

    let key = secret
        .lines()
        .find(|line| line.len() > 40 && !line.contains(':'));
    let key = key.unwrap();
    assert!(!outcome.stdout.contains(key) && !outcome.stderr.contains(key));
    assert!(
        outcome
            .stderr
            .contains("the passkey for example.com is in key")
    );
}

#[test]
fn a_file_that_is_there_is_not_overwritten() {
    let home = Home::new();
    home.file("key", "precious");

    let outcome = enroll(&home, &["--origin", ORIGIN, "--out", "key"])
        .run()
        .ends_with(10);

    assert_eq!(outcome.stdout, "");
    assert_eq!(outcome.read("key"), "precious");
    let nowhere = enroll(&home, &["--origin", ORIGIN, "--out", "no/key"]);
    assert_eq!(nowhere.run().ends_with(22).stdout, "");
}

#[test]
fn what_no_browser_would_answer_leaves_no_file() {
    let home = Home::new();
    for (origin, code) in [
        ("http://id.example.com", 14),
        ("https://id.example.org", 14),
        ("id", 10),
    ] {
        let outcome = enroll(&home, &["--origin", origin, "--out", "key"]).run();

        assert_eq!((outcome.code, outcome.stdout.as_str()), (code, ""));
        assert!(!home.join("key").exists());
    }
    let odd = Program::in_home(&home, &["passkey", "enroll", "--origin", ORIGIN])
        .words(&["--out", "key"])
        .input("{}");
    assert_eq!(odd.run().ends_with(16).stdout, "");
    let without = Program::in_home(&home, &["passkey", "enroll", "--origin", ORIGIN]);
    without.run().ends_with(2);
    assert!(!home.join("key").exists());
}

#[test]
fn a_passkey_is_shown_without_its_key() {
    let home = Home::new();
    home.file("options.json", &options().to_string());
    let enrolled = Program::in_home(&home, &["passkey", "enroll", "options.json"])
        .words(&["--origin", ORIGIN, "--out", "key", "-q"])
        .run()
        .ends_with(0);
    assert_eq!(enrolled.stderr, "");
    let answer: Value = serde_json::from_str(&enrolled.stdout).unwrap();

    let shown = Program::in_home(&home, &["passkey", "show", "key", "--format", "json"]).run();
    assert_eq!(
        serde_json::from_str::<Value>(&shown.stdout).unwrap(),
        json!({"rp_id": "example.com", "credential_id": answer["id"]})
    );
    let text = Program::in_home(&home, &["passkey", "show", "-"])
        .input(home.read("key"))
        .run()
        .ends_with(0);
    let id = answer["id"].as_str().unwrap();
    let lines = format!("rp-id            example.com\ncredential-id    {id}\n");
    assert_eq!(text.stdout, lines);
}
