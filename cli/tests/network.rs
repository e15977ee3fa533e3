//! The network as companies have it: proxies, and images without certificate authorities.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use doorward_testkit::{PASSWORD, Testbed, USER};

use crate::program::Program;

/// A proxy on loopback that notes what it is asked for, and leads every tunnel to `target` or refuses it
struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    fn start(target: Option<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&asked);
        thread::spawn(move || {
            for client in listener.incoming().take(20).flatten() {
                let notes = Arc::clone(&notes);
                thread::spawn(move || tunnel(client, target, &notes));
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn tunnel(
    mut client: TcpStream,
    target: Option<SocketAddr>,
    notes: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < 8192 {
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    notes
        .lock()
        .unwrap()
        .push(String::from_utf8_lossy(&head).into_owned());
    let Some(target) = target else {
        return client.write_all(
            b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
        );
    };
    let mut server = TcpStream::connect(target)?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || io::copy(&mut from_client, &mut to_server));
    io::copy(&mut server, &mut client).map(|_| ())
}

#[test]
fn a_proxy_takes_the_login_through() {
    let bed = Testbed::start().unwrap();
    let proxy = Proxy::start(Some(bed.address()));

    let outcome = Program::login(&bed)
        .words(&["-vv", "-o", "none"])
        .variable(
            "HTTPS_PROXY",
            format!("http://ci:proxy-canary@{}", proxy.address),
        )
        .run()
        .ends_with(0);

    let asked = proxy.asked();
    assert_eq!(asked.len(), 2, "one tunnel for each host");
    assert!(asked.iter().all(|head| head.starts_with("CONNECT ")));
    assert!(
        asked
            .iter()
            .all(|head| head.to_lowercase().contains("proxy-authorization: basic"))
    );
    assert!(!outcome.stderr.contains("proxy-canary"));
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[test]
fn a_proxy_that_asks_for_a_password_is_a_setting() {
    let bed = Testbed::start().unwrap();
    let proxy = Proxy::start(None);

    let outcome = Program::login(&bed)
        .variable(
            "HTTPS_PROXY",
            format!("http://ci:proxy-canary@{}", proxy.address),
        )
        .run()
        .ends_with(10);

    assert!(outcome.stderr.contains("proxy"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("HTTPS_PROXY"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("proxy-canary"));
    assert_eq!(proxy.asked().len(), 1);
}

#[test]
fn hosts_in_no_proxy_are_reached_directly() {
    let bed = Testbed::start().unwrap();
    let proxy = Proxy::start(None);

    Program::login(&bed)
        .words(&["-o", "none"])
        .variable("HTTPS_PROXY", format!("http://{}", proxy.address))
        .variable("NO_PROXY", "example.test,okta.test")
        .run()
        .ends_with(0);

    assert!(proxy.asked().is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn an_image_without_certificate_authorities_is_told_how_to_get_them() {
    let bed = Testbed::start().unwrap();

    let outcome = Program::new(&["login", "--portal", &bed.portal_url(), "--username", USER])
        .variable("DOORWARD_PASSWORD", PASSWORD)
        .variable("SSL_CERT_FILE", "/nonexistent/ca.pem")
        .variable("SSL_CERT_DIR", "/nonexistent")
        .run()
        .ends_with(10);

    assert!(outcome.stderr.contains("--ca-file"), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("SSL_CERT_FILE"),
        "{}",
        outcome.stderr
    );
    assert!(bed.seen().is_empty());
}
