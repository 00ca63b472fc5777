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
