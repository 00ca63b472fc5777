//! How the service runs: numbers that an operator may change.

use std::time::Duration;

use crate::store::Retention;

/// How the service runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Attempts of one subscription at once, at most, where it does not say.
    pub concurrency: u32,
    /// How long settled events are kept.
    pub retention: Retention,
    /// How often retention and the like do a step.
    pub upkeep_every: Duration,
    /// How often the folder of integrations is looked at for changes; `None` for never.
    pub reload_every: Option<Duration>,
    /// Failed attempts in a row after which a receiver is left alone for a while.
    pub breaker_after: u32,
    /// For how long, at first; each time twice as long.
    pub breaker_first: Duration,
    /// And no longer than this.
    pub breaker_longest: Duration,
    /// Bytes of a receiver's answer that are kept with an attempt.
    pub answer_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            concurrency: 64,
            retention: Retention { age: Some(Duration::from_secs(30 * 24 * 3600)), bytes: None },
            upkeep_every: Duration::from_secs(5),
            reload_every: Some(Duration::from_secs(1)),
            breaker_after: 10,
            breaker_first: Duration::from_secs(1),
            breaker_longest: Duration::from_secs(60),
            answer_bytes: 4096,
        }
    }
}
