//! The pages of Dex's double: made for these tests, with the fields, ids and addresses of the real ones.

use crate::double::Theme;

pub(crate) fn choice(theme: Theme, ids: &[&str], query: &str) -> String {
    let query = query.replace('&', "&amp;");
    let link = |id: &&str| match theme {
        Theme::Stock => format!(
            r#"<div class="theme-form-row"><a href="/dex/auth/{id}?{query}" target="_self">
            <button class="dex-btn theme-btn-provider"><span class="dex-btn-icon"></span>
            <span class="dex-btn-text">Log in with {id}</span></button></a></div>"#
        ),
        Theme::Own => format!(r#"<li><a href="/dex/auth/{id}?{query}">Weiter mit {id}</a></li>"#),
    };
    let links: String = ids.iter().map(link).collect();
    whole(theme, &links, 1)
}

pub(crate) fn password(
    theme: Theme,
    action: &str,
    refused: Option<&str>,
    remember: bool,
) -> String {
    let action = action.replace('&', "&amp;");
    let user = refused.unwrap_or_default();
    let remember = match remember {
        true => r#"<input type="checkbox" name="remember_me">"#,
        false => "",
    };
    let content = match theme {
        Theme::Stock => {
            let error = match refused {
                Some(_) => {
                    r#"<div id="login-error" class="dex-error-box">Invalid Email Address and password.</div>"#
                }
                None => "",
            };
            format!(
                r#"<form method="post" action="{action}"><label for="login">Email Address</label>
                <input required id="login" name="login" type="text" value="{user}">
                <input required id="password" name="password" type="password">{error}{remember}
                <button id="submit-login" type="submit" class="dex-btn">Login</button></form>"#
            )
        }
        Theme::Own => {
            let error = if refused.is_some() {
                "<b>Das war falsch.</b>"
            } else {
                ""
            };
            format!(
                r#"{error}<form action="{action}" method="POST"><input name="login" value="{user}">
                <input name="password" type="password">{remember}<input type="submit" value="Los"></form>"#
            )
        }
    };
    let back = r#"<a href="/dex/auth?client_id=x">Select another login method.</a>"#;
    whole(theme, &format!("{content}{back}"), 3)
}

pub(crate) fn approval(theme: Theme, req: &str) -> String {
    let form = |answer: &str, text: &str| {
        format!(
            r#"<form method="post"><input type="hidden" name="req" value="{req}"/>
            <input type="hidden" name="approval" value="{answer}"><button type="submit">{text}</button></form>"#
        )
    };
    let content = match theme {
        Theme::Stock => form("approve", "Grant Access") + &form("rejected", "Cancel"),
        // A company may well put the other one first.
        Theme::Own => form("rejected", "Nein") + &form("approve", "Ja"),
    };
    whole(theme, &content, 1)
}

pub(crate) fn error(theme: Theme, said: &str, path: &str) -> String {
    let content = format!(r#"<h2 class="theme-heading">Error</h2><p>{said}</p>"#);
    whole(theme, &content, path.matches('/').count() - 1)
}

pub(crate) fn saml_request(upstream: &str, state: &str) -> String {
    format!(
        r#"<title>SAML login</title><form method="post" action="{upstream}/saml">
        <input type="hidden" name="SAMLRequest" value="PHNhbWxwOkF1dGhuUmVxdWVzdC8+" />
        <input type="hidden" name="RelayState" value="{state}" /></form>
        <script>document.forms[0].submit();</script>"#
    )
}

pub(crate) fn saml_response(callback: &str, state: &str) -> String {
    format!(
        r#"<form method="post" action="{callback}"><input type="hidden" name="SAMLResponse" value="upstream-proof-1">
        <input type="hidden" name="RelayState" value="{state}"></form>"#
    )
}

pub(crate) fn upstream(by: &str, state: &str) -> String {
    format!(
        r#"<form method="post" action="/login"><input type="hidden" name="by" value="{by}">
        <input type="hidden" name="state" value="{state}"><input name="mail"><input type="password" name="pin"></form>"#
    )
}

/// Every page of Dex's begins with its style sheets, by an address relative to the page's own
fn whole(theme: Theme, content: &str, depth: usize) -> String {
    let up = "../".repeat(depth);
    match theme {
        Theme::Stock => format!(
            r#"<!DOCTYPE html><html><head><title>dex</title><link href="{up}static/main.css" rel="stylesheet">
            <link href="{up}theme/styles.css" rel="stylesheet"></head><body class="theme-body">
            <div class="dex-container"><div class="theme-panel">{content}</div></div></body></html>"#
        ),
        Theme::Own => format!(
            r#"<!DOCTYPE html><html lang="de"><head><title>Anmeldung</title>
            <link href="{up}theme/styles.css" rel="stylesheet"></head><body><main>{content}</main></body></html>"#
        ),
    }
}
