//! `unknown-action`

use super::policy_place;
use super::prelude::*;
use crate::policy::{List, PolicyWarning, Remark, Statement, warnings};

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
        let statements = super::statements(scene);
        let dead = dead_statements(&statements);
        for warning in warnings(&statements) {
            // The list of actions grows: only a near miss is surely a slip.
            let sure = match &warning.remark {
                Remark::UnknownAction { near, .. } => near.is_some(),
                Remark::ActionElsewhere { .. } if dead.contains(&warning.spot.statement) => {
                    let place = policy_place(scene, &warning.spot);
                    let message = format!("{warning}, so that the statement can never match");
                    out.push(self.finding(place, message).maybe_helped(warning.help()));
                    continue;
                }
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

/// The statements that can never match: all of their actions are actions on something else.
pub(super) fn dead_statements(statements: &[Statement]) -> Vec<usize> {
    let found = warnings(statements);
    let elsewhere = |at: usize| {
        let fits = |warning: &&PolicyWarning| {
            warning.spot.statement == at && matches!(warning.remark, Remark::ActionElsewhere { .. })
        };
        found.iter().filter(fits).count()
    };
    let is_dead = |at: &usize| {
        statements[*at]
            .list(List::Actions)
            .is_some_and(|actions| !actions.is_empty() && elsewhere(*at) == actions.len())
    };
    (0..statements.len()).filter(is_dead).collect()
}
