//! A secret that goes into a file of its own, which was not there before.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use doorward::{Error, Secret};

/// Writes the secret called `what` into a new file, for its owner alone; `hint` is what to do where the name is taken
pub(crate) fn keep(path: &Path, secret: &Secret, what: &str, hint: &str) -> Result<(), Error> {
    let mut new = OpenOptions::new();
    new.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut new, 0o600);
    let unwritable = |error: io::Error| {
        let shown = path.to_string_lossy();
        match error.kind() {
            io::ErrorKind::AlreadyExists => {
                Error::config(format!("the file for the {what} is there already"))
                    .at("file", shown)
                    .hint(hint)
            }
            _ => Error::storage(format!("the {what} cannot be written"))
                .at("file", shown)
                .because(error),
        }
    };
    let mut file = new.open(path).map_err(unwritable)?;
    let written = file
        .write_all(secret.expose_secret().as_bytes())
        .and_then(|()| file.sync_all());
    written.map_err(|error| {
        // Half a key is of use to nobody.
        let _ = fs::remove_file(path);
        unwritable(error)
    })
}
