//! Keycloak 15 to 26 in any theme and language: its pages are told apart by the names of their fields and by their paths.
//!
//! Themes and translations may change ids, classes and texts, but not what the server reads: the names of the fields, and the
//! action's path below `/realms/NAME/`.

mod action;
mod broker;
mod device;
mod passkey;
mod post;
mod screen;

use async_trait::async_trait;
use doorward::{Error, Factor, Form, IdpAdapter, Page, Recognition, Visit};

use post::post;
use screen::Screen;

/// Signs in at a realm of a Keycloak server
///
/// With a password, on one page or after the user name; then, where the realm asks, with a one-time code, or with the caller's
/// passkey. Of several authenticator apps the caller names one by its label as a login option; codes are not tried in turn. A link
/// to another provider is followed where the caller names its label or alias, or where there is nothing else.
///
/// A form that comes back is a refusal. Only where Keycloak shows that it did not look at what was sent (the login had timed out,
/// or its cookie was lost) the new form is filled in once more.
///
/// Source: <https://www.keycloak.org/docs/latest/server_admin/#configuring-authentication_server_administration_guide>
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Keycloak {}

#[async_trait]
impl IdpAdapter for Keycloak {
    fn name(&self) -> &'static str {
        "keycloak"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        match Screen::of(page) {
            None => Recognition::No,
            Some(Screen::Other) => Recognition::Likely("a page below a Keycloak realm's path"),
            Some(_) => Recognition::Certain("a page of a Keycloak realm's login"),
        }
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        let Some(screen) = Screen::of(&page) else {
            return Err(page.unexpected("this is no page of a Keycloak realm"));
        };
        let may_leave = matches!(
            screen,
            Screen::Login(_) | Screen::Username(_) | Screen::Providers
        );
        if may_leave
            && let Some(link) = broker::choose(&page, matches!(screen, Screen::Providers), visit)?
        {
            return visit.get(&link).await;
        }
        match screen {
            Screen::Login(form) => password(form.clone(), visit).await,
            Screen::Username(form) => username(form.clone(), visit).await,
            Screen::OneTimeCode(form, field) => match passkey::is_better(&page, visit) {
                true => passkey::another_way(&page, visit).await,
                false => one_time_code(&page, form, field, visit).await,
            },
            Screen::Passkey(form) => passkey::sign(&page, form, visit).await,
            Screen::Methods => {
                let chosen = passkey::method(&page, visit)?;
                visit.submit(chosen).await
            }
            Screen::Consent(form) => consent(&page, form, visit).await,
            Screen::Action(name) => action::answer(&page, &name, visit).await,
            Screen::Expired(restart) => {
                visit.restarted()?;
                visit.get(restart).await
            }
            Screen::Continue(form) => visit.submit(form.clone()).await,
            Screen::PasskeyRefused => Err(passkey::refused(&page)),
            Screen::Providers | Screen::Other => Err(unknown(&page)),
        }
    }
}

/// The form with the password, beside the user name or after it
async fn password(mut form: Form, visit: &mut Visit<'_>) -> Result<Page, Error> {
    if form.has("username") {
        form.set("username", visit.username());
    }
    form.set_secret("password", &visit.password().await?);
    let answer = post(form, visit).await?;
    match Screen::of(&answer.page) {
        Some(Screen::Login(_) | Screen::Username(_)) if !answer.is_restart => Err(Error::rejected(
            "Keycloak refused user name or password",
        )
        .at("page", answer.page.path())
        .hint("Keycloak shows a locked account, and a disabled one, in the same way: ask before it is tried again")),
        _ => answer.go_on(visit),
    }
}

/// The form with the user name alone
async fn username(mut form: Form, visit: &mut Visit<'_>) -> Result<Page, Error> {
    if visit.username().is_empty() {
        // Says that there are no credentials.
        visit.password().await?;
    }
    form.set("username", visit.username());
    let answer = post(form, visit).await?;
    if answer.is_restart || !matches!(Screen::of(&answer.page), Some(Screen::Username(_))) {
        return answer.go_on(visit);
    }
    // An organisation's links are shown to its members only.
    match broker::choose(&answer.page, false, visit)? {
        Some(link) => visit.get(&link).await,
        None => Err(Error::rejected("Keycloak does not take this user name")
            .at("page", answer.page.path())
            .hint("it was asked for alone, and no password was sent")),
    }
}

/// The form with a code; the walk brings it back after a refusal, and the visit gives one more, but no third
async fn one_time_code(
    page: &Page,
    form: &Form,
    field: &str,
    visit: &mut Visit<'_>,
) -> Result<Page, Error> {
    let mut form = form.clone();
    let device = device::choose(page, &mut form, visit)?;
    form.set_secret(field, &visit.code(&Factor::Totp(device)).await?);
    post(form, visit).await?.go_on(visit)
}

async fn consent(page: &Page, form: &Form, visit: &mut Visit<'_>) -> Result<Page, Error> {
    let mut form = form.clone();
    // Without a button it would count as a yes, too; that is for the page to say.
    match form.press("accept") {
        true => visit.consent(form).await,
        false => Err(unknown(page)),
    }
}

fn unknown(page: &Page) -> Error {
    match page.status() {
        400.. if page.path().contains("/login-actions/") => page
            .unexpected("Keycloak does not know this login any more")
            .hint("are its cookies lost, between replicas for instance, or did the login take too long?"),
        400.. => page
            .unexpected("Keycloak refuses what the portal asks it for")
            .hint("are the realm, the portal's client and its return address right at Keycloak?"),
        _ if page.forms().is_empty() => page
            .unexpected("Keycloak shows a page without a form")
            .hint("it is a message for people, or the theme draws its forms by script"),
        _ => page.unexpected("Keycloak asks for something that this adapter does not know"),
    }
}

#[cfg(test)]
mod tests;
