//! `enum-without-values`

use super::prelude::*;
use crate::checks::parts::forms;
use crate::manifest::FormVariableType;

/// A choice without choices cannot be filled in.
pub(super) struct EnumWithoutValues;

impl Rule for EnumWithoutValues {
    fn id(&self) -> &'static str {
        "enum-without-values"
    }

    fn summary(&self) -> &'static str {
        "a form variable of a type that offers choices has none"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for form in forms(&scene.integration.manifest) {
            for (pointer, variable) in form.placed() {
                let (missing, property) = match variable.kind {
                    FormVariableType::Enum => {
                        (variable.allowed_values.as_ref().is_none_or(Vec::is_empty), "allowedValues")
                    }
                    FormVariableType::Multiselect => {
                        (variable.multiselect_options.as_ref().is_none_or(Vec::is_empty), "multiselectOptions")
                    }
                    FormVariableType::DynamicEnum => (variable.dynamic_options.is_none(), "dynamicOptions"),
                    _ => continue,
                };
                let written = format!("{pointer}/{property}");
                // Of the wrong type is not missing; the schema check speaks of that.
                let mistyped = scene.has(&written) && variable.kind == FormVariableType::DynamicEnum;
                if missing && !mistyped {
                    let kind = scene.integration.source.json.pointer(&format!("{pointer}/type"));
                    let kind = kind.and_then(serde_json::Value::as_str).unwrap_or("enum");
                    let place = if scene.has(&written) { written } else { format!("{pointer}/type") };
                    let message = format!("`{}` is of type `{kind}` and offers nothing to choose", variable.key);
                    out.push(self.finding(scene.value(&place), message).helped(format!("add `{property}`")));
                }
            }
        }
    }
}
