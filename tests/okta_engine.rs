//! Whole logins at Okta's Identity Engine: each authenticator, each shape of a document, each end.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

#[path = "okta_engine/bench.rs"]
mod bench;
#[path = "okta_engine/documents.rs"]
mod documents;
#[path = "okta_engine/ends.rs"]
mod ends;
#[path = "okta_engine/factors.rs"]
mod factors;
#[path = "okta_factors/stage.rs"]
mod stage;
