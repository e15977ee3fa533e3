//! The factor that is a login at another provider.

use std::error::Error;

use doorward_testkit::{
    LoginPage, OKTA_HOST, OktaFactor, OktaSwitches, PARTNER_HOST, PASSWORD, StepUp, Testbed, USER,
};
use serde_json::json;

use crate::driver::Page;
use crate::factor_login::{Login, asking, asking_with};

/// Chooses the factor, and goes to the other provider's form
fn form(login: &mut Login<'_>, factor: &OktaFactor) -> Result<Page, Box<dyn Error>> {
    login.verify(factor, json!({}))?;
    assert_eq!(login.status()?, "MFA_CHALLENGE");
    let allowed = login.state.string("/_links/next/hints/allow/0")?;
    assert_eq!(allowed, "GET");
    let next = login.state.string("/_links/next/href")?;
    login.browser.open(&next)
}

#[test]
fn another_provider_ends_the_login_without_a_session_token() -> Result<(), Box<dyn Error>> {
    for login_page in [
        LoginPage::Query,
        LoginPage::HiddenInput,
        LoginPage::AtAppUrl,
    ] {
        let factor = OktaFactor::claims_provider();
        let switches = OktaSwitches {
            login_page,
            ..OktaSwitches::default()
        };
        let bed = asking_with(&factor, switches)?;
        let mut login = Login::start(&bed, USER)?;
        let form = form(&mut login, &factor)?;
        assert_eq!(form.url.host_str(), Some(PARTNER_HOST));
        assert!(login.browser.cookie(OKTA_HOST, "sid").is_none());

        let token = login.browser.portal_form(&form, PASSWORD)?;

        assert_eq!(token.string("/displayName")?, USER);
        assert!(login.browser.cookie(OKTA_HOST, "sid").is_some());
        assert!(login.state.string("/sessionToken").is_err());
        assert_eq!(bed.complaints(), Vec::<String>::new());
    }
    Ok(())
}

#[test]
fn another_provider_may_be_the_apps_own_wish() -> Result<(), Box<dyn Error>> {
    let factor = OktaFactor::claims_provider();
    let bed = Testbed::builder()
        .enroll(USER, &factor)
        .okta(OktaSwitches {
            step_up: StepUp::Factor,
            ..OktaSwitches::default()
        })
        .start()?;
    let mut login = Login::start(&bed, USER)?;
    let extra = login.finish()?;
    login.step_up(extra)?;
    let form = form(&mut login, &factor)?;

    let token = login.browser.portal_form(&form, PASSWORD)?;

    assert_eq!(token.string("/displayName")?, USER);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn another_provider_can_refuse() -> Result<(), Box<dyn Error>> {
    let factor = OktaFactor::claims_provider();
    let bed = asking(&factor)?;
    let mut login = Login::start(&bed, USER)?;
    let form = form(&mut login, &factor)?;

    let again = login.browser.portal_form(&form, "wrong-password")?;

    assert_eq!(again.url.host_str(), Some(PARTNER_HOST));
    assert!(login.browser.cookie(OKTA_HOST, "sid").is_none());
    assert!(bed.secrets().contains(&"wrong-password".to_owned()));
    Ok(())
}

#[test]
fn the_way_back_wants_the_cookies_of_the_page() -> Result<(), Box<dyn Error>> {
    let factor = OktaFactor::claims_provider();
    let bed = asking(&factor)?;
    let mut login = Login::start(&bed, USER)?;
    let form = form(&mut login, &factor)?;
    login.browser.drop_cookie(OKTA_HOST, "JSESSIONID");

    let page = login.browser.portal_form(&form, PASSWORD)?;

    assert_eq!(page.status, 403);
    assert_eq!(bed.complaints().len(), 1);
    Ok(())
}

#[test]
fn the_other_provider_is_there_only_if_somebody_needs_it() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    assert!(!bed.hosts().contains(&PARTNER_HOST.to_owned()));
    let bed = asking(&OktaFactor::claims_provider())?;
    assert!(bed.hosts().contains(&PARTNER_HOST.to_owned()));
    Ok(())
}
