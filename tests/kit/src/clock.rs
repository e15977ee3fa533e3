//! The servers' clock, which a test can put forward or back, and the date formats of the wire.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The clock that every server of one testbed reads
///
/// It runs with the system's clock until a test moves or holds it. Tokens, sessions and the `Date` of every
/// answer follow it, so a client that reads the system's own clock sees servers whose clock is wrong.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    state: Arc<Mutex<State>>,
}

impl Clock {
    /// Puts the clock forward
    pub fn advance(&self, by: Duration) {
        let mut state = self.state();
        state.ahead = state.ahead.saturating_add(signed_millis(by));
    }

    /// Puts the clock back, also behind the system's clock; not before 1970
    pub fn set_back(&self, by: Duration) {
        let mut state = self.state();
        state.ahead = state.ahead.saturating_sub(signed_millis(by));
    }

    /// Stops the clock; from now on only [`Clock::advance`] and [`Clock::set_back`] move it
    pub fn hold(&self) {
        self.state().held = Some(system_millis());
    }

    /// Milliseconds since 1970
    pub fn millis(&self) -> u64 {
        let state = self.state();
        state
            .held
            .unwrap_or_else(system_millis)
            .saturating_add_signed(state.ahead)
    }

    /// Seconds since 1970
    pub fn seconds(&self) -> u64 {
        self.millis() / 1000
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct State {
    /// Milliseconds before the system's clock; negative if behind it
    ahead: i64,
    held: Option<u64>,
}

fn signed_millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn system_millis() -> u64 {
    let real = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(real.as_millis()).unwrap_or_default()
}

/// `Thu, 01-Jan-1970 00:00:00 GMT`, with the dashes of old Netscape cookies
pub(crate) fn cookie_date(seconds: u64) -> String {
    let date = Date::of(seconds);
    format!(
        "{}, {:02}-{}-{} {} GMT",
        date.weekday, date.day, date.month_name, date.year, date.clock
    )
}

/// `Thu, 01 Jan 1970 00:00:00 GMT`
pub(crate) fn http_date(seconds: u64) -> String {
    let date = Date::of(seconds);
    format!(
        "{}, {:02} {} {} {} GMT",
        date.weekday, date.day, date.month_name, date.year, date.clock
    )
}

/// `1970-01-01T00:00:00.000Z`
pub(crate) fn iso_date(seconds: u64) -> String {
    let date = Date::of(seconds);
    format!(
        "{}-{:02}-{:02}T{}.000Z",
        date.year, date.month, date.day, date.clock
    )
}

struct Date {
    weekday: &'static str,
    year: u64,
    month: u64,
    month_name: &'static str,
    day: u64,
    clock: String,
}

impl Date {
    /// Counts from 1 March of year 0, so that the leap day is the last of a year
    fn of(seconds: u64) -> Self {
        let days = seconds / 86_400;
        let in_day = seconds % 86_400;
        let shifted = days + 719_468;
        let era = shifted / 146_097;
        let day_of_era = shifted % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let month = if march_month < 10 {
            march_month + 3
        } else {
            march_month - 9
        };
        let name = |names: &[&'static str], at: u64| {
            usize::try_from(at)
                .ok()
                .and_then(|at| names.get(at).copied())
                .unwrap_or_default()
        };
        Self {
            weekday: name(&WEEKDAYS, days % 7),
            year: year_of_era + era * 400 + u64::from(month <= 2),
            month,
            month_name: name(&MONTHS, month - 1),
            day: day_of_year - (153 * march_month + 2) / 5 + 1,
            clock: format!(
                "{:02}:{:02}:{:02}",
                in_day / 3600,
                in_day / 60 % 60,
                in_day % 60
            ),
        }
    }
}

const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_on_the_wire() {
        assert_eq!(cookie_date(0), "Thu, 01-Jan-1970 00:00:00 GMT");
        assert_eq!(http_date(951_827_696), "Tue, 29 Feb 2000 12:34:56 GMT");
        assert_eq!(iso_date(1_767_225_599), "2025-12-31T23:59:59.000Z");
    }

    #[test]
    fn a_held_clock_moves_only_by_hand() {
        let clock = Clock::default();
        clock.hold();
        let before = clock.millis();

        clock.advance(Duration::from_millis(7));

        assert_eq!(clock.millis(), before + 7);
    }

    #[test]
    fn a_clock_can_be_behind_the_systems_own() {
        let clock = Clock::default();
        clock.hold();
        let before = clock.millis();

        clock.set_back(Duration::from_secs(3600));
        assert_eq!(clock.millis(), before - 3_600_000);
        clock.set_back(Duration::MAX);
        assert_eq!(clock.millis(), 0);
    }

    #[test]
    fn clones_share_one_clock() {
        let clock = Clock::default();
        let before = clock.seconds();

        clock.clone().advance(Duration::from_secs(3600));

        assert!(clock.seconds() >= before + 3600);
    }
}
