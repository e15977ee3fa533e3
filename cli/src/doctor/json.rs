//! The result as one JSON object, whose fields are always there.

use doorward::diagnosis::{Certificate, Diagnosis, End, Server, Step};
use serde_json::{Value, json};

use super::finding::Finding;
use crate::failure::hop_json;

/// The checks, the facts, and the command to try
pub(super) fn render(
    findings: &[Finding],
    diagnosis: Option<&Diagnosis>,
    command: Option<&str>,
    exit_code: i32,
) -> Value {
    let steps = diagnosis.map_or(&[][..], |diagnosis| &diagnosis.steps);
    let servers = diagnosis.map_or(&[][..], |diagnosis| &diagnosis.servers);
    json!({
        "doorward": env!("CARGO_PKG_VERSION"),
        "exit_code": exit_code,
        "checks": findings.iter().map(Finding::to_json).collect::<Vec<_>>(),
        "walk": steps.iter().map(step).collect::<Vec<_>>(),
        "servers": servers.iter().map(server).collect::<Vec<_>>(),
        "login_page": diagnosis.and_then(login_page),
        "flags": diagnosis.map(super::way::flags).unwrap_or_default().iter()
            .map(|(option, origin)| json!({"option": option, "origin": origin})).collect::<Vec<_>>(),
        "command": command,
    })
}

fn step(step: &Step) -> Value {
    let mut hop = hop_json(&step.hop);
    hop["origin"] = json!(step.origin);
    hop
}

fn server(server: &Server) -> Value {
    json!({
        "origin": server.origin,
        "answered": server.answered,
        "clock_ahead_seconds": server.clock_ahead,
        "refused": server.refused,
        "certificates": server.chain.iter().map(certificate).collect::<Vec<_>>(),
    })
}

fn certificate(certificate: &Certificate) -> Value {
    json!({
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "sha256": certificate.sha256,
        "not_before": certificate.valid.map(|(from, _)| from.to_string()),
        "not_after": certificate.valid.map(|(_, to)| to.to_string()),
        "days_left": certificate.days_left(std::time::SystemTime::now()),
        "names": certificate.names,
    })
}

fn login_page(diagnosis: &Diagnosis) -> Option<Value> {
    let End::LoginPage(page) = &diagnosis.end else {
        return None;
    };
    let recognized = page.recognized.iter().map(|recognized| {
        json!({"adapter": recognized.adapter, "how_surely": recognized.how_surely, "why": recognized.why})
    });
    Some(json!({
        "origin": page.origin,
        "path": page.path,
        "structure": page.structure,
        "adapter": page.adapter.as_ref().ok(),
        "recognized": recognized.collect::<Vec<_>>(),
        "is_named": page.is_named,
        "factors": page.factors,
    }))
}
