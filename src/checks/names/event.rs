//! The fields of a change event, as templates see them.

use std::sync::{Arc, LazyLock};

use super::shape::Shape;

/// Fields that events have when they came in from somewhere, each with who sends it. What a platform calls a template's
/// context lacks them, so a template that is to run anywhere asks for them first.
const OF_SOURCES: [(&str, &str); 15] = [
    ("raw", "events that came in through a source"),
    ("accesses", "events that came in through a source"),
    ("definition", "events from Split"),
    ("changeNumber", "events from Split"),
    ("previous", "events from Split"),
    ("editor", "events from Split"),
    ("changed", "events from Split"),
    ("auditLogType", "events of Split's administration"),
    ("changes", "events of Split's administration"),
    ("currentObject", "events of Split's administration"),
    ("audit", "events from Kong Konnect"),
    ("actor", "events from Atlassian"),
    ("objects", "events from Atlassian"),
    ("container", "events from Atlassian"),
    ("location", "events from Atlassian"),
];

/// Which events alone have the field, if some have.
pub(crate) fn source_of_field(name: &str) -> Option<&'static str> {
    OF_SOURCES.iter().find(|(known, _)| *known == name).map(|(_, source)| *source)
}

/// The fields that every platform's events are brought to.
pub(crate) fn event_shape() -> Shape {
    EVENT.clone()
}

static EVENT: LazyLock<Shape> = LazyLock::new(|| {
    use Shape::{Any, FreeText, Number, Text};
    let link = || Shape::object([("href", Text), ("type", Text)]);
    let links = |names: &[&'static str]| Shape::object(names.iter().map(|name| (*name, link())));
    let said = || Shape::object([("plainText", FreeText), ("markdown", FreeText), ("html", FreeText)]);
    let tags = || Shape::list(Text);
    let property = Shape::object([("name", FreeText), ("values", Shape::list(FreeText))]);
    let environment = Shape::object([("name", FreeText), ("key", Text), ("tags", tags())]);
    let project = Shape::object([("name", FreeText), ("key", Text), ("tags", tags()), ("environment", environment)]);
    let member = Shape::object([
        ("_links", links(&["parent", "self"])),
        ("_id", Text),
        ("email", Text),
        ("emailLocalPart", Text),
        ("firstName", FreeText),
        ("lastName", FreeText),
        ("displayName", FreeText),
    ]);
    let target = Shape::object([("_links", links(&["canonical", "site"])), ("name", FreeText), ("_id", Text)]);
    let timestamp = Shape::object([("milliseconds", Number), ("seconds", Number), ("rfc3339", Text), ("simple", Text)]);
    Shape::object([
        ("_links", links(&["canonical", "parent", "self", "site", "details"])),
        ("baseURL", Text),
        ("_id", Text),
        ("_accountId", Text),
        ("timestamp", timestamp),
        ("kind", Text),
        ("name", FreeText),
        ("details", said()),
        ("comment", FreeText),
        ("project", project),
        ("key", Text),
        ("tags", tags()),
        ("customProperties", Shape::Map(Arc::new(property))),
        ("member", member),
        ("titleVerb", Text),
        ("verbKind", Text),
        ("title", said()),
        ("target", target),
        // Who acted, when it was no member: documented for the audit log, not for templates.
        ("token", Any),
        ("app", Any),
        ("subject", Any),
    ])
});
