//! The text of a declarative refresh, in a `meta` element or a `Refresh` header.

use std::time::Duration;

/// After how long a page asks to be left, and for where; without a target it is to be read again
///
/// Source: <https://html.spec.whatwg.org/multipage/semantics.html#shared-declarative-refresh-steps>
pub(super) fn parse(text: &str) -> Option<(Duration, Option<&str>)> {
    let text = trim(text);
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (digits, rest) = text.split_at(digits);
    if digits.is_empty() && !rest.starts_with('.') {
        return None;
    }
    let seconds = match digits {
        "" => 0,
        // More digits than fit are as good as for ever.
        _ => digits.parse().unwrap_or(u32::MAX),
    };
    let delay = Duration::from_secs(seconds.into());
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    if !rest.is_empty() && !rest.starts_with(is_blank) && !rest.starts_with([';', ',']) {
        return None;
    }
    let rest = trim(rest);
    let rest = trim(rest.strip_prefix([';', ',']).unwrap_or(rest));
    match rest {
        "" => Some((delay, None)),
        _ => Some((delay, Some(target(rest)))),
    }
}

/// The address behind `url=` and inside quotes, both of which may be missing
fn target(text: &str) -> &str {
    let named = text.strip_prefix(['U', 'u']).map(|rest| {
        rest.strip_prefix(['R', 'r'])
            .and_then(|rest| rest.strip_prefix(['L', 'l']))
    });
    let address = match named {
        None => text,
        Some(None) => return text,
        Some(Some(rest)) => match trim(rest).strip_prefix('=') {
            Some(rest) => trim(rest),
            None => return text,
        },
    };
    match address.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let quoted = address.strip_prefix(quote).unwrap_or(address);
            quoted.split(quote).next().unwrap_or(quoted)
        }
        _ => address,
    }
}

fn trim(text: &str) -> &str {
    text.trim_start_matches(is_blank)
}

fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\x0C' | '\r' | ' ')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::parse;

    fn seconds(text: &str) -> Option<(u64, Option<&str>)> {
        parse(text).map(|(delay, target)| (delay.as_secs(), target))
    }

    #[test]
    fn a_refresh_has_a_delay_and_a_target() {
        assert_eq!(seconds("0;url=/next"), Some((0, Some("/next"))));
        assert_eq!(seconds(" 5 ; URL = '/next' x"), Some((5, Some("/next"))));
        assert_eq!(seconds("1, \"/a'b\""), Some((1, Some("/a'b"))));
        assert_eq!(seconds("0;/next"), Some((0, Some("/next"))));
        assert_eq!(seconds("0 /next"), Some((0, Some("/next"))));
        assert_eq!(seconds(".5; url=a"), Some((0, Some("a"))));
        assert_eq!(seconds("1.9.9;url=a"), Some((1, Some("a"))));
        assert_eq!(seconds("0;url='a"), Some((0, Some("a"))));
        assert_eq!(seconds("0;url=''"), Some((0, Some(""))));
    }

    #[test]
    fn a_target_that_begins_like_url_is_a_target() {
        assert_eq!(seconds("0;upload"), Some((0, Some("upload"))));
        assert_eq!(seconds("0;url"), Some((0, Some("url"))));
        assert_eq!(seconds("0;urls=a"), Some((0, Some("urls=a"))));
    }

    #[test]
    fn a_refresh_without_a_target_reads_the_page_again() {
        assert_eq!(seconds("300"), Some((300, None)));
        assert_eq!(seconds("300;"), Some((300, None)));
        assert_eq!(
            seconds("99999999999999999999"),
            Some((u64::from(u32::MAX), None))
        );
    }

    #[test]
    fn what_has_no_delay_is_no_refresh() {
        for text in [
            "",
            " ",
            "url=/next",
            ";url=/next",
            "-1;url=/next",
            "0x;url=/next",
            "0url=/next",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in any::<String>()) {
            parse(&text);
        }
    }
}
