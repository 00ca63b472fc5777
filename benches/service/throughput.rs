//! `one`, `ten`: what is accepted, durable, signed and delivered in a second. `hanging`: what a receiver that never
//! answers takes from nine that do.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::engine::{Bench, subscribe};
use crate::feed::{delivered, feed};
use crate::machine::{self, processor, told};
use crate::receiver::Receiver;

pub(crate) async fn throughput(receiver: &Receiver, subscriptions: u64) {
    let bench = Bench::new();
    let service = bench.start(bench.store()).await;
    for number in 0..subscriptions {
        let most = machine::number("FLAGPOST_BENCH_CONCURRENCY", 0);
        let change = if most > 0 { json!({"concurrency": most}) } else { json!({}) };
        subscribe(&service, &format!("s-{number}"), &format!("http://{}/{number}", receiver.address), change).await;
    }
    let count = machine::number("FLAGPOST_BENCH_EVENTS", 100_000) / subscriptions;
    feed(&service, 0, count / 10).await;
    delivered(&service, count / 10 * subscriptions).await;
    let (begun, used) = (Instant::now(), processor());
    feed(&service, count, count).await;
    delivered(&service, (count / 10 + count) * subscriptions).await;
    let what = format!("{subscriptions} subscription(s), accepted, durable, signed and delivered; deliveries");
    told(&what, count * subscriptions, begun.elapsed(), processor() - used);
    service.stop(Duration::from_secs(5)).await;
}

pub(crate) async fn hanging(receiver: &Receiver) {
    let mut rates = [0.0; 2];
    // In turns, and the first turn is not counted, so that neither has the warmer machine.
    for round in 0..3 {
        for hang in [false, true] {
            let bench = Bench::new();
            let service = bench.start(bench.store()).await;
            for number in 0..9 {
                let url = format!("http://{}/{number}", receiver.address);
                subscribe(&service, &format!("s-{number}"), &url, json!({})).await;
            }
            if hang {
                subscribe(&service, "hangs", &format!("http://{}/hang", receiver.address), json!({})).await;
            }
            let count = machine::number("FLAGPOST_BENCH_EVENTS", 100_000) / 20;
            let begun = Instant::now();
            feed(&service, 0, count).await;
            delivered(&service, count * 9).await;
            if round > 0 {
                rates[usize::from(hang)] += count as f64 * 9.0 / begun.elapsed().as_secs_f64() / 2.0;
            }
            service.stop(Duration::from_millis(10)).await;
        }
    }
    println!(
        "nine receivers: {:.0} deliveries a second alone, {:.0} beside one that hangs ({:.1} %)",
        rates[0],
        rates[1],
        rates[1] / rates[0] * 100.0
    );
}
