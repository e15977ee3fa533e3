//! A context of the caller's own kubeconfig: its three entries, and the folders that their paths start at.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::kubeconfig::{KubeconfigFiles, Section};
use crate::whole_file::read_whole;
use crate::{Error, Kubeconfig, one_line};

/// The entries that a context leads to
#[derive(Clone)]
pub(super) struct Entries {
    pub(super) context: String,
    pub(super) cluster_name: String,
    pub(super) cluster: Entry,
    pub(super) user: Entry,
}

/// What stands under a name, and in which folder
#[derive(Clone, Default)]
pub(super) struct Entry {
    pub(super) fields: Map<String, Value>,
    pub(super) folder: PathBuf,
}

impl Entries {
    /// Finds `context`, or the current one, in `files` as kubectl does: of each name the first file counts
    ///
    /// # Errors
    ///
    /// `Config`: something on the way is not there. `Storage`: a file cannot be read, or is broken.
    pub(super) fn find(files: &[PathBuf], context: Option<&str>) -> Result<Self, Error> {
        let mut read: Vec<(Kubeconfig, PathBuf)> = Vec::new();
        for path in files {
            let path = std::path::absolute(path)
                .map_err(|error| Error::config("there is no working directory").because(error))?;
            let folder = path.parent().unwrap_or_else(|| Path::new("/")).to_owned();
            read.push((KubeconfigFiles::at(path).read()?, folder));
        }
        let current = || read.iter().find_map(|(file, _)| file.current_context());
        let context = context.or_else(current).ok_or_else(|| {
            Error::config("no current context is set in the kubeconfig, and none was named")
                .at("files", shown(files))
                .hint("--context names one; KUBECONFIG names the files")
        })?;
        let find = |section: Section, name: &str| {
            read.iter().find_map(|(file, folder)| {
                Some(Entry {
                    fields: file.entry(section, name)?.clone(),
                    folder: folder.clone(),
                })
            })
        };
        let missing = |what: &str, name: &str| {
            Error::config(format!("the kubeconfig has no {what} of this name"))
                .at("name", name)
                .at("files", shown(files))
        };
        let found = find(Section::Contexts, context).ok_or_else(|| missing("context", context))?;
        let (cluster, user) = (found.text("cluster"), found.text("user"));
        Ok(Self {
            context: context.to_owned(),
            cluster_name: cluster.to_owned(),
            cluster: find(Section::Clusters, cluster).ok_or_else(|| missing("cluster", cluster))?,
            user: find(Section::Users, user).ok_or_else(|| missing("user", user))?,
        })
    }
}

impl Entry {
    /// A field's text; empty if it has none
    pub(super) fn text(&self, key: &str) -> &str {
        let value = self.fields.get(key).and_then(Value::as_str);
        value.unwrap_or_default()
    }

    /// The content of the file that a field names, if it names one
    ///
    /// # Errors
    ///
    /// `Config`: it cannot be read.
    pub(super) fn file(&self, key: &'static str) -> Result<Option<Vec<u8>>, Error> {
        let name = self.text(key);
        if name.is_empty() {
            return Ok(None);
        }
        let path = self.folder.join(name);
        let missing = || {
            Error::config(format!(
                "a file that the kubeconfig names as {key} cannot be read"
            ))
            .at("file", path.to_string_lossy())
        };
        let read = read_whole(&path, MAX_BYTES).map_err(|error| missing().because(error))?;
        read.map(Some).ok_or_else(missing)
    }
}

fn shown(files: &[PathBuf]) -> String {
    let files: Vec<_> = files.iter().map(|file| file.to_string_lossy()).collect();
    one_line(&files.join(" "))
}

const MAX_BYTES: usize = 1 << 20;
