//! The doubles, driven by a client that knows nothing but HTTP.

mod driver;
mod kubectl;
mod logins;
mod okta;
mod portal;
mod testbed;
mod token;
