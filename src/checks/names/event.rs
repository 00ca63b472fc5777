//! The fields of a change event, as templates see them.

use std::sync::{Arc, LazyLock};

use super::shape::Shape;

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
