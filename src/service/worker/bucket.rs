//! How many attempts a second: a bucket of tokens that fills at a steady rate.

use std::time::Duration;

use crate::service::Rate;

/// A bucket. It is told the time and never looks at a clock.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    rate: Rate,
    tokens: f64,
    at: Duration,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn new(rate: Rate, now: Duration) -> Self {
        Bucket { rate, tokens: capacity(rate), at: now }
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    /// Takes a token, or says how long until there is one.
    pub(super) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        self.fill(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(self.until_one(now))
    }

    /// How long until there is a token.
    pub(super) fn until_one(&mut self, now: Duration) -> Duration {
        self.fill(now);
        Duration::from_secs_f64(((1.0 - self.tokens) / self.rate.per_second).max(0.000_1))
    }

    /// How many could be taken within a while.
    pub(super) fn within(&mut self, now: Duration, while_: Duration) -> u32 {
        self.fill(now);
        (self.tokens + self.rate.per_second * while_.as_secs_f64()).min(f64::from(u32::MAX)) as u32
    }

    fn fill(&mut self, now: Duration) {
        let gone = now.saturating_sub(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.tokens = (self.tokens + gone * self.rate.per_second).min(capacity(self.rate));
    }
}

fn capacity(rate: Rate) -> f64 {
    rate.burst.map_or(rate.per_second, f64::from).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_burst_and_then_a_steady_rate() {
        let mut bucket = Bucket::new(Rate { per_second: 10.0, burst: Some(3) }, at(0));
        assert!((0..3).all(|_| bucket.take(at(0)).is_ok()));
        assert_eq!(bucket.take(at(0)), Err(at(100)));
        assert!(bucket.take(at(100)).is_ok());
        let mut taken = 0;
        for millis in 100..10_100 {
            taken += u32::from(bucket.take(at(millis)).is_ok());
        }
        assert!((99..=101).contains(&taken), "{taken}");
    }

    #[test]
    fn it_never_holds_more_than_a_burst_and_at_least_one() {
        let mut bucket = Bucket::new(Rate { per_second: 0.5, burst: None }, at(0));
        assert!(bucket.take(at(100_000)).is_ok());
        assert_eq!(bucket.take(at(100_000)), Err(at(2000)));
        assert_eq!(bucket.within(at(100_000), at(4000)), 2);
    }

    #[test]
    fn a_clock_that_stands_still_fills_nothing() {
        let mut bucket = Bucket::new(Rate { per_second: 1.0, burst: None }, at(5000));
        assert!(bucket.take(at(5000)).is_ok());
        assert!(bucket.take(at(4000)).is_err());
    }
}
