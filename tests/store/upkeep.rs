//! Retention and what else is done now and then.

use flagpost::store::{
    Account, DeliveryFilter, Ended, EventFilter, NewVersion, PageRequest, Receipt, Retention, SourceId, Store,
    SubscriptionVersion, Upkeep,
};

use crate::support::*;

on_every_store! {
    what_is_old_and_settled_goes_with_all_that_belongs_to_it
    what_waits_is_never_removed
    size_is_a_reason_too
    the_books_outlive_what_they_count
    an_id_can_come_again_once_its_event_is_gone
    versions_are_kept_as_long_as_a_delivery_needs_them
    nothing_is_removed_without_a_rule
}

const HOUR: Retention = Retention { age: Some(std::time::Duration::from_secs(3600)), bytes: None };
const LATER: i64 = 2 * 3_600_000;

fn upkeep(store: &dyn Store, retention: Retention, now: i64) -> Upkeep {
    let mut sum = Upkeep::default();
    for _ in 0..10_000 {
        let step = store.upkeep(retention, at(now)).wait().unwrap();
        sum.events += step.events;
        sum.cancelled += step.cancelled;
        sum.versions += step.versions;
        if !step.more {
            return sum;
        }
    }
    panic!("upkeep does not end");
}

fn events(store: &dyn Store) -> usize {
    store.events(EventFilter::default(), PageRequest::first(1000)).wait().unwrap().items.len()
}

fn what_is_old_and_settled_goes_with_all_that_belongs_to_it(store: &dyn Store) {
    subscribe(store, &["a", "b"]);
    let mut keys = Vec::new();
    for n in 0..600 {
        let mut new = event(&n.to_string(), vec![send("a"), skip("b", flagpost::store::Skip::NoAllow)]);
        new.resources = vec!["flag/x".into()];
        keys.push(accept(store, new, at(n)));
    }
    for leased in claim(store, at(700)) {
        settle(store, &leased, Ended::Delivered, at(700));
    }
    accept(store, event("young", Vec::new()), at(LATER));
    assert_eq!(upkeep(store, HOUR, LATER).events, 600);
    assert_eq!(events(store), 1);
    assert_eq!(store.event(keys[0]).wait().unwrap(), None);
    assert_eq!(store.find_event(SourceId::from("source"), "0".into()).wait().unwrap(), None);
    let deliveries = |filter| store.deliveries(filter, PageRequest::first(1000)).wait().unwrap().items.len();
    assert_eq!(deliveries(DeliveryFilter::default()), 0);
    assert_eq!(deliveries(DeliveryFilter { subscription: Some(id("a")), ..DeliveryFilter::default() }), 0);
    let by_resource = EventFilter { resource: Some("flag/x".into()), ..EventFilter::default() };
    assert_eq!(store.events(by_resource, PageRequest::first(9)).wait().unwrap().items.len(), 0);
    assert_eq!(upkeep(store, HOUR, LATER).events, 0);
}

fn what_waits_is_never_removed(store: &dyn Store) {
    subscribe(store, &["a", "b"]);
    for n in 0..10 {
        accept(store, event(&n.to_string(), vec![send("a"), send("b")]), at(n));
    }
    let out = claim(store, at(10));
    for leased in out.iter().filter(|one| one.subscription == id("a")) {
        settle(store, leased, Ended::Delivered, at(11));
    }
    for leased in out.iter().filter(|one| one.subscription == id("b")) {
        settle(store, leased, Ended::Retry { at: at(3 * LATER) }, at(11));
    }
    let nothing = Retention { age: Some(seconds(0)), bytes: Some(0) };
    assert_eq!(upkeep(store, nothing, LATER).events, 0);
    assert_eq!(events(store), 10);
    let again = claim(store, at(3 * LATER));
    assert_eq!((again.len(), again[0].content.raw.as_slice()), (10, b"bytes of 0".as_slice()));
    settle(store, &again[3], Ended::Delivered, at(3 * LATER));
    assert_eq!(upkeep(store, nothing, 3 * LATER + 1).events, 1);
}

fn size_is_a_reason_too(store: &dyn Store) {
    let big = "x".repeat(100_000);
    for n in 0..300 {
        accept(store, event_with(&n.to_string(), &format!("{n}{big}"), Vec::new()), at(n));
    }
    let most = Retention { age: None, bytes: Some(10_000_000) };
    let done = upkeep(store, most, 1000);
    assert!(done.events >= 200, "{done:?}");
    assert_eq!(upkeep(store, most, 1001).events, 0);
    assert_eq!(store.find_event(SourceId::from("source"), "0".into()).wait().unwrap(), None);
}

fn the_books_outlive_what_they_count(store: &dyn Store) {
    subscribe(store, &["a"]);
    accept(store, event("one", vec![send("a")]), at(0));
    settle(store, &claim(store, at(0))[0], Ended::Dead, at(0));
    upkeep(store, HOUR, LATER);
    let books = store.accounts().wait().unwrap();
    assert_eq!((books.get(Account::Events), books.get(Account::Dead)), (1, 1));
    assert!(books.balance());
}

fn an_id_can_come_again_once_its_event_is_gone(store: &dyn Store) {
    let first = accept(store, event("one", Vec::new()), at(0));
    upkeep(store, HOUR, LATER);
    let again = store.accept(vec![event("one", Vec::new())], at(LATER)).wait().unwrap();
    let [Receipt::Accepted { event: second, .. }] = again[..] else { panic!("{again:?}") };
    assert!(second > first, "a number is never used again");
}

fn versions_are_kept_as_long_as_a_delivery_needs_them(store: &dyn Store) {
    let digest = subscribe(store, &["a"]);
    accept(store, event("one", vec![send("a")]), at(0));
    let other = store.put_integration(b"integration 2".to_vec()).wait().unwrap();
    let changed = NewVersion { content: b"changed".to_vec(), integration: Some(other) };
    store.put_subscription(id("a"), changed, at(1)).wait().unwrap();
    upkeep(store, HOUR, LATER);
    let leased = claim(store, at(LATER)).remove(0);
    let version = store.version(leased.subscription.clone(), leased.versions.subscription).wait().unwrap();
    assert_eq!(version.map(|version| version.content), Some(b"a".to_vec()));
    assert_eq!(leased.versions.integration, digest);
    assert!(store.integration(digest).wait().unwrap().is_some());
    settle(store, &leased, Ended::Delivered, at(LATER));
    upkeep(store, HOUR, 3 * LATER);
    // The current ones stay in any case.
    assert!(store.version(id("a"), SubscriptionVersion(2)).wait().unwrap().is_some());
    assert!(store.integration(other).wait().unwrap().is_some());
}

fn nothing_is_removed_without_a_rule(store: &dyn Store) {
    accept(store, event("one", Vec::new()), at(0));
    assert_eq!(upkeep(store, Retention::default(), 1_000 * LATER).events, 0);
    assert_eq!(events(store), 1);
}
