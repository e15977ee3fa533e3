//! What a page is made of, in one line, for a message about a page that nobody knows.

use serde_json::Value;

use crate::page::Page;
use crate::page::control::Control;
use crate::page::form::Form;
use crate::redact;

/// Names and kinds only: no text and no value of the page
pub(super) fn of(page: &Page) -> String {
    let parts = match (page.json(), page.forms()) {
        (Some(json), _) => vec![keys(json)],
        (None, []) => vec!["no form".to_owned()],
        (None, [form]) => vec![format!("1 form: {}", shape(form))],
        (None, forms) => {
            let shown = forms.iter().take(FORMS).map(shape).collect::<Vec<_>>();
            let more = if forms.len() > FORMS { "; …" } else { "" };
            vec![format!("{} forms: {}{more}", forms.len(), shown.join("; "))]
        }
    };
    let counts = [
        (page.links().len(), "link"),
        (page.scripts().len(), "script"),
    ];
    let counts = counts
        .iter()
        .filter(|(count, _)| *count > 0 && page.forms().is_empty());
    let counts = counts.map(|(count, name)| match count {
        1 => format!("1 {name}"),
        _ => format!("{count} {name}s"),
    });
    redact::one_line(
        &parts
            .into_iter()
            .chain(counts)
            .collect::<Vec<_>>()
            .join(", "),
    )
}

fn shape(form: &Form) -> String {
    let method = if form.post { "POST" } else { "GET" };
    let named = form
        .controls
        .iter()
        .filter(|control| !control.name.is_empty());
    let mut fields: Vec<_> = named.clone().take(FIELDS).map(field).collect();
    if named.count() > FIELDS {
        fields.push("…".to_owned());
    }
    format!(
        "{method} {} ({})",
        redact::path(form.action.path()),
        fields.join(", ")
    )
}

fn field(control: &Control) -> String {
    let name = name(&control.name);
    let disabled = if control.disabled { " disabled" } else { "" };
    match control.is_button() {
        true => format!("button {name}{disabled}"),
        false => format!("{name}:{}{disabled}", control.kind),
    }
}

fn keys(json: &Value) -> String {
    match json {
        Value::Object(object) => {
            let mut keys: Vec<_> = object.keys().take(FIELDS).map(|key| name(key)).collect();
            if object.len() > FIELDS {
                keys.push("…".to_owned());
            }
            format!("JSON object ({})", keys.join(", "))
        }
        Value::Array(_) => "JSON array".to_owned(),
        _ => "JSON value".to_owned(),
    }
}

/// A name made by a program may be a token
fn name(name: &str) -> String {
    match name.chars().count() {
        length if length > NAME => format!("({length} characters)"),
        _ => redact::one_line(name),
    }
}

const FORMS: usize = 3;

const FIELDS: usize = 12;

const NAME: usize = 36;

#[cfg(test)]
mod tests {
    use crate::Page;

    fn structure(html: &str) -> String {
        Page::html("https://idp.example/login?code=canary", html)
            .unwrap()
            .structure()
    }

    #[test]
    fn a_form_is_shown_by_names_and_kinds() {
        assert_eq!(
            structure(
                "<h1>canary</h1><form method=post><input name=username><input name=password type=password>
                 <input type=hidden name=_csrf value=canary><input value=canary><select name=s disabled></select><button name=login>canary</button>"
            ),
            "1 form: POST /login (username:text, password:password, _csrf:hidden, s:select disabled, button login)"
        );
    }

    #[test]
    fn several_forms_are_shown() {
        assert_eq!(
            structure(&"<form action=/a/b;c?d></form>".repeat(5)),
            "5 forms: GET /a/b (); GET /a/b (); GET /a/b (); …"
        );
    }

    #[test]
    fn a_page_without_a_form_is_counted() {
        assert_eq!(
            structure("<a href=/x>x</a><a href=/y>y</a><script>1</script>"),
            "no form, 2 links, 1 script"
        );
        assert_eq!(structure(""), "no form");
    }

    #[test]
    fn json_is_shown_by_its_keys() {
        let json = |body: &str| {
            let headers = [("content-type", "application/json")];
            Page::response("https://idp.example/", 200, &headers, body)
                .unwrap()
                .structure()
        };
        assert_eq!(
            json(r#"{"errorCode": "canary", "errorSummary": "canary"}"#),
            "JSON object (errorCode, errorSummary)"
        );
        assert_eq!(json("[1]"), "JSON array");
        assert_eq!(json("1"), "JSON value");
    }

    #[test]
    fn a_structure_is_one_short_line() {
        let fields: String = (0..200)
            .map(|n| format!("<input name='a\n::b{n}'>"))
            .collect();
        let long = structure(&format!("<form>{fields}<input name={}>", "x".repeat(50)));

        assert!(
            long.chars().count() <= 302 && !long.contains('\n') && !long.contains("::"),
            "{long}"
        );
    }

    #[test]
    fn a_long_name_is_not_shown() {
        let name = "x".repeat(50);
        assert_eq!(
            structure(&format!("<form><input name={name}>")),
            "1 form: GET /login ((50 characters):text)"
        );
    }
}
