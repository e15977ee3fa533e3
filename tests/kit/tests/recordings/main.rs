//! Recorded logins, replayed, and the facts that hold of every adapter.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

mod acme;
mod bad;
mod conformance;
mod replay;
