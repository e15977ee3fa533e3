//! A profile as a client of an OpenID Connect issuer.

use std::sync::Arc;

use doorward::issuer::GrantType;
use doorward::signing::Signer;
use doorward::{Credentials, Error, FrontDoor, Issuer, Profile, Url, Walk};

use crate::args::{CLIENT_SECRET, JWT_KEY_PASSPHRASE, SUBJECT_TOKEN};
use crate::door::{Door, Way, ci_identity, own_key};

/// The issuer that the profile names
pub(super) fn front(door: &Door) -> Result<Box<dyn FrontDoor>, Error> {
    let profile = &door.profile;
    let walk = match Way::Issuer.has_a_password(profile) {
        true => door.walk()?,
        false => door.walk.clone(),
    };
    let mut issuer = of(door, walk)?;
    if let Some(key) = key(door)? {
        issuer = issuer.client_assertion(key);
    }
    if profile.ci_identity.is_some() {
        let identity = ci_identity::for_issuer(door)?;
        // With another token to be exchanged, the platform's says who acts.
        let is_exchanged =
            profile.grant.as_deref() == Some(EXCHANGE) && profile.subject_token.is_none();
        issuer = match is_exchanged {
            true => issuer.subject_from(identity),
            false => issuer.bearer_from(identity),
        };
    }
    Ok(Box::new(issuer))
}

/// The issuer, for a walk that reads no secret
pub(super) fn to_probe(door: &Door) -> Result<Issuer, Error> {
    of(door, door.walk_to_probe()?)
}

/// The refusal of another secret than the client's or of another token says nothing of this one
pub(super) fn credentials(door: &Door) -> Result<Option<Credentials>, Error> {
    of(door, door.walk.clone())?.credentials()
}

/// The key that signs for the client, read now
pub(super) fn key(door: &Door) -> Result<Option<Arc<dyn Signer>>, Error> {
    let Some(place) = &door.profile.client_assertion_key else {
        return Ok(None);
    };
    let mut signing = door.profile.clone();
    signing.jwt_key = Some(place.clone());
    let passphrase = door.profile.jwt_key_passphrase.as_ref();
    let passphrase = door.source(JWT_KEY_PASSPHRASE, passphrase)?;
    own_key::key(&signing, passphrase)?.signer().map(Some)
}

/// Whether the issuer's endpoint may have the refresh token
pub(super) fn permits(door: &Door, endpoint: &Url) -> bool {
    let issuer = door.walk_without_secrets();
    let issuer = issuer.and_then(|walk| named(&door.profile, walk));
    issuer.is_ok_and(|issuer| issuer.permits(endpoint))
}

fn named(profile: &Profile, walk: Walk) -> Result<Issuer, Error> {
    let url = profile.issuer.as_deref().unwrap_or_default();
    let client_id = profile.client_id.as_deref().unwrap_or_default();
    Issuer::new(url, client_id, walk)
}

/// The issuer, with what the profile says of it; the client's key is read where it is needed
fn of(door: &Door, walk: Walk) -> Result<Issuer, Error> {
    let profile = &door.profile;
    let grant = profile.grant.as_deref();
    let grant = grant.map_or(Ok(GrantType::Code), GrantType::parse)?;
    let mut issuer = named(profile, walk)?.grant(grant);
    if let Some(url) = &profile.redirect_uri {
        issuer = issuer.redirect_uri(url)?;
    }
    // The variable of a secret may be meant for other calls of the job.
    let has_secret = profile.client_secret.is_some() || profile.client_assertion_key.is_none();
    if has_secret
        && let Some(secret) = door.source(CLIENT_SECRET, profile.client_secret.as_ref())?
    {
        issuer = issuer.client_secret(secret);
    }
    if grant == GrantType::TokenExchange
        && let Some(token) = door.source(SUBJECT_TOKEN, profile.subject_token.as_ref())?
    {
        issuer = issuer.subject_token(token);
    }
    for parameter in &profile.token_parameter {
        let (name, value) = parameter.split_once('=').ok_or_else(|| {
            Error::config("a token parameter is NAME=VALUE")
                .hint("such as --token-parameter connector_id=github")
        })?;
        issuer = issuer.parameter(name, value);
    }
    issuer = profile
        .scope
        .iter()
        .fold(issuer, |issuer, scope| issuer.scope(scope));
    // Without an exchange, an audience beside the platform's identity is that of its token.
    let is_for_platform = profile.ci_identity.is_some() && grant != GrantType::TokenExchange;
    let audiences = profile.audience.iter().filter(|_| !is_for_platform);
    issuer = audiences.fold(issuer, |issuer, audience| issuer.audience(audience));
    Ok(match &profile.target {
        Some(target) => issuer.target(target.clone()),
        None => issuer,
    })
}

const EXCHANGE: &str = "token-exchange";
