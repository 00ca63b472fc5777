//! `/v2/audit-log-webhook`, as clients of Kong Konnect use it.

use serde_json::json;

use super::support::{Receiver, Running, SECRET, event};

const PATH: &str = "/v2/audit-log-webhook";

#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_goes_through_its_life() {
    let server = Running::start().await;
    let receiver = Receiver::start().await;
    let authorization = format!("Bearer {SECRET}");
    let none = server.get(PATH).await.json();
    assert_eq!((&none["endpoint"], &none["enabled"]), (&json!(""), &json!(false)));
    assert_eq!(server.get(&format!("{PATH}/status")).await.json()["webhook_status"], "unconfigured");
    for method in ["PATCH", "DELETE"] {
        assert_eq!(server.ask(method, PATH, Some("{}")).await.status, 404, "{method}");
    }

    let whole = json!({"endpoint": receiver.url, "enabled": true, "authorization": authorization});
    let made = server.put(PATH, &whole).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let shown = server.get(PATH).await;
    assert_eq!((&shown.json()["endpoint"], &shown.json()["enabled"]), (&json!(receiver.url), &json!(true)));
    assert!(!shown.text.contains("authorization") && !made.text.contains(SECRET));

    assert_eq!(server.post(&format!("{PATH}/test"), &json!({})).await.json()["succeeded"], true);
    server.ask("POST", "/v1/sources/everyone/events", Some(&event("one"))).await;
    let got = receiver.until(2).await;
    for request in &got {
        assert!(request.headers.contains(&("authorization".to_owned(), authorization.clone())), "{request:?}");
    }
    let status = server.until(&format!("{PATH}/status"), |status| status["last_response_code"] == 204).await;
    assert_eq!((&status["webhook_enabled"], &status["webhook_status"]), (&json!(true), &json!("active")));

    // Who reads, changes and writes back cannot know the authorization, and it stays.
    let moved = json!({"endpoint": format!("{}/moved", receiver.url), "enabled": true});
    assert_eq!(server.put(PATH, &moved).await.status, 200);
    server.ask("POST", "/v1/sources/everyone/events", Some(&event("two"))).await;
    assert!(receiver.until(3).await[2].headers.contains(&("authorization".to_owned(), authorization)));

    // To another host it does not go along: whoever may write could have it sent to one of his own.
    let elsewhere = json!({"endpoint": receiver.url.replace("127.0.0.1", "localhost"), "enabled": true});
    for (method, body) in [("PUT", elsewhere.clone()), ("PATCH", json!({"endpoint": elsewhere["endpoint"]}))] {
        let refused = server.ask(method, PATH, Some(&body.to_string())).await;
        assert_eq!(refused.status, 422, "{method}: {}", refused.text);
        assert_eq!(refused.json()["invalid_parameters"][0]["field"], "authorization", "{method}: {}", refused.text);
    }
    let mut given = elsewhere;
    given["authorization"] = json!(format!("Bearer {SECRET}"));
    assert_eq!(server.put(PATH, &given).await.status, 200);

    let off = server.ask("PATCH", PATH, Some(r#"{"enabled":false}"#)).await;
    assert_eq!((off.status, &off.json()["enabled"]), (200, &json!(false)), "{}", off.text);
    assert_eq!(server.get(&format!("{PATH}/status")).await.json()["webhook_enabled"], false);
    assert_eq!(server.ask("DELETE", PATH, None).await.status, 204);
    let after = server.ask("POST", "/v1/sources/everyone/events", Some(&event("three"))).await.json();
    assert_eq!(after["events"][0]["deliveries"], 0, "removal stops the stream at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_one_is_a_conflict() {
    let server = Running::start().await;
    let whole = json!({"endpoint": "https://siem.example.com/x", "enabled": false, "authorization": "Basic eDp5"});
    assert_eq!(server.post(PATH, &whole).await.status, 201);
    let second = server.post(PATH, &whole).await;
    assert_eq!(second.status, 409);
    second.pointers();
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_come_in_kong_s_words_too() {
    let server = Running::start().await;
    let wrong = json!({"endpoint": 7, "enabled": "yes", "log_format": "cef", "skip_ssl_verification": true, "x": 1});
    let answer = server.put(PATH, &wrong).await;
    assert_eq!(answer.status, 422);
    let fields: Vec<String> = answer.json()["invalid_parameters"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|parameter| parameter["field"].as_str().expect("a field").to_owned())
        .collect();
    assert_eq!(fields, ["endpoint", "enabled", "log_format", "skip_ssl_verification", "x"]);
    let address = json!({"endpoint": "nowhere", "enabled": true, "authorization": "Basic eDp5"});
    let answer = server.put(PATH, &address).await;
    assert_eq!(answer.json()["invalid_parameters"][0]["field"], "endpoint", "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_never_taken_for_as_it_is() {
    let server = Running::start().await;
    let whole = json!({"endpoint": "https://siem.example.com/x", "enabled": false, "authorization": "Basic eDp5"});
    assert_eq!(server.put(PATH, &whole).await.status, 200);
    // The integration cannot do without it.
    let without = server.ask("PATCH", PATH, Some(r#"{"authorization":null}"#)).await;
    assert_eq!((without.status, without.pointers()), (422, vec!["/authorization".to_owned()]), "{}", without.text);
    let mut replaced = whole.clone();
    replaced["authorization"] = json!(null);
    let without = server.put(PATH, &replaced).await;
    assert_eq!((without.status, without.pointers()), (422, vec!["/authorization".to_owned()]), "{}", without.text);
    for name in ["endpoint", "enabled", "log_format", "skip_ssl_verification"] {
        let answer = server.ask("PATCH", PATH, Some(&json!({name: null}).to_string())).await;
        assert_eq!((answer.status, answer.pointers()), (422, vec![format!("/{name}")]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_this_webhook_is_never_taken_for_it() {
    let server = Running::start().await;
    let whole = json!({"endpoint": "https://siem.example.com/x", "enabled": false, "authorization": "Basic eDp5"});
    let other = super::support::document("https://other.example.com/");
    assert_eq!(server.put("/v1/subscriptions/audit-log-webhook", &other).await.status, 201);
    let body = whole.to_string();
    for (method, path, body) in [
        ("GET", PATH.to_owned(), None),
        ("PUT", PATH.to_owned(), Some(&body)),
        ("POST", PATH.to_owned(), Some(&body)),
        ("PATCH", PATH.to_owned(), Some(&body)),
        ("DELETE", PATH.to_owned(), None),
        ("GET", format!("{PATH}/status"), None),
        ("POST", format!("{PATH}/test"), None),
    ] {
        let answer = server.ask(method, &path, body.map(String::as_str)).await;
        assert_eq!(answer.status, 409, "{method} {path}: {}", answer.text);
        assert!(answer.text.contains("`acme`"), "{}", answer.text);
    }
    let kept = server.get("/v1/subscriptions/audit-log-webhook").await.json();
    assert_eq!((&kept["integration"], &kept["version"]), (&json!("acme"), &json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_under_another_name_is_the_one_there_is() {
    let server = Running::start().await;
    let whole = json!({"endpoint": "https://siem.example.com/x", "enabled": false, "authorization": "Basic eDp5"});
    let form = json!({"endpoint": "https://siem.example.com/y", "authorization": "Basic eDp5"});
    let other = json!({"integration": "konnect-audit", "formValues": form});
    assert_eq!(server.put("/v1/subscriptions/siem", &other).await.status, 201);
    for method in ["PUT", "POST"] {
        let second = server.ask(method, PATH, Some(&whole.to_string())).await;
        assert_eq!(second.status, 409, "{method}: {}", second.text);
        assert!(second.json()["help"].as_str().is_some_and(|help| help.contains("/v1/subscriptions/siem")));
    }
    assert_eq!(server.ask("DELETE", "/v1/subscriptions/siem", None).await.status, 204);
    assert_eq!(server.put(PATH, &whole).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_integration_there_is_no_such_webhook_at_the_moment() {
    let start = super::support::Start { shipped: &[], ..Default::default() };
    let server = start.run().await;
    let whole = json!({"endpoint": "https://siem.example.com/x", "enabled": false, "authorization": "Basic eDp5"});
    let answer = server.put(PATH, &whole).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(answer.json()["detail"], "the integration `konnect-audit` is not in use");
    assert_eq!(answer.pointers(), [""; 0]);
}
