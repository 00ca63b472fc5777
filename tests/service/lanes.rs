//! One receiver never slows another; one that fails is left alone, and its queue is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use flagpost::service::{Breaker, Happening};
use flagpost::store::{Account, MemoryStore};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::between::{Asked, Between, busy};
use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_hangs_holds_up_nobody_else() {
    let stage = Stage::new();
    let (hanging, well) = (Receiver::start(|_, _| Reply::Silence).await, Receiver::answering(200).await);
    let service = stage.start(stage.sqlite()).await;
    subscribe(&service, "hangs", document(&hanging.url())).await;
    subscribe(&service, "well", document(&well.url())).await;
    for number in 0..300 {
        take(&service, &event(&format!("e-{number}"), "nav")).await;
    }
    well.wait_for(300).await;
    let status = service.subscription("hangs").await.expect("it is there").status;
    assert_eq!((status.waiting, status.delivered), (300, 0));
    assert!(hanging.received().len() <= 4, "no more than it starts with: {}", hanging.received().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_fails_is_left_alone_keeps_its_queue_and_is_served_when_it_is_well() {
    let mut stage = Stage::new();
    stage.settings.breaker_after = 3;
    let well = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&well);
    let receiver =
        Receiver::start(move |_, _| Reply::Status(if seen.load(Ordering::SeqCst) { 200 } else { 500 })).await;
    let clock = OwnClock::start();
    let service = stage.start_at(stage.sqlite(), clock.clone()).await;
    let mut happenings = service.happenings();
    let mut slow = document(&receiver.url());
    slow["concurrency"] = json!(1);
    subscribe(&service, "one", slow).await;
    for number in 0..50 {
        take(&service, &event(&format!("e-{number}"), "nav")).await;
    }
    let opened = async {
        loop {
            if let Happening::Breaker { open: true, pause, .. } = happenings.recv().await.expect("it is heard") {
                return pause;
            }
        }
    };
    let pause = tokio::time::timeout(PATIENCE, opened).await.expect("it opens");
    assert_eq!(pause, Some(Duration::from_secs(1)));
    assert_eq!(receiver.received().len(), 3, "one after the other, until it opened");
    let status = service.subscription("one").await.expect("it is there").status;
    assert_eq!((status.waiting, status.dead, status.breaker), (50, 0, Breaker::Open));
    // The probe fails: one attempt, and a longer pause.
    clock.forward(Duration::from_secs(1));
    receiver.wait_for(4).await;
    until("the probe to be judged", || async {
        service.subscription("one").await.expect("it is there").status.breaker == Breaker::Open
    })
    .await;
    let canary = Canary::beside(&service).await;
    canary.sings().await;
    assert_eq!(receiver.received().len(), 4);
    well.store(true, Ordering::SeqCst);
    until("the queue to be delivered", || async {
        clock.forward(Duration::from_secs(1));
        service.subscription("one").await.expect("it is there").status.delivered == 50
    })
    .await;
    let books = service.accounts().await.expect("the books");
    assert_eq!((books.get(Account::Delivered), books.get(Account::Dead)), (50 + canary.sung() as u64, 0));
    assert!(books.balance());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_to_be_left_alone_is_heard_for_all_deliveries() {
    let stage = Stage::new();
    let receiver = Receiver::start(|_, before| match before {
        0 => Reply::Full(429, "Retry-After: 30\r\n".to_owned(), String::new()),
        _ => Reply::Status(200),
    })
    .await;
    let clock = OwnClock::start();
    let service = stage.start_at(stage.sqlite(), clock.clone()).await;
    subscribe(&service, "one", document(&receiver.url())).await;
    take(&service, &event("e-1", "nav")).await;
    until("the attempt to be recorded", || async {
        service.subscription("one").await.expect("it is there").status.failures_in_a_row == 1
    })
    .await;
    take(&service, &event("e-2", "nav")).await;
    let canary = Canary::beside(&service).await;
    for _ in 0..29 {
        clock.forward(Duration::from_secs(1));
        canary.sings().await;
    }
    assert_eq!(receiver.received().len(), 1, "another delivery waits as well");
    clock.forward(Duration::from_secs(2));
    until("both", || async {
        clock.forward(Duration::from_millis(100));
        receiver.received().len() == 3
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_hand_goes_back_to_a_store_that_is_busy_and_is_made_when_it_may() {
    let (stage, clock) = (Stage::new(), OwnClock::start());
    let (busy_for, refused) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let (seen, count) = (Arc::clone(&busy_for), Arc::clone(&refused));
    let store = Between::stand(Arc::new(MemoryStore::new()), move |_, asked| {
        (*asked == Asked::GiveBack && seen.load(Ordering::SeqCst)).then(|| {
            count.fetch_add(1, Ordering::SeqCst);
            busy()
        })
    });
    let first = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&first);
    let receiver = Receiver::start(move |_, before| match before {
        0 => Reply::Held(500, Arc::clone(&held)),
        _ => Reply::Status(200),
    })
    .await;
    let mut stage = stage;
    stage.settings.breaker_after = 1;
    let service = stage.start_at(store, clock.clone()).await;
    let mut one_by_one = document(&receiver.url());
    one_by_one["concurrency"] = json!(1);
    subscribe(&service, "one", one_by_one).await;
    for number in 0..4 {
        take(&service, &event(&format!("e-{number}"), "nav")).await;
    }
    receiver.wait_for(1).await;
    // Another one shows that the rest is in hand by now.
    Canary::beside(&service).await.sings().await;
    first.add_permits(1);
    until("it to be tried again and again", || async {
        clock.forward(Duration::from_millis(10));
        refused.load(Ordering::SeqCst) > 3
    })
    .await;
    busy_for.store(false, Ordering::SeqCst);
    // Much sooner than they would be lent to somebody else.
    let begun = *clock.0.borrow();
    until("all of them", || async {
        clock.forward(Duration::from_millis(50));
        receiver.received().len() == 5
    })
    .await;
    assert!(*clock.0.borrow() - begun < Duration::from_secs(300));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_subscription_is_tried_at_once_whatever_its_receiver_did_before() {
    let (mut stage, clock) = (Stage::new(), OwnClock::start());
    stage.settings.breaker_after = 1;
    let (broken, well) = (Receiver::answering(500).await, Receiver::answering(200).await);
    let service = stage.start_at(stage.sqlite(), clock.clone()).await;
    subscribe(&service, "one", document(&broken.url())).await;
    take(&service, &event("e-1", "nav")).await;
    until("the receiver to be left alone", || async {
        service.subscription("one").await.expect("it is there").status.breaker == Breaker::Open
    })
    .await;
    take(&service, &event("e-2", "nav")).await;
    subscribe(&service, "one", document(&well.url())).await;
    take(&service, &event("e-3", "nav")).await;
    // The clock stands still: nothing is waited for.
    until("what is new", || async { !well.received().is_empty() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_so_many_a_second() {
    let stage = Stage::new();
    let receiver = Receiver::answering(200).await;
    let clock = OwnClock::start();
    let service = stage.start_at(Arc::new(MemoryStore::new()), clock.clone()).await;
    let canary = Canary::beside(&service).await;
    let mut limited = document(&receiver.url());
    limited["rate"] = json!({"perSecond": 10, "burst": 5});
    subscribe(&service, "one", limited).await;
    for number in 0..30 {
        take(&service, &event(&format!("e-{number}"), "nav")).await;
    }
    receiver.wait_for(5).await;
    canary.sings().await;
    assert_eq!(receiver.received().len(), 5, "a burst and no more while time stands still");
    for steps in 1..=10 {
        clock.forward(Duration::from_millis(100));
        receiver.wait_for(5 + steps).await;
        canary.sings().await;
        assert_eq!(receiver.received().len(), 5 + steps, "one for each tenth of a second");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_so_many_at_once() {
    let stage = Stage::new();
    let permits = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&permits);
    let receiver = Receiver::start(move |_, _| Reply::Held(200, Arc::clone(&held))).await;
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    let canary = Canary::beside(&service).await;
    let mut limited = document(&receiver.url());
    limited["concurrency"] = json!(3);
    subscribe(&service, "one", limited).await;
    for number in 0..30 {
        take(&service, &event(&format!("e-{number}"), "nav")).await;
    }
    for answered in 0..20 {
        receiver.wait_for(answered + 3).await;
        canary.sings().await;
        assert_eq!(receiver.received().len(), answered + 3, "{answered} were answered, and three are on their way");
        permits.add_permits(1);
    }
    permits.add_permits(30);
    drained(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_one_resource_go_in_order_and_others_are_not_held_up() {
    let stage = Stage::new();
    let receiver = Receiver::start(|received, before| {
        Reply::Status(if received.body.contains("\"a-0\"") && before < 3 { 503 } else { 200 })
    })
    .await;
    let clock = OwnClock::start();
    let service = stage.start_at(stage.sqlite(), clock.clone()).await;
    let mut ordered = document(&receiver.url());
    ordered["ordering"] = json!("per-key");
    subscribe(&service, "one", ordered).await;
    take(&service, &event("a-0", "a")).await;
    receiver.wait_for(1).await;
    for number in 1..5 {
        take(&service, &event(&format!("a-{number}"), "a")).await;
        take(&service, &event(&format!("b-{number}"), "b")).await;
    }
    let ids = || -> Vec<String> {
        receiver.received().iter().map(|one| one.json()["id"].as_str().expect("an id").to_owned()).collect()
    };
    until("the others", || async { ids().iter().filter(|id| id.starts_with('b')).count() == 4 }).await;
    assert!(!ids().contains(&"a-1".to_owned()), "it waits for the one before it");
    until("all of them", || async {
        clock.forward(Duration::from_secs(1));
        ids().contains(&"a-4".to_owned())
    })
    .await;
    let of_a: Vec<String> = ids().into_iter().filter(|id| id.starts_with('a') && id != "a-0").collect();
    assert_eq!(of_a, ["a-1", "a-2", "a-3", "a-4"]);
}

/// Statuses that a profile meets, and the pauses between its attempts in milliseconds.
async fn attempts_of(profile: &str, script: &'static [u16]) -> (Vec<Duration>, &'static str) {
    let stage = Stage::new();
    let receiver = Receiver::start(move |_, before| Reply::Status(script[before.min(script.len() - 1)])).await;
    let clock = OwnClock::start();
    let service = stage.start_at(Arc::new(MemoryStore::new()), clock.clone()).await;
    let mut happenings = service.happenings();
    let mut document = document(&receiver.url());
    document["profile"] = json!(profile);
    subscribe(&service, "one", document).await;
    take(&service, &event("e-1", "nav")).await;
    let mut pauses = Vec::new();
    loop {
        let happening =
            tokio::time::timeout(PATIENCE, happenings.recv()).await.expect("it comes").expect("it is heard");
        let Happening::Attempted { ended, next, .. } = happening else { continue };
        let Some(next) = next else { return (pauses, ended) };
        pauses.push(next);
        let before = receiver.received().len();
        clock.forward(next);
        until("the next attempt", || async {
            clock.forward(Duration::from_millis(1));
            receiver.received().len() > before
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_platforms_rules_are_kept() {
    let ms = |pauses: &[u64]| -> Vec<Duration> { pauses.iter().map(|pause| Duration::from_millis(*pause)).collect() };
    assert_eq!(attempts_of("split", &[201]).await, (ms(&[300]), "dead"), "only 200 counts, and it tries twice");
    assert_eq!(attempts_of("split", &[500, 200]).await, (ms(&[300]), "delivered"));
    assert_eq!(attempts_of("kong", &[400]).await, (ms(&[]), "dead"), "it gives up at 400");
    assert_eq!(attempts_of("kong", &[501]).await, (ms(&[]), "dead"));
    assert_eq!(attempts_of("kong", &[503]).await, (ms(&[1000, 2000, 4000, 8000]), "dead"));
    assert_eq!(attempts_of("launchdarkly", &[404, 202]).await, (ms(&[5000]), "delivered"));
    assert_eq!(attempts_of("github", &[500]).await, (ms(&[]), "dead"), "one attempt");
    let (pauses, ended) = attempts_of("atlassian", &[500]).await;
    assert_eq!((pauses.len(), ended), (9, "dead"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_without_work_is_forgotten_after_a_while() {
    let (stage, receiver, clock) = (Stage::new(), Receiver::answering(200).await, OwnClock::start());
    let service = stage.start_at(Arc::new(MemoryStore::new()), clock.clone()).await;
    subscribe(&service, "one", document(&receiver.url())).await;
    let concurrency = async || service.subscription("one").await.expect("it is there").status.concurrency;
    take(&service, &event("e-1", "nav")).await;
    drained(&service).await;
    assert!(concurrency().await > 0, "what was learned of its receiver is kept");
    until("the lane to be forgotten", || async {
        clock.forward(Duration::from_secs(1));
        concurrency().await == 0
    })
    .await;
    assert!(*clock.0.borrow() >= Duration::from_secs(60), "and not at once");
    take(&service, &event("e-2", "nav")).await;
    receiver.wait_for(2).await;
}
