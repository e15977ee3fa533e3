//! What an issuer says of a failure, as an error of ours.

use crate::oidc::tokens::Grant;
use crate::page::unavailable;
use crate::{Error, Page, Secret};

/// A refusal that came to the registered address
///
/// Source: <https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1>,
/// <https://openid.net/specs/openid-connect-core-1_0.html#AuthError>
pub(super) fn at_address(error: &str, description: Option<&str>) -> Error {
    let told = match error {
        "access_denied" => Error::denied("the issuer signed us in, and denies the access"),
        "account_selection_required"
        | "consent_required"
        | "interaction_required"
        | "login_required" => Error::account_state("the issuer wants a person to act"),
        "server_error" | "temporarily_unavailable" => {
            Error::unavailable("the issuer says that it is not able to answer")
        }
        "invalid_request"
        | "invalid_scope"
        | "invalid_target"
        | "request_not_supported"
        | "unauthorized_client"
        | "unsupported_response_type" => Error::config(
            "the issuer refuses the request of this client",
        )
        .hint("the client id, the redirect address and the scopes must be as the issuer has them"),
        _ => Error::unexpected_page("the issuer gave an error in place of a code"),
    };
    said(told, error, description)
}

/// A refusal of the token endpoint: an error of RFC 6749, or OpenUnison's status without a word
///
/// A text that has one of `secrets` in it is not shown.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc6749#section-5.2>
pub(super) fn at_token_endpoint(page: &Page, grant: Grant, secrets: &[&Secret]) -> Error {
    let repeats =
        |text: &str, secret: &Secret| !secret.is_empty() && text.contains(secret.expose_secret());
    let text = |name: &str| {
        let text = page.json()?.get(name)?.as_str()?;
        let is_fit = !secrets.iter().any(|secret| repeats(text, secret));
        is_fit.then_some(text)
    };
    let error = text("error");
    let told = match (error, page.status()) {
        // The second one is what some say of a wrong secret.
        (Some("invalid_client"), _) | (Some("unauthorized_client"), 401) => {
            Error::rejected("the issuer does not take this client's proof of itself")
                .hint("the client id, its secret or its key must be as the issuer has them")
        }
        (Some("invalid_grant" | "invalid_token"), _) | (None, 401) => refused(grant),
        (Some("access_denied"), _) => Error::denied("the issuer denies the token"),
        (Some("slow_down" | "temporarily_unavailable"), _) => {
            Error::unavailable("the issuer says that it is not able to answer")
        }
        (
            Some(
                "invalid_request"
                | "invalid_scope"
                | "invalid_target"
                | "unauthorized_client"
                | "unsupported_grant_type",
            ),
            _,
        ) => Error::config("the issuer refuses the request of this client").hint(
            "the client must be allowed this grant, its scopes and its audience at the issuer",
        ),
        (None, 403) if grant != Grant::Code => Error::denied("the issuer denies the token"),
        (None, 403) => refused(grant),
        (None, 404 | 422) => Error::config("the issuer does not know what the token is asked for"),
        (_, status) => match unavailable(page) {
            Some(error) => return error,
            None if (300..400).contains(&status) => Error::unexpected_page(
                "the issuer's token endpoint redirects, and is followed nowhere",
            ),
            None => Error::portal("the issuer gave no token"),
        },
    };
    let told = told
        .at("host", page.host())
        .at("path", page.path())
        .at("status", page.status().to_string());
    match error {
        Some(error) => said(told, error, text("error_description")),
        None => told,
    }
}

/// What was to be exchanged for a token is of no use
fn refused(grant: Grant) -> Error {
    match grant {
        Grant::Code => Error::portal("the issuer does not take its own code back"),
        Grant::Password => Error::rejected("the issuer refuses the user name or the password"),
        Grant::ClientCredentials => Error::rejected("the issuer refuses the client's credentials"),
        Grant::TokenExchange => Error::rejected("the issuer refuses the token to be exchanged"),
        Grant::Refresh | Grant::Revocation => {
            Error::rejected("the issuer refuses the refresh token")
        }
    }
}

fn said(told: Error, error: &str, description: Option<&str>) -> Error {
    let told = told.at("error", error);
    match description {
        Some(description) => told.at("said", description),
        None => told,
    }
}

#[cfg(test)]
mod tests {
    use super::{at_address, at_token_endpoint};
    use crate::oidc::tokens::Grant;
    use crate::{Error, ErrorKind, Page, Secret};

    fn answer(grant: Grant, status: u16, body: &str) -> Error {
        let headers = [("content-type", "application/json")];
        let page = Page::response("https://i.test/token", status, &headers, body).unwrap();
        at_token_endpoint(&page, grant, &[&Secret::new("canary")])
    }

    #[test]
    fn a_refusal_at_the_address_says_what_to_do() {
        for (error, kind) in [
            ("access_denied", ErrorKind::Denied),
            ("consent_required", ErrorKind::AccountState),
            ("temporarily_unavailable", ErrorKind::Unavailable),
            ("invalid_scope", ErrorKind::Config),
            ("state_missing", ErrorKind::UnexpectedPage),
        ] {
            let told = at_address(error, Some("why\nnot"));
            assert_eq!(told.kind(), kind, "{error}");
            assert!(told.context().any(|pair| pair == ("said", "why not")));
        }
    }

    #[test]
    fn a_refusal_of_the_token_endpoint_says_what_was_refused() {
        let invalid_grant = r#"{"error":"invalid_grant","error_description":"no"}"#;
        for (grant, status, body, kind) in [
            (Grant::Password, 401, invalid_grant, ErrorKind::Rejected),
            (Grant::Code, 400, invalid_grant, ErrorKind::Portal),
            (
                Grant::TokenExchange,
                400,
                invalid_grant,
                ErrorKind::Rejected,
            ),
            (
                Grant::Code,
                401,
                r#"{"error":"invalid_client"}"#,
                ErrorKind::Rejected,
            ),
            (
                Grant::Code,
                401,
                r#"{"error":"unauthorized_client"}"#,
                ErrorKind::Rejected,
            ),
            (
                Grant::Code,
                400,
                r#"{"error":"unauthorized_client"}"#,
                ErrorKind::Config,
            ),
            (
                Grant::Password,
                400,
                r#"{"error":"unsupported_grant_type"}"#,
                ErrorKind::Config,
            ),
            (Grant::Code, 503, "", ErrorKind::Unavailable),
            (Grant::Code, 302, "", ErrorKind::UnexpectedPage),
        ] {
            assert_eq!(
                answer(grant, status, body).kind(),
                kind,
                "{grant:?} {status} {body}"
            );
        }
    }

    #[test]
    fn a_refusal_without_a_word_is_told_by_its_status() {
        for (grant, status, kind) in [
            (Grant::Code, 401, ErrorKind::Portal),
            (Grant::Code, 403, ErrorKind::Portal),
            (Grant::ClientCredentials, 401, ErrorKind::Rejected),
            (Grant::ClientCredentials, 403, ErrorKind::Denied),
            (Grant::TokenExchange, 404, ErrorKind::Config),
            (Grant::TokenExchange, 422, ErrorKind::Config),
        ] {
            assert_eq!(answer(grant, status, "").kind(), kind, "{grant:?} {status}");
        }
        // OpenUnison's word for anything that it did not expect, such as a client that it does not know.
        let unknown = answer(Grant::Code, 500, r#"{"error":"invalid_request"}"#);
        assert_eq!(unknown.kind(), ErrorKind::Config);
    }

    #[test]
    fn a_server_that_repeats_a_secret_is_not_quoted() {
        let body = r#"{"error":"invalid_grant","error_description":"bad code canary"}"#;
        let echo = r#"{"error":"canary"}"#;

        assert!(
            !answer(Grant::Code, 400, body)
                .to_string()
                .contains("canary")
        );
        assert!(
            !answer(Grant::Code, 400, echo)
                .to_string()
                .contains("canary")
        );
    }
}
