//! `secret-not-string`

use super::prelude::*;
use crate::checks::parts::forms;
use crate::manifest::FormVariableType;

/// Only texts can be encrypted; a secret of another type cannot be saved.
pub(super) struct SecretNotString;

impl Rule for SecretNotString {
    fn id(&self) -> &'static str {
        "secret-not-string"
    }

    fn summary(&self) -> &'static str {
        "a secret form variable is not of type `string`"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for form in forms(&scene.integration.manifest) {
            for (pointer, variable) in form.placed() {
                if variable.secret() && !matches!(variable.kind, FormVariableType::String | FormVariableType::Unknown) {
                    let message = format!("the secret `{}` is not of type `string`", variable.key);
                    let place = scene.value(&format!("{pointer}/isSecret"));
                    out.push(self.finding(place, message).helped("make its type `string`, or remove `isSecret`"));
                }
            }
        }
    }
}
