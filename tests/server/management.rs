//! Subscriptions, deliveries, replays: what an administrator does.

use flagpost::server::tokens::Scope;
use serde_json::{Value as Json, json};

use super::support::{Receiver, Running, SECRET, document, event};

async fn with_subscription() -> (Running, Receiver) {
    let server = Running::start().await;
    let receiver = Receiver::start().await;
    let made = server.put("/v1/subscriptions/acme", &document(&receiver.url)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    (server, receiver)
}

async fn send(server: &Running, id: &str) -> String {
    let answer = server.ask("POST", "/v1/sources/everyone/events", Some(&event(id))).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    answer.json()["events"][0]["event"].as_str().expect("a number").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_is_made_changed_listed_and_removed() {
    let (server, receiver) = with_subscription().await;
    let view = server.get("/v1/subscriptions/acme").await.json();
    assert_eq!(view["formValues"]["apiKey"], json!({"isSet": true}));
    assert_eq!(view["status"]["observed"], "active");

    let again = server.put("/v1/subscriptions/acme", &document(&receiver.url)).await;
    assert_eq!(again.status, 200);
    let paused = server.ask("PATCH", "/v1/subscriptions/acme", Some(r#"{"enabled":false}"#)).await;
    assert_eq!(paused.status, 200, "{}", paused.text);
    assert_eq!(paused.json()["subscription"]["status"]["observed"], "paused");
    assert_eq!(paused.json()["subscription"]["formValues"]["apiKey"], json!({"isSet": true}));

    for id in ["b", "c"] {
        assert_eq!(server.put(&format!("/v1/subscriptions/{id}"), &document(&receiver.url)).await.status, 201);
    }
    let mut seen = Vec::new();
    let mut path = "/v1/subscriptions?limit=2".to_owned();
    loop {
        let page = server.get(&path).await.json();
        seen.extend(page["items"].as_array().expect("a list").iter().map(|item| item["id"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/subscriptions?limit=2&after={next}");
    }
    assert_eq!(seen, ["acme", "b", "c"]);

    assert_eq!(server.ask("DELETE", "/v1/subscriptions/b", None).await.status, 204);
    assert_eq!(server.ask("DELETE", "/v1/subscriptions/b", None).await.status, 404);
    assert_eq!(server.get("/v1/subscriptions/b").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_is_told_with_its_field() {
    let server = Running::start().await;
    let wrong = json!({"integration": "acme", "formValues": {"url": 7, "apiKeys": "x"}, "concurrency": "many",
        "colour": "red"});
    let answer = server.put("/v1/subscriptions/acme", &wrong).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    let pointers = answer.pointers();
    for pointer in ["/formValues/url", "/formValues/apiKeys", "/concurrency", "/colour"] {
        assert!(pointers.iter().any(|told| told == pointer), "{pointer} is not in {pointers:?}");
    }
    let missing = server.put("/v1/subscriptions/acme", &json!({"integration": "acmee"})).await;
    assert_eq!(missing.pointers(), ["/integration"]);
    assert!(missing.json()["help"].as_str().is_some_and(|help| help.contains("`acme`")), "{}", missing.text);
    for (body, status) in [("", 400), ("{", 400), ("[]", 422), ("null", 422)] {
        assert_eq!(server.ask("PUT", "/v1/subscriptions/acme", Some(body)).await.status, status, "{body:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_tells_what_was_sent_and_a_validated_change_needs_it_to_succeed() {
    let (server, receiver) = with_subscription().await;
    let report = server.post("/v1/subscriptions/acme/test", &Json::Null).await;
    assert_eq!(report.status, 200, "{}", report.text);
    assert_eq!((&report.json()["succeeded"], &report.json()["status"]), (&json!(true), &json!(204)));
    assert!(!report.text.contains(SECRET));
    let got = receiver.until(1).await;
    assert!(got[0].headers.iter().any(|(name, value)| name == "authorization" && value.contains(SECRET)));

    *receiver.status.lock().expect("nobody panicked") = 403;
    let refused = server.put("/v1/subscriptions/new?validate=true", &document(&receiver.url)).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert_eq!(server.get("/v1/subscriptions/new").await.status, 404);
    *receiver.status.lock().expect("nobody panicked") = 204;
    assert_eq!(server.put("/v1/subscriptions/new?validate=true", &document(&receiver.url)).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_are_listed_told_and_made_once_more() {
    let (server, receiver) = with_subscription().await;
    let number = send(&server, "one").await;
    let list = server.until("/v1/deliveries?state=delivered", |page| page["items"][0].is_object()).await;
    let delivery = list["items"][0]["delivery"].as_str().expect("a number").to_owned();
    assert_eq!(list["items"][0]["event"], number);
    let detail = server.get(&format!("/v1/deliveries/{delivery}")).await.json();
    assert_eq!(detail["history"][0]["status"], 204);
    assert!(detail["history"][0]["phases"]["total"].is_number());

    for (kind, expected) in [("exact", 2), ("rerender", 3)] {
        let path = format!("/v1/deliveries/{delivery}/replay");
        let made = server.post(&path, &json!({"kind": kind})).await;
        assert_eq!(made.status, 202, "{}", made.text);
        let got = receiver.until(expected).await;
        assert_eq!(got[0].body, got[expected - 1].body);
    }
    let wrong = server.post(&format!("/v1/deliveries/{delivery}/replay"), &json!({"kind": "again"})).await;
    assert_eq!(wrong.pointers(), ["/kind"]);
    assert_eq!(server.get("/v1/deliveries/999999").await.status, 404);
    assert_eq!(server.get("/v1/deliveries/x").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_job_counts_dry_and_runs_wet() {
    let (server, receiver) = with_subscription().await;
    for id in ["a", "b", "c"] {
        send(&server, id).await;
    }
    receiver.until(3).await;
    server.until("/v1/accounts", |books| books["delivered"] == 3).await;
    let range = |dry: bool| json!({"kind": "exact", "states": ["delivered"], "subscription": "acme", "dryRun": dry});
    let dry = server.post("/v1/replay-jobs", &range(true)).await;
    assert_eq!((dry.status, &dry.json()["progress"]["matched"]), (200, &json!(3)), "{}", dry.text);
    let job = server.post("/v1/replay-jobs", &range(false)).await;
    assert_eq!(job.status, 202, "{}", job.text);
    let path = job.header("location").to_owned();
    let done = server.until(&path, |job| job["state"] == "completed").await;
    assert_eq!(done["progress"]["replayed"], 3);
    receiver.until(6).await;
    let wrong = json!({"kind": "exact", "states": ["ded"], "from": "now", "rate": 0, "untli": 1});
    let wrong = server.post("/v1/replay-jobs", &wrong).await;
    assert_eq!(wrong.pointers(), ["/states/0", "/from", "/rate", "/untli"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_is_asked_for_twice_under_one_key_is_made_once() {
    let (server, receiver) = with_subscription().await;
    send(&server, "a").await;
    receiver.until(1).await;
    server.until("/v1/accounts", |books| books["delivered"] == 1).await;
    let path = "/v1/replay-jobs";
    let body = json!({"kind": "exact", "states": ["delivered"], "subscription": "acme"}).to_string();
    let keyed = |key: &'static str| [("idempotency-key", key)];
    // Both at once, as when a client gives up on the first too early.
    let key = keyed("k-1");
    let (one, other) = tokio::join!(
        server.ask_with("POST", path, Some(&body), &key),
        server.ask_with("POST", path, Some(&body), &key)
    );
    assert_eq!((one.status, other.status), (202, 202), "{} {}", one.text, other.text);
    assert_eq!((one.json(), one.header("location")), (other.json(), other.header("location")));
    assert_eq!(server.get(path).await.json()["items"].as_array().map(Vec::len), Some(1));
    let other = server.ask_with("POST", path, Some(&body), &keyed("k-2")).await;
    assert_ne!(one.json()["id"], other.json()["id"]);
    let changed = json!({"kind": "rerender", "subscription": "acme"}).to_string();
    let reused = server.ask_with("POST", path, Some(&changed), &key).await;
    assert_eq!(reused.status, 422, "{}", reused.text);
    assert!(reused.text.contains("urn:flagpost:problem:key-reused"), "{}", reused.text);
    let unusable = server.ask_with("POST", path, Some(&body), &keyed("")).await;
    assert_eq!(unusable.status, 400, "{}", unusable.text);

    // What was refused was not done, and may be asked for in other words under the same key.
    let wrong = json!({"kind": "exact", "subscription": "acmee"}).to_string();
    assert_eq!(server.ask_with("POST", path, Some(&wrong), &keyed("k-3")).await.status, 404);
    assert_eq!(server.ask_with("POST", path, Some(&body), &keyed("k-3")).await.status, 202);

    let delivery = server.until("/v1/deliveries?state=delivered", |page| page["items"][0].is_object()).await;
    let path = format!("/v1/deliveries/{}/replay", delivery["items"][0]["delivery"].as_str().expect("a number"));
    let exact = json!({"kind": "exact"}).to_string();
    let one = server.ask_with("POST", &path, Some(&exact), &keyed("k-4")).await;
    let other = server.ask_with("POST", &path, Some(&exact), &keyed("k-4")).await;
    assert_eq!((one.status, other.status), (202, 202), "{}", one.text);
    assert_eq!(one.json()["delivery"], other.json()["delivery"]);
    let more = server.ask_with("POST", &path, Some(&exact), &[]).await;
    assert_ne!(one.json()["delivery"], more.json()["delivery"], "without a key it is another request");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_callers_may_think_of_the_same_key() {
    let (mut server, _receiver) = with_subscription().await;
    let body = json!({"kind": "exact", "subscription": "acme"}).to_string();
    let key = [("idempotency-key", "k-1")];
    let mut jobs = Vec::new();
    for _ in 0..2 {
        server.token(&[Scope::Write, Scope::Read]).await;
        let one = server.ask_with("POST", "/v1/replay-jobs", Some(&body), &key).await;
        let again = server.ask_with("POST", "/v1/replay-jobs", Some(&body), &key).await;
        assert_eq!((one.status, again.status), (202, 202), "{}", one.text);
        assert_eq!(one.json()["id"], again.json()["id"]);
        jobs.push(one.json()["id"].clone());
    }
    assert_ne!(jobs[0], jobs[1]);
    assert_eq!(server.get("/v1/replay-jobs").await.json()["items"].as_array().map(Vec::len), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_tried_on_what_came_in() {
    let (server, _receiver) = with_subscription().await;
    send(&server, "a").await;
    let allow = json!({"policy": [{"effect": "allow", "resources": ["*"], "actions": ["*"]}]});
    let tried = server.post("/v1/policy/dry-run", &allow).await;
    assert_eq!((tried.status, &tried.json()["allowed"]), (200, &json!(1)), "{}", tried.text);
    let none = json!({"policy": [{"effect": "allow", "resources": ["proj/none:env/x:flag/y"], "actions": ["*"]}]});
    assert_eq!(server.post("/v1/policy/dry-run", &none).await.json()["unmatched"], 1);
    let wrong = server.post("/v1/policy/dry-run", &json!({"policy": "all"})).await;
    assert_eq!(wrong.pointers(), ["/policy"]);
    assert_eq!(server.post("/v1/policy/dry-run", &json!({})).await.pointers(), ["/policy"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_tell_which_parameter_is_wrong() {
    let server = Running::start().await;
    for (path, parameter) in [
        ("/v1/events?limit=0", "?limit"),
        ("/v1/events?limit=1001", "?limit"),
        ("/v1/events?after=x", "?after"),
        ("/v1/events?verdict=sen", "?verdict"),
        ("/v1/events?from=yesterday", "?from"),
        ("/v1/events?form=1", "?form"),
        ("/v1/events?from=1&from=2", "?from"),
        ("/v1/deliveries?state=dea", "?state"),
        ("/v1/deliveries?event=x", "?event"),
        ("/v1/subscriptions?limit=many", "?limit"),
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
        assert_eq!(answer.pointers(), [parameter], "{path}");
    }
    assert_eq!(server.get("/v1/events?form=1").await.json()["help"], "did you mean `from`?");
    let wrong = server.get("/v1/deliveries?state=ded").await.text;
    assert!(
        wrong.contains("no state is named `ded` (did you mean `dead`?); there are `ready`")
            && wrong.contains("`waiting`"),
        "{wrong}"
    );
    let wrong = server.get("/v1/events?verdict=x").await.text;
    assert!(wrong.contains("no verdict is named `x`; there are `sent`, `denied`"), "{wrong}");
    let range =
        json!({"kind": "exact", "from": "2026-01-31T12:00:00Z", "until": 1_800_000_000_000_i64, "dryRun": true});
    let job = server.post("/v1/replay-jobs", &range).await.json();
    assert_eq!(
        (&job["range"]["from"], &job["range"]["until"]),
        (&json!("2026-01-31T12:00:00.000Z"), &json!("2027-01-15T08:00:00.000Z"))
    );
    assert_eq!(server.get("/v1/events?from=2020-01-01T00:00:00%2B02:00&until=2099-01-01T00:00:00Z").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_told_as_it_happens() {
    let (server, _receiver) = with_subscription().await;
    let nobody = server.get("/v1/tail?subscription=acmee").await;
    assert_eq!((nobody.status, &nobody.json()["help"]), (404, &json!("did you mean `acme`?")));
    let mut stream = server.http.get(format!("{}/v1/tail", server.address)).send().await.expect("the stream is there");
    assert_eq!(stream.status().as_u16(), 200);
    send(&server, "one").await;
    let mut told = String::new();
    while !told.contains("\"attempted\"") {
        let chunk = tokio::time::timeout(std::time::Duration::from_secs(20), stream.chunk()).await;
        let chunk = chunk.expect("it comes in time").expect("the stream holds").expect("it goes on");
        told.push_str(&String::from_utf8_lossy(&chunk));
    }
    let lines: Vec<Json> = told.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(lines.iter().any(|line| line["happening"] == "accepted"), "{told}");
    assert!(lines.iter().any(|line| line["happening"] == "attempted" && line["status"] == 204), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_holds_a_secret() {
    let (server, receiver) = with_subscription().await;
    // A receiver that fails, so that there are errors to look through as well.
    *receiver.status.lock().expect("nobody panicked") = 500;
    let number = send(&server, "one").await;
    receiver.until(1).await;
    let list = server.until("/v1/deliveries", |page| page["items"][0]["attempts"] == 1).await;
    let delivery = list["items"][0]["delivery"].as_str().expect("a number").to_owned();
    for path in [
        "/v1/subscriptions".to_owned(),
        "/v1/subscriptions/acme".to_owned(),
        format!("/v1/events/{number}"),
        format!("/v1/deliveries/{delivery}"),
        "/v1/integrations".to_owned(),
        "/v1/sources".to_owned(),
        "/metrics".to_owned(),
        "/openapi.json".to_owned(),
    ] {
        let answer = server.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.text.contains(SECRET), "{path} tells the secret");
    }
    let kept = server.store.subscriptions(None, 9).await.expect("the store works");
    let kept = String::from_utf8_lossy(&kept[0].current.content).into_owned();
    assert!(!kept.contains(SECRET), "the store holds the secret in the open");
}

#[tokio::test(flavor = "multi_thread")]
async fn integrations_are_listed_and_looked_at_again() {
    let server = Running::start().await;
    let list = server.get("/v1/integrations").await.json();
    let keys: Vec<&str> = list["items"].as_array().expect("a list").iter().filter_map(|i| i["key"].as_str()).collect();
    assert_eq!(keys, ["acme", "konnect-audit", "webhook"]);
    let report = server.post("/v1/integrations/reload", &Json::Null).await;
    assert_eq!((report.status, &report.json()["unchanged"]), (200, &json!(3)), "{}", report.text);
}
