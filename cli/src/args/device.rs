//! The options of `device`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::args::{Folders, Mask};

/// What to do with a profile's device
#[derive(Debug, Subcommand)]
pub(crate) enum DeviceAction {
    /// Print what a profile's provider recognizes the device by, to be taken elsewhere; it is a secret
    ///
    /// One line of JSON, for DOORWARD_DEVICE, --device-file or doorward device import. Alone it opens nothing; with the password it may spare
    /// a second factor.
    Export(ExportDevice),
    /// Keep a device that was exported, so that the profile's next login comes from it
    Import(ImportDevice),
}

impl DeviceAction {
    /// The profile as the caller named it
    pub(super) fn profile(&self) -> Option<&str> {
        match self {
            Self::Export(options) => options.profile.profile.as_deref(),
            Self::Import(options) => options.profile.profile.as_deref(),
        }
    }
}

/// The options of `device export`
#[derive(Args, Debug)]
pub(crate) struct ExportDevice {
    #[command(flatten)]
    pub(crate) profile: OwnProfile,

    #[command(flatten)]
    pub(crate) mask: Mask,
}

/// The options of `device import`
#[derive(Args, Debug)]
pub(crate) struct ImportDevice {
    /// The file with the device; - or nothing for stdin
    #[arg(default_value = "-", hide_default_value = true)]
    pub(crate) file: PathBuf,

    /// Take a file that others can read or write
    #[arg(long, help_heading = "Device")]
    pub(crate) allow_shared_files: bool,

    #[command(flatten)]
    pub(crate) profile: OwnProfile,
}

/// Whose device it is, and where that is kept
#[derive(Args, Debug)]
#[command(next_help_heading = "Profile and cache")]
pub(crate) struct OwnProfile {
    /// The profile's name
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    #[command(flatten)]
    pub(crate) folders: Folders,
}
