//! Split: the audit webhook for administration. Secrets can stand in it, so they are hidden before anything
//! leaves this adapter, in the kept bytes as well: `raw` is the only one of all sources that is not exact.

use std::borrow::Cow;

use super::access::{ResourceText, access};
use super::batch::{EntryResult, digest};
use super::context::{self, Actor, Place, Story, maybe_told, text, told, words};
use super::members::Members;
use super::moment::Moment;
use super::redact::{is_secret_name, redact};
use super::told::Told;
use crate::value::Value;

/// Whether a body is an admin audit event: its `type` says so, and that of flag events says otherwise.
pub(super) fn is_admin(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    Members::of(bytes)
        .is_some_and(|members| members.only("type").is_some_and(|kind| &bytes[kind.value.clone()] == b"\"audit_log\""))
}

/// Reads one admin audit event.
pub(super) fn read(bytes: &[u8], project: &str, received_at: i64) -> EntryResult {
    let entry = context::parse(bytes)?;
    let Some(log_type) = maybe_told(&entry, &["auditLogType"]).map(Cow::into_owned) else {
        return Err("this is no admin audit event: it has no `auditLogType`".to_owned());
    };
    let (object, action) = log_type.split_once('.').unwrap_or((&log_type, "updated"));
    let (object, action) = (object.trim().to_lowercase(), action.trim().to_owned());
    if object.is_empty() {
        return Err(format!("this is no admin audit event: `{log_type}` names no object"));
    }
    // An event about a key has the key itself under names that are harmless elsewhere.
    let entry = redact(entry, is_secret_name(&words(&object)));
    let raw = serde_json::to_vec(&entry).map_err(|_| "this cannot be written as JSON".to_owned())?;
    let digest = digest(&raw);
    let id = maybe_told(&entry, &["id"]).map_or_else(|| hex::encode(digest), Cow::into_owned);
    let moment = entry.get("createdAt").and_then(Moment::from_value).unwrap_or_else(|| Moment::received(received_at));
    let object_id = object_id(&entry, &id);
    let name = maybe_told(&entry, &["currentObject", "name"])
        .or_else(|| maybe_told(&entry, &["changes", "name", "to"]))
        .or_else(|| maybe_told(&entry, &["changes", "name", "from"]))
        .unwrap_or_else(|| Cow::Owned(object_id.clone()));
    let actor = actor(&entry);
    let resource = ResourceText::default().level("proj", project).level(&object, &object_id).finish();
    let title_verb = format!("{action} the {}", words(&object));
    let title = Told::default().text(&actor.shown()).text(&format!(" {title_verb} ")).text(&name);
    let story = Story {
        kind: Cow::Owned(object.clone()),
        action: Cow::Owned(action.clone()),
        key: Some(Cow::Owned(object_id.clone())),
        project: Place::keyed(project.to_owned()),
        environment: match &*object {
            "environment" => Place { key: Cow::Owned(object_id.clone()), name: name.clone(), tags: None },
            _ => Place::default(),
        },
        title_verb: Cow::Owned(title_verb),
        title,
        details: details(&entry),
        target_id: Cow::Owned(object_id),
        accesses: vec![access(action, resource)],
        extras: vec![
            ("auditLogType", Value::String(Cow::Owned(log_type.clone()))),
            ("editor", entry.get("editor").cloned().unwrap_or_default()),
            ("changes", entry.get("changes").cloned().unwrap_or_default()),
            ("currentObject", entry.get("currentObject").cloned().unwrap_or_default()),
            ("changed", changed(&entry)),
        ],
        actor,
        name,
        id,
        ..Story::default()
    };
    Ok(story.event(moment, entry, raw, digest))
}

/// The object's id; after a deletion only what the changes still tell, and at last the change's own id.
fn object_id(entry: &Value<'_>, change_id: &str) -> String {
    let paths: [&[&str]; 5] = [
        &["currentObject", "id"],
        &["changes", "id", "from"],
        &["changes", "id", "to"],
        &["changes", "name", "from"],
        &["changes", "name", "to"],
    ];
    paths.iter().find_map(|path| maybe_told(entry, path)).map_or_else(|| change_id.to_owned(), Cow::into_owned)
}

fn actor<'a>(entry: &Value<'a>) -> Actor<'a> {
    match entry.get("editor") {
        Some(Value::String(name)) => Actor { kind: Cow::Borrowed("user"), ..Actor::named(name.clone()) },
        Some(editor) => Actor {
            id: told(editor, &["id"]),
            email: told(editor, &["email"]),
            kind: told(editor, &["type"]),
            ..Actor::named(told(editor, &["name"]))
        },
        None => Actor::default(),
    }
}

fn changed<'a>(entry: &Value<'a>) -> Value<'a> {
    let changes = entry.get("changes").and_then(Value::as_object);
    let names = changes.into_iter().flat_map(|changes| changes.iter().map(|(name, _)| name.to_owned()));
    Value::Array(names.map(text).collect())
}

/// A line for each property that changed: `name: 'old' → 'new'`.
fn details(entry: &Value<'_>) -> Told {
    let changes = entry.get("changes").and_then(Value::as_object);
    let mut lines = Told::default();
    for (name, change) in changes.into_iter().flat_map(|changes| changes.iter()) {
        let (from, to) = (change.get("from").unwrap_or(&Value::Null), change.get("to").unwrap_or(&Value::Null));
        if from == to {
            continue;
        }
        let line = Told::default().text(name).text(": ").code(&shown(from)).text(" → ").code(&shown(to));
        if !lines.plain.is_empty() {
            lines.plain.push('\n');
            lines.markdown.push_str("\n\n");
            lines.html.push('\n');
        }
        lines.plain.push_str(&line.plain);
        lines.markdown.push_str(&format!("* {}", line.markdown));
        lines.html.push_str(&format!("<ul><li>{}</li></ul>", line.html));
    }
    lines
}

fn shown(value: &Value<'_>) -> String {
    match value {
        Value::String(text) => text.to_string(),
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_admin, read};

    fn context(json: &str) -> serde_json::Value {
        let event = read(json.as_bytes(), "web", 7).expect("the row is an event");
        serde_json::from_slice(&event.context).expect("a context is JSON")
    }

    #[test]
    fn a_deleted_object_is_known_by_what_it_was() {
        let event = context(
            r#"{"id":"c1","auditLogType":"Group.deleted","currentObject":null,"changes":{"name":{"from":"old","to":null}}}"#,
        );
        assert_eq!(
            (&event["kind"], &event["verbKind"], &event["name"]),
            (&"group".into(), &"deleted".into(), &"old".into())
        );
        assert_eq!(event["accesses"][0]["resource"], "proj/web:group/old");
        let event = context(
            r#"{"id":"c1","auditLogType":"group.deleted","currentObject":null,"changes":{"id":{"from":"g7","to":null}}}"#,
        );
        assert_eq!(event["accesses"][0]["resource"], "proj/web:group/g7");
        let event = context(r#"{"id":"c1","auditLogType":"something","currentObject":null}"#);
        assert_eq!(
            (&event["verbKind"], &event["accesses"][0]["resource"]),
            (&"updated".into(), &"proj/web:something/c1".into())
        );
    }

    #[test]
    fn no_secret_is_left_in_anything_that_leaves() {
        let json = r#"{"id":"c1","type":"audit_log","auditLogType":"api_key.created","currentObject":{"id":"k","value":"hunter2","nested":{"hash":"hunter2"}},
            "changes":{"key":{"from":null,"to":"hunter2"},"clientSecret":{"from":"hunter2","to":"hunter22"},"name":{"from":null,"to":"prod"}}}"#;
        let event = read(json.as_bytes(), "", 0).expect("an event");
        let everything =
            format!("{event:?}{}{}", String::from_utf8_lossy(&event.raw), String::from_utf8_lossy(&event.context));
        assert!(!everything.contains("hunter2"), "{everything}");
        let context = context(json);
        assert_eq!(context["details"]["plainText"], "key: 'null' → '[secret]'\nname: 'null' → 'prod'");
    }

    #[test]
    fn the_type_tells_admin_events_from_flag_events() {
        assert!(is_admin(br#"{"type":"audit_log"}"#));
        for other in [r#"{"type":"split"}"#, "{}", "[]", "", r#"{"a":{"type":"audit_log"}}"#] {
            assert!(!is_admin(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn what_is_no_event_is_told() {
        for json in ["", "{}", "[]", r#"{"type":"audit_log"}"#, r#"{"auditLogType":null}"#] {
            assert!(read(json.as_bytes(), "", 0).is_err(), "{json}");
        }
    }
}
