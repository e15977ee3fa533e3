//! Whole logins over loopback TLS at portals of other kinds than OpenUnison.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

#[path = "portals/dex_k8s_authenticator.rs"]
mod dex_k8s_authenticator;
#[path = "portals/download.rs"]
mod download;
#[path = "portals/gangway.rs"]
mod gangway;
#[path = "portals/openshift.rs"]
mod openshift;
#[path = "portals/pinniped.rs"]
mod pinniped;
#[path = "portals/stage.rs"]
mod stage;
