//! Strings that lack one of their two quotes, where the rest of the line shows which.

use std::ops::Range;

use super::reader::Reader;
use super::tree::{Content, Node};

impl<'t> Reader<'t> {
    /// The key that begins here with a quote, when its closing quote is missing: `"version: "1.0.0"`.
    pub(super) fn unclosed_key(&mut self) -> Option<Node> {
        let start = self.at;
        let name = self.unclosed_key_name()?;
        let end = start + 1 + name.len();
        Some(self.half_quoted(start..end, name, "this key has no closing quote", "add `\"` after it"))
    }

    /// The name of that key.
    pub(super) fn unclosed_key_name(&self) -> Option<&'t str> {
        let (line, whole) = self.next_in_line();
        let inside = line.get(1..)?;
        match closing_quote(inside) {
            // It is closed; its name is just unusual.
            Some(close) if self.is_before_colon(close) => return None,
            None if !whole => return None,
            _ => {}
        }
        let name = word(inside);
        let value = inside[name.len()..].trim_start().strip_prefix(':')?.trim_start();
        let number = |first: char| first.is_ascii_digit() || first == '-';
        let begins = value.is_empty()
            || value.starts_with(['"', '{', '['])
            || value.starts_with(number)
            || ["true", "false", "null"].iter().any(|known| value.starts_with(known));
        (!name.is_empty() && begins).then_some(name)
    }

    /// Whether a key begins here that lacks its opening quote: `version": "1.0.0"`.
    pub(super) fn is_unopened_key(&self) -> bool {
        let (line, _) = self.next_in_line();
        let name = word(line);
        let after = line[name.len()..].strip_prefix('"');
        !name.is_empty() && after.is_some_and(|after| after.trim_start().starts_with(':'))
    }

    /// That key.
    pub(super) fn unopened_key(&mut self) -> Node {
        let start = self.at;
        let name = word(self.next_in_line().0);
        let end = start + name.len() + 1;
        self.half_quoted(start..end, name, "this key has no opening quote", "add `\"` before it")
    }

    /// Whether the string that begins here is followed by a colon.
    pub(super) fn string_is_key(&self) -> bool {
        self.string_end().is_some_and(|close| self.is_before_colon(close))
    }

    /// Whether the string that begins here is surely no key. One that is too long to see its end may be a key.
    pub(super) fn string_is_no_key(&self) -> bool {
        self.string_end().is_some_and(|close| !self.is_before_colon(close)) && self.unclosed_key_name().is_none()
    }

    /// The closing quote of the string that begins here, counted from behind the opening one.
    fn string_end(&self) -> Option<usize> {
        closing_quote(&self.next_in_line().0[1..])
    }

    /// Whether a colon follows that closing quote. It may stand in a line further down.
    fn is_before_colon(&self, close: usize) -> bool {
        self.text[self.at + 1 + close + 1..].trim_start().starts_with(':')
    }

    /// The rest of the line as far as keys are long, and whether that is all of it. A manifest may be one long line,
    /// so nobody looks to its end for every key.
    fn next_in_line(&self) -> (&'t str, bool) {
        let rest = &self.text[self.at..];
        let mut end = rest.len().min(LONGEST_LOOK);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        match rest[..end].find(['\n', '\r']) {
            Some(line_end) => (&rest[..line_end], true),
            None => (&rest[..end], end == rest.len()),
        }
    }

    fn half_quoted(&mut self, span: Range<usize>, name: &str, message: &str, help: &str) -> Node {
        self.take(span.len());
        self.mistake(span.clone(), message, help);
        Node { span, content: Content::String(name.to_owned()), broken: false }
    }

    /// Where the string from `start` should have ended, when the quote that the reader stands at opens the next
    /// key: `"Content-Type, "value": …`.
    pub(super) fn ended_before_comma(&self, start: usize) -> Option<usize> {
        let inside = &self.text[start + 1..self.at];
        let text = inside.trim_end().strip_suffix(',')?;
        let (line, _) = self.next_in_line();
        let next = word(&line[1..]);
        let after = line[1 + next.len()..].strip_prefix('"')?;
        let is_key = !next.is_empty() && after.trim_start().starts_with(':');
        (is_key && !inside.contains('\n')).then(|| start + 1 + text.trim_end().len())
    }
}

/// How far a key and its colon are looked for.
const LONGEST_LOOK: usize = 256;

/// The first quote that no backslash precedes.
pub(super) fn closing_quote(text: &str) -> Option<usize> {
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'"' => return Some(at),
            _ => {}
        }
    }
    None
}

/// The name that a text begins with.
fn word(text: &str) -> &str {
    let end = text.find(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '$' | '-' | '.' | '@')));
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::super::reader::read;

    #[test]
    fn a_colon_in_the_next_line_belongs_to_its_key() {
        let document = read("{\"version: \"\n: 1,\n\"b\"\n: 2}");
        assert!(document.mistakes.is_empty());
    }
}
