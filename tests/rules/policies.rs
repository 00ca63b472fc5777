//! Rules about the hook's policy.

use serde_json::{Value, json};

use super::support::{Folder, nothing, only, right, tells};

const POLICY: &str = "/capabilities/auditLogEventsHook/defaultPolicy";

fn with_statement(statement: Value) -> Folder {
    right().with(POLICY, json!([statement]))
}

fn only_for_flags(statement: Value) -> Folder {
    let templates = json!({ "flag": "templates/flag.json.hbs" });
    with_statement(statement).with("/capabilities/auditLogEventsHook/templates", templates)
}

#[test]
fn a_resource_can_exist() {
    let rows = [
        ("proj/*:env/*:flagg/*", "did you mean"),
        ("proj/*:flag/*", "environment"),
        ("flag/*", "proj/*:env/*:flag/*"),
        ("proj/*:env", "env"),
        ("proj/*:metric/*:flag/*", "flag"),
    ];
    for (resource, word) in rows {
        let folder = with_statement(json!({ "effect": "allow", "resources": [resource], "actions": ["*"] }));
        only(&folder, "impossible-resource", "error", &format!("{POLICY}/0/resources/0"), &[word]);
    }
    nothing(&with_statement(
        json!({ "effect": "allow", "resources": ["proj/*;a,b:env/*;qa_*:flag/x*"], "actions": ["*"] }),
    ));
}

#[test]
fn a_resource_can_be_read() {
    let folder = with_statement(json!({ "effect": "allow", "resources": ["proj/*:env/a,b:flag/*"], "actions": ["*"] }));
    only(&folder, "invalid-policy", "error", &format!("{POLICY}/0/resources/0"), &[]);
}

#[test]
fn a_list_does_not_stand_beside_its_twin() {
    let folder = with_statement(json!({
        "effect": "allow", "resources": ["proj/*:env/*:flag/*"], "actions": ["*"], "notActions": ["deleteFlag"]
    }));
    let told = tells(&folder, "policy-twins", &format!("{POLICY}/0/notActions"));
    assert!(told.message.contains("`actions`"), "{told:?}");
}

#[test]
fn an_action_exists() {
    let acting = |action: &str| {
        with_statement(
            json!({ "effect": "allow", "resources": ["proj/*:env/*:flag/*"], "actions": ["updateOn", action] }),
        )
    };
    let pointer = format!("{POLICY}/0/actions/1");
    only(&acting("updateFallThrough"), "unknown-action", "error", &pointer, &["did you mean `updateFallthrough`?"]);
    only(&acting("polishFlag"), "unknown-action", "warning", &pointer, &["`polishFlag`"]);
    only(&acting("createProject"), "unknown-action", "warning", &pointer, &["`proj/*`"]);
    nothing(&acting("update*"));
}

#[test]
fn a_statement_covers_something() {
    let folder = with_statement(json!({ "effect": "allow", "resources": ["proj/*:env/*:flag/*"], "actions": [] }));
    tells(&folder, "idle-statement", &format!("{POLICY}/0/actions"));
}

#[test]
fn a_policy_lets_through_what_a_template_serves() {
    let folder = only_for_flags(json!({ "effect": "allow", "resources": ["proj/*:env/production"], "actions": ["*"] }));
    only(&folder, "never-matching-policy", "error", POLICY, &["`flag`", "default"]);
    let folder = with_statement(json!({ "effect": "deny", "resources": ["proj/*:env/*:flag/*"], "actions": ["*"] }));
    only(&folder, "never-matching-policy", "warning", POLICY, &["every statement denies"]);
}

#[test]
fn what_a_policy_lets_through_has_a_template() {
    let folder = only_for_flags(json!({
        "effect": "allow", "resources": ["proj/*:env/*:flag/*", "proj/*:env/*:segment/*"], "actions": ["*"]
    }));
    only(&folder, "unserved-kind", "warning", POLICY, &["`segment`"]);
    nothing(&only_for_flags(json!({ "effect": "allow", "resources": ["proj/*:env/*:flag/*"], "actions": ["*"] })));
}

#[test]
fn a_statement_with_actions_of_another_kind_only_can_never_match() {
    let statement =
        |resource: &str, actions: Value| json!({ "effect": "allow", "resources": [resource], "actions": actions });
    let renaming = statement("proj/*:env/*:flag/*", json!(["updateProjectName"]));
    let words = ["`updateProjectName` is no action on a flag", "can never match", "`proj/*`"];
    let pointer = format!("{POLICY}/0/actions/0");
    only(&with_statement(renaming.clone()), "unknown-action", "error", &pointer, &words);
    // Beside one that matches it is as dead.
    let folder = right().with(POLICY, json!([renaming, statement("proj/*:env/*:flag/*", json!(["updateOn"]))]));
    only(&folder, "unknown-action", "error", &pointer, &words);
    nothing(&with_statement(statement("proj/*:env/*:flag/*", json!(["updateTag", "updateOn"]))));
    // A list that may be behind is no proof.
    let new = statement("proj/*:env/*:flag/*", json!(["polishFlag"]));
    only(&with_statement(new), "unknown-action", "warning", &pointer, &["`polishFlag`"]);
}

#[test]
fn a_policy_for_another_kind_than_its_templates_can_never_match() {
    for statement in [
        json!({ "effect": "allow", "resources": ["proj/*:env/*"], "actions": ["*"] }),
        json!({ "effect": "allow", "resources": ["proj/*:env/*"], "actions": ["updateColor"] }),
        json!({ "resources": ["proj/*:env/*"] }),
        json!({ "effect": "allow", "resources": ["*"], "actions": ["updateColor"] }),
    ] {
        only(&only_for_flags(statement), "never-matching-policy", "error", POLICY, &["`flag`"]);
    }
}
