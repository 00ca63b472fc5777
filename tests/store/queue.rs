//! Work out, results back.

use std::collections::BTreeMap;

use flagpost::store::{
    Account, Attempt, DeliveryFilter, Ended, Limits, Outcome, PageRequest, Planned, Settled, Settlement, State, Store,
};

use crate::support::*;

on_every_store! {
    a_delivery_is_with_one_holder_at_a_time
    work_comes_with_all_that_is_needed
    a_lease_that_runs_out_is_handed_out_again
    a_lease_can_be_lengthened
    what_is_given_back_is_due_at_once
    a_retry_waits_for_its_moment
    every_attempt_is_kept
    a_late_success_counts_and_a_late_failure_does_not
    a_late_success_takes_the_delivery_from_its_new_holder
    limits_count_what_is_out_already
    a_busy_subscription_leaves_room_for_the_others
    retries_come_before_what_is_new
    one_key_is_kept_in_order_and_others_are_not_held_up
    a_dead_letter_lets_the_next_of_its_key_go
    a_subscription_that_is_off_keeps_its_queue
    a_receiver_that_is_gone_switches_its_subscription_off
    a_removed_subscription_is_not_served
    a_first_attempt_can_be_put_off
    a_clock_set_back_holds_nothing_up
    a_standing_tells_how_a_subscription_fares
    what_wakes_a_worker_is_not_missed
    an_unknown_delivery_is_gone
    the_next_moment_is_told
}

fn a_delivery_is_with_one_holder_at_a_time(store: &dyn Store) {
    subscribe(store, &["a", "b"]);
    accept(store, event("one", vec![send("a"), send("b")]), at(0));
    let first = claim(store, at(0));
    assert_eq!(first.len(), 2);
    assert_eq!(claim(store, at(1)), []);
    for leased in &first {
        assert_eq!(settle(store, leased, Ended::Delivered, at(2)), Settled::Recorded(State::Delivered));
    }
    assert_eq!(claim(store, at(100_000)), []);
    let books = store.accounts().wait().unwrap();
    assert_eq!((books.get(Account::Delivered), books.get(Account::Pending)), (2, 0));
    assert!(books.balance());
}

fn work_comes_with_all_that_is_needed(store: &dyn Store) {
    let digest = subscribe(store, &["a"]);
    let key = accept(store, event("one", vec![send("a")]), at(7));
    let leased = claim(store, at(8)).remove(0);
    assert_eq!(leased.lease.delivery.event(), key);
    assert_eq!((leased.received, leased.attempt, leased.replay_of), (at(7), 1, None));
    assert_eq!((leased.subscription, leased.versions.subscription, leased.versions.integration), (id("a"), V1, digest));
    assert_eq!(leased.content.raw, b"bytes of one");
}

fn a_lease_that_runs_out_is_handed_out_again(store: &dyn Store) {
    subscribe(store, &["a"]);
    accept(store, event("one", vec![send("a")]), at(0));
    let first = claim(store, at(0)).remove(0);
    assert_eq!(claim(store, at(59_999)), []);
    let second = claim(store, at(60_000)).remove(0);
    assert_eq!(first.lease.delivery, second.lease.delivery);
    assert_ne!(first.lease, second.lease);
    // No attempt was recorded, so it is still the first.
    assert_eq!(second.attempt, 1);
}

fn a_lease_can_be_lengthened(store: &dyn Store) {
    subscribe(store, &["a"]);
    accept(store, event("one", vec![send("a")]), at(0));
    let leased = claim(store, at(0)).remove(0);
    assert_eq!(store.extend(vec![leased.lease], seconds(60), at(50_000)).wait().unwrap(), [true]);
    assert_eq!(claim(store, at(100_000)), []);
    assert_eq!(store.extend(vec![leased.lease], seconds(60), at(120_000)).wait().unwrap(), [false]);
    assert_eq!(claim(store, at(120_000)).len(), 1);
}

fn what_is_given_back_is_due_at_once(store: &dyn Store) {
    subscribe(store, &["a"]);
    for n in 0..3 {
        accept(store, event(&n.to_string(), vec![send("a")]), at(n));
    }
    let out = claim(store, at(5));
    store.give_back(vec![out[1].lease, out[0].lease]).wait().unwrap();
    assert_eq!(names(&claim(store, at(6))), ["0", "1"]);
    assert_eq!(settle(store, &out[0], Ended::Dead, at(7)), Settled::Late(State::Ready));
}

fn a_retry_waits_for_its_moment(store: &dyn Store) {
    subscribe(store, &["a"]);
    accept(store, event("one", vec![send("a")]), at(0));
    let leased = claim(store, at(0)).remove(0);
    assert_eq!(settle(store, &leased, Ended::Retry { at: at(5000) }, at(10)), Settled::Recorded(State::Later));
    let delivery = store.delivery(leased.lease.delivery).wait().unwrap().unwrap();
    assert_eq!((delivery.state, delivery.due, delivery.attempts), (State::Later, Some(at(5000)), 1));
    assert_eq!(claim(store, at(4999)), []);
    let again = claim(store, at(5000)).remove(0);
    assert_eq!((again.lease.delivery, again.attempt), (leased.lease.delivery, 2));
}

fn every_attempt_is_kept(store: &dyn Store) {
    subscribe(store, &["a"]);
    accept(store, event("one", vec![send("a")]), at(0));
    let first = claim(store, at(0)).remove(0);
    settle(store, &first, Ended::Retry { at: at(100) }, at(1));
    let second = claim(store, at(100)).remove(0);
    let mut told = attempt(at(100), 200);
    told.body = vec![b'x'; Attempt::LONGEST_BODY + 5];
    told.error = Some("the answer was cut".into());
    let result = Settlement { lease: second.lease, attempt: told.clone(), ended: Ended::Delivered };
    store.settle(vec![result], at(101)).wait().unwrap();

    let attempts = store.attempts(first.lease.delivery).wait().unwrap();
    assert_eq!(attempts.iter().map(|one| (one.number, one.next)).collect::<Vec<_>>(), [(1, Some(at(100))), (2, None)]);
    assert_eq!(attempts[0].attempt, attempt(at(1), 503));
    told.body.truncate(Attempt::LONGEST_BODY);
    assert_eq!(attempts[1].attempt, told);
    let delivery = store.delivery(first.lease.delivery).wait().unwrap().unwrap();
    assert_eq!((delivery.state, delivery.settled, delivery.due), (State::Delivered, Some(at(101)), None));
}

fn a_late_success_counts_and_a_late_failure_does_not(store: &dyn Store) {
    subscribe(store, &["a"]);
    accept(store, event("one", vec![send("a")]), at(0));
    accept(store, event("two", vec![send("a")]), at(0));
    let out = claim(store, at(0));
    store.give_back(vec![out[0].lease, out[1].lease]).wait().unwrap();
    assert_eq!(settle(store, &out[0], Ended::Delivered, at(1)), Settled::Late(State::Delivered));
    assert_eq!(settle(store, &out[1], Ended::Retry { at: at(9) }, at(1)), Settled::Late(State::Ready));
    assert_eq!(settle(store, &out[0], Ended::Delivered, at(1)), Settled::Late(State::Delivered));
    assert_eq!(names(&claim(store, at(1))), ["two"]);
    assert_eq!(store.attempts(out[0].lease.delivery).wait().unwrap().len(), 1);
    assert!(is_balanced(store));
}

fn a_late_success_takes_the_delivery_from_its_new_holder(store: &dyn Store) {
    subscribe(store, &["a"]);
    accept(store, event("one", vec![send("a")]), at(0));
    let first = claim(store, at(0)).remove(0);
    let second = claim(store, at(60_000)).remove(0);
    assert_eq!(settle(store, &first, Ended::Delivered, at(60_001)), Settled::Late(State::Delivered));
    assert_eq!(store.extend(vec![second.lease], seconds(9), at(60_002)).wait().unwrap(), [false]);
    assert_eq!(settle(store, &second, Ended::Dead, at(60_003)), Settled::Late(State::Delivered));
    assert_eq!(store.accounts().wait().unwrap().get(Account::Delivered), 1);
}

fn limits_count_what_is_out_already(store: &dyn Store) {
    subscribe(store, &["a", "b", "c"]);
    for n in 0..10 {
        accept(store, event(&n.to_string(), vec![send("a"), send("b"), send("c")]), at(n));
    }
    let limits = Limits { others: 2, of: BTreeMap::from([(id("a"), 4), (id("c"), 0)]) };
    let count = |leased: &[flagpost::store::Leased], name: &str| {
        leased.iter().filter(|one| one.subscription == id(name)).count()
    };
    let first = claim_with(store, at(20), 100, limits.clone()).deliveries;
    assert_eq!((count(&first, "a"), count(&first, "b"), count(&first, "c")), (4, 2, 0));
    assert_eq!(claim_with(store, at(20), 100, limits.clone()).deliveries, []);
    let one = first.iter().find(|one| one.subscription == id("a")).unwrap();
    settle(store, one, Ended::Delivered, at(21));
    let second = claim_with(store, at(21), 100, limits).deliveries;
    assert_eq!((names(&second), count(&second, "a")), (vec!["4"], 1));
}

fn a_busy_subscription_leaves_room_for_the_others(store: &dyn Store) {
    subscribe(store, &["a", "b"]);
    for n in 0..50 {
        accept(store, event(&n.to_string(), vec![send("a")]), at(n));
    }
    accept(store, event("small", vec![send("b")]), at(60));
    let out = claim_with(store, at(60), 10, Limits::all(100)).deliveries;
    assert_eq!(out.len(), 10);
    assert_eq!(out.iter().filter(|one| one.subscription == id("b")).count(), 1);
    assert_eq!(claim_with(store, at(60), 3, Limits::all(100)).deliveries.len(), 3);
    assert_eq!(claim_with(store, at(60), 0, Limits::all(100)).deliveries.len(), 0);
}

fn retries_come_before_what_is_new(store: &dyn Store) {
    subscribe(store, &["a"]);
    for name in ["one", "two", "three", "four"] {
        accept(store, event(name, vec![send("a")]), at(0));
    }
    let out = claim_with(store, at(0), 2, Limits::all(9)).deliveries;
    settle(store, &out[0], Ended::Retry { at: at(30) }, at(1));
    settle(store, &out[1], Ended::Retry { at: at(20) }, at(1));
    assert_eq!(names(&claim_with(store, at(25), 1, Limits::all(9)).deliveries), ["two"]);
    assert_eq!(names(&claim_with(store, at(40), 2, Limits::all(9)).deliveries), ["one", "three"]);
}

fn one_key_is_kept_in_order_and_others_are_not_held_up(store: &dyn Store) {
    subscribe(store, &["a", "b"]);
    for name in ["red 1", "red 2", "blue 1", "red 3"] {
        let key = name.split(' ').next().unwrap();
        accept(store, event(name, vec![send_in_order("a", key), send_in_order("b", key)]), at(0));
    }
    accept(store, event("free", vec![send("a")]), at(0));
    let of = |leased: Vec<flagpost::store::Leased>, name: &str| -> Vec<flagpost::store::Leased> {
        leased.into_iter().filter(|one| one.subscription == id(name)).collect()
    };
    let out = claim(store, at(0));
    let a = of(out.clone(), "a");
    assert_eq!(names(&a), ["red 1", "blue 1", "free"]);
    assert_eq!(names(&of(out, "b")), ["red 1", "blue 1"]);
    let held = DeliveryFilter { states: vec![State::Held], ..DeliveryFilter::default() };
    assert_eq!(store.deliveries(held, PageRequest::first(10)).wait().unwrap().items.len(), 4);

    // A retry of the first holds its key up, and nothing else.
    settle(store, &a[0], Ended::Retry { at: at(1000) }, at(1));
    settle(store, &a[1], Ended::Delivered, at(1));
    assert_eq!(claim(store, at(999)), []);
    let again = claim(store, at(1000));
    assert_eq!(names(&again), ["red 1"]);
    settle(store, &again[0], Ended::Delivered, at(1001));
    let next = claim(store, at(1001));
    assert_eq!(names(&next), ["red 2"]);
    settle(store, &next[0], Ended::Delivered, at(1002));
    assert_eq!(names(&claim(store, at(1002))), ["red 3"]);
    assert!(is_balanced(store));
}

fn a_dead_letter_lets_the_next_of_its_key_go(store: &dyn Store) {
    subscribe(store, &["a"]);
    for name in ["one", "two"] {
        accept(store, event(name, vec![send_in_order("a", "k")]), at(0));
    }
    let out = claim(store, at(0));
    assert_eq!(names(&out), ["one"]);
    assert_eq!(settle(store, &out[0], Ended::Dead, at(1)), Settled::Recorded(State::Dead));
    assert_eq!(names(&claim(store, at(1))), ["two"]);
}

fn a_subscription_that_is_off_keeps_its_queue(store: &dyn Store) {
    subscribe(store, &["a", "b"]);
    accept(store, event("one", vec![send("a"), send("b")]), at(0));
    store.switch(id("a"), false, Some("holidays".into())).wait().unwrap();
    accept(store, event("two", vec![send("a")]), at(1));
    assert_eq!(claim(store, at(2)).len(), 1);
    let off = store.subscription(id("a")).wait().unwrap().unwrap();
    assert_eq!((off.enabled, off.reason.as_deref()), (false, Some("holidays")));
    store.switch(id("a"), true, None).wait().unwrap();
    assert_eq!(names(&claim(store, at(3))), ["one", "two"]);
}

fn a_receiver_that_is_gone_switches_its_subscription_off(store: &dyn Store) {
    subscribe(store, &["a"]);
    accept(store, event("one", vec![send("a")]), at(0));
    accept(store, event("two", vec![send("a")]), at(0));
    let out = claim_with(store, at(0), 1, Limits::all(1)).deliveries;
    let ended = Ended::Disabled { reason: "the receiver answered 410".into() };
    assert_eq!(settle(store, &out[0], ended, at(1)), Settled::Recorded(State::Dead));
    let off = store.subscription(id("a")).wait().unwrap().unwrap();
    assert_eq!((off.enabled, off.reason.as_deref()), (false, Some("the receiver answered 410")));
    assert_eq!(claim(store, at(2)), []);
    assert_eq!(store.standing(id("a")).wait().unwrap().unwrap().waiting, 1);
}

fn a_removed_subscription_is_not_served(store: &dyn Store) {
    subscribe(store, &["a"]);
    for name in ["one", "two"] {
        accept(store, event(name, vec![send_in_order("a", "k")]), at(0));
    }
    let out = claim(store, at(0));
    store.remove_subscription(id("a"), at(1)).wait().unwrap();
    assert_eq!(claim(store, at(100_000)), []);
    assert_eq!(store.subscription(id("a")).wait().unwrap(), None);
    // What was on its way has arrived all the same.
    assert_eq!(settle(store, &out[0], Ended::Delivered, at(2)), Settled::Late(State::Delivered));
    assert_eq!(store.upkeep(Default::default(), at(3)).wait().unwrap().cancelled, 1);
    let books = store.accounts().wait().unwrap();
    assert_eq!((books.get(Account::Cancelled), books.get(Account::Delivered)), (1, 1));
    assert!(books.balance());
}

fn a_first_attempt_can_be_put_off(store: &dyn Store) {
    subscribe(store, &["a"]);
    let mut decided = send("a");
    decided.outcome = Outcome::Send(Planned { integration: integration(), ordering: None, due: Some(at(500)) });
    accept(store, event("one", vec![decided]), at(0));
    assert_eq!(claim(store, at(499)), []);
    assert_eq!(claim(store, at(500)).len(), 1);
}

fn a_clock_set_back_holds_nothing_up(store: &dyn Store) {
    subscribe(store, &["a"]);
    let day = 86_400_000;
    accept(store, event("retried", vec![send("a")]), at(0));
    accept(store, event("lent", vec![send("a")]), at(0));
    let out = claim(store, at(0));
    settle(store, &out[0], Ended::Retry { at: at(10_000) }, at(0));
    // The clock is set back by a day: the retry is due in ten seconds all the same, and the lease ends in sixty.
    assert_eq!(claim(store, at(-day)), []);
    accept(store, event("new", vec![send("a")]), at(-day));
    assert_eq!(names(&claim(store, at(-day))), ["new"]);
    assert_eq!(claim(store, at(9_999 - day)), []);
    let due = store.delivery(out[0].lease.delivery).wait().unwrap().unwrap().due;
    assert_eq!(names(&claim(store, at(10_000 - day))), ["retried"]);
    assert_eq!(names(&claim(store, at(60_000 - day))), ["lent", "new"]);
    // The engine on disk tells a due time by the clock as of its last write.
    assert!(due == Some(at(10_000 - day)), "{due:?}");
}

fn a_standing_tells_how_a_subscription_fares(store: &dyn Store) {
    subscribe(store, &["a"]);
    assert_eq!(store.standing(id("a")).wait().unwrap(), Some(Default::default()));
    for n in 0..4 {
        accept(store, event(&n.to_string(), vec![send("a")]), at(n));
    }
    let out = claim(store, at(10));
    settle(store, &out[0], Ended::Delivered, at(11));
    settle(store, &out[1], Ended::Dead, at(12));
    settle(store, &out[2], Ended::Retry { at: at(9000) }, at(13));
    let standing = store.standing(id("a")).wait().unwrap().unwrap();
    assert_eq!((standing.waiting, standing.delivered, standing.dead, standing.failures), (2, 1, 1, 2));
    assert_eq!(
        (standing.last_status, standing.last_attempt, standing.last_success),
        (Some(503), Some(at(13)), Some(at(11)))
    );
    assert_eq!((standing.oldest_waiting, standing.next_retry), (Some(at(2)), Some(at(9000))));
    settle(store, &out[3], Ended::Delivered, at(14));
    assert_eq!(store.standing(id("a")).wait().unwrap().unwrap().failures, 0);
    assert_eq!(store.standing(id("b")).wait().unwrap(), None);
}

fn what_wakes_a_worker_is_not_missed(store: &dyn Store) {
    subscribe(store, &["a"]);
    let mut arrivals = store.arrivals();
    arrivals.mark_unchanged();
    assert_eq!(claim(store, at(0)), []);
    assert!(!arrivals.has_changed().unwrap());
    accept(store, event("one", vec![send("a")]), at(0));
    assert!(arrivals.has_changed().unwrap());
    let out = claim(store, at(0));
    arrivals.mark_unchanged();
    store.give_back(vec![out[0].lease]).wait().unwrap();
    assert!(arrivals.has_changed().unwrap());
}

fn an_unknown_delivery_is_gone(store: &dyn Store) {
    subscribe(store, &["a"]);
    accept(store, event("one", vec![send("a")]), at(0));
    let out = claim(store, at(0));
    settle(store, &out[0], Ended::Delivered, at(0));
    store.upkeep(flagpost::store::Retention { age: Some(seconds(1)), bytes: None }, at(5000)).wait().unwrap();
    assert_eq!(settle(store, &out[0], Ended::Delivered, at(5001)), Settled::Gone);
}

fn the_next_moment_is_told(store: &dyn Store) {
    subscribe(store, &["a"]);
    let next = |now, limit| claim_with(store, now, 1, Limits::all(limit)).next;
    assert_eq!(next(at(0), 9), None);
    for name in ["one", "two", "three"] {
        accept(store, event(name, vec![send("a")]), at(0));
    }
    let first = claim_with(store, at(0), 1, Limits::all(9));
    assert_eq!(first.next, Some(at(0)));
    settle(store, &first.deliveries[0], Ended::Retry { at: at(5000) }, at(1));
    assert_eq!(next(at(1), 9), Some(at(1)));
    // With no room, what waits is no reason to ask again; the end of a lease is.
    assert_eq!(next(at(2), 1), Some(at(60_001)));
    assert_eq!(claim_with(store, at(3), 9, Limits::all(9)).next, Some(at(5000)));
}
