//! Pages of LemonLDAP::NG that end a login, though nothing on them has a number.

use doorward::{Error, Form, Page};

/// Pages that ask for what no field of theirs takes from us
pub(super) fn unanswerable(page: &Page) -> Option<Error> {
    let goes_to = |end: &str| {
        let mut forms = page.forms().iter();
        forms.any(|form| form.action().path().ends_with(end))
    };
    if goes_to("/webauthn2fcheck") || goes_to("/u2fcheck") {
        return Some(Error::unsupported("LemonLDAP::NG asks for a security key"));
    }
    if goes_to("/password2fcheck") {
        return Some(Error::unsupported(
            "LemonLDAP::NG asks for a second password",
        ));
    }
    let is_message = goes_to("/notifback");
    let words = match (is_message, is_refusal(page)) {
        (true, _) => "LemonLDAP::NG shows a message that must be accepted",
        (false, true) => "LemonLDAP::NG does not let this account in here, and shows a message",
        (false, false) => return None,
    };
    Some(Error::account_state(words).hint("let a person sign in there in a browser and read it"))
}

/// Whether the page's message says that there is no session: its one button leads out of the login, to the first page
fn is_refusal(page: &Page) -> bool {
    let is_first_page = |form: &Form| {
        let to = form.action();
        let is_above = to.path().ends_with('/') && page.url().path().starts_with(to.path());
        to.origin() == page.url().origin() && is_above && form.fields().next().is_none()
    };
    says(page, "continue") && page.forms().iter().any(is_first_page)
}

/// Whether a button bears the text of that name
pub(super) fn says(page: &Page, text: &str) -> bool {
    page.attribute(&format!("button [trspan={text}]"), "trspan")
        .is_some()
}
