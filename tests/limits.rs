//! Every wait has an end, and nothing grows without a limit.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

use std::io::Write;
use std::time::{Duration, Instant};

use doorward::{Error, ErrorKind, FrontDoor, Hop, Network, Portal, Walk};
use doorward_providers::Okta;
use doorward_testkit::{
    Answer, Ask, Builder, CodeRequest, Fault, IdpDouble, OKTA_HOST, PORTAL_HOST, Person,
    RelyingParty, SignOn, Testbed, TlsSwitch, Trouble, World,
};

/// A provider of one answer
struct One(fn(&Ask) -> Answer);

impl IdpDouble for One {
    fn sites(&self) -> Vec<String> {
        vec!["idp.test".to_owned()]
    }

    fn register(&mut self, _: &RelyingParty, world: &World) -> SignOn {
        SignOn::Oidc {
            authorize: format!("{}/authorize", world.origin("idp.test")),
            s256: false,
        }
    }

    fn answer(&mut self, ask: &Ask, _: &World) -> Answer {
        (self.0)(ask)
    }

    fn redeem(&mut self, _: &CodeRequest, _: &World) -> Option<Person> {
        None
    }

    fn read_assertion(&mut self, _: &str, _: &World) -> Option<Person> {
        None
    }
}

async fn failure(builder: Builder, change: impl Fn(Walk) -> Walk) -> (Testbed, Error) {
    let bed = builder.start().unwrap();
    let walk = change(bed.walk().unwrap().adapter(Okta::default()));
    let error = Portal::new(&bed.portal_url(), walk)
        .unwrap()
        .open()
        .await
        .unwrap_err();
    (bed, error)
}

async fn failure_at(answer: fn(&Ask) -> Answer) -> (Testbed, Error) {
    failure(
        Testbed::builder().idp_double(Box::new(One(answer))),
        |walk| walk,
    )
    .await
}

#[tokio::test]
async fn a_circle_ends_at_its_third_turn() {
    let (bed, error) = failure_at(|ask| Answer::redirect(ask.uri())).await;

    assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
    assert_eq!(bed.count("idp.test", "/authorize"), 2);
    assert_eq!(error.trail().hops().len(), 4);
}

#[tokio::test]
async fn a_way_without_end_stops_at_the_hop_limit() {
    let (bed, error) = failure_at(|ask| Answer::redirect(format!("{}x", ask.path()))).await;
    assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
    assert_eq!(bed.seen().len(), 60);

    let endless = Testbed::builder().idp_double(Box::new(One(|ask| {
        Answer::redirect(format!("{}x", ask.path()))
    })));
    let (bed, error) = failure(endless, |walk| walk.max_hops(5)).await;
    assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
    assert_eq!(bed.seen().len(), 5);
}

#[tokio::test]
async fn a_page_has_a_limit() {
    let (_bed, error) = failure_at(|_| Answer::html(200, "x".repeat(5 << 20))).await;

    assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
    assert!(error.message().contains("the page"));
}

#[tokio::test]
async fn a_gzip_bomb_meets_the_same_limit() {
    let (_bed, error) = failure_at(|_| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        for _ in 0..64 {
            encoder.write_all(&[b' '; 1 << 20]).unwrap();
        }
        Answer::html(200, "")
            .header("Content-Encoding", "gzip")
            .body(encoder.finish().unwrap())
    })
    .await;

    assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
    assert!(error.message().contains("the page"));
}

#[tokio::test]
async fn headers_and_cookies_have_limits() {
    let (_bed, error) =
        failure_at(|_| Answer::html(200, "x").header("X-Long", "x".repeat(70_000))).await;
    assert_eq!(error.kind(), ErrorKind::UnexpectedPage);

    let (_bed, error) = failure_at(|_| {
        (0..200).fold(Answer::html(200, "x"), |answer, n| {
            answer.header("X-Many", n.to_string())
        })
    })
    .await;
    assert_eq!(error.kind(), ErrorKind::UnexpectedPage);

    let (_bed, error) = failure_at(|_| {
        Answer::html(200, "x").header("Set-Cookie", format!("a={}", "x".repeat(20_000)))
    })
    .await;
    assert_eq!(error.kind(), ErrorKind::UnexpectedPage);
}

#[tokio::test]
async fn a_hop_takes_as_long_as_its_server() {
    let pause = Duration::from_millis(50);
    let slow = Fault::new(OKTA_HOST, "/login/login.htm", Trouble::Slow(pause));
    let bed = Testbed::builder().fault(slow).start().unwrap();
    let walk = bed.walk().unwrap().adapter(Okta::default());
    let portal = Portal::new(&bed.portal_url(), walk).unwrap();
    let begin = Instant::now();

    let grant = portal.open().await.unwrap();

    let whole = begin.elapsed();
    let hops = grant.trail().hops();
    let took = |hops: &[Hop]| hops.iter().map(|hop| hop.took).sum::<Duration>();
    assert!(took(hops) <= whole, "{:?} of {whole:?}", took(hops));
    let slow: Vec<Hop> = hops
        .iter()
        .filter(|hop| hop.path == "/login/login.htm")
        .cloned()
        .collect();
    assert!(took(&slow) >= pause, "{slow:?}");
    assert!(hops.iter().all(|hop| !hop.took.is_zero()));
}

#[tokio::test]
async fn the_deadline_ends_a_login() {
    let slow = Fault::new(
        OKTA_HOST,
        "/login/login.htm",
        Trouble::Slow(Duration::from_secs(30)),
    );
    let (_bed, error) = failure(Testbed::builder().fault(slow), |walk| {
        walk.timeout(Duration::from_millis(300))
    })
    .await;

    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.next_step().unwrap().contains("--timeout"));
}

#[tokio::test]
async fn a_silent_server_ends_a_login() {
    let slow = Fault::new(
        PORTAL_HOST,
        "/k8stoken",
        Trouble::Slow(Duration::from_secs(30)),
    )
    .times(9);
    let bed = Testbed::builder().fault(slow).start().unwrap();
    let network = bed
        .network()
        .unwrap()
        .read_timeout(Duration::from_millis(100));

    let error = Portal::new(&bed.portal_url(), bed.walk().unwrap().network(network))
        .unwrap()
        .open()
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Transport);
}

#[tokio::test]
async fn a_certificate_that_is_not_believed_is_named() {
    for (switch, words) in [
        (TlsSwitch::Untrusted, "does not believe"),
        (TlsSwitch::Expired, "has expired"),
        (TlsSwitch::WrongName, "another name"),
    ] {
        let (_bed, error) = failure(Testbed::builder().tls(switch), |walk| walk).await;

        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.message().contains(words), "{error}");
        assert!(error.context().any(|(key, _)| key == "issuer"));
        let sha256 = error.context().find(|(key, _)| *key == "sha256").unwrap().1;
        assert_eq!(sha256.len(), 95, "{sha256}");
        assert!(error.next_step().unwrap().contains("--ca-file"));
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_matter_of_transport() {
    let network = Network::new()
        .ca_pem(Testbed::start().unwrap().ca_pem().as_bytes())
        .unwrap()
        .ca_only();
    // Nothing listens on the discard port of this machine.
    let error = Portal::new("https://127.0.0.1:9", Walk::new().network(network))
        .unwrap()
        .open()
        .await
        .unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.kind().is_retryable());
}

#[tokio::test]
async fn a_dropped_login_leaves_nothing_behind() {
    let slow = Fault::new(
        OKTA_HOST,
        "/login/login.htm",
        Trouble::Slow(Duration::from_secs(30)),
    );
    let bed = Testbed::builder().fault(slow).start().unwrap();
    let portal = Portal::new(
        &bed.portal_url(),
        bed.walk().unwrap().adapter(Okta::default()),
    )
    .unwrap();

    let dropped = tokio::time::timeout(Duration::from_millis(300), portal.open()).await;

    assert!(dropped.is_err());
    portal.open().await.unwrap();
}
