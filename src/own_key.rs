//! A key of one's own as the front door: nobody logs in, and each token is made where it is needed.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::rand;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::digest::hex;
use crate::front_door::{FrontDoor, Grant};
use crate::kubeconfig::Target;
use crate::signing::{Signer, compact};
use crate::store::{FreshToken, Life, Rung};
use crate::{Error, KeySource, Kubeconfig, Trail};

/// Tokens that a key of one's own signs, for whatever trusts its issuer
///
/// Such as an API server whose authentication configuration names the issuer, or a proxy before it. Making one needs no network
/// and writes nothing. The key is read anew for each, so that a key that was rotated is used at once.
///
/// ```
/// # #[cfg(unix)] {
/// use doorward::{KeySource, OwnKey};
/// # use doorward::signing::{Algorithm, PrivateKey};
/// # use std::os::unix::fs::PermissionsExt;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("ci.pem");
/// # std::fs::write(&path, PrivateKey::generate(Algorithm::Es256)?.to_pem()?.expose_secret()).unwrap();
/// # std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
///
/// let key = KeySource::new(path.to_str().unwrap())?;
/// let token = OwnKey::new(key, "https://ci.example.com", "ci-bot")?.mint()?;
/// assert_eq!(token.user(), "ci-bot");
/// # }
/// # Ok::<(), doorward::Error>(())
/// ```
///
/// Source: <https://www.rfc-editor.org/rfc/rfc7519#section-4.1>
#[derive(Clone, Debug)]
pub struct OwnKey {
    key: Key,
    issuer: String,
    subject: String,
    audiences: Vec<String>,
    life: SignedDuration,
    claims: Map<String, Value>,
    target: Option<Target>,
}

#[derive(Clone, Debug)]
enum Key {
    Source(KeySource),
    Signer(Arc<dyn Signer>),
}

impl OwnKey {
    /// Tokens of `issuer` for `subject`, signed by the key at `source`
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): the issuer or the subject is empty.
    pub fn new(source: KeySource, issuer: &str, subject: &str) -> Result<Self, Error> {
        Self::with(Key::Source(source), issuer, subject)
    }

    /// Tokens that a signer of the caller's signs, such as a cloud's key service
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): the issuer or the subject is empty.
    pub fn signed_by(signer: Arc<dyn Signer>, issuer: &str, subject: &str) -> Result<Self, Error> {
        Self::with(Key::Signer(signer), issuer, subject)
    }

    /// Adds an audience; without any it is `kubernetes`
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// How long a token lives: 60 seconds by default
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): less than 10 seconds, or more than 24 hours.
    pub fn duration(mut self, life: Duration) -> Result<Self, Error> {
        let life = SignedDuration::try_from(life).unwrap_or(SignedDuration::MAX);
        if !(LEAST_LIFE..=MOST_LIFE).contains(&life) {
            return Err(
                Error::config("a token of one's own lives from 10 seconds to 24 hours")
                    .at("duration", format!("{} s", life.as_secs())),
            );
        }
        self.life = life;
        Ok(self)
    }

    /// Adds a claim of the caller's, such as `groups`
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): the claim has a method or a fixed value of its own, such as `aud` or `exp`.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Result<Self, Error> {
        if name.is_empty() || OWN_CLAIMS.contains(&name) {
            return Err(Error::config("the claim is none that can be added")
                .at("claim", name)
                .hint("--issuer, --subject, --audience and --duration say what the registered claims are"));
        }
        self.claims.insert(name.to_owned(), value.into());
        Ok(self)
    }

    /// The cluster that the tokens are for
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    /// Makes a token: no request is sent, no lock taken, and nothing written
    ///
    /// It may block for as long as the key's passphrase or a token of hardware takes.
    ///
    /// # Errors
    ///
    /// Those of [`KeySource::signer`] and of [`Signer::sign`].
    pub fn mint(&self) -> Result<FreshToken, Error> {
        self.mint_at(Timestamp::now())
    }

    fn mint_at(&self, now: Timestamp) -> Result<FreshToken, Error> {
        let issued = now.as_second();
        let ends = issued.saturating_add(self.life.as_secs());
        let mut claims = Map::new();
        claims.insert("iss".into(), self.issuer.as_str().into());
        claims.insert("sub".into(), self.subject.as_str().into());
        // Some read a list of one as no audience.
        let audience = match self.audiences.as_slice() {
            [] => json!(USUAL_AUDIENCE),
            [one] => json!(one),
            several => json!(several),
        };
        claims.insert("aud".into(), audience);
        claims.insert("jti".into(), random_uuid()?.into());
        claims.insert("iat".into(), issued.into());
        claims.insert("nbf".into(), issued.saturating_sub(BACK_DATED).into());
        claims.insert("exp".into(), ends.into());
        claims.extend(self.claims.clone());
        let id_token = match &self.key {
            Key::Source(source) => compact(&*source.signer()?, &claims)?,
            Key::Signer(signer) => compact(&**signer, &claims)?,
        };
        let second = |second| Timestamp::from_second(second).unwrap_or(now);
        Ok(FreshToken {
            id_token,
            life: Life {
                issued: second(issued),
                ends: second(ends),
                received: now,
                skew: SignedDuration::ZERO,
            },
            servers: self.servers(),
            user: self.subject.clone(),
            rung: Rung::Minted,
        })
    }

    fn servers(&self) -> Vec<String> {
        let servers = self.target.iter().map(Target::server);
        servers.map(str::to_owned).collect()
    }

    fn with(key: Key, issuer: &str, subject: &str) -> Result<Self, Error> {
        for (name, value) in [("issuer", issuer), ("subject", subject)] {
            if value.is_empty() {
                return Err(
                    Error::config(format!("a token of one's own needs a {name}"))
                        .hint(format!("--{name} says it")),
                );
            }
        }
        Ok(Self {
            key,
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            audiences: Vec::new(),
            life: USUAL_LIFE,
            claims: Map::new(),
            target: None,
        })
    }
}

#[async_trait]
impl FrontDoor for OwnKey {
    async fn open(&self) -> Result<Grant, Error> {
        // A passphrase's command and a token of hardware take their time.
        let own = self.clone();
        let minted = tokio::task::spawn_blocking(move || own.mint()).await;
        let token =
            minted.map_err(|error| Error::config("a token could not be made").because(error))??;
        let kubeconfig = match &self.target {
            Some(target) => target.kubeconfig(&self.subject),
            None => Kubeconfig::new(),
        };
        Ok(Grant {
            expires: Some(token.expires()),
            id_token: token.id_token,
            refresh: None,
            subject: self.subject.clone(),
            idp: None,
            kubeconfig,
            trail: Trail::default(),
            skew: SignedDuration::ZERO,
        })
    }
}

/// Version 4: no two tokens have one
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9562#section-5.4>
fn random_uuid() -> Result<String, Error> {
    let mut bytes = [0_u8; 16];
    rand::fill(&mut bytes).map_err(|_| Error::config("the system has no random numbers"))?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let parts = [
        &bytes[..4],
        &bytes[4..6],
        &bytes[6..8],
        &bytes[8..10],
        &bytes[10..],
    ];
    Ok(parts.map(hex).join("-"))
}

const USUAL_AUDIENCE: &str = "kubernetes";

/// Those that no caller sets by name
const OWN_CLAIMS: [&str; 7] = ["iss", "sub", "aud", "jti", "iat", "nbf", "exp"];

/// For verifiers whose clocks are behind, and who allow for nothing
const BACK_DATED: i64 = 60;

const USUAL_LIFE: SignedDuration = SignedDuration::from_secs(60);
const LEAST_LIFE: SignedDuration = SignedDuration::from_secs(10);
const MOST_LIFE: SignedDuration = SignedDuration::from_hours(24);

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::OwnKey;
    use crate::kubeconfig::{Section, Target, UserAuth};
    use crate::signing::{Algorithm, PrivateKey, Signer as _};
    use crate::store::FreshToken;
    use crate::{ErrorKind, FrontDoor as _, Rung};

    fn own_key() -> OwnKey {
        let key = PrivateKey::generate(Algorithm::Es256).unwrap();
        OwnKey::signed_by(Arc::new(key), "https://ci.test", "ci-bot").unwrap()
    }

    fn part(token: &FreshToken, index: usize) -> Value {
        let part = token.id_token().expose_secret().split('.').nth(index);
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part.unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn the_claims_are_whole_numbers_and_back_dated() {
        let now = Timestamp::new(1_800_000_000, 999_000_000).unwrap();

        let token = own_key().mint_at(now).unwrap();

        let mut claims = part(&token, 1);
        let jti = claims["jti"].take();
        assert_eq!(
            claims,
            json!({
                "iss": "https://ci.test", "sub": "ci-bot", "aud": "kubernetes", "jti": null,
                "iat": 1_800_000_000, "nbf": 1_799_999_940, "exp": 1_800_000_060,
            })
        );
        let jti = jti.as_str().unwrap();
        assert_eq!((jti.len(), jti.as_bytes()[14]), (36, b'4'));
        assert_eq!(token.expires().as_second(), 1_800_000_060);
        assert!(token.is_fresh(now));
        assert_eq!((token.user(), token.rung()), ("ci-bot", Rung::Minted));
    }

    #[test]
    fn no_two_tokens_are_the_same() {
        let own = own_key();
        let (one, two) = (own.mint().unwrap(), own.mint().unwrap());

        assert_ne!(part(&one, 1)["jti"], part(&two, 1)["jti"]);
    }

    #[test]
    fn the_header_names_the_key() {
        let key = Arc::new(PrivateKey::generate(Algorithm::Es384).unwrap());
        let kid = key.jwk().thumbprint();
        let own = OwnKey::signed_by(key, "i", "s").unwrap();

        let token = own.mint().unwrap();

        let wanted = json!({ "alg": "ES384", "kid": kid, "typ": "JWT" });
        assert_eq!(part(&token, 0), wanted);
    }

    #[test]
    fn audiences_and_claims_are_the_callers() {
        let own = own_key()
            .audience("one")
            .audience("two")
            .claim("groups", json!(["a", "b"]))
            .unwrap();

        let claims = part(&own.mint().unwrap(), 1);

        assert_eq!(claims["aud"], json!(["one", "two"]));
        assert_eq!(claims["groups"], json!(["a", "b"]));
        for name in ["", "iss", "sub", "aud", "jti", "iat", "nbf", "exp"] {
            let error = own_key().claim(name, "x").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{name}");
        }
    }

    #[test]
    fn a_life_has_limits() {
        for seconds in [0, 9, 24 * 3600 + 1, u64::MAX] {
            let error = own_key().duration(Duration::from_secs(seconds));
            assert_eq!(error.unwrap_err().kind(), ErrorKind::Config, "{seconds}");
        }
        let own = own_key().duration(Duration::from_secs(24 * 3600)).unwrap();
        let claims = part(&own.mint().unwrap(), 1);
        let second = |name: &str| claims[name].as_i64().unwrap();
        assert_eq!(second("exp") - second("iat"), 24 * 3600);
    }

    #[test]
    fn an_issuer_and_a_subject_are_needed() {
        let key = Arc::new(PrivateKey::generate(Algorithm::Es256).unwrap());
        for (issuer, subject) in [("", "s"), ("i", "")] {
            let error = OwnKey::signed_by(key.clone(), issuer, subject).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
        }
    }

    #[tokio::test]
    async fn a_login_gives_the_target_with_a_token() {
        let target = Target::new("https://k8s.test:6443").unwrap();

        let grant = own_key().target(target).open().await.unwrap();

        assert_eq!(grant.subject(), "ci-bot");
        assert_eq!(grant.servers(), ["https://k8s.test:6443"]);
        assert!(grant.refresh().is_none());
        let kubeconfig = grant.kubeconfig(&UserAuth::Token).unwrap();
        let user = kubeconfig.entry(Section::Users, "ci-bot@k8s.test").unwrap();
        assert_eq!(user["token"], grant.id_token().expose_secret());
    }
}
