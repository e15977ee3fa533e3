//! Whether a token is the one that was asked for: its signature, and what it says of itself.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use thiserror::Error as ThisError;

use crate::Secret;
use crate::oidc::key_set::{KeySet, Verdict};
use crate::token::{Claims, parse_json};

/// What a token must be
#[derive(Clone, Debug)]
pub(crate) struct Expected<'a> {
    /// Whom it must be for, all of them; for the client itself, if nobody is named
    pub(crate) audiences: &'a [String],
    /// What it must repeat
    pub(crate) nonce: Option<&'a str>,
    /// Whether it is for the client itself; an access token is for somebody else, and says at most who got it
    pub(crate) is_id_token: bool,
    /// What must be added to our clock to have the issuer's
    pub(crate) skew: SignedDuration,
}

/// Why a token is not the one that was asked for; it quotes nothing of it
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
pub(crate) enum InvalidToken {
    #[error("it is no signed JWT")]
    NoJwt,
    #[error("it names an algorithm that the issuer's key is not for")]
    Algorithm,
    #[error("it wants something understood that nobody here knows (`crit`)")]
    Critical,
    #[error("it is signed by a key that the issuer does not publish")]
    UnknownKey,
    #[error("its signature is wrong")]
    Signature,
    #[error("it is another issuer's")]
    Issuer,
    #[error("it is for another audience")]
    Audience,
    #[error("it was given to another client")]
    AuthorizedParty,
    #[error("it says of nobody who they are")]
    Subject,
    #[error("it does not say when it ends")]
    Endless,
    #[error("it has ended, by the issuer's own clock")]
    Ended,
    #[error("it is not good yet, by the issuer's own clock")]
    NotYet,
    #[error("it is the answer to another request: its nonce is not ours")]
    Nonce,
}

/// Checks `token` of `issuer`, which was given to `client`
///
/// Source: <https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation>,
/// <https://www.rfc-editor.org/rfc/rfc8725>
pub(super) fn verify(
    token: &Secret,
    keys: &KeySet,
    issuer: &str,
    client: &str,
    expected: &Expected<'_>,
) -> Result<Claims, InvalidToken> {
    let text = token.expose_secret();
    let (message, signature) = text.rsplit_once('.').ok_or(InvalidToken::NoJwt)?;
    let (header, payload) = message.split_once('.').ok_or(InvalidToken::NoJwt)?;
    let header = object(header)?;
    let word = |object: &Map<String, Value>, name: &str| {
        object.get(name).and_then(Value::as_str).map(str::to_owned)
    };
    let algorithm = word(&header, "alg").ok_or(InvalidToken::NoJwt)?;
    if header.contains_key("crit") {
        return Err(InvalidToken::Critical);
    }
    let key_id = word(&header, "kid");
    match keys.has_signed(message, signature, &algorithm, key_id.as_deref()) {
        Verdict::Good => {}
        Verdict::Bad => return Err(InvalidToken::Signature),
        Verdict::OtherAlgorithm => return Err(InvalidToken::Algorithm),
        Verdict::UnknownKey => return Err(InvalidToken::UnknownKey),
    }

    let said = object(payload)?;
    let claims = Claims::of(token).ok_or(InvalidToken::NoJwt)?;
    if claims.issuer.as_deref() != Some(issuer) {
        return Err(InvalidToken::Issuer);
    }
    let got_by = ["azp", "client_id"].map(|name| word(&said, name));
    check_audience(&claims, &got_by, client, expected)?;
    if claims.subject.as_deref().unwrap_or_default().is_empty() {
        return Err(InvalidToken::Subject);
    }
    let now = Timestamp::now();
    let now = now.saturating_add(expected.skew).unwrap_or(now);
    let soon = now.saturating_add(LEEWAY).unwrap_or(now);
    if claims.expires.ok_or(InvalidToken::Endless)? <= now {
        return Err(InvalidToken::Ended);
    }
    let starts = said.get("nbf").and_then(Value::as_f64);
    let starts_later = starts.is_some_and(|starts| starts > seconds(soon));
    if starts_later || claims.issued.is_some_and(|issued| issued > soon) {
        return Err(InvalidToken::NotYet);
    }
    match expected.nonce {
        Some(nonce) if word(&said, "nonce").as_deref() != Some(nonce) => Err(InvalidToken::Nonce),
        _ => Ok(claims),
    }
}

fn check_audience(
    claims: &Claims,
    got_by: &[Option<String>; 2],
    client: &str,
    expected: &Expected<'_>,
) -> Result<(), InvalidToken> {
    let has = |wanted: &str| claims.audiences.iter().any(|audience| audience == wanted);
    if !expected.audiences.is_empty() {
        // Whoever exchanges a token gets one that is for somebody else.
        return match expected.audiences.iter().all(|wanted| has(wanted)) {
            true => Ok(()),
            false => Err(InvalidToken::Audience),
        };
    }
    let [authorized, _] = got_by;
    match authorized.as_deref() {
        _ if !expected.is_id_token => {
            let is_ours = got_by.iter().flatten().any(|id| id == client);
            let ok = is_ours || has(client);
            ok.then_some(()).ok_or(InvalidToken::AuthorizedParty)
        }
        _ if !has(client) => Err(InvalidToken::Audience),
        Some(authorized) if authorized != client => Err(InvalidToken::AuthorizedParty),
        None if claims.audiences.len() > 1 => Err(InvalidToken::AuthorizedParty),
        _ => Ok(()),
    }
}

/// What people call the one whom `token` speaks of; nothing if it says only `sub`
///
/// Source: <https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims>
pub(crate) fn display_name(token: &Secret) -> Option<String> {
    let payload = token.expose_secret().split('.').nth(1)?;
    let claims = object(payload).ok()?;
    let mut names = ["preferred_username", "email", "name"]
        .into_iter()
        .filter_map(|name| claims.get(name)?.as_str());
    let name = names.find(|name| !name.trim().is_empty())?;
    Some(name.trim().to_owned())
}

fn object(part: &str) -> Result<Map<String, Value>, InvalidToken> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok();
    let value = bytes.and_then(|bytes| parse_json(&bytes).ok());
    match value {
        Some(Value::Object(object)) => Ok(object),
        _ => Err(InvalidToken::NoJwt),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a date of this world has 34 bits"
)]
fn seconds(time: Timestamp) -> f64 {
    time.as_second() as f64
}

/// How far the clock that signed may be ahead of the one that answered
const LEEWAY: SignedDuration = SignedDuration::from_secs(60);

#[cfg(test)]
mod tests {
    use aws_lc_rs::hmac;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jiff::{SignedDuration, Timestamp};
    use serde_json::{Value, json};

    use super::{Expected, InvalidToken, display_name, verify};
    use crate::Secret;
    use crate::oidc::key_set::KeySet;

    struct Key(EcdsaKeyPair);

    impl Key {
        fn new() -> Self {
            Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
        }

        fn x_and_y(&self) -> (String, String) {
            let (x, y) = self.0.public_key().as_ref()[1..].split_at(32);
            (part(x), part(y))
        }

        fn set(&self) -> KeySet {
            let (x, y) = self.x_and_y();
            let key = json!({"kty": "EC", "crv": "P-256", "kid": "k", "x": x, "y": y});
            KeySet::read(&json!({"keys": [key]})).unwrap()
        }

        fn sign(&self, header: &Value, claims: &Value) -> Secret {
            let message = message(header, claims);
            let signature = self.0.sign(&SystemRandom::new(), message.as_bytes());
            Secret::new(format!("{message}.{}", part(signature.unwrap().as_ref())))
        }
    }

    fn part(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn message(header: &Value, claims: &Value) -> String {
        let text = |value: &Value| part(value.to_string().as_bytes());
        format!("{}.{}", text(header), text(claims))
    }

    fn header() -> Value {
        json!({"alg": "ES256", "kid": "k"})
    }

    fn now() -> i64 {
        Timestamp::now().as_second()
    }

    /// Good claims with others in their place
    fn claims(others: Value) -> Value {
        let mut claims = json!({
            "iss": "https://i.test", "sub": "ci", "aud": "cli", "iat": now(), "exp": now() + 60, "nonce": "n",
        });
        for (name, value) in others.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    fn expected() -> Expected<'static> {
        Expected {
            audiences: &[],
            nonce: Some("n"),
            is_id_token: true,
            skew: SignedDuration::ZERO,
        }
    }

    fn outcome(others: Value, expected: &Expected<'_>) -> Result<(), InvalidToken> {
        let key = Key::new();
        let token = key.sign(&header(), &claims(others));
        verify(&token, &key.set(), "https://i.test", "cli", expected).map(|_| ())
    }

    #[test]
    fn a_token_that_was_asked_for_is_good() {
        assert_eq!(outcome(json!({}), &expected()), Ok(()));
        assert_eq!(
            outcome(json!({"aud": ["cli"], "azp": "cli"}), &expected()),
            Ok(())
        );
        assert_eq!(
            outcome(json!({"aud": ["cli", "x"], "azp": "cli"}), &expected()),
            Ok(())
        );
        assert_eq!(
            outcome(json!({"nbf": now() + 30, "exp": now() + 60}), &expected()),
            Ok(())
        );
    }

    #[test]
    fn a_claim_that_is_not_ours_is_refused() {
        for (others, why) in [
            (json!({"iss": "https://i.test/"}), InvalidToken::Issuer),
            (json!({"iss": null}), InvalidToken::Issuer),
            (json!({"aud": "other"}), InvalidToken::Audience),
            (json!({"aud": []}), InvalidToken::Audience),
            (json!({"aud": ["cli", "x"]}), InvalidToken::AuthorizedParty),
            (json!({"azp": "other"}), InvalidToken::AuthorizedParty),
            (json!({"sub": ""}), InvalidToken::Subject),
            (json!({"exp": null}), InvalidToken::Endless),
            (json!({"exp": now() - 1}), InvalidToken::Ended),
            (json!({"iat": now() + 600}), InvalidToken::NotYet),
            (json!({"nbf": now() + 600}), InvalidToken::NotYet),
            (json!({"nonce": "other"}), InvalidToken::Nonce),
            (json!({"nonce": null}), InvalidToken::Nonce),
        ] {
            assert_eq!(outcome(others.clone(), &expected()), Err(why), "{others}");
        }
    }

    #[test]
    fn the_issuers_clock_counts() {
        let hour = SignedDuration::from_hours(1);
        let ahead = Expected {
            skew: hour,
            ..expected()
        };
        let behind = Expected {
            skew: -hour,
            ..expected()
        };

        assert_eq!(outcome(json!({}), &ahead), Err(InvalidToken::Ended));
        assert_eq!(
            outcome(json!({"iat": now() + 3600, "exp": now() + 3660}), &ahead),
            Ok(())
        );
        assert_eq!(outcome(json!({}), &behind), Err(InvalidToken::NotYet));
        assert_eq!(
            outcome(json!({"iat": now() - 3600, "exp": now() - 3540}), &behind),
            Ok(())
        );
    }

    #[test]
    fn an_exchanged_token_is_for_all_that_was_asked_for() {
        let audiences = ["a".to_owned(), "b".to_owned()];
        let exchanged = Expected {
            audiences: &audiences,
            nonce: None,
            ..expected()
        };

        let both = json!({"aud": ["b", "a", "c"], "azp": "somebody"});
        assert_eq!(outcome(both, &exchanged), Ok(()));
        assert_eq!(
            outcome(json!({"aud": "a"}), &exchanged),
            Err(InvalidToken::Audience)
        );
    }

    #[test]
    fn an_access_token_says_at_least_that_this_client_got_it() {
        let access = Expected {
            nonce: None,
            is_id_token: false,
            ..expected()
        };

        for others in [
            json!({"aud": "account", "azp": "cli"}),
            json!({"aud": [], "client_id": "cli"}),
            json!({}),
        ] {
            assert_eq!(outcome(others.clone(), &access), Ok(()), "{others}");
        }
        let other = outcome(json!({"aud": "account", "azp": "other"}), &access);
        assert_eq!(other, Err(InvalidToken::AuthorizedParty));
    }

    #[test]
    fn a_person_is_called_by_a_name_where_the_token_has_one() {
        let name = |claims: Value| {
            display_name(&Secret::new(format!(
                "e30.{}.c2ln",
                part(claims.to_string().as_bytes())
            )))
        };

        let both = json!({"sub": "CgNhZGE", "email": "ada@x.test", "preferred_username": ""});
        assert_eq!(name(both).as_deref(), Some("ada@x.test"));
        assert_eq!(name(json!({"sub": "x"})), None);
        assert_eq!(display_name(&Secret::new("opaque")), None);
    }

    #[test]
    fn a_token_without_a_good_signature_is_refused() {
        let key = Key::new();
        let check = |token: &Secret, keys: &KeySet| {
            let outcome = verify(token, keys, "https://i.test", "cli", &expected());
            outcome.map(|_| ()).unwrap_err()
        };
        let none = message(&json!({"alg": "none", "kid": "k"}), &claims(json!({})));
        let none = Secret::new(format!("{none}."));
        assert_eq!(check(&none, &key.set()), InvalidToken::Algorithm);

        // The public key is known to everybody: it must never be taken for a shared secret.
        let text = message(&json!({"alg": "HS256", "kid": "k"}), &claims(json!({})));
        let (x, _) = key.x_and_y();
        let secret = hmac::Key::new(hmac::HMAC_SHA256, x.as_bytes());
        let forged = format!(
            "{text}.{}",
            part(hmac::sign(&secret, text.as_bytes()).as_ref())
        );
        assert_eq!(
            check(&Secret::new(forged), &key.set()),
            InvalidToken::Algorithm
        );

        let token = key.sign(&header(), &claims(json!({})));
        assert_eq!(check(&token, &Key::new().set()), InvalidToken::Signature);
        let other = key.sign(&json!({"alg": "ES256", "kid": "gone"}), &claims(json!({})));
        assert_eq!(check(&other, &key.set()), InvalidToken::UnknownKey);
        let critical = json!({"alg": "ES256", "kid": "k", "crit": ["b64"], "b64": false});
        let critical = key.sign(&critical, &claims(json!({})));
        assert_eq!(check(&critical, &key.set()), InvalidToken::Critical);
        let changed = message(&header(), &claims(json!({"sub": "root"})));
        let signature = token.expose_secret().rsplit_once('.').unwrap().1;
        let changed = Secret::new(format!("{changed}.{signature}"));
        assert_eq!(check(&changed, &key.set()), InvalidToken::Signature);
    }

    #[test]
    fn what_is_no_jwt_is_refused() {
        let key = Key::new();
        let twice = format!(
            "{}.{}.AA",
            part(br#"{"alg":"ES256","alg":"none"}"#),
            part(b"{}")
        );
        for text in [
            "",
            "opaque",
            "a.b",
            "a.b.c",
            "e30.e30.",
            "a.b.c.d.e",
            &twice,
        ] {
            let outcome = verify(&Secret::new(text), &key.set(), "i", "cli", &expected());
            assert_eq!(outcome.unwrap_err(), InvalidToken::NoJwt, "{text}");
        }
    }
}
