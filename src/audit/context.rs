//! Contexts that lead nowhere, and entries that nothing leads to.

use crate::audit::view::{Entry, View};
use crate::audit::{Finding, Rule, Severity};
use crate::kubeconfig::Section;
use crate::redact::one_line;

/// Judges how the entries hang together
pub(super) fn judge(view: &View<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some((name, file)) = view.current
        && !view.contexts.iter().any(|context| context.name == name)
    {
        let message = format!("the current context {} does not exist", one_line(name));
        let finding = Finding::new(Rule::CurrentContext, Severity::Error, file, message);
        findings.push(finding.context(name));
    }
    for context in &view.contexts {
        findings.extend(dangling(context, view));
    }
    for (section, entry, first) in &view.shadowed {
        let message = format!(
            "the {} {} is never used: {} has one of that name, and is read before",
            section.singular(),
            one_line(entry.name),
            one_line(&first.to_string_lossy())
        );
        let finding = Finding::new(Rule::Shadowed, Severity::Info, entry.file, message);
        findings.push(match section {
            Section::Clusters => finding.cluster(entry.name),
            Section::Contexts => finding.context(entry.name),
            Section::Users => finding.user(entry.name),
        });
    }
    findings
}

/// What `context` names, and is not there
fn dangling(context: &Entry<'_>, view: &View<'_>) -> Vec<Finding> {
    let severity = match view.current {
        Some((current, _)) if current == context.name => Severity::Error,
        _ => Severity::Warning,
    };
    let name = one_line(context.name);
    let parts = [
        ("cluster", &view.clusters, "kubectl asks localhost:8080"),
        ("user", &view.users, "kubectl asks for a user name"),
    ];
    let missing = parts.into_iter().filter_map(|(key, list, then)| {
        let named = context.text(key);
        let message = match named {
            "" => format!("the context {name} names no {key}: {then}"),
            named if list.iter().any(|entry| entry.name == named) => return None,
            named => format!(
                "the context {name} names the {key} {}, which does not exist: {then}",
                one_line(named)
            ),
        };
        let finding = Finding::new(Rule::DanglingContext, severity, context.file, message);
        Some(finding.context(context.name))
    });
    missing.collect()
}
