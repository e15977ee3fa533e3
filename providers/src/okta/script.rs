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
        for script in page.scripts() {
            marks.read(script);
        }
        let hidden = page
            .attribute("input#fromURI", "value")
            .filter(|value| !value.is_empty());
        marks.resume = page.query("fromURI").or(hidden).or(marks.resume);
        marks.is_okta |= page.header("x-okta-request-id").is_some();
        marks
    }

    fn read(&mut self, script: &str) {
        let mut lexer = Lexer {
            rest: script,
            after_value: false,
        };
        let mut key: Option<String> = None;
        let mut assigned = false;
        while let Some(token) = lexer.next_token() {
            match token {
                Token::Sign('=' | ':') if key.is_some() => assigned = true,
                Token::Text(text) if assigned => {
                    self.take(key.take().unwrap_or_default().as_str(), &text);
                    assigned = false;
                }
                Token::Name(name) | Token::Text(name) => (key, assigned) = (Some(name), false),
                Token::Sign(_) => (key, assigned) = (None, false),
            }
        }
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

/// Just enough of JavaScript's lexical grammar to tell strings from comments
///
/// Source: <https://tc39.es/ecma262/#sec-ecmascript-language-lexical-grammar>
struct Lexer<'a> {
    rest: &'a str,
    /// Whether a `/` would divide, rather than begin a regular expression
    after_value: bool,
}

enum Token {
    Name(String),
    Text(String),
    Sign(char),
}

impl Lexer<'_> {
    fn next_token(&mut self) -> Option<Token> {
        loop {
            self.rest = self.rest.trim_start();
            let c = self.rest.chars().next()?;
            if self.skip_comment() {
                continue;
            }
            if c == '/' && !self.after_value {
                self.skip_regex();
                continue;
            }
            return Some(match c {
                '"' | '\'' | '`' => {
                    self.after_value = true;
                    Token::Text(self.string(c))
                }
                c if is_name(c) => {
                    let end = self.rest.find(|c| !is_name(c)).unwrap_or(self.rest.len());
                    let (name, rest) = self.rest.split_at(end);
                    self.rest = rest;
                    self.after_value = true;
                    Token::Name(name.to_owned())
                }
                c => {
                    self.skip(c.len_utf8());
                    self.after_value = matches!(c, ')' | ']');
                    Token::Sign(c)
                }
            });
        }
    }

    fn skip_comment(&mut self) -> bool {
        let end = match self.rest.get(..2) {
            Some("//") => self.rest.find('\n'),
            Some("/*") => self.rest.find("*/").map(|at| at + 2),
            _ => return false,
        };
        self.skip(end.unwrap_or(self.rest.len()));
        true
    }

    fn skip_regex(&mut self) {
        let mut escaped = false;
        let end = self.rest.char_indices().skip(1).find(|(_, c)| {
            let found = matches!(c, '\n') || (*c == '/' && !escaped);
            escaped = *c == '\\' && !escaped;
            found
        });
        self.skip(end.map_or(self.rest.len(), |(at, c)| at + c.len_utf8()));
        self.after_value = true;
    }

    /// The value of a string literal, its escapes undone: an escaped token is taken for an expired one
    fn string(&mut self, quote: char) -> String {
        let mut value = String::new();
        let mut chars = self.rest.char_indices().skip(1).peekable();
        let mut end = self.rest.len();
        while let Some((at, c)) = chars.next() {
            match c {
                c if c == quote => {
                    end = at + c.len_utf8();
                    break;
                }
                '\\' => {
                    let Some((at, c)) = chars.next() else { break };
                    let digits = match c {
                        'x' => self.rest.get(at + 1..at + 3),
                        'u' => self.rest.get(at + 1..at + 5),
                        _ => None,
                    };
                    match digits
                        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
                        .and_then(char::from_u32)
                    {
                        Some(decoded) => {
                            value.push(decoded);
                            for _ in 0..digits.map_or(0, str::len) {
                                chars.next();
                            }
                        }
                        None => match c {
                            'n' => value.push('\n'),
                            't' => value.push('\t'),
                            'r' => value.push('\r'),
                            '\n' => {}
                            other => value.push(other),
                        },
                    }
                }
                c => value.push(c),
            }
        }
        self.skip(end);
        value
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
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
