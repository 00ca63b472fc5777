//! The syntax tree: what was written, with its places. It may still make no sense.

use std::ops::Range;

/// A list of statements: a whole template, or one side of a block.
#[derive(Debug, Default)]
pub(in crate::render) struct Program {
    pub(in crate::render) body: Vec<Statement>,
    /// Names between the bars of `as |…|`.
    pub(in crate::render) block_params: Option<Vec<String>>,
    /// Whether this is the inside of an `{{else if}}`: one block and nothing else.
    pub(in crate::render) chained: bool,
}

#[derive(Debug)]
pub(in crate::render) enum Statement {
    Content(Content),
    Comment(Strip),
    Mustache(Mustache),
    Block(Box<Block>),
    Partial(Partial),
}

/// Text between tags. White space is taken off `value`; questions are answered from `original`.
#[derive(Debug)]
pub(in crate::render) struct Content {
    pub(in crate::render) original: Range<usize>,
    pub(in crate::render) value: Range<usize>,
    pub(in crate::render) right_stripped: bool,
    pub(in crate::render) left_stripped: bool,
}

/// The `~` at either end of a tag.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::render) struct Strip {
    pub(in crate::render) open: bool,
    pub(in crate::render) close: bool,
}

#[derive(Debug)]
pub(in crate::render) struct Mustache {
    pub(in crate::render) invocation: Invocation,
    pub(in crate::render) escaped: bool,
    /// Whether this is a decorator, `{{* name}}`.
    pub(in crate::render) decorator: bool,
    pub(in crate::render) strip: Strip,
}

#[derive(Debug)]
pub(in crate::render) struct Partial {
    pub(in crate::render) strip: Strip,
    pub(in crate::render) span: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::render) enum BlockKind {
    /// `{{#name}}`, `{{^name}}`, `{{{{name}}}}`.
    Helper,
    /// `{{#*name}}`.
    Decorator,
    /// `{{#> name}}`.
    Partial,
}

#[derive(Debug)]
pub(in crate::render) struct Block {
    pub(in crate::render) kind: BlockKind,
    pub(in crate::render) invocation: Invocation,
    pub(in crate::render) program: Option<Program>,
    pub(in crate::render) inverse: Option<Program>,
    pub(in crate::render) open_strip: Strip,
    pub(in crate::render) inverse_strip: Strip,
    pub(in crate::render) close_strip: Strip,
}

/// A name or literal with what is given to it.
#[derive(Debug)]
pub(in crate::render) struct Invocation {
    pub(in crate::render) callee: Operand,
    pub(in crate::render) params: Vec<Operand>,
    pub(in crate::render) hash: Vec<HashPair>,
    /// Bytes of the whole tag or subexpression.
    pub(in crate::render) span: Range<usize>,
}

#[derive(Debug)]
pub(in crate::render) struct HashPair {
    pub(in crate::render) key: String,
    pub(in crate::render) value: Operand,
}

#[derive(Debug)]
pub(in crate::render) enum Operand {
    Path(Path),
    Literal(Literal, Range<usize>),
    Subexpression(Box<Invocation>),
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::render) enum Literal {
    String(String),
    /// The digits as written.
    Number(String),
    Bool(bool),
    Undefined,
    Null,
}

#[derive(Debug)]
pub(in crate::render) struct Path {
    /// Whether it began with `@`.
    pub(in crate::render) data: bool,
    /// How many `..` it begins with.
    pub(in crate::render) depth: usize,
    /// Its names, without `..`, `.` and `this`.
    pub(in crate::render) parts: Vec<String>,
    /// The path put together again, brackets gone.
    pub(in crate::render) original: String,
    pub(in crate::render) span: Range<usize>,
}

impl Operand {
    pub(in crate::render) fn span(&self) -> Range<usize> {
        match self {
            Operand::Path(path) => path.span.clone(),
            Operand::Literal(_, span) => span.clone(),
            Operand::Subexpression(invocation) => invocation.span.clone(),
        }
    }
}
