//! Which engine an organisation runs, where its page does not tell.

use doorward::{Error, Event, Page, Request, Visit};

use super::exchange::{Home, JSON, at, text};
use super::script::Marks;
use super::transaction::resume_url;
use super::{OktaPage, idx, transaction};

/// Signs in from a page that has no state token, such as a page of the organisation's own making
///
/// The Classic engine's sign-in page has none at first. The Identity Engine's pages are those of the application, and the
/// login goes on there; `/api/v1/authn` would know nothing of the application's policy.
pub(super) async fn sign_in(
    home: &Home,
    marks: &Marks,
    visit: &mut Visit<'_>,
) -> Result<Page, Error> {
    if is_identity_engine(home, visit).await? {
        let resumed = visit.get(&resume_url(home, marks)?).await?;
        if let Some(OktaPage::IdentityEngine(token)) = OktaPage::of(&resumed) {
            return idx::sign_in(Home::left(resumed), &token, visit).await;
        }
        visit.tell(&Event::Note(
            "the organisation's sign-in page has no state token; the older API is asked, which does not know the \
             application's own policy",
        ));
    }
    transaction::with_password(home, marks, visit).await
}

/// What the organisation says of itself; one that says nothing has the older engine
async fn is_identity_engine(home: &Home, visit: &mut Visit<'_>) -> Result<bool, Error> {
    let url = at(home, "/.well-known/okta-organization")?;
    let answer = visit
        .send(Request::get(&url).header("accept", JSON))
        .await?;
    Ok(text(&answer, "/pipeline").as_deref() == Some("idx"))
}
