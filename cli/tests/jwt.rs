//! `jwt`, and logins with a key of one's own.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use doorward::passkey::Binary;
use serde_json::Value;

use crate::job::exec_info;
use crate::program::{Home, Outcome, Program};

const ISSUER: &str = "https://ci.example.com";
const SERVER: &str = "https://k8s.example.com:6443";

fn keygen(home: &Home, words: &[&str]) -> Outcome {
    Program::in_home(home, &["jwt", "keygen", "--out", "key.pem"])
        .words(words)
        .run()
        .ends_with(0)
}

/// A home with a key, and a kubeconfig that a login made of it
fn logged_in(words: &[&str]) -> (Home, Outcome) {
    let home = Home::new();
    keygen(&home, &[]);
    let outcome = login(&home, words).run().ends_with(0);
    (home, outcome)
}

fn login(home: &Home, words: &[&str]) -> Program {
    Program::in_home(home, &["login", "--jwt-key", "key.pem", "--issuer", ISSUER])
        .words(&["--subject", "ci-bot", "--server", SERVER])
        .words(&["--kubeconfig", "kubeconfig", "--profile", "ci"])
        .words(words)
}

fn credential(home: &Home) -> Program {
    Program::in_home(home, &["credential", "--profile=ci"])
        .variable("KUBERNETES_EXEC_INFO", exec_info("v1", SERVER))
}

/// The header and the claims of a token
fn read(token: &str) -> (Value, Value) {
    let parts: Vec<_> = token.trim().split('.').collect();
    let part = |index: usize| {
        let bytes = Binary::from_base64url(parts[index]).unwrap();
        serde_json::from_slice(bytes.as_bytes()).unwrap()
    };
    (part(0), part(1))
}

fn token_of(outcome: &Outcome) -> String {
    let credential: Value = serde_json::from_str(&outcome.stdout).unwrap();
    credential["status"]["token"].as_str().unwrap().to_owned()
}

/// Every file below a folder, with its bytes
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => drop(found.insert(path.clone(), fs::read(path).unwrap())),
        }
    }
    found
}

#[test]
fn a_key_is_made_for_its_owner_alone_and_never_overwritten() {
    let home = Home::new();

    let outcome = keygen(&home, &["--algorithm", "es384"]);

    let public: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(
        (&public["alg"], &public["crv"]),
        (&"ES384".into(), &"P-384".into())
    );
    assert!(public.get("d").is_none());
    let mode = fs::metadata(home.join("key.pem"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let key = home.read("key.pem");
    assert!(!outcome.stderr.contains(key.lines().nth(1).unwrap()));

    Program::in_home(&home, &["jwt", "keygen", "--out", "key.pem"])
        .run()
        .ends_with(10);
    assert_eq!(home.read("key.pem"), key);
    Program::in_home(
        &home,
        &["jwt", "keygen", "--out", "b", "--algorithm", "none"],
    )
    .run()
    .ends_with(10);
}

#[test]
fn a_token_has_the_claims_that_were_asked_for() {
    let home = Home::new();
    let key = keygen(&home, &[]);
    let public: Value = serde_json::from_str(&key.stdout).unwrap();
    let issue = |words: &[&str]| {
        Program::in_home(
            &home,
            &["jwt", "issue", "--jwt-key", "key.pem", "--issuer", ISSUER],
        )
        .words(words)
        .run()
    };

    let plain = issue(&[]).ends_with(0);
    let (header, claims) = read(&plain.stdout);
    assert_eq!(
        (&header["alg"], &header["kid"]),
        (&"ES256".into(), &public["kid"])
    );
    assert_eq!(
        (&claims["iss"], &claims["sub"]),
        (&ISSUER.into(), &ISSUER.into())
    );
    assert_eq!(claims["aud"], "kubernetes");
    let second = |name: &str| claims[name].as_i64().unwrap();
    assert_eq!(
        (second("exp") - second("iat"), second("iat") - second("nbf")),
        (60, 60)
    );

    let words = "--subject ci --audience a --audience b --duration 24h --claim groups=x --claim groups=y --key-id mine";
    let words: Vec<&str> = words.split(' ').collect();
    let (header, claims) = read(&issue(&words).ends_with(0).stdout);
    assert_eq!(header["kid"], "mine");
    assert_eq!(claims["aud"], serde_json::json!(["a", "b"]));
    assert_eq!(claims["groups"], serde_json::json!(["x", "y"]));
    let second = |name: &str| claims[name].as_i64().unwrap();
    assert_eq!(second("exp") - second("iat"), 24 * 3600);

    for words in [
        ["--duration", "25h"],
        ["--claim", "exp=7"],
        ["--claim", "groups"],
        ["--algorithm", "RS256"],
    ] {
        issue(&words).ends_with(10);
    }
}

#[test]
fn the_kubeconfig_makes_a_token_whenever_it_needs_one_and_nothing_is_written() {
    let (home, outcome) = logged_in(&[]);
    assert!(
        outcome.stderr.contains("logged in as ci-bot"),
        "{}",
        outcome.stderr
    );
    let kubeconfig = home.read("kubeconfig");
    assert!(kubeconfig.contains("--profile=ci") && kubeconfig.contains(SERVER));
    let before = files(home.path());
    assert!(
        !before
            .keys()
            .any(|path| path.starts_with(home.join(".cache")))
    );

    let first = credential(&home).run().ends_with(0);
    let second = credential(&home).run().ends_with(0);
    // The whole program does what the shortcut does.
    let whole = credential(&home).words(&["-v"]).run().ends_with(0);

    let claims: Vec<_> = [&first, &second, &whole]
        .map(|outcome| read(&token_of(outcome)).1)
        .into();
    assert_ne!(claims[0]["jti"], claims[1]["jti"]);
    assert!(claims.iter().all(|claims| claims["sub"] == "ci-bot"));
    assert!(whole.stderr.contains("a token of our own key"));
    assert_eq!(files(home.path()), before);
}

#[test]
fn a_token_of_ones_own_goes_to_its_own_cluster_only() {
    let (home, _) = logged_in(&[]);

    let elsewhere = Program::in_home(&home, &["credential", "--profile=ci"])
        .variable(
            "KUBERNETES_EXEC_INFO",
            exec_info("v1", "https://other.example.com"),
        )
        .run()
        .ends_with(10);

    assert_eq!(elsewhere.stdout, "");
}

#[test]
fn a_bare_token_in_the_kubeconfig_is_warned_of() {
    let (home, outcome) = logged_in(&["--user-auth", "token", "--duration", "5m"]);

    assert!(
        outcome.stderr.contains("ends in 300 s"),
        "{}",
        outcome.stderr
    );
    assert!(home.read("kubeconfig").contains("token: eyJ"));
}

#[test]
fn a_login_needs_a_cluster_an_issuer_and_a_key_that_is_closed_to_others() {
    let home = Home::new();
    keygen(&home, &[]);

    let no_server = [
        "login",
        "--jwt-key",
        "key.pem",
        "--issuer",
        ISSUER,
        "--kubeconfig",
        "k",
    ];
    Program::in_home(&home, &no_server).run().ends_with(10);
    let no_issuer = [
        "login",
        "--jwt-key",
        "key.pem",
        "--server",
        SERVER,
        "--kubeconfig",
        "k",
    ];
    Program::in_home(&home, &no_issuer).run().ends_with(10);

    fs::set_permissions(home.join("key.pem"), Permissions::from_mode(0o644)).unwrap();
    let open = login(&home, &[]).run().ends_with(10);
    assert!(
        open.stderr
            .contains("others can read or write the key file")
    );
    login(&home, &["--allow-shared-files"]).run().ends_with(0);
    credential(&home).run().ends_with(0);
}

#[test]
fn an_encrypted_key_opens_by_a_variable_a_file_or_a_command() {
    let home = Home::new();
    home.file("passphrase", "correct horse\n");
    fs::set_permissions(home.join("passphrase"), Permissions::from_mode(0o600)).unwrap();
    let by_file = ["--jwt-key-passphrase-file", "passphrase"];
    let by_command = ["--jwt-key-passphrase-command", "cat passphrase"];
    keygen(&home, &by_file);
    assert!(home.read("key.pem").contains("ENCRYPTED"));

    login(&home, &[]).run().ends_with(10);
    login(&home, &by_command).run().ends_with(0);
    credential(&home).run().ends_with(0);
    login(&home, &[])
        .variable("DOORWARD_JWT_KEY_PASSPHRASE", "correct horse")
        .run()
        .ends_with(0);
    // The place is kept, and the passphrase is not.
    let lacking = credential(&home).run().ends_with(10);
    assert!(lacking.stderr.contains("DOORWARD_JWT_KEY_PASSPHRASE"));
    let wrong = credential(&home)
        .variable("DOORWARD_JWT_KEY_PASSPHRASE", "canary")
        .run()
        .ends_with(10);
    assert!(!wrong.stderr.contains("canary"));
    for bytes in files(home.path()).values() {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("correct horse") || text == "correct horse\n");
    }
}

#[test]
fn a_commands_clients_get_tokens_without_the_keys_passphrase() {
    let home = Home::new();
    let passphrase = ("DOORWARD_JWT_KEY_PASSPHRASE", "correct horse");
    Program::in_home(&home, &["jwt", "keygen", "--out", "key.pem"])
        .variable(passphrase.0, passphrase.1)
        .run()
        .ends_with(0);
    fs::create_dir(home.join("run")).unwrap();
    let client = r#"arguments=$(sed -n 's/^ *- "\{0,1\}\(--[^"]*\)"\{0,1\}$/\1/p' "$KUBECONFIG"); exec "$0" credential $arguments"#;

    let outcome = Program::in_home(&home, &["exec", "--runtime-dir", "run"])
        .words(&[
            "--jwt-key",
            "key.pem",
            "--issuer",
            ISSUER,
            "--server",
            SERVER,
        ])
        .words(&["--", "sh", "-c", client, env!("CARGO_BIN_EXE_doorward")])
        .variable(passphrase.0, passphrase.1)
        .run()
        .ends_with(0);

    assert_eq!(read(&token_of(&outcome)).1["iss"], ISSUER);
    assert!(home.list("run").is_empty());
}

#[test]
fn a_published_key_is_rotated_step_by_step_and_the_kubeconfig_goes_on() {
    let (home, _) = logged_in(&["--duration", "10s"]);
    let publish = [
        "jwt",
        "publish",
        "public",
        "--issuer",
        ISSUER,
        "--jwt-key",
        "key.pem",
    ];
    Program::in_home(&home, &publish).run().ends_with(0);
    let published = || -> Vec<String> {
        let set: Value = serde_json::from_str(&home.read("public/.well-known/jwks.json")).unwrap();
        let keys = set["keys"].as_array().unwrap();
        keys.iter()
            .map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect()
    };
    let rotate = |words: &[&str]| -> Value {
        let outcome = Program::in_home(&home, &["jwt", "rotate", "public", "--jwt-key", "key.pem"])
            .words(&["--duration", "10s", "--format", "json"])
            .words(words)
            .run()
            .ends_with(0);
        serde_json::from_str(&outcome.stdout).unwrap()
    };
    let signs = || {
        let token = token_of(&credential(&home).run().ends_with(0));
        read(&token).0["kid"].as_str().unwrap().to_owned()
    };
    let old = signs();
    assert_eq!(published(), std::slice::from_ref(&old));

    let first = rotate(&[]);
    assert_eq!(
        (&first["done"], &first["next"]),
        (&"publish".into(), &"sign".into())
    );
    assert_eq!((signs(), published().len()), (old.clone(), 2));
    let early = rotate(&[]);
    assert_eq!(
        (&early["done"], &early["due"]),
        (&Value::Null, &first["due"])
    );

    // A shorter overlap is the caller's own word.
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while rotate(&["--overlap", "1s"])["done"] != "sign" {
        assert!(std::time::Instant::now() < end);
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let new = signs();
    assert_ne!(new, old);
    assert_eq!(published(), [old, new]);
    assert!(!home.join("key.pem.next").exists());

    for words in [["--algorithm", "ES256"], ["--key-id", "mine"]] {
        Program::in_home(&home, &["jwt", "rotate", "public", "--jwt-key", "key.pem"])
            .words(&words)
            .run()
            .ends_with(10);
    }
}

#[test]
fn a_key_in_the_published_folder_is_refused() {
    let home = Home::new();
    keygen(&home, &[]);

    Program::in_home(
        &home,
        &[
            "jwt",
            "publish",
            ".",
            "--issuer",
            ISSUER,
            "--jwt-key",
            "key.pem",
        ],
    )
    .run()
    .ends_with(10);

    assert!(!home.join(".well-known").exists());
}

#[test]
fn a_pin_on_the_command_line_is_refused() {
    let uri = "pkcs11:token=t;object=k?module-path=/nowhere.so&pin-value=canary";

    let outcome = Program::new(&["jwt", "issue", "--issuer", ISSUER, "--jwt-key", uri])
        .run()
        .ends_with(10);

    assert!(outcome.stderr.contains("pin-source=file:PATH"));
    assert!(!outcome.stderr.contains("canary"));
}
