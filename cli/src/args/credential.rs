//! The options of `credential`, `logout` and `kubeconfig use-exec`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::args::{Check, EntryOptions, LoginOptions, Mask, StoreOptions};

/// The options of `credential`
#[derive(Args, Debug)]
pub(crate) struct Credential {
    #[command(flatten)]
    pub(crate) store: StoreOptions,

    #[command(flatten)]
    pub(crate) settings: LoginOptions,

    #[command(flatten)]
    pub(crate) mask: Mask,
}

/// The options of `logout`
#[derive(Args, Debug)]
pub(crate) struct Logout {
    #[command(flatten)]
    pub(crate) store: StoreOptions,

    /// Also log in at the portal, and end every session of the account there: those of other jobs and of people, too
    #[arg(long, help_heading = "Profile and cache")]
    pub(crate) everywhere: bool,
}

/// What to do with a kubeconfig
#[derive(Debug, Subcommand)]
pub(crate) enum KubeconfigAction {
    /// Say of each user what it is, what is wrong with it, how bad that is, and what replaces it
    ///
    /// Any kubeconfig will do, whoever made it. Nothing is changed, no program of it is run, and no secret is shown. An error does not
    /// work, or gives the cluster to whoever gets hold of the file; a warning works, and will do harm some day; info is a remark.
    Check(Check),
    /// Turn a user entry with auth-provider oidc, as a portal's command makes it, into one that calls doorward
    ///
    /// Its refresh token is moved into doorward's cache, and goes on to work there; kubectl, helm, kube-rs and Python then share it without
    /// breaking each other. With --portal and the options of a login, doorward also logs in anew once the refresh token has ended.
    UseExec(Box<UseExec>),
}

/// The options of `kubeconfig use-exec`
#[derive(Args, Debug)]
pub(crate) struct UseExec {
    /// The context whose user is meant, instead of the current one
    #[arg(long, value_name = "NAME", help_heading = "Kubeconfig")]
    pub(crate) context: Option<String>,

    /// The kubeconfig file, instead of $KUBECONFIG or ~/.kube/config
    #[arg(long, value_name = "PATH", help_heading = "Kubeconfig")]
    pub(crate) kubeconfig: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) entry: EntryOptions,

    #[command(flatten)]
    pub(crate) store: StoreOptions,

    #[command(flatten)]
    pub(crate) settings: LoginOptions,
}
