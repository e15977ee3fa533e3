//! The clients that are found in `PATH`, and whether they would run the plug-in.
//!
//! kubectl, helm and Python are asked for their version, with none of the variables that may hold a secret.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use doorward::{Error, one_line};
use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;

use super::finding::Finding;
use crate::environment::Environment;
use crate::runtime;

/// The checks `plug-in` and `clients`
pub(super) fn findings(environment: &Environment) -> Vec<Finding> {
    vec![plug_in(environment), clients(environment)]
}

/// Whether clients find the program that a kubeconfig names
fn plug_in(environment: &Environment) -> Finding {
    let own = env::current_exe()
        .ok()
        .and_then(|path| path.canonicalize().ok());
    let Some(found) = find("doorward", environment) else {
        let own = own.unwrap_or_else(|| "doorward".into());
        return Finding::warning(
            "plug-in",
            "no doorward is in PATH, where clients look for it",
        )
        .next(format!(
            "put its folder into PATH, or log in with --exec-command {}",
            own.to_string_lossy()
        ));
    };
    let shown = found.to_string_lossy().into_owned();
    match found.canonicalize().ok() == own {
        true => Finding::ok("plug-in", format!("clients find this doorward: {shown}")),
        false => Finding::warning(
            "plug-in",
            format!("clients find another doorward than this one: {shown}"),
        )
        .next(
            "another version may not know what this one keeps; --exec-command PATH names this one",
        ),
    }
}

fn clients(environment: &Environment) -> Finding {
    let mut lines = Vec::new();
    let mut problems = Vec::new();
    let mut unknown = Vec::new();
    for client in CLIENTS {
        let Some(path) = find(client.program, environment) else {
            continue;
        };
        let said = ask(&path, client.words, environment);
        let version = said.as_deref().ok().and_then(client.read);
        let shown = path.to_string_lossy();
        match version {
            None => {
                lines.push(format!("{} ({shown}): {}", client.name, client.missing));
                unknown.push(client.name);
            }
            Some(version) => {
                let runs = at_least(&version, client.least);
                let how = match runs {
                    true => "runs the plug-in",
                    false => "too old for the plug-in",
                };
                lines.push(format!("{} {version} ({shown}): {how}", client.name));
                if !runs {
                    problems.push(format!(
                        "{} is older than {}.{}",
                        client.name, client.least.0, client.least.1
                    ));
                }
            }
        }
    }
    match policy(environment) {
        None => {}
        Some(Policy::Allows(line)) => lines.push(line),
        Some(Policy::Denies(line)) => {
            lines.push(line.clone());
            problems.push(line);
        }
    }
    if !problems.is_empty() {
        return Finding::warning("clients", problems.join("; "))
            .details(lines)
            .next("a newer client, or --user-auth token, which needs no plug-in");
    }
    match lines.is_empty() {
        true => Finding::unknown("clients", "neither kubectl nor helm nor python3 is in PATH"),
        false if unknown.len() == lines.len() => {
            Finding::unknown("clients", "none told its version").details(lines)
        }
        false => Finding::ok("clients", "would run the plug-in").details(lines),
    }
}

/// A client, and how it tells its version
struct Client {
    name: &'static str,
    program: &'static str,
    words: &'static [&'static str],
    read: fn(&str) -> Option<String>,
    /// What it means if it tells none
    missing: &'static str,
    /// The first version that knows `client.authentication.k8s.io/v1`
    least: (u32, u32),
}

/// Source: <https://github.com/kubernetes/kubernetes/blob/master/CHANGELOG/CHANGELOG-1.22.md>, and helm 3.7, which has its client-go
const CLIENTS: [Client; 3] = [
    Client {
        name: "kubectl",
        program: "kubectl",
        words: &["version", "--client", "--output=json"],
        read: |said| {
            let said: Value = serde_json::from_str(said).ok()?;
            let version = said.pointer("/clientVersion/gitVersion")?.as_str()?;
            Some(one_line(version))
        },
        missing: "its version is not known",
        least: (1, 22),
    },
    Client {
        name: "helm",
        program: "helm",
        words: &["version", "--template={{.Version}}"],
        read: |said| said.starts_with('v').then(|| one_line(said)),
        missing: "its version is not known",
        least: (3, 7),
    },
    Client {
        name: "Python's kubernetes",
        program: "python3",
        words: &[
            "-c",
            "import kubernetes; print('v' + kubernetes.__version__)",
        ],
        read: |said| said.starts_with('v').then(|| one_line(said)),
        missing: "no module kubernetes there",
        // It answers whatever version the kubeconfig names.
        least: (12, 0),
    },
];

/// The first program of this name that a client would find
fn find(program: &str, environment: &Environment) -> Option<PathBuf> {
    let path = environment.owned("PATH")?;
    let name = match cfg!(windows) {
        true => format!("{program}.exe"),
        false => program.to_owned(),
    };
    let mut found = env::split_paths(&path).map(|folder| folder.join(&name));
    found.find(|path| path.is_absolute() && is_program(path))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    path.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// What a program says of itself, within a time
fn ask(program: &Path, words: &[&str], environment: &Environment) -> Result<String, Error> {
    runtime::run(async {
        let mut command = Command::new(program);
        command
            .args(words)
            .env_clear()
            .envs(
                PASSED_ON
                    .iter()
                    .filter_map(|name| Some((name, environment.owned(name)?))),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let silent = || Error::storage("a client does not tell its version");
        let output = timeout(PATIENCE, command.output())
            .await
            .map_err(|_| silent())?;
        let output = output.map_err(|error| silent().because(error))?;
        let said = output.stdout.get(..MOST).unwrap_or(&output.stdout);
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(said).trim().to_owned()),
            false => Err(silent()),
        }
    })
}

/// Whether a version such as `v1.34.1` is this one or a later one
fn at_least(version: &str, least: (u32, u32)) -> bool {
    let mut parts = version.trim_start_matches('v').split(['.', '-', '+']);
    let mut next = || parts.next().and_then(|part| part.parse::<u32>().ok());
    match (next(), next()) {
        (Some(major), minor) => (major, minor.unwrap_or_default()) >= least,
        // What has no number is a build of somebody's own.
        (None, _) => true,
    }
}

/// What kubectl's own settings say of plug-ins
enum Policy {
    Allows(String),
    Denies(String),
}

/// Source: <https://kubernetes.io/docs/reference/kubectl/kuberc/>
fn policy(environment: &Environment) -> Option<Policy> {
    let home = || {
        Some(
            PathBuf::from(environment.owned("HOME")?)
                .join(".kube")
                .join("kuberc"),
        )
    };
    let path = environment
        .owned("KUBERC")
        .map(PathBuf::from)
        .or_else(home)?;
    let length = path.metadata().ok().filter(|found| found.is_file())?.len();
    let text = (length <= MOST as u64).then(|| std::fs::read_to_string(&path).ok())??;
    let line = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("credentialPluginPolicy:"))?;
    let policy = line
        .split('#')
        .next()
        .unwrap_or_default()
        .trim()
        .trim_matches(['"', '\'']);
    let shown = path.to_string_lossy();
    let names_us = text
        .split(|sign: char| !(sign.is_alphanumeric() || "/.-_".contains(sign)))
        .any(|word| {
            Path::new(word)
                .file_name()
                .is_some_and(|name| name == "doorward")
        });
    Some(match policy {
        "DenyAll" => Policy::Denies(format!(
            "{shown} lets kubectl run no plug-in (credentialPluginPolicy: DenyAll)"
        )),
        "Allowlist" if !names_us => Policy::Denies(format!(
            "{shown} lets kubectl run some plug-ins, and doorward is none of them (credentialPluginPolicy: Allowlist)"
        )),
        policy => Policy::Allows(format!(
            "{shown}: credentialPluginPolicy is {}",
            one_line(policy)
        )),
    })
}

/// What a program needs to start, and what holds no secret
const PASSED_ON: [&str; 10] = [
    "HOME",
    "LANG",
    "PATH",
    "PYENV_ROOT",
    "PYTHONPATH",
    "SystemRoot",
    "TEMP",
    "TMPDIR",
    "USERPROFILE",
    "VIRTUAL_ENV",
];

const PATIENCE: Duration = Duration::from_secs(10);

const MOST: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::{CLIENTS, at_least};

    #[test]
    fn a_version_is_compared_by_its_numbers() {
        for version in ["v1.22.0", "v1.34.1", "v2", "1.100.0-alpha+x", "main"] {
            assert!(at_least(version, (1, 22)), "{version}");
        }
        for version in ["v1.9.0", "v1.21.14", "v0.30", "1"] {
            assert!(!at_least(version, (1, 22)), "{version}");
        }
    }

    #[test]
    fn what_clients_say_is_read() {
        let read = |name: &str, said: &str| {
            let client = CLIENTS.iter().find(|client| client.name == name).unwrap();
            (client.read)(said)
        };

        let said = r#"{"clientVersion": {"major": "1", "gitVersion": "v1.34.1"}, "kustomizeVersion": "v5"}"#;
        assert_eq!(read("kubectl", said).as_deref(), Some("v1.34.1"));
        assert_eq!(read("kubectl", "error: unknown flag"), None);
        assert_eq!(read("helm", "v3.19.0").as_deref(), Some("v3.19.0"));
        assert_eq!(read("helm", "Error"), None);
    }
}
