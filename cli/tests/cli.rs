//! The binary as a pipeline sees it: options and variables in, stdout, stderr, files and an exit code out.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

mod convert;
mod login;
mod messages;
mod network;
mod outputs;
mod password;
mod program;
mod usage;
