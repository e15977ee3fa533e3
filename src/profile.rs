//! Profiles: what a later login needs to know, and never a secret.

#[cfg(feature = "login")]
mod credentials_file;
#[cfg(feature = "login")]
pub use credentials_file::{CredentialsEntry, CredentialsFile};

mod folder;
pub use folder::Profiles;

mod name;
pub use name::ProfileName;

mod service_account;
pub use service_account::ServiceAccountSettings;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf, is_separator};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::digest::short_sha256;
use crate::kubeconfig::{Target, same_server};
use crate::secret_source::of_variable;
use crate::{Error, Proxy, SecretSource, one_line};

/// What a later login needs: where it begins, who signs in, where the secrets come from, and whom to believe
///
/// The fields are named as the options of the command line, and so are the keys of its JSON. A field that is left out is
/// what the option would be.
///
/// ```
/// use doorward::profile::{Profile, SecretPlace};
///
/// let mut profile = Profile::default();
/// profile.portal = Some("https://k8sou.example.com/k8stoken/token/user".into());
/// profile.username = Some("ci-bot".into());
/// profile.password = Some(SecretPlace::Variable("DOORWARD_PASSWORD".into()));
///
/// let json = profile.to_json();
/// assert!(json.contains(r#""password": {"#));
/// assert_eq!(Profile::parse(&json)?, profile);
/// # Ok::<(), doorward::Error>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Profile {
    /// The URL of the portal's token document
    #[serde(skip_serializing_if = "Option::is_none")]
    pub portal: Option<String>,
    /// What kind of portal that is, where its pages do not tell
    #[serde(skip_serializing_if = "Option::is_none")]
    pub portal_kind: Option<String>,
    /// The adapters that may sign in, by name; all of them if empty
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub idp: Vec<String>,
    /// Who may have the credentials
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub idp_url: Vec<String>,
    /// Who may have codes, assertions and refresh tokens besides
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<String>,
    /// What to choose where a page offers several ways
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub login_option: Vec<String>,
    /// Whether terms of use are accepted
    #[serde(skip_serializing_if = "is_false")]
    pub accept_terms: bool,
    /// Whether consent is given
    #[serde(skip_serializing_if = "is_false")]
    pub accept_consent: bool,
    /// The user name at the provider
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Where the password comes from
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretPlace>,
    /// The file that says who signs in below which URL; an absolute path
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials_file: Option<PathBuf>,
    /// The user names in that file, by URL prefix; a login makes sure that they are still these
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub credentials_users: BTreeMap<String, String>,
    /// Whether others can read the files with secrets that it leads to
    #[serde(skip_serializing_if = "is_false")]
    pub allow_shared_files: bool,
    /// The second factors to prefer, as [`Factor::parse`](crate::Factor::parse) reads them
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub factor: Vec<String>,
    /// Where the TOTP seed comes from
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totp_seed: Option<SecretPlace>,
    /// The command that prints one-time codes
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_command: Option<String>,
    /// Where the answer to the security question comes from
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_answer: Option<SecretPlace>,
    /// Where the passkey comes from
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passkey: Option<SecretPlace>,
    /// Where that comes from which the provider recognizes the device by
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<SecretPlace>,
    /// PEM files of certificate authorities to believe, too; absolute paths
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ca_file: Vec<PathBuf>,
    /// Base64 of such a file
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_data: Option<String>,
    /// Whether only those are believed
    #[serde(skip_serializing_if = "is_false")]
    pub ca_only: bool,
    /// The certificate that is shown to the portal, as PEM; an absolute path
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_cert: Option<PathBuf>,
    /// The file with its key
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_key: Option<PathBuf>,
    /// The file with the headers that the portal gets besides
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header_file: Option<PathBuf>,
    /// The proxy in place of that of `HTTPS_PROXY`, or none; its password comes from `DOORWARD_PROXY_PASSWORD`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<Proxy>,
    /// Other addresses of hosts, as `HOST:PORT:ADDR`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resolve: Vec<String>,
    /// How long a login may take, in seconds
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    /// How long a connection may take to come up, in seconds
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_timeout: Option<u64>,
    /// What the client calls itself
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Exec plug-ins that the portal's kubeconfig may call
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_exec: Vec<String>,
    /// Auth providers that it may use besides `oidc`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow_auth_provider: Vec<String>,
    /// Whether it may hold URLs without TLS
    #[serde(skip_serializing_if = "is_false")]
    pub allow_http: bool,
    /// Whether a cluster may go without a check of its certificate
    #[serde(skip_serializing_if = "is_false")]
    pub allow_insecure: bool,
    /// Whether it may name files of this machine
    #[serde(skip_serializing_if = "is_false")]
    pub allow_local_path: bool,
    /// The clusters that get the token, by URL; those that the portal names if empty
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub server: Vec<String>,
    /// The OpenID Connect issuer to log in at, the one that a key signs for, or that of tokens which were not got from the portal
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The issuer's client
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The user entry that tokens were in which were not got from the portal: such a login can be refreshed only
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_entry: Option<String>,
    /// Where the client's secret comes from
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretPlace>,
    /// The key that signs for the client instead: a PEM file by its absolute path, or a URI of PKCS #11
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_assertion_key: Option<String>,
    /// What is asked of the issuer besides `openid`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scope: Vec<String>,
    /// Where the issuer sends the code; nothing has to listen there
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    /// How the token is asked for: `code` if left out, `password`, `client-credentials` or `token-exchange`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// Where the token comes from that is exchanged for another
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_token: Option<SecretPlace>,
    /// Whom the token is for
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<String>,
    /// What else the issuer is told when a token is asked for, as `NAME=VALUE`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub token_parameter: Vec<String>,
    /// The key that makes tokens: a PEM file by its absolute path, or a URI of PKCS #11
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt_key: Option<String>,
    /// Where the key's passphrase comes from, or its PIN
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt_key_passphrase: Option<SecretPlace>,
    /// How the key signs, such as `ES256`; as its kind suggests if left out
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
    /// The key's name in the tokens' headers; its thumbprint if left out
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// Whose tokens the key makes
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// How long they live, in seconds
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<u64>,
    /// What else they say, as `NAME=VALUE`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claim: Vec<String>,
    /// The CI platform whose identity is the login, or a place of one; empty for the one that the environment shows
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ci_identity: Option<String>,
    /// The service account whose tokens are asked for
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<ServiceAccountSettings>,
    /// The cluster that the token is for, where no portal says it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
}

/// The places of all secrets of a profile, by references of the same kind as that to the profile
macro_rules! places {
    ($profile:expr) => {{
        let Profile {
            password,
            totp_seed,
            security_answer,
            passkey,
            device,
            client_secret,
            subject_token,
            jwt_key_passphrase,
            ..
        } = $profile;
        [
            password,
            totp_seed,
            security_answer,
            passkey,
            device,
            client_secret,
            subject_token,
            jwt_key_passphrase,
        ]
    }};
}

impl Profile {
    /// Reads a profile's JSON
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) with line and column: no JSON, or a key that is not known, which may be one of
    /// a newer doorward.
    pub fn parse(json: &str) -> Result<Self, Error> {
        serde_json::from_str(json).map_err(|error| {
            // The library's own text may quote a value.
            let told = match error.is_data() {
                true => "the profile holds a key or a value that this doorward does not know",
                false => "the profile is no JSON",
            };
            Error::config(told)
                .at("line", error.line().to_string())
                .at("column", error.column().to_string())
        })
    }

    /// The profile as JSON for people: indented, with a line break at its end
    pub fn to_json(&self) -> String {
        // Nothing in it can fail: the keys are text, and so are the paths that were read as such.
        let json = serde_json::to_string_pretty(self).unwrap_or_default();
        json + "\n"
    }

    /// The name under which the tokens of this login are kept: a hash of portal, provider, users and trust
    ///
    /// Nothing is read for it, the credentials file neither. Profiles that agree in these share their tokens.
    pub fn cache_key(&self) -> String {
        let place = (
            &self.portal,
            &self.idp,
            &self.idp_url,
            &self.via,
            &self.login_option,
            &self.username,
        );
        // Client certificate, headers and proxy lead to the same portal, and say nothing of who signs in there or whom to
        // believe: they may change without a new login.
        let trust = (&self.ca_file, &self.ca_data, self.ca_only, &self.resolve);
        let issuer = (&self.issuer, &self.client_id, &self.user_entry);
        let users = &self.credentials_users;
        // What came later is left out where it is not used, so that tokens which are kept are found.
        let text = match (users.is_empty(), self.other_door()) {
            (true, None) => serde_json::to_vec(&(place, trust, issuer)),
            (false, None) => serde_json::to_vec(&(place, trust, issuer, users)),
            (_, Some(other)) => serde_json::to_vec(&(place, trust, issuer, users, other)),
        };
        short_sha256(text.unwrap_or_default(), 16)
    }

    /// What says whose token it is where the way in is no portal of OpenUnison's; nothing if it is
    fn other_door(&self) -> Option<serde_json::Value> {
        let only = Self {
            portal_kind: self.portal_kind.clone(),
            client_assertion_key: self.client_assertion_key.clone(),
            scope: self.scope.clone(),
            redirect_uri: self.redirect_uri.clone(),
            grant: self.grant.clone(),
            audience: self.audience.clone(),
            token_parameter: self.token_parameter.clone(),
            jwt_key: self.jwt_key.clone(),
            algorithm: self.algorithm.clone(),
            key_id: self.key_id.clone(),
            subject: self.subject.clone(),
            duration: self.duration,
            claim: self.claim.clone(),
            ci_identity: self.ci_identity.clone(),
            service_account: self.service_account.clone(),
            ..Self::default()
        };
        (only != Self::default()).then(|| serde_json::to_value(&only).unwrap_or_default())
    }

    /// Whether `other` logs the same user in at the same portal and provider
    ///
    /// One that could only refresh may get a portal, if that is where its issuer is.
    pub fn is_same_login(&self, other: &Self) -> bool {
        if let (None, Some(issuer), Some(portal)) = (&self.portal, &self.issuer, &other.portal) {
            let origin = |url: &str| Url::parse(url).map(|url| url.origin()).ok();
            return origin(issuer).is_some_and(|issuer| Some(issuer) == origin(portal));
        }
        let place = |profile: &Self| {
            let mut lists = [profile.idp.clone(), profile.idp_url.clone()];
            lists.iter_mut().for_each(|list| list.sort());
            let issuer = (profile.issuer.clone(), profile.client_id.clone());
            (
                profile.portal.clone(),
                lists,
                profile.username.clone(),
                profile.credentials_users.clone(),
                issuer,
                profile.other_door(),
            )
        };
        place(self) == place(other)
    }

    /// Where its secrets are, one after the other
    pub fn secret_places(&self) -> impl Iterator<Item = &SecretPlace> {
        places!(self).into_iter().flatten()
    }

    /// The same profile without anything that leads to a password or a factor
    #[must_use]
    pub fn without_secrets(mut self) -> Self {
        places!(&mut self)
            .into_iter()
            .for_each(|place| *place = None);
        self.code_command = None;
        self.credentials_file = None;
        self
    }

    /// The same profile, whose secrets are found from any working directory
    ///
    /// # Errors
    ///
    /// As [`SecretPlace::absolute`].
    pub fn absolute(mut self) -> Result<Self, Error> {
        for place in places!(&mut self) {
            *place = place.take().map(SecretPlace::absolute).transpose()?;
        }
        for file in [
            &mut self.credentials_file,
            &mut self.client_cert,
            &mut self.client_key,
            &mut self.header_file,
        ] {
            *file = file.as_deref().map(absolute).transpose()?;
        }
        for key in [&mut self.client_assertion_key, &mut self.jwt_key] {
            *key = key.take().map(absolute_key).transpose()?;
        }
        let command = self.code_command.as_deref().map(absolute_command);
        self.code_command = command.transpose()?;
        Ok(self)
    }

    /// The certificate authorities of `ca_data`, as PEM
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): it is no base64.
    pub fn ca_pem(&self) -> Result<Option<Vec<u8>>, Error> {
        let pem = self.ca_data.as_deref().map(|data| STANDARD.decode(data));
        pem.transpose()
            .map_err(|error| Error::config("the profile's ca-data is no base64").because(error))
    }

    /// Whether the profile names `server` as one that gets its token; nothing if it names none
    pub fn is_for(&self, server: &str) -> Option<bool> {
        let mut servers = self.server.iter();
        (!self.server.is_empty()).then(|| servers.any(|own| same_server(own, server)))
    }
}

/// Where a secret comes from
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum SecretPlace {
    /// What this command prints; it is split into words as a shell would, and run without one
    Command(String),
    /// A file's content; an absolute path
    File(PathBuf),
    /// A file that others can read or write, as CI file variables and mounted Kubernetes secrets are
    SharedFile(PathBuf),
    /// Standard input, which only the login itself has
    Stdin,
    /// An environment variable
    Variable(String),
}

impl SecretPlace {
    /// The same place, found from any working directory: some clients start a plug-in in another
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): there is no working directory, or a command cannot be written down again.
    pub fn absolute(self) -> Result<Self, Error> {
        Ok(match self {
            Self::File(path) => Self::File(absolute(&path)?),
            Self::SharedFile(path) => Self::SharedFile(absolute(&path)?),
            Self::Command(line) => Self::Command(absolute_command(&line)?),
            other => other,
        })
    }

    /// The source to read the secret called `what` from; `variable` gives the value of an environment variable
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): the variable is not set here, or it was standard input.
    pub fn source(
        &self,
        what: &str,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<SecretSource, Error> {
        match self {
            Self::Command(line) => Ok(SecretSource::command(line)),
            Self::File(path) => Ok(SecretSource::file(path)),
            Self::SharedFile(path) => Ok(SecretSource::file(path).allow_shared_files()),
            Self::Stdin => Err(Error::config(format!(
                "the {what} came by standard input at the login, and nothing comes that way now"
            ))
            .hint("a file or a command can be read again")),
            Self::Variable(name) => {
                of_variable(&one_line(name), what, variable(name)).map(SecretSource::value)
            }
        }
    }
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(|error| {
        Error::config("a path cannot be made absolute")
            .at("path", path.to_string_lossy())
            .because(error)
    })
}

/// A key's file, found from any folder; what is a URI stays
fn absolute_key(key: String) -> Result<String, Error> {
    if key.starts_with("pkcs11:") {
        return Ok(key);
    }
    let path = absolute(Path::new(&key))?;
    path.into_os_string()
        .into_string()
        .map_err(|_| Error::config("a key's path cannot be kept: it is no UTF-8"))
}

/// A command whose program is found from any folder
fn absolute_command(line: &str) -> Result<String, Error> {
    let mut words = shlex::split(line).unwrap_or_default();
    // A bare name is looked for in PATH.
    let Some(program) = words.first_mut().filter(|word| word.contains(is_separator)) else {
        return Ok(line.to_owned());
    };
    *program = absolute(Path::new(program))?.to_string_lossy().into_owned();
    let line = shlex::try_join(words.iter().map(String::as_str));
    line.map_err(|error| Error::config("this command cannot be kept").because(error))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Profile, SecretPlace};
    use crate::{ErrorKind, Proxy};

    fn profile() -> Profile {
        Profile {
            portal: Some("https://portal.test/k8stoken/token/user".into()),
            idp_url: vec!["https://id.test".into(), "https://id2.test".into()],
            username: Some("ci".into()),
            password: Some(SecretPlace::File("/run/pw".into())),
            factor: vec!["totp:google".into()],
            totp_seed: Some(SecretPlace::Variable("DOORWARD_TOTP_SEED".into())),
            code_command: Some("codes --last".into()),
            security_answer: Some(SecretPlace::Command("vault read answer".into())),
            passkey: Some(SecretPlace::SharedFile("/run/passkey".into())),
            credentials_file: Some("/run/credentials.toml".into()),
            credentials_users: [("https://id.test".into(), "ci".into())].into(),
            client_cert: Some("/run/client.pem".into()),
            client_key: Some("/run/client.key".into()),
            header_file: Some("/run/headers".into()),
            proxy: Some(Proxy::parse("http://ci@proxy.test:3128").unwrap()),
            server: vec!["https://api.test:6443".into()],
            ..Profile::default()
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let json = profile().to_json();

        assert_eq!(Profile::parse(&json).unwrap(), profile());
        assert!(!json.contains("accept-terms"), "{json}");
        for key in [
            "factor",
            "totp-seed",
            "code-command",
            "security-answer",
            "passkey",
            "credentials-file",
            "credentials-users",
            "client-cert",
            "client-key",
            "header-file",
            "proxy",
        ] {
            assert!(json.contains(&format!("\"{key}\": ")), "{json}");
        }
        assert_eq!(Profile::parse("{}").unwrap(), Profile::default());
    }

    #[test]
    fn an_unknown_key_is_an_error_that_shows_no_value() {
        for json in [
            r#"{"password-text": "canary"}"#,
            r#"{"username": ["canary"]}"#,
            r#"{"password": {"value": "canary"}}"#,
            r#"{"proxy": "http://ci:canary@proxy.test"}"#,
            "canary",
        ] {
            let error = Profile::parse(json).unwrap_err();

            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
    }

    #[test]
    fn the_cache_key_is_that_of_the_login_and_not_of_the_secrets_place() {
        type Change = fn(&mut Profile);
        let same: [Change; 15] = [
            |_| {},
            |p| p.password = None,
            |p| p.factor.clear(),
            |p| p.totp_seed = None,
            |p| p.code_command = None,
            |p| p.security_answer = None,
            |p| p.passkey = None,
            |p| p.timeout = Some(1),
            |p| p.server.clear(),
            |p| p.credentials_file = None,
            |p| p.allow_shared_files = true,
            |p| p.client_cert = None,
            |p| p.client_key = None,
            |p| p.header_file = None,
            |p| p.proxy = None,
        ];
        let other: [Change; 12] = [
            |p| p.portal = None,
            |p| p.idp = vec!["acme".into()],
            |p| p.idp_url.truncate(1),
            |p| p.via = vec!["https://v.test".into()],
            |p| p.username = Some("ci2".into()),
            |p| p.ca_file = vec!["/ca".into()],
            |p| p.ca_only = true,
            |p| p.resolve = vec!["a:443:127.0.0.1".into()],
            |p| p.issuer = Some("https://i".into()),
            |p| p.credentials_users.clear(),
            |p| {
                drop(
                    p.credentials_users
                        .insert("https://id.test".into(), "ci2".into()),
                )
            },
            |p| {
                drop(
                    p.credentials_users
                        .insert("https://id3.test".into(), "ci".into()),
                )
            },
        ];
        let key = |change: &Change| {
            let mut profile = profile();
            change(&mut profile);
            profile.cache_key()
        };

        assert!(
            same.iter()
                .all(|change| key(change) == profile().cache_key())
        );
        let keys: BTreeSet<_> = other
            .iter()
            .map(key)
            .chain([profile().cache_key()])
            .collect();
        assert_eq!(keys.len(), 13);
        assert!(keys.iter().all(|key| key.len() == 32));
    }

    #[test]
    fn another_portal_provider_or_user_is_another_login() {
        let mut swapped = profile();
        swapped.idp_url.reverse();
        swapped.password = None;
        assert!(profile().is_same_login(&swapped));

        for change in [
            |p: &mut Profile| p.portal = Some("https://other.test/".into()),
            |p: &mut Profile| p.idp_url.truncate(1),
            |p: &mut Profile| p.username = Some("other".into()),
            |p: &mut Profile| p.credentials_users.clear(),
        ] {
            let mut other = profile();
            change(&mut other);
            assert!(!profile().is_same_login(&other));
        }
    }

    #[test]
    fn a_profile_that_could_only_refresh_may_get_its_issuers_portal() {
        let refresh_only = Profile {
            issuer: Some("https://portal.test/auth/idp/k8sIdp".into()),
            ..Profile::default()
        };
        assert!(refresh_only.is_same_login(&profile()));
        assert!(!profile().is_same_login(&refresh_only));

        let mut other = profile();
        other.portal = Some("https://portal.test:8443/".into());
        assert!(!refresh_only.is_same_login(&other));
    }

    #[test]
    fn a_server_is_compared_as_a_url() {
        assert_eq!(profile().is_for("https://API.test:6443/"), Some(true));
        assert_eq!(profile().is_for("https://evil.test:6443"), Some(false));
        assert_eq!(Profile::default().is_for("https://api.test"), None);
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let place = SecretPlace::Variable("DOORWARD_PASSWORD".into());

        for unset in [None, Some("")] {
            let error = place
                .source("password", |_| unset.map(Into::into))
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert_eq!(
                error.to_string(),
                "the password comes from DOORWARD_PASSWORD, which is not set here"
            );
        }
        let source = place.source("password", |name| Some(name.into())).unwrap();
        assert_eq!(
            source.read("password").unwrap().expose_secret(),
            "DOORWARD_PASSWORD"
        );
    }

    #[test]
    fn a_place_is_found_from_any_folder() {
        let here = std::env::current_dir().unwrap();
        let absolute = |place: SecretPlace| place.absolute().unwrap();

        assert_eq!(
            absolute(SecretPlace::File("pw".into())),
            SecretPlace::File(here.join("pw"))
        );
        let line = format!("{}/bin/pw 'a b'", here.display());
        assert_eq!(
            absolute(SecretPlace::Command("bin/pw 'a b'".into())),
            SecretPlace::Command(line)
        );
        for same in ["vault read 'a/b'", "/bin/pw x", ""] {
            let place = SecretPlace::Command(same.into());
            assert_eq!(absolute(place.clone()), place);
        }
    }

    #[test]
    fn every_secret_of_a_profile_is_found_from_any_folder() {
        let here = std::env::current_dir().unwrap();
        let relative = || Some(SecretPlace::File("a".into()));
        let profile = Profile {
            password: relative(),
            totp_seed: relative(),
            security_answer: relative(),
            passkey: relative(),
            code_command: Some("bin/codes".into()),
            credentials_file: Some("c.toml".into()),
            client_cert: Some("c.pem".into()),
            client_key: Some("c.key".into()),
            header_file: Some("headers".into()),
            ..Profile::default()
        };

        let profile = profile.absolute().unwrap();

        let place = Some(SecretPlace::File(here.join("a")));
        assert_eq!(profile.password, place);
        assert_eq!(profile.totp_seed, place);
        assert_eq!(profile.security_answer, place);
        assert_eq!(profile.passkey, place);
        let command = format!("{}/bin/codes", here.display());
        assert_eq!(profile.code_command, Some(command));
        assert_eq!(profile.credentials_file, Some(here.join("c.toml")));
        assert_eq!(profile.client_cert, Some(here.join("c.pem")));
        assert_eq!(profile.client_key, Some(here.join("c.key")));
        assert_eq!(profile.header_file, Some(here.join("headers")));
    }

    #[test]
    fn certificates_are_base64() {
        let with = |data: &str| {
            let mut profile = profile();
            profile.ca_data = Some(data.into());
            profile.ca_pem()
        };

        assert_eq!(with("UEVN").unwrap().unwrap(), b"PEM");
        assert_eq!(with("*").unwrap_err().kind(), ErrorKind::Config);
        assert_eq!(profile().ca_pem().unwrap(), None);
    }

    #[test]
    fn standard_input_is_gone_after_the_login() {
        let error = SecretPlace::Stdin.source("password", |_| None).unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Config);
    }

    #[test]
    fn what_leads_to_a_secret_is_known_and_can_be_left_out() {
        let place = |name: &str| Some(SecretPlace::Variable(name.into()));
        let profile = Profile {
            password: place("A"),
            totp_seed: place("B"),
            security_answer: place("C"),
            passkey: place("D"),
            device: place("E"),
            client_secret: place("F"),
            subject_token: place("G"),
            jwt_key_passphrase: place("H"),
            code_command: Some("code".into()),
            credentials_file: Some("file".into()),
            username: Some("ci".into()),
            ..Profile::default()
        };
        assert_eq!(profile.secret_places().count(), 8);

        let rest = Profile {
            username: Some("ci".into()),
            ..Profile::default()
        };
        assert_eq!(profile.without_secrets(), rest);
    }
}
