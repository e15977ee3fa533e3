use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{collection, proptest};
use serde_json::{Map, Value, json};

use crate::audit::{Audit, End, Facts, FileFact, Finding, Rule, Severity, Source, UserKind};
use crate::kubeconfig::Kubeconfig;
use crate::secret::Secret;

/// A machine that has what a test says
#[derive(Default)]
struct Machine {
    files: BTreeMap<PathBuf, (FileFact, Vec<u8>)>,
    programs: BTreeSet<String>,
}

impl Machine {
    fn file(mut self, path: &str, mode: u32, text: &str) -> Self {
        let fact = FileFact {
            can_read: true,
            mode: Some(mode),
            is_writable: mode & 0o022 != 0,
        };
        self.files.insert(path.into(), (fact, text.into()));
        self
    }

    fn program(mut self, name: &str) -> Self {
        self.programs.insert(name.to_owned());
        self
    }

    /// The findings of one file
    fn findings(&self, yaml: &str) -> Vec<Finding> {
        self.audit(&[(FILE, yaml)]).findings
    }

    fn audit(&self, files: &[(&str, &str)]) -> Audit {
        let parsed: Vec<_> = files
            .iter()
            .map(|(file, yaml)| (Path::new(*file), Kubeconfig::parse(yaml).unwrap()))
            .collect();
        let sources: Vec<_> = parsed
            .iter()
            .map(|(file, kubeconfig)| Source { file, kubeconfig })
            .collect();
        Audit::of(&sources, self)
    }
}

impl Facts for Machine {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(NOW).unwrap()
    }

    fn file(&self, path: &Path) -> Option<FileFact> {
        Some(self.files.get(path)?.0)
    }

    fn text(&self, path: &Path) -> Option<Secret> {
        let text = String::from_utf8(self.files.get(path)?.1.clone()).ok()?;
        Some(Secret::new(text))
    }

    fn has_command(&self, command: &str, _: &Path) -> bool {
        self.programs.contains(command)
    }
}

/// A document whose only user has the fields `user`, at a server that is fine
fn of_user(user: &Value) -> String {
    json!({
        "current-context": "prod",
        "contexts": [{"name": "prod", "context": {"cluster": "k", "user": "ci"}}],
        "clusters": [{"name": "k", "cluster": {"server": "https://k8s.test"}}],
        "users": [{"name": "ci", "user": user}],
    })
    .to_string()
}

/// The same for a cluster, whose user is fine
fn of_cluster(cluster: &Value) -> String {
    json!({
        "current-context": "prod",
        "contexts": [{"name": "prod", "context": {"cluster": "k", "user": "ci"}}],
        "clusters": [{"name": "k", "cluster": cluster}],
        "users": [{"name": "ci", "user": {"exec": ours()}}],
    })
    .to_string()
}

fn ours() -> Value {
    json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "doorward",
        "args": ["credential", "--profile=prod"],
        "interactiveMode": "Never",
    })
}

fn jwt(claims: &Value) -> String {
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    format!("e30.{claims}.canary")
}

fn legacy_token() -> String {
    jwt(&json!({
        "iss": "kubernetes/serviceaccount",
        "kubernetes.io/serviceaccount/namespace": "ci",
        "kubernetes.io/serviceaccount/service-account.name": "deployer",
        "sub": "system:serviceaccount:ci:deployer",
    }))
}

fn rules(findings: &[Finding]) -> Vec<(Rule, Severity)> {
    findings.iter().map(|f| (f.rule, f.severity)).collect()
}

#[track_caller]
fn assert_user(machine: &Machine, user: &Value, expected: &[(Rule, Severity)]) {
    let findings = machine.findings(&of_user(user));
    assert_eq!(rules(&findings), expected, "{user}");
    for finding in findings {
        assert_eq!(finding.user.as_deref(), Some("ci"), "{finding:?}");
        assert!(!format!("{finding:?}").contains("canary"), "{finding:?}");
    }
}

#[test]
fn every_kind_of_user_is_judged() {
    use Severity::{Error, Info, Warning};

    let machine = Machine::default()
        .program("doorward")
        .program("aws")
        .file("/k/tokens/own", 0o600, &jwt(&json!({"exp": NOW + 60})))
        .file("/k/tokens/open", 0o644, &legacy_token())
        .file("/k/c.pem", 0o644, "canary")
        .file("/k/c.key", 0o600, "canary");
    let table: &[(Value, &[(Rule, Severity)])] = &[
        (json!({"exec": ours()}), &[(Rule::Exec, Info)]),
        (
            json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws", "args": ["canary"]}}),
            &[(Rule::Exec, Info)],
        ),
        (
            json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "aws"}}),
            &[(Rule::ExecInteractiveMode, Error)],
        ),
        (
            json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws", "interactiveMode": "canary"}}),
            &[(Rule::ExecInteractiveMode, Error)],
        ),
        (
            json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1alpha1", "command": "aws"}}),
            &[(Rule::ExecApiVersion, Error)],
        ),
        (
            json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "nowhere", "interactiveMode": "Never"}}),
            &[(Rule::ExecCommandMissing, Info)],
        ),
        (
            json!({"exec": {"interactiveMode": "Never"}}),
            &[(Rule::ExecIncomplete, Error), (Rule::ExecIncomplete, Error)],
        ),
        (
            json!({"auth-provider": {"name": "oidc", "config": {"id-token": "canary", "refresh-token": "canary"}}}),
            &[(Rule::AuthProvider, Warning)],
        ),
        (
            json!({"auth-provider": {"name": "gcp", "config": {"access-token": "canary"}}}),
            &[(Rule::AuthProviderRemoved, Error)],
        ),
        (json!({"token": "canary"}), &[(Rule::OpaqueToken, Warning)]),
        (
            json!({"token": legacy_token()}),
            &[(Rule::EndlessToken, Error)],
        ),
        (
            json!({"token": jwt(&json!({"iss": "https://i"}))}),
            &[(Rule::EndlessToken, Error)],
        ),
        (
            json!({"token": jwt(&json!({"exp": NOW}))}),
            &[(Rule::EndedToken, Error)],
        ),
        (
            json!({"token": jwt(&json!({"exp": NOW + 3600}))}),
            &[(Rule::StaticToken, Info)],
        ),
        (
            json!({"token": jwt(&json!({"exp": NOW + 24 * 3600 + 1}))}),
            &[(Rule::LongToken, Warning)],
        ),
        (
            json!({"tokenFile": "tokens/own"}),
            &[(Rule::TokenFile, Info)],
        ),
        (
            json!({"tokenFile": "tokens/open"}),
            &[(Rule::FileReadable, Error), (Rule::EndlessToken, Error)],
        ),
        (
            json!({"tokenFile": "nowhere"}),
            &[(Rule::FileMissing, Error)],
        ),
        (
            json!({"client-certificate": "c.pem", "client-key": "c.key"}),
            &[(Rule::ClientCertificate, Warning)],
        ),
        (
            json!({"client-certificate": "/nowhere", "client-key-data": "canary"}),
            &[
                (Rule::FileMissing, Error),
                (Rule::ClientCertificate, Warning),
            ],
        ),
        (
            json!({"client-certificate-data": "canary"}),
            &[
                (Rule::CertificateWithoutKey, Error),
                (Rule::ClientCertificate, Warning),
            ],
        ),
        (
            json!({"client-certificate-data": "canary", "client-key-data": "canary", "client-key": "c.key"}),
            &[
                (Rule::DataAndFile, Error),
                (Rule::ClientCertificate, Warning),
            ],
        ),
        (
            json!({"username": "ci", "password": "canary"}),
            &[(Rule::BasicAuth, Error)],
        ),
        (
            json!({"username": "ci", "token": "canary"}),
            &[
                (Rule::OpaqueToken, Warning),
                (Rule::BasicAuth, Error),
                (Rule::SeveralMethods, Error),
            ],
        ),
        (
            json!({"exec": ours(), "token": "canary"}),
            &[
                (Rule::Exec, Info),
                (Rule::OpaqueToken, Warning),
                (Rule::SeveralMethods, Warning),
            ],
        ),
        (
            json!({"exec": ours(), "auth-provider": {"name": "oidc"}}),
            &[
                (Rule::Exec, Info),
                (Rule::AuthProvider, Warning),
                (Rule::SeveralMethods, Error),
            ],
        ),
        (json!({"as": "admin"}), &[(Rule::NoCredentials, Info)]),
    ];
    for (user, expected) in table {
        assert_user(&machine, user, expected);
    }
}

#[test]
fn a_server_without_tls_or_check_is_an_error() {
    use Severity::{Error, Info};

    let machine = Machine::default()
        .program("doorward")
        .file("/k/ca.pem", 0o644, "");
    let table: &[(Value, &[(Rule, Severity)])] = &[
        (json!({"server": "https://k8s.test"}), &[]),
        (
            json!({"server": "https://k8s.test", "certificate-authority": "ca.pem"}),
            &[],
        ),
        (
            json!({"server": "http://ci:canary@k8s.test"}),
            &[(Rule::PlainHttp, Error)],
        ),
        (
            json!({"server": "HTTP://k8s.test"}),
            &[(Rule::PlainHttp, Error)],
        ),
        (
            json!({"server": "k8s.test:6443"}),
            &[(Rule::PlainHttp, Error)],
        ),
        (
            json!({"server": "k8s.test:6443", "certificate-authority-data": "eA=="}),
            &[],
        ),
        (
            json!({"server": "http://127.0.0.1:8001"}),
            &[(Rule::PlainHttp, Info)],
        ),
        (
            json!({"server": "http://localhost:8001"}),
            &[(Rule::PlainHttp, Info)],
        ),
        (
            json!({"server": "https://k8s.test", "insecure-skip-tls-verify": true}),
            &[(Rule::InsecureTls, Error)],
        ),
        (
            json!({"server": "https://k8s.test", "insecure-skip-tls-verify": true, "certificate-authority": "ca.pem"}),
            &[(Rule::InsecureTls, Error)],
        ),
        (
            json!({"server": "https://k8s.test", "insecure-skip-tls-verify": false}),
            &[],
        ),
        (
            json!({"server": "https://k8s.test", "certificate-authority": "../ca.pem"}),
            &[(Rule::FileMissing, Error)],
        ),
        (
            json!({"server": "https://k8s.test", "certificate-authority": "ca.pem", "certificate-authority-data": "eA=="}),
            &[(Rule::DataAndFile, Error)],
        ),
        (json!({}), &[(Rule::NoServer, Error)]),
    ];
    for (cluster, expected) in table {
        let mut findings = machine.findings(&of_cluster(cluster));
        assert_eq!(findings.remove(0).rule, Rule::Exec);
        assert_eq!(rules(&findings), *expected, "{cluster}");
        for finding in findings {
            assert_eq!(finding.user.as_deref(), Some("ci"));
            assert_eq!(finding.cluster.as_deref(), Some("k"));
            assert!(!finding.message.contains("canary"), "{finding:?}");
        }
    }
}

#[test]
fn a_server_counts_once_for_each_of_its_users() {
    let yaml = "
contexts:
- {name: a, context: {cluster: k, user: u}}
- {name: b, context: {cluster: k, user: u}}
- {name: c, context: {cluster: k, user: v}}
clusters:
- {name: k, cluster: {server: 'http://k.test'}}
- {name: alone, cluster: {server: 'http://alone.test'}}
users: [{name: u}, {name: v}]
";
    let findings = Machine::default().findings(yaml);

    let plain = findings.iter().filter(|f| f.rule == Rule::PlainHttp);
    let whose: Vec<_> = plain
        .map(|f| (f.user.as_deref(), f.cluster.as_deref()))
        .collect();
    assert_eq!(
        whose,
        [
            (Some("u"), Some("k")),
            (Some("v"), Some("k")),
            (None, Some("alone"))
        ]
    );
}

#[test]
fn a_legacy_token_is_told_as_a_service_accounts() {
    let audit = Machine::default().audit(&[(FILE, &of_user(&json!({"token": legacy_token()})))]);

    let kind = UserKind::Token {
        end: End::Never,
        service_account: Some("ci/deployer".into()),
    };
    assert_eq!(audit.users[0].kinds, [kind]);
    assert_eq!(audit.users[0].contexts, ["prod"]);
    assert!(audit.findings[0].message.contains("ci/deployer"));
    assert_eq!(
        audit.findings[0].replacement.as_deref(),
        Some("doorward service-account deployer -n ci --kubeconfig /k/config")
    );
}

#[cfg(feature = "login")]
#[test]
fn a_client_certificate_is_told_with_its_end() {
    use base64::engine::general_purpose::STANDARD;

    let of = |data: String| {
        let user = json!({"client-certificate-data": data, "client-key-data": "canary"});
        Machine::default().audit(&[(FILE, &of_user(&user))])
    };
    let ended = of(STANDARD.encode(CERTIFICATE));

    let end = "2020-01-02T00:00:00Z".parse().unwrap();
    assert_eq!(ended.users[0].kinds, [UserKind::Certificate(End::At(end))]);
    assert_eq!(ended.findings[0].rule, Rule::CertificateEnded);
    let broken = of(STANDARD.encode("-----BEGIN CERTIFICATE-----\ncanary\n"));
    assert_eq!(broken.users[0].kinds, [UserKind::Certificate(End::Unknown)]);
}

#[test]
fn contexts_that_lead_nowhere_are_found() {
    use Severity::{Error, Warning};

    let yaml = "
current-context: now
contexts:
- {name: now, context: {cluster: none, user: u}}
- {name: later, context: {cluster: k}}
clusters: [{name: k, cluster: {server: 'https://k.test'}}]
users: [{name: u}]
";
    let mut findings = Machine::default().findings(yaml);
    findings.retain(|finding| finding.context.is_some());

    assert_eq!(
        rules(&findings),
        [
            (Rule::DanglingContext, Error),
            (Rule::DanglingContext, Warning)
        ]
    );
    let findings = Machine::default().findings("current-context: none");
    assert_eq!(rules(&findings), [(Rule::CurrentContext, Error)]);
}

#[test]
fn a_user_without_a_context_is_mentioned() {
    let machine = Machine::default().program("doorward");
    let yaml = json!({"users": [{"name": "u", "user": {"exec": ours()}}]}).to_string();

    let audit = machine.audit(&[(FILE, &yaml)]);

    assert_eq!(
        rules(&audit.findings),
        [
            (Rule::Exec, Severity::Info),
            (Rule::UnusedUser, Severity::Info)
        ]
    );
    assert_eq!(
        audit.findings[1].replacement.as_deref(),
        Some("kubectl config delete-user u --kubeconfig /k/config")
    );
    assert_eq!(audit.worst(), Some(Severity::Info));
    assert_eq!(Machine::default().audit(&[(FILE, "{}")]).worst(), None);
}

#[test]
fn the_first_file_with_a_name_counts() {
    let first = "users: [{name: u, user: {token: canary}}]";
    let second = "contexts: [{name: c, context: {user: u, cluster: k}}]
clusters: [{name: k, cluster: {server: 'https://k.test'}}]
users: [{name: u, user: {username: a}}, {name: v, user: {tokenFile: t}}]";
    let machine = Machine::default().file("/second/t", 0o600, "opaque");

    let audit = machine.audit(&[("/first/config", first), ("/second/config", second)]);

    assert_eq!(audit.users[0].file, Path::new("/first/config"));
    assert_eq!(audit.users[0].contexts, ["c"]);
    assert_eq!(audit.users[1].file, Path::new("/second/config"));
    assert!(
        matches!(&audit.users[1].kinds[..], [UserKind::TokenFile { path, .. }] if path == Path::new("/second/t"))
    );
    let hidden: Vec<_> = audit
        .findings
        .iter()
        .filter(|f| f.rule == Rule::Shadowed)
        .collect();
    assert_eq!(hidden.len(), 1);
    assert_eq!(hidden[0].file, Path::new("/second/config"));
    assert_eq!(hidden[0].user.as_deref(), Some("u"));
}

#[test]
fn a_file_that_others_can_read_matters_if_it_has_a_secret() {
    use Severity::{Error, Warning};

    let secret = of_user(&json!({"token": "canary"}));
    let none = of_user(&json!({"exec": ours()}));
    let found = |mode, yaml: &str| {
        let machine = Machine::default().file(FILE, mode, "");
        let mut findings = machine.findings(yaml);
        findings.retain(|f| matches!(f.rule, Rule::FileReadable | Rule::FileWritable));
        assert!(findings.iter().all(|f| f.user.is_none()));
        rules(&findings)
    };

    assert_eq!(found(0o600, &secret), []);
    assert_eq!(found(0o640, &secret), [(Rule::FileReadable, Warning)]);
    assert_eq!(found(0o644, &secret), [(Rule::FileReadable, Error)]);
    assert_eq!(found(0o644, &none), []);
    assert_eq!(found(0o622, &none), [(Rule::FileWritable, Error)]);
}

#[test]
fn a_mounted_token_may_be_open_to_its_container() {
    let path = "/var/run/secrets/kubernetes.io/serviceaccount/token";
    let token = jwt(&json!({"exp": NOW + 3600, "sub": "system:serviceaccount:ci:deployer"}));
    let machine = Machine::default().file(path, 0o644, &format!("{token}\n"));

    assert_user(
        &machine,
        &json!({ "tokenFile": path }),
        &[(Rule::TokenFile, Severity::Info)],
    );
}

#[test]
fn a_command_holds_no_name_that_a_shell_would_run() {
    let oidc = |context: &str| {
        let yaml = json!({
            "contexts": [{"name": context, "context": {"user": "u", "cluster": "k"}}],
            "clusters": [{"name": "k", "cluster": {"server": "https://k.test"}}],
            "users": [{"name": "u", "user": {"auth-provider": {"name": "oidc", "config": {"refresh-token": "canary"}}}}],
        });
        Machine::default()
            .findings(&yaml.to_string())
            .remove(0)
            .replacement
    };

    assert_eq!(
        oidc("ada@prod").as_deref(),
        Some("doorward kubeconfig use-exec --context ada@prod --kubeconfig /k/config")
    );
    assert_eq!(
        oidc("$(touch /tmp/x); a").as_deref(),
        Some("doorward kubeconfig use-exec --context '$(touch /tmp/x); a' --kubeconfig /k/config")
    );
    for hidden in ["a\nb", "a\u{202e}b", "::error::x", "##vso[x]", "-v", ""] {
        assert_eq!(oidc(hidden), None, "{hidden:?}");
    }
}

#[test]
fn a_service_account_in_a_token_is_one_word_of_a_shell() {
    let command = |account: &str| {
        let claims = json!({"sub": format!("system:serviceaccount:ci:{account}")});
        let user = json!({"token": jwt(&claims)});
        Machine::default()
            .findings(&of_user(&user))
            .remove(0)
            .replacement
    };

    assert_eq!(
        command("$(touch x)").as_deref(),
        Some("doorward service-account '$(touch x)' -n ci --kubeconfig /k/config")
    );
    // What could be an option is left to a login.
    assert_eq!(
        command("--help").as_deref(),
        Some("doorward login --portal URL --kubeconfig /k/config")
    );
}

#[test]
fn a_pasted_user_without_a_refresh_token_needs_a_login() {
    let user = json!({"auth-provider": {"name": "oidc", "config": {"id-token": "canary"}}});
    let findings = Machine::default().findings(&of_user(&user));

    assert_eq!(findings[0].rule, Rule::AuthProvider);
    assert_eq!(
        findings[0].replacement.as_deref(),
        Some("doorward login --portal URL --kubeconfig /k/config")
    );
}

#[test]
fn rules_have_names_of_their_own() {
    let names: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.as_str()).collect();

    assert_eq!(names.len(), Rule::ALL.len());
    for rule in Rule::ALL {
        assert!(
            rule.as_str()
                .chars()
                .all(|c| c.is_ascii_lowercase() || c == '-')
        );
        assert!(!rule.summary().is_empty());
    }
}

/// JSON of the words that a kubeconfig is made of, in any place
fn anything() -> impl Strategy<Value = Value> {
    let words = prop_oneof![
        Just("u".to_owned()),
        Just("oidc".to_owned()),
        Just("client.authentication.k8s.io/v1".to_owned()),
        Just("https://k.test".to_owned()),
        Just("http://".to_owned()),
        Just(legacy_token()),
        Just("/k/c.pem".to_owned()),
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        words.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        let keys = proptest::sample::select(KEYS);
        prop_oneof![
            collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            collection::btree_map(keys, inner, 0..6).prop_map(|map| {
                let map: Map<_, _> = map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
                Value::from(map)
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_document_gives_findings_or_an_error(
        user in anything(),
        cluster in anything(),
        context in anything(),
        top in anything(),
    ) {
        let document = json!({
            "current-context": "u",
            "users": [{"name": "u", "user": user}],
            "clusters": [{"name": "u", "cluster": cluster}],
            "contexts": [{"name": "u", "context": context}, {"name": "v", "context": {"user": "u", "cluster": "u"}}],
        });
        let machine = Machine::default().file("/k/c.pem", 0o644, "-----BEGIN CERTIFICATE-----\n");
        for document in [document, top] {
            if let Ok(kubeconfig) = Kubeconfig::parse(&document.to_string()) {
                let file = Path::new(FILE);
                let source = Source { file, kubeconfig: &kubeconfig };
                let audit = Audit::of(&[source, source], &machine);
                for finding in &audit.findings {
                    assert!(!finding.message.contains(char::is_control), "{finding:?}");
                    let command = finding.replacement.as_deref().unwrap_or_default();
                    assert!(!command.contains(char::is_control), "{finding:?}");
                }
                for kind in audit.users.iter().flat_map(|user| &user.kinds) {
                    assert!(!kind.to_string().contains(char::is_control));
                }
            }
        }
    }
}

const FILE: &str = "/k/config";

const KEYS: &[&str] = &[
    "apiVersion",
    "args",
    "auth-provider",
    "certificate-authority",
    "client-certificate",
    "client-certificate-data",
    "client-key",
    "cluster",
    "clusters",
    "command",
    "config",
    "contexts",
    "current-context",
    "env",
    "exec",
    "insecure-skip-tls-verify",
    "interactiveMode",
    "name",
    "server",
    "token",
    "tokenFile",
    "user",
    "username",
    "users",
];

/// 2026-01-01T00:00:00Z
const NOW: i64 = 1_767_225_600;

/// Of a key that is lost, and ended in 2020
#[cfg(feature = "login")]
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----
MIIBBjCBraADAgECAgEBMAoGCCqGSM49BAMCMA0xCzAJBgNVBAMMAmNpMB4XDTIw
MDEwMTAwMDAwMFoXDTIwMDEwMjAwMDAwMFowDTELMAkGA1UEAwwCY2kwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAAS3aRSANWwT7wYZq5rpEsBxUEOWD+YlOjzn3tkY
eRPlptttjo7X+S/w2zaSMqaQ5jbv1FDwiPCAFFmDKnBTrKD1MAoGCCqGSM49BAMC
A0gAMEUCIGHCZesjW3sIO615EwBIKCfP0WugyWla9If/vXpNXq/CAiEApLkPBdMb
YZQUYV1Zr2h6XMwuSDFvaKoWL8no8chMCF8=
-----END CERTIFICATE-----
";
