//! `printed-object`

use std::collections::HashSet;

use super::prelude::*;
use crate::checks::names::{How, Lookup, Shape, Use};
use crate::checks::near::listed;

/// JavaScript writes `[object Object]` for a value with members: the receiver learns nothing.
pub(super) struct PrintedObject;

/// What is most likely meant by a value that has members, the best first.
const LIKELY: [&str; 9] = ["plainText", "name", "displayName", "simple", "rfc3339", "href", "key", "email", "baseURI"];

impl Rule for PrintedObject {
    fn id(&self) -> &'static str {
        "printed-object"
    }

    fn summary(&self) -> &'static str {
        "a template prints a value that has members as `[object Object]`"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for reading in scene.readings {
            let mut told: HashSet<&str> = HashSet::new();
            for found in &reading.uses {
                let text = found.path.text.as_str();
                let Some(shape) = printed(found).filter(|_| told.insert(text)) else { continue };
                let (what, help) = match shape {
                    Shape::List(_) => ("a list of objects", "walk over it with `each`".to_owned()),
                    Shape::Map(_) => ("an object", format!("walk over it with `each`, or name a member: `{text}.…`")),
                    _ => ("an object", members(text, shape)),
                };
                let message = format!("`{text}` is {what}, and prints `[object Object]`");
                out.push(self.finding(scene.within(reading, found.path.span.clone()), message).helped(help));
            }
        }
    }
}

/// The value that is printed, when it has members.
fn printed(found: &Use) -> Option<&Shape> {
    let is_text = found.how == How::Printed || found.how.makes_text();
    let has_members = |shape: &Shape| matches!(shape, Shape::Object(_) | Shape::Map(_));
    match &found.found {
        Lookup::Known(shape @ Shape::List(items)) if is_text && has_members(items) => Some(shape),
        Lookup::Known(shape) if is_text && has_members(shape) => Some(shape),
        _ => None,
    }
}

/// Which of its members to print.
fn members(text: &str, shape: &Shape) -> String {
    let mut plain = Vec::new();
    // What `this` has is named without it.
    let prefix = if matches!(text, "this" | ".") { String::new() } else { format!("{text}.") };
    plain_members(shape, &prefix, &mut plain);
    plain.sort_by_key(|name: &String| {
        let last = name.rsplit('.').next().unwrap_or_default();
        LIKELY.iter().position(|likely| *likely == last).unwrap_or(LIKELY.len())
    });
    plain.truncate(4);
    match plain.split_first() {
        None => "print one of its members".to_owned(),
        Some((first, [])) => format!("did you mean `{first}`?"),
        Some((first, others)) => {
            format!("did you mean `{first}`? there is {} too", listed(others.iter().map(String::as_str)))
        }
    }
}

/// The members that are no objects; where there are none, those of its first member.
fn plain_members(shape: &Shape, prefix: &str, found: &mut Vec<String>) {
    let is_plain = |shape: &Shape| matches!(shape, Shape::FreeText | Shape::Text | Shape::Number | Shape::Bool);
    found.extend(shape.members().filter(|(_, shape)| is_plain(shape)).map(|(name, _)| format!("{prefix}{name}")));
    if found.is_empty()
        && let Some((name, inner)) = shape.members().find(|(_, shape)| matches!(shape, Shape::Object(_)))
    {
        plain_members(inner, &format!("{prefix}{name}."), found);
    }
}
