//! `latency`: from before an event is handed in to its arrival, at a pace that leaves the machine idle.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::engine::{Bench, subscribe};
use crate::feed::{delivered, event, take};
use crate::machine::{at, flushes, number};
use crate::receiver::Receiver;

pub(crate) async fn latency(receiver: &Receiver) {
    let bench = Bench::new();
    let alone = flushes(bench.folder.path(), 1000);
    println!("a flush of 8 KiB alone, 200 a second: median {:.2} ms, p99 {:.2} ms", at(&alone, 0.5), at(&alone, 0.99));
    let service = bench.start(bench.store()).await;
    subscribe(&service, "one", &format!("http://{}/", receiver.address), json!({})).await;
    let mut every = tokio::time::interval(Duration::from_millis(5));
    let count = 200 * number("FLAGPOST_BENCH_SECONDS", 20);
    receiver.seen().await;
    for number in 0..count {
        every.tick().await;
        let service = Arc::clone(&service);
        tokio::spawn(async move { take(&service, &event(number, "web")).await });
    }
    delivered(&service, count).await;
    let mut latencies: Vec<u64> =
        serde_json::from_value(receiver.seen().await["latencies"].clone()).expect("a list of numbers");
    latencies.sort_unstable();
    println!(
        "200 a second, from before accept to arrival: median {:.2} ms, p99 {:.2} ms",
        at(&latencies, 0.5),
        at(&latencies, 0.99)
    );
    service.stop(Duration::from_secs(5)).await;
}
