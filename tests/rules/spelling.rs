//! Signs, words and braces of other languages: one finding for each, with what to write instead.

use serde_json::{Value, json};

use super::support::{Folder, nothing, only, right, tells};

const HOOK: &str = "/capabilities/auditLogEventsHook";
const FLAG: &str = "/capabilities/auditLogEventsHook/templates/flag";
const URL: &str = "/capabilities/auditLogEventsHook/endpoint/url";
const HEADER: &str = "/capabilities/auditLogEventsHook/endpoint/headers/1/value";

fn with_flag(text: &str) -> Folder {
    right().with_file("templates/flag.json.hbs", text)
}

#[test]
fn what_no_json_has_is_told_by_what_json_has() {
    for (template, message, help) in [
        ("{ “title”: \"{{kind}}\" }", "curly quotes", "write `\"title\"`"),
        ("{ \"title\": ‘{{kind}}’ }", "curly quotes", "write `\"{{kind}}\"`"),
        ("{ \"a\": '{{verbKind}}' }", "single quotes", "write `\"{{verbKind}}\"`"),
        ("{ 'a': 1 }", "single quotes", "write `\"a\"`"),
        ("{\n\u{a0}\"a\":\u{a0}1,\n\u{a0}\"b\": 2 }", "U+00A0", "use a plain space"),
        ("{ \"a\": \"{{kind}}\"，\"b\": 1 }", "`，` (U+FF0C)", "write `,`"),
        ("{ \"a\": [\"a\";\"b\"] }", "`;` separates nothing", "write `,`"),
        ("{ \"a\": 1 // one\n }", "JSON has no comments", "`{{! … }}`"),
        ("{ \"a\": é }", "`é` stands outside of quotes", "write `\"é\"`"),
        ("{ \"a\": NaN }", "no number `NaN`", "write `null`"),
        ("{ \"a\": True }", "`True` stands outside", "write `true`"),
        ("{ \"a\": 01 }", "`01` is no number", "write `1`"),
        ("{ \"a\": \"{{kind}}\n b\" }", "a line break or tab stands inside a string", "write `\\n`"),
    ] {
        let told = only(&with_flag(template), "broken-json", "error", FLAG, &[]);
        assert!(told.message.contains(message) && told.help.contains(help), "{template}: {told:?}");
    }
}

#[test]
fn a_name_is_written_once_into_an_object() {
    let folder = with_flag("{ \"a\": 1, \"b\": { \"c\": 1, \"c\": \"{{kind}}\" } }");
    only(&folder, "duplicate-key", "error", FLAG, &["writes `c` twice", "remove one of them"]);
    let right = "{ \"a\": [{ \"b\": 1 }, { \"b\": 2 }], {{#if comment}}\"c\": 1{{else}}\"c\": 2{{/if}} }";
    nothing(&with_flag(right));
}

#[test]
fn names_in_single_braces_are_told_where_they_are_known() {
    for (text, name) in [("{verbKind}", "verbKind"), ("{target.name}", "target.name"), ("${name}", "name")] {
        let folder = with_flag(&format!("{{ \"a\": \"{text}\" }}"));
        only(&folder, "unbalanced-braces", "warning", FLAG, &[&format!("write `{{{{{name}}}}}`")]);
    }
    nothing(&with_flag("{ \"a\": \"{whatever} {0} {}\" }"));
    let folder = right().with(URL, json!("{{host}}/{pathEncode context.name}/x"));
    only(&folder, "unbalanced-braces", "error", URL, &["write `{{pathEncode context.name}}`"]);
    let folder = right().with(URL, json!("https://${{host}}/x"));
    only(&folder, "unbalanced-braces", "error", URL, &["write `{{host}}`, without `$`"]);
    let folder = right().with(HEADER, json!("Bearer ${{apiToken}}"));
    only(&folder, "unbalanced-braces", "warning", HEADER, &["write `{{apiToken}}`"]);
}

#[test]
fn calls_are_told_by_what_they_lack() {
    for (template, rule, help) in [
        ("{{formatWithOffset timestamp.milliseconds 0 'RFC3339'}}", "helper-arguments", "did you mean `rfc3339`?"),
        ("{{formatWithOffset timestamp.milliseconds 0 'Simple'}}", "helper-arguments", "did you mean `simple`?"),
        ("{{formatWithOffset timestamp.milliseconds 0 'YYYY-MM-DD'}}", "helper-arguments", "the formats are `rfc3339`"),
        ("{{#each tags as t}}{{t}}{{/each}}", "helper-arguments", "write `as |t|`"),
        ("{{#unless}}x{{/unless}}", "helper-arguments", "`unless` takes one argument"),
        (
            "{{#equalWithElse kind 'a'}}x{{elseif equalWithElse kind 'b'}}y{{/equalWithElse}}",
            "unknown-helper",
            "write `{{else equalWithElse …}}`",
        ),
        ("{{\"lit\"}}", "unknown-variable", "write `lit` without the braces"),
        ("{{name | upcase}}", "template-syntax", "write `{{name}}`"),
        ("{{ name.toUpperCase() }}", "template-syntax", "write `name`, without `.toUpperCase()`"),
    ] {
        let findings = with_flag(&format!("{{ \"a\": \"{template}\" }}")).findings();
        let [told] = findings.as_slice() else { panic!("{template}: {findings:#?}") };
        let said = told.message.contains(help) || told.help.contains(help);
        assert!(told.rule == rule && told.severity == "error" && said, "{template}: {told:?}");
    }
    let folder = right().with(HEADER, json!("{{edgeGridAuth 'GET' '/x' host host host host host apiToken apiToken}}"));
    only(&folder, "helper-arguments", "error", HEADER, &["takes 10 arguments, not 9", "`access token`"]);
}

#[test]
fn a_get_with_templates_is_told() {
    let folder = right().with(&format!("{HOOK}/endpoint/method"), json!("GET"));
    only(&folder, "body-of-get", "warning", &format!("{HOOK}/endpoint/method"), &["carries no body", "write `POST`"]);
}

#[test]
fn user_info_is_encoded() {
    let raw = right().with(URL, json!("https://wall:{{apiToken}}@lantern.example/lamps"));
    only(&raw, "unencoded-url-value", "warning", URL, &["the user info", "write `{{queryEncode apiToken}}`"]);
    nothing(&right().with(URL, json!("https://wall:{{queryEncode apiToken}}@lantern.example/lamps")));
}

#[test]
fn one_slip_of_a_key_is_told_once() {
    let folder = right()
        .with("/formVariables/1/key", json!("Host"))
        .with("/formVariables/1/type", json!("string"))
        .with(URL, json!("https://{{host}}/lamps"))
        .with(HEADER, json!("Bearer {{apiToken}} {{host}}"));
    only(&folder, "unknown-variable", "error", URL, &["did you mean `Host`?", "2 templates ask for it"]);
    let folder = right().with("/formVariables/1/key", json!("apiToken")).with("/formVariables/1/type", json!("string"));
    let told = tells(&folder, "duplicate-form-key", "/formVariables/1/key");
    assert!(told.help.contains("templates ask for `host`"), "{told:?}");
    assert!(folder.findings().iter().all(|told| told.rule != "unknown-variable"), "{:#?}", folder.findings());
}

#[test]
fn a_tag_that_nothing_provides_prints_nothing_once() {
    let folder = with_flag("{ \"at\": {{timestmp.milliseconds}} }");
    only(&folder, "unknown-variable", "error", FLAG, &["did you mean `timestamp.milliseconds`?"]);
}

#[test]
fn an_empty_object_lacks_everything_at_once() {
    let folder = right().with("/capabilities/flagLink", json!({}));
    only(&folder, "schema", "error", "/capabilities/flagLink", &["is empty and lacks `uiBlocks`, `header` and"]);
}

#[test]
fn a_delivery_tries_at_least_once() {
    let folder = right().with(&format!("{HOOK}/delivery"), json!({ "attempts": 0 }));
    only(&folder, "schema", "error", &format!("{HOOK}/delivery/attempts"), &["write at least `1`"]);
}

#[test]
fn a_pointer_is_no_template_and_a_choice_is_listed() {
    let trigger = json!({ "documentation": "https://lantern.example", "parser": { "url": "{{alert.link}}" } });
    let folder = right().with("/capabilities/trigger", trigger);
    only(&folder, "invalid-pointer", "error", "/capabilities/trigger/parser/url", &["write `/alert/link`"]);
    let rule: Value = json!([{ "variableKey": "colour", "variableLocation": "formVariables", "action": "showField",
        "conditions": [{ "operator": "equalTo", "value": "magenta" }] }]);
    let folder = right().with("/formVariables/3/dependsOn", rule);
    let pointer = "/formVariables/3/dependsOn/0/conditions/0/value";
    only(&folder, "unknown-dependency", "warning", pointer, &["its values are `red` and `green`"]);
}
