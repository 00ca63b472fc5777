//! Events, and how they are handed in: by so many at once, until they are delivered.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use flagpost::service::Service;
use flagpost::source::Request;
use flagpost::store::Account;
use serde_json::json;

use crate::machine::nanoseconds;

/// Requests that hand events in at once.
pub(crate) const TAKERS: usize = 64;

pub(crate) fn event(number: u64, project: &str) -> Vec<u8> {
    json!({
        "_id": format!("event-{number}-sent-at-{}", nanoseconds()), "kind": "flag", "key": "nav", "name": "Navigation",
        "verbKind": "updateOn", "tags": [], "timestamp": {"milliseconds": 1_749_000_000_000_i64},
        "member": {"email": "ana@example.com"}, "comment": "x".repeat(700),
        "project": {"key": project, "name": "Web", "tags": [],
            "environment": {"key": "production", "name": "Production", "tags": []}},
    })
    .to_string()
    .into_bytes()
}

pub(crate) async fn take(service: &Service, body: &[u8]) {
    let request = Request { headers: &[], token: None, body, received_at_milliseconds: 1_750_000_000_000 };
    service.take("app", request).await.expect("it is taken");
}

/// Hands so many events in, from many callers at once.
pub(crate) async fn feed(service: &Arc<Service>, first: u64, count: u64) {
    let next = Arc::new(AtomicU64::new(first));
    let takers: Vec<_> = (0..TAKERS)
        .map(|_| {
            let (service, next) = (Arc::clone(service), Arc::clone(&next));
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= first + count {
                        return;
                    }
                    take(&service, &event(number, "web")).await;
                }
            })
        })
        .collect();
    for taker in takers {
        taker.await.expect("a taker broke");
    }
}

pub(crate) async fn delivered(service: &Service, count: u64) {
    while service.accounts().await.expect("the books").get(Account::Delivered) < count {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Has so many callers do one thing after another, so often in all.
pub(crate) async fn repeated<F, D>(callers: usize, count: u64, act: F)
where
    F: Fn() -> D + Send + Sync + 'static,
    D: Future<Output = ()> + Send,
{
    let (act, next) = (Arc::new(act), Arc::new(AtomicU64::new(0)));
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            let (act, next) = (Arc::clone(&act), Arc::clone(&next));
            tokio::spawn(async move {
                while next.fetch_add(1, Ordering::Relaxed) < count {
                    act().await;
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("a caller broke");
    }
}
