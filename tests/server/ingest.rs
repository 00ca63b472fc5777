//! Events in: each platform's bytes through its own source to a delivery.

use std::io::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value as Json, json};

use super::support::{Receiver, Running, Start, document, event};

pub(crate) fn signed(body: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"source-secret").expect("any key fits");
    mac.update(body.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_accepted_once_seen_again_and_contradicted() {
    let server = Running::start().await;
    let receiver = Receiver::start().await;
    assert_eq!(server.put("/v1/subscriptions/acme", &document(&receiver.url)).await.status, 201);

    let first = server.ask("POST", "/v1/sources/everyone/events", Some(&event("one"))).await;
    assert_eq!(first.status, 202, "{}", first.text);
    let first = first.json();
    assert_eq!((&first["events"][0]["outcome"], &first["events"][0]["deliveries"]), (&json!("accepted"), &json!(1)));

    let again = server.ask("POST", "/v1/sources/everyone/events", Some(&event("one"))).await;
    assert_eq!(again.status, 202);
    assert_eq!(again.json()["events"][0]["outcome"], "seen");
    assert_eq!(again.json()["events"][0]["event"], first["events"][0]["event"]);

    let other = event("one").replace("basket", "casket");
    let conflict = server.ask("POST", "/v1/sources/everyone/events", Some(&other)).await;
    assert_eq!(conflict.status, 409);
    assert_eq!(conflict.json()["events"][0]["outcome"], "conflict");

    assert_eq!(receiver.until(1).await.len(), 1);
    let number = first["events"][0]["event"].as_str().expect("a number").to_owned();
    let detail =
        server.until(&format!("/v1/events/{number}"), |event| event["deliveries"][0]["state"] == "delivered").await;
    assert_eq!(detail["conflicts"].as_array().map(Vec::len), Some(1));
    assert_eq!(detail["verdicts"][0]["verdict"], "sent");
    let books = server.get("/v1/accounts").await.json();
    assert_eq!((&books["events"], &books["repeats"], &books["conflicts"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(books["balance"], true);
    assert_eq!(receiver.got.lock().expect("nobody panicked").len(), 1, "a repeat is not delivered again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_source_lets_nobody_in_without_a_signature_and_asks_for_no_token() {
    let source = json!({"key": "ld", "kind": "launchdarkly", "secrets": "source-secret"});
    let mut server = Start { sources: vec![source], ..Default::default() }.run().await;
    server.token(&[]).await;
    server.token = None;
    let body = event("signed");
    let path = "/v1/sources/ld/events";
    let taken = server.ask_with("POST", path, Some(&body), &[("x-ld-signature", &signed(&body))]).await;
    assert_eq!(taken.status, 202, "{}", taken.text);
    assert_eq!(server.ask("POST", path, Some(&body)).await.status, 401);
    let mut flipped = body.clone().into_bytes();
    let at = body.find("basket").expect("it is in the sample");
    flipped[at] ^= 1;
    let flipped = String::from_utf8(flipped).expect("it stays text");
    let refused = server.ask_with("POST", path, Some(&flipped), &[("x-ld-signature", &signed(&body))]).await;
    assert_eq!(refused.status, 401);
    assert!(!refused.text.contains("source-secret"));
    assert_eq!(server.service.accounts().await.expect("the books").get(flagpost::store::Account::Events), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_known_sender_sends_and_nobody_can_use_is_a_failure_with_its_reason() {
    let source = json!({"key": "ld", "kind": "launchdarkly", "secrets": "source-secret"});
    let server = Start { sources: vec![source], ..Default::default() }.run().await;
    let path = "/v1/sources/ld/events";
    let mut happenings = server.service.happenings();
    for (body, status, reason) in [
        ("{}", 422, "it has no `kind`"),
        (r#"{"kind":"flag"}"#, 422, "it has no `_id`"),
        ("[]", 422, "not an object"),
        ("[1,", 400, "this is not JSON"),
    ] {
        let answer = server.ask_with("POST", path, Some(body), &[("x-ld-signature", &signed(body))]).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        let told = answer.json();
        let told = if status == 422 { &told["failures"][0]["reason"] } else { &told["detail"] };
        assert!(told.as_str().is_some_and(|told| told.contains(reason)), "{body}: {}", answer.text);
        let heard = happenings.try_recv().expect("each is told");
        let flagpost::service::Happening::Taken { failed: 1, reason: Some(heard), .. } = heard else {
            panic!("{heard:?}")
        };
        assert!(heard.contains(reason), "{heard}");
    }
    assert_eq!(server.ask("POST", path, Some("{}")).await.status, 401);
    server.until_metric("flagpost_source_entries_total{outcome=\"failed\"} 4").await;
    server.until_metric("flagpost_source_entries_total{outcome=\"refused\"} 1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_the_address_serves_senders_that_can_set_no_header() {
    let source = json!({"key": "split", "kind": "split", "project": "web", "tokens": "t0ken+x"});
    let server = Start { sources: vec![source], ..Default::default() }.run().await;
    let body = json!({"name": "nav", "type": "split", "changeNumber": 1, "time": 1_718_882_560_440_i64,
        "definition": "", "description": "d", "link": null, "environmentName": "prod", "environmentId": "e",
        "editor": "a@example.com", "previous": null})
    .to_string();
    let taken = server.ask("POST", "/v1/sources/split/events?token=t0ken%2Bx", Some(&body)).await;
    assert_eq!(taken.status, 200, "Split takes nothing else for success: {}", taken.text);
    assert_eq!(server.ask("POST", "/v1/sources/split/events?token=other", Some(&body)).await.status, 401);
    assert_eq!(server.ask("POST", "/v1/sources/split/events", Some(&body)).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_entry_takes_no_good_one_with_it() {
    let source = json!({"key": "any", "kind": "generic", "mapping": {"id": "/id", "kind": "/kind", "action": "/verb"}});
    let server = Start { sources: vec![source], ..Default::default() }.run().await;
    let body = "{\"id\":\"1\",\"kind\":\"flag\",\"verb\":\"on\"}\nnonsense\n{\"id\":\"2\",\"kind\":\"flag\",\"verb\":\"on\"}\n";
    let answer = server.ask("POST", "/v1/sources/any/events", Some(body)).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let report = answer.json();
    let ids: Vec<&str> = report["events"].as_array().expect("a list").iter().filter_map(|e| e["id"].as_str()).collect();
    assert_eq!(ids, ["1", "2"]);
    assert_eq!((&report["failures"][0]["index"], &report["failures"][0]["line"]), (&json!(1), &json!(2)));
    let nothing = server.ask("POST", "/v1/sources/any/events", Some("nonsense\nmore\n")).await;
    assert_eq!(nothing.status, 422, "{}", nothing.text);
    // One of the first request, two of the second.
    server.until_metric("flagpost_source_entries_total{outcome=\"failed\"} 3").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn packed_and_large_bodies_are_taken_like_small_ones() {
    let source = json!({"key": "any", "kind": "generic", "mapping": {"id": "/id", "kind": "/kind", "action": "/verb"}});
    let server = Start { sources: vec![source], ..Default::default() }.run().await;
    let line =
        |id: usize| format!("{{\"id\":\"{id}\",\"kind\":\"flag\",\"verb\":\"on\",\"pad\":\"{}\"}}\n", "x".repeat(200));
    let batch: String = (0..1000).map(line).collect();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(batch.as_bytes()).expect("it packs");
    let packed = packer.finish().expect("it packs");
    let headers = [("content-encoding", "gzip")];
    let answer = server.send("POST", "/v1/sources/any/events", Some(packed), &headers).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let plain = server.send("POST", "/v1/sources/any/events", Some(batch.into_bytes()), &[]).await.json();
    let events = plain["events"].as_array().expect("a list");
    assert_eq!(events.len(), 1000);
    assert!(events.iter().all(|event| event["outcome"] == "seen"));
    let bomb = server.send("POST", "/v1/sources/any/events", Some(b"x".to_vec()), &[("content-encoding", "br")]).await;
    assert_eq!(bomb.status, 415);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_source_is_told_with_the_one_that_was_meant() {
    let server = Running::start().await;
    let answer = server.ask("POST", "/v1/sources/everyon/events", Some("{}")).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json()["help"], "did you mean `everyone`?");
    assert_eq!(server.ask("POST", "/v1/sources/everyone/events", Some("not json")).await.status, 400);
    assert_eq!(server.ask("GET", "/v1/sources/everyone/events", None).await.status, 405);
}

/// Every example of a folder of published bytes, when `FLAGPOST_CORPUS` names one, through its own source to a
/// delivery that was rendered.
#[tokio::test(flavor = "multi_thread")]
async fn published_examples_pass_through_to_a_delivery() {
    let Some(corpus) = std::env::var_os("FLAGPOST_CORPUS") else { return };
    let corpus = std::path::PathBuf::from(corpus);
    let folder = [corpus.join("examples"), corpus.join("../examples"), corpus.clone()]
        .into_iter()
        .find(|folder| folder.join("kong-jwks.json").is_file());
    let Some(folder) = folder else { return };
    let read = |name: &str| std::fs::read(folder.join(name)).expect("the example is there");
    let jwks: Json = serde_json::from_slice(&read("kong-jwks.json")).expect("a key set");
    let sources = vec![
        json!({"key": "launchdarkly", "kind": "launchdarkly"}),
        json!({"key": "split", "kind": "split", "project": "web"}),
        json!({"key": "atlassian", "kind": "atlassian"}),
        json!({"key": "konnect", "kind": "konnect", "jwks": jwks}),
    ];
    let server = Start { sources, ..Default::default() }.run().await;
    let receiver = Receiver::start().await;
    assert_eq!(server.put("/v1/subscriptions/acme", &document(&receiver.url)).await.status, 201);
    let mut sent = 0;
    for (source, file) in [
        ("launchdarkly", "ld-flag-updateOn.json"),
        ("split", "split-flag.json"),
        ("split", "split-flag-created.json"),
        ("split", "split-admin-created.json"),
        ("split", "split-admin-updated.json"),
        ("split", "split-admin-deleted.json"),
        ("atlassian", "atlassian-event.json"),
        ("atlassian", "atlassian-envelope-batch.json"),
        ("konnect", "kong-batch.ndjson.gz"),
        ("konnect", "kong-batch.cef"),
        ("konnect", "kong-batch.cps"),
    ] {
        let answer = server.send("POST", &format!("/v1/sources/{source}/events"), Some(read(file)), &[]).await;
        let good = if source == "split" { 200 } else { 202 };
        assert_eq!(answer.status, good, "{file}: {}", answer.text);
        let report = answer.json();
        assert_eq!(report["failures"], json!([]), "{file}");
        let events = report["events"].as_array().expect("a list");
        assert!(!events.is_empty(), "{file}");
        for event in events.iter().filter(|event| event["outcome"] == "accepted") {
            assert_eq!(event["deliveries"], 1, "{file}: {event}");
            sent += 1;
        }
    }
    let got = receiver.until(sent).await;
    assert!(got.iter().all(|request| serde_json::from_str::<Json>(&request.body).is_ok()));
    // One byte of a signed batch flipped: that entry is refused, its neighbours are not.
    let mut batch = read("kong-batch.ndjson");
    let at = batch.windows(6).position(|window| window == b"203.0.").expect("an address is in it");
    batch[at] = b'3';
    let answer = server.send("POST", "/v1/sources/konnect/events", Some(batch), &[]).await;
    assert_eq!(answer.json()["failures"].as_array().map(Vec::len), Some(1), "{}", answer.text);
}
