//! Second factors: which one is answered, and what comes of it.
//!
//! Okta lists what the account has enrolled. What doorward does not know is passed over, and named if nothing else is left.

mod code;
mod offer;
mod passkey;
mod push;
mod question;

use doorward::{Error, ErrorKind, Event, Factor, Page, Visit};

use super::exchange::{Home, link_as_it_is, status};
use offer::{Offers, Start};

/// The factors of one transaction
#[derive(Debug, Default)]
pub(super) struct Factors {
    /// Whether a phone was asked: nobody is asked twice
    pushed: bool,
}

/// What comes after a factor
pub(super) enum Step {
    /// The transaction goes on with this answer
    Next(Page),
    /// The browser goes on with this page: to another provider, and back from there with a session
    Elsewhere(Page),
}

impl Factors {
    /// Answers one of the factors that `answer` offers; `home` is the page that a browser would show
    pub(super) async fn verify(
        &mut self,
        answer: Page,
        home: &Home,
        visit: &mut Visit<'_>,
    ) -> Result<Step, Error> {
        let offers = Offers::of(&answer, visit.passkey());
        let factors: Vec<Factor> = offers
            .known
            .iter()
            .map(|offer| offer.factor.clone())
            .collect();
        let picked = visit.pick(&factors).map(|index| offers.known.get(index));
        let offer = match (picked, &offers.elsewhere) {
            (Ok(Some(offer)), _) => offer,
            (_, Some(start)) => return elsewhere(answer, start, visit).await,
            (Err(error), None) => return Err(offers.explain(error)),
            (Ok(None), None) => return Err(Error::unexpected_page("Okta offers no factor")),
        };
        let next = match &offer.factor {
            Factor::Push(_) => {
                if std::mem::replace(&mut self.pushed, true) {
                    return Err(Error::unexpected_page(
                        "Okta asks for the phone again in one and the same step, and nobody is asked twice",
                    )
                    .at("path", answer.path()));
                }
                push::approve(answer, offer, visit).await
            }
            Factor::Question(_) => question::answer(answer, offer, visit).await,
            Factor::Webauthn(_) => passkey::sign(answer, offer, home, visit).await,
            _ => code::enter(answer, offer, visit).await,
        };
        let said = next.and_then(|next| Ok((status(&next)?, next)));
        let (status, next) = said.map_err(|error| about(error, &offer.factor, &factors))?;
        // Asking for a further factor, it took this one.
        if status.ends_with("_REQUIRED") {
            visit.accepted();
        }
        Ok(Step::Next(next))
    }
}

/// Leaves the factor to another provider, whose adapter the walk will find
async fn elsewhere(answer: Page, start: &Start, visit: &mut Visit<'_>) -> Result<Step, Error> {
    let challenged = start.challenge(answer, visit).await?;
    status(&challenged)?;
    let url = link_as_it_is(&challenged, "next")?;
    // The password was taken; if the way back asks for it again, that is no refusal.
    visit.accepted();
    visit.tell(&Event::Note(&format!(
        "Okta leaves the second factor to another provider: {}",
        start.name
    )));
    Ok(Step::Elsewhere(visit.get(&url).await?))
}

/// Whether the seed is one that nobody gets to see, so that one at hand is likely another factor's
pub(super) fn is_seedless(factor: &Factor) -> bool {
    matches!(factor, Factor::Totp(Some(provider)) if provider == "okta")
}

/// Says of which factor the error is, and what else there was to choose
pub(super) fn about(error: Error, factor: &Factor, factors: &[Factor]) -> Error {
    let is_told = error.context().any(|(key, _)| key == "factor");
    let error = match is_told {
        true => error,
        false => error.at("factor", factor.to_string()),
    };
    let is_alike = |other: &&Factor| other.kind() == factor.kind();
    let alike: Vec<String> = factors
        .iter()
        .filter(is_alike)
        .map(|factor| format!("--factor {factor}"))
        .collect();
    match error.kind() {
        ErrorKind::Rejected if alike.len() > 1 && factor.is_code() => error.hint(format!(
            "the account has several factors of this kind: say which one is yours by one of {}",
            doorward::one_line(&alike.join(", "))
        )),
        _ => error,
    }
}
