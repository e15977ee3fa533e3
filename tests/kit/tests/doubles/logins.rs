//! Whole logins, each on the way that a careful client takes.

use std::error::Error;

use doorward_testkit::{PASSWORD, PortalIdp, Testbed, USER};

use crate::driver::Browser;

#[test]
fn an_oidc_login_ends_at_the_token() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;

    let login = browser.start()?;
    let token = browser.okta_sign_in(&login)?;

    assert_eq!(token.status, 200);
    assert_eq!(
        token.header("content-type"),
        Some("application/json; charset=UTF-8")
    );
    assert_eq!(token.string("/displayName")?, USER);
    assert!(token.text.contains("\\u003d"));
    assert_eq!(bed.complaints(), Vec::<String>::new());
    assert_eq!(bed.count("k8sou", "/login/auth"), 2);
    Ok(())
}

#[test]
fn a_saml_login_ends_at_the_token() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::builder().idp(PortalIdp::OktaSaml).start()?;
    let mut browser = Browser::new(&bed)?;

    let login = browser.start()?;
    let form = browser.okta_sign_in(&login)?;
    assert!(form.text.contains("id=\"appForm\""));
    let token = browser.post_form(&form)?;

    assert_eq!(token.string("/displayName")?, USER);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_form_login_ends_at_the_token() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::builder().idp(PortalIdp::Form).start()?;
    let mut browser = Browser::new(&bed)?;

    let form = browser.start()?;
    let target = form
        .between("name=\"target\" value=\"", "\"")
        .ok_or("no target")?;
    let posted = browser.post(
        form.url.join("/auth/formlogin")?.as_str(),
        &[("user", USER), ("pwd", PASSWORD), ("target", &target)],
    )?;
    let token = browser.follow(posted)?;

    assert_eq!(token.string("/displayName")?, USER);
    assert_eq!(bed.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn the_api_server_takes_the_token() -> Result<(), Box<dyn Error>> {
    let bed = Testbed::start()?;
    let mut browser = Browser::new(&bed)?;
    let login = browser.start()?;
    let token = browser.okta_sign_in(&login)?.string("/token/id_token")?;

    let pods = browser.bearer(
        &format!("{}/api/v1/namespaces/default/pods", bed.api_url()),
        &token,
    )?;

    assert_eq!(pods.status, 200);
    assert_eq!(pods.string("/items/0/metadata/name")?, "hello");
    Ok(())
}
