//! What is pinned when an event comes in, and what is taken anew at each sending.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use flagpost::store::{
    Decided, EventContent, Moment, NewEvent, NewVersion, Outcome, Planned, SourceId, SubscriptionId,
};
use serde_json::json;

use crate::between::{Asked, Between, busy};
use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_has_the_old_body_and_the_new_address_and_key() {
    let stage = Stage::new();
    let (old, new) = (Receiver::answering(503).await, Receiver::answering(200).await);
    let clock = OwnClock::start();
    let service = stage.start_at(stage.sqlite(), clock.clone()).await;
    subscribe(&service, "one", document(&old.url())).await;
    take(&service, &event("e-1", "nav")).await;
    let first = old.wait_for(1).await.remove(0);
    until("the attempt to be recorded", || async {
        service.subscription("one").await.expect("it is there").status.failures_in_a_row == 1
    })
    .await;
    // Another template, another key, another host, another policy.
    integration(&stage.root(), "example", &manifest(&json!({}), false), r#"{"new": "{{_id}}"}"#);
    let report = service.reload().await.expect("it can be read");
    assert_eq!(report.swapped, ["example"]);
    let patch = json!({"formValues": {"url": new.url(), "apiKey": "rotated-rotated"},
        "policy": [{"effect": "deny", "resources": ["*"]}]});
    service.patch_subscription("one", patch, false).await.expect("it can be changed");
    until("the retry", || async {
        clock.forward(Duration::from_secs(1));
        !new.received().is_empty()
    })
    .await;
    let second = new.received().remove(0);
    assert_eq!(second.body, first.body, "the body is pinned");
    assert_eq!(second.header("webhook-id"), first.header("webhook-id"));
    assert_eq!(second.header("x-api-key"), "rotated-rotated");
    assert_eq!(first.header("x-api-key"), "hush-hush-hush");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_switched_off_keeps_its_queue_and_what_is_removed_does_not() {
    let stage = Stage::new();
    let receiver = Receiver::start(|_, before| Reply::Status(if before == 0 { 503 } else { 200 })).await;
    let clock = OwnClock::start();
    let service = stage.start_at(stage.sqlite(), clock.clone()).await;
    subscribe(&service, "one", document(&receiver.url())).await;
    take(&service, &event("e-1", "nav")).await;
    until("the attempt to be recorded", || async {
        service.subscription("one").await.expect("it is there").status.failures_in_a_row == 1
    })
    .await;
    service.patch_subscription("one", json!({"enabled": false}), false).await.expect("it can be switched off");
    let canary = Canary::beside(&service).await;
    for _ in 0..20 {
        clock.forward(Duration::from_secs(60));
        canary.sings().await;
    }
    assert_eq!(receiver.received().len(), 1, "nothing is sent while it is off");
    assert_eq!(service.subscription("one").await.expect("it is there").status.waiting, 1);
    service.patch_subscription("one", json!({"enabled": true}), false).await.expect("it can be switched on");
    until("the retry", || async {
        clock.forward(Duration::from_secs(1));
        receiver.received().len() == 2
    })
    .await;
    service.remove_subscription("one").await.expect("it can be removed");
    take(&service, &event("e-2", "nav")).await;
    assert!(service.subscription("one").await.is_err());
    assert!(service.remove_subscription("one").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_live_keys_sign_and_a_rotated_key_takes_effect_at_the_next_attempt() {
    let stage = Stage::new();
    let receiver = Receiver::start(|_, before| Reply::Status(if before == 0 { 500 } else { 200 })).await;
    let clock = OwnClock::start();
    let service = stage.start_at(stage.sqlite(), clock.clone()).await;
    let (old, new) = ("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "whsec_/////////////////////w==");
    let mut with_keys = document(&receiver.url());
    with_keys["signing"] = json!({"secrets": [old, new]});
    with_keys["idHeader"] = json!("X-Event");
    subscribe(&service, "one", with_keys).await;
    take(&service, &event("e-1", "nav")).await;
    let first = receiver.wait_for(1).await.remove(0);
    let check = |received: &Received, keys: &[&str]| {
        let id = received.header("webhook-id");
        assert_eq!(received.header("x-event"), id);
        let seconds = received.header("webhook-timestamp").parse().expect("seconds");
        let expected: Vec<String> = keys
            .iter()
            .map(|key| {
                let key = flagpost::secret::Secret::new(*key);
                let scheme = flagpost::delivery::Scheme::StandardWebhooks;
                scheme.sign(&key, id, seconds, received.body.as_bytes()).expect("a key")
            })
            .collect();
        assert_eq!(received.header("webhook-signature"), expected.join(" "));
    };
    check(&first, &[old, new]);
    let patch = json!({"signing": {"secrets": [new]}});
    service.patch_subscription("one", patch, false).await.expect("it can be changed");
    until("the retry", || async {
        clock.forward(Duration::from_secs(1));
        receiver.received().len() == 2
    })
    .await;
    check(&receiver.received()[1], &[new]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_is_fetched_once_and_renewed_once_when_it_is_refused() {
    let stage = Stage::new();
    integration(&stage.root(), "connected", &manifest(&json!({}), true), TEMPLATE);
    let tokens = Receiver::start(|_, before| {
        let body = json!({"access_token": format!("token-{before}"), "expires_in": 3600}).to_string();
        Reply::Full(200, String::new(), body)
    })
    .await;
    let receiver = Receiver::start(|received, _| {
        Reply::Status(if received.header("authorization") == "Bearer token-0" && received.body.contains("e-3") {
            401
        } else {
            200
        })
    })
    .await;
    let service = stage.start(stage.sqlite()).await;
    let mut document = document(&receiver.url());
    document["integration"] = json!("connected");
    document["oauth"] = json!({"baseUri": "https://account.example", "tokenUrl": tokens.url(), "clientId": "client",
        "clientSecret": "deep-secret", "scopes": ["a", "b"]});
    subscribe(&service, "one", document).await;
    for number in 1..=3 {
        take(&service, &event(&format!("e-{number}"), "nav")).await;
        drained(&service).await;
    }
    assert_eq!(tokens.received().len(), 2, "one token, and another one when it was refused");
    let asked = &tokens.received()[0].body;
    assert!(asked.contains("grant_type=client_credentials") && asked.contains("scope=a+b"), "{asked}");
    let used: Vec<String> = receiver.received().iter().map(|one| one.header("authorization").to_owned()).collect();
    assert_eq!(used, ["Bearer token-0", "Bearer token-0", "Bearer token-0", "Bearer token-1"]);
    let status = service.subscription("one").await.expect("it is there").status;
    assert_eq!((status.delivered, status.dead), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_cannot_be_read_at_the_moment_is_waited_for() {
    let stage = Stage::new();
    let receiver = Receiver::start(|_, before| Reply::Status(if before == 0 { 503 } else { 200 })).await;
    let clock = OwnClock::start();
    let (refused, is_busy) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(true)));
    let (count, seen) = (Arc::clone(&refused), Arc::clone(&is_busy));
    let store = Between::stand(stage.sqlite(), move |_, asked| {
        let refuses = *asked == Asked::Version && seen.load(Ordering::SeqCst);
        count.fetch_add(usize::from(refuses), Ordering::SeqCst);
        refuses.then(busy)
    });
    let service = stage.start_at(store, clock.clone()).await;
    subscribe(&service, "one", document(&receiver.url())).await;
    take(&service, &event("e-1", "nav")).await;
    until("the attempt to be recorded", || async {
        service.subscription("one").await.expect("it is there").status.failures_in_a_row == 1
    })
    .await;
    service.patch_subscription("one", json!({"name": "First"}), false).await.expect("it can be changed");
    until("the store to be asked", || async {
        clock.forward(Duration::from_secs(1));
        refused.load(Ordering::SeqCst) > 0
    })
    .await;
    // Time stands still: whoever asked waits, and does not ask again and again.
    let canary = Canary::beside(&service).await;
    let before = refused.load(Ordering::SeqCst);
    canary.sings().await;
    assert!(refused.load(Ordering::SeqCst) <= before + 1);
    is_busy.store(false, Ordering::SeqCst);
    until("the retry", || async {
        clock.forward(Duration::from_secs(1));
        receiver.received().len() == 2
    })
    .await;
    drained(&service).await;
    assert_eq!(service.subscription("one").await.expect("it is there").status.dead, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_was_fine_when_it_was_put_is_delivered_under_stricter_checks() {
    let (stage, receiver) = (Stage::new(), Receiver::answering(200).await);
    let store = stage.sqlite();
    let service = stage.start(Arc::clone(&store)).await;
    subscribe(&service, "one", document(&receiver.url())).await;
    let id = SubscriptionId::from("one");
    let digest = store.subscription(id.clone()).await.expect("an answer").expect("it is there").current.integration;
    // As an older program may have stored it.
    let mut old = document(&receiver.url());
    old["retiredSetting"] = json!(true);
    old["policy"] = json!([{"resources": ["of a form that is no more"]}]);
    let content = old.to_string().into_bytes();
    let new = NewVersion { content, integration: digest };
    let now = Moment::from_millis(1_750_000_000_000);
    let version = store.put_subscription(id.clone(), new, now).await.expect("it is stored");
    let content = EventContent::new(SourceId::from("app"), "e-1", event("e-1", "nav"));
    let planned = Planned { integration: digest.expect("an integration"), ordering: None, due: None };
    let decided = vec![Decided { subscription: id, version, outcome: Outcome::Send(planned) }];
    let event = NewEvent { content: Arc::new(content), resources: vec![], decided, unlisted: 0 };
    store.accept(vec![event], now).await.expect("it is taken");
    assert_eq!(receiver.wait_for(1).await[0].json()["id"], json!("e-1"));
    drained(&service).await;
}
