//! What the entries of a kubeconfig are, what is wrong with them, how bad that is, and what replaces them.
//!
//! A judgement of documents and of facts about files that others find out. Nothing is verified here, and nothing of a
//! secret is in what comes out.

use std::fmt;
use std::path::{Path, PathBuf};

mod certificate;

mod cluster;

mod command;

mod context;

mod facts;
pub(crate) use facts::{Facts, FileFact};

mod file;

mod kind;
pub use kind::{End, UserKind};

mod rule;
pub use rule::Rule;

mod user;

mod view;
pub(crate) use view::Source;
use view::View;

/// What was found in kubeconfig files: each user, and what is to be said of it
///
/// [`KubeconfigFiles::audit`](crate::kubeconfig::KubeconfigFiles::audit) makes it. Names are as they stand in the files:
/// [`one_line`](crate::one_line) makes them fit to be shown. Messages are fit to be shown, and for people: their texts may change.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Audit {
    /// The users, in the order of the files
    pub users: Vec<AuditedUser>,
    /// What is to be said: of the files, of each user and its clusters, and of the rest
    pub findings: Vec<Finding>,
}

impl Audit {
    /// Judges `sources`, which are files in the order in which kubectl reads them
    pub(crate) fn of(sources: &[Source<'_>], facts: &dyn Facts) -> Self {
        let view = View::new(sources);
        let mut audit = Self::default();
        for source in sources {
            audit.findings.extend(file::judge(source, facts));
        }
        let mut judged: Vec<&str> = Vec::new();
        for user in &view.users {
            let contexts = view.contexts_of(user.name);
            let (kinds, findings) = user::judge(user, &contexts, facts);
            audit.findings.extend(findings);
            let mut seen: Vec<&str> = Vec::new();
            for context in &contexts {
                let name = context.text("cluster");
                if let Some(cluster) = view.cluster(name).filter(|_| !seen.contains(&name)) {
                    seen.push(name);
                    let findings = cluster::judge(cluster, Some(user), facts);
                    audit.findings.extend(findings);
                }
            }
            judged.extend(seen);
            audit.users.push(AuditedUser {
                name: user.name.to_owned(),
                file: user.file.to_owned(),
                contexts: contexts.iter().map(|c| c.name.to_owned()).collect(),
                kinds,
            });
        }
        let rest = view.clusters.iter().filter(|c| !judged.contains(&c.name));
        for cluster in rest {
            audit.findings.extend(cluster::judge(cluster, None, facts));
        }
        audit.findings.extend(context::judge(&view));
        audit
    }

    /// How bad the worst finding is
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    /// How many findings are of this severity
    pub fn count(&self, severity: Severity) -> usize {
        let found = self.findings.iter().filter(|f| f.severity == severity);
        found.count()
    }
}

/// A user entry, and what it is
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuditedUser {
    /// Its name
    pub name: String,
    /// The file that it stands in, as it was named
    pub file: PathBuf,
    /// The contexts that use it
    pub contexts: Vec<String>,
    /// What it authenticates by; nothing, one way, or several at once
    pub kinds: Vec<UserKind>,
}

/// Something to be said of an entry or a file
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// What kind of finding it is
    pub rule: Rule,
    /// How bad it is
    pub severity: Severity,
    /// The kubeconfig that the entry stands in, or the file itself, as it was named
    pub file: PathBuf,
    /// The user that it is about, or whose way leads there
    pub user: Option<String>,
    /// The cluster that it is about
    pub cluster: Option<String>,
    /// The context that it is about
    pub context: Option<String>,
    /// What is wrong, on one line
    pub message: String,
    /// The command that puts something better in its place, where there is one; words in capitals are to be filled in
    pub replacement: Option<String>,
}

impl Finding {
    fn new(rule: Rule, severity: Severity, file: &Path, message: impl Into<String>) -> Self {
        Self {
            rule,
            severity,
            file: file.to_owned(),
            user: None,
            cluster: None,
            context: None,
            message: message.into(),
            replacement: None,
        }
    }

    fn user(mut self, name: &str) -> Self {
        self.user = Some(name.to_owned());
        self
    }

    fn cluster(mut self, name: &str) -> Self {
        self.cluster = Some(name.to_owned());
        self
    }

    fn context(mut self, name: &str) -> Self {
        self.context = Some(name.to_owned());
        self
    }

    fn instead(mut self, command: Option<String>) -> Self {
        self.replacement = command;
        self
    }
}

/// How bad a finding is
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Nothing is wrong, or nothing that does harm
    Info,
    /// It works, and will do harm some day
    Warning,
    /// It does not work, or whoever gets hold of the file has the cluster
    Error,
}

impl Severity {
    /// `error`, `warning` or `info`
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
