//! The store in memory: plain, complete, and gone with the process.
//!
//! It is for demonstrations and tests, and it is the measure for the other engine: every rule is written here in its
//! simplest form, with no index and no hint, so that both can be compared step by step.

mod looking;
mod queue;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::clock::{Clock, StoreTime};
use super::{
    Accounts, AttemptRecord, Claim, Claimed, Conflict, Delivery, DeliveryFilter, DeliveryKey, Digest, Document,
    EventContent, EventFilter, EventKey, EventRecord, EventSummary, Expected, Lease, Moment, NewEvent, NewVersion,
    Page, PageRequest, Pending, Receipt, Replay, Retention, Settled, Settlement, Shelf, SourceId, Standing, State,
    Store, StoreError, Subscription, SubscriptionId, SubscriptionVersion, Upkeep, Verdict, Version, Versions,
};

/// The store in memory.
#[derive(Debug)]
pub struct MemoryStore {
    inner: Mutex<Inner>,
    arrived: watch::Sender<u64>,
}

#[derive(Debug)]
struct MemoryEvent {
    received: Moment,
    content: Arc<EventContent>,
    resources: Vec<String>,
    verdicts: Vec<Verdict>,
    unlisted: u32,
    conflicts: Vec<Conflict>,
}

#[derive(Debug)]
struct MemoryDelivery {
    subscription: SubscriptionId,
    versions: Versions,
    state: State,
    due: StoreTime,
    settled: Option<Moment>,
    ordering: Option<String>,
    replay_of: Option<DeliveryKey>,
    attempts: Vec<AttemptRecord>,
}

#[derive(Debug)]
struct MemorySubscription {
    versions: BTreeMap<u32, Version>,
    current: u32,
    enabled: bool,
    removed: bool,
    reason: Option<String>,
    standing: Standing,
}

#[derive(Debug, Default)]
struct Inner {
    clock: Clock,
    next_event: u64,
    accounts: Accounts,
    events: BTreeMap<EventKey, MemoryEvent>,
    ids: HashMap<(SourceId, String), EventKey>,
    deliveries: BTreeMap<DeliveryKey, MemoryDelivery>,
    waiting: BTreeSet<DeliveryKey>,
    leases: HashMap<DeliveryKey, (u64, StoreTime)>,
    tokens: u64,
    subscriptions: BTreeMap<SubscriptionId, MemorySubscription>,
    integrations: HashMap<Digest, Vec<u8>>,
    documents: BTreeMap<(Shelf, String), (u64, Vec<u8>)>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        MemoryStore { inner: Mutex::new(Inner { next_event: 1, ..Inner::default() }), arrived: watch::channel(0).0 }
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Every method leaves the state whole, or refuses before it changes anything.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Inner) -> Result<T, StoreError>) -> Pending<T> {
        let result = change(&mut self.inner());
        if result.is_ok() {
            self.arrived.send_modify(|count| *count = count.wrapping_add(1));
        }
        Pending::ready(result)
    }
}

impl Inner {
    fn present(&mut self, id: &SubscriptionId) -> Result<&mut MemorySubscription, StoreError> {
        let found = self.subscriptions.get_mut(id).filter(|subscription| !subscription.removed);
        found.ok_or_else(|| StoreError::UnknownSubscription(id.clone()))
    }

    fn expect(&self, shelf: Shelf, name: &str, expected: Expected) -> Result<Option<u64>, StoreError> {
        let found = self.documents.get(&(shelf, name.to_owned())).map(|(revision, _)| *revision);
        if expected.holds(found) { Ok(found) } else { Err(StoreError::Changed { name: name.to_owned() }) }
    }

    fn put_document(
        &mut self,
        shelf: Shelf,
        name: &str,
        content: Vec<u8>,
        expected: Expected,
    ) -> Result<u64, StoreError> {
        let revision = self.expect(shelf, name, expected)?.unwrap_or(0) + 1;
        self.documents.insert((shelf, name.to_owned()), (revision, content));
        Ok(revision)
    }

    fn put_subscription(&mut self, id: &SubscriptionId, new: NewVersion, now: Moment) -> Result<u32, StoreError> {
        if let Some(digest) = new.integration.filter(|digest| !self.integrations.contains_key(digest)) {
            return Err(StoreError::UnknownIntegration(digest.to_string()));
        }
        let created = self.clock.observe(now).wall;
        if self.subscriptions.get(id).is_some_and(|subscription| subscription.removed) {
            self.call_off(id, true, created);
        }
        let subscription = self.subscriptions.entry(id.clone()).or_insert_with(|| MemorySubscription {
            versions: BTreeMap::new(),
            current: 0,
            enabled: true,
            removed: false,
            reason: None,
            standing: Standing::default(),
        });
        let unchanged = subscription
            .versions
            .get(&subscription.current)
            .is_some_and(|current| current.content == new.content && current.integration == new.integration);
        if unchanged && !subscription.removed {
            return Ok(subscription.current);
        }
        if std::mem::take(&mut subscription.removed) {
            subscription.enabled = true;
            subscription.reason = None;
        }
        subscription.current += 1;
        let version = SubscriptionVersion(subscription.current);
        let NewVersion { content, integration } = new;
        subscription.versions.insert(subscription.current, Version { version, created, content, integration });
        Ok(subscription.current)
    }

    fn upkeep(&mut self, retention: Retention, now: Moment) -> Upkeep {
        let wall = self.clock.observe(now).wall;
        let removed: Vec<SubscriptionId> =
            self.subscriptions.iter().filter(|(_, one)| one.removed).map(|(id, _)| id.clone()).collect();
        let cancelled = removed.iter().map(|id| self.call_off(id, false, wall)).sum();
        let horizon = retention.age.map(|age| wall.before(age));
        let old: Vec<EventKey> = self.events.keys().copied().collect();
        let mut events = 0;
        for key in old {
            let Some(event) = self.events.get(&key) else { continue };
            let too_old = horizon.is_some_and(|horizon| event.received < horizon);
            let too_large = retention.bytes.is_some_and(|most| self.bytes() > most);
            let waits = self.waiting.iter().any(|delivery| delivery.event() == key);
            if (too_old || too_large) && !waits {
                self.ids.remove(&(event.content.source.clone(), event.content.id.clone()));
                self.events.remove(&key);
                self.deliveries.retain(|delivery, _| delivery.event() != key);
                events += 1;
            }
        }
        Upkeep { events, cancelled, versions: self.drop_versions(), more: false }
    }

    fn bytes(&self) -> u64 {
        let bytes = |event: &MemoryEvent| event.content.raw.len() + event.content.context.as_ref().map_or(0, Vec::len);
        self.events.values().map(|event| bytes(event) as u64).sum()
    }

    fn drop_versions(&mut self) -> u64 {
        let mut used: BTreeSet<(&SubscriptionId, u32)> = BTreeSet::new();
        for event in self.events.values() {
            used.extend(event.verdicts.iter().map(|verdict| (&verdict.subscription, verdict.version.0)));
        }
        used.extend(self.deliveries.values().map(|one| (&one.subscription, one.versions.subscription.0)));
        let mut dropped = 0;
        let mut kept: BTreeSet<Digest> = self.deliveries.values().map(|one| one.versions.integration).collect();
        for (id, subscription) in &mut self.subscriptions {
            let (current, removed, before) = (subscription.current, subscription.removed, subscription.versions.len());
            subscription
                .versions
                .retain(|version, _| (*version == current && !removed) || used.contains(&(id, *version)));
            dropped += before - subscription.versions.len();
            kept.extend(
                subscription.versions.get(&current).filter(|_| !removed).and_then(|version| version.integration),
            );
        }
        let before = self.integrations.len();
        // What nothing has referred to yet is about to be referred to.
        if !self.deliveries.is_empty() {
            self.integrations.retain(|digest, _| kept.contains(digest));
        }
        (dropped + before - self.integrations.len()) as u64
    }
}

impl Store for MemoryStore {
    fn accept(&self, events: Vec<NewEvent>, now: Moment) -> Pending<Vec<Receipt>> {
        self.change(|inner| inner.accept(events, now))
    }

    fn claim(&self, claim: Claim) -> Pending<Claimed> {
        Pending::ready(Ok(self.inner().claim(&claim)))
    }

    fn settle(&self, results: Vec<Settlement>, now: Moment) -> Pending<Vec<Settled>> {
        self.change(|inner| {
            let wall = inner.clock.observe(now).wall;
            results.into_iter().map(|result| inner.settle(result, wall)).collect()
        })
    }

    fn extend(&self, leases: Vec<Lease>, lease: Duration, now: Moment) -> Pending<Vec<bool>> {
        self.change(|inner| {
            let now = inner.clock.observe(now).now;
            inner.expire(now);
            Ok(leases.into_iter().map(|one| inner.extend(one, queue::end_of(lease, now))).collect())
        })
    }

    fn give_back(&self, leases: Vec<Lease>) -> Pending<()> {
        self.change(|inner| {
            for lease in leases {
                inner.end(lease);
            }
            Ok(())
        })
    }

    fn arrivals(&self) -> watch::Receiver<u64> {
        self.arrived.subscribe()
    }

    fn replay(
        &self,
        replays: Vec<Replay>,
        job: Option<(Document, Expected)>,
        now: Moment,
    ) -> Pending<Vec<DeliveryKey>> {
        self.change(|inner| inner.replay(&replays, job, now))
    }

    fn put_integration(&self, content: Vec<u8>) -> Pending<Digest> {
        self.change(|inner| {
            let digest = Digest::of(&content);
            inner.integrations.insert(digest, content);
            Ok(digest)
        })
    }

    fn integration(&self, digest: Digest) -> Pending<Option<Vec<u8>>> {
        Pending::ready(Ok(self.inner().integrations.get(&digest).cloned()))
    }

    fn put_subscription(&self, id: SubscriptionId, version: NewVersion, now: Moment) -> Pending<SubscriptionVersion> {
        self.change(|inner| inner.put_subscription(&id, version, now).map(SubscriptionVersion))
    }

    fn switch(&self, id: SubscriptionId, enabled: bool, reason: Option<String>) -> Pending<()> {
        self.change(|inner| {
            let subscription = inner.present(&id)?;
            subscription.enabled = enabled;
            subscription.reason = reason;
            Ok(())
        })
    }

    fn remove_subscription(&self, id: SubscriptionId, now: Moment) -> Pending<()> {
        self.change(|inner| {
            inner.present(&id)?.removed = true;
            inner.clock.observe(now);
            Ok(())
        })
    }

    fn subscription(&self, id: SubscriptionId) -> Pending<Option<Subscription>> {
        Pending::ready(Ok(self.inner().subscription(&id)))
    }

    fn subscriptions(&self, after: Option<SubscriptionId>, limit: usize) -> Pending<Vec<Subscription>> {
        let inner = self.inner();
        let behind = inner.subscriptions.keys().filter(|id| after.as_ref().is_none_or(|after| *id > after));
        Pending::ready(Ok(behind.filter_map(|id| inner.subscription(id)).take(limit).collect()))
    }

    fn version(&self, id: SubscriptionId, version: SubscriptionVersion) -> Pending<Option<Version>> {
        let found = self.inner().subscriptions.get(&id).and_then(|one| one.versions.get(&version.0).cloned());
        Pending::ready(Ok(found))
    }

    fn standing(&self, id: SubscriptionId) -> Pending<Option<Standing>> {
        Pending::ready(Ok(self.inner().standing(&id)))
    }

    fn event(&self, key: EventKey) -> Pending<Option<EventRecord>> {
        Pending::ready(Ok(self.inner().event(key)))
    }

    fn find_event(&self, source: SourceId, id: String) -> Pending<Option<EventKey>> {
        Pending::ready(Ok(self.inner().ids.get(&(source, id)).copied()))
    }

    fn events(&self, filter: EventFilter, page: PageRequest) -> Pending<Page<EventSummary>> {
        Pending::ready(Ok(self.inner().list_events(&filter, page)))
    }

    fn delivery(&self, key: DeliveryKey) -> Pending<Option<Delivery>> {
        Pending::ready(Ok(self.inner().delivery(key)))
    }

    fn deliveries(&self, filter: DeliveryFilter, page: PageRequest) -> Pending<Page<Delivery>> {
        Pending::ready(Ok(self.inner().list_deliveries(&filter, page)))
    }

    fn attempts(&self, delivery: DeliveryKey) -> Pending<Vec<AttemptRecord>> {
        let found = self.inner().deliveries.get(&delivery).map(|one| one.attempts.clone());
        Pending::ready(Ok(found.unwrap_or_default()))
    }

    fn put_document(&self, shelf: Shelf, name: String, content: Vec<u8>, expected: Expected) -> Pending<u64> {
        self.change(|inner| inner.put_document(shelf, &name, content, expected))
    }

    fn remove_document(&self, shelf: Shelf, name: String, expected: Expected) -> Pending<bool> {
        self.change(|inner| {
            inner.expect(shelf, &name, expected)?;
            Ok(inner.documents.remove(&(shelf, name)).is_some())
        })
    }

    fn document(&self, shelf: Shelf, name: String) -> Pending<Option<Document>> {
        let found = self.inner().documents.get(&(shelf, name.clone())).cloned();
        Pending::ready(Ok(found.map(|(revision, content)| Document { name, revision, content })))
    }

    fn documents(&self, shelf: Shelf, after: Option<String>, limit: usize) -> Pending<Vec<Document>> {
        let inner = self.inner();
        let behind = inner
            .documents
            .iter()
            .filter(|((on, name), _)| *on == shelf && after.as_ref().is_none_or(|after| name > after));
        let documents = behind.take(limit).map(|((_, name), (revision, content))| Document {
            name: name.clone(),
            revision: *revision,
            content: content.clone(),
        });
        Pending::ready(Ok(documents.collect()))
    }

    fn accounts(&self) -> Pending<Accounts> {
        Pending::ready(Ok(self.inner().accounts.clone()))
    }

    fn upkeep(&self, retention: Retention, now: Moment) -> Pending<Upkeep> {
        self.change(|inner| Ok(inner.upkeep(retention, now)))
    }
}
