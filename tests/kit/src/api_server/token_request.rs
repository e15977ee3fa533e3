//! TokenRequest at the API server's double: who may ask, and what for, as the real one judges it.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/>

use serde_json::{Value, json};

use crate::api_server::status;
use crate::clock::iso_date;
use crate::http::{Answer, Ask};
use crate::world::World;

/// A token of the cluster's administrator, which the API server takes
pub const ADMIN_TOKEN: &str = "canary-admin-token-9e41";
/// The token of somebody who may read pods, and ask for no token
pub const READER_TOKEN: &str = "canary-reader-token-03cd";
/// The service account that there is, in the namespace `ci`
pub const SERVICE_ACCOUNT: &str = "deployer";

/// Who asks, if the credentials are a person's of the cluster
pub(super) fn person(ask: &Ask) -> Option<&'static str> {
    match ask.bearer() {
        Some(ADMIN_TOKEN) => Some("admin"),
        Some(READER_TOKEN) => Some("reader"),
        Some(_) => None,
        // The gate sees to it that the certificate is the right one.
        None => ask.client_certificate.then_some("admin"),
    }
}

/// Answers a request for a token; `None` if it is for something else
pub(super) fn answer(ask: &Ask, user: &str, world: &World) -> Option<Answer> {
    let path: Vec<&str> = ask.path().split('/').collect();
    let [
        "",
        "api",
        "v1",
        "namespaces",
        namespace,
        "serviceaccounts",
        name,
        "token",
    ] = path[..]
    else {
        return None;
    };
    if ask.method() != "POST" {
        return Some(status(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        ));
    }
    let user = match ask.header("impersonate-user") {
        Some(other) if user == "admin" => other,
        _ => user,
    };
    if user != "admin" && user != "system:admin" {
        let message = format!(
            "serviceaccounts \"{name}\" is forbidden: User \"{user}\" cannot create resource \
             \"serviceaccounts/token\" in API group \"\" in the namespace \"{namespace}\""
        );
        return Some(status(403, "Forbidden", &message));
    }
    if (namespace, name) != ("ci", SERVICE_ACCOUNT) {
        let message = format!("serviceaccounts \"{name}\" not found");
        return Some(status(404, "NotFound", &message));
    }
    Some(grant(ask, world).unwrap_or_else(|(code, reason, message)| {
        if code != 422 {
            world.complain(format!("TokenRequest: {message}"));
        }
        status(code, reason, message)
    }))
}

fn grant(ask: &Ask, world: &World) -> Result<Answer, (u16, &'static str, &'static str)> {
    if ask.media_type() != "application/json" {
        return Err((
            415,
            "UnsupportedMediaType",
            "the body of the request was in an unknown format",
        ));
    }
    let body = ask.json().unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    if text("apiVersion") != Some("authentication.k8s.io/v1")
        || text("kind") != Some("TokenRequest")
    {
        return Err((400, "BadRequest", "the object provided is unrecognized"));
    }
    let spec = body.get("spec");
    let field = |name: &str| spec.and_then(|spec| spec.get(name));
    let Some(asked) = field("audiences").and_then(Value::as_array) else {
        return Err((400, "BadRequest", "there are no audiences"));
    };
    let seconds = match field("expirationSeconds") {
        None => 3600,
        Some(seconds) => seconds.as_u64().unwrap_or_default(),
    };
    if seconds < 600 {
        return Err((
            422,
            "Invalid",
            "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: \
             may not specify a duration less than 10 minutes",
        ));
    }
    let audiences = match asked.is_empty() {
        true => vec![Value::from(ISSUER)],
        false => asked.clone(),
    };
    let now = world.clock().seconds();
    let claims = json!({
        "aud": audiences, "exp": now + seconds, "iat": now, "iss": ISSUER,
        "jti": format!("{now}-{}", world.record.seen().len()),
        "kubernetes.io": {"namespace": "ci", "serviceaccount": {
            "name": SERVICE_ACCOUNT, "uid": "4b6e3c2a-1f1d-4a0e-9f54-0c2c9a3f8f10",
        }},
        "nbf": now, "sub": format!("system:serviceaccount:ci:{SERVICE_ACCOUNT}"),
    });
    let token = world.secret(world.keys.sign_token("sa-1", &claims));
    let time = |seconds: u64| iso_date(seconds).replace(".000Z", "Z");
    Ok(Answer::json(
        201,
        &json!({
            "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
            "metadata": {
                "name": SERVICE_ACCOUNT, "namespace": "ci", "creationTimestamp": time(now),
            },
            "spec": {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": null},
            "status": {"token": token, "expirationTimestamp": time(now + seconds)},
        }),
    ))
}

/// Who signs service accounts' tokens, and for whom they are if nobody is named
pub(crate) const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
