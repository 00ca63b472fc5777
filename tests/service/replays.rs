//! Deliveries made once more, and policies tried on the past.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use flagpost::service::{JobState, PolicyRange, RangeOfReplays, ReplayKind, Service, ServiceError};
use flagpost::store::{
    Account, DeliveryFilter, DeliveryKey, MemoryStore, PageRequest, State, StoreError, SubscriptionId,
};
use serde_json::json;

use crate::between::{Asked, Between};
use crate::support::*;

async fn deliveries(service: &Service, state: State) -> Vec<u64> {
    let filter = DeliveryFilter { states: vec![state], ..DeliveryFilter::default() };
    let page = service.deliveries(filter, PageRequest::first(1000)).await.expect("a list");
    page.items.iter().map(|one| one.delivery.parse().expect("a number")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exact_replay_is_the_same_bytes_and_a_rerender_is_todays() {
    let (stage, receiver) = (Stage::new(), Receiver::answering(200).await);
    let service = stage.start(stage.sqlite()).await;
    subscribe(&service, "one", document(&receiver.url())).await;
    take(&service, &event("e-1", "nav")).await;
    drained(&service).await;
    let first = deliveries(&service, State::Delivered).await;
    integration(&stage.root(), "example", &manifest(&json!({}), false), r#"{"id": "{{_id}}", "new": true}"#);
    service.reload().await.expect("it can be read");
    let exact = service.replay(&first, ReplayKind::Exact).await.expect("it can be replayed");
    assert_eq!((exact.len(), exact[0].diff.as_deref()), (1, None));
    let received = receiver.wait_for(2).await;
    assert_eq!(received[1].body, received[0].body);
    assert_eq!(received[1].header("webhook-id"), received[0].header("webhook-id"));
    let again = service.replay(&first, ReplayKind::Rerender).await.expect("it can be replayed");
    let diff = again[0].diff.as_deref().expect("a difference");
    assert!(diff.contains("-  \"flag\": \"Flag nav\"") && diff.contains("+  \"new\": true"), "{diff}");
    let received = receiver.wait_for(3).await;
    assert_eq!(received[2].json(), json!({"id": "e-1", "new": true}));
    assert_ne!(received[2].header("webhook-id"), received[0].header("webhook-id"), "other bytes, another id");
    let unknown = service.replay(&[1 << 40], ReplayKind::Exact).await;
    assert!(matches!(unknown, Err(ServiceError::NotFound { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_still_waits_is_not_replayed() {
    let (stage, receiver) = (Stage::new(), Receiver::answering(503).await);
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    subscribe(&service, "one", document(&receiver.url())).await;
    take(&service, &event("e-1", "nav")).await;
    receiver.wait_for(1).await;
    let page = service.deliveries(DeliveryFilter::default(), PageRequest::first(10)).await.expect("a list");
    let number = page.items[0].delivery.parse().expect("a number");
    assert!(matches!(service.replay(&[number], ReplayKind::Exact).await, Err(ServiceError::Conflict(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_replays_all_dead_letters_of_a_range_and_a_dry_run_counts_them() {
    let stage = Stage::new();
    let receiver = Receiver::start(|_, before| Reply::Status(if before < 450 { 400 } else { 200 })).await;
    let service = stage.start(stage.sqlite()).await;
    let mut document = document(&receiver.url());
    document["profile"] = json!("kong");
    subscribe(&service, "one", document).await;
    for number in 0..450 {
        take(&service, &event(&format!("e-{number}"), "nav")).await;
    }
    drained(&service).await;
    assert_eq!(service.accounts().await.expect("the books").get(Account::Dead), 450);
    let range = |dry_run: bool| RangeOfReplays {
        subscription: Some("one".to_owned()),
        states: Vec::new(),
        from: None,
        until: None,
        kind: ReplayKind::Exact,
        rate: None,
        dry_run,
    };
    let counted = service.start_replay_job(range(true)).await.expect("it is fine");
    assert_eq!((counted.state, counted.progress.matched, counted.progress.replayed), (JobState::Completed, 450, 0));
    let job = service.start_replay_job(range(false)).await.expect("it is fine");
    assert_eq!(job.state, JobState::Accepted);
    until("the job to be through", || async {
        service.replay_job(&job.id).await.expect("it is there").state == JobState::Completed
    })
    .await;
    let done = service.replay_job(&job.id).await.expect("it is there").progress;
    assert_eq!((done.total, done.matched, done.replayed, done.skipped), (Some(450), 450, 450, 0));
    drained(&service).await;
    assert_eq!(receiver.received().len(), 900);
    let books = service.accounts().await.expect("the books");
    assert_eq!((books.get(Account::Replayed), books.get(Account::ReplaysDelivered)), (450, 450));
    assert!(books.balance());
    assert_eq!(service.replay_jobs().await.expect("a list").len(), 2);
    let wrong = RangeOfReplays { states: vec![State::Ready], rate: Some(0), ..range(false) };
    let Err(ServiceError::Invalid(mistakes)) = service.start_replay_job(wrong).await else { panic!("it is wrong") };
    assert_eq!(mistakes.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_keeps_to_its_rate_and_goes_on_after_a_stop() {
    let stage = Stage::new();
    let receiver = Receiver::start(|_, before| Reply::Status(if before < 30 { 400 } else { 200 })).await;
    let (store, clock) = (stage.sqlite(), OwnClock::start());
    let service = stage.start_at(Arc::clone(&store), clock.clone()).await;
    let mut document = document(&receiver.url());
    document["profile"] = json!("kong");
    subscribe(&service, "one", document).await;
    for number in 0..30 {
        take(&service, &event(&format!("e-{number}"), "nav")).await;
    }
    drained(&service).await;
    let range: RangeOfReplays =
        serde_json::from_value(json!({"kind": "rerender", "rate": 10})).expect("the range is fine");
    let job = service.start_replay_job(range).await.expect("it is fine");
    until("the first step", || async { service.replay_job(&job.id).await.expect("a job").progress.replayed == 10 })
        .await;
    Canary::beside(&service).await.sings().await;
    assert_eq!(service.replay_job(&job.id).await.expect("a job").progress.replayed, 10, "time stands still");
    clock.forward(Duration::from_secs(1));
    until("the next step", || async { service.replay_job(&job.id).await.expect("a job").progress.replayed == 20 })
        .await;
    service.stop(PATIENCE).await;
    let service = stage.start_at(store, clock.clone()).await;
    until("the rest", || async {
        clock.forward(Duration::from_secs(1));
        service.replay_job(&job.id).await.expect("a job").state == JobState::Completed
    })
    .await;
    drained(&service).await;
    assert_eq!(receiver.received().len(), 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_tried_on_what_came_before() {
    let service = Stage::new().start(Arc::new(MemoryStore::new())).await;
    for (number, (flag, environment)) in
        [("nav", "production"), ("nav", "test"), ("pay", "production")].iter().enumerate()
    {
        take(&service, &event_in(&format!("e-{number}"), flag, environment)).await;
    }
    let policy = [
        json!({"effect": "allow", "resources": ["proj/web:env/production:flag/*"], "actions": ["*"]}),
        json!({"effect": "deny", "resources": ["proj/web:env/*:flag/pay"]}),
    ];
    let run = service.policy_dry_run(&policy, PolicyRange::default()).await.expect("the policy is fine");
    assert_eq!((run.events, run.allowed, run.denied, run.unmatched), (3, 1, 1, 1));
    assert_eq!(run.decisions[0].statement, Some(2), "the newest first: it is denied");
    assert!(run.decisions[0].reason.starts_with("statement 2 denies"), "{}", run.decisions[0].reason);
    assert_eq!(run.decisions[2].resource, "proj/web:env/production:flag/nav");
    let wrong = service.policy_dry_run(&[json!({"effect": "perhaps"})], PolicyRange::default()).await;
    let Err(ServiceError::Invalid(mistakes)) = wrong else { panic!("it is wrong") };
    assert_eq!(mistakes[0].pointer, "/policy/0/effect");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_made_once_more_is_left_out_and_the_rest_is_made_in_one_step() {
    let (stage, receiver) = (Stage::new(), Receiver::answering(200).await);
    let (asked, bad) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(None)));
    let (log, refuses) = (Arc::clone(&asked), Arc::clone(&bad));
    let store = Between::stand(stage.sqlite(), move |_, asked| {
        let Asked::Replay(keys) = asked else { return None };
        log.lock().expect("no panic").push(keys.len());
        let bad = (*refuses.lock().expect("no panic"))?;
        keys.contains(&bad).then_some(StoreError::UnknownDelivery(bad))
    });
    let service = stage.start(store).await;
    for id in ["one", "two"] {
        subscribe(&service, id, document(&receiver.url())).await;
    }
    for number in 0..5 {
        take(&service, &event(&format!("e-{number}"), "nav")).await;
    }
    drained(&service).await;
    let of_one = DeliveryFilter { subscription: Some(SubscriptionId::from("one")), ..DeliveryFilter::default() };
    let page = service.deliveries(of_one, PageRequest::first(3)).await.expect("a list");
    *bad.lock().expect("no panic") = Some(DeliveryKey::new(page.items[2].delivery.parse().expect("a number")));
    service.remove_subscription("two").await.expect("it is there");
    let range = serde_json::from_value(json!({"kind": "exact", "states": ["delivered"]})).expect("the range is fine");
    let job = service.start_replay_job(range).await.expect("it is fine");
    until("the job to be through", || async {
        service.replay_job(&job.id).await.expect("it is there").state == JobState::Completed
    })
    .await;
    let done = service.replay_job(&job.id).await.expect("it is there").progress;
    assert_eq!((done.total, done.matched, done.replayed, done.skipped), (Some(10), 10, 4, 6));
    assert_eq!(*asked.lock().expect("no panic"), [5, 4], "the removed one is not asked for; the rest in one step");
    drained(&service).await;
    assert_eq!(receiver.received().len(), 14);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_jobs_are_forgotten_and_unfinished_ones_are_not() {
    let (stage, clock) = (Stage::new(), OwnClock::start());
    let receiver = Receiver::answering(200).await;
    let service = stage.start_at(Arc::new(MemoryStore::new()), clock.clone()).await;
    subscribe(&service, "one", document(&receiver.url())).await;
    for number in 0..3 {
        take(&service, &event(&format!("e-{number}"), "nav")).await;
    }
    drained(&service).await;
    let start = async |range| {
        clock.forward(Duration::from_millis(1));
        let range: RangeOfReplays = serde_json::from_value(range).expect("the range is fine");
        service.start_replay_job(range).await.expect("it is fine").id
    };
    // One a second, and no second passes.
    let unfinished = start(json!({"kind": "exact", "states": ["delivered"], "rate": 1})).await;
    let mut through = Vec::new();
    for _ in 0..205 {
        through.push(start(json!({"kind": "exact", "dryRun": true})).await);
    }
    let mut kept: Vec<String> = service.replay_jobs().await.expect("a list").into_iter().map(|job| job.id).collect();
    kept.reverse();
    assert_eq!(kept[0], unfinished, "it is older than any, and goes on");
    assert_eq!(kept[1..], through[5..], "the newest of those that are through stay");
}
