//! The subcommand `man`, for those who make packages: a page for each subcommand, of the same words as its help.

use std::fs;
use std::path::Path;

use clap_mangen::generate_to;
use doorward::Error;

use crate::args;

/// Writes the pages into `folder`
pub(crate) fn run(folder: &Path) -> Result<(), Error> {
    let at = |error: std::io::Error| {
        Error::storage("the man pages cannot be written")
            .at("folder", folder.to_string_lossy())
            .because(error)
    };
    fs::create_dir_all(folder).map_err(at)?;
    generate_to(args::command(), folder).map_err(at)
}
