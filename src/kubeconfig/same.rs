//! Whether two entries of one name mean the same: the question that a merge asks before it writes over one.
//!
//! An entry without an aim (a cluster without a server, a user without credentials) is nobody's, and may be filled.
//! No signature is checked here: the claims of a token only tell two users of one name apart.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use url::Url;

use crate::kubeconfig::Section;
use crate::kubeconfig::user::{AUTH_PROVIDER, OidcUser, TOKEN, is_credential};
use crate::redact::one_line;
use crate::secret::Secret;

/// How an existing entry differs from the new one of its name; without any secret
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Elsewhere {
    ClientId,
    Cluster(String),
    Credential,
    Issuer,
    Server(String),
    Subject,
    User(String),
}

impl Elsewhere {
    /// Compares what stands under one name; `None` if both point to the same place
    pub(crate) fn between(
        section: Section,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
    ) -> Option<Self> {
        match section {
            Section::Clusters => cluster(old, new),
            Section::Contexts => context(old, new),
            Section::Users => user(old, new),
        }
    }
}

impl fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientId => f.write_str("is a user of another client id"),
            Self::Cluster(name) => write!(f, "is for cluster {}", one_line(name)),
            Self::Credential => f.write_str("has another kind of credential"),
            Self::Issuer => f.write_str("is a user of another issuer"),
            Self::Server(origin) => write!(f, "is at {}", one_line(origin)),
            Self::Subject => f.write_str("is another user of the same issuer"),
            Self::User(name) => write!(f, "is for user {}", one_line(name)),
        }
    }
}

fn cluster(old: &Map<String, Value>, new: &Map<String, Value>) -> Option<Elsewhere> {
    let (old, new) = (text(old, "server")?, text(new, "server")?);
    (!same_url(old, new)).then(|| {
        // The origin alone: a URL may hold a password.
        let shown = Url::parse(old).map(|url| url.origin().ascii_serialization());
        Elsewhere::Server(shown.unwrap_or_else(|_| "another server".into()))
    })
}

fn context(old: &Map<String, Value>, new: &Map<String, Value>) -> Option<Elsewhere> {
    let differs = |key| {
        let (old, new) = (text(old, key)?, text(new, key)?);
        (old != new).then(|| old.to_owned())
    };
    differs("cluster")
        .map(Elsewhere::Cluster)
        .or_else(|| differs("user").map(Elsewhere::User))
}

fn user(old: &Map<String, Value>, new: &Map<String, Value>) -> Option<Elsewhere> {
    match (Identity::of(old), Identity::of(new)) {
        (Identity::Nobody, _) | (_, Identity::Nobody) => None,
        _ if credentials(old).eq(credentials(new)) => None,
        (Identity::Oidc(old), Identity::Oidc(new)) => oidc(&old, &new),
        (Identity::Token(old), Identity::Token(new)) => Subject::compare(&old, &new),
        (Identity::Token(token), Identity::Oidc(oidc))
        | (Identity::Oidc(oidc), Identity::Token(token)) => {
            Subject::compare(&token, &oidc.id_token)
        }
        _ => Some(Elsewhere::Credential),
    }
}

fn oidc(old: &OidcUser, new: &OidcUser) -> Option<Elsewhere> {
    if !same_url(&old.issuer, &new.issuer) {
        return Some(Elsewhere::Issuer);
    }
    if old.client_id != new.client_id {
        return Some(Elsewhere::ClientId);
    }
    // Tokens that cannot be read leave it at issuer and client.
    let (old, new) = (Subject::of(&old.id_token)?, Subject::of(&new.id_token)?);
    (old.sub != new.sub).then_some(Elsewhere::Subject)
}

/// Who a user entry is
enum Identity {
    Nobody,
    Oidc(OidcUser),
    Token(Secret),
    /// A certificate, a command, a password, a file, or several kinds at once
    Other,
}

impl Identity {
    fn of(user: &Map<String, Value>) -> Self {
        let mut kinds = credentials(user).map(|(key, _)| key);
        match (kinds.next(), kinds.next()) {
            (None, _) => Self::Nobody,
            (Some(AUTH_PROVIDER), None) => OidcUser::of(user).map_or(Self::Other, Self::Oidc),
            (Some(TOKEN), None) => {
                text(user, TOKEN).map_or(Self::Other, |token| Self::Token(Secret::new(token)))
            }
            _ => Self::Other,
        }
    }
}

/// Whom a JSON Web Token is about, read without checking it
struct Subject {
    iss: String,
    sub: String,
}

impl Subject {
    fn of(token: &Secret) -> Option<Self> {
        let mut parts = token.expose_secret().split('.');
        let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
        let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        let claims: Map<String, Value> = serde_json::from_slice(&payload).ok()?;
        Some(Self {
            iss: text(&claims, "iss")?.to_owned(),
            sub: text(&claims, "sub")?.to_owned(),
        })
    }

    fn compare(old: &Secret, new: &Secret) -> Option<Elsewhere> {
        match (Self::of(old), Self::of(new)) {
            (Some(old), Some(new)) if !same_url(&old.iss, &new.iss) => Some(Elsewhere::Issuer),
            (Some(old), Some(new)) => (old.sub != new.sub).then_some(Elsewhere::Subject),
            // An opaque token says nothing about its user.
            _ => Some(Elsewhere::Credential),
        }
    }
}

/// The credentials that a user entry really has, in the order of their names
fn credentials(user: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    let mut found: Vec<_> = user
        .iter()
        .map(|(key, value)| (key.as_str(), value))
        .filter(|(key, value)| is_credential(key) && !is_empty(value))
        .collect();
    found.sort_by_key(|(key, _)| *key);
    found.into_iter()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

fn text<'a>(map: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    map.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// By scheme, host, port, path and query, as a browser would read them; a `/` at the end does not count
fn same_url(a: &str, b: &str) -> bool {
    let read = |text| {
        let url = Url::parse(text).ok()?;
        Some((
            url.scheme().to_owned(),
            url.host_str().map(str::to_owned),
            url.port_or_known_default(),
            url.path().trim_end_matches('/').to_owned(),
            url.query().map(str::to_owned),
        ))
    };
    match (read(a), read(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Map, Value, json};

    use super::Elsewhere;
    use crate::kubeconfig::Section;

    fn between(section: Section, old: Value, new: Value) -> Option<Elsewhere> {
        let map = |value| match value {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        Elsewhere::between(section, &map(old), &map(new))
    }

    fn servers(old: &str, new: &str) -> Option<Elsewhere> {
        between(
            Section::Clusters,
            json!({"server": old}),
            json!({"server": new}),
        )
    }

    fn users(old: Value, new: Value) -> Option<Elsewhere> {
        between(Section::Users, old, new)
    }

    fn jwt(iss: &str, sub: &str, exp: u32) -> String {
        let claims = json!({"iss": iss, "sub": sub, "exp": exp}).to_string();
        format!("eyJhbGciOiJub25lIn0.{}.sig", URL_SAFE_NO_PAD.encode(claims))
    }

    fn oidc(issuer: &str, client: &str, id_token: &str) -> Value {
        let config = json!({"idp-issuer-url": issuer, "client-id": client, "id-token": id_token});
        json!({"auth-provider": {"name": "oidc", "config": config}})
    }

    #[test]
    fn servers_are_compared_as_urls() {
        assert_eq!(
            servers("https://k.example.com", "https://K.example.com:443/"),
            None
        );
        assert_eq!(servers("https://k:6443/path", "https://k:6443/path/"), None);
        for other in [
            "http://k:6443",
            "https://k:6444",
            "https://k:6443/path",
            "https://j:6443",
            "not a url",
        ] {
            assert_eq!(
                servers("https://k:6443", other),
                Some(Elsewhere::Server("https://k:6443".into())),
                "{other}"
            );
        }
    }

    #[test]
    fn a_server_is_shown_without_its_password() {
        let elsewhere = servers("https://user:hunter2@k/x?y=z", "https://j").unwrap();

        assert_eq!(elsewhere.to_string(), "is at https://k");
    }

    #[test]
    fn an_entry_without_an_aim_may_be_filled() {
        assert_eq!(
            between(Section::Clusters, json!({}), json!({"server": "https://k"})),
            None
        );
        assert_eq!(
            between(
                Section::Contexts,
                json!({"cluster": "", "user": ""}),
                json!({"cluster": "a", "user": "b"})
            ),
            None
        );
        assert_eq!(
            users(json!({"as": "x", "token": ""}), json!({"token": "t"})),
            None
        );
    }

    #[test]
    fn a_context_for_another_cluster_or_user_points_elsewhere() {
        let old = json!({"cluster": "a", "user": "b", "namespace": "n"});

        let compare = |new| between(Section::Contexts, old.clone(), new);
        assert_eq!(compare(json!({"cluster": "a", "user": "b"})), None);
        assert_eq!(
            compare(json!({"cluster": "x", "user": "b"})),
            Some(Elsewhere::Cluster("a".into()))
        );
        assert_eq!(
            compare(json!({"cluster": "a", "user": "x"})),
            Some(Elsewhere::User("b".into()))
        );
    }

    #[test]
    fn oidc_users_are_told_apart_by_issuer_client_and_subject() {
        let token = |sub| jwt("https://i/", sub, 1);
        let old = || oidc("https://i/idp", "kubernetes", &token("ada"));

        assert_eq!(
            users(old(), oidc("https://i/idp/", "kubernetes", &token("ada"))),
            None
        );
        assert_eq!(
            users(old(), oidc("https://i/idp", "kubernetes", "opaque")),
            None
        );
        assert_eq!(
            users(old(), oidc("https://j/idp", "kubernetes", &token("ada"))),
            Some(Elsewhere::Issuer)
        );
        assert_eq!(
            users(old(), oidc("https://i/idp", "other", &token("ada"))),
            Some(Elsewhere::ClientId)
        );
        assert_eq!(
            users(old(), oidc("https://i/idp", "kubernetes", &token("bob"))),
            Some(Elsewhere::Subject)
        );
    }

    #[test]
    fn a_token_is_the_same_user_as_the_oidc_entry_that_it_came_from() {
        let bare = |sub| json!({"token": jwt("https://i", sub, 2)});
        let entry = oidc("https://i", "kubernetes", &jwt("https://i", "ada", 1));

        assert_eq!(users(bare("ada"), entry.clone()), None);
        assert_eq!(users(entry.clone(), bare("ada")), None);
        assert_eq!(users(bare("ada"), bare("ada")), None);
        assert_eq!(users(bare("bob"), entry), Some(Elsewhere::Subject));
        assert_eq!(
            users(bare("ada"), json!({"token": jwt("https://j", "ada", 2)})),
            Some(Elsewhere::Issuer)
        );
    }

    #[test]
    fn an_opaque_token_is_the_same_only_if_it_is_equal() {
        assert_eq!(users(json!({"token": "t"}), json!({"token": "t"})), None);
        assert_eq!(
            users(json!({"token": "t"}), json!({"token": "u"})),
            Some(Elsewhere::Credential)
        );
    }

    #[test]
    fn another_kind_of_credential_points_elsewhere() {
        let new = oidc("https://i", "kubernetes", "t");
        for old in [
            json!({"client-certificate-data": "x", "client-key-data": "y"}),
            json!({"exec": {"command": "aws"}}),
            json!({"username": "a", "password": "b"}),
            json!({"tokenFile": "/t"}),
            json!({"auth-provider": {"name": "gcp"}}),
            json!({"token": "t", "exec": {"command": "aws"}}),
        ] {
            assert_eq!(
                users(old.clone(), new.clone()),
                Some(Elsewhere::Credential),
                "{old}"
            );
            assert_eq!(users(old.clone(), old), None);
        }
    }
}
