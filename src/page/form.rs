use std::fmt;

use encoding_rs::{Encoding, UTF_8};
use url::Url;

use crate::Secret;
use crate::page::control::{
    BodyEncoding, Button, Choice, Choosable, Control, Field, State, Submitter, Value,
};
use crate::page::query;
use crate::redact;

/// A form of a [`Page`](crate::Page), to be filled in and submitted
///
/// It holds what the server put into it, so that hidden fields and values go back as they came; fill in only what
/// a person would. What is sent follows the HTML standard: fields that are disabled, unchecked or without a name
/// stay behind, and of the buttons only the one that was pressed is sent.
///
/// ```
/// use doorward::{Page, Secret};
///
/// let page = Page::html(
///     "https://idp.example/login?flow=1",
///     "<form method=post action='check'>
///        <input type=hidden name=csrf value=a1>
///        <input name=user><input type=password name=password>
///        <button name=action value=login>Sign in</button>
///      </form>",
/// )?;
/// let mut form = page.expect_form_with("password")?;
/// form.set("user", "ci");
/// form.set_secret("password", &Secret::new("correct horse"));
/// assert!(form.press("action"));
///
/// assert!(form.is_post());
/// assert_eq!(form.action().as_str(), "https://idp.example/check");
/// assert_eq!(form.value("csrf"), Some("a1"));
/// assert_eq!(form.value("password"), None);
/// # Ok::<(), doorward::Error>(())
/// ```
///
/// Source: <https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#form-submission-algorithm>
#[derive(Clone)]
pub struct Form {
    pub(super) action: Url,
    pub(super) post: bool,
    pub(super) encoding: BodyEncoding,
    pub(super) charset: &'static Encoding,
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) controls: Vec<Control>,
    pressed: Option<Pressed>,
}

/// The button that submits the form: its place among the controls, and what it sends
#[derive(Clone)]
struct Pressed {
    index: usize,
    entries: Vec<(String, Value)>,
}

impl Form {
    /// An empty form of one's own making, to be posted to `url`
    pub fn post(url: &Url) -> Self {
        Self::new(url.clone(), true)
    }

    pub(super) fn new(action: Url, post: bool) -> Self {
        Self {
            action,
            post,
            encoding: BodyEncoding::default(),
            charset: UTF_8,
            id: None,
            name: None,
            controls: Vec::new(),
            pressed: None,
        }
    }

    /// Where the form goes: absolute, and of any scheme that the page names
    ///
    /// The pressed button may say otherwise than the form itself.
    pub fn action(&self) -> &Url {
        let button = self.pressed_button();
        let other = button.and_then(|button| button.action.as_ref());
        other.unwrap_or(&self.action)
    }

    /// The first parameter of that name in the address, decoded once
    pub fn query(&self, name: &str) -> Option<String> {
        query(self.action(), name)
    }

    /// Whether the fields go into the body of a `POST`; else they become the query of a `GET`
    pub fn is_post(&self) -> bool {
        let button = self.pressed_button();
        button.and_then(|button| button.post).unwrap_or(self.post)
    }

    /// The `id` attribute
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The `name` attribute
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The fields and submit buttons that have a name and are not disabled, in the order of the page
    pub fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        let usable = |control: &&Control| {
            let sends_nothing = matches!(control.state, State::Inert);
            !sends_nothing && !control.disabled && !control.name.is_empty()
        };
        self.controls.iter().filter(usable).map(|control| Field {
            name: &control.name,
            kind: control.kind,
            label: control.label.as_deref(),
            shown: control.kind != "hidden" && !control.concealed,
        })
    }

    /// Whether [`fields`](Self::fields) has one of that name
    pub fn has(&self, name: &str) -> bool {
        self.fields().any(|field| field.name == name)
    }

    /// The first value that would be sent under that name; never a secret's
    pub fn value(&self, name: &str) -> Option<&str> {
        self.entries()
            .into_iter()
            .find(|entry| entry.name == name)
            .and_then(|entry| entry.value.as_plain())
    }

    /// The submit buttons that can be pressed
    pub fn buttons(&self) -> impl Iterator<Item = Button<'_>> {
        self.controls.iter().filter_map(|control| {
            let button = control.button()?;
            Some(Button {
                name: &control.name,
                id: control.id.as_deref(),
                value: &button.value,
                text: &button.text,
            })
        })
    }

    /// What a person could choose for that name: its radio buttons, checkboxes or options
    pub fn choices(&self, name: &str) -> impl Iterator<Item = Choice<'_>> {
        let controls = self.controls.iter();
        let controls = controls.filter(move |control| control.is_named(name) && !control.disabled);
        controls.flat_map(Control::choices)
    }

    /// Fills in the first field of that name; adds a hidden one if there is none
    ///
    /// A field that was disabled is sent from then on. Of radio buttons, checkboxes and options, the one with that
    /// value is chosen.
    pub fn set(&mut self, name: &str, value: &str) {
        if !self.check(name, value) {
            self.put(name, Value::plain(value));
        }
    }

    /// Fills in a secret, which no error, log or `Debug` will show
    ///
    /// The session sends it only to an origin that may have it.
    pub fn set_secret(&mut self, name: &str, value: &Secret) {
        self.put(name, Value::Secret(value.clone()));
    }

    /// Adds a hidden field, also where there is one of that name
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        self.controls
            .push(Control::added(name, Value::plain(value)));
    }

    /// Chooses the radio button, checkbox or option with that value; `false` if there is none
    pub fn check(&mut self, name: &str, value: &str) -> bool {
        let mut groups = self.controls.iter().enumerate();
        let found = groups.find_map(|(index, control)| {
            let usable = control.is_named(name) && !control.disabled;
            usable.then(|| Some((index, choice_at(control, value)?)))?
        });
        let Some((index, chosen)) = found else {
            return false;
        };
        let is_radio = self.controls.get(index).is_some_and(|c| c.kind == "radio");
        for (i, control) in self.controls.iter_mut().enumerate() {
            let same_group = control.kind == "radio" && control.is_named(name);
            match &mut control.state {
                State::Tick { checked, .. } if i == index => *checked = true,
                State::Tick { checked, .. } if is_radio && same_group => *checked = false,
                State::Select { options, multiple } if i == index => {
                    for (n, option) in options.iter_mut().enumerate() {
                        option.selected = n == chosen || (*multiple && option.selected);
                    }
                }
                _ => {}
            }
        }
        true
    }

    /// Takes out all fields of that name; `false` if there is none
    pub fn remove(&mut self, name: &str) -> bool {
        let mut found = false;
        for control in &mut self.controls {
            if control.is_named(name) && !control.is_button() {
                control.disabled = true;
                found = true;
            }
        }
        found
    }

    /// Presses the submit button with that name, or that id, or that value; `false` if there is none
    ///
    /// Pressing another button lets go of the one before. A button that is disabled cannot be pressed.
    pub fn press(&mut self, button: &str) -> bool {
        let buttons = || {
            self.controls
                .iter()
                .enumerate()
                .filter(|(_, control)| control.button().is_some())
        };
        let found = buttons()
            .find(|(_, control)| control.is_named(button))
            .or_else(|| buttons().find(|(_, control)| control.id.as_deref() == Some(button)))
            .or_else(|| buttons().find(|(_, control)| has_value(control, button)));
        let pressed = found
            .filter(|_| !button.is_empty())
            .map(|(index, control)| Pressed {
                index,
                entries: entries_of_button(control),
            });
        let found = pressed.is_some();
        self.pressed = pressed.or_else(|| self.pressed.take());
        found
    }

    /// The secrets of what would be sent, each with the name of its field
    #[cfg(feature = "record")]
    pub(crate) fn secrets(&self) -> Vec<(String, Secret)> {
        let secret = |entry: Entry<'_>| match entry.value {
            Value::Secret(secret) => Some((entry.name.to_owned(), secret.clone())),
            _ => None,
        };
        self.entries().into_iter().filter_map(secret).collect()
    }

    /// Whether any of what would be sent is a secret
    pub(crate) fn has_secret(&self) -> bool {
        let is_secret = |entry: &Entry<'_>| matches!(entry.value, Value::Secret(_));
        self.entries().iter().any(is_secret)
    }

    /// The names of what would be sent
    pub(crate) fn field_names(&self) -> Vec<&str> {
        self.entries().into_iter().map(|entry| entry.name).collect()
    }

    /// What would be sent, in the order of the page
    pub(super) fn entries(&self) -> Vec<Entry<'_>> {
        let mut entries = Vec::new();
        for (index, control) in self.controls.iter().enumerate() {
            let kind = control.kind;
            let name = control.name.as_str();
            let values = control.values().into_iter();
            entries.extend(values.map(|value| Entry { name, value, kind }));
            if let Some(pressed) = self.pressed.as_ref().filter(|it| it.index == index) {
                let sent = pressed.entries.iter();
                entries.extend(sent.map(|(name, value)| Entry { name, value, kind }));
            }
        }
        entries
    }

    pub(super) fn body_encoding(&self) -> BodyEncoding {
        let button = self.pressed_button();
        button
            .and_then(|button| button.encoding)
            .unwrap_or(self.encoding)
    }

    fn pressed_button(&self) -> Option<&Submitter> {
        self.controls.get(self.pressed.as_ref()?.index)?.button()
    }

    fn put(&mut self, name: &str, value: Value) {
        let mut fields = self.controls.iter_mut();
        let Some(field) = fields.find(|control| control.is_named(name) && !control.is_button())
        else {
            self.controls.push(Control::added(name, value));
            return;
        };
        field.disabled = false;
        field.state = State::Value(value);
        if field.kind == "radio" {
            let others = fields.filter(|control| control.kind == "radio" && control.is_named(name));
            for other in others {
                other.disabled = true;
            }
        }
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<_> = self
            .fields()
            .map(|field| redact::one_line(field.name))
            .collect();
        f.debug_struct("Form")
            .field("method", &if self.is_post() { "POST" } else { "GET" })
            .field("host", &self.action().host_str().unwrap_or_default())
            .field("path", &redact::path(self.action().path()))
            .field("fields", &fields)
            .finish_non_exhaustive()
    }
}

/// One name and value that a form sends
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a Value,
    pub(super) kind: &'static str,
}

/// Which of a control's choices has that value
fn choice_at(control: &Control, value: &str) -> Option<usize> {
    let is_it = |choice: &Choosable| !choice.disabled && choice.value.as_plain() == Some(value);
    match &control.state {
        State::Tick { value: own, .. } => (own.as_plain() == Some(value)).then_some(0),
        State::Select { options, .. } => options.iter().position(is_it),
        State::Value(_) | State::Button(_) | State::Inert => None,
    }
}

fn has_value(control: &Control, value: &str) -> bool {
    control.button().is_some_and(|button| button.value == value)
}

fn entries_of_button(control: &Control) -> Vec<(String, Value)> {
    let name = &control.name;
    match (control.button(), control.kind) {
        (Some(_), "image") => {
            // A click needs a place; the keyboard's is the corner.
            let prefix = if name.is_empty() {
                String::new()
            } else {
                format!("{name}.")
            };
            ["x", "y"]
                .map(|axis| (format!("{prefix}{axis}"), Value::plain("0")))
                .into()
        }
        (Some(button), _) if !name.is_empty() => vec![(name.clone(), Value::plain(&*button.value))],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::page::encode::sent;
    use crate::{Form, Page, Secret};

    fn form(html: &str) -> Form {
        let page = Page::html("https://idp.example/login", html).unwrap();
        page.forms()[0].clone()
    }

    #[test]
    fn setting_a_field_fills_the_first_of_its_name() {
        let mut form = form("<form><input name=a value=1><input name=a value=2>");

        form.set("a", "3");
        form.set("b", "4");

        assert_eq!(sent(&form), ["a=3", "a=2", "b=4"]);
    }

    #[test]
    fn setting_a_disabled_field_sends_it() {
        let mut form = form("<form><input name=a disabled>");
        assert!(!form.has("a"));

        form.set("a", "1");

        assert_eq!(sent(&form), ["a=1"]);
    }

    #[test]
    fn a_secret_is_sent_and_never_shown() {
        let mut form =
            form("<form method=post><input name=user><input type=password name=password>");
        assert!(!form.has_secret());

        form.set_secret("password", &Secret::new("canary"));

        assert!(form.has_secret());
        assert_eq!(form.value("password"), None);
        assert_eq!(form.field_names(), ["user", "password"]);
        assert_eq!(sent(&form), ["user=", "password=canary"]);
        assert!(!format!("{form:?}").contains("canary"));
    }

    #[test]
    fn debug_shows_names_only() {
        let form = form(
            "<form action='/a;s=1?code=canary' method=post><input type=hidden name=csrf value=canary>",
        );

        assert_eq!(
            format!("{form:?}"),
            r#"Form { method: "POST", host: "idp.example", path: "/a", fields: ["csrf"], .. }"#
        );
    }

    #[test]
    fn a_radio_button_is_chosen_by_its_value() {
        let mut form = form(
            "<form><input type=radio name=chain value=ldap checked id=l><label for=l>LDAP</label>
             <label><input type=radio name=chain value=saml> Company  login</label>
             <input type=radio name=other value=x checked>",
        );
        let labels: Vec<_> = form
            .choices("chain")
            .map(|choice| (choice.label, choice.chosen))
            .collect();
        assert_eq!(
            labels,
            [(Some("LDAP"), true), (Some("Company login"), false)]
        );

        assert!(form.check("chain", "saml"));
        assert!(!form.check("chain", "oidc"));

        assert_eq!(sent(&form), ["chain=saml", "other=x"]);
    }

    #[test]
    fn setting_a_radio_button_leaves_one_value() {
        let html =
            "<form><input type=radio name=a value=1 checked><input type=radio name=a value=2>";

        let mut chosen = form(html);
        chosen.set("a", "2");
        assert_eq!(sent(&chosen), ["a=2"]);

        let mut other = form(html);
        other.set("a", "3");
        assert_eq!(sent(&other), ["a=3"]);
    }

    #[test]
    fn a_checkbox_without_a_value_is_on() {
        let mut form = form("<form><input type=checkbox name=remember>");
        assert_eq!(sent(&form), [""; 0]);

        assert!(form.check("remember", "on"));

        assert_eq!(sent(&form), ["remember=on"]);
    }

    #[test]
    fn an_option_is_chosen_by_its_value() {
        let html = "<option>a<option value=2>b<option disabled>c";

        let mut one = form(&format!("<form><select name=s>{html}</select>"));
        assert!(one.check("s", "2") && !one.check("s", "c"));
        assert_eq!(sent(&one), ["s=2"]);

        let mut several = form(&format!("<form><select name=s multiple>{html}</select>"));
        assert!(several.check("s", "2") && several.check("s", "a"));
        assert_eq!(sent(&several), ["s=a", "s=2"]);
    }

    #[test]
    fn a_removed_field_is_not_sent() {
        let mut form = form("<form><input name=a><input name=a><input name=b><button name=c>");

        assert!(form.remove("a"));
        assert!(!form.remove("c"));

        assert_eq!(sent(&form), ["b="]);
    }

    #[test]
    fn only_the_pressed_button_is_sent() {
        let mut form = form(
            "<form><input type=submit name=no value=n><button name=yes>Yes</button><input name=a>",
        );
        assert_eq!(sent(&form), ["a="]);

        assert!(form.press("yes"));
        assert_eq!(sent(&form), ["yes=", "a="]);

        assert!(form.press("no"));
        assert_eq!(sent(&form), ["no=n", "a="]);
    }

    #[test]
    fn a_button_is_found_by_name_then_id_then_value() {
        let mut form = form(
            "<form><button name=action value=c id=a>1</button><button name=action value=b id=c>2</button><button id=b>3</button>",
        );
        let texts: Vec<_> = form
            .buttons()
            .map(|button| button.text.to_owned())
            .collect();
        assert_eq!(texts, ["1", "2", "3"]);

        assert!(form.press("action"));
        assert_eq!(sent(&form), ["action=c"]);
        assert!(form.press("c"));
        assert_eq!(sent(&form), ["action=b"]);
        assert!(form.press("b"));
        assert_eq!(sent(&form), [""; 0]);
    }

    #[test]
    fn pressing_what_is_no_button_changes_nothing() {
        let mut form = form(
            "<form><input name=a value=v><button name=yes value=1>x</button><button type=button name=b>x</button>
             <input type=reset name=r><button name=d disabled>x</button><button name=g formmethod=dialog>x</button>",
        );
        assert!(form.press("yes"));

        for button in ["", "a", "v", "b", "r", "d", "g", "none"] {
            assert!(!form.press(button), "{button}");
        }

        assert_eq!(sent(&form), ["a=v", "yes=1"]);
    }

    #[test]
    fn an_image_button_sends_a_place() {
        let mut form = form("<form><input type=IMAGE name=go id=i value=v><input type=image id=n>");

        assert!(form.press("go"));
        assert_eq!(sent(&form), ["go.x=0", "go.y=0"]);
        assert_eq!(form.field_names(), ["go.x", "go.y"]);

        assert!(form.press("n"));
        assert_eq!(sent(&form), ["x=0", "y=0"]);
    }

    #[test]
    fn a_field_that_is_not_to_be_seen_is_not_shown() {
        let form = form(
            "<form><input name=user><input type=hidden name=h><input type=password name=p style='display: none'>
             <input name=c hidden><input type=checkbox name=k>",
        );

        let shown: Vec<_> = form
            .fields()
            .filter(|field| field.shown)
            .map(|field| field.name)
            .collect();

        assert_eq!(shown, ["user", "k"]);
    }

    #[test]
    fn fields_have_kinds_and_labels() {
        let form = form(
            "<form><label for=u>User <b>name</b></label><INPUT NAME=user ID=u TYPE=EMAIL><input type=unheard name=t aria-label=Token>
             <input type=hidden name=h><select name=s></select><textarea name=a></textarea><button name=b>x</button><input>",
        );

        let fields: Vec<_> = form
            .fields()
            .map(|field| (field.name, field.kind, field.label))
            .collect();

        assert_eq!(
            fields,
            [
                ("user", "email", Some("User name")),
                ("t", "text", Some("Token")),
                ("h", "hidden", None),
                ("s", "select", None),
                ("a", "textarea", None),
                ("b", "submit", None),
            ]
        );
    }
}
