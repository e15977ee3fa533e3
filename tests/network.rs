//! Networks of companies: what stands before a portal gets what is for it, and nobody else gets any of that.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

#[path = "token_source/world.rs"]
#[allow(dead_code, reason = "the tests of the token source use the rest")]
mod world;

use std::io::{copy, sink};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use doorward::store::MemoryStore;
use doorward::{
    Credentials, Error, ErrorKind, FrontDoor, Grant, Network, Portal, Rung, Secret, TokenSource,
    Walk,
};
use doorward_providers::Okta;
use doorward_testkit::{
    ClientCertificate, Fault, Gate, OKTA_HOST, PASSWORD, PORTAL_HOST, PortalIdp, Testbed, Trouble,
    USER,
};
use tokio::task::JoinSet;

const ID: &str = "CF-Access-Client-Id";
const SECRET: &str = "CF-Access-Client-Secret";

/// More than connections come up at once
const LOGINS: usize = 100;

fn gate(client_certificate: ClientCertificate, headers: &[(&str, &str)]) -> Gate {
    let owned = headers
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    let mut gate = Gate::default();
    gate.client_certificate = client_certificate;
    gate.headers = owned.collect();
    gate
}

/// A portal that takes a client certificate and two headers, with a provider that complains of them
fn guarded(idp: PortalIdp) -> Testbed {
    let headers = [(ID, "canary-id-5f1e.access"), (SECRET, "canary-9d3c0a7be1")];
    let gate = gate(ClientCertificate::Asked, &headers);
    Testbed::builder().idp(idp).gate(gate).start().unwrap()
}

fn with_certificate(network: Network, bed: &Testbed, url: &str) -> Network {
    let (certificate, key) = bed.client_certificate().unwrap();
    let key = Secret::new(key);
    network
        .client_identity(url, certificate.as_bytes(), &key)
        .unwrap()
}

fn with_headers(network: Network, url: &str) -> Network {
    let lines = format!("{ID}: canary-id-5f1e.access\r\n\n{SECRET}:canary-9d3c0a7be1\n");
    network.header_lines(url, &Secret::new(lines)).unwrap()
}

fn portal(bed: &Testbed, network: Network) -> Portal {
    let walk = bed
        .walk()
        .unwrap()
        .network(network)
        .adapter(Okta::default());
    Portal::new(&bed.portal_url(), walk).unwrap()
}

async fn open(bed: &Testbed, network: Network) -> Result<Grant, Error> {
    portal(bed, network).open().await
}

#[tokio::test]
async fn a_portal_gets_its_certificate_and_headers_and_the_provider_neither() {
    for idp in [PortalIdp::OktaOidc, PortalIdp::OktaSaml] {
        let bed = guarded(idp);
        let network = with_certificate(bed.network().unwrap(), &bed, &bed.portal_url());
        let network = with_headers(network, &bed.portal_url());

        let grant = open(&bed, network).await.unwrap();

        assert!(grant.subject().contains("jdoe"), "{}", grant.subject());
        assert_eq!(bed.complaints(), Vec::<String>::new());
        let seen = bed.seen();
        let sent = |host: &str, name: &str| {
            let of_host = seen.iter().filter(|seen| seen.host == host);
            of_host
                .map(|seen| {
                    seen.headers
                        .iter()
                        .any(|header| *header == name.to_ascii_lowercase())
                })
                .collect::<Vec<_>>()
        };
        for name in [ID, SECRET] {
            assert!(sent(PORTAL_HOST, name).len() > 1);
            assert!(sent(PORTAL_HOST, name).iter().all(|sent| *sent));
            assert!(!sent(OKTA_HOST, name).is_empty());
            assert!(!sent(OKTA_HOST, name).iter().any(|sent| *sent));
        }
    }
}

#[tokio::test]
async fn a_refresh_at_the_portals_origin_passes_the_gate_too() {
    let bed = guarded(PortalIdp::OktaOidc);
    let network = with_certificate(bed.network().unwrap(), &bed, &bed.portal_url());
    let network = with_headers(network, &bed.portal_url());
    let store = MemoryStore::new();
    // Another process, with nothing in memory.
    let source =
        || TokenSource::new(portal(&bed, network.clone())).store(store.clone(), world::KEY);

    assert_eq!(source().token().await.unwrap().rung(), Rung::Login);
    world::age(&store).await;
    let token = source().token().await.unwrap();

    assert_eq!(token.rung(), Rung::Refresh);
    assert_eq!((bed.logins(), bed.refreshes().granted), (1, 1));
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn without_certificate_or_headers_the_gate_stays_closed() {
    let bed = guarded(PortalIdp::OktaOidc);
    let network = || bed.network().unwrap();
    let url = bed.portal_url();
    let other = format!("https://{PORTAL_HOST}");

    for network in [
        network(),
        with_certificate(network(), &bed, &url),
        with_headers(network(), &url),
        // Another port of the same host is another origin.
        with_headers(with_certificate(network(), &bed, &other), &other),
    ] {
        let error = open(&bed, network).await.unwrap_err();
        assert_ne!(error.kind(), ErrorKind::Rejected);
    }
    assert_eq!(bed.count("okta", "/"), 0);
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_redirect_takes_no_certificate_and_no_header_along() {
    let bed = guarded(PortalIdp::OktaOidc);
    let evil = format!("{}/k8stoken/token/user", bed.evil_url());
    bed.add_fault(Fault::new(
        PORTAL_HOST,
        "/k8stoken/token/user",
        Trouble::Redirect(evil),
    ));
    let network = with_certificate(bed.network().unwrap(), &bed, &bed.portal_url());
    let network = with_headers(network, &bed.portal_url());

    let error = open(&bed, network).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::NoAdapter, "{error}");
    assert!(bed.seen().iter().any(|seen| seen.host == "evil.test"));
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn a_doubles_gate_complains_of_what_is_not_for_it() {
    let bed = guarded(PortalIdp::OktaOidc);
    let mut network = bed.network().unwrap();
    for url in [bed.portal_url(), bed.okta_url()] {
        network = with_headers(with_certificate(network, &bed, &url), &url);
    }

    open(&bed, network).await.unwrap();

    let complaints = bed.complaints().join("\n");
    for told in ["got the portal's header", "got the client certificate"] {
        assert!(
            complaints.contains(&format!("{OKTA_HOST} {told}")),
            "{complaints}"
        );
    }
}

#[tokio::test]
async fn a_server_that_insists_on_a_certificate_is_a_setting() {
    let gate = gate(ClientCertificate::Required, &[]);
    let bed = Testbed::builder().gate(gate).start().unwrap();

    let error = open(&bed, bed.network().unwrap()).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(
        error.to_string().contains("asks for a client certificate"),
        "{error}"
    );
    assert!(error.next_step().unwrap().contains("--client-cert"));
}

#[tokio::test]
async fn a_certificate_that_a_server_does_not_believe_is_a_setting() {
    let required = || {
        let gate = gate(ClientCertificate::Required, &[]);
        Testbed::builder().gate(gate).start().unwrap()
    };
    let (bed, other) = (required(), required());
    let network = with_certificate(bed.network().unwrap(), &other, &bed.portal_url());

    let error = open(&bed, network).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(
        error.to_string().contains("refuses the client certificate"),
        "{error}"
    );
}

#[test]
fn a_key_of_another_certificate_is_refused_before_any_request() {
    let asked = || {
        let gate = gate(ClientCertificate::Asked, &[]);
        Testbed::builder().gate(gate).start().unwrap()
    };
    let (bed, other) = (asked(), asked());
    let (certificate, key) = bed.client_certificate().unwrap();
    let (_, other_key) = other.client_certificate().unwrap();
    let legacy = format!(
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n{}",
        key.split_once('\n').unwrap().1
    );
    let encrypted = key.replace("BEGIN PRIVATE", "BEGIN ENCRYPTED PRIVATE");

    for (certificate, key, told) in [
        (certificate, other_key, "do not belong together"),
        (certificate, &encrypted, "is encrypted"),
        (certificate, &legacy, "is encrypted"),
        (certificate, certificate, "there is no private key"),
        (certificate, "canary", "there is no private key"),
        (key, key, "there is no certificate"),
        ("canary", key, "there is no certificate"),
        ("-----BEGIN canary", key, "is not valid PEM"),
    ] {
        let made = Network::new().client_identity(
            "https://k8sou.example.test",
            certificate.as_bytes(),
            &Secret::new(key),
        );

        let error = made.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(told), "{error}");
        let shown = format!("{error:?} {:?}", error.next_step());
        assert!(!shown.contains("canary"), "{shown}");
        assert!(!shown.contains(&key[..key.len().min(80)]), "{shown}");
    }
    let together = Network::new().client_identity(
        "http://k8sou.example.test",
        certificate.as_bytes(),
        &Secret::new(key),
    );
    assert_eq!(together.unwrap_err().kind(), ErrorKind::Config);
}

#[test]
fn headers_that_the_session_owns_and_odd_lines_are_refused() {
    let read = |lines: &str| {
        Network::new().header_lines("https://k8sou.example.test", &Secret::new(lines))
    };

    for name in [
        "Cookie",
        "host",
        "Content-Length",
        "ORIGIN",
        "Referer",
        "User-Agent",
        "Accept",
        "Transfer-Encoding",
        "Connection",
        "Content-Type",
    ] {
        let error = read(&format!("X-A: 1\n{name}: canary\n")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let shown = error.to_string();
        assert!(
            shown.contains(&name.to_ascii_lowercase()) && shown.contains("line 2"),
            "{shown}"
        );
        assert!(!format!("{error:?}").contains("canary"));
    }
    for lines in [
        "",
        "\n \n",
        "canary",
        "canary canary: x",
        ": canary",
        "X-A:",
        "X-A: canary\u{7f}",
        "X-A: canary\nx-a: canary",
        " folded: canary",
    ] {
        let error = read(lines).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{lines:?}");
        assert!(
            !format!("{error} {error:?}").contains("canary"),
            "{error:?}"
        );
    }
    let network = read("Authorization: Bearer canary\nProxy-Authorization: Bearer canary").unwrap();
    let shown = format!("{network:?}");
    assert!(
        shown.contains("proxy-authorization") && !shown.contains("canary"),
        "{shown}"
    );
}

#[tokio::test]
async fn the_user_agent_is_what_the_caller_says() {
    let headers = [("User-Agent", "acme-pipeline/1.2")];
    let gate = gate(ClientCertificate::NotAsked, &headers);
    let bed = Testbed::builder().gate(gate).start().unwrap();
    let network = bed.network().unwrap();

    let without = open(&bed, network.clone()).await;
    let with = open(&bed, network.user_agent("acme-pipeline/1.2")).await;

    assert!(without.is_err());
    with.unwrap();
}

#[tokio::test]
async fn a_connection_that_does_not_come_up_ends_in_time() {
    // It takes connections, and says nothing in them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let network = Network::new()
        .resolve(&format!("k8sou.example.test:{port}:127.0.0.1"))
        .unwrap()
        .connect_timeout(Duration::from_millis(50));
    let walk = Walk::new()
        .network(network)
        .timeout(Duration::from_secs(1))
        .credentials(Credentials::new(USER, Secret::new(PASSWORD)).unwrap());
    let portal = Portal::new(&format!("https://k8sou.example.test:{port}"), walk).unwrap();

    let begin = Instant::now();
    let error = portal.open().await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(
        error.to_string().contains("did not come up in time"),
        "{error}"
    );
    assert!(begin.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn connections_come_up_in_turn_and_their_wait_is_not_their_time() {
    // It takes connections, and says nothing in them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let network = Network::new()
        .resolve(&format!("k8sou.example.test:{port}:127.0.0.1"))
        .unwrap()
        .connect_timeout(Duration::from_millis(100));
    let (open, most, all) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
    );
    let counted = (Arc::clone(&open), Arc::clone(&most), Arc::clone(&all));
    thread::spawn(move || {
        let (open, most, all) = counted;
        for mut connection in silent.incoming().map_while(Result::ok) {
            most.fetch_max(open.fetch_add(1, Relaxed) + 1, Relaxed);
            all.fetch_add(1, Relaxed);
            let open = Arc::clone(&open);
            thread::spawn(move || {
                // Until the other side has gone.
                let _ = copy(&mut connection, &mut sink());
                open.fetch_sub(1, Relaxed);
            });
        }
    });

    let mut running = JoinSet::new();
    for _ in 0..LOGINS {
        let walk = Walk::new()
            .network(network.clone())
            .credentials(Credentials::new(USER, Secret::new(PASSWORD)).unwrap());
        let portal = Portal::new(&format!("https://k8sou.example.test:{port}"), walk).unwrap();
        running.spawn(async move { portal.open().await });
    }
    while let Some(outcome) = running.join_next().await {
        let error = outcome.unwrap().unwrap_err();
        assert!(
            error.to_string().contains("did not come up in time"),
            "{error}"
        );
    }

    // Each was tried three times, and each time it was the connection that took too long, not the wait for its turn.
    let end = Instant::now() + Duration::from_secs(10);
    while all.load(Relaxed) < 3 * LOGINS && Instant::now() < end {
        thread::yield_now();
    }
    assert_eq!(all.load(Relaxed), 3 * LOGINS);
    // 32 at once, and 32 of which the server does not know yet that they are gone.
    assert!(most.load(Relaxed) <= 64, "{}", most.load(Relaxed));
}
