//! How an API server is reached, and by whose credentials, as a kubeconfig or a pod's own files say.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use url::Url;

use crate::kubeconfig::KubeconfigFiles;
use crate::service_account::entries::{Entries, Entry};
use crate::service_account::plugin::{self, Credential, base64};
use crate::session::{Network, Origin};
use crate::{Error, Proxy, Request, Secret, SecretSource, redact};

/// Whose credentials ask for a token: those of a context, or those of the pod
///
/// ```
/// use doorward::ClusterAccess;
///
/// let access = ClusterAccess::of_kubeconfig(["/ci/admin.kubeconfig".into()], Some("admin".into()));
/// assert_eq!(access.context(), Some("admin"));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClusterAccess(Place);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Place {
    Kubeconfig {
        files: Vec<PathBuf>,
        context: Option<String>,
    },
    Pod {
        server: String,
        folder: PathBuf,
    },
}

impl ClusterAccess {
    /// A context of these files, merged as kubectl does it; the current one if none is named
    ///
    /// The files are the caller's own: what they name is read, and a plug-in in them is run. An `auth-provider`, a password and a
    /// cluster whose certificate would not be checked are refused.
    pub fn of_kubeconfig(
        files: impl IntoIterator<Item = PathBuf>,
        context: Option<String>,
    ) -> Self {
        Self(Place::Kubeconfig {
            files: files.into_iter().collect(),
            context,
        })
    }

    /// The files that a pod's service account has, read again each time; `variable` gives the value of an environment variable
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): this is no pod.
    ///
    /// Source: <https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/>
    pub fn of_pod(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, Error> {
        let text = |name: &str| {
            let value = variable(name)?.into_string().ok()?;
            (!value.is_empty()).then_some(value)
        };
        let (Some(host), Some(port)) = (
            text("KUBERNETES_SERVICE_HOST"),
            text("KUBERNETES_SERVICE_PORT"),
        ) else {
            return Err(Error::config(
                "there is no kubeconfig, and this is no pod of a cluster either",
            )
            .hint("KUBECONFIG names the files with the credentials that ask for the token"));
        };
        let host = match host.contains(':') {
            true => format!("[{host}]"),
            false => host,
        };
        Ok(Self(Place::Pod {
            server: format!("https://{host}:{port}"),
            folder: MOUNTED.into(),
        }))
    }

    /// What kubectl would use: the files of `$KUBECONFIG` or of the home folder, or else the pod's own
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): there is neither.
    pub fn from_environment(
        variable: impl Fn(&str) -> Option<OsString>,
        context: Option<String>,
    ) -> Result<Self, Error> {
        let files = KubeconfigFiles::from_environment(&variable);
        let is_named = variable("KUBECONFIG").is_some_and(|value| !value.is_empty());
        match files {
            Ok(files) if is_named || context.is_some() || files.default_path().exists() => {
                Ok(Self::of_kubeconfig(files.paths().to_vec(), context))
            }
            _ => Self::of_pod(variable),
        }
    }

    /// The pod's files in another folder than the usual one
    #[must_use]
    pub fn mounted_at(mut self, path: impl Into<PathBuf>) -> Self {
        if let Place::Pod { folder, .. } = &mut self.0 {
            *folder = path.into();
        }
        self
    }

    /// The same, but for good: with the name of the context that is the current one now, and with absolute paths
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) and [`Storage`](crate::ErrorKind::Storage): the kubeconfig has no such context, or cannot be read.
    pub fn pinned(self) -> Result<Self, Error> {
        let Place::Kubeconfig { files, context } = self.0 else {
            return Ok(self);
        };
        let entries = Entries::find(&files, context.as_deref())?;
        let files = files.iter().map(std::path::absolute).collect();
        let files: Result<Vec<PathBuf>, _> = files;
        Ok(Self(Place::Kubeconfig {
            files: files
                .map_err(|error| Error::config("there is no working directory").because(error))?,
            context: Some(entries.context),
        }))
    }

    /// The files of the kubeconfig; none for a pod
    pub fn files(&self) -> &[PathBuf] {
        match &self.0 {
            Place::Kubeconfig { files, .. } => files,
            Place::Pod { .. } => &[],
        }
    }

    /// The context, if one is named
    pub fn context(&self) -> Option<&str> {
        match &self.0 {
            Place::Kubeconfig { context, .. } => context.as_deref(),
            Place::Pod { .. } => None,
        }
    }

    /// Reads what there is now; may run a plug-in, and so take half a minute
    pub(super) fn read(&self, base: &Network) -> Result<Access, Error> {
        match &self.0 {
            Place::Kubeconfig { files, context } => {
                let entries = Entries::find(files, context.as_deref())?;
                let whose = format!("context {}", crate::one_line(&entries.context));
                Access::of_context(&entries, base)
                    .map(|access| Access {
                        cluster_name: entries.cluster_name.clone(),
                        whose: whose.clone(),
                        ..access
                    })
                    .map_err(|error| error.at("context", &entries.context))
            }
            Place::Pod { server, folder } => Access::of_pod(server, folder, base),
        }
    }
}

/// A way to an API server with credentials for it; no `Debug`, as it would show some
pub(super) struct Access {
    pub(super) server: Url,
    pub(super) network: Network,
    /// The server's own name, where TLS is spoken by another
    host: Option<String>,
    token: Option<Secret>,
    impersonated: Vec<(&'static str, String)>,
    pub(super) cluster_name: String,
    /// What a kubeconfig needs to reach the server, with nothing that lies elsewhere
    pub(super) cluster: Map<String, Value>,
    /// Whose credentials these are, for people
    pub(super) whose: String,
}

impl Access {
    fn of_context(entries: &Entries, base: &Network) -> Result<Self, Error> {
        let (mut access, cluster) = Self::of_cluster(&entries.cluster, base)?;
        let user = &entries.user;
        access.impersonate(user)?;
        let credential = credential(user, &cluster, &entries.context)?;
        access.token = credential.token;
        if let Some((certificate, key)) = &credential.certificate {
            let server = access.server.as_str().to_owned();
            access.network = access.network.client_identity(&server, certificate, key)?;
        }
        access.cluster = cluster;
        Ok(access)
    }

    /// The way to the server, and its entry with the certificate in it
    fn of_cluster(cluster: &Entry, base: &Network) -> Result<(Self, Map<String, Value>), Error> {
        let is_insecure = cluster.fields.get("insecure-skip-tls-verify");
        if is_insecure.and_then(Value::as_bool) == Some(true) {
            return Err(Error::config(
                "the certificate of the cluster's server would not be checked, so that anybody on the way could take the \
                 credentials",
            )
            .hint("put the server's authority into the kubeconfig: kubectl config set-cluster NAME --certificate-authority=FILE --embed-certs; and unset insecure-skip-tls-verify"));
        }
        let server = Url::parse(cluster.text("server")).ok();
        let server = server.filter(|server| Origin::of(server).is_some());
        let mut server = server.ok_or_else(|| {
            Error::config("the cluster's server is no https URL")
                .at("server", redact::url(cluster.text("server")))
        })?;
        let mut network = base.clone();
        let mut fields = cluster.fields.clone();
        // The data goes before the file, as for clients.
        let pem = match cluster.text("certificate-authority-data") {
            "" => cluster.file("certificate-authority")?,
            data => Some(base64(data, "certificate-authority-data")?),
        };
        fields.shift_remove("certificate-authority");
        if let Some(pem) = pem {
            network = network.ca_pem(&pem)?.ca_only();
            fields.insert(
                "certificate-authority-data".into(),
                STANDARD.encode(pem).into(),
            );
        }
        network = with_proxy(network, cluster.text("proxy-url"))?;
        let mut host = None;
        let name = cluster.text("tls-server-name");
        if !name.is_empty() {
            let own = server.host_str().unwrap_or_default().to_owned();
            let port = server.port_or_known_default().unwrap_or(443);
            network = network.alias(name, &own, port)?;
            host = Some(match server.port() {
                Some(port) => format!("{own}:{port}"),
                None => own,
            });
            server.set_host(Some(name)).map_err(|error| {
                Error::config("tls-server-name of the kubeconfig is no name").because(error)
            })?;
        }
        let access = Self {
            server,
            network,
            host,
            token: None,
            impersonated: Vec::new(),
            cluster_name: String::new(),
            cluster: Map::new(),
            whose: String::new(),
        };
        Ok((access, fields))
    }

    fn of_pod(server: &str, folder: &Path, base: &Network) -> Result<Self, Error> {
        let cluster = Entry {
            fields: json!({ "server": server, "certificate-authority": "ca.crt" })
                .as_object()
                .cloned()
                .unwrap_or_default(),
            folder: folder.to_owned(),
        };
        let (mut access, cluster) = Self::of_cluster(&cluster, base)?;
        access.token = Some(token_of_file(&folder.join("token"))?);
        access.cluster = cluster;
        access.cluster_name = "in-cluster".into();
        access.whose = "the pod's own service account".into();
        Ok(access)
    }

    /// Acts as somebody else where the kubeconfig says so: a client that left it out would have other rights
    ///
    /// Source: <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation>
    fn impersonate(&mut self, user: &Entry) -> Result<(), Error> {
        for (key, header) in [("as", "impersonate-user"), ("as-uid", "impersonate-uid")] {
            let value = user.text(key);
            if !value.is_empty() {
                self.impersonated.push((header, value.to_owned()));
            }
        }
        let groups = user.fields.get("as-groups").and_then(Value::as_array);
        for group in groups.into_iter().flatten().filter_map(Value::as_str) {
            self.impersonated
                .push(("impersonate-group", group.to_owned()));
        }
        let extra = user.fields.get("as-user-extra").and_then(Value::as_object);
        match extra.is_some_and(|extra| !extra.is_empty()) {
            true => Err(Error::config(
                "as-user-extra of the kubeconfig is nothing that doorward can send",
            )),
            false => Ok(()),
        }
    }

    /// Adds the credentials to a request, as far as they are not those of the connection
    pub(super) fn sign(&self, mut request: Request) -> Request {
        if let Some(host) = &self.host {
            request = request.header("host", host);
        }
        for (header, value) in &self.impersonated {
            request = request.header(header, value);
        }
        match &self.token {
            Some(token) => {
                let value = Secret::new(format!("Bearer {}", token.expose_secret()));
                request.secret_header("authorization", &value)
            }
            None => request,
        }
    }
}

/// What a user entry authenticates by; what goes before what is the order of clients
fn credential(
    user: &Entry,
    cluster: &Map<String, Value>,
    context: &str,
) -> Result<Credential, Error> {
    if user
        .fields
        .get("auth-provider")
        .is_some_and(Value::is_object)
    {
        let context = shlex::try_quote(context).unwrap_or_default();
        return Err(Error::config(
            "the user of the kubeconfig has an auth-provider, whose refresh token would be spent on the way",
        )
        .hint(format!(
            "doorward kubeconfig use-exec --context {context} puts a plug-in in its place"
        )));
    }
    if !user.text("username").is_empty() || !user.text("password").is_empty() {
        return Err(Error::config(
            "the user of the kubeconfig has a password, which Kubernetes takes no more since version 1.19",
        ));
    }
    let certificate = match user.text("client-certificate-data") {
        "" => user.file("client-certificate")?,
        data => Some(base64(data, "client-certificate-data")?),
    };
    let key = match user.text("client-key-data") {
        "" => user.file("client-key")?,
        data => Some(base64(data, "client-key-data")?),
    };
    let certificate = match (certificate, key) {
        (Some(certificate), Some(key)) => {
            let key = String::from_utf8(key)
                .map_err(|_| Error::config("the client key of the kubeconfig is not valid PEM"))?;
            Some((certificate, Secret::new(key)))
        }
        (None, None) => None,
        _ => {
            return Err(Error::config(
                "the user of the kubeconfig has a client certificate without key, or a key without certificate",
            ));
        }
    };
    let token = match (user.text("tokenFile"), user.text("token")) {
        ("", "") => None,
        ("", token) => Some(Secret::new(token)),
        (file, _) => Some(token_of_file(&user.folder.join(file))?),
    };
    let exec = user.fields.get("exec").and_then(Value::as_object);
    match (token, certificate, exec) {
        (None, None, Some(exec)) => plugin::run(exec, &user.fields, &user.folder, cluster),
        (None, None, None) => Err(Error::config(
            "the user of the kubeconfig has no credentials",
        )),
        (token, certificate, _) => Ok(Credential { token, certificate }),
    }
}

/// A token that somebody keeps fresh; what a cluster mounts is open to all users of the container
fn token_of_file(path: &Path) -> Result<Secret, Error> {
    let token = SecretSource::file(path)
        .allow_shared_files()
        .read("kubeconfig's token")?;
    let token = Secret::new(token.expose_secret().trim());
    match token.is_empty() {
        true => Err(Error::config("the kubeconfig's token file is empty")
            .at("file", path.to_string_lossy())),
        false => Ok(token),
    }
}

/// The proxy of a kubeconfig; `NO_PROXY` still counts
fn with_proxy(network: Network, url: &str) -> Result<Network, Error> {
    if url.is_empty() {
        return Ok(network);
    }
    let mut parsed =
        Url::parse(url).map_err(|_| Error::config("proxy-url of the kubeconfig is no URL"))?;
    let password = parsed.password().map(|password| {
        let decoded = crate::url_prefix::percent_decoded(password.as_bytes());
        Secret::new(String::from_utf8_lossy(&decoded).into_owned())
    });
    // It fails only for a URL without a host, which is no proxy's.
    let _ = parsed.set_password(None);
    let proxy = Proxy::parse(parsed.as_str()).map_err(|error| {
        Error::config("proxy-url of the kubeconfig is no proxy for doorward").because(error)
    })?;
    let network = network.proxy(proxy);
    Ok(match password {
        Some(password) => network.proxy_password(password),
        None => network,
    })
}

/// Where a cluster mounts the files of a pod's service account
const MOUNTED: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::fs;
    use std::path::PathBuf;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::{Value, json};

    use super::{Access, ClusterAccess};
    use crate::{Error, ErrorKind, Network, Request};

    /// A kubeconfig of one context, with these fields of its cluster and user beside its server
    fn document(cluster: &Value, user: &Value) -> Value {
        let mut fields = json!({"server": "https://127.0.0.1:6443"});
        for (key, value) in cluster.as_object().unwrap() {
            fields[key] = value.clone();
        }
        json!({
            "current-context": "admin",
            "clusters": [{"name": "prod", "cluster": fields}],
            "contexts": [{"name": "admin", "context": {"cluster": "prod", "user": "ada"}}],
            "users": [{"name": "ada", "user": user}],
        })
    }

    struct Files {
        _folder: tempfile::TempDir,
        path: PathBuf,
    }

    impl Files {
        fn new(document: &Value) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("config");
            fs::write(&path, document.to_string()).unwrap();
            for (name, content) in [("token", " of-file\n"), ("empty", "\n")] {
                fs::write(folder.path().join(name), content).unwrap();
            }
            Self {
                _folder: folder,
                path,
            }
        }

        fn read(&self) -> Result<Access, Error> {
            ClusterAccess::of_kubeconfig([self.path.clone()], None).read(&Network::new())
        }
    }

    fn read(cluster: &Value, user: &Value) -> Result<Access, Error> {
        Files::new(&document(cluster, user)).read()
    }

    fn refusal(cluster: &Value, user: &Value) -> Error {
        match read(cluster, user) {
            Ok(_) => panic!("{user} was taken"),
            Err(error) => error,
        }
    }

    fn token(user: &Value) -> String {
        let access = read(&json!({}), user).ok().unwrap();
        access.token.unwrap().expose_secret().to_owned()
    }

    #[test]
    fn a_token_is_that_of_its_file_first() {
        assert_eq!(token(&json!({"token": "of-entry"})), "of-entry");
        let both = json!({"token": "of-entry", "tokenFile": "token"});
        assert_eq!(token(&both), "of-file");
    }

    #[test]
    fn a_token_file_is_read_again_each_time() {
        let files = Files::new(&document(&json!({}), &json!({"tokenFile": "token"})));
        assert!(files.read().is_ok());

        fs::write(files.path.with_file_name("token"), "rotated").unwrap();

        let access = files.read().ok().unwrap();
        assert_eq!(access.token.unwrap().expose_secret(), "rotated");
    }

    #[cfg(unix)]
    #[test]
    fn a_plug_in_is_asked_only_where_there_is_nothing_else() {
        let answer = r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"of-plug-in"}}"#;
        let exec = json!({
            "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "IfAvailable",
            "command": "printf", "args": ["%s", answer],
        });
        assert_eq!(token(&json!({ "exec": exec })), "of-plug-in");
        let both = json!({"exec": exec, "token": "of-entry"});
        assert_eq!(token(&both), "of-entry");
    }

    #[test]
    fn what_would_be_unsafe_or_in_vain_is_refused_with_a_reason() {
        let good = json!({"token": "canary"});
        let user = |user: Value| (json!({}), user);
        let cluster = |cluster: Value| (cluster, good.clone());
        for ((cluster, user), word) in [
            (
                cluster(json!({"insecure-skip-tls-verify": true})),
                "certificate",
            ),
            (cluster(json!({"server": "http://127.0.0.1"})), "https"),
            (
                cluster(json!({"certificate-authority": "nothing"})),
                "certificate-authority",
            ),
            (
                cluster(json!({"certificate-authority-data": "%"})),
                "base64",
            ),
            (cluster(json!({"proxy-url": "socks5://p:1"})), "proxy-url"),
            (cluster(json!({"tls-server-name": "::1"})), "address"),
            (user(json!({})), "no credentials"),
            (user(json!({"tokenFile": "empty"})), "empty"),
            (user(json!({"username": "a", "password": "canary"})), "1.19"),
            (user(json!({"client-key-data": "AAAA"})), "without"),
            (
                user(json!({"token": "canary", "as-user-extra": {"a": ["b"]}})),
                "as-user-extra",
            ),
        ] {
            let error = refusal(&cluster, &user);
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
            let told = format!("{error} {error:?}");
            assert!(told.contains(word), "{told}");
            assert!(!told.contains("canary"), "{told}");
        }
    }

    #[test]
    fn an_auth_provider_is_refused_with_the_command_that_replaces_it() {
        let user =
            json!({"auth-provider": {"name": "oidc", "config": {"refresh-token": "canary"}}});

        let error = refusal(&json!({}), &user);

        assert_eq!(error.kind(), ErrorKind::Config);
        let hint = error.next_step().unwrap();
        assert!(
            hint.contains("doorward kubeconfig use-exec --context admin"),
            "{hint}"
        );
    }

    #[test]
    fn a_certificate_of_a_file_is_embedded() {
        let mut document = document(
            &json!({"certificate-authority": "ca.pem"}),
            &json!({"token": "t"}),
        );
        document["clusters"][0]["cluster"]["extensions"] = json!([]);
        let files = Files::new(&document);
        let ca = rustls_pem();
        fs::write(files.path.with_file_name("ca.pem"), &ca).unwrap();

        let access = files.read().ok().unwrap();

        assert!(!access.cluster.contains_key("certificate-authority"));
        let data = access.cluster["certificate-authority-data"]
            .as_str()
            .unwrap();
        assert_eq!(STANDARD.decode(data).unwrap(), ca.as_bytes());
    }

    /// Any bytes in a PEM frame: what is in it is looked at only when a server is met
    fn rustls_pem() -> String {
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n".to_owned()
    }

    #[test]
    fn somebody_else_is_acted_as_where_the_kubeconfig_says_so() {
        let user = json!({"token": "t", "as": "system:admin", "as-groups": ["a", "b"]});
        let access = read(&json!({}), &user).ok().unwrap();

        let request = access.sign(Request::post(&access.server));

        let wire = request.encode().unwrap();
        let value = |name: &str| {
            let found = wire.headers.iter().filter(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(value("impersonate-user"), ["system:admin"]);
        assert_eq!(value("impersonate-group"), ["a", "b"]);
        assert_eq!(value("authorization"), ["Bearer t"]);
        assert!(request.has_secret());
    }

    #[test]
    fn tls_is_spoken_by_the_name_that_the_cluster_has() {
        let cluster = json!({"tls-server-name": "kubernetes.default"});

        let access = read(&cluster, &json!({"token": "t"})).ok().unwrap();

        assert_eq!(access.server.as_str(), "https://kubernetes.default:6443/");
        let wire = access.sign(Request::post(&access.server)).encode().unwrap();
        let host = wire.headers.iter().find(|(name, _)| name == "host");
        assert_eq!(host.unwrap().1.as_str(), "127.0.0.1:6443");
    }

    #[test]
    fn the_first_file_with_a_name_counts() {
        let first = Files::new(&json!({"current-context": "admin"}));
        let second = Files::new(&document(&json!({}), &json!({"token": "second"})));
        let third = Files::new(&document(&json!({}), &json!({"token": "third"})));
        let paths = [&first, &second, &third].map(|files| files.path.clone());
        let access = ClusterAccess::of_kubeconfig(paths.clone(), None);

        let read = access.read(&Network::new()).ok().unwrap();
        assert_eq!(read.token.unwrap().expose_secret(), "second");
        assert_eq!(read.whose, "context admin");

        let pinned = access.pinned().unwrap();
        assert_eq!(pinned.context(), Some("admin"));
        assert_eq!(pinned.files(), paths);
        let other = ClusterAccess::of_kubeconfig(paths, Some("other".into()));
        assert_eq!(other.pinned().unwrap_err().kind(), ErrorKind::Config);
    }

    #[test]
    fn a_pod_without_a_kubeconfig_has_files_of_its_own() {
        let variable = |name: &str| match name {
            "HOME" => Some(OsString::from("/nonexistent")),
            "KUBERNETES_SERVICE_HOST" => Some(OsString::from("fd00::1")),
            "KUBERNETES_SERVICE_PORT" => Some(OsString::from("443")),
            _ => None,
        };
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("token"), "projected").unwrap();
        fs::write(folder.path().join("ca.crt"), rustls_pem()).unwrap();

        let access = ClusterAccess::from_environment(variable, None).unwrap();
        let access = access.mounted_at(folder.path());

        // A certificate of nothing is no authority; all before it was read.
        match access.read(&Network::new()) {
            Ok(read) => {
                assert_eq!(read.server.as_str(), "https://[fd00::1]/");
                assert_eq!(read.token.unwrap().expose_secret(), "projected");
            }
            Err(error) => panic!("{error}"),
        }
        let nowhere = ClusterAccess::from_environment(|_| None, None).unwrap_err();
        assert_eq!(nowhere.kind(), ErrorKind::Config);
    }
}
