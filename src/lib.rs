//! A portal sends us to a provider's login page; an adapter signs in there; the walk brings us back; the token
//! becomes a kubeconfig.
//!
//! ```no_run
//! use doorward::kubeconfig::{KubeconfigFiles, MergeHow, UserAuth};
//! use doorward::{Credentials, FrontDoor, Portal, Secret, Walk};
//! use doorward_providers::Okta;
//!
//! # async fn log_in() -> Result<(), doorward::Error> {
//! let files = KubeconfigFiles::at("ci.kubeconfig");
//! files.prepare()?; // before the login, so that none is spent in vain
//! let walk = Walk::new()
//!     .credentials(Credentials::new("ci-bot", Secret::new("correct horse"))?)
//!     .adapter(Okta::default())
//!     .idp_url("https://acme.okta.com")?;
//! let grant = Portal::new("k8sou.example.com", walk)?.open().await?;
//! files.write(&grant.kubeconfig(&UserAuth::AuthProvider)?, MergeHow::default())?;
//! # Ok(())
//! # }
//! ```
//!
//! # In the order in which you meet them
//!
//! ## First: a login
//!
//! [`Credentials`] say who signs in. A [`Walk`] says how: by which adapters, at which origins, over which [`Network`], for how long at
//! most. A [`Portal`] is a [`FrontDoor`]: its [`open`](FrontDoor::open) makes one login, and gives a [`Grant`]. Nothing is sent before.
//! All of them are cheap to clone, and one value serves any number of logins, one after the other or at once.
//!
//! ```
//! use doorward::{Credentials, FrontDoor, Network, Portal, Secret, Walk};
//! use doorward_providers::Okta;
//! # use doorward_testkit::{PASSWORD, Testbed, USER};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let bed = Testbed::start()?;
//! # let (portal, idp) = (&bed.portal_url(), &bed.okta_url());
//! # let (user, password) = (USER, Secret::new(PASSWORD));
//! # let network = bed.network()?;
//! // network: `Network::new()`, and `ca_pem` where a company has certificates of its own
//! let walk = Walk::new()
//!     .credentials(Credentials::new(user, password)?)
//!     .network(network)
//!     .adapter(Okta::default()) // knows the login pages of one kind of provider
//!     .idp_url(idp)?; // the one origin that may have the password
//! let grant = Portal::new(portal, walk)?.open().await?;
//!
//! assert_eq!(grant.subject(), user);
//! assert!(grant.expires().is_some());
//! assert_eq!(grant.idp(), Some(idp.as_str()));
//! # Ok(())
//! # }
//! ```
//!
//! ## Second: what comes out
//!
//! A [`Grant`] has the token for the API server, its end, and the portal's clusters. As a [`Kubeconfig`] it is merged into the
//! [files](kubeconfig::KubeconfigFiles) that kubectl reads, and loses nothing that others wrote there.
//!
//! ```
//! use doorward::kubeconfig::{KubeconfigFiles, MergeHow, UserAuth};
//! # use doorward::{FrontDoor, Portal};
//! # use doorward_providers::Okta;
//! # use doorward_testkit::Testbed;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let bed = Testbed::start()?;
//! # let portal = Portal::new(&bed.portal_url(), bed.walk()?.adapter(Okta::default()))?;
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("ci.kubeconfig");
//! let files = KubeconfigFiles::at(&path);
//! files.prepare()?; // before the login: where nothing can be written, none is spent
//! let grant = portal.open().await?;
//! // The bare token, for one short job. The other kinds of `UserAuth` stay fresh.
//! let written = files.write(&grant.kubeconfig(&UserAuth::Token)?, MergeHow::default())?;
//!
//! assert_eq!(written.path(), path);
//! # Ok(())
//! # }
//! ```
//!
//! ## Third: a program that outlives its token
//!
//! A portal's tokens end after a minute or some. A [`TokenSource`] stands before the front door, and gives a good one each time that it is
//! asked: from memory or a [store](store::TokenStore), by one refresh, or by a login. `examples/controller.rs` runs for days on
//! one; `examples/many_users.rs` logs many users in from one process, over one network client.
//!
//! ```
//! use doorward::{Rung, TokenSource};
//! # use doorward::Portal;
//! # use doorward_providers::Okta;
//! # use doorward_testkit::Testbed;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let bed = Testbed::start()?;
//! # let portal = Portal::new(&bed.portal_url(), bed.walk()?.adapter(Okta::default()))?;
//! let source = TokenSource::new(portal);
//! let token = source.token().await?; // before each request to the API server, by any number of tasks
//! assert_eq!(token.rung(), Rung::Login);
//! assert_eq!(source.token().await?.rung(), Rung::Cache); // no request was made
//! # Ok(())
//! # }
//! ```
//!
//! ## Fourth: when it fails
//!
//! There is one [`Error`]. Its [`kind`](Error::kind) decides what to do, its [`next_step`](Error::next_step) says it in words, and its
//! [`trail`](Error::trail) shows the way that led there. [`ErrorKind`] has a sentence for each.
//!
//! ```
//! use std::time::Duration;
//!
//! use doorward::{Error, ErrorKind};
//!
//! /// After what time the same login is worth another try, if it is at all
//! fn try_again(error: &Error) -> Option<Duration> {
//!     match error.kind() {
//!         // The network, or a busy server, which may say when it has time again.
//!         kind if kind.is_retryable() => Some(error.server_wait().unwrap_or(Duration::from_secs(30))),
//!         // Never: a second wrong password may lock the account. Somebody has to look.
//!         ErrorKind::Rejected | ErrorKind::AccountState => None,
//!         // The settings, the provider or the portal have to change first.
//!         _ => None,
//!     }
//! }
//!
//! let busy = Error::unavailable("too many logins").retry_after(Duration::from_secs(90));
//! assert_eq!(try_again(&busy), Some(Duration::from_secs(90)));
//! assert_eq!(try_again(&Error::rejected("wrong password")), None);
//! ```
//!
//! Two things matter to every caller:
//!
//! - [`Rejected`](ErrorKind::Rejected) and [`AccountState`](ErrorKind::AccountState) are never tried again: a second wrong password
//!   may lock the account. [`is_retryable`](ErrorKind::is_retryable) is true for the network and for busy servers only.
//! - [`UntrustedOrigin`](ErrorKind::UntrustedOrigin) comes before a password, a code or an assertion goes to an origin that nobody
//!   named. Its next step names the option of the program; [`Walk::idp_url`] and [`Walk::via`] are the same in the library.
//!
//! ## Without OpenUnison
//!
//! Other front doors end in the same [`Grant`]: a [`Portal`] of another [kind](PortalKind), an [`Issuer`] without any portal, a pipeline's
//! [`OwnKey`], the [`CiIdentity`] that a platform gives to its jobs, and a [`ServiceAccount`] by the API server itself. What does not
//! name the cluster gets it as a [`Target`](kubeconfig::Target).
//!
//! ## A provider that no adapter knows
//!
//! An [`IdpAdapter`] knows the pages of one kind of provider. Those that there are stand in the crate `doorward-providers`; yours stands in a
//! crate of yours, and is handed over by [`Walk::adapter`]. It looks at a [`Page`], fills in a [`Form`], and sends it through a [`Visit`],
//! which checks where a secret goes. The guide is [ADAPTERS.md](https://github.com/doorward/doorward/blob/main/ADAPTERS.md).
//!
//! # Parts that need no network
//!
//! [`PortalToken`] reads the JSON of a portal, [`KubectlCommand`] its shell command, which is recognized and never run, and [`Allow`] says
//! what may be in it. A [`Kubeconfig`] can be read, merged and written without any login, and an [`audit`] says what is wrong with
//! one of any kind.
//!
//! # What it does not do
//!
//! It has no browser and runs no JavaScript, approves nothing on a phone, does not verify the signature of a portal's token (the API
//! server does), does not follow `http`, and has no switch that leaves out the check of certificates. It prints nothing;
//! [`Walk::on_event`] tells what happens.
//!
//! # Features
//!
//! - `login` (on by default): the login itself, and what refreshes its token. Without it the crate has no network and no
//!   runtime, only the parsers, the kubeconfig and its files, [profiles](profile::Profiles), and
//!   [kept tokens](store::FileStore::fresh).
//! - `pkcs11`: keys in tokens of hardware, for [`KeySource`]. It loads the module of the token's maker.
//! - `record`: [recordings](recording) of logins, redacted, for authors of adapters and for their tests.
//!
//! # Logs
//!
//! The crate has `tracing` events for each exchange, at level DEBUG: method, host, shortened path, status. No secret, query,
//! cookie or page text is in them, at any level. An HTTP library may print more at its own TRACE level: turn on the target
//! `doorward` only.
//!
//! # Versions
//!
//! The minimum Rust version is 1.89; it may rise in a minor release. Before 1.0 a minor release may break the interface. The
//! names of [`ErrorKind`] are stable, the texts of messages are not.

#[cfg(feature = "login")]
mod adapter;
#[cfg(feature = "login")]
pub use adapter::{IdpAdapter, Recognition};

pub mod audit;

#[cfg(feature = "login")]
mod ci_identity;
#[cfg(feature = "login")]
pub use ci_identity::{CiIdentity, CiPlatform};

pub mod code;
pub use code::{CodeSource, Factor};

#[cfg(feature = "login")]
mod credentials;
#[cfg(feature = "login")]
pub use credentials::Credentials;

#[cfg(feature = "login")]
mod devices;
#[cfg(feature = "login")]
pub use devices::Devices;

#[cfg(feature = "login")]
pub mod diagnosis;
#[cfg(feature = "login")]
pub use diagnosis::Diagnosis;

mod digest;

mod error;
pub use error::{Error, ErrorKind};

#[cfg(feature = "login")]
mod event;
#[cfg(feature = "login")]
pub use event::Event;

mod exec_credential;
pub use exec_credential::{ExecApiVersion, ExecCredential, ExecInfo};

mod folders;

#[cfg(feature = "login")]
mod front_door;
#[cfg(feature = "login")]
pub use front_door::{FrontDoor, Grant, Refresh};

#[cfg(feature = "login")]
mod key_source;
#[cfg(feature = "login")]
pub use key_source::KeySource;

#[cfg(feature = "login")]
pub mod issuer;
#[cfg(feature = "login")]
pub use issuer::Issuer;

pub mod kubeconfig;
pub use kubeconfig::Kubeconfig;

pub mod kubectl;
pub use kubectl::{Allow, KubectlCommand};

#[cfg(feature = "login")]
mod oidc;

#[cfg(feature = "login")]
mod own_key;
#[cfg(feature = "login")]
pub use own_key::OwnKey;

#[cfg(feature = "login")]
pub mod page;
#[cfg(feature = "login")]
pub use page::{Form, Page};

#[cfg(feature = "login")]
pub mod passkey;
#[cfg(feature = "login")]
pub use passkey::Passkey;

#[cfg(feature = "login")]
mod pkcs11;

#[cfg(feature = "login")]
mod portal;
#[cfg(feature = "login")]
pub use portal::{Portal, PortalKind};

#[cfg(feature = "login")]
mod portal_pages;

pub mod profile;
pub use profile::Profile;

mod proxy;
pub use proxy::Proxy;

#[cfg(feature = "login")]
pub mod publication;

#[cfg(feature = "record")]
pub mod recording;

mod redact;
pub use redact::one_line;

#[cfg(feature = "login")]
mod request;
#[cfg(feature = "login")]
pub use request::Request;

mod secret;
pub use secret::Secret;

mod secret_source;
pub use secret_source::SecretSource;

#[cfg(feature = "login")]
mod service_account;
#[cfg(feature = "login")]
pub use service_account::{ClusterAccess, ServiceAccount};

#[cfg(feature = "login")]
mod session;
#[cfg(feature = "login")]
pub use session::Network;

#[cfg(feature = "login")]
pub mod signing;
#[cfg(feature = "login")]
pub use signing::Signer;

#[cfg(feature = "login")]
mod source;
#[cfg(feature = "login")]
pub use source::TokenSource;

pub mod store;
pub use store::{FreshToken, Rung};

pub mod token;
pub use token::PortalToken;

mod trail;
pub use trail::{Hop, Trail};

#[cfg(feature = "login")]
mod url_prefix;

/// The URL type of this crate's signatures, from the crate `url`
pub use url::Url;

#[cfg(feature = "login")]
mod visit;
#[cfg(feature = "login")]
pub use visit::{Decision, Visit};

#[cfg(feature = "login")]
mod walk;
#[cfg(feature = "login")]
pub use walk::Walk;

mod whole_file;

/// The code on the pages for people is compiled, too
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../README.md")]
    struct Readme;

    #[doc = include_str!("../ARCHITECTURE.md")]
    struct Architecture;

    #[doc = include_str!("../CONTRIBUTING.md")]
    struct Contributing;

    #[doc = include_str!("../providers/README.md")]
    struct Providers;

    #[doc = include_str!("../tests/kit/README.md")]
    struct Testkit;
}
