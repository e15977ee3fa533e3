//! The commands that put something better in place of an entry.
//!
//! Names come from foreign files, and people paste what they read: each is quoted for a shell, and one that
//! would not be what it looks like is left out.

use std::path::Path;

use crate::audit::view::Entry;
use crate::redact::one_line;

/// A login at a portal, into the file of `user`
pub(super) fn login(user: &Entry<'_>) -> Option<String> {
    with_file("doorward login --portal URL", user.file)
}

/// Short-lived tokens of `account`, a namespace and a name with a `/` between them, into the file of `user`
pub(super) fn service_account(user: &Entry<'_>, account: &str) -> Option<String> {
    let (namespace, name) = account.split_once('/')?;
    let command = format!(
        "doorward service-account {} -n {}",
        word(name)?,
        word(namespace)?
    );
    with_file(&command, user.file)
}

/// The move of the user's tokens into the cache, for a user that a context leads to
pub(super) fn use_exec(user: &Entry<'_>, context: Option<&Entry<'_>>) -> Option<String> {
    let context = word(context?.name)?;
    let command = format!("doorward kubeconfig use-exec --context {context}");
    with_file(&command, user.file)
}

/// What takes out a user that nothing leads to
pub(super) fn delete(user: &Entry<'_>) -> Option<String> {
    let name = word(user.name)?;
    with_file(&format!("kubectl config delete-user {name}"), user.file)
}

/// What closes a file to others
pub(super) fn close(file: &Path) -> Option<String> {
    Some(format!("chmod go= {}", word(file.to_str()?)?))
}

fn with_file(command: &str, file: &Path) -> Option<String> {
    Some(format!("{command} --kubeconfig {}", word(file.to_str()?)?))
}

/// `text` as one word of a shell; nothing where it could be taken for an option, or would not be shown as it is
fn word(text: &str) -> Option<String> {
    let is_plain = !text.is_empty() && !text.starts_with('-') && one_line(text) == text;
    let quoted = shlex::try_quote(text).ok()?.into_owned();
    is_plain.then_some(quoted)
}
