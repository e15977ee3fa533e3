//! What is sent for a form: the values that it has already, and what we put into it.

use doorward::{Request, Secret, Url};
use serde_json::{Map, Value};

use super::document::{Choice, Field, Preset, Remediation};

/// The body of one answer; it has no field that its form does not list
pub(super) struct Answer {
    body: Value,
    secrets: Vec<(String, Secret)>,
    accepts: Option<String>,
}

impl Answer {
    /// What the form has already; the handle is that of the form itself, which can differ from the document's
    pub(super) fn to(form: &Remediation) -> Self {
        let mut secrets = Vec::new();
        let body = presets(&form.fields, "", &mut secrets);
        Self {
            body: Value::Object(body),
            secrets,
            accepts: form.accepts.clone(),
        }
    }

    /// Puts a value at a path
    pub(super) fn put(&mut self, path: &[&str], value: Value) {
        let mut place = &mut self.body;
        for name in path {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            place = match place.as_object_mut() {
                Some(map) => map.entry((*name).to_owned()).or_insert(Value::Null),
                None => return,
            };
        }
        *place = value;
    }

    /// Puts a secret at a path
    pub(super) fn put_secret(&mut self, path: &[&str], secret: &Secret) {
        self.put(path, Value::Null);
        let pointer: String = path.iter().map(|name| step(name)).collect();
        self.secrets.push((pointer, secret.clone()));
    }

    /// Takes one of the authenticators that the form offers
    pub(super) fn take(&mut self, choice: &Choice, method: Option<&str>) {
        const FIELD: &str = "authenticator";
        match &choice.value {
            Some(value) => self.put(&[FIELD], value.as_str().into()),
            None => {
                let prefix = step(FIELD);
                let taken = presets(&choice.fields, &prefix, &mut self.secrets);
                self.put(&[FIELD], Value::Object(taken));
            }
        }
        if let Some(method) = method.filter(|_| choice.field("methodType").is_some()) {
            self.put(&[FIELD, "methodType"], method.into());
        }
    }

    /// The request that carries it to `url`
    pub(super) fn request(self, url: &Url) -> Request {
        // Some documents have a pattern in place of a media type.
        let is_media_type = |accepts: &String| {
            accepts.contains('/')
                && accepts
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "/.+-_=; ".contains(c))
        };
        let accepts = self.accepts.filter(is_media_type);
        let request = Request::post(url)
            .json(self.body)
            .header("accept", accepts.as_deref().unwrap_or(ION));
        let place = |request: Request, (pointer, secret): &(String, Secret)| {
            request.secret(pointer, secret)
        };
        self.secrets.iter().fold(request, place)
    }
}

/// The values that fields have already, and that are not ours to change
fn presets(
    fields: &[Field],
    path: &str,
    secrets: &mut Vec<(String, Secret)>,
) -> Map<String, Value> {
    let mut map = Map::new();
    for field in fields {
        let place = format!("{path}{}", step(&field.name));
        let value = match &field.preset {
            Some(Preset::Handle(handle)) => {
                secrets.push((place, handle.clone()));
                Some(Value::Null)
            }
            Some(Preset::Plain(value)) if field.is_fixed || field.is_required => {
                Some(value.clone())
            }
            None if !field.fields.is_empty() => {
                let inner = presets(&field.fields, &place, secrets);
                (!inner.is_empty()).then_some(Value::Object(inner))
            }
            None if field.is_boolean && field.is_required => Some(Value::Bool(false)),
            _ => None,
        };
        if let Some(value) = value {
            map.insert(field.name.clone(), value);
        }
    }
    map
}

/// A step of a JSON pointer
///
/// Source: <https://www.rfc-editor.org/rfc/rfc6901>
fn step(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The engine's own media type
pub(super) const ION: &str = "application/ion+json; okta-version=1.0.0";
