use doorward::Page;
use doorward::passkey::{Binary, Passkey};
use serde_json::Value;

use super::{methods, request};

fn page(html: &str) -> Page {
    Page::html(
        "https://sso.test:8443/realms/corp/login-actions/authenticate",
        html,
    )
    .unwrap()
}

const NEW: &str = r#"<script type="module">import { authenticateByWebAuthn } from "/resources/a/webauthnAuthenticate.js";
    const args = { isUserIdentified : true, challenge : "AAECAwQFBgcICQoLDA0ODw", userVerification : "not specified",
    rpId : "", createTimeout : 0, errmsg : "no challenge: sorry" };</script>"#;

const OLD: &str = r#"<script>function f() { let challenge = "AAECAwQFBgcICQoLDA0ODw"; let userVerification = "discouraged";
    let rpId = "sso.test"; let publicKey = { rpId : rpId, challenge: base64url.decode(challenge, { loose: true }) }; }</script>"#;

#[test]
fn the_challenge_of_every_version_is_signed_for_the_page() {
    let passkey = Passkey::generate("sso.test", &Binary::new("ci")).unwrap();
    let own = passkey.credential_id().to_base64url();
    let listed = format!(
        r#"<form id="authn_select"><input type="hidden" name="authn_use_chk" value="aGVsbG8"/>
        <input type="hidden" name="authn_use_chk" value="{own}"/></form>"#
    );

    for (script, flags) in [(NEW, 0b101), (OLD, 0b001)] {
        for list in ["", &listed] {
            let request = request(&page(&format!("{list}{script}"))).unwrap();

            let assertion = passkey.assert(&request).unwrap();
            let client: Value =
                serde_json::from_slice(assertion.client_data_json().as_bytes()).unwrap();
            assert_eq!(client["origin"], "https://sso.test:8443");
            assert_eq!(client["challenge"], "AAECAwQFBgcICQoLDA0ODw");
            assert_eq!(assertion.authenticator_data().as_bytes()[32] & 0b101, flags);
        }
    }
}

#[test]
fn a_challenge_for_other_keys_is_not_signed() {
    let passkey = Passkey::generate("sso.test", &Binary::new("ci")).unwrap();
    let html =
        format!(r#"<form><input type=hidden name=authn_use_chk value="aGVsbG8"></form>{NEW}"#);

    assert!(passkey.assert(&request(&page(&html)).unwrap()).is_err());
}

#[test]
fn a_page_without_a_challenge_asks_for_nothing() {
    for html in [
        "",
        "<script>let challenge = decode(x)</script>",
        "<script>challenge: \"not base64url!\"</script>",
    ] {
        assert!(request(&page(html)).is_err(), "{html}");
    }
}

#[test]
fn methods_are_found_in_all_three_shapes() {
    let form = |content: &str| {
        format!(
            r#"<form method="post" action="/realms/corp/login-actions/authenticate?execution=a">{content}</form>"#
        )
    };
    let hidden = |value: &str| {
        form(&format!(
            r#"<input type="hidden" name="authenticationExecution" value="{value}">"#
        ))
    };
    let forms = format!(
        "<ul><li>{}<div><h2>Passkey</h2><p>Touch it</p></div></li><li>{}<div><h2>App</h2><p>Type it</p></div></li></ul>",
        hidden("a-1"),
        hidden("b-2")
    );
    let script = form(
        r#"<div onclick="fillAndSubmit('a-1')"> Passkey </div><div onclick="fillAndSubmit('b-2')">App</div>
        <input type="hidden" name="authenticationExecution">"#,
    );
    let buttons = form(
        r#"<button name="authenticationExecution" value="a-1">Passkey</button><button name="authenticationExecution" value="b-2">App</button>"#,
    );

    for html in [forms, script, buttons] {
        let methods = methods(&page(&html));
        let found = methods.iter().map(|(label, form)| {
            (
                label.as_str(),
                form.value("authenticationExecution").unwrap(),
            )
        });
        assert_eq!(
            found.collect::<Vec<_>>(),
            [("Passkey", "a-1"), ("App", "b-2")],
            "{html}"
        );
    }
}
