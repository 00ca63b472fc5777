//! Why a render failed.

use std::ops::Range;

/// Why a render failed, and where in the template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RenderError {
    /// What kind of failure it is.
    pub kind: RenderErrorKind,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
    /// Bytes of the template that are meant.
    pub span: Range<usize>,
}

/// The kinds of failures of a render.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenderErrorKind {
    /// Strict: nothing provides this name (as written in the template: `member.emial`).
    Missing(String),
    /// Exact: a helper was given this name where it makes a text, and it is absent (`true`) or null.
    NoText(String, bool),
    /// No helper has this name.
    UnknownHelper(String),
    /// A helper refused its arguments.
    Helper,
    /// Too large, too deep or too slow.
    Limit,
    /// A construct that this engine refuses: partials.
    Unsupported,
}

impl RenderError {
    pub(super) fn new(kind: RenderErrorKind, span: Range<usize>, message: impl Into<String>) -> Box<Self> {
        Box::new(RenderError { kind, message: message.into(), help: None, span })
    }

    pub(super) fn help(mut self: Box<Self>, help: impl Into<String>) -> Box<Self> {
        self.help = Some(help.into());
        self
    }
}
