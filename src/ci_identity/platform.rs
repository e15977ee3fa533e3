//! Which platform gives a job its identity: by name, or by what the job's environment shows.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Error, one_line};

/// Who gives a job its identity
///
/// ```
/// use std::ffi::OsString;
///
/// use doorward::CiPlatform;
///
/// let platform = CiPlatform::parse("file:/var/run/token")?;
/// assert_eq!(platform.to_string(), "file:/var/run/token");
///
/// let variables = |name: &str| (name == "GITLAB_CI").then(|| OsString::from("true"));
/// assert_eq!(CiPlatform::detect(variables)?, CiPlatform::GitLab);
/// # Ok::<(), doorward::Error>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CiPlatform {
    /// `azure`: the file that Azure's workload identity mounts into a pod
    Azure,
    /// `azure-devops`, or `azure-devops:ID` with the ID of a service connection
    AzureDevOps(Option<String>),
    /// `bitbucket`: the variable of a step with `oidc: true`
    Bitbucket,
    /// `buildkite`: what the agent's program gives
    Buildkite,
    /// `circleci`: what the platform's program gives
    CircleCi,
    /// `file:PATH`: a file that somebody keeps fresh
    File(PathBuf),
    /// `gcp`: the metadata server of a machine or pod at Google Cloud
    Gcp,
    /// `github`: the token endpoint of GitHub Actions
    GitHub,
    /// `gitlab`: the variable that `id_tokens:` makes
    GitLab,
    /// `kubernetes`: the file that a pod's service account has
    Kubernetes,
    /// `spiffe-file:PATH`: a JWT-SVID that a helper writes; without a path that of `DOORWARD_SPIFFE_FILE`
    SpiffeFile(Option<PathBuf>),
    /// `env:NAME`: a variable
    Variable(String),
}

impl CiPlatform {
    /// Reads the name of a platform, as it follows `--ci-identity`
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) with the names that there are.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (name, rest) = match text.split_once(':') {
            Some((name, rest)) => (name, Some(rest)),
            None => (text, None),
        };
        Ok(match (name, rest) {
            ("azure", None) => Self::Azure,
            ("azure-devops", None) => Self::AzureDevOps(None),
            ("azure-devops", Some(id)) if is_id(id) => Self::AzureDevOps(Some(id.to_owned())),
            ("bitbucket", None) => Self::Bitbucket,
            ("buildkite", None) => Self::Buildkite,
            ("circleci", None) => Self::CircleCi,
            ("file", Some(path)) if !path.is_empty() => Self::File(path.into()),
            ("gcp", None) => Self::Gcp,
            ("github", None) => Self::GitHub,
            ("gitlab", None) => Self::GitLab,
            ("kubernetes", None) => Self::Kubernetes,
            ("spiffe-file", None) => Self::SpiffeFile(None),
            ("spiffe-file", Some(path)) if !path.is_empty() => Self::SpiffeFile(Some(path.into())),
            ("env", Some(name)) if is_variable(name) => Self::Variable(name.to_owned()),
            _ => {
                return Err(Error::config("this is no platform with an identity")
                    .at("value", one_line(text))
                    .hint(NAMES));
            }
        })
    }

    /// The platform that `variable` shows, which gives the value of an environment variable
    ///
    /// A CI system goes before the cloud or the cluster that its runner happens to be in. Only if no variable says anything, the
    /// machine is asked for its maker.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): nothing is known here, or several CI systems at once.
    pub fn detect(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        Self::detect_on(variable, || fs::read_to_string(PRODUCT_NAME).ok())
    }

    fn detect_on(
        variable: impl Fn(&str) -> Option<OsString>,
        product: impl FnOnce() -> Option<String>,
    ) -> Result<Self, Error> {
        let is_set = |name: &&str| variable(name).is_some_and(|value| !value.is_empty());
        let systems = [
            (Self::GitHub, "GITHUB_ACTIONS"),
            (Self::GitLab, "GITLAB_CI"),
            (Self::CircleCi, "CIRCLECI"),
            (Self::Buildkite, "BUILDKITE"),
            (Self::AzureDevOps(None), "TF_BUILD"),
            (Self::Bitbucket, "BITBUCKET_BUILD_NUMBER"),
        ];
        let mut found = systems.into_iter().filter(|(_, name)| is_set(name));
        if let Some((platform, _)) = found.next() {
            return match found.next() {
                None => Ok(platform),
                Some((other, _)) => Err(Error::config("the job could be of several CI systems")
                    .at("first", platform.to_string())
                    .at("second", other.to_string())
                    .hint("--ci-identity with the name of one says which")),
            };
        }
        if is_set(&FEDERATED_TOKEN_FILE) {
            return Ok(Self::Azure);
        }
        // A pod at Google Cloud has both; its own identity there is the cluster's, unless it asks for the other by name.
        if is_set(&"KUBERNETES_SERVICE_HOST") {
            return Ok(Self::Kubernetes);
        }
        let maker = product().unwrap_or_default();
        match ["Google", "Google Compute Engine"].contains(&maker.trim()) {
            true => Ok(Self::Gcp),
            false => Err(
                Error::config("nothing here gives this job an identity that is known").hint(NAMES),
            ),
        }
    }

    /// The same, found from any working directory: some clients start a plug-in in another
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): there is no working directory.
    pub fn absolute(self) -> Result<Self, Error> {
        let absolute = |path: PathBuf| {
            std::path::absolute(path)
                .map_err(|error| Error::config("there is no working directory").because(error))
        };
        Ok(match self {
            Self::File(path) => Self::File(absolute(path)?),
            Self::SpiffeFile(Some(path)) => Self::SpiffeFile(Some(absolute(path)?)),
            other => other,
        })
    }

    /// Whether nobody but the platform decides for whom the token is
    pub fn fixes_audience(&self) -> bool {
        matches!(
            self,
            Self::Azure | Self::AzureDevOps(_) | Self::Bitbucket | Self::Kubernetes
        )
    }

    /// Whether the token is asked for, so that there is one audience to ask for
    pub(super) fn is_asked(&self) -> bool {
        matches!(
            self,
            Self::Buildkite | Self::CircleCi | Self::Gcp | Self::GitHub | Self::GitLab
        )
    }
}

/// As [`CiPlatform::parse`] reads it
impl fmt::Display for CiPlatform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let (name, rest) = match self {
            Self::Azure => ("azure", None),
            Self::AzureDevOps(id) => ("azure-devops", id.clone()),
            Self::Bitbucket => ("bitbucket", None),
            Self::Buildkite => ("buildkite", None),
            Self::CircleCi => ("circleci", None),
            Self::File(file) => ("file", Some(path(file))),
            Self::Gcp => ("gcp", None),
            Self::GitHub => ("github", None),
            Self::GitLab => ("gitlab", None),
            Self::Kubernetes => ("kubernetes", None),
            Self::SpiffeFile(file) => ("spiffe-file", file.as_deref().map(path)),
            Self::Variable(name) => ("env", Some(name.clone())),
        };
        match rest {
            Some(rest) => write!(f, "{name}:{rest}"),
            None => f.write_str(name),
        }
    }
}

/// A UUID as a rule
fn is_id(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !text.is_empty() && text.len() <= 64 && text.chars().all(is_plain)
}

fn is_variable(name: &str) -> bool {
    let is_usual = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.len() <= 256 && name.chars().all(is_usual)
}

/// Source: <https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html>
pub(super) const FEDERATED_TOKEN_FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";

/// What Linux knows of the machine's maker
const PRODUCT_NAME: &str = "/sys/class/dmi/id/product_name";

const NAMES: &str = "there are github, gitlab, circleci, buildkite, azure-devops[:CONNECTION-ID], bitbucket, gcp, azure, kubernetes, \
                     spiffe-file[:PATH], file:PATH and env:NAME";

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::CiPlatform;
    use crate::{Error, ErrorKind};

    fn detect(set: &[&str], product: Option<&str>) -> Result<CiPlatform, Error> {
        let variable = |name: &str| set.contains(&name).then(|| OsString::from("true"));
        CiPlatform::detect_on(variable, || product.map(str::to_owned))
    }

    #[test]
    fn a_name_is_read_and_written() {
        for name in [
            "azure",
            "azure-devops",
            "azure-devops:6f1c2b9e-4b5d-4a57-9a55-6d7b1f0f4c11",
            "bitbucket",
            "buildkite",
            "circleci",
            "env:MY_TOKEN",
            "file:/run/token",
            "gcp",
            "github",
            "gitlab",
            "kubernetes",
            "spiffe-file",
            "spiffe-file:jwt.token",
        ] {
            assert_eq!(CiPlatform::parse(name).unwrap().to_string(), name);
        }
    }

    #[test]
    fn what_is_no_platform_is_a_wrong_setting() {
        for name in [
            "",
            "jenkins",
            "github:x",
            "file:",
            "file",
            "env:",
            "env:A B",
            "azure-devops:a/b",
            "GitHub",
            "env:A=B",
        ] {
            let error = CiPlatform::parse(name).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{name}");
            assert!(error.next_step().unwrap().contains("buildkite"));
        }
    }

    #[test]
    fn a_platform_is_known_by_its_variables() {
        for (name, platform) in [
            ("GITHUB_ACTIONS", CiPlatform::GitHub),
            ("GITLAB_CI", CiPlatform::GitLab),
            ("CIRCLECI", CiPlatform::CircleCi),
            ("BUILDKITE", CiPlatform::Buildkite),
            ("TF_BUILD", CiPlatform::AzureDevOps(None)),
            ("BITBUCKET_BUILD_NUMBER", CiPlatform::Bitbucket),
            ("AZURE_FEDERATED_TOKEN_FILE", CiPlatform::Azure),
            ("KUBERNETES_SERVICE_HOST", CiPlatform::Kubernetes),
        ] {
            assert_eq!(detect(&[name], None).unwrap(), platform);
        }
        assert_eq!(detect(&[], Some("Google\n")).unwrap(), CiPlatform::Gcp);
    }

    #[test]
    fn a_ci_system_goes_before_the_cluster_that_its_runner_is_in() {
        let inside = [
            "GITLAB_CI",
            "KUBERNETES_SERVICE_HOST",
            "AZURE_FEDERATED_TOKEN_FILE",
        ];

        assert_eq!(detect(&inside, Some("Google")).unwrap(), CiPlatform::GitLab);
    }

    #[test]
    fn two_ci_systems_at_once_and_none_at_all_are_errors() {
        let both = detect(&["GITLAB_CI", "BUILDKITE"], None).unwrap_err();
        assert_eq!(both.kind(), ErrorKind::Config);
        assert!(both.to_string().contains("first gitlab, second buildkite"));

        let nothing = detect(&["CI"], Some("KVM")).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::Config);
    }
}
