//! `default-without-optional`

use super::prelude::*;
use crate::checks::parts::{MAIN_FORM, forms};
use crate::manifest::FormVariableType;

/// A default fills in for a value left empty, and a required value is never left empty.
pub(super) struct DefaultWithoutOptional;

impl Rule for DefaultWithoutOptional {
    fn id(&self) -> &'static str {
        "default-without-optional"
    }

    fn summary(&self) -> &'static str {
        "a required form variable has a default"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for form in forms(&scene.integration.manifest) {
            for (pointer, variable) in form.placed() {
                // These two take no default at all: `property-of-another-type` says so.
                let no_default =
                    matches!(variable.kind, FormVariableType::Multiselect | FormVariableType::EnvironmentSelector);
                let written = format!("{pointer}/defaultValue");
                if scene.has(&written) && !variable.optional() && !no_default {
                    let message = format!("`{}` has a default, but is not optional", variable.key);
                    let help = "set `isOptional` to `true`, or use `placeholder` to show an example";
                    let finding = self.finding(scene.key(&written), message).helped(help);
                    // The reference looks at the main form and at an approval's.
                    let checked = form.pointer == MAIN_FORM || form.pointer.starts_with("/capabilities/approval/");
                    out.push(if checked { finding } else { finding.mild() });
                }
            }
        }
    }
}
