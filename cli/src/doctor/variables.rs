//! Variables that are set, and empty: CI systems give such to jobs that may not have a secret.

use super::finding::Finding;
use crate::environment::Environment;

/// The check `variables`
pub(super) fn finding(environment: &Environment) -> Finding {
    let is_known = |name: &&str| {
        let rest = name.strip_prefix("DOORWARD_").unwrap_or_default();
        !rest.is_empty() || OTHERS.contains(name)
    };
    let empty: Vec<String> = environment
        .empty()
        .filter(is_known)
        .map(str::to_owned)
        .collect();
    match empty.is_empty() {
        true => Finding::ok("variables", "none that counts is set and empty"),
        false => Finding::warning("variables", format!("set and empty: {}", empty.join(", ")))
            .next("they count as unset; CI systems give empty secrets to pull requests from forks, and to jobs outside of their environment"),
    }
}

/// Those of others that a login reads
const OTHERS: [&str; 14] = [
    "ALL_PROXY",
    "HOME",
    "HTTPS_PROXY",
    "KUBECONFIG",
    "NO_PROXY",
    "PATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "all_proxy",
    "https_proxy",
    "no_proxy",
];
