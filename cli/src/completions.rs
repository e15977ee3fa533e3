//! The subcommand `completions`.

use clap_complete::{Shell, generate};
use doorward::Error;

use crate::{args, product};

/// Prints the completions for `shell`
pub(crate) fn run(shell: Shell) -> Result<(), Error> {
    let mut script = Vec::new();
    generate(shell, &mut args::command(), "doorward", &mut script);
    product::print(&script)
}
