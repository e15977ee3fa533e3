//! What a kubeconfig from a portal may hold, whether a command made it or the portal gave it whole.

use std::collections::HashSet;

use serde_json::{Map, Value};
use url::Url;

use crate::kubeconfig::{Kubeconfig, Section};
use crate::kubectl::allow::{Allow, OIDC};
use crate::kubectl::error::{Refusal, RefusedKubeconfig};
use crate::kubectl::settings::{AUTHORITY, NO_FILE};
use crate::redact;

impl Allow {
    /// Checks a kubeconfig that a portal gave, by the same rules as one that its command made
    ///
    /// Every entry is checked, not only those of the current context: the user may switch to another. What stands
    /// in extensions and in fields that kubectl does not know is not looked at.
    ///
    /// # Errors
    ///
    /// Without the caller's word: exec plug-ins, auth providers other than `oidc`, programs and files of this
    /// machine, `http://` servers and issuers, clusters without TLS verification. Always: a server or issuer that is
    /// no URL with a host, or holds a user name; hidden characters in names; a current context that does not lead to a
    /// cluster and a user.
    pub fn check(&self, kubeconfig: &Kubeconfig) -> Result<(), RefusedKubeconfig> {
        for section in [Section::Clusters, Section::Contexts, Section::Users] {
            let mut seen = HashSet::new();
            for item in items(kubeconfig, section)? {
                let name = match item.get("name") {
                    Some(Value::String(name)) if !name.is_empty() => name,
                    _ => return refuse(Refusal::Malformed, "name", "an entry without a name"),
                };
                let finding = |refused: RefusedKubeconfig| refused.of(section, name);
                visible(name, "").map_err(finding)?;
                if !seen.insert(name) {
                    return refuse(Refusal::Malformed, "", "a second entry of this name")
                        .map_err(finding);
                }
                let entry = Entry::read(item.get(section.singular())).map_err(finding)?;
                match section {
                    Section::Clusters => self.check_cluster(entry),
                    Section::Contexts => check_context(entry),
                    Section::Users => self.check_user(entry),
                }
                .map_err(finding)?;
            }
        }
        complete(kubeconfig)
    }

    fn check_cluster(&self, cluster: Entry<'_>) -> Result<(), RefusedKubeconfig> {
        self.check_url(cluster.text("server")?, "server", "a server")?;
        self.check_path(
            cluster.text("certificate-authority")?,
            "certificate-authority",
        )?;
        let proxy = cluster.text("proxy-url")?;
        if !proxy.is_empty() {
            url_with_host(proxy, "proxy-url", "a proxy", &["https", "http", "socks5"])?;
        }
        visible(cluster.text("tls-server-name")?, "tls-server-name")?;
        let insecure = "insecure-skip-tls-verify";
        match cluster.boolean(insecure)? && !self.allows_insecure() {
            true => refuse(
                Refusal::Insecure,
                insecure,
                "a cluster without TLS verification",
            ),
            false => Ok(()),
        }
    }

    fn check_user(&self, user: Entry<'_>) -> Result<(), RefusedKubeconfig> {
        for field in ["client-certificate", "client-key", "tokenFile"] {
            self.check_path(user.text(field)?, field)?;
        }
        for field in ["as", "token", "username"] {
            visible(user.text(field)?, field)?;
        }
        if let Some(exec) = user.entry("exec")? {
            self.check_program(exec.text("command")?, "exec")?;
        }
        match user.entry("auth-provider")? {
            Some(provider) => self.check_provider(provider),
            None => Ok(()),
        }
    }

    fn check_provider(&self, provider: Entry<'_>) -> Result<(), RefusedKubeconfig> {
        let name = provider.text("name")?;
        visible(name, "auth-provider")?;
        if !self.allows_auth_provider(name) {
            let construct = format!("the auth provider {}", shown(name));
            return refuse(Refusal::AuthProvider, "auth-provider", construct);
        }
        let config = provider.entry("config")?.unwrap_or_default();
        self.check_path(config.text(AUTHORITY)?, AUTHORITY)?;
        let program = config.text("cmd-path")?;
        if !program.is_empty() {
            self.check_program(program, "cmd-path")?;
        }
        let issuer = config.text("idp-issuer-url")?;
        match name == OIDC || !issuer.is_empty() {
            true => self.check_url(issuer, "idp-issuer-url", "an issuer"),
            false => Ok(()),
        }
    }

    fn check_program(&self, command: &str, field: &'static str) -> Result<(), RefusedKubeconfig> {
        visible(command, field)?;
        let construct = format!("the plug-in {}", shown(command));
        let refused = RefusedKubeconfig::new(Refusal::Exec, field, construct);
        // A command with a slash is looked for beside the kubeconfig.
        if command.contains('/') && !command.starts_with('/') {
            return Err(refused.always());
        }
        match self.allows_exec(command) {
            true => Ok(()),
            false => Err(refused),
        }
    }

    fn check_path(&self, path: &str, field: &'static str) -> Result<(), RefusedKubeconfig> {
        visible(path, field)?;
        if matches!(path, "" | NO_FILE) {
            return Ok(());
        }
        let refused = RefusedKubeconfig::new(Refusal::LocalPath, field, "a file of this machine");
        if !path.starts_with('/') {
            return Err(refused.always());
        }
        match self.allows_local_path() {
            true => Ok(()),
            false => Err(refused),
        }
    }

    fn check_url(
        &self,
        url: &str,
        field: &'static str,
        what: &str,
    ) -> Result<(), RefusedKubeconfig> {
        let scheme = url_with_host(url, field, what, &["https", "http"])?;
        match scheme == "http" && !self.allows_http() {
            true => refuse(Refusal::Http, field, format!("{what} without TLS")),
            false => Ok(()),
        }
    }
}

fn check_context(context: Entry<'_>) -> Result<(), RefusedKubeconfig> {
    for field in ["cluster", "user", "namespace"] {
        visible(context.text(field)?, field)?;
    }
    Ok(())
}

/// The current context leads to a cluster, which has a server by the rules above, and to a user
fn complete(kubeconfig: &Kubeconfig) -> Result<(), RefusedKubeconfig> {
    let incomplete =
        |field, construct: &str| RefusedKubeconfig::new(Refusal::Incomplete, field, construct);
    let name = match kubeconfig.root().get("current-context") {
        Some(Value::String(name)) if !name.is_empty() => name,
        _ => return Err(incomplete("current-context", "no current context")),
    };
    visible(name, "current-context")?;
    let Some(context) = find(kubeconfig, Section::Contexts, name)? else {
        let construct = "a current context that is not there";
        return Err(incomplete("current-context", construct));
    };
    let context = Entry::read(context.get("context"))?;
    for (section, field, construct) in [
        (
            Section::Clusters,
            "cluster",
            "a current context without a cluster that is there",
        ),
        (
            Section::Users,
            "user",
            "a current context without a user who is there",
        ),
    ] {
        if find(kubeconfig, section, context.text(field)?)?.is_none() {
            return Err(incomplete(field, construct).of(Section::Contexts, name));
        }
    }
    Ok(())
}

fn find<'k>(
    kubeconfig: &'k Kubeconfig,
    section: Section,
    name: &str,
) -> Result<Option<&'k Map<String, Value>>, RefusedKubeconfig> {
    let is_named =
        |item: &&Map<String, Value>| item.get("name").and_then(Value::as_str) == Some(name);
    Ok(items(kubeconfig, section)?.into_iter().find(is_named))
}

fn items(
    kubeconfig: &Kubeconfig,
    section: Section,
) -> Result<Vec<&Map<String, Value>>, RefusedKubeconfig> {
    let malformed = || RefusedKubeconfig::new(Refusal::Malformed, "", "a section that is no list");
    match kubeconfig.root().get(section.plural()) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) => {
            let maps = list
                .iter()
                .map(|item| item.as_object().ok_or_else(malformed));
            maps.collect()
        }
        Some(_) => Err(malformed()),
    }
}

/// The fields of an entry, which may be left out, but not be of another kind than kubectl takes
#[derive(Clone, Copy, Default)]
struct Entry<'e>(Option<&'e Map<String, Value>>);

impl<'e> Entry<'e> {
    fn read(value: Option<&'e Value>) -> Result<Self, RefusedKubeconfig> {
        match value {
            None | Some(Value::Null) => Ok(Self(None)),
            Some(Value::Object(fields)) => Ok(Self(Some(fields))),
            Some(_) => refuse(Refusal::Malformed, "", "an entry without fields"),
        }
    }

    fn value(self, field: &str) -> Option<&'e Value> {
        self.0?.get(field).filter(|value| !value.is_null())
    }

    fn entry(self, field: &'static str) -> Result<Option<Self>, RefusedKubeconfig> {
        match self.value(field) {
            None => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(Self(Some(fields)))),
            Some(_) => refuse(
                Refusal::Malformed,
                field,
                "a field without fields of its own",
            ),
        }
    }

    fn text(self, field: &'static str) -> Result<&'e str, RefusedKubeconfig> {
        match self.value(field) {
            None => Ok(""),
            Some(Value::String(text)) => Ok(text),
            Some(_) => refuse(Refusal::Malformed, field, "a field that is no text"),
        }
    }

    fn boolean(self, field: &'static str) -> Result<bool, RefusedKubeconfig> {
        match self.value(field) {
            None => Ok(false),
            Some(Value::Bool(value)) => Ok(*value),
            Some(_) => refuse(
                Refusal::Malformed,
                field,
                "a field that is not true or false",
            ),
        }
    }
}

/// The scheme of a URL that every program reads in the same way
fn url_with_host(
    text: &str,
    field: &'static str,
    what: &str,
    schemes: &[&'static str],
) -> Result<&'static str, RefusedKubeconfig> {
    visible(text, field)?;
    let no_url = || {
        let construct = format!("{what} that is no URL with a host");
        RefusedKubeconfig::new(Refusal::Url, field, construct)
    };
    let (scheme, rest) = text.split_once("://").ok_or_else(no_url)?;
    let scheme = schemes
        .iter()
        .find(|known| known.eq_ignore_ascii_case(scheme))
        .ok_or_else(no_url)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return refuse(
            Refusal::Userinfo,
            field,
            format!("{what} with a user name in its URL"),
        );
    }
    // Browsers take a backslash for a slash and undo percent signs in hosts; Go does neither.
    let odd = |c: char| c.is_whitespace() || c == '\\';
    if authority.is_empty() || authority.contains('%') || text.contains(odd) {
        return Err(no_url());
    }
    match Url::parse(text) {
        Ok(url) if url.host_str().is_some_and(|host| !host.is_empty()) => Ok(scheme),
        _ => Err(no_url()),
    }
}

fn visible(text: &str, field: &'static str) -> Result<(), RefusedKubeconfig> {
    match text.chars().any(redact::is_hidden) {
        true => refuse(
            Refusal::HiddenCharacter,
            field,
            "a character that nobody can see",
        ),
        false => Ok(()),
    }
}

/// The name of a program or provider, if it looks like one
fn shown(name: &str) -> String {
    let letter = |c: char| c.is_ascii_alphanumeric() || "._/+-".contains(c);
    let like_a_name = (1..=SHOWN).contains(&name.len()) && !name.starts_with('-');
    match like_a_name && name.chars().all(letter) {
        true => format!("`{}`", redact::one_line(name)),
        false => "whose name is not shown".into(),
    }
}

fn refuse<T>(
    refusal: Refusal,
    field: &'static str,
    construct: impl Into<String>,
) -> Result<T, RefusedKubeconfig> {
    Err(RefusedKubeconfig::new(refusal, field, construct))
}

const SHOWN: usize = 64;
