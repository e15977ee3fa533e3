//! The options of `exec`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::args::store::Folders;
use crate::args::{LoginOptions, NameOptions, StoreOptions, TargetOptions};

/// The options of `exec`
#[derive(Args, Debug)]
pub(crate) struct Exec {
    /// Log in with the settings that are kept under this name; nothing is written to them
    #[arg(long, value_name = "NAME", help_heading = "Profile")]
    pub(crate) profile: Option<String>,

    /// The folder of the profiles, instead of doorward/profiles in $XDG_CONFIG_HOME or ~/.config
    #[arg(long, value_name = "DIR", help_heading = "Profile")]
    profile_dir: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) settings: LoginOptions,

    #[command(flatten)]
    pub(crate) target: TargetOptions,

    #[command(flatten)]
    pub(crate) names: NameOptions,

    /// Where the private folder is made, instead of $XDG_RUNTIME_DIR, /dev/shm or the temporary folder, whichever is usable first
    #[arg(long, value_name = "DIR", help_heading = "Kubeconfig")]
    pub(crate) runtime_dir: Option<PathBuf>,

    /// The command and its words, after --
    #[arg(
        last = true,
        required = true,
        value_name = "COMMAND",
        help_heading = "Command"
    )]
    pub(crate) command: Vec<OsString>,
}

impl Exec {
    /// Where a profile is read from; nothing else of what other calls keep is used
    pub(crate) fn store(&self) -> StoreOptions {
        StoreOptions {
            profile: self.profile.clone(),
            folders: Folders {
                profile_dir: self.profile_dir.clone(),
                cache_dir: None,
            },
            ..StoreOptions::default()
        }
    }
}
