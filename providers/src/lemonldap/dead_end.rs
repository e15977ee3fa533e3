//! Pages of LemonLDAP::NG that end a login, though nothing on them has a number.

use doorward::{Error, Form, Page};

use super::{has_continue, target};

/// Pages that ask for what no field of theirs takes from us, or that only a person should answer
pub(super) fn unanswerable(page: &Page) -> Option<Error> {
    let asks_for = |what| Some(Error::unsupported(format!("LemonLDAP::NG asks for {what}")));
    let shows = |told| {
        let hint = "let a person sign in there in a browser and read it";
        Some(Error::account_state(format!("LemonLDAP::NG {told}")).hint(hint))
    };
    page.forms().iter().find_map(|form| match target(form) {
        "webauthn2fcheck" | "u2fcheck" => asks_for("a security key"),
        "password2fcheck" => asks_for("a second password"),
        "notifback" => shows("shows a message that must be accepted"),
        _ if is_refusal(page, form) => shows("does not let this account in here, and says why"),
        _ => None,
    })
}

/// Whether the page's message says that there is no session: its one button leads out of the login, to the first page
fn is_refusal(page: &Page, form: &Form) -> bool {
    let (here, to) = (page.url(), form.action());
    let is_above = target(form).is_empty() && here.path().starts_with(to.path());
    has_continue(page) && is_above && to.origin() == here.origin() && form.fields().next().is_none()
}
