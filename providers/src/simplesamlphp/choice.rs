//! What the caller has to choose: a source of accounts, a provider, an organisation.

use doorward::page::Button;
use doorward::{Error, Form, Page, Visit};

/// `src-…` or `sourceChoice[…]` of the module multiauth, `idp_…` of the discovery page
pub(super) fn is_choice(button: &Button<'_>) -> bool {
    let known = ["src-", "sourceChoice[", "idp_"];
    known.iter().any(|start| button.name.starts_with(start))
}

/// Presses the button that the caller chose by `--login-option`
pub(super) async fn choose(form: &Form, visit: &mut Visit<'_>) -> Result<Page, Error> {
    let buttons = form.buttons().filter(is_choice).collect();
    // The buttons of the discovery page all say the same.
    let chosen = visit.choose_one(buttons, |button| {
        let provider = button.name.strip_prefix("idp_");
        (provider.unwrap_or(button.text), button.name)
    })?;
    let mut pressed = form.clone();
    pressed.press(chosen.name);
    visit.submit(pressed).await
}

/// An account is one of an organisation, and the first of the list is rarely right
pub(super) async fn in_organization(page: &Page, visit: &mut Visit<'_>) -> Result<Page, Error> {
    let mut form = page.expect_form_with("organization")?;
    let choices = form.choices("organization");
    let known = choices.map(|choice| {
        (
            choice.value.to_owned(),
            choice.label.unwrap_or(choice.value).to_owned(),
        )
    });
    let (values, labels): (Vec<String>, Vec<String>) = known.unzip();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    if labels.len() > 1 {
        let chosen = visit.choose(&labels)?;
        form.check(
            "organization",
            values.get(chosen).map_or("", String::as_str),
        );
    }
    form.set("username", visit.username());
    form.set_secret("password", &visit.password().await?);
    visit.submit(form).await
}
