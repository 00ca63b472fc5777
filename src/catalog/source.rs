//! A manifest's text with the place of every value in it.

use std::ops::Range;
use std::path::PathBuf;

use super::json::{Content, Document, JSON_SYNTAX, Node};
use super::schema;
use crate::finding::{Finding, Place};
use crate::value::pointer_token;

/// The text of a `manifest.json`, and where each key and value stands.
#[derive(Debug, Default)]
pub struct ManifestSource {
    /// The file, as the user would name it.
    pub file: PathBuf,
    /// The whole text.
    pub text: String,
    /// The text as JSON: where it has mistakes, as it was surely meant.
    pub json: serde_json::Value,
    root: Node,
}

impl ManifestSource {
    /// Reads the text of a manifest. `None` when too much is wrong with it to say what was meant.
    pub(super) fn read(file: PathBuf, text: String, findings: &mut Vec<Finding>) -> Option<Self> {
        let (mut source, judged) = Self::read_json(file, text, findings)?;
        let renamed = schema::mend_names(&mut source.root);
        source.json = match judged {
            Some(json) if !renamed => json,
            _ => source.root.to_value(),
        };
        source.report_renamed(&source.root, &mut String::new(), findings);
        Some(source)
    }

    /// Reads JSON that is no manifest, such as a policy.
    pub(super) fn read_any(file: PathBuf, text: String, findings: &mut Vec<Finding>) -> Option<Self> {
        let (mut source, judged) = Self::read_json(file, text, findings)?;
        source.json = judged.unwrap_or_else(|| source.root.to_value());
        Some(source)
    }

    /// The text with the places of its values, and as JSON where the judge finds nothing wrong.
    fn read_json(
        file: PathBuf,
        text: String,
        findings: &mut Vec<Finding>,
    ) -> Option<(Self, Option<serde_json::Value>)> {
        let Document { root, mistakes, mut rough } = super::json::read(&text);
        let judged = serde_json::from_str(&text);
        for mistake in &mistakes {
            let pointer = Some(root.pointer_at(mistake.span.start));
            let place = Place { file: file.clone(), span: mistake.span.clone(), pointer };
            findings.push(Finding::error(mistake.rule, place, &mistake.message).help(&mistake.help));
        }
        if let (Err(error), true) = (&judged, mistakes.is_empty()) {
            // The judge knows better; it points at the byte after the one it means.
            let span = judged_span(&text, error.line(), error.column());
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or(&message);
            let place = Place { file: file.clone(), span, pointer: None };
            findings.push(Finding::error(JSON_SYNTAX, place, message));
            rough = true;
        }
        if rough {
            return None;
        }
        Some((ManifestSource { file, text, json: serde_json::Value::Null, root }, judged.ok()))
    }

    /// Where the value at `pointer` stands. A pointer to nothing gives the nearest value around it.
    pub fn value_place(&self, pointer: &str) -> Place {
        let found = self.root.find(pointer);
        self.place(found.node.span.clone(), found.pointer)
    }

    /// Where the key of the member at `pointer` stands; for members of lists, the value.
    pub fn key_place(&self, pointer: &str) -> Place {
        let found = self.root.find(pointer);
        let span = found.key_span.filter(|_| found.whole).unwrap_or(&found.node.span).clone();
        self.place(span, found.pointer)
    }

    /// Where the value at `pointer` begins: its key, or its opening bracket when it has none. For what is missing
    /// inside of it.
    pub fn opening_place(&self, pointer: &str) -> Place {
        let found = self.root.find(pointer);
        let opening = found.node.span.start..found.node.span.end.min(found.node.span.start + 1);
        self.place(found.key_span.cloned().unwrap_or(opening), found.pointer)
    }

    /// Where a part of the string at `pointer` stands: `within` counts bytes of the decoded string.
    pub fn string_part_place(&self, pointer: &str, within: Range<usize>) -> Place {
        let found = self.root.find(pointer);
        let span = match &found.node.content {
            Content::String(_) if found.whole => found.node.part_of_string(&self.text, within),
            _ => found.node.span.clone(),
        };
        self.place(span, found.pointer)
    }

    /// Whether the value at `pointer`, or one around it, could only be guessed, so that nothing can be said of it.
    pub fn is_guessed(&self, pointer: &str) -> bool {
        self.root.find(pointer).broken
    }

    fn place(&self, span: Range<usize>, pointer: String) -> Place {
        Place { file: self.file.clone(), span, pointer: Some(pointer) }
    }

    /// Reports every key that was taken for another.
    fn report_renamed(&self, node: &Node, pointer: &mut String, findings: &mut Vec<Finding>) {
        let length = pointer.len();
        match &node.content {
            Content::Object(members) => {
                for member in members {
                    pointer.push('/');
                    pointer.push_str(&pointer_token(&member.written));
                    if let Some(meant) = &member.meant {
                        let place = self.place(member.key_span.clone(), pointer.clone());
                        let message = format!("unknown property `{}`", member.written);
                        findings.push(
                            Finding::error(schema::SCHEMA, place, message).help(format!("did you mean `{meant}`?")),
                        );
                    }
                    self.report_renamed(&member.value, pointer, findings);
                    pointer.truncate(length);
                }
            }
            Content::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    pointer.push('/');
                    pointer.push_str(&index.to_string());
                    self.report_renamed(item, pointer, findings);
                    pointer.truncate(length);
                }
            }
            _ => {}
        }
    }
}

/// Where `serde_json` means when it names a line and a column.
fn judged_span(text: &str, line: usize, column: usize) -> Range<usize> {
    let line_start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = (line_start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let length = text[at..].chars().next().map_or(0, char::len_utf8);
    at..at + length
}
