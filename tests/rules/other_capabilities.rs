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

const CREATION: &str = "/capabilities/approval/creationRequest";

fn wider_approval() -> Folder {
    let variable =
        |key: &str| json!({ "key": key, "name": "Region", "type": "string", "description": "Where it is lit" });
    right()
        .with_only("approval", approval())
        .with("/capabilities/approval/environmentFormVariables", json!([variable("region")]))
        .with("/capabilities/approval/approvalFormVariables", json!([variable("reason")]))
}

#[test]
fn an_approvals_body_sees_only_what_it_is_given() {
    let body = |text: &str| {
        wider_approval().with(&format!("{CREATION}/jsonBody"), json!(format!("{{\"a\": \"{{{{{text}}}}}\"}}")))
    };
    for (name, word) in [
        ("formVariables.apiToken", "nothing provides `formVariables.apiToken`"),
        ("formVariables.reason", "write `approvalFormVariables.reason`"),
        ("environment.region", "write `environmentFormVariables.region`"),
        ("region", "write `environmentFormVariables.region`"),
        ("reason", "write `approvalFormVariables.reason`"),
        ("apiToken", "an approval's body"),
        ("context.approvalId", "write `approvalId`"),
    ] {
        only(&body(name), "unknown-variable", "error", &format!("{CREATION}/jsonBody"), &[word]);
    }
    only(&body("lamps"), "unknown-variable", "warning", &format!("{CREATION}/jsonBody"), &["an approval's body"]);
    only(&body("title"), "printed-object", "error", &format!("{CREATION}/jsonBody"), &["`title.plainText`"]);
    for name in ["environmentFormVariables.region", "approvalFormVariables.reason", "approvalId", "comment"] {
        nothing(&body(name));
    }
}

#[test]
fn an_approvals_addresses_see_its_id_once_there_is_one() {
    let url = |request: &str, url: &str| {
        let pointer = format!("/capabilities/approval/{request}/endpoint/url");
        (wider_approval().with(&pointer, json!(url)), pointer)
    };
    for (request, text, word) in [
        ("statusRequest", "{{host}}/{{context.title.plainText}}", "`context` has no `title`"),
        ("statusRequest", "{{host}}/{{lamps}}", "nothing provides `lamps`"),
        ("statusRequest", "{{host}}/{{formVariables.colour}}", "write `colour`"),
        ("statusRequest", "{{host}}/{{region}}", "write `environment.region`"),
        ("creationRequest", "{{host}}/{{context.approvalId}}", "nothing provides `context.approvalId`"),
    ] {
        let (folder, pointer) = url(request, text);
        only(&folder, "unknown-variable", "error", &pointer, &[word]);
    }
    nothing(&url("statusRequest", "{{host}}/{{environment.region}}/{{context.approvalId}}").0);
    let template = format!("{CREATION}/parser/urlTemplate");
    nothing(&wider_approval().with(&template, json!("{{host}}/{{context.approvalId}}")));
}

#[test]
fn expressions_are_judged_as_javascript_judges_them() {
    let pointer = "/capabilities/approval/statusRequest/parser/approvalMatcher";
    let matching = |pattern: &str| right().with_only("approval", approval()).with(pointer, json!(pattern));
    for right in ["\\p{L}+\\d", "]", "a{", "[\\d-z]", "(?<n>a)\\k<n>"] {
        nothing(&matching(right));
    }
    for (wrong, word) in [
        ("(?i)abc", "[Aa]pproved"),
        ("a{2,1}", "the smaller count first"),
        ("(?P<n>x)", "`(?<name>…)`"),
        ("[z-a]", "swap its ends"),
        ("yes\\", "`\\\\`"),
    ] {
        only(&matching(wrong), "invalid-regex", "error", pointer, &[word]);
    }
    for (odd, word) in [("/approved/i", "`[Aa]pproved`"), ("/yes/", "write `yes`"), ("", "matches every text")] {
        only(&matching(odd), "invalid-regex", "warning", pointer, &[word]);
    }
}

#[test]
fn a_stores_payload_is_json_around_the_data() {
    let store = |prefix: &str, suffix: &str, content: &str| {
        let headers = json!([{ "name": "Content-Type", "value": content }]);
        let endpoint = json!({ "url": "{{host}}/store", "method": "PUT", "headers": headers });
        let request = json!({ "endpoint": endpoint, "payloadPrefix": prefix, "payloadSuffix": suffix });
        right().with_only("featureStore", json!({ "formVariables": [], "featureStoreRequest": request }))
    };
    let request = "/capabilities/featureStore/featureStoreRequest";
    for (prefix, suffix, piece, word) in [
        ("{\"items\":[", "}", "payloadSuffix", "closes nothing"),
        ("{\"items\":[", "", "payloadPrefix", "never closed"),
        ("[{\"a\": 1 \"b\":", "}]", "payloadPrefix", "a comma is missing"),
        ("", "]", "payloadSuffix", "closes nothing"),
    ] {
        let folder = store(prefix, suffix, "application/json");
        only(&folder, "broken-json", "error", &format!("{request}/{piece}"), &[word]);
    }
    nothing(&store("[{\"key\": \"LD-Env-{{envId}}\", \"value\": ", "}]", "application/json"));
    nothing(&store("data=", "", "text/plain"));
}

#[test]
fn an_events_hook_has_a_template() {
    let endpoint = json!({ "url": "{{host}}/events", "method": "POST" });
    let folder = right().with_only("eventsHook", json!({ "endpoint": endpoint, "templates": {} }));
    only(
        &folder,
        "hook-without-templates",
        "error",
        "/capabilities/eventsHook/templates",
        &["measuredRolloutReverted"],
    );
}

#[test]
fn a_button_exists() {
    let bodies = json!([{ "key": "FlagCleanup", "jsonBody": "{}", "requiredContext": [] }]);
    let request = json!({ "endpoint": { "url": "{{host}}/press", "method": "POST" } });
    let folder = right().with_only("buttonAction", json!({ "actionRequest": request, "requestBodyTemplates": bodies }));
    let pointer = "/capabilities/buttonAction/requestBodyTemplates/0/key";
    only(&folder, "duplicate-button", "error", pointer, &["did you mean `flagCleanup`?"]);
}

#[test]
fn a_custom_property_is_reserved_once() {
    let property = |key: &str| json!({ "name": "Lamp", "key": key });
    let with = |second: &str| {
        right().with("/capabilities/reservedCustomProperties", json!([property("lamp"), property(second)]))
    };
    let pointer = "/capabilities/reservedCustomProperties/1/key";
    only(&with("lamp"), "duplicate-property-key", "error", pointer, &["number 1"]);
    nothing(&with("colour"));
}
