//! `unencoded-url-value`

use std::collections::HashSet;

use super::prelude::*;
use crate::catalog::TemplateRole;
use crate::checks::names::{How, Lookup, Position, Shape, Use, position_at, positions};
use crate::checks::near::listed;

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
            let mut user_info: Vec<&Use> = Vec::new();
            for found in reading.uses.iter().filter(|found| found.how == How::Printed) {
                if !matches!(found.found, Lookup::Known(Shape::FreeText)) {
                    continue;
                }
                let landed = position_at(&positions, found.path.span.start);
                // What administrators type for a path may hold slashes on purpose; an event's text may not.
                let of_event = found.from_root.iter().flatten().next().is_some_and(|first| first == "context");
                let (place, helper) = match landed {
                    Some(Position::Query) => ("query", "queryEncode"),
                    Some(Position::UserInfo) => {
                        user_info.push(found);
                        continue;
                    }
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
            // User name and password are told together: they are one credential.
            if let Some(first) = user_info.first() {
                let names: Vec<&str> = user_info.iter().map(|found| found.path.text.as_str()).collect();
                let (be, stand) = if names.len() == 1 { ("is", "stands") } else { ("are", "stand") };
                let names_listed = listed(names.iter().copied());
                let message =
                    format!("{names_listed} {be} free text, and {stand} unencoded in the user info of an address");
                // `pathEncode` leaves `/`, `@` and `:` as they are.
                let tags: Vec<String> = names.iter().map(|name| format!("{{{{queryEncode {name}}}}}")).collect();
                let help = format!("write `{}`", tags.join(":"));
                out.push(self.finding(scene.within(reading, first.path.span.clone()), message).helped(help));
            }
        }
    }
}
