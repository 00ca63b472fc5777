//! `unserved-kind`

use super::prelude::*;
use super::served_kinds;
use crate::checks::near::listed;
use crate::policy::{Policy, Vocabulary};

/// Events that the policy lets through and no template renders are skipped, one by one.
pub(super) struct UnservedKind;

impl Rule for UnservedKind {
    fn id(&self) -> &'static str {
        "unserved-kind"
    }

    fn summary(&self) -> &'static str {
        "the policy lets through a kind of event that no template serves"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let statements = super::statements(scene);
        let Some(served) = served_kinds(scene).filter(|served| !served.is_empty() && !statements.is_empty()) else {
            return;
        };
        let Ok(policy) = Policy::compile(&statements) else { return };
        // Where nothing at all gets to a template, `never-matching-policy` has said so.
        if !served.iter().any(|kind| policy.may_allow(kind)) {
            return;
        }
        let vocabulary = Vocabulary::built_in();
        let mut kinds: Vec<&str> = vocabulary
            .resource_types()
            .filter(|(name, _)| policy.may_allow(name))
            .map(|(name, _)| vocabulary.noun(name))
            .filter(|noun| {
                !served
                    .iter()
                    .any(|kind| vocabulary.type_of_kind(kind).map(|name| vocabulary.noun(name)) == Some(*noun))
            })
            .collect();
        let more = kinds.len().saturating_sub(4);
        if kinds.is_empty() {
            return;
        }
        kinds.truncate(4);
        let others = if more > 0 { format!(" and {more} more kinds") } else { String::new() };
        let message = format!("the policy lets through events that no template serves: {}{others}", listed(kinds));
        let help = "add a template under `default`, or narrow the policy";
        out.push(self.finding(scene.key(super::POLICY), message).helped(help));
    }
}
