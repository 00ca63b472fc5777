//! The store's own time, which never runs backwards.
//!
//! Due times outlive the process, so they are kept by the wall clock; but a wall clock can be set back, and then a
//! retry due in a minute would be due in a day. So the store counts what was set back and adds it.

use super::Moment;

/// A moment of the store's own time, in milliseconds.
pub(super) type StoreTime = i64;

/// Callers read the clock before they get here, in any order: so much disorder is none.
const DISORDER: i64 = 1000;

/// From the wall clock to the store's time and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Clock {
    /// The latest moment of the wall clock since it was last set back.
    pub(super) latest: i64,
    /// How much the wall clock was set back so far.
    pub(super) ahead: i64,
}

/// What the clock made of a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Observed {
    /// The moment, never before an earlier one unless the clock was set back.
    pub(super) wall: Moment,
    /// The store's time.
    pub(super) now: StoreTime,
    /// Whether the wall clock was found set back.
    pub(super) set_back: bool,
}

impl Clock {
    /// Takes note of what the wall clock shows.
    pub(super) fn observe(&mut self, wall: Moment) -> Observed {
        // Half of the range is never reached by a clock; so no sum below can overflow.
        let wall = wall.millis().clamp(-(i64::MAX / 4), i64::MAX / 4);
        let set_back = wall < self.latest - DISORDER;
        if set_back {
            self.ahead = self.ahead.saturating_add(self.latest - wall).min(i64::MAX / 4);
            self.latest = wall;
        }
        self.latest = self.latest.max(wall);
        Observed { wall: Moment::from_millis(self.latest), now: self.latest + self.ahead, set_back }
    }

    /// The store's time at a moment of the wall clock as it goes now.
    pub(super) fn store_time(self, wall: Moment) -> StoreTime {
        wall.millis().saturating_add(self.ahead)
    }

    /// When the wall clock, as it goes now, will show that the store's time is `time`.
    pub(super) fn wall(self, time: StoreTime) -> Moment {
        Moment::from_millis(time.saturating_sub(self.ahead))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Moment {
        Moment::from_millis(millis)
    }

    #[test]
    fn time_goes_on_when_the_clock_is_set_back() {
        let mut clock = Clock::default();
        let before = clock.observe(at(90_000_000)).now;
        let due = clock.store_time(at(90_060_000));
        let after = clock.observe(at(3_600_000));
        assert!(after.set_back);
        assert_eq!(after.now, before);
        assert!(clock.observe(at(3_659_999)).now < due);
        assert_eq!(clock.observe(at(3_660_000)).now, due);
        assert_eq!(clock.wall(due), at(3_660_000));
    }

    #[test]
    fn a_little_disorder_is_no_step() {
        let mut clock = Clock::default();
        clock.observe(at(10_000));
        for _ in 0..1000 {
            let late = clock.observe(at(9_500));
            assert!(!late.set_back);
            assert_eq!((late.now, late.wall), (10_000, at(10_000)));
        }
    }

    #[test]
    fn absurd_clocks_do_not_overflow() {
        let mut clock = Clock::default();
        for wall in [i64::MAX, i64::MIN, i64::MAX, i64::MIN, 0, i64::MAX] {
            clock.observe(at(wall));
            clock.store_time(at(i64::MAX));
        }
    }
}
