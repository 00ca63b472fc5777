//! An event tells what was decided for every subscription that was there, also for those that were never asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flagpost::service::ReplayKind;
use flagpost::store::{MemoryStore, VerdictKind};
use serde_json::json;

use crate::between::{Asked, Between};
use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn every_subscription_that_was_there_has_a_verdict() {
    let (stage, receiver, clock) = (Stage::new(), Receiver::answering(200).await, OwnClock::start());
    let service = stage.start_at(Arc::new(MemoryStore::new()), clock.clone()).await;
    let of = |project: &str| {
        let mut document = document(&receiver.url());
        document["policy"] = json!([{"resources": [format!("proj/{project}:env/*:flag/*")], "actions": ["*"]}]);
        document
    };
    subscribe(&service, "web", of("web")).await;
    for number in 0..20 {
        subscribe(&service, &format!("other-{number:02}"), of(&format!("other-{number}"))).await;
    }
    clock.forward(std::time::Duration::from_secs(1));
    let taken = take(&service, &event("e-1", "nav")).await;
    clock.forward(std::time::Duration::from_secs(1));
    subscribe(&service, "later", of("later")).await;
    service.patch_subscription("other-03", json!({"name": "Three"}), false).await.expect("it can be changed");
    service.remove_subscription("other-04").await.expect("it can be removed");
    let event = service.event(taken.events[0].event.parse().expect("a number")).await.expect("the event");
    let verdicts = &event.summary.verdicts;
    assert_eq!((verdicts.len(), event.summary.unlisted), (20, 1), "the one that is gone is a number");
    let of = |id: &str| verdicts.iter().find(|verdict| verdict.subscription == id);
    assert_eq!(of("web").expect("it was asked").verdict.0, VerdictKind::Sent);
    let changed = of("other-03").expect("it was there");
    assert_eq!((changed.verdict.0, changed.version), (VerdictKind::NoAllow, 1));
    assert!(of("later").is_none() && of("other-04").is_none());
    assert!(!event.deliveries_truncated);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_with_more_deliveries_than_are_listed_says_so() {
    let (stage, receiver) = (Stage::new(), Receiver::answering(200).await);
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    subscribe(&service, "one", document(&receiver.url())).await;
    let taken = take(&service, &event("e-1", "nav")).await;
    drained(&service).await;
    let number = taken.events[0].event.parse().expect("a number");
    let first = service.event(number).await.expect("the event").deliveries[0].delivery.parse().expect("a number");
    service.replay(&[first; 1000], ReplayKind::Exact).await.expect("it can be replayed");
    let event = service.event(number).await.expect("the event");
    assert_eq!((event.deliveries.len(), event.deliveries_truncated), (1000, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_event_does_not_ask_for_every_version_since() {
    let (stage, clock) = (Stage::new(), OwnClock::start());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let store = Between::stand(Arc::new(MemoryStore::new()), move |_, asked| {
        count.fetch_add(usize::from(*asked == Asked::Version), Ordering::SeqCst);
        None
    });
    let service = stage.start_at(store, clock.clone()).await;
    let of = |project: usize| {
        let mut document = document("https://receiver.example/");
        document["policy"] = json!([{"resources": [format!("proj/other-{project}:env/*:flag/*")], "actions": ["*"]}]);
        document
    };
    for number in 0..20 {
        subscribe(&service, &format!("other-{number:02}"), of(number)).await;
    }
    let version = async |id: &str, number: u32| {
        clock.forward(Duration::from_secs(1));
        let name = json!({"name": format!("Name {number}")});
        service.patch_subscription(id, name, false).await.expect("it can be changed");
    };
    for number in 0..9 {
        version("other-03", number).await;
    }
    clock.forward(Duration::from_secs(1));
    let taken = take(&service, &event("e-1", "nav")).await;
    for number in 10..60 {
        version("other-03", number).await;
    }
    subscribe(&service, "later", of(20)).await;
    for number in 0..60 {
        version("later", number).await;
    }
    let event = taken.events[0].event.parse().expect("a number");
    let found = service.event(event).await.expect("the event").summary;
    assert_eq!((found.verdicts.len(), found.unlisted), (20, 0));
    let changed = found.verdicts.iter().find(|verdict| verdict.subscription == "other-03").expect("it was there");
    assert_eq!(changed.version, 10, "the last one from before the event");
    let looked_at = asked.swap(0, Ordering::SeqCst);
    assert!(looked_at <= 2 * 6, "{looked_at} versions of two subscriptions were looked at");
    // A document that is put once more as it was is no newer than it was.
    clock.forward(Duration::from_secs(1));
    for number in [0, 1] {
        let put = service.put_subscription(&format!("other-{number:02}"), of(number), false).await.expect("it is fine");
        assert_eq!(put.subscription.version, 1);
    }
    service.event(event).await.expect("the event");
    assert_eq!(asked.load(Ordering::SeqCst), looked_at, "only those that changed since are looked up");
}
