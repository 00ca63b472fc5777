//! How long things are kept.

use std::time::Duration;

/// How long settled events are kept. What still waits is kept in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Events older than this are removed.
    pub age: Option<Duration>,
    /// The oldest events are removed while the store takes more bytes than this.
    pub bytes: Option<u64>,
}

/// What a step of upkeep did. Each step is small, so that it can run beside the traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Upkeep {
    /// Events that were removed, with their deliveries and attempts.
    pub events: u64,
    /// Deliveries that were called off because their subscription was removed.
    pub cancelled: u64,
    /// Versions that were removed because nothing refers to them.
    pub versions: u64,
    /// Whether there is more to do at once.
    pub more: bool,
}
