//! What `flagpost preview` shows, and what it never shows.

mod program;
mod receiver;

mod preview {
    mod curl;
    mod secrets;
}

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use program::{Folder, Run, every_flag, flagpost, text};
use serde_json::{Value, json};

fn form() -> Value {
    json!([
        {"key": "host", "name": "Host", "type": "string", "description": "Where it is."},
        {"key": "apiToken", "name": "Token", "type": "string", "description": "A token.", "isSecret": true},
        {"key": "team", "name": "Team", "type": "string", "description": "A team.", "isOptional": true, "defaultValue": "core"},
        {"key": "note", "name": "Note", "type": "string", "description": "A note.", "isOptional": true},
    ])
}

fn hook() -> Value {
    json!({
        "endpoint": {
            "url": "{{{host}}}/events?team={{queryEncode team}}&note={{note}}",
            "method": "POST",
            "headers": [
                {"name": "Content-Type", "value": "application/json"},
                {"name": "Authorization", "value": "Bearer {{apiToken}}"},
                {"name": "X-Kind", "value": "{{context.kind}}"},
            ],
        },
        "templates": {"flag": "templates/flag.json.hbs"},
        "defaultPolicy": every_flag(),
    })
}

const FLAG: &str = r#"{"name": "{{name}}", "comment": "{{comment}}", "team": "{{formVariables.team}}"}"#;

fn folder() -> Folder {
    Folder::new(&hook(), &form(), &[("templates/flag.json.hbs", FLAG)])
}

fn preview(folder: &Folder, event: &Value, arguments: &[&str]) -> Run {
    let (directory, event) = (folder.directory(), folder.event("event.json", event));
    let mut all = vec!["preview", text(&directory), "--context", text(&event)];
    all.extend(arguments);
    flagpost(&all)
}

/// Changes a member of the hook, by JSON pointer.
fn with(pointer: &str, value: Value) -> Value {
    let mut hook = hook();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    hook.pointer_mut(parent).expect("it is there")[key] = value;
    hook
}

#[test]
fn the_json_form_has_decision_request_and_skip() {
    let run = preview(&folder(), &json!({"comment": "a \"quoted\" word"}), &["--format", "json"]);
    let expected = json!({
        "decision": {
            "decision": "allow", "statement": 0, "target": "proj/web:env/production:flag/nav;ops", "action": "updateOn",
            "reason": run.json()["decision"]["reason"],
        },
        "request": {
            "url": "$HOST/events?team=core&note=",
            "method": "POST",
            "headers": [["Content-Type", "application/json"], ["Authorization", "Bearer $API_TOKEN"], ["X-Kind", "flag"]],
            "body": "{\"name\": \"Navigation\", \"comment\": \"a \\\"quoted\\\" word\", \"team\": \"core\"}",
        },
        "skip": null,
    });
    assert_eq!(run.json(), expected);
    assert!(
        run.json()["decision"]["reason"].as_str().is_some_and(|reason| reason.starts_with("statement 1 allows it"))
    );
    run.expect(0);
}

#[test]
fn people_see_decision_address_headers_and_body() {
    let out = preview(&folder(), &json!({}), &[]).expect(0);
    let (head, request) = out.split_once("\n\n").expect("two parts");
    assert!(head.contains("decision  allow: statement 1 allows it"), "{head}");
    assert_eq!(
        request,
        "POST $HOST/events?team=core&note=\nContent-Type: application/json\nAuthorization: Bearer $API_TOKEN\nX-Kind: flag\n(each attempt adds webhook-id, webhook-timestamp)\n\n\
         {\"name\": \"Navigation\", \"comment\": \"\", \"team\": \"core\"}\n"
    );
}

#[test]
fn given_values_take_the_place_of_placeholders_and_of_defaults() {
    let arguments =
        ["--format", "json", "--form", "host=https://x.example", "--form", "team=a&b", "--form", "apiToken=t0ps3cret"];
    let request = preview(&folder(), &json!({}), &arguments).json()["request"].take();
    assert_eq!(request["url"], "https://x.example/events?team=a%26b&note=");
    assert_eq!(request["headers"][1], json!(["Authorization", "Bearer $API_TOKEN"]), "masked");
    let shown = preview(&folder(), &json!({}), &[&arguments[..], &["--show-secrets"]].concat());
    assert_eq!(shown.json()["request"]["headers"][1], json!(["Authorization", "Bearer t0ps3cret"]));
}

#[test]
fn several_contexts_give_a_list() {
    let folder = folder();
    let (first, second) =
        (folder.event("a.json", &json!({"name": "A"})), folder.event("b.json", &json!({"kind": "project"})));
    let directory = folder.directory();
    let run = flagpost(&[
        "preview",
        text(&directory),
        "--context",
        text(&first),
        "--context",
        text(&second),
        "--format",
        "json",
    ]);
    let list = run.json();
    assert_eq!(list.as_array().map(Vec::len), Some(2));
    assert!(list[0]["request"]["body"].as_str().is_some_and(|body| body.contains("\"A\"")));
    assert!(list[1]["request"].is_null() && list[1]["skip"].is_string());
    run.expect(0);
}

#[test]
fn without_a_context_the_first_sample_that_passes_is_shown() {
    let folder = folder();
    let directory = folder.directory();
    // The folder's own samples come before the built-in ones: a `sample-context` beside the folder's parent.
    let nested = folder.path("tree/integrations/receiver");
    std::fs::create_dir_all(nested.parent().expect("a parent")).expect("a folder");
    std::fs::rename(&directory, &nested).expect("it moves");
    folder.event("tree/sample-context/a/member.json", &json!({"kind": "member", "name": "not this"}));
    folder.event("tree/sample-context/b/first.json", &json!({"name": "first"}));
    folder.event("tree/sample-context/c/second.json", &json!({"name": "second"}));
    let run = flagpost(&["preview", text(&nested), "--format", "json"]);
    assert!(run.json()["request"]["body"].as_str().is_some_and(|body| body.contains("first")), "{}", run.all());
    let member = flagpost(&["preview", text(&nested), "--kind", "member"]);
    assert!(member.expect(4).contains("no statement of the policy allows the event"));
    let unknown = flagpost(&["preview", text(&nested), "--kind", "flags"]).fails(2);
    assert!(
        unknown.contains("no sample event is of kind `flags`") && unknown.contains("did you mean `flag`?"),
        "{unknown}"
    );
}

#[test]
fn every_reason_to_send_nothing_is_told_and_ends_with_4() {
    let deny = json!([{"effect": "allow", "resources": ["proj/*:env/*:flag/*"], "actions": ["*"]},
                      {"effect": "deny", "resources": ["proj/web:env/*:flag/*"], "actions": ["update*"]}]);
    let elsewhere = json!([{"effect": "allow", "resources": ["proj/*:env/test:flag/*"], "actions": ["*"]}]);
    let cases = [
        (with("/defaultPolicy", deny), FLAG, "flag", "the policy denies the event"),
        (with("/defaultPolicy", elsewhere), FLAG, "flag", "no statement of the policy allows the event"),
        (hook(), " \n\t{{#if comment}}x{{/if}}\u{a0}", "flag", "renders nothing but white space"),
        (
            with("/templates", json!({"project": "templates/flag.json.hbs"})),
            FLAG,
            "flag",
            "no template serves events of kind `flag`",
        ),
        (with("/deliveryMethod", json!("custom")), FLAG, "flag", "the platform delivers in its own way"),
    ];
    for (hook, template, kind, reason) in cases {
        let folder = Folder::new(&hook, &form(), &[("templates/flag.json.hbs", template)]);
        let run = preview(&folder, &json!({ "kind": kind }), &["--format", "json"]);
        let skip = run.json();
        assert!(skip["request"].is_null() && skip["skip"].as_str().is_some_and(|skip| skip.contains(reason)), "{skip}");
        assert_eq!(run.code, Some(4), "{reason}");
    }
}

#[test]
fn the_nearest_miss_is_part_of_the_reason() {
    let elsewhere = json!([{"effect": "allow", "resources": ["proj/*:env/test:flag/*"], "actions": ["*"]}]);
    let folder = Folder::new(&with("/defaultPolicy", elsewhere), &form(), &[("templates/flag.json.hbs", FLAG)]);
    let out = preview(&folder, &json!({}), &[]).expect(4);
    assert!(out.contains("statement 1 would match") && out.contains("`production`"), "{out}");
}

#[test]
fn without_a_policy_every_flag_change_in_production_passes() {
    let mut hook = hook();
    hook.as_object_mut().expect("an object").remove("defaultPolicy");
    let folder = Folder::new(&hook, &form(), &[("templates/flag.json.hbs", FLAG)]);
    preview(&folder, &json!({}), &[]).expect(0);
    preview(&folder, &json!({"kind": "project"}), &[]).expect(4);
}

#[test]
fn the_template_of_a_kind_comes_before_the_default() {
    let hook = with("/templates", json!({"flag": "f.txt", "default": "d.txt", "validation": "v.txt"}));
    let mut hook = hook;
    hook["defaultPolicy"] = json!([{}]);
    let folder = Folder::new(&hook, &form(), &[("f.txt", "flag"), ("d.txt", "default"), ("v.txt", "validation")]);
    for (kind, body) in [("flag", "flag"), ("segment", "default"), ("validation", "default"), ("default", "default")] {
        let run = preview(&folder, &json!({ "kind": kind }), &["--format", "json"]);
        assert_eq!(run.json()["request"]["body"], body, "{kind}");
    }
}

#[test]
fn absent_headers_mean_json_and_an_empty_list_means_none() {
    for (headers, expected) in [(json!(null), json!([["Content-Type", "application/json"]])), (json!([]), json!([]))] {
        let hook = with("/endpoint/headers", headers.clone());
        let mut hook = hook;
        if headers.is_null() {
            hook["endpoint"].as_object_mut().expect("an object").remove("headers");
        }
        let folder = Folder::new(&hook, &form(), &[("templates/flag.json.hbs", FLAG)]);
        assert_eq!(preview(&folder, &json!({}), &["--format", "json"]).json()["request"]["headers"], expected);
    }
}

#[test]
fn a_get_brings_no_body_and_every_other_method_does() {
    for (method, body) in [("GET", false), ("DELETE", true), ("PUT", true), ("PATCH", true)] {
        let folder =
            Folder::new(&with("/endpoint/method", json!(method)), &form(), &[("templates/flag.json.hbs", FLAG)]);
        let request = preview(&folder, &json!({}), &["--format", "json"]).json()["request"].take();
        assert_eq!((request["method"].as_str(), request["body"] != ""), (Some(method), body));
        let shown = preview(&folder, &json!({}), &[]).expect(0);
        assert_eq!(shown.contains("(no body: a `GET` carries none"), !body, "{shown}");
    }
}

#[test]
fn user_info_becomes_an_authorization_header() {
    let hook = with("/endpoint/url", json!("https://{{team}}:{{apiToken}}@api.example.com/x"));
    let mut hook = hook;
    hook["endpoint"]["headers"] = json!([]);
    let folder = Folder::new(&hook, &form(), &[("templates/flag.json.hbs", FLAG)]);
    let arguments = ["--format", "json", "--form", "apiToken=s%40c", "--form", "host=h", "--show-secrets"];
    let request = preview(&folder, &json!({}), &arguments).json()["request"].take();
    assert_eq!(request["url"], "https://api.example.com/x");
    assert_eq!(request["headers"], json!([["Authorization", format!("Basic {}", STANDARD.encode("core:s@c"))]]));
}

#[test]
fn a_password_that_ends_its_host_is_told_with_its_helper() {
    let slash = ["--form", "apiToken=a/b", "--form", "host=h", "--format", "json", "--show-secrets"];
    for (password, expected) in [("{{apiToken}}", None), ("{{queryEncode apiToken}}", Some("core:a/b"))] {
        let mut hook = with("/endpoint/url", json!(format!("https://{{{{team}}}}:{password}@api.example.com/x")));
        hook["endpoint"]["headers"] = json!([]);
        let folder = Folder::new(&hook, &form(), &[("templates/flag.json.hbs", FLAG)]);
        let run = preview(&folder, &json!({}), &slash);
        match expected {
            Some(pair) => assert!(run.expect(0).contains(&format!("Basic {}", STANDARD.encode(pair)))),
            None => assert!(run.fails(1).contains("write `{{queryEncode …}}`")),
        }
    }
}

#[test]
fn a_mistake_is_told_with_its_place() {
    let cases: [(Value, &str, &[&str], &[&str]); 6] = [
        (hook(), "{\n \"a\": \"{{nope name}}\"}", &[], &["flag.json.hbs:2:", "nope"]),
        (hook(), "{\"a\": {{#if name}}}", &[], &["flag.json.hbs:1:"]),
        (
            hook(),
            FLAG,
            &["--form", "host=api.example.com", "--form", "apiToken=x"],
            &["`api.example.com/events?team=core&note=`", "`{{{host}}}/events", "manifest.json:"],
        ),
        (
            hook(),
            FLAG,
            &["--form", "apiToken=abcd\r\nX-Evil: 1"],
            &["header `Authorization` has a line break", "manifest.json:"],
        ),
        (
            with("/endpoint/method", json!("post")),
            FLAG,
            &[],
            &["`post` is no method", "write `POST`", "manifest.json:"],
        ),
        (
            with("/endpoint/headers/2/name", json!("X Kind")),
            FLAG,
            &[],
            &["`X Kind` is no name of a header", "manifest.json:"],
        ),
    ];
    for (hook, template, arguments, expected) in cases {
        let folder = Folder::new(&hook, &form(), &[("templates/flag.json.hbs", template)]);
        let told = preview(&folder, &json!({}), arguments).fails(1);
        for part in expected {
            assert!(told.contains(part), "`{part}` is not in: {told}");
        }
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    let folder = folder();
    for (arguments, part) in [
        (&["--form", "apitoken=x"][..], "did you mean `apiToken`?"),
        (&["--form", "apiToken"][..], "KEY=VALUE"),
        (&["--format", "yaml"][..], "yaml"),
        (&["--context", "/nowhere.json"][..], "/nowhere.json"),
    ] {
        let told = preview(&folder, &json!({}), arguments).fails(2);
        assert!(told.contains(part), "{told}");
    }
    assert!(flagpost(&["preview", "/nowhere"]).fails(2).contains("`/nowhere`"));
    let told = flagpost(&["preview", concat!(env!("CARGO_MANIFEST_DIR"), "/integrations")]).fails(2);
    assert!(told.contains("name one of the integrations in it"), "{told}");
    let file = folder.write("form.json", r#"{"host": ["x"]}"#);
    let told = preview(&folder, &json!({}), &["--form-file", text(&file)]).fails(2);
    assert!(told.contains("`host` is no list"), "{told}");
}

#[test]
fn a_manifest_that_cannot_be_read_ends_with_1() {
    let folder = folder();
    folder.write("receiver/manifest.json", "{\"name\": ");
    let told = preview(&folder, &json!({}), &[]).fails(1);
    assert!(told.contains("manifest.json:1:"), "{told}");
}

#[test]
fn an_event_that_is_none_ends_with_2() {
    let folder = folder();
    let directory = folder.directory();
    for (bytes, part) in [("{\n \"kind\": }", "event.json:2:"), ("[1]", "no JSON object")] {
        let event = folder.write("event.json", bytes);
        let told = flagpost(&["preview", text(&directory), "--context", text(&event)]).fails(2);
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn an_empty_signing_secret_signs_nothing() {
    let mut hook = hook();
    hook["endpoint"]["hmacSignature"] = json!({"headerName": "X-LD-Signature", "hmacSecretFormVariableKey": "note"});
    let folder = Folder::new(&hook, &form(), &[("templates/flag.json.hbs", FLAG)]);
    assert!(!preview(&folder, &json!({}), &[]).expect(0).contains("X-LD-Signature"));
    assert!(preview(&folder, &json!({}), &["--form", "note=k"]).expect(0).contains("X-LD-Signature: "));
}

#[test]
fn what_each_attempt_adds_is_named() {
    let folder = Folder::new(
        &with("/delivery", json!({"profile": "standard-webhooks"})),
        &form(),
        &[("templates/flag.json.hbs", FLAG)],
    );
    let shown = preview(&folder, &json!({}), &[]).expect(0);
    assert!(shown.contains("\n(each attempt adds webhook-id, webhook-timestamp)\n"), "{shown}");
}

#[test]
fn what_an_event_does_not_tell_is_the_reason() {
    let deny = json!({"effect": "deny", "resources": ["proj/*:env/*:flag/*"], "actions": ["deleteFlag"]});
    let policy = json!([every_flag()[0].clone(), deny]);
    let folder = Folder::new(&with("/defaultPolicy", policy), &form(), &[("templates/flag.json.hbs", FLAG)]);
    let run = preview(&folder, &json!({"verbKind": ""}), &["--format", "json"]);
    let reason = run.json()["decision"]["reason"].as_str().expect("a reason").to_owned();
    assert!(reason.contains("the event does not tell its own: what cannot be decided does not leave"), "{reason}");
    assert!(!reason.contains("covers ``"), "{reason}");
}

#[test]
fn a_signature_under_a_placeholder_is_a_placeholder() {
    let mut hook = hook();
    hook["endpoint"]["hmacSignature"] =
        json!({"headerName": "X-LD-Signature", "hmacSecretFormVariableKey": "apiToken"});
    let folder = Folder::new(&hook, &form(), &[("templates/flag.json.hbs", FLAG)]);
    assert!(preview(&folder, &json!({}), &[]).expect(0).contains("X-LD-Signature: $SIGNATURE\n"));
    let command = preview(&folder, &json!({}), &["--format", "curl"]);
    assert!(command.stderr.contains("note: `$SIGNATURE` stands for a signature"), "{}", command.stderr);
    let given = preview(&folder, &json!({}), &["--form", "apiToken=t0ps3cret"]).expect(0);
    assert!(given.contains("X-LD-Signature: ") && !given.contains("$SIGNATURE"), "{given}");
}

fn standard_hook() -> Value {
    let mut hook = with("/useStandardWebhookPayload", json!(true));
    hook["templates"] = json!({});
    hook["endpoint"]["url"] = json!("https://api.example.com/");
    hook
}

#[test]
fn the_standard_payload_is_an_audit_log_entry() {
    let folder = Folder::new(&standard_hook(), &form(), &[]);
    let run = preview(&folder, &json!({"comment": "why \"not\""}), &["--format", "json"]);
    let body: Value =
        serde_json::from_str(run.json()["request"]["body"].as_str().expect("a body")).expect("it is JSON");
    let expected = json!({
        "_links": {
            "canonical": {"href": "/api/v2/flags/web/nav", "type": "application/json"},
            "parent": {"href": "/api/v2/auditlog", "type": "application/json"},
            "self": {"href": "/api/v2/auditlog/5e38", "type": "application/json"},
            "site": {"href": "/web/production/features/nav", "type": "text/html"},
        },
        "_id": "5e38", "_accountId": "569f", "date": 1_580_777_319_650_u64,
        "accesses": [{"action": "updateOn", "resource": "proj/web:env/production:flag/nav;ops"}],
        "kind": "flag", "name": "Navigation", "description": "* a\n* b", "shortDescription": "",
        "comment": "why \"not\"",
        "member": {
            "_links": {"self": {"href": "/api/v2/members/1", "type": "application/json"}},
            "_id": "1", "email": "ana@example.com", "firstName": "Ana", "lastName": "Ruiz",
        },
        "titleVerb": "turned on the flag", "title": "**Ana** turned on Navigation",
        "target": {
            "_links": {"site": {"href": "/web/production/features/nav", "type": "text/html"}},
            "name": "Navigation", "resources": ["proj/web:env/production:flag/nav;ops"],
        },
    });
    assert_eq!(body, expected);
}

#[test]
fn an_entry_that_came_from_an_audit_log_is_sent_byte_for_byte() {
    let folder = Folder::new(&standard_hook(), &form(), &[]);
    let entry = "{ \"2\":1, \"1\" : 3895213347334635099,\n\"date\":1718882658114,\"kind\":\"flag\",\"name\":\"a\\u003cb\",\
                 \"accesses\":[{\"action\":\"updateOn\",\"resource\":\"proj/web:env/production:flag/nav\"}] }";
    let (directory, event) = (folder.directory(), folder.write("entry.json", entry));
    let run = flagpost(&["preview", text(&directory), "--context", text(&event), "--format", "json"]);
    assert_eq!(run.json()["request"]["body"], entry);
    assert_eq!(run.json()["decision"]["target"], "proj/web:env/production:flag/nav");
}

#[test]
fn compat_renders_as_the_reference_does() {
    let template = r#"{"name": "{{name}}", "raw": "{{{name}}}", "note": "{{formVariables.note}}"}"#;
    let folder = Folder::new(&hook(), &form(), &[("templates/flag.json.hbs", template)]);
    let arguments = ["--format", "json", "--compat", "--form", "note=a\"b"];
    let run = preview(&folder, &json!({"name": "say \"hi\""}), &arguments);
    let expected = r#"{"name": "say \&quot;hi\&quot;", "raw": "say \"hi\"", "note": "a&quot;b"}"#;
    assert_eq!(run.json()["request"]["body"], expected);
}

#[test]
fn a_terminal_is_not_commanded_by_an_event() {
    let folder = Folder::new(&with("/templates", json!({"flag": "f.txt"})), &form(), &[("f.txt", "{{{comment}}}")]);
    let out = preview(&folder, &json!({"comment": "\u{1b}]0;pwned\u{7}"}), &[]).expect(0);
    assert!(!out.contains('\u{1b}') && out.contains("\\u{1b}]0;pwned"), "{out}");
}
