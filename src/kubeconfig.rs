//! The kubeconfig as a document: everything in it is kept, in its order, whether doorward knows it or not.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

mod check;
pub use check::IncompleteKubeconfig;

mod exec_user;
pub use exec_user::ExecUser;

mod file;
pub use file::{KubeconfigFiles, Written};

mod identity;
use identity::Identity;

mod merge;
pub use merge::{Change, MergeError, MergeHow, Merged};

mod parse;
pub use parse::ParseKubeconfigError;

mod print;

mod rename;

mod same;
pub use same::same_server;

mod target;
pub use target::Target;

mod user;
pub use user::OidcUser;

mod user_auth;
pub use user_auth::UserAuth;

/// A kubeconfig: clusters, users, contexts, and all that other tools have put there
///
/// The model is the document itself, so that unknown fields and the order of entries survive a merge. `Debug` shows
/// names only: a kubeconfig holds tokens and keys. Two are equal if they say the same; the order of fields does not
/// count, that of entries does.
///
/// ```
/// use doorward::Kubeconfig;
/// use doorward::kubeconfig::Section;
///
/// let yaml = "apiVersion: v1\nkind: Config\ncurrent-context: prod\nclusters:\n- name: c\n  cluster: {server: 'https://api.test'}\n";
/// let kubeconfig = Kubeconfig::parse(yaml)?;
/// let cluster = kubeconfig.entry(Section::Clusters, "c");
/// assert_eq!(cluster.and_then(|cluster| cluster.get("server")?.as_str()), Some("https://api.test"));
/// assert_eq!(kubeconfig.current_context(), Some("prod"));
/// # Ok::<(), doorward::kubeconfig::ParseKubeconfigError>(())
/// ```
///
/// Source: <https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/>
#[derive(Clone)]
pub struct Kubeconfig {
    root: Map<String, Value>,
    /// Who the users are that were made plug-ins here: no part of the document
    behind: BTreeMap<String, Identity>,
}

impl Kubeconfig {
    /// A kubeconfig with no entries, as kubectl starts one
    pub fn new() -> Self {
        let mut root = Map::new();
        root.insert("apiVersion".into(), "v1".into());
        root.insert("kind".into(), "Config".into());
        Self::of_root(root)
    }

    /// The document `root` as it is
    fn of_root(root: Map<String, Value>) -> Self {
        Self {
            root,
            behind: BTreeMap::new(),
        }
    }

    /// The name of the current context, if one is set
    pub fn current_context(&self) -> Option<&str> {
        self.root
            .get("current-context")?
            .as_str()
            .filter(|name| !name.is_empty())
    }

    /// Makes `name` the current context; nothing checks that it exists
    pub fn set_current_context(&mut self, name: &str) {
        self.root.insert("current-context".into(), name.into());
    }

    /// The names in one of the three lists, in the order of the document
    pub fn names(&self, section: Section) -> impl Iterator<Item = &str> {
        self.items(section)
            .filter_map(|item| item.get("name")?.as_str())
    }

    /// What stands under `name`, such as a cluster's `server` and `certificate-authority-data`
    pub fn entry(&self, section: Section, name: &str) -> Option<&Map<String, Value>> {
        self.items(section)
            .find(|item| item.get("name").and_then(Value::as_str) == Some(name))?
            .get(section.singular())?
            .as_object()
    }

    /// What stands under `name`, made empty if it is not there yet
    pub(crate) fn entry_mut(&mut self, section: Section, name: &str) -> &mut Map<String, Value> {
        let list = self.list_mut(section);
        let at = match list.iter().position(|item| is_named(item, name)) {
            Some(at) => at,
            None => {
                let mut item = Map::new();
                item.insert("name".into(), name.into());
                list.push(Value::Object(item));
                list.len() - 1
            }
        };
        let item = as_map(&mut list[at]);
        as_map(item.entry(section.singular()).or_insert(Value::Null))
    }

    /// Takes the entry `name` out; whether there was one
    pub fn remove(&mut self, section: Section, name: &str) -> bool {
        let Some(Value::Array(list)) = self.root.get_mut(section.plural()) else {
            return false;
        };
        let before = list.len();
        list.retain(|item| !is_named(item, name));
        if section == Section::Users {
            self.behind.remove(name);
        }
        list.len() < before
    }

    /// A document of the entry `name` alone, with nothing else in it; `None` if there is no such entry
    ///
    /// It is what [`KubeconfigFiles::edit`] takes for a change of one entry.
    pub fn only(&self, section: Section, name: &str) -> Option<Self> {
        let item = self
            .items(section)
            .find(|item| item.get("name").and_then(Value::as_str) == Some(name))?;
        let mut only = Self::of_root(Map::new());
        only.list_mut(section).push(Value::Object(item.clone()));
        let behind = self.behind.get(name).filter(|_| section == Section::Users);
        only.behind
            .extend(behind.map(|behind| (name.to_owned(), behind.clone())));
        Some(only)
    }

    /// The whole document, to read
    pub(crate) fn root(&self) -> &Map<String, Value> {
        &self.root
    }

    /// The whole document
    pub(crate) fn root_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.root
    }

    /// One of the three lists, made empty if it is not there yet
    fn list_mut(&mut self, section: Section) -> &mut Vec<Value> {
        as_list(self.root.entry(section.plural()).or_insert(Value::Null))
    }

    fn items(&self, section: Section) -> impl Iterator<Item = &Map<String, Value>> {
        let items = self.root.get(section.plural()).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(Value::as_object)
    }
}

impl Default for Kubeconfig {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for Kubeconfig {
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root
    }
}

impl fmt::Debug for Kubeconfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kubeconfig")
            .field("current_context", &self.current_context())
            .field(
                "clusters",
                &self.names(Section::Clusters).collect::<Vec<_>>(),
            )
            .field(
                "contexts",
                &self.names(Section::Contexts).collect::<Vec<_>>(),
            )
            .field("users", &self.names(Section::Users).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// One of the three lists of a [`Kubeconfig`]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Section {
    /// `clusters`: where the API servers are
    Clusters,
    /// `contexts`: which user goes with which cluster
    Contexts,
    /// `users`: credentials
    Users,
}

impl Section {
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Clusters => "clusters",
            Self::Contexts => "contexts",
            Self::Users => "users",
        }
    }

    pub(crate) fn singular(self) -> &'static str {
        match self {
            Self::Clusters => "cluster",
            Self::Contexts => "context",
            Self::Users => "user",
        }
    }
}

fn is_named(item: &Value, name: &str) -> bool {
    item.get("name").and_then(Value::as_str) == Some(name)
}

fn as_list(value: &mut Value) -> &mut Vec<Value> {
    if !value.is_array() {
        *value = Value::Array(Vec::new());
    }
    match value {
        Value::Array(list) => list,
        _ => unreachable!("made a list above"),
    }
}

fn as_map(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("made a map above"),
    }
}

pub(crate) const SECTIONS: [Section; 3] = [Section::Clusters, Section::Contexts, Section::Users];
