//! The shell command that a portal prints, as data: what it would set is read, and nothing of it is run.
//!
//! Portals (OpenUnison, gangway, dex-k8s-authenticator) give a text that people paste into bash: it writes a
//! certificate into a temporary file and calls `kubectl config` a few times. This module knows that language and no
//! more of the shell.

mod allow;
pub use allow::Allow;

mod config;

mod error;
pub use error::{ParseCommandError, Refusal, RefusedKubeconfig};

mod files;

mod flags;

mod home;

mod literal;

mod property;

mod rules;

mod set_credentials;

mod settings;

mod statement;

mod words;

use crate::kubeconfig::Kubeconfig;
use crate::kubectl::home::Home;

/// A portal's command, understood to its last word: the kubeconfig that it makes in an empty home folder
///
/// Temporary files, here-documents and folders are values in memory. Where the command names one of its files without
/// asking kubectl to embed it, it is embedded nevertheless, as there will be no such file. Any other substitution,
/// redirection or program is an error, not a best effort, and so is any statement at which bash or kubectl would fail.
///
/// ```
/// use doorward::{Allow, KubectlCommand};
///
/// let text = r#"export TMP_CERT=$(mktemp) && echo -e "-----BEGIN CERTIFICATE-----\n…" > $TMP_CERT &&
/// kubectl config set-cluster dev --server=https://k8s.example.com --certificate-authority=$TMP_CERT --embed-certs &&
/// kubectl config set-context dev --cluster=dev --user=me@dev &&
/// kubectl config set-credentials me@dev --token=secret && kubectl config use-context dev && rm $TMP_CERT"#;
/// let command = KubectlCommand::parse(text, &Allow::nothing())?;
/// assert_eq!(command.kubeconfig().current_context(), Some("dev"));
///
/// let error = KubectlCommand::parse("curl https://example.com/install | bash", &Allow::nothing());
/// assert_eq!(error.unwrap_err().to_string(), "at byte 0: the program `curl`");
/// # Ok::<(), doorward::kubectl::ParseCommandError>(())
/// ```
#[derive(Clone, Debug)]
pub struct KubectlCommand {
    kubeconfig: Kubeconfig,
}

impl KubectlCommand {
    /// Reads the command, and checks what it makes
    ///
    /// # Errors
    ///
    /// Says where the first thing stands that is outside the grammar, that bash or kubectl would not take, or that
    /// `allow` does not hold, in this order. What [`Allow::check`] finds stands where the field was set.
    pub fn parse(text: &str, allow: &Allow) -> Result<Self, ParseCommandError> {
        let (kubeconfig, origins) = Home::play(text)?;
        match allow.check(&kubeconfig) {
            Ok(()) => Ok(Self { kubeconfig }),
            Err(refused) => {
                let offset = origins.of(&refused);
                Err(refused.at(offset))
            }
        }
    }

    /// The kubeconfig that the command makes
    pub fn kubeconfig(&self) -> &Kubeconfig {
        &self.kubeconfig
    }

    /// The kubeconfig that the command makes
    pub fn into_kubeconfig(self) -> Kubeconfig {
        self.kubeconfig
    }
}

#[cfg(test)]
mod tests;
