//! The TokenRequest API: what is asked, and what the answers mean.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

use crate::page::unavailable;
use crate::{Error, Page, Secret};

/// Which token is asked for
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct TokenRequest {
    pub(super) namespace: String,
    pub(super) name: String,
    /// For whom it is; for the API server itself if empty
    pub(super) audiences: Vec<String>,
    /// How long it is to live; an hour if nothing is said
    pub(super) duration: Option<Duration>,
}

/// What the server gave
#[derive(Clone, Debug)]
pub(super) struct BoundToken {
    pub(super) token: Secret,
    /// The server may shorten or lengthen what was asked
    pub(super) expires: Timestamp,
}

impl TokenRequest {
    /// Whether a server could have such a token
    ///
    /// # Errors
    ///
    /// `Config`: a name is none of Kubernetes, or the time is shorter than what servers take.
    pub(super) fn check(&self) -> Result<(), Error> {
        let names = [
            ("namespace", &self.namespace, 63),
            ("service account", &self.name, 253),
        ];
        for (what, name, most) in names {
            let is_inner =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
            let is_edge = |c: char| is_inner(c) && c.is_ascii_alphanumeric();
            let is_name = name.starts_with(is_edge)
                && name.ends_with(is_edge)
                && name.chars().all(is_inner)
                && name.len() <= most;
            if !is_name {
                return Err(Error::config(format!("this is no name of a {what}"))
                    .at("name", name)
                    .hint("names of Kubernetes have small letters, digits and - only"));
            }
        }
        if self.audiences.iter().any(String::is_empty) {
            return Err(Error::config("an audience is empty"));
        }
        match self.duration {
            Some(duration) if duration < SHORTEST => Err(Error::config(
                "the token would live shorter than API servers take",
            )
            .at("asked", format!("{} s", duration.as_secs()))
            .hint("their minimum is 10 minutes")),
            _ => Ok(()),
        }
    }

    /// Where it is sent
    pub(super) fn url(&self, server: &Url) -> Url {
        let mut url = server.clone();
        let before = url.path().trim_end_matches('/').to_owned();
        let (namespace, name) = (&self.namespace, &self.name);
        url.set_path(&format!(
            "{before}/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        ));
        url.set_query(None);
        url
    }

    /// The body
    ///
    /// Source: <https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/>
    pub(super) fn body(&self) -> Value {
        let mut spec = json!({ "audiences": self.audiences });
        if let Some(duration) = self.duration {
            spec["expirationSeconds"] = duration.as_secs().into();
        }
        json!({ "apiVersion": API_VERSION, "kind": KIND, "spec": spec })
    }

    /// What the server's answer comes to; `whose` says whose credentials asked
    ///
    /// # Errors
    ///
    /// `Denied` for 401 and 403, `Config` for what is not there or not taken, `Unavailable` for 429 and 5xx, and else
    /// `UnexpectedPage`.
    pub(super) fn answer(&self, page: &Page, whose: &str) -> Result<BoundToken, Error> {
        if let Some(error) = unavailable(page) {
            return Err(error);
        }
        let said = page.json().and_then(|json| json.get("message")?.as_str());
        let at = |error: Error| {
            let error = error
                .at(
                    "service_account",
                    format!("{}/{}", self.namespace, self.name),
                )
                .at("host", page.host())
                .at("status", page.status().to_string());
            said.into_iter()
                .fold(error, |error, said| error.at("said", said))
        };
        match page.status() {
            200 | 201 => read(page.json()).ok_or_else(|| {
                at(Error::unexpected_page(
                    "the API server's answer is no token with an end",
                ))
            }),
            401 => Err(at(Error::denied(format!(
                "the API server does not know the credentials of {whose}"
            ))
            .hint(
                "they may have ended; kubectl auth whoami shows whether they are good",
            ))),
            403 => Err(at(Error::denied(format!(
                "{whose} may not ask for a token of this service account"
            ))
            .hint(self.rule()))),
            404 => Err(
                at(Error::config("there is no such service account")).hint(format!(
                    "kubectl create serviceaccount {} -n {} makes it",
                    self.name, self.namespace
                )),
            ),
            400 | 422 => Err(at(Error::config(
                "the API server does not take these wishes",
            ))),
            _ => Err(at(Error::unexpected_page(
                "the API server answers a token request with something else",
            ))),
        }
    }

    /// The RBAC rule that is missing, as commands
    fn rule(&self) -> String {
        let (namespace, name) = (&self.namespace, &self.name);
        format!(
            "the rule is: apiGroups [\"\"], resources [serviceaccounts/token], resourceNames [{name}], verbs [create]; \
             kubectl create role {name}-token -n {namespace} --verb=create --resource=serviceaccounts/token \
             --resource-name={name} makes it, and kubectl create rolebinding gives it to somebody"
        )
    }
}

fn read(json: Option<&Value>) -> Option<BoundToken> {
    let status = json?.get("status")?;
    let token = status.get("token")?.as_str()?;
    let expires = status.get("expirationTimestamp")?.as_str()?.parse().ok()?;
    (!token.is_empty()).then(|| BoundToken {
        token: Secret::new(token),
        expires,
    })
}

/// Source: <https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/authentication/validation/validation.go>
const SHORTEST: Duration = Duration::from_secs(600);

const API_VERSION: &str = "authentication.k8s.io/v1";

const KIND: &str = "TokenRequest";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::{any, prop_assert, proptest};
    use serde_json::{Value, json};
    use url::Url;

    use super::{BoundToken, TokenRequest};
    use crate::{Error, ErrorKind, Page};

    fn request() -> TokenRequest {
        TokenRequest {
            namespace: "ci".into(),
            name: "deployer".into(),
            audiences: Vec::new(),
            duration: None,
        }
    }

    fn answer(status: u16, json: &Value) -> Result<BoundToken, Error> {
        let headers = [("content-type", "application/json")];
        let body = json.to_string();
        let page = Page::response("https://k8s.test/api", status, &headers, &body);
        request().answer(&page.unwrap(), "context admin")
    }

    #[test]
    fn a_request_is_what_the_api_takes() {
        let mut request = request();
        let server = Url::parse("https://k8s.test:6443/prefix/").unwrap();
        assert_eq!(
            request.url(&server).as_str(),
            "https://k8s.test:6443/prefix/api/v1/namespaces/ci/serviceaccounts/deployer/token"
        );
        assert_eq!(
            request.body(),
            json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": []}})
        );

        request.audiences.push("vault".into());
        request.duration = Some(Duration::from_secs(900));
        assert_eq!(
            request.body()["spec"],
            json!({"audiences": ["vault"], "expirationSeconds": 900})
        );
    }

    #[test]
    fn a_name_could_not_lead_to_another_path() {
        for name in [
            "",
            "a/b",
            "..",
            "-a",
            "a-",
            "A",
            "a b",
            "a%2fb",
            &"a".repeat(254),
        ] {
            let mut request = request();
            request.name = name.to_owned();
            let error = request.check().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{name}");
        }
        assert!(request().check().is_ok());
    }

    #[test]
    fn a_time_below_the_servers_minimum_is_refused_before_it_is_asked() {
        let mut request = request();
        request.duration = Some(Duration::from_secs(599));

        let error = request.check().unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Config);
        assert_eq!(error.next_step(), Some("their minimum is 10 minutes"));
        request.duration = Some(Duration::from_secs(600));
        assert!(request.check().is_ok());
    }

    #[test]
    fn a_token_comes_with_its_end() {
        let json =
            json!({"status": {"token": "a.b.c", "expirationTimestamp": "2026-11-25T17:00:00Z"}});

        let token = answer(201, &json).unwrap();

        assert_eq!(token.token.expose_secret(), "a.b.c");
        assert_eq!(token.expires.to_string(), "2026-11-25T17:00:00Z");
    }

    #[test]
    fn an_answer_without_a_token_or_an_end_is_refused() {
        for status in [
            json!({}),
            json!({"token": "a.b.c"}),
            json!({"token": "", "expirationTimestamp": "2026-11-25T17:00:00Z"}),
            json!({"token": "a.b.c", "expirationTimestamp": "never"}),
        ] {
            let error = answer(201, &json!({ "status": status })).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
        }
    }

    #[test]
    fn each_status_has_its_kind() {
        for (status, kind) in [
            (400, ErrorKind::Config),
            (401, ErrorKind::Denied),
            (403, ErrorKind::Denied),
            (404, ErrorKind::Config),
            (409, ErrorKind::UnexpectedPage),
            (422, ErrorKind::Config),
            (429, ErrorKind::Unavailable),
            (503, ErrorKind::Unavailable),
        ] {
            let error = answer(status, &json!({"message": "said\nso"})).unwrap_err();
            assert_eq!(error.kind(), kind, "{status}");
        }
    }

    #[test]
    fn who_may_not_is_told_the_rule() {
        let error = answer(403, &json!({"message": "no"})).unwrap_err();

        let hint = error.next_step().unwrap();
        assert!(hint.contains("verbs [create]"), "{hint}");
        assert!(hint.contains("serviceaccounts/token"), "{hint}");
        assert!(error.to_string().contains("context admin may not"));
    }

    proptest! {
        #[test]
        fn any_answer_is_judged(status in any::<u16>(), body in any::<String>()) {
            let headers = [("content-type", "application/json")];
            if let Ok(page) = Page::response("https://k8s.test/", status, &headers, &body) {
                prop_assert!(request().answer(&page, "context a").is_err());
            }
        }
    }
}
