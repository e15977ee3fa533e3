//! Keys that never leave a token of hardware: which one is meant, and signing with it.

mod uri;
pub(crate) use uri::KeyUri;

#[cfg(feature = "pkcs11")]
mod token;
#[cfg(feature = "pkcs11")]
pub(crate) use token::TokenKey;
