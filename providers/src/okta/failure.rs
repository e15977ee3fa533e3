//! What Okta's error codes mean for a pipeline.

use std::time::Duration;

use doorward::{Error, ErrorKind, Page};
use serde_json::Value;

/// The error for an answer that is no transaction
///
/// Source: <https://developer.okta.com/docs/reference/error-codes/>
pub(super) fn failure(page: &Page) -> Error {
    let text = |name: &str| {
        page.json()
            .and_then(|json| json.get(name))
            .and_then(Value::as_str)
    };
    let code = error_code(page).unwrap_or_default();
    // Some organisations say this beside the code for any wrong answer.
    let code = match text("factorResult") {
        Some("PASSCODE_REPLAYED") => "E0000082",
        Some("TIME_WINDOW_EXCEEDED") => "E0000083",
        _ => code,
    };
    let (kind, meaning) = meaning(code, page.status());
    let error = match kind {
        ErrorKind::AccountState => Error::account_state(meaning),
        ErrorKind::Rejected => Error::rejected(meaning),
        ErrorKind::Unavailable => Error::unavailable(meaning),
        ErrorKind::Unsupported => Error::unsupported(meaning),
        _ => Error::unexpected_page(meaning),
    };
    let causes = page
        .json()
        .and_then(|json| json.get("errorCauses")?.as_array())
        .into_iter()
        .flatten();
    let causes: Vec<&str> = causes
        .filter_map(|cause| cause.get("errorSummary")?.as_str())
        .collect();
    let mut error = error
        .at("path", page.path())
        .at("status", page.status().to_string());
    for (name, value) in [
        ("code", error_code(page)),
        ("result", text("factorResult")),
        ("summary", text("errorSummary")),
        (
            "causes",
            Some(causes.join("; "))
                .as_deref()
                .filter(|causes| !causes.is_empty()),
        ),
        ("error_id", text("errorId")),
        ("request_id", page.header("x-okta-request-id")),
    ] {
        if let Some(value) = value {
            error = error.at(name, value);
        }
    }
    match rate_limit_wait(page) {
        Some(wait) => error.retry_after(wait),
        None => error,
    }
}

/// Okta's own name for what went wrong
pub(super) fn error_code(page: &Page) -> Option<&str> {
    page.json()?.get("errorCode")?.as_str()
}

/// How long Okta asks to wait, by its own clock
pub(super) fn rate_limit_wait(page: &Page) -> Option<Duration> {
    if page.status() != 429 {
        return None;
    }
    let seconds = page
        .header("x-rate-limit-reset")
        .and_then(|reset| reset.trim().parse::<i64>().ok())
        .map(|reset| {
            let now = page.date().map_or(reset, |date| date.as_second());
            reset.saturating_sub(now)
        });
    // For too many requests at once the reset is only an estimate.
    let untold = match error_code(page) {
        Some("E0000109" | "E0000118" | "E0000133") => BETWEEN_CODES,
        _ => UNTOLD_WAIT,
    };
    let seconds = seconds.unwrap_or(untold).clamp(1, 3600);
    u64::try_from(seconds).ok().map(Duration::from_secs)
}

fn meaning(code: &str, status: u16) -> (ErrorKind, &'static str) {
    match code {
        "E0000004" | "E0000207" => (
            ErrorKind::Rejected,
            "Okta refused user name or password; it answers the same for a locked account and for a policy that cannot be met",
        ),
        "E0000068" => (ErrorKind::Rejected, "Okta refused the code or the answer"),
        "E0000073" => (ErrorKind::Rejected, "the request was refused on the phone"),
        "E0000082" => (ErrorKind::Rejected, "Okta takes each code only once"),
        "E0000083" => (
            ErrorKind::Rejected,
            "the code is from another time: do the clocks differ?",
        ),
        "E0000014" | "E0000064" => (ErrorKind::AccountState, "the password has expired"),
        "E0000069" | "E0000119" => (ErrorKind::AccountState, "the account is locked"),
        "E0000006" | "E0000015" => (
            ErrorKind::AccountState,
            "the organisation does not let this account, or this network, sign in here",
        ),
        "E0000058" => (
            ErrorKind::Unsupported,
            "the application asks for a second factor",
        ),
        "E0000005" | "E0000011" | "E0000079" => (
            ErrorKind::UnexpectedPage,
            "Okta no longer knows this login: it took too long, or was begun elsewhere",
        ),
        "E0000009" | "E0000010" | "E0000067" | "E0000074" | "E0000138" => {
            (ErrorKind::Unavailable, "Okta is out of order at the moment")
        }
        "E0000047" | "E0000109" | "E0000118" | "E0000133" => {
            (ErrorKind::Unavailable, "Okta asks to slow down")
        }
        _ if status == 429 => (ErrorKind::Unavailable, "Okta asks to slow down"),
        _ if status >= 500 => (ErrorKind::Unavailable, "Okta is out of order at the moment"),
        "" => (
            ErrorKind::UnexpectedPage,
            "Okta's answer is neither a transaction nor an error",
        ),
        _ => (
            ErrorKind::UnexpectedPage,
            "Okta refused the request as it is",
        ),
    }
}

/// Okta counts by the minute
const UNTOLD_WAIT: i64 = 60;

/// Between two text messages, or two calls
const BETWEEN_CODES: i64 = 30;
