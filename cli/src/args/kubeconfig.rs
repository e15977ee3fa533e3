//! The options of a kubeconfig: what may be in it, where it goes, and how it gets along with what is there.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use doorward::kubeconfig::{KubeconfigFiles, MergeHow, UserAuth};
use doorward::{Allow, Error, Kubeconfig};

/// What the caller lets the portal say
#[derive(Args, Debug)]
#[command(next_help_heading = "What the portal's answer may hold")]
pub(crate) struct Allowances {
    /// Let the kubeconfig call this exec plug-in, spelled as in the portal's answer; can be given several times
    #[arg(long, value_name = "CMD")]
    allow_exec: Vec<String>,

    /// Let the kubeconfig use this auth provider besides oidc; can be given several times
    #[arg(long, value_name = "NAME")]
    allow_auth_provider: Vec<String>,

    /// Let clusters and issuers have a URL without TLS
    #[arg(long)]
    allow_http: bool,

    /// Let a cluster go without a check of its certificate
    #[arg(long)]
    allow_insecure: bool,

    /// Let the kubeconfig name files of this machine by their absolute path
    #[arg(long)]
    allow_local_path: bool,
}

impl Allowances {
    pub(crate) fn allow(&self) -> Allow {
        let mut allow = Allow::nothing();
        if self.allow_http {
            allow = allow.http();
        }
        if self.allow_insecure {
            allow = allow.insecure();
        }
        if self.allow_local_path {
            allow = allow.local_path();
        }
        allow = self.allow_exec.iter().fold(allow, Allow::exec);
        self.allow_auth_provider
            .iter()
            .fold(allow, Allow::auth_provider)
    }
}

/// Where the kubeconfig goes, and under which names
#[derive(Args, Debug)]
#[command(next_help_heading = "Kubeconfig")]
pub(crate) struct KubeconfigOptions {
    /// The kubeconfig file to merge into; without it, login takes $KUBECONFIG or ~/.kube/config, and convert prints
    #[arg(long, value_name = "PATH")]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// What the user entry holds: auth-provider as the portal says it, with a refresh token, or the bare token
    #[arg(long, value_name = "KIND", default_value = "auth-provider")]
    pub(crate) user_auth: UserAuthName,

    /// Overwrite a cluster, context or user of the same name that points elsewhere
    #[arg(long)]
    replace: bool,

    /// Call the context and cluster this, and the user accordingly, instead of the portal's names
    #[arg(long, value_name = "NAME")]
    context_name: Option<String>,

    /// Set the context's namespace
    #[arg(long, value_name = "NS")]
    namespace: Option<String>,

    /// Do not make the new context the current one
    #[arg(long)]
    keep_current_context: bool,
}

impl KubeconfigOptions {
    /// The file that was named
    pub(crate) fn named_files(&self) -> Option<KubeconfigFiles> {
        self.kubeconfig.as_ref().map(KubeconfigFiles::at)
    }

    pub(crate) fn how(&self) -> MergeHow {
        MergeHow::default()
            .replace(self.replace)
            .keep_current_context(self.keep_current_context)
    }

    /// Gives the current context of `kubeconfig` the names that the caller wants
    pub(crate) fn name(&self, kubeconfig: &mut Kubeconfig) -> Result<(), Error> {
        let incomplete = |error| {
            Error::portal("the portal's kubeconfig has no context to change").because(error)
        };
        if let Some(name) = &self.context_name {
            kubeconfig.rename_context(name).map_err(incomplete)?;
        }
        if let Some(namespace) = &self.namespace {
            kubeconfig.set_namespace(namespace).map_err(incomplete)?;
        }
        Ok(())
    }
}

/// The names of [`UserAuth`]
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum UserAuthName {
    AuthProvider,
    Token,
}

impl From<UserAuthName> for UserAuth {
    fn from(name: UserAuthName) -> Self {
        match name {
            UserAuthName::AuthProvider => Self::AuthProvider,
            UserAuthName::Token => Self::Token,
        }
    }
}
