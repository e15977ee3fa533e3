//! How the doubles of these tests begin and end a login, and how the tests log in.

use doorward::{CodeSource, Credentials, Error, FrontDoor, Grant, Portal, Secret, Walk};
use doorward_testkit::{
    Answer, Ask, CodeRequest, IdpDouble, Person, RelyingParty, SignOn, Testbed, World,
};
use url::Url;

pub(crate) const SITE: &str = "idp.test";
pub(crate) const USER: &str = "dwho";
pub(crate) const PASSWORD: &str = "p@ss&w<rd é+1";
pub(crate) const CODE: &str = "287082";

/// The protocol between portal and provider: what was asked, and the one answer that is good
#[derive(Debug, Default)]
pub(crate) struct Protocol {
    saml: bool,
    portal: Option<RelyingParty>,
    /// `redirect_uri` and `state`, or `RelayState`
    asked: Option<(String, String)>,
}

impl Protocol {
    pub(crate) fn new(saml: bool) -> Self {
        Self {
            saml,
            ..Self::default()
        }
    }

    pub(crate) fn is_saml(&self) -> bool {
        self.saml
    }

    pub(crate) fn register(&mut self, portal: &RelyingParty, url: String) -> SignOn {
        self.portal = Some(portal.clone());
        match self.saml {
            true => SignOn::Saml { sso: url },
            false => SignOn::Oidc {
                authorize: url,
                s256: false,
            },
        }
    }

    /// Notes what the portal asks for
    pub(crate) fn begin(&mut self, ask: &Ask) {
        let acs = self.portal.as_ref().map(|portal| portal.acs.clone());
        self.asked = match self.saml {
            true => acs.zip(ask.query("RelayState")),
            false => ask.query("redirect_uri").zip(ask.query("state")),
        };
    }

    /// Sends the browser back; a SAML page keeps its script elsewhere, and has two buttons without names
    pub(crate) fn back(&mut self, world: &World) -> Answer {
        let Some((to, state)) = self.asked.take() else {
            world.complain("nobody asked for a login");
            return Answer::html(400, "<h1>?</h1>");
        };
        if self.saml {
            return Answer::html(
                200,
                format!(
                    r#"<script src="/post.js"></script><form method="post" action="{to}">
                    <input type="submit" id="postLoginSubmitButton"><input type="hidden" name="RelayState" value="{state}">
                    <input type="hidden" name="SAMLResponse" value="{}"><noscript><button type="submit">x</button></noscript></form>"#,
                    world.secret("assertion-of-dwho")
                ),
            );
        }
        let mut url = Url::parse(&to).unwrap();
        url.query_pairs_mut()
            .append_pair("code", &world.secret("code-of-dwho"))
            .append_pair("state", &state);
        Answer::redirect(url)
    }

    pub(crate) fn redeem(&self, request: &CodeRequest) -> Option<Person> {
        (request.code == "code-of-dwho").then(|| Person::new(USER, PASSWORD))
    }

    pub(crate) fn read_assertion(&self, response: &str) -> Option<Person> {
        (response == "assertion-of-dwho").then(|| Person::new(USER, PASSWORD))
    }
}

pub(crate) fn bed(double: impl IdpDouble + 'static) -> Testbed {
    Testbed::builder()
        .idp_double(Box::new(double))
        .start()
        .unwrap()
}

/// A walk with every adapter there is, and the provider named
pub(crate) fn walk(bed: &Testbed, user: &str, password: &str) -> Walk {
    let credentials = Credentials::new(user, Secret::new(password)).unwrap();
    let credentials = credentials.code(CodeSource::fixed(Secret::new(CODE)));
    with_all(bed, credentials).idp_url(&bed.url(SITE)).unwrap()
}

pub(crate) fn with_all(bed: &Testbed, credentials: Credentials) -> Walk {
    let walk = Walk::new()
        .network(bed.network().unwrap())
        .credentials(credentials);
    let adapters = doorward_providers::all().into_iter();
    adapters.fold(walk, Walk::shared_adapter)
}

pub(crate) async fn open(bed: &Testbed, walk: Walk) -> Result<Grant, Error> {
    Portal::new(&bed.portal_url(), walk)?.open().await
}

/// A login that must succeed, without complaints of the doubles
pub(crate) async fn success(bed: &Testbed, walk: Walk) {
    let grant = open(bed, walk).await.unwrap();

    assert_eq!(grant.subject(), USER);
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

/// A login that must fail, without complaints of the doubles
pub(crate) async fn failure(bed: &Testbed, walk: Walk) -> Error {
    let error = open(bed, walk).await.unwrap_err();

    assert_eq!(bed.complaints(), Vec::<String>::new(), "{error}");
    error
}

/// The requests that the provider got
pub(crate) fn asked(bed: &Testbed) -> Vec<String> {
    let seen = bed.seen().into_iter().filter(|seen| seen.host == SITE);
    seen.map(|seen| format!("{} {} {}", seen.method, seen.path, seen.status))
        .collect()
}

pub(crate) fn posts(bed: &Testbed) -> usize {
    let seen = bed.seen().into_iter();
    seen.filter(|seen| seen.host == SITE && seen.method == "POST")
        .count()
}

/// Which adapter an error is from
pub(crate) fn adapter(error: &Error) -> Option<String> {
    let mut context = error.context();
    context
        .find(|(key, _)| *key == "adapter")
        .map(|(_, value)| value.to_owned())
}
