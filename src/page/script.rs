//! Texts that a page's scripts give to names, found without running anything.

/// The pairs of name and text in one script, in their order: `name = "text"`, `name: 'text'`, `"name": "text"`
///
/// Comments, regular expressions, and texts within texts are passed over; escapes are undone.
pub(super) fn texts(script: &str) -> impl Iterator<Item = (String, String)> + '_ {
    let mut lexer = Lexer {
        rest: script,
        after_value: false,
    };
    let mut name: Option<String> = None;
    let mut assigned = false;
    std::iter::from_fn(move || {
        loop {
            match lexer.next_token()? {
                Token::Sign('=' | ':') if name.is_some() => assigned = true,
                Token::Text(text) if assigned => {
                    assigned = false;
                    return Some((name.take().unwrap_or_default(), text));
                }
                Token::Name(found) | Token::Text(found) => (name, assigned) = (Some(found), false),
                Token::Sign(_) => (name, assigned) = (None, false),
            }
        }
    })
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
                    Token::Text(self.string(c)?)
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
    ///
    /// `None` where the script ends within it: a part of a token is no token.
    fn string(&mut self, quote: char) -> Option<String> {
        let mut value = String::new();
        let mut chars = self.rest.char_indices().skip(1).peekable();
        let mut end = None;
        while let Some((at, c)) = chars.next() {
            match c {
                c if c == quote => {
                    end = Some(at + c.len_utf8());
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
        self.skip(end?);
        Some(value)
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
    use proptest::prelude::{any, proptest};

    use super::texts;

    fn pairs(script: &str) -> Vec<(String, String)> {
        texts(script).collect()
    }

    #[test]
    fn a_text_is_found_in_every_shape() {
        for script in [
            "let challenge = 'a-b';",
            "x.challenge=`a-b`",
            r#"var x = {"challenge" : "a\x2Db"}"#,
            r"f({ challenge: 'a\u002Db' })",
        ] {
            assert_eq!(
                pairs(script),
                [("challenge".into(), "a-b".into())],
                "{script}"
            );
        }
    }

    #[test]
    fn a_name_is_found_in_any_spelling() {
        let told = |script| {
            let mut texts = texts(script);
            texts.find_map(|(name, text)| (name == "rpId").then_some(text))
        };
        for script in [
            "let rpId = \"a\";",
            "{ \"rpId\" : 'a' }",
            "rpId:\"a\"",
            "x.myrpId = \"b\"; y = { rpId: 'a' }",
        ] {
            assert_eq!(told(script).as_deref(), Some("a"), "{script}");
        }
        for script in ["", "rpId", "rpId = ", "rpId = \"a", "rpId = x", "é = rpId"] {
            assert_eq!(told(script), None, "{script}");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_passed_over() {
        for script in [
            "// challenge = 'x'",
            "/* challenge: 'x' */",
            "challenge = 7",
            "challenge, 'x'",
            "f(/challenge = 'x'/)",
            r"'challenge = \'x\''",
        ] {
            assert_eq!(pairs(script), [], "{script}");
        }
    }

    proptest! {
        #[test]
        fn any_script_has_an_end(script in any::<String>()) {
            assert!(pairs(&script).len() <= script.len());
        }
    }
}
