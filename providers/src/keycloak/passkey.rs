//! WebAuthn: the caller's passkey signs, or another way is taken where the page offers one.

use doorward::passkey::{AssertionRequest, Binary, PasskeyError};
use doorward::{Error, ErrorKind, Factor, Form, Page, Visit};
use serde_json::{Map, Value};

use crate::keycloak::one_time_code;
use crate::keycloak::post::post;
use crate::keycloak::screen::Screen;

/// Signs the page's challenge, or takes another way
pub(super) async fn sign(page: &Page, form: &Form, visit: &mut Visit<'_>) -> Result<Page, Error> {
    let wants_code = visit.pick(&[PASSKEY, CODE]).is_ok_and(|picked| picked == 1);
    let assertion = match visit.passkey().filter(|_| !wants_code) {
        None => return another_way(page, visit).await,
        Some(passkey) => request(page).and_then(|request| passkey.assert(&request)),
    };
    let assertion = match assertion {
        Ok(assertion) => assertion,
        // It may be enrolled elsewhere only.
        Err(_) if visit.pick(&[CODE]).is_ok() && has_another_way(page) => {
            return another_way(page, visit).await;
        }
        Err(error) => {
            let error = Error::from(error);
            return Err(match error.kind() {
                ErrorKind::Config => no_way(page).because(error),
                _ => error.at("page", page.path()),
            });
        }
    };
    let mut form = form.clone();
    let user_handle = assertion.user_handle().map(Binary::to_base64url);
    for (name, value) in [
        (
            "clientDataJSON",
            assertion.client_data_json().to_base64url(),
        ),
        (
            "authenticatorData",
            assertion.authenticator_data().to_base64url(),
        ),
        ("credentialId", assertion.credential_id().to_base64url()),
        ("userHandle", user_handle.unwrap_or_default()),
    ] {
        form.set(name, &value);
    }
    form.set_secret("signature", assertion.signature_base64url());
    post(form, visit).await?.go_on(visit)
}

/// Whether a page that asks for a code should be left for one that asks for the passkey
pub(super) fn is_better(page: &Page, visit: &Visit<'_>) -> bool {
    let picked = visit.pick(&[CODE, PASSKEY]);
    picked.is_ok_and(|picked| picked == 1) && has_another_way(page)
}

/// One of several ways to sign in: the caller's, or the only one besides that which the page is about
pub(super) fn method(page: &Page, visit: &Visit<'_>) -> Result<Form, Error> {
    let methods = methods(page);
    let labels: Vec<&str> = methods.iter().map(|(label, _)| label.as_str()).collect();
    let current = |form: &Form| {
        form.query("execution")
            .zip(form.value(METHOD).map(str::to_owned))
    };
    let mut others = methods
        .iter()
        .filter(|(_, form)| current(form).is_none_or(|(shown, offered)| shown != offered));
    let chosen = match (visit.choose(&labels), others.next(), others.next()) {
        (Ok(chosen), _, _) => methods.get(chosen).map(|(_, form)| form),
        (Err(_), None, _) => None,
        (Err(_), Some((_, only)), None) => Some(only),
        (Err(error), _, _) => return Err(error),
    };
    chosen.cloned().ok_or_else(|| no_way(page))
}

pub(super) fn refused(page: &Page) -> Error {
    Error::rejected("Keycloak refused the passkey")
        .at("page", page.path())
        .hint("is it enrolled for this account?")
}

/// Leaves the page for the other way that it offers
pub(super) async fn another_way(page: &Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
    let offered = offered(page, visit).await?;
    match Screen::of(&offered) {
        Some(Screen::Passkey(_)) if !asks_for_code(page) => Err(no_way(&offered)),
        // At once: the caller's order of preference has had its turn.
        Some(Screen::OneTimeCode(form, field)) => one_time_code(&offered, form, field, visit).await,
        _ => Ok(offered),
    }
}

/// The page behind "try another way", and behind the list that this may lead to
async fn offered(page: &Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
    let form = page.form_with(ANOTHER_WAY).cloned();
    let list = visit.submit(form.ok_or_else(|| no_way(page))?).await?;
    match Screen::of(&list) {
        Some(Screen::Methods) => {
            let chosen = method(&list, visit)?;
            visit.submit(chosen).await
        }
        _ => Ok(list),
    }
}

fn asks_for_code(page: &Page) -> bool {
    matches!(Screen::of(page), Some(Screen::OneTimeCode(..)))
}

fn has_another_way(page: &Page) -> bool {
    page.form_with(ANOTHER_WAY).is_some()
}

fn no_way(page: &Page) -> Error {
    Error::unsupported("Keycloak asks for a passkey, and offers no other way that can be answered")
        .at("page", page.path())
        .hint("give DOORWARD_PASSKEY or --passkey-file, or enrol an authenticator app")
}

/// The methods of a list with their labels, as forms that are ready to be sent
///
/// Seen in three shapes: a form for each with a hidden value, one form with a button for each, one form that a script fills in.
fn methods(page: &Page) -> Vec<(String, Form)> {
    let mut methods = Vec::new();
    for form in page.forms().iter().filter(|form| form.has(METHOD)) {
        let buttons = form.buttons().filter(|button| button.name == METHOD);
        let buttons: Vec<(String, String)> = buttons
            .map(|button| (button.text.to_owned(), button.value.to_owned()))
            .collect();
        let hidden = form.value(METHOD).filter(|id| is_id(id));
        for (text, value) in &buttons {
            let mut form = form.clone();
            if form.press(value) {
                methods.push((text.clone(), form));
            }
        }
        match hidden {
            Some(id) => methods.push((label(page, id), form.clone())),
            None if buttons.is_empty() => methods.extend(scripted(page, form)),
            None => {}
        }
    }
    methods
}

/// What stands beside a form with that value: its heading, or else all of it
fn label(page: &Page, id: &str) -> String {
    let beside = format!("form:has([name=\"{METHOD}\"][value=\"{id}\"]) ~ *");
    let heading = page.text_of(&format!("{beside} :is(h1, h2, h3, h4)"));
    heading
        .or_else(|| page.text_of(&beside))
        .unwrap_or_default()
}

/// 15 to 25: `onclick="fillAndSubmit('ID')"`
fn scripted(page: &Page, form: &Form) -> Vec<(String, Form)> {
    let mut methods = Vec::new();
    for number in 1..=MOST_METHODS {
        let css = format!("[onclick^=\"fillAndSubmit\"]:nth-of-type({number})");
        let script = page.attribute(&css, "onclick").unwrap_or_default();
        let id = script.split(['\'', '"']).nth(1).filter(|id| is_id(id));
        let Some(id) = id else {
            break;
        };
        let mut form = form.clone();
        form.set(METHOD, id);
        methods.push((page.text_of(&css).unwrap_or_default(), form));
    }
    methods
}

fn is_id(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !text.is_empty() && text.len() <= 64 && text.chars().all(is_letter)
}

/// What is to be signed, for the origin of `page`: its script has the options, by the standard's names in every version
fn request(page: &Page) -> Result<AssertionRequest, PasskeyError> {
    let told = |name| {
        page.script_texts()
            .find_map(|(found, text)| (found == name).then_some(text))
    };
    let names = ["challenge", "rpId", "userVerification"];
    let options: Map<String, Value> = names
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), told(name)?.into())))
        .collect();
    let options = Value::Object(options).to_string();
    let mut request = AssertionRequest::parse(page.url(), options.as_bytes())?;
    for number in 1..=MOST_METHODS {
        let css = format!("input[name=authn_use_chk]:nth-of-type({number})");
        let Some(id) = page.attribute(&css, "value") else {
            break;
        };
        let id = Binary::from_base64url(&id).map_err(|_| PasskeyError::Field("authn_use_chk"))?;
        request = request.allow(id);
    }
    Ok(request)
}

const METHOD: &str = "authenticationExecution";

const ANOTHER_WAY: &str = "tryAnotherWay";

const PASSKEY: Factor = Factor::Webauthn(None);

const CODE: Factor = Factor::Totp(None);

/// Each one is looked for in the page anew
const MOST_METHODS: usize = 20;

#[cfg(test)]
mod tests;
