//! When a factor is asked for, what comes before and after it, and which calls a state allows.

use std::error::Error;

use doorward_testkit::{
    Enrollment, OKTA_HOST, OktaFactor, OktaSwitches, OrgFactor, PASSWORD, Person, StepUp, Testbed,
    USER,
};
use serde_json::json;

use crate::driver::Browser;
use crate::factor_login::{Login, asking, asking_with, code, error, wait};

#[test]
fn without_a_policy_nobody_is_asked() -> Result<(), Box<dyn Error>> {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = Testbed::builder().enroll(USER, &totp).start()?;

    assert_eq!(Login::start(&bed, USER)?.status()?, "SUCCESS");
    Ok(())
}

#[test]
fn whoever_has_nothing_must_enrol() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::builder()
        .person(Person::new("new@acme.test", PASSWORD))
        .okta(OktaSwitches {
            org_factor: OrgFactor::Always,
            ..OktaSwitches::default()
        })
        .start()?;

    let login = Login::start(&bed, "new@acme.test")?;

    assert_eq!(login.status()?, "MFA_ENROLL");
    let enrollment = "/_embedded/factors/0/enrollment";
    assert_eq!(login.state.string(enrollment)?, "REQUIRED");
    assert!(login.state.string("/_links/skip/href").is_err());
    Ok(())
}

#[test]
fn an_enrolment_comes_after_the_factor_and_may_be_optional() -> Result<(), Box<dyn Error>> {
    for (enrollment, optional) in [(Enrollment::Optional, true), (Enrollment::Required, false)] {
        let totp = OktaFactor::totp("GOOGLE");
        let switches = OktaSwitches {
            enrollment,
            ..OktaSwitches::default()
        };
        let bed = asking_with(&totp, switches)?;
        let mut login = Login::start(&bed, USER)?;
        let now = code(&bed, &totp, 0)?;
        login.code(&totp, &now)?;

        assert_eq!(login.status()?, "MFA_ENROLL");
        if optional {
            login.link("skip")?;
            assert_eq!(login.finish()?.string("/displayName")?, USER);
        } else {
            let skip = format!("{}/api/v1/authn/skip", bed.okta_url());
            let answer = login.post(&skip, json!({}))?;
            assert_eq!(error(&answer)?, (403, "E0000079".to_owned()));
        }
    }
    Ok(())
}

#[test]
fn a_password_that_ended_is_told_after_the_factor() -> Result<(), Box<dyn Error>> {
    for status in ["PASSWORD_EXPIRED", "PASSWORD_RESET"] {
        let totp = OktaFactor::totp("GOOGLE");
        let user = format!("{}@acme.test", status.to_lowercase().replace('_', "-"));
        let bed = Testbed::builder()
            .enroll(&user, &totp)
            .okta(OktaSwitches {
                org_factor: OrgFactor::Always,
                ..OktaSwitches::default()
            })
            .start()?;
        let mut login = Login::start(&bed, &user)?;
        assert_eq!(login.status()?, "MFA_REQUIRED");

        let now = code(&bed, &totp, 0)?;
        login.code(&totp, &now)?;

        assert_eq!(login.status()?, status);
        assert!(login.state.string("/sessionToken").is_err());
        assert!(login.state.string("/_links/skip/href").is_err());
    }
    Ok(())
}

#[test]
fn a_password_that_ends_soon_can_be_skipped_after_the_factor() -> Result<(), Box<dyn Error>> {
    let totp = OktaFactor::totp("GOOGLE");
    let user = "password-warn@acme.test";
    let bed = Testbed::builder()
        .enroll(user, &totp)
        .okta(OktaSwitches {
            org_factor: OrgFactor::Always,
            ..OktaSwitches::default()
        })
        .start()?;
    let mut login = Login::start(&bed, user)?;
    let body = json!({
        "username": user, "password": PASSWORD, "options": {"warnBeforePasswordExpired": true},
    });
    login.state = login.browser.authn(&login.page, &body)?;
    let now = code(&bed, &totp, 0)?;
    login.code(&totp, &now)?;
    assert_eq!(login.status()?, "PASSWORD_WARN");

    login.link("skip")?;

    assert_eq!(login.status()?, "SUCCESS");
    Ok(())
}

#[test]
fn an_app_may_ask_for_the_password_and_a_factor() -> Result<(), Box<dyn Error>> {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = Testbed::builder()
        .enroll(USER, &totp)
        .okta(OktaSwitches {
            step_up: StepUp::PasswordAndFactor,
            ..OktaSwitches::default()
        })
        .start()?;
    let mut login = Login::start(&bed, USER)?;
    let extra = login.finish()?;
    login.step_up(extra)?;
    assert_eq!(login.status()?, "UNAUTHENTICATED");

    login.next(json!({"username": USER, "password": PASSWORD}))?;
    assert_eq!(login.status()?, "MFA_REQUIRED");
    let now = code(&bed, &totp, 0)?;
    login.code(&totp, &now)?;

    assert!(login.state.string("/sessionToken").is_err());
    let next = login.state.string("/_links/next/href")?;
    let token = login.browser.open(&next)?;
    assert_eq!(token.string("/displayName")?, USER);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_step_up_may_end_with_a_session_token() -> Result<(), Box<dyn Error>> {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = Testbed::builder()
        .enroll(USER, &totp)
        .okta(OktaSwitches {
            step_up: StepUp::Factor,
            step_up_by_session_token: true,
            ..OktaSwitches::default()
        })
        .start()?;
    let mut login = Login::start(&bed, USER)?;
    let extra = login.finish()?;
    let app = extra.url.clone();
    login.step_up(extra)?;
    let now = code(&bed, &totp, 0)?;
    login.code(&totp, &now)?;
    assert!(login.state.string("/type").is_err());

    let token = login.state.string("/sessionToken")?;
    let page = login
        .browser
        .okta_finish(&login.page, &token, app.as_str())?;

    assert_eq!(page.string("/displayName")?, USER);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_session_of_the_api_says_what_the_app_still_wants() -> Result<(), Box<dyn Error>> {
    for (step_up, enrollment, status) in [
        (StepUp::None, Enrollment::None, "ACTIVE"),
        (StepUp::Factor, Enrollment::None, "MFA_REQUIRED"),
        (StepUp::None, Enrollment::Optional, "MFA_ENROLL"),
    ] {
        let bed = Testbed::builder()
            .okta(OktaSwitches {
                step_up,
                enrollment,
                ..OktaSwitches::default()
            })
            .start()?;
        let mut login = Login::start(&bed, USER)?;
        if enrollment == Enrollment::Optional {
            login.link("skip")?;
        }
        let body = json!({"sessionToken": login.state.string("/sessionToken")?});

        let url = format!("{}/api/v1/sessions", bed.okta_url());
        let session = login.browser.post_json(&url, &body)?;

        assert_eq!(session.string("/status")?, status);
    }
    Ok(())
}

#[test]
fn a_device_that_was_to_be_remembered_is_not_asked() -> Result<(), Box<dyn Error>> {
    let totp = OktaFactor::totp("GOOGLE");
    let switches = OktaSwitches {
        org_factor: OrgFactor::NewDevice,
        ..OktaSwitches::default()
    };
    let bed = asking_with(&totp, switches)?;
    let mut login = Login::start(&bed, USER)?;
    let allowed = "/_embedded/policy/allowRememberDevice";
    assert_eq!(login.state.json()?.pointer(allowed), Some(&json!(true)));
    let verify = login
        .state
        .string("/_embedded/factors/0/_links/verify/href")?;
    let now = code(&bed, &totp, 0)?;
    login.post(
        &format!("{verify}?rememberDevice=true"),
        json!({"passCode": now}),
    )?;
    assert_eq!(login.status()?, "SUCCESS");
    let device = login.browser.cookie(OKTA_HOST, "DT").map(str::to_owned);
    let device = device.ok_or("no device token")?;

    let status = |device: Option<&str>| -> Result<String, Box<dyn Error>> {
        let mut browser = Browser::new(&bed)?;
        if let Some(device) = device {
            let jar = browser.jar.entry(OKTA_HOST.to_owned()).or_default();
            jar.insert("DT".to_owned(), device.to_owned());
        }
        Login::with(browser, USER)?.status()
    };
    assert_eq!(status(Some(&device))?, "SUCCESS");
    assert_eq!(status(Some("DI1madeup"))?, "MFA_REQUIRED");
    assert_eq!(status(None)?, "MFA_REQUIRED");
    wait(&bed, 900);
    assert_eq!(status(Some(&device))?, "MFA_REQUIRED");
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_device_is_forgotten_unless_the_query_says_otherwise() -> Result<(), Box<dyn Error>> {
    let totp = OktaFactor::totp("GOOGLE");
    for (query, body, complaints) in [
        ("", json!({}), 0),
        ("?rememberDevice=false", json!({}), 0),
        ("?rememberDevice", json!({}), 1),
        ("", json!({"rememberDevice": true}), 1),
        ("", json!({"rememberDevice": "true"}), 1),
    ] {
        let switches = OktaSwitches {
            org_factor: OrgFactor::NewDevice,
            ..OktaSwitches::default()
        };
        let bed = asking_with(&totp, switches)?;
        let mut login = Login::start(&bed, USER)?;
        let verify = login
            .state
            .string("/_embedded/factors/0/_links/verify/href")?;
        let mut body = body;
        body["passCode"] = json!(code(&bed, &totp, 0)?);
        login.post(&format!("{verify}{query}"), body)?;
        assert_eq!(login.status()?, "SUCCESS");

        let again = Login::with(login.browser, USER)?;

        assert_eq!(again.status()?, "MFA_REQUIRED", "{query}");
        assert_eq!(bed.complaints().len(), complaints, "{query}");
    }
    Ok(())
}

#[test]
fn a_policy_may_forbid_to_remember_devices() -> Result<(), Box<dyn Error>> {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = asking(&totp)?;
    let mut login = Login::start(&bed, USER)?;
    let allowed = "/_embedded/policy/allowRememberDevice";
    assert_eq!(login.state.json()?.pointer(allowed), Some(&json!(false)));
    let verify = login
        .state
        .string("/_embedded/factors/0/_links/verify/href")?;

    let now = code(&bed, &totp, 0)?;
    login.post(
        &format!("{verify}?rememberDevice=true"),
        json!({"passCode": now}),
    )?;

    assert_eq!(Login::with(login.browser, USER)?.status()?, "MFA_REQUIRED");
    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn each_state_has_a_token_of_its_own() -> Result<(), Box<dyn Error>> {
    for rotate_state_tokens in [true, false] {
        let sms = OktaFactor::sms();
        let switches = OktaSwitches {
            rotate_state_tokens,
            ..OktaSwitches::default()
        };
        let bed = asking_with(&sms, switches)?;
        let mut login = Login::start(&bed, USER)?;
        let before = login.state.string("/stateToken")?;

        login.verify(&sms, json!({}))?;

        let body = json!({"stateToken": before});
        let old = login.browser.authn(&login.page, &body)?;
        if rotate_state_tokens {
            assert_eq!(error(&old)?, (401, "E0000011".to_owned()));
        } else {
            assert_eq!(old.string("/status")?, "MFA_CHALLENGE");
        }
    }
    Ok(())
}

#[test]
fn one_can_go_back_to_the_other_factors() -> Result<(), Box<dyn Error>> {
    let (sms, totp) = (OktaFactor::sms(), OktaFactor::totp("GOOGLE"));
    let bed = Testbed::builder()
        .enroll("mfa-required@acme.test", &sms)
        .enroll("mfa-required@acme.test", &totp)
        .start()?;
    let mut login = Login::start(&bed, "mfa-required@acme.test")?;
    login.verify(&sms, json!({}))?;
    let now = code(&bed, &totp, 0)?;
    assert_eq!(
        error(&login.code(&totp, &now)?)?,
        (403, "E0000079".to_owned())
    );

    login.link("prev")?;
    assert_eq!(login.status()?, "MFA_REQUIRED");
    login.code(&totp, &now)?;

    assert_eq!(login.status()?, "SUCCESS");
    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn a_factor_belongs_to_its_state() -> Result<(), Box<dyn Error>> {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = asking(&totp)?;
    let bed_b = Testbed::builder()
        .enroll("password-expired@acme.test", &totp)
        .start()?;
    let mut login = Login::start(&bed_b, "password-expired@acme.test")?;
    let now = code(&bed_b, &totp, 0)?;
    assert_eq!(
        error(&login.code(&totp, &now)?)?,
        (403, "E0000079".to_owned())
    );

    let mut login = Login::start(&bed, USER)?;
    assert_eq!(login.code(&OktaFactor::totp("GOOGLE"), &now)?.status, 404);
    wait(&bed, 301);
    assert_eq!(
        error(&login.code(&totp, &now)?)?,
        (401, "E0000011".to_owned())
    );
    Ok(())
}

#[test]
fn what_is_done_or_too_old_cannot_be_cancelled() -> Result<(), Box<dyn Error>> {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = Testbed::builder()
        .enroll(USER, &totp)
        .okta(OktaSwitches {
            step_up: StepUp::Factor,
            ..OktaSwitches::default()
        })
        .start()?;
    bed.clock().hold();
    let mut login = Login::start(&bed, USER)?;
    let extra = login.finish()?;
    login.step_up(extra)?;
    let cancel = login.state.string("/_links/cancel/href")?;
    let now = code(&bed, &totp, 0)?;
    login.code(&totp, &now)?;
    assert!(login.state.string("/_links/cancel/href").is_err());

    let refused = login.post(&cancel, json!({}))?;
    assert_eq!(error(&refused)?, (403, "E0000079".to_owned()));
    wait(&bed, 301);
    let refused = login.post(&cancel, json!({}))?;

    assert_eq!(error(&refused)?, (401, "E0000011".to_owned()));
    Ok(())
}

#[test]
fn somebody_else_cannot_step_up_a_session() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::builder()
        .person(Person::new("other@acme.test", PASSWORD))
        .okta(OktaSwitches {
            step_up: StepUp::Password,
            ..OktaSwitches::default()
        })
        .start()?;
    let mut login = Login::start(&bed, USER)?;
    let extra = login.finish()?;
    login.step_up(extra)?;

    login.next(json!({"username": "other@acme.test", "password": PASSWORD}))?;
    let next = login.state.string("/_links/next/href")?;

    assert_eq!(login.browser.get(&next)?.status, 403);
    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn a_login_that_was_cancelled_is_over() -> Result<(), Box<dyn Error>> {
    let totp = OktaFactor::totp("GOOGLE");
    let bed = asking(&totp)?;
    let mut login = Login::start(&bed, USER)?;

    assert_eq!(login.link("cancel")?.status, 200);

    let now = code(&bed, &totp, 0)?;
    assert_eq!(error(&login.code(&totp, &now)?)?.1, "E0000011");
    Ok(())
}
