//! `optional-without-default`

use super::prelude::*;
use crate::checks::parts::{MAIN_FORM, forms};
use crate::manifest::FormVariableType;

/// Without a default, a variable left empty is no variable: a template that reads it fails in tests.
pub(super) struct OptionalWithoutDefault;

impl Rule for OptionalWithoutDefault {
    fn id(&self) -> &'static str {
        "optional-without-default"
    }

    fn summary(&self) -> &'static str {
        "an optional form variable has no default"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for form in forms(&scene.integration.manifest) {
            // Only the main form's values stand in templates by themselves; the others are passed on as they are.
            let beside = form.pointer == "/capabilities/featureStore/formVariables";
            if form.pointer != MAIN_FORM && !beside {
                continue;
            }
            for (pointer, variable) in form.placed() {
                let exempt =
                    matches!(variable.kind, FormVariableType::Multiselect | FormVariableType::EnvironmentSelector);
                if !variable.optional() || exempt || scene.has(&format!("{pointer}/defaultValue")) {
                    continue;
                }
                let message = format!("`{}` is optional and has no default", variable.key);
                let help = match variable.kind {
                    FormVariableType::Boolean => "add `\"defaultValue\": false`",
                    _ => "add `\"defaultValue\": \"\"`, so that templates can read it when it is left empty",
                };
                let finding = self.finding(scene.value(&format!("{pointer}/isOptional")), message).helped(help);
                out.push(if beside { finding.mild() } else { finding });
            }
        }
    }
}
