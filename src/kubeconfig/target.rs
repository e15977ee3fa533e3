//! The cluster that a token is for, where no portal says it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::kubeconfig::{Kubeconfig, Section};
use crate::{Error, redact};

/// A cluster, and the names that a login gives it in a kubeconfig
///
/// A portal says in its answer which cluster its token is for. An issuer, a key and a CI platform do not, so the caller does.
///
/// ```
/// use doorward::kubeconfig::{Section, Target};
///
/// let target = Target::new("https://k8s.example.com:6443")?.named("prod");
/// let kubeconfig = target.kubeconfig("ci-bot");
///
/// assert_eq!(kubeconfig.current_context(), Some("prod"));
/// assert!(kubeconfig.entry(Section::Users, "ci-bot@prod").is_some());
/// # Ok::<(), doorward::Error>(())
/// ```
///
/// Source: <https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/>
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Target {
    name: String,
    cluster: Map<String, Value>,
    /// What a context that was there is called, if it is not as the cluster
    #[serde(default, skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    /// Its user, whose credentials the login gives
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
}

impl Target {
    /// The cluster at this URL, called as its host
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) for anything but an https URL without user name.
    pub fn new(server: &str) -> Result<Self, Error> {
        let url = Url::parse(server).ok();
        let url = url.filter(|url| {
            url.scheme() == "https" && url.username().is_empty() && url.password().is_none()
        });
        let Some(host) = url.as_ref().and_then(Url::host_str) else {
            return Err(
                Error::config("a cluster's URL must be https, without user name")
                    .at("server", redact::url(server))
                    .hint(
                        "it is what a kubeconfig has as server, such as https://k8s.example.com:6443",
                    ),
            );
        };
        let mut cluster = Map::new();
        cluster.insert(SERVER.into(), server.into());
        Ok(Self {
            name: host.to_owned(),
            cluster,
            context: None,
            user: None,
            namespace: None,
        })
    }

    /// The cluster of a context that is there, whose user gets the login's credentials
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): there is no such context, or it leads to no cluster with a server.
    pub fn of_context(kubeconfig: &Kubeconfig, context: &str) -> Result<Self, Error> {
        let shown = redact::one_line(context);
        let entry = kubeconfig.entry(Section::Contexts, context);
        let entry = entry.ok_or_else(|| {
            Error::config("the kubeconfig has no such context").at("context", &shown)
        })?;
        let text = |key: &str| {
            let text = entry.get(key).and_then(Value::as_str);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let name = text("cluster").unwrap_or_default();
        let cluster = kubeconfig.entry(Section::Clusters, &name);
        let cluster = cluster.filter(|cluster| cluster.get(SERVER).is_some_and(Value::is_string));
        let cluster = cluster.ok_or_else(|| {
            Error::config("the context leads to no cluster with a server").at("context", &shown)
        })?;
        Ok(Self {
            cluster: cluster.clone(),
            context: Some(context.to_owned()),
            user: text("user"),
            namespace: text("namespace"),
            name,
        })
    }

    /// Believes the certificate authorities in this PEM text, and no others
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): the text holds no certificate.
    pub fn certificate_authority(mut self, pem: &[u8]) -> Result<Self, Error> {
        let begin = b"-----BEGIN CERTIFICATE-----";
        if !pem.windows(begin.len()).any(|window| window == begin) {
            return Err(Error::config(
                "the cluster's certificate authority is no PEM text with a certificate",
            ));
        }
        self.cluster.remove(CA_FILE);
        self.cluster
            .insert(CA_DATA.into(), STANDARD.encode(pem).into());
        Ok(self)
    }

    /// Calls the cluster this; and the context, unless it was there
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// The cluster's URL
    pub fn server(&self) -> &str {
        let server = self.cluster.get(SERVER).and_then(Value::as_str);
        server.unwrap_or_default()
    }

    /// The file with the certificate authorities that the cluster's entry names, as it stands there
    pub(crate) fn certificate_authority_file(&self) -> Option<&str> {
        let file = self.cluster.get(CA_FILE).and_then(Value::as_str);
        file.filter(|file| !file.is_empty() && !self.cluster.contains_key(CA_DATA))
    }

    /// A kubeconfig of the cluster, its context, and a user without credentials for `subject`
    pub fn kubeconfig(&self, subject: &str) -> Kubeconfig {
        let context = self.context.as_ref().unwrap_or(&self.name);
        let user = self.user.clone();
        let user = user.unwrap_or_else(|| format!("{}@{}", redact::one_line(subject), self.name));
        let mut kubeconfig = Kubeconfig::new();
        *kubeconfig.entry_mut(Section::Clusters, &self.name) = self.cluster.clone();
        kubeconfig.entry_mut(Section::Users, &user);
        let entry = kubeconfig.entry_mut(Section::Contexts, context);
        entry.insert("cluster".into(), self.name.as_str().into());
        entry.insert("user".into(), user.into());
        if let Some(namespace) = &self.namespace {
            entry.insert("namespace".into(), namespace.as_str().into());
        }
        kubeconfig.set_current_context(context);
        kubeconfig
    }
}

/// A cluster's entry may hold the password of a proxy
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("name", &self.name)
            .field("server", &redact::url(self.server()))
            .field("context", &self.context)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

const SERVER: &str = "server";
const CA_DATA: &str = "certificate-authority-data";
const CA_FILE: &str = "certificate-authority";

#[cfg(test)]
mod tests {
    use super::Target;
    use crate::ErrorKind;
    use crate::kubeconfig::{Kubeconfig, Section};

    const MINE: &str = "
clusters: [{name: k, cluster: {server: 'https://k.test', tls-server-name: x, proxy-url: 'http://u:canary@p.test'}}]
contexts: [{name: prod, context: {cluster: k, user: ada, namespace: apps}}, {name: nowhere, context: {cluster: z}}]
users: [{name: ada, user: {token: canary}}]
";

    #[test]
    fn a_cluster_is_called_as_its_host_unless_told_otherwise() {
        let kubeconfig = Target::new("https://k8s.test:6443")
            .unwrap()
            .kubeconfig("ci");
        assert_eq!(kubeconfig.current_context(), Some("k8s.test"));
        assert!(kubeconfig.entry(Section::Users, "ci@k8s.test").is_some());

        let named = Target::new("https://k8s.test:6443").unwrap().named("prod");
        let kubeconfig = named.kubeconfig("ci");
        kubeconfig.check().unwrap();
        let cluster = kubeconfig.entry(Section::Clusters, "prod").unwrap();
        assert_eq!(cluster["server"], "https://k8s.test:6443");
    }

    #[test]
    fn a_cluster_is_https_and_without_password() {
        for server in ["http://k.test", "https://u:canary@k.test", "k.test", ""] {
            let error = Target::new(server).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{server}");
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
    }

    #[test]
    fn a_context_that_is_there_keeps_its_names_and_what_its_cluster_says() {
        let mine = Kubeconfig::parse(MINE).unwrap();

        let target = Target::of_context(&mine, "prod").unwrap();
        let kubeconfig = target.kubeconfig("ci");

        assert_eq!(kubeconfig.current_context(), Some("prod"));
        let context = kubeconfig.entry(Section::Contexts, "prod");
        assert_eq!(context, mine.entry(Section::Contexts, "prod"));
        let cluster = kubeconfig.entry(Section::Clusters, "k");
        assert_eq!(cluster, mine.entry(Section::Clusters, "k"));
        assert!(kubeconfig.entry(Section::Users, "ada").unwrap().is_empty());
        assert!(!format!("{target:?}").contains("canary"));
    }

    #[test]
    fn a_context_must_lead_to_a_cluster() {
        let mine = Kubeconfig::parse(MINE).unwrap();

        for context in ["nowhere", "none", ""] {
            let error = Target::of_context(&mine, context).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{context}");
        }
    }

    #[test]
    fn a_certificate_authority_stands_in_the_entry() {
        let target = Target::new("https://k.test").unwrap();
        let pem = b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";

        let with = target.clone().certificate_authority(pem).unwrap();
        let kubeconfig = with.kubeconfig("ci");
        let cluster = kubeconfig.entry(Section::Clusters, "k.test").unwrap();
        assert!(cluster["certificate-authority-data"].is_string());

        let error = target.certificate_authority(b"-----BEGIN PRIVATE KEY-----");
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Config);
    }

    #[test]
    fn a_target_is_kept_as_json() {
        let mine = Kubeconfig::parse(MINE).unwrap();
        let target = Target::of_context(&mine, "prod").unwrap();

        let json = serde_json::to_string(&target).unwrap();

        assert_eq!(serde_json::from_str::<Target>(&json).unwrap(), target);
    }
}
