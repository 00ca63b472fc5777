//! What any store must do. One suite, `tests/store`, holds every engine to it.

use std::time::Duration;

use tokio::sync::watch;

use super::{
    Accounts, AttemptRecord, Claim, Claimed, Delivery, DeliveryFilter, DeliveryKey, Digest, Document, EventFilter,
    EventKey, EventRecord, EventSummary, Expected, Lease, Moment, NewEvent, NewVersion, Page, PageRequest, Pending,
    Receipt, Replay, Retention, Settled, Settlement, Shelf, SourceId, Standing, Subscription, SubscriptionId,
    SubscriptionVersion, Upkeep, Version,
};

/// A store. Every request is taken at once and answered later; commands are answered once they are durable.
///
/// A request that fails has not happened, not even in part. An answer is given in the order of the requests of one
/// caller, so that a claim sees what was accepted before it.
pub trait Store: Send + Sync {
    /// Takes events with everything that was decided about them, all of them or none. What was removed meanwhile is
    /// no reason to refuse an event: a delivery for a removed subscription is called off at once.
    fn accept(&self, events: Vec<NewEvent>, now: Moment) -> Pending<Vec<Receipt>>;

    /// Hands out deliveries that are due, each to one holder at a time.
    ///
    /// Nothing is handed out of a subscription that is switched off or removed, beyond its limit, or behind an
    /// undelivered one of the same ordering key. A holder that crashes loses its leases at the latest when they run out.
    fn claim(&self, claim: Claim) -> Pending<Claimed>;

    /// Records attempts, each with what follows from it. The answers are in the order of the results.
    fn settle(&self, results: Vec<Settlement>, now: Moment) -> Pending<Vec<Settled>>;

    /// Lengthens leases from now; says of each whether it was still held.
    fn extend(&self, leases: Vec<Lease>, lease: Duration, now: Moment) -> Pending<Vec<bool>>;

    /// Gives deliveries back that were not attempted; they are handed out again at once. Leases that ran out are ignored.
    fn give_back(&self, leases: Vec<Lease>) -> Pending<()>;

    /// Counts up whenever there may be new work. Listen before you claim, then wait for a change or for
    /// [`Claimed::next`], and claim at least each second if other processes may add work.
    fn arrivals(&self) -> watch::Receiver<u64>;

    /// Makes settled deliveries once more, all of them or none, together with a change of the replay job that asks for it.
    fn replay(&self, replays: Vec<Replay>, job: Option<(Document, Expected)>, now: Moment)
    -> Pending<Vec<DeliveryKey>>;

    /// Keeps an integration version, named by the digest of its content. It stays while anything refers to it.
    fn put_integration(&self, content: Vec<u8>) -> Pending<Digest>;

    /// An integration version.
    fn integration(&self, digest: Digest) -> Pending<Option<Vec<u8>>>;

    /// Makes a subscription, or its next version. The content as it stands makes no new version. A subscription is
    /// switched on when it is made.
    fn put_subscription(&self, id: SubscriptionId, version: NewVersion, now: Moment) -> Pending<SubscriptionVersion>;

    /// Switches a subscription on or off. What waits is kept.
    fn switch(&self, id: SubscriptionId, enabled: bool, reason: Option<String>) -> Pending<()>;

    /// Removes a subscription: nothing is handed out for it any more; what waits is called off, by [`Store::upkeep`].
    fn remove_subscription(&self, id: SubscriptionId, now: Moment) -> Pending<()>;

    /// A subscription, unless removed.
    fn subscription(&self, id: SubscriptionId) -> Pending<Option<Subscription>>;

    /// Subscriptions by name, from the one after `after`.
    fn subscriptions(&self, after: Option<SubscriptionId>, limit: usize) -> Pending<Vec<Subscription>>;

    /// A version of a subscription, also of a removed one.
    fn version(&self, id: SubscriptionId, version: SubscriptionVersion) -> Pending<Option<Version>>;

    /// How a subscription fares, unless removed.
    fn standing(&self, id: SubscriptionId) -> Pending<Option<Standing>>;

    /// An event.
    fn event(&self, key: EventKey) -> Pending<Option<EventRecord>>;

    /// The event that a source sent with an id.
    fn find_event(&self, source: SourceId, id: String) -> Pending<Option<EventKey>>;

    /// Events, newest first.
    fn events(&self, filter: EventFilter, page: PageRequest) -> Pending<Page<EventSummary>>;

    /// A delivery.
    fn delivery(&self, key: DeliveryKey) -> Pending<Option<Delivery>>;

    /// Deliveries, newest event first.
    fn deliveries(&self, filter: DeliveryFilter, page: PageRequest) -> Pending<Page<Delivery>>;

    /// The attempts of a delivery, first to last.
    fn attempts(&self, delivery: DeliveryKey) -> Pending<Vec<AttemptRecord>>;

    /// Writes a document if it is as expected; gives its new revision.
    fn put_document(&self, shelf: Shelf, name: String, content: Vec<u8>, expected: Expected) -> Pending<u64>;

    /// Removes a document if it is as expected; says whether there was one.
    fn remove_document(&self, shelf: Shelf, name: String, expected: Expected) -> Pending<bool>;

    /// A document.
    fn document(&self, shelf: Shelf, name: String) -> Pending<Option<Document>>;

    /// Documents by name, from the one after `after`.
    fn documents(&self, shelf: Shelf, after: Option<String>, limit: usize) -> Pending<Vec<Document>>;

    /// The books.
    fn accounts(&self) -> Pending<Accounts>;

    /// Does a small step of what must be done now and then: removes what is old, calls off what waits for removed
    /// subscriptions, drops versions that nothing refers to. Nothing that waits is ever removed.
    fn upkeep(&self, retention: Retention, now: Moment) -> Pending<Upkeep>;
}
