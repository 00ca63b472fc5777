//! Finds the subscriptions that may let an event through, without asking the others.

use std::collections::HashMap;

use crate::policy::{Anchor, Policy, Target};

/// Places of subscriptions by where their policies could allow anything.
#[derive(Debug, Default)]
pub(super) struct Index {
    everywhere: Vec<u32>,
    anchored: HashMap<String, Vec<u32>>,
}

/// Between the parts of a name: in no type and in no key.
const BORDER: char = '\u{1f}';

impl Index {
    /// Adds the subscription at `place`; one without a policy is asked about everything.
    pub(super) fn add(&mut self, place: u32, policy: Option<&Policy>) {
        let Some(policy) = policy else {
            self.everywhere.push(place);
            return;
        };
        for anchor in policy.anchors() {
            match anchor {
                Anchor::Everywhere => self.everywhere.push(place),
                Anchor::Type(kind) => self.put(kind, place),
                Anchor::Named { resource_type, kind, name } => {
                    if kind == "env" {
                        // For events in all environments at once.
                        self.put(format!("{resource_type}{BORDER}{kind}"), place);
                    }
                    self.put(format!("{resource_type}{BORDER}{kind}{BORDER}{name}"), place);
                }
            }
        }
    }

    fn put(&mut self, key: String, place: u32) {
        let places = self.anchored.entry(key).or_default();
        if places.last() != Some(&place) {
            places.push(place);
        }
    }

    /// The places of all that may let an event with these targets through, each once, in order.
    pub(super) fn candidates(&self, targets: &[Target<'_>], places: &mut Vec<u32>) {
        places.clear();
        places.extend_from_slice(&self.everywhere);
        if !self.anchored.is_empty() {
            let mut key = String::new();
            for target in targets {
                target.resource.anchors(|resource_type, segment| {
                    key.clear();
                    key.push_str(resource_type);
                    if let Some((kind, name)) = segment {
                        key.push(BORDER);
                        key.push_str(kind);
                        if let Some(name) = name {
                            key.push(BORDER);
                            key.push_str(name);
                        }
                    }
                    if let Some(found) = self.anchored.get(&key) {
                        places.extend_from_slice(found);
                    }
                });
            }
        }
        places.sort_unstable();
        places.dedup();
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::Index;
    use crate::policy::{Policy, Resource, Target, UnstatedTags};

    fn policy(text: &str) -> Policy {
        let statements: Vec<serde_json::Value> = serde_json::from_str(text).expect("JSON");
        Policy::from_json(&statements).expect("a policy")
    }

    fn specifier() -> impl Strategy<Value = String> {
        let name = || prop_oneof![Just("a"), Just("b"), Just("*"), Just("a*"), Just("*;t")];
        prop_oneof![
            Just("*".to_owned()),
            name().prop_map(|p| format!("proj/{p}")),
            (name(), name()).prop_map(|(p, e)| format!("proj/{p}:env/{e}")),
            (name(), name(), name()).prop_map(|(p, e, f)| format!("proj/{p}:env/{e}:flag/{f}")),
        ]
    }

    fn resource() -> impl Strategy<Value = String> {
        let name = || prop_oneof![Just("a"), Just("b"), Just("ab"), Just("a;t"), Just("b;u,t")];
        let environment = prop_oneof![Just("a"), Just("b"), Just("~"), Just("*"), Just("a;t")];
        prop_oneof![
            name().prop_map(|p| format!("proj/{p}")),
            (name(), environment.clone()).prop_map(|(p, e)| format!("proj/{p}:env/{e}")),
            (name(), environment, name()).prop_map(|(p, e, f)| format!("proj/{p}:env/{e}:flag/{f}")),
        ]
    }

    proptest! {
        #[test]
        fn no_subscription_that_would_be_sent_to_is_passed_over(
            written in prop::collection::vec(
                prop::collection::vec((any::<bool>(), any::<bool>(), prop::collection::vec(specifier(), 0..3)), 0..3),
                1..6,
            ),
            resources in prop::collection::vec(resource(), 1..3),
        ) {
            let policies: Vec<Policy> = written
                .iter()
                .map(|statements| {
                    let statements: Vec<serde_json::Value> = statements
                        .iter()
                        .map(|(deny, except, entries)| {
                            let list = if *except { "notResources" } else { "resources" };
                            serde_json::json!({"effect": if *deny { "deny" } else { "allow" }, list: entries})
                        })
                        .collect();
                    policy(&serde_json::Value::from(statements).to_string())
                })
                .collect();
            let mut index = Index::default();
            for (place, policy) in policies.iter().enumerate() {
                index.add(u32::try_from(place).expect("few"), Some(policy));
            }
            let targets: Vec<Target<'_>> = resources
                .iter()
                .map(|text| Target {
                    resource: Resource::parse(text, UnstatedTags::Empty).expect("a resource"),
                    action: Cow::Borrowed("updateOn"),
                })
                .collect();
            let mut found = Vec::new();
            index.candidates(&targets, &mut found);
            for (place, policy) in policies.iter().enumerate() {
                let place = u32::try_from(place).expect("few");
                prop_assert!(!policy.decide_any(&targets).allows() || found.contains(&place));
            }
        }
    }

    #[test]
    fn a_subscription_of_another_project_is_not_asked() {
        let mut index = Index::default();
        for place in 0..1000 {
            let text = format!(r#"[{{"resources": ["proj/p{place}:env/*:flag/*"], "actions": ["*"]}}]"#);
            index.add(place, Some(&policy(&text)));
        }
        let resource = Resource::parse("proj/p7:env/test:flag/nav", UnstatedTags::Unknown).expect("a resource");
        let mut found = Vec::new();
        index.candidates(&[Target { resource, action: Cow::Borrowed("updateOn") }], &mut found);
        assert_eq!(found, [7]);
    }
}
