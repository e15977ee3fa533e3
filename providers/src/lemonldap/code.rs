//! The numbers of LemonLDAP::NG's messages, as far as they end a login.

use doorward::{Error, Page};

/// What `number` says of the login, if that ends it
///
/// 9 greets who comes first, 87 asks for the password although there is a session, 32 and 33 only warn: the form goes on.
///
/// Source: <https://lemonldap-ng.org/documentation/latest/error>
pub(super) fn failure(number: u16, page: &Page) -> Option<Error> {
    let state = |what: &str| Error::account_state(format!("LemonLDAP::NG {what}"));
    let error = match number {
        0 | 1 | 9 | 32 | 33 | 35 | 42 | 46 | 87 => return None,
        4 | 5 | 40 => Error::rejected("LemonLDAP::NG refused user name or password")
            .hint("depending on its directory it shows a locked account in the same way"),
        96 => Error::rejected("LemonLDAP::NG refused the one-time code"),
        21 => state("says that the account is locked"),
        22 => state("says that the password has expired"),
        25..=31 | 34 | 39 | 67 | 74 | 100 | 101 => state("asks for a new password"),
        36 => state("shows a message that must be accepted"),
        86 => locked_for_a_while(page),
        88 | 103 => state("misses something of the account")
            .hint("a mail address or a second factor must be set up there first"),
        41 | 68 | 75 | 84 | 89..=93 | 108 => state("does not let this account in here"),
        76 | 77 => Error::unsupported("LemonLDAP::NG asks for a captcha beside the password"),
        3 | 6 | 7 | 8 | 24 | 73 => Error::unavailable("LemonLDAP::NG cannot reach its directory"),
        _ => Error::unexpected_page("LemonLDAP::NG ended the login with a message"),
    };
    let error = error.at("message", number.to_string());
    Some(error.at("page", page.path()))
}

/// After some failures in a row even the right password is refused, and each attempt may prolong it
fn locked_for_a_while(page: &Page) -> Error {
    let error =
        Error::account_state("LemonLDAP::NG refuses the account for a while after failures");
    let text = page.text_of(".message").unwrap_or_default();
    let digits: String = text.chars().filter(char::is_ascii_digit).take(6).collect();
    match digits.is_empty() {
        true => error,
        false => error.at("wait", format!("{digits} s")),
    }
}

/// The form's token was missing or too old: the password was not looked at
pub(super) const NOT_TRIED: [u16; 2] = [81, 82];

#[cfg(test)]
mod tests {
    use doorward::{ErrorKind, Page};

    use super::failure;

    fn kind(number: u16) -> Option<ErrorKind> {
        let page = Page::html("https://llng.test/oauth2/authorize", "").unwrap();
        failure(number, &page).map(|error| error.kind())
    }

    #[test]
    fn each_number_has_its_kind() {
        for (number, expected) in [
            (5, ErrorKind::Rejected),
            (96, ErrorKind::Rejected),
            (21, ErrorKind::AccountState),
            (22, ErrorKind::AccountState),
            (25, ErrorKind::AccountState),
            (86, ErrorKind::AccountState),
            (90, ErrorKind::AccountState),
            (76, ErrorKind::Unsupported),
            (6, ErrorKind::Unavailable),
            (48, ErrorKind::UnexpectedPage),
        ] {
            assert_eq!(kind(number), Some(expected), "{number}");
        }
        for number in [9, 32, 87] {
            assert_eq!(kind(number), None, "{number}");
        }
    }

    #[test]
    fn the_wait_after_failures_is_told() {
        let html = r#"<div class="message"><span trmsg="86"></span> 30 <span trspan="seconds">Sekunden</span>.</div>"#;
        let page = Page::html("https://llng.test/", html).unwrap();

        let error = failure(86, &page).unwrap();

        assert!(
            error.context().any(|pair| pair == ("wait", "30 s")),
            "{error}"
        );
    }
}
