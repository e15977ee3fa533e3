//! What a client tells the plug-in that it runs.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use url::Url;

use crate::error::Error;
use crate::exec_credential::ExecApiVersion;

/// What a client says in `KUBERNETES_EXEC_INFO` when it asks a plug-in for a token
///
/// `Debug` shows the server without its path.
///
/// ```
/// use doorward::{ExecApiVersion, ExecInfo};
///
/// let info = ExecInfo::parse(
///     r#"{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
///         "spec": {"cluster": {"server": "https://k8s.example.com:6443"}, "interactive": false}}"#,
/// )?;
/// assert_eq!(info.api_version, ExecApiVersion::V1);
/// assert_eq!(info.server.as_deref(), Some("https://k8s.example.com:6443"));
/// # Ok::<(), doorward::Error>(())
/// ```
///
/// Source: <https://kubernetes.io/docs/reference/config-api/client-authentication.v1/>
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct ExecInfo {
    /// The version that the answer must have
    pub api_version: ExecApiVersion,
    /// `spec.cluster.server`: the API server that gets the token, where the kubeconfig lets the plug-in know
    pub server: Option<String>,
}

impl ExecInfo {
    /// Reads the variable's JSON
    ///
    /// Only what is needed is read, and the rest is skipped: a certificate in it may be long, and each request of some
    /// clients runs the plug-in.
    ///
    /// # Errors
    ///
    /// `Config`: this is no JSON of a client, has more than 1 MiB, or asks for a version that is not known, which is then
    /// named.
    pub fn parse(json: &str) -> Result<Self, Error> {
        if json.len() > MAX_BYTES {
            return Err(Error::config("KUBERNETES_EXEC_INFO is too large").at("limit", "1 MiB"));
        }
        // The library's own messages may quote the text.
        let document: Document<'_> = serde_json::from_str(json).map_err(|error| {
            Error::config("KUBERNETES_EXEC_INFO is not what a Kubernetes client says")
                .at("line", error.line().to_string())
                .at("column", error.column().to_string())
        })?;
        let version = document.api_version.unwrap_or_default();
        let api_version = ExecApiVersion::from_name(&version).ok_or_else(|| {
            Error::config("KUBERNETES_EXEC_INFO asks for a version that is not known")
                .at("version", &version)
                .hint("doorward speaks client.authentication.k8s.io/v1 and v1beta1")
        })?;
        let cluster = document.spec.and_then(|spec| spec.cluster);
        let server = cluster.and_then(|cluster| cluster.server);
        Ok(Self {
            api_version,
            server: server
                .filter(|server| !server.is_empty())
                .map(Cow::into_owned),
        })
    }
}

impl fmt::Debug for ExecInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The origin alone: a URL may hold a password.
        let server = self.server.as_deref().map(|server| {
            let url = Url::parse(server).map(|url| url.origin().ascii_serialization());
            url.unwrap_or_else(|_| "not a URL".to_owned())
        });
        f.debug_struct("ExecInfo")
            .field("api_version", &self.api_version)
            .field("server", &server)
            .finish()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(borrow)]
    api_version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    spec: Option<Spec<'a>>,
}

#[derive(Deserialize)]
struct Spec<'a> {
    #[serde(borrow)]
    cluster: Option<Cluster<'a>>,
}

#[derive(Deserialize)]
struct Cluster<'a> {
    #[serde(borrow)]
    server: Option<Cow<'a, str>>,
}

/// Linux gives a variable 128 KiB at most, other systems more
const MAX_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::{ExecInfo, MAX_BYTES};
    use crate::error::ErrorKind;
    use crate::exec_credential::ExecApiVersion;

    const V1: &str = r#""apiVersion":"client.authentication.k8s.io/v1""#;

    fn server(spec: &str) -> Option<String> {
        let info = ExecInfo::parse(&format!(r#"{{{V1},"spec":{spec}}}"#)).unwrap();
        assert_eq!(info.api_version, ExecApiVersion::V1);
        info.server
    }

    #[test]
    fn what_client_go_says_is_read() {
        let json = "{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"spec\":{\
             \"cluster\":{\"server\":\"https://k:6443\",\"certificate-authority-data\":\"LS0t\",\"config\":null},\
             \"interactive\":false}}\n";

        let info = ExecInfo::parse(json).unwrap();

        assert_eq!(info.api_version, ExecApiVersion::V1beta1);
        assert_eq!(info.server.as_deref(), Some("https://k:6443"));
    }

    #[test]
    fn without_a_cluster_there_is_no_server() {
        for spec in [
            "null",
            "{}",
            r#"{"interactive":true}"#,
            r#"{"cluster":null}"#,
            r#"{"cluster":{}}"#,
            r#"{"cluster":{"server":null}}"#,
            r#"{"cluster":{"server":""}}"#,
        ] {
            assert_eq!(server(spec), None, "{spec}");
        }
        assert_eq!(ExecInfo::parse(&format!("{{{V1}}}")).unwrap().server, None);
    }

    #[test]
    fn an_escaped_text_and_unknown_fields_are_read() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));

        let spec =
            format!(r#"{{"x":{deep},"cluster":{{"x":1,"server":"https:\/\/k"}},"y":[{{}}]}}"#);

        assert_eq!(server(&spec).as_deref(), Some("https://k"));
    }

    #[test]
    fn an_unknown_version_is_named() {
        for (json, version) in [
            ("{}", ""),
            (r#"{"apiVersion":null}"#, ""),
            (
                r#"{"apiVersion":"client.authentication.k8s.io/v1alpha1"}"#,
                "client.authentication.k8s.io/v1alpha1",
            ),
            (r#"{"apiVersion":"a\nb"}"#, "a b"),
        ] {
            let error = ExecInfo::parse(json).unwrap_err();

            assert_eq!(error.kind(), ErrorKind::Config, "{json}");
            assert_eq!(error.context().next(), Some(("version", version)));
        }
    }

    #[test]
    fn what_no_client_says_is_an_error_without_its_text() {
        for odd in [
            "",
            "no json",
            "canary",
            "[]",
            "\"canary\"",
            r#"{"apiVersion":1}"#,
            r#"{"spec":"canary"}"#,
            r#"{"spec":{"cluster":{"server":["canary"]}}}"#,
            r#"{"apiVersion":"client.authentication.k8s.io/v1"} canary"#,
            r#"{"apiVersion":"client.authentication.k8s.io/v1""#,
        ] {
            let error = ExecInfo::parse(odd).unwrap_err();

            assert_eq!(error.kind(), ErrorKind::Config, "{odd}");
            assert_eq!(error.context().next().unwrap().0, "line", "{odd}");
            assert!(!format!("{error} {error:?}").contains("canary"));
            assert!(error.source().is_none());
        }
    }

    #[test]
    fn more_than_a_mebibyte_is_refused() {
        let json = |length: usize| {
            let start = format!("{{{V1}}}");
            format!("{start}{}", " ".repeat(length - start.len()))
        };
        assert!(ExecInfo::parse(&json(MAX_BYTES)).is_ok());
        let error = ExecInfo::parse(&json(MAX_BYTES + 1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert_eq!(error.context().next(), Some(("limit", "1 MiB")));
    }

    #[test]
    fn debug_shows_the_server_without_a_password() {
        let spec = r#"{"cluster":{"server":"https://u:canary@k:6443/canary?canary"}}"#;
        let info = ExecInfo::parse(&format!(r#"{{{V1},"spec":{spec}}}"#)).unwrap();

        let shown = format!("{info:?}");

        assert!(shown.contains("https://k:6443"));
        assert!(!shown.contains("canary"));
    }
}
