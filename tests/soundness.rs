//! Templates that make JSON for some events and not for others: which line, which field.

#[path = "rules/support.rs"]
#[expect(dead_code, reason = "the tests of rules use more of it")]
mod support;

use serde_json::json;
use support::{Folder, Told, nothing, right};

fn with_flag(text: &str) -> Folder {
    right().with_file("templates/flag.json.hbs", text)
}

#[track_caller]
fn breaks(template: &str, rule: &str, line: usize, words: &str) -> Told {
    let findings = with_flag(template).findings();
    assert_eq!(findings.len(), 1, "{template}\n{findings:#?}");
    let told = &findings[0];
    assert_eq!((told.rule.as_str(), told.line), (rule, line), "{template}\n{told:#?}");
    assert_eq!(told.severity, "error");
    assert!(told.file.ends_with("flag.json.hbs"), "{told:#?}");
    assert!(told.message.contains(words), "`{words}` is not said: {told:#?}");
    told.clone()
}

#[test]
fn a_comma_behind_every_item_of_a_loop() {
    let template = "{\n  \"tags\": [\n    {{#each tags}}\n    \"{{this}}\",\n    {{/each}}\n  ]\n}\n";
    let told = breaks(template, "trailing-comma", 4, "when `tags`");
    assert!(told.help.contains("{{#unless @last}},{{/unless}}"), "{told:#?}");
}

#[test]
fn a_comma_behind_every_item_before_more_items_is_right() {
    nothing(&with_flag("{ \"tags\": [{{#each tags}}\"{{this}}\",{{/each}}\"end\"] }"));
}

#[test]
fn a_comma_before_the_first_item() {
    let template = "{\n  \"tags\": [\"all\"{{#each tags}},\"{{this}}\"{{/each}}],\n  \
                    \"more\": [{{#each project.tags}},\"{{this}}\"{{/each}}]\n}\n";
    breaks(template, "trailing-comma", 3, "when `project.tags`");
}

#[test]
fn items_without_a_comma_between_them() {
    let template = "{\n  \"tags\": [\n    {{#each tags}}\n    \"{{this}}\"\n    {{/each}}\n  ]\n}\n";
    breaks(template, "broken-json", 4, "a comma is missing when `tags` has items");
}

#[test]
fn a_comma_missing_where_a_comment_is() {
    let before = "{\n  \"a\": 1\n  {{#if comment}}\n  \"comment\": \"{{comment}}\"\n  {{/if}}\n}\n";
    breaks(before, "broken-json", 4, "a comma is missing when `comment`");
    let behind = "{\n  {{#if comment}}\n  \"comment\": \"{{comment}}\"\n  {{/if}}\n  \"a\": 1\n}\n";
    breaks(behind, "broken-json", 3, "a comma is missing when `comment`");
}

#[test]
fn a_comma_left_where_no_comment_is() {
    let template = "{\n  \"a\": 1,\n  {{#if comment}}\"comment\": \"{{comment}}\"{{/if}}\n}\n";
    breaks(template, "trailing-comma", 2, "when `comment` is absent");
}

#[test]
fn a_text_outside_of_quotes() {
    let told = breaks("{\n  \"name\": {{name}}\n}\n", "broken-json", 2, "`{{name}}` prints a text outside of quotes");
    assert!(told.help.contains("\"{{name}}\""), "{told:#?}");
}

#[test]
fn a_number_that_may_be_nothing() {
    let template = "{\n  \"at\": {{timestamp.seconds}},\n  \"count\": {{#if tags}}{{tags.length}}{{/if}}\n}\n";
    breaks(template, "broken-json", 3, "when `tags` is");
    nothing(&with_flag("{ \"count\": {{#if tags}}{{tags.length}}{{else}}0{{/if}} }"));
}

#[test]
fn a_tag_that_prints_nothing_where_a_value_is() {
    let template = "{\n  \"environment\": {{project.environment.tags}},\n  \"a\": 1\n}\n";
    let findings = with_flag(template).findings();
    let lines: Vec<usize> = findings.iter().map(|told| told.line).collect();
    assert!(!lines.is_empty() && lines.iter().all(|line| *line == 2), "{findings:#?}");
    assert!(findings.iter().any(|told| told.message.contains("nothing where a value has to be")), "{findings:#?}");
}

#[test]
fn a_bracket_that_only_some_events_close() {
    let template = "{\n  \"a\": {\n  \"b\": 1\n  {{#if comment}} }{{/if}}\n}\n";
    let findings = with_flag(template).findings();
    assert!(
        findings.iter().any(|told| told.rule == "broken-json" && told.message.contains("`comment`")),
        "{findings:#?}"
    );
}

#[test]
fn every_cause_is_told_once_and_all_in_one_run() {
    let template = "{\n  \"a\": [{{#each tags}}\"{{this}}\",{{/each}}],\n  \
                    \"b\": [{{#each project.tags}}\"{{this}}\",{{/each}}],\n  \"c\": {{name}}\n}\n";
    let findings = with_flag(template).findings();
    let told: Vec<(&str, usize)> = findings.iter().map(|told| (told.rule.as_str(), told.line)).collect();
    assert_eq!(told, [("trailing-comma", 2), ("trailing-comma", 3), ("broken-json", 4)], "{findings:#?}");
}

#[test]
fn a_form_value_left_empty() {
    let folder = with_flag("{\n  {{#if formVariables.loud}}\"loud\": true,{{/if}}\n  \"a\": 1\n}\n");
    nothing(&folder);
    breaks(
        "{\n  \"a\": 1{{#if formVariables.loud}}\n  \"loud\": true{{/if}}\n}\n",
        "broken-json",
        3,
        "`formVariables.loud` is true",
    );
    breaks("{\n  \"loud\": {{#if formVariables.loud}}1{{/if}}\n}\n", "broken-json", 2, "`formVariables.loud` is false");
}

#[test]
fn a_custom_property_that_only_the_template_knows() {
    let template = "{\n  \"a\": [\n  {{#if customProperties}}{{#if customProperties.lantern}}\n  \
                    {{#each customProperties.lantern.values}}\"{{this}}\",{{/each}}\n  {{/if}}{{/if}}\n  ]\n}\n";
    breaks(template, "trailing-comma", 4, "customProperties");
}

#[test]
fn hostile_texts_break_nothing_that_is_in_quotes() {
    nothing(&with_flag("{ \"a\": \"{{name}} {{{details.markdown}}} {{#if comment}}{{{comment}}}{{/if}}\" }"));
}

#[test]
fn a_name_that_some_events_lack() {
    let findings = with_flag("{\n  \"a\": \"{{comment}}\"\n}\n").findings();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!((findings[0].rule.as_str(), findings[0].line), ("unguarded-variable", 2), "{findings:#?}");
    assert!(findings[0].help.contains("{{#if comment}}"), "{findings:#?}");
}

#[test]
fn a_name_that_the_references_own_event_lacks_is_an_error() {
    let folder = right().with_file("templates/default.json.hbs", "{ \"a\": \"{{customProperties.lantern.name}}\" }\n");
    let findings = folder.findings();
    assert_eq!(
        (findings[0].rule.as_str(), findings[0].severity.as_str()),
        ("unguarded-variable", "error"),
        "{findings:#?}"
    );
}

#[test]
fn an_empty_body_holds_an_event_back_but_not_the_plainest() {
    nothing(&with_flag("{{#if formVariables.colour}}{ \"a\": 1 }{{/if}}"));
    breaks(
        "{{#if nothing}}{{/if}}".replace("nothing", "formVariables.loud").as_str(),
        "blank-body",
        1,
        "prints nothing",
    );
}

#[test]
fn a_template_of_text_is_not_held_to_be_json() {
    let templates = json!({ "default": "templates/default.txt.hbs" });
    let folder = right()
        .with("/capabilities/auditLogEventsHook/templates", templates)
        .with_file("templates/default.txt.hbs", "{ {{title.plainText}},\n");
    nothing(&folder);
}

#[test]
fn a_partial_cannot_be_rendered() {
    breaks("{\n  \"a\": \"{{> part}}\"\n}\n", "failing-template", 2, "partial");
}

#[test]
fn an_own_sample_is_used_as_well() {
    let folder = with_flag("{\n  \"a\": \"{{wattage}}\",\n  \"b\": {{wattage}}\n}\n");
    let findings = folder.findings();
    assert!(findings.iter().any(|told| told.rule == "unknown-variable"), "{findings:#?}");
}
