//! The issuer's discovery document and its key set.

use serde_json::{Map, Value, json};

use crate::http::Answer;
use crate::openunison::{cookies, issuer};
use crate::world::{EVIL_HOST, World};

/// What the issuer's discovery document says
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Discovery {
    /// All that OpenUnison says, true or not
    #[default]
    Full,
    /// There is no revocation endpoint, and no word of one
    WithoutRevocation,
    /// It is another issuer's document, of the same origin
    OtherIssuer,
    /// The token endpoint is at [`EVIL_HOST`]'s origin
    EvilTokenEndpoint,
}

pub(super) fn document(issuer: &str, switch: Discovery, world: &World) -> Answer {
    let mut document = Map::new();
    let mut put = |key: &str, value: Value| document.insert(key.to_owned(), value);
    put(
        "issuer",
        match switch {
            Discovery::OtherIssuer => json!(format!("{issuer}-other")),
            _ => json!(issuer),
        },
    );
    put("authorization_endpoint", json!(format!("{issuer}/auth")));
    put(
        "token_endpoint",
        match switch {
            Discovery::EvilTokenEndpoint => json!(format!("{}/token", world.origin(EVIL_HOST))),
            _ => json!(format!("{issuer}/token")),
        },
    );
    put("userinfo_endpoint", json!(format!("{issuer}/userinfo")));
    if switch != Discovery::WithoutRevocation {
        put("revocation_endpoint", json!(format!("{issuer}/revoke")));
    }
    put("jwks_uri", json!(format!("{issuer}/certs")));
    for (key, values) in LISTS {
        put(key, json!(values));
    }
    let document = Value::Object(document);
    let text = serde_json::to_string_pretty(&document).unwrap_or_default();
    Answer::json(200, &document).body(cookies::gson(&text))
}

/// One key; a new key replaces it at once
pub(super) fn key_set(world: &World) -> Answer {
    let keys = json!({"keys": [world.keys.jwk(issuer::KID)]});
    Answer::json(200, &keys).body(cookies::gson(&keys.to_string()))
}

const LISTS: [(&str, &[&str]); 7] = [
    (
        "response_types_supported",
        &[
            "code",
            "token",
            "id_token",
            "code token",
            "code id_token",
            "token id_token",
            "code token id_token",
            "none",
        ],
    ),
    ("subject_types_supported", &["public"]),
    ("id_token_signing_alg_values_supported", &["RS256"]),
    ("scopes_supported", &["openid", "email", "profile"]),
    (
        "token_endpoint_auth_methods_supported",
        &["client_secret_post"],
    ),
    (
        "claims_supported",
        &[
            "sub",
            "aud",
            "iss",
            "exp",
            "name",
            "groups",
            "preferred_username",
            "email",
        ],
    ),
    ("code_challenge_methods_supported", &["plain", "S256"]),
];
