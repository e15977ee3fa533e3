//! The portal's answer: who was logged in, the tokens, and the command that a person would have pasted.

mod claims;
pub(crate) use claims::Claims;

mod strict_json;
pub use strict_json::ParseJsonError;
#[cfg(feature = "login")]
pub(crate) use strict_json::parse as parse_json;

use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value};
use thiserror::Error as ThisError;
use url::Url;

use crate::kubeconfig::{OidcUser, Section};
use crate::kubectl::{Allow, KubectlCommand};
use crate::{Error, Kubeconfig, Secret};

/// What OpenUnison's `GET /k8stoken/token/user` answers, read strictly
///
/// The tokens come from their own keys, never from the command: the portal's template engine turns `___` within a
/// token into `${` there.
///
/// ```
/// use doorward::{Allow, PortalToken};
///
/// let json = br#"{"displayName": "ci", "token": {
///     "kubectl Command": "kubernetes",
///     "kubectl Windows Command": "https://k8sapi.example.com",
///     "id_token": "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL291In0.c2ln"}}"#;
/// let token = PortalToken::parse(json)?;
/// let kubeconfig = token.kubeconfig(&Allow::nothing())?;
/// assert_eq!(kubeconfig.current_context(), Some("kubernetes"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: <https://github.com/OpenUnison/helm-charts>, `orchestra-login-portal`, application `token`
#[derive(Clone)]
pub struct PortalToken {
    display_name: Option<String>,
    token: Map<String, Value>,
    command: String,
    id_token: Secret,
    refresh_token: Option<Secret>,
}

/// Why an answer is no token document
#[derive(Clone, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum ParseTokenError {
    /// Not one JSON value
    #[error("the answer is not JSON as it should be")]
    Json(#[source] ParseJsonError),
    /// JSON, but no object with an object `token` in it
    #[error("the answer has no `token` object")]
    NoToken,
    /// A key is missing, or is no text
    #[error("the token document has no text under `{0}`")]
    Missing(&'static str),
    /// The document of OpenUnison's security token service for other clouds
    #[error("this is a token for another cloud's security token service, not for kubectl")]
    OtherCloud,
}

impl PortalToken {
    /// Reads the portal's JSON: UTF-8, one value, no key twice, of limited depth
    ///
    /// # Errors
    ///
    /// [`ParseTokenError`] says what is missing; it never quotes the document.
    pub fn parse(json: &[u8]) -> Result<Self, ParseTokenError> {
        let Value::Object(mut document) =
            strict_json::parse(json).map_err(ParseTokenError::Json)?
        else {
            return Err(ParseTokenError::NoToken);
        };
        let Some(Value::Object(token)) = document.remove("token") else {
            return Err(ParseTokenError::NoToken);
        };
        if token.contains_key("jwt") && !token.contains_key(COMMAND) {
            return Err(ParseTokenError::OtherCloud);
        }
        let text = |key: &'static str| {
            token
                .get(key)
                .and_then(Value::as_str)
                .ok_or(ParseTokenError::Missing(key))
        };
        Ok(Self {
            display_name: document
                .get("displayName")
                .and_then(Value::as_str)
                .map(str::to_owned),
            command: text(COMMAND)?.to_owned(),
            id_token: Secret::new(text("id_token")?),
            refresh_token: token
                .get("refresh_token")
                .and_then(Value::as_str)
                .map(Secret::new),
            token,
        })
    }

    /// Who was logged in, as the identity provider calls them
    pub fn display_name(&self) -> Option<&str> {
        self.display_name.as_deref()
    }

    /// The id_token
    pub fn id_token(&self) -> &Secret {
        &self.id_token
    }

    /// When the id_token ends, by its own `exp` claim
    pub fn expires(&self) -> Option<Timestamp> {
        Claims::of(&self.id_token)?.expires
    }

    /// The refresh token, good for one use
    pub fn refresh_token(&self) -> Option<&Secret> {
        self.refresh_token.as_ref()
    }

    /// The kubeconfig that the command would have made, with the tokens of the document's own keys
    ///
    /// # Errors
    ///
    /// [`UnsafeCommand`](crate::ErrorKind::UnsafeCommand) for anything outside the grammar or not in `allow`;
    /// [`Portal`](crate::ErrorKind::Portal) if the document lacks what the command needs.
    pub fn kubeconfig(&self, allow: &Allow) -> Result<Kubeconfig, Error> {
        if let Some(server) = self.plain_server() {
            return self.plain_kubeconfig(&server, allow);
        }
        let command = KubectlCommand::parse(&self.repaired_command(), allow)?;
        let mut kubeconfig = command.into_kubeconfig();
        self.put_tokens(&mut kubeconfig);
        Ok(kubeconfig)
    }

    /// `/k8slogin/token/user` puts the cluster's name and its server where the commands stand elsewhere
    fn plain_server(&self) -> Option<String> {
        let server = self.token.get(WINDOWS_COMMAND)?.as_str()?.trim();
        let is_name =
            !self.command.trim().is_empty() && !self.command.trim().contains(char::is_whitespace);
        let is_server =
            Url::parse(server).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
        (is_name && is_server).then(|| server.to_owned())
    }

    fn plain_kubeconfig(&self, server: &str, allow: &Allow) -> Result<Kubeconfig, Error> {
        let cluster = self.command.trim();
        let claims = Claims::of(&self.id_token).ok_or_else(|| {
            Error::portal("the id_token is no JWT, and the answer names no issuer besides")
        })?;
        let user = format!("{}@{cluster}", self.display_name().unwrap_or("user"));
        let mut kubeconfig = Kubeconfig::new();
        let entry = kubeconfig.entry_mut(Section::Clusters, cluster);
        entry.insert("server".into(), server.into());
        if let Some(ca) = self.ca("Kubernetes API Server CA Certificate") {
            entry.insert("certificate-authority-data".into(), ca.into());
        }
        let entry = kubeconfig.entry_mut(Section::Contexts, cluster);
        entry.insert("cluster".into(), cluster.into());
        entry.insert("user".into(), user.as_str().into());
        let mut oidc = OidcUser::new(
            claims.issuer.unwrap_or_default(),
            claims.audiences.into_iter().next().unwrap_or_default(),
            self.id_token.clone(),
        );
        oidc.refresh_token = self.refresh_token.clone();
        oidc.ca_data = self.ca("OpenUnison Server CA Certificate");
        kubeconfig.set_oidc_user(&user, &oidc);
        kubeconfig.set_current_context(cluster);
        allow.check(&kubeconfig)?;
        Ok(kubeconfig)
    }

    /// A certificate of the document in the form of a kubeconfig, its mixed line ends made one kind
    fn ca(&self, key: &str) -> Option<String> {
        use base64::Engine;
        use base64::engine::general_purpose::STANDARD;

        let pem = self.token.get(key)?.as_str()?.replace('\r', "");
        Some(STANDARD.encode(format!("{}\n", pem.trim_end())))
    }

    /// The command with the tokens as the portal's template engine was given them
    fn repaired_command(&self) -> String {
        let tokens = [Some(&self.id_token), self.refresh_token.as_ref()];
        let mut command = self.command.clone();
        for token in tokens.into_iter().flatten().map(Secret::expose_secret) {
            let damaged = token.replace("___", "${");
            if damaged != token {
                command = command.replace(&damaged, token);
            }
        }
        command
    }

    /// The document's own tokens go over those of the command
    fn put_tokens(&self, kubeconfig: &mut Kubeconfig) {
        let users: Vec<String> = kubeconfig
            .names(Section::Users)
            .map(str::to_owned)
            .collect();
        for user in users {
            if let Some(mut oidc) = kubeconfig.oidc_user(&user) {
                oidc.id_token = self.id_token.clone();
                oidc.refresh_token = self.refresh_token.clone().or(oidc.refresh_token);
                kubeconfig.set_oidc_user(&user, &oidc);
            }
        }
    }
}

impl fmt::Debug for PortalToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PortalToken")
            .field("keys", &self.token.keys().count())
            .field("has_refresh_token", &self.refresh_token.is_some())
            .finish_non_exhaustive()
    }
}

const COMMAND: &str = "kubectl Command";

const WINDOWS_COMMAND: &str = "kubectl Windows Command";

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use serde_json::{Value, json};

    use super::{ParseTokenError, PortalToken};
    use crate::kubeconfig::Section;
    use crate::{Allow, ErrorKind};

    fn id_token(signature: &str) -> String {
        let claims =
            r#"{"iss":"https://ou.test/idp","aud":"kubernetes","sub":"ci","exp":1764000000}"#;
        format!("e30.{}.{signature}", URL_SAFE_NO_PAD.encode(claims))
    }

    fn parse(document: &Value) -> Result<PortalToken, ParseTokenError> {
        PortalToken::parse(document.to_string().as_bytes())
    }

    #[test]
    fn a_name_and_a_server_in_place_of_commands_make_a_kubeconfig() {
        let document = json!({ "displayName": "ci@acme.test", "token": {
            "kubectl Command": "kubernetes",
            "kubectl Windows Command": "https://api.test:6443",
            "id_token": id_token("c2ln"),
            "refresh_token": "r1",
            "Kubernetes API Server CA Certificate": "-----BEGIN CERTIFICATE-----\nAA\r\n-----END CERTIFICATE-----",
        }});

        let kubeconfig = parse(&document)
            .unwrap()
            .kubeconfig(&Allow::nothing())
            .unwrap();

        kubeconfig.check().unwrap();
        let cluster = kubeconfig.entry(Section::Clusters, "kubernetes").unwrap();
        assert_eq!(cluster["server"], "https://api.test:6443");
        let ca = STANDARD
            .decode(cluster["certificate-authority-data"].as_str().unwrap())
            .unwrap();
        assert_eq!(
            ca,
            b"-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n"
        );
        let user = kubeconfig.oidc_user("ci@acme.test@kubernetes").unwrap();
        assert_eq!(
            (user.issuer.as_str(), user.client_id.as_str()),
            ("https://ou.test/idp", "kubernetes")
        );
        assert_eq!(user.refresh_token.unwrap().expose_secret(), "r1");
    }

    #[test]
    fn a_name_and_a_server_meet_the_same_rules_as_a_command() {
        for server in ["http://api.test", "https://ci@api.test"] {
            let document = json!({ "token": {
                "kubectl Command": "kubernetes", "kubectl Windows Command": server, "id_token": id_token("c2ln"),
            }});
            let error = parse(&document)
                .unwrap()
                .kubeconfig(&Allow::nothing())
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnsafeCommand, "{server}");
        }
    }

    #[test]
    fn a_token_that_the_template_engine_damaged_is_mended() {
        let (id_token, refresh_token) = (id_token("a___b____c"), "r___t");
        let command = format!(
            "kubectl config set-cluster c --server=https://api.test && \
             kubectl config set-context c --cluster=c --user=u && \
             kubectl config set-credentials u --auth-provider=oidc --auth-provider-arg=idp-issuer-url=https://ou.test \
             --auth-provider-arg=refresh-token={refresh_token} --auth-provider-arg=id-token={id_token} && \
             kubectl config use-context c"
        )
        .replace("___", "${");
        let document = json!({ "token": {
            "kubectl Command": command, "id_token": id_token, "refresh_token": refresh_token,
        }});

        let kubeconfig = parse(&document)
            .unwrap()
            .kubeconfig(&Allow::nothing())
            .unwrap();

        let user = kubeconfig.oidc_user("u").unwrap();
        assert_eq!(user.id_token.expose_secret(), id_token);
        assert_eq!(user.refresh_token.unwrap().expose_secret(), refresh_token);
    }

    #[test]
    fn other_documents_are_told_apart() {
        let other_cloud = json!({ "displayName": "c:ns:sa", "token": { "jwt": "a.b.c", "expires": "2026-01-01T00:00:00Z" } });
        assert_eq!(
            parse(&other_cloud).unwrap_err(),
            ParseTokenError::OtherCloud
        );
        assert_eq!(parse(&json!([])).unwrap_err(), ParseTokenError::NoToken);
        assert_eq!(
            parse(&json!({ "token": "a.b.c" })).unwrap_err(),
            ParseTokenError::NoToken
        );
        assert_eq!(
            parse(&json!({ "token": {} })).unwrap_err(),
            ParseTokenError::Missing("kubectl Command")
        );
        let no_token = json!({ "token": { "kubectl Command": "true" } });
        assert_eq!(
            parse(&no_token).unwrap_err(),
            ParseTokenError::Missing("id_token")
        );
        let twice = br#"{"token": {"id_token": "a", "id_token": "b"}}"#;
        assert!(matches!(
            PortalToken::parse(twice),
            Err(ParseTokenError::Json(_))
        ));
    }

    #[test]
    fn keys_that_nobody_knows_are_no_error() {
        let document = json!({ "displayName": null, "more": 1, "token": {
            "kubectl Command": "c", "kubectl Windows Command": "https://api.test",
            "id_token": id_token("c2ln"), "ou login plugin": "kubectl oulogin", "Usage": "…",
        }});

        let token = parse(&document).unwrap();

        assert!(token.refresh_token().is_none());
        assert_eq!(token.display_name(), None);
        token.kubeconfig(&Allow::nothing()).unwrap();
    }
}
