//! What an argument names: a file, or standard input as `-`.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use doorward::SecretSource;

/// Opens what `path` names
pub(crate) fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    Ok(match is_stdin(path) {
        true => Box::new(io::stdin().lock()),
        false => Box::new(File::open(path)?),
    })
}

/// The secret that `path` names; with `shared`, also in a file that others can read or write
pub(crate) fn secret(path: &Path, shared: bool) -> SecretSource {
    let source = match is_stdin(path) {
        true => SecretSource::stdin(),
        false => SecretSource::file(path),
    };
    match shared {
        true => source.allow_shared_files(),
        false => source,
    }
}

pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}
