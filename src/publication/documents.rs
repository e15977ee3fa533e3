use serde_json::{Map, Value, json};

use crate::Error;
use crate::signing::Algorithm;

/// A key set as it is published: keys of others, and what they say, stay as they are
///
/// Source: <https://www.rfc-editor.org/rfc/rfc7517#section-5>
#[derive(Clone, Debug)]
pub(super) struct KeySet(Map<String, Value>);

impl KeySet {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(set)) if set.get("keys").is_some_and(Value::is_array) => Ok(Self(set)),
            _ => Err(Error::storage("what is published already is no key set")),
        }
    }

    /// Adds a key, in the place of the one with its name
    pub(super) fn put(&mut self, key: Value) {
        let name = key_id(&key).map(str::to_owned);
        let keys = self.keys_mut();
        match keys
            .iter_mut()
            .find(|other| key_id(other) == name.as_deref())
        {
            Some(other) => *other = key,
            None => keys.push(key),
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.keys_mut().retain(|key| key_id(key) != Some(name));
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.keys().iter().any(|key| key_id(key) == Some(name))
    }

    /// What the key called `name` signs by; `None` if it is not here
    pub(super) fn algorithm_of(&self, name: &str) -> Option<Result<Algorithm, Error>> {
        let key = self.keys().iter().find(|key| key_id(key) == Some(name))?;
        let algorithm = key.get("alg").and_then(Value::as_str);
        Some(Algorithm::parse(algorithm.unwrap_or_default()))
    }

    pub(super) fn to_text(&self) -> String {
        format!("{:#}\n", Value::Object(self.0.clone()))
    }

    fn keys(&self) -> &[Value] {
        let keys = self.0.get("keys").and_then(Value::as_array);
        keys.map_or(&[], Vec::as_slice)
    }

    fn keys_mut(&mut self) -> &mut Vec<Value> {
        let keys = self.0.entry("keys").or_insert_with(|| json!([]));
        if !keys.is_array() {
            *keys = json!([]);
        }
        match keys {
            Value::Array(keys) => keys,
            // Made one above.
            _ => unreachable!("the keys are a list"),
        }
    }
}

impl Default for KeySet {
    fn default() -> Self {
        Self(Map::from_iter([("keys".to_owned(), json!([]))]))
    }
}

/// The discovery document of `issuer`, with what verifiers of tokens ask for
///
/// There is nobody to log in at, so that it names no endpoint but the key set.
///
/// Source: <https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata>
pub(super) fn discovery(issuer: &str, keys: &KeySet) -> String {
    let mut algorithms: Vec<_> = keys
        .keys()
        .iter()
        .filter_map(|key| key.get("alg")?.as_str())
        .collect();
    algorithms.sort_unstable();
    algorithms.dedup();
    let document = json!({
        "issuer": issuer,
        "jwks_uri": format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/')),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nbf", "jti"],
    });
    format!("{document:#}\n")
}

fn key_id(key: &Value) -> Option<&str> {
    key.get("kid")?.as_str()
}
