//! What the judgement has to know of the machine.

use std::path::Path;

use jiff::Timestamp;

use crate::secret::Secret;

/// What was, or can be, found out beside the documents
pub(crate) trait Facts {
    /// When the judgement is made
    fn now(&self) -> Timestamp;

    /// What is known of the file at `path`; nothing if it is not there
    fn file(&self, path: &Path) -> Option<FileFact>;

    /// The text of a small file; nothing if it cannot be read
    fn text(&self, path: &Path) -> Option<Secret>;

    /// Whether `command` would be found by a client whose kubeconfig stands in `folder`
    fn has_command(&self, command: &str, folder: &Path) -> bool;
}

/// A file that is there
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct FileFact {
    pub(crate) can_read: bool,
    /// Its permissions, where the system has such
    pub(crate) mode: Option<u32>,
    /// Whether others than its reader and root can write it
    pub(crate) is_writable: bool,
}
