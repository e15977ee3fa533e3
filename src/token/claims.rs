//! What a JWT says of itself. Nothing is verified here: that is the API server's work.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;

use crate::Secret;

/// The claims that doorward looks at
///
/// Source: <https://www.rfc-editor.org/rfc/rfc7519>
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Claims {
    pub(crate) issuer: Option<String>,
    pub(crate) subject: Option<String>,
    /// The first one, where it is a list
    pub(crate) audience: Option<String>,
    pub(crate) expires: Option<Timestamp>,
}

impl Claims {
    /// Reads the payload of a JWT; `None` if it is none
    pub(crate) fn of(token: &Secret) -> Option<Self> {
        let token = token.expose_secret();
        let mut parts = token.split('.');
        let (Some(_), Some(payload), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        let Value::Object(claims) = serde_json::from_slice(&payload).ok()? else {
            return None;
        };
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let audience = match claims.get("aud") {
            Some(Value::Array(list)) => list.first().and_then(Value::as_str).map(str::to_owned),
            _ => text("aud"),
        };
        let seconds = claims
            .get("exp")
            .and_then(|exp| exp.as_i64().or_else(|| whole(exp.as_f64()?)));
        Some(Self {
            issuer: text("iss"),
            subject: text("sub"),
            audience,
            expires: seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()),
        })
    }
}

/// A NumericDate may have a fraction (RFC 7519, 2)
#[expect(
    clippy::cast_possible_truncation,
    reason = "a fraction of a second is cut off, and the range is checked"
)]
fn whole(seconds: f64) -> Option<i64> {
    (seconds.is_finite() && seconds.abs() < 1e12).then(|| seconds.trunc() as i64)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::Claims;
    use crate::Secret;

    fn claims(payload: &str) -> Option<Claims> {
        Claims::of(&Secret::new(format!(
            "e30.{}.c2ln",
            URL_SAFE_NO_PAD.encode(payload)
        )))
    }

    #[test]
    fn the_end_of_a_token_is_read() {
        let claims =
            claims(r#"{"iss":"https://ou","aud":"kubernetes","sub":"ci","exp":1764000000}"#)
                .unwrap();

        assert_eq!(claims.expires.unwrap().to_string(), "2025-11-24T16:00:00Z");
        assert_eq!(claims.issuer.as_deref(), Some("https://ou"));
        assert_eq!(claims.audience.as_deref(), Some("kubernetes"));
        assert_eq!(claims.subject.as_deref(), Some("ci"));
    }

    #[test]
    fn odd_claims_are_no_error() {
        assert_eq!(
            claims(r#"{"exp":1764000000.5}"#)
                .unwrap()
                .expires
                .unwrap()
                .as_second(),
            1_764_000_000
        );
        assert_eq!(claims(r#"{"exp":1e300}"#).unwrap().expires, None);
        assert_eq!(
            claims(r#"{"exp":"soon","aud":["a","b"]}"#)
                .unwrap()
                .audience
                .as_deref(),
            Some("a")
        );
        assert_eq!(claims("[]"), None);
        assert_eq!(Claims::of(&Secret::new("opaque")), None);
        assert_eq!(Claims::of(&Secret::new("a.b.c.d")), None);
    }
}
