//! Findings as one JSON object, whose fields are always there.

use std::path::{Path, PathBuf};

use doorward::audit::{Audit, AuditedUser, End, Finding, UserKind};
use doorward::one_line;
use serde_json::{Value, json};

/// The files, the users and the findings
pub(super) fn render(audit: &Audit, files: &[PathBuf]) -> Value {
    json!({
        "files": files.iter().map(|path| shown(path)).collect::<Vec<_>>(),
        "worst": audit.worst().map(|severity| severity.as_str()),
        "users": audit.users.iter().map(user).collect::<Vec<_>>(),
        "findings": audit.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn user(user: &AuditedUser) -> Value {
    json!({
        "user": one_line(&user.name),
        "file": shown(&user.file),
        "contexts": user.contexts.iter().map(|name| one_line(name)).collect::<Vec<_>>(),
        "kinds": user.kinds.iter().map(kind).collect::<Vec<_>>(),
    })
}

fn kind(kind: &UserKind) -> Value {
    let ends = match kind.end() {
        Some(End::At(time)) => Some(time.to_string()),
        _ => None,
    };
    json!({
        "kind": kind.as_str(),
        "what": kind.to_string(),
        "ends": ends,
        "never_ends": kind.end() == Some(End::Never),
    })
}

fn finding(finding: &Finding) -> Value {
    let name = |name: &Option<String>| name.as_deref().map(one_line);
    json!({
        "rule": finding.rule.as_str(),
        "severity": finding.severity.as_str(),
        "file": shown(&finding.file),
        "user": name(&finding.user),
        "cluster": name(&finding.cluster),
        "context": name(&finding.context),
        "message": finding.message,
        "replacement": finding.replacement,
    })
}

fn shown(path: &Path) -> String {
    one_line(&path.to_string_lossy())
}
