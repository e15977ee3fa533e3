//! A portal sends us to a provider's login page; an adapter signs in there; the walk brings us back; the token
//! becomes a kubeconfig.

mod error;
pub use error::{Error, ErrorKind};

mod exec_credential;
pub use exec_credential::{ExecApiVersion, ExecCredential};

pub mod kubeconfig;
pub use kubeconfig::Kubeconfig;

pub mod kubectl;
pub use kubectl::{Allow, KubectlCommand};

mod redact;
pub use redact::one_line;

mod secret;
pub use secret::Secret;

mod secret_source;
pub use secret_source::SecretSource;

pub mod token;
pub use token::PortalToken;

mod trail;
pub use trail::{Hop, Trail};

mod whole_file;
