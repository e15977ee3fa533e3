//! Canaries of what opens a company's network: headers, a client key, and the password of a proxy.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use doorward::{ErrorKind, FrontDoor, Network, Portal, Proxy, Secret};
use doorward_providers::Okta;
use doorward_testkit::{ClientCertificate, Gate, Testbed};

use crate::{LOG, all_of};

/// A proxy that refuses everybody; what it was sent is its thread's result
fn refusing() -> (u16, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            client.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
        client.write_all(refusal).unwrap();
        String::from_utf8(head).unwrap()
    });
    (port, heard)
}

#[test]
fn no_secret_of_a_network_occurs_where_people_look() {
    let before = LOG.length();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut gate = Gate::default();
    gate.client_certificate = ClientCertificate::Asked;
    gate.headers = vec![("X-Canary".into(), "header-canary-77aa".into())];
    let bed = Testbed::builder().gate(gate).start().unwrap();
    let (certificate, key) = bed.client_certificate().unwrap();
    let (certificate, key) = (certificate.as_bytes(), Secret::new(key));
    let (url, header) = (bed.portal_url(), Secret::new("header-canary-77aa"));
    let opened = |network: Network| {
        let network = network.client_identity(&url, certificate, &key).unwrap();
        network.header(&url, "X-Canary", &header).unwrap()
    };
    let portal = |network: &Network| {
        let walk = bed.walk().unwrap().adapter(Okta::default());
        Portal::new(&url, walk.network(network.clone())).unwrap()
    };
    let network = opened(bed.network().unwrap());
    let grant = runtime.block_on(portal(&network).open()).unwrap();
    let mut shown = format!("{network:?}{network:#?}{grant:?}{:?}", portal(&network));

    let (port, heard) = refusing();
    let proxy = Proxy::parse(&format!("http://user-canary@127.0.0.1:{port}")).unwrap();
    let proxied = network
        .proxy(proxy.clone())
        .proxy_password(Secret::new("proxy-canary-31f0"));
    let error = runtime.block_on(portal(&proxied).open()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    shown.push_str(&format!("{proxy:?}{proxy}{proxied:?}{}", all_of(&error)));

    shown.push_str(&LOG.since(before));
    // base64 of "user-canary:proxy-canary-31f0"
    let sent = "dXNlci1jYW5hcnk6cHJveHktY2FuYXJ5LTMxZjA=";
    assert!(heard.join().unwrap().contains(sent));
    assert!(
        shown.contains("/k8stoken/token/user"),
        "the hops are logged"
    );
    let lines = key
        .expose_secret()
        .lines()
        .filter(|line| !line.starts_with('-'));
    let mut canaries: Vec<&str> = lines.collect();
    canaries.extend(["header-canary", "proxy-canary", "user-canary", sent]);
    for canary in canaries {
        assert!(!shown.contains(canary), "{canary}\nin\n{shown}");
    }
    assert_eq!(bed.complaints(), Vec::<String>::new());
}
