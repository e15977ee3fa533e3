//! The token that is exchanged for another.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::front_door::FrontDoor;
use crate::{Error, Secret, SecretSource};

/// Where it comes from
#[derive(Clone, Debug)]
pub(super) enum Subject {
    Token(SecretSource),
    Door(Arc<dyn FrontDoor>),
}

impl Subject {
    /// The token, read or got now
    pub(super) async fn token(&self) -> Result<Secret, Error> {
        let token = match self {
            Self::Token(source) => read(source, "subject token").await?,
            Self::Door(door) => door.open().await?.id_token().clone(),
        };
        match token.is_empty() {
            true => Err(Error::config("the token to be exchanged is empty")),
            false => Ok(token),
        }
    }

    pub(super) fn source(&self) -> Option<&SecretSource> {
        match self {
            Self::Token(source) => Some(source),
            Self::Door(_) => None,
        }
    }
}

/// Reads a secret on a thread of its own, since a command takes its time
pub(super) async fn read(source: &SecretSource, what: &'static str) -> Result<Secret, Error> {
    let source = source.clone();
    let read = tokio::task::spawn_blocking(move || source.read(what));
    read.await
        .map_err(|error| Error::config(format!("the {what} was not read")).because(error))?
}

/// What a token says of its own kind; JWTs of CI platforms and clusters are id_tokens in all but the name
///
/// Source: <https://www.rfc-editor.org/rfc/rfc8693#section-3>, <https://www.rfc-editor.org/rfc/rfc9068#section-2.1>
pub(super) fn token_type(token: &Secret) -> &'static str {
    let mut parts = token.expose_secret().split('.');
    let mut part = || {
        let bytes = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
        serde_json::from_slice::<Value>(&bytes).ok()
    };
    let (Some(header), Some(claims)) = (part(), part()) else {
        return ACCESS_TOKEN;
    };
    let says = |object: &Value, kind: &str| {
        let said = object.get("typ").and_then(Value::as_str);
        said.is_some_and(|said| said.eq_ignore_ascii_case(kind))
    };
    // The claim is the older way, before there was a header for it.
    let is_for_access = says(&header, "at+jwt") || says(&claims, "Bearer");
    match is_for_access {
        true => ACCESS_TOKEN,
        false => ID_TOKEN,
    }
}

pub(super) const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

pub(super) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::{ACCESS_TOKEN, ID_TOKEN, token_type};
    use crate::Secret;

    #[test]
    fn a_token_says_what_it_is() {
        let of = |header: &str, claims: &str| {
            let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
            token_type(&Secret::new(format!(
                "{}.{}.c2ln",
                part(header),
                part(claims)
            )))
        };

        assert_eq!(
            of(r#"{"alg":"RS256","typ":"JWT"}"#, r#"{"sub":"repo:a/b"}"#),
            ID_TOKEN
        );
        assert_eq!(of("{}", r#"{"typ":"ID"}"#), ID_TOKEN);
        assert_eq!(of(r#"{"typ":"at+jwt"}"#, "{}"), ACCESS_TOKEN);
        assert_eq!(of("{}", r#"{"typ":"Bearer"}"#), ACCESS_TOKEN);
        assert_eq!(token_type(&Secret::new("opaque")), ACCESS_TOKEN);
        assert_eq!(token_type(&Secret::new("a.b.c")), ACCESS_TOKEN);
    }
}
