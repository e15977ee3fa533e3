//! A push: sent once, and asked after until somebody answers it on the phone.

use std::time::Duration;

use doorward::{Error, Event, Page, Secret, Url, Visit, one_line};
use serde_json::{Value, json};

use super::offer::Offer;
use crate::okta::exchange::{
    is_challenge, jitter, link, post_once, state_token, status, text, wait_out, with_token,
};
use crate::okta::failure::error_code;

/// Sends the push, and waits for what somebody does about it
///
/// Once it is refused or too old, what was the link to ask by sends another one: so nothing is asked after that.
pub(super) async fn approve(
    answer: Page,
    offer: &Offer,
    visit: &mut Visit<'_>,
) -> Result<Page, Error> {
    let device = &offer.start.name;
    let mut answer = offer.start.challenge(answer, visit).await?;
    if !is_challenge(&answer) {
        status(&answer)?;
        return Ok(answer);
    }
    visit.tell(&Event::Push(device));
    let mut shown: Option<String> = None;
    let mut by = poll_link(&answer, device)?;
    loop {
        if let Some(number) = number(&answer).filter(|number| shown.as_ref() != Some(number)) {
            visit.tell(&Event::Number(&number));
            shown = Some(number);
        }
        let time = interval(&answer);
        if visit.pause(time + jitter(time / 8)).await.is_err() {
            return Err(unanswered(
                "nobody answered on the phone within the login's time",
                device,
            )
            .hint("a longer --timeout gives them more; a TOTP seed or a passkey needs nobody"));
        }
        let (url, token) = &by;
        answer = post_once(with_token(url, token, json!({})), visit).await?;
        if wait_out(&answer, visit).await? || error_code(&answer) == Some("E0000070") {
            continue;
        }
        if !is_challenge(&answer) {
            status(&answer)?;
            return Ok(answer);
        }
        by = poll_link(&answer, device)?;
    }
}

/// How to ask again, if the phone is still waited for
fn poll_link(answer: &Page, device: &str) -> Result<(Url, Secret), Error> {
    match text(answer, "/factorResult").as_deref() {
        None | Some("WAITING") => {}
        Some("REJECTED") => {
            return Err(Error::rejected("the request was refused on the phone")
                .at("device", device)
                .hint(
                    "ask its owner: somebody who did not expect this login may have refused it",
                ));
        }
        Some("TIMEOUT") => {
            return Err(unanswered(
                "nobody answered the request on the phone",
                device,
            ));
        }
        Some("CANCELLED") => {
            return Err(unanswered("the request to the phone was cancelled", device));
        }
        Some(result) => {
            return Err(Error::unexpected_page(
                "Okta ended the request to the phone in a way that doorward does not know",
            )
            .at("result", result)
            .at("device", device));
        }
    }
    // A link of any other name would send one more push.
    match text(answer, "/_links/next/name").as_deref() {
        Some("poll") => Ok((link(answer, "next")?, state_token(answer)?)),
        _ => Err(
            Error::unexpected_page("Okta waits for the phone, and has no link to ask by")
                .at("path", answer.path()),
        ),
    }
}

fn unanswered(what: &str, device: &str) -> Error {
    Error::account_state(what)
        .at("device", device)
        .hint("no second push is sent; a TOTP seed or a passkey needs nobody at the phone")
}

/// The number that must be chosen on the phone; it comes once the phone shows its own, and may be 0
fn number(answer: &Page) -> Option<String> {
    let told = answer
        .json()?
        .pointer("/_embedded/factor/_embedded/challenge/correctAnswer")?;
    match told {
        Value::Number(number) => Some(number.to_string()),
        Value::String(number) if !number.is_empty() => Some(one_line(number)),
        _ => None,
    }
}

fn interval(answer: &Page) -> Duration {
    let told = answer
        .json()
        .and_then(|json| json.pointer("/profile/refresh")?.as_u64());
    told.map_or(INTERVAL, |told| {
        Duration::from_millis(told).clamp(SHORTEST, LONGEST)
    })
}

/// As the vendor's own widget
const INTERVAL: Duration = Duration::from_secs(4);

const SHORTEST: Duration = Duration::from_secs(1);

const LONGEST: Duration = Duration::from_secs(30);
