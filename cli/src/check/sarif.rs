//! Findings as a SARIF log, which code scanning takes.
//!
//! Source: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::path::{Component, Path};

use doorward::audit::{Audit, Finding, Rule, Severity};
use doorward::{Url, one_line};
use serde_json::{Value, json};

/// One run with every rule, and a result for each finding
pub(super) fn render(audit: &Audit) -> Value {
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "doorward",
                    "version": env!("CARGO_PKG_VERSION"),
                    "informationUri": env!("CARGO_PKG_REPOSITORY"),
                    "rules": Rule::ALL.iter().map(rule).collect::<Vec<_>>(),
                },
            },
            "results": audit.findings.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.as_str(),
        "shortDescription": {"text": rule.summary()},
    })
}

fn result(finding: &Finding) -> Value {
    let names = [
        ("user", &finding.user),
        ("cluster", &finding.cluster),
        ("context", &finding.context),
    ];
    let names = names.into_iter().filter_map(|(kind, name)| {
        let name = one_line(name.as_deref()?);
        let path = format!("{kind}s/{name}");
        Some(json!({"name": name, "fullyQualifiedName": path, "kind": "member"}))
    });
    let text = match &finding.replacement {
        Some(command) => format!("{}. Instead: {command}", finding.message),
        None => finding.message.clone(),
    };
    let mut result = json!({
        "ruleId": finding.rule.as_str(),
        "level": level(finding.severity),
        // Braces are placeholders there, unless they are doubled.
        "message": {"text": text.replace('{', "{{").replace('}', "}}")},
        "locations": [{
            "physicalLocation": {"artifactLocation": {"uri": uri(&finding.file)}},
            "logicalLocations": names.collect::<Vec<_>>(),
        }],
    });
    if let Some(command) = &finding.replacement {
        result["properties"] = json!({"replacement": command});
    }
    if let Some(index) = Rule::ALL.iter().position(|rule| *rule == finding.rule) {
        result["ruleIndex"] = index.into();
    }
    result
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// A relative path stays one, since code scanning looks for it in the repository; one that leaves the folder does not
fn uri(path: &Path) -> String {
    let leaves = path.components().any(|part| part == Component::ParentDir);
    let relative = match path.is_relative() && !leaves {
        true => Url::from_file_path(Path::new("/").join(path)).ok(),
        false => None,
    };
    match relative {
        Some(uri) => {
            let uri = uri.path().trim_start_matches('/');
            // A colon in the first part would make it a scheme.
            match uri.split('/').next().is_some_and(|part| part.contains(':')) {
                true => format!("./{uri}"),
                false => uri.to_owned(),
            }
        }
        None => {
            let absolute = std::path::absolute(path).ok();
            let uri = absolute.and_then(|path| Url::from_file_path(path).ok());
            uri.map(String::from).unwrap_or_default()
        }
    }
}

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::uri;

    #[test]
    fn a_path_is_an_address() {
        assert_eq!(
            uri(Path::new("/home/ci/a b#c")),
            "file:///home/ci/a%20b%23c"
        );
        assert_eq!(uri(Path::new("deploy/kube config")), "deploy/kube%20config");
        assert_eq!(uri(Path::new("x:y")), "./x:y");
        assert!(uri(Path::new("../x")).starts_with("file:///"));
    }
}
