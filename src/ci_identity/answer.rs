//! What a platform's answer says: the token in it, and whether that is what was asked for.

use jiff::Timestamp;
use serde_json::Value;

use crate::ci_identity::CiPlatform;
use crate::ci_identity::advice::advice;
use crate::token::Claims;
use crate::{Error, Secret, one_line};

/// A job's identity, as far as its token says it
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) token: Secret,
    pub(super) claims: Claims,
}

impl Identity {
    /// Reads a token and compares it with what was asked for; nothing is verified, which is the API server's work
    ///
    /// # Errors
    ///
    /// `Config`: this is no JWT, is for somebody else, or has ended.
    pub(super) fn read(
        platform: &CiPlatform,
        token: &Secret,
        audiences: &[String],
        now: Timestamp,
    ) -> Result<Self, Error> {
        let token = Secret::new(token.expose_secret().trim());
        let wrong = |what: &str| {
            Error::config(format!("the job's token {what}")).at("platform", platform.to_string())
        };
        let claims = Claims::of(&token).ok_or_else(|| {
            wrong("is no JWT, so that nobody can see for whom it is and when it ends")
        })?;
        let missing = audiences
            .iter()
            .find(|asked| !claims.audiences.contains(asked));
        if let Some(asked) = missing {
            let shown = one_line(&claims.audiences.join(" "));
            let error = wrong("is for another audience")
                .at("asked", asked)
                .at("audience", shown);
            return Err(advice(platform, asked).into_iter().fold(error, Error::hint));
        }
        if let Some(end) = claims.expires.filter(|end| *end <= now) {
            return Err(wrong("has ended").at("end", end.to_string()).hint(
                "whoever keeps it fresh has stopped, or the job runs longer than its token lives",
            ));
        }
        let is_spiffe = matches!(platform, CiPlatform::SpiffeFile(_));
        let subject = claims.subject.as_deref().unwrap_or_default();
        if is_spiffe && !subject.starts_with("spiffe://") {
            return Err(wrong("is no JWT-SVID: its subject is no SPIFFE ID"));
        }
        Ok(Self { token, claims })
    }
}

/// The token in the JSON of GitHub Actions
///
/// Source: <https://docs.github.com/en/actions/reference/security/oidc>
pub(super) fn github(json: &Value) -> Option<Secret> {
    text(json, "value")
}

/// The token in the JSON of Azure DevOps
///
/// Source: <https://learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create>
pub(super) fn azure_devops(json: &Value) -> Option<Secret> {
    text(json, "oidcToken")
}

/// The name of GitLab's variable for `audience`
///
/// Source: <https://docs.gitlab.com/ci/secrets/id_token_authentication/>
pub(super) fn gitlab_variable(audience: &str) -> String {
    let letter = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => c.to_ascii_uppercase(),
        _ => '_',
    };
    let name: String = audience.chars().map(letter).collect();
    name + "_ID_TOKEN"
}

/// The claims that CircleCI's program takes
///
/// Source: <https://circleci.com/docs/openid-connect-tokens/>
pub(super) fn circleci_claims(audience: &str) -> String {
    serde_json::json!({ "aud": audience }).to_string()
}

fn text(json: &Value, name: &str) -> Option<Secret> {
    let text = json.get(name)?.as_str()?.trim();
    (!text.is_empty()).then(|| Secret::new(text))
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jiff::Timestamp;
    use proptest::prelude::{any, prop_assert, proptest};
    use serde_json::{Value, json};

    use super::{Identity, azure_devops, circleci_claims, github, gitlab_variable};
    use crate::ci_identity::CiPlatform;
    use crate::{Error, ErrorKind, Secret};

    const NOW: i64 = 1_800_000_000;

    fn jwt(claims: &Value) -> Secret {
        let payload = URL_SAFE_NO_PAD.encode(claims.to_string());
        Secret::new(format!("e30.{payload}.c2ln"))
    }

    fn read(platform: &CiPlatform, token: &Secret, audiences: &[&str]) -> Result<Identity, Error> {
        let audiences: Vec<String> = audiences.iter().map(|a| (*a).to_owned()).collect();
        let now = Timestamp::from_second(NOW).unwrap();
        Identity::read(platform, token, &audiences, now)
    }

    #[test]
    fn a_token_for_the_audience_is_taken_without_the_space_around_it() {
        let token = jwt(&json!({"sub": "job", "aud": ["other", "kubernetes"], "exp": NOW + 60}));
        let padded = Secret::new(format!("\n {}\r\n", token.expose_secret()));

        let identity = read(&CiPlatform::GitHub, &padded, &["kubernetes"]).unwrap();

        assert_eq!(identity.token.expose_secret(), token.expose_secret());
        assert_eq!(identity.claims.subject.as_deref(), Some("job"));
    }

    #[test]
    fn a_token_for_another_audience_is_refused_with_the_lines_that_help() {
        let token = jwt(&json!({"aud": "vault", "exp": NOW + 60}));

        let error = read(&CiPlatform::GitLab, &token, &["kubernetes"]).unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("audience vault"), "{error}");
        let hint = error.next_step().unwrap();
        assert!(
            hint.contains("KUBERNETES_ID_TOKEN: { aud: kubernetes }"),
            "{hint}"
        );
        assert!(!format!("{error:?}").contains("c2ln"));
    }

    #[test]
    fn a_token_that_has_ended_or_is_no_jwt_is_refused() {
        let ended = jwt(&json!({"aud": "kubernetes", "exp": NOW}));
        for token in [ended, Secret::new("opaque"), Secret::new("")] {
            let error = read(&CiPlatform::Bitbucket, &token, &[]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
        }
    }

    #[test]
    fn a_svid_has_a_spiffe_id_as_subject() {
        let platform = CiPlatform::SpiffeFile(None);
        let token = |sub: &str| jwt(&json!({"aud": "kubernetes", "exp": NOW + 60, "sub": sub}));

        assert!(read(&platform, &token("spiffe://ci.test/job"), &["kubernetes"]).is_ok());
        let error = read(&platform, &token("job"), &["kubernetes"]).unwrap_err();
        assert!(error.to_string().contains("JWT-SVID"));
    }

    #[test]
    fn an_answer_without_its_token_has_none() {
        let shown = |token: Option<Secret>| token.map(|token| token.expose_secret().to_owned());

        assert_eq!(
            shown(github(&json!({"count": 1, "value": "a.b.c"}))).as_deref(),
            Some("a.b.c")
        );
        assert_eq!(
            shown(azure_devops(&json!({"oidcToken": "a.b.c"}))).as_deref(),
            Some("a.b.c")
        );
        for json in [
            json!({}),
            json!({"value": 1}),
            json!({"value": " "}),
            json!([]),
        ] {
            assert_eq!(shown(github(&json)), None);
        }
    }

    #[test]
    fn a_variable_of_gitlab_is_the_audience_in_capitals() {
        assert_eq!(gitlab_variable("kubernetes"), "KUBERNETES_ID_TOKEN");
        assert_eq!(
            gitlab_variable("https://k8s.example.com/a-b"),
            "HTTPS___K8S_EXAMPLE_COM_A_B_ID_TOKEN"
        );
        assert_eq!(gitlab_variable("Ümlaut"), "_MLAUT_ID_TOKEN");
    }

    #[test]
    fn an_audience_cannot_add_a_claim() {
        let claims = circleci_claims(r#"a","sub":"b"#);

        let read: Value = serde_json::from_str(&claims).unwrap();
        assert_eq!(read, json!({"aud": r#"a","sub":"b"#}));
    }

    proptest! {
        #[test]
        fn any_token_is_judged(text in any::<String>(), audience in any::<String>()) {
            let read = read(&CiPlatform::Gcp, &Secret::new(text), &[&audience]);
            prop_assert!(read.is_err());
        }
    }
}
