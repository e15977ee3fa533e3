use std::fs;

use crate::Error;
use crate::kubeconfig::file::KubeconfigFiles;
use crate::kubeconfig::file::plan::{Document, read, view};
use crate::kubeconfig::{Kubeconfig, Section, Target};
use crate::whole_file::folder_of;

impl KubeconfigFiles {
    /// The cluster of a context in these files, with its certificate authority in itself; the current context if none is named
    ///
    /// # Errors
    ///
    /// `Storage`: a file cannot be read, or is broken. `Config`: there is no such context, or it leads to no cluster with a server.
    pub fn target(&self, context: Option<&str>) -> Result<Target, Error> {
        let documents = read(self)?;
        let all = view(&documents);
        let context = context.or_else(|| all.current_context());
        let context = context.ok_or_else(|| {
            Error::config("the kubeconfig has no current context").hint("--context names one")
        })?;
        let target = Target::of_context(&all, context)?;
        let Some(named) = target.certificate_authority_file() else {
            return Ok(target);
        };
        // A relative path starts at the folder of the file with the cluster.
        let cluster = all.entry(Section::Contexts, context);
        let cluster = cluster.and_then(|entry| entry.get("cluster")?.as_str());
        let has_it = |kubeconfig: &Kubeconfig| {
            cluster.is_some_and(|name| kubeconfig.entry(Section::Clusters, name).is_some())
        };
        let mut sources = documents.iter().map(Document::source);
        let source = sources.find(|source| has_it(source.kubeconfig));
        let folder = source.map(|source| folder_of(source.file));
        let path = folder.map_or_else(|| named.into(), |folder| folder.join(named));
        let pem = fs::read(&path).map_err(|error| {
            Error::storage("the cluster's certificate authority cannot be read")
                .at("file", path.to_string_lossy())
                .because(error)
        })?;
        target.certificate_authority(&pem)
    }
}
