//! What looks as if a machine had made it: nothing else in a page is worth hiding, and nothing of it may stay.

/// Whether a parameter's value, or a field's, is to be replaced
///
/// Such a place holds words or something that was made for this login, so that little is enough.
pub(super) fn is_token_value(value: &str) -> bool {
    let is_run = value.bytes().all(|byte| byte.is_ascii_graphic());
    let (digits, upper, lower) = counts(value);
    let is_mixed = digits > 0 || upper > 0 && lower > 0;
    value.len() >= 12 && is_run && is_mixed && !is_plain(value)
}

/// Whether a run of letters, digits, `-` and `_` anywhere in a text is to be replaced
///
/// Identifiers of programs and styles stay, so that the page does.
pub(super) fn is_token_run(run: &str) -> bool {
    let (digits, upper, lower) = counts(run);
    let is_dense = digits >= 4 || digits >= 2 && upper >= 2 && lower >= 2;
    let is_long = run.len() >= 24 && digits >= 1 && upper >= 2 && lower >= 2;
    (run.len() >= 16 && is_dense || is_long) && !run.contains(MARK) && !is_plain(run)
}

/// The runs of a text that may be tokens, and where they begin
pub(super) fn runs(text: &str) -> impl Iterator<Item = &str> {
    let ends = |sign: char| !(sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_'));
    text.split(ends).filter(|run| run.len() >= 16)
}

/// What every stand-in begins with
pub(super) const MARK: &str = "redacted-";

/// A date, a name in an organisation's tree of names, a host, a URL: what people write
fn is_plain(value: &str) -> bool {
    let is_date =
        value.parse::<jiff::Timestamp>().is_ok() || value.parse::<jiff::civil::DateTime>().is_ok();
    is_date
        || value.starts_with(MARK)
        || value.starts_with("urn:")
        || value.contains("://")
        || is_host(value)
}

fn is_host(value: &str) -> bool {
    let labels: Vec<&str> = value.split('.').collect();
    let is_label = |label: &&str| {
        let is_last = std::ptr::eq(*label, *labels.last().unwrap_or(label));
        !label.is_empty()
            && label.len() <= 20
            && (!is_last || label.bytes().all(|byte| byte.is_ascii_lowercase()))
    };
    labels.len() >= 2 && labels.len() <= 6 && labels.iter().all(is_label)
}

fn counts(text: &str) -> (usize, usize, usize) {
    let count = |is: fn(&u8) -> bool| text.as_bytes().iter().filter(|byte| is(byte)).count();
    (
        count(u8::is_ascii_digit),
        count(u8::is_ascii_uppercase),
        count(u8::is_ascii_lowercase),
    )
}

#[cfg(test)]
mod tests {
    use super::{is_token_run, is_token_value, runs};

    #[test]
    fn what_a_machine_made_is_a_token() {
        for text in [
            "8f14e45f-ceea-467f-a0e6-1f0d2b3c4d5e",
            "d41d8cd98f00b204e9800998ecf8427e",
            "Zt1B0nQx9v4LrT2yGh5uVw8kAa7",
            "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9",
        ] {
            assert!(is_token_value(text) && is_token_run(text), "{text}");
        }
        for value in ["Zk3Jx0aQ1bc4", "a+b/c0==wxyz", "sessionABCde"] {
            assert!(is_token_value(value), "{value}");
        }
    }

    #[test]
    fn words_of_pages_stay() {
        for text in [
            "pf-v5-c-login__main-header-desc",
            "UPDATE_PASSWORD",
            "kc-select-try-another-way-form",
            "navigatorCredentialsGet",
            "redacted-state-1",
        ] {
            assert!(!is_token_run(text), "{text}");
        }
        for value in [
            "UPDATE_PASSWORD",
            "openid profile email",
            "https://portal.test/callback?a=1234567890",
            "urn:oasis:names:tc:SAML:2.0:assertion",
            "2026-11-20T12:00:00.000Z",
            "doorward.example.test",
            "short1",
        ] {
            assert!(!is_token_value(value), "{value}");
        }
    }

    #[test]
    fn runs_end_where_words_do() {
        let found: Vec<&str> = runs("a=0123456789abcdef&b='fedcba9876543210-x_y' 1234").collect();

        assert_eq!(found, ["0123456789abcdef", "fedcba9876543210-x_y"]);
    }
}
