//! What a form holds: controls as plain values, without the page they came from.

use std::fmt;

use url::Url;
use zeroize::Zeroizing;

use crate::Secret;

/// A field, a set of choices, or a button
#[derive(Clone)]
pub(super) struct Control {
    /// Empty where the page gives none: such a control is never sent
    pub(super) name: String,
    pub(super) id: Option<String>,
    /// `hidden`, `text`, `select` …, always in lower case
    pub(super) kind: &'static str,
    pub(super) label: Option<String>,
    pub(super) disabled: bool,
    /// Not shown, although of a kind that can be seen
    pub(super) concealed: bool,
    pub(super) state: State,
}

impl Control {
    /// A field that the page does not have
    pub(super) fn added(name: &str, value: Value) -> Self {
        Self {
            name: name.to_owned(),
            id: None,
            kind: "hidden",
            label: None,
            disabled: false,
            concealed: false,
            state: State::Value(value),
        }
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        !name.is_empty() && self.name == name
    }

    /// Whether the control is any button
    pub(super) fn is_button(&self) -> bool {
        matches!(self.state, State::Button(_) | State::Inert)
    }

    /// The submit button that it is, if it can be pressed
    pub(super) fn button(&self) -> Option<&Submitter> {
        match &self.state {
            State::Button(button) if !self.disabled => Some(button),
            _ => None,
        }
    }

    /// What would be sent, without any button
    pub(super) fn values(&self) -> Vec<&Value> {
        if self.disabled || self.name.is_empty() {
            return Vec::new();
        }
        match &self.state {
            State::Value(value)
            | State::Tick {
                value,
                checked: true,
            } => vec![value],
            State::Select { options, .. } => options
                .iter()
                .filter(|option| option.selected && !option.disabled)
                .map(|option| &option.value)
                .collect(),
            State::Tick { .. } | State::Button(_) | State::Inert => Vec::new(),
        }
    }

    /// What a person could choose
    pub(super) fn choices(&self) -> Vec<Choice<'_>> {
        let label = self.label.as_deref();
        match &self.state {
            State::Tick { value, checked } => {
                Vec::from_iter(value.as_plain().map(|value| Choice {
                    value,
                    label,
                    chosen: *checked,
                }))
            }
            State::Select { options, .. } => options
                .iter()
                .filter(|option| !option.disabled)
                .filter_map(|option| {
                    Some(Choice {
                        value: option.value.as_plain()?,
                        label: Some(&option.label),
                        chosen: option.selected,
                    })
                })
                .collect(),
            State::Value(_) | State::Button(_) | State::Inert => Vec::new(),
        }
    }
}

#[derive(Clone)]
pub(super) enum State {
    Value(Value),
    /// A checkbox or a radio button
    Tick {
        value: Value,
        checked: bool,
    },
    Select {
        options: Vec<Choosable>,
        multiple: bool,
    },
    Button(Box<Submitter>),
    /// A button that sends nothing
    Inert,
}

/// An option of a `select`
#[derive(Clone)]
pub(super) struct Choosable {
    pub(super) value: Value,
    pub(super) label: String,
    pub(super) selected: bool,
    pub(super) disabled: bool,
}

/// A submit button, and what it changes about its form
#[derive(Clone)]
pub(super) struct Submitter {
    pub(super) value: String,
    pub(super) text: String,
    pub(super) action: Option<Url>,
    pub(super) post: Option<bool>,
    pub(super) encoding: Option<BodyEncoding>,
}

/// How a form that is posted becomes bytes
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum BodyEncoding {
    #[default]
    UrlEncoded,
    Multipart,
    Plain,
}

impl BodyEncoding {
    /// Reads an `enctype` attribute
    pub(super) fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "multipart/form-data" => Self::Multipart,
            "text/plain" => Self::Plain,
            _ => Self::UrlEncoded,
        }
    }
}

/// A control's value; a page's own values may be tokens, so that both are wiped when dropped
#[derive(Clone)]
pub(super) enum Value {
    Plain(Zeroizing<String>),
    Secret(Secret),
}

impl Value {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self::Plain(Zeroizing::new(text.into()))
    }

    /// The text, unless it is a secret
    pub(super) fn as_plain(&self) -> Option<&str> {
        match self {
            Self::Plain(text) => Some(text),
            Self::Secret(_) => None,
        }
    }

    /// The text as it leaves for the wire
    pub(super) fn expose(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(secret) => secret.expose_secret(),
        }
    }
}

/// A field of a [`Form`](crate::Form)
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Field<'a> {
    /// The name under which it is sent
    pub name: &'a str,
    /// `hidden`, `text`, `password`, `radio`, `select`, `textarea`, `submit` …, always in lower case
    pub kind: &'a str,
    /// What the page writes beside it, in one line
    pub label: Option<&'a str>,
    /// Whether a person sees it: neither of kind `hidden` nor concealed by the element itself
    pub shown: bool,
}

/// A submit button of a [`Form`](crate::Form)
#[derive(Clone, Copy, Eq, PartialEq)]
#[non_exhaustive]
pub struct Button<'a> {
    /// The name under which it is sent when pressed; empty if it has none
    pub name: &'a str,
    /// The `id` attribute
    pub id: Option<&'a str>,
    /// What is sent when pressed
    pub value: &'a str,
    /// What stands on it, in one line
    pub text: &'a str,
}

impl fmt::Debug for Button<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Button")
            .field("name", &self.name)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A radio button, a checkbox or an option of a [`Form`](crate::Form)
#[derive(Clone, Copy, Eq, PartialEq)]
#[non_exhaustive]
pub struct Choice<'a> {
    /// What [`Form::check`](crate::Form::check) takes
    pub value: &'a str,
    /// What the page writes beside it, in one line
    pub label: Option<&'a str>,
    /// Whether it is chosen
    pub chosen: bool,
}

impl fmt::Debug for Choice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Choice")
            .field("label", &self.label)
            .field("chosen", &self.chosen)
            .finish_non_exhaustive()
    }
}
