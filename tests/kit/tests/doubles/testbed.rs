//! The testbed itself: names, certificates, notes and troubles.

use std::error::Error;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use doorward_testkit::{
    Answer, Ask, CodeRequest, Fault, IdpDouble, Names, OKTA_HOST, PASSWORD, PORTAL_HOST, Person,
    RelyingParty, SignOn, Testbed, TlsSwitch, Trouble, USER, World,
};

use crate::driver::Browser;

#[test]
fn testbeds_live_side_by_side() -> Result<(), Box<dyn Error>> {
    let threads: Vec<_> = (0..4)
        .map(|_| {
            thread::spawn(|| -> Result<usize, String> {
                let bed = Testbed::start().map_err(|error| error.to_string())?;
                let mut browser = Browser::new(&bed).map_err(|error| error.to_string())?;
                let login = browser.start().map_err(|error| error.to_string())?;
                let token = browser
                    .okta_sign_in(&login)
                    .map_err(|error| error.to_string())?;
                assert_eq!(token.status, 200);
                Ok(bed.seen().len())
            })
        })
        .collect();

    for one in threads {
        assert_eq!(one.join().expect("no panic")?, 10);
    }
    Ok(())
}

#[test]
fn the_port_is_closed_with_the_testbed() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let address = bed.address();
    assert!(TcpStream::connect(address).is_ok());

    drop(bed);

    assert!(TcpStream::connect(address).is_err());
    Ok(())
}

#[test]
fn addresses_serve_in_place_of_names() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::builder().names(Names::Loopback).start()?;
    assert!(bed.portal_url().starts_with("https://127.0.0.1:"));
    assert!(bed.api_url().starts_with("https://127.0.0.2:"));
    let mut browser = Browser::new(&bed)?;

    let login = browser.start()?;
    let token = browser.okta_sign_in(&login)?;

    assert_eq!(token.string("/displayName")?, USER);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    assert!(
        token
            .string("/token/kubectl Command")?
            .contains(&bed.api_url())
    );
    Ok(())
}

#[test]
fn bad_certificates_are_refused() -> Result<(), Box<dyn Error>> {
    for tls in [
        TlsSwitch::Untrusted,
        TlsSwitch::Expired,
        TlsSwitch::WrongName,
    ] {
        let bed = Testbed::builder().tls(tls).start()?;

        let refused = Browser::new(&bed)?.get(&bed.portal_url());

        assert!(refused.is_err(), "{tls:?}");
        assert!(bed.seen().is_empty());
    }
    Ok(())
}

#[test]
fn requests_are_noted_without_their_values() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    browser.okta_sign_in(&login)?;

    let seen = bed.seen();
    let authn = seen
        .iter()
        .find(|seen| seen.path == "/api/v1/authn")
        .ok_or("not seen")?;
    assert_eq!(
        (authn.method.as_str(), authn.host.as_str()),
        ("POST", OKTA_HOST)
    );
    assert_eq!(authn.fields, ["username", "password"]);
    assert_eq!(authn.cookies, ["DT", "JSESSIONID"]);
    assert_eq!(authn.status, 200);
    let callback = seen
        .iter()
        .find(|seen| seen.path == "/auth/oidc")
        .ok_or("not seen")?;
    assert_eq!(callback.queries, ["code", "state"]);
    let text = format!("{seen:?} {bed:?}");
    for secret in bed.secrets() {
        assert!(!text.contains(&secret));
    }
    Ok(())
}

#[test]
fn all_that_is_secret_is_listed() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let session_token = browser.session_token(&login, USER, PASSWORD)?;
    let page = browser.okta_sign_in(&login)?;
    let secrets = bed.secrets();
    let listed = |value: &str| secrets.iter().any(|secret| secret == value);

    assert!(listed(PASSWORD) && listed(&session_token));
    assert!(listed(&page.string("/token/id_token")?));
    assert!(listed(&page.string("/token/refresh_token")?));
    for (host, name) in [
        (PORTAL_HOST, "tremolosession"),
        (OKTA_HOST, "sid"),
        (OKTA_HOST, "DT"),
        (OKTA_HOST, "JSESSIONID"),
    ] {
        assert!(
            listed(browser.cookie(host, name).ok_or("no cookie")?),
            "{name}"
        );
    }
    assert!(!listed("tremolosession") && !listed("completelogin"));
    Ok(())
}

#[test]
fn troubles_meet_the_requests_that_they_name() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::builder()
        .fault(Fault::new(PORTAL_HOST, "/login/auth", Trouble::BadGateway).nth(2))
        .start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let page = browser.okta_sign_in(&login)?;
    assert_eq!((page.status, page.url.path()), (502, "/login/auth"));
    assert!(page.text.contains("nginx"));
    assert_eq!(
        browser.open(page.url.as_str())?.string("/displayName")?,
        USER
    );

    bed.add_fault(Fault::new(PORTAL_HOST, "/", Trouble::HangUp));
    bed.add_fault(
        Fault::new(PORTAL_HOST, "/", Trouble::Status(503))
            .nth(2)
            .times(2),
    );
    let url = format!("{}/check_alive", bed.portal_url());
    let statuses: Vec<Option<u16>> = (0..4)
        .map(|_| browser.get(&url).ok().map(|page| page.status))
        .collect();
    assert_eq!(statuses, [None, Some(503), Some(503), Some(200)]);
    Ok(())
}

#[test]
fn two_requests_at_once_are_complained_of() -> Result<(), Box<dyn Error>> {
    let pause = Duration::from_millis(300);
    let bed = Testbed::builder()
        .fault(Fault::new(
            PORTAL_HOST,
            "/favicon.ico",
            Trouble::Slow(pause),
        ))
        .start()?;
    let mut first = Browser::new(&bed)?;
    first.get(&format!("{}/k8stoken/token/user", bed.portal_url()))?;
    let mut second = Browser::new(&bed)?;
    second.jar = first.jar.clone();
    let icon = format!("{}/favicon.ico", bed.portal_url());

    thread::scope(|scope| {
        let slow = scope.spawn(|| {
            Browser::new(&bed)
                .and_then(|mut browser| {
                    browser.jar = first.jar.clone();
                    browser.get(&icon)
                })
                .map(|page| page.status)
                .map_err(|error| error.to_string())
        });
        while bed.count("k8sou", "/favicon.ico") == 0 {
            thread::yield_now();
        }
        second.get(&format!("{}/login/auth", bed.portal_url()))?;
        slow.join().expect("no panic")?;
        Ok::<(), Box<dyn Error>>(())
    })?;

    assert_eq!(
        bed.complaints(),
        ["two requests at once on one jar: /favicon.ico and /login/auth"]
    );
    Ok(())
}

#[test]
fn the_evil_host_tells_what_it_got() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let page = browser.get(&bed.evil_url())?;
    assert!(page.text.contains("type=\"password\""));
    assert!(bed.complaints().is_empty());

    browser.post(
        &format!("{}/login", bed.evil_url()),
        &[("password", PASSWORD)],
    )?;

    assert_eq!(bed.complaints(), ["the evil host got a form"]);
    Ok(())
}

#[test]
fn a_host_that_nobody_serves_is_complained_of() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;

    let page = browser.send(reqwest::Method::GET, &bed.portal_url(), |request| {
        request.header("Host", "other.test")
    })?;

    assert_eq!(page.status, 421);
    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn a_double_of_ones_own_stands_behind_the_portal() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::builder().idp_double(Box::new(OneClick)).start()?;
    let mut browser = Browser::new(&bed)?;

    let page = browser.start()?;

    assert_eq!(page.string("/displayName")?, "clicker");
    assert_eq!(bed.count("one-click", "/authorize"), 1);
    Ok(())
}

/// Signs in whoever comes
struct OneClick;

impl IdpDouble for OneClick {
    fn sites(&self) -> Vec<String> {
        vec!["one-click.test".to_owned()]
    }

    fn register(&mut self, _: &RelyingParty, world: &World) -> SignOn {
        SignOn::Oidc {
            authorize: format!("{}/authorize", world.origin("one-click.test")),
            s256: false,
        }
    }

    fn answer(&mut self, ask: &Ask, _: &World) -> Answer {
        match (ask.query("redirect_uri"), ask.query("state")) {
            (Some(back), Some(state)) => Answer::redirect(format!(
                "{back}?code=one-click-code&state={}",
                state.replace('=', "%3D")
            )),
            _ => Answer::empty(400),
        }
    }

    fn redeem(&mut self, request: &CodeRequest, _: &World) -> Option<Person> {
        (request.code == "one-click-code").then(|| Person::new("clicker", "unused"))
    }

    fn read_assertion(&mut self, _: &str, _: &World) -> Option<Person> {
        None
    }
}
