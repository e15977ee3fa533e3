//! The options of a kubeconfig: what may be in it, where it goes, and how it gets along with what is there.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use doorward::kubeconfig::{ExecUser, KubeconfigFiles, MergeHow};
use doorward::profile::ProfileName;
use doorward::{Error, Kubeconfig};

use crate::args::StoreOptions;
use crate::args::store::absolute;

/// What the caller lets the portal say
#[derive(Args, Debug)]
#[command(next_help_heading = "What the portal's answer may hold")]
pub(crate) struct Allowances {
    /// Let the kubeconfig call this exec plug-in, spelled as in the portal's answer; can be given several times
    #[arg(long, value_name = "CMD")]
    pub(crate) allow_exec: Vec<String>,

    /// Let the kubeconfig use this auth provider besides oidc; can be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) allow_auth_provider: Vec<String>,

    /// Let clusters and issuers have a URL without TLS
    #[arg(long)]
    pub(crate) allow_http: bool,

    /// Let a cluster go without a check of its certificate
    #[arg(long)]
    pub(crate) allow_insecure: bool,

    /// Let the kubeconfig name files of this machine by their absolute path
    #[arg(long)]
    pub(crate) allow_local_path: bool,
}

/// Where the kubeconfig goes, and under which names
#[derive(Args, Debug)]
#[command(next_help_heading = "Kubeconfig")]
pub(crate) struct KubeconfigOptions {
    /// The kubeconfig file to merge into; without it, login takes $KUBECONFIG or ~/.kube/config, and convert prints
    #[arg(long, value_name = "PATH")]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// Overwrite a cluster, context or user of the same name that points elsewhere
    #[arg(long)]
    replace: bool,

    #[command(flatten)]
    pub(crate) names: NameOptions,

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
}

/// What the context is called, and where it leads
#[derive(Args, Debug)]
#[command(next_help_heading = "Kubeconfig")]
pub(crate) struct NameOptions {
    /// Call the context and cluster this, and the user accordingly, instead of the portal's names
    #[arg(long, value_name = "NAME")]
    pub(crate) context_name: Option<String>,

    /// Set the context's namespace
    #[arg(long, value_name = "NS")]
    namespace: Option<String>,
}

impl NameOptions {
    /// The namespace that was named
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
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

/// What the user entry holds after a login
#[derive(Args, Debug)]
#[command(next_help_heading = "Kubeconfig")]
pub(crate) struct UserOptions {
    /// What the user entry holds: exec to call doorward, which every client shares safely; auth-provider as the portal says it; or the bare token
    #[arg(long, value_name = "KIND", default_value = "exec")]
    pub(crate) user_auth: UserAuthName,

    #[command(flatten)]
    pub(crate) entry: EntryOptions,
}

/// The entry that calls doorward
#[derive(Args, Debug)]
#[command(next_help_heading = "Kubeconfig")]
pub(crate) struct EntryOptions {
    /// The program that an exec entry calls, by name or path, instead of doorward
    #[arg(long, value_name = "PATH", default_value = "doorward")]
    exec_command: String,
}

impl EntryOptions {
    /// The entry for `profile`, whose folders are named where they were
    pub(crate) fn exec_user(
        &self,
        profile: &ProfileName,
        store: &StoreOptions,
    ) -> Result<ExecUser, Error> {
        let has_folder = self.exec_command.contains(std::path::is_separator);
        let command = match has_folder {
            true => text(&absolute(Path::new(&self.exec_command))?)?,
            false => self.exec_command.clone(),
        };
        let mut user = ExecUser::credential(&command, profile.as_str());
        let folders = [
            ("--profile-dir", &store.folders.profile_dir),
            ("--cache-dir", &store.folders.cache_dir),
        ];
        for (option, folder) in folders {
            if let Some(folder) = folder {
                user = user.arg(format!("{option}={}", text(&absolute(folder)?)?));
            }
        }
        Ok(match store.no_cache {
            true => user.arg("--no-cache"),
            false => user,
        })
    }
}

/// A kubeconfig is UTF-8
pub(crate) fn text(path: &Path) -> Result<String, Error> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| {
        Error::config("this path cannot stand in a kubeconfig: it is no UTF-8")
            .at("path", path.to_string_lossy())
    })
}

/// The names of [`UserAuth`](doorward::kubeconfig::UserAuth)
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum UserAuthName {
    AuthProvider,
    Exec,
    Token,
}
