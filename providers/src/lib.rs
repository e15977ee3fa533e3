//! Adapters for [doorward](https://docs.rs/doorward): one identity provider each, a feature per provider.
//!
//! ```
//! use doorward_providers::by_name;
//!
//! let okta = by_name("okta").map(|adapter| adapter.name());
//! assert_eq!(okta, Some("okta"));
//! assert!(by_name("acme").is_none());
//! ```

#[cfg(feature = "okta")]
mod okta;
#[cfg(feature = "okta")]
pub use okta::Okta;

#[cfg(feature = "openunison")]
mod openunison;
#[cfg(feature = "openunison")]
pub use openunison::OpenUnison;

use std::sync::Arc;

use doorward::IdpAdapter;

/// Every adapter of this build, in alphabetical order
pub fn all() -> Vec<Arc<dyn IdpAdapter>> {
    vec![
        #[cfg(feature = "okta")]
        Arc::new(Okta::default()),
        #[cfg(feature = "openunison")]
        Arc::new(OpenUnison::default()),
    ]
}

/// The adapter with this name, if this build has it
pub fn by_name(name: &str) -> Option<Arc<dyn IdpAdapter>> {
    all().into_iter().find(|adapter| adapter.name() == name)
}
