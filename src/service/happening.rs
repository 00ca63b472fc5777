//! What happens, as it happens: for logs, counters and whoever follows along. Nothing here holds a secret.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;

use crate::finding::Finding;
use crate::store::{DeliveryKey, EventKey, SourceId, SubscriptionId};

/// Happenings that wait for each follower; who is further behind misses some.
const WAITING: usize = 4096;

/// Hears everything, in the moment it happens and on the task it happens on: for counting, and for passing on. It has
/// to be quick and may not wait.
pub trait Hearer: Send + Sync {
    /// Hears of one.
    fn hear(&self, happening: &Happening);
}

/// Where happenings are told: to the one who misses none, and to followers that may.
pub(super) struct Happenings {
    hearer: Option<Arc<dyn Hearer>>,
    followers: broadcast::Sender<Happening>,
}

impl Happenings {
    pub(super) fn new(hearer: Option<Arc<dyn Hearer>>) -> Self {
        Happenings { hearer, followers: broadcast::channel(WAITING).0 }
    }

    pub(super) fn send(&self, happening: Happening) {
        if let Some(hearer) = &self.hearer {
            hearer.hear(&happening);
        }
        if self.followers.receiver_count() > 0 {
            // The last of them may have gone just now.
            let _ = self.followers.send(happening);
        }
    }

    /// How many listen, so that nothing is put into words for nobody.
    pub(super) fn receiver_count(&self) -> usize {
        self.followers.receiver_count() + usize::from(self.hearer.is_some())
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Happening> {
        self.followers.subscribe()
    }
}

/// Something that happened. A follower that does not keep up misses some; nothing depends on being heard.
#[derive(Debug, Clone)]
pub enum Happening {
    /// A request of a source was taken.
    Taken {
        /// The source.
        source: SourceId,
        /// New events.
        accepted: u32,
        /// Events that had come before.
        seen: u32,
        /// Events whose id other bytes had taken.
        conflicts: u32,
        /// Entries that could not be used.
        failed: u32,
        /// What is wrong with the first of them.
        reason: Option<String>,
        /// Deliveries made for them.
        deliveries: u32,
    },
    /// A request of a source was refused unread: its sender did not prove who they are, or it is too large.
    Refused {
        /// The source.
        source: SourceId,
        /// Why, in one sentence.
        reason: String,
    },
    /// A new event was accepted.
    Accepted {
        /// Its place.
        event: EventKey,
        /// Its source.
        source: SourceId,
        /// Its id there.
        id: String,
        /// Deliveries made for it.
        deliveries: u32,
    },
    /// An attempt was made and recorded.
    Attempted {
        /// The delivery.
        delivery: DeliveryKey,
        /// To whom.
        subscription: SubscriptionId,
        /// 1 for the first.
        attempt: u32,
        /// The answer's status.
        status: Option<u16>,
        /// How long it took.
        took: Duration,
        /// How it ended: `delivered`, `retry`, `dead`, `disabled`.
        ended: &'static str,
        /// What went wrong.
        error: Option<String>,
        /// The pause before the next attempt.
        next: Option<Duration>,
    },
    /// A receiver that keeps failing is left alone for a while, or heard again.
    Breaker {
        /// The subscription.
        subscription: SubscriptionId,
        /// Whether it is left alone now.
        open: bool,
        /// For how long.
        pause: Option<Duration>,
    },
    /// A subscription was switched off by its receiver's own word.
    Disabled {
        /// The subscription.
        subscription: SubscriptionId,
        /// Why.
        reason: String,
    },
    /// An integration was taken in use, or a new version of it.
    Swapped {
        /// Its key.
        integration: String,
        /// Digest of its content.
        version: String,
    },
    /// An integration was refused; the old version stays in use, if there is one.
    IntegrationRefused {
        /// Its key.
        integration: String,
        /// Whether an older version of it is in use.
        in_use: bool,
        /// What is wrong with it.
        findings: Arc<Vec<Finding>>,
    },
    /// An integration is gone; subscriptions keep the version they have.
    IntegrationRemoved {
        /// Its key.
        integration: String,
    },
    /// The folder of integrations cannot be taken in use, or can again.
    Folder {
        /// Whether it works.
        works: bool,
        /// What is in the way.
        reason: String,
    },
    /// The store does not do what it is asked, or does it again.
    Store {
        /// Whether it works.
        works: bool,
        /// What is in the way.
        reason: String,
    },
    /// A replay job moved on.
    Job {
        /// Its id.
        id: String,
        /// How far it is.
        progress: super::JobProgress,
        /// Where it stands.
        state: super::JobState,
    },
}
