//! Events in: durable with everything that was decided, once each.

use flagpost::store::{
    Account, Conflict, Digest, Outcome, Planned, Receipt, Skip, SourceId, Store, StoreError, SubscriptionVersion,
    VerdictKind,
};

use crate::support::*;

on_every_store! {
    an_event_is_read_back_with_every_verdict
    an_event_without_any_subscription_has_its_row
    the_same_event_again_adds_nothing
    other_bytes_under_the_same_id_are_a_conflict_that_is_kept
    the_same_id_from_another_source_is_another_event
    a_batch_may_hold_the_same_event_twice
    what_refers_to_nothing_is_refused_with_its_whole_batch
    a_delivery_for_a_removed_subscription_is_called_off
    a_long_render_error_is_cut_at_a_character
    unlisted_subscriptions_are_accounted_for
    raw_bytes_come_back_byte_for_byte
}

fn an_event_is_read_back_with_every_verdict(store: &dyn Store) {
    subscribe(store, &["a", "b", "c", "d", "e", "f", "g"]);
    let decided = vec![
        send("a"),
        skip("b", Skip::Denied { statement: 2 }),
        skip("c", Skip::NoAllow),
        skip("d", Skip::NoTemplate),
        skip("e", Skip::EmptyBody),
        skip("f", Skip::RenderError { message: "no `x`".into() }),
        skip("g", Skip::Paused),
    ];
    let mut new = event("one", decided);
    new.unlisted = 3;
    let key = accept(store, new, at(5));
    let record = store.event(key).wait().unwrap().unwrap();
    assert_eq!((record.received, record.unlisted, record.content.id.as_str()), (at(5), 3, "one"));
    let kinds: Vec<VerdictKind> = record.verdicts.iter().map(|verdict| verdict.kind()).collect();
    assert_eq!(kinds, VerdictKind::ALL);
    assert_eq!(record.verdicts[1].skip, Some(Skip::Denied { statement: 2 }));
    assert_eq!(record.verdicts[5].skip, Some(Skip::RenderError { message: "no `x`".into() }));
    assert_eq!(record.verdicts[5].subscription, id("f"));
    let books = store.accounts().wait().unwrap();
    assert!(books.balance());
    assert_eq!((books.get(Account::Decisions), books.get(Account::Pending), books.get(Account::NoAllow)), (10, 1, 4));
}

fn an_event_without_any_subscription_has_its_row(store: &dyn Store) {
    let key = accept(store, event("lonely", Vec::new()), at(0));
    assert_eq!(store.event(key).wait().unwrap().unwrap().verdicts, []);
    let books = store.accounts().wait().unwrap();
    assert_eq!((books.get(Account::Unsubscribed), books.get(Account::Decisions)), (1, 1));
    assert!(books.balance());
}

fn the_same_event_again_adds_nothing(store: &dyn Store) {
    subscribe(store, &["a"]);
    let key = accept(store, event("one", vec![send("a")]), at(0));
    let again = store.accept(vec![event("one", vec![send("a")])], at(9)).wait().unwrap();
    assert_eq!(again, [Receipt::Seen { event: key }]);
    assert_eq!(claim(store, at(9)).len(), 1);
    assert_eq!(store.accounts().wait().unwrap().get(Account::Repeats), 1);
    assert_eq!(store.accounts().wait().unwrap().get(Account::Events), 1);
}

fn other_bytes_under_the_same_id_are_a_conflict_that_is_kept(store: &dyn Store) {
    subscribe(store, &["a"]);
    let key = accept(store, event("one", vec![send("a")]), at(0));
    for (bytes, now) in [("other", 1), ("other", 2), ("third", 3)] {
        let receipt = store.accept(vec![event_with("one", bytes, vec![send("a")])], at(now)).wait().unwrap();
        assert_eq!(receipt, [Receipt::Conflict { event: key }]);
    }
    let conflicts = store.event(key).wait().unwrap().unwrap().conflicts;
    let kept: Vec<_> = conflicts.iter().map(|one| (one.received, one.raw.as_slice())).collect();
    assert_eq!(kept, [(at(1), b"other".as_slice()), (at(3), b"third".as_slice())]);
    assert_eq!(claim(store, at(9)).len(), 1);
    for n in 0..2 * Conflict::KEPT {
        store.accept(vec![event_with("one", &format!("more {n}"), Vec::new())], at(9)).wait().unwrap();
    }
    assert_eq!(store.event(key).wait().unwrap().unwrap().conflicts.len(), Conflict::KEPT);
    assert!(is_balanced(store));
}

fn the_same_id_from_another_source_is_another_event(store: &dyn Store) {
    let first = accept(store, event("one", Vec::new()), at(0));
    let mut other = event("one", Vec::new());
    let mut content = (*other.content).clone();
    content.source = SourceId::from("elsewhere");
    other.content = content.into();
    let second = accept(store, other, at(0));
    assert_ne!(first, second);
    assert_eq!(store.find_event(SourceId::from("source"), "one".into()).wait().unwrap(), Some(first));
    assert_eq!(store.find_event(SourceId::from("elsewhere"), "one".into()).wait().unwrap(), Some(second));
    assert_eq!(store.find_event(SourceId::from("elsewhere"), "two".into()).wait().unwrap(), None);
}

fn a_batch_may_hold_the_same_event_twice(store: &dyn Store) {
    subscribe(store, &["a"]);
    let batch = vec![event("one", vec![send("a")]), event("one", vec![send("a")]), event_with("one", "x", Vec::new())];
    let receipts = store.accept(batch, at(0)).wait().unwrap();
    let [Receipt::Accepted { event: key, deliveries: 1 }, second, third] = receipts[..] else {
        panic!("{receipts:?}");
    };
    assert_eq!((second, third), (Receipt::Seen { event: key }, Receipt::Conflict { event: key }));
    assert_eq!(claim(store, at(0)).len(), 1);
}

fn what_refers_to_nothing_is_refused_with_its_whole_batch(store: &dyn Store) {
    subscribe(store, &["a"]);
    let refused = |decided, error: StoreError| {
        let batch = vec![event("good", vec![send("a")]), event("bad", vec![decided])];
        assert_eq!(store.accept(batch, at(0)).wait(), Err(error));
    };
    refused(send("nobody"), StoreError::UnknownSubscription(id("nobody")));
    let mut wrong = send("a");
    wrong.version = SubscriptionVersion(2);
    refused(wrong, StoreError::UnknownVersion(id("a"), SubscriptionVersion(2)));
    let digest = Digest::of(b"never put");
    let mut wrong = send("a");
    wrong.outcome = Outcome::Send(Planned { integration: digest, ordering: None, due: None });
    refused(wrong, StoreError::UnknownIntegration(digest.to_string()));
    assert_eq!(store.accounts().wait().unwrap().get(Account::Events), 0);
    assert_eq!(claim(store, at(0)), []);
    accept(store, event("good", vec![send("a")]), at(0));
}

fn a_delivery_for_a_removed_subscription_is_called_off(store: &dyn Store) {
    subscribe(store, &["a", "b"]);
    store.remove_subscription(id("a"), at(0)).wait().unwrap();
    accept(store, event("one", vec![send("a"), send("b")]), at(0));
    assert_eq!(claim(store, at(0)).len(), 1);
    let books = store.accounts().wait().unwrap();
    assert_eq!((books.get(Account::Cancelled), books.get(Account::Pending)), (1, 1));
    assert!(books.balance());
}

fn a_long_render_error_is_cut_at_a_character(store: &dyn Store) {
    subscribe(store, &["a"]);
    let message = "é".repeat(Skip::LONGEST_MESSAGE);
    let key = accept(store, event("one", vec![skip("a", Skip::RenderError { message })]), at(0));
    let kept = store.event(key).wait().unwrap().unwrap().verdicts.remove(0).skip;
    assert_eq!(kept, Some(Skip::RenderError { message: "é".repeat(Skip::LONGEST_MESSAGE / 2) }));
}

fn unlisted_subscriptions_are_accounted_for(store: &dyn Store) {
    let mut new = event("one", Vec::new());
    new.unlisted = 990;
    accept(store, new, at(0));
    let books = store.accounts().wait().unwrap();
    assert_eq!((books.get(Account::Decisions), books.get(Account::NoAllow)), (990, 990));
    assert_eq!(books.get(Account::Unsubscribed), 0);
    assert!(books.balance());
}

fn raw_bytes_come_back_byte_for_byte(store: &dyn Store) {
    subscribe(store, &["a"]);
    let mut new = event("é\u{2028}\"'; DROP TABLE event", vec![send("a")]);
    let mut content = (*new.content).clone();
    content.raw = (0..=255).cycle().take(300_000).collect();
    content.digest = Digest::of(&content.raw);
    content.context = Some(b"{\"trace_id\":3895213347334635099}".to_vec());
    content.occurred = Some(at(-86_400_000));
    new.content = content.clone().into();
    let key = accept(store, new, at(0));
    assert_eq!(*store.event(key).wait().unwrap().unwrap().content, content);
    assert_eq!(*claim(store, at(0))[0].content, content);
    assert_eq!(claim(store, at(70_000))[0].content.context(), b"{\"trace_id\":3895213347334635099}");
}
