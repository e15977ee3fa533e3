//! The options of `record`.

use std::path::PathBuf;

use clap::Args;

use crate::args::LoginOptions;

/// What to record, and where to
#[derive(Args, Debug)]
pub(crate) struct Record {
    /// The folder for the recording; it is made, or must be empty
    #[arg(
        long,
        value_name = "FOLDER",
        required = true,
        help_heading = "Recording"
    )]
    pub(crate) into: PathBuf,

    /// What the recording shows, in one sentence
    #[arg(long, value_name = "TEXT", required = true, help_heading = "Recording")]
    pub(crate) docs: String,

    /// The provider and its version, such as "Keycloak 26.1"
    #[arg(long, value_name = "TEXT", required = true, help_heading = "Recording")]
    pub(crate) seen_with: String,

    #[command(flatten)]
    pub(crate) settings: LoginOptions,
}
