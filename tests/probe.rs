//! What a look at a login says without signing in, and that it sends nothing of anybody.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use doorward::diagnosis::{Diagnosis, End, LoginPage};
use doorward::{Error, ErrorKind, FrontDoor, IdpAdapter, Page, Portal, Recognition, Visit};
use doorward_providers::{Okta, OpenUnison};
use doorward_testkit::{
    Fault, OKTA_HOST, PASSWORD, PortalIdp, PortalSwitches, Testbed, TlsSwitch, Trouble, USER,
};

/// With credentials at hand, of which none may be sent
async fn look(bed: &Testbed) -> Diagnosis {
    let walk = bed.walk_as(USER, PASSWORD).unwrap();
    let walk = walk.adapter(Okta::default()).adapter(OpenUnison::default());
    let portal = Portal::new(&bed.portal_url(), walk).unwrap();
    portal.probe().await.unwrap()
}

fn login_page(diagnosis: Diagnosis) -> LoginPage {
    match diagnosis.end {
        End::LoginPage(page) => page,
        other => panic!("{other:?}"),
    }
}

fn failure(diagnosis: &Diagnosis) -> (&str, ErrorKind) {
    match &diagnosis.end {
        End::Failed { origin, error } => (origin, error.kind()),
        other => panic!("{other:?}"),
    }
}

/// Nothing but what anybody's browser sends who opens the portal
fn is_nobodys(bed: &Testbed) {
    let seen = bed.seen();
    let sent: Vec<_> = seen.iter().filter(|seen| seen.method != "GET").collect();
    assert!(sent.is_empty(), "{sent:?}");
    assert_eq!((bed.logins(), bed.complaints()), (0, Vec::<String>::new()));
}

#[tokio::test]
async fn the_way_to_the_login_page_is_seen_and_nothing_is_sent() {
    let bed = Testbed::start().unwrap();

    let diagnosis = look(&bed).await;

    let origins: Vec<&str> = diagnosis
        .servers
        .iter()
        .map(|server| server.origin.as_str())
        .collect();
    assert_eq!(origins, [bed.portal_url(), bed.okta_url()]);
    for server in &diagnosis.servers {
        assert!(server.answered && server.refused.is_none());
        assert_eq!(server.clock_ahead, Some(0));
        let own = server.chain.first().unwrap();
        assert!(own.days_left(SystemTime::now()).unwrap() > 0);
        assert!(own.issuer.contains("throw-away"), "{own:?}");
        assert!(
            own.names.iter().any(|name| name == "k8sou.example.test"),
            "{own:?}"
        );
    }
    assert_eq!(diagnosis.steps.len(), bed.seen().len());
    assert!(diagnosis.unnamed_returns.is_empty());
    let page = login_page(diagnosis);
    assert_eq!(page.adapter.as_ref().unwrap(), &"okta");
    assert_eq!(
        (page.recognized[0].adapter, page.recognized[0].how_surely),
        ("okta", "certain")
    );
    is_nobodys(&bed);
}

#[tokio::test]
async fn a_portals_own_form_is_seen_with_its_fields() {
    let bed = Testbed::builder().idp(PortalIdp::Form).start().unwrap();

    let page = login_page(look(&bed).await);

    assert_eq!(page.adapter.as_ref().unwrap(), &"openunison");
    assert!(
        page.structure.contains("pwd:password"),
        "{}",
        page.structure
    );
    assert!(page.factors.is_empty());
    is_nobodys(&bed);
}

#[tokio::test]
async fn a_certificate_that_is_refused_is_seen_all_the_same() {
    let bed = Testbed::builder().tls(TlsSwitch::Expired).start().unwrap();

    let diagnosis = look(&bed).await;

    let portal = bed.portal_url();
    assert_eq!(failure(&diagnosis), (portal.as_str(), ErrorKind::Config));
    let [server] = diagnosis.servers.as_slice() else {
        panic!("{:?}", diagnosis.servers)
    };
    assert_eq!(server.refused, Some("has expired"));
    assert!(!server.answered && server.clock_ahead.is_none());
    assert!(server.chain[0].days_left(SystemTime::now()).unwrap() < 0);
    assert_eq!(bed.seen().len(), 0);
}

#[tokio::test]
async fn clocks_are_compared_in_both_directions() {
    for (back, ahead) in [(false, 100), (true, -100)] {
        let bed = Testbed::start().unwrap();
        match back {
            true => bed.clock().set_back(Duration::from_secs(100)),
            false => bed.clock().advance(Duration::from_secs(100)),
        }

        let diagnosis = look(&bed).await;

        let told = diagnosis.servers[0].clock_ahead.unwrap();
        assert!((told - ahead).abs() <= 2, "{told}");
    }
}

#[tokio::test]
async fn a_failure_is_that_of_a_login_at_the_same_place() {
    let bed = Testbed::start().unwrap();
    bed.add_fault(Fault::new(OKTA_HOST, "/", Trouble::BadGateway).times(9));

    let diagnosis = look(&bed).await;

    let okta = bed.okta_url();
    assert_eq!(failure(&diagnosis), (okta.as_str(), ErrorKind::Unavailable));
    let End::Failed { error, .. } = &diagnosis.end else {
        return;
    };
    assert_eq!(error.trail().hops().len(), diagnosis.steps.len());
    is_nobodys(&bed);
}

#[tokio::test]
async fn a_chooser_is_answered_only_as_the_caller_decided() {
    let bed = Testbed::builder()
        .portal(PortalSwitches {
            chooser: vec!["Okta".to_owned(), "Other".to_owned()],
            ..PortalSwitches::default()
        })
        .start()
        .unwrap();

    let diagnosis = look(&bed).await;

    let portal = bed.portal_url();
    assert_eq!(failure(&diagnosis), (portal.as_str(), ErrorKind::Config));
    assert_eq!(bed.logins(), 0);
}

/// Knows the page of another as well as that one does
#[derive(Debug)]
struct Twin;

#[async_trait]
impl IdpAdapter for Twin {
    fn name(&self) -> &'static str {
        "twin"
    }

    fn recognizes(&self, page: &Page) -> Recognition {
        match Okta::default().recognizes(page) {
            Recognition::Certain(_) => Recognition::Certain("the same marks"),
            _ => Recognition::No,
        }
    }

    async fn sign_in(&self, _: Page, _: &mut Visit<'_>) -> Result<Page, Error> {
        panic!("no adapter acts")
    }
}

#[tokio::test]
async fn adapters_that_know_a_page_equally_well_are_both_shown() {
    let bed = Testbed::start().unwrap();
    let walk = bed.walk_as(USER, PASSWORD).unwrap();
    let walk = walk.adapter(Okta::default()).adapter(Twin);

    let portal = Portal::new(&bed.portal_url(), walk).unwrap();
    let page = login_page(portal.probe().await.unwrap());

    let recognized = page.recognized.iter();
    let names: Vec<&str> = recognized.map(|recognized| recognized.adapter).collect();
    assert_eq!(names, ["okta", "twin"]);
    assert_eq!(page.adapter.unwrap_err().kind(), ErrorKind::Config);
    is_nobodys(&bed);
}
