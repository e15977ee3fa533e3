//! The subcommands of `kubectl config` with flags, as kubectl 1.32 plays them.
//!
//! Source: <https://kubernetes.io/docs/reference/kubectl/generated/kubectl_config/>

use std::rc::Rc;

use crate::kubeconfig::Section;
use crate::kubectl::error::{ParseCommandError, Refusal, refuse};
use crate::kubectl::files::Files;
use crate::kubectl::flags::{Arguments, Given, Takes};
use crate::kubectl::home::Home;
use crate::kubectl::settings::{Data, Exec, NO_FILE};
use crate::kubectl::words::Word;

impl Home {
    pub(super) fn set_cluster(
        &mut self,
        words: &[Word],
        at: usize,
    ) -> Result<(), ParseCommandError> {
        let arguments = self.arguments(words, SET_CLUSTER)?;
        let name = only_name(&arguments, at)?;
        let embed = arguments.switch("embed-certs")?.unwrap_or_default();
        // Not given is the same as false here: a later `set-cluster` takes the insecure mode back.
        let insecure = arguments
            .switch("insecure-skip-tls-verify")?
            .unwrap_or_default();
        let authority = arguments.last("certificate-authority");
        let named = authority.is_some_and(|path| !path.value.is_empty());
        if insecure && named {
            return fails(
                at,
                "a certificate authority together with the insecure mode",
            );
        }
        if embed && !named {
            return fails(at, "`--embed-certs` without a certificate authority");
        }
        let authority = self.file(authority, embed)?;

        let existed = self.settings.clusters.contains_key(&name.value);
        let cluster = self
            .settings
            .clusters
            .entry(name.value.clone())
            .or_default();
        let mut changed = !existed;
        if let Some(server) = plain(&arguments, "server")? {
            changed |= put(&mut cluster.server, server);
            changed |= put(&mut cluster.tls_server_name, String::new());
        }
        if let Some(name) = plain(&arguments, "tls-server-name")? {
            changed |= put(&mut cluster.tls_server_name, name);
        }
        changed |= put(&mut cluster.insecure, insecure);
        if insecure {
            changed |= put(&mut cluster.authority, String::new());
            changed |= put(&mut cluster.authority_data, Data::none());
        }
        if let Some(file) = authority {
            changed |= put(&mut cluster.insecure, false);
            changed |= file.put(&mut cluster.authority, &mut cluster.authority_data);
        }
        if let Some(url) = plain(&arguments, "proxy-url")? {
            changed |= put(&mut cluster.proxy_url, url);
        }
        self.mark(Section::Clusters, name, &arguments, SET_CLUSTER);
        self.written(changed);
        Ok(())
    }

    pub(super) fn set_context(
        &mut self,
        words: &[Word],
        at: usize,
    ) -> Result<(), ParseCommandError> {
        let arguments = self.arguments(words, SET_CONTEXT)?;
        let current = arguments.switch("current")?.unwrap_or_default();
        let name = match arguments.positional.as_slice() {
            [] => None,
            [name] => Some(own_name(name)?).filter(|name| !name.value.is_empty()),
            _ => return fails(at, "more than one name"),
        };
        let name = match name {
            Some(name) if !current => name.clone(),
            None if current && !self.settings.current_context.is_empty() => Given {
                value: self.settings.current_context.clone(),
                offset: at,
            },
            None if current => return fails(at, "`--current` without a current context"),
            None => return fails(at, "a context without a name"),
            Some(_) => return fails(at, "a name together with `--current`"),
        };

        let existed = self.settings.contexts.contains_key(&name.value);
        let context = self
            .settings
            .contexts
            .entry(name.value.clone())
            .or_default();
        let mut changed = !existed;
        for (flag, field) in [
            ("cluster", &mut context.cluster),
            ("user", &mut context.user),
            ("namespace", &mut context.namespace),
        ] {
            if let Some(value) = plain(&arguments, flag)? {
                changed |= put(field, value);
            }
        }
        self.mark(Section::Contexts, &name, &arguments, SET_CONTEXT);
        self.written(changed);
        Ok(())
    }

    pub(super) fn use_context(
        &mut self,
        words: &[Word],
        at: usize,
    ) -> Result<(), ParseCommandError> {
        let arguments = self.arguments(words, &[])?;
        let name = only_name(&arguments, at)?;
        if !self.settings.contexts.contains_key(&name.value) {
            return fails(name.offset, "a context that is not there");
        }
        let changed = put(&mut self.settings.current_context, name.value.clone());
        self.written(changed);
        Ok(())
    }

    pub(super) fn rename_context(
        &mut self,
        words: &[Word],
        at: usize,
    ) -> Result<(), ParseCommandError> {
        let arguments = self.arguments(words, &[])?;
        let [old, new] = arguments.positional.as_slice() else {
            return fails(at, "a renaming without two names");
        };
        let (old, new) = (own_name(old)?, own_name(new)?);
        if new.value.is_empty() {
            return fails(new.offset, "a context without a name");
        }
        if self.settings.contexts.contains_key(&new.value) {
            return fails(new.offset, "a context that is there already");
        }
        let Some(context) = self.settings.contexts.remove(&old.value) else {
            return fails(old.offset, "a context that is not there");
        };
        self.settings.contexts.insert(new.value.clone(), context);
        if self.settings.current_context == old.value {
            self.settings.current_context.clone_from(&new.value);
        }
        self.origins
            .mark(Section::Contexts, &new.value, "", new.offset);
        self.written(true);
        Ok(())
    }

    pub(super) fn delete(
        &mut self,
        section: Section,
        words: &[Word],
        at: usize,
    ) -> Result<(), ParseCommandError> {
        let arguments = self.arguments(words, &[])?;
        let [name] = arguments.positional.as_slice() else {
            // kubectl shows its help for some of these, and succeeds without having done anything.
            return fails(at, "a deletion without one name");
        };
        let name = own_name(name)?;
        let removed = match section {
            Section::Clusters => self.settings.clusters.remove(&name.value).is_some(),
            Section::Contexts => self.settings.contexts.remove(&name.value).is_some(),
            Section::Users => self.settings.users.remove(&name.value).is_some(),
        };
        if !removed {
            return fails(name.offset, "an entry that is not there");
        }
        self.written(true);
        Ok(())
    }

    pub(super) fn arguments(
        &self,
        words: &[Word],
        known: &[(&'static str, Takes)],
    ) -> Result<Arguments, ParseCommandError> {
        Arguments::read(words, known, |flag, at| self.unknown_flag(flag, at))
    }

    /// kubectl has read the whole file, filled in what it read, and written it again
    pub(super) fn written(&mut self, changed: bool) {
        if changed {
            let users = self.settings.users.values_mut();
            users
                .filter_map(|user| user.exec.as_mut())
                .for_each(Exec::fill_in);
        }
    }

    /// Remembers where the entry and each of its fields was set
    pub(super) fn mark(
        &mut self,
        section: Section,
        name: &Given,
        arguments: &Arguments,
        flags: &[(&'static str, Takes)],
    ) {
        self.origins.mark(section, &name.value, "", name.offset);
        for (flag, _) in flags {
            if let Some(given) = arguments.last(flag) {
                let field = match *flag {
                    "exec-command" => "exec",
                    other => other,
                };
                self.origins.mark(section, &name.value, field, given.offset);
            }
        }
    }

    /// What a flag with a file stands for
    pub(super) fn file(
        &self,
        path: Option<&Given>,
        embed: bool,
    ) -> Result<Option<File>, ParseCommandError> {
        let Some(path) = path else {
            return Ok(None);
        };
        // An empty path that is not embedded is the working folder to kubectl.
        if embed && path.value.is_empty() {
            return Ok(Some(File::Embedded(Data::none())));
        }
        let own = match path.value.as_str() {
            NO_FILE => Some((NO_FILE.to_owned(), Rc::from([]))),
            value => Files::key(value).and_then(|key| {
                let content = self.files.content(&key)?.clone();
                Some((key, content))
            }),
        };
        let file = match own {
            Some((_, content)) if embed => File::Embedded(Data::Bytes(content)),
            Some((key, _)) => File::Named(key),
            None => {
                let clean = local_path(path)?;
                match embed {
                    true => File::Embedded(Data::Local(clean)),
                    false => File::Named(clean),
                }
            }
        };
        Ok(Some(file))
    }
}

/// What a flag with a file puts into an entry
pub(super) enum File {
    Embedded(Data),
    Named(String),
}

impl File {
    pub(super) fn put(self, path: &mut String, data: &mut Data) -> bool {
        match self {
            Self::Embedded(content) => {
                // kubectl tells "no data" from "data of no bytes" here, and writes the file again.
                let empty = content == Data::none();
                put(path, String::new()) | put(data, content) | empty
            }
            Self::Named(name) => put(path, name) | put(data, Data::none()),
        }
    }
}

/// The one positional argument, which must be a name
pub(super) fn only_name(arguments: &Arguments, at: usize) -> Result<&Given, ParseCommandError> {
    match arguments.positional.as_slice() {
        [name] if name.value.is_empty() => fails(name.offset, "an empty name"),
        [name] => own_name(name),
        _ => fails(at, "a subcommand without exactly one name"),
    }
}

/// A text in which no file of the command is named
pub(super) fn own_name(given: &Given) -> Result<&Given, ParseCommandError> {
    match given.value.contains('\0') {
        true => own_file(given.offset),
        false => Ok(given),
    }
}

/// The last value of a flag that takes a text
pub(super) fn plain(
    arguments: &Arguments,
    flag: &str,
) -> Result<Option<String>, ParseCommandError> {
    for given in arguments.all(flag) {
        own_name(given)?;
    }
    Ok(arguments.last(flag).map(|given| given.value.clone()))
}

/// A path of this machine, as kubectl shortens it; whether it may stand there is for the rules to say
pub(super) fn local_path(path: &Given) -> Result<String, ParseCommandError> {
    own_name(path)?;
    if !path.value.starts_with('/') {
        let construct = "a relative path to a file that the command did not make";
        return Err(ParseCommandError::new(Refusal::LocalPath, path.offset, construct).always());
    }
    let mut parts = Vec::new();
    for part in path.value.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    Ok(format!("/{}", parts.join("/")))
}

/// Sets `field`; whether it is different now
pub(super) fn put<T: PartialEq>(field: &mut T, value: T) -> bool {
    let changed = *field != value;
    *field = value;
    changed
}

pub(super) fn own_file<T>(offset: usize) -> Result<T, ParseCommandError> {
    let construct = "a file of the command where no file belongs";
    refuse(Refusal::OwnFile, offset, construct)
}

pub(super) fn fails<T>(offset: usize, construct: &'static str) -> Result<T, ParseCommandError> {
    refuse(Refusal::CommandFails, offset, construct)
}

const SET_CLUSTER: &[(&str, Takes)] = &[
    ("certificate-authority", Takes::Value),
    ("embed-certs", Takes::Switch),
    ("insecure-skip-tls-verify", Takes::Switch),
    ("proxy-url", Takes::Value),
    ("server", Takes::Value),
    ("tls-server-name", Takes::Value),
];

const SET_CONTEXT: &[(&str, Takes)] = &[
    ("cluster", Takes::Value),
    ("current", Takes::Switch),
    ("namespace", Takes::Value),
    ("user", Takes::Value),
];
