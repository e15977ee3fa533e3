//! Who a user entry is, as far as its own text tells, and without a word of its secrets.
//!
//! No signature is checked here: the claims of a token only tell two users of one name apart.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::kubeconfig::user::{AUTH_PROVIDER, EXEC, OidcUser, TOKEN, is_credential};
use crate::kubeconfig::{ExecUser, Kubeconfig, Section};
use crate::secret::Secret;

/// Who a user entry is
#[derive(Clone)]
pub(crate) enum Identity {
    /// No credentials at all
    Nobody,
    /// A plug-in: doorward's own with its profile, or another one
    Exec(Option<String>),
    /// A user of an issuer; the subject where its id_token shows it
    Oidc {
        issuer: String,
        client_id: String,
        subject: Option<Subject>,
    },
    /// A bare token, and whom it is about, unless it is opaque
    Token(Option<Subject>),
    /// A certificate, a password, a file, or several kinds at once
    Other,
}

impl Identity {
    pub(crate) fn of(user: &Map<String, Value>) -> Self {
        let mut kinds = credentials(user).map(|(key, _)| key);
        match (kinds.next(), kinds.next()) {
            (None, _) => Self::Nobody,
            (Some(AUTH_PROVIDER), None) => OidcUser::of(user).map_or(Self::Other, |oidc| {
                let subject = Subject::of(oidc.id_token.expose_secret());
                Self::Oidc {
                    issuer: oidc.issuer,
                    client_id: oidc.client_id,
                    subject,
                }
            }),
            (Some(EXEC), None) => {
                let profile = ExecUser::of(user).and_then(|user| user.profile().map(str::to_owned));
                Self::Exec(profile)
            }
            (Some(TOKEN), None) => user
                .get(TOKEN)
                .and_then(Value::as_str)
                .map_or(Self::Other, |token| Self::Token(Subject::of(token))),
            _ => Self::Other,
        }
    }

    /// The same, told by the token that a login gave for it
    fn told_by(self, token: &Secret) -> Self {
        let told = Subject::of(token.expose_secret());
        match self {
            Self::Oidc {
                issuer,
                client_id,
                subject,
            } => Self::Oidc {
                issuer,
                client_id,
                subject: told.or(subject),
            },
            _ => Self::Token(told),
        }
    }
}

impl Kubeconfig {
    /// Keeps in mind who the user `name` is, before a plug-in takes the place of its credentials
    ///
    /// With the token of the login, where there is one. A plug-in that is replaced by another still stands for the same user.
    pub(super) fn remember_behind(&mut self, name: &str, token: Option<&Secret>) {
        let before = self
            .entry(Section::Users, name)
            .map_or(Identity::Nobody, Identity::of);
        let identity = match (before, token) {
            (Identity::Exec(_), _) if self.behind.contains_key(name) => return,
            (before, Some(token)) => before.told_by(token),
            (before, None) => before,
        };
        match identity {
            Identity::Oidc { .. } | Identity::Token(_) => {
                self.behind.insert(name.to_owned(), identity);
            }
            _ => drop(self.behind.remove(name)),
        }
    }
}

/// Whom a JSON Web Token is about, read without checking it
#[derive(Clone)]
pub(crate) struct Subject {
    pub(super) iss: String,
    pub(super) sub: String,
}

impl Subject {
    fn of(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
        let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        let claims: Map<String, Value> = serde_json::from_slice(&payload).ok()?;
        let text = |key| {
            let text = claims.get(key)?.as_str()?;
            (!text.is_empty()).then(|| text.to_owned())
        };
        Some(Self {
            iss: text("iss")?,
            sub: text("sub")?,
        })
    }
}

/// The credentials that a user entry really has, in the order of their names
pub(super) fn credentials(user: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
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
