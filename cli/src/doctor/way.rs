//! What the walk saw: certificates, clocks, the hops, and the page at its end.

use std::time::SystemTime;

use doorward::ErrorKind;
use doorward::diagnosis::{Certificate, Diagnosis, End, LoginPage, Server};

use super::finding::Finding;

/// The checks `tls`, `clock`, `walk`, `origins`, `adapter` and `factors`
pub(super) fn findings(diagnosis: &Diagnosis) -> Vec<Finding> {
    let mut found = vec![
        certificates(&diagnosis.servers),
        clocks(&diagnosis.servers),
        hops(diagnosis),
        origins(diagnosis),
    ];
    match &diagnosis.end {
        End::LoginPage(page) => found.extend([adapter(page), factors(page)]),
        End::Arrived => found.push(Finding::ok(
            "adapter",
            "none is needed: the portal gave its token document at once",
        )),
        _ => found.extend([
            Finding::unknown(
                "adapter",
                "not known: the walk did not come to a login page",
            ),
            Finding::unknown("factors", "not known before signing in"),
        ]),
    }
    found
}

fn certificates(servers: &[Server]) -> Finding {
    let mut lines = Vec::new();
    for server in servers.iter().filter(|server| !server.chain.is_empty()) {
        lines.push(format!(
            "{}{}",
            server.origin,
            server
                .refused
                .map_or_else(String::new, |why| format!(": {why}"))
        ));
        lines.extend(server.chain.iter().map(certificate));
    }
    let refused: Vec<&Server> = servers
        .iter()
        .filter(|server| server.refused.is_some())
        .collect();
    if let Some(first) = refused.first() {
        let why = first.refused.unwrap_or_default();
        let found = Finding::error(
            "tls",
            ErrorKind::Config,
            format!("the certificate of {} {why}", first.origin),
        );
        let next = match why.contains("name") {
            true => "is it the right host? A load balancer may show a certificate of its own",
            false if why.contains("expired") => "the server's owner must renew it",
            false => "if the issuer is your company's, give its CA certificate with --ca-file",
        };
        return found.details(lines).next(next);
    }
    let ends = servers
        .iter()
        .filter_map(|server| Some((server, server.chain.first()?.days_left(SystemTime::now())?)));
    let soonest = ends.min_by_key(|(_, days)| *days);
    match soonest {
        None => Finding::unknown("tls", "no server showed a certificate").details(lines),
        Some((server, days)) if days < SOON => Finding::warning(
            "tls",
            format!(
                "the certificate of {} ends in {}",
                server.origin,
                count(days, "day")
            ),
        )
        .details(lines)
        .next("the server's owner must renew it"),
        Some((_, days)) => Finding::ok(
            "tls",
            format!(
                "every certificate is believed; the first one ends in {}",
                count(days, "day")
            ),
        )
        .details(lines),
    }
}

fn certificate(certificate: &Certificate) -> String {
    let days = match certificate.days_left(SystemTime::now()) {
        Some(days @ 0..) => format!("{} left", count(days, "day")),
        Some(days) => format!("ended {} ago", count(-days, "day")),
        None => "its end cannot be read".to_owned(),
    };
    format!(
        "  {} by {}, {days}, sha256 {}",
        certificate.subject, certificate.issuer, certificate.sha256
    )
}

fn clocks(servers: &[Server]) -> Finding {
    let told: Vec<(&Server, i64)> = servers
        .iter()
        .filter_map(|server| Some((server, server.clock_ahead?)))
        .collect();
    if told.is_empty() {
        return Finding::unknown("clock", "no server told its time");
    }
    let lines = told
        .iter()
        .filter(|(_, ahead)| *ahead != 0)
        .map(|(server, ahead)| {
            let how = if *ahead > 0 { "ahead of" } else { "behind" };
            format!(
                "{} is {} {how} this machine",
                server.origin,
                count(ahead.abs(), "second")
            )
        });
    let worst = told
        .iter()
        .map(|(_, ahead)| ahead.abs())
        .max()
        .unwrap_or_default();
    let is_ours = told.len() > 1 && told.iter().all(|(_, ahead)| ahead.abs() >= SKEW);
    match worst {
        0 => Finding::ok("clock", "this machine's clock is that of the servers"),
        1..SKEW => Finding::ok("clock", "this machine's clock is nearly that of the servers").details(lines),
        _ => Finding::warning("clock", format!("clocks differ by {}", count(worst, "second")))
            .details(lines)
            .next(match is_ours {
                true => "set this machine's clock: doorward goes by the servers', but kubectl takes a token for ended, or for good, by its own",
                false => "doorward goes by the servers' clocks; kubectl takes a token for ended, or for good, by that of this machine",
            }),
    }
}

fn hops(diagnosis: &Diagnosis) -> Finding {
    let lines = diagnosis.steps.iter().map(|step| format!("{:#}", step.hop));
    let requests = count(
        diagnosis.steps.len().try_into().unwrap_or(i64::MAX),
        "request",
    );
    match &diagnosis.end {
        End::LoginPage(page) => Finding::ok(
            "walk",
            format!("{requests}, to the login page of {}", page.origin),
        )
        .details(lines),
        End::Arrived => Finding::ok(
            "walk",
            format!("{requests}, to the portal's token document"),
        )
        .details(lines),
        End::Failed { origin, error } => {
            let found = Finding::failed("walk", error);
            let at = if origin.is_empty() {
                "the portal"
            } else {
                origin
            };
            let summary = format!("{requests}, then at {at}: {}", error.message());
            let context = error.context().filter(|(key, _)| !SAID.contains(key));
            let context = context.map(|(key, value)| format!("{key} {value}"));
            // The first causes are the HTTP library's words for "it failed".
            let cause = found
                .details
                .last()
                .map(|cause| format!("caused by: {cause}"));
            let lines = lines.chain(context).chain(cause).collect();
            Finding {
                summary,
                details: lines,
                ..found
            }
        }
        _ => Finding::unknown("walk", "it ended in a way that this doorward does not know"),
    }
}

fn origins(diagnosis: &Diagnosis) -> Finding {
    let flags = flags(diagnosis);
    match flags.as_slice() {
        [] if matches!(diagnosis.end, End::Failed { .. }) => Finding::unknown(
            "origins",
            "not known: the walk did not come to a login page",
        ),
        [] => Finding::ok("origins", "whoever takes part may have what it gets"),
        flags => {
            let told: Vec<String> = flags
                .iter()
                .map(|(option, origin)| match *option {
                    "--idp-url" => format!("{origin} would get the password"),
                    _ => format!("{origin} would get a code"),
                })
                .collect();
            let options: Vec<String> = flags
                .iter()
                .map(|(option, origin)| format!("{option} {origin}"))
                .collect();
            Finding::error(
                "origins",
                ErrorKind::UntrustedOrigin,
                format!("{}, and nobody named it", told.join(", ")),
            )
            .next(format!(
                "add {} only if this is your company's host",
                options.join(" ")
            ))
        }
    }
}

/// The options that the origins of the way need, with what they are for
pub(super) fn flags(diagnosis: &Diagnosis) -> Vec<(&'static str, String)> {
    let mut flags = Vec::new();
    if let End::LoginPage(page) = &diagnosis.end
        && !page.is_named
    {
        flags.push(("--idp-url", page.origin.clone()));
    }
    let vias = diagnosis.unnamed_returns.iter();
    flags.extend(vias.map(|origin| ("--via", origin.clone())));
    flags
}

fn adapter(page: &LoginPage) -> Finding {
    let lines = page.recognized.iter().map(|recognized| {
        format!(
            "{}: {}, by {}",
            recognized.adapter, recognized.how_surely, recognized.why
        )
    });
    let shown = format!("{}{}: {}", page.origin, page.path, page.structure);
    let lines: Vec<String> = lines.chain([shown]).collect();
    match &page.adapter {
        Ok(name) => Finding::ok("adapter", format!("{name} would sign in")).details(lines),
        Err(error) => {
            let found = Finding::error("adapter", error.kind(), error.message()).details(lines);
            match error.next_step() {
                Some(hint) => found.next(hint),
                None => found,
            }
        }
    }
}

fn factors(page: &LoginPage) -> Finding {
    match page.factors.as_slice() {
        [] => Finding::unknown("factors", "not known before signing in"),
        factors => Finding::ok(
            "factors",
            format!(
                "the login page itself asks for {}, or takes it; more is not known before signing in",
                factors.join(" and ")
            ),
        ),
    }
}

fn count(number: i64, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}

/// What the summary, or the check of certificates, says already
const SAID: [&str; 4] = ["host", "issuer", "sha256", "proxy"];

/// Days: a certificate that ends earlier is told of
const SOON: i64 = 14;

/// Seconds: more is told of, since a token of a portal lives for 60
const SKEW: i64 = 30;
