//! Every adapter knows its own pages, and takes none for another's.

#![allow(clippy::unwrap_used, reason = "a test may fail in any line")]

use std::collections::BTreeSet;

use doorward::{Page, Recognition};

/// First pages of logins: whose they are, where they stand, and what makes them out
const FIRST_PAGES: &[(&str, &str, &str)] = &[
    (
        "dex",
        "https://dex.acme.test/dex/auth?client_id=kube&state=x",
        r#"<a href="/dex/auth/local?client_id=kube&amp;state=x">Email</a><a href="/dex/auth/corp?client_id=kube&amp;state=x">Corp</a>"#,
    ),
    (
        "dex",
        "https://dex.acme.test/dex/auth/local/login?back=&state=abc",
        r#"<form method="post" action="/dex/auth/local/login?back=&amp;state=abc"><input name="login">
        <input name="password" type="password"><button>x</button></form>"#,
    ),
    (
        "form",
        "https://id.acme.test/login",
        r#"<form method="post"><input name="email"><input type="password" name="pass"><button>Go</button></form>"#,
    ),
    (
        "form",
        "https://id.acme.test/login",
        r#"<form method="post"><input name="identifier" autocomplete="username"><button>Go</button></form>"#,
    ),
    (
        "keycloak",
        "https://id.acme.test/realms/corp/protocol/openid-connect/auth?client_id=kube",
        r#"<form method="post" action="/realms/corp/login-actions/authenticate?session_code=1&amp;execution=2&amp;client_id=kube&amp;tab_id=3">
        <input name="username"><input name="password" type="password"><input type="hidden" name="credentialId"></form>"#,
    ),
    (
        "lemonldap",
        "https://auth.acme.test/oauth2/authorize?client_id=kube",
        r##"<div role="alert"><span trmsg="9"></span></div><form id="lform" action="#" method="post">
        <input type="hidden" name="url" value="aHR0"><input type="hidden" name="timezone"><input type="hidden" name="skin" value="acme">
        <input type="hidden" name="token" value="1_2"><input id="userfield" name="user"><input id="passwordfield" name="password" type="password">
        <button type="submit"><span trspan="connect"></span></button></form>"##,
    ),
    (
        "okta",
        "https://acme.okta.test/login/login.htm?fromURI=%2Foauth2%2Fv1%2Fauthorize",
        r#"<div id="signin-container"></div><script>var config = {}; var stateToken = '00abcdefghijklmnopqrstuvwxyz';
        OktaLogin.initLoginPage(config);</script>"#,
    ),
    (
        "openunison",
        "https://k8sou.acme.test/auth/forms/defaultForm.jsp",
        r#"<form action="/auth/formlogin" method="post"><input name="user"><input type="password" name="pwd">
        <input type="hidden" name="target" value="https://k8sou.acme.test/"></form>"#,
    ),
    (
        "simplesamlphp",
        "https://sso.acme.test/module.php/core/loginuserpass.php?AuthState=_1",
        r#"<form action="?" method="post" name="f"><input id="username" name="username"><input id="password" type="password" name="password">
        <button id="submit_button">x</button><input type="hidden" name="AuthState" value="_1:https://sso.acme.test/"></form>"#,
    ),
];

#[test]
fn each_first_page_is_recognized_by_its_own_adapter_alone() {
    for (owner, url, html) in FIRST_PAGES {
        let page = Page::html(url, html).unwrap();
        for adapter in doorward_providers::all() {
            let recognition = adapter.recognizes(&page);
            match adapter.name() {
                name if name == *owner => {
                    assert_ne!(recognition, Recognition::No, "{name} at {url}");
                }
                // It reads any form, and goes last.
                "form" => assert!(rank(recognition) <= 1, "form at {url}: {recognition:?}"),
                name => assert_eq!(recognition, Recognition::No, "{name} at {url}"),
            }
        }
    }
}

#[test]
fn every_adapter_but_form_is_surer_than_possible_of_its_first_page() {
    for adapter in doorward_providers::all() {
        let pages = FIRST_PAGES.iter().filter(|page| page.0 == adapter.name());
        for (owner, url, html) in pages {
            let recognition = adapter.recognizes(&Page::html(url, html).unwrap());
            assert_eq!(
                rank(recognition) > 1,
                *owner != "form",
                "{owner}: {recognition:?}"
            );
        }
    }
}

#[test]
fn every_adapter_has_a_first_page_here() {
    let owners: BTreeSet<&str> = FIRST_PAGES.iter().map(|page| page.0).collect();
    let adapters = doorward_providers::all();
    assert_eq!(
        owners,
        adapters.iter().map(|adapter| adapter.name()).collect()
    );
}

fn rank(recognition: Recognition) -> u8 {
    match recognition {
        Recognition::Possible(_) => 1,
        Recognition::Likely(_) => 2,
        Recognition::Certain(_) => 3,
        _ => 0,
    }
}
