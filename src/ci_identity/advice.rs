//! The lines that a pipeline's file needs, so that its jobs get an identity.

use crate::ci_identity::CiPlatform;
use crate::ci_identity::answer::gitlab_variable;

/// What to add where, in words and lines that can be pasted; nothing where no line helps
pub(super) fn advice(platform: &CiPlatform, raw: &str) -> Option<String> {
    let audience = yaml(raw);
    Some(match platform {
        CiPlatform::GitHub => {
            "add this line to the job: permissions: { contents: read, id-token: write }; \
             a pull request from a fork gets no identity"
                .to_owned()
        }
        CiPlatform::GitLab => format!(
            "add this line to the job: id_tokens: {{ {}: {{ aud: {audience} }} }}",
            gitlab_variable(raw)
        ),
        CiPlatform::Bitbucket => format!(
            "add this line to the step: oidc: true; or, for an audience of its own: oidc: {{ audiences: [ {audience} ] }}"
        ),
        CiPlatform::AzureDevOps(_) => {
            "add this line to the step: env: { SYSTEM_ACCESSTOKEN: $(System.AccessToken) }; its tokens are for \
             api://AzureADTokenExchange"
                .to_owned()
        }
        CiPlatform::CircleCi => {
            "the program circleci is in every job of CircleCI; a container of the job's own may lack it"
                .to_owned()
        }
        CiPlatform::Buildkite => {
            "the job needs buildkite-agent, and its variable BUILDKITE_AGENT_ACCESS_TOKEN; in a container: \
             the plug-in docker with mount-buildkite-agent: true"
                .to_owned()
        }
        CiPlatform::Gcp => {
            "the machine or pod needs a service account: gcloud compute instances set-service-account, or \
             workload identity at GKE"
                .to_owned()
        }
        CiPlatform::Azure => {
            "the pod needs the label azure.workload.identity/use: \"true\" and a service account of its own; \
             its tokens are for api://AzureADTokenExchange"
                .to_owned()
        }
        CiPlatform::Kubernetes => format!(
            "a token for another audience is a volume of the pod: projected: {{ sources: [ {{ serviceAccountToken: \
             {{ audience: {audience}, path: token }} }} ] }}; then file:PATH names it"
        ),
        CiPlatform::SpiffeFile(_) => format!(
            "the helper's file has: jwt_svids = [{{ jwt_audience = \"{audience}\", jwt_svid_file_name = \"jwt.token\" }}]"
        ),
        CiPlatform::File(_) | CiPlatform::Variable(_) => return None,
    })
}

/// `text` as one plain word of YAML, or in quotes
fn yaml(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/.-_".contains(c);
    let inner = |c: char| is_plain(c) || c == ':';
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.ends_with(is_plain)
        && text.chars().all(inner);
    match is_word {
        true => text.to_owned(),
        false => serde_json::Value::from(text).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::advice;
    use crate::ci_identity::CiPlatform;

    #[test]
    fn an_audience_of_any_form_is_one_word_of_yaml() {
        let hint = |audience| advice(&CiPlatform::GitLab, audience).unwrap();

        assert!(
            hint("kubernetes").ends_with("id_tokens: { KUBERNETES_ID_TOKEN: { aud: kubernetes } }")
        );
        assert!(hint("https://k.test").contains("{ aud: https://k.test }"));
        assert!(
            hint("a, b").contains(r#"{ aud: "a, b" }"#),
            "{}",
            hint("a, b")
        );
    }

    #[test]
    fn each_platform_that_can_be_set_up_says_how() {
        let words = [
            (CiPlatform::GitHub, "id-token: write"),
            (CiPlatform::Bitbucket, "oidc: true"),
            (CiPlatform::AzureDevOps(None), "SYSTEM_ACCESSTOKEN"),
            (CiPlatform::Buildkite, "BUILDKITE_AGENT_ACCESS_TOKEN"),
        ];
        for (platform, word) in words {
            assert!(advice(&platform, "kubernetes").unwrap().contains(word));
        }
        assert_eq!(
            advice(&CiPlatform::Variable("A".into()), "kubernetes"),
            None
        );
    }
}
