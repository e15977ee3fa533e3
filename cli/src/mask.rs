//! Masks: lines that tell a CI system which texts it must not show in its log.
//!
//! Each holds a secret in plain text, which is the one exception to the rule that none goes to stderr. So there is one
//! only for what goes to stdout anyway. GitLab has no such command: its masks are made from its variables only.

use doorward::Secret;

use crate::args::MaskWhen;
use crate::environment::Environment;

/// The lines for these secrets; none where nobody would understand them
pub(crate) fn lines(secrets: &[Secret], when: MaskWhen, environment: &Environment) -> Vec<String> {
    let command = match when {
        MaskWhen::Never => return Vec::new(),
        _ if is_plugin(environment) => return Vec::new(),
        _ if is_github(environment) => "::add-mask::",
        _ if environment.is_on("TF_BUILD") => "##vso[task.setsecret]",
        _ => return Vec::new(),
    };
    // An empty mask would hide everything, or nothing.
    let secrets = secrets.iter().filter(|secret| !secret.is_empty());
    secrets
        .map(|secret| format!("{command}{}", escape(secret.expose_secret())))
        .collect()
}

/// Whether GitHub Actions reads what we say: what a plug-in says, it may not get to see
pub(crate) fn is_github(environment: &Environment) -> bool {
    environment.is_on("GITHUB_ACTIONS") && !is_plugin(environment)
}

fn is_plugin(environment: &Environment) -> bool {
    environment.value("KUBERNETES_EXEC_INFO").is_some()
}

/// Both systems read these three back; no other character ends a command
pub(crate) fn escape(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use doorward::Secret;

    use super::{is_github, lines};
    use crate::args::MaskWhen;
    use crate::environment::Environment;

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
    fn a_plug_in_is_not_read_by_the_ci_system() {
        let github = ("GITHUB_ACTIONS", "true");

        assert!(is_github(&Environment::of(&[github])));
        let plugin = [github, ("KUBERNETES_EXEC_INFO", "{}")];
        assert!(!is_github(&Environment::of(&plugin)));
        assert!(!is_github(&Environment::of(&[("CI", "true")])));
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
