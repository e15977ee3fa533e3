//! The network as companies have it: proxies, and images without certificate authorities.

use std::fs::{self, Permissions};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::thread;

use doorward_testkit::{ClientCertificate, Gate, PASSWORD, Testbed, USER};
use serde_json::Value;

use crate::job::{Job, PROFILES};
use crate::program::{Home, Program};

/// A proxy on loopback that notes what it is asked for, and leads every tunnel to `target` or refuses it
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    pub(crate) fn start(target: Option<SocketAddr>) -> Self {
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

#[test]
fn a_proxy_of_the_option_goes_before_that_of_the_environment() {
    let bed = Testbed::start().unwrap();
    let proxy = Proxy::start(Some(bed.address()));
    let other = Proxy::start(None);
    let login = || {
        Program::login(&bed)
            .words(&["-vv", "-o", "none"])
            .variable("HTTPS_PROXY", format!("http://{}", other.address))
            .variable("DOORWARD_PROXY_PASSWORD", "canary %40+ü")
    };

    let named = format!("http://c%69@{}", proxy.address);
    let outcome = login().words(&["--proxy", &named]).run().ends_with(0);

    let asked = proxy.asked();
    assert_eq!(asked.len(), 2);
    // base64 of "ci:canary %40+ü"
    let sent = "authorization: Basic Y2k6Y2FuYXJ5ICU0MCvDvA==";
    assert!(asked.iter().all(|head| head.contains(sent)), "{asked:?}");
    assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);
    let none = login().variable("DOORWARD_PROXY", "none");
    none.run().ends_with(0);
    assert_eq!((proxy.asked().len(), other.asked().len()), (2, 0));
    login()
        .words(&["--proxy", &named])
        .variable("NO_PROXY", "example.test,okta.test")
        .run()
        .ends_with(0);
    assert_eq!((proxy.asked().len(), other.asked().len()), (2, 0));
    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[test]
fn resolve_has_no_effect_behind_a_proxy_and_says_so() {
    let bed = Testbed::start().unwrap();
    let proxy = Proxy::start(Some(bed.address()));
    let warnings = |program: Program| {
        let outcome = program.words(&["-o", "none"]).run().ends_with(0);
        let lines = outcome.stderr.lines();
        let of_resolve = lines.filter(|line| line.contains("--resolve has no effect on "));
        of_resolve.map(str::to_owned).collect::<Vec<_>>()
    };
    let url = format!("http://{}", proxy.address);

    let told = warnings(Program::login(&bed).words(&["--proxy", &url]));

    assert_eq!(told.len(), bed.hosts().len(), "{told:?}");
    assert!(
        told.iter().any(|line| line.contains("k8sou.example.test")),
        "{told:?}"
    );
    // The proxy is asked for the name, and not for the address.
    let asked = proxy.asked();
    assert!(
        asked.iter().all(|head| head.contains(".test:")),
        "{asked:?}"
    );
    let direct = Program::login(&bed).variable("HTTPS_PROXY", &url);
    let told = warnings(direct.variable("NO_PROXY", "example.test,okta.test,acme.test"));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told.iter().all(|line| line.contains("evil.test")),
        "{told:?}"
    );
    assert!(warnings(Program::login(&bed)).is_empty());
}

#[test]
fn the_name_of_a_proxy_is_looked_up_as_resolve_says() {
    let bed = Testbed::start().unwrap();
    let proxy = Proxy::start(Some(bed.address()));
    let port = proxy.address.port();
    let login = Program::login(&bed).words(&["-o", "none"]);
    let login = login.words(&["--proxy", &format!("http://proxy.test:{port}")]);

    let outcome = login
        .words(&["--resolve", &format!("proxy.test:{port}:127.0.0.1")])
        .run()
        .ends_with(0);

    assert_eq!(proxy.asked().len(), 2);
    assert!(!outcome.stderr.contains("proxy.test"), "{}", outcome.stderr);
}

#[test]
fn a_proxy_that_is_down_is_named() {
    let bed = Testbed::start().unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let url = format!("http://ci@{}", closed.unwrap());

    let outcome = Program::login(&bed)
        .words(&["--proxy", &url])
        .run()
        .ends_with(21);

    let told = format!("proxy {}", url.replace("ci@", ""));
    assert!(outcome.stderr.contains(&told), "{}", outcome.stderr);
}

#[test]
fn a_proxys_password_is_refused_in_its_url_and_never_shown() {
    let bed = Testbed::start().unwrap();
    let home = Home::new();
    let url = "http://ci:canary@127.0.0.1:9";
    let login = || Program::login_in(&home, &bed);

    for program in [
        login().words(&["-vv", "--proxy", url]),
        login().words(&["--log-format", "json", "--proxy", url]),
        login().variable("DOORWARD_PROXY", url),
    ] {
        let outcome = program.run().ends_with(10);
        assert!(
            outcome.stderr.contains("DOORWARD_PROXY_PASSWORD"),
            "{}",
            outcome.stderr
        );
        assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);
    }
    let profile = format!(r#"{{"portal":"{}","proxy":"{url}"}}"#, bed.portal_url());
    let import = Program::in_home(&home, &["profile", "import", "p"]).input(profile.as_str());
    let outcome = import.run().ends_with(10);
    assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);
    home.file(&format!("{PROFILES}/by-hand.json"), &profile);
    for words in [&["profile", "show", "by-hand"][..], &["profile", "list"]] {
        let outcome = Program::in_home(&home, words).run();
        assert!(!format!("{outcome:?}").contains("canary"), "{outcome:?}");
    }
    assert!(bed.seen().is_empty());
}

#[test]
fn a_profile_keeps_the_proxy_and_no_password_of_it() {
    let bed = Testbed::start().unwrap();
    let proxy = Proxy::start(Some(bed.address()));
    let home = Home::new();
    let url = format!("http://ci@{}", proxy.address);
    let login = Program::login_in(&home, &bed).words(&["--proxy", &url]);
    let login = login.variable("DOORWARD_PROXY_PASSWORD", "proxy-canary");
    login.run().ends_with(0);

    let profile = home.read(&format!("{PROFILES}/kubernetes.json"));
    let kept: Value = serde_json::from_str(&profile).unwrap();
    assert_eq!(kept["proxy"], url);
    assert!(!profile.contains("proxy-canary"));
    let before = proxy.asked().len();
    let job = Job { bed, home };
    job.expire();
    let credential = || {
        job.credential()
            .variable("DOORWARD_PROXY_PASSWORD", "proxy-canary")
    };
    let outcome = credential().run().ends_with(0);

    assert!(!outcome.stderr.contains("proxy-canary"));
    assert_eq!(proxy.asked().len(), before + 1);
    let both = |head: &String| head.contains("authorization: Basic Y2k6cHJveHktY2FuYXJ5");
    assert!(proxy.asked().iter().all(both), "{:?}", proxy.asked());
}

/// A portal behind a gate, and a home folder with what opens it
fn guarded() -> (Testbed, Home) {
    let mut gate = Gate::default();
    gate.client_certificate = ClientCertificate::Asked;
    gate.headers = vec![(
        "CF-Access-Client-Secret".into(),
        "header-canary-4f1c".into(),
    )];
    let bed = Testbed::builder().gate(gate).start().unwrap();
    let home = Home::new();
    let (certificate, key) = bed.client_certificate().unwrap();
    home.file("client.pem", certificate);
    home.file("client.key", key);
    home.file("headers", "CF-Access-Client-Secret: header-canary-4f1c\n");
    (bed, home)
}

const GATE: [&str; 6] = [
    "--client-cert",
    "client.pem",
    "--client-key",
    "client.key",
    "--header-file",
    "headers",
];

#[test]
fn a_portal_behind_a_gate_gives_its_token_and_renews_it() {
    let (bed, home) = guarded();
    let login = Program::login_in(&home, &bed).words(&["-vv"]).words(&GATE);

    let outcome = login.run().ends_with(0);

    assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);
    let text = home.read(&format!("{PROFILES}/kubernetes.json"));
    let profile: Value = serde_json::from_str(&text).unwrap();
    for (key, name) in [
        ("client-cert", "client.pem"),
        ("client-key", "client.key"),
        ("header-file", "headers"),
    ] {
        assert_eq!(profile[key], home.join(name).to_str().unwrap());
    }
    assert!(
        !text.contains("canary") && !text.contains("PRIVATE KEY"),
        "{text}"
    );
    let job = Job { bed, home };
    job.expire();
    job.credential().run().ends_with(0);
    assert_eq!((job.refreshes(), job.bed.logins()), (1, 1));
    assert_eq!(job.bed.complaints(), Vec::<String>::new());
}

#[test]
fn what_opens_a_gate_may_come_from_variables() {
    let (bed, home) = guarded();
    let login = Program::login_in(&home, &bed)
        .variable("DOORWARD_CLIENT_CERT", "client.pem")
        .variable("DOORWARD_CLIENT_KEY", "client.key")
        .variable("DOORWARD_HEADER_FILE", "headers");

    login.words(&["-o", "none"]).run().ends_with(0);

    assert_eq!(bed.complaints(), Vec::<String>::new());
}

#[test]
fn the_user_agent_is_what_an_option_or_a_variable_says() {
    let mut gate = Gate::default();
    gate.headers = vec![("User-Agent".into(), "acme-pipeline/1.2".into())];
    let bed = Testbed::builder().gate(gate).start().unwrap();
    let login = || Program::login(&bed).words(&["-o", "none"]);

    let of_option = login().words(&["--user-agent", "acme-pipeline/1.2"]);
    of_option.run().ends_with(0);
    let of_variable = login().variable("DOORWARD_USER_AGENT", "acme-pipeline/1.2");
    of_variable.run().ends_with(0);
    assert_ne!(login().run().code, 0);
}

#[test]
fn a_connection_that_does_not_come_up_ends_in_the_time_of_the_option() {
    let bed = Testbed::start().unwrap();
    // A proxy that takes connections, and says nothing in them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());

    let outcome = Program::login(&bed)
        .words(&[
            "--proxy",
            &url,
            "--connect-timeout",
            "1s",
            "--timeout",
            "3s",
        ])
        .run()
        .ends_with(21);

    let told = "the connection did not come up in time";
    assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
}

#[test]
fn a_key_or_header_file_that_others_can_read_is_refused_unless_it_is_allowed() {
    for name in ["client.key", "headers"] {
        let (bed, home) = guarded();
        fs::set_permissions(home.join(name), Permissions::from_mode(0o644)).unwrap();
        let login = || Program::login_in(&home, &bed).words(&GATE);

        let outcome = login().run().ends_with(10);

        assert!(
            outcome.stderr.contains("others can read or write the "),
            "{}",
            outcome.stderr
        );
        assert!(
            outcome.stderr.contains("--allow-shared-files"),
            "{}",
            outcome.stderr
        );
        assert!(!outcome.stderr.contains("canary"));
        assert!(bed.seen().is_empty());
        login().words(&["--allow-shared-files"]).run().ends_with(0);
        let job = Job { bed, home };
        job.expire();
        job.credential().run().ends_with(0);
    }
}

#[test]
fn what_cannot_open_a_gate_is_told_before_any_request() {
    let (bed, home) = guarded();
    let (other, _) = guarded();
    let (_, other_key) = other.client_certificate().unwrap();
    home.file("other.key", other_key);
    home.file("cookie", "Accept-Language: de\nCookie: canary\n");
    home.file("odd", "canary\n");

    for (words, told) in [
        (&["--client-cert", "client.pem"][..], "go together"),
        (&["--client-key", "client.key"], "go together"),
        (
            &["--client-cert", "client.pem", "--client-key", "other.key"],
            "do not belong together",
        ),
        (
            &["--client-cert", "nowhere", "--client-key", "client.key"],
            "cannot be read",
        ),
        (
            &["--client-cert", "client.pem", "--client-key", "nowhere"],
            "cannot be read",
        ),
        (&["--header-file", "nowhere"], "cannot be read"),
        (&["--header-file", "cookie"], "header cookie, line 2"),
        (&["--header-file", "odd"], "line 1"),
        (&["--proxy", "ftp://proxy.test"], "no URL of a proxy"),
    ] {
        let outcome = Program::login_in(&home, &bed)
            .words(words)
            .run()
            .ends_with(10);

        assert!(
            outcome.stderr.contains(told),
            "{words:?}: {}",
            outcome.stderr
        );
        assert!(!outcome.stderr.contains("canary"), "{}", outcome.stderr);
    }
    assert!(bed.seen().is_empty());
}

#[test]
fn a_certificate_is_not_shown_to_a_proxy_that_is_spoken_to_by_tls() {
    let (bed, home) = guarded();
    let login = || Program::login_in(&home, &bed).words(&GATE);
    let url = "https://127.0.0.1:9";

    for program in [
        login().words(&["--proxy", url]),
        login().variable("HTTPS_PROXY", url),
    ] {
        let outcome = program.run().ends_with(10);
        let told = "could be shown to the proxy";
        assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
    }
    assert!(bed.seen().is_empty());
}
