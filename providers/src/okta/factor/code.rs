//! One-time codes: those of an app or a token in one call, those that Okta sends in two.

use doorward::{Error, Factor, Page, Visit};
use serde_json::json;

use super::offer::Offer;
use crate::okta::exchange::{
    is_challenge, link, post, post_once, state_token, status, text, wait_out, with_token,
};
use crate::okta::failure::{error_code, failure};

/// Enters a code, and after a refusal one more
pub(super) async fn enter(
    answer: Page,
    offer: &Offer,
    visit: &mut Visit<'_>,
) -> Result<Page, Error> {
    let challenge = match &offer.factor {
        // A first call without a code has it sent.
        Factor::Call(_) | Factor::Email(_) | Factor::Sms(_) => {
            offer.start.challenge(answer, visit).await?
        }
        _ => answer,
    };
    let url = match &offer.start.verify {
        Some(url) if !is_challenge(&challenge) => {
            status(&challenge)?;
            url.clone()
        }
        _ => link(&challenge, "next")?,
    };
    let token = state_token(&challenge)?;
    let mut refused: Option<Page> = None;
    for _ in 0..TRIES {
        let code = match (visit.code(&offer.factor).await, &refused) {
            (Ok(code), _) => code,
            (Err(error), None) => return Err(error),
            (Err(error), Some(refused)) => return Err(no_further_code(error, refused)),
        };
        let request =
            with_token(&url, &token, json!({ "passCode": null })).secret("/passCode", &code);
        let answer = match &offer.factor {
            Factor::Totp(_) => {
                let answer = post_once(request, visit).await?;
                // The code was not looked at, and will be too old after the wait.
                if wait_out(&answer, visit).await? {
                    refused = Some(answer);
                    continue;
                }
                answer
            }
            _ => post(request, visit).await?,
        };
        if Refusal::of(&answer).is_none() {
            return Ok(answer);
        }
        refused = Some(answer);
    }
    let none = || Error::unexpected_page("no code was entered");
    Err(refused.as_ref().map_or_else(none, refusal))
}

/// Why another code may do
#[derive(Eq, PartialEq)]
enum Refusal {
    /// Nothing is wrong with the code but that it was used before
    Replayed,
    Wrong,
}

impl Refusal {
    fn of(answer: &Page) -> Option<Self> {
        match (error_code(answer), text(answer, "/factorResult").as_deref()) {
            (Some("E0000082"), _) | (_, Some("PASSCODE_REPLAYED")) => Some(Self::Replayed),
            // The next code would be of another time, too.
            (_, Some("TIME_WINDOW_EXCEEDED")) => None,
            (Some("E0000068"), _) => Some(Self::Wrong),
            // Such as a token that must show its next code as well.
            _ if is_challenge(answer) => Some(Self::Wrong),
            _ => None,
        }
    }
}

/// What the answer to a refused code says
fn refusal(answer: &Page) -> Error {
    match is_challenge(answer) {
        true => Error::rejected("Okta refused the code").at("path", answer.path()),
        false => failure(answer),
    }
}

/// Why there is no second try
fn no_further_code(error: Error, refused: &Page) -> Error {
    match Refusal::of(refused) {
        Some(Refusal::Wrong) => refusal(refused).at("second_try", error.message()),
        Some(Refusal::Replayed) => error.at("code", "E0000082"),
        None => error,
    }
}

/// The first, and one more after a refusal
const TRIES: usize = 2;
