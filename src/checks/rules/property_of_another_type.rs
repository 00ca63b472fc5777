//! `property-of-another-type`

use super::prelude::*;
use crate::checks::parts::forms;
use crate::manifest::FormVariableType;

/// A setting that its type ignores misleads whoever reads the manifest, and hides what was meant.
pub(super) struct PropertyOfAnotherType;

impl Rule for PropertyOfAnotherType {
    fn id(&self) -> &'static str {
        "property-of-another-type"
    }

    fn summary(&self) -> &'static str {
        "a form variable has a property that its type does not take"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for form in forms(&scene.integration.manifest) {
            for (pointer, variable) in form.placed() {
                let written = scene.integration.source.json.pointer(&format!("{pointer}/type"));
                let Some(kind) = written.and_then(serde_json::Value::as_str) else { continue };
                for (property, severity) in refused(variable.kind) {
                    let at = format!("{pointer}/{property}");
                    let refused_secret = *property == "isSecret" && !variable.secret();
                    if !scene.has(&at) || refused_secret {
                        continue;
                    }
                    let message = format!("`{}` is of type `{kind}`, which takes no `{property}`", variable.key);
                    let finding = self.finding(scene.key(&at), message).helped(remedy(variable.kind, property));
                    out.push(if *severity == Severity::Warning { finding.mild() } else { finding });
                }
            }
        }
    }
}

/// Properties that a type does not take: errors where the reference's own tests refuse them.
fn refused(kind: FormVariableType) -> &'static [(&'static str, Severity)] {
    use Severity::{Error, Warning};
    match kind {
        FormVariableType::Multiselect => {
            &[("defaultValue", Error), ("dynamicOptions", Error), ("allowedValues", Error)]
        }
        FormVariableType::EnvironmentSelector => &[
            ("multiselectOptions", Error),
            ("multiselectDefaultOptions", Error),
            ("defaultValue", Error),
            ("dynamicOptions", Error),
            ("allowedValues", Error),
        ],
        FormVariableType::DynamicEnum => {
            &[("allowedValues", Warning), ("multiselectOptions", Warning), ("multiselectDefaultOptions", Warning)]
        }
        FormVariableType::Enum => {
            &[("dynamicOptions", Error), ("multiselectOptions", Warning), ("multiselectDefaultOptions", Warning)]
        }
        FormVariableType::Unknown => &[],
        _ => &[
            ("dynamicOptions", Error),
            ("allowedValues", Warning),
            ("multiselectOptions", Warning),
            ("multiselectDefaultOptions", Warning),
        ],
    }
}

fn remedy(kind: FormVariableType, property: &str) -> &'static str {
    match (kind, property) {
        (FormVariableType::Multiselect, "defaultValue") => "use `multiselectDefaultOptions`",
        (FormVariableType::Multiselect, "allowedValues") => "use `multiselectOptions`",
        (FormVariableType::DynamicEnum, "allowedValues") => "remove it: `dynamicOptions` gives the choices",
        (_, "dynamicOptions") => "remove it, or make the type `dynamicEnum`",
        (_, "allowedValues") => "remove it, or make the type `enum`",
        (_, "multiselectOptions" | "multiselectDefaultOptions") => "remove it, or make the type `multiselect`",
        _ => "remove it",
    }
}
