//! `unknown-action`

use super::policy_place;
use super::prelude::*;
use crate::policy::{Remark, warnings};

/// `updateFallThrough` with a large T never matched, for a long time, and nobody was told.
pub(super) struct UnknownAction;

impl Rule for UnknownAction {
    fn id(&self) -> &'static str {
        "unknown-action"
    }

    fn summary(&self) -> &'static str {
        "the policy names an action that does not exist, or not on its resources"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for warning in warnings(&super::statements(scene)) {
            // The list of actions grows: only a near miss is surely a slip.
            let sure = match &warning.remark {
                Remark::UnknownAction { near, .. } => near.is_some(),
                Remark::ActionElsewhere { .. } => false,
                _ => continue,
            };
            let place = policy_place(scene, &warning.spot);
            let unsure = "if the action is new, it will match; the list of known ones may be behind";
            let help = warning.help().unwrap_or_else(|| unsure.to_owned());
            let finding = self.finding(place, warning.to_string()).helped(help);
            out.push(if sure { finding } else { finding.mild() });
        }
    }
}
