//! Subscriptions, integrations and documents.

use flagpost::store::{Document, Expected, NewVersion, Shelf, Store, StoreError, SubscriptionVersion};

use crate::support::*;

on_every_store! {
    a_change_makes_a_version_and_the_same_again_does_not
    subscriptions_are_listed_by_name
    a_removed_subscription_can_be_made_again_without_its_old_queue
    what_is_not_there_cannot_be_changed
    documents_are_changed_by_one_at_a_time
    shelves_do_not_mix
}

fn version(content: &str) -> NewVersion {
    NewVersion { content: content.as_bytes().to_vec(), integration: None }
}

fn a_change_makes_a_version_and_the_same_again_does_not(store: &dyn Store) {
    let digest = store.put_integration(b"folder".to_vec()).wait().unwrap();
    assert_eq!(store.integration(digest).wait().unwrap().as_deref(), Some(b"folder".as_slice()));
    let put = |version: NewVersion, now| store.put_subscription(id("a"), version, at(now)).wait().unwrap();
    assert_eq!(put(version("x"), 1), SubscriptionVersion(1));
    assert_eq!(put(version("x"), 2), SubscriptionVersion(1));
    let with = NewVersion { content: b"x".to_vec(), integration: Some(digest) };
    assert_eq!(put(with.clone(), 3), SubscriptionVersion(2));
    assert_eq!(put(with, 4), SubscriptionVersion(2));
    store.switch(id("a"), false, None).wait().unwrap();
    assert_eq!(put(version("y"), 5), SubscriptionVersion(3));

    let now = store.subscription(id("a")).wait().unwrap().unwrap();
    assert_eq!(
        (now.current.version.0, now.current.content.as_slice(), now.current.created),
        (3, b"y".as_slice(), at(5))
    );
    assert!(!now.enabled, "a new version does not switch it on");
    let second = store.version(id("a"), SubscriptionVersion(2)).wait().unwrap().unwrap();
    assert_eq!((second.content.as_slice(), second.integration, second.created), (b"x".as_slice(), Some(digest), at(3)));
    assert_eq!(store.version(id("a"), SubscriptionVersion(9)).wait().unwrap(), None);
}

fn subscriptions_are_listed_by_name(store: &dyn Store) {
    subscribe(store, &["d", "b", "a", "c"]);
    store.remove_subscription(id("c"), at(0)).wait().unwrap();
    let list = |after: Option<&str>, limit| -> Vec<String> {
        let found = store.subscriptions(after.map(id), limit).wait().unwrap();
        found.into_iter().map(|one| one.id.to_string()).collect()
    };
    assert_eq!(list(None, 2), ["a", "b"]);
    assert_eq!(list(Some("b"), 2), ["d"]);
    assert_eq!(list(Some("d"), 2), Vec::<String>::new());
}

fn a_removed_subscription_can_be_made_again_without_its_old_queue(store: &dyn Store) {
    subscribe(store, &["a"]);
    for name in ["one", "two"] {
        accept(store, event(name, vec![send_in_order("a", "k")]), at(0));
    }
    let out = claim(store, at(0));
    store.remove_subscription(id("a"), at(1)).wait().unwrap();
    let again = store.put_subscription(id("a"), version("again"), at(2)).wait().unwrap();
    assert_eq!(again, SubscriptionVersion(2));
    assert_eq!(claim(store, at(100_000)), []);
    assert!(store.subscription(id("a")).wait().unwrap().unwrap().enabled);
    assert_eq!(store.extend(vec![out[0].lease], seconds(9), at(3)).wait().unwrap(), [false]);
    let mut decided = send("a");
    decided.version = again;
    accept(store, event("three", vec![decided]), at(100_001));
    assert_eq!(names(&claim(store, at(100_001))), ["three"]);
    assert!(is_balanced(store));
}

fn what_is_not_there_cannot_be_changed(store: &dyn Store) {
    let unknown = || StoreError::UnknownSubscription(id("a"));
    assert_eq!(store.switch(id("a"), true, None).wait(), Err(unknown()));
    assert_eq!(store.remove_subscription(id("a"), at(0)).wait(), Err(unknown()));
    let digest = flagpost::store::Digest::of(b"never put");
    let with = NewVersion { content: Vec::new(), integration: Some(digest) };
    let refused = store.put_subscription(id("a"), with, at(0)).wait();
    assert_eq!(refused, Err(StoreError::UnknownIntegration(digest.to_string())));
    assert_eq!(store.subscription(id("a")).wait().unwrap(), None);
    subscribe(store, &["a"]);
    store.remove_subscription(id("a"), at(0)).wait().unwrap();
    assert_eq!(store.remove_subscription(id("a"), at(0)).wait(), Err(unknown()));
}

fn documents_are_changed_by_one_at_a_time(store: &dyn Store) {
    let put = |content: &str, expected| {
        store.put_document(Shelf::Token, "t".into(), content.as_bytes().to_vec(), expected).wait()
    };
    let changed = Err(StoreError::Changed { name: "t".into() });
    assert_eq!(put("x", Expected::Revision(1)), changed);
    assert_eq!(put("x", Expected::Nothing), Ok(1));
    assert_eq!(put("y", Expected::Nothing), changed);
    assert_eq!(put("y", Expected::Revision(1)), Ok(2));
    assert_eq!(put("z", Expected::Revision(1)), changed);
    assert_eq!(put("z", Expected::Whatever), Ok(3));
    let found = store.document(Shelf::Token, "t".into()).wait().unwrap();
    assert_eq!(found, Some(Document { name: "t".into(), revision: 3, content: b"z".to_vec() }));
    let remove = |expected| store.remove_document(Shelf::Token, "t".into(), expected).wait();
    assert_eq!(remove(Expected::Revision(2)), Err(StoreError::Changed { name: "t".into() }));
    assert_eq!(remove(Expected::Revision(3)), Ok(true));
    assert_eq!(remove(Expected::Whatever), Ok(false));
    assert_eq!(store.document(Shelf::Token, "t".into()).wait().unwrap(), None);
}

fn shelves_do_not_mix(store: &dyn Store) {
    for (shelf, name) in [(Shelf::Secret, "b"), (Shelf::Secret, "a"), (Shelf::Setting, "a"), (Shelf::Secret, "c")] {
        store.put_document(shelf, name.into(), vec![0, 255], Expected::Nothing).wait().unwrap();
    }
    let list = |after: Option<&str>| -> Vec<String> {
        let found = store.documents(Shelf::Secret, after.map(str::to_owned), 2).wait().unwrap();
        found.into_iter().map(|one| one.name).collect()
    };
    assert_eq!(list(None), ["a", "b"]);
    assert_eq!(list(Some("b")), ["c"]);
}
