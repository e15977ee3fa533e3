//! The Identity Engine: pages, tokens, handles, the user name and the password.

use std::error::Error;
use std::time::Duration;

use doorward_testkit::{
    DeviceProbe, ErrorStatus, Identify, IdxSwitches, Messages, OKTA_CUSTOM_HOST, OKTA_HOST,
    OktaSwitches, PASSWORD, PortalIdp, RateLimit, Round, Testbed, TokenShape, USER,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::driver::Browser;
use crate::idx_driver::{ION, Login, bed, handle_of, introspect, org, passcode};
use crate::okta::plain;

#[test]
fn the_apps_own_url_answers_the_page() -> Result<(), Box<dyn Error>> {
    for idp in [PortalIdp::OktaOidc, PortalIdp::OktaSaml] {
        let bed = Testbed::builder()
            .idp(idp)
            .okta(org(IdxSwitches::default()))
            .start()?;
        let mut browser = Browser::new(&bed)?;

        let page = browser.start()?;

        assert_eq!(page.status, 200);
        assert_ne!(page.url.path(), "/login/login.htm");
        assert_eq!(page.query("fromURI"), None);
        for name in ["DT", "JSESSIONID"] {
            assert!(browser.cookie(OKTA_HOST, name).is_some());
        }
        let cleared = |line: &&str| line.starts_with("sid=\"\"") && line.contains("Max-Age=0");
        assert!(page.set_cookies().iter().any(cleared));
    }
    Ok(())
}

#[test]
fn a_user_name_then_a_password_end_at_the_token() -> Result<(), Box<dyn Error>> {
    for idp in [PortalIdp::OktaOidc, PortalIdp::OktaSaml] {
        for form_post in [false, true] {
            let okta = OktaSwitches {
                form_post,
                custom_authorization_server: form_post,
                ..org(IdxSwitches::default())
            };
            let bed = Testbed::builder().idp(idp).okta(okta).start()?;
            let mut login = Login::start(&bed)?;

            login.send("identify", json!({"identifier": USER, "rememberMe": false}))?;
            login.send("challenge-authenticator", passcode(PASSWORD))?;
            let mut page = login.finish()?;
            if form_post || idp == PortalIdp::OktaSaml {
                assert!(page.text.contains("id=\"appForm\""));
                page = login.browser.post_form(&page)?;
            }

            assert_eq!(page.string("/displayName")?, USER);
            assert!(login.browser.cookie(OKTA_HOST, "idx").is_some());
            assert_eq!(bed.complaints(), Vec::<String>::new());
            let counts = bed.idx_counts();
            assert_eq!((counts.introspects, counts.identifies), (1, 1));
            assert_eq!((counts.answers, counts.finishes), (1, 1));
        }
    }
    Ok(())
}

#[test]
fn every_shape_of_the_page_holds_the_token() -> Result<(), Box<dyn Error>> {
    for (state_token, before, after) in [
        (TokenShape::Variable, "\nvar stateToken = '", "'"),
        (TokenShape::JsonKey, ",\"stateToken\":\"", "\""),
        (TokenShape::OktaData, "\"stateToken\": \"", "\""),
    ] {
        let okta = OktaSwitches {
            state_token,
            decoy: true,
            ..org(IdxSwitches::default())
        };
        let bed = Testbed::builder().okta(okta).start()?;
        let mut browser = Browser::new(&bed)?;
        let page = browser.start()?;

        let token = plain(&page.between(before, after).ok_or("no token")?);

        assert!(token.starts_with("02.id.") && token.contains("~c."));
        assert_eq!(introspect(&mut browser, &page, &token)?.status, 200);
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn a_token_with_its_escapes_is_expired() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches::default())?;
    let mut browser = Browser::new(&bed)?;
    let page = browser.start()?;
    let raw = page.between("\\x22stateToken\\x22\\x3A\\x22", "\\x22");

    let refused = introspect(&mut browser, &page, &raw.ok_or("no token")?)?;

    assert_eq!(refused.status, 401);
    assert_eq!(
        refused.string("/messages/value/0/i18n/key")?,
        "idx.session.expired"
    );
    assert!(refused.string("/stateHandle").is_err());
    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn media_types_are_looked_at() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches::default())?;
    let login = Login::start(&bed)?;
    let Login {
        mut browser,
        page,
        token,
        ..
    } = login;
    let url = page.url.join("/idp/idx/introspect")?;
    for (accept, kind) in [
        (ION, "application/json"),
        (ION, "application/ion+json; okta-version=2.0.0"),
        ("text/html", ION),
        ("application\\/json", ION),
    ] {
        let body = json!({"stateToken": token}).to_string();
        let refused = browser.send(Method::POST, url.as_str(), |request| {
            request
                .header("Accept", accept)
                .header("Content-Type", kind)
                .body(body)
        })?;
        assert_eq!(refused.status, 400);
        assert_eq!(refused.string("/errorCode")?, "E0000021");
    }
    assert_eq!(browser.get(url.as_str())?.status, 405);
    assert_eq!(bed.complaints().len(), 5);
    Ok(())
}

#[test]
fn answers_are_ion() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches::default())?;
    let login = Login::start(&bed)?;

    assert_eq!(login.document.header("content-type"), Some(ION));
    assert!(login.document.header("x-okta-request-id").is_some());
    assert!(login.document.header("x-rate-limit-reset").is_some());
    Ok(())
}

#[test]
fn a_device_probe_comes_before_the_user_name_until_it_is_cancelled() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches {
        device_probe: DeviceProbe::Loopback,
        ..IdxSwitches::default()
    })?;
    let mut login = Login::start(&bed)?;
    assert_eq!(login.names()?, ["device-challenge-poll"]);
    assert_eq!(
        login
            .document
            .string("/authenticatorChallenge/value/challengeMethod")?,
        "LOOPBACK"
    );
    login.send("device-challenge-poll", json!({}))?;
    assert_eq!(login.names()?, ["device-challenge-poll"]);

    let document = login.document.json()?;
    let cancel = document.pointer("/authenticatorChallenge/value/cancel");
    login.send_form(
        cancel.ok_or("no cancel")?,
        json!({"reason": "OV_UNREACHABLE_BY_LOOPBACK"}),
    )?;

    assert_eq!(login.names()?, ["identify"]);
    assert_eq!(bed.idx_counts().probe_cancels, 1);
    assert_eq!(bed.factor_counts().polls, 1);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_401_for_the_device_holds_the_way_without_it() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches {
        device_probe: DeviceProbe::Unauthorized,
        ..IdxSwitches::default()
    })?;
    let mut login = Login::start(&bed)?;

    assert_eq!(login.document.status, 401);
    let header = login.document.header("www-authenticate");
    assert!(header.is_some_and(|line| line.starts_with("Oktadevicejwt realm=")));
    login.send("identify", json!({"identifier": USER}))?;
    assert_eq!(login.document.status, 200);
    Ok(())
}

#[test]
fn credentials_are_refused_where_only_the_user_name_is_asked_for() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches::default())?;
    let mut login = Login::start(&bed)?;

    let body = json!({"identifier": USER, "credentials": {"passcode": PASSWORD}});
    let refused = login
        .send("identify", body)
        .err()
        .ok_or("not refused")?
        .to_string();

    assert!(refused.starts_with("400") && refused.contains("Cannot use credentials"));
    assert_eq!(bed.complaints().len(), 1);
    login.send("identify", json!({"identifier": USER}))?;
    assert_eq!(login.names()?, ["challenge-authenticator"]);
    Ok(())
}

#[test]
fn user_name_and_password_may_stand_on_one_form() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches {
        identify: Identify::WithCredentials,
        ..IdxSwitches::default()
    })?;
    let mut login = Login::start(&bed)?;
    let form = login.form("identify")?;
    // The password itself is not marked as required.
    assert_eq!(form.pointer("/value/1/form/value/0/required"), None);

    let wrong = json!({"identifier": USER, "credentials": {"passcode": "wrong-password"}});
    login.send("identify", wrong)?;
    assert_eq!(
        (login.document.status, login.message()?.as_str()),
        (400, "errors.E0000004")
    );
    let right = json!({"identifier": USER, "credentials": {"passcode": PASSWORD}});
    login.send("identify", right)?;

    assert_eq!(login.finish()?.string("/displayName")?, USER);
    assert_eq!(bed.idx_counts().refusals, 1);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn an_unknown_user_is_asked_again_with_any_status() -> Result<(), Box<dyn Error>> {
    for (error_status, status) in [(ErrorStatus::Usual, 400), (ErrorStatus::Ok, 200)] {
        let bed = bed(IdxSwitches {
            error_status,
            ..IdxSwitches::default()
        })?;
        let mut login = Login::start(&bed)?;

        login.send("identify", json!({"identifier": "nobody@acme.test"}))?;

        assert_eq!(login.document.status, status);
        assert_eq!(login.message()?, "errors.E0000004");
        assert_eq!(login.names()?, ["identify"]);
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn an_unknown_user_may_be_asked_for_a_password() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches {
        hide_unknown_users: true,
        ..IdxSwitches::default()
    })?;
    let mut login = Login::start(&bed)?;
    login.send("identify", json!({"identifier": "nobody@acme.test"}))?;
    assert_eq!(login.names()?, ["challenge-authenticator"]);

    login.send("challenge-authenticator", passcode(PASSWORD))?;

    assert_eq!(login.field_message()?, "incorrectPassword");
    Ok(())
}

#[test]
fn a_captcha_stands_on_the_form() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches {
        identify: Identify::Captcha,
        ..IdxSwitches::default()
    })?;
    let mut login = Login::start(&bed)?;
    assert_eq!(
        login.document.string("/captcha/value/type")?,
        "RECAPTCHA_V2"
    );
    let form = login.form("identify")?;
    let fields = form
        .get("value")
        .and_then(Value::as_array)
        .ok_or("no fields")?;
    assert!(
        fields
            .iter()
            .any(|field| field.get("name") == Some(&json!("captchaVerify")))
    );

    let body = json!({"identifier": USER, "credentials": {"passcode": PASSWORD}});
    assert!(login.send("identify", body).is_err());

    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn what_leads_nowhere_may_come_first() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches {
        decoys: true,
        ..IdxSwitches::default()
    })?;
    let mut login = Login::start(&bed)?;
    let names = login.names()?;
    assert_eq!(names.first().map(String::as_str), Some("unlock-account"));
    assert_eq!(names.last().map(String::as_str), Some("identify"));

    login.send("identify", json!({"identifier": USER}))?;
    assert_eq!(
        login.names()?,
        [
            "select-identify",
            "launch-authenticator",
            "challenge-authenticator"
        ]
    );
    login.send("challenge-authenticator", passcode(PASSWORD))?;

    assert_eq!(login.finish()?.string("/displayName")?, USER);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    let mut login = Login::start(&bed)?;
    assert!(login.send("unlock-account", json!({})).is_err());
    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn a_handle_is_good_until_the_next_answer() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches::default())?;
    let mut login = Login::start(&bed)?;
    let first = login.form("identify")?;
    login.send("identify", json!({"identifier": USER}))?;
    let before = handle_of(&first).ok_or("no handle")?;
    assert_ne!(before, json!(login.document.string("/stateHandle")?));

    let mut stale = login.form("challenge-authenticator")?;
    for field in stale["value"].as_array_mut().ok_or("no fields")? {
        if field["name"] == "stateHandle" {
            field["value"] = before.clone();
        }
    }
    let refused = login
        .send_form(&stale, passcode(PASSWORD))
        .err()
        .ok_or("taken")?;

    assert!(refused.to_string().contains("idx.session.expired"));
    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn handles_may_stay() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches {
        rotating_handles: false,
        ..IdxSwitches::default()
    })?;
    let mut login = Login::start(&bed)?;

    login.send("identify", json!({"identifier": USER}))?;

    assert_eq!(login.document.string("/stateHandle")?, login.token);
    Ok(())
}

#[test]
fn a_form_may_have_another_handle_than_its_document() -> Result<(), Box<dyn Error>> {
    for rotating_handles in [true, false] {
        let bed = bed(IdxSwitches {
            form_handle_differs: true,
            rotating_handles,
            ..IdxSwitches::default()
        })?;
        let mut login = Login::start(&bed)?;
        let url = login.page.url.join("/idp/idx/identify")?;
        let body = json!({
            "identifier": USER, "stateHandle": login.document.string("/stateHandle")?,
        });
        assert_eq!(login.browser.post_json(url.as_str(), &body)?.status, 401);
        assert_eq!(bed.complaints().len(), 1);

        login.send("identify", json!({"identifier": USER}))?;
        login.send("challenge-authenticator", passcode(PASSWORD))?;

        assert_eq!(login.finish()?.string("/displayName")?, USER);
        assert_eq!(bed.complaints().len(), 1);
    }
    Ok(())
}

#[test]
fn a_step_out_of_order_is_refused() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches::default())?;
    let mut login = Login::start(&bed)?;
    let form = login.form("identify")?;
    let at = |path: &str| {
        let mut form = form.clone();
        let href = login.page.url.join(path).map(String::from);
        form["href"] = json!(href.unwrap_or_default());
        form
    };
    let forms = [
        at("/idp/idx/challenge"),
        at("/idp/idx/challenge/answer"),
        at("/idp/idx/challenge/poll"),
        at("/idp/idx/challenge/resend"),
        at("/idp/idx/skip"),
        at("/idp/idx/keep-me-signed-in"),
        at("/idp/idx/authenticators/poll/cancel"),
    ];
    for form in &forms {
        let refused = login.send_form(form, json!({})).err().ok_or("taken")?;
        assert!(refused.to_string().contains("Expected IDENTIFY, attempted"));
    }
    assert_eq!(bed.complaints().len(), forms.len());
    login.send("identify", json!({"identifier": USER}))?;
    Ok(())
}

#[test]
fn only_the_fields_of_a_form_may_be_sent() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches::default())?;
    let mut login = Login::start(&bed)?;
    assert!(
        login
            .send("identify", json!({"identifier": USER, "captchaVerify": {}}))
            .is_err()
    );
    assert!(login.send("identify", json!({"username": USER})).is_err());
    login.send("identify", json!({"identifier": USER}))?;
    assert!(
        login
            .send("challenge-authenticator", json!({"passcode": PASSWORD}))
            .is_err()
    );
    let both = json!({"credentials": {"passcode": PASSWORD, "totp": "000000"}});
    assert!(login.send("challenge-authenticator", both).is_err());
    assert_eq!(bed.complaints().len(), 4);
    assert_eq!(bed.idx_counts().refusals, 0);
    Ok(())
}

#[test]
fn a_wrong_password_is_told_at_its_field_or_at_the_top() -> Result<(), Box<dyn Error>> {
    for (messages, expected) in [
        (Messages::Field, "incorrectPassword"),
        (Messages::Global, "errors.E0000004"),
    ] {
        let bed = bed(IdxSwitches {
            messages,
            ..IdxSwitches::default()
        })?;
        let mut login = Login::start(&bed)?;
        login.send("identify", json!({"identifier": USER}))?;

        login.send("challenge-authenticator", passcode("wrong-password"))?;

        assert_eq!(login.document.status, 401);
        let key = match messages {
            Messages::Global => login.message()?,
            _ => login.field_message()?,
        };
        assert_eq!(key, expected);
        assert_eq!(login.message().is_ok(), messages == Messages::Global);
        assert_eq!(bed.idx_counts().refusals, 1);
        login.send("challenge-authenticator", passcode(PASSWORD))?;
        assert_eq!(login.finish()?.string("/displayName")?, USER);
    }
    Ok(())
}

#[test]
fn wrong_passwords_lock_the_account_of_both_engines() -> Result<(), Box<dyn Error>> {
    for show_lockouts in [false, true] {
        let okta = OktaSwitches {
            lock_after: 2,
            show_lockouts,
            ..org(IdxSwitches::default())
        };
        let bed = Testbed::builder().okta(okta).start()?;
        let mut login = Login::start(&bed)?;
        login.send("identify", json!({"identifier": USER}))?;
        login.send("challenge-authenticator", passcode("wrong-password"))?;
        let _ = login.send("challenge-authenticator", passcode("wrong-password"));

        let mut login = Login::start(&bed)?;
        login.send("identify", json!({"identifier": USER}))?;
        let last = login.send("challenge-authenticator", passcode(PASSWORD));

        match show_lockouts {
            true => {
                let refused = last.err().ok_or("not locked")?.to_string();
                assert!(refused.starts_with("403") && refused.contains("errors.E0000119"));
            }
            false => assert_eq!(login.field_message()?, "incorrectPassword"),
        }
    }
    Ok(())
}

#[test]
fn too_many_requests_meet_the_limit() -> Result<(), Box<dyn Error>> {
    for rate_limit in [RateLimit::Code, RateLimit::Ion] {
        let bed = bed(IdxSwitches {
            rate_limit,
            ..IdxSwitches::default()
        })?;
        bed.clock().hold();
        let mut login = Login::start(&bed)?;
        for _ in 0..9 {
            login.send("identify", json!({"identifier": "nobody"}))?;
        }

        let limited = login.send("identify", json!({"identifier": "nobody"}));
        let limited = limited.err().ok_or("no limit")?.to_string();

        let expected = match rate_limit {
            RateLimit::Ion => "tooManyRequests",
            _ => "E0000047",
        };
        assert!(
            limited.starts_with("429") && limited.contains(expected),
            "{limited}"
        );
        assert_eq!(bed.idx_counts().limited, 1);
        bed.clock().advance(Duration::from_secs(5));
        login.send("identify", json!({"identifier": USER}))?;
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn a_user_has_a_limit_over_all_logins() -> Result<(), Box<dyn Error>> {
    let okta = OktaSwitches {
        lock_after: 100,
        ..org(IdxSwitches {
            rate_limit: RateLimit::Code,
            ..IdxSwitches::default()
        })
    };
    let bed = Testbed::builder().okta(okta).start()?;
    bed.clock().hold();
    let mut taken = 0;
    for _ in 0..4 {
        let mut login = Login::start(&bed)?;
        login.send("identify", json!({"identifier": USER}))?;
        let mut wrong = || {
            login
                .send("challenge-authenticator", passcode("wrong-password"))
                .is_ok()
        };
        taken += (0..6).filter(|_| wrong()).count();
    }

    assert_eq!(taken, 20);
    assert_eq!(bed.idx_counts().limited, 4);
    Ok(())
}

#[test]
fn a_refused_answer_has_the_status_of_the_switch() -> Result<(), Box<dyn Error>> {
    for (error_status, status) in [
        (ErrorStatus::Usual, 401),
        (ErrorStatus::Ok, 200),
        (ErrorStatus::BadRequest, 400),
    ] {
        let bed = bed(IdxSwitches {
            error_status,
            ..IdxSwitches::default()
        })?;
        let mut login = Login::start(&bed)?;
        login.send("identify", json!({"identifier": USER}))?;

        login.send("challenge-authenticator", passcode("wrong-password"))?;

        assert_eq!(login.document.status, status);
        assert_eq!(login.field_message()?, "incorrectPassword");
    }
    Ok(())
}

#[test]
fn a_page_lies_two_hours_at_most() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches::default())?;
    let mut login = Login::start(&bed)?;

    bed.clock().advance(Duration::from_secs(7300));

    let refused = login.send("identify", json!({"identifier": USER}));
    assert!(
        refused
            .err()
            .ok_or("taken")?
            .to_string()
            .contains("idx.session.expired")
    );
    Ok(())
}

#[test]
fn a_cancelled_login_starts_over() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches::default())?;
    let mut login = Login::start(&bed)?;
    login.send("identify", json!({"identifier": USER}))?;
    let cancel = login.document.json()?;

    login.send_form(cancel.get("cancel").ok_or("no cancel")?, json!({}))?;

    assert_eq!(login.names()?, ["identify"]);
    assert_eq!(bed.idx_counts().cancels, 1);
    Ok(())
}

#[test]
fn calls_without_the_pages_cookies_are_complained_of() -> Result<(), Box<dyn Error>> {
    for name in ["DT", "JSESSIONID"] {
        let bed = bed(IdxSwitches::default())?;
        let mut login = Login::start(&bed)?;

        login.browser.drop_cookie(OKTA_HOST, name);
        login.send("identify", json!({"identifier": USER}))?;

        assert_eq!(bed.complaints().len(), 1);
    }
    Ok(())
}

#[test]
fn the_other_host_of_the_org_is_another_place_for_cookies() -> Result<(), Box<dyn Error>> {
    let okta = OktaSwitches {
        custom_domain: true,
        foreign_base_url: true,
        ..org(IdxSwitches::default())
    };
    let bed = Testbed::builder().okta(okta).start()?;
    let mut login = Login::start(&bed)?;
    assert_eq!(login.page.url.host_str(), Some(OKTA_CUSTOM_HOST));
    let base_url = plain(
        &login
            .page
            .between("var baseUrl = '", "'")
            .ok_or("no baseUrl")?,
    );
    assert_eq!(base_url, bed.okta_url());

    login.send("identify", json!({"identifier": USER}))?;
    login.send("challenge-authenticator", passcode(PASSWORD))?;
    let href = login.document.string("/success/href")?;
    assert!(href.starts_with(&bed.okta_custom_url()));
    assert_eq!(login.finish()?.string("/displayName")?, USER);
    assert_eq!(bed.complaints(), Vec::<String>::new());

    let mut login = Login::start(&bed)?;
    login.send("identify", json!({"identifier": USER}))?;
    login.send("challenge-authenticator", passcode(PASSWORD))?;
    let elsewhere = login.document.string("/success/href")?;
    let elsewhere = elsewhere.replace(&bed.okta_custom_url(), &bed.okta_url());
    assert_eq!(login.browser.get(&elsewhere)?.status, 403);
    Ok(())
}

#[test]
fn handles_and_codes_are_secrets() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches {
        policy: vec![Round::Password],
        ..IdxSwitches::default()
    })?;
    let mut login = Login::start(&bed)?;
    let first = login.document.string("/stateHandle")?;
    login.send("identify", json!({"identifier": USER}))?;

    let secrets = bed.secrets();

    let short = login.token.split('~').next().unwrap_or_default().to_owned();
    for secret in [
        login.token.clone(),
        first,
        short,
        login.document.string("/stateHandle")?,
    ] {
        assert!(secrets.contains(&secret));
    }
    Ok(())
}
