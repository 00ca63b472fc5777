//! What keeps a request from being made, with its place.

use std::fmt;
use std::ops::Range;

use crate::catalog::{Integration, TemplateText};
use crate::finding::Place;
use crate::render::Template;

/// JSON pointer of the hook in a manifest.
pub(super) const HOOK: &str = "/capabilities/auditLogEventsHook";

/// Something that keeps a request from being made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PlanError {
    /// What kind of mistake it is.
    pub kind: PlanErrorKind,
    /// What is wrong. Secrets of the form are never part of it.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
    /// Where it is, when it is in a manifest or a template.
    pub spot: Option<Box<Spot>>,
}

/// The kinds of mistakes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanErrorKind {
    /// The value of a form variable is missing or wrong. Carries the variables' keys.
    Form(Vec<String>),
    /// The policy cannot be used.
    Policy,
    /// The delivery rules cannot be used.
    Profile,
    /// A template has a mistake of syntax, or its file is not there.
    Template,
    /// A template failed on this event.
    Render,
    /// The address is none.
    Address,
    /// A header cannot be sent.
    Header,
    /// The method is none.
    Method,
}

/// A place in a file, as people and as programs count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The file and the bytes.
    pub place: Place,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Spot {
    /// Counts the line and the column of `place` in the text of its file.
    pub(super) fn new(place: Place, text: &str) -> Self {
        let before = text.get(..place.span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        let column = before[line_start..].chars().count() + 1;
        Spot { place, line, column }
    }
}

impl PlanError {
    pub(super) fn new(kind: PlanErrorKind, message: impl Into<String>) -> Self {
        PlanError { kind, message: message.into(), help: None, spot: None }
    }

    pub(super) fn help(self, help: impl Into<Option<String>>) -> Self {
        PlanError { help: help.into(), ..self }
    }

    pub(super) fn at(self, spot: Spot) -> Self {
        PlanError { spot: Some(Box::new(spot)), ..self }
    }
}

/// The part of a request that a template makes, as messages name the template.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part<'n> {
    /// The body, by the template's key.
    Body(&'n str),
    /// The address.
    Address,
    /// The header of this name.
    Header(&'n str),
}

impl fmt::Display for Part<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Body(key) => write!(formatter, "the `{key}` template"),
            Part::Address => formatter.write_str("the template of the address"),
            Part::Header(name) => write!(formatter, "the template of header `{name}`"),
        }
    }
}

/// The compiled template, or why there is none.
pub(super) fn compiled<'t>(
    integration: &Integration,
    text: &'t TemplateText,
    what: Part<'_>,
) -> Result<&'t Template, PlanError> {
    text.compiled.as_ref().map_err(|error| {
        PlanError::new(PlanErrorKind::Template, format!("{what} cannot be used: {error}"))
            .help(error.help.clone())
            .at(spot(integration, text, error.span.clone()))
    })
}

/// Where a part of a template stands.
pub(super) fn spot(integration: &Integration, text: &TemplateText, within: Range<usize>) -> Spot {
    let source = &integration.source;
    let file_text = if text.file.is_some() { &text.text } else { &source.text };
    Spot::new(text.place(source, within), file_text)
}

/// Where the value at a pointer of the manifest stands.
pub(super) fn manifest_spot(integration: &Integration, pointer: &str) -> Spot {
    Spot::new(integration.source.value_place(pointer), &integration.source.text)
}
