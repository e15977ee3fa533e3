//! A token that is always fresh: which rung it comes from, what is asked for it, and what stays after a failure.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

#[path = "token_source/cancelled.rs"]
mod cancelled;
#[path = "token_source/clocks.rs"]
mod clocks;
#[path = "token_source/devices.rs"]
mod devices;
#[path = "token_source/failures.rs"]
mod failures;
#[path = "token_source/flight.rs"]
mod flight;
#[path = "token_source/forgetting.rs"]
mod forgetting;
#[path = "token_source/issuer.rs"]
mod issuer;
#[path = "token_source/ladder.rs"]
mod ladder;
#[path = "token_source/pasted.rs"]
mod pasted;
#[path = "token_source/stores.rs"]
mod stores;
#[path = "token_source/trouble.rs"]
mod trouble;
#[path = "token_source/trust.rs"]
mod trust;
#[path = "token_source/world.rs"]
mod world;
