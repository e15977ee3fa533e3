use std::time::Duration;

use crate::{Error, Page};

/// 429 and 5xx, wherever they come from
pub(crate) fn unavailable(page: &Page) -> Option<Error> {
    let status = page.status();
    if status != 429 && status < 500 {
        return None;
    }
    let error = Error::unavailable(match status {
        429 => "the server asks to slow down".to_owned(),
        _ => format!("the server failed with status {status}"),
    });
    let error = error.at("host", page.host()).at("path", page.path());
    let seconds = page
        .header("retry-after")
        .and_then(|value| value.trim().parse().ok());
    Some(match seconds {
        Some(seconds) => error
            .retry_after(Duration::from_secs(seconds))
            .at("retry_after", format!("{seconds} s")),
        None => error,
    })
}

#[cfg(test)]
mod tests {
    use super::unavailable;
    use crate::{ErrorKind, Page};

    fn answer(status: u16) -> Page {
        Page::response("https://i.test/token", status, &[("retry-after", "7")], "").unwrap()
    }

    #[test]
    fn an_overloaded_server_says_when_to_come_again() {
        for status in [429, 500, 503] {
            let error = unavailable(&answer(status)).unwrap();
            assert_eq!(error.kind(), ErrorKind::Unavailable);
            assert_eq!(error.server_wait().unwrap().as_secs(), 7);
        }
        assert!(unavailable(&answer(401)).is_none());
    }
}
