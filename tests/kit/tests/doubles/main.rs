//! The doubles, driven by a client that knows nothing but HTTP.

mod api_server;
mod driver;
mod factor_codes;
mod factor_login;
mod factor_partner;
mod factor_policies;
mod factor_push;
mod factor_webauthn;
mod idx;
mod idx_driver;
mod idx_ends;
mod idx_factors;
mod idx_shapes;
mod idx_webauthn;
mod kubectl;
mod logins;
mod okta;
mod portal;
mod refreshes;
mod security_key;
mod testbed;
mod token;
