//! The books, always: what came in is sent, on its way, or has a reason.

use std::sync::Arc;

use flagpost::store::{Account, MemoryStore, Moment, Retention};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::support::*;

/// What happens in a run.
#[derive(Debug, Clone)]
enum Step {
    Event { flag: usize, environment: usize, id: usize },
    Switch { subscription: usize, on: bool },
    Policy { subscription: usize, policy: usize },
    Remove { subscription: usize },
    Reload { template: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..3_usize, 0..2_usize, 0..40_usize)
            .prop_map(|(flag, environment, id)| Step::Event { flag, environment, id }),
        1 => (0..3_usize, any::<bool>()).prop_map(|(subscription, on)| Step::Switch { subscription, on }),
        2 => (0..3_usize, 0..4_usize).prop_map(|(subscription, policy)| Step::Policy { subscription, policy }),
        1 => (0..3_usize).prop_map(|subscription| Step::Remove { subscription }),
        1 => (0..3_usize).prop_map(|template| Step::Reload { template }),
    ]
}

const FLAGS: [&str; 3] = ["nav", "pay", "old"];
const ENVIRONMENTS: [&str; 2] = ["production", "test"];
const TEMPLATES: [&str; 3] =
    [TEMPLATE, r#"{{#if titleVerb}}{"id": "{{_id}}"}{{/if}}"#, r#"{"other": "{{_id}}", "name": "{{name}}"}"#];

fn policies() -> [Json; 4] {
    [
        json!([{"resources": ["proj/*:env/*:flag/*"]}]),
        json!([{"resources": ["proj/*:env/production:flag/*"]}, {"effect": "deny", "resources": ["proj/*:env/*:flag/old"]}]),
        json!([{"resources": ["proj/web:env/*:flag/pay"]}]),
        json!([]),
    ]
}

async fn run(steps: Vec<Step>) {
    let stage = Stage::new();
    let receiver =
        Receiver::start(|received, _| Reply::Status(if received.body.contains("e-1") { 400 } else { 200 })).await;
    let service = stage.start(Arc::new(MemoryStore::new())).await;
    let with = |policy: usize| {
        let mut document = document(&receiver.url());
        document["policy"] = policies()[policy].clone();
        document["profile"] = json!("kong");
        document
    };
    let (mut taken, mut asked) = (0, 0);
    let mut known = [true, true, true];
    for (at, _) in known.iter().enumerate() {
        subscribe(&service, &format!("s-{at}"), with(at)).await;
    }
    for step in steps {
        match step {
            Step::Event { flag, environment, id } => {
                let body = event_in(&format!("e-{id}"), FLAGS[flag], ENVIRONMENTS[environment]);
                let report = take(&service, &body).await;
                let new = u64::from(report.events[0].outcome == flagpost::service::EventOutcome::Accepted);
                taken += new;
                let present = known.iter().filter(|known| **known).count() as u64;
                // An event that meets no subscription at all is one decision of its own.
                asked += new * present.max(1);
            }
            Step::Switch { subscription, on } if known[subscription] => {
                let patch = json!({"enabled": on});
                service.patch_subscription(&format!("s-{subscription}"), patch, false).await.expect("it is fine");
            }
            Step::Policy { subscription, policy } => {
                subscribe(&service, &format!("s-{subscription}"), with(policy)).await;
                known[subscription] = true;
            }
            Step::Remove { subscription } if known[subscription] => {
                service.remove_subscription(&format!("s-{subscription}")).await.expect("it is there");
                known[subscription] = false;
            }
            Step::Switch { .. } | Step::Remove { .. } => {}
            Step::Reload { template } => {
                let file = stage.root().join("example/templates/default.json.hbs");
                std::fs::write(file, TEMPLATES[template]).expect("it can be written");
                let report = service.reload().await.expect("it can be read");
                assert!(report.refused.is_empty(), "{report:?}");
            }
        }
        let books = service.accounts().await.expect("the books");
        assert!(books.balance(), "{books:?}");
        assert_eq!((books.get(Account::Events), books.get(Account::Decisions)), (taken, asked));
    }
    for (at, known) in known.iter().enumerate() {
        if *known {
            service.patch_subscription(&format!("s-{at}"), json!({"enabled": true}), false).await.expect("it is fine");
        }
    }
    until("everything to be settled or called off", || async {
        // What waited for what was removed is called off by upkeep.
        service.store().upkeep(Retention::default(), Moment::from_millis(0)).await.is_ok()
            && service.accounts().await.expect("the books").get(Account::Pending) == 0
    })
    .await;
    let books = service.accounts().await.expect("the books");
    assert!(books.balance(), "{books:?}");
    let sent = books.get(Account::Delivered) + books.get(Account::Dead);
    assert!(receiver.received().len() as u64 >= sent, "no more is booked than was sent");
    service.stop(PATIENCE).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn everything_is_accounted_for_at_every_moment(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        runtime.block_on(run(steps));
    }
}
