//! JSON read strictly: UTF-8, one value, no key twice, of limited depth and size.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use thiserror::Error as ThisError;

/// Why a text is not strict JSON; it never quotes the text
#[derive(Clone, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum ParseJsonError {
    /// A key stands twice in one object
    #[error("a key stands twice, before line {line}, column {column}")]
    DuplicateKey {
        /// From 1
        line: usize,
        /// From 1
        column: usize,
    },
    /// Not JSON, more than one value, or deeper than 128 levels
    #[error("not one JSON value, at line {line}, column {column}")]
    Syntax {
        /// From 1
        line: usize,
        /// From 1
        column: usize,
    },
    /// Not UTF-8
    #[error("not UTF-8, at byte {0}")]
    Utf8(usize),
}

/// Reads one JSON value
pub(crate) fn parse(json: &[u8]) -> Result<Value, ParseJsonError> {
    let text =
        std::str::from_utf8(json).map_err(|error| ParseJsonError::Utf8(error.valid_up_to()))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict
        .deserialize(&mut deserializer)
        .map_err(|error| explain(&error))?;
    deserializer.end().map_err(|error| explain(&error))?;
    Ok(value)
}

fn explain(error: &serde_json::Error) -> ParseJsonError {
    let (line, column) = (error.line(), error.column());
    match error.is_data() {
        true => ParseJsonError::DuplicateKey { line, column },
        false => ParseJsonError::Syntax { line, column },
    }
}

/// Builds a [`Value`], and refuses what `Value` itself would take in silence: a key that stands twice
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Self)? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(Self)?;
            if map.insert(key, value).is_some() {
                return Err(A::Error::custom("a key stands twice"));
            }
        }
        Ok(map.into())
    }
}

#[cfg(test)]
mod tests {
    use super::{ParseJsonError, parse};

    #[test]
    fn a_plain_document_is_read() {
        let value = parse(br#" {"a": [1, -2, 0.5, "x\u003d", null, true], "b": {}} "#).unwrap();

        assert_eq!(value["a"][3], "x=");
        assert!(value["a"][4].is_null());
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_at_any_depth() {
        for json in [
            r#"{"a":1,"a":1}"#,
            r#"{"token":{"b":1,"c":2,"b":3}}"#,
            r#"[{"a":1,"\u0061":2}]"#,
        ] {
            assert!(
                matches!(
                    parse(json.as_bytes()),
                    Err(ParseJsonError::DuplicateKey { .. })
                ),
                "{json}"
            );
        }
    }

    #[test]
    fn two_values_garbage_and_depth_are_refused() {
        let deep = "[".repeat(100_000);
        for json in ["{} {}", "", "nul", "{\"a\":}", "{'a':1}", deep.as_str()] {
            assert!(matches!(
                parse(json.as_bytes()),
                Err(ParseJsonError::Syntax { .. })
            ));
        }
        assert_eq!(parse(b"\"\xff\""), Err(ParseJsonError::Utf8(1)));
    }
}
