//! `idle-statement`

use super::policy_place;
use super::prelude::*;
use crate::policy::{Remark, warnings};

/// A list that covers nothing, or a filter that no event can satisfy.
pub(super) struct IdleStatement;

impl Rule for IdleStatement {
    fn id(&self) -> &'static str {
        "idle-statement"
    }

    fn summary(&self) -> &'static str {
        "a statement of the policy covers nothing, or asks what no event tells"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for warning in warnings(&super::statements(scene)) {
            if !matches!(warning.remark, Remark::UnknownAction { .. } | Remark::ActionElsewhere { .. }) {
                let place = policy_place(scene, &warning.spot);
                out.push(self.finding(place, warning.to_string()).maybe_helped(warning.help()));
            }
        }
    }
}
