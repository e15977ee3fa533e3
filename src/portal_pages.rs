//! The portal's own pages that are no login: the chooser, the terms of use, and the refusals.

use async_trait::async_trait;

use crate::page::{Form, PageKind};
use crate::visit::Decision;
use crate::{Error, IdpAdapter, Page, Recognition, Visit};

/// Answers the portal's own pages, and turns its refusals into errors
///
/// OpenUnison says most things with status 200, and forwards some pages without changing the URL: forms are told by
/// their fields, refusals by their path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PortalPages;

#[async_trait]
impl IdpAdapter for PortalPages {
    fn name(&self) -> &'static str {
        "portal"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        match PortalPage::of(page) {
            // These could as well be a login page that draws itself by script: adapters are asked first.
            Some(PortalPage::Refusal(
                Refusal::Empty | Refusal::Forbidden | Refusal::Message | Refusal::NotFound,
            )) => Recognition::Possible("a page without a form at the portal"),
            Some(_) => Recognition::Certain("a page of the portal's own"),
            None => Recognition::No,
        }
    }

    async fn sign_in(&self, page: Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
        match PortalPage::of(&page) {
            Some(PortalPage::Chooser(form)) => choose(form, visit).await,
            Some(PortalPage::Terms(form)) => accept(&page, form, visit).await,
            Some(PortalPage::Refusal(refusal)) => Err(refused(&page, refusal, visit)),
            None => {
                Err(Error::unexpected_page("this is no page of the portal's")
                    .at("path", page.path()))
            }
        }
    }
}

enum PortalPage {
    /// Several ways to log in
    Chooser(Form),
    /// Terms of use
    Terms(Form),
    /// The end of the way
    Refusal(Refusal),
}

#[derive(Clone, Copy)]
enum Refusal {
    Empty,
    Failed,
    LoggedOut,
    LostLogin,
    NotFound,
    ServerError,
    Forbidden,
    Message,
}

impl PortalPage {
    fn of(page: &Page) -> Option<Self> {
        let refusal = match (page.status(), page.url().path()) {
            (_, "/auth/forms/defaultFailedLogin.jsp") => Some(Refusal::Failed),
            (_, "/auth/forms/logout.jsp" | "/logout") => Some(Refusal::LoggedOut),
            (_, "/auth/forms/resetChain.jsp") => Some(Refusal::LostLogin),
            (404, _) => Some(Refusal::NotFound),
            (401 | 403, _) if page.forms().is_empty() => Some(Refusal::Forbidden),
            (200, _) if page.attribute("a#rerunlink", "href").is_some() => Some(Refusal::LostLogin),
            // Some exceptions are forwarded to the error page without a status of their own.
            (200, _)
                if page.forms().is_empty() && page.text_of("h1").as_deref() == Some("Error") =>
            {
                Some(Refusal::ServerError)
            }
            (200, _) if page.body().is_empty() => Some(Refusal::Empty),
            (200, _) if is_message(page) => Some(Refusal::Message),
            _ => None,
        };
        if let Some(refusal) = refusal {
            return Some(Self::Refusal(refusal));
        }
        let by_field = |name: &str| page.forms().iter().find(|form| form.has(name)).cloned();
        if let Some(form) = page
            .forms()
            .iter()
            .find(|form| form.value("acknowledge") == Some("yes"))
        {
            return Some(Self::Terms(form.clone()));
        }
        by_field("chain")
            .filter(|form| form.action().path().ends_with("/loginservice"))
            .map(Self::Chooser)
    }
}

/// HTML without a form, without a way on
fn is_message(page: &Page) -> bool {
    let is_html = page
        .header("content-type")
        .is_some_and(|value| value.starts_with("text/html"));
    is_html && page.forms().is_empty() && matches!(page.kind(), PageKind::Other)
}

async fn choose(mut form: Form, visit: &mut Visit<'_>) -> Result<Page, Error> {
    // The value is the label, or in newer portals its SHA-1, with the label beside it.
    let options: Vec<(String, String)> = form
        .choices("chain")
        .map(|choice| {
            (
                choice.label.unwrap_or(choice.value).to_owned(),
                choice.value.to_owned(),
            )
        })
        .collect();
    let labels: Vec<&str> = options.iter().map(|(label, _)| label.as_str()).collect();
    let chosen = visit.choose(&labels)?;
    let value = options
        .get(chosen)
        .map(|(_, value)| value.clone())
        .unwrap_or_default();
    form.check("chain", &value);
    visit.submit(form).await
}

async fn accept(page: &Page, form: Form, visit: &mut Visit<'_>) -> Result<Page, Error> {
    if !visit.allows(Decision::Terms) {
        return Err(
            Error::account_state("the portal asks to accept its terms of use")
                .at("path", page.path())
                .hint("read them in a browser, then add --accept-terms"),
        );
    }
    visit.submit(form).await
}

fn refused(page: &Page, refusal: Refusal, visit: &Visit<'_>) -> Error {
    let error = match (refusal, visit.signed_in()) {
        (Refusal::Failed, Some(_)) => Error::denied("signed in, but the portal refuses this user").hint(
            "the account may lack a group that the portal asks for; the portal's log says which rule refused it",
        ),
        (Refusal::Failed, None) => Error::portal("the portal refused the login before anybody signed in"),
        (Refusal::Forbidden, Some(_)) => Error::denied("signed in, but the portal forbids its token page"),
        (Refusal::Forbidden, None) => Error::portal("the portal forbids its token page, and offers no login"),
        (Refusal::Message, Some(_)) => Error::denied("signed in, but the portal shows a page in place of a token")
            .hint("open the portal in a browser with the same account to read the page"),
        (Refusal::Message, None) => Error::portal("the portal shows a page in place of a login or a token")
            .hint("is this the URL of a token document? OpenUnison's ends in /k8stoken/token/user"),
        (Refusal::LoggedOut, _) => Error::portal("the portal logs out in place of giving a token").hint(
            "portals with `dashboard.require_session: true` do so, since their own login makes no session",
        ),
        (Refusal::LostLogin, _) => Error::portal("the portal lost the login under way")
            .hint("with several replicas the portal needs session affinity; another try may reach the right one"),
        (Refusal::NotFound, _) => Error::portal("the portal has no such page")
            .hint("is the portal's URL right? OpenUnison's token document is at /k8stoken/token/user"),
        (Refusal::ServerError, _) => Error::unavailable("the portal shows its error page; its log says more"),
        (Refusal::Empty, _) => Error::portal("the portal's answer is empty"),
    };
    let error = error
        .at("path", page.path())
        .at("status", page.status().to_string());
    match visit.refusal() {
        Some(said) => error.at("provider_said", said),
        None => error,
    }
}
