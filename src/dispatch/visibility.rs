//! Which fields of a form an administrator sees: nobody can be asked for a value that has no field.

use crate::form::{FormValue, FormValues};
use crate::manifest::{Condition, FormVariable};

/// Whether `variable` has a field, given what the other fields hold.
pub(super) fn is_shown(variable: &FormVariable, variables: &[FormVariable], form: &FormValues) -> bool {
    let mut shown = variable.is_hidden != Some(true);
    for rule in variable.depends_on.iter().flatten().filter(|rule| rule.variable_location == "formVariables") {
        let text = text_of(&rule.variable_key, variables, form);
        let holds = rule.conditions.iter().all(|condition| holds(condition, &text));
        // A field that a rule shows is not there until the rule holds.
        match rule.action.as_str() {
            "showField" => shown = holds,
            "hideField" if holds => shown = false,
            _ => {}
        }
    }
    shown
}

/// What a field holds, as text: what was filled in, else its default.
fn text_of(key: &str, variables: &[FormVariable], form: &FormValues) -> String {
    match form.values.get(key) {
        Some(FormValue::Text(text)) => text.clone(),
        Some(FormValue::Secret(secret)) => secret.expose().to_owned(),
        Some(FormValue::Flag(flag)) => flag.to_string(),
        Some(FormValue::List(items)) => items.join(","),
        None => {
            let default =
                variables.iter().find(|other| other.key == key).and_then(|other| other.default_value.as_ref());
            match default {
                Some(serde_json::Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => String::new(),
            }
        }
    }
}

fn holds(condition: &Condition, text: &str) -> bool {
    let wanted = condition.value.as_str();
    // Numbers are compared as numbers where both sides are; a comparison with anything else does not hold.
    let order = || text.trim().parse::<f64>().ok()?.partial_cmp(&wanted.trim().parse::<f64>().ok()?);
    match condition.operator.as_str() {
        "equalTo" => text == wanted,
        "notEqual" => text != wanted,
        "contains" => text.contains(wanted),
        "startsWith" => text.starts_with(wanted),
        "endsWith" => text.ends_with(wanted),
        "lessThan" => order().is_some_and(|order| order.is_lt()),
        "lessThanOrEqualTo" => order().is_some_and(|order| order.is_le()),
        "greaterThan" => order().is_some_and(|order| order.is_gt()),
        "greaterThanOrEqualTo" => order().is_some_and(|order| order.is_ge()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::is_shown;
    use crate::dispatch::read_form;
    use crate::manifest::Manifest;

    fn shown(operator: &str, value: &str, action: &str, hidden: bool, given: &[(&str, &str)]) -> bool {
        let rule = json!({"variableKey": "mode", "variableLocation": "formVariables", "action": action,
            "conditions": [{"operator": operator, "value": value}]});
        check(&json!({"key": "x", "type": "string", "isHidden": hidden, "dependsOn": [rule]}), given)
    }

    fn check(variable: &Value, given: &[(&str, &str)]) -> bool {
        let manifest = Manifest::from_json(&json!({"formVariables": [
            variable, {"key": "mode", "type": "string", "isOptional": true, "defaultValue": "7"},
        ]}));
        let pairs: Vec<(String, String)> =
            given.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
        let form = read_form(&manifest, &pairs).expect("it is fine");
        is_shown(&manifest.form_variables[0], &manifest.form_variables, &form)
    }

    #[test]
    fn a_field_is_shown_or_hidden_by_the_value_of_another() {
        assert!(check(&json!({"key": "x", "type": "string"}), &[]));
        assert!(!check(&json!({"key": "x", "type": "string", "isHidden": true}), &[]));
        assert!(shown("equalTo", "full", "showField", true, &[("mode", "full")]));
        assert!(!shown("equalTo", "full", "showField", false, &[("mode", "half")]));
        assert!(!shown("startsWith", "fu", "hideField", false, &[("mode", "full")]));
        assert!(shown("endsWith", "x", "hideField", false, &[("mode", "full")]));
    }

    #[test]
    fn numbers_are_compared_as_numbers_and_a_default_counts_as_a_value() {
        assert!(shown("lessThan", "10", "showField", true, &[]), "7 is less than 10");
        assert!(!shown("greaterThan", "10", "showField", true, &[]));
        assert!(shown("greaterThanOrEqualTo", "7.0", "showField", true, &[]));
        assert!(!shown("lessThanOrEqualTo", "10", "showField", true, &[("mode", "many")]));
        assert!(shown("notEqual", "8", "showField", true, &[]) && shown("contains", "", "showField", true, &[]));
    }
}
