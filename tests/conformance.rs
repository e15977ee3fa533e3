//! One list of facts, in every world that a login can meet: both engines, both kinds of portal, both hosts of an organisation.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

#[path = "conformance/expiry.rs"]
mod expiry;
#[path = "conformance/factors.rs"]
mod factors;
#[path = "conformance/limits.rs"]
mod limits;
#[path = "conformance/matrix.rs"]
#[allow(dead_code, reason = "the tests of secrets use the rest")]
mod matrix;
#[path = "conformance/pages.rs"]
mod pages;
#[path = "conformance/passwords.rs"]
mod passwords;
#[path = "conformance/requests.rs"]
mod requests;
#[path = "okta_factors/stage.rs"]
mod stage;
#[path = "okta_factors/world.rs"]
#[allow(dead_code, reason = "the tests of the factors use the rest")]
mod world;
