//! Rules about names, helpers and braces in templates.

use serde_json::json;

use super::support::{Folder, nothing, only, right, tells};

const FLAG: &str = "/capabilities/auditLogEventsHook/templates/flag";
const URL: &str = "/capabilities/auditLogEventsHook/endpoint/url";
const HEADER: &str = "/capabilities/auditLogEventsHook/endpoint/headers/1/value";

fn with_flag(text: &str) -> Folder {
    right().with_file("templates/flag.json.hbs", text)
}

#[test]
fn a_helper_exists() {
    let folder = right().with(URL, json!("{{host}}/{{pathEncod context.name}}"));
    only(&folder, "unknown-helper", "error", URL, &["`pathEncod`", "did you mean `pathEncode`?"]);
    let folder = with_flag("{\n  {{#iff comment}}\"a\": 1{{/iff}}\n}");
    let told = tells(&folder, "unknown-helper", FLAG);
    assert_eq!((told.line, told.file.ends_with("flag.json.hbs")), (2, true), "{told:?}");
}

#[test]
fn a_helper_is_given_what_it_takes() {
    let folder = right().with(HEADER, json!("{{basicAuthHeaderValue apiToken}}"));
    let told = tells(&folder, "helper-arguments", HEADER);
    assert!(told.help.contains("`password`"), "{told:?}");
    let folder = with_flag("{ \"a\": \"{{equal kind 'flag'}}\" }");
    assert!(tells(&folder, "helper-arguments", FLAG).help.contains("{{#equal"));
}

#[test]
fn names_are_provided() {
    let rows = [
        ("{ \"a\": \"{{titel.plainText}}\" }", "did you mean `title.plainText`?"),
        ("{ \"a\": \"{{member.emial}}\" }", "did you mean `member.email`?"),
        ("{ \"a\": \"{{colour}}\" }", "write `formVariables.colour`"),
        ("{ \"a\": \"{{context.kind}}\" }", "write `kind`"),
        ("{ \"a\": \"{{#if formVariables.color}}x{{/if}}\" }", "did you mean `formVariables.colour`?"),
        ("{ \"a\": \"{{#each tags}}{{project.key}}{{/each}}\" }", "write `@root.project.key`"),
        ("{ \"a\": \"{{#with project}}{{member.email}}{{/with}}\" }", "write `@root.member.email`"),
        ("{ \"a\": \"{{@index}}\" }", "each"),
        ("{ \"a\": \"{{tags.name}}\" }", "each"),
    ];
    for (template, word) in rows {
        let told = tells(&with_flag(template), "unknown-variable", FLAG);
        assert!(told.help.contains(word) || told.message.contains(word), "{template}: {told:?}");
        assert_eq!(told.severity, "error");
    }
}

#[test]
fn what_only_some_sources_send_is_asked_for_first() {
    for (name, source) in
        [("audit", "Kong Konnect"), ("currentObject", "Split"), ("location", "Atlassian"), ("raw", "source")]
    {
        let told = tells(&with_flag(&format!("{{ \"a\": \"{{{{{name}.id}}}}\" }}")), "unknown-variable", FLAG);
        assert!(told.help.contains(source) && told.help.contains(&format!("{{{{#if {name}}}}}")), "{told:?}");
        assert_eq!(told.severity, "error");
        let asked = format!("{{ \"a\": \"{{{{#if {name}}}}}{{{{{name}.id}}}}{{{{/if}}}}\" }}");
        nothing(&with_flag(&asked));
        let entered = format!("{{ \"a\": \"{{{{#with {name}}}}}{{{{id}}}}{{{{/with}}}}\" }}");
        nothing(&with_flag(&entered));
    }
    let told = tells(&with_flag("{ \"a\": \"{{#if adit}}{{adit.id}}{{/if}}\" }"), "unknown-variable", FLAG);
    assert_eq!(told.severity, "error", "{told:?}");
}

#[test]
fn a_token_misspelt_in_a_header_is_told() {
    let folder = right().with(HEADER, json!("Bearer {{apitoken}}"));
    only(&folder, "unknown-variable", "error", HEADER, &["did you mean `apiToken`?"]);
    let folder = right().with(HEADER, json!("Bearer {{formVariables.apiToken}}"));
    only(&folder, "unknown-variable", "error", HEADER, &["write `apiToken`"]);
    let folder = right().with(URL, json!("{{host}}/{{kind}}"));
    only(&folder, "unknown-variable", "error", URL, &["write `context.kind`"]);
}

#[test]
fn names_that_are_provided_are_not_told() {
    for template in [
        "{ \"a\": \"{{#each tags}}{{this}}{{@index}}{{@last}}{{/each}}\" }",
        "{ \"a\": \"{{#each customProperties}}{{@key}}{{name}}{{#each values}}{{this}}{{/each}}{{/each}}\" }",
        "{ \"a\": \"{{#with project}}{{key}}{{environment.key}}{{../kind}}{{@root.kind}}{{/with}}\" }",
        "{ \"a\": \"{{#each tags as |tag at|}}{{tag}}{{at}}{{/each}}\" }",
        "{ \"a\": \"{{tags.length}}{{#if tags.[0]}}{{tags.[0]}}{{/if}}\" }",
        "{ \"a\": \"{{lookup project 'key'}}\" }",
        "{ \"a\": \"{{#if customProperties.lantern.values}}{{customProperties.lantern.values}}{{/if}}\" }",
        "{ \"a\": \"{{formatWithOffset timestamp.milliseconds 3600 'simple'}}\" }",
        "{ \"a\": \"{{#equal kind 'flag'}}{{key}}{{/equal}}\" }",
        "{ \"a\": \"{{#project}}{{key}}{{/project}}{{^comment}}none{{/comment}}\" }",
    ] {
        let findings = with_flag(template).findings();
        assert!(findings.iter().all(|told| told.rule != "unknown-variable"), "{template}: {findings:#?}");
    }
}

#[test]
fn braces_match() {
    let folder = right().with(URL, json!("{{host}}/{siteId}/x"));
    only(&folder, "unbalanced-braces", "error", URL, &["`{{siteId}}`"]);
    let folder = with_flag("{\n  \"a\": 1,\n  \"b\": \"{title.plainText}}\"\n}");
    let told = only(&folder, "unbalanced-braces", "error", FLAG, &["{{title.plainText}}"]);
    assert_eq!(told.line, 3);
    nothing(&with_flag("{ \"a\": { \"b\": {} }, \"c\": \"\\{{name}} {x}\" }"));
}

#[test]
fn a_helper_is_given_what_every_event_has() {
    for (url, printed, guard) in [
        (
            "{{host}}/?c={{queryEncode context.comment}}",
            "`undefined` when `context.comment` is absent",
            "context.comment",
        ),
        ("{{host}}/{{pathEncode context.project.tags}}", "`null` when `context.project.tags` is null", "project.tags"),
        (
            "{{host}}/{{pathEncode context.customProperties.lamp.name}}",
            "`undefined` when `context.customProperties` is absent",
            "{{#if context.customProperties}}",
        ),
    ] {
        only(&right().with(URL, json!(url)), "unguarded-variable", "error", URL, &[printed, guard]);
    }
    let folder = right().with(HEADER, json!("{{queryEncode context.comment}}"));
    only(&folder, "unguarded-variable", "error", HEADER, &["`queryEncode` prints `undefined`"]);
    let folder = with_flag("{\n  \"a\": \"{{queryEncode comment}}\",\n  \"b\": \"{{pathEncode key}}\"\n}");
    let told = only(&folder, "unguarded-variable", "error", FLAG, &["`{{#if comment}}…{{/if}}`"]);
    assert_eq!((told.line, told.file.ends_with("flag.json.hbs")), (2, true), "{told:?}");
    // The default policy lets no webhook through, and only webhooks and members have no key.
    let folder = right().with(URL, json!("{{host}}/{{pathEncode context.key}}"));
    only(&folder, "unguarded-variable", "warning", URL, &["`context.key` is absent"]);
    for url in [
        "{{host}}/{{#if context.comment}}?c={{queryEncode context.comment}}{{/if}}",
        "{{host}}/{{pathEncode context.name}}?c={{queryEncode colour}}&l={{queryEncode loud}}",
    ] {
        nothing(&right().with(URL, json!(url)));
    }
    nothing(&with_flag("{ \"a\": \"{{#if comment}}{{queryEncode comment}}{{/if}}\" }"));
}

#[test]
fn what_has_members_is_not_printed() {
    for (template, name, word) in [
        ("{ \"a\": \"{{title}}\" }", "`title`", "did you mean `title.plainText`?"),
        ("{ \"a\": \"{{timestamp}}\" }", "`timestamp`", "`timestamp.rfc3339`"),
        ("{ \"a\": \"{{_links}}\" }", "`_links`", "`_links.canonical.href`"),
        ("{ \"a\": \"{{queryEncode project}}\" }", "`project`", "`project.name`"),
        ("{ \"a\": \"{{this}}\" }", "`this`", "did you mean `name`?"),
        ("{ \"a\": \"{{#with project.environment}}{{this}}{{/with}}\" }", "`this`", "did you mean `name`?"),
        ("{ \"a\": \"{{formVariables}}\" }", "`formVariables`", "`formVariables.host`"),
        ("{ {{#if customProperties}}\"a\": \"{{customProperties}}\"{{/if}} }", "`customProperties`", "`each`"),
    ] {
        only(&with_flag(template), "printed-object", "error", FLAG, &[name, word, "[object Object]"]);
    }
    only(&right().with(HEADER, json!("{{context}}")), "printed-object", "error", HEADER, &["`context.name`"]);
    nothing(&with_flag("{ \"a\": \"{{#with title}}{{plainText}}{{/with}}\", \"b\": \"{{#if title}}x{{/if}}\" }"));
}

#[test]
fn long_addresses_and_large_forms_are_read_in_a_moment() {
    // What was read again for each name took minutes for these.
    let start = std::time::Instant::now();
    let variable = |index: usize| {
        let key = format!("key{index}");
        json!({
            "key": key, "name": "Lamp", "type": "string", "description": "One lamp of very many",
            "isOptional": true, "defaultValue": ""
        })
    };
    let mut folder = right();
    for index in 0..2_000 {
        folder = folder.with("/formVariables/-", variable(index));
    }
    let asked: String = (0..2_000).map(|index| format!("{{{{#if key{index}}}}}x{{{{/if}}}}")).collect();
    let text: Vec<String> =
        (0..2_000).map(|index| format!("\"a{index}\":\"{{{{formVariables.key{index}}}}}\"")).collect();
    let folder = folder.with_file("templates/flag.json.hbs", &format!("{{{}}}", text.join(",")));
    nothing(&folder.clone().with(URL, json!(format!("{{{{host}}}}/{asked}"))));
    let folder = folder.with(URL, json!(format!("{{{{host}}}}/{}", "{{apiToken}}".repeat(10_000))));
    only(&folder, "secret-in-url", "warning", URL, &["`apiToken`"]);
    assert!(start.elapsed().as_secs() < 60, "it took {:?}", start.elapsed());
}
