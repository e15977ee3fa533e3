//! Users: the OIDC entry that a portal prints, and what of an entry is a credential.

use serde_json::{Map, Value};

use crate::kubeconfig::{Kubeconfig, Section};
use crate::secret::Secret;

/// The `auth-provider: oidc` of a user entry
///
/// kubectl refreshes such a user by itself. Other clients differ: kube-rs wants `client-secret` to be there, so that it is
/// written even where it is empty.
///
/// ```
/// use doorward::kubeconfig::{Kubeconfig, OidcUser};
/// use doorward::Secret;
///
/// let mut kubeconfig = Kubeconfig::new();
/// let mut user = OidcUser::new("https://portal.example.com/auth/idp/k8sIdp", "kubernetes", Secret::new("eyJ"));
/// user.refresh_token = Some(Secret::new("r1"));
/// kubeconfig.set_oidc_user("mmosley@kubernetes", &user);
///
/// let read = kubeconfig.oidc_user("mmosley@kubernetes").unwrap();
/// assert_eq!(read.client_id, "kubernetes");
/// assert_eq!(read.refresh_token.unwrap().expose_secret(), "r1");
/// ```
///
/// Source: <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#option-1-oidc-authenticator>
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OidcUser {
    /// `idp-issuer-url`
    pub issuer: String,
    /// `client-id`
    pub client_id: String,
    /// `client-secret`; portals leave it empty
    pub client_secret: Option<Secret>,
    /// `refresh-token`
    pub refresh_token: Option<Secret>,
    /// `id-token`; empty where the entry has none yet
    pub id_token: Secret,
    /// `idp-certificate-authority-data`: base64 of the issuer's certificates; without it the system's count
    pub ca_data: Option<String>,
}

impl OidcUser {
    /// A user without client secret, refresh token and certificates
    pub fn new(issuer: impl Into<String>, client_id: impl Into<String>, id_token: Secret) -> Self {
        Self {
            issuer: issuer.into(),
            client_id: client_id.into(),
            client_secret: None,
            refresh_token: None,
            id_token,
            ca_data: None,
        }
    }

    /// Reads what stands under a user's name; nothing if it is no OIDC user
    pub(crate) fn of(user: &Map<String, Value>) -> Option<Self> {
        let provider = user.get(AUTH_PROVIDER)?;
        if provider.get("name")?.as_str()? != "oidc" {
            return None;
        }
        let config = provider.get("config");
        let text = |key| {
            let text = config?.get(key)?.as_str()?;
            (!text.is_empty()).then(|| text.to_owned())
        };
        Some(Self {
            issuer: text(ISSUER).unwrap_or_default(),
            client_id: text(CLIENT_ID).unwrap_or_default(),
            client_secret: text(CLIENT_SECRET).map(Secret::new),
            refresh_token: text(REFRESH_TOKEN).map(Secret::new),
            id_token: Secret::new(text(ID_TOKEN).unwrap_or_default()),
            ca_data: text(CA_DATA),
        })
    }

    fn config(&self) -> Map<String, Value> {
        let secret = |secret: &Option<Secret>| {
            let text = secret.as_ref().map_or("", Secret::expose_secret);
            Value::from(text)
        };
        let mut config = Map::new();
        // kubectl's own order.
        config.insert(CLIENT_ID.into(), self.client_id.as_str().into());
        config.insert(CLIENT_SECRET.into(), secret(&self.client_secret));
        config.insert(ID_TOKEN.into(), self.id_token.expose_secret().into());
        if let Some(data) = self.ca_data.as_deref().filter(|data| !data.is_empty()) {
            config.insert(CA_DATA.into(), data.into());
        }
        config.insert(ISSUER.into(), self.issuer.as_str().into());
        if self.refresh_token.as_ref().is_some_and(|t| !t.is_empty()) {
            config.insert(REFRESH_TOKEN.into(), secret(&self.refresh_token));
        }
        config
    }
}

impl Kubeconfig {
    /// The OIDC settings and tokens of the user `name`, if it is such a user
    pub fn oidc_user(&self, name: &str) -> Option<OidcUser> {
        OidcUser::of(self.entry(Section::Users, name)?)
    }

    /// Makes `name` an OIDC user, new or in its place
    ///
    /// Every other credential of that user goes; other fields stay, and so do settings of the provider that [`OidcUser`]
    /// does not know, such as `extra-scopes`.
    pub fn set_oidc_user(&mut self, name: &str, user: &OidcUser) {
        let mut provider = Map::new();
        provider.insert("name".into(), "oidc".into());
        provider.insert("config".into(), user.config().into());
        let mut credentials = Map::new();
        credentials.insert(AUTH_PROVIDER.into(), provider.into());
        replace_credentials(self.entry_mut(Section::Users, name), &credentials);
    }
}

/// Puts all credentials of `new` in place of those of `user`
///
/// The fields that are no credentials are not touched. Where both have the provider `oidc`, settings that only the old one has, such as `extra-scopes`, stay.
pub(crate) fn replace_credentials(user: &mut Map<String, Value>, new: &Map<String, Value>) {
    let both_oidc = OidcUser::of(user).is_some() && OidcUser::of(new).is_some();
    for field in CREDENTIALS {
        match (new.get(field), user.get_mut(field)) {
            (Some(value), Some(old)) if field == AUTH_PROVIDER && both_oidc => {
                update_oidc(old, value);
            }
            (Some(value), Some(old)) => old.clone_from(value),
            (Some(value), None) => drop(user.insert(field.into(), value.clone())),
            (None, _) => drop(user.shift_remove(field)),
        }
    }
}

fn update_oidc(old: &mut Value, new: &Value) {
    let Some(Value::Object(config)) = old.get_mut("config") else {
        old.clone_from(new);
        return;
    };
    let new = new.get("config").and_then(Value::as_object);
    config.retain(|key, _| {
        let is_new = new.is_some_and(|new| new.contains_key(key));
        is_new || !OIDC_FIELDS.contains(&key.as_str())
    });
    for (key, value) in new.into_iter().flatten() {
        config.insert(key.clone(), value.clone());
    }
}

/// Whether `field` of a user entry says who the user is
pub(crate) fn is_credential(field: &str) -> bool {
    CREDENTIALS.contains(&field)
}

pub(crate) const AUTH_PROVIDER: &str = "auth-provider";

pub(crate) const EXEC: &str = "exec";

pub(crate) const TOKEN: &str = "token";

const CLIENT_ID: &str = "client-id";

const CLIENT_SECRET: &str = "client-secret";

const ID_TOKEN: &str = "id-token";

const CA_DATA: &str = "idp-certificate-authority-data";

const ISSUER: &str = "idp-issuer-url";

const REFRESH_TOKEN: &str = "refresh-token";

/// The settings that belong together: a new login replaces all of them
const OIDC_FIELDS: [&str; 7] = [
    CLIENT_ID,
    CLIENT_SECRET,
    ID_TOKEN,
    "idp-certificate-authority",
    CA_DATA,
    ISSUER,
    REFRESH_TOKEN,
];

const CREDENTIALS: [&str; 10] = [
    AUTH_PROVIDER,
    "client-certificate",
    "client-certificate-data",
    "client-key",
    "client-key-data",
    EXEC,
    "password",
    TOKEN,
    "tokenFile",
    "username",
];

/// A document as a portal and its user's other tools leave it
#[cfg(test)]
pub(super) const ANSWER: &str = "current-context: a
contexts:
- {name: a, context: {cluster: k, user: u}}
- {name: b, context: {cluster: k, user: u}}
- {name: c, context: {cluster: k, user: other}}
clusters: [{name: k, cluster: {server: 'https://k'}}]
users:
- name: u
  user:
    as: admin
    auth-provider:
      name: oidc
      config: {idp-issuer-url: 'https://i', client-id: c, client-secret: '', refresh-token: r, id-token: i, extra-scopes: s, idp-certificate-authority: /old}
    x-unknown: 1
- {name: other, user: {token: t}}
";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ANSWER, OidcUser};
    use crate::kubeconfig::{Kubeconfig, Section};
    use crate::secret::Secret;

    fn answer() -> Kubeconfig {
        Kubeconfig::parse(ANSWER).unwrap()
    }

    #[test]
    fn an_oidc_user_is_read() {
        let user = answer().oidc_user("u").unwrap();

        assert_eq!(
            (user.issuer.as_str(), user.client_id.as_str()),
            ("https://i", "c")
        );
        assert_eq!(user.id_token.expose_secret(), "i");
        assert_eq!(user.refresh_token.unwrap().expose_secret(), "r");
        assert!(user.client_secret.is_none());
        assert_eq!(user.ca_data, None);
        assert!(answer().oidc_user("other").is_none());
        assert!(answer().oidc_user("nobody").is_none());
    }

    #[test]
    fn new_tokens_keep_the_rest_of_the_user() {
        let mut kubeconfig = answer();
        let mut user = kubeconfig.oidc_user("u").unwrap();
        user.id_token = Secret::new("i2");
        user.refresh_token = None;
        user.ca_data = Some("Y2E=".into());

        kubeconfig.set_oidc_user("u", &user);

        assert_eq!(
            json!(kubeconfig.entry(Section::Users, "u").unwrap()),
            json!({"as": "admin", "x-unknown": 1, "auth-provider": {"name": "oidc", "config": {
                "client-id": "c",
                "client-secret": "",
                "id-token": "i2",
                "idp-certificate-authority-data": "Y2E=",
                "idp-issuer-url": "https://i",
                "extra-scopes": "s",
            }}})
        );
    }

    #[test]
    fn the_client_secret_is_written_even_if_empty() {
        let mut kubeconfig = Kubeconfig::new();

        kubeconfig.set_oidc_user("n", &OidcUser::new("https://i", "c", Secret::new("t")));

        let user = kubeconfig.entry(Section::Users, "n").unwrap();
        assert_eq!(user["auth-provider"]["config"]["client-secret"], "");
    }

    #[test]
    fn debug_shows_no_token() {
        let mut user = OidcUser::new("https://i", "c", Secret::new("canary"));
        user.refresh_token = Some(Secret::new("canary"));
        user.client_secret = Some(Secret::new("canary"));

        assert!(!format!("{user:?}").contains("canary"));
    }
}
