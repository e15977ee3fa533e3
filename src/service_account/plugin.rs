//! The plug-ins of the caller's own kubeconfig: run as clients run them, but with an end, and nobody to ask.

use std::path::{Path, PathBuf, is_separator};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::kubeconfig::ExecUser;
use crate::secret_source::{output, without_own_variables};
use crate::{Error, Secret};

/// What a plug-in gives
#[derive(Clone, Debug, Default)]
pub(super) struct Credential {
    pub(super) token: Option<Secret>,
    /// PEM
    pub(super) certificate: Option<(Vec<u8>, Secret)>,
}

/// Runs the plug-in of a user entry of a kubeconfig in `folder`, for the cluster with `cluster` as entry
///
/// # Errors
///
/// `Config`: clients would refuse the entry, the program fails or takes too long, or its answer is none.
pub(super) fn run(
    exec: &Map<String, Value>,
    user: &Map<String, Value>,
    folder: &Path,
    cluster: &Map<String, Value>,
) -> Result<Credential, Error> {
    let plugin = ExecUser::of(user).ok_or_else(|| {
        Error::config("the exec entry of the kubeconfig is one that clients refuse")
    })?;
    if exec.get("interactiveMode").and_then(Value::as_str) == Some("Always") {
        return Err(
            Error::config("the plug-in of the kubeconfig needs somebody at a terminal")
                .at("program", &plugin.command),
        );
    }
    let mut command = Command::new(program(&plugin.command, folder));
    command.args(&plugin.args);
    // Our own plug-in finds its password where every client would leave it; no other program is to see it.
    if plugin.profile().is_none() {
        without_own_variables(&mut command);
    }
    command.envs(plugin.env.iter().map(|(name, value)| (name, value)));
    command.env("KUBERNETES_EXEC_INFO", info(&plugin, cluster).to_string());
    let answer = output(command, "exec plug-in", TIME)?;
    let wrong = |what: &str| {
        Error::config(format!("the answer of the exec plug-in {what}"))
            .at("program", &plugin.command)
    };
    // The library's own message may quote the answer.
    let json: Value =
        serde_json::from_str(answer.expose_secret()).map_err(|_| wrong("is no JSON"))?;
    read(&json, plugin.api_version.as_str()).map_err(wrong)
}

/// A name is looked for in `PATH`; what has a `/` in it starts at the kubeconfig's folder
fn program(command: &str, folder: &Path) -> PathBuf {
    match command.contains(is_separator) {
        true => folder.join(command),
        false => command.into(),
    }
}

/// What clients tell a plug-in
///
/// Source: <https://kubernetes.io/docs/reference/config-api/client-authentication.v1/>
fn info(plugin: &ExecUser, cluster: &Map<String, Value>) -> Value {
    let mut spec = json!({ "interactive": false });
    if plugin.provide_cluster_info {
        let mut told = Map::new();
        for key in [
            "server",
            "tls-server-name",
            "certificate-authority-data",
            "proxy-url",
        ] {
            if let Some(value) = cluster.get(key) {
                told.insert(key.into(), value.clone());
            }
        }
        told.insert("config".into(), config(cluster));
        spec["cluster"] = told.into();
    }
    json!({
        "kind": "ExecCredential",
        "apiVersion": plugin.api_version.as_str(),
        "spec": spec,
    })
}

/// What the kubeconfig has for the cluster's plug-ins
fn config(cluster: &Map<String, Value>) -> Value {
    let list = cluster.get("extensions").and_then(Value::as_array);
    let mut extensions = list.into_iter().flatten();
    let found = extensions.find(|item| item.get("name").and_then(Value::as_str) == Some(EXTENSION));
    let found = found.and_then(|item| item.get("extension"));
    found.cloned().unwrap_or(Value::Null)
}

fn read(json: &Value, version: &str) -> Result<Credential, &'static str> {
    let text = |value: Option<&Value>| {
        let text = value.and_then(Value::as_str).unwrap_or_default();
        (!text.is_empty()).then(|| text.to_owned())
    };
    if text(json.get("kind")).as_deref() != Some("ExecCredential") {
        return Err("is no ExecCredential");
    }
    if text(json.get("apiVersion")).as_deref() != Some(version) {
        return Err("has another version than the kubeconfig asks for");
    }
    let status = json.get("status");
    let field = |name| text(status.and_then(|status| status.get(name)));
    let certificate = match (field("clientCertificateData"), field("clientKeyData")) {
        (Some(certificate), Some(key)) => Some((certificate.into_bytes(), Secret::new(key))),
        (None, None) => None,
        _ => return Err("has a certificate without its key, or a key without its certificate"),
    };
    let credential = Credential {
        token: field("token").map(Secret::new),
        certificate,
    };
    match credential.token.is_some() || credential.certificate.is_some() {
        true => Ok(credential),
        false => Err("holds neither a token nor a certificate"),
    }
}

/// What stands in a kubeconfig as base64
pub(super) fn base64(text: &str, key: &str) -> Result<Vec<u8>, Error> {
    let text: String = text.split_whitespace().collect();
    // The library's own message quotes a character of what may be a key.
    STANDARD
        .decode(text)
        .map_err(|_| Error::config(format!("{key} of the kubeconfig is no base64")))
}

const EXTENSION: &str = "client.authentication.k8s.io/exec";

const TIME: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::{any, prop_assert, proptest};
    use serde_json::{Map, Value, json};

    use super::{Credential, program, read, run};
    use crate::{Error, ErrorKind};

    const VERSION: &str = "client.authentication.k8s.io/v1";

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    fn run_script(script: &str, more: &Value) -> Result<Credential, Error> {
        let mut exec = map(json!({
            "apiVersion": VERSION, "command": "sh", "args": ["-c", script], "interactiveMode": "Never",
        }));
        exec.extend(map(more.clone()));
        let user = map(json!({ "exec": exec }));
        let cluster = map(
            json!({"server": "https://k8s.test", "certificate-authority": "/ca", "extensions": [
                {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a"}},
            ]}),
        );
        run(&exec, &user, Path::new("/"), &cluster)
    }

    fn token(script: &str, more: &Value) -> Result<String, Error> {
        let credential = run_script(script, more)?;
        Ok(credential.token.unwrap().expose_secret().to_owned())
    }

    /// Prints a credential whose token is what `word` becomes in a shell
    fn printing(word: &str) -> String {
        format!(
            r#"printf '{{"kind":"ExecCredential","apiVersion":"{VERSION}","status":{{"token":"%s"}}}}' {word}"#
        )
    }

    #[cfg(unix)]
    #[test]
    fn a_plug_in_is_told_what_clients_tell_it() {
        let script = printing(r#""$(printf %s "$KUBERNETES_EXEC_INFO" | base64 -w0)""#);
        let told = token(&script, &json!({"provideClusterInfo": true})).unwrap();

        let told = super::base64(&told, "token").unwrap();
        let told: Value = serde_json::from_slice(&told).unwrap();
        assert_eq!(told["kind"], "ExecCredential");
        assert_eq!(told["apiVersion"], VERSION);
        assert_eq!(
            told["spec"],
            json!({"interactive": false, "cluster": {"server": "https://k8s.test", "config": {"audience": "a"}}})
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_plug_in_has_the_variables_of_its_entry_and_no_shell() {
        let more = json!({"env": [{"name": "MINE", "value": "of the entry"}]});

        assert_eq!(
            token(&printing(r#""$MINE""#), &more).unwrap(),
            "of the entry"
        );
        let error = run_script("exit 3", &json!({})).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("exit status: 3"));
    }

    #[cfg(unix)]
    #[test]
    fn an_answer_that_is_none_is_refused_and_not_shown() {
        for script in ["echo canary", "echo {}", "true", "echo '\"canary\"'"] {
            let error = run_script(script, &json!({})).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{script}");
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
    }

    #[test]
    fn a_plug_in_that_needs_a_person_is_not_run() {
        let error = run_script("true", &json!({"interactiveMode": "Always"})).unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("terminal"));
    }

    #[test]
    fn a_path_starts_at_the_kubeconfigs_folder_and_a_name_does_not() {
        let folder = Path::new("/home/ci/.kube");

        assert_eq!(program("./bin/p", folder), folder.join("./bin/p"));
        assert_eq!(program("/opt/p", folder), Path::new("/opt/p"));
        assert_eq!(program("p", folder), Path::new("p"));
    }

    #[test]
    fn a_credential_has_a_token_or_a_whole_certificate() {
        let answer = |status: Value| {
            let json = json!({"kind": "ExecCredential", "apiVersion": VERSION, "status": status});
            read(&json, VERSION)
        };

        assert!(answer(json!({"token": "t"})).is_ok());
        let both = json!({"clientCertificateData": "c", "clientKeyData": "k"});
        assert!(answer(both).unwrap().certificate.is_some());
        for status in [
            json!({}),
            json!({"token": ""}),
            json!({"token": "t", "clientKeyData": "k"}),
            json!(null),
        ] {
            assert!(answer(status).is_err());
        }
        let other = json!({"kind": "ExecCredential", "apiVersion": "v2", "status": {"token": "t"}});
        assert!(read(&other, VERSION).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_judged(text in any::<String>()) {
            let json = serde_json::from_str(&text).unwrap_or(Value::String(text));
            prop_assert!(read(&json, VERSION).is_err());
        }
    }
}
