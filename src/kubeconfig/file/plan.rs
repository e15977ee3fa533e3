//! Which file gets which entry: made from what is on disk now, and given up if that changes.

use std::path::{Path, PathBuf};

use serde_json::Map;

use crate::audit::Source;
use crate::error::Error;
use crate::kubeconfig::file::{KubeconfigFiles, Written, kubectl_holds};
use crate::kubeconfig::parse::MAX_BYTES;
use crate::kubeconfig::{Kubeconfig, MergeError, MergeHow, Merged, SECTIONS};
use crate::whole_file::{Staged, read_whole, resolve};

/// One file, as it is on disk; no `Debug`, as it would show tokens
pub(super) struct Document {
    named: PathBuf,
    path: PathBuf,
    bytes: Option<Vec<u8>>,
    kubeconfig: Kubeconfig,
}

impl Document {
    /// The document as an audit takes it
    pub(super) fn source(&self) -> Source<'_> {
        Source {
            file: &self.named,
            kubeconfig: &self.kubeconfig,
        }
    }
}

/// Reads all files of the list; one that is not there is empty
///
/// # Errors
///
/// `Storage`: a file cannot be read, or is no kubeconfig.
pub(super) fn read(files: &KubeconfigFiles) -> Result<Vec<Document>, Error> {
    let mut documents: Vec<Document> = Vec::new();
    for named in files.paths() {
        let path = resolve(named)?;
        if documents.iter().any(|document| document.path == path) {
            continue;
        }
        let bytes = read_whole(&path, MAX_BYTES)?;
        let kubeconfig = Kubeconfig::parse_bytes(bytes.as_deref().unwrap_or_default());
        documents.push(Document {
            named: named.clone(),
            path,
            bytes,
            kubeconfig: kubeconfig.map_err(|error| {
                Error::storage("a kubeconfig is broken, and stays as it is")
                    .at("file", named.to_string_lossy())
                    .because(error)
            })?,
        });
    }
    Ok(documents)
}

/// What kubectl sees in `documents`: of each name the first one, and the first current context
pub(super) fn view(documents: &[Document]) -> Kubeconfig {
    let mut documents = documents.iter().map(|document| &document.kubeconfig);
    let mut view = documents.next().cloned().unwrap_or_default();
    for later in documents {
        view.take_missing(later);
    }
    view
}

/// The new text of each file that changes
pub(super) struct Plan {
    changed: Vec<Document>,
    unchanged: Vec<Document>,
    default: PathBuf,
    merged: Merged,
}

impl Plan {
    pub(super) fn new(
        files: &KubeconfigFiles,
        documents: Vec<Document>,
        new: &Kubeconfig,
        how: MergeHow,
    ) -> Result<Self, Error> {
        let named = files.default_path();
        let default = resolve(named)?;
        let has_current = |document: &Document| document.kubeconfig.current_context().is_some();
        let keeps = how.keep_current_context && documents.iter().any(has_current);
        let parts = split(new, &documents, &default, keeps);

        let mut conflicts: Option<MergeError> = None;
        let mut merged = Merged::default();
        let mut changed = Vec::new();
        let mut unchanged = Vec::new();
        for (mut document, part) in documents.into_iter().zip(parts) {
            let before = document.kubeconfig.clone();
            let done = match document
                .kubeconfig
                .merge(&part, how.keep_current_context(false))
            {
                Ok(done) => done,
                Err(error) => {
                    match &mut conflicts {
                        Some(conflicts) => conflicts.absorb(error),
                        None => conflicts = Some(error),
                    }
                    continue;
                }
            };
            let is_missing = document.path == default && document.bytes.is_none();
            let has_entries = done.changes().next().is_some();
            match is_missing || has_entries || document.kubeconfig != before {
                true => changed.push(document),
                false => unchanged.push(document),
            }
            merged.absorb(done);
        }
        match conflicts {
            None => Ok(Self {
                changed,
                unchanged,
                default: named.to_owned(),
                merged,
            }),
            Some(conflicts) => Err(Error::config("names in the kubeconfig point elsewhere")
                .at("file", named.to_string_lossy())
                .because(conflicts)
                .hint(
                    "--context-name NAME gives this login names of its own; --replace overwrites",
                )),
        }
    }

    /// The files that will be written, links followed
    pub(super) fn targets(&self) -> impl Iterator<Item = &Path> {
        self.changed.iter().map(|document| document.path.as_path())
    }

    /// Writes the files, unless somebody has changed one of the list since; `None` then
    pub(super) fn carry_out(self) -> Result<Option<Written>, Error> {
        let mut staged = Vec::new();
        for document in &self.changed {
            let yaml = document.kubeconfig.to_yaml();
            staged.push(Staged::new(
                &document.path,
                yaml.expose_secret().as_bytes(),
            )?);
        }
        // kubectl does not know our lock: so look as late as possible whether it was there.
        let is_held = || {
            self.changed
                .iter()
                .any(|document| kubectl_holds(&document.named) || kubectl_holds(&document.path))
        };
        if is_held() {
            return Ok(None);
        }
        for document in self.changed.iter().chain(&self.unchanged) {
            let moved = resolve(&document.named)? != document.path;
            if moved || read_whole(&document.path, MAX_BYTES)? != document.bytes {
                return Ok(None);
            }
        }
        if is_held() {
            return Ok(None);
        }
        for file in staged {
            file.commit()?;
        }
        Ok(Some(Written {
            path: self.default,
            files: self
                .changed
                .into_iter()
                .map(|document| document.path)
                .collect(),
            merged: self.merged,
        }))
    }
}

/// The part of `new` that each document gets
fn split(
    new: &Kubeconfig,
    documents: &[Document],
    default: &Path,
    keeps_current_context: bool,
) -> Vec<Kubeconfig> {
    let default = documents
        .iter()
        .position(|document| document.path == default);
    let mut parts: Vec<_> = documents
        .iter()
        .enumerate()
        .map(|(i, _)| {
            let mut part = match Some(i) == default {
                true => new.clone(),
                false => {
                    let mut part = Kubeconfig::of_root(Map::new());
                    part.behind.clone_from(&new.behind);
                    part
                }
            };
            for section in SECTIONS {
                part.root_mut().shift_remove(section.plural());
            }
            if keeps_current_context {
                part.root_mut().shift_remove("current-context");
            }
            part
        })
        .collect();
    for section in SECTIONS {
        for name in new.names(section) {
            // kubectl reads an entry from the first file that has its name.
            let home = documents
                .iter()
                .position(|document| document.kubeconfig.names(section).any(|n| n == name))
                .or(default);
            let part = home.and_then(|home| parts.get_mut(home));
            if let (Some(part), Some(entry)) = (part, new.entry(section, name)) {
                part.entry_mut(section, name).clone_from(entry);
            }
        }
    }
    parts
}
