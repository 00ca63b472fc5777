//! `unknown-dependency`

use super::prelude::*;
use crate::checks::near::{did_you_mean, listed};
use crate::checks::parts::{Form, forms};
use crate::manifest::{FormVariable, FormVariableType};

/// A field that waits for another that does not exist is never shown, or never hidden.
pub(super) struct UnknownDependency;

/// Where the other field may be; any other word is for the schema check.
const LOCATIONS: [&str; 3] = ["formVariables", "environmentFormVariables", "approvalFormVariables"];

impl Rule for UnknownDependency {
    fn id(&self) -> &'static str {
        "unknown-dependency"
    }

    fn summary(&self) -> &'static str {
        "`dependsOn` names a form variable that does not exist, or a value that it never has"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        let forms = forms(&scene.integration.manifest);
        for form in &forms {
            for (pointer, variable) in form.placed() {
                for (index, depends) in variable.depends_on.iter().flatten().enumerate() {
                    let at = format!("{pointer}/dependsOn/{index}");
                    let (key, location) = (depends.variable_key.as_str(), depends.variable_location.as_str());
                    let there = find(&forms, *form, location, key);
                    if key.is_empty() || !LOCATIONS.contains(&location) {
                        continue;
                    }
                    let place = || scene.value(&format!("{at}/variableKey"));
                    if key == variable.key && there.is_some_and(|other| std::ptr::eq(other, variable)) {
                        let message = format!("`{key}` depends on itself");
                        out.push(self.finding(place(), message).helped("name the other field that decides"));
                    } else if let Some(other) = there {
                        for (index, condition) in depends.conditions.iter().enumerate() {
                            if never_holds(other, &condition.operator, &condition.value) {
                                let value = &condition.value;
                                let message = format!("`{key}` never has the value `{value}`");
                                let place = scene.value(&format!("{at}/conditions/{index}/value"));
                                out.push(self.finding(place, message).maybe_helped(choices_help(other, value)).mild());
                            }
                        }
                    } else {
                        let elsewhere = forms.iter().find(|form| form.variables.iter().any(|other| other.key == key));
                        let help = match elsewhere {
                            Some(form) => Some(format!("`{key}` is in `{}`: mend `variableLocation`", form.name)),
                            None => did_you_mean(key, keys(&forms, location)),
                        };
                        let message = format!("no form variable in `{location}` is named `{key}`");
                        out.push(self.finding(place(), message).maybe_helped(help));
                    }
                }
            }
        }
    }
}

/// The variable meant: in the form of that name, a capability's own before the integration's.
fn find<'a>(forms: &[Form<'a>], own: Form<'a>, location: &str, key: &str) -> Option<&'a FormVariable> {
    let own = std::iter::once(&own).filter(|form| form.name == location);
    own.chain(forms.iter().filter(|form| form.name == location))
        .find_map(|form| form.variables.iter().find(|variable| variable.key == key))
}

fn keys<'a>(forms: &[Form<'a>], location: &str) -> Vec<&'a str> {
    forms
        .iter()
        .filter(|form| form.name == location)
        .flat_map(|form| form.variables.iter().map(|variable| variable.key.as_str()))
        .collect()
}

fn never_holds(other: &FormVariable, operator: &str, value: &str) -> bool {
    match other.kind {
        _ if operator != "equalTo" => false,
        FormVariableType::Boolean => !matches!(value, "true" | "false"),
        FormVariableType::Enum => {
            let allowed = other.allowed_values.as_deref().unwrap_or_default();
            let left_empty = value.is_empty() && other.optional();
            !(allowed.is_empty() || left_empty || allowed.iter().any(|each| each == value))
        }
        _ => false,
    }
}

fn choices_help(other: &FormVariable, value: &str) -> Option<String> {
    match other.kind {
        FormVariableType::Boolean => Some("a boolean is `true` or `false`".to_owned()),
        _ => {
            let values = || other.allowed_values.iter().flatten().map(String::as_str);
            did_you_mean(value, values()).or_else(|| Some(format!("its values are {}", listed(values()))))
        }
    }
}
