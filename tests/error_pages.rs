//! What an adapter makes of a failure comes before the bare status, and only at origins that were named.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

use async_trait::async_trait;
use doorward::{Credentials, Error, ErrorKind, FrontDoor, IdpAdapter, Page, Portal, Recognition};
use doorward::{Secret, Visit, Walk};
use doorward_testkit::{Answer, Ask, CodeRequest, IdpDouble, Person, RelyingParty, SignOn};
use doorward_testkit::{Testbed, World};

/// Answers every sign-in request with a page of this status
struct Failing(u16);

impl IdpDouble for Failing {
    fn sites(&self) -> Vec<String> {
        vec![IDP.to_owned()]
    }

    fn register(&mut self, _: &RelyingParty, world: &World) -> SignOn {
        SignOn::Oidc {
            authorize: format!("{}/authorize", world.origin(IDP)),
            s256: false,
        }
    }

    fn answer(&mut self, _: &Ask, _: &World) -> Answer {
        Answer::html(self.0, "<p id=closed>We are closed</p>")
    }

    fn redeem(&mut self, _: &CodeRequest, _: &World) -> Option<Person> {
        None
    }

    fn read_assertion(&mut self, _: &str, _: &World) -> Option<Person> {
        None
    }
}

/// Knows the provider's error page, and no other; or says nothing of it, as most adapters do
#[derive(Clone, Debug)]
struct Clerk {
    explains: bool,
}

#[async_trait]
impl IdpAdapter for Clerk {
    fn name(&self) -> &'static str {
        "clerk"
    }

    fn recognizes(&self, _: &Page) -> Recognition {
        Recognition::No
    }

    async fn sign_in(&self, page: Page, _: &mut Visit<'_>) -> Result<Page, Error> {
        Err(Error::unexpected_page("not mine").at("page", page.path()))
    }

    fn explains(&self, page: &Page) -> Option<Error> {
        let closed = page.text_of("#closed").filter(|_| self.explains);
        closed.map(|_| Error::account_state("the provider is closed"))
    }
}

async fn failure(status: u16, explains: bool, named: bool) -> Error {
    let double = Box::new(Failing(status));
    let bed = Testbed::builder().idp_double(double).start().unwrap();
    let walk = Walk::new()
        .network(bed.network().unwrap())
        .credentials(Credentials::new("ci-bot", Secret::new("unused")).unwrap())
        .adapter(Clerk { explains });
    let idp = if named { bed.url(IDP) } else { bed.evil_url() };
    let portal = Portal::new(&bed.portal_url(), walk.idp_url(&idp).unwrap()).unwrap();
    portal.open().await.unwrap_err()
}

#[tokio::test]
async fn a_failure_that_an_adapter_explains_is_told_in_its_words() {
    for status in [400, 403, 429, 500, 503] {
        let error = failure(status, true, true).await;

        assert_eq!(error.kind(), ErrorKind::AccountState, "{status}: {error}");
        assert!(error.context().any(|pair| pair == ("adapter", "clerk")));
        assert!(!error.trail().hops().is_empty());
    }
}

#[tokio::test]
async fn a_failure_that_nobody_explains_is_told_by_its_status() {
    for (explains, named) in [(false, true), (true, false)] {
        for (status, kind) in [
            (400, ErrorKind::NoAdapter),
            (429, ErrorKind::Unavailable),
            (503, ErrorKind::Unavailable),
        ] {
            let error = failure(status, explains, named).await;

            assert_eq!(error.kind(), kind, "{status}: {error}");
        }
    }
}

#[tokio::test]
async fn a_page_that_is_no_failure_is_not_explained() {
    let error = failure(200, true, true).await;

    assert_eq!(error.kind(), ErrorKind::NoAdapter, "{error}");
}

const IDP: &str = "idp.acme.test";
