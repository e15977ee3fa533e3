/// What a portal's answer may hold only because the caller says so
///
/// Nothing of it is allowed at first. Each method stands for the option of the command line that an error names
/// when it would have helped.
///
/// ```
/// use doorward::{Allow, KubectlCommand};
///
/// let text = "kubectl config set-cluster dev --server=http://127.0.0.1:8001
///             kubectl config set-credentials me
///             kubectl config set-context dev --cluster=dev --user=me
///             kubectl config use-context dev";
/// let error = KubectlCommand::parse(text, &Allow::nothing()).unwrap_err();
/// assert_eq!(error.option(), Some("--allow-http"));
/// assert!(KubectlCommand::parse(text, &Allow::nothing().http()).is_ok());
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Allow {
    auth_providers: Vec<String>,
    exec: Vec<String>,
    http: bool,
    insecure: bool,
    local_path: bool,
}

impl Allow {
    /// Allows nothing; the same as the default
    pub fn nothing() -> Self {
        Self::default()
    }

    /// Allows the auth provider `name` beside `oidc`, as `--allow-auth-provider NAME`
    ///
    /// A program that the provider's settings name must be allowed by [`Allow::exec`], too.
    #[must_use]
    pub fn auth_provider(mut self, name: impl Into<String>) -> Self {
        self.auth_providers.push(name.into());
        self
    }

    /// Allows `command`, spelled as in the kubeconfig, as exec plug-in: `--allow-exec CMD`
    ///
    /// The caller vouches for the program, whatever arguments and environment the portal gives it.
    #[must_use]
    pub fn exec(mut self, command: impl Into<String>) -> Self {
        self.exec.push(command.into());
        self
    }

    /// Allows servers and issuers without TLS, as `--allow-http`
    #[must_use]
    pub fn http(mut self) -> Self {
        self.http = true;
        self
    }

    /// Allows clusters whose certificate nobody verifies, as `--allow-insecure`
    #[must_use]
    pub fn insecure(mut self) -> Self {
        self.insecure = true;
        self
    }

    /// Allows files of this machine by their absolute path, as `--allow-local-path`
    ///
    /// The path stands in the kubeconfig; the file is not read here.
    #[must_use]
    pub fn local_path(mut self) -> Self {
        self.local_path = true;
        self
    }

    pub(super) fn allows_auth_provider(&self, name: &str) -> bool {
        name == OIDC || self.auth_providers.iter().any(|allowed| allowed == name)
    }

    pub(super) fn allows_exec(&self, command: &str) -> bool {
        self.exec.iter().any(|allowed| allowed == command)
    }

    pub(super) fn allows_http(&self) -> bool {
        self.http
    }

    pub(super) fn allows_insecure(&self) -> bool {
        self.insecure
    }

    pub(super) fn allows_local_path(&self) -> bool {
        self.local_path
    }
}

/// The provider that runs no program and reads no file but its certificate authority
pub(super) const OIDC: &str = "oidc";
