//! `webauthn`: a challenge, signed by the caller's passkey.

use doorward::passkey::AssertionRequest;
use doorward::{Error, Page, Url, Visit};
use serde_json::{Value, json};

use super::offer::{Offer, credential_id};
use crate::okta::exchange::{Home, link, post, state_token, status, with_token};
use crate::okta::passkey::request as signing_request;

/// Has a challenge made, and signs it as the browser on the page at `home` would
pub(super) async fn sign(
    answer: Page,
    offer: &Offer,
    home: &Home,
    visit: &mut Visit<'_>,
) -> Result<Page, Error> {
    let challenged = offer.start.challenge(answer, visit).await?;
    status(&challenged)?;
    let (url, token) = (link(&challenged, "next")?, state_token(&challenged)?);
    let request = request(&challenged, &home.url)?;
    let passkey = visit
        .passkey()
        .ok_or_else(|| Error::unsupported("there is no passkey"))?;
    let assertion = passkey.assert(&request)?;
    let body = json!({
        "clientData": assertion.client_data_json().to_base64(),
        "authenticatorData": assertion.authenticator_data().to_base64(),
        "signatureData": null,
    });
    let request =
        with_token(&url, &token, body).secret("/signatureData", assertion.signature_base64());
    post(request, visit).await
}

/// What is to be signed, for the origin of `home`
fn request(challenged: &Page, home: &Url) -> Result<AssertionRequest, Error> {
    let embedded = challenged.json().and_then(|json| json.get("_embedded"));
    // For one key it stands in the factor; for all of the account's keys at once, beside their list.
    let challenge = embedded.and_then(|embedded| {
        embedded
            .pointer("/factor/_embedded/challenge")
            .or_else(|| embedded.get("challenge"))
    });
    let keys = ["factor", "factors"].map(|key| embedded.and_then(|embedded| embedded.get(key)));
    let items = keys.into_iter().flatten().flat_map(|item| match item {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    });
    Ok(signing_request(
        home,
        challenge,
        items.filter_map(credential_id),
    )?)
}

#[cfg(test)]
mod tests {
    use doorward::passkey::{Binary, Passkey};
    use doorward::{ErrorKind, Page, Url};
    use serde_json::{Value, json};

    use super::request;

    fn home() -> Url {
        Url::parse("https://login.acme.test:8443/login/login.htm").unwrap()
    }

    fn challenged(embedded: &Value) -> Page {
        let body = json!({ "status": "MFA_CHALLENGE", "_embedded": embedded }).to_string();
        let headers = [("content-type", "application/json")];
        Page::response("https://login.acme.test:8443/api", 200, &headers, &body).unwrap()
    }

    #[test]
    fn a_challenge_is_signed_for_the_page_wherever_it_stands() {
        let passkey = Passkey::generate("login.acme.test", &Binary::new("ci")).unwrap();
        let own = passkey.credential_id().to_base64url();
        let challenge =
            json!({ "challenge": "AAECAwQFBgcICQoLDA0ODw", "userVerification": "preferred" });
        let one =
            json!({ "profile": { "credentialId": own }, "_embedded": { "challenge": challenge } });
        let all = json!([{ "profile": { "credentialId": "aGVsbG8" } }, { "profile": { "credentialId": own } }]);

        for embedded in [
            json!({ "factor": one }),
            json!({ "factors": all, "challenge": challenge }),
        ] {
            let request = request(&challenged(&embedded), &home()).unwrap();

            let assertion = passkey.assert(&request).unwrap();
            let client_data: Value =
                serde_json::from_slice(assertion.client_data_json().as_bytes()).unwrap();
            assert_eq!(client_data["origin"], "https://login.acme.test:8443");
            assert_eq!(client_data["challenge"], "AAECAwQFBgcICQoLDA0ODw");
        }
    }

    #[test]
    fn a_challenge_of_another_key_is_not_signed() {
        let passkey = Passkey::generate("login.acme.test", &Binary::new("ci")).unwrap();
        let embedded = json!({ "factor": { "profile": { "credentialId": "aGVsbG8" },
            "_embedded": { "challenge": { "challenge": "AAECAwQFBgcICQoLDA0ODw" } } } });

        let request = request(&challenged(&embedded), &home()).unwrap();

        assert!(passkey.assert(&request).is_err());
    }

    #[test]
    fn an_answer_without_a_challenge_is_not_what_it_should_be() {
        for embedded in [
            json!({}),
            json!(null),
            json!({ "factor": { "_embedded": { "challenge": { "challenge": 7 } } } }),
            json!({ "challenge": { "challenge": "not base64url!" } }),
        ] {
            let error = request(&challenged(&embedded), &home()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
        }
    }
}
