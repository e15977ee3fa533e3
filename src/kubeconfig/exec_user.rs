//! Users whose token comes from a program that the client runs: the kubectl exec plug-in.

use std::fmt;

use serde_json::{Map, Value};

use crate::exec_credential::ExecApiVersion;
use crate::kubeconfig::user::{EXEC, replace_credentials};
use crate::kubeconfig::{Kubeconfig, Section};
use crate::secret::Secret;

/// The `exec` of a user entry: a program that gives the client its token
///
/// Such an entry holds no token, works with every client, and is as long-lived as what the program knows.
/// `interactiveMode` is always written as `Never`: the program is given no terminal and asks nobody. `Debug` shows neither the
/// values of `env` nor the arguments, which are secrets for some programs.
///
/// ```
/// use doorward::kubeconfig::{ExecUser, Kubeconfig};
///
/// let mut kubeconfig = Kubeconfig::new();
/// let user = ExecUser::credential("/usr/local/bin/doorward", "prod").arg("--cache-dir=/ci/cache");
/// kubeconfig.set_exec_user("mmosley@kubernetes", &user);
///
/// let read = kubeconfig.exec_user("mmosley@kubernetes").unwrap();
/// assert_eq!(read.args, ["credential", "--profile=prod", "--cache-dir=/ci/cache"]);
/// assert_eq!(read.profile(), Some("prod"));
/// ```
///
/// Source: <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins>
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct ExecUser {
    /// `command`: a name that is looked for in `PATH`, or a path
    ///
    /// A relative one with a `/` in it starts at the kubeconfig's folder.
    pub command: String,
    /// `args`
    pub args: Vec<String>,
    /// `env`: variables for the program, besides those of the client
    pub env: Vec<(String, String)>,
    /// `apiVersion`: what the program's answer must have, too
    pub api_version: ExecApiVersion,
    /// `installHint`: what kubectl says where the program is not in `PATH`
    ///
    /// Where `command` is a path, kubectl says only that nothing is there.
    pub install_hint: Option<String>,
    /// `provideClusterInfo`: whether the program learns which server the token is for
    pub provide_cluster_info: bool,
}

impl ExecUser {
    /// A user whose token `command` gives, and which learns the server; without variables and a hint
    pub fn new(
        command: impl Into<String>,
        args: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            command: command.into(),
            args: args.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            api_version: ExecApiVersion::default(),
            install_hint: None,
            provide_cluster_info: true,
        }
    }

    /// A user whose token `doorward credential` gives, found at `command`, by its profile `profile`
    pub fn credential(command: &str, profile: &str) -> Self {
        let args = [CREDENTIAL.to_owned(), format!("{PROFILE}={profile}")];
        Self {
            install_hint: Some(INSTALL_HINT.to_owned()),
            ..Self::new(command, args)
        }
    }

    /// The same with one more argument at the end
    #[must_use]
    pub fn arg(mut self, text: impl Into<String>) -> Self {
        self.args.push(text.into());
        self
    }

    /// The profile of `doorward credential`; nothing if this is another command
    ///
    /// Where the program stands and what it is called does not matter: it may be a wrapper. `--profile=NAME` and
    /// `--profile NAME` are the same.
    pub fn profile(&self) -> Option<&str> {
        let mut profile = None;
        let mut is_credential = false;
        let mut args = self.args.iter().map(String::as_str);
        while let Some(arg) = args.next() {
            let value = match arg.strip_prefix(PROFILE) {
                Some("") => args.next(),
                Some(rest) => rest.strip_prefix('='),
                None => None,
            };
            profile = profile.or(value);
            is_credential |= arg == CREDENTIAL;
        }
        profile.filter(|name| is_credential && !name.is_empty())
    }

    /// Reads what stands under a user's name; nothing if it has no plug-in, or one that kubectl would refuse
    pub(crate) fn of(user: &Map<String, Value>) -> Option<Self> {
        let exec = user.get(EXEC)?.as_object()?;
        let present = |key| exec.get(key).filter(|value| !value.is_null());
        let list = |key| match present(key) {
            Some(value) => value.as_array().map(Vec::as_slice),
            None => Some(&[][..]),
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let variable = |item: &Value| {
            let part = |key| item.get(key).map_or(Some(String::new()), text);
            Some((part("name")?, part("value")?))
        };
        Some(Self {
            command: text(present("command")?).filter(|command| !command.is_empty())?,
            args: list("args")?.iter().map(text).collect::<Option<_>>()?,
            env: list("env")?.iter().map(variable).collect::<Option<_>>()?,
            api_version: ExecApiVersion::from_name(present("apiVersion")?.as_str()?)?,
            install_hint: present("installHint")
                .and_then(text)
                .filter(|hint| !hint.is_empty()),
            provide_cluster_info: present("provideClusterInfo")
                .and_then(Value::as_bool)
                .unwrap_or_default(),
        })
    }

    /// The fields, in kubectl's own order
    fn fields(&self) -> Map<String, Value> {
        let variable = |(name, value): &(String, String)| {
            let mut item = Map::new();
            item.insert("name".into(), name.as_str().into());
            item.insert("value".into(), value.as_str().into());
            Value::Object(item)
        };
        let mut fields = Map::new();
        fields.insert("apiVersion".into(), self.api_version.as_str().into());
        fields.insert("args".into(), self.args.clone().into());
        fields.insert("command".into(), self.command.as_str().into());
        if !self.env.is_empty() {
            let env = self.env.iter().map(variable).collect();
            fields.insert("env".into(), Value::Array(env));
        }
        if let Some(hint) = self.install_hint.as_deref().filter(|hint| !hint.is_empty()) {
            fields.insert("installHint".into(), hint.into());
        }
        // kubectl refuses a `v1` plug-in without it; with any other word the program may be given the terminal.
        fields.insert("interactiveMode".into(), "Never".into());
        fields.insert(
            "provideClusterInfo".into(),
            self.provide_cluster_info.into(),
        );
        fields
    }
}

impl fmt::Debug for ExecUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.env.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("ExecUser")
            .field("command", &self.command)
            .field("profile", &self.profile())
            .field("args", &self.args.len())
            .field("env", &names)
            .field("api_version", &self.api_version)
            .field("provide_cluster_info", &self.provide_cluster_info)
            .finish_non_exhaustive()
    }
}

impl Kubeconfig {
    /// The plug-in of the user `name`, if it has one that kubectl would run
    pub fn exec_user(&self, name: &str) -> Option<ExecUser> {
        ExecUser::of(self.entry(Section::Users, name)?)
    }

    /// Makes `name` a user whose token a program gives, new or in its place
    ///
    /// Every other credential of that user goes, and an `exec` that is there is replaced as a whole; other fields stay. The
    /// kubeconfig remembers, without any token, which OIDC user or token the plug-in stands for, so that a
    /// [merge](Self::merge) into a file that still has that user is no conflict. Nothing of that is printed.
    pub fn set_exec_user(&mut self, name: &str, user: &ExecUser) {
        self.put_exec_user(name, user, None);
    }

    /// The same, where a login gave `token` for that user
    pub(super) fn put_exec_user(&mut self, name: &str, user: &ExecUser, token: Option<&Secret>) {
        self.remember_behind(name, token);
        let mut credentials = Map::new();
        credentials.insert(EXEC.into(), user.fields().into());
        replace_credentials(self.entry_mut(Section::Users, name), &credentials);
    }
}

const CREDENTIAL: &str = "credential";

const INSTALL_HINT: &str = "This kubeconfig needs the program doorward, which gets its tokens. \
    To install it: cargo install doorward-cli";

const PROFILE: &str = "--profile";

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::ExecUser;
    use crate::exec_credential::ExecApiVersion;
    use crate::kubeconfig::{Kubeconfig, Section};

    fn user(exec: &Value) -> Option<ExecUser> {
        let document = json!({"users": [{"name": "u", "user": {"exec": exec}}]});
        Kubeconfig::parse(&document.to_string())
            .unwrap()
            .exec_user("u")
    }

    #[test]
    fn it_is_written_as_kubectl_writes_it() {
        let mut kubeconfig = Kubeconfig::parse("{}").unwrap();
        let mut user = ExecUser::credential("doorward", "prod").arg("-q");
        user.env = vec![("HTTPS_PROXY".into(), "http://p".into())];

        kubeconfig.set_exec_user("ada@k", &user);

        assert_eq!(
            kubeconfig.to_yaml().expose_secret(),
            "users:
- name: ada@k
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      args:
      - credential
      - --profile=prod
      - -q
      command: doorward
      env:
      - name: HTTPS_PROXY
        value: http://p
      installHint: \"This kubeconfig needs the program doorward, which gets its tokens. To install it: cargo install doorward-cli\"
      interactiveMode: Never
      provideClusterInfo: true
"
        );
        assert_eq!(kubeconfig.exec_user("ada@k"), Some(user));
    }

    #[test]
    fn what_is_empty_is_left_out_and_read_as_empty() {
        let mut kubeconfig = Kubeconfig::new();
        let mut user = ExecUser::new("aws", ["eks", "get-token"]);
        user.api_version = ExecApiVersion::V1beta1;
        user.provide_cluster_info = false;
        user.install_hint = Some(String::new());

        kubeconfig.set_exec_user("u", &user);

        assert_eq!(
            json!(kubeconfig.entry(Section::Users, "u").unwrap()),
            json!({"exec": {
                "apiVersion": "client.authentication.k8s.io/v1beta1",
                "args": ["eks", "get-token"],
                "command": "aws",
                "interactiveMode": "Never",
                "provideClusterInfo": false,
            }})
        );
        user.install_hint = None;
        assert_eq!(kubeconfig.exec_user("u"), Some(user));
    }

    #[test]
    fn other_credentials_go_and_other_fields_stay() {
        let mut kubeconfig = Kubeconfig::parse(
            "users:
- name: u
  x-item: 1
  user:
    as: admin
    exec: {command: old, x-unknown: 1, env: [{name: A, value: canary}]}
    token: canary
    auth-provider: {name: oidc, config: {refresh-token: canary, extra-scopes: canary}}
    client-key-data: canary
    x-unknown: 1
",
        )
        .unwrap();
        let user = ExecUser::new("doorward", ["credential"]);

        kubeconfig.set_exec_user("u", &user);

        let entry = kubeconfig.entry(Section::Users, "u").unwrap();
        assert_eq!(
            entry.keys().collect::<Vec<_>>(),
            ["as", "exec", "x-unknown"]
        );
        assert_eq!(json!(entry["exec"]), json!(user.fields()));
        let yaml = kubeconfig.to_yaml();
        assert!(!yaml.expose_secret().contains("canary"));
        assert!(yaml.expose_secret().contains("x-item: 1"));
    }

    #[test]
    fn what_kubectl_would_refuse_is_no_plug_in() {
        let v1 = "client.authentication.k8s.io/v1";
        let read = user(
            &json!({"apiVersion": v1, "command": "c", "args": null, "env": [{"name": "A"}], "installHint": null}),
        );
        let mut expected = ExecUser::new("c", [""; 0]);
        expected.env = vec![("A".into(), String::new())];
        expected.provide_cluster_info = false;
        assert_eq!(read, Some(expected));

        for refused in [
            json!({"apiVersion": v1}),
            json!({"apiVersion": v1, "command": ""}),
            json!({"apiVersion": v1, "command": 1}),
            json!({"apiVersion": v1, "command": "c", "args": [1]}),
            json!({"apiVersion": v1, "command": "c", "args": "credential"}),
            json!({"apiVersion": v1, "command": "c", "env": {"A": "b"}}),
            json!({"apiVersion": v1, "command": "c", "env": [{"name": "A", "value": 1}]}),
            json!({"apiVersion": "client.authentication.k8s.io/v1alpha1", "command": "c"}),
            json!({"command": "c"}),
            json!([]),
            json!(null),
        ] {
            assert_eq!(user(&refused), None, "{refused}");
        }
        assert_eq!(Kubeconfig::new().exec_user("u"), None);
    }

    #[test]
    fn the_profile_is_read_back_in_both_spellings() {
        let profile = |args: &[&str]| {
            let user = ExecUser::new("/opt/wrapper", args.iter().copied());
            user.profile().map(str::to_owned)
        };
        assert_eq!(
            ExecUser::credential("doorward", "a b=c").profile(),
            Some("a b=c")
        );
        for args in [
            &["credential", "--profile=ci"][..],
            &["credential", "--profile", "ci"],
            &[
                "-q",
                "credential",
                "--cache-dir=/c",
                "--profile",
                "ci",
                "-v",
            ],
            &["--profile=ci", "credential"],
            &[
                "credential",
                "--profile-x=1",
                "--profile=ci",
                "--profile=other",
            ],
        ] {
            assert_eq!(profile(args).as_deref(), Some("ci"), "{args:?}");
        }
        for args in [
            &[][..],
            &["credential"],
            &["credential", "--profile"],
            &["credential", "--profile="],
            &["credential", "--profile", ""],
            &["eks", "get-token", "--profile=ci"],
            &["token", "--profile", "credential"],
        ] {
            assert_eq!(profile(args), None, "{args:?}");
        }
    }

    #[test]
    fn debug_shows_names_of_variables_and_no_values() {
        let mut user = ExecUser::credential("doorward", "ci").arg("--secret=canary");
        user.env = vec![("TOKEN_NAME".into(), "canary".into())];

        let shown = format!("{user:?}");

        assert!(shown.contains("TOKEN_NAME") && shown.contains("\"ci\""));
        assert!(!shown.contains("canary"), "{shown}");
    }
}
