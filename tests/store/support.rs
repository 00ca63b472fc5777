//! What all tests of stores share.

use std::sync::Arc;
use std::time::Duration;

use flagpost::store::{
    Attempt, Claim, Claimed, Decided, DeliveryKey, Digest, Ended, EventContent, EventKey, Leased, Limits, MemoryStore,
    Moment, NewEvent, NewVersion, Options, Outcome, Phases, Planned, Receipt, Settled, Settlement, Skip, SourceId,
    SqliteStore, Store, SubscriptionId, SubscriptionVersion,
};
use tempfile::TempDir;

/// A store that is gone after the test.
pub(crate) struct Fixture {
    pub(crate) store: Box<dyn Store>,
    folder: Option<TempDir>,
}

impl Fixture {
    pub(crate) fn sqlite() -> Self {
        let folder = folder();
        let store = SqliteStore::open(&folder.path().join("store.db"), options()).expect("a store can be made");
        Fixture { store: Box::new(store), folder: Some(folder) }
    }

    pub(crate) fn memory() -> Self {
        Fixture { store: Box::new(MemoryStore::new()), folder: None }
    }

    /// The store's file as another process sees it.
    pub(crate) fn visitor(&self) -> Option<SqliteStore> {
        let file = self.folder.as_ref()?.path().join("store.db");
        Some(SqliteStore::visit(&file, options()).expect("the store can be visited"))
    }
}

/// A folder for a test. In memory where there is such a place: thousands of flushes are not what is tested here, and
/// a killed process leaves behind what it wrote in either case.
pub(crate) fn folder() -> TempDir {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    folder.expect("a folder can be made")
}

pub(crate) fn options() -> Options {
    // Few entries stay in memory, so that a few events are enough to have some in the indexes.
    Options { recent: 2, verify: false, ..Options::default() }
}

/// Makes a test of each function, on each engine.
macro_rules! on_every_store {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[test] fn $name() { super::$name(&*crate::support::Fixture::sqlite().store); })*
        }
        mod memory {
            $(#[test] fn $name() { super::$name(&*crate::support::Fixture::memory().store); })*
        }
    };
}
pub(crate) use on_every_store;

/// So many milliseconds after the tests' beginning.
pub(crate) fn at(millis: i64) -> Moment {
    Moment::from_millis(1_700_000_000_000 + millis)
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn id(name: &str) -> SubscriptionId {
    SubscriptionId::from(name)
}

pub(crate) const V1: SubscriptionVersion = SubscriptionVersion(1);

/// Makes subscriptions at their first version, with one integration.
pub(crate) fn subscribe(store: &dyn Store, names: &[&str]) -> Digest {
    let digest = store.put_integration(b"integration 1".to_vec()).wait().expect("an integration is taken");
    for name in names {
        let version = NewVersion { content: name.as_bytes().to_vec(), integration: Some(digest) };
        store.put_subscription(id(name), version, at(0)).wait().expect("a subscription is taken");
    }
    digest
}

pub(crate) fn integration() -> Digest {
    Digest::of(b"integration 1")
}

pub(crate) fn send(name: &str) -> Decided {
    let planned = Planned { integration: integration(), ordering: None, due: None };
    Decided { subscription: id(name), version: V1, outcome: Outcome::Send(planned) }
}

pub(crate) fn send_in_order(name: &str, key: &str) -> Decided {
    let planned = Planned { integration: integration(), ordering: Some(key.to_owned()), due: None };
    Decided { subscription: id(name), version: V1, outcome: Outcome::Send(planned) }
}

pub(crate) fn skip(name: &str, skip: Skip) -> Decided {
    Decided { subscription: id(name), version: V1, outcome: Outcome::Skip(skip) }
}

pub(crate) fn event(name: &str, decided: Vec<Decided>) -> NewEvent {
    event_with(name, &format!("bytes of {name}"), decided)
}

pub(crate) fn event_with(name: &str, bytes: &str, decided: Vec<Decided>) -> NewEvent {
    let content = EventContent::new(SourceId::from("source"), name, bytes.as_bytes().to_vec());
    NewEvent { content: Arc::new(content), resources: Vec::new(), decided, unlisted: 0 }
}

/// Accepts one event that is new.
pub(crate) fn accept(store: &dyn Store, event: NewEvent, now: Moment) -> EventKey {
    match store.accept(vec![event], now).wait().expect("an event is taken")[..] {
        [Receipt::Accepted { event, .. }] => event,
        ref other => panic!("{other:?}"),
    }
}

pub(crate) fn claim_with(store: &dyn Store, now: Moment, at_most: usize, limits: Limits) -> Claimed {
    store.claim(Claim { now, lease: seconds(60), at_most, limits }).wait().expect("work is handed out")
}

pub(crate) fn claim(store: &dyn Store, now: Moment) -> Vec<Leased> {
    claim_with(store, now, 1000, Limits::all(1000)).deliveries
}

/// The ids of the events whose deliveries were handed out.
pub(crate) fn names(leased: &[Leased]) -> Vec<&str> {
    leased.iter().map(|one| one.content.id.as_str()).collect()
}

pub(crate) fn keys(leased: &[Leased]) -> Vec<DeliveryKey> {
    leased.iter().map(|one| one.lease.delivery).collect()
}

pub(crate) fn attempt(now: Moment, status: u16) -> Attempt {
    Attempt {
        started: now,
        phases: Phases { total: Some(Duration::from_micros(1234)), ..Phases::default() },
        status: Some(status),
        headers: vec![("server".into(), "test".into())],
        body: b"answer".to_vec(),
        error: None,
    }
}

pub(crate) fn settlement(leased: &Leased, ended: Ended, now: Moment) -> Settlement {
    let status = if ended == Ended::Delivered { 204 } else { 503 };
    Settlement { lease: leased.lease, attempt: attempt(now, status), ended }
}

pub(crate) fn settle(store: &dyn Store, leased: &Leased, ended: Ended, now: Moment) -> Settled {
    store.settle(vec![settlement(leased, ended, now)], now).wait().expect("a result is taken")[0]
}

pub(crate) fn is_balanced(store: &dyn Store) -> bool {
    store.accounts().wait().expect("the books can be read").balance()
}
