//! The doubles, driven by a client that knows nothing but HTTP.

mod api_server;
mod driver;
mod kubectl;
mod logins;
mod okta;
mod portal;
mod refreshes;
mod testbed;
mod token;
