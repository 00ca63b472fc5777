//! A syntax tree made ready to run: what is a helper, what a name means, which program lies where.

use std::sync::atomic::AtomicU32;

use super::compiled::{
    Block, BlockId, Call, CallId, Compiled, HashEntry, Helper, Node, Operand, Part, Path, PathId, Program, ProgramId,
    Run, Span, Start, Subject,
};
use super::helpers;
use super::number_text::push_number;
use super::syntax;
use crate::value::Number;

/// Lowers the tree of `source`.
pub(super) fn lower(source: &str, program: &syntax::Program) -> Compiled {
    let mut lowering = Lowering { text: source.to_owned(), ..Lowering::default() };
    let main = lowering.program(program);
    Compiled {
        text: lowering.text.into_boxed_str(),
        source_length: position(source.len()),
        programs: lowering.programs.into_boxed_slice(),
        nodes: lowering.nodes.into_boxed_slice(),
        blocks: lowering.blocks.into_boxed_slice(),
        calls: lowering.calls.into_boxed_slice(),
        operands: lowering.operands.into_boxed_slice(),
        hash: lowering.hash.into_boxed_slice(),
        paths: lowering.paths.into_boxed_slice(),
        parts: lowering.parts.into_boxed_slice(),
        main,
        uses_depths: lowering.uses_depths,
    }
}

#[derive(Debug, Default)]
struct Lowering {
    text: String,
    programs: Vec<Program>,
    nodes: Vec<Node>,
    blocks: Vec<Block>,
    calls: Vec<Call>,
    operands: Vec<Operand>,
    hash: Vec<HashEntry>,
    paths: Vec<Path>,
    parts: Vec<Part>,
    /// Block parameters of the programs around, outermost first.
    scopes: Vec<Vec<String>>,
    uses_depths: bool,
}

/// What a name or call turns out to be.
enum Meaning {
    Path(PathId),
    Call(CallId),
}

/// A path, or a literal seen as one: it becomes the name it prints as.
#[derive(Debug)]
struct PathView {
    data: bool,
    depth: usize,
    parts: Vec<String>,
    original: String,
    span: std::ops::Range<usize>,
}

impl PathView {
    fn of(operand: &syntax::Operand) -> PathView {
        let name = match operand {
            syntax::Operand::Path(path) => {
                return PathView {
                    data: path.data,
                    depth: path.depth,
                    parts: path.parts.clone(),
                    original: path.original.clone(),
                    span: path.span.clone(),
                };
            }
            syntax::Operand::Literal(literal, _) => match literal {
                syntax::Literal::String(text) => text.clone(),
                syntax::Literal::Number(digits) => {
                    let mut out = String::new();
                    push_number(&mut out, Number::Float(digits.parse().unwrap_or(f64::NAN)));
                    out
                }
                syntax::Literal::Bool(flag) => flag.to_string(),
                syntax::Literal::Undefined => "undefined".to_owned(),
                syntax::Literal::Null => "null".to_owned(),
            },
            // The grammar calls nothing but names and literals.
            syntax::Operand::Subexpression(_) => String::new(),
        };
        PathView { data: false, depth: 0, parts: vec![name.clone()], original: name, span: operand.span() }
    }

    /// Written from the context on (`./x`, `this.x`); as in handlebars.js, any name that ends in `this` counts.
    fn scoped(&self) -> bool {
        self.original.starts_with('.')
            || self.original.match_indices("this").any(|(at, word)| {
                let after = self.original[at + word.len()..].bytes().next();
                !after.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            })
    }

    fn simple(&self) -> bool {
        self.parts.len() == 1 && self.depth == 0 && !self.scoped()
    }
}

impl Lowering {
    fn program(&mut self, program: &syntax::Program) -> ProgramId {
        let level = narrow(self.scopes.len());
        self.scopes.push(program.block_params.clone().unwrap_or_default());
        let nodes: Vec<Node> = program.body.iter().filter_map(|statement| self.statement(statement)).collect();
        let params = narrow(self.scopes.pop().unwrap_or_default().len());
        let nodes = append(&mut self.nodes, nodes);
        let id = ProgramId(position(self.programs.len()));
        self.programs.push(Program { nodes, level, params, chained: program.chained });
        id
    }

    fn statement(&mut self, statement: &syntax::Statement) -> Option<Node> {
        Some(match statement {
            syntax::Statement::Comment(_) => return None,
            syntax::Statement::Content(content) if content.value.is_empty() => return None,
            syntax::Statement::Content(content) => Node::Text(span(&content.value)),
            syntax::Statement::Mustache(mustache) if mustache.decorator => {
                Node::Refused(span(&mustache.invocation.span))
            }
            syntax::Statement::Mustache(mustache) => {
                let escaped = mustache.escaped;
                match self.meaning(&mustache.invocation, false) {
                    Meaning::Path(path) => Node::Value { path, escaped },
                    Meaning::Call(call) => Node::Call { call, escaped },
                }
            }
            syntax::Statement::Partial(partial) => Node::Refused(span(&partial.span)),
            syntax::Statement::Block(block) if block.kind != syntax::BlockKind::Helper => {
                Node::Refused(span(&block.invocation.span))
            }
            syntax::Statement::Block(block) => Node::Block(self.block(block)),
        })
    }

    fn block(&mut self, block: &syntax::Block) -> BlockId {
        let subject = match self.meaning(&block.invocation, false) {
            Meaning::Path(path) => Subject::Section(path),
            Meaning::Call(call) => Subject::Call(call),
        };
        let program = block.program.as_ref().map(|program| self.program(program));
        let inverse = block.inverse.as_ref().map(|program| self.program(program));
        let id = BlockId(position(self.blocks.len()));
        self.blocks.push(Block { subject, program, inverse, span: span(&block.invocation.span) });
        id
    }

    fn meaning(&mut self, invocation: &syntax::Invocation, subexpression: bool) -> Meaning {
        let path = PathView::of(&invocation.callee);
        let first = path.parts.first().map(String::as_str);
        let block_param = path.simple() && first.is_some_and(|name| self.block_param(name).is_some());
        let given = subexpression || !invocation.params.is_empty() || !invocation.hash.is_empty();
        if block_param {
            // What is given to a block parameter is not even looked at.
            return Meaning::Path(self.path(&path));
        }
        let built_in = first.and_then(helpers::built_in);
        let helper = if given {
            let registered = || path.simple().then(|| helpers::helper(&path.original)).flatten();
            Some(built_in.or_else(registered).unwrap_or_else(|| Helper::Unknown(self.path(&path))))
        } else if path.simple() {
            built_in.or_else(|| first.and_then(helpers::helper))
        } else {
            None
        };
        match helper {
            Some(helper) => Meaning::Call(self.call(helper, &path, invocation)),
            None => Meaning::Path(self.path(&path)),
        }
    }

    fn call(&mut self, helper: Helper, callee: &PathView, invocation: &syntax::Invocation) -> CallId {
        let arguments: Vec<Operand> = invocation.params.iter().map(|param| self.operand(param)).collect();
        let mut hash: Vec<HashEntry> = Vec::with_capacity(invocation.hash.len());
        for pair in &invocation.hash {
            let value = self.operand(&pair.value);
            let key = self.literal_text(&pair.key, invocation.span.clone());
            hash.push(HashEntry { key, value });
        }
        let arguments = append(&mut self.operands, arguments);
        let hash = append(&mut self.hash, hash);
        let id = CallId(position(self.calls.len()));
        self.calls.push(Call { helper, arguments, hash, name: span(&callee.span), span: span(&invocation.span) });
        id
    }

    fn operand(&mut self, operand: &syntax::Operand) -> Operand {
        match operand {
            syntax::Operand::Path(_) => Operand::Path(self.path(&PathView::of(operand))),
            syntax::Operand::Subexpression(invocation) => match self.meaning(invocation, true) {
                Meaning::Path(path) => Operand::Path(path),
                Meaning::Call(call) => Operand::Call(call),
            },
            syntax::Operand::Literal(literal, place) => match literal {
                syntax::Literal::String(text) => Operand::Text(self.literal_text(text, place.clone())),
                syntax::Literal::Number(digits) => Operand::Number(number(digits)),
                syntax::Literal::Bool(flag) => Operand::Bool(*flag),
                syntax::Literal::Undefined => Operand::Undefined,
                syntax::Literal::Null => Operand::Null,
            },
        }
    }

    fn block_param(&self, name: &str) -> Option<(u16, u16)> {
        self.scopes.iter().enumerate().rev().find_map(|(level, names)| {
            let index = names.iter().position(|known| known == name)?;
            Some((narrow(level), narrow(index)))
        })
    }

    fn path(&mut self, path: &PathView) -> PathId {
        let first = path.parts.first().map_or("", String::as_str);
        let param = if path.depth == 0 && !path.scoped() { self.block_param(first) } else { None };
        self.uses_depths |= path.depth > 0;
        let depth = narrow(path.depth);
        let (start, parts) = match param {
            Some((level, index)) => (Start::Param { level, index }, &path.parts[1..]),
            // A path without a name is the context itself, whatever may follow: as in handlebars.js.
            None if first.is_empty() => (Start::Context(depth), &[][..]),
            None if path.data => (Start::Data(depth), &path.parts[..]),
            None => (Start::Context(depth), &path.parts[..]),
        };
        let parts: Vec<Part> = parts
            .iter()
            .map(|part| Part { name: self.literal_text(part, path.span.clone()), guess: AtomicU32::new(0) })
            .collect();
        let parts = append(&mut self.parts, parts);
        let id = PathId(position(self.paths.len()));
        self.paths.push(Path { start, parts, span: span(&path.span) });
        id
    }

    /// Where `text` stands in the template near `place`, or at the end, where it is put.
    fn literal_text(&mut self, text: &str, place: std::ops::Range<usize>) -> Span {
        let start = match self.text[place.clone()].find(text) {
            Some(found) => place.start + found,
            None => {
                self.text.push_str(text);
                self.text.len() - text.len()
            }
        };
        span(&(start..start + text.len()))
    }
}

/// A number as written in a template; integers keep every digit.
fn number(digits: &str) -> Number {
    if let Ok(whole) = digits.parse::<u64>() {
        return Number::Unsigned(whole);
    }
    match digits.parse::<i64>() {
        Ok(whole) if whole != 0 => Number::Negative(whole),
        _ => Number::Float(digits.parse().unwrap_or(f64::NAN)),
    }
}

fn append<T>(all: &mut Vec<T>, more: Vec<T>) -> Run {
    let run = Run { start: position(all.len()), count: position(more.len()) };
    all.extend(more);
    run
}

fn span(range: &std::ops::Range<usize>) -> Span {
    Span { start: position(range.start), end: position(range.end) }
}

/// Templates are refused long before they reach four gigabytes.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn narrow(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}
