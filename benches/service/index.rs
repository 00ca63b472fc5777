//! `index`: what an event costs by how many subscriptions there are that do not want it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use flagpost::store::MemoryStore;
use serde_json::json;

use crate::engine::{Bench, subscribe};
use crate::feed::{event, take};

pub(crate) async fn index() {
    for (subscriptions, matching) in [(10, 10), (1000, 10), (10_000, 10)] {
        let bench = Bench::new();
        let service = bench.start(Arc::new(MemoryStore::new())).await;
        for number in 0..subscriptions {
            let project = if number < matching { "web".to_owned() } else { format!("p-{number}") };
            let policy = json!([{"resources": [format!("proj/{project}:env/*:flag/*")]}]);
            let change = json!({"policy": policy, "enabled": false});
            subscribe(&service, &format!("s-{number}"), "http://127.0.0.1:9/", change).await;
            if number > 1000 && number % 1000 == 0 && subscriptions > 1000 {
                println!("  … {number} subscriptions");
            }
        }
        let begun = Instant::now();
        let count = 2000;
        for number in 0..count {
            take(&service, &event(number, "web")).await;
        }
        let each = begun.elapsed() / u32::try_from(count).unwrap_or(1);
        println!("{subscriptions} subscriptions, {matching} of them meant: {each:?} to plan and accept an event");
        service.stop(Duration::from_secs(5)).await;
    }
}
