//! Mistakes of syntax, in our own words: what is wrong, where, and how to mend it.

use std::ops::Range;

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

impl SyntaxError {
    pub(in crate::render) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        SyntaxError { message: message.into(), help: None, span }
    }

    pub(in crate::render) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

pub(super) fn nul(at: usize) -> SyntaxError {
    SyntaxError::new(at..at + 1, "a template cannot hold a NUL character").help("remove it")
}

pub(super) fn unclosed_comment(at: usize, close: &str) -> SyntaxError {
    SyntaxError::new(at..at + 3, "this comment is never closed").help(format!("close it with `{close}`"))
}

pub(super) fn unclosed_string(at: usize, rest: &str) -> SyntaxError {
    let end = rest.find(['\n', '}']).unwrap_or(rest.len()).max(1);
    let quote = &rest[..1];
    SyntaxError::new(at..at + end, "this text is never closed").help(format!("close it with `{quote}`"))
}

pub(super) fn unclosed_segment(at: usize) -> SyntaxError {
    SyntaxError::new(at..at + 1, "this `[` is never closed").help("close it with `]`")
}

pub(super) fn unclosed_raw_block(source: &str, at: usize) -> SyntaxError {
    // The opening tag is the last one before the raw text.
    let open = source[..at].rfind("{{{{").unwrap_or(at);
    SyntaxError::new(open..at.max(open + 1).min(source.len()).max(open), "this raw block is never closed")
        .help("close it with `{{{{/`, its name and `}}}}`")
}

/// The line of a place, from 1.
pub(super) fn line_of(source: &str, at: usize) -> usize {
    source.as_bytes()[..at.min(source.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}
