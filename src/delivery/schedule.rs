//! How long to wait after a failed attempt: arithmetic. Chance is an argument and there is no clock.

use std::num::NonZeroU32;
use std::time::Duration;

/// Which pauses follow which failed attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum Curve {
    /// One pause after another; the last repeats when there are more attempts.
    Listed(Vec<Duration>),
    /// Each pause is a multiple of the one before, up to a cap.
    Growing {
        /// The pause after the first attempt.
        first: Duration,
        /// What each pause is multiplied with to give the next; at least 1.
        factor: f64,
        /// No pause is longer, but for chance and `Retry-After`.
        cap: Duration,
    },
}

/// How often and when a delivery is tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// Attempts in all, the first included.
    pub attempts: NonZeroU32,
    /// The pauses between them.
    pub curve: Curve,
    /// The share of a pause that chance may add. It never takes any away: a documented pause is a minimum.
    pub jitter: f64,
}

impl Schedule {
    /// The pause after the failed `attempt`, or `None` when none is left. The caller draws `chance` from
    /// `0.0..=1.0`.
    pub fn pause_after(&self, attempt: NonZeroU32, chance: f64) -> Option<Duration> {
        (attempt < self.attempts).then(|| {
            let base = self.curve.pause(attempt);
            // A chance that is no number counts as none.
            let chance = if chance.is_finite() { chance.clamp(0.0, 1.0) } else { 0.0 };
            base.saturating_add(scaled(base, self.jitter * chance))
        })
    }
}

impl Curve {
    fn pause(&self, attempt: NonZeroU32) -> Duration {
        let earlier = attempt.get() - 1;
        match self {
            Curve::Listed(pauses) => {
                let at = usize::try_from(earlier).unwrap_or(usize::MAX);
                pauses.get(at).or(pauses.last()).copied().unwrap_or(Duration::ZERO)
            }
            Curve::Growing { first, factor, cap } => {
                let growth = factor.max(1.0).powi(i32::try_from(earlier).unwrap_or(i32::MAX));
                scaled(*first, growth).min(*cap)
            }
        }
    }
}

/// `duration` times `factor`, as long as there are durations that long.
fn scaled(duration: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(duration.as_secs_f64() * factor).unwrap_or(if factor > 0.0 {
        Duration::MAX
    } else {
        Duration::ZERO
    })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{Curve, Schedule};

    fn attempt(number: u32) -> NonZeroU32 {
        NonZeroU32::new(number).expect("attempts count from one")
    }

    fn growing(attempts: u32, first: u64, factor: f64, cap: u64, jitter: f64) -> Schedule {
        let curve = Curve::Growing { first: Duration::from_secs(first), factor, cap: Duration::from_secs(cap) };
        Schedule { attempts: attempt(attempts), curve, jitter }
    }

    #[test]
    fn a_growing_pause_stops_at_its_cap() {
        let schedule = growing(9, 1, 2.0, 30, 0.0);
        let pauses: Vec<u64> = (1..9)
            .filter_map(|number| schedule.pause_after(attempt(number), 1.0))
            .map(|pause| pause.as_secs())
            .collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(schedule.pause_after(attempt(9), 0.0), None);
    }

    #[test]
    fn the_last_listed_pause_repeats() {
        let curve = Curve::Listed(vec![Duration::from_millis(300), Duration::from_secs(2)]);
        let schedule = Schedule { attempts: attempt(5), curve, jitter: 0.0 };
        assert_eq!(schedule.pause_after(attempt(1), 0.5), Some(Duration::from_millis(300)));
        assert_eq!(schedule.pause_after(attempt(4), 0.5), Some(Duration::from_secs(2)));
    }

    proptest! {
        #[test]
        fn a_pause_is_never_below_its_base_nor_above_base_and_jitter(
            number in 1u32..4_000_000, first in 0u64..100_000, factor in 0.0f64..1e6, cap in 0u64..1_000_000,
            jitter in 0.0f64..1.0, chance in prop::num::f64::ANY,
        ) {
            let schedule = growing(u32::MAX, first, factor, cap, jitter);
            let base = schedule.pause_after(attempt(number), 0.0).expect("attempts are left");
            let drawn = schedule.pause_after(attempt(number), chance).expect("attempts are left");
            prop_assert!(base <= drawn);
            prop_assert!(drawn.as_secs_f64() <= base.as_secs_f64() * (1.0 + jitter) + 1e-6);
            prop_assert!(base <= Duration::from_secs(cap));
        }
    }
}
