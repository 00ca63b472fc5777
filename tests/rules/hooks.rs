//! Rules about the hook's endpoint, headers and answers.

use serde_json::json;

use super::support::{nothing, only, right, tells, tree};

const HOOK: &str = "/capabilities/auditLogEventsHook";
const URL: &str = "/capabilities/auditLogEventsHook/endpoint/url";
const HEADER: &str = "/capabilities/auditLogEventsHook/endpoint/headers/1";

#[test]
fn a_hook_has_something_to_send_and_somewhere_to_send_it() {
    let folder = right().with(&format!("{HOOK}/templates"), json!({}));
    only(&folder, "hook-without-templates", "error", &format!("{HOOK}/templates"), &["useStandardWebhookPayload"]);
    let mut standard = folder.with(&format!("{HOOK}/useStandardWebhookPayload"), json!(true));
    standard.files.retain(|(name, _)| !name.starts_with("templates/"));
    nothing(&standard);
    let folder = right().without(&format!("{HOOK}/endpoint"));
    only(&folder, "hook-without-templates", "error", HOOK, &["endpoint"]);
    nothing(&folder.with(&format!("{HOOK}/deliveryMethod"), json!("custom")));
}

#[test]
fn the_standard_payload_has_no_templates_beside_it() {
    let folder = right()
        .with(&format!("{HOOK}/useStandardWebhookPayload"), json!(true))
        .with(&format!("{HOOK}/templates"), json!({ "default": "templates/default.json.hbs" }));
    let pointer = format!("{HOOK}/templates/default");
    only(&folder, "standard-payload-with-templates", "error", &pointer, &["never used"]);
}

#[test]
fn a_header_has_a_name_that_can_be_sent() {
    for (name, words) in [("Author:ization", "colon"), ("X-Größe", "`ö`"), ("X-{{host}}", "template")] {
        let folder = right().with(&format!("{HEADER}/name"), json!(name));
        only(&folder, "header-name", "error", &format!("{HEADER}/name"), &[words]);
    }
    let folder = right().with(&format!("{HEADER}/name"), json!("content-type"));
    only(&folder, "header-name", "warning", &format!("{HEADER}/name"), &["twice"]);
    let folder = right().with(&format!("{HEADER}/name"), json!("Host"));
    only(&folder, "header-name", "warning", &format!("{HEADER}/name"), &["remove it"]);
}

#[test]
fn a_signature_has_a_secret() {
    let signed = |key: &str| {
        right().with(
            &format!("{HOOK}/endpoint/hmacSignature"),
            json!({ "headerName": "X-Signature", "hmacSecretFormVariableKey": key }),
        )
    };
    let at = format!("{HOOK}/endpoint/hmacSignature");
    let key = format!("{at}/hmacSecretFormVariableKey");
    nothing(&signed("apiToken"));
    only(&signed("apitoken"), "hmac-secret", "error", &key, &["did you mean `apiToken`?"]);
    only(&signed("missing"), "hmac-secret", "error", &key, &["the only secret is `apiToken`"]);
    only(&signed("host"), "hmac-secret", "error", &key, &["`string`"]);
    only(&signed("apiToken").without(&format!("{at}/headerName")), "hmac-secret", "error", &at, &["headerName"]);
    let open = signed("apiToken").with("/formVariables/0/isSecret", json!(false));
    only(&open, "hmac-secret", "error", &key, &["isSecret"]);
}

#[test]
fn a_signature_header_does_not_hold_the_secret() {
    let header = json!({ "name": "X-LD-Signature", "value": "{{apiToken}}" });
    let folder = right().with(&format!("{HOOK}/endpoint/headers/-"), header);
    let pointer = format!("{HOOK}/endpoint/headers/2/value");
    only(&folder, "secret-in-signature-header", "error", &pointer, &["hmacSignature", "\"apiToken\""]);
}

#[test]
fn answers_are_shown_only_from_hosts_that_are_known() {
    let shown = right().with(&format!("{HOOK}/includeErrorResponseBody"), json!(true));
    let pointer = format!("{HOOK}/includeErrorResponseBody");
    only(&shown, "error-body-with-free-host", "error", &pointer, &["`host`"]);
    nothing(&shown.clone().with(URL, json!("https://lantern.example/{{colour}}")));
    let spaced = shown.with(URL, json!("https://{{ host }}/lamps")).with("/formVariables/1/type", json!("string"));
    only(&spaced, "error-body-with-free-host", "error", &pointer, &["`enum`"]);
}

#[test]
fn an_address_is_one_once_its_values_are_there() {
    let folder = right().with(URL, json!("lantern.example/lamps"));
    only(&folder, "invalid-url", "error", URL, &["scheme"]);
    let folder = right().with(URL, json!("ftp://{{colour}}.example/lamps"));
    only(&folder, "invalid-url", "error", URL, &["`ftp`"]);
    only(&right().with(URL, json!("")), "invalid-url", "error", URL, &["empty"]);
    only(&right().with(URL, json!("https:/lantern.example/x")), "invalid-url", "error", URL, &["no host"]);
    let folder =
        right().with("/formVariables/1/isOptional", json!(true)).with("/formVariables/1/defaultValue", json!(""));
    only(&folder, "invalid-url", "error", URL, &["`host` is left empty"]);
    let folder = right().with("/formVariables/2/allowedValues", json!(["red", "re d"]));
    only(&folder.with(URL, json!("https://{{colour}}.example")), "invalid-url", "error", URL, &["`re d`"]);
}

#[test]
fn an_address_is_encrypted() {
    let folder = right().with(URL, json!("http://lantern.example/{{colour}}"));
    only(&folder, "insecure-url", "warning", URL, &["https://"]);
    nothing(&right().with(URL, json!("http://localhost:9999/{{colour}}")));
}

#[test]
fn a_secret_does_not_stand_in_an_address() {
    for (url, part) in [("{{host}}/{{apiToken}}", "path"), ("{{host}}/?key={{queryEncode apiToken}}", "query")] {
        only(&right().with(URL, json!(url)), "secret-in-url", "warning", URL, &[part]);
    }
    nothing(&right().with(URL, json!("https://user:{{queryEncode apiToken}}@lantern.example/lamps")));
}

#[test]
fn free_text_is_encoded_in_an_address() {
    let folder = right().with(URL, json!("{{host}}/lamps?name={{context.name}}"));
    only(&folder, "unencoded-url-value", "warning", URL, &["{{queryEncode context.name}}"]);
    nothing(&right().with(URL, json!("{{host}}/lamps?name={{queryEncode context.name}}&key={{context.key}}")));
    let folder = right().with(URL, json!("{{host}}/{{context.name}}/lamps"));
    only(&folder, "unencoded-url-value", "warning", URL, &["pathEncode"]);
}

#[test]
fn a_header_holds_one_line() {
    let folder = right().with(&format!("{HEADER}/value"), json!("{{#if context.comment}}{{context.comment}}{{/if}}"));
    only(&folder, "line-break-in-header", "error", &format!("{HEADER}/value"), &["body"]);
    let folder = right().with(&format!("{HEADER}/value"), json!("{{context.details.markdown}}"));
    only(&folder, "line-break-in-header", "error", &format!("{HEADER}/value"), &["context.details.markdown"]);
    let folder = right().with(&format!("{HEADER}/value"), json!("Bearer\n{{apiToken}}"));
    only(&folder, "line-break-in-header", "error", &format!("{HEADER}/value"), &["line break"]);
    nothing(&right().with(&format!("{HEADER}/value"), json!("{{queryEncode context.details.markdown}}")));
}

#[test]
fn oauth_is_asked_for_where_it_is_used() {
    let used = right().with(&format!("{HEADER}/value"), json!("Bearer {{oauth.accessToken}}"));
    only(&used, "oauth-missing", "error", &format!("{HEADER}/value"), &["requiresOAuth"]);
    nothing(&used.with("/requiresOAuth", json!(true)));
    only(&right().with("/requiresOAuth", json!(true)), "oauth-missing", "warning", "/requiresOAuth", &["no request"]);
}

#[test]
fn an_oauth_client_belongs_to_one_integration() {
    let header = format!("{HEADER}/value");
    let with_client = |client: &str| {
        let folder = right().with(&header, json!("Bearer {{oauth.accessToken}}")).with("/requiresOAuth", json!(true));
        folder.with("/oauthIntegrationKey", json!(client))
    };
    let (one, two) = (with_client("lantern"), with_client("lantern"));
    let told = tree(&[("one", &one), ("two", &two)]);
    let rules: Vec<&str> = told.iter().map(|told| told.rule.as_str()).collect();
    assert_eq!(rules, ["oauth-key-taken", "oauth-key-taken"], "{told:#?}");
    assert!(told[0].message.contains("`two`"), "{told:#?}");
    assert!(tree(&[("one", &one), ("two", &with_client("torch"))]).is_empty());
    assert!(tree(&[("servicenow", &one), ("servicenow-app", &two)]).is_empty());
}

#[test]
fn every_endpoint_of_every_capability_is_looked_at() {
    let store = json!({
        "formVariables": [],
        "featureStoreRequest": {
            "endpoint": { "url": "https://lantern.example/{siteId}/{{_featureStoreKey}}", "method": "PUT" }
        }
    });
    let pointer = "/capabilities/featureStore/featureStoreRequest/endpoint/url";
    only(&right().with("/capabilities/featureStore", store), "unbalanced-braces", "error", pointer, &["{{siteId}}"]);
    let request = |url: &str| {
        json!({
            "endpoint": { "url": url, "method": "POST" },
            "parser": { "approvalId": "/id", "statusValue": "/status", "approvalMatcher": "^yes$", "rejectionMatcher": "^no$" }
        })
    };
    let approval = json!({
        "creationRequest": request("{{host}}/approvals"), "statusRequest": request("{{host}}/{{context.approvalId}}"),
        "postApplyRequest": request("{environment.host}}/done"), "deletionRequest": request("{{host}}/{{context.approvalID}}")
    });
    let folder = right().with("/capabilities/approval", approval);
    tells(&folder, "unbalanced-braces", "/capabilities/approval/postApplyRequest/endpoint/url");
    let told = tells(&folder, "unknown-variable", "/capabilities/approval/deletionRequest/endpoint/url");
    assert!(told.help.contains("context.approvalId"), "{told:?}");
}

#[test]
fn the_standard_payload_has_no_folder_of_templates_beside_it() {
    let hook = "/capabilities/auditLogEventsHook";
    let folder = right().with(&format!("{hook}/templates"), json!({}));
    let folder = folder.with(&format!("{hook}/useStandardWebhookPayload"), json!(true));
    let pointer = format!("{hook}/useStandardWebhookPayload");
    only(&folder, "standard-payload-with-templates", "error", &pointer, &["the folder `templates`"]);
    let mut bare = folder;
    bare.files.retain(|(name, _)| !name.starts_with("templates/"));
    nothing(&bare);
}

#[test]
fn a_signature_has_a_header_of_its_own() {
    let endpoint = "/capabilities/auditLogEventsHook/endpoint";
    let signed = |header: &str| {
        let signature = json!({ "headerName": header, "hmacSecretFormVariableKey": "apiToken" });
        right().with(&format!("{endpoint}/hmacSignature"), signature)
    };
    let pointer = format!("{endpoint}/hmacSignature/headerName");
    only(&signed("content-type"), "header-name", "error", &pointer, &["among the headers"]);
    nothing(&signed("X-Lantern-Signature"));
}

#[test]
fn no_white_space_stands_around_an_address() {
    let pointer = "/capabilities/auditLogEventsHook/endpoint/url";
    let folder = right().with(pointer, json!(" {{host}}/lamps "));
    only(&folder, "invalid-url", "warning", pointer, &["white space"]);
}

#[test]
fn every_mistake_of_a_retry_profile_has_its_place() {
    let delivery = "/capabilities/auditLogEventsHook/delivery";
    let profile = json!({ "profile": "splitt", "lamps": 1, "retry": ["9xx"], "idHeader": "a b" });
    let folder = right().with(delivery, profile);
    for key in ["profile", "lamps", "retry/0", "idHeader"] {
        tells(&folder, "schema", &format!("{delivery}/{key}"));
    }
}
