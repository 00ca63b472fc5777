//! `bare`: the limits. A client, and our sender, that do nothing but post into the receiver.

use std::sync::Arc;
use std::time::{Duration, Instant};

use flagpost::delivery::{AddressGuard, Exchange as _, Limits, Sender, SystemResolver};
use flagpost::outbound::OutboundRequest;

use crate::feed::repeated;
use crate::machine::{number, processor, told};
use crate::program::client;
use crate::receiver::Receiver;

pub(crate) async fn bare(receiver: &Receiver) {
    limit(receiver, 64).await;
    limit(receiver, 256).await;
    let count = number("FLAGPOST_BENCH_EVENTS", 100_000);
    let sender = Arc::new(Sender::new(AddressGuard::allowing_private(), SystemResolver, Limits::default()));
    let request = Arc::new(OutboundRequest {
        method: "POST".into(),
        url: format!("http://{}/", receiver.address),
        headers: vec![("Content-Type".into(), "application/json".into())],
        body: "x".repeat(900),
        signing: None,
        skip_certificate_check: false,
    });
    let (begun, used) = (Instant::now(), processor());
    repeated(64, count, move || {
        let (sender, request) = (Arc::clone(&sender), Arc::clone(&request));
        async move {
            let answer = sender.exchange(&request, &request.headers, Duration::from_secs(5)).await;
            answer.expect("it answers");
        }
    })
    .await;
    told("our sender alone, 64 connections", count, begun.elapsed(), processor() - used);
}

/// The limit that everything is compared with: one reqwest client that does nothing else.
async fn limit(receiver: &Receiver, connections: usize) {
    let count = number("FLAGPOST_BENCH_EVENTS", 100_000);
    let client = client();
    let (url, body) = (format!("http://{}/", receiver.address), "x".repeat(900));
    let (begun, used) = (Instant::now(), processor());
    repeated(connections, count, move || {
        let request = client.post(&url).header("content-type", "application/json").body(body.clone());
        async move {
            let answer = request.send().await.expect("it answers");
            answer.bytes().await.expect("it answers whole");
        }
    })
    .await;
    told(&format!("reqwest alone, {connections} connections"), count, begun.elapsed(), processor() - used);
}
