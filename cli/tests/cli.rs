//! The binary as a pipeline sees it: options and variables in, stdout, stderr, files and an exit code out.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

mod bundle;
mod by_profile;
mod check;
mod ci_identity;
mod convert;
mod credential;
mod credentials_file;
mod device;
mod doctor;
#[path = "../../tests/adapter_guide/double.rs"]
mod double;
mod entry;
mod exec;
mod factors;
mod guide;
mod issuer;
mod job;
mod jwt;
mod kept;
mod kubectl;
mod login;
mod logout;
mod messages;
mod network;
mod outputs;
mod passkey;
mod password;
mod portals;
mod profile;
mod program;
mod record;
mod renewal;
mod service_account;
mod storm;
#[path = "../../providers/template.rs"]
pub mod template;
mod usage;
mod use_exec;
