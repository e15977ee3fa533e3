//! From an element to the control that it is.
//!
//! Source: <https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#constructing-entry-list>

use scraper::ElementRef;

use crate::page::control::{BodyEncoding, Choosable, Control, State, Submitter, Value};
use crate::page::document::{Reader, ancestors, attribute, is, line, text};
use crate::redact;

/// The control that an element is, if it is one
pub(super) fn read<'a>(reader: &Reader<'a>, element: ElementRef<'a>) -> Option<Control> {
    let name = CONTROLS.into_iter().find(|name| is(element, name))?;
    // Suggestions for another field, never sent.
    if ancestors(element).any(|ancestor| is(ancestor, "datalist")) {
        return None;
    }
    let (kind, state) = match name {
        "select" => ("select", select(element)),
        "textarea" => {
            let value = Value::plain(element.text().collect::<String>());
            ("textarea", State::Value(value))
        }
        "button" => button(reader, element),
        _ => input(reader, element),
    };
    Some(Control {
        name: attribute(element, "name").unwrap_or_default().to_owned(),
        id: attribute(element, "id").map(str::to_owned),
        kind,
        label: (kind != "hidden").then(|| reader.label(element)).flatten(),
        disabled: is_disabled(element),
        concealed: is_concealed(element),
        state,
    })
}

fn input(reader: &Reader<'_>, element: ElementRef<'_>) -> (&'static str, State) {
    let wanted = attribute(element, "type").unwrap_or_default();
    let kind = INPUTS
        .into_iter()
        .find(|kind| wanted.eq_ignore_ascii_case(kind))
        .unwrap_or("text");
    let value = attribute(element, "value");
    let state = match kind {
        "checkbox" | "radio" => State::Tick {
            value: Value::plain(value.unwrap_or("on")),
            checked: attribute(element, "checked").is_some(),
        },
        "submit" => submitter(reader, element, value.unwrap_or_default()),
        "image" => submitter(
            reader,
            element,
            attribute(element, "alt").unwrap_or_default(),
        ),
        "button" | "reset" => State::Inert,
        // Its value is a file's name, and no page can set that.
        "file" => State::Value(Value::plain("")),
        _ => State::Value(Value::plain(sanitized(kind, value.unwrap_or_default()))),
    };
    (kind, state)
}

/// The value as a browser's field would hold it
///
/// Source: <https://html.spec.whatwg.org/multipage/input.html#value-sanitization-algorithm>
fn sanitized(kind: &str, value: &str) -> String {
    match kind {
        "text" | "search" | "tel" | "password" => value.replace(['\r', '\n'], ""),
        "url" | "email" => {
            let line = value.replace(['\r', '\n'], "");
            line.trim_matches(|c: char| c.is_ascii_whitespace())
                .to_owned()
        }
        _ => value.to_owned(),
    }
}

fn button(reader: &Reader<'_>, element: ElementRef<'_>) -> (&'static str, State) {
    let kind = attribute(element, "type").unwrap_or_default();
    if kind.eq_ignore_ascii_case("button") {
        return ("button", State::Inert);
    }
    if kind.eq_ignore_ascii_case("reset") {
        return ("reset", State::Inert);
    }
    ("submit", submitter(reader, element, &line(element)))
}

/// A submit button with what stands on it
fn submitter(reader: &Reader<'_>, element: ElementRef<'_>, text: &str) -> State {
    let method = attribute(element, "formmethod");
    let action = match attribute(element, "formaction").map(|action| reader.action(action)) {
        // No browser submits to an address that is none.
        Some(None) => return State::Inert,
        action => action.flatten(),
    };
    if method.is_some_and(|method| method.eq_ignore_ascii_case("dialog")) {
        return State::Inert;
    }
    State::Button(Box::new(Submitter {
        value: attribute(element, "value").unwrap_or_default().to_owned(),
        text: redact::one_line(text),
        action,
        post: method.map(|method| method.eq_ignore_ascii_case("post")),
        encoding: attribute(element, "formenctype").map(BodyEncoding::parse),
    }))
}

fn select(element: ElementRef<'_>) -> State {
    let multiple = attribute(element, "multiple").is_some();
    let nodes = element.descendants().filter_map(ElementRef::wrap);
    let mut options: Vec<_> = nodes
        .filter(|node| is(*node, "option"))
        .map(option)
        .collect();
    if !multiple {
        let last = options.iter().rposition(|option| option.selected);
        let is_menu = attribute(element, "size")
            .and_then(|size| size.trim().parse().ok())
            .is_none_or(|size: u32| size <= 1);
        // A menu always shows one of its options.
        let shown = last.or_else(|| {
            let first = options.iter().position(|option| !option.disabled);
            first.filter(|_| is_menu)
        });
        for (i, option) in options.iter_mut().enumerate() {
            option.selected = Some(i) == shown;
        }
    }
    State::Select { options, multiple }
}

fn option(element: ElementRef<'_>) -> Choosable {
    let in_disabled_group = ancestors(element)
        .take_while(|ancestor| !is(*ancestor, "select"))
        .any(|ancestor| is(ancestor, "optgroup") && attribute(ancestor, "disabled").is_some());
    Choosable {
        value: match attribute(element, "value") {
            Some(value) => Value::plain(value),
            None => Value::plain(text(element, OPTION, usize::MAX)),
        },
        label: match attribute(element, "label").filter(|label| !label.is_empty()) {
            Some(label) => redact::one_line(label),
            None => line(element),
        },
        selected: attribute(element, "selected").is_some(),
        disabled: attribute(element, "disabled").is_some() || in_disabled_group,
    }
}

/// Source: <https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#concept-fe-disabled>
fn is_disabled(element: ElementRef<'_>) -> bool {
    let mut inner = element;
    attribute(element, "disabled").is_some()
        || ancestors(element).any(|ancestor| {
            let child = std::mem::replace(&mut inner, ancestor);
            is(ancestor, "fieldset")
                && attribute(ancestor, "disabled").is_some()
                && !is_first_legend(child)
        })
}

fn is_first_legend(element: ElementRef<'_>) -> bool {
    let mut before = element.prev_siblings().filter_map(ElementRef::wrap);
    is(element, "legend") && !before.any(|sibling| is(sibling, "legend"))
}

/// Whether the element itself says that it is not to be seen; rules in style sheets are not read
fn is_concealed(element: ElementRef<'_>) -> bool {
    let style = attribute(element, "style").unwrap_or_default();
    let style = style
        .replace(|c: char| c.is_ascii_whitespace(), "")
        .to_ascii_lowercase();
    attribute(element, "hidden").is_some()
        || style.contains("display:none")
        || style.contains("visibility:hidden")
}

const CONTROLS: [&str; 4] = ["input", "button", "select", "textarea"];

const INPUTS: [&str; 22] = [
    "hidden",
    "text",
    "search",
    "tel",
    "url",
    "email",
    "password",
    "date",
    "month",
    "week",
    "time",
    "datetime-local",
    "number",
    "range",
    "color",
    "checkbox",
    "radio",
    "file",
    "submit",
    "image",
    "reset",
    "button",
];

/// How long a value may be that is an option's text
const OPTION: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use crate::Page;
    use crate::page::encode::sent;

    fn sends(html: &str) -> Vec<String> {
        let page = Page::html("https://idp.example/login", html).unwrap();
        sent(&page.forms()[0])
    }

    #[test]
    fn fields_are_sent_in_tree_order() {
        let form = "<form id=f><input name=b value=1><div><input name=a value=2></div></form><input name=c form=f>";
        assert_eq!(sends(form), ["b=1", "a=2", "c="]);
    }

    #[test]
    fn what_has_no_name_stays() {
        let form = "<form><input value=1><input name='' value=2><select><option>x</select><textarea name>x</textarea>";
        assert_eq!(sends(form), [""; 0]);
    }

    #[test]
    fn what_is_disabled_stays() {
        let form = "<form><input name=a disabled><select name=b disabled><option>x</select>
            <fieldset disabled><legend><input name=c></legend><legend><input name=d></legend><div><input name=e></div></fieldset>
            <fieldset disabled><div><fieldset><legend><input name=f></legend></fieldset></div></fieldset>
            <fieldset disabled><legend><fieldset disabled><input name=g></fieldset></legend></fieldset>";
        assert_eq!(sends(form), ["c="]);
    }

    #[test]
    fn what_is_unchecked_stays() {
        let form = "<form><input type=checkbox name=a><input type=CHECKBOX name=b checked><input type=radio name=c value=1><input type=radio name=c value=2 checked=false>";
        assert_eq!(sends(form), ["b=on", "c=2"]);
    }

    #[test]
    fn buttons_stay_until_pressed() {
        let form = "<form><input type=submit name=a><button name=b value=1>x</button><input type=image name=c><input type=button name=d><input type=reset name=e>";
        assert_eq!(sends(form), [""; 0]);
    }

    #[test]
    fn suggestions_stay() {
        let form = "<form><input name=a list=l><datalist id=l><select name=b><option>x</select></datalist>";
        assert_eq!(sends(form), ["a="]);
    }

    #[test]
    fn a_menu_sends_its_first_option() {
        assert_eq!(
            sends("<form><select name=a><option disabled>x<option>  y  z </select>"),
            ["a=y z"]
        );
        assert_eq!(
            sends(
                "<form><select name=a><optgroup disabled><option>x</optgroup><option value=''>y</select>"
            ),
            ["a="]
        );
        assert_eq!(
            sends("<form><select name=a><option>x<option selected>y<option selected>z</select>"),
            ["a=z"]
        );
        assert_eq!(
            sends("<form><select name=a><option selected disabled>x<option>y</select>"),
            [""; 0]
        );
        assert_eq!(
            sends("<form><select name=a size=4><option>x</select>"),
            [""; 0]
        );
        assert_eq!(sends("<form><select name=a></select>"), [""; 0]);
    }

    #[test]
    fn a_list_sends_all_that_is_selected() {
        let form = "<form><select name=a multiple><option selected>x<option>y<option selected value=3>z</select>";
        assert_eq!(sends(form), ["a=x", "a=3"]);
    }

    #[test]
    fn values_are_decoded_once() {
        let form = "<form><input name=a value='&#x2B;&#x3d;&amp;amp;&lt;é'><input name=b value=a&b=c&copy=1>";
        assert_eq!(sends(form), ["a=+=&amp;<é", "b=a&b=c&copy=1"]);
    }

    #[test]
    fn line_ends_leave_one_line_fields() {
        let form = "<form><input name=a value='1\n2'><input type=email name=b value=' a@b\n '><input type=hidden name=c value='1\n2'>";
        assert_eq!(sends(form), ["a=12", "b=a@b", "c=1\r\n2"]);
    }

    #[test]
    fn a_text_area_loses_its_first_line_end() {
        assert_eq!(
            sends("<form><textarea name=a>\n<b>&amp;</textarea>"),
            ["a=<b>&"]
        );
    }

    #[test]
    fn a_missing_value_is_empty() {
        assert_eq!(
            sends("<form><input type=hidden name=credentialId><input type=range name=r>"),
            ["credentialId=", "r="]
        );
    }
}
