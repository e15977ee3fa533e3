//! `kubectl config set-credentials`, which has the most flags and the most rules.
//!
//! Source: <https://kubernetes.io/docs/reference/kubectl/generated/kubectl_config/kubectl_config_set-credentials/>

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::kubeconfig::Section;
use crate::kubectl::config::{File, fails, local_path, only_name, own_file, own_name, plain, put};
use crate::kubectl::error::{ParseCommandError, Refusal, refuse};
use crate::kubectl::files::Files;
use crate::kubectl::flags::{Arguments, Given, Pairs, Takes};
use crate::kubectl::home::Home;
use crate::kubectl::settings::{AUTHORITY, Exec, NO_FILE, Provider, User};
use crate::kubectl::words::Word;

impl Home {
    pub(super) fn set_credentials(
        &mut self,
        words: &[Word],
        at: usize,
    ) -> Result<(), ParseCommandError> {
        let arguments = self.arguments(words, SET_CREDENTIALS)?;
        let name = only_name(&arguments, at)?.clone();
        let change = Credentials::read(self, &arguments, at)?;

        let before = self.settings.users.remove(&name.value);
        let existed = before.is_some();
        let mut user = before.unwrap_or_default();
        let interactive_mode = user.exec.as_mut().map(|exec| {
            let before = exec.interactive_mode.clone();
            exec.fill_in();
            before
        });
        let changed = change.apply(&mut user) | !existed;
        let variables = user
            .exec
            .as_ref()
            .and_then(|exec| exec.environment.as_ref());
        if variables.is_some_and(|variables| variables.len() > VARIABLES) {
            let construct = "too many variables for a plug-in";
            return refuse(Refusal::TooLong, at, construct);
        }
        if let (false, Some(before), Some(exec)) = (changed, interactive_mode, &mut user.exec) {
            exec.interactive_mode = before;
        }
        // The others only: what is new in this one is written, but not yet read again.
        self.written(changed);
        self.settings.users.insert(name.value.clone(), user);
        self.mark(Section::Users, &name, &arguments, SET_CREDENTIALS);
        for given in arguments.list("auth-provider-arg")? {
            let key = given.value.split('=').next();
            if let Some(key) = MARKED_SETTINGS.iter().find(|marked| key == Some(**marked)) {
                self.origins
                    .mark(Section::Users, &name.value, key, given.offset);
            }
        }
        Ok(())
    }

    /// A setting of an auth provider: only the one that names a file may name a file of the command
    fn setting(&self, key: &str, given: &mut Given) -> Result<(), ParseCommandError> {
        if key.contains('\0') || (key != AUTHORITY && given.value.contains('\0')) {
            return own_file(given.offset);
        }
        if key != AUTHORITY || given.value.is_empty() || given.value == NO_FILE {
            return Ok(());
        }
        match Files::key(&given.value).filter(|key| self.files.content(key).is_some()) {
            Some(key) => given.value = key,
            None => {
                local_path(given)?;
            }
        }
        Ok(())
    }
}

/// What `set-credentials` is asked to change
struct Credentials {
    certificate: Option<File>,
    key: Option<File>,
    token: Option<String>,
    username: Option<String>,
    password: Option<String>,
    provider: Option<String>,
    settings: Pairs,
    exec: Option<String>,
    api_version: Option<String>,
    arguments: Vec<Given>,
    interactive_mode: Option<String>,
    provide_cluster_info: Option<bool>,
    environment: Option<Pairs>,
}

impl Credentials {
    fn read(home: &Home, given: &Arguments, at: usize) -> Result<Self, ParseCommandError> {
        let is_set = |flag| {
            given
                .last(flag)
                .is_some_and(|given| !given.value.is_empty())
        };
        if is_set("token") && (is_set("username") || is_set("password")) {
            return fails(at, "a token together with a user name or password");
        }
        let embed = given.switch("embed-certs")?.unwrap_or_default();
        if embed && !is_set("client-certificate") && !is_set("client-key") {
            return fails(at, "`--embed-certs` without a certificate or key");
        }
        let interactive_mode = plain(given, "exec-interactive-mode")?;
        if !matches!(
            interactive_mode.as_deref(),
            None | Some("IfAvailable" | "Always" | "Never")
        ) {
            return fails(at, "an interactive mode that kubectl does not have");
        }
        let mut settings = Pairs::read(given.list("auth-provider-arg")?)?;
        for (key, given) in &mut settings.set {
            home.setting(key, given)?;
        }
        let arguments = given.list("exec-arg")?;
        let environment = given.each("exec-env")?;
        let environment = match environment.is_empty() {
            true => None,
            false => Some(Pairs::read(environment)?),
        };
        let names = environment.iter().flat_map(|pairs| &pairs.set);
        for given in arguments.iter().chain(names.map(|(_, given)| given)) {
            own_name(given)?;
        }
        Ok(Self {
            certificate: home.file(given.last("client-certificate"), embed)?,
            key: home.file(given.last("client-key"), embed)?,
            token: plain(given, "token")?,
            username: plain(given, "username")?,
            password: plain(given, "password")?,
            provider: plain(given, "auth-provider")?,
            settings,
            exec: plain(given, "exec-command")?,
            api_version: plain(given, "exec-api-version")?,
            arguments,
            interactive_mode,
            provide_cluster_info: given.switch("exec-provide-cluster-info")?,
            environment,
        })
    }

    /// Changes `user`; whether anything is different now
    fn apply(self, user: &mut User) -> bool {
        let mut changed = false;
        if let Some(file) = self.certificate {
            changed |= file.put(&mut user.certificate, &mut user.certificate_data);
        }
        if let Some(file) = self.key {
            changed |= file.put(&mut user.key, &mut user.key_data);
        }
        let mut has_token = false;
        let mut has_password = false;
        if let Some(token) = self.token {
            has_token = !token.is_empty();
            changed |= put(&mut user.token, token);
        }
        for (given, field) in [
            (self.username, &mut user.username),
            (self.password, &mut user.password),
        ] {
            if let Some(given) = given {
                has_password |= !given.is_empty();
                changed |= put(field, given);
            }
        }
        if let Some(name) = self.provider
            && user.provider.as_ref().is_none_or(|old| old.name != name)
        {
            let config = BTreeMap::new();
            user.provider = Some(Provider { name, config });
            changed = true;
        }
        if let Some(provider) = &mut user.provider {
            for key in &self.settings.removed {
                changed |= provider.config.remove(key).is_some();
            }
            for (key, given) in self.settings.set {
                let before = provider.config.insert(key.clone(), given.value);
                changed |= before.as_ref() != provider.config.get(&key);
            }
        }
        if let Some(command) = self.exec {
            let exec = user.exec.get_or_insert_with(|| {
                changed = true;
                Exec::default()
            });
            changed |= put(&mut exec.command, command);
            changed |= put(&mut exec.arguments, None);
        }
        if let Some(exec) = &mut user.exec {
            if let Some(version) = self.api_version {
                changed |= put(&mut exec.api_version, version);
            }
            if !self.arguments.is_empty() {
                let all = self
                    .arguments
                    .into_iter()
                    .map(|given| given.value)
                    .collect();
                changed |= put(&mut exec.arguments, Some(all));
            }
            if let Some(mode) = self.interactive_mode {
                changed |= put(&mut exec.interactive_mode, mode);
            }
            if let Some(provide) = self.provide_cluster_info {
                changed |= put(&mut exec.provide_cluster_info, provide);
            }
            if let Some(pairs) = self.environment {
                let before = exec.environment.take();
                let after = changed_environment(before.clone().unwrap_or_default(), pairs);
                changed |= before.as_ref() != Some(&after);
                exec.environment = Some(after);
            }
        }
        if has_token && !has_password {
            changed |= put(&mut user.username, String::new());
            changed |= put(&mut user.password, String::new());
        }
        if has_password && !has_token {
            changed |= put(&mut user.token, String::new());
        }
        changed
    }
}

/// Takes `pairs.removed` out of the variables, then sets `pairs.set`; new ones come last
fn changed_environment(variables: Vec<(String, String)>, pairs: Pairs) -> Vec<(String, String)> {
    let removed: HashSet<String> = pairs.removed.into_iter().collect();
    let mut order = Vec::new();
    let mut values = HashMap::new();
    for (name, given) in pairs.set {
        if values.insert(name.clone(), given.value).is_none() {
            order.push(name);
        }
    }
    let mut changed = Vec::new();
    for (name, value) in variables {
        if !removed.contains(&name) {
            let value = values.remove(&name).unwrap_or(value);
            changed.push((name, value));
        }
    }
    for name in order {
        if let Some(value) = values.remove(&name) {
            changed.push((name, value));
        }
    }
    changed
}

/// The most variables of a plug-in: each `set-credentials` goes through them all
const VARIABLES: usize = 1000;

const SET_CREDENTIALS: &[(&str, Takes)] = &[
    ("auth-provider", Takes::Value),
    ("auth-provider-arg", Takes::Value),
    ("client-certificate", Takes::Value),
    ("client-key", Takes::Value),
    ("embed-certs", Takes::Switch),
    ("exec-api-version", Takes::Value),
    ("exec-arg", Takes::Value),
    ("exec-command", Takes::Value),
    ("exec-env", Takes::Value),
    ("exec-interactive-mode", Takes::Value),
    ("exec-provide-cluster-info", Takes::Switch),
    ("password", Takes::Value),
    ("token", Takes::Value),
    ("username", Takes::Value),
];

/// Settings of auth providers for which there are rules
const MARKED_SETTINGS: &[&str] = &["cmd-path", "idp-certificate-authority", "idp-issuer-url"];
