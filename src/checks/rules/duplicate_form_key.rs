//! `duplicate-form-key`

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
        for (index, form) in forms.iter().enumerate() {
            for (pointer, variable) in form.placed() {
                let key = variable.key.as_str();
                let at = || scene.value(&format!("{pointer}/key"));
                if key.is_empty() {
                    continue;
                }
                let own = pointer_of(*form, key, &pointer);
                // Endpoints of these capabilities see the main form and their own side by side.
                let shares =
                    forms[..index].iter().find(|other| other.pointer == MAIN_FORM && beside_main(form.pointer));
                let shared = shares.and_then(|main| pointer_of(*main, key, &pointer));
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

/// Where `key` is declared before the variable at `pointer`.
fn pointer_of(form: Form<'_>, key: &str, pointer: &str) -> Option<String> {
    let (first, _) = form.placed().find(|(_, variable)| variable.key == key)?;
    (first != pointer).then_some(first)
}
