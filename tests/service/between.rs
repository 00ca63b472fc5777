//! A store with somebody in between: he may refuse a request, or do something just before it.

use std::sync::Arc;
use std::time::Duration;

use flagpost::store::*;
use tokio::sync::watch;

/// The requests that somebody may stand in the way of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Asked {
    /// The ids of the events.
    Accept(Vec<String>),
    PutSubscription(SubscriptionId),
    Version,
    Replay(Vec<DeliveryKey>),
    Document(Shelf),
    Documents(Shelf),
    PutDocument(Shelf),
    Settle(Vec<DeliveryKey>),
    GiveBack,
}

type InBetween = Box<dyn Fn(&dyn Store, &Asked) -> Option<StoreError> + Send + Sync>;

pub(crate) struct Between {
    inner: Arc<dyn Store>,
    hook: InBetween,
}

impl Between {
    pub(crate) fn stand(
        inner: Arc<dyn Store>,
        hook: impl Fn(&dyn Store, &Asked) -> Option<StoreError> + Send + Sync + 'static,
    ) -> Arc<dyn Store> {
        Arc::new(Between { inner, hook: Box::new(hook) })
    }

    fn refused(&self, asked: &Asked) -> Option<StoreError> {
        (self.hook)(&*self.inner, asked)
    }
}

/// A store that is busy.
pub(crate) fn busy() -> StoreError {
    StoreError::Unavailable { kind: Unavailable::Busy, detail: String::new() }
}

macro_rules! passed_on {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        $(fn $name(&self, $($argument: $kind),*) -> $answer { self.inner.$name($($argument),*) })*
    };
}

impl Store for Between {
    fn give_back(&self, leases: Vec<Lease>) -> Pending<()> {
        match self.refused(&Asked::GiveBack) {
            Some(error) => Pending::ready(Err(error)),
            None => self.inner.give_back(leases),
        }
    }

    fn accept(&self, events: Vec<NewEvent>, now: Moment) -> Pending<Vec<Receipt>> {
        match self.refused(&Asked::Accept(events.iter().map(|event| event.content.id.clone()).collect())) {
            Some(error) => Pending::ready(Err(error)),
            None => self.inner.accept(events, now),
        }
    }

    fn put_subscription(&self, id: SubscriptionId, version: NewVersion, now: Moment) -> Pending<SubscriptionVersion> {
        match self.refused(&Asked::PutSubscription(id.clone())) {
            Some(error) => Pending::ready(Err(error)),
            None => self.inner.put_subscription(id, version, now),
        }
    }

    fn version(&self, id: SubscriptionId, version: SubscriptionVersion) -> Pending<Option<Version>> {
        match self.refused(&Asked::Version) {
            Some(error) => Pending::ready(Err(error)),
            None => self.inner.version(id, version),
        }
    }

    fn replay(
        &self,
        replays: Vec<Replay>,
        job: Option<(Document, Expected)>,
        now: Moment,
    ) -> Pending<Vec<DeliveryKey>> {
        match self.refused(&Asked::Replay(replays.iter().map(|replay| replay.of).collect())) {
            Some(error) => Pending::ready(Err(error)),
            None => self.inner.replay(replays, job, now),
        }
    }

    fn document(&self, shelf: Shelf, name: String) -> Pending<Option<Document>> {
        match self.refused(&Asked::Document(shelf)) {
            Some(error) => Pending::ready(Err(error)),
            None => self.inner.document(shelf, name),
        }
    }

    fn documents(&self, shelf: Shelf, after: Option<String>, limit: usize) -> Pending<Vec<Document>> {
        match self.refused(&Asked::Documents(shelf)) {
            Some(error) => Pending::ready(Err(error)),
            None => self.inner.documents(shelf, after, limit),
        }
    }

    fn put_document(&self, shelf: Shelf, name: String, content: Vec<u8>, expected: Expected) -> Pending<u64> {
        match self.refused(&Asked::PutDocument(shelf)) {
            Some(error) => Pending::ready(Err(error)),
            None => self.inner.put_document(shelf, name, content, expected),
        }
    }

    fn settle(&self, results: Vec<Settlement>, now: Moment) -> Pending<Vec<Settled>> {
        match self.refused(&Asked::Settle(results.iter().map(|result| result.lease.delivery).collect())) {
            Some(error) => Pending::ready(Err(error)),
            None => self.inner.settle(results, now),
        }
    }

    passed_on! {
        claim(claim: Claim) -> Pending<Claimed>;
        extend(leases: Vec<Lease>, lease: Duration, now: Moment) -> Pending<Vec<bool>>;
        arrivals() -> watch::Receiver<u64>;
        put_integration(content: Vec<u8>) -> Pending<Digest>;
        integration(digest: Digest) -> Pending<Option<Vec<u8>>>;
        switch(id: SubscriptionId, enabled: bool, reason: Option<String>) -> Pending<()>;
        remove_subscription(id: SubscriptionId, now: Moment) -> Pending<()>;
        subscription(id: SubscriptionId) -> Pending<Option<Subscription>>;
        subscriptions(after: Option<SubscriptionId>, limit: usize) -> Pending<Vec<Subscription>>;
        standing(id: SubscriptionId) -> Pending<Option<Standing>>;
        event(key: EventKey) -> Pending<Option<EventRecord>>;
        find_event(source: SourceId, id: String) -> Pending<Option<EventKey>>;
        events(filter: EventFilter, page: PageRequest) -> Pending<Page<EventSummary>>;
        delivery(key: DeliveryKey) -> Pending<Option<Delivery>>;
        deliveries(filter: DeliveryFilter, page: PageRequest) -> Pending<Page<Delivery>>;
        attempts(delivery: DeliveryKey) -> Pending<Vec<AttemptRecord>>;
        remove_document(shelf: Shelf, name: String, expected: Expected) -> Pending<bool>;
        accounts() -> Pending<Accounts>;
        upkeep(retention: Retention, now: Moment) -> Pending<Upkeep>;
    }
}
