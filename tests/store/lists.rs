//! Lists: filters, pages, cursors.

use flagpost::store::{DeliveryFilter, Ended, EventFilter, PageRequest, Skip, SourceId, State, Store, VerdictKind};

use crate::support::*;

on_every_store! {
    pages_join_without_gap_or_repetition
    what_is_new_does_not_shift_a_page
    events_are_filtered
    deliveries_are_filtered
    a_resource_is_found_page_by_page
    times_are_found_when_the_clock_was_set_back
    removed_subscriptions_are_still_listed
}

/// Everything that a filter shows, read in pages of `limit`.
fn all_events(store: &dyn Store, filter: &EventFilter, limit: usize) -> Vec<String> {
    let (mut found, mut page) = (Vec::new(), PageRequest::first(limit));
    for _ in 0..1000 {
        let read = store.events(filter.clone(), page).wait().unwrap();
        assert!(read.items.len() <= limit);
        found.extend(read.items.into_iter().map(|event| event.id));
        match read.next {
            None => return found,
            // As a client would hold it.
            Some(next) => page.after = Some(next.to_string().parse().unwrap()),
        }
    }
    panic!("the list does not end");
}

fn all_deliveries(store: &dyn Store, filter: &DeliveryFilter, limit: usize) -> Vec<(u64, String, State)> {
    let (mut found, mut page) = (Vec::new(), PageRequest::first(limit));
    for _ in 0..1000 {
        let read = store.deliveries(filter.clone(), page).wait().unwrap();
        assert!(read.items.len() <= limit);
        found.extend(read.items.iter().map(|one| (one.key.event().number(), one.subscription.to_string(), one.state)));
        match read.next {
            None => return found,
            Some(next) => page.after = Some(next),
        }
    }
    panic!("the list does not end");
}

fn pages_join_without_gap_or_repetition(store: &dyn Store) {
    subscribe(store, &["a", "b"]);
    for n in 0..25 {
        accept(store, event(&n.to_string(), vec![send("a"), send("b")]), at(n));
    }
    let newest_first: Vec<String> = (0..25).rev().map(|n| n.to_string()).collect();
    for limit in [1, 4, 5, 25, 1000] {
        assert_eq!(all_events(store, &EventFilter::default(), limit), newest_first);
        let deliveries = all_deliveries(store, &DeliveryFilter::default(), limit);
        assert_eq!(deliveries.len(), 50);
        assert!(deliveries.windows(2).all(|pair| pair[0].0 >= pair[1].0));
        assert_eq!((deliveries[0].1.as_str(), deliveries[1].1.as_str()), ("b", "a"));
    }
    let exact = store.events(EventFilter::default(), PageRequest::first(25)).wait().unwrap();
    assert_eq!(exact.next, None);
}

fn what_is_new_does_not_shift_a_page(store: &dyn Store) {
    for n in 0..10 {
        accept(store, event(&n.to_string(), Vec::new()), at(n));
    }
    let first = store.events(EventFilter::default(), PageRequest::first(4)).wait().unwrap();
    for n in 10..20 {
        accept(store, event(&n.to_string(), Vec::new()), at(n));
    }
    let second = store.events(EventFilter::default(), PageRequest { after: first.next, limit: 4 }).wait().unwrap();
    assert_eq!(second.items.iter().map(|event| event.id.as_str()).collect::<Vec<_>>(), ["5", "4", "3", "2"]);
}

fn events_are_filtered(store: &dyn Store) {
    subscribe(store, &["a", "b"]);
    let mut denied = event("denied", vec![skip("a", Skip::Denied { statement: 0 }), send("b")]);
    denied.resources = vec!["flag/x".into(), "flag/y".into()];
    accept(store, denied, at(10));
    let mut sent = event("sent", vec![send("a"), skip("b", Skip::NoAllow)]);
    sent.resources = vec!["flag/y".into()];
    accept(store, sent, at(20));
    accept(store, event("empty", vec![skip("a", Skip::EmptyBody)]), at(30));
    accept(store, event("nothing", Vec::new()), at(40));

    let filter = EventFilter::default;
    let rows: [(EventFilter, &[&str]); 14] = [
        (EventFilter { subscription: Some(id("a")), ..filter() }, &["empty", "sent", "denied"]),
        (EventFilter { subscription: Some(id("b")), ..filter() }, &["sent", "denied"]),
        (EventFilter { subscription: Some(id("nobody")), ..filter() }, &[]),
        (EventFilter { verdict: Some(VerdictKind::Sent), ..filter() }, &["sent", "denied"]),
        (EventFilter { verdict: Some(VerdictKind::EmptyBody), ..filter() }, &["empty"]),
        (EventFilter { verdict: Some(VerdictKind::Sent), subscription: Some(id("a")), ..filter() }, &["sent"]),
        (EventFilter { verdict: Some(VerdictKind::Denied), subscription: Some(id("b")), ..filter() }, &[]),
        (EventFilter { resource: Some("flag/y".into()), ..filter() }, &["sent", "denied"]),
        (EventFilter { resource: Some("flag/x".into()), ..filter() }, &["denied"]),
        (EventFilter { resource: Some("flag".into()), ..filter() }, &[]),
        (EventFilter { resource: Some("flag/y".into()), verdict: Some(VerdictKind::NoAllow), ..filter() }, &["sent"]),
        (EventFilter { from: Some(at(20)), until: Some(at(40)), ..filter() }, &["empty", "sent"]),
        (EventFilter { source: Some(SourceId::from("source")), from: Some(at(40)), ..filter() }, &["nothing"]),
        (EventFilter { source: Some(SourceId::from("elsewhere")), ..filter() }, &[]),
    ];
    for (filter, expected) in rows {
        for limit in [1, 10] {
            assert_eq!(all_events(store, &filter, limit), expected, "{filter:?}");
        }
    }
}

fn deliveries_are_filtered(store: &dyn Store) {
    subscribe(store, &["a", "b"]);
    for n in 1..=6 {
        accept(store, event(&n.to_string(), vec![send("a"), send_in_order("b", "k")]), at(n * 10));
    }
    // Of `a`: 1 arrived, 2 is dead, 3 is to be retried, the rest is ready. Of `b`: 1 is ready, the rest is held.
    let out: Vec<_> = claim(store, at(70)).into_iter().filter(|one| one.subscription == id("a")).collect();
    settle(store, &out[0], Ended::Delivered, at(71));
    settle(store, &out[1], Ended::Dead, at(71));
    settle(store, &out[2], Ended::Retry { at: at(9000) }, at(71));

    let filter = DeliveryFilter::default;
    let one = store.events(
        EventFilter { from: Some(at(40)), until: Some(at(41)), ..EventFilter::default() },
        PageRequest::first(1),
    );
    let fourth = one.wait().unwrap().items[0].key;
    let number = fourth.number() - 4;
    let rows: [(DeliveryFilter, &[(u64, &str)]); 9] = [
        (DeliveryFilter { states: vec![State::Dead], ..filter() }, &[(2, "a")]),
        (DeliveryFilter { states: vec![State::Delivered, State::Later], ..filter() }, &[(3, "a"), (1, "a")]),
        (DeliveryFilter { states: vec![State::Ready], ..filter() }, &[(6, "a"), (5, "a"), (4, "a"), (1, "b")]),
        (DeliveryFilter { states: vec![State::Held], subscription: Some(id("a")), ..filter() }, &[]),
        (
            DeliveryFilter { subscription: Some(id("a")), until: Some(at(40)), ..filter() },
            &[(3, "a"), (2, "a"), (1, "a")],
        ),
        (DeliveryFilter { event: Some(fourth), ..filter() }, &[(4, "b"), (4, "a")]),
        (DeliveryFilter { event: Some(fourth), states: vec![State::Held], ..filter() }, &[(4, "b")]),
        (DeliveryFilter { from: Some(at(60)), ..filter() }, &[(6, "b"), (6, "a")]),
        (DeliveryFilter { subscription: Some(id("nobody")), ..filter() }, &[]),
    ];
    for (filter, expected) in rows {
        for limit in [1, 3, 100] {
            let found = all_deliveries(store, &filter, limit);
            let found: Vec<(u64, &str)> = found.iter().map(|(event, to, _)| (event - number, to.as_str())).collect();
            assert_eq!(found, expected, "{filter:?}");
        }
    }
}

fn a_resource_is_found_page_by_page(store: &dyn Store) {
    subscribe(store, &["a", "b", "c"]);
    for n in 0..100 {
        let mut new = event(&n.to_string(), vec![send("a"), send("b"), send("c")]);
        new.resources = vec![format!("flag/{}", n % 4), format!("flag/{}", n % 4)];
        accept(store, new, at(n));
    }
    let filter = DeliveryFilter { resource: Some("flag/3".into()), ..DeliveryFilter::default() };
    let whole = all_deliveries(store, &filter, 1000);
    assert_eq!(whole.len(), 75);
    for limit in [1, 2, 3, 7] {
        assert_eq!(all_deliveries(store, &filter, limit), whole);
    }
    let narrow = DeliveryFilter { subscription: Some(id("b")), from: Some(at(50)), ..filter };
    assert_eq!(all_deliveries(store, &narrow, 2).len(), 13);
}

fn times_are_found_when_the_clock_was_set_back(store: &dyn Store) {
    subscribe(store, &["a"]);
    let hour = 3_600_000;
    for (name, millis) in
        [("1", 0), ("2", hour), ("3", -5 * hour), ("4", -4 * hour), ("5", 0), ("6", -hour), ("7", hour)]
    {
        accept(store, event(name, vec![send("a")]), at(millis));
    }
    let between = |from, until| {
        let filter = EventFilter { from: Some(at(from)), until: Some(at(until)), ..EventFilter::default() };
        let events = all_events(store, &filter, 2);
        let filter = DeliveryFilter { from: Some(at(from)), until: Some(at(until)), ..DeliveryFilter::default() };
        assert_eq!(all_deliveries(store, &filter, 2).len(), events.len());
        events
    };
    assert_eq!(between(0, hour), ["5", "1"]);
    assert_eq!(between(hour, 2 * hour), ["7", "2"]);
    assert_eq!(between(-5 * hour, 0), ["6", "4", "3"]);
    assert_eq!(between(2 * hour, 3 * hour), Vec::<String>::new());
}

fn removed_subscriptions_are_still_listed(store: &dyn Store) {
    subscribe(store, &["a"]);
    accept(store, event("one", vec![send("a")]), at(0));
    store.remove_subscription(id("a"), at(1)).wait().unwrap();
    store.upkeep(Default::default(), at(2)).wait().unwrap();
    let filter = DeliveryFilter { states: vec![State::Cancelled], ..DeliveryFilter::default() };
    let found = all_deliveries(store, &filter, 10);
    assert_eq!((found.len(), found[0].1.as_str()), (1, "a"));
}
