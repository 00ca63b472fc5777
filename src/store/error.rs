//! Why the store did not do what it was asked.

use thiserror::Error;

use super::{DeliveryKey, EventKey, SubscriptionId, SubscriptionVersion};

/// Why the store did not do what it was asked. Nothing of the request has happened then.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// Nothing can be stored at the moment; nothing was acknowledged. Ask again later: it recovers by itself.
    #[error("the store takes nothing at the moment: {kind}")]
    Unavailable {
        /// What is in the way.
        kind: Unavailable,
        /// The engine's own words, for the log.
        detail: String,
    },
    /// No subscription has this name.
    #[error("no subscription is named `{0}`")]
    UnknownSubscription(SubscriptionId),
    /// The subscription has no such version.
    #[error("subscription `{0}` has no version {version}", version = .1.0)]
    UnknownVersion(SubscriptionId, SubscriptionVersion),
    /// The integration version was never put, or nothing referred to it any more.
    #[error("no integration version has the digest `{0}`")]
    UnknownIntegration(String),
    /// No delivery has this number.
    #[error("no delivery has the number {number}", number = .0.number())]
    UnknownDelivery(DeliveryKey),
    /// The event has as many deliveries as an event can have.
    #[error("event {number} has as many deliveries as an event can have", number = .0.number())]
    TooManyDeliveries(EventKey),
    /// A delivery that is still waiting cannot be replayed.
    #[error("delivery {number} is still waiting and cannot be replayed", number = .0.number())]
    StillWaiting(DeliveryKey),
    /// Someone else changed the document meanwhile, or it is there already, or gone.
    #[error("`{name}` was changed by someone else meanwhile")]
    Changed {
        /// Name of the document.
        name: String,
    },
    /// Another process owns the store; work is handed out by one process alone.
    #[error("another process works on the store `{0}`")]
    InUse(String),
    /// This handle looks and changes, but hands out no work.
    #[error("only the process that owns the store hands out work")]
    NotOwner,
    /// The file was written by a newer version of this program.
    #[error("the store has version {found}, this program knows versions up to {known}")]
    TooNew {
        /// The file's version.
        found: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// The file has an older form, and the program that wrote it works on it.
    #[error("the store has version {found}, this program's is {known}, and an older program works on it")]
    TooOld {
        /// The file's version.
        found: i64,
        /// The one that this program writes.
        known: i64,
    },
    /// The file is not a store, or is broken.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
}

/// What keeps the store from taking anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unavailable {
    /// The disk or the store's own limit is full.
    #[error("it is full")]
    Full,
    /// The file cannot be written.
    #[error("it cannot be written")]
    ReadOnly,
    /// Another process holds it for longer than is waited.
    #[error("another process is writing")]
    Busy,
    /// More is waiting to be written than may wait.
    #[error("too much is waiting to be written")]
    Overloaded,
    /// The disk fails.
    #[error("the disk fails")]
    Failing,
}

impl StoreError {
    /// Whether the same request may succeed later, with nothing done about it here.
    pub fn is_temporary(&self) -> bool {
        matches!(self, StoreError::Unavailable { .. })
    }

    /// Refuses because more is waiting than may wait.
    pub(super) fn overloaded() -> Self {
        StoreError::Unavailable { kind: Unavailable::Overloaded, detail: String::new() }
    }
}
