//! `default-not-allowed`

use super::prelude::*;
use crate::checks::near::{did_you_mean, listed};
use crate::checks::parts::forms;
use crate::manifest::FormVariableType;

/// A form that opens with a value it will not accept.
pub(super) struct DefaultNotAllowed;

impl Rule for DefaultNotAllowed {
    fn id(&self) -> &'static str {
        "default-not-allowed"
    }

    fn summary(&self) -> &'static str {
        "a default is not one of the choices"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for form in forms(&scene.integration.manifest) {
            for (pointer, variable) in form.placed() {
                let mut report = |pointer: String, value: &str, choices: &[&str]| {
                    let message = format!("the default `{value}` of `{}` is not one of its choices", variable.key);
                    let help = did_you_mean(value, choices.iter().copied())
                        .unwrap_or_else(|| format!("the choices are {}", listed(choices.iter().copied())));
                    out.push(self.finding(scene.value(&pointer), message).helped(help));
                };
                if let (FormVariableType::Enum, Some(allowed)) = (variable.kind, &variable.allowed_values) {
                    let choices: Vec<&str> = allowed.iter().map(String::as_str).collect();
                    if let Some(value) = variable.default_value.as_ref().and_then(serde_json::Value::as_str)
                        // An optional choice may start with none made.
                        && !(value.is_empty() && variable.optional())
                        && !choices.contains(&value)
                        && !choices.is_empty()
                    {
                        report(format!("{pointer}/defaultValue"), value, &choices);
                    }
                }
                if let (Some(options), Some(ticked)) =
                    (&variable.multiselect_options, &variable.multiselect_default_options)
                {
                    let choices: Vec<&str> = options.iter().map(|option| option.value.as_str()).collect();
                    for (index, value) in ticked.iter().enumerate() {
                        if !choices.contains(&value.as_str()) {
                            report(format!("{pointer}/multiselectDefaultOptions/{index}"), value, &choices);
                        }
                    }
                }
            }
        }
    }
}
