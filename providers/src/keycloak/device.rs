//! Which of several authenticator apps a code is of.

use doorward::{Error, Form, Page, Visit};

/// Chooses the caller's device in the form; gives its label where there are several
///
/// # Errors
///
/// [`Config`](doorward::ErrorKind::Config), listing the labels, if the caller chose none of them.
pub(super) fn choose(
    page: &Page,
    form: &mut Form,
    visit: &Visit<'_>,
) -> Result<Option<String>, Error> {
    let devices = match radios(form) {
        radios if radios.is_empty() => tiles(page),
        radios => radios,
    };
    if devices.len() < 2 {
        return Ok(None);
    }
    let labels: Vec<&str> = devices.iter().map(|(_, label)| label.as_str()).collect();
    let chosen = visit.choose(&labels)?;
    let Some((id, label)) = devices.into_iter().nth(chosen) else {
        return Ok(None);
    };
    form.set(FIELD, &id);
    Ok(Some(label))
}

/// Up to 25, and in themes made for it: one radio button for each
fn radios(form: &Form) -> Vec<(String, String)> {
    let choices = form.choices(FIELD);
    let devices = choices.map(|choice| {
        let label = choice.label.unwrap_or_default();
        (choice.value.to_owned(), label.to_owned())
    });
    devices.collect()
}

/// From 26 on: tiles whose script puts the device's id, `toggleOTP(1, 'ID')`, into a hidden field
fn tiles(page: &Page) -> Vec<(String, String)> {
    let mut devices = Vec::new();
    for number in 0..MOST_DEVICES {
        let css = format!("[id=kc-otp-credential-{number}]");
        let id = page
            .attribute(&css, "onclick")
            .and_then(|script| last_quoted(&script));
        let Some(id) = id else {
            break;
        };
        devices.push((id, page.text_of(&css).unwrap_or_default()));
    }
    devices
}

fn last_quoted(script: &str) -> Option<String> {
    let end = script.rfind(['\'', '"'])?;
    let quote = script.get(end..)?.chars().next()?;
    let (_, id) = script.get(..end)?.rsplit_once(quote)?;
    (!id.is_empty()).then(|| id.to_owned())
}

const FIELD: &str = "selectedCredentialId";

/// Each one is looked for in the page anew
const MOST_DEVICES: usize = 20;

#[cfg(test)]
mod tests {
    use doorward::Page;

    use super::{last_quoted, radios, tiles};

    #[test]
    fn devices_are_found_in_both_shapes() {
        let page = |html: &str| {
            Page::html("https://kc.test/realms/r/login-actions/authenticate", html).unwrap()
        };
        let wanted = [("id-1", "phone"), ("id-2", "ci")]
            .map(|(id, label)| (id.to_owned(), label.to_owned()));

        let new = page(
            r#"<form method="post"><input type="hidden" name="selectedCredentialId" value="id-1">
            <div id="kc-otp-credential-0" onclick="toggleOTP(0, 'id-1')"><i></i><span>phone</span></div>
            <div id="kc-otp-credential-1" onclick="toggleOTP(1, &#39;id-2&#39;)"><span> ci </span></div><input name="otp">"#,
        );
        assert_eq!(tiles(&new), wanted);
        assert!(radios(&new.forms()[0]).is_empty());

        let old = page(
            r#"<form method="post"><input id="a" type="radio" name="selectedCredentialId" value="id-1" checked><label for="a">phone</label>
            <input id="b" type="radio" name="selectedCredentialId" value="id-2"><label for="b">ci</label><input name="otp">"#,
        );
        assert_eq!(radios(&old.forms()[0]), wanted);
    }

    #[test]
    fn a_script_without_an_id_gives_none() {
        for script in ["", "'", "toggleOTP(1)", "toggleOTP(1, '')"] {
            assert_eq!(last_quoted(script), None, "{script}");
        }
    }
}
