//! `kubectl config set` and `unset`: dotted paths to single fields.
//!
//! A path walks kubectl's own structures, so that its names are not quite those of the file: `act-as` there is `as` in
//! the file, and an auth provider or exec plug-in can be taken away, but not be set.
//!
//! Source: <https://kubernetes.io/docs/reference/kubectl/generated/kubectl_config/kubectl_config_set/>

use std::rc::Rc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::kubeconfig::Section;
use crate::kubectl::config::{fails, only_name, own_name, put};
use crate::kubectl::error::ParseCommandError;
use crate::kubectl::files::Files;
use crate::kubectl::flags::{Given, Takes, boolean};
use crate::kubectl::home::Home;
use crate::kubectl::settings::{Cluster, Context, Data, User};
use crate::kubectl::words::Word;

impl Home {
    pub(super) fn set_property(
        &mut self,
        words: &[Word],
        at: usize,
    ) -> Result<(), ParseCommandError> {
        let arguments = self.arguments(words, SET)?;
        let raw = arguments.switch("set-raw-bytes")?.unwrap_or_default();
        let [path, value] = arguments.positional.as_slice() else {
            return fails(at, "a `set` without one path and one value");
        };
        if value.value.is_empty() {
            return fails(value.offset, "an empty value");
        }
        let change = Change::Set { value, raw };
        let changed = match Path::read(own_name(path)?)? {
            Path::CurrentContext => change.text(&mut self.settings.current_context)?,
            Path::Colors => change.boolean(&mut self.settings.colors)?,
            Path::Field(section, name, field) => {
                self.field(section, name, field, &change, path.offset)?
            }
            Path::Entry(..) | Path::Preferences | Path::Section(_) => {
                return fails(path.offset, "a path to more than one field");
            }
        };
        self.written(changed);
        Ok(())
    }

    pub(super) fn unset_property(
        &mut self,
        words: &[Word],
        at: usize,
    ) -> Result<(), ParseCommandError> {
        let arguments = self.arguments(words, &[])?;
        let path = only_name(&arguments, at)?;
        let settings = &mut self.settings;
        let changed = match Path::read(path)? {
            Path::CurrentContext => put(&mut settings.current_context, String::new()),
            Path::Colors | Path::Preferences => put(&mut settings.colors, false),
            Path::Section(section) => {
                let before = match section {
                    Section::Clusters => std::mem::take(&mut settings.clusters).len(),
                    Section::Contexts => std::mem::take(&mut settings.contexts).len(),
                    Section::Users => std::mem::take(&mut settings.users).len(),
                };
                before > 0
            }
            Path::Entry(section, name) => match section {
                Section::Clusters => settings.clusters.remove(name).is_some(),
                Section::Contexts => settings.contexts.remove(name).is_some(),
                Section::Users => settings.users.remove(name).is_some(),
            },
            Path::Field(section, name, field) => {
                let there = match section {
                    Section::Clusters => settings.clusters.contains_key(name),
                    Section::Contexts => settings.contexts.contains_key(name),
                    Section::Users => settings.users.contains_key(name),
                };
                if !there {
                    return fails(path.offset, "an entry that is not there");
                }
                self.field(section, name, field, &Change::Unset, path.offset)?
            }
        };
        self.written(changed);
        Ok(())
    }

    /// Changes one field of an entry, which is made if it is not there yet
    fn field(
        &mut self,
        section: Section,
        name: &str,
        field: &str,
        change: &Change<'_>,
        at: usize,
    ) -> Result<bool, ParseCommandError> {
        if name.is_empty() {
            return fails(at, "an entry without a name");
        }
        let written_field = written_name(field);
        self.origins.mark(section, name, "", at);
        if let Some(marked) = MARKED.iter().find(|marked| **marked == written_field) {
            self.origins.mark(section, name, marked, change.offset(at));
        }
        let changed = match section {
            Section::Clusters => {
                let created = !self.settings.clusters.contains_key(name);
                let cluster = self.settings.clusters.entry(name.to_owned()).or_default();
                created | cluster_field(cluster, field, change, &self.files, at)?
            }
            Section::Contexts => {
                let created = !self.settings.contexts.contains_key(name);
                let context = self.settings.contexts.entry(name.to_owned()).or_default();
                created | context_field(context, field, change, at)?
            }
            Section::Users => {
                let created = !self.settings.users.contains_key(name);
                let user = self.settings.users.entry(name.to_owned()).or_default();
                created | user_field(user, field, change, &self.files, at)?
            }
        };
        Ok(changed)
    }
}

/// Where a path leads
enum Path<'p> {
    Colors,
    CurrentContext,
    Entry(Section, &'p str),
    Field(Section, &'p str, &'p str),
    Preferences,
    Section(Section),
}

impl<'p> Path<'p> {
    fn read(path: &'p Given) -> Result<Self, ParseCommandError> {
        let at = path.offset;
        let (first, rest) = match path.value.split_once('.') {
            Some((first, rest)) => (first, Some(rest)),
            None => (path.value.as_str(), None),
        };
        let (section, fields) = match (first, rest) {
            ("current-context", None) => return Ok(Self::CurrentContext),
            ("preferences", None) => return Ok(Self::Preferences),
            ("preferences", Some("colors")) => return Ok(Self::Colors),
            ("clusters", _) => (Section::Clusters, CLUSTER),
            ("contexts", _) => (Section::Contexts, CONTEXT),
            ("users", _) => (Section::Users, USER),
            _ => return fails(at, "a path that leads to no field"),
        };
        let Some(rest) = rest else {
            return Ok(Self::Section(section));
        };
        // The name may hold dots: it ends before the first part, other than its own first, that is a field's name.
        let mut start = 0;
        for (index, part) in rest.split('.').enumerate() {
            let end = start + part.len();
            if index > 0 && fields.contains(&part) {
                if end < rest.len() {
                    return fails(at, "a path that goes on behind a field");
                }
                let name = rest.get(..start - 1).unwrap_or_default();
                return Ok(Self::Field(section, name, part));
            }
            start = end + 1;
        }
        Ok(Self::Entry(section, rest))
    }
}

/// What happens to a field
enum Change<'c> {
    Set { value: &'c Given, raw: bool },
    Unset,
}

impl Change<'_> {
    fn offset(&self, at: usize) -> usize {
        match self {
            Self::Set { value, .. } => value.offset,
            Self::Unset => at,
        }
    }

    fn text(&self, field: &mut String) -> Result<bool, ParseCommandError> {
        match self {
            Self::Set { value, .. } => Ok(put(field, own_name(value)?.value.clone())),
            Self::Unset => Ok(put(field, String::new())),
        }
    }

    /// A path, which may lead to a temporary file of the command
    fn path(&self, field: &mut String, files: &Files) -> Result<bool, ParseCommandError> {
        match self {
            // kubectl would look for a name of the working folder beside the kubeconfig.
            Self::Set { value, .. }
                if value.value.starts_with('\0') && files.content(&value.value).is_some() =>
            {
                Ok(put(field, value.value.clone()))
            }
            _ => self.text(field),
        }
    }

    fn boolean(&self, field: &mut bool) -> Result<bool, ParseCommandError> {
        match self {
            Self::Set { value, .. } => match boolean(&value.value) {
                Some(value) => Ok(put(field, value)),
                None => fails(value.offset, "a value that is neither true nor false"),
            },
            Self::Unset => Ok(put(field, false)),
        }
    }

    fn data(&self, field: &mut Data) -> Result<bool, ParseCommandError> {
        let Self::Set { value, raw } = self else {
            return Ok(put(field, Data::none()));
        };
        let text = &own_name(value)?.value;
        let bytes = match raw {
            true => text.clone().into_bytes(),
            false => {
                let mut encoded = text.clone().into_bytes();
                encoded.retain(|byte| !matches!(byte, b'\n' | b'\r'));
                match GO.decode(encoded) {
                    Ok(bytes) => bytes,
                    Err(_) => return fails(value.offset, "a value that is not base64"),
                }
            }
        };
        Ok(put(field, Data::Bytes(Rc::from(bytes))))
    }

    /// A field that can only be taken away; whether there was something
    fn gone<T>(&self, field: &mut Option<T>, at: usize) -> Result<bool, ParseCommandError> {
        match self {
            Self::Set { .. } => fails(at, "a field that kubectl cannot set"),
            Self::Unset => Ok(field.take().is_some()),
        }
    }
}

fn cluster_field(
    cluster: &mut Cluster,
    field: &str,
    change: &Change<'_>,
    files: &Files,
    at: usize,
) -> Result<bool, ParseCommandError> {
    match field {
        "certificate-authority" => change.path(&mut cluster.authority, files),
        "certificate-authority-data" => change.data(&mut cluster.authority_data),
        "disable-compression" => change.boolean(&mut cluster.disable_compression),
        "insecure-skip-tls-verify" => change.boolean(&mut cluster.insecure),
        "proxy-url" => change.text(&mut cluster.proxy_url),
        "server" => change.text(&mut cluster.server),
        "tls-server-name" => change.text(&mut cluster.tls_server_name),
        _ => fails(at, "a field that portals do not set"),
    }
}

fn context_field(
    context: &mut Context,
    field: &str,
    change: &Change<'_>,
    at: usize,
) -> Result<bool, ParseCommandError> {
    match field {
        "cluster" => change.text(&mut context.cluster),
        "namespace" => change.text(&mut context.namespace),
        "user" => change.text(&mut context.user),
        _ => fails(at, "a field that portals do not set"),
    }
}

fn user_field(
    user: &mut User,
    field: &str,
    change: &Change<'_>,
    files: &Files,
    at: usize,
) -> Result<bool, ParseCommandError> {
    match field {
        "act-as" => change.text(&mut user.impersonate),
        "act-as-uid" => change.text(&mut user.impersonate_uid),
        "auth-provider" => change.gone(&mut user.provider, at),
        "client-certificate" => change.path(&mut user.certificate, files),
        "client-certificate-data" => change.data(&mut user.certificate_data),
        "client-key" => change.path(&mut user.key, files),
        "client-key-data" => change.data(&mut user.key_data),
        "exec" => change.gone(&mut user.exec, at),
        "password" => change.text(&mut user.password),
        "token" => change.text(&mut user.token),
        "tokenFile" => change.text(&mut user.token_file),
        "username" => change.text(&mut user.username),
        _ => fails(at, "a field that portals do not set"),
    }
}

/// The field's name in the file
fn written_name(field: &str) -> &str {
    match field {
        "act-as" => "as",
        "act-as-uid" => "as-uid",
        other => other,
    }
}

const SET: &[(&str, Takes)] = &[("set-raw-bytes", Takes::Switch)];

/// What Go's decoder takes: padding, and any bits behind the last byte
const GO: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// The parts of a path that end a cluster's name; `-` is where kubectl keeps the name of the file
const CLUSTER: &[&str] = &[
    "-",
    "certificate-authority",
    "certificate-authority-data",
    "disable-compression",
    "extensions",
    "insecure-skip-tls-verify",
    "proxy-url",
    "server",
    "tls-server-name",
];

const CONTEXT: &[&str] = &["-", "cluster", "extensions", "namespace", "user"];

const USER: &[&str] = &[
    "-",
    "act-as",
    "act-as-groups",
    "act-as-uid",
    "act-as-user-extra",
    "auth-provider",
    "client-certificate",
    "client-certificate-data",
    "client-key",
    "client-key-data",
    "exec",
    "extensions",
    "password",
    "token",
    "tokenFile",
    "username",
];

/// Fields for which there are rules
const MARKED: &[&str] = &[
    "as",
    "certificate-authority",
    "client-certificate",
    "client-key",
    "cluster",
    "insecure-skip-tls-verify",
    "namespace",
    "proxy-url",
    "server",
    "tls-server-name",
    "token",
    "tokenFile",
    "user",
    "username",
];
