//! Okta's Classic engine with second factors: which one is answered and how, what a step-up asks, and what is never done twice.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

#[path = "okta_factors/choice.rs"]
mod choice;
#[path = "okta_factors/codes.rs"]
mod codes;
#[path = "okta_factors/elsewhere.rs"]
mod elsewhere;
#[path = "okta_factors/limits.rs"]
mod limits;
#[path = "okta_factors/passkey.rs"]
mod passkey;
#[path = "okta_factors/push.rs"]
mod push;
#[path = "okta_factors/question.rs"]
mod question;
#[path = "okta_factors/stage.rs"]
mod stage;
#[path = "okta_factors/step_up.rs"]
mod step_up;
#[path = "okta_factors/world.rs"]
mod world;
