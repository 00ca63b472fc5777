//! `secret-with-default`

use super::prelude::*;
use crate::checks::parts::forms;

/// A manifest is public, and what stands in it is no secret; whoever leaves the field empty uses it.
pub(super) struct SecretWithDefault;

impl Rule for SecretWithDefault {
    fn id(&self) -> &'static str {
        "secret-with-default"
    }

    fn summary(&self) -> &'static str {
        "a secret form variable has a default"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for form in forms(&scene.integration.manifest) {
            for (pointer, variable) in form.placed() {
                let given = variable.default_value.as_ref().and_then(serde_json::Value::as_str);
                if variable.secret() && given.is_some_and(|text| !text.is_empty()) {
                    let message = format!("the secret `{}` has a default that everyone can read", variable.key);
                    let place = scene.value(&format!("{pointer}/defaultValue"));
                    let help = "remove it, or make it an empty text if the secret is optional";
                    out.push(self.finding(place, message).helped(help));
                }
            }
        }
    }
}
