//! `unknown-helper`

use super::prelude::*;
use crate::checks::near::{did_you_mean, listed};
use crate::render::helper_names;

/// The set of helpers is closed: a call of any other prints nothing, or fails.
pub(super) struct UnknownHelper;

impl Rule for UnknownHelper {
    fn id(&self) -> &'static str {
        "unknown-helper"
    }

    fn summary(&self) -> &'static str {
        "a template calls a helper that does not exist"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let known: Vec<&str> = helper_names().collect();
        for reading in scene.readings {
            for helper in reading.helpers.iter().filter(|helper| !known.contains(&helper.name.as_str())) {
                let message = format!("no helper is named `{}`", helper.name);
                let help = did_you_mean(&helper.name, known.iter().copied())
                    .unwrap_or_else(|| format!("the helpers are {}", listed(known.iter().copied())));
                out.push(self.finding(scene.within(reading, helper.span.clone()), message).helped(help));
            }
        }
    }
}
