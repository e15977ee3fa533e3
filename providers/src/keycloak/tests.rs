//! What the adapter takes which page for; whole logins are in `tests/keycloak.rs` of the workspace.

use doorward::{IdpAdapter, Page, Recognition};

use super::Keycloak;
use super::screen::{Screen, leaves_the_server, next_form};

const URL: &str = "https://sso.test/realms/corp/protocol/openid-connect/auth?client_id=portal";

fn form(action: &str, fields: &str) -> String {
    let query = "session_code=c&amp;execution=e&amp;client_id=portal&amp;tab_id=t";
    format!(
        r#"<form method="post" action="/auth/realms/corp/login-actions/{action}?{query}">{fields}</form>"#
    )
}

fn name(url: &str, status: u16, html: &str) -> String {
    let page = Page::response(url, status, &[("content-type", "text/html")], html).unwrap();
    match Screen::of(&page) {
        None => "none".to_owned(),
        Some(Screen::Login(_)) => "login".to_owned(),
        Some(Screen::Username(_)) => "username".to_owned(),
        Some(Screen::OneTimeCode(_, field)) => field.to_owned(),
        Some(Screen::Passkey(_)) => "passkey".to_owned(),
        Some(Screen::PasskeyRefused) => "passkey refused".to_owned(),
        Some(Screen::Methods) => "methods".to_owned(),
        Some(Screen::Consent(_)) => "consent".to_owned(),
        Some(Screen::Action(action)) => action,
        Some(Screen::Expired(_)) => "expired".to_owned(),
        Some(Screen::Continue(_)) => "continue".to_owned(),
        Some(Screen::Providers) => "providers".to_owned(),
        Some(Screen::Other) => "other".to_owned(),
    }
}

const USER: &str = "<input name=username>";
const PASSWORD: &str = "<input name=password type=password><input type=hidden name=credentialId>";
const WEBAUTHN: &str = "<input type=hidden name=clientDataJSON><input type=hidden name=authenticatorData><input type=hidden name=signature>";

#[test]
fn forms_are_known_by_their_fields() {
    for (wanted, action, fields) in [
        ("login", "authenticate", [USER, PASSWORD].concat()),
        ("login", "authenticate", PASSWORD.to_owned()),
        ("username", "authenticate", USER.to_owned()),
        ("otp", "authenticate", "<input name=otp>".to_owned()),
        ("totp", "authenticate", "<input name=totp>".to_owned()),
        ("otp", "post-broker-login", "<input name=otp>".to_owned()),
        ("login", "post-broker-login", PASSWORD.to_owned()),
        ("passkey", "authenticate", WEBAUTHN.to_owned()),
        (
            "methods",
            "authenticate",
            "<input type=hidden name=authenticationExecution value=a>".to_owned(),
        ),
        (
            "passkey refused",
            "authenticate",
            "<input type=hidden name=authenticationExecution><input name=isSetRetry>".to_owned(),
        ),
        (
            "consent",
            "consent",
            "<input type=hidden name=code value=c><button name=accept></button>".to_owned(),
        ),
        ("other", "reset-credentials", USER.to_owned()),
        (
            "other",
            "authenticate",
            "<input name=recoveryCodeInput>".to_owned(),
        ),
    ] {
        assert_eq!(
            name(URL, 200, &form(action, &fields)),
            wanted,
            "{action} {fields}"
        );
    }
}

#[test]
fn a_form_for_a_new_password_is_no_login() {
    for (url, action) in [
        (URL, "authenticate"),
        (URL, "reset-credentials"),
        (URL, "required-action"),
    ] {
        let fields = [USER, PASSWORD, "<input name=password-new type=password>"].concat();
        assert_eq!(name(url, 200, &form(action, &fields)), "UPDATE_PASSWORD");
    }
    let fields = "<input name=totp><input type=hidden name=totpSecret value=s>";
    assert_eq!(
        name(URL, 200, &form("required-action", fields)),
        "CONFIGURE_TOTP"
    );
}

#[test]
fn a_required_action_is_named_by_the_address() {
    let at = |path: &str| format!("https://sso.test/realms/corp/login-actions/{path}");
    let fields = form("required-action", &[USER, "<input name=email>"].concat());
    for html in ["", "<p>A mail was sent", &fields] {
        let url = at("required-action?execution=VERIFY_PROFILE&client_id=portal");
        assert_eq!(name(&url, 200, html), "VERIFY_PROFILE");
    }
    // A local password on the way back from another provider is not that of the login.
    let link = form("first-broker-login", &[USER, PASSWORD].concat());
    assert_eq!(
        name(&at("first-broker-login?tab_id=t"), 200, &link),
        "first-broker-login"
    );
}

#[test]
fn a_page_that_was_cut_off_is_no_harm() {
    let html = form("authenticate", &[USER, PASSWORD, WEBAUTHN].concat())
        + r#"<a href="/realms/corp/broker/head/login">Head office</a>"#;
    for end in 0..html.len() {
        let shown = name(URL, 200, &html[..end]);
        assert!(["login", "username", "other"].contains(&&*shown), "{shown}");
    }
}

#[test]
fn a_passkey_beside_the_password_is_passed_over() {
    let html = form("authenticate", WEBAUTHN) + &form("authenticate", &[USER, PASSWORD].concat());
    assert_eq!(name(URL, 200, &html), "login");
}

#[test]
fn pages_without_a_form_are_known_by_their_links() {
    let restart = r#"<a href="/realms/corp/login-actions/restart?tab_id=t">here</a>"#;
    let broker = r#"<a href="/realms/corp/broker/head/login?session_code=c">Head office</a>"#;
    let foreign = r#"<a href="https://evil.test/realms/corp/broker/head/login">Head office</a>"#;
    assert_eq!(name(URL, 200, restart), "expired");
    assert_eq!(name(URL, 200, broker), "providers");
    assert_eq!(name(URL, 200, foreign), "other");
    assert_eq!(name(URL, 200, "<p>You are already logged in."), "other");
    let both = form("authenticate", &[USER, PASSWORD].concat()) + restart + broker;
    assert_eq!(name(URL, 200, &both), "login");
}

#[test]
fn a_bare_form_goes_on_only_where_a_ticket_is_asked_for() {
    let html = form("authenticate", "<input type=submit name=continue>");
    assert_eq!(name(URL, 401, &html), "continue");
    assert_eq!(name(URL, 200, &html), "other");
}

#[test]
fn pages_of_others_are_not_its_own() {
    let recognition =
        |url: &str, html: &str| Keycloak::default().recognizes(&Page::html(url, html).unwrap());
    let login = form("authenticate", &[USER, PASSWORD].concat());
    let foreign = format!(r#"<form method="post" action="/login">{USER}{PASSWORD}</form>"#);

    assert!(matches!(
        recognition("https://login.corp.test/", &login),
        Recognition::Certain(_)
    ));
    assert!(matches!(recognition(URL, ""), Recognition::Likely(_)));
    for url in [
        "https://sso.test/",
        "https://sso.test/realms/corp/account/",
        "https://keycloak.test/auth/login",
    ] {
        assert_eq!(recognition(url, &foreign), Recognition::No, "{url}");
    }
}

#[test]
fn only_the_way_from_form_to_form_is_followed() {
    let answer = |status, location: &str| {
        Page::response(URL, status, &[("location", location)], "").unwrap()
    };
    let form = "https://sso.test/realms/corp/login-actions/authenticate?execution=e";
    assert!(next_form(&answer(302, form)).is_some());
    for (status, location) in [
        (307, form),
        (
            302,
            "https://evil.test/realms/corp/login-actions/authenticate?execution=e",
        ),
        (
            302,
            "/realms/corp/login-actions/required-action?execution=e",
        ),
        (302, "https://portal.test/auth/oidc?code=c&state=s"),
    ] {
        assert!(next_form(&answer(status, location)).is_none(), "{location}");
    }
    assert!(leaves_the_server(&answer(
        302,
        "https://portal.test/auth/oidc?code=c"
    )));
    assert!(!leaves_the_server(&answer(302, form)));
}
