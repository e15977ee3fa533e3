//! Where a user's token goes: the server, and whether it is checked.

use serde_json::Value;
use url::{Host, Url};

use crate::audit::facts::Facts;
use crate::audit::view::Entry;
use crate::audit::{Finding, Rule, Severity, file};
use crate::redact::one_line;

/// Judges a cluster, as the one that `user` reaches
pub(super) fn judge(
    cluster: &Entry<'_>,
    user: Option<&Entry<'_>>,
    facts: &dyn Facts,
) -> Vec<Finding> {
    let name = one_line(cluster.name);
    let is_insecure = cluster.value("insecure-skip-tls-verify") == Some(&Value::Bool(true));
    let has_ca = cluster.has(CA_FILE) || cluster.has(CA_DATA);
    let mut findings = Vec::new();
    let mut find = |rule, severity, message: String| {
        findings.push(Finding::new(rule, severity, cluster.file, message));
    };

    let has_tls = is_insecure || has_ca || user.is_some_and(has_certificate);
    let is_encrypted = match Server::of(cluster.text("server"), has_tls) {
        Server::Missing => {
            let message = format!("the cluster {name} has no server; kubectl asks localhost:8080");
            find(Rule::NoServer, Severity::Error, message);
            false
        }
        Server::Encrypted => true,
        Server::PlainHere(origin) => {
            let message =
                format!("the cluster {name} is at {origin}, without TLS, on this machine");
            find(Rule::PlainHttp, Severity::Info, message);
            false
        }
        Server::Plain(origin) => {
            let message = format!(
                "the cluster {name} is at {origin}, without TLS: whoever is on the way can read the token, and use it"
            );
            find(Rule::PlainHttp, Severity::Error, message);
            false
        }
    };
    if is_insecure && (is_encrypted || has_ca) {
        let message = match has_ca {
            true => format!(
                "the cluster {name} has insecure-skip-tls-verify beside a certificate authority, which clients refuse"
            ),
            false => format!(
                "the cluster {name} has insecure-skip-tls-verify: whoever stands in for the server gets the token"
            ),
        };
        find(Rule::InsecureTls, Severity::Error, message);
    }
    if cluster.has(CA_FILE) && cluster.has(CA_DATA) {
        let message =
            format!("the cluster {name} has both {CA_FILE} and {CA_DATA}, which clients refuse");
        find(Rule::DataAndFile, Severity::Error, message);
    }
    if let Some(path) = cluster.path(CA_FILE) {
        findings.extend(file::missing(
            cluster.file,
            CA_FILE,
            &path,
            facts.file(&path),
        ));
    }
    let of_user = |finding: Finding| match user {
        Some(user) => finding.cluster(cluster.name).user(user.name),
        None => finding.cluster(cluster.name),
    };
    findings.into_iter().map(of_user).collect()
}

/// What a `server` means
enum Server {
    Missing,
    Encrypted,
    /// Without TLS, shown by its origin: a URL may hold a password
    Plain(String),
    PlainHere(String),
}

impl Server {
    fn of(text: &str, has_tls: bool) -> Self {
        if text.is_empty() {
            return Self::Missing;
        }
        // Without a scheme, clients speak TLS only if the entry says something about certificates.
        let scheme = if has_tls { "https" } else { "http" };
        let url = match text.contains("://") {
            true => Url::parse(text),
            false => Url::parse(&format!("{scheme}://{text}")),
        };
        match url {
            Ok(url) if url.scheme() == "http" => {
                let origin = one_line(&url.origin().ascii_serialization());
                match is_here(&url) {
                    true => Self::PlainHere(origin),
                    false => Self::Plain(origin),
                }
            }
            _ => Self::Encrypted,
        }
    }
}

fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn has_certificate(user: &Entry<'_>) -> bool {
    user.has("client-certificate") || user.has("client-certificate-data")
}

const CA_DATA: &str = "certificate-authority-data";

const CA_FILE: &str = "certificate-authority";
