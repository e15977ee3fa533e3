use doorward::{IdpAdapter, Page, Recognition};

use super::{LemonLdap, RULES};
use crate::form::Reading;

fn page(html: &str) -> Page {
    Page::html("https://llng.test/oauth2/authorize?client_id=k", html).unwrap()
}

fn recognition(html: &str) -> Recognition {
    LemonLdap::default().recognizes(&page(html))
}

const LOGIN: &str = r##"<div class="message message-warning alert"><span trmsg="9"></span></div>
    <form id="lform" action="#" method="post"><input type="hidden" name="url" value="aHR0"/>
    <input type="hidden" name="timezone"/><input type="hidden" name="skin" value="bootstrap"/>
    <input type="hidden" name="token" value="1_2"/><input id="userfield" name="user" type="text"/>
    <input id="passwordfield" name="password" type="text" autocomplete="off"/>
    <input type="checkbox" name="checkLogins" value="1"/><button type="submit"></button></form>"##;

const CODE: &str = r#"<h3 trspan="enterTotpCode"></h3><form action="/totp2fcheck" method="post">
    <input type="hidden" name="token" value="1_3"/><input type="hidden" name="skin" value="bootstrap"/>
    <input name="code" type="text" id="extcode" autocomplete="one-time-code"/><button type="submit"></button></form>"#;

const CONSENT: &str = r##"<form id="form" action="#" method="POST"><input type="hidden" name="state" value="s"/>
    <input type="hidden" name="confirm" value="k"/><input type="hidden" name="skin" value="bootstrap"/>
    <h3 trspan="oidcConsent,Kube"></h3><button type="submit"><span trspan="accept"></span></button>
    <button id="refuse" type="submit" val="-k"><span trspan="refuse"></span></button></form>"##;

#[test]
fn its_pages_are_recognized_by_attributes_of_its_own() {
    for html in [
        LOGIN,
        CODE,
        CONSENT,
        r#"<p><span trmsg="22"></span></p>"#,
        r#"<h3 trspan="info"></h3><form id="form"><button><span trspan="continue"></span></button></form>"#,
    ] {
        assert!(
            matches!(recognition(html), Recognition::Certain(_)),
            "{html}"
        );
    }
    let bare = LOGIN.replace("trmsg", "x");
    assert!(matches!(recognition(&bare), Recognition::Likely(_)));
}

#[test]
fn other_forms_are_not_its_own() {
    for html in [
        r#"<form method="post"><input name="user"><input name="password" type="password"></form>"#,
        r#"<form method="post" id="lform"><input name="code"><input type="hidden" name="token"></form>"#,
        r#"<div class="message message-negative alert">LemonLDAP::NG</div>"#,
    ] {
        assert_eq!(recognition(html), Recognition::No, "{html}");
    }
}

#[test]
fn a_password_shown_as_text_is_a_password() {
    let page = page(LOGIN);

    let reading = Reading::of(&page, &RULES).unwrap();

    let Reading::Password { user, password, .. } = reading else {
        panic!("{reading:?}");
    };
    assert_eq!((user, password), (Some("user"), "password"));
}

#[test]
fn its_consent_page_is_read_as_one() {
    let page = page(CONSENT);
    assert!(matches!(
        Reading::of(&page, &RULES),
        Some(Reading::Consent { .. })
    ));
}

#[test]
fn the_kind_of_a_code_stands_in_the_forms_address() {
    for (path, kind) in [
        ("/totp2fcheck", "totp"),
        ("/mail2fcheck?skin=x", "email"),
        ("/ext2fcheck", "sms"),
        ("/portal/yubikey2fcheck", "hotp"),
        ("/other", "totp"),
    ] {
        let page = page(&CODE.replace("/totp2fcheck", path));
        assert_eq!(super::factor(&page.forms()[0]).kind(), kind, "{path}");
    }
}
