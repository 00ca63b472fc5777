//! `policy-twins`

use super::policy_place;
use super::prelude::*;
use crate::policy::{Mistake, Policy};

/// A list and its opposite in one statement: one of them is not what the author thinks.
pub(super) struct PolicyTwins;

impl Rule for PolicyTwins {
    fn id(&self) -> &'static str {
        "policy-twins"
    }

    fn summary(&self) -> &'static str {
        "a statement has a list together with its `not` twin"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let Err(errors) = Policy::compile(&super::statements(scene)) else { return };
        for error in errors.iter().filter(|error| matches!(error.mistake, Mistake::Twins(..))) {
            let place = policy_place(scene, &error.spot);
            out.push(self.finding(place, error.to_string()).maybe_helped(error.help()));
        }
    }
}
