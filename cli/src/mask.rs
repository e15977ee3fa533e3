//! Masks: lines that tell a CI system which texts it must not show in its log.
//!
//! Each holds a secret in plain text, which is the one exception to the rule that none goes to stderr. So there is one
//! only for what goes to stdout anyway. GitLab has no such command: its masks are made from its variables only.

use doorward::Secret;

use crate::args::MaskWhen;
use crate::environment::Environment;

/// The lines for these secrets; none where nobody would understand them
pub(crate) fn lines(secrets: &[Secret], when: MaskWhen, environment: &Environment) -> Vec<String> {
    let is_plugin = environment.value("KUBERNETES_EXEC_INFO").is_some();
    let command = match (when, is_plugin) {
        (MaskWhen::Never, _) | (_, true) => return Vec::new(),
        _ if environment.is_on("GITHUB_ACTIONS") => "::add-mask::",
        _ if environment.is_on("TF_BUILD") => "##vso[task.setsecret]",
        _ => return Vec::new(),
    };
    // An empty mask would hide everything, or nothing.
    let secrets = secrets.iter().filter(|secret| !secret.is_empty());
    secrets
        .map(|secret| format!("{command}{}", escape(secret.expose_secret())))
        .collect()
}

/// Both systems read these three back; no other character ends a command
fn escape(secret: &str) -> String {
    secret
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use doorward::Secret;

    use super::lines;
    use crate::args::MaskWhen;

    fn masks(variables: &[(&str, &str)], when: MaskWhen) -> Vec<String> {
        let owned = variables
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        let secrets = [Secret::new("a%b\nc"), Secret::new("")];
        lines(&secrets, when, &owned.collect())
    }

    #[test]
    fn each_system_has_its_own_command() {
        assert_eq!(
            masks(&[("GITHUB_ACTIONS", "true")], MaskWhen::Auto),
            ["::add-mask::a%25b%0Ac"]
        );
        assert_eq!(
            masks(&[("TF_BUILD", "True")], MaskWhen::Auto),
            ["##vso[task.setsecret]a%25b%0Ac"]
        );
    }

    #[test]
    fn nobody_else_gets_a_mask() {
        assert!(masks(&[("CI", "true"), ("GITLAB_CI", "true")], MaskWhen::Auto).is_empty());
        assert!(masks(&[("GITHUB_ACTIONS", "true")], MaskWhen::Never).is_empty());
        assert!(masks(&[("GITHUB_ACTIONS", "")], MaskWhen::Auto).is_empty());
        let plugin = [("GITHUB_ACTIONS", "true"), ("KUBERNETES_EXEC_INFO", "{}")];
        assert!(masks(&plugin, MaskWhen::Auto).is_empty());
    }
}
