//! The Identity Engine: pages after the last proof, the ends, and the ways around it.

use std::error::Error;

use doorward_testkit::{
    Fault, Identify, IdxSwitches, OKTA_HOST, OktaFactor, OktaSwitches, PARTNER_HOST, PASSWORD,
    PortalIdp, PortalSwitches, PostAuth, Round, Success, Testbed, Trouble, USER,
};
use serde_json::json;

use crate::driver::Browser;
use crate::idx_driver::{Login, bed, bed_with, org, passcode, two_steps};

#[test]
fn pages_after_the_last_proof_come_one_by_one() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches {
        post_auth: vec![
            PostAuth::PasswordExpiring,
            PostAuth::Promotion,
            PostAuth::DeviceAssurance,
            PostAuth::KeepMeSignedIn,
        ],
        ..IdxSwitches::default()
    })?;
    let mut login = Login::past_password(&bed)?;
    assert_eq!(login.names()?, ["reenroll-authenticator-warning", "skip"]);
    assert_eq!(login.message()?, "idx.password.expiring.message");
    login.send("skip", json!({}))?;
    assert_eq!(login.names()?, ["enroll-authenticator-promotion", "skip"]);
    login.send("skip", json!({}))?;
    assert_eq!(login.names()?, ["device-assurance-grace-period"]);
    assert_eq!(login.document.string("/messages/value/0/class")?, "WARNING");
    login.send("device-assurance-grace-period", json!({}))?;
    assert!(login.send("keep-me-signed-in", json!({})).is_err());
    assert_eq!(bed.complaints().len(), 1);
    login.send("keep-me-signed-in", json!({"keepMeSignedIn": false}))?;

    assert_eq!(login.finish()?.string("/displayName")?, USER);
    assert_eq!(bed.idx_counts().skips, 3);
    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn some_pages_cannot_be_skipped() -> Result<(), Box<dyn Error>> {
    for (page, name) in [
        (PostAuth::Reenroll, "reenroll-authenticator"),
        (PostAuth::Enroll, "select-authenticator-enroll"),
        (PostAuth::Consent, "consent"),
    ] {
        let bed = bed(IdxSwitches {
            post_auth: vec![page],
            ..IdxSwitches::default()
        })?;
        let mut login = Login::past_password(&bed)?;
        assert_eq!(login.names()?, [name]);

        let mut form = login.form(name)?;
        form["href"] = json!(login.page.url.join("/idp/idx/skip")?.as_str());
        assert!(login.send_form(&form, json!({})).is_err());

        assert_eq!(bed.complaints().len(), 1);
        assert_eq!(bed.idx_counts().skips, 0);
    }
    Ok(())
}

#[test]
fn user_names_stand_for_pages() -> Result<(), Box<dyn Error>> {
    for (user, name) in [
        ("password-warn", "reenroll-authenticator-warning"),
        ("password-expired", "reenroll-authenticator"),
        ("mfa-enroll", "select-authenticator-enroll"),
        ("consent-required", "consent"),
    ] {
        let bed = bed(IdxSwitches::default())?;
        let mut login = Login::start(&bed)?;
        login.send("identify", json!({"identifier": user}))?;

        login.send("challenge-authenticator", passcode(PASSWORD))?;

        assert_eq!(login.names()?.first().map(String::as_str), Some(name));
    }
    Ok(())
}

#[test]
fn a_good_end_has_two_shapes() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches {
        success: Success::Remediation,
        ..IdxSwitches::default()
    })?;
    let mut login = Login::past_password(&bed)?;
    assert!(login.document.string("/success/href").is_err());
    let form = login.form("success-redirect")?;
    assert_eq!(form.get("method"), Some(&json!("GET")));

    let href = form
        .get("href")
        .and_then(|href| href.as_str())
        .ok_or("no href")?;
    let page = login.browser.open(href)?;

    assert_eq!(page.string("/displayName")?, USER);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_link_may_stand_beside_an_error() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches {
        success: Success::WithError,
        ..IdxSwitches::default()
    })?;
    let mut login = Login::past_password(&bed)?;
    assert_eq!(login.message()?, "security.access_denied_custom_message");
    assert_eq!(login.document.string("/messages/value/0/class")?, "ERROR");

    let page = login.finish()?;

    assert!(page.string("/displayName").is_err());
    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn a_refusal_may_lead_back_to_the_app() -> Result<(), Box<dyn Error>> {
    for (success, pointer) in [
        (Success::Failure, "/failure/href"),
        (Success::FailureRemediation, "/remediation/value/0/href"),
    ] {
        let bed = bed(IdxSwitches {
            success,
            ..IdxSwitches::default()
        })?;
        let mut login = Login::past_password(&bed)?;
        let href = login.document.string(pointer)?;

        let page = login.browser.get(&href)?;

        let back = page.location()?.ok_or("no redirect")?;
        assert_eq!(back.path(), "/auth/oidc");
        assert!(
            back.query()
                .is_some_and(|query| query.contains("error=access_denied"))
        );
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn some_ends_lead_nowhere() -> Result<(), Box<dyn Error>> {
    for success in [Success::Unsatisfiable, Success::InteractionCode] {
        let bed = bed(IdxSwitches {
            success,
            ..IdxSwitches::default()
        })?;
        let mut login = Login::past_password(&bed)?;
        let code = "/successWithInteractionCode/value/1/name";
        assert_eq!(
            login.document.string(code).is_ok(),
            success == Success::InteractionCode
        );
        assert_eq!(
            login
                .message()
                .is_ok_and(|key| key == "oie.assurance.unsatisfiable"),
            success == Success::Unsatisfiable
        );

        let short = login.token.split('~').next().unwrap_or_default();
        let url = format!("{}/login/token/redirect?stateToken={short}", bed.okta_url());

        assert_eq!(login.browser.get(&url)?.status, 403);
        assert_eq!(bed.complaints().len(), 1);
    }
    Ok(())
}

#[test]
fn a_link_put_together_by_hand_is_refused() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches::default())?;
    let mut login = Login::past_password(&bed)?;
    let handle = login.document.string("/stateHandle")?;
    let url = format!(
        "{}/login/token/redirect?stateToken={handle}",
        bed.okta_url()
    );

    let page = login.browser.get(&url)?;

    assert_eq!(
        (page.status, page.header("content-type")),
        (403, Some("text/html;charset=UTF-8"))
    );
    assert!(bed.complaints().iter().any(|one| one.contains("by hand")));
    assert_eq!(login.finish()?.string("/displayName")?, USER);
    Ok(())
}

#[test]
fn the_link_out_is_good_once() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches::default())?;
    let mut login = Login::past_password(&bed)?;
    let href = login.document.string("/success/href")?;
    assert_eq!(login.browser.get(&href)?.status, 302);

    assert_eq!(login.browser.get(&href)?.status, 403);

    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn the_link_out_needs_the_cookies_of_the_page() -> Result<(), Box<dyn Error>> {
    for name in ["DT", "JSESSIONID"] {
        let bed = bed(IdxSwitches::default())?;
        let mut login = Login::past_password(&bed)?;

        login.browser.drop_cookie(OKTA_HOST, name);
        let page = login.finish()?;

        assert_eq!(page.status, 403, "{name}");
        assert_eq!(bed.complaints().len(), 1);
    }
    Ok(())
}

#[test]
fn the_link_out_is_nothing_before_the_end() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches::default())?;
    let mut login = Login::start(&bed)?;
    let short = login.token.split('~').next().unwrap_or_default();
    let url = format!("{}/login/token/redirect?stateToken={short}", bed.okta_url());

    assert_eq!(login.browser.get(&url)?.status, 403);

    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn a_session_needs_no_second_login() -> Result<(), Box<dyn Error>> {
    let portal = PortalSwitches {
        force_login: false,
        ..PortalSwitches::default()
    };
    let bed = Testbed::builder()
        .okta(org(IdxSwitches::default()))
        .portal(portal)
        .start()?;
    let mut login = Login::past_password(&bed)?;
    login.finish()?;
    login.browser.jar.remove("k8sou.example.test");

    let page = login.browser.start()?;

    assert_eq!(page.string("/displayName")?, USER);
    assert_eq!(bed.idx_counts().introspects, 1);
    Ok(())
}

#[test]
fn a_login_may_be_lost_at_the_dashboard() -> Result<(), Box<dyn Error>> {
    let okta = OktaSwitches {
        dashboard: true,
        ..org(IdxSwitches::default())
    };
    let bed = Testbed::builder().okta(okta).start()?;
    let mut login = Login::past_password(&bed)?;

    let page = login.finish()?;

    assert_eq!((page.status, page.url.path()), (200, "/app/UserHome"));
    Ok(())
}

#[test]
fn the_classic_api_does_where_the_password_is_all() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches::default())?;
    let mut browser = Browser::new(&bed)?;
    let page = browser.start()?;
    let token = browser.session_token(&page, USER, PASSWORD)?;

    // There is no `fromURI`: the page's own URL is the way back.
    let done = browser.okta_finish(&page, &token, page.url.as_str())?;

    assert_eq!(done.string("/displayName")?, USER);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn the_apps_policy_bites_after_the_classic_api() -> Result<(), Box<dyn Error>> {
    for idp in [PortalIdp::OktaOidc, PortalIdp::OktaSaml] {
        let otp = OktaFactor::totp("GOOGLE");
        let builder = Testbed::builder().idp(idp).okta(org(two_steps()));
        let bed = builder.enroll(USER, &otp).start()?;
        let mut browser = Browser::new(&bed)?;
        let page = browser.start()?;
        let token = browser.session_token(&page, USER, PASSWORD)?;
        let extra = browser.okta_finish(&page, &token, page.url.as_str())?;
        assert_eq!(extra.status, 200);
        assert!(
            extra
                .text
                .contains("<title>Acme - Extra Verification</title>")
        );

        let mut login = Login::on(browser, extra)?;
        let refused = login
            .browser
            .authn(&login.page, &json!({"stateToken": login.token}))?;
        assert_eq!(
            (refused.status, refused.string("/errorCode")?.as_str()),
            (401, "E0000011")
        );
        assert_eq!(
            login.document.string("/currentAuthenticator/value/key")?,
            "google_otp"
        );
        login.answer_code(&otp)?;
        let mut done = login.finish()?;
        if idp == PortalIdp::OktaSaml {
            done = login.browser.post_form(&done)?;
        }

        assert_eq!(done.string("/displayName")?, USER);
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn the_classic_api_may_refuse_a_good_password() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches {
        authn_refused: true,
        ..IdxSwitches::default()
    })?;
    let mut browser = Browser::new(&bed)?;
    let page = browser.start()?;

    let refused = browser.authn(&page, &json!({"username": USER, "password": PASSWORD}))?;

    assert_eq!(
        (refused.status, refused.string("/errorCode")?.as_str()),
        (401, "E0000004")
    );
    Ok(())
}

#[test]
fn a_session_token_may_do_at_the_authorization_endpoint() -> Result<(), Box<dyn Error>> {
    for session_token_ignored in [false, true] {
        let bed = bed(IdxSwitches {
            session_token_ignored,
            ..IdxSwitches::default()
        })?;
        let mut browser = Browser::new(&bed)?;
        let page = browser.start()?;
        let token = browser.session_token(&page, USER, PASSWORD)?;
        let mut url = page.url.clone();
        url.query_pairs_mut()
            .append_pair("prompt", "none")
            .append_pair("sessionToken", &token);

        let answer = browser.get(url.as_str())?;

        assert_eq!(answer.status, if session_token_ignored { 200 } else { 302 });
        assert_eq!(answer.text.contains("modelDataBag"), session_token_ignored);
    }
    Ok(())
}

#[test]
fn the_embedded_way_in_is_closed() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches::default())?;
    let mut browser = Browser::new(&bed)?;

    let url = format!("{}/oauth2/v1/interact", bed.okta_url());
    assert_eq!(browser.get(&url)?.status, 405);
    let refused = browser.post(&url, &[("client_id", "0oa4portal8client5d7")])?;

    assert_eq!(
        (refused.status, refused.string("/error")?.as_str()),
        (400, "unauthorized_client")
    );
    Ok(())
}

#[test]
fn another_provider_may_be_the_only_way() -> Result<(), Box<dyn Error>> {
    let otp = OktaFactor::totp("GOOGLE");
    for policy in [vec![Round::Password], vec![Round::Password, Round::Factor]] {
        let two_steps = policy.len() == 2;
        let idx = IdxSwitches {
            identify: Identify::OtherProvider,
            policy,
            ..IdxSwitches::default()
        };
        let bed = bed_with(idx, [&otp])?;
        let mut login = Login::start(&bed)?;
        assert_eq!(login.names()?, ["redirect-idp"]);
        let href = login.document.string("/remediation/value/0/href")?;
        assert!(href.contains("/sso/idps/") && !href.contains('~'));

        let form = login.browser.open(&href)?;
        assert_eq!(form.url.path(), "/auth/forms/defaultForm.jsp");
        assert_eq!(form.url.host_str(), Some(PARTNER_HOST));
        let mut page = login.browser.portal_form(&form, PASSWORD)?;
        if two_steps {
            let mut rest = Login::on(login.browser, page)?;
            rest.answer_code(&otp)?;
            page = rest.finish()?;
        }

        assert_eq!(page.string("/displayName")?, USER);
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn another_provider_may_be_a_factor() -> Result<(), Box<dyn Error>> {
    for policy in [
        vec![Round::Password, Round::Factor],
        vec![Round::Factor, Round::Password],
    ] {
        let password_first = policy.first() == Some(&Round::Password);
        let idx = IdxSwitches {
            policy,
            ..IdxSwitches::default()
        };
        let bed = bed_with(idx, &[OktaFactor::claims_provider()])?;
        let mut login = Login::start(&bed)?;
        login.send("identify", json!({"identifier": USER}))?;
        if password_first {
            login.send("challenge-authenticator", passcode(PASSWORD))?;
        }
        assert_eq!(login.names()?, ["redirect-idp"]);
        let name = "/remediation/value/0/idp/name";
        assert_eq!(login.document.string(name)?, "Partner IdP");

        let href = login.document.string("/remediation/value/0/href")?;
        let form = login.browser.open(&href)?;
        let mut page = login.browser.portal_form(&form, PASSWORD)?;
        if !password_first {
            let mut rest = Login::on(login.browser, page)?;
            assert_eq!(rest.names()?, ["challenge-authenticator"]);
            rest.send("challenge-authenticator", passcode(PASSWORD))?;
            page = rest.finish()?;
        }

        assert_eq!(page.string("/displayName")?, USER);
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn the_way_to_another_provider_must_be_published() -> Result<(), Box<dyn Error>> {
    let bed = bed(IdxSwitches {
        identify: Identify::OtherProvider,
        ..IdxSwitches::default()
    })?;
    let mut login = Login::start(&bed)?;
    let href = login.document.string("/remediation/value/0/href")?;
    let short = login.token.split('~').next().unwrap_or_default().to_owned();

    for url in [
        href.replace(&short, &login.token),
        href.replace("0oa7", "0oa8"),
        href.replace(&short, "02.id.unknown"),
    ] {
        assert_eq!(login.browser.get(&url)?.status, 403);
    }

    assert_eq!(bed.complaints().len(), 3);
    Ok(())
}

#[test]
fn troubles_meet_the_engine_too() -> Result<(), Box<dyn Error>> {
    for (trouble, status) in [
        (Trouble::TooManyRequests, 429),
        (Trouble::EmptyBody, 200),
        (Trouble::ReadOnly, 503),
    ] {
        let bed = bed(IdxSwitches::default())?;
        bed.add_fault(Fault::new(OKTA_HOST, "/idp/idx/identify", trouble));
        let mut login = Login::start(&bed)?;
        let form = login.form("identify")?;
        let href = form["href"].as_str().unwrap_or_default().to_owned();
        let body =
            json!({"identifier": USER, "stateHandle": login.document.string("/stateHandle")?});

        assert_eq!(login.browser.post_json(&href, &body)?.status, status);

        assert_eq!(login.browser.post_json(&href, &body)?.status, 200);
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
    Ok(())
}
