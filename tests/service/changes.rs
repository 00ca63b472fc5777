//! Changes happen whole, whoever leaves, switches off or asks for something else meanwhile.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use flagpost::service::{Happening, ServiceError};
use flagpost::store::{MemoryStore, Moment, Retention, Store, SubscriptionId};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::between::{Asked, Between, busy};
use crate::support::*;

/// Asks for something and leaves at once.
async fn ask_and_leave(asked: impl Future) {
    let mut asked = pin!(asked);
    poll_fn(|context| {
        let _ = asked.as_mut().poll(context);
        Poll::Ready(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_goes_on_to_its_end_when_whoever_asked_for_it_leaves() {
    let (stage, receiver) = (Stage::new(), Receiver::answering(200).await);
    let service = stage.start(stage.sqlite()).await;
    ask_and_leave(service.put_subscription("one", document(&receiver.url()), false)).await;
    until("it to be served", || async { service.subscription("one").await.is_ok() }).await;
    ask_and_leave(service.patch_subscription("one", json!({"enabled": false}), false)).await;
    until("it to be off", || async { !service.subscription("one").await.expect("it is there").status.enabled }).await;
    ask_and_leave(service.remove_subscription("one")).await;
    until("it to be gone", || async { service.subscription("one").await.is_err() }).await;
    let range = serde_json::from_value(json!({"kind": "exact"})).expect("a range");
    ask_and_leave(service.start_replay_job(range)).await;
    until("the job to be through", || async {
        let jobs = service.replay_jobs().await.expect("a list");
        jobs.first().is_some_and(|job| job.state == flagpost::service::JobState::Completed)
    })
    .await;
}

/// Whether a subscription is on in a store that answers at once.
fn is_on(store: &dyn Store, id: &SubscriptionId) -> Option<bool> {
    let mut asked = pin!(store.subscription(id.clone()));
    match asked.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer.expect("an answer").map(|stored| stored.enabled),
        Poll::Pending => panic!("this store answers at once"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_to_be_off_is_never_on() {
    let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let found = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&found);
    let store = Between::stand(Arc::clone(&inner), move |inner, asked| {
        if let Asked::PutSubscription(id) = asked {
            seen.lock().expect("no panic").push(is_on(inner, id));
        }
        None
    });
    let service = Stage::new().start(store).await;
    let id = SubscriptionId::from("one");
    subscribe(&service, "one", document("https://receiver.example/")).await;
    for (enabled, name) in [(false, "Off"), (true, "On")] {
        let patch = json!({"enabled": enabled, "name": name});
        service.patch_subscription("one", patch, false).await.expect("it is fine");
        assert_eq!(is_on(&*inner, &id), Some(enabled));
    }
    assert_eq!(*found.lock().expect("no panic"), [None, Some(false), Some(false)], "as each version is put");
    let mut off = document("https://receiver.example/");
    off["enabled"] = json!(false);
    subscribe(&service, "two", off).await;
    assert_eq!(is_on(&*inner, &SubscriptionId::from("two")), Some(false));
    assert!(!service.subscription("two").await.expect("it is there").status.enabled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_while_its_subscription_is_changed_stays_switched_off() {
    let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let gone = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&gone);
    let store = Between::stand(Arc::clone(&inner), move |inner, asked| {
        if let Asked::PutSubscription(id) = asked
            && seen.load(Ordering::SeqCst)
        {
            drop(inner.switch(id.clone(), false, Some("it is gone".to_owned())));
        }
        None
    });
    let stage = Stage::new();
    let service = stage.start(store).await;
    subscribe(&service, "one", document("https://receiver.example/")).await;
    gone.store(true, Ordering::SeqCst);
    let mut named = document("https://receiver.example/");
    named["name"] = json!("First");
    let status = service.put_subscription("one", named, false).await.expect("it is fine").subscription.status;
    assert_eq!((status.enabled, status.reason.as_deref()), (false, Some("it is gone")));
    // The same while its integration is swapped.
    gone.store(false, Ordering::SeqCst);
    service.patch_subscription("one", json!({"enabled": true}), false).await.expect("it is fine");
    assert!(service.subscription("one").await.expect("it is there").status.enabled);
    gone.store(true, Ordering::SeqCst);
    integration(&stage.root(), "example", &manifest(&json!({}), false), r#"{"new": "{{_id}}"}"#);
    service.reload().await.expect("it can be read");
    let status = service.subscription("one").await.expect("it is there").status;
    assert_eq!((status.enabled, status.reason.as_deref()), (false, Some("it is gone")));
}

#[tokio::test(flavor = "multi_thread")]
async fn why_it_was_switched_off_is_told_as_long_as_it_is_off() {
    let (stage, receiver) = (Stage::new(), Receiver::answering(410).await);
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    let mut document = document(&receiver.url());
    document["profile"] = json!("standard-webhooks");
    subscribe(&service, "one", document).await;
    take(&service, &event("e-1", "nav")).await;
    until("it to be off", || async { !service.subscription("one").await.expect("it is there").status.enabled }).await;
    let named = service.patch_subscription("one", json!({"name": "First"}), false).await.expect("it is fine");
    assert!(named.subscription.status.reason.is_some_and(|reason| reason.contains("410")));
    let on = service.patch_subscription("one", json!({"enabled": true}), false).await.expect("it is fine");
    assert_eq!((on.subscription.status.enabled, on.subscription.status.reason), (true, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_holds_up_no_other_change_and_what_changes_meanwhile_is_a_conflict() {
    let (stage, permits) = (Stage::new(), Arc::new(Semaphore::new(0)));
    let held = Arc::clone(&permits);
    let slow = Receiver::start(move |_, _| Reply::Held(200, Arc::clone(&held))).await;
    let service = Arc::new(stage.start(Arc::new(MemoryStore::new())).await);
    let (asking, url) = (Arc::clone(&service), slow.url());
    let asked = tokio::spawn(async move { asking.put_subscription("one", document(&url), true).await });
    slow.wait_for(1).await;
    let other = service.put_subscription("one", document("https://other.example/"), false);
    let other = tokio::time::timeout(PATIENCE / 4, other).await.expect("nobody waits for a receiver");
    assert!(other.expect("it is fine").created);
    permits.add_permits(1);
    let late = asked.await.expect("no panic");
    assert!(matches!(&late, Err(ServiceError::Conflict(why)) if why.contains("during the test")), "{late:?}");
    let view = service.subscription("one").await.expect("it is there");
    assert_eq!((view.version, &view.document["formValues"]["url"]), (1, &json!("https://other.example/")));
    // Without a change meanwhile it is stored.
    permits.add_permits(1);
    let put = service.put_subscription("one", document(&slow.url()), true).await.expect("it is fine");
    assert!(put.test.is_some_and(|test| test.succeeded) && put.subscription.version == 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_keeps_a_change_from_being_stored_tells_what_was_answered() {
    let stage = Stage::new();
    let receiver =
        Receiver::start(|_, _| Reply::Full(403, String::new(), "no: hush-hush-hush is unknown".to_owned())).await;
    let endpoint = json!({"url": receiver.url(), "method": "POST",
        "headers": [{"name": "X-Api-Key", "value": "{{apiKey}}"}]});
    let hook = json!({"endpoint": endpoint, "includeErrorResponseBody": true});
    integration(&stage.root(), "open", &manifest(&hook, false), TEMPLATE);
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    let mut document = document(&receiver.url());
    document["integration"] = json!("open");
    let refused = service.put_subscription("one", document, true).await;
    let Err(ServiceError::Refused(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("403") && why.contains("no: [secret] is unknown"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_could_not_be_taken_over_holds_up_no_other_and_is_at_the_next_look() {
    let (stage, receiver) = (Stage::new(), Receiver::answering(200).await);
    let fails = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&fails);
    let store = Between::stand(Arc::new(MemoryStore::new()), move |_, asked| {
        let of_one = *asked == Asked::PutSubscription(SubscriptionId::from("one"));
        (of_one && seen.load(Ordering::SeqCst)).then(busy)
    });
    let service = stage.start(store).await;
    for id in ["one", "two"] {
        subscribe(&service, id, document(&receiver.url())).await;
    }
    let mut happenings = service.happenings();
    fails.store(true, Ordering::SeqCst);
    integration(&stage.root(), "example", &manifest(&json!({}), false), r#"{"new": "{{_id}}"}"#);
    let failed = service.reload().await;
    assert!(matches!(failed, Err(ServiceError::Unavailable(_))), "{failed:?}");
    assert!(matches!(happenings.try_recv(), Ok(Happening::Swapped { .. })), "what is in use is told");
    let version = async |id: &str| service.subscription(id).await.expect("it is there").version;
    assert_eq!((version("one").await, version("two").await), (1, 2));
    fails.store(false, Ordering::SeqCst);
    assert_eq!(service.reload().await.expect("it can be read").unchanged, 1);
    assert_eq!((version("one").await, version("two").await), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_integration_that_nobody_used_for_a_while_can_be_subscribed_to() {
    let (stage, receiver) = (Stage::new(), Receiver::answering(200).await);
    integration(&stage.root(), "other", &manifest(&json!({}), false), r#"{"other": "{{_id}}"}"#);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let service = stage.start(Arc::clone(&store)).await;
    subscribe(&service, "one", document(&receiver.url())).await;
    take(&service, &event("e-1", "nav")).await;
    drained(&service).await;
    let done = store.upkeep(Retention::default(), Moment::from_millis(0)).await.expect("it can be done");
    assert_eq!(done.versions, 1, "the one that nobody uses");
    let mut second = document(&receiver.url());
    second["integration"] = json!("other");
    subscribe(&service, "two", second).await;
    take(&service, &event("e-2", "nav")).await;
    let bodies: Vec<String> = receiver.wait_for(3).await.into_iter().map(|one| one.body).collect();
    assert!(bodies.iter().any(|body| body == r#"{"other": "e-2"}"#), "{bodies:?}");
}
