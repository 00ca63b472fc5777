//! What handlebars.js gave for small templates.

use flagpost::render::{Context, Escape, Options, Template};
use flagpost::value::Value;
use serde_json::Value as Json;

/// Where this engine differs on purpose: integers past 2^53 stay whole, numbers side by side are not added
/// up, partials are refused.
fn differs_on_purpose(name: &str, template: &str, data: &str) -> bool {
    let long_integer = data.split(|character: char| !character.is_ascii_digit()).any(|digits| digits.len() > 15);
    let partial = template.contains("{{>") || template.contains("{{#>") || template.contains("{{#*");
    (name.starts_with("num/") && long_integer) || template.contains("}}}{{{") || partial
}

#[test]
fn small_templates_print_what_handlebars_js_prints() {
    let Some(path) = crate::corpus_path("handlebars-cases.jsonl") else { return };
    let cases = std::fs::read_to_string(path).expect("the cases can be read");
    let (mut compared, mut wrong) = (0, Vec::new());
    for line in cases.lines() {
        let case: Json = serde_json::from_str(line).expect("each line is JSON");
        let text = |key: &str| case[key].as_str().expect("a text").to_owned();
        let (name, template, data) = (text("name"), text("template"), text("data_json"));
        if differs_on_purpose(&name, &template, &data) {
            continue;
        }
        compared += 1;
        let value = Value::parse(data.as_bytes()).expect("data is JSON");
        let options = Options {
            escape: if case["opts"]["noEscape"] == true { Escape::None } else { Escape::Html },
            strict: case["opts"]["strict"] == true,
            ..Options::default()
        };
        let rendered = Template::compile(&template)
            .map_err(|error| error.to_string())
            .and_then(|template| template.render(Context::new(&value), options).map_err(|error| error.to_string()));
        let expected = case["js_4_7_8"]["out"].as_str();
        if rendered.as_deref().ok() != expected {
            wrong.push(format!("{name}: {template:?} with {data}: {rendered:?}, not {expected:?}"));
        }
    }
    assert!(compared > 330, "only {compared} cases were compared");
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
}
