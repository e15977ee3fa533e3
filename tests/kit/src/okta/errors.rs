//! The API's errors and the headers of its answers.

use serde_json::{Value, json};

use crate::http::Answer;
use crate::random;
use crate::world::World;

/// An error document
pub(super) fn error(status: u16, code: &str, summary: &str, world: &World) -> Answer {
    with_causes(status, code, summary, &[], world)
}

/// An error document with causes
pub(super) fn with_causes(
    status: u16,
    code: &str,
    summary: &str,
    causes: &[&str],
    world: &World,
) -> Answer {
    api(
        Answer::json(status, &document(code, summary, causes)),
        world,
    )
}

/// The body of an error
pub(crate) fn document(code: &str, summary: &str, causes: &[&str]) -> Value {
    let causes: Vec<_> = causes
        .iter()
        .map(|cause| json!({"errorSummary": cause}))
        .collect();
    json!({
        "errorCode": code,
        "errorSummary": summary,
        "errorLink": code,
        "errorId": format!("oae{}", random::base64url(16)),
        "errorCauses": causes,
    })
}

/// Adds what every answer of the API carries
pub(super) fn api(answer: Answer, world: &World) -> Answer {
    let reset = world.clock().seconds() + 60;
    answer
        .header("X-Okta-Request-Id", random::alphanumeric(27))
        .header("X-Rate-Limit-Limit", "600")
        .header("X-Rate-Limit-Remaining", "598")
        .header("X-Rate-Limit-Reset", reset.to_string())
        .header("Cache-Control", "no-cache, no-store")
}

pub(super) fn authentication_failed(world: &World) -> Answer {
    error(401, "E0000004", "Authentication failed", world)
}

pub(super) fn invalid_token(world: &World) -> Answer {
    error(401, "E0000011", "Invalid token provided", world)
}

pub(super) fn wrong_media_type(world: &World) -> Answer {
    world.complain("an API request with the wrong Accept or Content-Type");
    let summary =
        "Bad request.  Accept and/or Content-Type headers likely do not match supported values.";
    error(400, "E0000021", summary, world)
}

pub(super) fn wrong_method(world: &World) -> Answer {
    world.complain("an API request with the wrong method");
    let summary = "The endpoint does not support the provided HTTP method";
    error(405, "E0000022", summary, world)
}

pub(super) fn malformed(world: &World) -> Answer {
    world.complain("an API request whose body is no JSON object");
    let summary = "The request body was not well-formed.";
    error(400, "E0000003", summary, world)
}

pub(super) fn validation(cause: &str, world: &World) -> Answer {
    world.complain(format!("an API request was not valid: {cause}"));
    with_causes(
        400,
        "E0000001",
        "Api validation failed: authRequest",
        &[cause],
        world,
    )
}

pub(super) fn wrong_state(world: &World) -> Answer {
    world.complain("an API request that the login's state does not allow");
    let summary = "This operation is not allowed in the current authentication state.";
    error(403, "E0000079", summary, world)
}

pub(super) fn user_locked(world: &World) -> Answer {
    error(403, "E0000069", "User Locked", world)
}

/// A wrong code or answer, with the result that some orgs add to it
pub(super) fn wrong_passcode(cause: &str, result: Option<&str>, world: &World) -> Answer {
    let mut document = document("E0000068", "Invalid Passcode/Answer", &[cause]);
    if let (Some(result), Some(fields)) = (result, document.as_object_mut()) {
        fields.insert("factorResult".to_owned(), json!(result));
    }
    api(Answer::json(403, &document), world)
}

pub(super) fn not_found(what: &str, world: &World) -> Answer {
    let summary = format!("Not found: Resource not found: {what}");
    error(404, "E0000007", &summary, world)
}
