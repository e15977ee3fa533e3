//! Findings as lines for people.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

use doorward::audit::{Audit, AuditedUser, Finding, Rule, Severity};
use doorward::one_line;

/// Each user with what was found of it, then the rest, and the sum at the end
pub(super) fn render(audit: &Audit, files: &[PathBuf]) -> String {
    let mut lines = Vec::new();
    for user in &audit.users {
        lines.push(heading(user, files.len() > 1));
        let of_user = |f: &&Finding| f.user.as_deref() == Some(&user.name) && !is_hidden(f);
        lines.extend(block(audit.findings.iter().filter(of_user)));
        lines.push(String::new());
    }
    let rest: Vec<_> = audit
        .findings
        .iter()
        .filter(|finding| finding.user.is_none() || is_hidden(finding))
        .collect();
    if !rest.is_empty() {
        lines.push("files, clusters and contexts".to_owned());
        lines.extend(block(rest.into_iter()));
        lines.push(String::new());
    }
    lines.push(sum(audit, files));
    lines.join("\n")
}

/// Whether it is of an entry that another file's hides, so that the user shown is another one
fn is_hidden(finding: &Finding) -> bool {
    finding.rule == Rule::Shadowed
}

fn heading(user: &AuditedUser, with_file: bool) -> String {
    let kinds: Vec<_> = user.kinds.iter().map(ToString::to_string).collect();
    let what = match kinds.is_empty() {
        true => "no credentials".to_owned(),
        false => kinds.join(" and "),
    };
    let file = match with_file {
        true => format!(" (in {})", shown(&user.file)),
        false => String::new(),
    };
    format!("user {}{file}: {what}", one_line(&user.name))
}

/// The worst first
fn block<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<String> {
    let mut findings: Vec<_> = findings.collect();
    findings.sort_by_key(|finding| Reverse(finding.severity));
    let mut lines = Vec::new();
    for finding in findings {
        let severity = finding.severity.as_str();
        lines.push(format!(
            "  {severity:7}  {} [{}]",
            finding.message, finding.rule
        ));
        let command = finding.replacement.iter();
        lines.extend(command.map(|command| format!("           instead: {command}")));
    }
    lines
}

fn sum(audit: &Audit, files: &[PathBuf]) -> String {
    let names: Vec<_> = files.iter().map(|path| shown(path)).collect();
    format!(
        "{}: {}, {}, {}, {}",
        names.join(", "),
        count(audit.users.len(), "user"),
        count(audit.count(Severity::Error), "error"),
        count(audit.count(Severity::Warning), "warning"),
        count(audit.count(Severity::Info), "remark"),
    )
}

fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}

fn shown(path: &Path) -> String {
    one_line(&path.to_string_lossy())
}
