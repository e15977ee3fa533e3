//! The files that a command makes: values in memory, as nothing is written.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::redact;

/// The command's own files and folders
///
/// A file goes by a key: `\0T1` for a temporary one, `\0Pca.pem` for one in the working folder, and
/// `\0H/.kube/certs/dev/ca.crt` for one below the home folder. The scanner takes no NUL, so that no word of the text
/// can look like a key.
#[derive(Debug, Default)]
pub(super) struct Files {
    contents: HashMap<String, File>,
    folders: HashSet<String>,
    temporary: usize,
}

#[derive(Debug)]
struct File {
    content: Rc<[u8]>,
    exists: bool,
}

impl Files {
    /// What `mktemp` does; the new file's key
    pub(super) fn make_temporary(&mut self) -> String {
        self.temporary += 1;
        let key = format!("{TEMPORARY}{}", self.temporary);
        self.put(key.clone(), Rc::from([]));
        key
    }

    /// The key of the file that `word` names, whether or not there is one; `None` if it can be no file of the command
    pub(super) fn key(word: &str) -> Option<String> {
        if word.starts_with(TEMPORARY) {
            return Some(word.to_owned());
        }
        if let Some(path) = word.strip_prefix(CERTIFICATES) {
            let path = path.strip_prefix('/')?;
            let inner = path.split('/').all(is_plain_name);
            return inner.then(|| word.to_owned());
        }
        (is_plain_name(word) && !word.starts_with('-')).then(|| format!("{WORKING}{word}"))
    }

    /// Replaces the content, or makes the file; false where the shell could not
    pub(super) fn write(&mut self, key: &str, content: Vec<u8>) -> bool {
        if key.starts_with(TEMPORARY) && !self.contents.contains_key(key) {
            return false;
        }
        if key.starts_with(HOME) {
            let in_folder = key
                .rsplit_once('/')
                .is_some_and(|(folder, _)| self.folders.contains(folder));
            if !in_folder || self.folders.contains(key) {
                return false;
            }
        }
        self.put(key.to_owned(), Rc::from(content));
        true
    }

    /// What is in the file now; `None` if there is none
    pub(super) fn content(&self, key: &str) -> Option<&Rc<[u8]>> {
        let file = self.contents.get(key)?;
        file.exists.then_some(&file.content)
    }

    /// What was last in the file, even if it has been removed since
    pub(super) fn last_content(&self, key: &str) -> Option<&Rc<[u8]>> {
        Some(&self.contents.get(key)?.content)
    }

    /// Whether the command ever made the file
    pub(super) fn knows(&self, key: &str) -> bool {
        self.contents.contains_key(key)
    }

    /// Removes the file; false if there is none
    pub(super) fn remove(&mut self, key: &str) -> bool {
        match self.contents.get_mut(key) {
            Some(file) => std::mem::replace(&mut file.exists, false),
            None => false,
        }
    }

    /// What `mkdir -p` does; false if `word` is no folder below the certificates' folder, or is a file
    pub(super) fn make_folder(&mut self, word: &str) -> bool {
        let path = word.strip_suffix('/').unwrap_or(word);
        let inner = match path.strip_prefix(CERTIFICATES) {
            Some("") => true,
            Some(inner) => inner
                .strip_prefix('/')
                .is_some_and(|inner| inner.split('/').all(is_plain_name)),
            None => false,
        };
        if !inner {
            return false;
        }
        let ends = path
            .char_indices()
            .filter(|(_, c)| *c == '/')
            .map(|(at, _)| at);
        let folders: Vec<&str> = ends
            .chain([path.len()])
            .filter(|end| *end >= CERTIFICATES.len())
            .filter_map(|end| path.get(..end))
            .take(DEPTH + 1)
            .collect();
        if folders.len() > DEPTH || folders.iter().any(|folder| self.content(folder).is_some()) {
            return false;
        }
        self.folders.extend(folders.into_iter().map(str::to_owned));
        true
    }

    fn put(&mut self, key: String, content: Rc<[u8]>) {
        let exists = true;
        self.contents.insert(key, File { content, exists });
    }
}

/// A name of one folder's entry that the shell and kubectl take as it stands
fn is_plain_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..")
        && name.len() <= NAME_LENGTH
        && !name.chars().any(|c| c == '/' || redact::is_hidden(c))
}

/// What stands for `$HOME` in a word
pub(super) const HOME: &str = "\0H";

const TEMPORARY: &str = "\0T";

const WORKING: &str = "\0P";

const CERTIFICATES: &str = "\0H/.kube/certs";

const NAME_LENGTH: usize = 255;

const DEPTH: usize = 16;
