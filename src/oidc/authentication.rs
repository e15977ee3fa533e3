//! How a client proves to a token endpoint that it is itself.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::oidc::authorization::random;
use crate::signing::{Signer, compact};
use crate::{Error, Secret};

/// What a client has to show
#[derive(Clone, Debug)]
pub(crate) enum Authentication {
    /// Nothing: it is a public client
    None,
    /// A secret, sent in one way or the other
    Secret(Secret, Method),
    /// A JWT that it signs anew for each request
    Key(Arc<dyn Signer>),
    /// Somebody's token in the header, where the issuer trusts whoever gave it
    Bearer(Secret),
}

/// How a secret is sent
///
/// Source: <https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1>
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Method {
    /// As a field beside the others, which is what kubectl does with a kubeconfig's secret
    #[default]
    Post,
    /// In the `Authorization` header
    Basic,
}

impl Authentication {
    /// The secret to be sent
    pub(super) fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Secret(secret, _) | Self::Bearer(secret) => Some(secret),
            Self::None | Self::Key(_) => None,
        }
    }
}

impl Method {
    /// The one to use, of those that an issuer supports; without a word of it, `client_secret_basic`
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc8414#section-2>
    pub(super) fn of(supported: Option<&Vec<Value>>) -> Self {
        match supported {
            Some(methods) if methods.iter().any(|method| method == POST) => Self::Post,
            Some(methods) if !methods.iter().any(|method| method == BASIC) => Self::Post,
            _ => Self::Basic,
        }
    }

    /// The method's registered name
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Post => POST,
            Self::Basic => BASIC,
        }
    }

    /// The method of that name
    pub(crate) fn named(name: &str) -> Self {
        match name {
            BASIC => Self::Basic,
            _ => Self::Post,
        }
    }
}

/// The value of an `Authorization` header; both parts are encoded as in a form before they are joined
pub(super) fn basic(id: &str, secret: &Secret) -> Secret {
    let encoded =
        |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let pair = format!("{}:{}", encoded(id), encoded(secret.expose_secret()));
    Secret::new(format!("Basic {}", STANDARD.encode(pair)))
}

/// What shows `audience` that the owner of a key is the client `id`, for a minute
///
/// Source: <https://www.rfc-editor.org/rfc/rfc7523#section-3>
pub(super) async fn assertion(
    signer: &Arc<dyn Signer>,
    id: &str,
    audience: &str,
    skew: SignedDuration,
) -> Result<Secret, Error> {
    let now = Timestamp::now();
    let now = now.saturating_add(skew).unwrap_or(now).as_second();
    let mut claims = Map::new();
    claims.insert("iss".into(), id.into());
    claims.insert("sub".into(), id.into());
    claims.insert("aud".into(), audience.into());
    claims.insert("jti".into(), random()?.into());
    claims.insert("iat".into(), now.into());
    claims.insert("exp".into(), now.saturating_add(60).into());
    let signer = Arc::clone(signer);
    // A key in hardware or elsewhere may take its time.
    let signed = tokio::task::spawn_blocking(move || compact(&*signer, &claims)).await;
    signed.map_err(|error| Error::transport("the signing was broken off").because(error))?
}

/// What the assertion is
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The registered name of the way of [`Authentication::Key`]
pub(crate) const PRIVATE_KEY_JWT: &str = "private_key_jwt";

const BASIC: &str = "client_secret_basic";

const POST: &str = "client_secret_post";

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Method, basic};
    use crate::Secret;

    #[test]
    fn a_secret_goes_the_way_that_the_issuer_supports() {
        let of = |methods: Value| Method::of(methods.as_array());

        assert_eq!(
            of(json!(["client_secret_basic", "client_secret_post"])),
            Method::Post
        );
        assert_eq!(of(json!(["client_secret_basic"])), Method::Basic);
        assert_eq!(of(json!(["private_key_jwt"])), Method::Post);
        assert_eq!(of(Value::Null), Method::Basic);
        assert_eq!(Method::named(Method::Basic.name()), Method::Basic);
        assert_eq!(Method::named(""), Method::Post);
    }

    #[test]
    fn the_parts_of_a_header_are_encoded_before_they_are_joined() {
        let header = basic("a:b", &Secret::new("c d%"));

        assert_eq!(header.expose_secret(), "Basic YSUzQWI6YytkJTI1");
    }
}
