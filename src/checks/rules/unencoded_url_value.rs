//! `unencoded-url-value`

use std::collections::HashSet;

use super::prelude::*;
use crate::catalog::TemplateRole;
use crate::checks::names::{How, Lookup, Position, Shape, position_at, positions};

/// A `&` or a space in a name ends the value there, or makes the address invalid.
pub(super) struct UnencodedUrlValue;

impl Rule for UnencodedUrlValue {
    fn id(&self) -> &'static str {
        "unencoded-url-value"
    }

    fn summary(&self) -> &'static str {
        "free text stands in an address without being encoded"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for reading in scene.readings.iter().filter(|reading| reading.template.role == TemplateRole::Url) {
            let positions = positions(&reading.template.text, &reading.parts);
            let mut told: HashSet<&str> = HashSet::new();
            for found in reading.uses.iter().filter(|found| found.how == How::Printed) {
                if !matches!(found.found, Lookup::Known(Shape::FreeText)) {
                    continue;
                }
                let landed = position_at(&positions, found.path.span.start);
                // What administrators type for a path may hold slashes on purpose; an event's text may not.
                let of_event = found.from_root.iter().flatten().next().is_some_and(|first| first == "context");
                let (place, helper) = match landed {
                    Some(Position::Query) => ("query", "queryEncode"),
                    // `pathEncode` leaves `/`, `@` and `:` as they are.
                    Some(Position::UserInfo) => ("user info", "queryEncode"),
                    Some(Position::Path) if of_event => ("path", "pathEncode"),
                    _ => continue,
                };
                let text = &found.path.text;
                // The same name is told once for an address, at its first place.
                if !told.insert(text) {
                    continue;
                }
                let message = format!("`{text}` is free text, and stands unencoded in the {place} of an address");
                let help = format!("write `{{{{{helper} {text}}}}}`");
                out.push(self.finding(scene.within(reading, found.path.span.clone()), message).helped(help));
            }
        }
    }
}
