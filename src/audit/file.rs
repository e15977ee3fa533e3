//! Who else can get at a kubeconfig, or at a file that it names.

use std::path::Path;

use serde_json::Value;

use crate::audit::facts::{Facts, FileFact};
use crate::audit::view::Source;
use crate::audit::{Finding, Rule, Severity, command};
use crate::kubeconfig::{Kubeconfig, Section};
use crate::redact::one_line;

/// Judges the file of a kubeconfig
pub(super) fn judge(source: &Source<'_>, facts: &dyn Facts) -> Vec<Finding> {
    let Some(fact) = facts.file(source.file) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    if has_secret(source.kubeconfig) {
        findings.extend(readable(source.file, source.file, fact));
    }
    if fact.is_writable {
        let message = format!(
            "others can write {}{}, and so choose what program a client runs, and where it sends the token",
            shown(source.file),
            mode(fact)
        );
        let finding = Finding::new(Rule::FileWritable, Severity::Error, source.file, message);
        findings.push(finding.instead(command::close(source.file)));
    }
    findings
}

/// The finding for a secret at `path`, which `kubeconfig` names or is, if others can read it
pub(super) fn readable(kubeconfig: &Path, path: &Path, fact: FileFact) -> Option<Finding> {
    let (severity, who) = match fact.mode? {
        mode if mode & 0o004 != 0 => (Severity::Error, "every user of this machine"),
        mode if mode & 0o040 != 0 => (Severity::Warning, "the file's group"),
        _ => return None,
    };
    let message = format!(
        "{who} can read the secrets in {}{}",
        shown(path),
        mode(fact)
    );
    let finding = Finding::new(Rule::FileReadable, severity, kubeconfig, message);
    Some(finding.instead(command::close(path)))
}

/// The finding for a file that a client needs, if it cannot be read
pub(super) fn missing(
    kubeconfig: &Path,
    key: &str,
    path: &Path,
    fact: Option<FileFact>,
) -> Option<Finding> {
    let what = match fact {
        Some(fact) if fact.can_read => return None,
        Some(_) => "cannot be read",
        None => "is not there",
    };
    let message = format!("{key} {} {what}, and clients stop at that", shown(path));
    Some(Finding::new(
        Rule::FileMissing,
        Severity::Error,
        kubeconfig,
        message,
    ))
}

/// Whether somebody who reads the document could be one of its users
fn has_secret(kubeconfig: &Kubeconfig) -> bool {
    kubeconfig.names(Section::Users).any(|name| {
        let user = kubeconfig.entry(Section::Users, name);
        let text = |key| user.and_then(|user| user.get(key)?.as_str());
        let has_text = ["token", "password", "client-key-data"]
            .into_iter()
            .filter_map(text)
            .any(|text| !text.is_empty());
        let config = user.and_then(|user| user.get("auth-provider")?.get("config")?.as_object());
        // The variables of a plug-in are often its password.
        let variables = user.and_then(|user| user.get("exec")?.get("env")?.as_array());
        has_text
            || config.is_some_and(|config| config.values().any(is_text))
            || variables.is_some_and(|variables| !variables.is_empty())
    })
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

fn mode(fact: FileFact) -> String {
    let mode = fact.mode.map(|mode| format!(" (mode {mode:04o})"));
    mode.unwrap_or_default()
}

fn shown(path: &Path) -> String {
    one_line(&path.to_string_lossy())
}
