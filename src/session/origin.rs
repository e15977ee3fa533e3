//! Who may have what: the three grades of what a request carries, and the origins that each may go to.

use std::fmt;

use url::{Host, Url};

use crate::{Error, Request, redact};

/// Scheme, host and port of an https URL
///
/// Source: <https://www.rfc-editor.org/rfc/rfc6454>
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Origin {
    host: Host<String>,
    port: u16,
}

impl Origin {
    /// The origin of `url`, if that is an https URL with a host and without userinfo
    pub(crate) fn of(url: &Url) -> Option<Self> {
        let plain =
            url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
        let host = url.host().filter(|_| plain)?.to_owned();
        Some(Self {
            host,
            port: url.port_or_known_default()?,
        })
    }

    /// The origin of `url` as it may stand in a message; nothing where it has none
    pub(crate) fn shown(url: &Url) -> String {
        Self::of(url).map_or_else(String::new, |origin| origin.to_string())
    }

    /// Reads what a caller named: an https URL, or a bare host
    ///
    /// A path is left out, since a browser's rule knows origins only.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let with_scheme = match text.contains("://") {
            true => text.to_owned(),
            false => format!("https://{text}"),
        };
        let url = Url::parse(&with_scheme).map_err(|error| {
            Error::config("this is no URL")
                .at("value", redact::url(text))
                .because(error)
        })?;
        Self::of(&url).ok_or_else(|| {
            Error::config("only an https URL without user name can be named")
                .at("value", redact::url(text))
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            443 => write!(f, "https://{}", self.host),
            port => write!(f, "https://{}:{port}", self.host),
        }
    }
}

/// What a request carries
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Grade {
    /// A password, a one-time code, an answer, a session token: placed by [`Secret`](crate::Secret)
    Credential,
    /// A code or an assertion on its way back, known by its name
    Assertion,
    /// Nothing that is of use to others
    Plain,
}

impl Grade {
    pub(crate) fn of(request: &Request) -> Self {
        if request.has_secret() {
            return Self::Credential;
        }
        let names = request.parameter_names();
        match names.iter().any(|name| {
            ASSERTIONS
                .iter()
                .any(|known| name.eq_ignore_ascii_case(known))
        }) {
            true => Self::Assertion,
            false => Self::Plain,
        }
    }
}

/// The origins of one login, and what each may have
#[derive(Clone, Debug)]
pub(crate) struct Origins {
    /// The front door's own
    own: Origin,
    named: Vec<Origin>,
    via: Vec<Origin>,
    /// Senders that asked for the answer to come back to themselves
    legs: Vec<Leg>,
    /// Once consent was given on the way, nobody but the caller decides who gets a code
    consented: bool,
}

/// One origin's request to another to sign somebody in
#[derive(Clone, Debug, Eq, PartialEq)]
struct Leg {
    sender: Origin,
    back_to: Origin,
}

impl Origins {
    pub(crate) fn new(own: Origin, named: Vec<Origin>, via: Vec<Origin>) -> Self {
        Self {
            own,
            named,
            via,
            legs: Vec::new(),
            consented: false,
        }
    }

    /// Remembers that `sender` asked another origin to send the answer `back_to`
    pub(crate) fn add_leg(&mut self, sender: Origin, back_to: Origin) {
        let leg = Leg { sender, back_to };
        if !self.legs.contains(&leg) {
            self.legs.push(leg);
        }
    }

    pub(crate) fn consent_given(&mut self) {
        self.consented = true;
    }

    pub(crate) fn own(&self) -> &Origin {
        &self.own
    }

    /// Whether `origin` may have what is of `grade`
    pub(crate) fn may_have(&self, grade: Grade, origin: &Origin) -> bool {
        let named = self.named.contains(origin);
        match grade {
            Grade::Plain => true,
            Grade::Credential => named || (self.named.is_empty() && *origin == self.own),
            Grade::Assertion => {
                named
                    || *origin == self.own
                    || self.via.contains(origin)
                    || self.asked_itself(origin)
            }
        }
    }

    /// The return addresses of the legs so far that would be refused an assertion
    pub(crate) fn refused_returns(&self) -> Vec<Origin> {
        let mut refused: Vec<Origin> = Vec::new();
        for leg in &self.legs {
            if !self.may_have(Grade::Assertion, &leg.back_to) && !refused.contains(&leg.back_to) {
                refused.push(leg.back_to.clone());
            }
        }
        refused
    }

    fn asked_itself(&self, origin: &Origin) -> bool {
        !self.consented
            && self
                .legs
                .iter()
                .any(|leg| leg.sender == *origin && leg.back_to == *origin)
    }
}

/// What to do about an origin that was refused
pub(crate) fn name_it(option: &str, origin: impl fmt::Display) -> String {
    format!("add {option} {origin} only if this is your company's host")
}

/// What names a code or an assertion on the wire, in OpenID Connect, OAuth, SAML, WS-Federation and CAS
const ASSERTIONS: &[&str] = &[
    "code",
    "id_token",
    "access_token",
    "SAMLResponse",
    "wresult",
    "ticket",
];

#[cfg(test)]
mod tests {
    use url::Url;

    use super::{Grade, Origin, Origins};
    use crate::{Request, Secret};

    fn origin(text: &str) -> Origin {
        Origin::parse(text).unwrap()
    }

    fn get(url: &str) -> Request {
        Request::get(&Url::parse(url).unwrap())
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert_eq!(
            origin("https://a.test"),
            origin("https://A.test:443/path?x=1")
        );
        assert_eq!(origin("a.test"), origin("https://a.test"));
        assert_ne!(origin("https://a.test:8443"), origin("https://a.test"));
        assert_eq!(
            origin("https://a.test:8443/x").to_string(),
            "https://a.test:8443"
        );
    }

    #[test]
    fn http_and_userinfo_name_no_origin() {
        assert!(Origin::parse("http://a.test").is_err());
        assert!(Origin::parse("https://a.test@evil.test").is_err());
        assert!(Origin::parse("https://").is_err());
        assert_eq!(Origin::of(&Url::parse("http://a.test").unwrap()), None);
    }

    #[test]
    fn a_lookalike_host_is_shown_in_punycode() {
        assert_eq!(
            origin("https://оkta.test").to_string(),
            "https://xn--kta-red.test"
        );
    }

    #[test]
    fn grades_are_known_by_type_and_by_name() {
        let plain = get("https://a.test/?state=1&SAMLRequest=2&RelayState=3&wctx=4");
        assert_eq!(Grade::of(&plain), Grade::Plain);
        for name in [
            "code",
            "id_token",
            "access_token",
            "SAMLResponse",
            "samlresponse",
            "wresult",
            "ticket",
        ] {
            assert_eq!(
                Grade::of(&get(&format!("https://a.test/?{name}=1"))),
                Grade::Assertion
            );
            assert_eq!(
                Grade::of(&get(&format!("https://a.test/#{name}=1"))),
                Grade::Assertion
            );
        }
        let secret = plain.query_secret("token", &Secret::new("s"));
        assert_eq!(Grade::of(&secret), Grade::Credential);
    }

    #[test]
    fn passwords_go_to_named_origins_only() {
        let origins = Origins::new(
            origin("portal.test"),
            vec![origin("idp.test")],
            vec![origin("via.test")],
        );

        assert!(origins.may_have(Grade::Credential, &origin("idp.test")));
        for other in [
            "portal.test",
            "via.test",
            "evil.test",
            "idp.test:8443",
            "sub.idp.test",
        ] {
            assert!(
                !origins.may_have(Grade::Credential, &origin(other)),
                "{other}"
            );
        }
    }

    #[test]
    fn without_a_name_only_the_portals_own_form_gets_a_password() {
        let origins = Origins::new(origin("portal.test"), vec![], vec![]);

        assert!(origins.may_have(Grade::Credential, &origin("portal.test")));
        assert!(!origins.may_have(Grade::Credential, &origin("idp.test")));
    }

    #[test]
    fn a_broker_gets_the_code_that_it_asked_for_itself() {
        let mut origins = Origins::new(origin("portal.test"), vec![origin("idp.test")], vec![]);
        assert!(!origins.may_have(Grade::Assertion, &origin("broker.test")));

        origins.add_leg(origin("broker.test"), origin("broker.test"));

        assert!(origins.may_have(Grade::Assertion, &origin("broker.test")));
        assert!(origins.refused_returns().is_empty());
        origins.consent_given();
        assert!(!origins.may_have(Grade::Assertion, &origin("broker.test")));
        assert_eq!(origins.refused_returns(), [origin("broker.test")]);
    }

    #[test]
    fn a_return_to_somebody_else_is_refused() {
        let mut origins = Origins::new(origin("portal.test"), vec![origin("idp.test")], vec![]);

        origins.add_leg(origin("portal.test"), origin("evil.test"));

        assert!(!origins.may_have(Grade::Assertion, &origin("evil.test")));
        assert_eq!(origins.refused_returns(), [origin("evil.test")]);
    }
}
