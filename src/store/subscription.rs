//! Subscriptions as the store sees them: versions of opaque bytes, a switch, and how they fare.

use super::{Digest, Moment, SubscriptionId, SubscriptionVersion};

/// A new version of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVersion {
    /// Everything about it, in the caller's own form. Secrets in it are sealed by the caller.
    pub content: Vec<u8>,
    /// The integration version in use. It is kept as long as this is the current version.
    pub integration: Option<Digest>,
}

/// A version of a subscription, read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its number.
    pub version: SubscriptionVersion,
    /// When it was made.
    pub created: Moment,
    /// Everything about it, in the caller's own form.
    pub content: Vec<u8>,
    /// The integration version that it was made with.
    pub integration: Option<Digest>,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its name.
    pub id: SubscriptionId,
    /// The current version.
    pub current: Version,
    /// Whether it is switched on. Nothing is handed out for one that is not; its queue is kept.
    pub enabled: bool,
    /// Why it was switched off, if someone said.
    pub reason: Option<String>,
}

/// How a subscription fares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Deliveries that wait.
    pub waiting: u64,
    /// Deliveries that arrived.
    pub delivered: u64,
    /// Dead letters.
    pub dead: u64,
    /// Deliveries that were called off.
    pub cancelled: u64,
    /// Status of the last answer.
    pub last_status: Option<u16>,
    /// When the last attempt was made.
    pub last_attempt: Option<Moment>,
    /// When the last successful attempt was made.
    pub last_success: Option<Moment>,
    /// Failed attempts since the last successful one.
    pub failures: u32,
    /// When the oldest event was received whose delivery waits.
    pub oldest_waiting: Option<Moment>,
    /// When the next retry is due.
    pub next_retry: Option<Moment>,
}
