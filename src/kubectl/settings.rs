//! The kubeconfig while kubectl works on it: the fields that its `config` commands can set, and no others.

use std::collections::BTreeMap;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::kubeconfig::{Kubeconfig, Section};
use crate::kubectl::files::Files;

/// All that a command has set so far
#[derive(Debug, Default)]
pub(super) struct Settings {
    pub(super) clusters: BTreeMap<String, Cluster>,
    pub(super) contexts: BTreeMap<String, Context>,
    pub(super) users: BTreeMap<String, User>,
    pub(super) current_context: String,
    pub(super) colors: bool,
}

#[derive(Debug, Default)]
pub(super) struct Cluster {
    pub(super) server: String,
    pub(super) tls_server_name: String,
    pub(super) insecure: bool,
    pub(super) authority: String,
    pub(super) authority_data: Data,
    pub(super) proxy_url: String,
    pub(super) disable_compression: bool,
}

#[derive(Debug, Default)]
pub(super) struct Context {
    pub(super) cluster: String,
    pub(super) user: String,
    pub(super) namespace: String,
}

#[derive(Debug, Default)]
pub(super) struct User {
    pub(super) certificate: String,
    pub(super) certificate_data: Data,
    pub(super) key: String,
    pub(super) key_data: Data,
    pub(super) token: String,
    pub(super) token_file: String,
    pub(super) impersonate: String,
    pub(super) impersonate_uid: String,
    pub(super) username: String,
    pub(super) password: String,
    pub(super) provider: Option<Provider>,
    pub(super) exec: Option<Exec>,
}

#[derive(Debug, Default)]
pub(super) struct Provider {
    pub(super) name: String,
    pub(super) config: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
pub(super) struct Exec {
    pub(super) command: String,
    pub(super) arguments: Option<Vec<String>>,
    pub(super) environment: Option<Vec<(String, String)>>,
    pub(super) api_version: String,
    pub(super) provide_cluster_info: bool,
    pub(super) interactive_mode: String,
}

impl Exec {
    /// kubectl fills this in whenever it reads the file again
    pub(super) fn fill_in(&mut self) {
        let optional = matches!(
            self.api_version.as_str(),
            "client.authentication.k8s.io/v1alpha1" | "client.authentication.k8s.io/v1beta1"
        );
        if optional && self.interactive_mode.is_empty() {
            self.interactive_mode = "IfAvailable".into();
        }
    }
}

/// What stands in a `…-data` field
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Data {
    Bytes(Rc<[u8]>),
    /// What kubectl would have read from a file of this machine, which nobody does here
    Local(String),
}

impl Data {
    pub(super) fn none() -> Self {
        Self::default()
    }
}

impl Default for Data {
    fn default() -> Self {
        Self::Bytes(Rc::from([]))
    }
}

impl Settings {
    /// The document that kubectl would have written, with the command's own files embedded
    ///
    /// kubectl writes a path where nothing told it to embed; here that path would lead nowhere, as nothing is written.
    pub(super) fn into_kubeconfig(self, files: &Files) -> Result<Kubeconfig, TooMuch> {
        let mut left = LIMIT;
        let mut kubeconfig = Kubeconfig::new();
        for (name, cluster) in self.clusters {
            let mut place = Place::new(files, &mut left);
            let fields = cluster.into_fields(&mut place)?;
            *kubeconfig.entry_mut(Section::Clusters, &name) = fields;
        }
        for (name, context) in self.contexts {
            *kubeconfig.entry_mut(Section::Contexts, &name) = context.into_fields();
        }
        if !self.current_context.is_empty() {
            kubeconfig.set_current_context(&self.current_context);
        }
        if self.colors {
            let root = kubeconfig.root_mut();
            root.insert("preferences".into(), json!({ "colors": true }));
        }
        for (name, user) in self.users {
            let mut place = Place::new(files, &mut left);
            let fields = user.into_fields(&mut place)?;
            *kubeconfig.entry_mut(Section::Users, &name) = fields;
        }
        Ok(kubeconfig)
    }
}

impl Cluster {
    fn into_fields(self, place: &mut Place<'_>) -> Result<Map<String, Value>, TooMuch> {
        let mut fields = Map::new();
        place.put(
            &mut fields,
            ("certificate-authority", &self.authority),
            ("certificate-authority-data", &self.authority_data),
        )?;
        if self.disable_compression {
            fields.insert("disable-compression".into(), true.into());
        }
        if self.insecure {
            fields.insert("insecure-skip-tls-verify".into(), true.into());
        }
        put(&mut fields, "proxy-url", self.proxy_url);
        fields.insert("server".into(), self.server.into());
        put(&mut fields, "tls-server-name", self.tls_server_name);
        Ok(fields)
    }
}

impl Context {
    fn into_fields(self) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("cluster".into(), self.cluster.into());
        put(&mut fields, "namespace", self.namespace);
        fields.insert("user".into(), self.user.into());
        fields
    }
}

impl User {
    fn into_fields(self, place: &mut Place<'_>) -> Result<Map<String, Value>, TooMuch> {
        let mut fields = Map::new();
        put(&mut fields, "as", self.impersonate);
        put(&mut fields, "as-uid", self.impersonate_uid);
        if let Some(provider) = self.provider {
            fields.insert("auth-provider".into(), provider.into_value(place)?);
        }
        place.put(
            &mut fields,
            ("client-certificate", &self.certificate),
            ("client-certificate-data", &self.certificate_data),
        )?;
        place.put(
            &mut fields,
            ("client-key", &self.key),
            ("client-key-data", &self.key_data),
        )?;
        if let Some(exec) = self.exec {
            fields.insert("exec".into(), exec.into_value());
        }
        put(&mut fields, "password", self.password);
        put(&mut fields, "token", self.token);
        put(&mut fields, "tokenFile", self.token_file);
        put(&mut fields, "username", self.username);
        Ok(fields)
    }
}

impl Provider {
    fn into_value(mut self, place: &mut Place<'_>) -> Result<Value, TooMuch> {
        if let Some(path) = self.config.remove(AUTHORITY) {
            match place.embedded(&path)? {
                None => {
                    self.config.insert(AUTHORITY.into(), path);
                }
                Some(encoded) if encoded.is_empty() => {}
                Some(encoded) => {
                    let data = self.config.entry(AUTHORITY_DATA.into()).or_default();
                    if data.is_empty() {
                        *data = encoded;
                    }
                }
            }
        }
        Ok(json!({ "config": self.config, "name": self.name }))
    }
}

impl Exec {
    fn into_value(self) -> Value {
        let environment = self.environment.map(|variables| {
            let named = |(name, value)| json!({ "name": name, "value": value });
            variables.into_iter().map(named).collect::<Vec<_>>()
        });
        let mut fields = Map::new();
        put(&mut fields, "apiVersion", self.api_version);
        fields.insert("args".into(), json!(self.arguments));
        fields.insert("command".into(), self.command.into());
        fields.insert("env".into(), json!(environment));
        put(&mut fields, "interactiveMode", self.interactive_mode);
        fields.insert(
            "provideClusterInfo".into(),
            self.provide_cluster_info.into(),
        );
        Value::Object(fields)
    }
}

/// More bytes embedded than any portal's command asks for
///
/// One long certificate could stand in a thousand clusters.
#[derive(Debug)]
pub(super) struct TooMuch;

/// Where the document's paths lead
struct Place<'f> {
    files: &'f Files,
    left: &'f mut usize,
}

impl<'f> Place<'f> {
    fn new(files: &'f Files, left: &'f mut usize) -> Self {
        Self { files, left }
    }

    /// A path and what may stand in its place; where both are given, kubectl uses the data
    fn put(
        &mut self,
        fields: &mut Map<String, Value>,
        (path_field, path): (&'static str, &str),
        (data_field, data): (&'static str, &Data),
    ) -> Result<(), TooMuch> {
        let embedded = self.embedded(path)?;
        if embedded.is_none() {
            put(fields, path_field, path.to_owned());
        }
        match data {
            Data::Local(path) => put(fields, path_field, path.clone()),
            Data::Bytes(bytes) if bytes.is_empty() => {
                put(fields, data_field, embedded.unwrap_or_default());
            }
            Data::Bytes(bytes) => {
                let encoded = self.encode(bytes)?;
                put(fields, data_field, encoded);
            }
        }
        Ok(())
    }

    /// The content of the file, if it is one of the command's; an empty one stands for "no file" in kubectl, too
    fn embedded(&mut self, path: &str) -> Result<Option<String>, TooMuch> {
        if path == NO_FILE {
            return Ok(Some(String::new()));
        }
        match self.files.last_content(path) {
            Some(content) => Ok(Some(self.encode(&content.clone())?)),
            None => Ok(None),
        }
    }

    fn encode(&mut self, bytes: &[u8]) -> Result<String, TooMuch> {
        *self.left = self.left.checked_sub(bytes.len()).ok_or(TooMuch)?;
        Ok(STANDARD.encode(bytes))
    }
}

fn put(fields: &mut Map<String, Value>, name: &'static str, value: String) {
    if !value.is_empty() {
        fields.insert(name.into(), value.into());
    }
}

/// The file in which there is nothing, by which OpenUnison says "the system's roots"
pub(super) const NO_FILE: &str = "/dev/null";

/// The setting of `oidc` that names a file
pub(super) const AUTHORITY: &str = "idp-certificate-authority";

const AUTHORITY_DATA: &str = "idp-certificate-authority-data";

const LIMIT: usize = 4 << 20;
