use jiff::Timestamp;

/// What stands in an answer's signature counter, by which relying parties look for copied keys
///
/// Nothing is stored between two logins, and any number of jobs may use one passkey at once, so that nobody is there to
/// count. The standard has a value for that: an authenticator without a counter leaves it at zero, and a relying party that
/// has seen nothing but zero compares nothing.
///
/// Source: <https://www.w3.org/TR/webauthn-3/#sctn-sign-counter>
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum SignCounter {
    /// Always zero: no counter is kept, as with passkeys that are synchronized between devices
    ///
    /// It never goes down, and jobs cannot overtake each other. A relying party that has seen a higher number of this
    /// credential refuses it.
    #[default]
    Zero,
    /// The seconds since 1970, until 2106: it grows without a state
    ///
    /// For a key that was in an authenticator with a counter before, or a relying party that does not take zero. Many
    /// relying parties want each number to be higher than the last: they refuse the second of two jobs that sign within a
    /// second or arrive in another order, and a machine whose clock is behind.
    Clock,
}

impl SignCounter {
    pub(super) fn at(self, now: Timestamp) -> u32 {
        match self {
            Self::Zero => 0,
            // One at least: zero would mean that there is no counter.
            Self::Clock => u32::try_from(now.as_second().max(1)).unwrap_or(u32::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::SignCounter;

    fn clock(second: i64) -> u32 {
        SignCounter::Clock.at(Timestamp::from_second(second).unwrap())
    }

    #[test]
    fn the_clock_never_goes_down_with_the_time_and_is_never_zero() {
        let seconds = [
            -5,
            0,
            1,
            2,
            1_800_000_000,
            i64::from(u32::MAX),
            100_000_000_000,
        ];

        let counters = seconds.map(clock);

        assert_eq!(counters, [1, 1, 1, 2, 1_800_000_000, u32::MAX, u32::MAX]);
    }

    #[test]
    fn by_default_there_is_no_counter() {
        assert_eq!(SignCounter::default().at(Timestamp::now()), 0);
    }
}
