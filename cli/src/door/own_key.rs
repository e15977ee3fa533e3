//! A profile as a key of the pipeline's own.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use doorward::profile::SecretPlace;
use doorward::signing::Algorithm;
use doorward::{Error, FrontDoor, KeySource, OwnKey, Profile, SecretSource};
use serde_json::Value;

use crate::args::{JWT_KEY_PASSPHRASE, told};
use crate::door::Door;
use crate::environment::variable as name_of;

/// The key that the profile names
pub(super) fn front(door: &Door) -> Result<Box<dyn FrontDoor>, Error> {
    let place = door.profile.jwt_key_passphrase.as_ref();
    let passphrase = door.source(JWT_KEY_PASSPHRASE, place)?;
    Ok(Box::new(of(&door.profile, passphrase)?))
}

/// The key that the profile names, where nothing else of a login is needed
pub(crate) fn of_profile(
    profile: &Profile,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<OwnKey, Error> {
    // A profile that was written by hand, or imported, may be silent about it.
    let usual = name_of(JWT_KEY_PASSPHRASE);
    let usual = variable(&usual)
        .filter(|value| !value.is_empty())
        .map(|_| SecretPlace::Variable(usual.clone()));
    let place = profile.jwt_key_passphrase.as_ref().or(usual.as_ref());
    let passphrase = place.map(|place| place.source(&told(JWT_KEY_PASSPHRASE), variable));
    of(profile, passphrase.transpose()?)
}

/// Tokens by a key, with the claims that the profile has
pub(crate) fn of(profile: &Profile, passphrase: Option<SecretSource>) -> Result<OwnKey, Error> {
    let issuer = profile.issuer.as_deref().unwrap_or_default();
    let subject = profile.subject.as_deref().unwrap_or(issuer);
    let mut own = OwnKey::new(key(profile, passphrase)?, issuer, subject)?;
    for audience in &profile.audience {
        own = own.audience(audience);
    }
    if let Some(seconds) = profile.duration {
        own = own.duration(Duration::from_secs(seconds))?;
    }
    for (name, value) in claims(&profile.claim)? {
        own = own.claim(name, value)?;
    }
    if let Some(target) = &profile.target {
        own = own.target(target.clone());
    }
    Ok(own)
}

/// The key itself
pub(crate) fn key(profile: &Profile, passphrase: Option<SecretSource>) -> Result<KeySource, Error> {
    let mut key = KeySource::new(profile.jwt_key.as_deref().unwrap_or_default())?;
    if let Some(passphrase) = passphrase {
        key = key.passphrase(passphrase);
    }
    if let Some(algorithm) = &profile.algorithm {
        key = key.algorithm(Algorithm::parse(algorithm)?);
    }
    if let Some(key_id) = &profile.key_id {
        key = key.key_id(key_id);
    }
    if profile.allow_shared_files {
        key = key.allow_shared_files();
    }
    Ok(key)
}

/// What the words `NAME=VALUE` say: a name that comes several times is a list
fn claims(words: &[String]) -> Result<BTreeMap<&str, Value>, Error> {
    let mut claims: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for word in words {
        let (name, text) = word.split_once('=').ok_or_else(|| {
            Error::config("a claim is NAME=VALUE")
                .hint("such as --claim groups=ci; several values by several --claim of one name")
        })?;
        let value = match text.starts_with(['[', '{']) {
            true => serde_json::from_str(text).map_err(|error| {
                Error::config("a claim's value begins as JSON, and is none")
                    .at("claim", name)
                    .because(error)
            })?,
            false => Value::from(text),
        };
        claims.entry(name).or_default().push(value);
    }
    let one = |mut values: Vec<Value>| match values.len() {
        1 => values.remove(0),
        _ => Value::Array(values),
    };
    Ok(claims
        .into_iter()
        .map(|(name, values)| (name, one(values)))
        .collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::claims;

    fn read(words: &[&str]) -> Option<serde_json::Value> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        Some(json!(claims(&words).ok()?))
    }

    #[test]
    fn a_claim_is_a_text_a_list_or_json() {
        let read_all = read(&["groups=a", "x=1=2", "groups=b", "roles=[\"r\"]", "o={}"]);
        assert_eq!(
            read_all,
            Some(json!({"groups": ["a", "b"], "x": "1=2", "roles": ["r"], "o": {}}))
        );
        assert_eq!(read(&[]), Some(json!({})));
        assert_eq!(read(&["groups"]), None);
        assert_eq!(read(&["groups=[a"]), None);
    }
}
