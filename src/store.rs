//! Where tokens are kept between uses, and what is kept of them.

mod file;
pub use file::FileStore;

mod fresh_token;
pub(crate) use fresh_token::Life;
pub use fresh_token::{FreshToken, Rung};

#[cfg(feature = "login")]
mod memory;
#[cfg(feature = "login")]
pub use memory::MemoryStore;

mod record;
pub use record::Kept;
#[cfg(feature = "login")]
pub(crate) use record::exposed;
#[cfg(feature = "login")]
pub(crate) use record::{KeptFailure, KeptFingerprint, KeptRefresh, KeptToken};
pub(crate) use record::{Reading, Record};

#[cfg(feature = "login")]
use std::fmt;

#[cfg(feature = "login")]
use async_trait::async_trait;

#[cfg(feature = "login")]
use crate::{Error, Secret};

/// Where a [`TokenSource`](crate::TokenSource) keeps its tokens, so that others can share them
///
/// What is stored is a text, opaque to the store. It holds secrets: whoever can read it can act as the user. Each key stands for
/// one login; different keys have nothing to do with each other.
///
/// The minimum is [`load`](Self::load) and [`compare_and_swap`](Self::compare_and_swap). A store that can also
/// [`claim`](Self::claim) spares the issuer: without it, two processes may spend one refresh token at once, and the one that
/// is refused takes what the other stored.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::{Mutex, PoisonError};
///
/// use async_trait::async_trait;
/// use doorward::store::{Stored, TokenStore};
/// use doorward::{Error, Secret};
///
/// /// As a database would do it: a text and a number that goes up with each text
/// #[derive(Debug, Default)]
/// struct Table {
///     rows: Mutex<HashMap<String, (Secret, u64)>>,
/// }
///
/// #[async_trait]
/// impl TokenStore for Table {
///     async fn load(&self, key: &str) -> Result<Option<Stored>, Error> {
///         let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
///         let row = rows.get(key);
///         Ok(row.map(|(text, number)| Stored::new(text.clone(), number.to_string())))
///     }
///
///     // UPDATE … WHERE key = ? AND number = ?
///     async fn compare_and_swap(&self, key: &str, seen: Option<&str>, new: Option<&Secret>) -> Result<bool, Error> {
///         let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
///         let number = rows.get(key).map(|(_, number)| *number);
///         if number.map(|number| number.to_string()).as_deref() != seen {
///             return Ok(false);
///         }
///         match new {
///             Some(text) => rows.insert(key.into(), (text.clone(), number.unwrap_or(0) + 1)),
///             None => rows.remove(key),
///         };
///         Ok(true)
///     }
/// }
/// # use doorward::{Portal, Rung, TokenSource};
/// # use doorward_providers::Okta;
/// # use doorward_testkit::Testbed;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let bed = Testbed::start()?;
/// # let portal = Portal::new(&bed.portal_url(), bed.walk()?.adapter(Okta::default()))?;
///
/// let source = TokenSource::new(portal).store(Table::default(), "prod");
/// # assert_eq!(source.token().await?.rung(), Rung::Login);
/// # assert_eq!(source.token().await?.rung(), Rung::Cache);
/// # Ok(())
/// # }
/// ```
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9700#section-4.14> (what the reuse of a refresh token leads to)
#[cfg(feature = "login")]
#[async_trait]
pub trait TokenStore: fmt::Debug + Send + Sync {
    /// What is stored under `key`
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage) if that cannot be known.
    async fn load(&self, key: &str) -> Result<Option<Stored>, Error>;

    /// Stores `new` under `key`, or removes what is there, if the version there still is `seen` (`None`: nothing is there)
    ///
    /// Gives whether it did. When it returns, the text is as safe as the store can make it.
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage) if it cannot be written.
    async fn compare_and_swap(
        &self,
        key: &str,
        seen: Option<&str>,
        new: Option<&Secret>,
    ) -> Result<bool, Error>;

    /// Takes the right to renew `key`, held until the [`Claim`] is dropped; `None` while somebody else has it
    ///
    /// Does not wait. A claim must end with the process that holds it, however that ends.
    ///
    /// # Errors
    ///
    /// [`Storage`](crate::ErrorKind::Storage) if that cannot be known.
    async fn claim(&self, key: &str) -> Result<Option<Claim>, Error> {
        let _ = key;
        Ok(Some(Claim { held: None }))
    }
}

/// A stored text and its version
#[cfg(feature = "login")]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stored {
    /// The text, which holds secrets
    pub text: Secret,
    /// Another text has another version
    pub version: String,
}

#[cfg(feature = "login")]
impl Stored {
    /// A text and its version
    pub fn new(text: Secret, version: impl Into<String>) -> Self {
        Self {
            text,
            version: version.into(),
        }
    }
}

/// The right to renew what is stored under a key
#[cfg(feature = "login")]
pub struct Claim {
    held: Option<Box<dyn Send>>,
}

#[cfg(feature = "login")]
impl Claim {
    /// A claim that lasts as long as `held`
    pub fn new(held: impl Send + 'static) -> Self {
        Self {
            held: Some(Box::new(held)),
        }
    }

    /// Whether nobody else can have it meanwhile; a store without claims gives one to everybody
    pub(crate) fn is_exclusive(&self) -> bool {
        self.held.is_some()
    }
}

#[cfg(feature = "login")]
impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claim")
    }
}
