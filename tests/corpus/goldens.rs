//! What handlebars.js rendered for real templates.

use std::collections::HashMap;
use std::path::Path;

use flagpost::render::{Context, Escape, Options, Template, json_escaped};
use flagpost::value::Value;
use serde_json::Value as Json;

/// How a part of a manifest is rendered: what its values are escaped for, and under which names it finds form
/// values and event.
struct Part {
    escape: Escape,
    /// Whether it is JSON, so that the reference escapes the event's strings first.
    json: bool,
    /// Whether the event stands under `context` and form variables at the root.
    address: bool,
}

fn part(name: &str, file: Option<&str>) -> Part {
    match file {
        Some(file) => {
            let escape = Escape::for_file_name(file);
            Part { escape, json: escape == Escape::Json, address: false }
        }
        None if name.ends_with("jsonBody") => Part { escape: Escape::Json, json: true, address: false },
        None => Part { escape: Escape::None, json: false, address: true },
    }
}

#[test]
fn real_templates_render_as_handlebars_js_rendered_them() {
    let Some(path) = crate::corpus_path("goldens.jsonl") else { return };
    let corpus = path.parent().expect("a folder").join("corpus");
    let goldens = std::fs::read_to_string(&path).expect("the goldens can be read");
    let mut files: HashMap<String, String> = HashMap::new();
    let (mut compared, mut wrong) = (0, Vec::new());
    for (number, line) in goldens.lines().enumerate() {
        let row: Json = serde_json::from_str(line).expect("each line is JSON");
        let text = |key: &str| row[key].as_str();
        let integration = text("integration").expect("an integration");
        let mut read = |file: &Path| {
            let key = file.display().to_string();
            files.entry(key).or_insert_with(|| std::fs::read_to_string(file).expect("the file can be read")).clone()
        };
        let source = match (text("source"), text("file")) {
            (Some(source), _) => source.to_owned(),
            (None, Some(file)) => read(&corpus.join("integrations").join(integration).join(file)),
            (None, None) => panic!("row {number} has no template"),
        };
        let event = read(&corpus.join(text("sample").expect("a sample")));
        let event = Value::parse(event.as_bytes()).expect("the sample is JSON");
        let form = Value::from(row["formVariables"].clone());
        let part = part(text("part").expect("a part"), text("file"));
        let compat = text("escape") == Some("html");
        let event = if compat && part.json { json_escaped(&event) } else { event };
        let mut overlay = vec![("formVariables", &form)];
        let empty = Value::Object([].into_iter().collect());
        let mut root = &event;
        if part.address {
            overlay = form.as_object().expect("an object").iter().collect();
            overlay.push(("context", &event));
            root = &empty;
        }
        let options = Options {
            escape: if compat { Escape::Html } else { part.escape },
            strict: row["strict"] == true,
            ..Options::default()
        };
        let rendered = Template::compile(&source).map_err(|error| error.to_string()).and_then(|template| {
            template.render(Context { root, overlay: &overlay }, options).map_err(|error| error.to_string())
        });
        compared += 1;
        let equal = if row["fails"] == true { rendered.is_err() } else { rendered.as_deref().ok() == text("output") };
        if !equal {
            wrong.push(format!(
                "row {}: {integration} {} {}: {rendered:?}, not {:?}",
                number + 1,
                row["part"],
                row["sample"],
                row["output"]
            ));
        }
    }
    assert!(compared > 3000, "only {compared} rows were compared");
    let shown: Vec<&String> = wrong.iter().take(5).collect();
    assert!(wrong.is_empty(), "{} of {compared} rows differ, among them:\n{shown:#?}", wrong.len());
}
