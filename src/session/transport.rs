//! One exchange over HTTP: bounded in time and size, retried only where nothing can have happened.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use reqwest::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use reqwest::{Method, Response};
use rustls::AlertDescription;
use tokio::time::{Instant, sleep, timeout_at};

use super::{Grade, Http, Limits, turns};
use crate::Error;
use crate::request::Wire;

/// What a server answered
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// Since the first attempt, until all was read
    pub(super) took: Duration,
}

/// Sends `wire` and reads the whole answer
///
/// A GET that failed before an answer is tried twice more; one that carries a secret only if the connection did not
/// come up, since what it carries may be good for one use. A POST is never repeated.
pub(super) async fn exchange(
    http: &Http,
    wire: &Wire,
    grade: Grade,
    limits: Limits,
    deadline: Instant,
) -> Result<Answer, Error> {
    let begin = Instant::now();
    let mut waits = RETRY_WAITS.iter();
    let response = loop {
        let sent = timeout_at(deadline, turns::waiting(request(http, wire)?.send()))
            .await
            .map_err(|_| past_deadline(wire, limits))?;
        let error = match sent {
            Ok(response) => break response,
            Err(error) => error.without_url(),
        };
        let harmless = wire.method == "GET" && (grade == Grade::Plain || error.is_connect());
        let told = explain(http, wire, error);
        match waits
            .next()
            .filter(|_| harmless && told.kind().is_retryable())
        {
            Some(wait) if Instant::now() + *wait < deadline => sleep(*wait).await,
            _ => return Err(told),
        }
    };
    timeout_at(deadline, read(http, wire, limits, response, begin))
        .await
        .map_err(|_| past_deadline(wire, limits))?
}

fn request(http: &Http, wire: &Wire) -> Result<reqwest::RequestBuilder, Error> {
    let method = if wire.method == "POST" {
        Method::POST
    } else {
        Method::GET
    };
    let (client, besides) = http.client(&wire.url);
    let mut request = client.request(method, wire.url.clone());
    for (name, value) in &wire.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid_header(name))?;
        let mut value =
            HeaderValue::from_bytes(value.as_bytes()).map_err(|_| invalid_header(name.as_str()))?;
        value.set_sensitive(true);
        request = request.header(name, value);
    }
    // Not part of `wire`: what is only for whoever stands before the server belongs into no recording.
    for (name, value) in besides {
        if wire
            .headers
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(name.as_str()))
        {
            continue;
        }
        let mut value = HeaderValue::from_str(value.expose_secret())
            .map_err(|_| invalid_header(name.as_str()))?;
        value.set_sensitive(true);
        request = request.header(name, value);
    }
    Ok(match wire.method {
        // The HTTP library gives an empty body no length, and some servers answer such a post with 411 (RFC 9110, 8.6).
        "POST" if wire.body.is_empty() => request.header(CONTENT_LENGTH, "0"),
        "POST" => request.body(wire.body.to_vec()),
        _ => request,
    })
}

async fn read(
    http: &Http,
    wire: &Wire,
    limits: Limits,
    mut response: Response,
    begin: Instant,
) -> Result<Answer, Error> {
    let status = response.status().as_u16();
    let size: usize = response
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if size > limits.headers {
        return Err(too_large(wire, "the headers", limits.headers));
    }
    let headers = response.headers().iter().map(|(name, value)| {
        // Set-Cookie may hold any byte; a header that is no text is of no use, but must not end the login.
        (
            name.as_str().to_owned(),
            String::from_utf8_lossy(value.as_bytes()).into_owned(),
        )
    });
    let headers = headers.collect();
    let mut body = Vec::new();
    // The client inflates as it reads, so that a bomb meets the limit early.
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| explain(http, wire, error.without_url()))?
    {
        if body.len() + chunk.len() > limits.body {
            return Err(too_large(wire, "the page", limits.body));
        }
        body.extend_from_slice(&chunk);
    }
    body.shrink_to_fit();
    Ok(Answer {
        status,
        headers,
        body,
        took: begin.elapsed(),
    })
}

fn explain(http: &Http, wire: &Wire, error: reqwest::Error) -> Error {
    let host = wire.url.host_str().unwrap_or_default();
    if let Some(refusal) = http
        .trust
        .refusal(host.trim_start_matches('[').trim_end_matches(']'))
        .filter(|_| is_certificate(&error))
    {
        return refusal.because(error);
    }
    if let Some(rustls::Error::AlertReceived(alert)) = of_tls(&error)
        && let Some(refusal) = refused_client(*alert, http.shows_certificate(&wire.url))
    {
        return refusal.at("host", host).because(error);
    }
    let chain = chain(&error);
    if chain.contains("proxy authorization required")
        || chain.contains("proxy authentication required")
    {
        return Error::config("the proxy asks for a user name and password")
            .at("host", host)
            .hint(
                "give --proxy http://USER@PROXY:PORT, and the password as DOORWARD_PROXY_PASSWORD; or put both into \
                 HTTPS_PROXY, as http://USER:PASSWORD@PROXY:PORT",
            )
            .because(error);
    }
    if chain.contains("message head is too large") {
        return too_large(wire, "the headers", 100).because(error);
    }
    let message = match (error.is_timeout(), error.is_connect()) {
        (true, true) => "the connection did not come up in time",
        (true, false) => "the server stayed silent for too long",
        (false, true) => "the server cannot be reached",
        (false, false) if error.is_decode() => {
            return Error::unexpected_page("the answer's content encoding is broken")
                .at("host", host)
                .because(error);
        }
        (false, false) => "the connection failed",
    };
    let told = Error::transport(message).at("host", host);
    match http.proxy(&wire.url) {
        Some(proxy) => told.at("proxy", proxy).because(error),
        None => told.because(error),
    }
}

/// The error for a server that wants another client certificate than it was shown
///
/// An alert says little; what it is about depends on whether there was a certificate.
fn refused_client(alert: AlertDescription, is_shown: bool) -> Option<Error> {
    Some(match (alert, is_shown) {
        (AlertDescription::CertificateRequired, _) | (AlertDescription::BadCertificate, false) => {
            Error::config("the server asks for a client certificate").hint(
                "if it is the portal, give one with --client-cert and --client-key; no other server gets one",
            )
        }
        // What OpenSSL says by TLS 1.2 where it misses one.
        (AlertDescription::HandshakeFailure, false) => {
            Error::config("the server refuses the TLS handshake").hint(
                "it may ask for a client certificate, which --client-cert and --client-key give to the portal, or have no \
                 cipher in common with doorward",
            )
        }
        // The signature of another authority with the right name is a failed decryption.
        (
            AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError,
            true,
        ) => {
            Error::config("the server refuses the client certificate")
                .at("alert", format!("{alert:?}"))
                .hint("--client-cert holds the certificate, and those that lead to an authority which the server believes")
        }
        _ => return None,
    })
}

fn is_certificate(error: &reqwest::Error) -> bool {
    matches!(of_tls(error), Some(rustls::Error::InvalidCertificate(_)))
}

/// What the TLS library says, if it was that which failed
fn of_tls(error: &reqwest::Error) -> Option<&rustls::Error> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(found) = cause.downcast_ref() {
            return Some(found);
        }
        // `io::Error` hides what it wraps: its own source is that of the wrapped error.
        source = match cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(wrapped) => Some(wrapped as &(dyn StdError + 'static)),
            None => cause.source(),
        };
    }
    None
}

fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text.to_ascii_lowercase()
}

fn invalid_header(name: &str) -> Error {
    Error::config("a header cannot be sent as it is").at("name", name)
}

fn past_deadline(wire: &Wire, limits: Limits) -> Error {
    Error::transport(format!(
        "the login was not done after {} s",
        limits.deadline.as_secs()
    ))
    .at("host", wire.url.host_str().unwrap_or_default())
    .hint("a longer --timeout gives it more time")
}

fn too_large(wire: &Wire, what: &str, limit: usize) -> Error {
    Error::unexpected_page(format!("{what} went over the limit of {limit}"))
        .at("host", wire.url.host_str().unwrap_or_default())
        .at("path", crate::redact::path(wire.url.path()))
}

const RETRY_WAITS: [Duration; 2] = [Duration::from_millis(250), Duration::from_millis(1000)];

#[cfg(test)]
mod tests {
    use rustls::AlertDescription;

    use super::refused_client;
    use crate::ErrorKind;

    #[test]
    fn an_alert_is_about_the_certificate_that_was_shown_or_missed() {
        let told = |alert, is_shown| {
            let error = refused_client(alert, is_shown)?;
            assert_eq!(error.kind(), ErrorKind::Config);
            Some(error.to_string())
        };

        let missed = Some("the server asks for a client certificate".to_owned());
        assert_eq!(told(AlertDescription::CertificateRequired, false), missed);
        assert_eq!(told(AlertDescription::BadCertificate, false), missed);
        let unclear = Some("the server refuses the TLS handshake".to_owned());
        assert_eq!(told(AlertDescription::HandshakeFailure, false), unclear);
        let refused = Some("the server refuses the client certificate (alert UnknownCA)".into());
        assert_eq!(told(AlertDescription::UnknownCA, true), refused);
        for (alert, is_shown) in [
            (AlertDescription::UnknownCA, false),
            (AlertDescription::HandshakeFailure, true),
            (AlertDescription::InternalError, false),
        ] {
            assert_eq!(told(alert, is_shown), None);
        }
    }
}
