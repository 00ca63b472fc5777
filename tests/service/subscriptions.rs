//! Documents: checked whole, kept without their secrets in the clear, shown without them.

use std::sync::Arc;

use flagpost::service::ServiceError;
use flagpost::store::{MemoryStore, SubscriptionId};
use serde_json::json;

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_is_told_by_its_field() {
    let service = Stage::new().start(Arc::new(MemoryStore::new())).await;
    let pointers = |error: ServiceError| -> Vec<String> {
        let ServiceError::Invalid(mistakes) = error else { panic!("{error:?}") };
        mistakes.into_iter().map(|mistake| mistake.pointer).collect()
    };
    let wrong = json!({"integration": "example", "formValues": {"url": "nowhere"}, "rat": 1,
        "policy": [{"resources": ["flg/x"]}], "profile": {"attempts": "many"}, "signing": {"secrets": ["whsec_?"]}});
    let told = pointers(service.put_subscription("one", wrong, false).await.expect_err("it is wrong"));
    for pointer in [
        "/rat",
        "/policy/0/resources/0",
        "/profile/attempts",
        "/signing/secrets/0",
        "/formValues/url",
        "/formValues/apiKey",
    ] {
        assert!(told.iter().any(|one| one == pointer), "{pointer}: {told:?}");
    }
    let near =
        service.put_subscription("one", json!({"integration": "exmaple"}), false).await.expect_err("it is wrong");
    let ServiceError::Invalid(mistakes) = near else { panic!("{near:?}") };
    assert_eq!(mistakes[0].help.as_deref(), Some("did you mean `example`?"));
    let told = pointers(service.put_subscription("a/b", json!({}), false).await.expect_err("it is wrong"));
    assert_eq!(told, ["/id"]);
    assert!(service.subscriptions(None, 10).await.expect("a list").is_empty(), "nothing was stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_goes_in_and_never_comes_out() {
    let (stage, receiver) = (Stage::new(), Receiver::answering(200).await);
    let store = Arc::new(MemoryStore::new());
    let service = stage.start(store.clone()).await;
    let mut first = document(&receiver.url());
    first["signing"] = json!({"secrets": ["whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="]});
    subscribe(&service, "one", first.clone()).await;
    let view = serde_json::to_value(service.subscription("one").await.expect("it is there")).expect("JSON");
    assert_eq!(view["formValues"], json!({"url": receiver.url(), "apiKey": {"isSet": true}}));
    assert_eq!(view["signing"]["secrets"][0]["isSet"], json!(true));
    assert_eq!(view["signing"]["secrets"][0]["id"].as_str().map(str::len), Some(8));
    let kept = flagpost::store::Store::subscription(&*store, SubscriptionId::from("one")).await.expect("an answer");
    let at_rest = String::from_utf8(kept.expect("it is there").current.content).expect("text");
    for text in [view.to_string(), at_rest] {
        assert!(!text.contains("hush") && !text.contains("AAECAwQF"), "{text}");
    }
    // The same again makes no new version; what was shown can be sent back.
    let again = service.put_subscription("one", first, false).await.expect("it is fine");
    assert_eq!((again.created, again.subscription.version), (false, 1));
    let mut shown = view.as_object().expect("an object").clone();
    shown.retain(|key, _| !matches!(key.as_str(), "id" | "version" | "status"));
    let back = service.put_subscription("one", shown.into(), false).await.expect("it is fine");
    assert_eq!(back.subscription.version, 1);
    let patched = service.patch_subscription("one", json!({"name": "First"}), false).await.expect("it is fine");
    assert_eq!((patched.subscription.version, &patched.subscription.document["name"]), (2, &json!("First")));
    take(&service, &event("e-1", "nav")).await;
    assert_eq!(receiver.wait_for(1).await[0].header("x-api-key"), "hush-hush-hush");
    let patch = json!({"formValues": {"apiKey": null}});
    assert!(service.patch_subscription("one", patch, false).await.is_err(), "a secret that must be there");
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_outlive_the_service_and_another_key_does_not_open_them() {
    let (stage, receiver) = (Stage::new(), Receiver::answering(200).await);
    let store: Arc<MemoryStore> = Arc::new(MemoryStore::new());
    let service = stage.start(store.clone()).await;
    subscribe(&service, "one", document(&receiver.url())).await;
    service.stop(PATIENCE).await;
    let wrong = stage.try_start(store.clone(), RealClock::start(), 8).await;
    assert!(matches!(wrong, Err(ServiceError::Broken(_))), "{wrong:?}");
    let service = stage.start(store).await;
    assert_eq!(service.subscription("one").await.expect("it is there").version, 1);
    take(&service, &event("e-1", "nav")).await;
    receiver.wait_for(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_goes_the_real_way_and_what_fails_it_is_not_stored() {
    let stage = Stage::new();
    let receiver = Receiver::start(|received, _| {
        let good = received.header("x-api-key") == "hush-hush-hush";
        Reply::Full(if good { 200 } else { 403 }, String::new(), "you said hush-hush-hush".to_owned())
    })
    .await;
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    let mut wrong = document(&receiver.url());
    wrong["formValues"]["apiKey"] = json!("another-key");
    let refused = service.put_subscription("one", wrong, true).await;
    assert!(matches!(&refused, Err(ServiceError::Refused(why)) if why.contains("403")), "{refused:?}");
    assert!(service.subscription("one").await.is_err(), "nothing is stored");
    let put = service.put_subscription("one", document(&receiver.url()), true).await.expect("it is fine");
    let report = put.test.expect("a test was made");
    assert!(report.succeeded);
    let sent = report.sent.clone().expect("it was sent");
    let shown = serde_json::to_string(&report).expect("JSON");
    assert!(!shown.contains("hush"), "{shown}");
    assert!(sent.headers.iter().any(|header| header.value == "$API_KEY"), "{sent:?}");
    assert_eq!(report.body, None, "the integration does not let answers be shown");
    let again = service.test_subscription("one").await.expect("it is there");
    assert_eq!(again.status, Some(200));
    assert_eq!(receiver.received().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_shows_every_header_that_was_sent() {
    let stage = Stage::new();
    let receiver = Receiver::answering(200).await;
    let signature = json!({"headerName": "X-Proof", "hmacSecretFormVariableKey": "apiKey"});
    let headers = json!([{"name": "Content-Type", "value": "application/json"}]);
    let endpoint = json!({"url": "{{url}}", "method": "POST", "headers": headers, "hmacSignature": signature});
    let hook = json!({"endpoint": endpoint});
    integration(&stage.root(), "signed", &manifest(&hook, false), TEMPLATE);
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    let mut document = document(&receiver.url());
    document["integration"] = json!("signed");
    subscribe(&service, "one", document).await;
    let report = service.test_subscription("one").await.expect("it is there");
    let sent = report.sent.expect("it was sent");
    let received = &receiver.received()[0];
    for header in ["x-proof", "webhook-signature", "webhook-id", "webhook-timestamp", "content-type"] {
        let shown = sent.headers.iter().find(|shown| shown.name.eq_ignore_ascii_case(header));
        assert_eq!(shown.is_some(), !received.header(header).is_empty(), "{header}: {:?}", sent.headers);
        let signs = ["x-proof", "webhook-signature"].contains(&header);
        let same = shown.is_some_and(|shown| shown.value == received.header(header));
        assert!(!(signs && same), "{header} is shown as it was sent");
    }
    assert!(!received.header("x-proof").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_shown_where_the_integration_lets_it_and_secrets_in_it_are_not() {
    let stage = Stage::new();
    let receiver = Receiver::start(|_, _| {
        Reply::Full(400, "X-Why: hush-hush-hush\r\n".to_owned(), "no: hush-hush-hush is unknown".to_owned())
    })
    .await;
    let endpoint = json!({"url": receiver.url(), "method": "POST",
        "headers": [{"name": "X-Api-Key", "value": "{{apiKey}}"}]});
    let hook = json!({"endpoint": endpoint, "includeErrorResponseBody": true});
    integration(&stage.root(), "open", &manifest(&hook, false), TEMPLATE);
    let service = stage.start(stage.sqlite()).await;
    let mut document = document("https://unused.example");
    document["integration"] = json!("open");
    document["profile"] = json!("kong");
    subscribe(&service, "one", document).await;
    let report = service.test_subscription("one").await.expect("it is there");
    assert_eq!(report.body.as_deref(), Some("no: [secret] is unknown"));
    let taken = take(&service, &event("e-1", "nav")).await;
    drained(&service).await;
    let event = service.event(taken.events[0].event.parse().expect("a number")).await.expect("the event");
    let delivery =
        service.delivery(event.deliveries[0].delivery.parse().expect("a number")).await.expect("it is there");
    let attempt = &delivery.history[0];
    assert_eq!((attempt.status, attempt.body.as_str()), (Some(400), "no: [secret] is unknown"));
    assert!(attempt.headers.iter().any(|header| header.name == "x-why" && header.value == "[secret]"));
}
