use jiff::{SignedDuration, Timestamp};

/// What must be added to our clock to have the server's, as far as whole seconds can say
pub(crate) fn skew(server: Option<Timestamp>, here: Timestamp) -> SignedDuration {
    let skew = server.map_or(SignedDuration::ZERO, |server| server.duration_since(here));
    // A `Date` is rounded down, and some time old when it arrives.
    match skew.abs() <= SignedDuration::from_secs(2) {
        true => SignedDuration::ZERO,
        false => SignedDuration::from_secs(skew.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::skew;

    #[test]
    fn a_second_or_two_are_no_skew() {
        let here = Timestamp::from_second(1_800_000_000).unwrap();
        let at = |seconds| Some(here + SignedDuration::from_secs(seconds));

        assert_eq!(skew(None, here), SignedDuration::ZERO);
        assert_eq!(skew(at(-2), here), SignedDuration::ZERO);
        assert_eq!(skew(at(40), here).as_secs(), 40);
        assert_eq!(skew(at(-40), here).as_secs(), -40);
    }
}
