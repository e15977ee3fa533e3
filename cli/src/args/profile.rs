//! The options of `profile`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::args::{Folders, LoginOptions};

/// What to do with profiles
#[derive(Debug, Subcommand)]
pub(crate) enum ProfileAction {
    /// Keep the settings of a login under a name, without logging in
    ///
    /// The options are those of login. No secret is ever kept, only where it comes from: a file, a command, or its variable, such as
    /// DOORWARD_PASSWORD, if nothing else is named.
    Add(Box<AddProfile>),
    /// Print a profile as JSON, to be taken elsewhere
    Export(NamedProfile),
    /// Keep a profile that was exported
    Import(ImportProfile),
    /// List the profiles
    List(ListProfiles),
    /// Remove a profile, and the tokens and the device that no other profile uses
    Remove(NamedProfile),
    /// Show a profile, and what is kept for it, without any secret
    Show(ShowProfile),
}

/// The options of `profile add`
#[derive(Args, Debug)]
pub(crate) struct AddProfile {
    /// The profile's name: A-Z a-z 0-9 . _ @ -, at most 64; other names are encoded
    pub(crate) name: String,

    /// A cluster that may get the profile's token, by its URL; those that the portal names if none is given; can be given several times
    #[arg(long, value_name = "URL", help_heading = "Profile and cache")]
    pub(crate) server: Vec<String>,

    #[command(flatten)]
    pub(crate) folders: Folders,

    #[command(flatten)]
    pub(crate) settings: LoginOptions,
}

/// A profile, and where it is
#[derive(Args, Debug)]
pub(crate) struct NamedProfile {
    /// The profile's name
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) folders: Folders,
}

/// The options of `profile import`
#[derive(Args, Debug)]
pub(crate) struct ImportProfile {
    /// The profile's name here
    pub(crate) name: String,

    /// The profile's JSON; - or nothing for stdin
    #[arg(default_value = "-", hide_default_value = true)]
    pub(crate) file: PathBuf,

    #[command(flatten)]
    pub(crate) folders: Folders,
}

/// The options of `profile list`
#[derive(Args, Debug)]
pub(crate) struct ListProfiles {
    #[command(flatten)]
    pub(crate) format: Format,

    #[command(flatten)]
    pub(crate) folders: Folders,
}

/// The options of `profile show`
#[derive(Args, Debug)]
pub(crate) struct ShowProfile {
    /// The profile's name
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) format: Format,

    #[command(flatten)]
    pub(crate) folders: Folders,
}

/// How something is printed
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Output")]
pub(crate) struct Format {
    /// How it is printed: text for people, or json
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: FormatName,
}

/// The kinds of it
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum FormatName {
    /// Lines for people
    Text,
    /// One JSON value
    Json,
}
