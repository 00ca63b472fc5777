//! One mistake is one finding, whatever else follows from it; and its help says what to write.

use serde_json::{Value, json};

use super::support::{Folder, only, right, tells};

const HOOK: &str = "/capabilities/auditLogEventsHook";
const FLAG: &str = "/capabilities/auditLogEventsHook/templates/flag";
const URL: &str = "/capabilities/auditLogEventsHook/endpoint/url";
const HEADERS: &str = "/capabilities/auditLogEventsHook/endpoint/headers";

fn with_flag(text: &str) -> Folder {
    right().with_file("templates/flag.json.hbs", text)
}

#[test]
fn an_address_that_lacks_a_name_is_told_by_the_name() {
    for (url, rule, help) in [
        ("https://{{hosst}}/x", "unknown-variable", "did you mean `host`?"),
        ("https://{host}/x", "unbalanced-braces", "write `{{host}}`"),
        ("https://${host}/x", "unbalanced-braces", "write `{{host}}`, without `$`"),
        ("https://%{host}/x", "unbalanced-braces", "write `{{host}}`, without `%`"),
        ("{{host}}/{{pathEncode}}", "helper-arguments", "give it `text`"),
        ("https://example.com:99999/x", "invalid-url", "a port is a number up to 65535"),
        ("https://my host/x", "invalid-url", "take the white space out of the host"),
    ] {
        only(&right().with(URL, json!(url)), rule, "error", URL, &[help]);
    }
}

#[test]
fn a_call_that_fails_is_told_once() {
    for (template, help) in [
        ("{ \"a\": \"{{#equal kind}}x{{/equal}}\" }", "give it `one` and `other`"),
        ("{ \"a\": \"{{formatWithOffset timestamp.milliseconds}}\" }", "give it `milliseconds`"),
        ("{ \"a\": \"{{each tags}}\" }", "write `{{#each …}}…{{/each}}`"),
        ("{ \"a\": \"{{#with}}x{{/with}}\" }", "give it `value`"),
    ] {
        only(&with_flag(template), "helper-arguments", "error", FLAG, &[help]);
    }
}

#[test]
fn a_tag_outside_of_quotes_is_told_once() {
    let words = [
        "nothing where a value has to be when `comment` is absent",
        "`{{#if comment}}\"{{comment}}\"{{else}}null{{/if}}`",
    ];
    only(&with_flag("{ \"a\": {{comment}} }"), "broken-json", "error", FLAG, &words);
    for template in [
        "{ \"a\": 1, // one, or \"two\": { }\n \"b\": 2 }",
        "{ \"a\": 1, # one\n \"b\": 2 }",
        "{ \"a\": 1, /* one, {two} */ \"b\": 2 }",
    ] {
        only(&with_flag(template), "broken-json", "error", FLAG, &["JSON has no comments", "`{{! … }}`"]);
    }
}

#[test]
fn a_slip_of_structure_is_told_once() {
    let template = "{ \"a\": \"{{#if comment}}b\"{{esle}}c\"{{/if}} }";
    only(&with_flag(template), "unknown-variable", "error", FLAG, &["did you mean `{{else}}`?"]);
    let template = "{ \"a\": {{#if comment}}\"b\",{{/if}} {{#each tags}}\"{{this}}\",{{/each}} \"c\", \"d\"] }";
    only(&with_flag(template), "broken-json", "error", FLAG, &["a value is missing", "open the list"]);
}

#[test]
fn a_policy_without_effect_is_told_by_its_statement() {
    let statement = json!([{ "effect": "allow", "resources": ["proj/*:env/*:flag/*"], "actions": [] }]);
    let pointer = format!("{HOOK}/defaultPolicy/0/actions");
    only(&right().with(&format!("{HOOK}/defaultPolicy"), statement), "idle-statement", "error", &pointer, &["fill it"]);
}

#[test]
fn what_the_schema_refuses_is_told_there_only() {
    for (pointer, value, help) in [
        ("/formVariables", json!({ "host": { "type": "uri" } }), "write a list: `[{ \"key\": \"host\", … }]`"),
        ("/formVariables", json!("host"), "put it in a list"),
        ("/formVariables", json!(null), "leave the key out"),
        ("/formVariables/1/type", json!(["uri"]), "write one of `string`"),
        ("/formVariables/2/type", json!("enmu"), "did you mean `enum`?"),
        ("/formVariables/2/type", json!(null), "write one of `string`"),
        ("/formVariables/2/isOptional", json!("yes"), "write `true`"),
        ("/formVariables/2/isOptional", json!("false"), "write `false` without quotes"),
        ("/formVariables/2/isOptional", json!(1), "write `true`"),
        ("/formVariables/2/defaultValue", json!(["red"]), "take the value out of the list"),
        ("/capabilities", json!(null), "leave the key out"),
        ("/name", json!(null), "give it a value, for example"),
        (HEADERS, json!({ "X-A": "b", "X-C": "d" }), "write a list: `[{ \"name\": \"X-A\", \"value\": \"b\" }, …]`"),
        (&format!("{HOOK}/templates"), json!("flag.json"), ""),
        (&format!("{HOOK}/templates/default"), json!(5), ""),
        (&format!("{HOOK}/useStandardWebhookPayload"), json!("no"), "write `false`"),
        (&format!("{HOOK}/defaultPolicy/0/resources"), json!("proj/*"), "put it in a list"),
    ] {
        only(&right().with(pointer, value), "schema", "error", pointer, &[help]);
    }
}

#[test]
fn a_name_that_was_shortened_is_known() {
    for (written, meant) in [("default", "defaultValue"), ("defualt", "defaultValue"), ("optional", "isOptional")] {
        let mut folder = right();
        let variable = folder.manifest["formVariables"][2].as_object_mut().expect("an object");
        let value: Value = variable.remove(meant).expect("it is there");
        variable.insert(written.to_owned(), value);
        let pointer = format!("/formVariables/2/{written}");
        only(&folder, "schema", "error", &pointer, &[&format!("did you mean `{meant}`?")]);
    }
}

#[test]
fn a_key_that_every_template_misses_is_told_once() {
    let folder = right()
        .with("/formVariables/2/key", json!("coluor"))
        .with_file("templates/default.json.hbs", "{ \"text\": \"{{formVariables.colour}}\" }");
    let words = ["did you mean `formVariables.coluor`?", "2 templates ask for it"];
    let findings = folder.findings();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert!(words.iter().all(|word| findings[0].help.contains(word)), "{findings:#?}");
}

#[test]
fn a_flag_link_without_metadata_is_told_once() {
    let link = json!({
        "header": "Issues",
        "emptyState": { "title": "None", "leadText": "Paste an address." },
        "uiBlocks": { "title": { "elements": [{ "text": "{{metadata.title}}" }, { "text": "{{metadata.state}}" }] } }
    });
    let folder = right().with("/capabilities/flagLink", link);
    let findings = folder.findings();
    assert_eq!(findings.iter().filter(|told| told.rule == "unknown-variable").count(), 0, "{findings:#?}");
    assert_eq!(findings.iter().filter(|told| told.rule == "flag-link-metadata").count(), 1, "{findings:#?}");
}

#[test]
fn names_outside_of_the_template_are_led_back() {
    for (template, help) in [
        ("{ \"a\": [{{#each tags}}\"{{../../kind}}\"{{#unless @last}},{{/unless}}{{/each}}] }", "write `../kind`"),
        ("{ \"a\": \"{{../kind}}\" }", "write `kind`"),
        ("{ \"a\": \"{{#if comment}}{{../kind}}{{/if}}\" }", "write `kind`"),
    ] {
        only(&with_flag(template), "unknown-variable", "error", FLAG, &[help]);
    }
}

#[test]
fn helpers_of_other_engines_are_answered_with_ours() {
    for (template, help) in [
        ("{ \"a\": \"{{#eq kind 'flag'}}x{{/eq}}\" }", "`{{#equal a b}}…{{else}}…{{/equal}}`"),
        ("{ \"a\": \"{{#if comment}}a{{elseif tags}}b{{/if}}\" }", "write `{{else if …}}`"),
        ("{ \"a\": \"{{#if (and kind key)}}x{{/if}}\" }", "`{{#if a}}{{#if b}}…{{/if}}{{/if}}`"),
    ] {
        only(&with_flag(template), "unknown-helper", "error", FLAG, &[help]);
    }
}

#[test]
fn an_item_of_a_list_is_guarded_as_it_is_written() {
    let told = only(&with_flag("{ \"a\": \"{{tags.[0]}}\" }"), "unguarded-variable", "warning", FLAG, &[]);
    assert!(told.help.contains("`{{#if tags.[0]}}…{{/if}}`"), "{told:?}");
    let template = told.help.split('`').nth(1).expect("a template").replace('…', "x");
    let findings = with_flag(&format!("{{ \"a\": \"{template}\" }}")).findings();
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn a_doubt_hides_nothing_that_it_does_not_explain() {
    let flag = "{ \"a\": \"{{formVariables.apiToken}}\", \"b\": \"{{queryEncode comment}}\" }";
    tells(&with_flag(flag).without("/formVariables/0/type"), "unguarded-variable", FLAG);
    // The address is not judged, and so is no cause.
    let host = right().with("/formVariables/1/isOptional", json!(true)).with(URL, json!("{{host}}/{{apiToken}}"));
    tells(&host.without("/formVariables/0/type"), "optional-without-default", "/formVariables/1/isOptional");
}
