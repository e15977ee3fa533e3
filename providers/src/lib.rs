//! Adapters for [doorward](https://docs.rs/doorward): one identity provider each, a feature per provider.
//!
//! ```
//! use doorward_providers::by_name;
//!
//! let okta = by_name("okta").map(|adapter| adapter.name());
//! assert_eq!(okta, Some("okta"));
//! assert!(by_name("acme").is_none());
//! ```

#[cfg(feature = "dex")]
mod dex;
#[cfg(feature = "dex")]
pub use dex::Dex;

#[cfg(feature = "form")]
mod form;
#[cfg(feature = "form")]
pub use form::LoginForm;

#[cfg(feature = "keycloak")]
mod keycloak;
#[cfg(feature = "keycloak")]
pub use keycloak::Keycloak;

#[cfg(feature = "lemonldap")]
mod lemonldap;
#[cfg(feature = "lemonldap")]
pub use lemonldap::LemonLdap;

#[cfg(feature = "okta")]
mod okta;
#[cfg(feature = "okta")]
pub use okta::Okta;

#[cfg(feature = "openunison")]
mod openunison;
#[cfg(feature = "openunison")]
pub use openunison::OpenUnison;

#[cfg(feature = "simplesamlphp")]
mod simplesamlphp;
#[cfg(feature = "simplesamlphp")]
pub use simplesamlphp::SimpleSamlPhp;

use std::sync::Arc;

use doorward::IdpAdapter;

/// Every adapter of this build, in alphabetical order
pub fn all() -> Vec<Arc<dyn IdpAdapter>> {
    vec![
        #[cfg(feature = "dex")]
        Arc::new(Dex::default()),
        #[cfg(feature = "form")]
        Arc::new(LoginForm::default()),
        #[cfg(feature = "keycloak")]
        Arc::new(Keycloak::default()),
        #[cfg(feature = "lemonldap")]
        Arc::new(LemonLdap::default()),
        #[cfg(feature = "okta")]
        Arc::new(Okta::default()),
        #[cfg(feature = "openunison")]
        Arc::new(OpenUnison::default()),
        #[cfg(feature = "simplesamlphp")]
        Arc::new(SimpleSamlPhp::default()),
    ]
}

/// The adapter with this name, if this build has it
pub fn by_name(name: &str) -> Option<Arc<dyn IdpAdapter>> {
    all().into_iter().find(|adapter| adapter.name() == name)
}
