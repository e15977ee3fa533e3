//! Limits over a time that slides along.

/// When requests of one kind came
#[derive(Default)]
pub(super) struct Recent {
    /// In milliseconds, the oldest first
    times: Vec<u64>,
}

impl Recent {
    /// Counts a request, also one too many; for that, the milliseconds until there is room for one more
    pub(super) fn count(&mut self, now: u64, limit: Limit) -> Option<u64> {
        self.times.retain(|&at| now < at + limit.within);
        self.times.push(now);
        let too_many = self.times.len().checked_sub(limit.most)?;
        let last_to_go = self.times.get(too_many).filter(|_| too_many > 0)?;
        Some((last_to_go + limit.within).saturating_sub(now))
    }
}

/// So many requests within so many milliseconds
#[derive(Clone, Copy)]
pub(super) struct Limit {
    pub(super) most: usize,
    pub(super) within: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_too_many_waits_until_there_is_room() {
        let limit = Limit {
            most: 2,
            within: 1000,
        };
        let mut recent = Recent::default();

        assert_eq!(recent.count(0, limit), None);
        assert_eq!(recent.count(400, limit), None);
        assert_eq!(recent.count(500, limit), Some(900));
        assert_eq!(recent.count(1400, limit), None);
    }

    #[test]
    fn a_request_that_was_refused_counts() {
        let limit = Limit {
            most: 1,
            within: 1000,
        };
        let mut recent = Recent::default();

        assert_eq!(recent.count(0, limit), None);
        assert_eq!(recent.count(900, limit), Some(1000));
        assert_eq!(recent.count(1100, limit), Some(1000));
        assert_eq!(recent.count(2100, limit), None);
    }
}
