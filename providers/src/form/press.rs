//! The buttons of a form: which one goes on, which one consents, which one turns back.

use doorward::Form;
use doorward::page::Button;

/// Presses what the Enter key would: the first button, but none that turns back
///
/// Some servers look for the button's name, and a form with several may have the refusal first.
pub(super) fn press_default(form: &mut Form) {
    press_first(form, |button| !words_of(button).any(turns_back));
}

/// Presses the button that consents, where it has a name
pub(super) fn press_consent(form: &mut Form) {
    if !press_first(form, |button| words_of(button).any(consents)) {
        press_default(form);
    }
}

/// Presses the first button that fits; `false` if there is none
fn press_first(form: &mut Form, fits: impl Fn(&Button<'_>) -> bool) -> bool {
    let found = form.buttons().find(fits);
    let found = found.map(|button| [button.name, button.value].map(str::to_owned));
    let Some([name, value]) = found else {
        return false;
    };
    if !name.is_empty() && form.press(&name) && form.value(&name) != Some(value.as_str()) {
        // Several buttons have this name, and the values differ.
        form.press(&value);
    }
    true
}

/// Whether a button says that it gives consent
pub(super) fn gives_consent(button: &Button<'_>) -> bool {
    words_of(button).any(consents)
}

/// The words of what a server reads, in lower case; a nameless button's value is text for people
fn words_of(button: &Button<'_>) -> impl Iterator<Item = String> {
    let value = if button.name.is_empty() {
        ""
    } else {
        button.value
    };
    let text = [button.name, button.id.unwrap_or_default(), value].join(" ");
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<String> = words.map(str::to_ascii_lowercase).collect();
    words.into_iter().filter(|word| !word.is_empty())
}

fn consents(word: String) -> bool {
    ACCEPTS.iter().any(|known| word.starts_with(known))
}

fn turns_back(word: String) -> bool {
    word == "no" || word == "nobutton" || REFUSALS.iter().any(|known| word.starts_with(known))
}

const ACCEPTS: [&str; 8] = [
    "accept", "agree", "allow", "approve", "authori", "consent", "grant", "yes",
];

const REFUSALS: [&str; 13] = [
    "back", "cancel", "decline", "deny", "disagree", "forgot", "logout", "refuse", "register",
    "reject", "resend", "reset", "signup",
];

#[cfg(test)]
mod tests {
    use doorward::{Form, Page};

    use super::{press_consent, press_default};

    #[test]
    fn the_button_that_turns_back_is_never_pressed() {
        let pressed = |html: &str, press: fn(&mut Form)| {
            let html = format!("<form method=post>{html}</form>");
            let page = Page::html("https://idp.test/login", &html).unwrap();
            let mut form = page.forms()[0].clone();
            press(&mut form);
            (
                form.value("a").map(str::to_owned),
                form.value("b").map(str::to_owned),
            )
        };
        let some = |text: &str| Some(text.to_owned());

        let two = "<button name=a value=cancel></button><button name=b value=go></button>";
        assert_eq!(pressed(two, press_default), (None, some("go")));
        let same = "<button name=a value=deny></button><button name=a value=allow></button>";
        assert_eq!(pressed(same, press_default), (some("allow"), None));
        assert_eq!(pressed(same, press_consent), (some("allow"), None));
        let nameless = "<button>Log in</button><button name=b value=help></button>";
        assert_eq!(pressed(nameless, press_default), (None, None));
        let only = "<button name=b value=cancel></button>";
        assert_eq!(pressed(only, press_default), (None, None));
    }
}
