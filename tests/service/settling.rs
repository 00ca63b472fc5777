//! Results are told until they are recorded, and one that can never be recorded holds up no other.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flagpost::service::{Happening, Service};
use flagpost::store::{Account, DeliveryKey, MemoryStore, Store, StoreError};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::between::{Asked, Between, busy};
use crate::support::*;

/// A store that is too busy for results, or that can never take one of them; and how many results it was told at once.
struct Ledger {
    store: Arc<dyn Store>,
    busy: Arc<AtomicBool>,
    slow: Arc<AtomicBool>,
    bad: Arc<AtomicU64>,
    asked: Arc<Mutex<Vec<Vec<u64>>>>,
}

impl Ledger {
    fn open() -> Ledger {
        let (is_busy, slow, bad) =
            (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let waits = Arc::clone(&slow);
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, refused, log) = (Arc::clone(&is_busy), Arc::clone(&bad), Arc::clone(&asked));
        let store = Between::stand(Arc::new(MemoryStore::new()), move |_, asked| {
            let Asked::Settle(keys) = asked else { return None };
            log.lock().expect("no panic").push(keys.iter().map(|key| key.number()).collect());
            tokio::task::block_in_place(|| {
                while waits.load(Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
            if seen.load(Ordering::SeqCst) {
                return Some(busy());
            }
            let bad = DeliveryKey::new(refused.load(Ordering::SeqCst));
            keys.contains(&bad).then_some(StoreError::UnknownDelivery(bad))
        });
        Ledger { store, busy: is_busy, slow, bad, asked }
    }

    /// The deliveries of each lot that it was told.
    fn asked(&self) -> Vec<Vec<u64>> {
        self.asked.lock().expect("no panic").clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_can_never_be_recorded_is_told_and_takes_no_other_with_it() {
    let (stage, clock, ledger) = (Stage::new(), OwnClock::start(), Ledger::open());
    let answers = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&answers);
    let receiver = Receiver::start(move |_, _| Reply::Held(200, Arc::clone(&held))).await;
    let service = stage.start_at(Arc::clone(&ledger.store), clock.clone()).await;
    let mut happenings = service.happenings();
    let mut document = document(&receiver.url());
    document["concurrency"] = json!(4);
    subscribe(&service, "one", document).await;
    for number in 0..4 {
        take(&service, &event(&format!("e-{number}"), "nav")).await;
    }
    receiver.wait_for(1).await;
    ledger.busy.store(true, Ordering::SeqCst);
    answers.add_permits(100);
    until("results to gather", || async {
        clock.forward(Duration::from_millis(20));
        ledger.asked().last().is_some_and(|lot| lot.len() == receiver.received().len() && lot.len() > 1)
    })
    .await;
    let asked = ledger.asked();
    let gathered = asked.last().expect("it was asked");
    let bad = gathered[1];
    ledger.bad.store(bad, Ordering::SeqCst);
    ledger.busy.store(false, Ordering::SeqCst);
    until("the others to be recorded", || async {
        clock.forward(Duration::from_millis(20));
        service.accounts().await.expect("the books").get(Account::Delivered) == 3
    })
    .await;
    let all = ledger.asked();
    // More may have come to it by then.
    let whole = all.iter().rposition(|lot| lot.len() > 1 && lot.contains(&bad)).expect("it was told");
    let singly: Vec<Vec<u64>> = all[whole].iter().map(|one| vec![*one]).collect();
    assert_eq!(all[whole + 1..][..singly.len()], singly, "one by one, and each once");
    assert_eq!(all[whole + 1..].iter().flatten().filter(|one| **one == bad).count(), 1);
    let mut told = Vec::new();
    while told.last().is_none_or(|(works, _)| !works) {
        let next = tokio::time::timeout(PATIENCE, happenings.recv()).await;
        if let Happening::Store { works, reason } = next.expect("it works again").expect("none is missed") {
            told.push((works, reason));
        }
    }
    let lost = format!("the result of delivery {bad} cannot be written down");
    assert_eq!(told.iter().filter(|(works, reason)| !works && reason.starts_with(&lost)).count(), 1, "{told:?}");
    // Those that come after it are told together again.
    answers.forget_permits(1000);
    for number in 4..8 {
        take(&service, &event(&format!("e-{number}"), "nav")).await;
    }
    receiver.wait_for(8).await;
    ledger.busy.store(true, Ordering::SeqCst);
    answers.add_permits(100);
    until("results to gather", || async {
        clock.forward(Duration::from_millis(20));
        ledger.asked().last().is_some_and(|lot| lot.len() == 4)
    })
    .await;
    ledger.busy.store(false, Ordering::SeqCst);
    until("the rest", || async {
        clock.forward(Duration::from_millis(20));
        service.accounts().await.expect("the books").get(Account::Delivered) == 7
    })
    .await;
    // And nobody thinks that it is still in hand.
    until("the lane to be forgotten", || async {
        clock.forward(Duration::from_millis(20));
        service.subscription("one").await.expect("it is there").status.concurrency == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lot_is_bounded_however_many_results_wait() {
    let (stage, clock, ledger) = (Stage::new(), OwnClock::start(), Ledger::open());
    let receiver = Receiver::answering(200).await;
    let service = stage.start_at(Arc::clone(&ledger.store), clock.clone()).await;
    for number in 0..6 {
        subscribe(&service, &format!("s-{number}"), document(&receiver.url())).await;
    }
    // The store takes its time over the first lot, while attempts go on; then it is busy.
    ledger.busy.store(true, Ordering::SeqCst);
    ledger.slow.store(true, Ordering::SeqCst);
    for number in 0..200 {
        take(&service, &event(&format!("e-{number}"), "nav")).await;
    }
    until("attempts to be made meanwhile", || async {
        clock.forward(Duration::from_millis(10));
        receiver.received().len() >= 560
    })
    .await;
    ledger.slow.store(false, Ordering::SeqCst);
    until("results to gather", || async {
        clock.forward(Duration::from_millis(20));
        ledger.asked().last().is_some_and(|lot| lot.len() >= 512)
    })
    .await;
    ledger.busy.store(false, Ordering::SeqCst);
    until("all of them to be recorded", || async {
        clock.forward(Duration::from_millis(20));
        service.accounts().await.expect("the books").get(Account::Delivered) == 1200
    })
    .await;
    assert_eq!(ledger.asked().iter().map(Vec::len).max(), Some(512));
    assert_eq!(receiver.received().len(), 1200, "each once");
}

/// One subscription with one attempt at a time, whose receiver answers when it may; and three events.
async fn three_in_a_row(stage: &Stage, ledger: &Ledger, clock: &OwnClock) -> (Service, Receiver, Arc<Semaphore>) {
    let answers = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&answers);
    let receiver = Receiver::start(move |_, _| Reply::Held(200, Arc::clone(&held))).await;
    let service = stage.start_at(Arc::clone(&ledger.store), clock.clone()).await;
    let mut document = document(&receiver.url());
    document["concurrency"] = json!(1);
    subscribe(&service, "one", document).await;
    for number in 0..3 {
        take(&service, &event(&format!("e-{number}"), "nav")).await;
    }
    receiver.wait_for(1).await;
    (service, receiver, answers)
}

/// A fourth event, behind everything that is in hand.
async fn last_of_all(service: &Service, clock: &OwnClock) {
    take(service, &event("e-last", "nav")).await;
    until("the last of all", || async {
        clock.forward(Duration::from_millis(10));
        delivered(service).await == 4
    })
    .await;
}

async fn delivered(service: &Service) -> u64 {
    service.accounts().await.expect("the books").get(Account::Delivered)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_hand_when_the_store_is_in_trouble_waits_and_goes_on_at_once() {
    for trouble in [2, 800, 1500].map(Duration::from_secs) {
        let (stage, clock, ledger) = (Stage::new(), OwnClock::start(), Ledger::open());
        let (service, receiver, answers) = three_in_a_row(&stage, &ledger, &clock).await;
        ledger.busy.store(true, Ordering::SeqCst);
        answers.add_permits(1);
        // The second one may be on its way before the trouble is noticed.
        receiver.wait_for(2).await;
        until("the trouble to be noticed", || async { !ledger.asked().is_empty() }).await;
        answers.add_permits(1);
        until("its result to wait too", || async {
            clock.forward(Duration::from_millis(10));
            ledger.asked().last().is_some_and(|lot| lot.len() == 2)
        })
        .await;
        answers.add_permits(100);
        clock.walk(trouble).await;
        assert_eq!(receiver.received().len(), 2, "nothing more is attempted");
        ledger.busy.store(false, Ordering::SeqCst);
        let recovered = *clock.0.borrow();
        until("the third one", || async {
            clock.forward(Duration::from_millis(10));
            delivered(&service).await == 3
        })
        .await;
        assert!(*clock.0.borrow() - recovered < Duration::from_secs(60), "it does not wait until its lease runs out");
        last_of_all(&service, &clock).await;
        assert_eq!(receiver.received().len(), 4, "each once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_long_in_hand_is_lent_anew_before_it_is_attempted() {
    let (stage, clock, ledger) = (Stage::new(), OwnClock::start(), Ledger::open());
    let (service, receiver, answers) = three_in_a_row(&stage, &ledger, &clock).await;
    clock.walk(Duration::from_secs(400)).await;
    answers.add_permits(1);
    receiver.wait_for(2).await;
    until("the first one to be settled", || async { delivered(&service).await == 1 }).await;
    // By now what was lent at first would have run out.
    clock.walk(Duration::from_secs(400)).await;
    answers.add_permits(100);
    last_of_all(&service, &clock).await;
    assert_eq!(receiver.received().len(), 4, "each once");
}
