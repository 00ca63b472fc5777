//! Rules about form variables.

use serde_json::json;

use super::support::{Folder, nothing, only, right, tells};

const FORM: &str = "/formVariables";

fn with_variable(variable: serde_json::Value) -> Folder {
    right().with("/formVariables/-", variable)
}

#[test]
fn a_right_integration_has_no_finding() {
    nothing(&right());
}

#[test]
fn an_overview_ends_with_a_period() {
    let folder = right().with("/overview", json!("Lights up your wall"));
    only(&folder, "overview-period", "error", "/overview", &["period"]);
}

#[test]
fn an_integration_does_something() {
    let folder = right().without("/capabilities").with("/formVariables", json!([]));
    only(&folder, "no-capabilities", "error", "", &["otherCapabilities"]);
    nothing(&folder.clone().with("/otherCapabilities", json!(["external"])));
    nothing(&folder.with("/capabilities", json!({})));
}

#[test]
fn keys_are_not_repeated() {
    let folder = with_variable(json!({ "key": "host", "name": "Host", "type": "string", "description": "Again" }));
    only(&folder, "duplicate-form-key", "error", "/formVariables/4/key", &["`host`", "/formVariables/1"]);
}

#[test]
fn a_stores_own_key_does_not_hide_one_of_the_main_form() {
    let store = json!({
        "formVariables": [{ "key": "host", "name": "Host", "type": "uri", "description": "Again" }],
        "featureStoreRequest": { "endpoint": { "url": "{{host}}/{{_featureStoreKey}}", "method": "PUT" } }
    });
    let folder = right().with("/capabilities/featureStore", store);
    only(&folder, "duplicate-form-key", "error", "/capabilities/featureStore/formVariables/0/key", &["hides"]);
}

#[test]
fn choices_have_something_to_choose() {
    let folder = right().without("/formVariables/2/allowedValues");
    only(&folder, "enum-without-values", "error", "/formVariables/2/type", &["allowedValues"]);
    let folder = right().with("/formVariables/2/allowedValues", json!([]));
    only(&folder, "enum-without-values", "error", "/formVariables/2/allowedValues", &["`colour`"]);
    let folder =
        with_variable(json!({ "key": "many", "name": "Many", "type": "multiselect", "description": "Several" }));
    only(&folder, "enum-without-values", "error", "/formVariables/4/type", &["multiselectOptions"]);
    let folder = with_variable(json!({ "key": "one", "name": "One", "type": "dynamicEnum", "description": "Fetched" }));
    only(&folder, "enum-without-values", "error", "/formVariables/4/type", &["dynamicOptions"]);
}

#[test]
fn a_default_is_one_of_the_choices() {
    let folder = right().with("/formVariables/2/defaultValue", json!("Red"));
    only(&folder, "default-not-allowed", "error", "/formVariables/2/defaultValue", &["did you mean `red`?"]);
    nothing(&right().with("/formVariables/2/defaultValue", json!("")));
    let many = json!({
        "key": "many", "name": "Many", "type": "multiselect", "description": "Several",
        "multiselectOptions": [{ "label": "A", "value": "a" }], "multiselectDefaultOptions": ["b"]
    });
    let told = tells(&with_variable(many), "default-not-allowed", "/formVariables/4/multiselectDefaultOptions/0");
    assert!(told.help.contains("`a`"), "{told:?}");
}

#[test]
fn a_default_is_of_its_variables_type() {
    let folder = right().with("/formVariables/3/defaultValue", json!("true"));
    only(&folder, "default-type", "error", "/formVariables/3/defaultValue", &["without quotes"]);
    let folder = with_variable(json!({
        "key": "text", "name": "Text", "type": "string", "description": "A text", "isOptional": true, "defaultValue": false
    }));
    only(&folder, "default-type", "error", "/formVariables/4/defaultValue", &["quotes"]);
}

#[test]
fn only_what_is_optional_has_a_default() {
    let folder = right().with("/formVariables/1/defaultValue", json!("https://lantern.example"));
    only(&folder, "default-without-optional", "error", "/formVariables/1/defaultValue", &["isOptional"]);
}

#[test]
fn what_is_optional_has_a_default() {
    let folder = right().without("/formVariables/2/defaultValue");
    only(&folder, "optional-without-default", "error", "/formVariables/2/isOptional", &["`colour`"]);
    for kind in ["multiselect", "environmentSelector"] {
        let mut variable = json!({ "key": "x", "name": "X", "type": kind, "description": "X", "isOptional": true });
        if kind == "multiselect" {
            variable["multiselectOptions"] = json!([{ "label": "A", "value": "a" }]);
        }
        nothing(&with_variable(variable));
    }
}

#[test]
fn a_property_of_another_type_is_told() {
    let many = json!({
        "key": "many", "name": "Many", "type": "multiselect", "description": "Several", "isOptional": true,
        "multiselectOptions": [{ "label": "A", "value": "a" }], "allowedValues": ["a"]
    });
    only(
        &with_variable(many),
        "property-of-another-type",
        "error",
        "/formVariables/4/allowedValues",
        &["multiselectOptions"],
    );
    let selector = json!({
        "key": "where", "name": "Where", "type": "environmentSelector", "description": "Where",
        "isOptional": true, "defaultValue": "x"
    });
    only(
        &with_variable(selector),
        "property-of-another-type",
        "error",
        "/formVariables/4/defaultValue",
        &["environmentSelector"],
    );
    let text =
        json!({ "key": "text", "name": "Text", "type": "string", "description": "A text", "allowedValues": ["a"] });
    only(&with_variable(text), "property-of-another-type", "warning", "/formVariables/4/allowedValues", &["`enum`"]);
}

#[test]
fn only_texts_are_secret() {
    let folder = right().with("/formVariables/1/isSecret", json!(true));
    only(&folder, "secret-not-string", "error", "/formVariables/1/isSecret", &["`host`"]);
    nothing(&right().with("/formVariables/1/isSecret", json!(false)));
}

fn depending(key: &str, location: &str, value: &str) -> Folder {
    right().with(
        "/formVariables/2/dependsOn",
        json!([{
            "variableKey": key, "variableLocation": location, "action": "showField",
            "conditions": [{ "operator": "equalTo", "value": value }]
        }]),
    )
}

#[test]
fn a_field_depends_on_one_that_exists() {
    nothing(&depending("loud", "formVariables", "true"));
    let at = format!("{FORM}/2/dependsOn/0/variableKey");
    only(&depending("Loud", "formVariables", "true"), "unknown-dependency", "error", &at, &["did you mean `loud`?"]);
    only(&depending("colour", "formVariables", "red"), "unknown-dependency", "error", &at, &["itself"]);
    only(
        &depending("loud", "approvalFormVariables", "true"),
        "unknown-dependency",
        "error",
        &at,
        &["variableLocation"],
    );
    let value = format!("{FORM}/2/dependsOn/0/conditions/0/value");
    only(&depending("loud", "formVariables", "yes"), "unknown-dependency", "warning", &value, &["`true` or `false`"]);
}

#[test]
fn a_key_means_one_thing_in_templates() {
    let with_key = |key: &str| {
        with_variable(json!({ "key": key, "name": "Lamp", "type": "string", "description": "One of the lamps" }))
    };
    for (key, word) in
        [("", "an empty key"), ("context", "`context`"), ("oauth", "`oauth`"), ("if", "helper"), ("this", "a word")]
    {
        let pointer = "/formVariables/4/key";
        only(&with_key(key), "reserved-form-key", "error", pointer, &[word]);
    }
    nothing(&with_key("environment"));
}

#[test]
fn a_secret_has_no_default() {
    let secret = |text: &str| {
        with_variable(json!({
            "key": "second", "name": "Second", "type": "string", "description": "A second token",
            "isSecret": true, "isOptional": true, "defaultValue": text
        }))
    };
    only(&secret("letmein"), "secret-with-default", "error", "/formVariables/4/defaultValue", &["`second`"]);
    nothing(&secret(""));
}

#[test]
fn a_default_address_is_one() {
    let address = |text: &str| {
        with_variable(json!({
            "key": "second", "name": "Second", "type": "uri", "description": "A second wall",
            "isOptional": true, "defaultValue": text
        }))
    };
    for wrong in ["lantern.example", "not an address", "https://"] {
        only(&address(wrong), "default-type", "error", "/formVariables/4/defaultValue", &["`https://`"]);
    }
    nothing(&address("https://lantern.example"));
    nothing(&address(""));
}
