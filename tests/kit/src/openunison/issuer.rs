//! The portal as an OIDC provider: clients, sessions, codes and tokens.

use std::mem;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::idp::CodeRequest;
use crate::keys::s256_fits;
use crate::openunison::authorize::{Client, Federation};
use crate::openunison::{Rotation, Swap, refresh_token};
use crate::person::Person;
use crate::random;
use crate::world::{EVIL_HOST, World};

#[derive(Default)]
pub(super) struct Issuer {
    pub(super) clients: Vec<Client>,
    pub(super) sessions: Vec<OidcSession>,
    codes: Vec<Code>,
}

/// One OIDC session
pub(super) struct OidcSession {
    pub(super) login: String,
    pub(super) client: String,
    pub(super) claims: Map<String, Value>,
    pub(super) refresh_token: String,
    /// Refresh tokens of before, and when each was spent
    pub(super) spent: Vec<(String, u64)>,
    pub(super) id_token: String,
    pub(super) access_token: String,
    pub(super) ends_at: u64,
}

/// An authorization code; it lives a minute and may be used many times
struct Code {
    value: String,
    federation: Federation,
    person: Person,
    issuer: String,
    made_at: u64,
}

/// How a code is refused
pub(super) enum BadCode {
    Undecryptable,
    OtherClient,
    Verifier,
}

/// A code's content, for the token endpoint
pub(super) struct Granted {
    pub(super) person: Person,
    pub(super) issuer: String,
    pub(super) nonce: Option<String>,
}

/// How tokens are made
#[derive(Clone, Copy)]
pub(super) struct Minting {
    pub(super) life: Duration,
    pub(super) session_life: Duration,
    pub(super) plain_user_ids: bool,
    pub(super) corrupt: bool,
    pub(super) rotation: Rotation,
    pub(super) swapped: Option<Swap>,
}

impl Issuer {
    pub(super) fn new(api: &str) -> Self {
        Self {
            clients: Client::of_charts(api),
            ..Self::default()
        }
    }

    /// Opens a session and gives its place
    pub(super) fn open(
        &mut self,
        person: &Person,
        client: &str,
        issuer: &str,
        nonce: &str,
        minting: Minting,
        world: &World,
    ) -> usize {
        let mut session = OidcSession {
            login: person.login.clone(),
            client: client.to_owned(),
            claims: claims(person, client, issuer, minting.plain_user_ids),
            refresh_token: String::new(),
            spent: Vec::new(),
            id_token: String::new(),
            access_token: String::new(),
            ends_at: 0,
        };
        session.claims.insert("nonce".to_owned(), json!(nonce));
        session.renew(minting, world);
        self.sessions.push(session);
        world.record.login();
        self.sessions.len() - 1
    }

    pub(super) fn code(
        &mut self,
        federation: Federation,
        person: Person,
        issuer: String,
        world: &World,
    ) -> String {
        let value = world.secret(STANDARD.encode(random::bytes(CODE_BYTES)));
        self.codes.push(Code {
            value: value.clone(),
            federation,
            person,
            issuer,
            made_at: world.clock().seconds(),
        });
        value
    }

    pub(super) fn read_code(
        &self,
        value: &str,
        client: &str,
        verifier: Option<&str>,
        world: &World,
    ) -> Result<Granted, BadCode> {
        let code = self
            .codes
            .iter()
            .find(|code| code.value == value)
            .ok_or(BadCode::Undecryptable)?;
        if code.made_at + CODE_LIFE < world.clock().seconds() {
            return Err(BadCode::Undecryptable);
        }
        if code.federation.client != client {
            return Err(BadCode::OtherClient);
        }
        let fits = match (&code.federation.challenge, verifier) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(challenge), Some(verifier)) if code.federation.plain => challenge == verifier,
            (Some(challenge), Some(verifier)) => s256_fits(verifier, challenge),
        };
        if !fits {
            return Err(BadCode::Verifier);
        }
        Ok(Granted {
            person: code.person.clone(),
            issuer: code.issuer.clone(),
            nonce: code.federation.nonce.clone(),
        })
    }

    /// The person behind a code, for a satellite's callback
    pub(super) fn redeem(&self, request: &CodeRequest, world: &World) -> Option<Person> {
        let verifier = request.verifier.as_deref();
        self.read_code(&request.code, &request.client_id, verifier, world)
            .ok()
            .map(|granted| granted.person)
    }

    /// Ends all sessions of a person, whoever opened them, and gives their number
    pub(super) fn end_all(&mut self, login: &str) -> usize {
        let before = self.sessions.len();
        self.sessions.retain(|session| session.login != login);
        before - self.sessions.len()
    }

    pub(super) fn end_idle(&mut self, now: u64) {
        self.sessions.retain(|session| session.ends_at > now);
    }
}

impl OidcSession {
    /// Signs new tokens over the claims of the login, and makes a new refresh token unless the old one is kept
    pub(super) fn renew(&mut self, minting: Minting, world: &World) {
        let now = world.clock().millis();
        self.id_token = match minting.swapped {
            Some(swap) => signed(&swapped(self.claims.clone(), swap, world), minting, world),
            None => signed(&self.claims, minting, world),
        };
        let mut with_id = self.claims.clone();
        with_id.insert("session_id".to_owned(), json!(random::base64(48)));
        self.access_token = signed(&with_id, minting, world);
        self.ends_at = now + millis(minting.session_life);
        if self.refresh_token.is_empty() {
            self.refresh_token = world.secret(refresh_token::make());
        } else if minting.rotation != Rotation::Kept {
            let next = world.secret(refresh_token::make());
            let spent = mem::replace(&mut self.refresh_token, next);
            self.spent.push((spent, now));
        }
    }

    /// When that refresh token was spent, if it is one of before
    pub(super) fn spent_at(&self, token: &str) -> Option<u64> {
        let mut spent = self.spent.iter();
        spent.find(|(old, _)| old == token).map(|(_, at)| *at)
    }

    /// An id_token without the nonce, as the token page shows it
    pub(super) fn shown_id_token(&self, minting: Minting, world: &World) -> String {
        let mut claims = self.claims.clone();
        claims.shift_remove("nonce");
        signed(&claims, minting, world)
    }
}

/// The claims that stay the same in every token of a session
fn claims(person: &Person, client: &str, issuer: &str, plain: bool) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("iss".to_owned(), json!(issuer));
    claims.insert("aud".to_owned(), json!(client));
    claims.insert("sub".to_owned(), json!(person.login));
    // The charts misspell the given name's attribute, so that only the blank after it is left.
    claims.insert("name".to_owned(), json!(format!(" {}", person.family_name)));
    match person.groups.as_slice() {
        [] => None,
        [one] => claims.insert("groups".to_owned(), json!(one)),
        many => claims.insert("groups".to_owned(), json!(many)),
    };
    let user = user_id(&person.login, plain);
    claims.insert("preferred_username".to_owned(), json!(user));
    claims.insert("email".to_owned(), json!(person.email));
    claims
}

/// Claims that a client must not take from a refresh
fn swapped(mut claims: Map<String, Value>, swap: Swap, world: &World) -> Map<String, Value> {
    let (name, value) = match swap {
        Swap::Audience => ("aud", json!("another-cluster")),
        Swap::Issuer => {
            let evil = world.origin(EVIL_HOST);
            ("iss", json!(format!("{evil}/auth/idp/k8sIdp")))
        }
        Swap::Subject => ("sub", json!("somebody.else@acme.test")),
    };
    claims.insert(name.to_owned(), value);
    claims
}

fn signed(claims: &Map<String, Value>, minting: Minting, world: &World) -> String {
    let now = world.clock().seconds();
    let mut claims = claims.clone();
    claims.insert("exp".to_owned(), json!(now + minting.life.as_secs()));
    claims.insert("iat".to_owned(), json!(now));
    claims.insert("nbf".to_owned(), json!(now.saturating_sub(NOT_BEFORE)));
    let mut token = String::new();
    for _ in 0..MOST_SIGNATURES {
        claims.insert("jti".to_owned(), json!(random::base64url(16)));
        token = world.keys.sign_token(KID, &Value::Object(claims.clone()));
        let signature = token.rsplit('.').next().unwrap_or_default();
        if !minting.corrupt || signature.contains("___") {
            break;
        }
    }
    world.secret(token)
}

/// The user's name as Kubernetes objects allow it: anything but lower-case letters, `.` and `-` by its code
pub(super) fn user_id(sub: &str, plain: bool) -> String {
    if plain {
        return sub.to_owned();
    }
    let mut id = String::new();
    for letter in sub.chars() {
        match letter {
            'a'..='z' | '.' | '-' => id.push(letter),
            'A'..='Z' => id.push(letter.to_ascii_lowercase()),
            other => id.push_str(&format!("x-{}-x", u32::from(other))),
        }
    }
    id
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Blanks, commas and equals signs: the subject, the issuer and the serial number of a certificate
pub(super) const KID: &str = "C=MyCountry, ST=, L=My Cluster, O=MyOrg, OU=Kubernetes, \
    CN=unison-saml2-rp-sig-C=MyCountry, ST=, L=My Cluster, O=MyOrg, OU=Kubernetes, \
    CN=unison-saml2-rp-sig-1762208966153";
const CODE_BYTES: usize = 310;
const CODE_LIFE: u64 = 60;
const NOT_BEFORE: u64 = 120;
/// One signature in 750 holds three underscores in a row
const MOST_SIGNATURES: usize = 20_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_ids_are_escaped_digit_by_digit() {
        assert_eq!(
            user_id("Mmosley@example.com", false),
            "mmosleyx-64-xexample.com"
        );
        assert_eq!(user_id("mlbadmin1", false), "mlbadminx-49-x");
    }
}
