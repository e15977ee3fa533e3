//! The real kubectl reads what doorward writes, and the other way round.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use doorward::kubeconfig::{ExecUser, Kubeconfig, KubeconfigFiles, MergeHow, OidcUser, Section};
use doorward::{ErrorKind, ExecApiVersion, ExecInfo, Secret};
use doorward_testkit::{kubectl, output_within};
use proptest::prelude::{Strategy, any, prop, prop_oneof};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

/// A folder with kubeconfigs, and a kubectl that knows nothing else
struct Place {
    folder: tempfile::TempDir,
    kubectl: PathBuf,
}

impl Place {
    fn new() -> Option<Self> {
        Some(Self {
            folder: tempfile::tempdir().unwrap(),
            kubectl: kubectl()?,
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn kubectl(&self, files: &[&Path], arguments: &[&str]) -> String {
        let list = std::env::join_paths(files).unwrap();
        let mut command = Command::new(&self.kubectl);
        command
            .args(arguments)
            .env("KUBECONFIG", list)
            .env("HOME", self.folder.path());
        let (success, stdout, stderr) = output(&mut command);
        assert!(success, "kubectl {arguments:?}: {stderr}");
        stdout
    }

    fn view(&self, files: &[&Path]) -> Value {
        let json = self.kubectl(files, &["config", "view", "--raw", "-o", "json"]);
        serde_json::from_str(&json).unwrap()
    }
}

/// Runs a command that ends within a minute
fn output(command: &mut Command) -> (bool, String, String) {
    let output = output_within(Duration::from_secs(60), command).unwrap();
    let [stdout, stderr] =
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    (output.status.success(), stdout, stderr)
}

fn login(name: &str) -> Kubeconfig {
    let mut kubeconfig = Kubeconfig::parse(&format!(
        "apiVersion: v1
kind: Config
current-context: {name}
clusters: [{{name: {name}, cluster: {{server: 'https://{name}.example.com', certificate-authority-data: LS0tLS1CRUdJTg==}}}}]
contexts: [{{name: {name}, context: {{cluster: {name}, user: ada@{name}}}}}]
"
    ))
    .unwrap();
    let mut user = OidcUser::new(
        "https://i.example.com/idp",
        "kubernetes",
        Secret::new("eyJ.eyJ.s_-"),
    );
    user.refresh_token = Some(Secret::new("q1b+/=".repeat(200)));
    kubeconfig.set_oidc_user(&format!("ada@{name}"), &user);
    kubeconfig
}

fn entry<'a>(view: &'a Value, section: &str, name: &str) -> &'a Value {
    let items = view[section].as_array().unwrap();
    items.iter().find(|item| item["name"] == name).unwrap()
}

#[test]
fn kubectl_reads_texts_and_numbers_as_they_were() {
    let Some(place) = Place::new() else { return };
    let mut runner = TestRunner::deterministic();
    let strange = prop_oneof![
        "[-+]?[0-9._:eExXoObBTZ]{1,12}",
        "[ \n\t#:'\"\\[\\]{}&*!|>%@`?,a-]{0,12}",
        "[a-z \n]{0,40}",
        "\\PC{0,20}",
        any::<String>(),
        prop::sample::select(LOOKALIKES).prop_map(str::to_owned),
    ];
    let mut values: Vec<Value> = LOOKALIKES.iter().map(|text| json!(text)).collect();
    for i in 0..2_000 {
        let text = strange.new_tree(&mut runner).unwrap().current();
        values.push(match i % 4 {
            0 => json!({text: [1, {"a": [null, true, -7, 1.5e-7]}]}),
            _ => json!(text),
        });
    }
    let mut kubeconfig = login("prod");
    let extension = json!([{"name": "x", "extension": {"values": values}}]);
    let mut document: Value = kubeconfig_json(&kubeconfig);
    document["extensions"] = extension;
    kubeconfig = parse_json(&document);

    let path = place.path("config");
    fs::write(&path, kubeconfig.to_yaml().expose_secret()).unwrap();
    let view = place.view(&[&path]);

    let read = view["extensions"][0]["extension"]["values"]
        .as_array()
        .unwrap();
    assert_eq!(read.len(), values.len());
    for (read, value) in read.iter().zip(&values) {
        assert_eq!(read, value);
    }
}

#[test]
fn kubectl_reads_a_login_as_it_was() {
    let Some(place) = Place::new() else { return };
    let path = place.path("config");

    KubeconfigFiles::at(&path)
        .write(&login("prod"), MergeHow::default())
        .unwrap();

    let view = place.view(&[&path]);
    let expected = kubeconfig_json(&login("prod"));
    for section in ["clusters", "contexts", "users", "current-context"] {
        assert_eq!(view[section], expected[section]);
    }
}

#[test]
fn kubectl_finds_its_own_entries_unchanged_after_a_login() {
    let Some(place) = Place::new() else { return };
    let path = place.path("config");
    let files = [path.as_path()];
    for arguments in [
        &[
            "config",
            "set-cluster",
            "0123",
            "--server=https://10.0.0.1:6443",
            "--insecure-skip-tls-verify=true",
        ][..],
        &[
            "config",
            "set-credentials",
            "yes",
            "--username=1e3",
            "--password=~ \"'#: x",
        ],
        &[
            "config",
            "set-credentials",
            "robot",
            "--exec-command=aws",
            "--exec-arg=012345678901,--x",
            "--exec-api-version=client.authentication.k8s.io/v1beta1",
        ],
        &[
            "config",
            "set-context",
            "on",
            "--cluster=0123",
            "--user=yes",
            "--namespace=12:30:00",
        ],
        &["config", "use-context", "on"],
    ] {
        place.kubectl(&files, arguments);
    }
    let before = place.view(&files);

    KubeconfigFiles::at(&path)
        .write(
            &login("prod"),
            MergeHow::default().keep_current_context(true),
        )
        .unwrap();

    let after = place.view(&files);
    for (section, names) in [
        ("clusters", &["0123"][..]),
        ("contexts", &["on"]),
        ("users", &["yes", "robot"]),
    ] {
        for name in names {
            assert_eq!(entry(&after, section, name), entry(&before, section, name));
        }
        assert_eq!(after[section].as_array().unwrap().len(), names.len() + 1);
    }
    assert_eq!(after["current-context"], "on");
}

#[test]
fn what_kubectl_writes_after_a_login_is_read() {
    let Some(place) = Place::new() else { return };
    let path = place.path("config");
    let files = KubeconfigFiles::at(&path);
    files.write(&login("a"), MergeHow::default()).unwrap();

    place.kubectl(
        &[&path],
        &["config", "set-context", "a", "--namespace=mine"],
    );
    files.write(&login("a"), MergeHow::default()).unwrap();

    let view = place.view(&[&path]);
    assert_eq!(
        entry(&view, "contexts", "a")["context"]["namespace"],
        "mine"
    );
    assert_eq!(
        entry(&view, "users", "ada@a"),
        entry(&kubeconfig_json(&login("a")), "users", "ada@a")
    );
}

#[test]
fn a_list_of_files_is_changed_where_kubectl_changes_it() {
    let Some(place) = Place::new() else { return };
    for there in [&[][..], &["a"], &["b"], &["c"], &["b", "c"], &["a", "c"]] {
        let changed = |by: &str, write: &dyn Fn(&[&Path])| {
            let folder = format!("{}-{by}", there.concat());
            fs::create_dir(place.path(&folder)).unwrap();
            let paths = ["a", "b", "c"].map(|name| place.path(&folder).join(name));
            for name in there {
                fs::write(
                    place.path(&folder).join(name),
                    "kind: Config\napiVersion: v1\n",
                )
                .unwrap();
            }
            write(&paths.each_ref().map(PathBuf::as_path));
            paths.map(|path| {
                let text = fs::read_to_string(path).unwrap_or_default();
                text.contains("current-context: prod")
            })
        };

        let theirs = changed("kubectl", &|files| {
            place.kubectl(
                files,
                &["config", "set-context", "prod", "--cluster=k", "--user=u"],
            );
            place.kubectl(files, &["config", "use-context", "prod"]);
        });
        let ours = changed("doorward", &|files| {
            let list = std::env::join_paths(files).unwrap();
            let variable = |name: &str| (name == "KUBECONFIG").then(|| list.clone());
            KubeconfigFiles::from_environment(variable)
                .unwrap()
                .write(&login("prod"), MergeHow::default())
                .unwrap();
        });

        assert_eq!(ours, theirs, "{there:?}");
    }
}

#[test]
fn a_list_of_files_is_one_kubeconfig_for_kubectl_after_a_login() {
    let Some(place) = Place::new() else { return };
    let [a, b] = ["a", "b"].map(|name| place.path(name));
    KubeconfigFiles::at(&a)
        .write(&login("x"), MergeHow::default())
        .unwrap();
    KubeconfigFiles::at(&b)
        .write(&login("prod"), MergeHow::default())
        .unwrap();
    let list = std::env::join_paths([&a, &b]).unwrap();
    let files =
        KubeconfigFiles::from_environment(|name| (name == "KUBECONFIG").then(|| list.clone()));

    let mut new = login("prod");
    new.set_namespace("ci").unwrap();
    files.unwrap().write(&new, MergeHow::default()).unwrap();

    let view = place.view(&[&a, &b]);
    assert_eq!(view["current-context"], "prod");
    assert_eq!(
        entry(&view, "contexts", "prod")["context"]["namespace"],
        "ci"
    );
    assert_eq!(view["contexts"].as_array().unwrap().len(), 2);
}

#[test]
fn a_list_of_files_is_read_as_kubectl_reads_it() {
    let Some(place) = Place::new() else { return };
    let paths = ["a", "none", "b", "c"].map(|name| place.path(name));
    let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    fs::write(
        paths[0],
        "clusters: [{name: k, cluster: {server: 'https://a'}}]\nusers: [{name: u, user: {token: a}}]\n",
    )
    .unwrap();
    let mut second = login("k");
    second.set_namespace("ns").unwrap();
    fs::write(paths[2], second.to_yaml().expose_secret()).unwrap();
    let mut third = login("prod");
    third.set_exec_user("u", &ExecUser::credential("doorward", "ci"));
    fs::write(paths[3], third.to_yaml().expose_secret()).unwrap();

    let list = std::env::join_paths(&paths).unwrap();
    let files =
        KubeconfigFiles::from_environment(|name| (name == "KUBECONFIG").then(|| list.clone()));
    let read = files.unwrap().read().unwrap();

    let view = place.view(&paths);
    let sorted = |mut json: Value| {
        for list in ["clusters", "contexts", "users"] {
            let items = json[list].as_array_mut().unwrap();
            items.sort_by_key(|item| item["name"].to_string());
        }
        json
    };
    assert_eq!(view["current-context"], "k");
    assert_eq!(read.current_context(), Some("k"));
    for list in ["clusters", "contexts", "users"] {
        assert_eq!(
            sorted(kubeconfig_json(&read))[list],
            sorted(view.clone())[list]
        );
    }
}

#[test]
fn a_plug_in_is_written_as_kubectl_writes_it() {
    let Some(place) = Place::new() else { return };
    let path = place.path("config");
    let mut kubeconfig = login("prod");
    let mut user = ExecUser::credential("doorward", "prod").arg("--cache-dir=/a b");
    user.env = vec![("A".to_owned(), "yes".to_owned())];
    kubeconfig.set_exec_user("ada@prod", &user);
    fs::write(&path, kubeconfig.to_yaml().expose_secret()).unwrap();

    place.kubectl(
        &[&path],
        &["config", "set-context", "other", "--cluster=prod"],
    );

    let text = fs::read_to_string(&path).unwrap();
    let written = Kubeconfig::parse(&text).unwrap();
    assert_eq!(written.exec_user("ada@prod"), Some(user));
    let keys = |kubeconfig: &Kubeconfig| -> Vec<String> {
        let entry = kubeconfig.entry(Section::Users, "ada@prod").unwrap();
        entry["exec"].as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(keys(&written), keys(&kubeconfig));
}

#[cfg(unix)]
#[test]
fn kubectl_runs_the_plug_in_and_says_what_is_missing() {
    use std::os::unix::fs::PermissionsExt as _;

    let Some(place) = Place::new() else { return };
    let path = place.path("config");
    let program = place.path("program");
    let asked = place.path("asked");
    let script = "#!/bin/sh\nprintf %s \"$KUBERNETES_EXEC_INFO\" > \"$1\"\nprintf %s \"$2\" >> \"$1.args\"\nexit 1\n";
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let get = |command: &Path, version| {
        let mut kubeconfig = Kubeconfig::parse(
            "current-context: k
clusters: [{name: k, cluster: {server: 'https://127.0.0.1:1'}}]
contexts: [{name: k, context: {cluster: k, user: u}}]",
        )
        .unwrap();
        let mut user = ExecUser::credential(command.to_str().unwrap(), "prod");
        user.args = vec![asked.to_str().unwrap().to_owned(), user.args.concat()];
        user.api_version = version;
        kubeconfig.set_exec_user("u", &user);
        fs::write(&path, kubeconfig.to_yaml().expose_secret()).unwrap();
        let mut command = Command::new(&place.kubectl);
        command
            .args(["get", "pods", "--request-timeout=10s", "--kubeconfig"])
            .arg(&path)
            .env("HOME", place.folder.path());
        output(&mut command).2
    };

    for version in [ExecApiVersion::V1, ExecApiVersion::V1beta1] {
        let complaint = get(&program, version);

        assert!(complaint.contains("failed with exit code 1"), "{complaint}");
        let info = ExecInfo::parse(&fs::read_to_string(&asked).unwrap()).unwrap();
        assert_eq!(info.api_version, version);
        assert_eq!(info.server.as_deref(), Some("https://127.0.0.1:1"));
        let args = fs::read_to_string(place.path("asked.args")).unwrap();
        assert!(args.contains("credential--profile=prod"), "{args}");
    }
    let complaint = get(Path::new("doorward-is-not-there"), ExecApiVersion::V1);
    assert!(
        complaint.contains("cargo install doorward-cli"),
        "{complaint}"
    );
}

#[test]
fn kubectl_refuses_what_doorward_refuses_as_broken() {
    let Some(place) = Place::new() else { return };
    let path = place.path("config");
    for broken in [
        "clusters: {}",
        "users: [a]",
        "users: [{name: 1}]",
        "users: [{name: a}, {name: a}]",
        "users: [{name: a, user: x}]",
        "current-context: 1",
        "kind: Secret",
        "a: [",
    ] {
        let text = format!("apiVersion: v1\n{broken}\n");
        let text = if broken.starts_with("kind") {
            text
        } else {
            format!("kind: Config\n{text}")
        };
        fs::write(&path, &text).unwrap();

        let ours = KubeconfigFiles::at(&path).prepare().unwrap_err();
        assert_eq!(ours.kind(), ErrorKind::Storage, "{broken}");

        let mut command = Command::new(&place.kubectl);
        command.args(["config", "view"]).env("KUBECONFIG", &path);
        let (success, ..) = output(&mut command);
        assert!(!success, "{broken}");
    }
}

fn kubeconfig_json(kubeconfig: &Kubeconfig) -> Value {
    let mut json = json!({"apiVersion": "v1", "kind": "Config"});
    json["current-context"] = json!(kubeconfig.current_context());
    for (section, plural, singular) in [
        (Section::Clusters, "clusters", "cluster"),
        (Section::Contexts, "contexts", "context"),
        (Section::Users, "users", "user"),
    ] {
        let items = kubeconfig.names(section).map(|name| {
            let mut item = json!({"name": name});
            item[singular] = json!(kubeconfig.entry(section, name));
            item
        });
        json[plural] = items.collect();
    }
    json
}

fn parse_json(document: &Value) -> Kubeconfig {
    // YAML readers take no bare DEL, which JSON does not escape.
    Kubeconfig::parse(&document.to_string().replace('\u{7f}', "\\u007f")).unwrap()
}

const LOOKALIKES: &[&str] = &[
    "0123",
    "08",
    "0b11",
    "0o17",
    "0x1F",
    "1_000",
    "1e3",
    "1E+3",
    ".5",
    "1.",
    "+1",
    "-1",
    "-0",
    "190:20:30",
    "12:30:00",
    "1:30",
    "2001-01-01",
    "2001-12-14t21:59:43.10-05:00",
    "2001-12-14 21:59:43",
    "yes",
    "Yes",
    "YES",
    "no",
    "on",
    "On",
    "off",
    "y",
    "Y",
    "n",
    "N",
    "true",
    "True",
    "TRUE",
    "false",
    "null",
    "Null",
    "NULL",
    "~",
    "",
    " ",
    ".inf",
    "-.inf",
    ".nan",
    ".NaN",
    "=",
    "<<",
    "-",
    "--",
    "---",
    "...",
    "- a",
    "? a",
    ": a",
    "a: b",
    "a:",
    "a #b",
    "#a",
    "&a",
    "*a",
    "!a",
    "!!str a",
    "%a",
    "@a",
    "`a",
    "|",
    ">",
    "[",
    "]",
    "{",
    "}",
    ",",
    "'",
    "\"",
    "\\",
    "\\n",
    "a\nb",
    "a\nb\n",
    "\n",
    "\na",
    "a\r\nb",
    "\t",
    "a\tb",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\u{feff}",
    "é",
    "日本",
    "🦀",
    "\u{0}",
    "\u{1b}[31m",
    "-----BEGIN CERTIFICATE-----\nMIIB+/=\n-----END CERTIFICATE-----\n",
    "-----BEGIN CERTIFICATE-----\nMIIB+/=\r\n-----END CERTIFICATE-----",
];
