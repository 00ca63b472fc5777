//! What may be told once in a while and no more: a disk that is full is not filled by lines that say so.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Keeps count of what was not told.
#[derive(Debug)]
pub(super) struct Seldom {
    apart: Duration,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    told: Option<Duration>,
    left_out: u64,
}

impl Seldom {
    /// Tells one in so much time.
    pub(super) fn every(apart: Duration) -> Self {
        Seldom { apart, kept: Mutex::default() }
    }

    /// Whether one more may be told at `now`, and how many were left out before it.
    pub(super) fn turn(&self, now: Duration) -> Option<u64> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.told.is_some_and(|told| now.saturating_sub(told) < self.apart) {
            kept.left_out += 1;
            return None;
        }
        kept.told = Some(now);
        Some(std::mem::take(&mut kept.left_out))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Seldom;

    #[test]
    fn one_a_second_is_told_with_how_many_were_not() {
        let seldom = Seldom::every(Duration::from_secs(1));
        let turns = [0, 1, 999, 1000, 1500, 1999, 5000].map(|at| seldom.turn(Duration::from_millis(at)));
        assert_eq!(turns, [Some(0), None, None, Some(2), None, None, Some(2)]);
    }
}
