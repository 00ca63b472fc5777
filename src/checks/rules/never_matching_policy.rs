//! `never-matching-policy`

use super::prelude::*;
use super::served_kinds;
use super::unknown_action::dead_statements;
use crate::checks::near::listed;
use crate::policy::{Effect, Policy};

/// A documented example once watched environments while its only template was for flags: nothing was ever sent.
pub(super) struct NeverMatchingPolicy;

impl Rule for NeverMatchingPolicy {
    fn id(&self) -> &'static str {
        "never-matching-policy"
    }

    fn summary(&self) -> &'static str {
        "the policy lets no event through that a template serves"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let statements = super::statements(scene);
        if statements.is_empty() {
            return;
        }
        let Ok(policy) = Policy::compile(&statements) else { return };
        let place = scene.key(super::POLICY);
        // `unknown-action` has told why.
        let dead = dead_statements(&statements);
        let allowing = |at: &usize| statements[*at].effect() == Effect::Allow;
        if !dead.is_empty() && (0..statements.len()).filter(allowing).all(|at| dead.contains(&at)) {
            return;
        }
        if !policy.may_allow_anything() {
            let message = "the policy lets no event through".to_owned();
            if statements.iter().all(|statement| statement.effect() == Effect::Deny) {
                let help = "every statement denies, so administrators have to write one that allows";
                out.push(self.finding(place, message).helped(help).mild());
            } else {
                let help = "compare what its statements allow with what they deny";
                out.push(self.finding(place, message).helped(help));
            }
            return;
        }
        let Some(served) = served_kinds(scene) else { return };
        if !served.is_empty() && !served.iter().any(|kind| policy.may_allow(kind)) {
            let message =
                format!("the policy lets through no event of the kinds that have a template: {}", listed(served));
            let help = "allow one of them, or add a template under `default`";
            out.push(self.finding(place, message).helped(help));
        }
    }
}
