//! Access tokens: fetched when needed, kept to themselves, never shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use flagpost::service::{Service, ServiceError};
use flagpost::store::{Account, MemoryStore, Shelf, State, Store, StoreError};
use serde_json::{Value as Json, json};

use crate::between::{Asked, Between, busy};
use crate::support::*;

/// A stage with an integration that asks for a connection.
fn connected_stage() -> Stage {
    let stage = Stage::new();
    integration(&stage.root(), "connected", &manifest(&json!({}), true), TEMPLATE);
    stage
}

/// An integration for this receiver alone, whose answers may be shown.
fn open(stage: &Stage, receiver: &Receiver, oauth: bool) {
    let (name, value) =
        if oauth { ("Authorization", "Bearer {{oauth.accessToken}}") } else { ("X-Api-Key", "{{apiKey}}") };
    let headers = json!([{"name": name, "value": value}]);
    let endpoint = json!({"url": receiver.url(), "method": "POST", "headers": headers});
    let hook = json!({"endpoint": endpoint, "includeErrorResponseBody": true});
    integration(&stage.root(), "open", &manifest(&hook, oauth), TEMPLATE);
}

/// A token server: `token-0`, `token-1`, …, with whatever else it says.
async fn tokens(more: Json) -> Receiver {
    Receiver::start(move |_, before| {
        let mut body = json!({"access_token": format!("token-number-{before}"), "expires_in": 3600});
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        if body.get("refresh_token").is_some() {
            body["refresh_token"] = json!(format!("refresh-{before}"));
        }
        Reply::Full(200, String::new(), body.to_string())
    })
    .await
}

fn connected(url: &str, tokens: &Receiver) -> Json {
    let mut document = document(url);
    document["integration"] = json!("connected");
    document["oauth"] = json!({"baseUri": "https://account.example", "tokenUrl": tokens.url(), "clientId": "a client",
        "clientSecret": "deep:secret"});
    document
}

async fn deliveries(service: &Service) -> Vec<flagpost::service::DeliveryDetail> {
    let page = service.deliveries(Default::default(), flagpost::store::PageRequest::first(100)).await.expect("a list");
    let mut all = Vec::new();
    for one in page.items {
        all.push(service.delivery(one.delivery.parse().expect("a number")).await.expect("it is there"));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_that_is_tested_changes_nothing_for_what_is_served() {
    let stage = connected_stage();
    let tokens = tokens(json!({})).await;
    let (live, other) = (Receiver::answering(200).await, Receiver::answering(400).await);
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    subscribe(&service, "one", connected(&live.url(), &tokens)).await;
    let refused = service.put_subscription("one", connected(&other.url(), &tokens), true).await;
    assert!(matches!(refused, Err(ServiceError::Refused(_))), "{refused:?}");
    assert_eq!(other.received().len(), 1, "the test goes to the draft's address");
    take(&service, &event("e-1", "nav")).await;
    drained(&service).await;
    assert_eq!((live.received().len(), other.received().len()), (1, 1));
    // And with a token at hand the test goes where the draft says all the same.
    let _ = service.put_subscription("one", connected(&other.url(), &tokens), true).await;
    assert_eq!((live.received().len(), other.received().len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_stays_when_something_else_changes_and_the_address_does_at_once() {
    let (stage, clock) = (connected_stage(), OwnClock::start());
    // A number in a text, as some servers write it.
    let tokens = tokens(json!({"expires_in": "60"})).await;
    let (first, second) = (Receiver::answering(200).await, Receiver::answering(200).await);
    let service = stage.start_at(Arc::new(MemoryStore::new()), clock.clone()).await;
    subscribe(&service, "one", connected(&first.url(), &tokens)).await;
    take(&service, &event("e-1", "nav")).await;
    drained(&service).await;
    subscribe(&service, "one", connected(&second.url(), &tokens)).await;
    take(&service, &event("e-2", "nav")).await;
    drained(&service).await;
    assert_eq!((first.received().len(), second.received().len()), (1, 1));
    assert_eq!(tokens.received().len(), 1);
    // Half a minute before its end it is not used any more.
    clock.forward(Duration::from_secs(29));
    take(&service, &event("e-3", "nav")).await;
    drained(&service).await;
    assert_eq!(tokens.received().len(), 1);
    clock.forward(Duration::from_secs(1));
    take(&service, &event("e-4", "nav")).await;
    drained(&service).await;
    assert_eq!((second.received().len(), tokens.received().len()), (3, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_that_a_receiver_repeats_is_not_kept() {
    let stage = connected_stage();
    let tokens = tokens(json!({})).await;
    let echo = Receiver::start(|received, _| {
        let said = received.header("authorization").to_owned();
        Reply::Full(400, format!("X-Said: {said}\r\n"), format!("you said {said}"))
    })
    .await;
    open(&stage, &echo, true);
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    let mut document = connected(&echo.url(), &tokens);
    document["integration"] = json!("open");
    document["profile"] = json!("kong");
    subscribe(&service, "one", document).await;
    let report = service.test_subscription("one").await.expect("it is there");
    assert_eq!(report.body.as_deref(), Some("you said Bearer [secret]"));
    take(&service, &event("e-1", "nav")).await;
    drained(&service).await;
    let attempt = deliveries(&service).await.remove(0).history.remove(0);
    assert_eq!(attempt.body, "you said Bearer [secret]");
    assert!(!format!("{report:?}{attempt:?}").contains("token-number"), "{attempt:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_in_which_a_secret_could_not_be_found_is_not_kept_and_no_answer_is_kept_without_end() {
    let stage = Stage::new();
    let receiver = Receiver::start(|received, _| {
        let lines: String = (0..80).map(|number| format!("X-Line-{number}: {}\r\n", "x".repeat(50))).collect();
        Reply::Full(400, lines, format!("you said {}", received.header("x-api-key")))
    })
    .await;
    open(&stage, &receiver, false);
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    for (id, key) in [("short", "abc"), ("long", "hush-hush-hush")] {
        let mut document = document(&receiver.url());
        document["integration"] = json!("open");
        document["profile"] = json!("kong");
        document["formValues"]["apiKey"] = json!(key);
        subscribe(&service, id, document).await;
    }
    take(&service, &event("e-1", "nav")).await;
    drained(&service).await;
    for one in deliveries(&service).await {
        let attempt = &one.history[0];
        if one.delivery.subscription == "short" {
            assert!(attempt.headers.is_empty() && attempt.body.is_empty(), "{attempt:?}");
        } else {
            let bytes: usize = attempt.headers.iter().map(|header| header.name.len() + header.value.len()).sum();
            assert!((32..=64).contains(&attempt.headers.len()) && bytes <= 8192, "{}", attempt.headers.len());
            assert_eq!(attempt.body, "you said [secret]");
        }
    }
    let report = service.test_subscription("short").await.expect("it is there");
    assert_eq!((report.body, report.headers.len()), (None, 0));
    assert!(report.help.is_some_and(|help| help.contains("too short")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_gives_no_token_is_left_alone_for_a_moment() {
    let (stage, clock) = (connected_stage(), OwnClock::start());
    let works = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&works);
    let tokens = Receiver::start(move |_, _| match seen.load(Ordering::SeqCst) {
        true => Reply::Full(200, String::new(), json!({"access_token": "late-but-there"}).to_string()),
        false => Reply::Status(500),
    })
    .await;
    let receiver = Receiver::answering(200).await;
    let service = stage.start_at(Arc::new(MemoryStore::new()), clock.clone()).await;
    subscribe(&service, "one", connected(&receiver.url(), &tokens)).await;
    for number in 0..4 {
        take(&service, &event(&format!("e-{number}"), "nav")).await;
    }
    until("every attempt to fail", || async {
        deliveries(&service).await.iter().all(|one| one.delivery.state == State::Later)
    })
    .await;
    assert_eq!(tokens.received().len(), 1, "one failure is known to all that wait");
    works.store(true, Ordering::SeqCst);
    until("the deliveries", || async {
        clock.forward(Duration::from_secs(1));
        receiver.received().len() == 4
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_says_who_it_is_in_the_way_that_its_server_wants() {
    let stage = connected_stage();
    let (tokens, receiver) = (tokens(json!({})).await, Receiver::answering(200).await);
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    let mut document = connected(&receiver.url(), &tokens);
    document["oauth"]["clientAuth"] = json!("basic");
    subscribe(&service, "one", document.clone()).await;
    assert!(service.test_subscription("one").await.expect("it is there").succeeded);
    let asked = tokens.received().remove(0);
    // base64 of `a+client:deep%3Asecret`
    assert_eq!(asked.header("authorization"), "Basic YStjbGllbnQ6ZGVlcCUzQXNlY3JldA==");
    assert_eq!(asked.body, "grant_type=client_credentials");
    document["oauth"]["clientAuth"] = json!("digest");
    let Err(ServiceError::Invalid(mistakes)) = service.put_subscription("one", document, false).await else {
        panic!("there is no such way");
    };
    assert_eq!(mistakes[0].pointer, "/oauth/clientAuth");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_refresh_token_is_never_used_again_and_nothing_stays_of_what_is_removed() {
    let (stage, clock) = (connected_stage(), OwnClock::start());
    let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let unreadable = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&unreadable);
    let store = Between::stand(Arc::clone(&inner), move |_, asked| {
        (*asked == Asked::Document(Shelf::Secret) && seen.load(Ordering::SeqCst)).then(busy)
    });
    let tokens = tokens(json!({"refresh_token": ""})).await;
    let receiver = Receiver::answering(200).await;
    let service = stage.start_at(store, clock.clone()).await;
    let mut document = connected(&receiver.url(), &tokens);
    document["oauth"]["refreshToken"] = json!("first-of-all");
    subscribe(&service, "one", document.clone()).await;
    take(&service, &event("e-1", "nav")).await;
    drained(&service).await;
    assert!(tokens.received()[0].body.contains("refresh_token=first-of-all"));
    // The token's end comes, and the store is busy.
    unreadable.store(true, Ordering::SeqCst);
    clock.walk(Duration::from_secs(3600)).await;
    take(&service, &event("e-2", "nav")).await;
    until("the attempt to fail", || async {
        deliveries(&service).await.iter().any(|one| one.delivery.state == State::Later)
    })
    .await;
    assert_eq!(tokens.received().len(), 1, "the first one is spent");
    unreadable.store(false, Ordering::SeqCst);
    until("the retry", || async {
        clock.forward(Duration::from_secs(1));
        receiver.received().len() == 2
    })
    .await;
    assert!(tokens.received()[1].body.contains("refresh_token=refresh-0"), "{:?}", tokens.received());
    let kept = || async { inner.documents(Shelf::Secret, None, 10).await.expect("a list").len() };
    assert_eq!(kept().await, 1);
    service.remove_subscription("one").await.expect("it is there");
    until("nothing to stay", || async { kept().await == 0 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_kept_before_anything_is_sent_however_long_the_store_takes_nothing() {
    let (stage, clock) = (connected_stage(), OwnClock::start());
    let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let (full, tried) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let (seen, count) = (Arc::clone(&full), Arc::clone(&tried));
    let store = Between::stand(Arc::clone(&inner), move |_, asked| {
        if *asked != Asked::PutDocument(Shelf::Secret) {
            return None;
        }
        count.fetch_add(1, Ordering::SeqCst);
        seen.load(Ordering::SeqCst).then(busy)
    });
    let (tokens, receiver) = (tokens(json!({"refresh_token": ""})).await, Receiver::answering(200).await);
    let service = stage.start_at(store, clock.clone()).await;
    let mut document = connected(&receiver.url(), &tokens);
    document["oauth"]["refreshToken"] = json!("first-of-all");
    subscribe(&service, "one", document).await;
    take(&service, &event("e-1", "nav")).await;
    for times in 1..=4 {
        until("another try", || async { tried.load(Ordering::SeqCst) == times }).await;
        clock.forward(Duration::from_millis(250));
    }
    assert_eq!((tokens.received().len(), receiver.received().len()), (1, 0), "nobody else knows it yet");
    full.store(false, Ordering::SeqCst);
    until("the delivery", || async {
        clock.forward(Duration::from_millis(250));
        receiver.received().len() == 1
    })
    .await;
    assert_eq!(tokens.received().len(), 1);
    assert_eq!(inner.documents(Shelf::Secret, None, 10).await.expect("a list").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_waits_for_a_token_less_long_than_it_is_lent() {
    let (stage, clock) = (connected_stage(), OwnClock::start());
    let full = Arc::new(AtomicBool::new(true));
    let seen = Arc::clone(&full);
    let store = Between::stand(Arc::new(MemoryStore::new()), move |_, asked| {
        (*asked == Asked::PutDocument(Shelf::Secret) && seen.load(Ordering::SeqCst)).then(busy)
    });
    let (tokens, receiver) = (tokens(json!({"refresh_token": ""})).await, Receiver::answering(200).await);
    let service = stage.start_at(store, clock.clone()).await;
    let mut document = connected(&receiver.url(), &tokens);
    document["oauth"]["refreshToken"] = json!("first-of-all");
    subscribe(&service, "one", document).await;
    take(&service, &event("e-1", "nav")).await;
    until("the token to be fetched", || async { tokens.received().len() == 1 }).await;
    // Twice as long as a delivery is lent; who claims it then must not find the first attempt still waiting.
    for _ in 0..40 {
        clock.walk(Duration::from_secs(30)).await;
    }
    assert!(!deliveries(&service).await[0].history.is_empty(), "it does not wait for ever");
    full.store(false, Ordering::SeqCst);
    until("the delivery", || async {
        clock.forward(Duration::from_millis(250));
        service.accounts().await.expect("the books").get(Account::Delivered) == 1
    })
    .await;
    assert_eq!((tokens.received().len(), receiver.received().len()), (1, 1), "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_until_a_refresh_token_is_kept() {
    let (stage, clock) = (connected_stage(), OwnClock::start());
    let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let full = Arc::new(AtomicBool::new(true));
    let seen = Arc::clone(&full);
    let store = Between::stand(Arc::clone(&inner), move |_, asked| {
        (*asked == Asked::PutDocument(Shelf::Secret) && seen.load(Ordering::SeqCst)).then(busy)
    });
    let (tokens, receiver) = (tokens(json!({"refresh_token": ""})).await, Receiver::answering(200).await);
    let service = Arc::new(stage.start_at(store, clock.clone()).await);
    let mut document = connected(&receiver.url(), &tokens);
    document["oauth"]["refreshToken"] = json!("first-of-all");
    subscribe(&service, "one", document).await;
    take(&service, &event("e-1", "nav")).await;
    until("the attempt to give up waiting", || async {
        clock.forward(Duration::from_millis(100));
        deliveries(&service).await.iter().any(|one| one.delivery.state == State::Later)
    })
    .await;
    let stopping = tokio::spawn({
        let service = Arc::clone(&service);
        async move { service.stop(Duration::from_secs(20)).await }
    });
    // It has begun: no new attempt is made when the retry is due.
    clock.walk(Duration::from_secs(10)).await;
    full.store(false, Ordering::SeqCst);
    until("the end", || async {
        clock.forward(Duration::from_millis(10));
        stopping.is_finished()
    })
    .await;
    assert_eq!(inner.documents(Shelf::Secret, None, 10).await.expect("a list").len(), 1, "it is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_can_never_be_kept_is_a_failure() {
    let stage = connected_stage();
    let store = Between::stand(Arc::new(MemoryStore::new()), |_, asked| {
        let damaged = || StoreError::Damaged("the shelf is broken".to_owned());
        (*asked == Asked::PutDocument(Shelf::Secret)).then(damaged)
    });
    let (tokens, receiver) = (tokens(json!({"refresh_token": ""})).await, Receiver::answering(200).await);
    let service = stage.start(store).await;
    let mut document = connected(&receiver.url(), &tokens);
    document["oauth"]["refreshToken"] = json!("first-of-all");
    subscribe(&service, "one", document).await;
    let report = service.test_subscription("one").await.expect("it is there");
    assert!(!report.succeeded);
    assert!(report.error.as_deref().is_some_and(|error| error.contains("cannot be kept")), "{report:?}");
    assert!(receiver.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_not_used_for_another_connection() {
    let stage = connected_stage();
    let (one, other) = (tokens(json!({})).await, tokens(json!({})).await);
    let receiver = Receiver::answering(200).await;
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    for (number, server) in [&one, &other].into_iter().enumerate() {
        subscribe(&service, "one", connected(&receiver.url(), server)).await;
        take(&service, &event(&format!("e-{number}"), "nav")).await;
        drained(&service).await;
    }
    assert_eq!((one.received().len(), other.received().len()), (1, 1));
}
