//! Spans of time as the command line takes and shows them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Reads `90`, `90s`, `5m` or `24h`
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.trim() {
        text if text.ends_with('s') => (text.strip_suffix('s'), 1),
        text if text.ends_with('m') => (text.strip_suffix('m'), 60),
        text if text.ends_with('h') => (text.strip_suffix('h'), 3600),
        text => (Some(text), 1),
    };
    let number = number.filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    let seconds = number
        .and_then(|number| number.parse::<u64>().ok())
        .and_then(|number| number.checked_mul(unit))
        .ok_or("a time has the form 90, 90s, 5m or 24h")?;
    match seconds {
        0 => Err("a time of nothing leaves no time at all".into()),
        1..=LONGEST => Ok(Duration::from_secs(seconds)),
        _ => Err("a time has a week at most".into()),
    }
}

/// Where `then` is, seen from `now`: `in 60 s`, `5 min ago`; both in seconds since 1970
pub(crate) fn relative(then: i64, now: i64) -> String {
    let away = then.saturating_sub(now);
    let span = match away.unsigned_abs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds @ 7200..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    };
    match away {
        0.. => format!("in {span}"),
        _ => format!("{span} ago"),
    }
}

/// Seconds since 1970
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

const LONGEST: u64 = 7 * 24 * 3600;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{parse, relative};

    #[test]
    fn a_time_is_seconds_unless_it_has_a_unit() {
        for (text, seconds) in [
            ("90", 90),
            ("90s", 90),
            ("5m", 300),
            ("24h", 86_400),
            (" 1 ", 1),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_time() {
        for text in [
            "",
            "s",
            "m",
            "1d",
            "-1",
            "+1",
            "1.5",
            "1 m",
            "5mm",
            "0",
            "0h",
            "169h",
            "1e3",
            "ten",
            "99999999999999999999",
            "99999999999999999h",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_end_is_shown_as_seen_from_now() {
        assert_eq!(relative(160, 100), "in 60 s");
        assert_eq!(relative(100, 100), "in 0 s");
        assert_eq!(relative(1000, 100), "in 15 min");
        assert_eq!(relative(7300, 100), "in 2 h");
        assert_eq!(relative(864_100, 100), "in 10 days");
        assert_eq!(relative(100, 400), "5 min ago");
        assert_eq!(relative(i64::MIN, i64::MAX).split(' ').nth(1), Some("days"));
    }
}
