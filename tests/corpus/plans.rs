//! Plans of real integrations, beside what handlebars.js rendered for their parts.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use flagpost::catalog::{Integration, load};
use flagpost::dispatch::{Plan, Settings, SkipReason, Subscription, read_form};
use flagpost::event::Event;
use flagpost::outbound::OutboundRequest;
use serde_json::Value as Json;

/// The form of a row, by the types of the manifest.
fn pairs(form: &Json) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (key, value) in form.as_object().expect("an object") {
        match value {
            Json::String(text) => pairs.push((key.clone(), text.clone())),
            Json::Object(inner) => pairs.extend(
                inner.iter().map(|(name, value)| (format!("{key}.{name}"), value.as_str().expect("a text").to_owned())),
            ),
            other => pairs.push((key.clone(), other.to_string())),
        }
    }
    pairs
}

fn plan(integration: &Arc<Integration>, row: &Json, event: &[u8], compat: bool) -> Plan {
    let form = read_form(&integration.manifest, &pairs(&row["formVariables"])).expect("the form fits");
    let everything = [serde_json::json!({})];
    // Some rows have addresses without a scheme, which are none: what was rendered is looked at all the same.
    let settings = Settings { policy: Some(&everything), compat, placeholders: true, ..Settings::default() };
    let subscription = Subscription::new(integration, &form, settings).expect("the integration can be used");
    let event = Event::parse(event).expect("the sample is JSON");
    subscription.plan(&event).expect("it plans")
}

/// The part of a request that a row is about; `None` when the plan has another template for the event's kind.
fn part(request: &OutboundRequest, row: &Json, kind: &str, integration: &Integration) -> Option<String> {
    let name = row["part"].as_str().expect("a part");
    if name == "endpoint.url" {
        return Some(request.url.clone());
    }
    if let Some(header) = name.strip_prefix("endpoint.headers.") {
        return Some(request.header(header).expect("the header is there").to_owned());
    }
    let templates = &integration.manifest.hook()?.templates;
    let own = templates.named().any(|(key, _)| key == kind);
    let chosen = if own { kind } else { "default" };
    (name.strip_prefix("templates.") == Some(chosen)).then(|| request.body.clone())
}

#[test]
fn plans_are_made_of_what_handlebars_js_rendered() {
    let Some(path) = crate::corpus_path("goldens.jsonl") else { return };
    let corpus = path.parent().expect("a folder").join("corpus");
    let goldens = std::fs::read_to_string(&path).expect("the goldens can be read");
    let mut integrations: HashMap<String, Arc<Integration>> = HashMap::new();
    let (mut compared, mut wrong) = (0, Vec::new());
    for line in goldens.lines() {
        let row: Json = serde_json::from_str(line).expect("each line is JSON");
        let text = |key: &str| row[key].as_str().expect("a text");
        // The approvals' bodies are no part of a plan; strict renderings are for checks.
        let strict = row["strict"] == true && !text("part").starts_with("endpoint");
        if text("part").starts_with("approval") || strict {
            continue;
        }
        let key = text("integration");
        let integration = integrations.entry(key.to_owned()).or_insert_with(|| {
            Arc::new(load(&corpus.join("integrations").join(key)).integration.expect("the integration loads"))
        });
        let bytes = std::fs::read(corpus.join(Path::new(text("sample")))).expect("the sample can be read");
        let kind = Event::parse(&bytes).expect("it is JSON").kind().to_owned();
        let compat = text("escape") == "html";
        let made = match plan(integration, &row, &bytes, compat) {
            Plan::Send(request) => part(&request, &row, &kind, integration),
            Plan::Skip(SkipReason::EmptyBody { .. }) if text("part").starts_with("templates.") => Some(String::new()),
            Plan::Skip(_) => None,
        };
        let Some(made) = made else { continue };
        // User info has become a header.
        let expected = text("output").replacen("://username-value:apiKey-value@", "://", 1);
        let expected = if expected.trim().is_empty() { String::new() } else { expected };
        compared += 1;
        if made != expected {
            wrong.push(format!("{key} {} {}: {made:?} is not {expected:?}", text("part"), text("sample")));
        }
    }
    assert!(compared > 1_500, "{compared} rows were compared");
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n"));
}
