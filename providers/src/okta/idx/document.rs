//! An answer of the Identity Engine, read into values. Pure: JSON in, values out.

use std::time::Duration;

use doorward::Secret;
use serde_json::Value;

use super::authenticator::Authenticator;

/// What the engine says of a login: what it can go on with, and what it has to say
///
/// Reading is lenient: what is not understood is left out, so that something new in one place does not spoil the rest.
#[derive(Default)]
pub(super) struct Document {
    pub(super) remediations: Vec<Remediation>,
    /// Those of the whole document first, then those of single fields
    pub(super) messages: Vec<Message>,
    /// Where a finished login goes on
    pub(super) success: Option<String>,
    /// Where the application is told that there was none
    pub(super) failure: Option<String>,
    /// The authenticator that is being asked for
    pub(super) current: Option<Authenticator>,
    /// The account's own first, then all that are known
    pub(super) authenticators: Vec<Authenticator>,
    /// How to end the search for a device's own authenticator
    pub(super) cancel_probe: Option<Remediation>,
    /// Whether the organisation has a captcha in its login form
    pub(super) has_captcha: bool,
}

/// One way on: a form to submit, or a link to follow
pub(super) struct Remediation {
    pub(super) name: String,
    pub(super) href: String,
    /// What it asks answers to be
    pub(super) accepts: Option<String>,
    pub(super) fields: Vec<Field>,
    /// How long to wait before it is submitted
    pub(super) refresh: Option<Duration>,
    /// The name of the provider that it leads to
    pub(super) idp: Option<String>,
}

/// One field of a form, which may be a form itself
#[derive(Default)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) preset: Option<Preset>,
    pub(super) is_boolean: bool,
    pub(super) is_required: bool,
    /// Whether the server's value is not to be changed, or not even to be seen
    pub(super) is_fixed: bool,
    pub(super) fields: Vec<Self>,
    pub(super) options: Vec<Choice>,
}

/// The value that a field has already
pub(super) enum Preset {
    Handle(Secret),
    Plain(Value),
}

/// One of the values that a field can have
pub(super) struct Choice {
    pub(super) label: String,
    /// The value, where it is no form
    pub(super) value: Option<String>,
    pub(super) fields: Vec<Field>,
    pub(super) authenticator: Option<Authenticator>,
}

/// Something that the engine says to the user
pub(super) struct Message {
    pub(super) is_error: bool,
    pub(super) key: String,
    /// Translated, and worded by the organisation at times
    pub(super) text: String,
}

impl Document {
    /// Reads an answer; none if it is not one of the engine's own documents
    pub(super) fn read(json: &Value) -> Option<Self> {
        let own = [
            "remediation",
            "messages",
            "success",
            "failure",
            "stateHandle",
        ];
        if !own.iter().any(|key| json.get(key).is_some()) {
            return None;
        }
        let authenticators: Vec<Authenticator> = ["authenticatorEnrollments", "authenticators"]
            .iter()
            .flat_map(|list| items(json.get(list)))
            .map(Authenticator::read)
            .collect();
        let mut messages = Vec::new();
        read_messages(json, &mut messages);
        let mut remediations = Vec::new();
        for remediation in items(json.get("remediation")) {
            read_messages(remediation, &mut messages);
            for field in items(remediation.get("value")) {
                read_field_messages(field, &mut messages);
            }
            remediations.extend(Remediation::read(remediation, json, &authenticators));
        }
        let challenge = json.pointer("/authenticatorChallenge/value");
        let cancel = challenge
            .or_else(|| json.pointer("/currentAuthenticator/value"))
            .and_then(|value| value.get("cancel"));
        Some(Self {
            cancel_probe: cancel.and_then(|cancel| Remediation::read(cancel, json, &[])),
            current: Authenticator::current(json),
            success: text(json, "/success/href"),
            failure: text(json, "/failure/href"),
            has_captcha: json.get("captcha").is_some(),
            remediations,
            messages,
            authenticators,
        })
    }

    /// The remediation with this name
    pub(super) fn remediation(&self, name: &str) -> Option<&Remediation> {
        self.remediations.iter().find(|found| found.name == name)
    }

    /// The messages that tell of a failure
    pub(super) fn errors(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(|message| message.is_error)
    }
}

impl Remediation {
    fn read(json: &Value, document: &Value, authenticators: &[Authenticator]) -> Option<Self> {
        let refresh = json.get("refresh").and_then(Value::as_u64);
        Some(Self {
            name: text(json, "/name")?,
            href: text(json, "/href").unwrap_or_default(),
            accepts: text(json, "/accepts"),
            fields: Field::list(json.get("value"), document, authenticators),
            refresh: refresh.map(Duration::from_millis),
            idp: text(json, "/idp/name").or_else(|| text(json, "/type")),
        })
    }

    /// The field at this path, such as `["credentials", "passcode"]`
    pub(super) fn field(&self, path: &[&str]) -> Option<&Field> {
        let (last, parents) = path.split_last()?;
        let mut fields = &self.fields;
        for name in parents {
            fields = &fields.iter().find(|field| field.name == *name)?.fields;
        }
        fields.iter().find(|field| field.name == *last)
    }

    /// The fields of the field with this name
    pub(super) fn fields_of(&self, name: &str) -> &[Field] {
        self.field(&[name])
            .map_or(&[], |field| field.fields.as_slice())
    }
}

impl Field {
    fn list(json: Option<&Value>, document: &Value, authenticators: &[Authenticator]) -> Vec<Self> {
        let fields = json.and_then(Value::as_array).into_iter().flatten();
        fields
            .filter_map(|field| Self::read(field, document, authenticators))
            .collect()
    }

    fn read(json: &Value, document: &Value, authenticators: &[Authenticator]) -> Option<Self> {
        let name = text(json, "/name")?;
        let flag = |name: &str| json.get(name).and_then(Value::as_bool);
        let value = json
            .get("value")
            .filter(|value| !value.is_null() && value.get("form").is_none());
        let preset = value.map(|value| match value.as_str() {
            Some(handle) if name == "stateHandle" => Preset::Handle(Secret::new(handle)),
            _ => Preset::Plain(value.clone()),
        });
        let options = json.get("options").and_then(Value::as_array);
        let options = options.into_iter().flatten();
        Some(Self {
            preset,
            is_boolean: text(json, "/type").as_deref() == Some("boolean"),
            is_required: flag("required") == Some(true),
            is_fixed: flag("mutable") == Some(false) || flag("visible") == Some(false),
            fields: Self::list(form_of(json), document, authenticators),
            options: options
                .map(|option| Choice::read(option, document, authenticators))
                .collect(),
            name,
        })
    }

    /// The text that it has already
    pub(super) fn preset_text(&self) -> Option<&str> {
        match self.preset.as_ref()? {
            Preset::Plain(value) => value.as_str(),
            Preset::Handle(_) => None,
        }
    }
}

impl Choice {
    fn read(json: &Value, document: &Value, authenticators: &[Authenticator]) -> Self {
        let fields = Field::list(form_of(json), document, &[]);
        let id = fields.iter().find(|field| field.name == "id");
        let id = id.and_then(Field::preset_text);
        let related = relation(json).and_then(|path| resolve(document, path));
        let related = related.map(Authenticator::read);
        let by_id = |id: &str| authenticators.iter().find(|known| known.has_id(id));
        Self {
            label: text(json, "/label").unwrap_or_default(),
            value: text(json, "/value"),
            authenticator: related
                .filter(Authenticator::is_known)
                .or_else(|| id.and_then(by_id).cloned()),
            fields,
        }
    }

    /// The field with this name
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// The text at a JSON pointer
pub(super) fn text(json: &Value, pointer: &str) -> Option<String> {
    json.pointer(pointer)?.as_str().map(str::to_owned)
}

/// The items of a list that may stand within a `value`
fn items(list: Option<&Value>) -> impl Iterator<Item = &Value> {
    let list = list.map(|list| list.get("value").unwrap_or(list));
    list.and_then(Value::as_array).into_iter().flatten()
}

/// The fields of a form within a field or an option, which stand in either of two places
fn form_of(json: &Value) -> Option<&Value> {
    ["/form/value", "/value/form/value"]
        .iter()
        .find_map(|place| json.pointer(place))
}

fn read_messages(json: &Value, messages: &mut Vec<Message>) {
    for message in items(json.get("messages")) {
        messages.push(Message {
            is_error: text(message, "/class").is_none_or(|class| class == "ERROR"),
            key: text(message, "/i18n/key").unwrap_or_default(),
            text: text(message, "/message").unwrap_or_default(),
        });
    }
}

/// A field that was not filled in well says so itself, and the document says nothing then
fn read_field_messages(field: &Value, messages: &mut Vec<Message>) {
    read_messages(field, messages);
    for inner in form_of(field)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        read_field_messages(inner, messages);
    }
}

/// A JSON path, which is a list of one at times
fn relation(json: &Value) -> Option<&str> {
    let relation = json.get("relatesTo")?;
    relation.as_str().or_else(|| relation.get(0)?.as_str())
}

/// What a path such as `$.authenticatorEnrollments.value[2]`, or a bare name, leads to; it may lead nowhere
fn resolve<'a>(document: &'a Value, path: &str) -> Option<&'a Value> {
    let mut place = document;
    for step in path.trim_start_matches("$.").split('.') {
        let (name, index) = match step.split_once('[') {
            Some((name, index)) => (name, Some(index.trim_end_matches(']'))),
            None => (step, None),
        };
        place = place.get(name)?;
        if let Some(index) = index {
            place = place.get(index.parse::<usize>().ok()?)?;
        }
    }
    Some(place)
}
