//! Who may have what: the three grades of what a request carries, and the origins that each may go to.

use std::fmt;

use url::{Host, Url};

use crate::url_prefix::{Reach, UrlPrefix};
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

    /// The origin of the URLs below `prefix`
    pub(crate) fn of_prefix(prefix: &UrlPrefix) -> Self {
        Self {
            host: prefix.host().clone(),
            port: prefix.port(),
        }
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

/// What counts as one provider: whoever has a password of its own
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// An origin, for which the credentials of the whole login are
    Origin(Origin),
    /// A part of an origin that has credentials of its own
    Prefix(UrlPrefix),
}

impl Place {
    /// The part of an origin, if it is one
    pub(crate) fn prefix(&self) -> Option<&UrlPrefix> {
        match self {
            Self::Origin(_) => None,
            Self::Prefix(prefix) => Some(prefix),
        }
    }

    /// Whether `other` is a part of this place with other credentials
    pub(crate) fn is_above(&self, other: &Self) -> bool {
        match (self, other.prefix()) {
            (_, None) => false,
            (Self::Origin(origin), Some(other)) => *origin == Origin::of_prefix(other),
            (Self::Prefix(prefix), Some(other)) => prefix.is_above(other),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Origin(origin) => origin.fmt(f),
            Self::Prefix(prefix) => prefix.fmt(f),
        }
    }
}

/// The origins of one login, and what each may have
#[derive(Clone, Debug)]
pub(crate) struct Origins {
    /// The front door's own
    own: Origin,
    named: Vec<Origin>,
    /// The parts of providers that have credentials of their own
    prefixes: Vec<UrlPrefix>,
    via: Vec<Origin>,
    /// Senders that asked for the answer to come back to themselves
    legs: Vec<Leg>,
    /// Where requests asked for an answer to be sent, without queries
    returns: Vec<Url>,
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
            prefixes: Vec::new(),
            via,
            legs: Vec::new(),
            returns: Vec::new(),
            consented: false,
        }
    }

    /// Names the origins of `prefixes`, whose URLs get credentials of their own
    pub(crate) fn with_prefixes(mut self, prefixes: impl Iterator<Item = UrlPrefix>) -> Self {
        self.prefixes.extend(prefixes);
        self
    }

    /// Whose credentials are for `url`: those of the longest prefix, or else those of the whole login
    ///
    /// Nobody's, where servers may take the URL for one below a longer prefix, or not.
    pub(crate) fn place(&self, url: &Url) -> Option<Place> {
        let origin = Origin::of(url)?;
        let longest = |wanted: Reach| {
            let prefixes = self.prefixes.iter();
            let found = prefixes.filter(move |prefix| prefix.reach(url) == wanted);
            found.max_by_key(|prefix| prefix.length())
        };
        match (longest(Reach::Below), longest(Reach::Unclear)) {
            (None, Some(_)) => None,
            (Some(below), Some(unclear)) if below.length() < unclear.length() => None,
            (Some(below), _) => Some(Place::Prefix(below.clone())),
            (None, None) => Some(Place::Origin(origin)),
        }
    }

    /// Whether `url` may have the credentials that are for it
    ///
    /// An origin that is named by a prefix alone gets none for its other URLs.
    pub(crate) fn may_have_credentials(&self, url: &Url) -> bool {
        match self.place(url) {
            None => false,
            Some(Place::Prefix(_)) => true,
            Some(Place::Origin(origin)) => self.may_have(Grade::Credential, &origin),
        }
    }

    /// Whether a part of `origin` has credentials of its own
    pub(crate) fn has_prefix(&self, origin: &Origin) -> bool {
        let mut prefixes = self.prefixes.iter();
        prefixes.any(|prefix| Origin::of_prefix(prefix) == *origin)
    }

    /// Remembers that `sender` asked another origin to send the answer `back_to`
    pub(crate) fn add_leg(&mut self, sender: Origin, back_to: Origin) {
        let leg = Leg { sender, back_to };
        if !self.legs.contains(&leg) {
            self.legs.push(leg);
        }
    }

    /// Remembers that an answer was asked for at `url`
    pub(crate) fn add_return(&mut self, url: &Url) {
        let place = without_query(url);
        if !self.returns.contains(&place) {
            self.returns.push(place);
        }
    }

    /// Whether an answer was asked for at `url`
    pub(crate) fn is_return(&self, url: &Url) -> bool {
        self.returns.contains(&without_query(url))
    }

    pub(crate) fn consent_given(&mut self) {
        self.consented = true;
    }

    pub(crate) fn own(&self) -> &Origin {
        &self.own
    }

    /// Whether `origin` may have what is of `grade`; of credentials, those of the whole login
    pub(crate) fn may_have(&self, grade: Grade, origin: &Origin) -> bool {
        let named = self.named.contains(origin);
        match grade {
            Grade::Plain => true,
            Grade::Credential => {
                let is_nobody_named = self.named.is_empty() && self.prefixes.is_empty();
                named || (is_nobody_named && *origin == self.own)
            }
            Grade::Assertion => {
                named
                    || self.has_prefix(origin)
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

fn without_query(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url
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

    use super::{Grade, Origin, Origins, Place};
    use crate::url_prefix::UrlPrefix;
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
    fn a_return_address_is_known_without_its_query() {
        let url = |text: &str| Url::parse(text).unwrap();
        let mut origins = Origins::new(origin("portal.test"), vec![], vec![]);
        origins.add_return(&url("https://broker.test/callback?login=1"));

        assert!(origins.is_return(&url("https://broker.test/callback")));
        assert!(origins.is_return(&url("https://broker.test/callback?x=2#y")));
        assert!(!origins.is_return(&url("https://broker.test/consent")));
        assert!(!origins.is_return(&url("https://portal.test/callback")));
    }

    #[test]
    fn a_return_to_somebody_else_is_refused() {
        let mut origins = Origins::new(origin("portal.test"), vec![origin("idp.test")], vec![]);

        origins.add_leg(origin("portal.test"), origin("evil.test"));

        assert!(!origins.may_have(Grade::Assertion, &origin("evil.test")));
        assert_eq!(origins.refused_returns(), [origin("evil.test")]);
    }

    /// Two realms of one host, and all of another, beside a provider that is named
    fn with_prefixes() -> Origins {
        let prefixes = [
            "https://ids.test/realms/corp",
            "https://ids.test/realms/partner",
            "https://ids.test/realms/partner/inner",
            "https://other.test",
        ];
        let prefixes = prefixes.map(|prefix| UrlPrefix::parse(prefix).unwrap());
        Origins::new(origin("portal.test"), vec![origin("idp.test")], vec![])
            .with_prefixes(prefixes.into_iter())
    }

    #[test]
    fn the_longest_prefix_decides_whose_credentials_a_url_gets() {
        for (url, whose) in [
            (
                "https://ids.test/realms/corp/auth",
                "https://ids.test/realms/corp",
            ),
            (
                "https://ids.test/realms/partner/x",
                "https://ids.test/realms/partner",
            ),
            (
                "https://ids.test/realms/partner/inner/x",
                "https://ids.test/realms/partner/inner",
            ),
            (
                "https://ids.test/realms/partner/inner2",
                "https://ids.test/realms/partner",
            ),
            ("https://ids.test/realms/corporate", "https://ids.test"),
            ("https://OTHER.test:443/x?y", "https://other.test"),
            ("https://idp.test/realms/corp", "https://idp.test"),
        ] {
            let place = with_prefixes().place(&Url::parse(url).unwrap());
            assert_eq!(place.unwrap().to_string(), whose, "{url}");
        }
    }

    #[test]
    fn a_url_that_may_be_anybodys_gets_no_credentials() {
        for url in [
            "https://ids.test/realms/Corp/auth",
            "https://ids.test/realms//corp",
            "https://ids.test/realms/corp;x/auth",
            "https://ids.test/realms/partner/..%2Fcorp/auth",
            "https://ids.test/realms/partner/inner;x",
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(with_prefixes().place(&url), None, "{url}");
            assert!(!with_prefixes().may_have_credentials(&url), "{url}");
        }
    }

    #[test]
    fn an_origin_that_a_prefix_names_gets_credentials_below_it_only() {
        let gets = |url: &str| with_prefixes().may_have_credentials(&Url::parse(url).unwrap());

        for url in [
            "https://ids.test/realms/corp",
            "https://other.test/",
            "https://idp.test/x",
        ] {
            assert!(gets(url), "{url}");
        }
        for url in [
            "https://ids.test/",
            "https://ids.test/realms/corporate",
            "https://ids.test:8443/realms/corp",
            "http://ids.test/realms/corp",
            "https://x@ids.test/realms/corp",
            "https://portal.test/",
        ] {
            assert!(!gets(url), "{url}");
        }
        let origins = with_prefixes();
        assert!(origins.may_have(Grade::Assertion, &origin("ids.test")));
        assert!(!origins.may_have(Grade::Credential, &origin("ids.test")));
    }

    #[test]
    fn a_prefix_takes_the_credentials_from_the_portals_own_form() {
        let portal = Url::parse("https://portal.test/auth").unwrap();
        let alone = Origins::new(origin("portal.test"), vec![], vec![]);
        assert!(alone.may_have_credentials(&portal));

        let prefix = UrlPrefix::parse("https://ids.test").unwrap();
        let named = alone.with_prefixes([prefix].into_iter());
        assert!(!named.may_have_credentials(&portal));
    }

    #[test]
    fn a_place_is_above_its_parts_and_no_other() {
        let place = |url: &str| with_prefixes().place(&Url::parse(url).unwrap()).unwrap();
        let [all, corp, partner, inner] = [
            "/",
            "/realms/corp",
            "/realms/partner",
            "/realms/partner/inner",
        ]
        .map(|path| place(&format!("https://ids.test{path}")));

        assert!(all.is_above(&corp) && all.is_above(&inner) && partner.is_above(&inner));
        assert!(!corp.is_above(&partner) && !inner.is_above(&partner) && !all.is_above(&all));
        assert!(!place("https://idp.test/").is_above(&corp));
        assert_eq!(all, Place::Origin(origin("ids.test")));
    }
}
