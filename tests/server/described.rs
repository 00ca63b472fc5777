//! The document at `/openapi.json` and what it promises; health and numbers.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::support::{Receiver, Running, Start, document, event};

#[tokio::test(flavor = "multi_thread")]
async fn the_document_lists_every_route_and_each_answers() {
    let server = Running::start().await;
    let document = server.get("/openapi.json").await.json();
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    let paths = document["paths"].as_object().expect("paths");
    // The router's own text: a route that the document does not know is not there.
    let source = include_str!("../../src/server/router.rs");
    let routes = source.split(".routes(routes!(").skip(1);
    let handlers: usize = routes.map(|rest| rest.split("))").next().unwrap_or_default().matches("::").count()).sum();
    let described: usize = paths.values().map(|item| item.as_object().map_or(0, |item| item.len())).sum();
    assert_eq!(described, handlers, "{:?}", paths.keys().collect::<Vec<_>>());
    for (path, item) in paths {
        for method in item.as_object().expect("operations").keys() {
            if path == "/v1/tail" {
                continue; // it never ends
            }
            let path = path.replace("{source}", "everyone").replace(['{', '}'], "");
            let answer = server.ask(&method.to_uppercase(), &path, Some("{}")).await;
            assert!(answer.status != 405 && answer.status < 500, "{method} {path}: {} {}", answer.status, answer.text);
            let nothing = answer.status == 404 && answer.text.contains("nothing is here");
            assert!(!nothing, "{method} {path} is described and not there");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_nobody_takes_is_refused_by_name() {
    let server = Running::start().await;
    let document = server.get("/openapi.json").await.json();
    for (path, item) in document["paths"].as_object().expect("paths") {
        if ["/healthz", "/readyz", "/metrics"].contains(&path.as_str()) {
            continue; // whoever looks after health adds what they please
        }
        for method in item.as_object().expect("operations").keys() {
            let path = path.replace("{source}", "everyone").replace(['{', '}'], "");
            let body = (method != "get").then_some("{}");
            for query in ["colour=blue", "colour=blue&colour=red"] {
                let answer = server.ask(&method.to_uppercase(), &format!("{path}?{query}"), body).await;
                assert_eq!((answer.status, answer.pointers()), (400, vec!["?colour".to_owned()]), "{method} {path}");
            }
        }
    }
    for (path, help) in [
        ("/v1/events?sorce=ld", "did you mean `source`?"),
        ("/v1/deliveries?state=", "leave the parameter out for all of them"),
        ("/v1/deliveries?state=dead,", "leave the parameter out for all of them"),
        ("/v1/deliveries?state=dead&state=delivered", "leave one of them"),
        ("/v1/sources?limit=2", "there are none here"),
    ] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, &answer.json()["help"]), (400, &json!(help)), "{path}: {}", answer.text);
    }
    let empty = server.post("/v1/replay-jobs", &json!({"kind": "exact", "states": []})).await;
    assert_eq!((empty.status, empty.pointers()), (422, vec!["/states".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_a_name_or_written_out() {
    let server = Running::start().await;
    let document = server.get("/openapi.json").await.json();
    let subscription = &document["components"]["schemas"]["SubscriptionDocument"];
    let kinds: Vec<&Json> = subscription["properties"]["profile"]["oneOf"]
        .as_array()
        .expect("it is one of several")
        .iter()
        .map(|one| &one["type"])
        .collect();
    assert_eq!(kinds, ["string", "object", "null"]);
    assert_eq!(subscription["required"], json!(["integration"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_that_are_handed_in_take_no_other_members() {
    let server = Running::start().await;
    let document = server.get("/openapi.json").await.json();
    let mut checked = 0;
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str();
            let Some(pointer) = reference.and_then(|reference| reference.strip_prefix('#')) else { continue };
            let schema = document.pointer(pointer).expect("it is there");
            assert_eq!(schema["additionalProperties"], false, "{method} {path}");
            checked += 1;
        }
    }
    assert!(checked >= 6, "only {checked} objects are handed in");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_the_document_refers_to_is_in_it() {
    let server = Running::start().await;
    let document = server.get("/openapi.json").await.json();
    let mut references = BTreeSet::new();
    gather(&document, &mut references);
    assert!(references.len() > 20, "{references:?}");
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("references stay in the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let mut operations = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let id = operation["operationId"].as_str().expect("an id").to_owned();
            assert!(operations.insert(id.clone()), "two operations are named `{id}`");
            assert!(operation["summary"].is_string(), "{method} {path} says nothing about itself");
            for (status, response) in operation["responses"].as_object().expect("responses") {
                assert!(response["description"].is_string(), "{method} {path}: {status} says nothing about itself");
            }
            let guarded = path.starts_with("/v1") || path.starts_with("/v2");
            assert_eq!(operation["security"].is_array(), guarded, "{method} {path}");
        }
    }
}

fn gather(json: &Json, references: &mut BTreeSet<String>) {
    match json {
        Json::Object(members) => {
            for (name, value) in members {
                match value.as_str() {
                    Some(reference) if name == "$ref" => drop(references.insert(reference.to_owned())),
                    _ => gather(value, references),
                }
            }
        }
        Json::Array(items) => items.iter().for_each(|item| gather(item, references)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_told_to_everyone() {
    let mut server = Running::start().await;
    server.token(&[]).await;
    server.token = None;
    for (path, text) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, text));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_told_with_labels_of_few_values() {
    let server = Running::start().await;
    for id in ["a", "b", "b"] {
        server.ask("POST", "/v1/sources/everyone/events", Some(&event(id))).await;
    }
    for number in 0..50 {
        server.get(&format!("/v1/events/{number}")).await;
        server.get(&format!("/made/up/{number}")).await;
    }
    let answer = server.get("/metrics").await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert!(answer.text.contains("flagpost_events_total{outcome=\"accepted\"} 2\n"), "{}", answer.text);
    assert!(answer.text.contains("flagpost_events_total{outcome=\"seen\"} 1\n"), "{}", answer.text);
    assert!(answer.text.contains("route=\"/v1/events/{event}\""), "{}", answer.text);
    assert!(!answer.text.contains("made"), "{}", answer.text);
    let open = server.ask_with("GET", "/metrics", None, &[("accept", "application/openmetrics-text")]).await;
    assert!(open.text.ends_with("# EOF\n"));
}

/// Asks for `path` and holds the answer to what the document promises for it.
async fn check(
    server: &Running,
    document: &Json,
    (method, path, route, body): (&str, &str, &str, Option<&str>),
    headers: &[(&str, &str)],
) -> String {
    let answer = server.ask_with(&method.to_uppercase(), path, body, headers).await;
    let reached = format!("{method} {route} {}", answer.status);
    let operation = &document["paths"][route][method];
    let response = &operation["responses"][answer.status.to_string()];
    assert!(response.is_object(), "{method} {route} does not promise {}: {}", answer.status, answer.text);
    let kind = answer.header("content-type").split(';').next().unwrap_or_default().to_owned();
    if answer.text.is_empty() {
        assert!(response["content"].is_null(), "{method} {route} promises a body for {}", answer.status);
        return reached;
    }
    let schema = &response["content"][&kind]["schema"];
    assert!(schema.is_object(), "{method} {route} does not promise {kind} for {}: {response}", answer.status);
    if kind.ends_with("json") {
        let whole = serde_json::json!({"$ref": "#/s", "s": schema, "components": document["components"]});
        let validator = jsonschema::draft202012::new(&whole).expect("the schema is one");
        let json = answer.json();
        let wrong: Vec<String> = validator.iter_errors(&json).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(wrong.is_empty(), "{method} {path}: {wrong:#?}");
    }
    reached
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_have_the_shape_that_the_document_promises() {
    let sources = vec![
        json!({"key": "everyone", "kind": "launchdarkly"}),
        json!({"key": "any", "kind": "generic", "mapping": {"kind": "/kind", "action": "/verb"}}),
        json!({"key": "split", "kind": "split", "project": "web"}),
        json!({"key": "small", "kind": "launchdarkly", "limits": {"body_bytes": 1000}}),
    ];
    let server = Start { sources, ..Default::default() }.run().await;
    let receiver = Receiver::start().await;
    let described = server.get("/openapi.json").await.json();
    let subscription = document(&receiver.url).to_string();
    let webhook =
        serde_json::json!({"endpoint": receiver.url, "enabled": true, "authorization": "Basic eDp5"}).to_string();
    let id = "/v1/subscriptions/{id}";
    let own = "/v1/subscriptions/acme";
    let hook = "/v2/audit-log-webhook";
    let ingest = ("/v1/sources/everyone/events", "/v1/sources/{source}/events");
    let (one, changed) = (event("one"), event("one").replace("basket", "casket"));
    let exact = r#"{"kind":"exact"}"#;
    let first = flagpost::store::DeliveryKey::new(1 << 20).number();
    let (told, replayed) = (format!("/v1/deliveries/{first}"), format!("/v1/deliveries/{first}/replay"));
    let rows: Vec<(&str, &str, &str, Option<&str>)> = vec![
        ("put", own, id, Some(&subscription)),
        ("put", own, id, Some(&subscription)),
        ("put", own, id, Some("{")),
        ("put", own, id, Some("{}")),
        ("patch", own, id, Some(r#"{"concurrency":3}"#)),
        ("patch", own, id, Some(r#"{"concurrency":"many"}"#)),
        ("patch", own, id, Some("{")),
        ("get", "/v1/subscriptions/none", id, None),
        ("post", "/v1/subscriptions/none/test", "/v1/subscriptions/{id}/test", None),
        ("patch", "/v1/subscriptions/none", id, Some("{}")),
        ("post", "/v1/subscriptions/acme/test", "/v1/subscriptions/{id}/test", None),
        ("post", ingest.0, ingest.1, Some(&one)),
        ("post", ingest.0, ingest.1, Some(&one)),
        ("post", ingest.0, ingest.1, Some(&changed)),
        ("post", ingest.0, ingest.1, Some("no json")),
        ("post", "/v1/sources/none/events", ingest.1, Some("{}")),
        ("patch", hook, hook, Some("{}")),
        ("post", "/v2/audit-log-webhook/test", "/v2/audit-log-webhook/test", None),
        ("post", hook, hook, Some("{")),
        ("post", hook, hook, Some("{}")),
        ("post", hook, hook, Some(&webhook)),
        ("put", hook, hook, Some("{")),
        ("put", hook, hook, Some("{}")),
        ("put", hook, hook, Some(&webhook)),
        ("patch", hook, hook, Some("{")),
        ("patch", hook, hook, Some(r#"{"endpoint":7}"#)),
        ("post", hook, hook, Some(&webhook)),
        ("patch", hook, hook, Some("{}")),
        ("get", hook, hook, None),
        ("post", "/v2/audit-log-webhook/test", "/v2/audit-log-webhook/test", None),
        ("get", "/v2/audit-log-webhook/status", "/v2/audit-log-webhook/status", None),
        ("get", own, id, None),
        ("get", "/v1/subscriptions", "/v1/subscriptions", None),
        ("get", "/v1/subscriptions?limit=x", "/v1/subscriptions", None),
        ("get", "/v1/sources", "/v1/sources", None),
        ("get", "/v1/events", "/v1/events", None),
        ("get", "/v1/events?x=1", "/v1/events", None),
        ("get", "/v1/events/1", "/v1/events/{event}", None),
        ("get", "/v1/events/77", "/v1/events/{event}", None),
        ("get", "/v1/deliveries?limit=1", "/v1/deliveries", None),
        ("get", "/v1/deliveries?state=x", "/v1/deliveries", None),
        ("get", &told, "/v1/deliveries/{delivery}", None),
        ("get", "/v1/deliveries/1", "/v1/deliveries/{delivery}", None),
        ("post", &replayed, "/v1/deliveries/{delivery}/replay", Some(exact)),
        ("post", &replayed, "/v1/deliveries/{delivery}/replay", Some("{}")),
        ("post", "/v1/deliveries/1/replay", "/v1/deliveries/{delivery}/replay", Some(exact)),
        ("post", "/v1/replay-jobs", "/v1/replay-jobs", Some(r#"{"kind":"rerender","dryRun":true}"#)),
        ("post", "/v1/replay-jobs", "/v1/replay-jobs", Some(r#"{"kind":"exact","subscription":"acme"}"#)),
        ("post", "/v1/replay-jobs", "/v1/replay-jobs", Some("[]")),
        ("post", "/v1/replay-jobs", "/v1/replay-jobs", Some("{")),
        ("post", "/v1/policy/dry-run", "/v1/policy/dry-run", Some("{")),
        ("get", "/v1/replay-jobs", "/v1/replay-jobs", None),
        ("get", "/v1/replay-jobs/none", "/v1/replay-jobs/{job}", None),
        (
            "post",
            "/v1/policy/dry-run",
            "/v1/policy/dry-run",
            Some(r#"{"policy":[{"resources":["*"],"actions":["*"]}]}"#),
        ),
        ("post", "/v1/policy/dry-run", "/v1/policy/dry-run", Some(r#"{"policy":[{"resources":"*"}]}"#)),
        ("get", "/v1/integrations", "/v1/integrations", None),
        ("post", "/v1/integrations/reload", "/v1/integrations/reload", None),
        ("get", "/v1/accounts", "/v1/accounts", None),
        ("get", "/healthz", "/healthz", None),
        ("get", "/readyz", "/readyz", None),
        ("get", "/metrics", "/metrics", None),
        ("get", "/openapi.json", "/openapi.json", None),
        ("delete", own, id, None),
        ("delete", own, id, None),
        ("delete", hook, hook, None),
        ("delete", hook, hook, None),
    ];
    let mut reached = BTreeSet::new();
    for row in rows {
        reached.insert(check(&server, &described, row, &[]).await);
        if row.3 == Some(changed.as_str()) {
            server.until(&told, |delivery| delivery["state"] == "delivered").await;
        }
    }
    // Something else has the webhook's name.
    assert_eq!(server.ask("PUT", "/v1/subscriptions/audit-log-webhook", Some(&subscription)).await.status, 201);
    let (status, test) = ("/v2/audit-log-webhook/status", "/v2/audit-log-webhook/test");
    for (method, route) in
        [("get", hook), ("put", hook), ("patch", hook), ("delete", hook), ("get", status), ("post", test)]
    {
        let body = ["put", "patch"].contains(&method).then_some(webhook.as_str());
        reached.insert(check(&server, &described, (method, route, route, body), &[]).await);
    }
    assert_eq!(server.ask("DELETE", "/v1/subscriptions/audit-log-webhook", None).await.status, 204);
    let jobs = server.get("/v1/replay-jobs").await.json();
    let job = format!("/v1/replay-jobs/{}", jobs["items"][0]["id"].as_str().expect("there is one"));
    reached.insert(check(&server, &described, ("get", &job, "/v1/replay-jobs/{job}", None), &[]).await);
    // A delivery that waits for its retry.
    *receiver.status.lock().expect("nobody panicked") = 500;
    assert_eq!(server.ask("PUT", own, Some(&subscription)).await.status, 201);
    assert_eq!(server.ask("POST", ingest.0, Some(&event("two"))).await.status, 202);
    let waiting = server.until("/v1/deliveries?state=later", |page| page["items"][0].is_object()).await;
    let waiting = format!("/v1/deliveries/{}/replay", waiting["items"][0]["delivery"].as_str().expect("a number"));
    let waiting = ("post", waiting.as_str(), "/v1/deliveries/{delivery}/replay", Some(exact));
    reached.insert(check(&server, &described, waiting, &[]).await);
    // What needs a header, and what needs the server to be in a state of its own.
    let (ingest, any) = (("post", ingest.0, ingest.1, Some(one.as_str())), "/v1/sources/any/events");
    reached.insert(check(&server, &described, ingest, &[("content-encoding", "br")]).await);
    reached.insert(check(&server, &described, ingest, &[("host", "evil.example")]).await);
    let unusable = ("post", any, ingest.2, Some("nonsense\nmore\n"));
    reached.insert(check(&server, &described, unusable, &[]).await);
    let small = ("post", "/v1/sources/small/events", ingest.2, Some(one.as_str()));
    reached.insert(check(&server, &described, small, &[]).await);
    let split = ("post", "/v1/sources/split/events", ingest.2, Some(SPLIT));
    reached.insert(check(&server, &described, split, &[]).await);

    // Every answer that a handler promises has been seen; `limits`, `serve_cli` and `faults` see those that any
    // operation may give.
    let anywhere = ["401", "403", "408", "413", "429", "503", "default"];
    let mut promised = BTreeSet::new();
    for (route, item) in described["paths"].as_object().expect("paths").iter().filter(|(route, _)| *route != "/v1/tail")
    {
        for (method, operation) in item.as_object().expect("operations") {
            let answers = operation["responses"].as_object().expect("responses");
            let own = answers.keys().filter(|status| !anywhere.contains(&status.as_str()));
            promised.extend(own.map(|status| format!("{method} {route} {status}")));
        }
    }
    let missed: Vec<&String> = promised.difference(&reached).collect();
    assert!(missed.is_empty(), "the document promises what no request here reaches: {missed:#?}");
}

const SPLIT: &str = r#"{"name":"nav","type":"split","changeNumber":1,"time":1718882560440,"definition":"",
    "description":"d","link":null,"environmentName":"prod","environmentId":"e","editor":"a","previous":null}"#;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_sent_breaks_anything() {
    let server = Running::start().await;
    let described = server.get("/openapi.json").await.json();
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let bodies: [&[u8]; 10] = [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\"text\"",
        b"\xff\xfe{}",
        b"{\"integration\":{\"a\":[]},\"formValues\":[],\"policy\":{},\"rate\":1e400}",
        b"{\"kind\":\"exact\",\"from\":99999999999999999999,\"rate\":-1,\"states\":[[]]}",
        b"{\"endpoint\":\"\\u0000\",\"enabled\":true,\"authorization\":\"a\\r\\nb\"}",
        deep.as_bytes(),
    ];
    let long = "x".repeat(6000);
    let parts = ["x", "%00", "%ff%fe", "..%2F..", "%F0%9F%98%80", "18446744073709551615", "-1", "a%20b", &long];
    let queries =
        ["", "?limit=-1", "?after=c%00", "?state=%ff", "?x=%", "?validate=maybe", "?from=9223372036854775807"];
    for (route, item) in described["paths"].as_object().expect("paths").iter().filter(|(route, _)| *route != "/v1/tail")
    {
        for method in item.as_object().expect("operations").keys() {
            let open = route.contains('{');
            for part in &parts[..if open { parts.len() } else { 1 }] {
                let path = match (route.find('{'), route.find('}')) {
                    (Some(start), Some(end)) => format!("{}{part}{}", &route[..start], &route[end + 1..]),
                    _ => route.clone(),
                };
                // Every body with the plain part, every part with one body: the rest is the same code.
                let bodies = if *part == "x" { &bodies[..] } else { &bodies[..1] };
                for body in bodies {
                    let answer = server.send(&method.to_uppercase(), &path, Some(body.to_vec()), &[]).await;
                    soundly(
                        &answer,
                        &format!("{method} {path} {:?}", String::from_utf8_lossy(&body[..body.len().min(80)])),
                    );
                }
            }
            let path = route.replace(['{', '}'], "");
            for query in queries {
                let answer = server.send(&method.to_uppercase(), &format!("{path}{query}"), None, &[]).await;
                soundly(&answer, &format!("{method} {path}{query}"));
            }
        }
    }
    assert_eq!(server.get("/readyz").await.status, 200);
}

#[track_caller]
fn soundly(answer: &super::support::Answer, asked: &str) {
    assert!(answer.status < 500, "{asked}: {} {}", answer.status, answer.text);
    if answer.status >= 400 {
        let kind = answer.header("content-type");
        let report = answer.status == 422 && answer.text.starts_with("{\"events\"");
        assert!(report || kind == "application/problem+json", "{asked}: {} {kind} {}", answer.status, answer.text);
    }
}
