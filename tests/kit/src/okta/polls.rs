//! Polls of one thing: of a phone, a mailbox or a device.

use std::time::Duration;

use crate::world::World;

#[derive(Default)]
pub(super) struct Polls {
    times: usize,
    /// In milliseconds
    last: Option<u64>,
}

impl Polls {
    /// Counts a poll, and complains of one that came sooner than `least` after the one before
    pub(super) fn note(&mut self, least: Duration, world: &World) {
        world.record.factor(|counts| counts.polls += 1);
        let now = world.clock().millis();
        if let Some(before) = self.last.map(|last| now.saturating_sub(last))
            && u128::from(before) < least.as_millis()
        {
            world.complain(format!(
                "a poll came {before} ms after the one before, and not {} ms",
                least.as_millis()
            ));
        }
        self.times += 1;
        self.last = Some(now);
    }

    pub(super) fn times(&self) -> usize {
        self.times
    }
}
