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
    /// In the order of the token; one that is no list is one
    pub(crate) audiences: Vec<String>,
    pub(crate) issued: Option<Timestamp>,
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
        let audiences = match claims.get("aud") {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            one => one.and_then(Value::as_str).into_iter().collect::<Vec<_>>(),
        };
        let time = |name| {
            let date = claims.get(name)?;
            let seconds = date.as_i64().or_else(|| whole(date.as_f64()?))?;
            Timestamp::from_second(seconds).ok()
        };
        Some(Self {
            issuer: text("iss"),
            subject: text("sub"),
            audiences: audiences.into_iter().map(str::to_owned).collect(),
            issued: time("iat"),
            expires: time("exp"),
        })
    }

    /// Whether both are of the same issuer, subject and audience
    #[cfg(any(feature = "login", test))]
    pub(crate) fn is_same_identity(&self, other: &Self) -> bool {
        let audiences = |claims: &Self| {
            let mut audiences = claims.audiences.clone();
            audiences.sort();
            audiences
        };
        self.issuer == other.issuer
            && self.subject == other.subject
            && audiences(self) == audiences(other)
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
        assert_eq!(claims.audiences, ["kubernetes"]);
        assert_eq!(claims.subject.as_deref(), Some("ci"));
    }

    #[test]
    fn issuer_subject_and_audience_are_the_identity() {
        let of = |payload: &str| claims(payload).unwrap();
        let one = of(r#"{"iss":"i","sub":"s","aud":["a","b"],"exp":1}"#);

        assert!(one.is_same_identity(&of(r#"{"iss":"i","sub":"s","aud":["b","a"],"exp":2}"#)));
        for other in [
            r#"{"iss":"j","sub":"s","aud":["a","b"]}"#,
            r#"{"iss":"i","sub":"t","aud":["a","b"]}"#,
            r#"{"iss":"i","sub":"s","aud":"a"}"#,
            r#"{"iss":"i","aud":["a","b"]}"#,
        ] {
            assert!(!one.is_same_identity(&of(other)), "{other}");
        }
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
            claims(r#"{"exp":"soon","aud":["a",1,"b"]}"#)
                .unwrap()
                .audiences,
            ["a", "b"]
        );
        assert_eq!(claims("[]"), None);
        assert_eq!(Claims::of(&Secret::new("opaque")), None);
        assert_eq!(Claims::of(&Secret::new("a.b.c.d")), None);
    }
}
