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
//! # How it fits together
//!
//! - [`Portal`] is a front door: [`open`](FrontDoor::open) makes one login, and gives a [`Grant`] with the token, its end and the
//!   clusters. One value serves any number of logins, one after the other or at once.
//! - [`Issuer`] is another one: any OpenID Connect issuer, which needs no portal.
//! - [`Walk`] says how a login goes: who signs in, which adapters know the way, who may have the credentials, how servers
//!   are reached ([`Network`]), and how long it may take.
//! - [`IdpAdapter`] knows the pages of one kind of provider. Adapters are in the crate `doorward-providers`, or in yours. They
//!   see a [`Page`], fill in a [`Form`], and send it through a [`Visit`], which checks where a secret goes.
//! - [`Kubeconfig`] is the document that comes out, and [`KubeconfigFiles`](kubeconfig::KubeconfigFiles) the files that it is
//!   merged into.
//! - [`TokenSource`] is for programs that outlive a token: it gives a fresh one whenever it is asked, from a
//!   [store](store::TokenStore), by a refresh, or by a login at the front door.
//!
//! The parts that read what a portal says are of use alone, without any network: [`PortalToken`] for its JSON,
//! [`KubectlCommand`] for its shell command, which is recognized and never run, and [`Allow`] for what may be in it. An [`audit`] says
//! what is wrong with a kubeconfig of any kind.
//!
//! # Errors
//!
//! There is one [`Error`]. Its [`kind`](Error::kind) says what to do next, its [`next_step`](Error::next_step) says it in words, and
//! its [`trail`](Error::trail) shows the way that led there. Two things matter to every caller:
//!
//! - [`Rejected`](ErrorKind::Rejected) and [`AccountState`](ErrorKind::AccountState) are never tried again: a second wrong password
//!   may lock the account. [`is_retryable`](ErrorKind::is_retryable) is true for the network and for busy servers only.
//! - [`UntrustedOrigin`](ErrorKind::UntrustedOrigin) comes before a password, a code or an assertion goes to an origin that nobody
//!   named. Its next step names the option of the program; [`Walk::idp_url`] and [`Walk::via`] are the same in the library.
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
