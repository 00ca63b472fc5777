//! A template ready to run: flat, small, free of borrowed text.
//!
//! Everything is an index into a few boxed slices; names and texts are spans of one string, which is the
//! template's own source with the few decoded literals behind it.

use std::ops::Range;
use std::sync::atomic::AtomicU32;

use crate::value::Number;

/// Bytes of the template's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

/// A run of elements of one of the slices.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Run {
    pub(super) start: u32,
    pub(super) count: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProgramId(pub(super) u32);

#[derive(Debug, Clone, Copy)]
pub(super) struct BlockId(pub(super) u32);

#[derive(Debug, Clone, Copy)]
pub(super) struct CallId(pub(super) u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PathId(pub(super) u32);

#[derive(Debug)]
pub(super) struct Compiled {
    /// The source, then decoded literals.
    pub(super) text: Box<str>,
    pub(super) source_length: u32,
    pub(super) programs: Box<[Program]>,
    pub(super) nodes: Box<[Node]>,
    pub(super) blocks: Box<[Block]>,
    pub(super) calls: Box<[Call]>,
    pub(super) operands: Box<[Operand]>,
    pub(super) hash: Box<[HashEntry]>,
    pub(super) paths: Box<[Path]>,
    pub(super) parts: Box<[Part]>,
    pub(super) main: ProgramId,
    /// Whether anything looks up with `../`; else parent contexts are not tracked.
    pub(super) uses_depths: bool,
}

#[derive(Debug)]
pub(super) struct Program {
    pub(super) nodes: Run,
    /// How many programs lie around it.
    pub(super) level: u16,
    /// How many names stand in `as |…|`.
    pub(super) params: u16,
    /// The inside of an `{{else if}}`: one block and nothing else.
    pub(super) chained: bool,
}

#[derive(Debug)]
pub(super) enum Node {
    Text(Span),
    Value {
        path: PathId,
        escaped: bool,
    },
    Call {
        call: CallId,
        escaped: bool,
    },
    Block(BlockId),
    /// A partial or a decorator.
    Refused(Span),
}

#[derive(Debug)]
pub(super) struct Block {
    pub(super) subject: Subject,
    pub(super) program: Option<ProgramId>,
    pub(super) inverse: Option<ProgramId>,
    /// The opening tag.
    pub(super) span: Span,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Subject {
    /// `{{#name}}`, where no helper has that name.
    Section(PathId),
    Call(CallId),
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) helper: Helper,
    pub(super) arguments: Run,
    pub(super) hash: Run,
    /// The name as written.
    pub(super) name: Span,
    /// The whole tag or subexpression.
    pub(super) span: Span,
}

#[derive(Debug)]
pub(super) struct HashEntry {
    pub(super) key: Span,
    pub(super) value: Operand,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Operand {
    Undefined,
    Null,
    Bool(bool),
    Number(Number),
    Text(Span),
    Path(PathId),
    Call(CallId),
}

/// What a call runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Helper {
    If,
    Unless,
    Each,
    With,
    Lookup,
    Log,
    Equal,
    PathEncode,
    QueryEncode,
    BasicAuthHeaderValue,
    FormatWithOffset,
    EdgeGridAuth,
    /// `helperMissing` and `blockHelperMissing`, which handlebars.js keeps for itself.
    Hook,
    /// No helper has the name; the path is what JavaScript would try to call.
    Unknown(PathId),
}

#[derive(Debug)]
pub(super) struct Path {
    pub(super) start: Start,
    pub(super) parts: Run,
    /// The path as written.
    pub(super) span: Span,
}

/// One name of a path.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) name: Span,
    /// Where in its object the name was found the last time.
    pub(super) guess: AtomicU32,
}

/// Where a path starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// The context, or the one so many blocks up.
    Context(u16),
    /// The frame of `@` names, or the one so many frames up.
    Data(u16),
    /// A block parameter of the program at this level.
    Param { level: u16, index: u16 },
}

impl Compiled {
    pub(super) fn source(&self) -> &str {
        &self.text[..self.source_length as usize]
    }

    pub(super) fn text(&self, span: Span) -> &str {
        &self.text[span.start as usize..span.end as usize]
    }

    pub(super) fn parts(&self, path: &Path) -> &[Part] {
        slice(&self.parts, path.parts)
    }

    pub(super) fn path(&self, id: PathId) -> &Path {
        &self.paths[id.0 as usize]
    }

    pub(super) fn call(&self, id: CallId) -> &Call {
        &self.calls[id.0 as usize]
    }

    pub(super) fn block(&self, id: BlockId) -> &Block {
        &self.blocks[id.0 as usize]
    }

    pub(super) fn program(&self, id: ProgramId) -> &Program {
        &self.programs[id.0 as usize]
    }

    pub(super) fn nodes(&self, program: &Program) -> &[Node] {
        slice(&self.nodes, program.nodes)
    }

    pub(super) fn arguments(&self, call: &Call) -> &[Operand] {
        slice(&self.operands, call.arguments)
    }

    pub(super) fn hash(&self, call: &Call) -> &[HashEntry] {
        slice(&self.hash, call.hash)
    }
}

impl Span {
    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

fn slice<T>(all: &[T], run: Run) -> &[T] {
    &all[run.start as usize..run.start as usize + run.count as usize]
}
