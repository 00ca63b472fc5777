//! The document at `/openapi.json` and what it promises; health and numbers.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::support::{Running, event};

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
