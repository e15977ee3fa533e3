//! Makes foreign text fit to be shown: one line, of limited length, harmless to terminals and CI logs.

/// Foreign text as it may stand in a message
///
/// Control, bidirectional and zero-width characters are escaped as `\u{…}`, runs of blanks become one, the text
/// ends after 300 characters, and the marks by which CI systems take commands from a log (`::`, `##[`,
/// `##vso[`) are broken by a `\`.
pub fn one_line(text: &str) -> String {
    let mut line = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        for c in word.chars() {
            if length >= LIMIT {
                line.push('…');
                return break_commands(&line);
            }
            match is_hidden(c) {
                true => line.extend(c.escape_unicode()),
                false => line.push(c),
            }
            length += 1;
        }
    }
    break_commands(&line)
}

/// Whether `c` is a control, bidirectional or zero-width character, which can make text look like other text
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// What a caller gave as a URL, as it may stand in a message: no user name, password, query or fragment
pub(crate) fn url(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit('@').next().unwrap_or_default();
    let slashes = if scheme.is_empty() { "" } else { "://" };
    one_line(&format!(
        "{scheme}{slashes}{host}{}",
        self::path(&format!("/{path}"))
    ))
}

/// A path as it may stand in a message or a trail: no query, no `;parameters`, no long segment
///
/// Some servers put a token into a path segment (`/signin/refresh-auth-state/00…`), so that a segment of more
/// than [`SEGMENT`] characters is shown by its length only.
pub(crate) fn path(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let segments = path.split('/').map(|segment| {
        let segment = segment.split(';').next().unwrap_or_default();
        match segment.chars().count() {
            n if n > SEGMENT => format!("({n} characters)"),
            _ => one_line(segment),
        }
    });
    let mut shown = String::new();
    for (i, segment) in segments.enumerate() {
        if i > 0 {
            shown.push('/');
        }
        if shown.len() > LIMIT {
            shown.push('…');
            break;
        }
        shown.push_str(&segment);
    }
    shown
}

fn break_commands(line: &str) -> String {
    let mut broken = String::with_capacity(line.len());
    for c in line.chars() {
        let mark = match c {
            ':' => broken.ends_with(':'),
            '[' => broken.ends_with("##") || broken.ends_with("##vso"),
            _ => false,
        };
        if mark {
            broken.push('\\');
        }
        broken.push(c);
    }
    broken
}

const LIMIT: usize = 300;

const SEGMENT: usize = 36;

#[cfg(test)]
mod tests {
    use super::{LIMIT, one_line, path, url};

    #[test]
    fn foreign_text_is_one_line() {
        assert_eq!(one_line("a\r\nb\tc"), "a b c");
        assert_eq!(one_line("\u{1b}[31mred"), "\\u{1b}[31mred");
        assert_eq!(one_line("user\u{202e}nimda"), "user\\u{202e}nimda");
        assert_eq!(one_line("ad\u{200b}min"), "ad\\u{200b}min");
    }

    #[test]
    fn foreign_text_has_a_limit() {
        assert_eq!(one_line(&"x".repeat(10_000)).chars().count(), LIMIT + 1);
    }

    #[test]
    fn ci_log_commands_are_broken() {
        assert_eq!(one_line("::add-mask::x"), ":\\:add-mask:\\:x");
        assert_eq!(one_line(":::x"), ":\\:\\:x");
        assert_eq!(
            one_line("##vso[task.setvariable]"),
            "##vso\\[task.setvariable]"
        );
        assert_eq!(one_line("##[group]"), "##\\[group]");
        assert!(!one_line("::::").contains("::"));
    }

    #[test]
    fn a_path_shows_no_token() {
        assert_eq!(path("/login/auth"), "/login/auth");
        assert_eq!(path("/a;jsessionid=1/b?code=2"), "/a/b");
        assert_eq!(
            path(&format!("/signin/refresh-auth-state/00{}", "x".repeat(40))),
            "/signin/refresh-auth-state/(42 characters)"
        );
        assert_eq!(path("/login/login.htm"), "/login/login.htm");
    }

    #[test]
    fn a_url_shows_no_password_and_no_query() {
        assert_eq!(
            url("https://ci:hunter2@a.test/x?code=1#id_token=2"),
            "https://a.test/x"
        );
        assert_eq!(url("a.test"), "a.test/");
    }
}
