//! Secrets stay with the receiver that they were given for, and are told apart without being told.

use std::sync::Arc;

use flagpost::delivery::{AddressGuard, Limits, Sender, SystemResolver};
use flagpost::service::{FieldMistake, Service, ServiceError};
use flagpost::store::{MemoryStore, PageRequest, Store, SubscriptionId};
use serde_json::{Value as Json, json};

use crate::support::*;

const OLD: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const NEW: &str = "whsec_/////////////////////w==";

async fn view(service: &Service, id: &str) -> Json {
    serde_json::to_value(service.subscription(id).await.expect("it is there")).expect("JSON")
}

async fn at_rest(store: &Arc<dyn Store>, id: &str) -> String {
    let stored = store.subscription(SubscriptionId::from(id)).await.expect("an answer").expect("it is there");
    String::from_utf8(stored.current.content).expect("text")
}

fn mistakes<T: std::fmt::Debug>(answer: Result<T, ServiceError>) -> Vec<FieldMistake> {
    match answer {
        Err(ServiceError::Invalid(mistakes)) => mistakes,
        other => panic!("{other:?}"),
    }
}

fn pointers<T: std::fmt::Debug>(answer: Result<T, ServiceError>) -> Vec<String> {
    mistakes(answer).into_iter().map(|mistake| mistake.pointer).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signing_key_is_kept_by_its_id_wherever_it_stands() {
    let (stage, receiver) = (Stage::new(), Receiver::answering(200).await);
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    let mut document = document(&receiver.url());
    document["signing"] = json!({"secrets": [OLD, NEW]});
    subscribe(&service, "one", document).await;
    let shown = view(&service, "one").await["signing"]["secrets"].clone();
    assert_eq!(shown[1]["isSet"], json!(true));
    let bare = json!({"signing": {"secrets": [{"isSet": true}]}});
    let told = mistakes(service.patch_subscription("one", bare, false).await);
    assert_eq!(told[0].pointer, "/signing/secrets/0");
    assert!(told[0].help.as_deref().is_some_and(|help| help.contains("`id`")), "{told:?}");
    let patch = json!({"signing": {"secrets": [shown[1]]}});
    service.patch_subscription("one", patch, false).await.expect("the new one is kept");
    take(&service, &event("e-1", "nav")).await;
    let received = receiver.wait_for(1).await.remove(0);
    let seconds = received.header("webhook-timestamp").parse().expect("seconds");
    let key = flagpost::secret::Secret::new(NEW);
    let scheme = flagpost::delivery::Scheme::StandardWebhooks;
    let expected = scheme.sign(&key, received.header("webhook-id"), seconds, received.body.as_bytes());
    assert_eq!(received.header("webhook-signature"), expected.expect("a key"));
    // A list that is as long as before may be sent back by bare marks.
    let bare = json!({"signing": {"secrets": [{"isSet": true}]}});
    assert_eq!(service.patch_subscription("one", bare, false).await.expect("it is clear").subscription.version, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_secret_goes_to_no_other_host() {
    let (stage, receiver) = (Stage::new(), Receiver::answering(200).await);
    let thief = Receiver::answering(200).await;
    integration(&stage.root(), "other", &manifest(&json!({}), false), TEMPLATE);
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    let mut whole = document(&receiver.url());
    whole["signing"] = json!({"secrets": [OLD]});
    subscribe(&service, "one", whole).await;
    let moved = json!({"formValues": {"url": thief.url()}});
    let told = mistakes(service.patch_subscription("one", moved.clone(), true).await);
    assert_eq!((told.len(), &*told[0].pointer), (1, "/formValues/apiKey"));
    assert!(told[0].message.contains("the address changed; give the secret again"), "{told:?}");
    let kept = json!({"integration": "example", "formValues": {"url": thief.url(), "apiKey": {"isSet": true}}});
    assert_eq!(pointers(service.put_subscription("one", kept, false).await), ["/formValues/apiKey"]);
    let to_other = json!({"integration": "other"});
    assert_eq!(pointers(service.patch_subscription("one", to_other, false).await), ["/formValues/apiKey"]);
    let sideways = receiver.url().replace("http://127.0.0.1", "http://localhost");
    let sideways = json!({"formValues": {"url": sideways}});
    assert_eq!(pointers(service.patch_subscription("one", sideways, false).await), ["/formValues/apiKey"]);
    // Another path of the same receiver is no other host; and who knows the secret may move it.
    let path = json!({"formValues": {"url": format!("{}/deeper", receiver.url())}});
    service.patch_subscription("one", path, false).await.expect("the host is the same");
    let mut known = moved;
    known["formValues"]["apiKey"] = json!("hush-hush-hush");
    service.patch_subscription("one", known, false).await.expect("the secret is given");
    assert!(thief.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_an_event_takes_part_in_the_address_its_values_count() {
    let stage = Stage::new();
    let hook = json!({"endpoint": {"url": "https://{{site}}.example/{{pathEncode context.key}}/{{pathEncode team}}", "method": "POST",
        "headers": [{"name": "X-Api-Key", "value": "{{apiKey}}"}]}});
    let mut changed: Json = serde_json::from_str(&manifest(&hook, false)).expect("JSON");
    changed["formVariables"] = json!([
        {"key": "site", "name": "Site", "type": "string", "description": "Where the account is."},
        {"key": "team", "name": "Team", "type": "string", "description": "Whom it is for."},
        {"key": "note", "name": "Note", "type": "string", "description": "What it is for.", "isOptional": true,
            "defaultValue": ""},
        {"key": "apiKey", "name": "Key", "type": "string", "description": "Proves who asks.", "isSecret": true},
    ]);
    integration(&stage.root(), "sited", &changed.to_string(), r#"{"note": "{{formVariables.note}}"}"#);
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    let listed = service.integrations();
    assert!(listed.iter().all(|one| one.refused.is_empty()), "{listed:?}");
    let values = json!({"site": "eu", "team": "blue", "apiKey": "hush-hush-hush"});
    subscribe(&service, "one", json!({"integration": "sited", "formValues": values})).await;
    let note = json!({"formValues": {"note": "seen"}});
    service.patch_subscription("one", note, false).await.expect("it is of no address");
    let site = json!({"formValues": {"site": "thief"}});
    assert_eq!(pointers(service.patch_subscription("one", site, false).await), ["/formValues/apiKey"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_s_secrets_go_to_no_other_token_server() {
    let stage = Stage::new();
    integration(&stage.root(), "connected", &manifest(&json!({}), true), TEMPLATE);
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    let mut whole = document("https://receiver.example/");
    whole["integration"] = json!("connected");
    whole["oauth"] = json!({"baseUri": "https://account.example", "tokenUrl": "https://tokens.example/t",
        "clientId": "client", "clientSecret": "deep-secret", "refreshToken": ""});
    subscribe(&service, "one", whole).await;
    let oauth = view(&service, "one").await["oauth"].clone();
    assert_eq!(
        (&oauth["clientSecret"], &oauth["refreshToken"]),
        (&json!({"isSet": true}), &json!("")),
        "empty is not set"
    );
    for member in ["tokenUrl", "baseUri"] {
        let patch = json!({"oauth": {member: "https://thief.example/t"}});
        let told = pointers(service.patch_subscription("one", patch, false).await);
        assert_eq!(told, ["/formValues/apiKey", "/oauth/clientSecret"], "{member}");
    }
    let path = json!({"oauth": {"tokenUrl": "https://tokens.example/other"}});
    service.patch_subscription("one", path, false).await.expect("the host is the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_a_secret_is_sealed_and_shown_no_more() {
    let (stage, receiver) = (Stage::new(), Receiver::answering(200).await);
    let with = |variables: Json| {
        let mut changed: Json = serde_json::from_str(&manifest(&json!({}), false)).expect("JSON");
        let list = changed["formVariables"].as_array_mut().expect("a list");
        list.extend(variables.as_array().expect("a list").clone());
        integration(&stage.root(), "example", &changed.to_string(), r#"{"team": "{{formVariables.team}}"}"#);
    };
    let team = json!({"key": "team", "name": "Team", "type": "string", "description": "Whom it is for."});
    let mut secret = team.clone();
    secret["isSecret"] = json!(true);
    let more = json!({"key": "more", "name": "More", "type": "string", "description": "What else there is."});
    with(json!([team]));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let service = stage.start(Arc::clone(&store)).await;
    let mut document = document(&receiver.url());
    document["formValues"]["team"] = json!("blue-velvet");
    subscribe(&service, "one", document).await;
    assert_eq!(view(&service, "one").await["formValues"]["team"], json!("blue-velvet"));
    // First it does not fit, and is only shown no more; then it fits, and is sealed.
    with(json!([secret, more]));
    service.reload().await.expect("it can be read");
    assert!(!service.subscription("one").await.expect("it is there").status.integration_current);
    assert_eq!(view(&service, "one").await["formValues"]["team"], json!({"isSet": true}));
    with(json!([secret]));
    service.reload().await.expect("it can be read");
    assert!(!at_rest(&store, "one").await.contains("velvet"));
    assert_eq!(view(&service, "one").await["version"], json!(2));
    take(&service, &event("e-1", "nav")).await;
    assert_eq!(receiver.wait_for(1).await[0].json(), json!({"team": "blue-velvet"}));
    // And what is none any more stays sealed until it is given again.
    with(json!([team]));
    service.reload().await.expect("it can be read");
    let named = service.patch_subscription("one", json!({"name": "First"}), false).await.expect("it is fine");
    assert_eq!(named.subscription.document["formValues"]["team"], json!({"isSet": true}));
    assert!(!at_rest(&store, "one").await.contains("velvet"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_nothing_may_be_sent_to_is_refused_by_its_field() {
    let stage = Stage::new();
    integration(&stage.root(), "connected", &manifest(&json!({}), true), TEMPLATE);
    let sender = Sender::new(AddressGuard::public_only(), SystemResolver, Limits::default());
    let service =
        stage.start_with(Arc::new(MemoryStore::new()), RealClock::start(), 7, sender).await.expect("it starts");
    for address in ["http://127.0.0.1:8080/", "https://10.1.2.3/", "http://[::1]/", "http://2130706433/"] {
        let told = mistakes(service.put_subscription("one", document(address), false).await);
        assert_eq!((told.len(), &*told[0].pointer), (1, "/formValues/url"), "{address}");
        assert!(told[0].help.as_deref().is_some_and(|help| help.contains("--allow-private")), "{told:?}");
    }
    let mut whole = document("https://receiver.example/");
    whole["integration"] = json!("connected");
    whole["oauth"] = json!({"baseUri": "https://account.example", "tokenUrl": "https://169.254.169.254/t",
        "clientId": "client", "clientSecret": "deep-secret"});
    assert_eq!(pointers(service.put_subscription("one", whole, false).await), ["/oauth/tokenUrl"]);
    subscribe(&service, "one", document("https://receiver.example/")).await;
    // What is switched off may wait for a machine that allows it.
    let mut off = document("http://10.1.2.3/");
    off["enabled"] = json!(false);
    subscribe(&service, "two", off).await;
    let on = service.patch_subscription("two", json!({"enabled": true}), false).await;
    assert_eq!(pointers(on), ["/formValues/url"]);
    // On a machine that allows them they are fine, all but those where no receiver lives.
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    subscribe(&service, "one", document("https://10.1.2.3/")).await;
    let told = pointers(service.put_subscription("one", document("http://169.254.169.254/"), false).await);
    assert_eq!(told, ["/formValues/url"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_in_an_address_is_not_shown_and_is_kept_like_a_secret() {
    let (stage, receiver) = (Stage::new(), Receiver::answering(200).await);
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    let with = |who: &str| receiver.url().replace("http://", &format!("http://{who}@"));
    subscribe(&service, "one", document(&with("ana:open-sesame"))).await;
    let shown = view(&service, "one").await;
    assert_eq!(shown["formValues"]["url"], json!(with("ana:[secret]")));
    let report = service.test_subscription("one").await.expect("it is there");
    // base64 of `ana:open-sesame`
    let encoded = "YW5hOm9wZW4tc2VzYW1l";
    assert_eq!(receiver.received()[0].header("authorization"), format!("Basic {encoded}"));
    let told = serde_json::to_string(&report).expect("JSON");
    assert!(!told.contains("sesame") && !told.contains(encoded), "{told}");
    service.patch_subscription("one", json!({"name": "First"}), false).await.expect("it stays");
    let back = json!({"formValues": shown["formValues"]});
    service.patch_subscription("one", back, false).await.expect("it stays");
    assert!(service.test_subscription("one").await.expect("it is there").succeeded);
    assert_eq!(receiver.received()[1].header("authorization"), format!("Basic {encoded}"));
    let elsewhere = json!({"formValues": {"url": "https://ana:[secret]@thief.example/", "apiKey": "hush-hush-hush"}});
    assert_eq!(pointers(service.patch_subscription("one", elsewhere, false).await), ["/formValues/url"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_of_an_address_that_a_receiver_repeats_is_not_kept() {
    let stage = Stage::new();
    let receiver = Receiver::start(|received, _| {
        let said = received.header("authorization").to_owned();
        Reply::Full(400, format!("X-Said: {said}\r\n"), format!("{said} is ana and open-sesame, or open%2Dsesame"))
    })
    .await;
    // Answers are shown of hosts alone that are chosen from a list.
    let url = receiver.url().replace("http://", "http://ana:open%2Dsesame@");
    let hook = json!({"includeErrorResponseBody": true});
    let mut changed: Json = serde_json::from_str(&manifest(&hook, false)).expect("JSON");
    changed["formVariables"][0]["type"] = json!("enum");
    changed["formVariables"][0]["allowedValues"] = json!([url]);
    integration(&stage.root(), "example", &changed.to_string(), TEMPLATE);
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    let mut document = document(&url);
    document["profile"] = json!("kong");
    subscribe(&service, "one", document).await;
    let masked = "Basic [secret] is ana and [secret], or [secret]";
    let report = service.test_subscription("one").await.expect("it is there");
    assert_eq!(report.body.as_deref(), Some(masked));
    assert!(report.headers.iter().any(|header| header.value == "Basic [secret]"), "{report:?}");
    take(&service, &event("e-1", "nav")).await;
    drained(&service).await;
    let page = service.deliveries(Default::default(), PageRequest::first(1)).await.expect("a list");
    let number = page.items[0].delivery.parse().expect("a number");
    let attempt = service.delivery(number).await.expect("it is there").history.remove(0);
    assert_eq!(attempt.body, masked);
    // base64 of `ana:open-sesame`
    let told = format!("{report:?}{attempt:?}");
    assert!(!told.contains("sesame") && !told.contains("YW5hOm"), "{told}");
    assert_eq!(receiver.received()[1].header("authorization"), "Basic YW5hOm9wZW4tc2VzYW1l");
}
