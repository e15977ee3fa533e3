//! What Okta's pages say in their scripts: the state token, and where the login is to go on.

use doorward::{Page, Secret};

/// What the scripts and hidden fields of a page say
#[derive(Debug, Default)]
pub(super) struct Marks {
    pub(super) state_token: Option<Secret>,
    /// Where the login goes on after it, as the page has it: a path or a URL
    pub(super) resume: Option<String>,
    /// Whether the page carries a mark of Okta's own besides
    pub(super) is_okta: bool,
}

impl Marks {
    pub(super) fn of(page: &Page) -> Self {
        let mut marks = Self {
            state_token: token_in_path(page),
            ..Self::default()
        };
        for (key, text) in page.script_texts() {
            marks.take(&key, &text);
        }
        let hidden = page
            .attribute("input#fromURI", "value")
            .filter(|value| !value.is_empty());
        marks.resume = page.query("fromURI").or(hidden).or(marks.resume);
        marks.is_okta |= page.header("x-okta-request-id").is_some();
        marks
    }

    fn take(&mut self, key: &str, value: &str) {
        match key {
            "stateToken" if is_token(value) => {
                self.state_token.get_or_insert_with(|| Secret::new(value));
            }
            // JSON within a JavaScript string, as the hosted page of newer organisations has it.
            "modelDataBag" => {
                self.is_okta = true;
                if let Ok(bag) = serde_json::from_str::<serde_json::Value>(value) {
                    for key in ["stateToken", "fromUri", "fromURI"] {
                        if let Some(value) = bag.get(key).and_then(serde_json::Value::as_str) {
                            self.take(key, value);
                        }
                    }
                }
            }
            "fromUri" | "fromURI" | "redirectUri"
                if value.starts_with('/') || value.starts_with("https://") =>
            {
                self.resume.get_or_insert_with(|| value.to_owned());
            }
            "baseUrl" | "orgName" | "oktaData" => self.is_okta = true,
            _ => {}
        }
    }
}

/// `/signin/refresh-auth-state/00…` is a route of the widget that carries the token
fn token_in_path(page: &Page) -> Option<Secret> {
    let token = page
        .url()
        .path()
        .strip_prefix("/signin/refresh-auth-state/")?;
    is_token(token).then(|| Secret::new(token))
}

/// A text of the page's own language may stand under the same key
fn is_token(value: &str) -> bool {
    value.len() >= 10
        && value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-_~".contains(c))
}

#[cfg(test)]
mod tests {
    use doorward::Page;

    use super::Marks;

    fn marks(script: &str) -> Marks {
        let html = format!("<script>{script}</script>");
        Marks::of(&Page::html("https://acme.okta.test/app/x/sso/saml", &html).unwrap())
    }

    fn token(script: &str) -> Option<String> {
        marks(script)
            .state_token
            .map(|token| token.expose_secret().to_owned())
    }

    #[test]
    fn a_state_token_is_found_in_every_shape() {
        for script in [
            r"var stateToken = '00abc\x2Ddef_123';",
            r#"var x = {"stateToken":"00abc\u002Ddef_123","a":1};"#,
            r"var modelDataBag = '{\x22stateToken\x22\x3A\x2200abc\x2Ddef_123\x22,\x22baseUrl\x22:\x22https\x3A\x2F\x2Fo\x22}';",
            "window.oktaData = {signIn:{stateToken:'00abc-def_123'}};",
        ] {
            assert_eq!(token(script).as_deref(), Some("00abc-def_123"), "{script}");
        }
    }

    #[test]
    fn decoys_are_passed_over() {
        let script = r#"
            // var stateToken = '00comment-comment';
            /* "stateToken": "00comment-comment" */
            var i18n = {"stateToken": "Your state token is gone", 'x': /'stateToken':"/};
            var re = /stateToken = '00regex-regex-regex'/;
            var text = "stateToken = '00string-string'";
            var stateToken = '00real-real-real';"#;
        assert_eq!(token(script).as_deref(), Some("00real-real-real"));
    }

    #[test]
    fn the_way_back_is_found() {
        assert_eq!(
            marks(r"var fromUri = '\x2Foauth2\/v1';").resume.as_deref(),
            Some("/oauth2/v1")
        );
        let html = r#"<input type="hidden" id="fromURI" value="/app/sso?a=1&amp;b=2">"#;
        let page = Page::html("https://acme.okta.test/login/login.htm", html).unwrap();
        assert_eq!(Marks::of(&page).resume.as_deref(), Some("/app/sso?a=1&b=2"));
        let page = Page::html(
            "https://acme.okta.test/login/login.htm?fromURI=%2Fa%3Fokta_key%3Dx%252By",
            "",
        )
        .unwrap();
        assert_eq!(
            Marks::of(&page).resume.as_deref(),
            Some("/a?okta_key=x%2By")
        );
    }

    #[test]
    fn broken_scripts_end() {
        for script in [
            "'",
            "\"\\",
            "'\\x2",
            "/*",
            "//",
            "/",
            "`",
            "var stateToken = '\\u12",
            "\\",
        ] {
            assert_eq!(token(script), None, "{script}");
        }
    }
}
