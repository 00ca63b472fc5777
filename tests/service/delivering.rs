//! The path of an event: taken, planned, delivered, settled; and what keeps one from being sent.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flagpost::service::{EventOutcome, Happening, ServiceError};
use flagpost::store::{Account, DeliveryFilter, MemoryStore, Options, PageRequest, SqliteStore, State, Store};
use serde_json::json;

use crate::support::*;

async fn is_delivered_and_settled(stage: &Stage, store: Arc<dyn Store>) {
    let receiver = Receiver::answering(204).await;
    let service = stage.start(store).await;
    subscribe(&service, "one", document(&receiver.url())).await;
    let report = take(&service, &event("e-1", "nav")).await;
    assert_eq!((report.events[0].outcome, report.events[0].deliveries), (EventOutcome::Accepted, 1));
    let received = &receiver.wait_for(1).await[0];
    assert_eq!(received.json(), json!({"id": "e-1", "flag": "Flag nav", "by": "ana@example.com"}));
    assert_eq!(received.header("x-api-key"), "hush-hush-hush");
    drained(&service).await;
    let page = service.deliveries(DeliveryFilter::default(), PageRequest::first(10)).await.expect("a list");
    assert_eq!((page.items.len(), page.items[0].state, page.items[0].attempts), (1, State::Delivered, 1));
    let number = page.items[0].delivery.parse().expect("a number");
    let detail = service.delivery(number).await.expect("the delivery");
    assert_eq!((detail.history.len(), detail.history[0].status), (1, Some(204)));
    assert!(detail.history[0].phases.first_byte.is_some());
    let view = service.subscription("one").await.expect("the subscription");
    assert_eq!((view.status.delivered, view.status.waiting, view.status.last_code), (1, 0, Some(204)));
    let books = service.accounts().await.expect("the books");
    assert!(books.balance());
    assert_eq!((books.get(Account::Events), books.get(Account::Delivered)), (1, 1));
    assert!(service.stop(Duration::from_secs(5)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_delivered_and_settled_in_memory() {
    is_delivered_and_settled(&Stage::new(), Arc::new(MemoryStore::new())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_delivered_and_settled_on_disk() {
    let stage = Stage::new();
    is_delivered_and_settled(&stage, stage.sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_is_delivered_once_and_other_bytes_under_its_id_are_a_conflict() {
    let (stage, receiver) = (Stage::new(), Receiver::answering(200).await);
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    subscribe(&service, "one", document(&receiver.url())).await;
    let first = take(&service, &event("e-1", "nav")).await;
    let again = take(&service, &event("e-1", "nav")).await;
    let other = take(&service, &event("e-1", "search")).await;
    let outcomes = [&first, &again, &other].map(|report| report.events[0].outcome);
    assert_eq!(outcomes, [EventOutcome::Accepted, EventOutcome::Seen, EventOutcome::Conflict]);
    assert!([&again, &other].iter().all(|report| report.events[0].event == first.events[0].event));
    drained(&service).await;
    assert_eq!(receiver.received().len(), 1);
    let detail = service.event(first.events[0].event.parse().expect("a number")).await.expect("the event");
    assert_eq!(detail.conflicts.len(), 1);
    assert_eq!(detail.deliveries.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_subscription_has_a_verdict_with_its_reason() {
    let (stage, receiver) = (Stage::new(), Receiver::answering(200).await);
    integration(&stage.root(), "empty", &manifest(&json!({}), false), "{{#if titleVerb}}{\"a\": 1}{{/if}}");
    let projects = json!({"templates": {"project": "templates/default.json.hbs"},
        "defaultPolicy": [{"effect": "allow", "resources": ["proj/*"], "actions": ["*"]}]});
    integration(&stage.root(), "projects", &manifest(&projects, false), TEMPLATE);
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    let with = |change: serde_json::Value| {
        let mut document = document(&receiver.url());
        for (key, value) in change.as_object().expect("an object") {
            document[key] = value.clone();
        }
        document
    };
    let deny = json!([{"resources": ["*"]}, {"effect": "deny", "resources": ["proj/web:env/*:flag/n*"]}]);
    subscribe(&service, "denied", with(json!({"policy": deny}))).await;
    subscribe(&service, "empty", with(json!({"integration": "empty"}))).await;
    subscribe(&service, "no-allow", with(json!({"policy": [{"resources": ["proj/other:env/*:flag/*"]}]}))).await;
    subscribe(&service, "no-template", with(json!({"integration": "projects", "policy": [{"resources": ["*"]}]})))
        .await;
    subscribe(&service, "paused", with(json!({"enabled": false}))).await;
    subscribe(&service, "sent", document(&receiver.url())).await;
    let report = take(&service, &event("e-1", "nav")).await;
    let detail = service.event(report.events[0].event.parse().expect("a number")).await.expect("the event");
    let told: Vec<(&str, &str)> =
        detail.summary.verdicts.iter().map(|verdict| (verdict.subscription.as_str(), verdict.verdict.name())).collect();
    let expected = ["denied", "empty-body", "no-allow", "no-template", "paused", "sent"];
    assert_eq!(told.iter().map(|(_, verdict)| *verdict).collect::<Vec<_>>(), expected);
    assert_eq!(detail.summary.verdicts[0].statement, Some(2));
    drained(&service).await;
    let books = service.accounts().await.expect("the books");
    assert!(books.balance());
    assert_eq!(books.get(Account::Decisions), 6);
    assert_eq!(receiver.received().len(), 1);
    let view = service.subscription("paused").await.expect("the subscription");
    assert_eq!(serde_json::to_value(view.status.observed).expect("a word"), json!("paused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn address_and_headers_have_what_the_event_says_though_its_body_is_at_hand() {
    let stage = Stage::new();
    let receiver = Receiver::answering(200).await;
    let endpoint = |url: String, value: &str| json!({"endpoint": {"url": url, "method": "POST", "headers": [{"name": "X-Flag", "value": value}]}});
    let of_address = endpoint(format!("{}/{{{{pathEncode context.key}}}}", receiver.url()), "steady");
    let of_header = endpoint(format!("{}/header", receiver.url()), "{{context.key}}");
    for (key, hook) in [("address", of_address), ("header", of_header)] {
        integration(&stage.root(), key, &manifest(&hook, false), TEMPLATE);
    }
    let service = stage.start(stage.sqlite()).await;
    for key in ["address", "header"] {
        let mut document = document("https://unused.example");
        document["integration"] = json!(key);
        subscribe(&service, key, document).await;
    }
    take(&service, &event("e-1", "nav")).await;
    let mut received = receiver.wait_for(2).await;
    received.sort_by(|a, b| a.target.cmp(&b.target));
    let seen: Vec<(&str, &str)> = received.iter().map(|one| (one.target.as_str(), one.header("x-flag"))).collect();
    assert_eq!(seen, [("/hook/header", "nav"), ("/hook/nav", "steady")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_not_there_is_told_with_the_near_one() {
    let service = Stage::new().start(Arc::new(MemoryStore::new())).await;
    let Err(ServiceError::NotFound { help, .. }) = service.take("apps", request(b"{}")).await else {
        panic!("there is no such source");
    };
    assert_eq!(help.as_deref(), Some("app"));
    assert!(matches!(service.take("app", request(b"{")).await, Err(ServiceError::Rejected(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_attempt_is_made_again_when_it_is_due_with_the_same_id() {
    let stage = Stage::new();
    let receiver = Receiver::start(|_, before| Reply::Status(if before < 2 { 503 } else { 200 })).await;
    let clock = OwnClock::start();
    let service = stage.start_at(stage.sqlite(), clock.clone()).await;
    let canary = Canary::beside(&service).await;
    let mut happenings = service.happenings();
    subscribe(&service, "one", document(&receiver.url())).await;
    take(&service, &event("e-1", "nav")).await;
    let mut pauses = Vec::new();
    while pauses.len() < 3 {
        let happening =
            tokio::time::timeout(PATIENCE, happenings.recv()).await.expect("it comes").expect("it is heard");
        if let Happening::Attempted { next, ended, subscription, .. } = happening
            && subscription.as_str() == "one"
        {
            pauses.push((ended, next));
            if let Some(next) = next {
                let due = pauses.len();
                // Before its time, nothing is sent.
                clock.walk(next / 2).await;
                canary.sings().await;
                assert_eq!(receiver.received().len(), due);
                until("the next attempt", || async {
                    clock.forward(next / 100);
                    receiver.received().len() > due
                })
                .await;
            }
        }
    }
    let seconds = |pause: u64| Some(Duration::from_secs(pause));
    assert_eq!(pauses, [("retry", seconds(5)), ("retry", seconds(300)), ("delivered", None)]);
    let received = receiver.received();
    let ids: Vec<&str> = received.iter().map(|one| one.header("webhook-id")).collect();
    assert!(ids[0].starts_with("msg_") && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_ne!(received[0].header("webhook-timestamp"), received[1].header("webhook-timestamp"));
    assert!(received.iter().all(|one| one.body == received[0].body));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_switches_its_subscription_off() {
    let (stage, receiver) = (Stage::new(), Receiver::answering(410).await);
    let service = stage.start(stage.sqlite()).await;
    subscribe(&service, "one", document(&receiver.url())).await;
    take(&service, &event("e-1", "nav")).await;
    until("it to be switched off", || async {
        !service.subscription("one").await.expect("the subscription").status.enabled
    })
    .await;
    let status = service.subscription("one").await.expect("the subscription").status;
    assert!(status.reason.expect("a reason").contains("410"));
    assert_eq!((status.dead, status.waiting), (1, 0));
    take(&service, &event("e-2", "nav")).await;
    let books = service.accounts().await.expect("the books");
    assert_eq!((books.get(Account::Paused), receiver.received().len()), (1, 1));
    // Switched on again by hand, it is served again, and the reason is gone.
    service.patch_subscription("one", json!({"enabled": true}), false).await.expect("it can be switched on");
    take(&service, &event("e-3", "nav")).await;
    receiver.wait_for(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_at_a_stop_is_delivered_after_the_next_start() {
    let stage = Stage::new();
    let well = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&well);
    let receiver =
        Receiver::start(move |_, _| if seen.load(Ordering::SeqCst) { Reply::Status(200) } else { Reply::Silence })
            .await;
    let service = stage.start(stage.sqlite()).await;
    subscribe(&service, "one", document(&receiver.url())).await;
    for number in 0..10 {
        take(&service, &event(&format!("e-{number}"), "nav")).await;
    }
    receiver.wait_for(1).await;
    assert!(!service.stop(Duration::from_millis(50)).await, "the attempts hang");
    assert!(matches!(service.take("app", request(&event("e-x", "nav"))).await, Err(ServiceError::Refused(_))));
    let hung = receiver.received().len();
    drop(service);
    well.store(true, Ordering::SeqCst);
    // The store's lock is free once the last task of the old service has gone.
    let file = stage.folder.path().join("store.db");
    let mut opened = None;
    until("the store to be free", || {
        opened = SqliteStore::open(&file, Options::default()).ok();
        let free = opened.is_some();
        async move { free }
    })
    .await;
    let service = stage.start(Arc::new(opened.expect("it is open"))).await;
    drained(&service).await;
    let ids: BTreeSet<String> = receiver.received()[hung..].iter().map(|one| one.json()["id"].to_string()).collect();
    assert_eq!(
        (ids.len(), receiver.received().len() - hung),
        (10, 10),
        "each of them once more, and no more than that"
    );
}
