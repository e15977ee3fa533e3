//! The options of `doctor`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::args::store::Folders;
use crate::args::{LoginOptions, StoreOptions};

/// What is looked at, and how it is told
#[derive(Args, Debug)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) settings: LoginOptions,

    /// Look at the login of the settings that are kept under this name; nothing is written to them
    #[arg(long, value_name = "NAME", help_heading = "Profile and cache")]
    profile: Option<String>,

    #[command(flatten)]
    folders: Folders,

    /// The kubeconfig file that a login would merge into, instead of $KUBECONFIG or ~/.kube/config
    #[arg(long, value_name = "PATH", help_heading = "Kubeconfig")]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// Where doorward exec would make its private folder, instead of the usual places
    #[arg(long, value_name = "DIR", help_heading = "Kubeconfig")]
    pub(crate) runtime_dir: Option<PathBuf>,

    /// How the result is printed: text for people, or json
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        help_heading = "Output"
    )]
    pub(crate) format: DoctorFormat,

    /// Draw the walk into this file: one page of HTML that needs nothing else
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) picture: Option<PathBuf>,
}

impl Doctor {
    /// Where a login would keep things
    pub(crate) fn store(&self) -> StoreOptions {
        StoreOptions {
            profile: self.profile.clone(),
            folders: self.folders.clone(),
            ..StoreOptions::default()
        }
    }
}

/// How the result is printed
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum DoctorFormat {
    /// Lines for people
    Text,
    /// One JSON object
    Json,
}
