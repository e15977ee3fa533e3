//! Refreshes, revocations, and whatever else ends a session or lies about it.

use std::error::Error;
use std::time::Duration;

use doorward_testkit::{
    Discovery, Fault, PORTAL_HOST, PortalSwitches, RefreshRefusal, Refreshes, Rotation, Swap,
    Testbed, Trouble, USER,
};
use reqwest::Method;
use serde_json::Value;

use crate::driver::{Browser, Page, claims, document};

#[test]
fn a_refresh_token_is_good_once() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let first = document(&bed)?.string("/token/refresh_token")?;
    let mut browser = Browser::new(&bed)?;

    let renewed = browser.refresh(&first)?;
    assert_eq!(renewed.status, 200);
    assert_eq!(renewed.json()?.pointer("/expires_in"), Some(&60.into()));
    assert!(
        claims(&renewed.string("/id_token")?)?
            .get("nonce")
            .is_some()
    );

    let again = browser.refresh(&first)?;
    assert_eq!((again.status, again.text.as_str()), (401, ""));
    assert_eq!(again.header("content-type"), Some("application/json"));

    // The session goes on all the same.
    let next = renewed.string("/refresh_token")?;
    assert_eq!(browser.refresh(&next)?.status, 200);
    assert_eq!(counts(&bed), (2, 1, 0));
    Ok(())
}

#[test]
fn the_grace_window_gives_the_current_tokens_again() -> Result<(), Box<dyn Error>> {
    let bed = with(PortalSwitches {
        grace: Duration::from_secs(5),
        ..PortalSwitches::default()
    })?;
    let first = document(&bed)?.string("/token/refresh_token")?;
    let mut browser = Browser::new(&bed)?;
    let renewed = browser.refresh(&first)?;

    let again = browser.refresh(&first)?;
    for name in ["/id_token", "/refresh_token", "/access_token"] {
        assert_eq!(again.string(name)?, renewed.string(name)?);
    }
    let expires_in = again.json()?.pointer("/expires_in").and_then(Value::as_u64);
    assert!(expires_in.is_some_and(|seconds| seconds > 890));

    let third = browser.refresh(&again.string("/refresh_token")?)?;
    let of_the_second = browser.refresh(&renewed.string("/refresh_token")?)?;
    let of_the_first = browser.refresh(&first)?;
    for replayed in [of_the_second, of_the_first] {
        assert_eq!(replayed.string("/id_token")?, third.string("/id_token")?);
    }

    bed.clock().advance(Duration::from_secs(6));
    assert_eq!(browser.refresh(&first)?.status, 401);
    assert_eq!(counts(&bed), (2, 1, 3));
    Ok(())
}

#[test]
fn an_idle_oidc_session_ends() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let token = document(&bed)?.string("/token/refresh_token")?;

    bed.clock().advance(Duration::from_secs(901));

    assert_eq!(Browser::new(&bed)?.refresh(&token)?.status, 401);
    Ok(())
}

#[test]
fn a_logout_ends_all_sessions_of_the_person() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let of_another_job = document(&bed)?.string("/token/refresh_token")?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    browser.okta_sign_in(&login)?;

    let out = browser.get(&format!("{}/logout", bed.portal_url()))?;

    assert_eq!(out.status, 302);
    let page = format!("{}/auth/forms/logout.jsp", bed.portal_url());
    assert_eq!(out.header("location"), Some(page.as_str()));
    assert!(browser.get(&page)?.text.contains("Logged Out"));
    assert_eq!(bed.count("k8sou", "/logout"), 1);
    assert!(out.set_cookies().iter().any(|line| {
        line.starts_with("tremolosession=LOGGED_OUT; Domain=") && line.contains(" Max-Age=0;")
    }));
    assert_eq!(browser.refresh(&of_another_job)?.status, 401);
    assert_eq!(counts(&bed), (0, 1, 0));
    Ok(())
}

#[test]
fn a_logout_without_a_login_ends_nothing() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let token = document(&bed)?.string("/token/refresh_token")?;
    let mut browser = Browser::new(&bed)?;

    let out = browser.get(&format!("{}/logout", bed.portal_url()))?;

    assert_eq!(out.status, 302);
    assert_eq!(browser.refresh(&token)?.status, 200);
    Ok(())
}

#[test]
fn sessions_can_be_ended_from_outside() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let first = document(&bed)?;
    let second = document(&bed)?.string("/token/refresh_token")?;
    let mut browser = Browser::new(&bed)?;
    assert_eq!(bed.logins(), 2);
    assert_eq!(bed.end_sessions("somebody else"), 0);
    assert_eq!(browser.refresh(&second)?.status, 200);

    assert_eq!(bed.end_sessions(USER), 2);

    let refused = browser.refresh(&first.string("/token/refresh_token")?)?;
    assert_eq!((refused.status, refused.text.as_str()), (401, ""));
    let pods = format!("{}/api/v1/pods", bed.api_url());
    let still_good = browser.bearer(&pods, &first.string("/token/id_token")?)?;
    assert_eq!(still_good.status, 200);
    Ok(())
}

#[test]
fn every_refusal_has_its_own_words() -> Result<(), Box<dyn Error>> {
    for (refusal, status, text) in [
        (RefreshRefusal::Empty401, 401, ""),
        (
            RefreshRefusal::InvalidGrant,
            400,
            "{\"error\":\"invalid_grant\"}",
        ),
        (
            RefreshRefusal::InvalidRequest,
            400,
            "{\"error\":\"invalid_request\"}",
        ),
    ] {
        let bed = with(PortalSwitches {
            refusal,
            ..PortalSwitches::default()
        })?;

        let refused = Browser::new(&bed)?.refresh("q1bK")?;

        assert_eq!((refused.status, refused.text.as_str()), (status, text));
        assert_eq!(refused.header("content-type"), Some("application/json"));
        assert_eq!(counts(&bed), (0, 1, 0));
    }
    Ok(())
}

#[test]
fn a_kept_refresh_token_is_not_named_again_and_stays_good() -> Result<(), Box<dyn Error>> {
    let bed = with(PortalSwitches {
        rotation: Rotation::Kept,
        ..PortalSwitches::default()
    })?;
    let token = document(&bed)?.string("/token/refresh_token")?;
    let mut browser = Browser::new(&bed)?;

    let first = browser.refresh(&token)?;
    let second = browser.refresh(&token)?;

    assert!(first.json()?.pointer("/refresh_token").is_none());
    assert_ne!(first.string("/id_token")?, second.string("/id_token")?);
    assert_eq!(counts(&bed), (2, 0, 0));
    Ok(())
}

#[test]
fn a_spent_refresh_token_ends_its_family() -> Result<(), Box<dyn Error>> {
    let bed = with(PortalSwitches {
        refusal: RefreshRefusal::InvalidGrant,
        rotation: Rotation::Family,
        ..PortalSwitches::default()
    })?;
    let first = document(&bed)?.string("/token/refresh_token")?;
    let of_another_job = document(&bed)?.string("/token/refresh_token")?;
    let mut browser = Browser::new(&bed)?;
    let second = browser.refresh(&first)?.string("/refresh_token")?;
    let third = browser.refresh(&second)?.string("/refresh_token")?;

    assert_eq!(browser.refresh(&first)?.status, 400);

    assert_eq!(browser.refresh(&third)?.status, 400);
    assert_eq!(browser.refresh(&of_another_job)?.status, 200);
    assert_eq!(counts(&bed), (3, 2, 0));
    Ok(())
}

#[test]
fn a_family_survives_a_replay_within_the_grace_time() -> Result<(), Box<dyn Error>> {
    let bed = with(PortalSwitches {
        grace: Duration::from_secs(5),
        rotation: Rotation::Family,
        ..PortalSwitches::default()
    })?;
    let first = document(&bed)?.string("/token/refresh_token")?;
    let mut browser = Browser::new(&bed)?;
    let second = browser.refresh(&first)?.string("/refresh_token")?;

    assert_eq!(browser.refresh(&first)?.string("/refresh_token")?, second);
    assert_eq!(browser.refresh(&second)?.status, 200);
    assert_eq!(counts(&bed), (2, 0, 1));
    Ok(())
}

#[test]
fn a_swapped_token_is_well_signed_and_comes_only_by_refresh() -> Result<(), Box<dyn Error>> {
    for (swap, changed) in [
        (Swap::Audience, "aud"),
        (Swap::Issuer, "iss"),
        (Swap::Subject, "sub"),
    ] {
        let bed = with(PortalSwitches {
            swapped: Some(swap),
            ..PortalSwitches::default()
        })?;
        let page = document(&bed)?;
        let before = claims(&page.string("/token/id_token")?)?;
        let mut browser = Browser::new(&bed)?;

        let renewed = browser.refresh(&page.string("/token/refresh_token")?)?;

        let id_token = renewed.string("/id_token")?;
        let after = claims(&id_token)?;
        for name in ["aud", "iss", "sub"] {
            assert_eq!(
                before.get(name) != after.get(name),
                name == changed,
                "{swap:?} {name}"
            );
        }
        // The API server cannot know whom the token was meant for; the others it refuses.
        let pods = format!("{}/api/v1/pods", bed.api_url());
        let status = if swap == Swap::Subject { 200 } else { 401 };
        assert_eq!(browser.bearer(&pods, &id_token)?.status, status);
        assert_eq!(counts(&bed), (1, 0, 0));
    }
    Ok(())
}

#[test]
fn a_lost_answer_has_spent_the_refresh_token() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let token = document(&bed)?.string("/token/refresh_token")?;
    bed.add_fault(Fault::new(
        PORTAL_HOST,
        "/auth/idp/k8sIdp/token",
        Trouble::LostAnswer,
    ));
    let mut browser = Browser::new(&bed)?;

    assert!(browser.refresh(&token).is_err());

    assert_eq!(browser.refresh(&token)?.status, 401);
    assert_eq!(counts(&bed), (1, 1, 0));
    Ok(())
}

#[test]
fn a_refresh_that_only_openunison_takes_is_complained_of() -> Result<(), Box<dyn Error>> {
    let bed = with(PortalSwitches {
        rotation: Rotation::Kept,
        ..PortalSwitches::default()
    })?;
    let token = document(&bed)?.string("/token/refresh_token")?;
    let mut browser = Browser::new(&bed)?;
    let url = format!("{}/auth/idp/k8sIdp/token", bed.portal_url());
    let (client, refresh) = (("client_id", "kubernetes"), ("refresh_token", &*token));
    let in_the_url = format!("{url}?refresh_token={}", token.replace('+', "%2B"));

    let other_grant = browser.post(&url, &[("grant_type", "renew"), client, refresh])?;
    let query = browser.post(&in_the_url, &[("grant_type", "refresh_token"), client])?;

    assert_eq!((other_grant.status, query.status), (200, 200));
    assert_eq!(
        bed.complaints(),
        [
            "a refresh with the grant type renew",
            "the refresh token came in the URL"
        ]
    );
    Ok(())
}

#[test]
fn a_trouble_before_the_token_endpoint_is_no_refresh() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::builder()
        .fault(Fault::new(
            PORTAL_HOST,
            "/auth/idp/k8sIdp/token",
            Trouble::Unavailable,
        ))
        .start()?;
    let token = document(&bed)?.string("/token/refresh_token")?;
    let mut browser = Browser::new(&bed)?;

    assert_eq!(browser.refresh(&token)?.status, 503);
    assert_eq!(counts(&bed), (0, 0, 0));
    assert_eq!(browser.refresh(&token)?.status, 200);
    Ok(())
}

#[test]
fn a_revocation_ends_the_session_of_its_refresh_token() -> Result<(), Box<dyn Error>> {
    let bed = with(PortalSwitches {
        revokes: true,
        ..PortalSwitches::default()
    })?;
    let mine = document(&bed)?.string("/token/refresh_token")?;
    let of_another_job = document(&bed)?.string("/token/refresh_token")?;
    let mut browser = Browser::new(&bed)?;

    let done = revoke(&mut browser, &mine)?;

    assert_eq!((done.status, done.text.as_str()), (200, ""));
    assert_eq!(browser.refresh(&mine)?.status, 401);
    assert_eq!(browser.refresh(&of_another_job)?.status, 200);
    assert_eq!(revoke(&mut browser, &mine)?.status, 200);
    assert_eq!(bed.count("k8sou", "/auth/idp/k8sIdp/revoke"), 2);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn openunison_answers_a_revocation_and_does_nothing() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let token = document(&bed)?.string("/token/refresh_token")?;
    let mut browser = Browser::new(&bed)?;

    let done = revoke(&mut browser, &token)?;

    assert_eq!((done.status, done.text.as_str()), (200, ""));
    assert_eq!(browser.refresh(&token)?.status, 200);
    Ok(())
}

#[test]
fn a_malformed_revocation_is_complained_of() -> Result<(), Box<dyn Error>> {
    let bed = with(PortalSwitches {
        revokes: true,
        ..PortalSwitches::default()
    })?;
    let token = document(&bed)?.string("/token/refresh_token")?;
    let mut browser = Browser::new(&bed)?;
    let url = format!("{}/auth/idp/k8sIdp/revoke", bed.portal_url());
    let form = "application/x-www-form-urlencoded";
    let encoded = token.replace('+', "%2B");

    for (method, query, kind, body, status) in [
        (Method::GET, "", form, String::new(), 405),
        (Method::POST, "", "application/json", "{}".to_owned(), 400),
        (Method::POST, "?token=q1bK", form, String::new(), 400),
        (
            Method::POST,
            "",
            form,
            "client_id=kubernetes".to_owned(),
            400,
        ),
        (Method::POST, "", form, format!("token={encoded}"), 401),
        (
            Method::POST,
            "",
            form,
            format!("client_id=nobody&token={encoded}"),
            401,
        ),
        (
            Method::POST,
            "",
            form,
            format!("client_id=kubernetes&token={token}"),
            200,
        ),
    ] {
        let before = bed.complaints().len();
        let page = browser.send(method, &format!("{url}{query}"), |request| {
            request.header("Content-Type", kind).body(body.clone())
        })?;
        assert_eq!(page.status, status, "{query} {kind}");
        assert_eq!(bed.complaints().len(), before + 1, "{query} {kind}");
    }

    assert_eq!(browser.refresh(&token)?.status, 200);
    Ok(())
}

#[test]
fn discovery_says_what_its_switch_says() -> Result<(), Box<dyn Error>> {
    for (discovery, key, value) in [
        (Discovery::WithoutRevocation, "/revocation_endpoint", None),
        (
            Discovery::OtherIssuer,
            "/issuer",
            Some("https://k8sou.example.test:PORT/auth/idp/k8sIdp-other"),
        ),
        (
            Discovery::EvilTokenEndpoint,
            "/token_endpoint",
            Some("https://evil.test:PORT/token"),
        ),
    ] {
        let full = discovered(&Testbed::start()?)?;
        let bed = with(PortalSwitches {
            discovery,
            ..PortalSwitches::default()
        })?;

        let document = discovered(&bed)?;

        let port = bed.address().port().to_string();
        let value = value.map(|value| Value::from(value.replace("PORT", &port)));
        assert_eq!(document.pointer(key), value.as_ref());
        let keys = |document: &Value| document.as_object().map_or(0, |object| object.len());
        let missing = usize::from(discovery == Discovery::WithoutRevocation);
        assert_eq!(keys(&document), keys(&full) - missing);
    }
    Ok(())
}

#[test]
fn a_revocation_needs_an_endpoint() -> Result<(), Box<dyn Error>> {
    let bed = with(PortalSwitches {
        revokes: true,
        discovery: Discovery::WithoutRevocation,
        ..PortalSwitches::default()
    })?;
    let mut browser = Browser::new(&bed)?;

    assert_eq!(revoke(&mut browser, "q1bK")?.status, 404);
    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn a_refresh_token_at_the_evil_host_is_complained_of() -> Result<(), Box<dyn Error>> {
    let bed = with(PortalSwitches {
        discovery: Discovery::EvilTokenEndpoint,
        ..PortalSwitches::default()
    })?;
    let document = discovered(&bed)?;
    let endpoint = document.pointer("/token_endpoint").and_then(Value::as_str);

    Browser::new(&bed)?.post(endpoint.unwrap_or_default(), &[("refresh_token", "q1bK")])?;

    assert_eq!(bed.complaints(), ["the evil host got a form"]);
    Ok(())
}

#[test]
fn lives_of_a_few_seconds_are_exact() -> Result<(), Box<dyn Error>> {
    let bed = with(PortalSwitches {
        token_life: Duration::from_secs(3),
        session_life: Duration::from_secs(7),
        ..PortalSwitches::default()
    })?;
    bed.clock().hold();
    let page = document(&bed)?;
    let mut browser = Browser::new(&bed)?;
    let pods = format!("{}/api/v1/pods", bed.api_url());
    let first = page.string("/token/id_token")?;
    let number = |token: &str, name: &str| -> Result<u64, Box<dyn Error>> {
        let claims = claims(token)?;
        Ok(claims.get(name).and_then(Value::as_u64).ok_or("no time")?)
    };
    assert_eq!(number(&first, "exp")?, number(&first, "iat")? + 3);
    assert_eq!(number(&first, "iat")?, bed.clock().seconds());

    bed.clock().advance(Duration::from_secs(2));
    assert_eq!(browser.bearer(&pods, &first)?.status, 200);
    bed.clock().advance(Duration::from_secs(1));
    assert_eq!(browser.bearer(&pods, &first)?.status, 401);

    let renewed = browser.refresh(&page.string("/token/refresh_token")?)?;
    assert_eq!(renewed.json()?.pointer("/expires_in"), Some(&3.into()));
    let second = renewed.string("/id_token")?;
    assert_eq!(number(&second, "exp")?, number(&first, "exp")? + 3);
    let next = renewed.string("/refresh_token")?;
    bed.clock().advance(Duration::from_secs(6));
    let next = browser.refresh(&next)?.string("/refresh_token")?;
    bed.clock().advance(Duration::from_secs(7));
    assert_eq!(browser.refresh(&next)?.status, 401);
    Ok(())
}

fn with(portal: PortalSwitches) -> Result<Testbed, Box<dyn Error>> {
    Ok(Testbed::builder().portal(portal).start()?)
}

/// Granted, refused, replayed
fn counts(bed: &Testbed) -> (usize, usize, usize) {
    let Refreshes {
        granted,
        refused,
        replayed,
    } = bed.refreshes();
    (granted, refused, replayed)
}

fn revoke(browser: &mut Browser<'_>, token: &str) -> Result<Page, Box<dyn Error>> {
    let url = format!("{}/auth/idp/k8sIdp/revoke", browser.bed.portal_url());
    browser.post(&url, &[("token", token), ("client_id", "kubernetes")])
}

fn discovered(bed: &Testbed) -> Result<Value, Box<dyn Error>> {
    let url = format!(
        "{}/auth/idp/k8sIdp/.well-known/openid-configuration",
        bed.portal_url()
    );
    Browser::new(bed)?.get(&url)?.json()
}
