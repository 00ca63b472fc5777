//! The manifest's JSON Schema: the files of `schemas/`, bundled into one document, and what it knows of names.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::json::{Content, Node};
use crate::finding::near_miss;

/// The rule of everything that the schema says.
pub const SCHEMA: &str = "schema";

/// Objects with more members than this are not searched for slips.
const MAX_NAMES: usize = 200;

/// The identity of the bundled schema.
const ID: &str = "urn:flagpost:schema:manifest";

/// The schema's files by path, the root first.
const FILES: &[(&str, &str)] = &[
    ("manifest.schema.json", include_str!("../../schemas/manifest.schema.json")),
    ("webAddress.json", include_str!("../../schemas/webAddress.json")),
    ("endpoint.json", include_str!("../../schemas/endpoint.json")),
    ("jsonBody.json", include_str!("../../schemas/jsonBody.json")),
    ("includeErrorResponseBody.json", include_str!("../../schemas/includeErrorResponseBody.json")),
    ("formVariable.json", include_str!("../../schemas/formVariable.json")),
    ("delivery.json", include_str!("../../schemas/delivery.json")),
    ("capabilities.json", include_str!("../../schemas/capabilities.json")),
    ("capabilities/auditLogEventsHook.json", include_str!("../../schemas/capabilities/auditLogEventsHook.json")),
    ("capabilities/approval.json", include_str!("../../schemas/capabilities/approval.json")),
    ("capabilities/trigger.json", include_str!("../../schemas/capabilities/trigger.json")),
    ("capabilities/featureStore.json", include_str!("../../schemas/capabilities/featureStore.json")),
    ("capabilities/syncedSegment.json", include_str!("../../schemas/capabilities/syncedSegment.json")),
    ("capabilities/flagLink.json", include_str!("../../schemas/capabilities/flagLink.json")),
    ("capabilities/eventsHook.json", include_str!("../../schemas/capabilities/eventsHook.json")),
    ("capabilities/buttonAction.json", include_str!("../../schemas/capabilities/buttonAction.json")),
    ("capabilities/flagImport.json", include_str!("../../schemas/capabilities/flagImport.json")),
    ("capabilities/flagCleanup.json", include_str!("../../schemas/capabilities/flagCleanup.json")),
    ("capabilities/bigSegmentStore.json", include_str!("../../schemas/capabilities/bigSegmentStore.json")),
    (
        "capabilities/reservedCustomProperties.json",
        include_str!("../../schemas/capabilities/reservedCustomProperties.json"),
    ),
    ("capabilities/hideConfiguration.json", include_str!("../../schemas/capabilities/hideConfiguration.json")),
    (
        "capabilities/externalConfigurationURL.json",
        include_str!("../../schemas/capabilities/externalConfigurationURL.json"),
    ),
    (
        "capabilities/externalConfigurationPages.json",
        include_str!("../../schemas/capabilities/externalConfigurationPages.json"),
    ),
    (
        "capabilities/internalConfigurationURL.json",
        include_str!("../../schemas/capabilities/internalConfigurationURL.json"),
    ),
];

static BUNDLED: LazyLock<Value> = LazyLock::new(bundle);

/// The whole schema in one document.
pub fn bundled() -> &'static Value {
    &BUNDLED
}

/// The schema without what only this engine knows: `$schema` at the top, and `delivery` of the audit log hook.
pub fn portable() -> Value {
    let mut schema = bundled().clone();
    let forget = |object: &mut Value, name: &str| {
        if let Some(names) = object.pointer_mut("/propertyNames/enum").and_then(Value::as_array_mut) {
            names.retain(|allowed| allowed != name);
        }
        if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
            properties.shift_remove(name);
        }
    };
    forget(&mut schema, "$schema");
    if let Some(hook) = schema.pointer_mut("/definitions/auditLogEventsHook") {
        forget(hook, "delivery");
    }
    if let Some(definitions) = schema.get_mut("definitions").and_then(Value::as_object_mut) {
        definitions.shift_remove("delivery");
    }
    schema
}

/// The part of the schema that judges the value at `pointer`. Siblings of a `$ref` are found before its target.
pub fn part_for(pointer: &str) -> Option<&'static Value> {
    pointer.split('/').skip(1).try_fold(bundled(), |schema, token| {
        let token = token.replace("~1", "/").replace("~0", "~");
        inner(resolved(schema), &token)
    })
}

/// Follows `$ref` to the schema that it names.
pub fn resolved(schema: &'static Value) -> &'static Value {
    let mut schema = schema;
    // No chain of references is longer than there are files.
    for _ in FILES {
        match schema.get("$ref").and_then(Value::as_str).and_then(|target| bundled().pointer(&target[1..])) {
            Some(target) => schema = target,
            None => break,
        }
    }
    schema
}

/// The schema of a member of an object, or of a list.
fn inner(schema: &'static Value, name: &str) -> Option<&'static Value> {
    schema
        .get("properties")
        .and_then(|properties| properties.get(name))
        .or_else(|| schema.get("additionalProperties"))
        .or_else(|| name.bytes().all(|byte| byte.is_ascii_digit()).then(|| schema.get("items"))?)
}

/// Joins the files into one document, each a definition by its name.
fn bundle() -> Value {
    let mut definitions = Map::new();
    let mut root = Map::new();
    for (path, text) in FILES {
        let mut schema: Value = serde_json::from_str(text).unwrap_or_default();
        let is_root = definitions.is_empty() && root.is_empty();
        join_references(&mut schema, path);
        let Value::Object(mut schema) = schema else { continue };
        schema.shift_remove("$schema");
        if is_root {
            root = schema;
        } else {
            definitions.insert(name_of(path).to_owned(), Value::Object(schema));
        }
    }
    let mut bundled = Map::new();
    bundled.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
    bundled.insert("$id".to_owned(), json!(ID));
    bundled.append(&mut root);
    bundled.insert("definitions".to_owned(), Value::Object(definitions));
    Value::Object(bundled)
}

fn name_of(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.strip_suffix(".json").unwrap_or(file)
}

/// Turns references to files, and to definitions within the file at `path`, into references within the bundle.
fn join_references(schema: &mut Value, path: &str) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(target)) = members.get_mut("$ref") {
                *target = match target.strip_prefix("#/") {
                    Some(inside) => format!("#/definitions/{}/{inside}", name_of(path)),
                    None => format!("#/definitions/{}", name_of(target)),
                };
            }
            members.values_mut().for_each(|member| join_references(member, path));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| join_references(item, path)),
        _ => {}
    }
}

/// Takes misspelt keys for what they were meant to be, so that one slip is one finding and what stands under the
/// key is judged too. Says whether there were any.
pub(super) fn mend_names(root: &mut Node) -> bool {
    mend(root, bundled())
}

fn mend(node: &mut Node, schema: &'static Value) -> bool {
    let schema = resolved(schema);
    let mut any = false;
    match &mut node.content {
        Content::Object(members) => {
            // Thousands of names are no slips.
            let known = if members.len() <= MAX_NAMES { known_names(schema) } else { Vec::new() };
            let mut taken: Vec<&str> =
                known.iter().copied().filter(|name| members.iter().any(|member| member.written == *name)).collect();
            for member in members.iter_mut() {
                if !known.is_empty() && !known.contains(&member.written.as_str()) {
                    let meant = near_miss(&member.written, known.iter().copied())
                        .or_else(|| shortened_name(&member.written, &known));
                    if let Some(meant) = meant.filter(|meant| !taken.contains(meant)) {
                        taken.push(meant);
                        member.meant = Some(meant.to_owned());
                        any = true;
                    }
                }
                if let Some(schema) = inner(schema, member.meant.as_deref().unwrap_or(&member.written)) {
                    any |= mend(&mut member.value, schema);
                }
            }
        }
        Content::Array(items) => {
            if let Some(schema) = schema.get("items") {
                for item in items {
                    any |= mend(item, schema);
                }
            }
        }
        _ => {}
    }
    any
}

/// The one name whose first or last word was written alone: `default` for `defaultValue`.
fn shortened_name<'k>(written: &str, known: &[&'k str]) -> Option<&'k str> {
    let capital = |letter: char| letter.is_ascii_uppercase();
    let mut meant = known.iter().copied().filter(|name| {
        let first = name.find(capital).map(|end| &name[..end]);
        let last = name.rfind(capital).map(|start| name[start..].to_ascii_lowercase());
        [first, last.as_deref()]
            .into_iter()
            .flatten()
            .any(|word| word == written || word.len() > 4 && near_miss(written, [word]).is_some())
    });
    meant.next().filter(|_| meant.next().is_none())
}

/// The names that may be meant in an object: all that are allowed where it is closed, else those that it needs.
fn known_names(schema: &'static Value) -> Vec<&'static str> {
    let names = schema.pointer("/propertyNames/enum").or_else(|| schema.get("required"));
    names.and_then(Value::as_array).map(|names| names.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}
