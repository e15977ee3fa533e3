//! Whole logins through forms: a provider that nobody knows, LemonLDAP::NG, and SimpleSAMLphp.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

#[path = "form/generic.rs"]
mod generic;
#[path = "form/lemonldap.rs"]
mod lemonldap;
#[path = "form/simplesamlphp.rs"]
mod simplesamlphp;
#[path = "form/world.rs"]
mod world;
