//! The security question, whose answer goes by a name of its own.

use doorward::{Error, Page, Visit};
use serde_json::json;

use super::offer::Offer;
use crate::okta::exchange::{link, post, state_token, with_token};

/// Answers the question, once
pub(super) async fn answer(
    answer: Page,
    offer: &Offer,
    visit: &mut Visit<'_>,
) -> Result<Page, Error> {
    let url = match &offer.start.verify {
        Some(url) => url.clone(),
        None => link(&answer, "next")?,
    };
    let token = state_token(&answer)?;
    let secret = visit.answer().await?;
    let request = with_token(&url, &token, json!({ "answer": null })).secret("/answer", &secret);
    post(request, visit).await
}
