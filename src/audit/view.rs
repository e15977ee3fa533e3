//! Several kubeconfigs as kubectl sees them together: of each name the first entry counts.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::kubeconfig::{Kubeconfig, Section};

/// A kubeconfig, and the file that it stands in
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) file: &'a Path,
    pub(crate) kubeconfig: &'a Kubeconfig,
}

/// The entries that count, and those that are hidden
pub(super) struct View<'a> {
    pub(super) clusters: Vec<Entry<'a>>,
    pub(super) contexts: Vec<Entry<'a>>,
    pub(super) users: Vec<Entry<'a>>,
    /// The current context, and the file that says so
    pub(super) current: Option<(&'a str, &'a Path)>,
    /// Each hidden entry, and the file of the one that hides it
    pub(super) shadowed: Vec<(Section, Entry<'a>, &'a Path)>,
}

impl<'a> View<'a> {
    pub(super) fn new(sources: &[Source<'a>]) -> Self {
        let mut view = Self {
            clusters: Vec::new(),
            contexts: Vec::new(),
            users: Vec::new(),
            current: sources
                .iter()
                .find_map(|source| Some((source.kubeconfig.current_context()?, source.file))),
            shadowed: Vec::new(),
        };
        for source in sources {
            for section in [Section::Clusters, Section::Contexts, Section::Users] {
                for name in source.kubeconfig.names(section) {
                    let entry = Entry {
                        file: source.file,
                        name,
                        body: source.kubeconfig.entry(section, name),
                    };
                    view.put(section, entry);
                }
            }
        }
        view
    }

    fn put(&mut self, section: Section, entry: Entry<'a>) {
        let list = match section {
            Section::Clusters => &mut self.clusters,
            Section::Contexts => &mut self.contexts,
            Section::Users => &mut self.users,
        };
        match list.iter().find(|first| first.name == entry.name) {
            Some(first) => self.shadowed.push((section, entry, first.file)),
            None => list.push(entry),
        }
    }

    pub(super) fn cluster(&self, name: &str) -> Option<&Entry<'a>> {
        self.clusters.iter().find(|entry| entry.name == name)
    }

    pub(super) fn contexts_of(&self, user: &str) -> Vec<Entry<'a>> {
        let of_user = |context: &&Entry<'a>| context.text("user") == user;
        self.contexts.iter().filter(of_user).copied().collect()
    }
}

/// What stands under a name; no `Debug`, as it would show tokens
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) file: &'a Path,
    pub(super) name: &'a str,
    body: Option<&'a Map<String, Value>>,
}

impl<'a> Entry<'a> {
    pub(super) fn value(&self, key: &str) -> Option<&'a Value> {
        self.body?.get(key).filter(|value| !value.is_null())
    }

    /// The text under `key`; empty where there is none
    pub(super) fn text(&self, key: &str) -> &'a str {
        let text = self.value(key).and_then(Value::as_str);
        text.unwrap_or_default()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        !self.text(key).is_empty()
    }

    pub(super) fn body(&self) -> Option<&'a Map<String, Value>> {
        self.body
    }

    /// The folder at which relative paths start, as clients read them: links are not followed
    pub(super) fn folder(&self) -> &'a Path {
        self.file.parent().unwrap_or_else(|| Path::new(""))
    }

    /// The file that `key` names, if it names one
    pub(super) fn path(&self, key: &str) -> Option<PathBuf> {
        let text = self.text(key);
        (!text.is_empty()).then(|| self.folder().join(text))
    }
}
