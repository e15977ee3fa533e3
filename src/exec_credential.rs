//! What a kubectl credential plug-in is told, and what it prints.

use jiff::Timestamp;
use serde_json::json;

use crate::secret::Secret;

mod info;
pub use info::ExecInfo;

/// A token, as a kubectl credential plug-in hands it over
///
/// ```
/// use doorward::{ExecApiVersion, ExecCredential, Secret};
///
/// let credential = ExecCredential {
///     api_version: ExecApiVersion::V1,
///     token: Secret::new("eyJ"),
///     expires: Some("2026-11-20T10:00:59.9Z".parse().unwrap()),
/// };
/// assert_eq!(
///     credential.to_json().expose_secret(),
///     r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"expirationTimestamp":"2026-11-20T10:00:59Z","token":"eyJ"}}"#,
/// );
/// ```
///
/// Source: <https://kubernetes.io/docs/reference/config-api/client-authentication.v1/>
#[derive(Clone, Debug)]
pub struct ExecCredential {
    /// The version that the kubeconfig asks for: kubectl refuses another one
    pub api_version: ExecApiVersion,
    /// The bearer token
    pub token: Secret,
    /// When the token really ends; without it clients keep the token until a 401, or for ever
    ///
    /// A later time makes kubectl, which leaves no margin, send dead tokens.
    pub expires: Option<Timestamp>,
}

impl ExecCredential {
    /// The JSON for the plug-in's stdout, without a line break at its end
    pub fn to_json(&self) -> Secret {
        let mut status = json!({});
        if let Some(expires) = self.expires {
            // Whole seconds, rounded down: every client's parser takes them.
            let whole = expires
                .round(
                    jiff::TimestampRound::new()
                        .smallest(jiff::Unit::Second)
                        .mode(jiff::RoundMode::Floor),
                )
                .unwrap_or(expires);
            status["expirationTimestamp"] = whole.to_string().into();
        }
        status["token"] = self.token.expose_secret().into();
        let credential = json!({
            "kind": "ExecCredential",
            "apiVersion": self.api_version.as_str(),
            "status": status,
        });
        Secret::new(credential.to_string())
    }
}

/// The version of the plug-in protocol
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum ExecApiVersion {
    /// `client.authentication.k8s.io/v1`
    #[default]
    V1,
    /// `client.authentication.k8s.io/v1beta1`
    V1beta1,
}

impl ExecApiVersion {
    /// The version that is called `name` in a kubeconfig and in `KUBERNETES_EXEC_INFO`
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::V1, Self::V1beta1]
            .into_iter()
            .find(|version| version.as_str() == name)
    }

    /// Its name
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "client.authentication.k8s.io/v1",
            Self::V1beta1 => "client.authentication.k8s.io/v1beta1",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{ExecApiVersion, ExecCredential};
    use crate::secret::Secret;

    fn printed(api_version: ExecApiVersion, expires: Option<&str>) -> Value {
        let credential = ExecCredential {
            api_version,
            token: Secret::new("to\"ken"),
            expires: expires.map(|time| time.parse().unwrap()),
        };
        serde_json::from_str(credential.to_json().expose_secret()).unwrap()
    }

    #[test]
    fn the_version_is_the_one_asked_for() {
        for version in [ExecApiVersion::V1, ExecApiVersion::V1beta1] {
            let json = printed(version, None);

            assert_eq!(json["kind"], "ExecCredential");
            assert_eq!(json["apiVersion"], version.as_str());
            assert_eq!(ExecApiVersion::from_name(version.as_str()), Some(version));
        }
        assert_eq!(
            ExecApiVersion::from_name("client.authentication.k8s.io/v1alpha1"),
            None
        );
    }

    #[test]
    fn the_end_is_utc_in_whole_seconds_and_never_later() {
        let end =
            |time| printed(ExecApiVersion::V1, Some(time))["status"]["expirationTimestamp"].clone();

        assert_eq!(
            end("2026-11-20T10:00:59.999999999Z"),
            "2026-11-20T10:00:59Z"
        );
        assert_eq!(end("2026-11-20T12:00:00+02:00"), "2026-11-20T10:00:00Z");
    }

    #[test]
    fn without_an_end_there_is_no_field_for_it() {
        let status = &printed(ExecApiVersion::V1, None)["status"];

        assert_eq!(status["token"], "to\"ken");
        assert_eq!(status.get("expirationTimestamp"), None);
    }

    #[test]
    fn debug_does_not_show_the_token() {
        let credential = ExecCredential {
            api_version: ExecApiVersion::V1,
            token: Secret::new("canary"),
            expires: None,
        };

        assert!(!format!("{credential:?}").contains("canary"));
    }
}
