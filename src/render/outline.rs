//! A template's shape for those who judge it: what it prints, asks and calls, each with its place.
//!
//! An outline is read anew from the text, so that a compiled template carries only what rendering needs.

use std::ops::Range;

use super::syntax::{self, BlockKind, Invocation, Literal, Statement, SyntaxError};

/// What a template is made of, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text that is printed as it stands, before white space is taken away.
    Text(Range<usize>),
    /// `{{x}}`, `{{{x}}}`, `{{helper x}}`.
    Value(Call),
    /// `{{#x}}…{{else}}…{{/x}}`.
    Block(Block),
}

/// A block with its two sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What opens it.
    pub call: Call,
    /// Names between the bars of `as |item index|`.
    pub names: Vec<String>,
    /// What stands before `{{else}}`.
    pub body: Vec<Part>,
    /// What stands after it.
    pub inverse: Vec<Part>,
}

/// A name with what is given to it. Without arguments it may be a helper or a plain value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What is called or printed.
    pub callee: Operand,
    /// What is given to it.
    pub arguments: Vec<Operand>,
    /// What is given to it by name: `includeZero=true`.
    pub named: Vec<(String, Operand)>,
    /// Bytes of the whole tag or subexpression.
    pub span: Range<usize>,
}

/// Something that has a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// A name.
    Path(Path),
    /// A text, number or word, as it prints.
    Literal(String, Range<usize>),
    /// `(helper x)`.
    Call(Box<Call>),
}

/// A name to look up: `../project.key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Whether it begins with `@`.
    pub data: bool,
    /// How many `..` it begins with.
    pub depth: usize,
    /// Its names, without `..`, `.` and `this`.
    pub names: Vec<String>,
    /// As it was written, without brackets.
    pub text: String,
    /// Bytes of the template.
    pub span: Range<usize>,
}

impl Call {
    /// The plain name in front, which may be a helper's: not `this.x`, `a.b` or `@x`.
    pub fn name(&self) -> Option<&str> {
        match &self.callee {
            Operand::Path(path) => path.simple(),
            _ => None,
        }
    }
}

impl Path {
    /// The one name it consists of, if it is that plain.
    pub fn simple(&self) -> Option<&str> {
        match self.names.as_slice() {
            [name] if !self.data && self.depth == 0 && *name == self.text => Some(name),
            _ => None,
        }
    }
}

/// Reads a template's shape.
///
/// # Errors
/// The first mistake of syntax, with its place.
pub fn read(source: &str) -> Result<Vec<Part>, SyntaxError> {
    Ok(parts(&syntax::read(source)?))
}

fn parts(program: &syntax::Program) -> Vec<Part> {
    program.body.iter().filter_map(part).collect()
}

fn part(statement: &Statement) -> Option<Part> {
    match statement {
        Statement::Content(content) => Some(Part::Text(content.original.clone())),
        Statement::Mustache(mustache) if !mustache.decorator => Some(Part::Value(call(&mustache.invocation))),
        Statement::Block(block) if block.kind == BlockKind::Helper => {
            let side = |program: &Option<syntax::Program>| program.as_ref().map(parts).unwrap_or_default();
            let names =
                block.program.as_ref().or(block.inverse.as_ref()).and_then(|program| program.block_params.clone());
            Some(Part::Block(Block {
                call: call(&block.invocation),
                names: names.unwrap_or_default(),
                body: side(&block.program),
                inverse: side(&block.inverse),
            }))
        }
        // Comments print nothing; partials and decorators are refused when rendered.
        _ => None,
    }
}

fn call(invocation: &Invocation) -> Call {
    Call {
        callee: operand(&invocation.callee),
        arguments: invocation.params.iter().map(operand).collect(),
        named: invocation.hash.iter().map(|pair| (pair.key.clone(), operand(&pair.value))).collect(),
        span: invocation.span.clone(),
    }
}

fn operand(operand: &syntax::Operand) -> Operand {
    match operand {
        syntax::Operand::Path(path) => Operand::Path(Path {
            data: path.data,
            depth: path.depth,
            names: path.parts.clone(),
            text: path.original.clone(),
            span: path.span.clone(),
        }),
        syntax::Operand::Subexpression(invocation) => Operand::Call(Box::new(call(invocation))),
        syntax::Operand::Literal(literal, span) => {
            let text = match literal {
                Literal::String(text) | Literal::Number(text) => text.clone(),
                Literal::Bool(flag) => flag.to_string(),
                Literal::Undefined => "undefined".to_owned(),
                Literal::Null => "null".to_owned(),
            };
            Operand::Literal(text, span.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Operand, Part, read};

    #[test]
    fn an_outline_names_every_part_with_its_place() {
        let source = "a {{x.y}}{{#each tags as |tag at|}}{{{tag}}}{{else}}none{{/each}}{{! no }}";
        let parts = read(source).expect("it compiles");
        let [Part::Text(text), Part::Value(value), Part::Block(block)] = parts.as_slice() else {
            panic!("three parts: {parts:?}")
        };
        assert_eq!(&source[text.clone()], "a ");
        assert_eq!(&source[value.span.clone()], "{{x.y}}");
        assert_eq!(value.name(), None);
        assert_eq!(block.call.name(), Some("each"));
        assert_eq!(block.names, ["tag", "at"]);
        assert!(matches!(&block.call.arguments[..], [Operand::Path(path)] if &source[path.span.clone()] == "tags"));
        assert!(matches!(&block.body[..], [Part::Value(call)] if call.name() == Some("tag")));
        assert_eq!(block.inverse.len(), 1);
    }
}
