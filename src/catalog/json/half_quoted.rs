//! Strings that lack one of their two quotes, where the rest of the line shows which.

use std::ops::Range;

use super::reader::Reader;
use super::tree::{Content, Node};

impl Reader<'_> {
    /// The key that begins here with a quote, when its closing quote is missing: `"version: "1.0.0"`.
    pub(super) fn unclosed_key(&mut self) -> Option<Node> {
        let start = self.at;
        let line = self.rest_of_line();
        let inside = line.get(1..)?;
        if let Some(close) = inside.find('"')
            && inside[close + 1..].trim_start().starts_with(':')
        {
            // It is closed; its name is just unusual.
            return None;
        }
        let name = word(inside);
        let value = inside[name.len()..].trim_start().strip_prefix(':')?.trim_start();
        let number = |first: char| first.is_ascii_digit() || first == '-';
        let begins = value.is_empty()
            || value.starts_with(['"', '{', '['])
            || value.starts_with(number)
            || ["true", "false", "null"].iter().any(|known| value.starts_with(known));
        if name.is_empty() || !begins {
            return None;
        }
        let end = start + 1 + name.len();
        let node = self.half_quoted(start..end, name, "this key has no closing quote", "add `\"` after it");
        Some(node)
    }

    /// Whether a key begins here that lacks its opening quote: `version": "1.0.0"`.
    pub(super) fn is_unopened_key(&self) -> bool {
        let line = self.rest_of_line();
        let name = word(line);
        let after = line[name.len()..].strip_prefix('"');
        !name.is_empty() && after.is_some_and(|after| after.trim_start().starts_with(':'))
    }

    /// That key.
    pub(super) fn unopened_key(&mut self) -> Node {
        let start = self.at;
        let name = word(self.rest_of_line());
        let end = start + name.len() + 1;
        self.half_quoted(start..end, name, "this key has no opening quote", "add `\"` before it")
    }

    fn half_quoted(&mut self, span: Range<usize>, name: &str, message: &str, help: &str) -> Node {
        self.mistake(span.clone(), message, help);
        if !self.stopped {
            self.take(span.len());
        }
        Node { span, content: Content::String(name.to_owned()), broken: false }
    }

    /// Where the string from `start` should have ended, when the quote that the reader stands at opens the next
    /// key: `"Content-Type, "value": …`.
    pub(super) fn ended_before_comma(&self, start: usize) -> Option<usize> {
        let inside = &self.text[start + 1..self.at];
        let text = inside.trim_end().strip_suffix(',')?;
        let next = word(&self.rest_of_line()[1..]);
        let after = self.rest_of_line()[1 + next.len()..].strip_prefix('"')?;
        let is_key = !next.is_empty() && after.trim_start().starts_with(':');
        (is_key && !inside.contains('\n')).then(|| start + 1 + text.trim_end().len())
    }
}

/// The name that a text begins with.
fn word(text: &str) -> &str {
    let end = text.find(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '$' | '-' | '.' | '@')));
    &text[..end.unwrap_or(text.len())]
}
