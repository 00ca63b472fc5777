//! Receivers that misbehave, disks that are full, clocks that are set back: nothing is stuck and nothing is lost.

use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flagpost::delivery::{AddressGuard, Limits, Resolver, Sender};
use flagpost::service::{AttemptView, Happening, Service, ServiceError};
use flagpost::store::{
    Account, DeliveryFilter, MemoryStore, Options, PageRequest, Shelf, SqliteStore, State, StoreError,
};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::between::{Asked, Between};
use crate::receiver::{self, Behaviour};
use crate::support::*;

/// The first attempt of the only delivery, and where the delivery stands after it.
async fn first_attempt(service: &Service) -> (AttemptView, State) {
    let mut found = None;
    until("an attempt to be recorded", || async {
        let page = service.deliveries(DeliveryFilter::default(), PageRequest::first(1)).await.expect("a list");
        page.items[0].attempts > 0
    })
    .await;
    let page = service.deliveries(DeliveryFilter::default(), PageRequest::first(1)).await.expect("a list");
    let number = page.items[0].delivery.parse().expect("a number");
    found.replace((service.delivery(number).await.expect("it is there").history.remove(0), page.items[0].state));
    found.expect("an attempt")
}

async fn meets(behaviour: Behaviour) -> (AttemptView, State, usize) {
    let stage = Stage::new();
    let receiver = receiver::Receiver::start(vec![behaviour]);
    let service = stage.start_at(Arc::new(MemoryStore::new()), OwnClock::start()).await;
    let mut document = document(&receiver.url("/hook"));
    document["profile"] = json!({"profile": "standard-webhooks", "timeout": "500ms"});
    subscribe(&service, "one", document).await;
    take(&service, &event("e-1", "nav")).await;
    let (attempt, state) = first_attempt(&service).await;
    (attempt, state, receiver.received().len())
}

fn error(attempt: &AttemptView) -> &str {
    attempt.error.as_deref().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_every_kind_are_met_with_the_rules() {
    let (attempt, state, _) = meets(receiver::status(204)).await;
    assert_eq!((attempt.status, state, error(&attempt)), (Some(204), State::Delivered, ""));
    let (attempt, state, _) = meets(receiver::status(500)).await;
    assert_eq!((attempt.status, state), (Some(500), State::Later));
    assert_eq!(error(&attempt), "the receiver answered 500 Internal Server Error");
    // A redirection to where clouds keep their credentials is an answer like any other, and not followed.
    let away = receiver::answer(302, "Location: http://169.254.169.254/latest/meta-data/\r\n", "");
    let (attempt, state, requests) = meets(away).await;
    assert_eq!((attempt.status, state, requests), (Some(302), State::Later, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_is_heard_in_both_its_forms() {
    // The test's clock starts at 1,750,000,000 seconds.
    for wish in ["120", "Sun, 15 Jun 2025 15:08:40 GMT"] {
        let (attempt, state, _) = meets(receiver::answer(429, &format!("Retry-After: {wish}\r\n"), "")).await;
        assert_eq!(state, State::Later);
        let wait = attempt.next.expect("another attempt").0 - 1_750_000_000_000;
        assert_eq!(wait, 120_000, "{wish}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_break_hang_or_drip_are_failures_and_a_broken_body_is_none() {
    let (attempt, state, _) = meets(Behaviour::Reset).await;
    assert_eq!((attempt.status, state), (None, State::Later), "{attempt:?}");
    let (attempt, state, _) = meets(Behaviour::Silence).await;
    assert_eq!((attempt.status, state), (None, State::Later));
    assert!(error(&attempt).contains("no answer within"), "{attempt:?}");
    let (attempt, state, _) = meets(Behaviour::Drip("HTTP/1.1 200 OK\r\nX-Long: ".to_owned() + &"x".repeat(500))).await;
    assert_eq!((attempt.status, state), (None, State::Later));
    // The receiver has decided before it writes a body: half of one, or one of two gigabytes.
    let half = Behaviour::Answer("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf".to_owned());
    assert_eq!(meets(half).await.1, State::Delivered);
    assert_eq!(meets(Behaviour::Flood(2 << 30)).await.1, State::Delivered);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_does_not_speak_tls_is_a_failure_that_may_pass() {
    let stage = Stage::new();
    let plain = Receiver::answering(200).await;
    let service = stage.start_at(Arc::new(MemoryStore::new()), OwnClock::start()).await;
    subscribe(&service, "one", document(&format!("https://{}/", plain.address))).await;
    take(&service, &event("e-1", "nav")).await;
    let (attempt, state) = first_attempt(&service).await;
    assert_eq!((attempt.status, state), (None, State::Later));
    assert!(!error(&attempt).is_empty());
}

/// Answers with this machine first, and with a cloud's metadata service from then on.
struct Turning(AtomicUsize);

impl Resolver for Turning {
    fn resolve(&self, _: &str) -> Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send>> {
        let first = self.0.fetch_add(1, Ordering::SeqCst) == 0;
        let address = if first { Ipv4Addr::LOCALHOST } else { Ipv4Addr::new(169, 254, 169, 254) };
        Box::pin(async move { Ok(vec![IpAddr::V4(address)]) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_turns_to_a_forbidden_address_is_refused_when_it_does() {
    let stage = Stage::new();
    // It closes each connection, so that each event looks the name up.
    let receiver = receiver::Receiver::start(vec![receiver::status(200)]);
    let sender = Sender::new(AddressGuard::allowing_private(), Turning(AtomicUsize::new(0)), Limits::default());
    let service =
        stage.start_with(Arc::new(MemoryStore::new()), RealClock::start(), 7, sender).await.expect("it starts");
    subscribe(&service, "one", document(&format!("http://rebind.example:{}/", receiver.address.port()))).await;
    take(&service, &event("e-1", "nav")).await;
    drained(&service).await;
    take(&service, &event("e-2", "nav")).await;
    drained(&service).await;
    let books = service.accounts().await.expect("the books");
    assert_eq!((books.get(Account::Delivered), books.get(Account::Dead)), (1, 1));
    let (attempt, _) = first_attempt(&service).await;
    assert!(error(&attempt).contains("metadata"), "{attempt:?}");
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_store_acknowledges_nothing_and_what_was_acknowledged_is_delivered() {
    let (stage, receiver) = (Stage::new(), Receiver::answering(200).await);
    let options = Options { most_bytes: Some(600_000), ..Options::default() };
    let store = SqliteStore::open(&stage.folder.path().join("store.db"), options).expect("a store can be made");
    let service = stage.start(Arc::new(store)).await;
    subscribe(&service, "one", document(&receiver.url())).await;
    let (mut acknowledged, mut refused) = (0, 0);
    for number in 0..2000 {
        let mut body: serde_json::Value = serde_json::from_slice(&event(&format!("e-{number}"), "nav")).expect("JSON");
        body["comment"] = json!("x".repeat(2000));
        match service.take("app", request(body.to_string().as_bytes())).await {
            Ok(_) => acknowledged += 1,
            Err(ServiceError::Unavailable(_)) => refused += 1,
            Err(other) => panic!("{other:?}"),
        }
        if refused > 20 {
            break;
        }
    }
    assert!(acknowledged > 20 && refused > 20, "{acknowledged} {refused}");
    drained(&service).await;
    let books = service.accounts().await.expect("the books");
    assert_eq!((books.get(Account::Events), books.get(Account::Delivered)), (acknowledged, acknowledged));
    assert_eq!(receiver.received().len() as u64, acknowledged);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_is_not_sent_again_while_its_result_cannot_be_written_down() {
    let stage = Stage::new();
    let answers = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&answers);
    let receiver = Receiver::start(move |_, _| Reply::Held(200, Arc::clone(&held))).await;
    let file = stage.folder.path().join("store.db");
    let options = Options { patience: Duration::from_millis(20), ..Options::default() };
    let store = Arc::new(SqliteStore::open(&file, options).expect("a store can be made"));
    let clock = OwnClock::start();
    let service = stage.start_at(store, clock.clone()).await;
    let mut happenings = service.happenings();
    let mut document = document(&receiver.url());
    document["concurrency"] = json!(1);
    subscribe(&service, "one", document).await;
    for name in ["e-1", "e-2", "e-3"] {
        take(&service, &event(name, "nav")).await;
    }
    receiver.wait_for(1).await;
    // Somebody else writes into the file and does not come to an end.
    let other = rusqlite::Connection::open(&file).expect("it can be opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("nobody else writes");
    answers.add_permits(100);
    let troubled = |happening: Happening| matches!(happening, Happening::Store { works: false, .. });
    while !tokio::time::timeout(PATIENCE, happenings.recv()).await.expect("it comes").is_ok_and(troubled) {}
    // Longer than any lease. What was on its way when the trouble was noticed arrives, and nothing after it.
    let mut sent = Vec::new();
    for _ in 0..20 {
        clock.walk(Duration::from_secs(60)).await;
        sent.push(receiver.received().len());
    }
    assert_eq!(sent[1..], [sent[1]; 19], "nothing more is attempted");
    other.execute_batch("ROLLBACK").expect("it is given up");
    until("what was in hand to go on", || async {
        clock.forward(Duration::from_millis(100));
        service.accounts().await.expect("the books").get(Account::Delivered) == 3
    })
    .await;
    assert_eq!(receiver.received().len(), 3, "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_holds_nothing_up() {
    let stage = Stage::new();
    let receiver = Receiver::start(|_, before| Reply::Status(if before == 0 { 500 } else { 200 })).await;
    let clock = OwnClock::start();
    let service = stage.start_at(stage.sqlite(), clock.clone()).await;
    subscribe(&service, "one", document(&receiver.url())).await;
    take(&service, &event("e-1", "nav")).await;
    first_attempt(&service).await;
    clock.set_back(Duration::from_secs(24 * 3600));
    // The worker looks each second, and the retry is due five seconds after the attempt.
    until("the retry", || async {
        clock.forward(Duration::from_millis(100));
        receiver.received().len() == 2
    })
    .await;
    assert!(clock.0.borrow().as_secs() < 60, "it was not held up for a day");
    drained(&service).await;
    take(&service, &event("e-2", "nav")).await;
    receiver.wait_for(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_fails_leaves_nothing_at_work() {
    let stage = Stage::new();
    let store = Between::stand(Arc::new(MemoryStore::new()), |_, asked| {
        let damaged = || StoreError::Damaged("a job cannot be read".to_owned());
        (*asked == Asked::Documents(Shelf::ReplayJob)).then(damaged)
    });
    let started = stage.try_start(Arc::clone(&store), RealClock::start(), 7).await;
    assert!(started.is_err(), "its jobs cannot be resumed");
    until("everybody to let go of the store", || async { Arc::strong_count(&store) == 1 }).await;
}
