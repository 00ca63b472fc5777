//! `duplicate-form-key`

use std::collections::HashMap;

use super::prelude::*;
use crate::checks::parts::{Form, MAIN_FORM, forms};

/// Of two form variables with one key, templates see only one, and administrators fill in both.
pub(super) struct DuplicateFormKey;

impl Rule for DuplicateFormKey {
    fn id(&self) -> &'static str {
        "duplicate-form-key"
    }

    fn summary(&self) -> &'static str {
        "two form variables that templates see together have the same key"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let forms = forms(&scene.integration.manifest);
        let first_of: Vec<HashMap<&str, usize>> = forms.iter().map(|form| first_by_key(*form)).collect();
        for (index, form) in forms.iter().enumerate() {
            for (at_index, (pointer, variable)) in form.placed().enumerate() {
                let key = variable.key.as_str();
                let at = || scene.value(&format!("{pointer}/key"));
                if key.is_empty() {
                    continue;
                }
                let place_of = |form: &Form<'_>, index: &usize| format!("{}/{index}", form.pointer);
                let own = first_of[index].get(key).filter(|first| **first != at_index);
                let own = own.map(|first| place_of(form, first));
                // Endpoints of these capabilities see the main form and their own side by side.
                let shares =
                    forms[..index].iter().position(|other| other.pointer == MAIN_FORM && beside_main(form.pointer));
                let shared = shares.and_then(|main| first_of[main].get(key).map(|first| place_of(&forms[main], first)));
                if let Some(first) = own {
                    let message = format!("the form variable `{key}` is declared twice");
                    let help = format!("the first one is at `{first}`; give this one a key of its own");
                    out.push(self.finding(at(), message).helped(help));
                } else if let Some(first) = shared {
                    let message = format!("the form variable `{key}` hides another of the same key");
                    let help = format!("templates see both this one and `{first}`; give one of them another key");
                    out.push(self.finding(at(), message).helped(help));
                }
            }
        }
    }
}

/// Environment and approval variables have names of their own in templates (`environment.x`); these do not.
fn beside_main(pointer: &str) -> bool {
    matches!(pointer, "/capabilities/featureStore/formVariables" | "/capabilities/flagCleanup/formVariables")
}

/// Where each key is declared first.
fn first_by_key(form: Form<'_>) -> HashMap<&str, usize> {
    let mut first = HashMap::with_capacity(form.variables.len());
    for (index, variable) in form.variables.iter().enumerate() {
        first.entry(variable.key.as_str()).or_insert(index);
    }
    first
}
