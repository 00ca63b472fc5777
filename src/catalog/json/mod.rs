//! JSON text with the place of everything in it, and every mistake of its syntax in one go.
//!
//! `serde_json` stays the judge of what is JSON. This reader never stops at the first mistake: it says what is
//! wrong, takes the text as its author surely meant it, and reads on. What cannot be guessed is called rough,
//! and nothing further is concluded from it.

mod containers;
mod escapes;
mod foreign_quotes;
mod numbers;
mod reader;
mod strings;
mod tree;
mod words;

pub(super) use reader::read;
pub(super) use tree::{Content, Node, escaped};

use std::ops::Range;

/// The rule of mistakes in JSON's syntax.
pub(super) const JSON_SYNTAX: &str = "json-syntax";
/// The rule of keys that an object has twice.
pub(super) const DUPLICATE_KEY: &str = "duplicate-key";

/// How deep lists and objects may nest; `serde_json` refuses the next level.
const MAX_DEPTH: usize = 127;

/// After this many mistakes a text is taken for something other than JSON.
const MAX_MISTAKES: usize = 100;

/// What a text holds.
#[derive(Debug)]
pub(super) struct Document {
    /// The whole value, as far as it could be read.
    pub(super) root: Node,
    /// What is wrong with the text, in the order of the text.
    pub(super) mistakes: Vec<Mistake>,
    /// Whether too much had to be guessed for the value to be judged.
    pub(super) rough: bool,
}

/// One mistake of syntax.
#[derive(Debug)]
pub(super) struct Mistake {
    pub(super) rule: &'static str,
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) help: String,
}
