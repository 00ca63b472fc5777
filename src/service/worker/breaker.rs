//! Leaves a receiver alone that keeps failing, and looks now and then whether it is well again.

use std::time::Duration;

use crate::service;

/// When it opens, and for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) after: u32,
    pub(super) first: Duration,
    pub(super) longest: Duration,
}

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breaker {
    /// The receiver is served; so many attempts failed in a row.
    Closed { failures: u32 },
    /// It is left alone until then.
    Open { until: Duration, pause: Duration },
    /// One attempt is made to see.
    HalfOpen { pause: Duration },
}

impl Default for Breaker {
    fn default() -> Self {
        Breaker::Closed { failures: 0 }
    }
}

impl Breaker {
    /// Where it stands now: what was open long enough is half open.
    pub(super) fn at(&mut self, now: Duration) -> Breaker {
        if let Breaker::Open { until, pause } = *self
            && now >= until
        {
            *self = Breaker::HalfOpen { pause };
        }
        *self
    }

    /// The receiver answered as one that is alive. Whether that closes it.
    pub(super) fn well(&mut self) -> bool {
        let closes = !matches!(self, Breaker::Closed { .. });
        *self = Breaker::default();
        closes
    }

    /// The receiver failed. Gives the pause when that opens it.
    pub(super) fn failed(&mut self, rules: Rules, now: Duration) -> Option<Duration> {
        let pause = match *self {
            Breaker::Closed { failures } if failures + 1 < rules.after => {
                *self = Breaker::Closed { failures: failures + 1 };
                return None;
            }
            Breaker::Closed { .. } => rules.first,
            Breaker::HalfOpen { pause } => (pause * 2).min(rules.longest),
            // An attempt that was on its way when it opened says nothing new.
            Breaker::Open { .. } => return None,
        };
        *self = Breaker::Open { until: now + pause, pause };
        Some(pause)
    }

    pub(super) fn shown(self) -> service::Breaker {
        match self {
            Breaker::Closed { .. } => service::Breaker::Closed,
            Breaker::Open { .. } => service::Breaker::Open,
            Breaker::HalfOpen { .. } => service::Breaker::HalfOpen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { after: 3, first: Duration::from_secs(1), longest: Duration::from_secs(5) };

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_not_before() {
        let mut breaker = Breaker::default();
        assert_eq!((breaker.failed(RULES, at(0)), breaker.failed(RULES, at(0))), (None, None));
        assert!(!breaker.well());
        assert_eq!((breaker.failed(RULES, at(0)), breaker.failed(RULES, at(0))), (None, None));
        assert_eq!(breaker.failed(RULES, at(0)), Some(at(1)));
        assert_eq!(breaker.failed(RULES, at(0)), None, "what was on its way does not lengthen it");
    }

    #[test]
    fn it_probes_and_waits_longer_each_time() {
        let mut breaker = Breaker::default();
        for _ in 0..3 {
            breaker.failed(RULES, at(0));
        }
        assert!(matches!(breaker.at(Duration::from_millis(999)), Breaker::Open { .. }));
        let mut now = 1;
        for pause in [2, 4, 5, 5] {
            assert!(matches!(breaker.at(at(now)), Breaker::HalfOpen { .. }));
            assert_eq!(breaker.failed(RULES, at(now)), Some(at(pause)));
            now += pause;
        }
        assert!(matches!(breaker.at(at(now)), Breaker::HalfOpen { .. }));
        assert!(breaker.well());
        assert_eq!(breaker, Breaker::default());
    }
}
