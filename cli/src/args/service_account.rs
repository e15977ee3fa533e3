//! The options of `service-account`.

use std::time::Duration;

use clap::Args;

use crate::args::login::NetworkOptions;
use crate::args::{Ends, KubeconfigOptions, Mask, Output, StoreOptions, UserOptions};
use crate::time;

/// All of them; the namespace is that of the new context, too
#[derive(Args, Debug)]
#[command(next_help_heading = "Service account")]
pub(crate) struct ServiceAccountOptions {
    /// The service account
    pub(crate) name: String,

    /// Whom the token is for, instead of the API server itself; can be given several times
    #[arg(long, value_name = "AUD")]
    pub(crate) audience: Vec<String>,

    /// How long a token lives, 10m at least; what the API server gives, 1h as a rule, if left out. It may give another life than it was asked for
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    pub(crate) duration: Option<Duration>,

    /// Ask by the credentials of this context of $KUBECONFIG or ~/.kube/config, instead of the current one
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,

    #[command(flatten)]
    pub(crate) network: NetworkOptions,

    #[command(flatten)]
    store: StoreOptions,

    #[command(flatten)]
    user: UserOptions,

    #[command(flatten)]
    kubeconfig: KubeconfigOptions,

    #[command(flatten)]
    output: Output,

    #[command(flatten)]
    mask: Mask,
}

impl ServiceAccountOptions {
    /// Its namespace, which clap makes sure of
    pub(crate) fn namespace(&self) -> &str {
        self.kubeconfig.names.namespace().unwrap_or_default()
    }

    /// What becomes of the token
    pub(crate) fn ends(&self) -> Ends<'_> {
        Ends {
            store: &self.store,
            user: &self.user,
            kubeconfig: &self.kubeconfig,
            output: self.output,
            mask: self.mask,
        }
    }
}
