//! The portal's hand-built `Set-Cookie` lines.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::clock::cookie_date;
use crate::http::Ask;
use crate::random;
use crate::world::World;

/// A cookie of the portal's applications: with a domain, and with a semicolon at its end
pub(super) fn line(ask: &Ask, name: &str, value: &str) -> String {
    format!(
        "{name}={value}; Domain={}; Secure; HttpOnly; Path=/;",
        ask.host()
    )
}

/// The same, with an end
pub(super) fn until(ask: &Ask, name: &str, value: &str, max_age: u64, now: u64) -> String {
    let end = if max_age == 0 { 0 } else { now + max_age };
    format!(
        "{} Max-Age={max_age}; Expires={};",
        line(ask, name, value),
        cookie_date(end)
    )
}

/// The two cookies that lead a request below `/auth/` to its session
pub(super) fn auto_idm(ask: &Ask, app: &str) -> Vec<String> {
    vec![line(ask, SESSION_NAME, SESSION), line(ask, APP_NAME, app)]
}

/// Both of them once for every step of the chain, and then their deletion
pub(super) fn end_of_login(ask: &Ask, app: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for _ in 0..CHAIN_STEPS {
        lines.extend(auto_idm(ask, app));
    }
    lines.push(until(ask, SESSION_NAME, "DNE", 0, 0));
    lines.push(until(ask, APP_NAME, "DNE", 0, 0));
    lines
}

/// Deletes the cookie of sessions outside any application; sent even if it was never set
pub(super) fn no_open_session() -> String {
    format!(
        "openSession=DNE; Secure; HttpOnly; Path=/; Max-Age=0; Expires={};",
        cookie_date(0)
    )
}

pub(super) fn open_session(world: &World) -> String {
    format!(
        "openSession={}; Secure; HttpOnly; Path=/;",
        world.secret(session_value())
    )
}

/// An encrypted session id: JSON whose own base64 ends in escaped equals signs
pub(super) fn session_value() -> String {
    let text = format!(
        "{{\"iv\":\"{}\",\"encryptedRequest\":\"{}\"}}",
        gson(&random::base64(16)),
        gson(&random::base64(64))
    );
    STANDARD.encode(text)
}

/// Escapes as Gson does by default
pub(super) fn gson(json: &str) -> String {
    json.replace('=', "\\u003d")
        .replace('&', "\\u0026")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('\'', "\\u0027")
}

/// The session's cookie
pub(super) const SESSION: &str = "tremolosession";
/// Names the session's cookie
pub(super) const SESSION_NAME: &str = "autoIdmSessionCookieName";
/// Names the application that started the login
pub(super) const APP_NAME: &str = "autoIdmAppName";
/// Remembers the chosen login option
pub(super) const CHOICE: &str = "tremoloLoginChoice";
const CHAIN_STEPS: usize = 5;
