//! Whether what a login would sign in with is at hand; none of it is read.

use std::fs::File;
use std::path::Path;

use doorward::Profile;
use doorward::profile::SecretPlace;

use super::finding::Finding;
use crate::args::PASSWORD;
use crate::door::Way;
use crate::environment::{Environment, variable};

/// The check `credentials`; nothing where the way in has no password
pub(super) fn finding(profile: &Profile, environment: &Environment) -> Option<Finding> {
    if !Way::of(profile).has_a_password(profile) {
        return None;
    }
    let file = profile.credentials_file.as_deref();
    let mut missing = Vec::new();
    if profile.username.is_none() && file.is_none() {
        missing.push("a user name (--username)".to_owned());
    }
    let usual = SecretPlace::Variable(variable(PASSWORD));
    let from = match (&profile.password, file) {
        (None, Some(file)) => format!("the file {}", file.to_string_lossy()),
        (place, _) => match place.as_ref().unwrap_or(&usual) {
            SecretPlace::Variable(name) => {
                if environment.value(name).is_none() {
                    missing.push(format!("a password ({name} is not set)"));
                }
                format!("the variable {name}")
            }
            SecretPlace::File(path) | SecretPlace::SharedFile(path) => {
                if !is_there(path) {
                    missing.push(format!(
                        "a password ({} cannot be read)",
                        path.to_string_lossy()
                    ));
                }
                format!("the file {}", path.to_string_lossy())
            }
            SecretPlace::Command(_) => "a command, which was not run".to_owned(),
            _ => "standard input".to_owned(),
        },
    };
    Some(match missing.is_empty() {
        true => Finding::ok(
            "credentials",
            format!("the password would come from {from}; it was not read"),
        ),
        false => Finding::warning(
            "credentials",
            format!("not at hand: {}", missing.join(", ")),
        )
        .next("a login needs them; this look at it does not"),
    })
}

fn is_there(path: &Path) -> bool {
    path.is_file() && File::open(path).is_ok()
}
