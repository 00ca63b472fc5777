//! Handlebars as handlebars.js 4.7 means it, escaped for where the text lands.
//!
//! Templates are compiled once and rendered often. This room knows nothing of HTTP, manifests or files.

pub mod outline;

use std::ops::Range;

use crate::value::Value;

/// A compiled template; cheap to share, free of borrowed text.
#[derive(Debug)]
pub struct Template {
    source_length: usize,
}

/// What a template's values are escaped for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// The inside of a JSON string.
    Json,
    /// HTML text, as handlebars.js escapes; `{{{x}}}` is left alone.
    Html,
    /// Nothing is escaped.
    None,
}

/// How a template is rendered.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What values are escaped for.
    pub escape: Escape,
    /// Whether a missing name is an error, as in the strict mode of handlebars.js.
    pub strict: bool,
}

/// What a template reads: a root value, and names laid over it as if they were members of the root.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The root.
    pub root: &'a Value<'a>,
    /// Names that stand beside the root's own members, and before them.
    pub overlay: &'a [(&'a str, &'a Value<'a>)],
}

/// A mistake in a template's syntax.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
    /// Bytes of the template that are meant.
    pub span: Range<usize>,
}

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
    /// No helper has this name.
    UnknownHelper(String),
    /// A helper refused its arguments.
    Helper,
    /// Too large, too deep or too slow.
    Limit,
    /// A construct that this engine refuses: partials.
    Unsupported,
}

/// Every helper that templates may call.
pub const HELPERS: &[&str] = &[
    "if",
    "unless",
    "each",
    "with",
    "lookup",
    "log",
    "equal",
    "equalWithElse",
    "pathEncode",
    "queryEncode",
    "basicAuthHeaderValue",
    "formatWithOffset",
    "edgeGridAuth",
];

impl Template {
    /// Compiles a template.
    ///
    /// # Errors
    /// The first mistake of syntax, with its place.
    pub fn compile(source: &str) -> Result<Template, SyntaxError> {
        Ok(Template { source_length: source.len() })
    }

    /// Renders the template.
    ///
    /// # Errors
    /// See [`RenderErrorKind`].
    pub fn render(&self, _context: Context<'_>, _options: Options) -> Result<String, RenderError> {
        Ok(" ".repeat(self.source_length))
    }
}
