//! The Okta Classic org: statuses, errors, pages, and how a login may be finished.

use std::error::Error;
use std::io::Read;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use doorward_testkit::{
    LoginPage, OKTA_CUSTOM_HOST, OKTA_HOST, OktaSwitches, PASSWORD, PortalIdp, StepUp, Testbed,
    TokenShape, USER,
};
use flate2::read::DeflateDecoder;
use reqwest::Method;
use serde_json::{Value, json};

use crate::driver::{Browser, Page, unescaped};

fn org(okta: OktaSwitches) -> Result<Testbed, Box<dyn Error>> {
    Ok(Testbed::builder().okta(okta).start()?)
}

fn credentials(user: &str) -> Value {
    json!({
        "username": user, "password": PASSWORD,
        "options": {"multiOptionalFactorEnroll": false, "warnBeforePasswordExpired": false},
    })
}

/// Undoes the escapes of a script's string
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        match after
            .strip_prefix('x')
            .and_then(|hex| hex.split_at_checked(2))
        {
            Some((hex, tail)) => {
                plain.extend(u8::from_str_radix(hex, 16).ok().map(char::from));
                rest = tail;
            }
            None => rest = after,
        }
    }
    plain.push_str(rest);
    plain
}

#[test]
fn the_login_page_is_a_redirect_with_an_encoded_way_back() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;

    let login = browser.start()?;

    assert_eq!((login.status, login.url.path()), (200, "/login/login.htm"));
    let raw = login.url.query().unwrap_or_default();
    assert!(raw.starts_with("fromURI=%2Foauth2%2Fv1%2Fauthorize%2Fredirect%3Fokta_key%3D"));
    assert!(raw.contains("%252B"));
    for name in ["DT", "JSESSIONID"] {
        assert!(browser.cookie(OKTA_HOST, name).is_some());
    }
    assert!(
        login
            .set_cookies()
            .iter()
            .any(|line| { line.starts_with("sid=\"\"") && line.contains("Max-Age=0") })
    );
    Ok(())
}

#[test]
fn user_names_stand_for_statuses() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    for status in [
        "MFA_REQUIRED",
        "MFA_CHALLENGE",
        "MFA_ENROLL",
        "MFA_ENROLL_ACTIVATE",
        "PASSWORD_EXPIRED",
        "PASSWORD_RESET",
        "LOCKED_OUT",
        "RECOVERY",
        "RECOVERY_CHALLENGE",
        "UNAUTHENTICATED",
        "FACTOR_REQUIRED",
        "FACTOR_CHALLENGE",
        "FACTOR_ENROLL",
        "FACTOR_ENROLL_ACTIVATE",
        "POLL",
        "CONSENT_REQUIRED",
        "ADMIN_CONSENT_REQUIRED",
        "PROFILE_REQUIRED",
        "DEVICE_ACTIVATE",
        "SOMETHING_NEW",
    ] {
        let user = format!("{}@acme.test", status.to_lowercase().replace('_', "-"));

        let page = browser.authn(&login, &credentials(&user))?;

        assert_eq!(page.status, 200);
        assert_eq!(page.string("/status")?, status);
        assert!(page.header("x-okta-request-id").is_some());
        assert!(page.header("x-rate-limit-reset").is_some());
        assert!(page.string("/sessionToken").is_err());
        assert_eq!(page.string("/stateToken").is_ok(), status != "LOCKED_OUT");
    }
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn factors_are_listed_under_either_name_with_unknown_ones() -> Result<(), Box<dyn Error>> {
    for (factors_under_factor, key) in [(false, "factors"), (true, "factor")] {
        let bed = org(OktaSwitches {
            factors_under_factor,
            ..OktaSwitches::default()
        })?;
        let mut browser = Browser::new(&bed)?;
        let login = browser.start()?;

        let page = browser
            .authn(&login, &credentials("mfa-required"))?
            .json()?;

        let factors = page
            .pointer(&format!("/_embedded/{key}"))
            .and_then(Value::as_array);
        let factors = factors.ok_or("no factors")?;
        assert!(
            factors
                .iter()
                .any(|factor| factor.get("factorType") == Some(&"telepathy".into()))
        );
        assert!(
            factors
                .iter()
                .any(|factor| factor.get("provider") == Some(&"UNHEARD_OF".into()))
        );
        assert_eq!(
            factors.first().and_then(|push| push.get("profile")),
            Some(&json!({}))
        );
    }
    Ok(())
}

#[test]
fn a_password_that_ends_soon_warns_only_who_asks() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;

    let quiet = browser.authn(&login, &credentials("password-warn"))?;
    assert_eq!(quiet.string("/status")?, "SUCCESS");

    let mut asking = credentials("password-warn");
    asking["options"]["warnBeforePasswordExpired"] = json!(true);
    let warned = browser.authn(&login, &asking)?;
    assert_eq!(warned.string("/status")?, "PASSWORD_WARN");
    let skip = warned.string("/_links/skip/href")?;
    let body = json!({"stateToken": warned.string("/stateToken")?});
    let skipped = browser.post_json(&skip, &body)?;
    assert_eq!(skipped.string("/status")?, "SUCCESS");
    assert_eq!(browser.post_json(&skip, &body)?.status, 401);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn only_published_links_may_be_followed() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let optional = browser.authn(&login, &credentials("mfa-enroll-optional"))?;
    assert!(optional.string("/_links/skip/href").is_ok());
    let required = browser.authn(&login, &credentials("mfa-enroll"))?;
    assert!(required.string("/_links/skip/href").is_err());
    let body = json!({"stateToken": required.string("/stateToken")?});
    let post = |browser: &mut Browser<'_>, path: &str| {
        browser.post_json(&format!("{}/api/v1/authn{path}", bed.okta_url()), &body)
    };

    let skip = post(&mut browser, "/skip")?;
    assert_eq!(
        (skip.status, skip.string("/errorCode")?.as_str()),
        (403, "E0000079")
    );
    assert_eq!(post(&mut browser, "/previous")?.status, 403);
    assert_eq!(post(&mut browser, "")?.string("/status")?, "MFA_ENROLL");
    assert_eq!(post(&mut browser, "/cancel")?.status, 200);
    assert_eq!(post(&mut browser, "")?.string("/errorCode")?, "E0000011");
    Ok(())
}

#[test]
fn user_names_stand_for_errors() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    for (code, status) in [
        ("E0000004", 401),
        ("E0000207", 401),
        ("E0000064", 401),
        ("E0000006", 403),
        ("E0000015", 401),
        ("E0000001", 400),
        ("E0000058", 403),
        ("E0000069", 403),
        ("E0000119", 403),
        ("E0000010", 503),
        ("E0000009", 500),
        ("E0000138", 500),
        ("E0000047", 429),
    ] {
        let page = browser.authn(&login, &credentials(&code.to_lowercase()))?;

        assert_eq!(page.status, status, "{code}");
        assert_eq!(page.string("/errorCode")?, code);
        assert!(page.string("/errorId").is_ok());
    }
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn troubles_have_user_names_too() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let mut ask = |user: &str| browser.authn(&login, &credentials(user));

    let limited = ask("rate-limited")?;
    let reset = limited.header("x-rate-limit-reset").unwrap_or_default();
    assert!(reset.parse::<u64>()? <= bed.clock().seconds() + 2);
    let at_once = ask("too-many-at-once")?;
    assert_eq!(at_once.header("x-rate-limit-limit"), Some("0"));
    let ion = ask("too-many-requests")?;
    assert_eq!(ion.status, 429);
    assert_eq!(ion.string("/messages/value/0/i18n/key")?, "tooManyRequests");
    assert_eq!(ask("empty-body")?.text, "");
    assert_eq!(
        ask("error-page")?.header("content-type"),
        Some("text/html;charset=UTF-8")
    );
    assert!(ask("hang-up").is_err());
    Ok(())
}

#[test]
fn requests_must_be_json_that_asks_for_json() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let url = format!("{}/api/v1/authn", bed.okta_url());
    let body = credentials(USER).to_string();
    for (accept, kind, body, code) in [
        ("text/html", "application/json", body.as_str(), "E0000021"),
        ("application/json", "text/plain", &body, "E0000021"),
        ("application/json", "application/json", "{", "E0000003"),
        ("application/json", "application/json", "[]", "E0000003"),
        (
            "application/json",
            "application/json",
            "{\"username\":\"\",\"password\":\"\",\"stateToken\":\"00x\"}",
            "E0000001",
        ),
        (
            "application/json",
            "application/json",
            "{\"stateToken\":\"02.id.x\"}",
            "E0000011",
        ),
    ] {
        let page = browser.send(Method::POST, &url, |request| {
            request
                .header("Accept", accept)
                .header("Content-Type", kind)
                .body(body.to_owned())
        })?;
        assert_eq!(page.string("/errorCode")?, code);
    }
    assert_eq!(browser.get(&url)?.status, 405);
    assert_eq!(bed.complaints().len(), 6);
    Ok(())
}

#[test]
fn wrong_passwords_lock_the_account() -> Result<(), Box<dyn Error>> {
    for show_lockouts in [false, true] {
        let bed = org(OktaSwitches {
            lock_after: 2,
            show_lockouts,
            ..OktaSwitches::default()
        })?;
        let mut browser = Browser::new(&bed)?;
        let login = browser.start()?;
        let wrong = json!({"username": USER, "password": "wrong-password"});

        let first = browser.authn(&login, &wrong)?;
        assert_eq!(first.string("/errorCode")?, "E0000004");
        browser.authn(&login, &wrong)?;
        let right = browser.authn(&login, &credentials(USER))?;

        if show_lockouts {
            assert_eq!(
                (right.status, right.string("/status")?.as_str()),
                (200, "LOCKED_OUT")
            );
        } else {
            assert_eq!(right.string("/errorCode")?, "E0000004");
        }
        assert!(bed.secrets().contains(&"wrong-password".to_owned()));
    }
    Ok(())
}

#[test]
fn a_user_name_has_four_logins_a_second() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    bed.clock().hold();
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let mut status =
        || -> Result<u16, Box<dyn Error>> { Ok(browser.authn(&login, &credentials(USER))?.status) };

    let statuses: Vec<u16> = (0..6).map(|_| status()).collect::<Result<_, _>>()?;
    assert_eq!(statuses, [200, 200, 200, 200, 429, 429]);

    bed.clock().advance(Duration::from_secs(2));
    assert_eq!(status()?, 200);
    Ok(())
}

#[test]
fn a_session_token_is_good_once() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let resume = login
        .url
        .join(&login.query("fromURI").ok_or("no fromURI")?)?;
    let token = browser.session_token(&login, USER, PASSWORD)?;
    assert_eq!(
        browser
            .okta_finish(&login, &token, resume.as_str())?
            .string("/displayName")?,
        USER
    );

    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let resume = login
        .url
        .join(&login.query("fromURI").ok_or("no fromURI")?)?;
    let page = browser.okta_finish(&login, &token, resume.as_str())?;

    assert_eq!(page.url.path(), "/login/login.htm");
    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn a_session_token_lives_five_minutes() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let resume = login
        .url
        .join(&login.query("fromURI").ok_or("no fromURI")?)?;
    let token = browser.session_token(&login, USER, PASSWORD)?;

    bed.clock().advance(Duration::from_secs(301));

    let page = browser.okta_finish(&login, &token, resume.as_str())?;
    assert_eq!(page.url.path(), "/login/login.htm");
    Ok(())
}

#[test]
fn the_end_needs_the_cookies_of_the_page() -> Result<(), Box<dyn Error>> {
    for name in ["DT", "JSESSIONID"] {
        let bed = Testbed::start()?;
        let mut browser = Browser::new(&bed)?;
        let login = browser.start()?;

        browser.drop_cookie(OKTA_HOST, name);
        let page = browser.okta_sign_in(&login)?;

        assert_eq!(page.status, 403, "{name}");
        assert_eq!(page.header("content-type"), Some("text/html;charset=UTF-8"));
        assert_eq!(bed.complaints().len(), 1);
    }
    Ok(())
}

#[test]
fn a_login_may_not_end_at_a_strangers() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let token = browser.session_token(&login, USER, PASSWORD)?;
    let portal = format!("{}/k8stoken/token/user", bed.portal_url());
    for target in [portal, bed.evil_url(), "/oauth2/v1/authorize".to_owned()] {
        assert_eq!(browser.okta_finish(&login, &token, &target)?.status, 400);
    }
    Ok(())
}

#[test]
fn a_way_back_that_was_decoded_twice_is_lost() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let resume = login.query("fromURI").ok_or("no fromURI")?;
    let twice = resume.replace("%2B", "+").replace("%2F", "/");
    let token = browser.session_token(&login, USER, PASSWORD)?;

    let target = login.url.join(&twice)?;
    let page = browser.okta_finish(&login, &token, target.as_str())?;

    assert_eq!(page.status, 400);
    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn a_false_state_token_is_none() -> Result<(), Box<dyn Error>> {
    let bed = org(OktaSwitches {
        state_token: TokenShape::Variable,
        decoy: true,
        ..OktaSwitches::default()
    })?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let decoy = plain(&login.between("var stateToken = '", "'").ok_or("none")?);

    let page = browser.authn(&login, &json!({"stateToken": decoy}))?;

    assert_eq!(page.string("/errorCode")?, "E0000011");
    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn a_session_token_may_be_spent_by_a_form() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let resume = login
        .url
        .join(&login.query("fromURI").ok_or("no fromURI")?)?;
    let token = browser.session_token(&login, USER, PASSWORD)?;

    let url = login.url.join("/login/sessionCookieRedirect")?;
    let fields = [
        ("checkAccountSetupComplete", "true"),
        ("token", token.as_str()),
        ("redirectUrl", resume.as_str()),
    ];
    let page = browser.post(url.as_str(), &fields)?;
    let page = browser.follow(page)?;

    assert_eq!(page.string("/displayName")?, USER);
    Ok(())
}

#[test]
fn a_session_that_is_there_wins_over_the_token() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::builder()
        .person(doorward_testkit::Person::new(
            "other@acme.test",
            "other-password",
        ))
        .start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let home = format!("{}/app/UserHome", bed.okta_url());
    let token = browser.session_token(&login, USER, PASSWORD)?;
    browser.okta_finish(&login, &token, &home)?;

    let token = browser.session_token(&login, "other@acme.test", "other-password")?;
    browser.okta_finish(&login, &token, &home)?;

    let me = format!("{}/api/v1/sessions/me", bed.okta_url());
    assert_eq!(browser.get(&me)?.string("/login")?, USER);
    assert_eq!(bed.complaints().len(), 1);
    assert_eq!(
        browser.send(Method::DELETE, &me, |request| request)?.status,
        204
    );
    assert_eq!(browser.get(&me)?.status, 404);
    Ok(())
}

#[test]
fn a_session_can_be_made_by_the_api() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let token = browser.session_token(&login, USER, PASSWORD)?;
    let url = format!("{}/api/v1/sessions", bed.okta_url());
    let body = json!({"sessionToken": token});

    let id = browser.post_json(&url, &body)?.string("/id")?;
    assert_eq!(
        browser.post_json(&url, &body)?.string("/errorCode")?,
        "E0000004"
    );

    let cookies = browser.jar.entry(OKTA_HOST.to_owned()).or_default();
    cookies.insert("sid".to_owned(), id);
    assert_eq!(browser.start()?.string("/displayName")?, USER);
    Ok(())
}

#[test]
fn a_session_token_can_be_spent_at_the_authorization_endpoint() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let first = browser.get(&format!("{}/k8stoken/token/user", bed.portal_url()))?;
    let authorize = browser.follow_until(first, "/oauth2/v1/authorize")?;
    let refused = browser.get(&format!("{authorize}&prompt=none"))?;
    let back = refused.location()?.ok_or("no redirect")?;
    assert!(
        back.query()
            .unwrap_or_default()
            .contains("error=login_required")
    );

    let page = browser.get(&format!("{}/", bed.okta_url()))?;
    let token = browser.session_token(&page, USER, PASSWORD)?;
    let token = browser.open(&format!("{authorize}&prompt=none&sessionToken={token}"))?;

    assert_eq!(token.string("/displayName")?, USER);
    Ok(())
}

#[test]
fn the_way_back_may_stand_elsewhere() -> Result<(), Box<dyn Error>> {
    for login_page in [
        LoginPage::HiddenInput,
        LoginPage::Script,
        LoginPage::AtAppUrl,
    ] {
        let bed = org(OktaSwitches {
            login_page,
            decoy: true,
            ..OktaSwitches::default()
        })?;
        let mut browser = Browser::new(&bed)?;
        let login = browser.start()?;
        assert_eq!(login.query("fromURI"), None);
        let resume = match login_page {
            LoginPage::HiddenInput => unescaped(
                &login
                    .between("id=\"fromURI\" name=\"fromURI\" value=\"", "\"")
                    .ok_or("none")?,
            ),
            LoginPage::Script => plain(&login.between("var fromUri = '", "'").ok_or("none")?),
            _ => {
                assert_eq!(login.url.path(), "/oauth2/v1/authorize");
                login.url.to_string()
            }
        };
        let resume = login.url.join(&resume)?;
        let token = browser.session_token(&login, USER, PASSWORD)?;

        let page = browser.okta_finish(&login, &token, resume.as_str())?;

        assert_eq!(page.string("/displayName")?, USER);
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn a_page_may_carry_its_token_in_any_shape() -> Result<(), Box<dyn Error>> {
    for (state_token, before, after) in [
        (TokenShape::Variable, "\nvar stateToken = '", "'"),
        (TokenShape::JsonKey, ",\"stateToken\":\"", "\""),
        (
            TokenShape::ModelDataBag,
            "modelDataBag = '\\x7B\\x22stateToken\\x22\\x3A\\x22",
            "\\x22",
        ),
        (TokenShape::OktaData, "\"stateToken\": \"", "\""),
    ] {
        let bed = org(OktaSwitches {
            state_token,
            decoy: true,
            ..OktaSwitches::default()
        })?;
        let mut browser = Browser::new(&bed)?;
        let login = browser.start()?;
        let token = plain(&login.between(before, after).ok_or("no token")?);
        assert!(token.starts_with("00") && token.contains('-'), "{token}");

        let state = browser.authn(&login, &json!({"stateToken": token}))?;
        assert_eq!(state.string("/status")?, "UNAUTHENTICATED");
        let next = state.string("/_links/next/href")?;
        let body = json!({"username": USER, "password": PASSWORD, "stateToken": token});
        let page = browser.post_json(&next, &body)?;

        assert_eq!(page.string("/status")?, "SUCCESS");
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn a_state_token_lives_five_minutes_from_its_last_use() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let page = browser.authn(&login, &credentials("mfa-required"))?;
    let body = json!({"stateToken": page.string("/stateToken")?});

    bed.clock().advance(Duration::from_secs(200));
    assert_eq!(browser.authn(&login, &body)?.status, 200);
    bed.clock().advance(Duration::from_secs(200));
    assert_eq!(browser.authn(&login, &body)?.status, 200);
    bed.clock().advance(Duration::from_secs(301));
    assert_eq!(browser.authn(&login, &body)?.status, 401);
    Ok(())
}

#[test]
fn an_app_may_ask_for_more() -> Result<(), Box<dyn Error>> {
    for idp in [PortalIdp::OktaOidc, PortalIdp::OktaSaml] {
        for step_up in [StepUp::Met, StepUp::Password] {
            let bed = Testbed::builder()
                .idp(idp)
                .okta(OktaSwitches {
                    step_up,
                    relative_locations: true,
                    ..OktaSwitches::default()
                })
                .start()?;
            let mut browser = Browser::new(&bed)?;
            let login = browser.start()?;
            let extra = browser.okta_sign_in(&login)?;
            assert_eq!(extra.status, 200);
            assert!(
                extra
                    .text
                    .contains("<title>Acme - Extra Verification</title>")
            );
            let token = plain(&extra.between("var stateToken = '", "'").ok_or("no token")?);
            let too_early = format!(
                "{}/login/step-up/redirect?stateToken={token}",
                bed.okta_url()
            );
            if step_up == StepUp::Password {
                assert_eq!(browser.get(&too_early)?.status, 403);
            }

            let mut state = browser.authn(&extra, &json!({"stateToken": token}))?;
            if step_up == StepUp::Password {
                assert_eq!(state.string("/status")?, "UNAUTHENTICATED");
                let body = json!({"username": USER, "password": PASSWORD, "stateToken": token});
                state = browser.post_json(&state.string("/_links/next/href")?, &body)?;
            }
            assert_eq!(state.string("/status")?, "SUCCESS");
            assert_eq!(state.string("/type")?, "SESSION_STEP_UP");
            assert!(state.string("/sessionToken").is_err());
            let page = browser.open(&state.string("/_links/next/href")?)?;
            let page = match idp {
                PortalIdp::OktaSaml => browser.post_form(&page)?,
                _ => page,
            };
            assert_eq!(page.string("/displayName")?, USER);
        }
    }
    Ok(())
}

#[test]
fn a_step_up_may_be_a_redirect() -> Result<(), Box<dyn Error>> {
    let bed = org(OktaSwitches {
        step_up: StepUp::Factor,
        step_up_by_redirect: true,
        ..OktaSwitches::default()
    })?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;

    let page = browser.okta_sign_in(&login)?;

    let token = page.url.path().strip_prefix("/signin/refresh-auth-state/");
    let body = json!({"stateToken": token.ok_or("no token")?});
    assert_eq!(
        browser.authn(&page, &body)?.string("/status")?,
        "MFA_REQUIRED"
    );
    Ok(())
}

#[test]
fn the_identity_engine_can_be_told_apart() -> Result<(), Box<dyn Error>> {
    for (identity_engine, pipeline) in [(false, "v1"), (true, "idx")] {
        let bed = org(OktaSwitches {
            identity_engine,
            ..OktaSwitches::default()
        })?;
        let mut browser = Browser::new(&bed)?;
        for origin in [bed.okta_url(), bed.okta_custom_url()] {
            let org = browser.get(&format!("{origin}/.well-known/okta-organization"))?;
            assert_eq!(org.string("/pipeline")?, pipeline);
            assert_eq!(org.string("/_links/organization/href")?, bed.okta_url());
        }
        let page = browser.start()?;
        if identity_engine {
            assert_eq!(page.url.path(), "/oauth2/v1/authorize");
            let token = page
                .between("\\x22stateToken\\x22\\x3A\\x22", "\\x22")
                .ok_or("none")?;
            let token = plain(&token);
            assert!(token.starts_with("02.id."));
            let refused = browser.authn(&page, &json!({"stateToken": token}))?;
            assert_eq!(refused.string("/errorCode")?, "E0000011");
        }
    }
    Ok(())
}

#[test]
fn a_login_may_be_lost_at_the_dashboard() -> Result<(), Box<dyn Error>> {
    let bed = org(OktaSwitches {
        dashboard: true,
        ..OktaSwitches::default()
    })?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;

    let page = browser.okta_sign_in(&login)?;

    assert_eq!((page.status, page.url.path()), (200, "/app/UserHome"));
    Ok(())
}

#[test]
fn a_code_may_come_by_a_form() -> Result<(), Box<dyn Error>> {
    let bed = org(OktaSwitches {
        form_post: true,
        custom_authorization_server: true,
        ..OktaSwitches::default()
    })?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;

    let form = browser.okta_sign_in(&login)?;
    assert_eq!(form.url.path(), "/oauth2/default/v1/authorize/redirect");
    let page = browser.post_form(&form)?;

    assert_eq!(page.string("/displayName")?, USER);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_saml_form_is_written_in_references() -> Result<(), Box<dyn Error>> {
    for empty_relay_state in [false, true] {
        let bed = Testbed::builder()
            .idp(PortalIdp::OktaSaml)
            .okta(OktaSwitches {
                empty_relay_state,
                ..OktaSwitches::default()
            })
            .start()?;
        let mut browser = Browser::new(&bed)?;
        let login = browser.start()?;

        let form = browser.okta_sign_in(&login)?;

        assert!(
            form.text
                .contains("action=\"https&#x3a;&#x2f;&#x2f;k8sou&#x2e;example")
        );
        let response = form
            .between("name=\"SAMLResponse\" type=\"hidden\" value=\"", "\"")
            .ok_or("no response")?;
        assert!(!response.contains('+') && !response.contains('='));
        let relay_state = form.between("name=\"RelayState\" type=\"hidden\" value=\"", "\"");
        assert_eq!(
            relay_state.is_some_and(|value| value.is_empty()),
            empty_relay_state
        );
        assert_eq!(browser.post_form(&form)?.string("/displayName")?, USER);
    }
    Ok(())
}

#[test]
fn a_saml_request_must_keep_its_encoding() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::builder().idp(PortalIdp::OktaSaml).start()?;
    let mut browser = Browser::new(&bed)?;
    let first = browser.get(&format!("{}/login/auth", bed.portal_url()))?;
    let url = first.header("location").unwrap_or_default().to_owned();

    let changed = browser.get(
        &url.replace("%3D&RelayState", "=&RelayState")
            .replace("%2F", "/"),
    )?;

    assert_eq!(changed.status, 400);
    assert_eq!(browser.get(&url)?.status, 302);
    Ok(())
}

#[test]
fn a_saml_request_may_come_by_a_form() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::builder().idp(PortalIdp::OktaSaml).start()?;
    let mut browser = Browser::new(&bed)?;
    let first = browser.get(&format!("{}/k8stoken/token/user", bed.portal_url()))?;
    let first = browser.get(first.location()?.ok_or("no redirect")?.as_str())?;
    let sso = first.location()?.ok_or("no redirect")?;
    let param = |name: &str| {
        let mut pairs = sso.query_pairs();
        pairs
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    let raw = STANDARD.decode(param("SAMLRequest"))?;
    let mut xml = String::new();
    DeflateDecoder::new(raw.as_slice()).read_to_string(&mut xml)?;
    let fields = [
        ("SAMLRequest", &*STANDARD.encode(xml)),
        ("RelayState", &*param("RelayState")),
    ];

    let posted = browser.post(sso.as_str().split('?').next().unwrap_or_default(), &fields)?;
    let login = browser.follow(posted)?;
    let form = browser.okta_sign_in(&login)?;

    assert_eq!(browser.post_form(&form)?.string("/displayName")?, USER);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_saml_response_of_ones_own_is_an_error_page() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::builder().idp(PortalIdp::OktaSaml).start()?;
    let mut browser = Browser::new(&bed)?;
    browser.start()?;

    let fields = [("SAMLResponse", "PHNhbWwvPg=="), ("RelayState", "x")];
    let page = browser.post(&format!("{}/auth/saml2", bed.portal_url()), &fields)?;

    assert_eq!(page.status, 500);
    Ok(())
}

#[test]
fn the_two_hosts_keep_their_cookies_apart() -> Result<(), Box<dyn Error>> {
    let bed = org(OktaSwitches {
        custom_domain: true,
        foreign_base_url: true,
        ..OktaSwitches::default()
    })?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    assert_eq!(login.url.host_str(), Some(OKTA_CUSTOM_HOST));
    let base_url = plain(&login.between("var baseUrl = '", "'").ok_or("no baseUrl")?);
    assert_eq!(base_url, bed.okta_url());

    let foreign = Page {
        url: base_url.parse()?,
        ..login.clone()
    };
    let token = browser.session_token(&foreign, USER, PASSWORD)?;
    let home = format!("{}/app/UserHome", bed.okta_url());
    assert_eq!(browser.okta_finish(&foreign, &token, &home)?.status, 403);
    assert_eq!(browser.okta_sign_in(&login)?.string("/displayName")?, USER);
    Ok(())
}
