//! Whatever a portal, a provider or a caller writes: every public parser ends, and none panics.
//!
//! Kubeconfigs have their own file, `kubeconfig_properties.rs`, and what a page is made of is in the tests of `src/page`.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

use std::error::Error as _;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use doorward::kubeconfig::Section;
use doorward::kubectl::ParseCommandError;
use doorward::signing::PrivateKey;
use doorward::{
    Allow, Error, ErrorKind, KeySource, Kubeconfig, KubectlCommand, Network, Page, Portal,
    PortalToken, Secret, Walk,
};
use doorward_providers::all;
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof};
use proptest::test_runner::TestCaseError;
use proptest::{prop_assert, prop_assert_eq, proptest};
use serde_json::{Map, Value, json};

proptest! {
    #[test]
    fn any_text_is_a_command_or_refused(text in any::<String>()) {
        check_command(&text, &Allow::nothing())?;
    }

    #[test]
    fn any_soup_of_shell_signs_is_a_command_or_refused(
        pieces in prop::collection::vec(prop::sample::select(SHELL), 0..40)
    ) {
        let text = pieces.concat();
        check_command(&text, &Allow::nothing())?;
        if let Err(error) = KubectlCommand::parse(&text, &Allow::nothing()) {
            prop_assert!(!error.to_string().contains("canary"), "{error}");
        }
    }

    #[test]
    fn any_text_is_a_place_of_a_key_or_refused(
        text in any::<String>(),
        pieces in prop::collection::vec(prop::sample::select(KEY_PLACE), 0..20),
    ) {
        for text in [text, pieces.concat()] {
            if let Err(error) = KeySource::new(&text) {
                prop_assert_eq!(error.kind(), ErrorKind::Config);
                let shown = format!("{error} {error:?}");
                prop_assert!(!shown.contains("canary"), "{shown}");
            }
        }
    }

    #[test]
    fn any_text_is_a_private_key_or_refused(
        text in any::<String>(),
        label in prop::sample::select(KEY_LABELS),
        der in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let body = STANDARD.encode(der);
        let pem = format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
        for text in [text, pem] {
            let passphrase = Secret::new("canary");
            if let Err(error) = PrivateKey::from_pem(&Secret::new(text), Some(&passphrase), None) {
                prop_assert_eq!(error.kind(), ErrorKind::Config);
            }
        }
    }

    #[test]
    fn a_changed_command_is_a_command_or_refused(
        base in prop::sample::select(COMMANDS),
        edits in edits(SHELL, 400),
    ) {
        check_command(&edited(base, &edits), &Allow::nothing())?;
    }

    #[test]
    fn what_a_caller_allows_changes_nothing_about_that(
        base in prop::sample::select(COMMANDS),
        edits in edits(SHELL, 400),
    ) {
        let allow = Allow::nothing().http().insecure().local_path().exec("kubectl").auth_provider("gcp");
        let strict = check_command(&edited(base, &edits), &Allow::nothing())?;
        let lax = check_command(&edited(base, &edits), &allow)?;
        prop_assert!(lax || !strict, "more was taken where less was allowed");
    }

    // Where much is gone, a token may stand where a program does, and nothing tells it from one.
    #[test]
    fn a_slightly_changed_command_is_refused_without_its_secrets(
        base in prop::sample::select(COMMANDS),
        edits in edits(&SHELL[1..], 16),
    ) {
        if let Err(error) = KubectlCommand::parse(&edited(base, &edits), &Allow::nothing()) {
            prop_assert!(!error.to_string().contains("canary"), "{error}");
        }
    }

    #[test]
    fn any_bytes_are_a_token_document_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check_document(&bytes)?;
    }

    #[test]
    fn a_changed_token_document_is_one_or_refused(edits in edits(JSON, 400), cut in any::<prop::sample::Index>(), byte: u8) {
        let document = edited(&document(&json!({}), COMMANDS[0]).to_string(), &edits);
        check_document(document.as_bytes())?;
        let mut bytes = document.into_bytes();
        if !bytes.is_empty() {
            let place = cut.index(bytes.len());
            bytes[place] = byte;
        }
        check_document(&bytes)?;
    }

    #[test]
    fn any_value_may_stand_under_any_key(
        changes in prop::collection::vec((prop::sample::select(KEYS), value()), 0..4),
        command in prop_oneof![prop::sample::select(COMMANDS), Just("kubernetes"), Just(" ")],
    ) {
        let mut document = document(&json!({}), command);
        for (key, value) in changes {
            let at = if key == "displayName" { &mut document } else { &mut document["token"] };
            if let Some(map) = at.as_object_mut() {
                map.insert(key.to_owned(), value);
            }
        }
        check_document(document.to_string().as_bytes())?;
    }

    #[test]
    fn any_claims_may_stand_in_a_token(claims in prop::collection::vec((prop::sample::select(CLAIMS), value()), 0..5)) {
        let claims: Map<String, Value> =
            claims.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let mut document = document(&json!(claims), "kubernetes");
        document["token"]["kubectl Windows Command"] = json!("https://k8s.example.com");
        check_document(document.to_string().as_bytes())?;
    }

    #[test]
    fn any_page_is_an_adapter_s_or_not(
        path in "(/login/login\\.htm|signin/refresh-auth-state/|app/UserHome)?[/a-z0-9?&=%#]{0,20}",
        header in "[ -~]{0,40}",
        pieces in prop::collection::vec(prop::sample::select(HTML), 0..40),
        text in any::<String>(),
    ) {
        for html in [pieces.concat() + &text, format!("<script>{text}{}", pieces.concat())] {
            let headers = [("content-type", "text/html"), ("date", &header), ("x-okta-request-id", &header)];
            let page = Page::response(&format!("https://a.test/{path}"), 200, &headers, &html).unwrap();
            for adapter in all() {
                adapter.recognizes(&page);
            }
            page.date();
        }
    }

    #[test]
    fn any_text_is_a_resolve_entry_or_refused(text in prop_oneof![any::<String>(), "[a-z.\\[\\]:0-9]{0,30}"]) {
        refused_well(Network::new().resolve(&text))?;
    }

    #[test]
    fn any_bytes_are_certificates_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        base64 in "[A-Za-z0-9+/=\r\n-]{0,200}",
    ) {
        refused_well(Network::new().ca_pem(&bytes))?;
        let pem = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----");
        refused_well(Network::new().ca_pem(pem.as_bytes()))?;
    }

    #[test]
    fn any_text_names_a_place_or_is_refused(
        text in prop_oneof![any::<String>(), "(https?://)?([a-z]{0,3}(:canary)?@)?[a-z.:/\\[\\]%?#0-9\\\\ -]{0,20}"]
    ) {
        refused_well(Walk::new().idp_url(&text))?;
        refused_well(Walk::new().via(&text))?;
        if let Some(portal) = refused_well(Portal::new(&text, Walk::new()))? {
            prop_assert_eq!(portal.url().scheme(), "https");
            prop_assert_eq!(portal.url().password(), None);
        }
    }
}

#[test]
fn the_commands_are_taken_before_they_are_changed() {
    for command in COMMANDS {
        KubectlCommand::parse(command, &Allow::nothing()).unwrap();
    }
    let document = document(&json!({}), COMMANDS[0]).to_string();
    let token = PortalToken::parse(document.as_bytes()).unwrap();
    token.kubeconfig(&Allow::nothing()).unwrap();
}

#[test]
fn what_repeats_itself_comes_to_an_end() {
    for piece in SHELL {
        ends(piece, move || {
            let text = piece.repeat(LONG / piece.len());
            for text in [
                &text,
                &format!("echo \"{text}"),
                &format!("{}{text}", COMMANDS[1]),
            ] {
                let _ = KubectlCommand::parse(text, &Allow::nothing());
            }
        });
    }
    for piece in JSON {
        ends(piece, move || {
            let text = piece.repeat(LONG / piece.len());
            let _ = PortalToken::parse(text.as_bytes());
            let _ = PortalToken::parse(format!("{{\"a\":\"{text}").as_bytes());
        });
    }
    for piece in HTML {
        ends(piece, move || {
            let text = piece.repeat(LONG / piece.len());
            let Ok(page) = Page::html("https://a.test/", &format!("<script>{text}</script>"))
            else {
                return;
            };
            for adapter in all() {
                adapter.recognizes(&page);
            }
        });
    }
}

/// Whether the command was taken; what is taken does no harm, and what is refused is refused without secrets
fn check_command(text: &str, allow: &Allow) -> Result<bool, TestCaseError> {
    match KubectlCommand::parse(text, allow) {
        Ok(command) => {
            let kubeconfig = command.kubeconfig();
            prop_assert_eq!(kubeconfig.check(), Ok(()));
            prop_assert_eq!(allow.check(kubeconfig), Ok(()));
            let printed = kubeconfig.to_yaml();
            prop_assert_eq!(
                &Kubeconfig::parse(printed.expose_secret()).unwrap(),
                kubeconfig
            );
            if *allow == Allow::nothing() {
                check_harmless(kubeconfig)?;
            }
            Ok(true)
        }
        Err(error) => {
            check_refusal(text, &error)?;
            Ok(false)
        }
    }
}

/// What the documentation of [`Allow`] promises, looked for without its code
fn check_harmless(kubeconfig: &Kubeconfig) -> Result<(), TestCaseError> {
    let text = |entry: &Map<String, Value>, key: &str| match entry.get(key) {
        Some(Value::String(text)) => text.clone(),
        _ => String::new(),
    };
    for name in kubeconfig.names(Section::Clusters) {
        let cluster = kubeconfig.entry(Section::Clusters, name).unwrap();
        let server = text(cluster, "server").to_ascii_lowercase();
        prop_assert!(
            server.is_empty() || server.starts_with("https://"),
            "{server}"
        );
        prop_assert_eq!(text(cluster, "certificate-authority"), "");
        let insecure = cluster.get("insecure-skip-tls-verify");
        prop_assert!(insecure != Some(&json!(true)));
    }
    for name in kubeconfig.names(Section::Users) {
        let user = kubeconfig.entry(Section::Users, name).unwrap();
        prop_assert!(!user.contains_key("exec"));
        for path in ["client-certificate", "client-key", "tokenFile"] {
            prop_assert_eq!(text(user, path), "");
        }
        let Some(provider) = user
            .get("auth-provider")
            .filter(|provider| !provider.is_null())
        else {
            continue;
        };
        prop_assert_eq!(&provider["name"], "oidc");
        let config = provider["config"].as_object().cloned().unwrap_or_default();
        prop_assert!(text(&config, "idp-issuer-url").starts_with("https://"));
        prop_assert_eq!(text(&config, "idp-certificate-authority"), "");
        prop_assert_eq!(text(&config, "cmd-path"), "");
    }
    Ok(())
}

fn check_refusal(text: &str, error: &ParseCommandError) -> Result<(), TestCaseError> {
    prop_assert!(error.offset() <= text.len());
    prop_assert!(text.is_char_boundary(error.offset()), "{error}");
    check_shown(&error.to_string())
}

fn check_document(json: &[u8]) -> Result<(), TestCaseError> {
    let token = match PortalToken::parse(json) {
        Ok(token) => token,
        Err(error) => return check_shown(&error.to_string()),
    };
    let debug = format!("{token:?}");
    prop_assert!(!debug.contains("canary"), "{debug}");
    match token.kubeconfig(&Allow::nothing()) {
        Ok(kubeconfig) => {
            prop_assert_eq!(kubeconfig.check(), Ok(()));
            check_harmless(&kubeconfig)
        }
        Err(error) => {
            let known = [ErrorKind::Portal, ErrorKind::UnsafeCommand];
            prop_assert!(known.contains(&error.kind()), "{error}");
            check_shown(&all_of(&error))
        }
    }
}

/// The value, or nothing where it was refused as a matter of the settings
fn refused_well<T>(outcome: Result<T, Error>) -> Result<Option<T>, TestCaseError> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) => {
            prop_assert_eq!(error.kind(), ErrorKind::Config);
            let shown = all_of(&error);
            prop_assert!(!shown.contains("canary"), "{shown}");
            check_shown(&shown)?;
            Ok(None)
        }
    }
}

/// One line, of limited length
fn check_shown(text: &str) -> Result<(), TestCaseError> {
    prop_assert!(!text.contains(char::is_control), "{text:?}");
    prop_assert!(text.len() < 4000, "{text}");
    Ok(())
}

fn all_of(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!("; {cause}"));
        source = cause.source();
    }
    text
}

/// Fails if `work` panics, or takes so long that it can only go round in circles
fn ends(piece: &str, work: impl FnOnce() + Send + 'static) {
    let (done, wait) = mpsc::channel();
    thread::spawn(move || {
        work();
        let _ = done.send(());
    });
    let outcome = wait.recv_timeout(Duration::from_secs(20));
    assert!(outcome.is_ok(), "{piece:?} {outcome:?}");
}

/// Where, how many characters go, and what comes in their place
#[derive(Clone, Debug)]
struct Edit {
    place: prop::sample::Index,
    gone: usize,
    piece: String,
}

fn edits(pieces: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<Edit>> {
    let piece = prop_oneof![
        4 => prop::sample::select(pieces).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => any::<char>().prop_map(String::from),
        2 => Just(String::new()),
    ];
    let gone = prop_oneof![Just(0), 0..4_usize, 0..most];
    let edit = (any::<prop::sample::Index>(), gone, piece).prop_map(|(place, gone, piece)| Edit {
        place,
        gone,
        piece,
    });
    prop::collection::vec(edit, 0..4)
}

fn edited(text: &str, edits: &[Edit]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for Edit { place, gone, piece } in edits {
        let start = place.index(characters.len() + 1);
        let end = (start + gone).min(characters.len());
        characters.splice(start..end, piece.chars());
    }
    characters.into_iter().collect()
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(TEXTS).prop_map(Value::from),
        Just(json!(9_223_372_036_854_775_807_u64)),
        Just(json!(1e300)),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec(("[a-z]{0,4}", inner), 0..3)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn document(claims: &Value, command: &str) -> Value {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let id_token = format!("{}.{}.canary", part(&json!({"alg": "RS256"})), part(claims));
    json!({
        "displayName": "mmosley@example.com",
        "token": {
            "kubectl Command": command,
            "kubectl Windows Command": "$TMP_CERT=New-TemporaryFile ; …",
            "Usage": "Run the kubectl command to set your user-context and server connection",
            "id_token": id_token,
            "refresh_token": "canary___refresh",
            "OpenUnison Server CA Certificate": "-----BEGIN CERTIFICATE-----\nMIID\r\n-----END CERTIFICATE-----",
        },
    })
}

const LONG: usize = 64 << 10;

const COMMANDS: &[&str] = &[
    " export TMP_CERT=$(mktemp) && echo -e \"-----BEGIN CERTIFICATE-----\\nMIID\\n-----END CERTIFICATE-----\" > \
     $TMP_CERT && kubectl config set-cluster kubernetes --server=https://k8sapi.example.com \
     --certificate-authority=$TMP_CERT --embed-certs=true && kubectl config set-context kubernetes \
     --cluster=kubernetes --user=mmosleyx-64-xexample.com@kubernetes  && kubectl config set-credentials \
     mmosleyx-64-xexample.com@kubernetes  --auth-provider=oidc --auth-provider-arg=client-secret= \
     --auth-provider-arg=idp-issuer-url=https://k8sou.example.com/auth/idp/k8sIdp \
     --auth-provider-arg=client-id=kubernetes --auth-provider-arg=refresh-token=canary+refresh/=  \
     --auth-provider-arg=id-token=canary.canary.canary  \
     --auth-provider-arg=idp-certificate-authority-data=LS0tLS0=   && kubectl config use-context kubernetes \
     && kubectl config set-cluster vip --server=https://vip.example.com --certificate-authority=$TMP_CERT \
     --embed-certs=true && kubectl config set-context vip --cluster=vip \
     --user=mmosleyx-64-xexample.com@kubernetes &&  rm $TMP_CERT",
    "CA=$(mktemp)\ncat << 'EOF' > \"$CA\"\n-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----\nEOF\n\
     kubectl config set-cluster 'pro d' --server https://prod.example.com --certificate-authority \"$CA\" \
     --embed-certs # the certificate goes in\n\
     kubectl config set-credentials \"me@example.com\" \\\n  --auth-provider=oidc \\\n  \
     --auth-provider-arg='idp-issuer-url=https://dex.example.com/' \\\n  \
     --auth-provider-arg='client-secret=canary' --auth-provider-arg='id-token=canary'\n\
     kubectl config set-context pro --cluster='pro d' --user=me\"@example.com\"; kubectl config use-context pro\n\
     rm \"$CA\"\n",
];

#[rustfmt::skip]
const SHELL: &[&str] = &[
    "--token=canary ", " ", "\n", "\t", "\\", "\\\n", "'", "\"", "`", "$", "$(", "${", "$((", ")", "}", "<<", "<<-",
    "<<EOF\n", "EOF\n", "<", ">", ">>", ">&2", "2>", "|", "||", "&", "&&", ";", ";;", "#", "~", "*",
    "?", "[", "{a,b}", "!", "(", "=", "--", "-", "if ", "function f", "kubectl ", "kubectl config ",
    "set-cluster ", "set-context ", "set-credentials ", "use-context ", "set ", "unset ",
    "rename-context ", "delete-user ", "--server=", "--server http://x ",
    "--certificate-authority=/etc/passwd ", "--embed-certs ", "--insecure-skip-tls-verify ",
    "--exec-command=sh ", "--exec-api-version=v1 ", "--auth-provider=gcp ",
    "--auth-provider-arg=cmd-path=/bin/sh ", "--kubeconfig=/x ", "$(mktemp)", "$(id)",
    "$HOME", "X=", "export ", "echo ", "echo -e ", "printf ", "base64 -d ", "cat ", "rm ", "mkdir -p ",
    "curl ", "users.a.exec.command sh", "clusters.a.insecure-skip-tls-verify true", "\r", "\0",
    "\u{202e}", "é", "\\x41", "\\n", "%s", "a",
];

#[rustfmt::skip]
const JSON: &[&str] = &[
    "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u", "\\u0000", "\\ud800", "null", "true", "-", "0",
    "1e999", "1e-999", ".", " ", "\n", "{\"token\":", "\"token\":{},", "\"jwt\":1,",
    "\"id_token\":\"canary\",", "\u{feff}", "é", "/**/", "[[", "{\"a\":",
];

#[rustfmt::skip]
const HTML: &[&str] = &[
    "<script>", "</script>", "<!--", "-->", "<form method=post>", "</form>",
    "<input name=pwd type=password>", "<input name=user>", "<input name=code>",
    "<input name=target type=hidden value=x>", "<input id=fromURI value='/app'>", "var stateToken = '",
    "stateToken", "\"stateToken\":\"00abcdefghij\"", "stateToken='00\\x2Dabcdefgh';",
    "modelDataBag = '{\\x22stateToken\\x22:\\x2200abcdefgh\\x22}';", "oktaData", "baseUrl", "=", ":",
    ";", "'", "\"", "`", "\\", "\\x", "\\u", "\\u{", "\\u{110000}", "\\ud83d", "\\0", "/*", "*/", "//",
    "/", "/[", "]", "/a/g", "${", "}", "(", ")", "\n", "\r", "\u{2028}", " ", "a", "1", "é", "<!--",
    "fromUri = '/x'", "<", ">",
];

#[rustfmt::skip]
const KEYS: &[&str] = &[
    "displayName", "kubectl Command", "kubectl Windows Command", "id_token", "refresh_token", "jwt",
    "Usage", "Kubernetes API Server CA Certificate", "OpenUnison Server CA Certificate",
];

#[rustfmt::skip]
const CLAIMS: &[&str] = &[
    "iss", "aud", "exp", "iat", "nbf", "sub", "preferred_username", "email",
];

#[rustfmt::skip]
const TEXTS: &[&str] = &[
    "", " ", "kubernetes", "https://k8s.example.com", "http://x", "https://", "https://[", "a.b.c",
    "..", "a", "___", "${", "\r\n", "\u{202e}", "-----BEGIN CERTIFICATE-----",
];

/// What URIs of PKCS #11 are made of
const KEY_PLACE: &[&str] = &[
    "pkcs11:",
    "token=",
    "object=",
    "id=",
    "slot-id=",
    "type=private",
    "module-path=/m",
    "module-name=m",
    "pin-source=file:/p",
    "pin-value=canary",
    ";",
    "?",
    "&",
    "=",
    "%",
    "%4",
    "%41",
    "%ff",
    "7",
];

const KEY_LABELS: &[&str] = &[
    "PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "RSA PRIVATE KEY",
    "EC PRIVATE KEY",
    "PUBLIC KEY",
];
