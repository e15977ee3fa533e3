//! Logins at an OpenID Connect issuer without a portal: each grant, what is refused, and what goes nowhere else.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

#[path = "issuer/canaries.rs"]
mod canaries;
#[path = "issuer/grants.rs"]
mod grants;
#[path = "issuer/login.rs"]
mod login;
#[path = "issuer/openunison.rs"]
mod openunison;
#[path = "issuer/origins.rs"]
mod origins;
#[path = "issuer/proof.rs"]
mod proof;
#[path = "issuer/refresh.rs"]
mod refresh;
#[path = "issuer/refusals.rs"]
mod refusals;
#[path = "issuer/settings.rs"]
mod settings;
#[path = "issuer/workload.rs"]
mod workload;
#[path = "issuer/world.rs"]
mod world;
