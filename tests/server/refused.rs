//! What looks right and could never be sent, and what is looked for in other words than it is kept in.

use serde_json::json;

use super::support::{Receiver, Running, document, event};

#[tokio::test(flavor = "multi_thread")]
async fn a_line_break_in_a_form_value_is_told_by_its_field_and_not_stored() {
    let server = Running::start().await;
    let receiver = Receiver::start().await;
    for value in ["key\r\nX-Evil: 1", "key\n", "k\0ey"] {
        let mut wrong = document(&receiver.url);
        wrong["formValues"]["apiKey"] = json!(value);
        let answer = server.put("/v1/subscriptions/acme", &wrong).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
        assert_eq!(answer.pointers(), ["/formValues/apiKey"]);
        assert!(!answer.text.contains("X-Evil"), "{}", answer.text);
    }
    assert_eq!(server.get("/v1/subscriptions/acme").await.status, 404);

    assert_eq!(server.put("/v1/subscriptions/acme", &document(&receiver.url)).await.status, 201);
    let patch = json!({"formValues": {"apiKey": "a\r\nb"}}).to_string();
    let answer = server.ask("PATCH", "/v1/subscriptions/acme", Some(&patch)).await;
    assert_eq!((answer.status, answer.pointers()), (422, vec!["/formValues/apiKey".to_owned()]));
    assert_eq!(server.get("/v1/subscriptions/acme").await.json()["version"], 1);

    let webhook = json!({"endpoint": receiver.url, "enabled": true, "authorization": "Bearer a\r\nX-Evil: 1"});
    let answer = server.put("/v2/audit-log-webhook", &webhook).await;
    assert_eq!((answer.status, answer.pointers()), (422, vec!["/authorization".to_owned()]));
    assert_eq!(answer.json()["invalid_parameters"][0]["field"], "authorization");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_for_the_id_takes_no_other_header_s_place() {
    let server = Running::start().await;
    for (name, status) in [
        ("Authorization", 422),
        ("content-type", 422),
        ("webhook-signature", 422),
        ("Host", 422),
        ("webhook-id", 200),
        ("X-Delivery-Id", 200),
    ] {
        assert!(server.put("/v1/subscriptions/acme", &document("http://127.0.0.1:9/")).await.status < 300);
        let mut document = document("http://127.0.0.1:9/");
        document["idHeader"] = json!(name);
        let answer = server.put("/v1/subscriptions/acme", &document).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
        if status == 422 {
            assert_eq!(answer.pointers(), ["/idHeader"], "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_one_line_and_a_rate_is_explained_in_plain_words() {
    let server = Running::start().await;
    let mut document = document("http://127.0.0.1:9/");
    document["name"] = json!("Acme\u{1b}[31m");
    document["rate"] = json!(5);
    let answer = server.put("/v1/subscriptions/acme", &document).await;
    assert_eq!((answer.status, answer.pointers()), (422, vec!["/name".to_owned(), "/rate".to_owned()]));
    assert!(!answer.text.contains("struct"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_is_found_with_its_tags_and_without() {
    let server = Running::start().await;
    let receiver = Receiver::start().await;
    assert_eq!(server.put("/v1/subscriptions/acme", &document(&receiver.url)).await.status, 201);
    assert_eq!(server.ask("POST", "/v1/sources/everyone/events", Some(&event("e1"))).await.status, 202);
    let flag = "flag/basket-save-for-later";
    for (resource, found) in [
        (format!("proj/harbour-shop:env/production:{flag}"), 1),
        (format!("proj/harbour-shop;retail,tier-1:env/production;live:{flag};basket,storefront"), 1),
        (format!("proj/harbour-shop;other:env/production:{flag}"), 1),
        (format!("proj/harbour-shop:env/test:{flag}"), 0),
        (flag.to_owned(), 0),
        ("::".to_owned(), 0),
    ] {
        let query: String =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("resource", &resource).finish();
        for list in ["events", "deliveries"] {
            let page = server.get(&format!("/v1/{list}?{query}")).await.json();
            assert_eq!(page["items"].as_array().map(Vec::len), Some(found), "{list} {resource}");
        }
    }
}
