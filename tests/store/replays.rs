//! Replays: settled deliveries once more.

use flagpost::store::{
    Account, DeliveryKey, Document, Ended, EventKey, Expected, NewVersion, Replay, Settled, Shelf, State, Store,
    StoreError, Versions,
};

use crate::support::*;

on_every_store! {
    a_dead_letter_is_replayed_with_the_same_versions
    a_delivered_one_can_be_replayed_with_other_versions
    what_waits_is_not_replayed_and_nothing_else_then
    a_job_goes_on_together_with_its_replays
    a_replay_can_be_put_off_and_keeps_its_order
}

fn exact(of: DeliveryKey) -> Replay {
    Replay { of, versions: None, due: None }
}

/// A delivery that was made and ended so.
fn made(store: &dyn Store, name: &str, ended: Ended) -> DeliveryKey {
    accept(store, event(name, vec![send("a")]), at(0));
    let leased = claim(store, at(0)).remove(0);
    settle(store, &leased, ended, at(1));
    leased.lease.delivery
}

fn a_dead_letter_is_replayed_with_the_same_versions(store: &dyn Store) {
    subscribe(store, &["a"]);
    let dead = made(store, "one", Ended::Dead);
    let copy = store.replay(vec![exact(dead)], None, at(2)).wait().unwrap()[0];
    let original = store.delivery(dead).wait().unwrap().unwrap();
    assert_eq!(original.state, State::Replayed);
    let leased = claim(store, at(2)).remove(0);
    assert_eq!((leased.lease.delivery, leased.replay_of, leased.attempt), (copy, Some(dead), 1));
    assert_eq!((leased.versions, leased.content.id.as_str()), (original.versions, "one"));
    assert_eq!(copy.event(), dead.event());
    assert_eq!(settle(store, &leased, Ended::Dead, at(3)), Settled::Recorded(State::Dead));
    let books = store.accounts().wait().unwrap();
    assert_eq!((books.get(Account::Dead), books.get(Account::Replayed), books.get(Account::ReplaysDead)), (0, 1, 1));
    assert!(books.balance());
    assert_eq!(store.standing(id("a")).wait().unwrap().unwrap().dead, 1);
    // A replay can be replayed.
    store.replay(vec![exact(copy)], None, at(4)).wait().unwrap();
    settle(store, &claim(store, at(4))[0], Ended::Delivered, at(5));
    let books = store.accounts().wait().unwrap();
    assert_eq!((books.get(Account::ReplaysReplayed), books.get(Account::ReplaysDelivered)), (1, 1));
    assert!(books.balance());
}

fn a_delivered_one_can_be_replayed_with_other_versions(store: &dyn Store) {
    subscribe(store, &["a"]);
    let delivered = made(store, "one", Ended::Delivered);
    let integration = store.put_integration(b"integration 2".to_vec()).wait().unwrap();
    let content = NewVersion { content: b"changed".to_vec(), integration: Some(integration) };
    let subscription = store.put_subscription(id("a"), content, at(1)).wait().unwrap();
    let versions = Versions { subscription, integration };
    let replay = Replay { of: delivered, versions: Some(versions), due: None };
    store.replay(vec![replay, exact(delivered)], None, at(2)).wait().unwrap();
    let out = claim(store, at(2));
    assert_eq!(out.iter().map(|one| one.versions.subscription.0).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(out[0].versions, versions);
    assert_eq!(store.delivery(delivered).wait().unwrap().unwrap().state, State::Delivered);
    assert!(is_balanced(store));
}

fn what_waits_is_not_replayed_and_nothing_else_then(store: &dyn Store) {
    subscribe(store, &["a"]);
    let dead = made(store, "one", Ended::Dead);
    let waiting = accept(store, event("two", vec![send("a")]), at(0));
    let waiting =
        claim(store, at(0)).into_iter().find(|one| one.lease.delivery.event() == waiting).unwrap().lease.delivery;
    let refused = |replays, error| assert_eq!(store.replay(replays, None, at(2)).wait(), Err(error));
    refused(vec![exact(dead), exact(waiting)], StoreError::StillWaiting(waiting));
    let unknown = DeliveryKey::new(EventKey::new(999).number() << 20);
    refused(vec![exact(dead), exact(unknown)], StoreError::UnknownDelivery(unknown));
    assert_eq!(store.delivery(dead).wait().unwrap().unwrap().state, State::Dead);
    assert_eq!(store.accounts().wait().unwrap().get(Account::Replays), 0);
    store.remove_subscription(id("a"), at(3)).wait().unwrap();
    refused(vec![exact(dead)], StoreError::UnknownSubscription(id("a")));
}

fn a_job_goes_on_together_with_its_replays(store: &dyn Store) {
    subscribe(store, &["a"]);
    let dead = made(store, "one", Ended::Dead);
    let job = |content: &str| Document { name: "job".into(), revision: 0, content: content.as_bytes().to_vec() };
    store.put_document(Shelf::ReplayJob, "job".into(), b"accepted".to_vec(), Expected::Nothing).wait().unwrap();
    store.replay(vec![exact(dead)], Some((job("1 of 1"), Expected::Revision(1))), at(2)).wait().unwrap();
    let found = store.document(Shelf::ReplayJob, "job".into()).wait().unwrap().unwrap();
    assert_eq!((found.revision, found.content.as_slice()), (2, b"1 of 1".as_slice()));
    // A second runner of the same job comes too late, and makes no replay.
    let late = store.replay(vec![exact(dead)], Some((job("1 of 1"), Expected::Revision(1))), at(3)).wait();
    assert_eq!(late, Err(StoreError::Changed { name: "job".into() }));
    assert_eq!(claim(store, at(3)).len(), 1);
}

fn a_replay_can_be_put_off_and_keeps_its_order(store: &dyn Store) {
    subscribe(store, &["a"]);
    accept(store, event("one", vec![send_in_order("a", "k")]), at(0));
    let first = claim(store, at(0)).remove(0);
    settle(store, &first, Ended::Dead, at(1));
    accept(store, event("two", vec![send_in_order("a", "k")]), at(2));
    store.replay(vec![exact(first.lease.delivery)], None, at(3)).wait().unwrap();
    let second = claim(store, at(4));
    assert_eq!(names(&second), ["two"]);
    settle(store, &second[0], Ended::Delivered, at(5));
    let third = claim(store, at(6)).remove(0);
    assert_eq!(third.replay_of, Some(first.lease.delivery));
    settle(store, &third, Ended::Delivered, at(6));

    let replay = Replay { due: Some(at(500)), ..exact(second[0].lease.delivery) };
    store.replay(vec![replay], None, at(7)).wait().unwrap();
    assert_eq!(claim(store, at(499)), []);
    assert_eq!(claim(store, at(500)).len(), 1);
}
