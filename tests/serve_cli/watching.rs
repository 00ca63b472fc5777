//! What whoever watches a server sees: the log and the traces.

use std::io::{BufRead, BufReader, Read, Write};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::support::{Served, folder};

#[test]
fn the_log_names_the_request_in_which_something_went_wrong() {
    let folder = folder();
    let source = "[[source]]\nkey = \"any\"\nkind = \"generic\"\nmapping = { kind = \"/kind\", action = \"/verb\" }\n";
    std::fs::write(folder.path().join("flagpost.toml"), source).expect("it is written");
    for format in ["text", "json"] {
        let served = Served::start(folder.path(), &["--log-format", format], &[]);
        for (id, body) in [("short.1", "nonsense\n".to_owned()), ("long.2", "nonsense\n".repeat(9000))] {
            let (status, answer) =
                served.ask("POST", "/v1/sources/any/events", &format!("x-request-id: {id}\r\n"), &body);
            assert_eq!(status, 422, "{answer}");
        }
        // Written after the word to end, and not lost for it.
        let (code, log) = served.end("-TERM");
        assert_eq!(code, Some(0), "{log}");
        for id in ["short.1", "long.2"] {
            let line = log.lines().find(|line| line.contains(id));
            let line = line.unwrap_or_else(|| panic!("no line names {id}: {log}"));
            assert!(line.contains(" that cannot be used"), "{line}");
            if format == "json" {
                let line: Json = serde_json::from_str(line).expect("JSON");
                assert_eq!(line["span"]["request.id"], id, "{line}");
            }
        }
        assert!(log.contains("the integration `acme` is in use") || format == "json", "{log}");
    }
}

#[test]
fn an_integration_that_is_broken_at_the_start_is_in_the_log() {
    let folder = folder();
    std::fs::remove_dir_all(folder.path().join("integrations/acme/templates")).expect("it was made");
    let served = Served::start(folder.path(), &[], &[]);
    let listed: Json = serde_json::from_str(&served.get("/v1/integrations", None).1).expect("JSON");
    assert_eq!((&listed["items"][0]["key"], &listed["items"][0]["digest"]), (&Json::from("acme"), &Json::Null));
    assert!(!listed["items"][0]["refused"].as_array().expect("findings").is_empty(), "{listed}");
    let metrics = served.get("/metrics", None).1;
    assert!(metrics.contains("flagpost_integration_changes_total{outcome=\"refused\"} 1"), "{metrics}");
    let (_, log) = served.end("-TERM");
    assert!(log.contains("`acme`: the integration was refused"), "{log}");
}

/// Takes requests and hands their bodies on.
fn collector() -> (String, mpsc::Receiver<Json>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = format!("http://{}", listener.local_addr().expect("it listens"));
    let (told, bodies) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut stream = BufReader::new(stream);
            let (mut length, mut line) = (0, String::new());
            while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                let header = line.to_ascii_lowercase();
                length = header
                    .strip_prefix("content-length:")
                    .map_or(length, |text| text.trim().parse().expect("a number"));
                line.clear();
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).expect("the body is whole");
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            stream.get_mut().write_all(answer).expect("it is sent");
            if told.send(serde_json::from_slice(&body).expect("JSON")).is_err() {
                return;
            }
        }
    });
    (address, bodies)
}

#[test]
fn traces_go_to_a_collector() {
    let folder = folder();
    let source = "allow_private = true\n[[source]]\nkey = \"ld\"\nkind = \"launchdarkly\"\n";
    std::fs::write(folder.path().join("flagpost.toml"), source).expect("it is written");
    let (collector, bodies) = collector();
    // What the log shows does not decide about the traces.
    let served = Served::start(folder.path(), &["--otlp-endpoint", &collector, "--log-level", "error"], &[]);
    let document = serde_json::json!({"integration": "acme", "name": "Acme",
        "formValues": {"url": "http://127.0.0.1:1/", "apiKey": "hunter2-Geheimnis"},
        "policy": [{"effect": "allow", "resources": ["*"], "actions": ["*"]}]});
    assert_eq!(served.ask("PUT", "/v1/subscriptions/acme", "", &document.to_string()).0, 201);
    let sample = include_str!("../../sample-context/flag/toggled.json");
    let sent = served.ask("POST", "/v1/sources/ld/events", "x-request-id: traced.1\r\n", sample);
    assert_eq!(sent.0, 202, "{}", sent.1);
    let text = |span: &Json, name: &str| {
        let mut attributes = span["attributes"].as_array().expect("a list").iter();
        let found = attributes.rfind(|attribute| attribute["key"] == name);
        found.map(|found| found["value"]["stringValue"].as_str().unwrap_or_default().to_owned()).unwrap_or_default()
    };
    let until = Instant::now() + Duration::from_secs(30);
    let mut spans: Vec<Json> = Vec::new();
    let (request, plan, attempt) = loop {
        let find = |name: &str, key: &str, value: &str| {
            spans.iter().find(|span| span["name"] == name && text(span, key) == value).cloned()
        };
        let request = find("request", "request.id", "traced.1");
        let (plan, attempt) = (find("plan", "source.key", "ld"), find("attempt", "subscription.id", "acme"));
        if let (Some(request), Some(plan), Some(attempt)) = (request, plan, attempt) {
            break (request, plan, attempt);
        }
        let wait = until.saturating_duration_since(Instant::now());
        let body = bodies.recv_timeout(wait).unwrap_or_else(|_| panic!("there are only {spans:#?}"));
        assert!(!body.to_string().contains("hunter2"), "{body}");
        let more = body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans").clone();
        spans.extend(more);
    };
    assert_eq!((&plan["traceId"], &plan["parentSpanId"]), (&request["traceId"], &request["spanId"]));
    assert_eq!(text(&request, "http.route"), "/v1/sources/{source}/events");
    assert_eq!((text(&attempt, "ended").as_str(), &attempt["status"]["code"]), ("retry", &Json::from(2)));
    assert_eq!(served.end("-TERM").0, Some(0));
}
