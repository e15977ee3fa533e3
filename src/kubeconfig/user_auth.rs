//! What a login leaves in the user entry: what the portal said, a program to call, or a bare token.

use serde_json::{Map, Value};

use crate::kubeconfig::identity::Identity;
use crate::kubeconfig::same::login;
use crate::kubeconfig::user::{AUTH_PROVIDER, TOKEN, replace_credentials};
use crate::kubeconfig::{ExecUser, IncompleteKubeconfig, Kubeconfig, Section};
use crate::secret::Secret;

/// What a user entry holds after a login
///
/// ```
/// use doorward::kubeconfig::{ExecUser, UserAuth};
///
/// let auth = UserAuth::Exec(ExecUser::credential("doorward", "prod"));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum UserAuth {
    /// What the portal said: `auth-provider: oidc`, which kubectl refreshes by itself
    AuthProvider,
    /// A program that gives the token: no token is in the kubeconfig
    Exec(ExecUser),
    /// The id_token alone, which every client takes, and which ends with the token
    Token,
}

impl Kubeconfig {
    /// The kubeconfig with the current context's user as `auth` says, where a login gave `token`
    ///
    /// With [`UserAuth::Exec`] every user that the same login stands behind gets the plug-in: the current one, each OIDC user
    /// of the same issuer, client and subject, and each that has a token in common with it, or `token`. So nothing of the login
    /// is left in the document. Users with other credentials are as they were.
    ///
    /// # Errors
    ///
    /// [`IncompleteKubeconfig`] where a user is needed and the current context leads to none.
    pub fn with_user_auth(
        &self,
        auth: &UserAuth,
        token: &Secret,
    ) -> Result<Self, IncompleteKubeconfig> {
        match auth {
            UserAuth::AuthProvider => Ok(self.clone()),
            UserAuth::Exec(user) => self.with_exec(user, token),
            UserAuth::Token => self.with_token(token),
        }
    }

    /// The kubeconfig with the bare token in place of the current user's other credentials
    ///
    /// Every context that shares this user gets the token with it. Fields that are no credentials stay.
    ///
    /// # Errors
    ///
    /// [`IncompleteKubeconfig`] where the current context leads to no user.
    pub fn with_token(&self, token: &Secret) -> Result<Self, IncompleteKubeconfig> {
        let (name, _) = self.current_user()?;
        let mut credentials = Map::new();
        credentials.insert(TOKEN.into(), token.expose_secret().into());
        let mut with = self.clone();
        replace_credentials(with.entry_mut(Section::Users, name), &credentials);
        Ok(with)
    }

    fn with_exec(&self, exec: &ExecUser, token: &Secret) -> Result<Self, IncompleteKubeconfig> {
        let (current, entry) = self.current_user()?;
        let mut with = self.clone();
        for name in self.names(Section::Users) {
            let user = self.entry(Section::Users, name);
            if name == current || user.is_some_and(|user| is_of_login(user, entry, token)) {
                with.put_exec_user(name, exec, Some(token));
            }
        }
        Ok(with)
    }

    fn current_user(&self) -> Result<(&str, &Map<String, Value>), IncompleteKubeconfig> {
        let route = self.current_route()?;
        match self.entry(Section::Users, route.user) {
            Some(entry) => Ok((route.user, entry)),
            None => Err(IncompleteKubeconfig::NoUser {
                context: route.context.to_owned(),
                user: route.user.to_owned(),
            }),
        }
    }
}

/// Whether the login that gave `current` its credentials, and `token`, is behind `user`, too
fn is_of_login(user: &Map<String, Value>, current: &Map<String, Value>, token: &Secret) -> bool {
    let is_same = match (Identity::of(current), Identity::of(user)) {
        (current @ Identity::Oidc { .. }, user @ Identity::Oidc { .. }) => {
            login(&current, &user).is_none()
        }
        _ => false,
    };
    is_same || tokens(user).any(|t| t == token.expose_secret() || tokens(current).any(|c| c == t))
}

/// The tokens in a user entry, wherever else it has credentials
fn tokens(user: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let config = user.get(AUTH_PROVIDER).and_then(|p| p.get("config"));
    let in_config = |key| config.and_then(|config| config.get(key));
    [
        user.get(TOKEN),
        in_config("id-token"),
        in_config("refresh-token"),
    ]
    .into_iter()
    .flatten()
    .filter_map(Value::as_str)
    .filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::UserAuth;
    use crate::kubeconfig::user::ANSWER;
    use crate::kubeconfig::{ExecUser, IncompleteKubeconfig, Kubeconfig, Section};
    use crate::secret::Secret;

    fn answer() -> Kubeconfig {
        Kubeconfig::parse(ANSWER).unwrap()
    }

    fn exec() -> UserAuth {
        UserAuth::Exec(ExecUser::credential("doorward", "ci"))
    }

    #[test]
    fn the_token_takes_the_place_of_all_other_credentials() {
        let with = answer().with_token(&Secret::new("id")).unwrap();

        let user = with.entry(Section::Users, "u").unwrap();
        assert_eq!(
            json!(user),
            json!({"as": "admin", "x-unknown": 1, "token": "id"})
        );
        assert_eq!(
            with.entry(Section::Users, "other"),
            answer().entry(Section::Users, "other")
        );
        assert_eq!(with.check(), Ok(()));
    }

    #[test]
    fn exec_and_certificates_go_too() {
        let mut kubeconfig = answer();
        let user = kubeconfig.entry_mut(Section::Users, "u");
        for field in [
            "exec",
            "client-certificate-data",
            "client-key",
            "tokenFile",
            "username",
            "password",
        ] {
            user.insert(field.into(), "x".into());
        }

        let with = kubeconfig.with_token(&Secret::new("id")).unwrap();

        let user = with.entry(Section::Users, "u").unwrap();
        assert_eq!(
            json!(user),
            json!({"as": "admin", "x-unknown": 1, "token": "id"})
        );
    }

    #[test]
    fn the_user_is_what_the_portal_said_or_the_bare_token() {
        let with = answer().with_user_auth(&UserAuth::AuthProvider, &Secret::new("id"));
        assert_eq!(with, Ok(answer()));

        let with = answer().with_user_auth(&UserAuth::Token, &Secret::new("id"));
        assert_eq!(with, answer().with_token(&Secret::new("id")));
    }

    #[test]
    fn a_token_and_a_plug_in_need_a_user() {
        let mut kubeconfig = answer();
        kubeconfig.remove(Section::Users, "u");

        for auth in [exec(), UserAuth::Token] {
            assert_eq!(
                kubeconfig.with_user_auth(&auth, &Secret::new("id")),
                Err(IncompleteKubeconfig::NoUser {
                    context: "a".into(),
                    user: "u".into()
                })
            );
        }
    }

    #[test]
    fn a_plug_in_takes_the_place_of_all_credentials() {
        let with = answer()
            .with_user_auth(&exec(), &Secret::new("id"))
            .unwrap();

        let user = with.entry(Section::Users, "u").unwrap();
        assert_eq!(user.keys().collect::<Vec<_>>(), ["as", "x-unknown", "exec"]);
        assert_eq!(with.exec_user("u").unwrap().profile(), Some("ci"));
        assert_eq!(
            with.entry(Section::Users, "other"),
            answer().entry(Section::Users, "other")
        );
        assert_eq!(with.check(), Ok(()));
    }

    #[test]
    fn no_user_of_the_login_keeps_a_token() {
        let mut kubeconfig = answer();
        let oidc = |issuer: &str, id_token: &str, refresh_token: &str| {
            json!({"name": "oidc", "config": {
                "idp-issuer-url": issuer, "client-id": "c", "id-token": id_token, "refresh-token": refresh_token,
            }})
        };
        for (name, provider) in [
            ("u", oidc("https://i", "canary-id", "canary-refresh")),
            ("same issuer", oidc("https://i/", "canary-old", "")),
            ("same id_token", oidc("https://j", "canary-id", "canary-x")),
            ("the token", oidc("https://j", "canary-given", "canary-x")),
            (
                "same refresh token",
                oidc("https://j", "canary-x", "canary-refresh"),
            ),
        ] {
            kubeconfig
                .entry_mut(Section::Users, name)
                .insert("auth-provider".into(), provider);
        }
        for (name, token) in [
            ("bare id_token", "canary-id"),
            ("bare refresh token", "canary-refresh"),
            ("bare token", "canary-given"),
        ] {
            kubeconfig
                .entry_mut(Section::Users, name)
                .insert("token".into(), token.into());
        }

        let with = kubeconfig
            .with_user_auth(&exec(), &Secret::new("canary-given"))
            .unwrap();

        assert!(!with.to_yaml().expose_secret().contains("canary"));
        assert!(!format!("{with:?}").contains("canary"));
        let plug_ins = with
            .names(Section::Users)
            .filter(|name| with.exec_user(name).is_some());
        assert_eq!(plug_ins.count(), 8);
        assert!(with.oidc_user("other").is_none());
        assert_eq!(with.entry(Section::Users, "other").unwrap()["token"], "t");
    }

    #[test]
    fn a_user_of_another_login_stays_as_it_was() {
        let mut kubeconfig = answer();
        let other = json!({"name": "oidc", "config": {"idp-issuer-url": "https://j", "client-id": "c", "id-token": "x"}});
        let user = kubeconfig.entry_mut(Section::Users, "other");
        user.clear();
        user.insert("auth-provider".into(), other);

        let with = kubeconfig
            .with_user_auth(&exec(), &Secret::new("id"))
            .unwrap();

        assert_eq!(
            with.entry(Section::Users, "other"),
            kubeconfig.entry(Section::Users, "other")
        );
    }
}
