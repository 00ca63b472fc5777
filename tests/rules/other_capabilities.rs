//! Rules about capabilities that are no hooks.

use serde_json::{Value, json};

use super::support::{Folder, nothing, only, right, tells};

const PARSER: &str = "/capabilities/syncedSegment/requestParser";

fn segment() -> Folder {
    let parser = json!({
        "environmentIdPath": "/environment", "cohortIdPath": "/cohort/id", "cohortNamePath": "/cohort/name",
        "addMemberArrayPath": "/add", "removeMemberArrayPath": "/remove",
        "memberArrayParser": { "memberIdPath": "/id" }
    });
    right().with_only("syncedSegment", json!({ "requestParser": parser }))
}

#[test]
fn members_come_in_one_way() {
    nothing(&segment());
    let one_list = || {
        segment().without(&format!("{PARSER}/addMemberArrayPath")).without(&format!("{PARSER}/removeMemberArrayPath"))
    };
    let rows: [(Folder, &str); 6] = [
        (segment().without(&format!("{PARSER}/removeMemberArrayPath")), "addMemberArrayPath"),
        (segment().without(&format!("{PARSER}/addMemberArrayPath")), "removeMemberArrayPath"),
        (segment().with(&format!("{PARSER}/memberArrayPath"), json!("/members")), "memberArrayPath"),
        (
            segment().with(&format!("{PARSER}/arrayInclusion"), json!({ "path": "/what", "matcher": "add" })),
            "arrayInclusion",
        ),
        (
            segment().with(&format!("{PARSER}/memberArrayParser/booleanMembershipPath"), json!("/in")),
            "memberArrayParser/booleanMembershipPath",
        ),
        (one_list().with(&format!("{PARSER}/memberArrayPath"), json!("/members")), "memberArrayPath"),
    ];
    for (folder, key) in rows {
        only(&folder, "synced-segment-members", "error", &format!("{PARSER}/{key}"), &[]);
    }
    only(&one_list(), "synced-segment-members", "error", PARSER, &["memberArrayPath"]);
    nothing(
        &one_list()
            .with(&format!("{PARSER}/memberArrayPath"), json!("/members"))
            .with(&format!("{PARSER}/memberArrayParser/booleanMembershipPath"), json!("/in")),
    );
}

#[test]
fn pointers_are_by_the_book() {
    for (pointer, mended) in
        [("/batch[0]/id", "`/batch/0/id`"), ("cohort.id", "`/cohort/id`"), ("$.cohort.id", "`/cohort/id`")]
    {
        let folder = segment().with(&format!("{PARSER}/cohortIdPath"), json!(pointer));
        only(&folder, "invalid-pointer", "error", &format!("{PARSER}/cohortIdPath"), &[mended]);
    }
    let trigger = json!({ "documentation": "https://lantern.example", "parser": { "eventName": "name" } });
    let folder = right().with_only("trigger", trigger);
    only(&folder, "invalid-pointer", "error", "/capabilities/trigger/parser/eventName", &["`/name`"]);
}

fn approval() -> Value {
    let parser = json!({ "approvalId": "/id", "statusValue": "/status", "approvalMatcher": "^yes$", "rejectionMatcher": "^no$" });
    let request = |url: &str| json!({ "endpoint": { "url": url, "method": "POST" }, "parser": parser });
    json!({
        "creationRequest": request("{{host}}/approvals"), "statusRequest": request("{{host}}/{{context.approvalId}}"),
        "postApplyRequest": request("{{host}}/{{context.approvalId}}"),
        "deletionRequest": request("{{host}}/{{context.approvalId}}")
    })
}

#[test]
fn expressions_compile() {
    let folder = right().with_only("approval", approval());
    nothing(&folder);
    let pointer = "/capabilities/approval/statusRequest/parser/approvalMatcher";
    for wrong in ["(yes", "*yes", "[y", "yes)"] {
        only(&folder.clone().with(pointer, json!(wrong)), "invalid-regex", "error", pointer, &[wrong]);
    }
    for right in ["^(?!no)", "(?<=a)b", "y\\/n", "^\\d+$"] {
        nothing(&folder.clone().with(pointer, json!(right)));
    }
    let trigger = json!({ "documentation": "https://lantern.example", "testEventNameRegexp": "test(" });
    let pointer = "/capabilities/trigger/testEventNameRegexp";
    only(&right().with_only("trigger", trigger), "invalid-regex", "error", pointer, &[]);
}

#[test]
fn an_approvals_id_is_read_where_it_is_needed() {
    let folder = right().with_only("approval", approval());
    let folder = folder.without("/capabilities/approval/creationRequest/parser/approvalId");
    only(&folder, "approval-id", "error", "/capabilities/approval/creationRequest/parser", &["approvalId"]);
}

#[test]
fn an_approvals_body_is_json_whatever_is_asked_for() {
    let body = |text: &str| {
        right().with_only("approval", approval()).with("/capabilities/approval/creationRequest/jsonBody", json!(text))
    };
    let pointer = "/capabilities/approval/creationRequest/jsonBody";
    nothing(&body(r#"{"t":"{{title.plainText}}"{{#if comment}},"c":"{{comment}}"{{/if}} }"#));
    let told = only(
        &body(r#"{"t":"{{title.plainText}}",{{#if comment}}"c":"{{comment}}"{{/if}} }"#),
        "trailing-comma",
        "error",
        pointer,
        &[],
    );
    assert!(told.message.contains("`comment`"), "{told:?}");
    only(
        &body(r#"{"t":"{{titel.plainText}}"}"#),
        "unknown-variable",
        "error",
        pointer,
        &["did you mean `title.plainText`?"],
    );
}

#[test]
fn a_flag_link_declares_what_it_shows() {
    let link = json!({
        "header": "Lamps", "emptyState": {}, "metadata": { "lamp": { "type": "string" } },
        "uiBlocks": { "name": "{{{metadata.lamp}}}", "description": "{{deepLink}}" }
    });
    let folder = right().with_only("flagLink", link);
    nothing(&folder);
    let pointer = "/capabilities/flagLink/uiBlocks/name";
    let wrong = folder.clone().with(pointer, json!("{{{metadata.lam}}}"));
    only(&wrong, "unknown-variable", "error", pointer, &["did you mean `metadata.lamp`?"]);
    tells(&folder.without("/capabilities/flagLink/metadata"), "flag-link-metadata", "/capabilities/flagLink");
}

#[test]
fn a_button_has_one_body_that_uses_what_it_requires() {
    let body = |key: &str, text: &str| json!({ "key": key, "jsonBody": text, "requiredContext": ["flagKey"] });
    let with_bodies = |bodies: Value| {
        let endpoint = json!({ "url": "{{host}}/press", "method": "POST" });
        right().with_only(
            "buttonAction",
            json!({ "actionRequest": { "endpoint": endpoint }, "requestBodyTemplates": bodies }),
        )
    };
    nothing(&with_bodies(json!([body("flagCleanup", r#"{"k":"{{flagKey}}"}"#)])));
    let folder = with_bodies(json!([body("flagCleanup", r#"{"k":"{{flagkey}}"}"#)]));
    let pointer = "/capabilities/buttonAction/requestBodyTemplates/0/jsonBody";
    only(&folder, "unknown-variable", "error", pointer, &["did you mean `flagKey`?"]);
    let folder = with_bodies(json!([body("flagCleanup", "{}"), body("flagCleanup", "{}")]));
    only(&folder, "duplicate-button", "error", "/capabilities/buttonAction/requestBodyTemplates/1/key", &[]);
}
