//! What the store keeps of a login: a token, how to get the next one, and what went wrong last.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Secret;
use crate::store::{FreshToken, Life, Rung};

/// The content of a store under one key, in the format that this version writes
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Record {
    pub(crate) format: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<KeptToken>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh: Option<KeptRefresh>,
    /// Why there is no refresh token any more
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ended: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<KeptFailure>,
    /// What providers recognize the device by
    #[serde(
        with = "exposed_option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) devices: Option<Secret>,
    /// The clusters that the portal named
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) servers: Vec<String>,
    /// Who was logged in, in the portal's words
    #[serde(default)]
    pub(crate) user: String,
}

/// An id_token with its times
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct KeptToken {
    #[serde(with = "exposed")]
    pub(crate) id_token: Secret,
    /// Seconds since 1970, as all times here
    issued: i64,
    expires: i64,
    received: i64,
    /// Seconds that the server's clock was ahead of ours
    skew: i64,
}

/// A refresh token, and where to spend it
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct KeptRefresh {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    #[serde(
        with = "exposed_option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) client_secret: Option<Secret>,
    #[serde(with = "exposed")]
    pub(crate) token: Secret,
    /// How the client shows that it is itself, by its registered name; without one, by its secret as a field
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_auth: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token_endpoint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revocation_endpoint: Option<String>,
}

/// The last failure, so that a storm of calls does not repeat it
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct KeptFailure {
    pub(crate) kind: String,
    pub(crate) message: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) causes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    /// When it happened, in microseconds: those who were waiting by then share it
    pub(crate) at_micros: i64,
    /// Until when it is not tried again
    pub(crate) until: i64,
    /// Of the secret that was refused; another secret may be tried
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<KeptFingerprint>,
    /// It was of a refresh, and says nothing of a login
    #[serde(default)]
    pub(crate) at_refresh: bool,
    /// It was of credentials that could not be had
    #[serde(default)]
    pub(crate) at_secrets: bool,
}

/// A few bits that tell two secrets apart, and are too few to find one by
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct KeptFingerprint {
    /// Made by chance for this failure, in hexadecimal
    pub(crate) key: String,
    pub(crate) bits: u16,
}

/// What is known of a login's stored tokens, without any of them
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Kept {
    /// Who was logged in, in the portal's words
    pub user: String,
    /// When the token ends, by its own `exp` claim
    pub expires: Option<Timestamp>,
    /// Whether the next token can be got without a login
    pub has_refresh_token: bool,
    /// Why there is no refresh token any more
    pub ended: Option<String>,
    /// The last failure: its kind's stable name, and its message
    pub failure: Option<(String, String)>,
    /// Until when what failed is not tried again
    pub held_until: Option<Timestamp>,
    /// Whether a provider gave something to recognize the device by
    pub has_device: bool,
}

/// What a stored text is
#[derive(Debug)]
pub(crate) enum Reading {
    /// Of this version's format
    Record(Box<Record>),
    /// Of a newer format: not ours to change
    Newer,
    /// Nothing that a doorward wrote
    Broken,
}

impl Record {
    #[cfg(any(feature = "login", test))]
    pub(crate) fn new() -> Self {
        Self {
            format: FORMAT,
            ..Self::default()
        }
    }

    /// Reads what a store holds
    pub(crate) fn read(text: &str) -> Reading {
        #[derive(Deserialize)]
        struct Header {
            format: u32,
        }
        match serde_json::from_str::<Header>(text) {
            Ok(Header { format }) if format > FORMAT => Reading::Newer,
            Ok(Header { format: FORMAT }) => match serde_json::from_str(text) {
                Ok(record) => Reading::Record(Box::new(record)),
                Err(_) => Reading::Broken,
            },
            _ => Reading::Broken,
        }
    }

    #[cfg(any(feature = "login", test))]
    pub(crate) fn to_text(&self) -> Secret {
        // Its maps have text for keys, and nothing else could fail.
        Secret::new(serde_json::to_string(self).unwrap_or_default())
    }

    /// The token, if it has enough life left
    pub(crate) fn fresh(&self, now: Timestamp) -> Option<FreshToken> {
        let token = self.token.as_ref()?;
        let life = token.life()?;
        life.is_fresh(now)
            .then(|| self.token_from(token, life, Rung::Cache))
    }

    /// What may be shown of it
    pub(crate) fn kept(&self) -> Kept {
        let life = self.token.as_ref().and_then(KeptToken::life);
        let failure = self.failure.as_ref();
        let held = failure.and_then(|failure| Timestamp::from_second(failure.until).ok());
        Kept {
            user: self.user.clone(),
            expires: life.map(|life| life.ends),
            has_refresh_token: self.refresh.is_some(),
            ended: self.ended.clone(),
            failure: failure.map(|failure| (failure.kind.clone(), failure.message.clone())),
            held_until: held,
            has_device: self.devices.is_some(),
        }
    }

    pub(crate) fn token_from(&self, token: &KeptToken, life: Life, rung: Rung) -> FreshToken {
        FreshToken {
            id_token: token.id_token.clone(),
            life,
            servers: self.servers.clone(),
            user: self.user.clone(),
            rung,
        }
    }
}

impl KeptToken {
    #[cfg(any(feature = "login", test))]
    pub(crate) fn new(id_token: Secret, life: Life) -> Self {
        Self {
            id_token,
            issued: life.issued.as_second(),
            expires: life.ends.as_second(),
            received: life.received.as_second(),
            skew: life.skew.as_secs(),
        }
    }

    /// Its times; nothing if they are none
    pub(crate) fn life(&self) -> Option<Life> {
        Some(Life {
            issued: Timestamp::from_second(self.issued).ok()?,
            ends: Timestamp::from_second(self.expires).ok()?,
            received: Timestamp::from_second(self.received).ok()?,
            skew: SignedDuration::from_secs(self.skew.clamp(-MOST_SKEW, MOST_SKEW)),
        })
    }
}

/// The one place besides the wire and the output where a secret leaves: the store's own text
pub(crate) mod exposed {
    use super::{Deserialize, Deserializer, Secret, Serializer};

    pub(crate) fn serialize<S: Serializer>(secret: &Secret, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(secret.expose_secret())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
        String::deserialize(from).map(Secret::new)
    }
}

mod exposed_option {
    use super::{Deserialize, Deserializer, Secret, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        secret: &Option<Secret>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(Secret::expose_secret).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Secret>, D::Error> {
        Option::<String>::deserialize(from).map(|text| text.map(Secret::new))
    }
}

const FORMAT: u32 = 1;

/// Ten years
const MOST_SKEW: i64 = 315_360_000;

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{KeptRefresh, KeptToken, Reading, Record};
    use crate::Secret;
    use crate::store::{Life, Rung};

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    fn record() -> Record {
        let life = Life {
            issued: now(),
            ends: now() + SignedDuration::from_secs(60),
            received: now(),
            skew: SignedDuration::from_secs(-2),
        };
        Record {
            token: Some(KeptToken::new(Secret::new("canary"), life)),
            refresh: Some(KeptRefresh {
                issuer: "https://i.test".into(),
                client_id: "c".into(),
                client_secret: None,
                client_auth: None,
                token: Secret::new("canary"),
                token_endpoint: Some("https://i.test/token".into()),
                revocation_endpoint: None,
            }),
            servers: vec!["https://api.test".into()],
            user: "ci".into(),
            ..Record::new()
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let text = record().to_text();

        let Reading::Record(read) = Record::read(text.expose_secret()) else {
            panic!("not a record");
        };
        assert_eq!(read.to_text().expose_secret(), text.expose_secret());
        let token = read.fresh(now()).unwrap();
        assert_eq!(token.id_token().expose_secret(), "canary");
        assert_eq!(token.rung(), Rung::Cache);
        assert_eq!(token.is_for("https://api.test/"), Some(true));
        assert!(read.fresh(now() + SignedDuration::from_secs(52)).is_none());
    }

    #[test]
    fn a_newer_format_is_told_from_a_broken_one() {
        let text = record().to_text();
        let newer = text
            .expose_secret()
            .replace(r#""format":1"#, r#""format":2"#);
        assert!(matches!(Record::read(&newer), Reading::Newer));
        assert!(matches!(
            Record::read(r#"{"format":7,"token":["elsewhere"]}"#),
            Reading::Newer
        ));

        let cut = text.expose_secret().get(..60).unwrap();
        for broken in [
            "",
            "{}",
            "null",
            r#"{"format":0}"#,
            r#"{"format":1,"token":3}"#,
            cut,
        ] {
            assert!(matches!(Record::read(broken), Reading::Broken), "{broken}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        assert!(!format!("{:?}", record()).contains("canary"));
    }
}
