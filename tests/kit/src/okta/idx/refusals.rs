//! Documents that say no, and the shape of all answers.

use serde_json::{Value, json};

use crate::http::Answer;
use crate::okta::errors;
use crate::okta::idx::switches::ErrorStatus;
use crate::world::World;

/// A message of a document
#[derive(Clone)]
pub(super) struct Message {
    key: Option<&'static str>,
    text: String,
    class: &'static str,
    params: Vec<String>,
}

impl Message {
    pub(super) fn error(key: &'static str, text: &str) -> Self {
        Self {
            key: Some(key),
            text: text.to_owned(),
            class: "ERROR",
            params: Vec::new(),
        }
    }

    pub(super) fn text_only(text: &str) -> Self {
        Self {
            key: None,
            ..Self::error("", text)
        }
    }

    pub(super) fn of_class(self, class: &'static str) -> Self {
        Self { class, ..self }
    }

    pub(super) fn param(mut self, param: &str) -> Self {
        self.params.push(param.to_owned());
        self
    }

    pub(super) fn list(messages: &[Self]) -> Value {
        let values: Vec<Value> = messages.iter().map(Self::value).collect();
        json!({"type": "array", "value": values})
    }

    fn value(&self) -> Value {
        match self.key {
            Some(key) => json!({
                "message": self.text,
                "i18n": {"key": key, "params": self.params},
                "class": self.class,
            }),
            None => json!({"message": self.text, "class": self.class}),
        }
    }
}

/// Any answer of the engine
pub(super) fn ion(status: u16, document: &Value, world: &World) -> Answer {
    let answer = Answer::empty(status)
        .header("Content-Type", ION)
        .body(document.to_string());
    errors::api(answer, world)
}

/// The token or handle is unknown, stale or too old; the document has no handle
pub(super) fn expired(world: &World) -> Answer {
    let message = Message::error("idx.session.expired", "The session has expired.");
    let document = json!({"version": "1.0.0", "messages": Message::list(&[message])});
    ion(401, &document, world)
}

/// A request that only a broken client sends
pub(super) fn bad_request(text: &str, world: &World) -> Answer {
    world.complain(format!("an Identity Engine request was refused: {text}"));
    let document = json!({
        "version": "1.0.0",
        "messages": Message::list(&[Message::text_only(text)]),
    });
    ion(400, &document, world)
}

/// What a refusal's status becomes by the switch
pub(super) fn status(usual: u16, switch: ErrorStatus) -> u16 {
    match switch {
        ErrorStatus::Usual => usual,
        ErrorStatus::Ok => 200,
        ErrorStatus::BadRequest => 400,
    }
}

pub(super) const ION: &str = "application/ion+json; okta-version=1.0.0";
