//! Results are told until they are recorded, and one that can never be recorded holds up no other.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flagpost::service::{Happening, Service};
use flagpost::store::{Account, DeliveryFilter, DeliveryKey, MemoryStore, PageRequest, State, Store, StoreError};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::between::{Asked, Between, busy};
use crate::support::*;

async fn in_state(service: &Service, state: State) -> Vec<u64> {
    let filter = DeliveryFilter { states: vec![state], ..DeliveryFilter::default() };
    let page = service.deliveries(filter, PageRequest::first(1000)).await.expect("a list");
    page.items.iter().map(|one| one.delivery.parse().expect("a number")).collect()
}

/// A store that is too busy for results, or that can never take one of them; and how many results it was told at once.
struct Ledger {
    store: Arc<dyn Store>,
    busy: Arc<AtomicBool>,
    bad: Arc<AtomicU64>,
    asked: Arc<Mutex<Vec<usize>>>,
}

impl Ledger {
    fn open() -> Ledger {
        let (is_busy, bad) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, refused, log) = (Arc::clone(&is_busy), Arc::clone(&bad), Arc::clone(&asked));
        let store = Between::stand(Arc::new(MemoryStore::new()), move |_, asked| {
            let Asked::Settle(keys) = asked else { return None };
            log.lock().expect("no panic").push(keys.len());
            if seen.load(Ordering::SeqCst) {
                return Some(busy());
            }
            let bad = DeliveryKey::new(refused.load(Ordering::SeqCst));
            keys.contains(&bad).then_some(StoreError::UnknownDelivery(bad))
        });
        Ledger { store, busy: is_busy, bad, asked }
    }

    fn asked(&self) -> Vec<usize> {
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
    // The window begins small and grows with each answer.
    let first = receiver.wait_for(1).await.len();
    assert!(first <= 4);
    ledger.busy.store(true, Ordering::SeqCst);
    answers.add_permits(100);
    until("results to gather", || async {
        clock.forward(Duration::from_millis(200));
        ledger.asked().last().is_some_and(|count| *count == receiver.received().len() && *count > 1)
    })
    .await;
    let gathered = *ledger.asked().last().expect("it was asked");
    let before = ledger.asked().len();
    let ready = in_state(&service, State::Ready).await;
    let bad = *ready.iter().min().expect("none is recorded");
    ledger.bad.store(bad, Ordering::SeqCst);
    ledger.busy.store(false, Ordering::SeqCst);
    until("the others to be recorded", || async {
        clock.forward(Duration::from_millis(200));
        service.accounts().await.expect("the books").get(Account::Delivered) == 3
    })
    .await;
    let asked = ledger.asked();
    let after: Vec<usize> = asked[before..].iter().copied().skip_while(|count| *count > gathered).collect();
    let singly = after.iter().position(|count| *count == 1).expect("one by one");
    assert_eq!(after[singly..singly + gathered], vec![1; gathered], "{asked:?}");
    assert!(after[..singly].iter().all(|count| *count == gathered), "{asked:?}");
    let mut told = Vec::new();
    while let Ok(happening) = happenings.try_recv() {
        if let Happening::Store { works, reason } = happening {
            told.push((works, reason));
        }
    }
    let lost = format!("the result of delivery {bad} cannot be written down");
    assert_eq!(told.iter().filter(|(works, reason)| !works && reason.starts_with(&lost)).count(), 1, "{told:?}");
    assert!(told.last().is_some_and(|(works, _)| *works), "{told:?}");
    assert_eq!(in_state(&service, State::Delivered).await.len(), 3);
    // Its place in the lane is free again: all four are used at once.
    let _ = answers.forget_permits(usize::MAX >> 4);
    let before = receiver.received().len();
    for number in 4..8 {
        take(&service, &event(&format!("e-{number}"), "nav")).await;
    }
    receiver.wait_for(before + 1).await;
    answers.add_permits(100);
    until("the rest", || async {
        clock.forward(Duration::from_millis(200));
        service.accounts().await.expect("the books").get(Account::Delivered) == 7
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lots_are_bounded_however_many_results_wait() {
    let (stage, clock, ledger) = (Stage::new(), OwnClock::start(), Ledger::open());
    let receiver = Receiver::answering(200).await;
    ledger.busy.store(true, Ordering::SeqCst);
    let service = stage.start_at(Arc::clone(&ledger.store), clock.clone()).await;
    // Each subscription has its own few attempts in hand when the trouble is noticed.
    ledger.busy.store(false, Ordering::SeqCst);
    subscribe(&service, "one", document(&receiver.url())).await;
    for number in 0..600 {
        take(&service, &event(&format!("e-{number}"), "nav")).await;
    }
    drained(&service).await;
    assert!(ledger.asked().iter().all(|count| *count <= 512));
    assert_eq!(receiver.received().len(), 600);
}
