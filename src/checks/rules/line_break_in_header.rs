//! `line-break-in-header`

use super::prelude::*;
use crate::catalog::TemplateRole;

/// A header cannot hold a line break: every event whose text has one would be refused.
pub(super) struct LineBreakInHeader;

/// Helpers whose result never holds a line break.
const ENCODING: [&str; 5] = ["queryEncode", "pathEncode", "basicAuthHeaderValue", "edgeGridAuth", "formatWithOffset"];

impl Rule for LineBreakInHeader {
    fn id(&self) -> &'static str {
        "line-break-in-header"
    }

    fn summary(&self) -> &'static str {
        "a header's value can hold a line break"
    }

    fn check(&self, scene: Scene<'_>, out: &mut Vec<Finding>) {
        use crate::checks::names::How;
        for reading in scene.readings.iter().filter(|reading| reading.template.role == TemplateRole::HeaderValue) {
            if let Some(at) = reading.template.text.find(['\r', '\n']) {
                let message = "the header's value holds a line break".to_owned();
                out.push(self.finding(scene.within(reading, at..at + 1), message).helped("remove it"));
            }
            for found in &reading.uses {
                let printed = match &found.how {
                    How::Printed => true,
                    How::Argument(helper) => !ENCODING.contains(&helper.as_str()) && !helper.starts_with("equal"),
                    How::Asked | How::Entered => false,
                };
                let names: Vec<&str> = found.from_root.iter().flatten().map(String::as_str).collect();
                let several_lines = matches!(names.as_slice(), ["context", "comment"] | ["context", "details", _]);
                if printed && several_lines {
                    let text = &found.path.text;
                    let message = format!("`{text}` may hold line breaks, which no header can");
                    let help = format!("put it in the body, or write `{{{{queryEncode {text}}}}}`");
                    out.push(self.finding(scene.within(reading, found.path.span.clone()), message).helped(help));
                }
            }
        }
    }
}
