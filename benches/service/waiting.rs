//! `memory`, `start`: many deliveries that wait, what they hold, and how soon the first goes out after a start.

use std::sync::Arc;
use std::time::{Duration, Instant};

use flagpost::store::{Options, SqliteStore};
use serde_json::json;

use crate::engine::{Bench, subscribe};
use crate::feed::feed;
use crate::machine::{number, resident};
use crate::receiver::Receiver;

pub(crate) async fn memory() {
    let bench = Bench::new();
    let service = bench.start(bench.store()).await;
    // Nobody listens there: the breaker opens, and the queue stays on disk.
    subscribe(&service, "one", "http://127.0.0.1:9/", json!({})).await;
    let count = number("FLAGPOST_BENCH_WAITING", 100_000);
    println!("nothing waiting: {} MiB resident", resident("self"));
    feed(&service, 0, count).await;
    println!("{count} deliveries waiting: {} MiB resident", resident("self"));
    service.stop(Duration::from_secs(5)).await;
}

pub(crate) async fn start(receiver: &Receiver) {
    let bench = Bench::new();
    let count = number("FLAGPOST_BENCH_WAITING", 100_000);
    {
        let service = bench.start(bench.store()).await;
        subscribe(&service, "one", "http://127.0.0.1:9/", json!({})).await;
        feed(&service, 0, count).await;
        let patch = json!({"formValues": {"url": format!("http://{}/", receiver.address)}, "enabled": false});
        service.patch_subscription("one", patch, false).await.expect("it can be changed");
        service.patch_subscription("one", json!({"enabled": true}), false).await.expect("it can be switched on");
        service.stop(Duration::from_secs(5)).await;
    }
    let store = loop {
        match SqliteStore::open(&bench.folder.path().join("store.db"), Options::default()) {
            Ok(store) => break Arc::new(store),
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    drop(store);
    tokio::time::sleep(Duration::from_millis(200)).await;
    receiver.seen().await;
    let begun = Instant::now();
    let service = bench.start(bench.store()).await;
    let open = begun.elapsed();
    while receiver.seen().await["count"] == json!(0) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    println!("start with {count} deliveries waiting: ready after {open:?}, first delivery after {:?}", begun.elapsed());
    service.stop(Duration::from_secs(5)).await;
}
