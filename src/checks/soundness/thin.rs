//! Events with less in them than the samples have: no comment, no details, no custom properties, no tags.

use super::edit::{map_lists, set};
use crate::value::Value;

/// The fields that an event may lack.
pub(super) const OPTIONAL: [&[&str]; 2] = [&["comment"], &["customProperties"]];

/// The texts that may be empty in every event.
pub(super) const MAY_BE_EMPTY: [&[&str]; 3] =
    [&["details", "plainText"], &["details", "markdown"], &["details", "html"]];

/// The lists of every event.
pub(super) const LISTS: [&[&str]; 3] = [&["tags"], &["project", "tags"], &["project", "environment", "tags"]];

/// What becomes of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    Empty,
    Null,
    One,
    Two,
}

impl Lists {
    pub(super) fn value<'a>(self) -> Value<'a> {
        match self {
            Lists::Empty => Value::Array(Vec::new()),
            Lists::Null => Value::Null,
            Lists::One => Value::Array(vec![Value::text("first")]),
            Lists::Two => Value::Array(vec![Value::text("first"), Value::text("second")]),
        }
    }
}

/// Every list of the event, those of custom properties too, made so long.
pub(super) fn with_lists<'a>(event: &Value<'a>, lists: Lists) -> Value<'a> {
    let mut event = map_lists(event, lists);
    for path in LISTS {
        event = set(&event, path, Some(lists.value()));
    }
    event
}

/// Nothing that may be missing, and nothing in what may be empty.
pub(super) fn thin<'a>(event: &Value<'a>) -> Value<'a> {
    let mut event = with_lists(event, Lists::Null);
    for path in OPTIONAL {
        event = set(&event, path, None);
    }
    for path in MAY_BE_EMPTY {
        event = set(&event, path, Some(Value::text("")));
    }
    event
}

/// Everything that an event may have, lists with two members, custom properties by these names.
pub(super) fn full<'a>(event: &Value<'a>, properties: &Value<'a>) -> Value<'a> {
    let mut event = with_lists(event, Lists::Two);
    let said = event.get("comment").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    if !said {
        event = set(&event, &["comment"], Some(Value::text("a word about it")));
    }
    for path in MAY_BE_EMPTY {
        if event.at(path).and_then(Value::as_str).is_none_or(str::is_empty) {
            event = set(&event, path, Some(Value::text("what has changed")));
        }
    }
    set(&event, &["customProperties"], Some(properties.clone()))
}
