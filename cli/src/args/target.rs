//! The cluster that a token is for, where no portal says it.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use doorward::Error;
use doorward::kubeconfig::{KubeconfigFiles, Target};

use crate::environment::Environment;

/// The cluster, by its URL or by a context that is there
#[derive(Args, Debug)]
#[command(next_help_heading = "Cluster, where no portal names it")]
pub(crate) struct TargetOptions {
    /// The cluster that the token is for, by the URL of its API server
    #[arg(long, value_name = "URL")]
    server: Option<String>,

    /// The PEM file of the certificate authority that the cluster's clients are to believe, instead of the system's
    #[arg(long, value_name = "PEM")]
    certificate_authority: Option<PathBuf>,

    /// Call the cluster and its context this, instead of its host
    #[arg(long, value_name = "NAME")]
    cluster_name: Option<String>,

    /// Take the cluster of this context of $KUBECONFIG or ~/.kube/config, or of the file of --kubeconfig if that has it; its user gets the new credentials
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
}

impl TargetOptions {
    /// The cluster that is named; nothing if none is
    ///
    /// `output` is the file that will be written, which may have the context already.
    pub(crate) fn target(
        &self,
        output: Option<&KubeconfigFiles>,
        environment: &Environment,
    ) -> Result<Option<Target>, Error> {
        let mut target = match (&self.server, &self.context) {
            (Some(_), Some(_)) => {
                return Err(
                    Error::config("--server and --context both name the cluster")
                        .hint("give one of them only"),
                );
            }
            (Some(server), None) => Target::new(server)?,
            (None, Some(context)) => of_context(context, output, environment)?,
            (None, None) if self.certificate_authority.is_some() || self.cluster_name.is_some() => {
                return Err(
                    Error::config("--certificate-authority and --cluster-name are about a cluster that is not named")
                        .hint("--server or --context names it"),
                );
            }
            (None, None) => return Ok(None),
        };
        if let Some(path) = &self.certificate_authority {
            let at = |error: Error| error.at("file", path.to_string_lossy());
            let pem = fs::read(path).map_err(|error| {
                at(Error::config(
                    "the cluster's certificate authority cannot be read",
                ))
                .because(error)
            })?;
            target = target.certificate_authority(&pem).map_err(at)?;
        }
        Ok(Some(match &self.cluster_name {
            Some(name) => target.named(name),
            None => target,
        }))
    }
}

/// The context in the file that will be written, or else where kubectl looks
fn of_context(
    context: &str,
    output: Option<&KubeconfigFiles>,
    environment: &Environment,
) -> Result<Target, Error> {
    if let Some(files) = output
        && let Ok(target) = files.target(Some(context))
    {
        return Ok(target);
    }
    let files = KubeconfigFiles::from_environment(|name| environment.owned(name))?;
    files.target(Some(context))
}
