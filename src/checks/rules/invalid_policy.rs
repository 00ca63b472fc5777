//! `invalid-policy`

use super::policy_place;
use super::prelude::*;
use crate::policy::{Mistake, Policy};

/// A policy with one wrong word decides otherwise than its author thinks, and says nothing.
pub(super) struct InvalidPolicy;

impl Rule for InvalidPolicy {
    fn id(&self) -> &'static str {
        "invalid-policy"
    }

    fn summary(&self) -> &'static str {
        "a statement of the policy, or a resource in it, cannot mean anything"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let Err(errors) = Policy::compile(&super::statements(scene)) else { return };
        for error in errors {
            if !belongs_elsewhere(&error.mistake) {
                let place = policy_place(scene, &error.spot);
                out.push(self.finding(place, error.to_string()).maybe_helped(error.help()));
            }
        }
    }
}

/// What the schema check or a rule of its own already tells.
fn belongs_elsewhere(mistake: &Mistake) -> bool {
    super::impossible_resource::is_about_resource(mistake)
        || matches!(
            mistake,
            Mistake::Twins(..)
                | Mistake::NotAStatement
                | Mistake::UnknownKey { .. }
                | Mistake::UnknownEffect(_)
                | Mistake::NotAList(_)
                | Mistake::NotAString(_)
        )
}
