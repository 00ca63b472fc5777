//! Integrations are swapped in whole, or not at all.

use std::sync::Arc;
use std::time::Duration;

use flagpost::service::{Happening, Observed, ServiceError};
use flagpost::store::MemoryStore;
use serde_json::json;

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_change_is_refused_and_the_old_version_stays() {
    let (stage, receiver) = (Stage::new(), Receiver::answering(200).await);
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    subscribe(&service, "one", document(&receiver.url())).await;
    let template = stage.root().join("example/templates/default.json.hbs");
    std::fs::write(&template, "{\"id\": \"{{_id}\"}").expect("it can be written");
    let report = service.reload().await.expect("it can be read");
    assert_eq!((report.swapped.len(), report.refused.len()), (0, 1));
    assert!(report.refused[0].findings.iter().any(|finding| finding.rule == "template-syntax"));
    assert_eq!(service.integrations()[0].refused.len(), report.refused[0].findings.len());
    take(&service, &event("e-1", "nav")).await;
    assert_eq!(receiver.wait_for(1).await[0].json()["flag"], json!("Flag nav"));
    std::fs::write(&template, "{\"only\": \"{{_id}}\"}").expect("it can be written");
    let report = service.reload().await.expect("it can be read");
    assert_eq!(report.swapped, ["example"]);
    assert!(service.integrations()[0].refused.is_empty());
    take(&service, &event("e-2", "nav")).await;
    assert_eq!(receiver.wait_for(2).await[1].json(), json!({"only": "e-2"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_a_change_does_not_fit_keeps_the_version_that_fits() {
    let (stage, receiver) = (Stage::new(), Receiver::answering(200).await);
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    subscribe(&service, "one", document(&receiver.url())).await;
    let mut changed: serde_json::Value =
        serde_json::from_str(&manifest(&json!({}), false)).expect("the manifest is JSON");
    let variable = json!({"key": "team", "name": "Team", "type": "string", "description": "Whom it is for."});
    changed["formVariables"].as_array_mut().expect("a list").push(variable);
    integration(&stage.root(), "example", &changed.to_string(), r#"{"team": "{{formVariables.team}}"}"#);
    assert_eq!(service.reload().await.expect("it can be read").swapped, ["example"]);
    let status = service.subscription("one").await.expect("it is there").status;
    assert!(!status.integration_current);
    assert_eq!(status.mistakes[0].pointer, "/formValues/team");
    assert_eq!(status.observed, Observed::Active, "it is served with the version that fits");
    take(&service, &event("e-1", "nav")).await;
    assert_eq!(receiver.wait_for(1).await[0].json()["id"], json!("e-1"));
    let patch = json!({"formValues": {"team": "blue"}});
    service.patch_subscription("one", patch, false).await.expect("it fits");
    assert!(service.subscription("one").await.expect("it is there").status.integration_current);
    take(&service, &event("e-2", "nav")).await;
    assert_eq!(receiver.wait_for(2).await[1].json(), json!({"team": "blue"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_gone_takes_no_subscription_with_it() {
    let (stage, receiver) = (Stage::new(), Receiver::answering(200).await);
    integration(&stage.root(), "other", &manifest(&json!({}), false), TEMPLATE);
    let store = Arc::new(MemoryStore::new());
    let service = stage.start(store.clone()).await;
    subscribe(&service, "one", document(&receiver.url())).await;
    std::fs::remove_dir_all(stage.root().join("example")).expect("it can be removed");
    assert_eq!(service.reload().await.expect("it can be read").removed, ["example"]);
    assert!(service.put_subscription("two", document(&receiver.url()), false).await.is_err());
    take(&service, &event("e-1", "nav")).await;
    receiver.wait_for(1).await;
    service.stop(PATIENCE).await;
    // Also after a start, when nothing but the store knows the integration.
    let service = stage.start(store).await;
    take(&service, &event("e-2", "nav")).await;
    receiver.wait_for(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_folder_is_noticed() {
    let mut stage = Stage::new();
    stage.settings.reload_every = Some(Duration::from_millis(20));
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    let mut happenings = service.happenings();
    integration(&stage.root(), "example", &manifest(&json!({}), false), r#"{"changed": "{{_id}}"}"#);
    let swapped = async {
        loop {
            if let Happening::Swapped { integration, .. } = happenings.recv().await.expect("it is heard") {
                return integration;
            }
        }
    };
    assert_eq!(tokio::time::timeout(PATIENCE, swapped).await.expect("it is noticed"), "example");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_broken_before_the_start_is_told_and_listed() {
    let stage = Stage::new();
    integration(&stage.root(), "broken", "{\"name\" \"Broken\"}", TEMPLATE);
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    let listed = service.integrations();
    let keys: Vec<&str> = listed.iter().map(|listed| listed.key.as_str()).collect();
    assert_eq!(keys, ["broken", "example"]);
    assert!(listed[0].digest.is_none() && !listed[0].refused.is_empty(), "{listed:?}");
    assert!(listed[1].digest.is_some() && listed[1].refused.is_empty(), "{listed:?}");
    std::fs::remove_dir_all(stage.root().join("broken")).expect("it can be removed");
    service.reload().await.expect("it can be read");
    let listed = service.integrations();
    assert!(listed.len() == 1 && listed[0].refused.is_empty(), "{listed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_integrations_that_is_gone_is_told_and_what_is_in_use_stays() {
    let mut stage = Stage::new();
    stage.settings.reload_every = Some(Duration::from_millis(20));
    let receiver = Receiver::answering(200).await;
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    subscribe(&service, "one", document(&receiver.url())).await;
    let mut happenings = service.happenings();
    let mut told = async |wanted: bool| {
        let heard = async {
            loop {
                match happenings.recv().await.expect("it is heard") {
                    Happening::Folder { works, .. } if works == wanted => return,
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, heard).await.expect("it is told");
    };
    let aside = stage.root().with_extension("aside");
    std::fs::rename(stage.root(), &aside).expect("it can be moved");
    told(false).await;
    take(&service, &event("e-1", "nav")).await;
    receiver.wait_for(1).await;
    std::fs::rename(&aside, stage.root()).expect("it can be moved");
    told(true).await;
    assert!(service.subscription("one").await.expect("it is there").status.integration_current);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_folder_nothing_starts() {
    let stage = Stage::new();
    std::fs::remove_dir_all(stage.root()).expect("it can be removed");
    let started = stage.try_start(Arc::new(MemoryStore::new()), RealClock::start(), 7).await;
    assert!(matches!(started, Err(ServiceError::Refused(_))));
}
