//! Template text to a syntax tree, exactly as handlebars.js 4.7 reads it.
//!
//! The lexer tries its rules in the same order, the parser knows the same grammar, and white space is
//! taken away by the same rules. What a tree *does* is not this room's business.

mod habits;
mod lexer;
mod mistake;
mod parser;
mod tree;
mod whitespace;

pub use mistake::SyntaxError;
pub(super) use tree::{Block, BlockKind, Invocation, Literal, Operand, Program, Statement};

/// How deep blocks and subexpressions may nest.
pub(super) const MAX_NESTING: usize = 64;

/// How many `{{else if}}` links may lie on one way through the template.
pub(super) const MAX_CHAIN: usize = 128;

/// Reads a template: lexer, parser, white space.
///
/// # Errors
/// The first mistake.
pub(super) fn read(source: &str) -> Result<Program, SyntaxError> {
    let mut program = parser::parse(source)?;
    whitespace::control(source, &mut program);
    Ok(program)
}

/// What `\s` matches in a JavaScript regular expression.
pub(super) fn is_space(character: char) -> bool {
    matches!(
        character,
        '\t'..='\r' | ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}'
            | '\u{205f}' | '\u{3000}' | '\u{feff}'
    )
}
