//! `secret-in-url`

use std::collections::HashSet;

use super::prelude::*;
use crate::catalog::TemplateRole;
use crate::checks::names::{Position, position_at, positions};

/// Addresses are written to logs all along the way; headers and bodies are not.
pub(super) struct SecretInUrl;

impl Rule for SecretInUrl {
    fn id(&self) -> &'static str {
        "secret-in-url"
    }

    fn summary(&self) -> &'static str {
        "a secret stands in an address"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for reading in scene.readings.iter().filter(|reading| reading.template.role == TemplateRole::Url) {
            let positions = positions(&reading.template.text, &reading.parts);
            let mut told: HashSet<&str> = HashSet::new();
            for found in reading.uses.iter().filter(|found| scene.is_secret(reading, found)) {
                let landed = position_at(&positions, found.path.span.start);
                let place = match landed {
                    Some(Position::Path) => "path",
                    Some(Position::Query) => "query",
                    Some(Position::Fragment) => "fragment",
                    // A whole address may be secret, and user info becomes a header.
                    _ => continue,
                };
                // The same name is told once for an address, at its first place.
                if !told.insert(&found.path.text) {
                    continue;
                }
                let message = format!("the secret `{}` stands in the address, in its {place}", found.path.text);
                let help = "send it in a header when the receiver takes it there: logs keep addresses";
                out.push(self.finding(scene.within(reading, found.path.span.clone()), message).helped(help));
            }
        }
    }
}
