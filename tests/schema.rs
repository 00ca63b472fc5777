//! The schema as printed, and what it says of manifests.

mod folders;

use folders::{MANIFEST, Tree, told};
use serde_json::{Value, json};

fn schema(arguments: &[&str]) -> Value {
    let answer = Tree::new().run(&[&["schema"], arguments].concat());
    assert_eq!(answer.exit, 0);
    serde_json::from_str(&answer.stdout).expect("a schema is JSON")
}

/// Visits every schema within a schema.
fn each_schema(schema: &Value, path: &str, visit: &mut impl FnMut(&str, &Value)) {
    let Some(members) = schema.as_object() else { return };
    visit(path, schema);
    for (keyword, inner) in members {
        match keyword.as_str() {
            "properties" | "definitions" => {
                for (name, inner) in inner.as_object().into_iter().flatten() {
                    each_schema(inner, &format!("{path}/{keyword}/{name}"), visit);
                }
            }
            "items" | "additionalProperties" => each_schema(inner, &format!("{path}/{keyword}"), visit),
            _ => {}
        }
    }
}

#[test]
fn the_printed_schema_is_one_valid_document_of_draft_7() {
    for arguments in [&[][..], &["--portable"]] {
        let schema = schema(arguments);
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
        assert!(schema["$id"].is_string());
        jsonschema::draft7::meta::validate(&schema).expect("it is a schema");
        jsonschema::draft7::new(&schema).expect("it compiles without any other document");
        let text = schema.to_string();
        assert!(!text.contains("additionalProperties\":false"), "objects are closed by the names of their properties");
        each_schema(&schema, "", &mut |path, schema| {
            if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
                let root = self::schema(arguments);
                assert!(target.starts_with("#/") && root.pointer(&target[1..]).is_some(), "{path}: {target}");
            }
        });
    }
}

#[test]
fn editors_have_something_to_show_everywhere() {
    let root = schema(&[]);
    each_schema(&root, "", &mut |path, schema| {
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| root.pointer(&target[1..]));
        for word in ["title", "description"] {
            let text = schema.get(word).or_else(|| target.and_then(|target| target.get(word))).and_then(Value::as_str);
            assert!(text.is_some_and(|text| !text.trim().is_empty()), "{path} has no {word}");
        }
        if schema.get("type") == Some(&json!("string")) && schema.get("enum").is_none() {
            assert!(schema.get("examples").or_else(|| schema.get("default")).is_some(), "{path} has no example");
        }
    });
}

#[test]
fn examples_and_defaults_are_what_they_show() {
    let root = schema(&[]);
    each_schema(&root, "", &mut |path, part| {
        let shown = part.get("examples").and_then(Value::as_array).into_iter().flatten().chain(part.get("default"));
        let alone =
            json!({"$ref": format!("#{path}"), "definitions": root["definitions"], "properties": root["properties"]});
        let validator = jsonschema::draft7::new(&alone).expect("a part is a schema");
        for value in shown {
            assert!(validator.is_valid(value), "{path}: {value}");
        }
    });
}

#[test]
fn every_closed_object_allows_the_names_that_it_describes() {
    each_schema(&schema(&[]), "", &mut |path, schema| {
        let names = |value: Option<&Value>| -> Vec<String> {
            let mut names: Vec<String> = match value {
                Some(Value::Array(names)) => names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect(),
                Some(Value::Object(members)) => members.keys().cloned().collect(),
                _ => Vec::new(),
            };
            names.sort();
            names
        };
        if let Some(allowed) = schema.pointer("/propertyNames/enum") {
            assert_eq!(names(Some(allowed)), names(schema.get("properties")), "{path}");
        }
        let described = names(schema.get("properties"));
        for name in names(schema.get("required")) {
            assert!(described.contains(&name), "{path}: `{name}` is required and not described");
        }
    });
}

#[test]
fn the_portable_schema_lacks_only_what_this_engine_adds() {
    let (own, portable) = (schema(&[]), schema(&["--portable"]));
    assert!(own["properties"]["$schema"].is_object() && portable["properties"].get("$schema").is_none());
    let delivery = "/definitions/auditLogEventsHook/properties/delivery";
    assert!(own.pointer(delivery).is_some() && portable.pointer(delivery).is_none());
    assert!(!portable.to_string().contains("delivery\""));
    // Putting the additions back gives the whole schema again.
    let mut restored = portable;
    for path in ["/properties/$schema", delivery, "/definitions/delivery"] {
        let (object, name) = path.rsplit_once('/').expect("a path");
        let part = own.pointer(path).expect("it is an addition").clone();
        restored.pointer_mut(object).and_then(Value::as_object_mut).expect("an object").insert(name.to_owned(), part);
    }
    for path in ["/propertyNames/enum", "/definitions/auditLogEventsHook/propertyNames/enum"] {
        *restored.pointer_mut(path).expect("a list") = own.pointer(path).expect("a list").clone();
    }
    assert_eq!(restored, own);
}

/// What the schema says of the manifest in which `written` stands for `right`.
#[track_caller]
fn check(right: &str, written: &str, expected: &[&str]) {
    assert_eq!(MANIFEST.matches(right).count(), 1, "`{right}` is there once");
    let findings = Tree::with_manifest(MANIFEST.replace(right, written)).findings();
    assert_eq!(told(&findings, "schema"), expected, "for `{written}`");
    assert_eq!(findings.len(), expected.len(), "for `{written}`: {findings:?}");
}

#[test]
fn one_slip_in_a_name_is_one_finding() {
    check("\"author\"", "\"autor\"", &["6:3 unknown property `autor`; did you mean `author`?"]);
    check("\"links\"", "\"Links\"", &["8:3 unknown property `Links`; did you mean `links`?"]);
    check(
        "\"supportEmail\"",
        "\"support_email\"",
        &["7:3 unknown property `support_email`; did you mean `supportEmail`?"],
    );
    check(
        "\"privacyPolicy\"",
        "\"privacyPolcy\"",
        &["10:5 unknown property `privacyPolcy`; did you mean `privacyPolicy`?"],
    );
    check(
        "\"author\":",
        "\"maker\":",
        &["6:3 unknown property `maker`, while `author` is missing; did you mean `author`?"],
    );
    check(
        "\"author\"",
        "\"authors\": \"A\",\n  \"author\"",
        &["6:3 unknown property `authors`; remove it: `author` is there already"],
    );
    check(
        "\"author\"",
        "\"trigger\": {},\n  \"author\"",
        &["6:3 unknown property `trigger`; `trigger` belongs in `capabilities`"],
    );
}

#[test]
fn what_stands_under_a_misspelt_name_is_judged_too() {
    let manifest = MANIFEST.replace("\"links\"", "\"link\"").replace("\"site\": \"https", "\"site\": \"ttps");
    let findings = Tree::with_manifest(manifest).findings();
    assert_eq!(
        told(&findings, "schema"),
        [
            "8:3 unknown property `link`; did you mean `links`?",
            "9:13 `site` must be a web address that starts with `https://` or `http://`; for example: `\"https://example.com\"`",
        ]
    );
    assert_eq!(findings[1]["pointer"], "/link/site");
}

#[test]
fn what_is_missing_is_told_at_its_owner_with_an_example() {
    check(
        "    \"square\": \"square.svg\",\n",
        "",
        &["13:3 `icons` has no `square`; add `\"square\": \"assets/square.svg\"`"],
    );
    check(
        "  \"author\": \"Example Inc.\",\n",
        "",
        &["1:1 the manifest has no `author`; add `\"author\": \"Example Inc.\"`"],
    );
    let hook = "\"formVariables\": [{\"key\": \"a\", \"name\": \"A\", \"type\": \"string\"}],\n  \"author\"";
    check(
        "\"author\"",
        hook,
        &[
            "6:21 `formVariables[0]` has no `description`; add `\"description\": \"A token that may write events. Make one under Settings, API tokens.\"`",
        ],
    );
}

#[test]
fn a_wrong_type_is_told_in_words_and_nothing_else() {
    let flag = |value: &str| format!("\"requiresOAuth\": {value},\n  \"author\"");
    let place = "6:20 `requiresOAuth` must be `true` or `false`, not";
    check("\"author\"", &flag("\"true\""), &[&format!("{place} text; write `true` without quotes")]);
    check("\"author\"", &flag("1"), &[&format!("{place} a number; write `true`")]);
    check("\"author\"", &flag("null"), &[&format!("{place} `null`; give it a value, or leave the key out")]);
    check("\"1.0.0\"", "1", &["3:14 `version` must be text, not a number; write `\"1\"`"]);
    check(
        "[\"monitoring\"]",
        "\"monitoring\"",
        &["12:17 `categories` must be a list, not text; put it in a list, in `[` and `]`"],
    );
    check(
        "\"author\"",
        "\"capabilities\": [],\n  \"author\"",
        &[
            "6:19 `capabilities` must be an object, not a list; for example: `{\"trigger\":{\"documentation\":\"https://example.com/docs/triggers\"}}`",
        ],
    );
    check(
        "\"author\"",
        "\"formVariables\": [{\"key\": \"a\", \"name\": \"A\", \"type\": \"string\", \"description\": \"A\", \"defaultValue\": 1, \"isOptional\": true}],\n  \"author\"",
        &["6:101 `defaultValue` must be `true` or `false` or text, not a number; write `\"1\"`"],
    );
}

#[test]
fn a_wrong_choice_names_the_near_one_or_all() {
    check("[\"monitoring\"]", "[\"monitorin\"]", &["12:18 `monitorin` is no category; did you mean `monitoring`?"]);
    check(
        "\"author\"",
        "\"legacy\": {\"kind\": \"zzz\"},\n  \"author\"",
        &["6:22 `zzz` is no `kind`; write one of `codeRefs`, `datadog`, `dataExport`, `slackWebhooks`, `webhooks`"],
    );
}

#[test]
fn limits_tell_what_is_there_and_what_may_be() {
    check(
        "\"Example\"",
        "\"Ex\"",
        &["2:11 `name` is too short: 2 characters, at least 3 are asked for; write 1 character more"],
    );
    let long = "é".repeat(101);
    check(
        "\"Example\"",
        &format!("\"{long}\""),
        &["2:11 `name` is too long: 101 characters, at most 100 are allowed; take 1 character out"],
    );
    check("[\"monitoring\"]", "[]", &["12:17 `categories` is empty; for example: `[\"monitoring\"]`"]);
    check(
        "[\"monitoring\"]",
        "[\"monitoring\", \"data\", \"ai\", \"analytics\"]",
        &["12:17 `categories` has 4 values, at most 3 are allowed; take 1 out"],
    );
    check(
        "[\"monitoring\"]",
        "[\"monitoring\", \"data\", \"monitoring\"]",
        &["12:40 `monitoring` is here twice; remove it"],
    );
}

#[test]
fn patterns_are_told_in_words() {
    check(
        "\"1.0.0\"",
        "\"v1\"",
        &["3:14 `version` must be a semantic version of three numbers, such as `1.0.0`; for example: `\"1.0.0\"`"],
    );
    check(
        "\"https://example.com\"",
        "\"example.com\"",
        &[
            "9:13 `site` must be a web address that starts with `https://` or `http://`; did you mean `https://example.com`?",
        ],
    );
    check(
        "\"support@example.com\"",
        "\"support at example\"",
        &["7:19 `support at example` is not an e-mail address; write it as `support@example.com`"],
    );
    for line_break in ["\\n", "\\r", "\\u2028", "\\u2029"] {
        check(
            "an example.",
            &format!("an{line_break} example."),
            &["4:15 `overview` must be a single line; take the line break out"],
        );
    }
    check("an example.", "an\\u0085 example.", &[]);
}

#[test]
fn the_engines_own_additions_are_accepted_and_told_when_asked_for() {
    let hook = |delivery: &str| {
        let capabilities = format!(
            "\"capabilities\": {{ \"auditLogEventsHook\": {{ \"templates\": {{}}, \"delivery\": {delivery} }} }}"
        );
        MANIFEST
            .replace("\"otherCapabilities\": [\"external\"]", &capabilities)
            .replace("{\n  \"name\"", "{\n  \"$schema\": \"../../schema.json\",\n  \"name\"")
    };
    for profile in ["split", "launchdarkly", "kong", "atlassian", "standard-webhooks", "github", "stripe"] {
        let tree = Tree::with_manifest(hook(&format!("\"{profile}\"")));
        assert_eq!(told(&tree.findings(), "schema"), Vec::<String>::new());
        assert_eq!(told(&tree.findings(), "portable"), Vec::<String>::new());
        let (findings, _, exit) = tree.validated(&["--portable"]);
        assert_eq!(exit, 1);
        assert_eq!(
            told(&findings, "portable"),
            [
                "2:3 `$schema` is known to flagpost only: other engines refuse the manifest; remove `$schema`",
                "18:62 `delivery` is known to flagpost only: other engines refuse the manifest; remove `delivery`",
            ]
        );
    }
    let told_of = |delivery: &str| told(&Tree::with_manifest(hook(delivery)).findings(), "schema");
    assert_eq!(told_of("\"githb\""), ["18:74 `githb` is no `delivery`; did you mean `github`?"]);
    assert_eq!(
        told_of("3"),
        ["18:74 `delivery` must be text or an object, not a number; for example: `\"standard-webhooks\"`"]
    );
    assert_eq!(told_of("{}"), Vec::<String>::new());
    assert_eq!(told_of(r#"{"profile": "kong", "attempts": 3, "pauses": ["1s", "2s"]}"#), Vec::<String>::new());
    assert_eq!(told_of(r#"{"attemps": 3}"#), ["18:75 a profile has no `attemps`; did you mean `attempts`?"]);
    assert_eq!(
        told_of(r#"{"timeout": "soon"}"#),
        ["18:86 `timeout` must be a time, such as `300ms`, `5s`, `30m` or `2h`; for example: `\"30s\"`"]
    );
    assert_eq!(
        told_of(r#"{"pauses": [], "backoff": {"first": "1s", "cap": "2s"}}"#),
        ["18:89 `pauses` and `backoff` both say when to try again; keep one of them"]
    );
}
