//! `trailing-comma`

use super::prelude::*;
use super::when;
use crate::checks::soundness::Kind;

/// A loop that prints a comma behind every item leaves one too many, and the receiver refuses the body.
pub(super) struct TrailingComma;

impl Rule for TrailingComma {
    fn id(&self) -> &'static str {
        "trailing-comma"
    }

    fn summary(&self) -> &'static str {
        "a JSON template leaves a comma with nothing behind or before it"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        for broken in &scene.rehearsal.breaks {
            let message = match broken.kind {
                Kind::TrailingComma => "a comma is left before the closing bracket",
                Kind::StrayComma => "a comma is left with nothing before it",
                _ => continue,
            };
            let reading = &scene.readings[broken.reading];
            let looped = super::is_in_loop(reading, broken.span.start);
            let help = match broken.kind {
                _ if looped => "print it between items only: `{{#unless @last}},{{/unless}}`",
                _ if broken.fields.is_empty() => "remove it",
                Kind::TrailingComma => "put it into the block that prints what follows, in front of it",
                _ => "put it into the block that prints what stands before it",
            };
            let place = scene.within(reading, broken.span.clone());
            out.push(self.finding(place, format!("{message}{}", when(broken))).helped(help));
        }
    }
}
