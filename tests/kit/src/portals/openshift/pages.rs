//! The pages of the OAuth server: made for these tests, with the fields and addresses of the real ones.

use crate::http::{encode, escape_html};

pub(super) fn providers(then: &str) -> String {
    let row = |name: &str, label: &str| {
        format!(
            "<li><a class=\"idp\" href=\"{}&amp;idp={}\">{label}</a></li>",
            escape_html(then),
            encode(name)
        )
    };
    let rows = row("htpasswd", "Local users") + &row("corp", "Company");
    format!(
        "<!DOCTYPE html><html data-test-id=\"select-provider\"><title>Log in</title><body><h1>Log in with…</h1><ul>{rows}</ul></body></html>"
    )
}

pub(super) fn login(then: &str, csrf: &str, reason: &str) -> String {
    let refused = if reason.is_empty() {
        ""
    } else {
        "<p class=\"error\">Invalid login or password. Please try again.</p>"
    };
    format!(
        "<!DOCTYPE html><html data-test-id=\"login\"><title>Log in</title><body>{refused}<form method=\"POST\" action=\"/login/htpasswd\">\
         <input type=\"hidden\" name=\"then\" value=\"{}\"><input type=\"hidden\" name=\"csrf\" value=\"{csrf}\">\
         <input type=\"text\" id=\"inputUsername\" name=\"username\"><input type=\"password\" id=\"inputPassword\" name=\"password\">\
         <button type=\"submit\">Log in</button></form></body></html>",
        escape_html(then)
    )
}

pub(super) fn approval(then: &str, csrf: &str) -> String {
    format!(
        "<!DOCTYPE html><html><title>Authorize</title><body><form action=\"/oauth/authorize/approve\" method=\"POST\">\
         <input type=\"hidden\" name=\"then\" value=\"{}\"><input type=\"hidden\" name=\"csrf\" value=\"{csrf}\">\
         <input type=\"hidden\" name=\"client_id\" value=\"openshift-browser-client\"><input type=\"hidden\" name=\"user_name\" value=\"u\">\
         <input type=\"checkbox\" checked name=\"scope\" value=\"user:full\">\
         <input type=\"submit\" name=\"approve\" value=\"Allow selected permissions\"><input type=\"submit\" name=\"deny\" value=\"Deny\"></form></body></html>",
        escape_html(then)
    )
}

pub(super) fn display(code: &str, csrf: &str) -> String {
    format!(
        "<style>body {{ margin: 0 }}</style><form method=\"post\" action=\"/oauth/token/display\"><input type=\"hidden\" name=\"code\" value=\"{code}\">\
         <input type=\"hidden\" name=\"csrf\" value=\"{csrf}\"><button type=\"submit\">Display Token</button></form>"
    )
}

pub(super) fn token(token: &str, server: &str) -> String {
    let server = escape_html(server);
    format!(
        "<style>body {{ margin: 0 }}</style><h2>Your API token is</h2><code>{token}</code><h2>Log in with this token</h2>\
         <pre>oc login <span class=\"nowrap\">--token={token}</span> <span class=\"nowrap\">--server={server}</span></pre>\
         <h3>Use this token directly against the API</h3><pre>curl <span class=\"nowrap\">-H \"Authorization: Bearer {token}\"</span>\
         <span class=\"nowrap\">\"{server}/apis/user.openshift.io/v1/users/~\"</span></pre><a href=\"/oauth/token/request\">Request another token</a>"
    )
}

pub(super) fn no_token(why: &str) -> String {
    format!(
        "<style></style>{why}<br><br><a href=\"/oauth/token/request\">Request another token</a>"
    )
}
